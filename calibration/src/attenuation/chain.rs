//! The chain on the chip: circuits, switches, synapses.

use crate::base_state::{write_madc, write_neuron_biases};
use crate::error::{CalibrationError, Result};
use crate::link::Link;
use crate::program::{RowView, write, write_cell, write_row};
use crate::quick::Targets;
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};
use bss2_host::registers::spl1::CrossbarNode;
use serde::{Deserialize, Serialize};

/// Codes of a cell.
const CODES: u16 = 1023;
/// Columns of a quadrant, which a chain does not leave.
const QUADRANT: usize = 128;
/// Synapse drivers of a hemisphere, and so the most inputs.
const DRIVERS: u8 = 128;

/// Time for membranes to come to rest after they have been joined; recordings begin a millisecond later still.
const JOINING: SimTime = SimTime::from_us(500);
/// Mean rise of a membrane in CADC codes for a weight of 1 and a spike each microsecond, see [`Targets::strength`].
const STRENGTH: f64 = 6.0;

/// The largest code of an inter-compartment conductance, see [`Conductances::between`].
pub const fn largest_conductance() -> u16 {
    3 * CODES - 1
}

/// A chain of compartments and how it is stimulated. Default: the task of the genetic algorithm (calibration 16.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The body of the first compartment; the others follow to the right in the same row.
    pub first: Neuron,
    /// How many compartments, two circuits each.
    pub compartments: usize,
    /// External neurons that spike together into a compartment, each with a synapse of its own.
    pub inputs: u8,
    /// Weight of these synapses.
    pub weight: u8,
    /// Time from one volley to the next.
    pub interval: SimTime,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            first: Neuron::new(bss2_base::Hemisphere::Top, 0),
            compartments: 5,
            inputs: 5,
            weight: 63,
            interval: SimTime::from_us(200),
        }
    }
}

/// The parameters of the task: codes, which every chip makes something else of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conductances {
    /// `i_bias_leak` of each body, 0..=1022; the leak is divided by 8.
    pub leak: Vec<u16>,
    /// Conductance from each compartment to the next, 0..=3068: below 1023 `i_bias_nmda` divided by 4, then as it is, from 2046 on times
    /// 4 (calibration 16.5).
    pub between: Vec<u16>,
}

impl Conductances {
    /// The same everywhere.
    pub fn uniform(compartments: usize, leak: u16, between: u16) -> Self {
        Self { leak: vec![leak; compartments], between: vec![between; compartments.saturating_sub(1)] }
    }

    /// Of real numbers, rounded: two of them are leak and conductance everywhere, otherwise the leak of each compartment comes first, then
    /// each conductance.
    ///
    /// # Errors
    /// [`CalibrationError::Lengths`] if there are neither two nor one for each. Values out of range are refused by [`Chain::apply`].
    pub fn of_parameters(parameters: &[f64], compartments: usize) -> Result<Self> {
        let code = |value: &f64| value.round().clamp(0.0, f64::from(u16::MAX)) as u16;
        match parameters {
            [leak, between] => Ok(Self::uniform(compartments, code(leak), code(between))),
            each if each.len() + 1 == 2 * compartments => {
                let (leak, between) = each.split_at(compartments);
                Ok(Self {
                    leak: leak.iter().map(code).collect(),
                    between: between.iter().map(code).collect(),
                })
            }
            other => Err(CalibrationError::Lengths {
                what: "conductances",
                given: other.len(),
                expected: (2 * compartments).saturating_sub(1),
            }),
        }
    }
}

impl Chain {
    /// The circuit that carries capacitor, leak, input and readout of each compartment.
    pub fn bodies(&self) -> Vec<Neuron> {
        (0..self.compartments).map(|compartment| self.circuit(2 * compartment)).collect()
    }

    /// The circuit beside each body, with the conductance to the next compartment.
    pub fn helpers(&self) -> Vec<Neuron> {
        (0..self.compartments).map(|compartment| self.circuit(2 * compartment + 1)).collect()
    }

    /// What the bodies are to be calibrated to: the usual resting potential, no input offset, and half of the nominal strength. With the
    /// nominal one, leaks and conductances that are divided would let a volley leave the range of the converter, and that in which conductances
    /// are linear.
    pub fn targets(&self) -> Targets {
        Targets { strength: Some(STRENGTH), ..Targets::spiking(self.bodies()) }
    }

    fn circuit(&self, number: usize) -> Neuron {
        Neuron::new(self.first.hemisphere(), self.first.column().wrapping_add(number as u8))
    }

