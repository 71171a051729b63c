//! Analog multiplication of vectors and matrices (calibration 5.2, 5.3, 4.3.15).
//!
//! [`Hagen`] calibrates integration on the membranes: drivers first, through the synaptic lines, then neurons whose membranes
//! keep what synapses give them. [`OnLines`] calibrates integration on the synaptic lines, which needs no neurons.
//! Both are plans of stages, to be run in order on one session.

mod baseline;
mod lines;

use crate::algorithms::Search;
use crate::base_state;
use crate::cadc::{self, CadcOptions, CadcTarget};
use crate::driver::{self, HagenDriverOptions, HagenDrivers};
use crate::error::{CalibrationError, Result};
use crate::neuron::Polarity;
use crate::neuron::dac_bias::SynapseDacBias;
use crate::neuron::membrane::MembraneCadc;
use crate::neuron::potential::{LeakPotential, ResetPotential};
use crate::neuron::reference::SynapticReference;
use crate::neuron::strength::SynapticStrength;
use crate::neuron::synaptic::SynapticTimeConstant;
use crate::primitives::cadc::Repeated;
use crate::program::{SETTLING, write_shared_cell};
use crate::result::{InstanceKind, Record};
use crate::routine::{Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared};
use serde::{Deserialize, Serialize};

pub use baseline::{Baseline, calibrate_baseline};
pub use lines::OnLines;

/// Bias of the synapse DAC while drivers are calibrated, and for integration on lines (calibration 6).
const LINES_DAC_BIAS: u16 = 800;

/// What is wanted of integrating neurons (calibration 6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HagenTarget {
    /// Range of the column ADC.
    pub cadc: CadcTarget,
    /// Resting potential, codes.
    pub leak: f64,
    /// Membrane time constant, microseconds; the same for all.
    pub tau_mem: f64,
    /// Synaptic time constants, excitatory and inhibitory, microseconds; 0 leaves an input as fast as it can be.
    pub tau_syn: [f64; 2],
    /// Bias of the inputs' strength whose median effect is the target of both.
    pub i_synin_gm: i32,
    /// Bias of the synapse DAC.
    pub synapse_dac_bias: u16,
    /// Membrane capacitor.
    pub membrane_capacitance: u8,
}

impl Default for HagenTarget {
    fn default() -> Self {
        Self {
            cadc: CadcTarget::default(),
            leak: 120.0,
            tau_mem: 60.0,
            tau_syn: [0.32; 2],
            i_synin_gm: 450,
            synapse_dac_bias: 1022,
            membrane_capacitance: 63,
        }
    }
}

impl HagenTarget {
    fn check(&self) -> Result<()> {
        let within = |parameter, value: f64, lower: f64, upper: f64| {
            if value >= lower && value <= upper {
                Ok(())
            } else {
                Err(CalibrationError::Target { parameter, value, lower, upper })
            }
        };
        within("leak", self.leak, 0.0, 255.0)?;
        within("tau_mem", self.tau_mem, 0.1, 2000.0)?;
        for tau in self.tau_syn.into_iter().filter(|tau| *tau != 0.0) {
            within("tau_syn", tau, 0.1, 100.0)?;
        }
        within("i_synin_gm", f64::from(self.i_synin_gm), 1.0, 1022.0)?;
        within("synapse_dac_bias", f64::from(self.synapse_dac_bias), 30.0, 1022.0)?;
        within("membrane_capacitance", f64::from(self.membrane_capacitance), 0.0, 63.0)
    }

    /// What lies outside of what is known to be feasible (calibration 6).
    fn warnings(&self) -> Vec<String> {
        let outside = |name: &str, value: f64, lower: f64, upper: f64| {
            (value < lower || value > upper)
                .then(|| format!("{name} of {value} is outside of {lower} to {upper}"))
        };
        [
            outside("leak", self.leak, 100.0, 140.0),
            outside("tau_mem", self.tau_mem, 20.0, 100.0),
            outside("tau_syn", self.tau_syn[0], 0.3, 20.0),
            outside("tau_syn", self.tau_syn[1], 0.3, 20.0),
            outside("i_synin_gm", f64::from(self.i_synin_gm), 30.0, 600.0),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// How it is calibrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HagenOptions {
    /// Of the column ADC.
    pub cadc: CadcOptions,
    /// Of the drivers.
    pub drivers: HagenDriverOptions,
    /// A synaptic input at the end of its range counts as good if it misses its target by no more than this part of it. The
    /// official criterion is 0: what is at the end has failed. At the default target that is a third and more of all inputs of
    /// a chip with the specified spread (analog-core 3.6, 8.2: 0.29 us at the largest bias, spread by 26 %), while the
    /// membranes integrate just as well with them; see [`CalibrationResult::usable`](crate::result::CalibrationResult::usable)
    /// to choose what counts.
    pub tau_syn_tolerance: f64,
    /// Whether the leak is off in the end, so that membranes keep what they have (calibration 5.2: on).
    pub neuron_disable_leakage: bool,
    /// Whether the offsets of the ADC's channels are turned until all neurons read 128 after a reset. It costs the ADC its
    /// common scale (calibration 4.3.15: off).
    pub baseline: bool,
}

impl Default for HagenOptions {
    fn default() -> Self {
        Self {
            cadc: CadcOptions::default(),
            drivers: HagenDriverOptions::default(),
            tau_syn_tolerance: 0.0,
            neuron_disable_leakage: true,
            baseline: false,
        }
    }
}

/// The parts, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HagenStage {
    /// Column ADC in the range of the lines, equal synapses, drivers.
    Drivers,
    /// Column ADC in the user's range.
    ColumnAdc,
    /// Synaptic time constants and bias of the synapse DAC.
    Inputs,
    /// Leak potential and membrane time constant.
    Membrane,
    /// Strengths of the inputs.
    Strengths,
    /// References of the inputs, leak and reset potential.
    Potentials,
    /// Leak off, drivers again, baseline.
    Finish,
}

impl HagenStage {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::Drivers,
        Self::ColumnAdc,
        Self::Inputs,
        Self::Membrane,
        Self::Strengths,
        Self::Potentials,
        Self::Finish,
    ];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drivers => "synapse drivers",
            Self::ColumnAdc => "column ADC",
            Self::Inputs => "synaptic inputs",
            Self::Membrane => "membranes",
            Self::Strengths => "synaptic strengths",
            Self::Potentials => "references and potentials",
            Self::Finish => "leak off, drivers again",
        }
    }
}

/// A calibration under way. With the state of the chip, all that is needed to go on after a break.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hagen {
    target: HagenTarget,
    options: HagenOptions,
    reference: Option<cadc::Reference>,
    ramp: Vec<i32>,
    dac_offset: Vec<i32>,
    rest: Vec<f64>,
}

impl Hagen {
    /// A calibration that has not begun.
    pub fn new(target: HagenTarget, options: HagenOptions) -> Self {
        Self { target, options, reference: None, ramp: Vec::new(), dac_offset: Vec::new(), rest: Vec::new() }
    }

    /// The parts of this calibration.
    pub fn stages(&self) -> Vec<HagenStage> {
        HagenStage::ALL.to_vec()
    }

    /// Runs all parts.
    ///
    /// # Errors
    /// What the routines fail with.
    pub fn run_all(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for stage in self.stages() {
            records.extend(self.run(session, stage)?);
        }
        Ok(records)
    }

    /// Runs one part on a chip on which the earlier ones were run.
    ///
    /// # Errors
    /// What the routines fail with.
    pub fn run(&mut self, session: &mut Session<'_>, stage: HagenStage) -> Result<Vec<Record>> {
        match stage {
            HagenStage::Drivers => {
                self.target.check()?;
                for warning in self.target.warnings() {
                    session.note(&warning);
                }
                let (drivers, reference, mut records) = on_lines(session, &self.options)?;
                self.reference = Some(reference);
                (self.ramp, self.dac_offset) = (drivers.ramp, drivers.dac_offset);
                records.extend(drivers.records);
                Ok(records)
            }
            HagenStage::ColumnAdc => {
                let target = &self.target.cadc;
                let calibrated =
                    cadc::calibrate(session, target, &self.options.cadc, self.reference.as_ref())?;
                Ok(calibrated.records)
            }
            HagenStage::Inputs => self.inputs(session),
            HagenStage::Membrane => self.membrane(session),
            HagenStage::Strengths => self.strengths(session),
            HagenStage::Potentials => self.potentials(session),
            HagenStage::Finish => self.finish(session),
        }
    }