    /// Labels of a volley into a compartment. Driver `d` listens to bus `d mod 4` and row select `d div 4` (event-routing 7.1); the synapses
    /// of a compartment listen to its number and one.
    pub(super) fn labels(&self, compartment: usize) -> impl Iterator<Item = u16> {
        let synapse = compartment as u16 + 1;
        (0..u16::from(self.inputs)).map(move |driver| ((driver % 4) << 14) | ((driver / 4) << 6) | synapse)
    }

    fn check(&self) -> Result<()> {
        let room = (QUADRANT - usize::from(self.first.column()) % QUADRANT) / 2;
        // Six bits of label, of which 0 means nobody.
        let most = room.min(63);
        within("compartments of a chain", self.compartments as f64, 2.0, most as f64)?;
        within("inputs of a compartment", self.inputs.into(), 1.0, DRIVERS.into())?;
        within("weight of an input", self.weight.into(), 0.0, 63.0)?;
        let shortest = super::LEAD + super::LEAD;
        within("interval of volleys in us", self.interval.as_us_f64(), shortest.as_us_f64(), 1e6)
    }

    /// Everything that does not depend on the conductances: biases of the readout, drivers, synapses. Other synapses and drivers of the
    /// hemisphere are switched off. Potentials, offsets, strengths and time constants of the inputs stay what a calibration has made of them.
    ///
    /// # Errors
    /// [`CalibrationError::Target`] if there is no such chain, and as [`Link::run`].
    pub fn configure(&self, link: &mut Link<'_>) -> Result<()> {
        self.check()?;
        link.configure(|program| {
            write_madc(program);
            write_neuron_biases(program);
            self.write_inputs(program);
        })
    }

    fn write_inputs(&self, program: &mut ProgramBuilder) {
        let hemisphere = self.first.hemisphere();
        let padi = CommonPADIBusConfig {
            enable_spl1_0: true,
            enable_spl1_1: true,
            enable_spl1_2: true,
            enable_spl1_3: true,
            ..CommonPADIBusConfig::default()
        };
        write(program, hemisphere as u32, &padi);
        // What comes in on link n goes to bus n of this hemisphere and nowhere else (event-routing 7.1): left alone, the crossbar hands it to
        // every bus, and a label would reach up to four drivers.
        for link in 0..4 {
            for output in 0..9 {
                let own = output == link + 4 * hemisphere as u32;
                let node = CrossbarNode { target: u16::from(!own), ..CrossbarNode::default() };
                write(program, 24 + 9 * link + output, &node);
            }
        }
        for driver in 0..u32::from(DRIVERS) {
            let used = driver < u32::from(self.inputs);
            let config = SynapseDriverConfig {
                en_receiver: used,
                en_exc_bottom: used,
                ..SynapseDriverConfig::default()
            };
            write(program, u32::from(DRIVERS) * hemisphere as u32 + driver, &config);
        }
        let bodies = self.bodies();
        let compartment = |column| bodies.iter().position(|body| body.column() == column);
        for driver in 0..self.inputs {
            // The lower row of the driver.
            let row = 2 * driver;
            let weight = |column| if compartment(column).is_some() { self.weight } else { 0 };
            let label = |column| compartment(column).map_or(0, |number| number as u8 + 1);
            write_row(program, hemisphere, row, RowView::Weights, weight);
            write_row(program, hemisphere, row, RowView::Labels, label);
        }
    }

    /// Gives the circuits these conductances, waits until they have settled, and joins them. While cells settle, circuits are by themselves:
    /// a chain would be driven by whatever its leaks pass through, and a lone circuit is easier for whoever simulates the chip.
    ///
    /// # Errors
    /// [`CalibrationError::Target`] and [`CalibrationError::Lengths`] if a code is out of range or missing, and as [`Link::run`].
    pub fn apply(&self, link: &mut Link<'_>, conductances: &Conductances) -> Result<()> {
        self.check()?;
        lengths("leak conductances", conductances.leak.len(), self.compartments)?;
        lengths("conductances between compartments", conductances.between.len(), self.compartments - 1)?;
        for &code in &conductances.leak {
            within("leak conductance", code.into(), 0.0, f64::from(CODES - 1))?;
        }
        for &code in &conductances.between {
            within("conductance between compartments", code.into(), 0.0, largest_conductance().into())?;
        }
        link.configure(|program| {
            for (number, (body, helper)) in self.bodies().into_iter().zip(self.helpers()).enumerate() {
                write(program, coordinates::neuron_config(body), &apart(self.body(number)));
                write_cell(program, body, Cell::IBiasLeak, conductances.leak[number]);
                let between = conductances.between.get(number).copied();
                write(program, coordinates::neuron_config(helper), &apart(self.helper(between)));
                write_cell(program, helper, Cell::IBiasLeak, 0);
                write_cell(program, helper, Cell::IBiasNmda, between.unwrap_or(0) % CODES);
            }
        })?;
        link.run(|program| {
            for (number, (body, helper)) in self.bodies().into_iter().zip(self.helpers()).enumerate() {
                write(program, coordinates::neuron_config(body), &self.body(number));
                let between = conductances.between.get(number).copied();
                write(program, coordinates::neuron_config(helper), &self.helper(between));
            }
            program.barrier_omnibus().wait(JOINING);
        })?;
        Ok(())
    }