    fn inputs(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        base_state::integration(session)?;
        let capacitance = self.target.membrane_capacitance;
        let dac_bias = self.target.synapse_dac_bias;
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            (config.en_synin_exc, config.en_synin_inh) = (false, false);
            (config.en_synin_exc_small_cap, config.en_synin_inh_small_cap) = (true, true);
            config.mem_cap_size = capacitance;
        });
        write_shared_cell(&mut program, Shared::SynIBiasDac, dac_bias);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let bias = session.calibrate(&mut SynapseDacBias::default(), &Search::Binary, None)?;
        let mut records = vec![Record::of_all(InstanceKind::Quadrant, bias)];
        for polarity in Polarity::ALL {
            let tau = self.target.tau_syn[polarity.index()];
            if tau > 0.0 {
                let mut record = neurons(session, &mut SynapticTimeConstant::new(polarity), Some(&[tau]))?;
                let outcome = &mut record.outcome;
                for (success, residual) in outcome.success.iter_mut().zip(&outcome.residuals) {
                    *success |= residual.abs() <= self.options.tau_syn_tolerance * tau;
                }
                records.push(record);
            }
        }
        Ok(records)
    }

    fn membrane(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        neurons(session, &mut LeakPotential::default(), Some(&[self.target.leak]))?;
        let mut membrane = MembraneCadc::default();
        membrane.leak = Some(self.target.leak);
        let tau = neurons(session, &mut membrane, Some(&[self.target.tau_mem]))?;
        neurons(session, &mut LeakPotential::default(), Some(&[self.target.leak]))?;
        let reads = Repeated { reads: 16, after_reset: None, wait: SimTime::from_us(100) };
        self.rest = crate::primitives::cadc::mean(session, reads)?;
        Ok(vec![tau])
    }

    fn strengths(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let mut excitatory = SynapticStrength::hagen(Polarity::Excitatory, self.target.i_synin_gm);
        excitatory.rest.clone_from(&self.rest);
        let first = neurons(session, &mut excitatory, None)?;
        let mut inhibitory = SynapticStrength::hagen(Polarity::Inhibitory, self.target.i_synin_gm);
        inhibitory.rest.clone_from(&self.rest);
        inhibitory.events = excitatory.events;
        let target = first.outcome.targets.clone();
        let second = neurons(session, &mut inhibitory, Some(&target))?;
        Ok(vec![first, second])
    }

    fn potentials(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            (config.en_synin_exc, config.en_synin_inh) = (false, false);
        });
        session.link.run_program(&program.finish()?)?;
        let mut records = Vec::new();
        for polarity in [Polarity::Inhibitory, Polarity::Excitatory] {
            records.push(neurons(session, &mut SynapticReference::new(polarity), Some(&self.rest))?);
        }
        records.push(neurons(session, &mut LeakPotential::default(), Some(&[self.target.leak]))?);
        records.push(neurons(session, &mut ResetPotential::default(), None)?);
        Ok(records)
    }

    fn finish(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let mut program = ProgramBuilder::new();
        if self.options.neuron_disable_leakage {
            session.write_cells_noisy(&mut program, Cell::IBiasLeak, 0);
        }
        driver::write_hagen(session, &mut program, &self.ramp, &self.dac_offset);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        if self.options.baseline { Ok(vec![calibrate_baseline(session)?]) } else { Ok(Vec::new()) }
    }
}

/// Column ADC, synapses and drivers for the lines: the first part of both plans.
fn on_lines(
    session: &mut Session<'_>,
    options: &HagenOptions,
) -> Result<(HagenDrivers, cadc::Reference, Vec<Record>)> {
    let calibrated = cadc::calibrate(session, &CadcTarget::lines(), &options.cadc, None)?;
    base_state::integration(session)?;
    session.link.configure(|program| write_shared_cell(program, Shared::SynIBiasDac, LINES_DAC_BIAS))?;
    let bias = session.calibrate(&mut SynapseDacBias::default(), &Search::Binary, None)?;
    let mut records = calibrated.records;
    records.push(Record::of_all(InstanceKind::Quadrant, bias));
    let drivers = driver::calibrate_hagen(session, &options.drivers)?;
    Ok((drivers, calibrated.reference, records))
}

/// Runs a routine of the neurons concerned with the usual search.
fn neurons(session: &mut Session<'_>, routine: &mut dyn Routine, target: Option<&[f64]>) -> Result<Record> {
    let outcome = session.calibrate(routine, &Search::NOISY, target)?;
    let instances: Vec<u32> = session.neurons().iter().map(|neuron| neuron.index() as u32).collect();
    Ok(Record::new(InstanceKind::Neuron, instances, outcome))
}