    fn body(&self, number: usize) -> NeuronConfig {
        NeuronConfig {
            mem_cap_size: 63,
            en_leak_div: true,
            en_synin_exc: true,
            en_readout_amp: true,
            connect_membrane_right: true,
            connect_soma: number > 0,
            ..NeuronConfig::default()
        }
    }

    fn helper(&self, between: Option<u16>) -> NeuronConfig {
        let range = between.map(|code| code / CODES);
        NeuronConfig {
            mem_cap_size: 0,
            en_leak_div: true,
            en_comp_cond: between.is_some(),
            en_comp_cond_div: range == Some(0),
            en_comp_cond_mul: range == Some(2),
            connect_somata: between.is_some(),
            ..NeuronConfig::default()
        }
    }
}

/// The same circuit without connections to others.
fn apart(config: NeuronConfig) -> NeuronConfig {
    NeuronConfig {
        connect_membrane_right: false,
        connect_soma: false,
        connect_somata: false,
        en_comp_cond: false,
        ..config
    }
}

fn within(parameter: &'static str, value: f64, lower: f64, upper: f64) -> Result<()> {
    if (lower..=upper).contains(&value) {
        Ok(())
    } else {
        Err(CalibrationError::Target { parameter, value, lower, upper })
    }
}

fn lengths(what: &'static str, given: usize, expected: usize) -> Result<()> {
    if given == expected { Ok(()) } else { Err(CalibrationError::Lengths { what, given, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined_by_one_conductance() {
        let chain = Chain { compartments: 3, ..Chain::default() };
        let bodies = [0, 1, 2].map(|number| chain.body(number));
        assert_eq!(bodies.each_ref().map(|body| body.connect_soma), [false, true, true]);
        let ends = [chain.helper(Some(0)), chain.helper(None)];
        assert_eq!(ends.each_ref().map(|helper| helper.en_comp_cond), [true, false]);
        assert_eq!(ends.each_ref().map(|helper| helper.connect_somata), [true, false]);
        let columns: Vec<u8> = chain.bodies().iter().chain(&chain.helpers()).map(|n| n.column()).collect();
        assert_eq!(columns, [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn a_conductance_goes_through_three_ranges() {
        let chain = Chain::default();
        let range = |code| {
            let helper = chain.helper(Some(code));
            (helper.en_comp_cond_div, helper.en_comp_cond_mul, code % CODES)
        };
        assert_eq!(range(1022), (true, false, 1022));
        assert_eq!(range(1023), (false, false, 0));
        assert_eq!(range(2045), (false, false, 1022));
        assert_eq!(range(2046), (false, true, 0));
        assert_eq!(range(largest_conductance()), (false, true, 1022));
    }

    #[test]
    fn parameters_are_global_or_one_for_each() {
        let global = Conductances::of_parameters(&[510.6, 20.0], 3).unwrap();
        assert_eq!(global, Conductances::uniform(3, 511, 20));
        let each = Conductances::of_parameters(&[1.0, 2.0, 3.0, 4.0, 5.0], 3).unwrap();
        assert_eq!((each.leak, each.between), (vec![1, 2, 3], vec![4, 5]));
        assert!(Conductances::of_parameters(&[1.0; 4], 3).is_err());
    }

    #[test]
    fn a_chain_has_to_fit_into_a_quadrant() {
        let chain = Chain { first: Neuron::new(bss2_base::Hemisphere::Top, 120), ..Chain::default() };
        assert!(chain.check().is_err());
        assert!(Chain { compartments: 4, ..chain }.check().is_ok());
        assert!(Chain { compartments: 1, ..Chain::default() }.check().is_err());
        assert!(Chain { weight: 64, ..Chain::default() }.check().is_err());
        assert!(Chain { interval: SimTime::from_us(50), ..Chain::default() }.check().is_err());
    }

    #[test]
    fn every_input_has_a_driver_of_its_own() {
        let labels: Vec<u16> = Chain { inputs: 6, ..Chain::default() }.labels(2).collect();
        assert_eq!(labels, [3, 1 << 14 | 3, 2 << 14 | 3, 3 << 14 | 3, 1 << 6 | 3, 1 << 14 | 1 << 6 | 3]);
    }
}
