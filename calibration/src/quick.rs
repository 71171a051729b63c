//! The simple calibration: what an experiment with leaky integrate-and-fire neurons needs, and no more.
//!
//! | what | how it is measured | what is turned |
//! |---|---|---|
//! | leak potential | membrane at rest, inputs off | `v_leak`, Newton steps with the nominal slope |
//! | reset potential | membrane while the back-end holds it in reset | `v_reset`, the same |
//! | input offsets | shift of the resting membrane when an input is switched on | `i_bias_synin_*_shift`, bisection |
//! | synaptic strength | mean shift under a regular spike train | `i_bias_synin_exc_gm`, ratio steps |
//! | threshold | does a neuron fire whose leak is at the wanted threshold? | `v_threshold`, bisection |
//!
//! Time constants stay at their nominal codes and keep their mismatch (12 % membrane, 28 % synaptic); so does everything
//! that is not named. Potentials are in codes of each neuron's own ADC channel, whose offset (10 codes) is left in: it shifts
//! all potentials of a neuron alike.
//!
//! The procedure follows part A of the calibration specification (4.3.2 to 4.3.4, 4.3.10) where that has a routine.

use crate::bench::{
    Bench, BenchError, ColumnReadout, RowView, SETTLING, connect_columns, neuron_address, write, write_cell,
    write_neuron, write_row, write_shared_cell,
};
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter};
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};
use bss2_host::registers::spl1::CrossbarNode;
use serde::{Deserialize, Serialize};

/// CADC codes of the membrane per code of a potential's cell: 1.5 mV against 4.5 mV (analog-core 2.4, 7.1).
const POTENTIAL_SLOPE: f64 = 1.5 / 4.5;
/// Averaged readings per measurement.
const SAMPLES: usize = 12;
/// The regular train that measures synaptic strength: weight and distance of its spikes.
const PROBE_WEIGHT: u8 = 32;
const PROBE_INTERVAL: SimTime = SimTime::from_us(5);
/// Row of the probe; the driver on bus 3 that listens to row select 31.
const PROBE_ROW: u8 = 254;
/// Label of the probe: SPL1 address 3, row select 31, synapse label 63.
const PROBE_LABEL: u16 = 3 << 14 | 31 << 6 | 63;

/// Shared cells as the official calibration leaves them (analog-core 2.3).
const SHARED_CELLS: [(SharedParameter, u16); 19] = {
    use SharedParameter as Shared;
    [
        (Shared::StpVCharge0, 100),
        (Shared::StpVCharge1, 330),
        (Shared::StpVRecover0, 400),
        (Shared::StpVRecover1, 50),
        (Shared::CadcVRampOffset, 31),
        (Shared::CadcVBiasRampBuf, 400),
        (Shared::NeuronVBiasCascN, 250),
        (Shared::SynIBiasDac, 600),
        (Shared::SynIBiasRamp, 80),
        (Shared::SynIBiasStore, 70),
        (Shared::SynIBiasCorout, 600),
        (Shared::CadcIRampSlope, 369),
        (Shared::CadcIBiasComp, 1022),
        (Shared::CadcIBiasVresetBuf, 1022),
        (Shared::NeuronIBiasReadoutAmp, 110),
        (Shared::NeuronIBiasLeakSourceFollower, 100),
        (Shared::NeuronIBiasSpikeComparator, 200),
        (Shared::NeuronIBiasSyninDrop, 300),
        (Shared::StpIBiasComparator, 1022),
    ]
};

/// Writes the shared analog cells (ADC ramps, synapse biases, correlation sensors, comparators) as the official calibration
/// leaves them; all that an experiment without calibrated neurons needs. They need [`SETTLING`] to get there.
pub fn write_shared_cells(program: &mut ProgramBuilder) {
    for (cell, code) in SHARED_CELLS {
        write_shared_cell(program, cell, code);
    }
}

/// What the neurons shall do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Resting potential in CADC codes.
    pub leak: f64,
    /// Reset potential in CADC codes.
    pub reset: f64,
    /// Threshold in CADC codes.
    pub threshold: f64,
    /// Mean rise of the membrane in CADC codes for a weight of 1 and one spike a microsecond. `None` leaves the strength at
    /// its nominal code.
    pub strength: Option<f64>,
    /// Whether the inhibitory inputs are calibrated too. The others stay switched off.
    pub inhibitory: bool,
    /// Refractory time in microseconds.
    pub refractory_us: f64,
    /// Which neurons. The others stay silent.
    pub neurons: Vec<Neuron>,
}

impl Targets {
    /// The default spiking targets of the official calibration (experiments 2.2): potentials 80, 70 and 125, refractory
    /// time 2 us, strength as it comes.
    pub fn spiking(neurons: Vec<Neuron>) -> Self {
        Self {
            leak: 80.0,
            reset: 70.0,
            threshold: 125.0,
            strength: None,
            inhibitory: false,
            refractory_us: 2.0,
            neurons,
        }
    }
}

/// The codes of one neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronCodes {
    /// `v_leak`.
    pub leak: u16,
    /// `v_reset`.
    pub reset: u16,
    /// `v_threshold`.
    pub threshold: u16,
    /// `i_bias_synin_exc_shift`, `i_bias_synin_inh_shift`.
    pub shift: [u16; 2],
    /// `i_bias_synin_exc_gm`, `i_bias_synin_inh_gm`.
    pub strength: [u16; 2],
}

impl NeuronCodes {
    /// Where a nominal neuron would be near the default targets.
    const NOMINAL: Self = Self { leak: 630, reset: 610, threshold: 330, shift: [310; 2], strength: [500; 2] };
}

/// What the calibration came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuickCalibration {
    /// What was wanted.
    pub targets: Targets,
    /// The codes, in the order of `targets.neurons`.
    pub codes: Vec<NeuronCodes>,
    /// What is left between the measured and the wanted leak potential, in CADC codes, in the same order.
    pub leak_residual: Vec<f64>,
}

/// Calibrates, and leaves the chip configured: see [`QuickCalibration::apply`].
///
/// The chip must be brought up ([`Bench::bring_up`]). Takes about a second of chip time. `progress` is told the name of each
/// step and the fraction done before it.
///
/// # Errors
/// As [`Bench::run`].
pub fn calibrate(
    bench: &mut Bench<'_>,
    targets: &Targets,
    mut progress: impl FnMut(&'static str, f64),
) -> Result<QuickCalibration, BenchError> {
    let codes = vec![NeuronCodes::NOMINAL; targets.neurons.len()];
    let mut state = QuickCalibration { targets: targets.clone(), codes, leak_residual: Vec::new() };
    let silent = Mode { excitatory: false, inhibitory: false, fires: false, held: false };

    progress("leak potential", 0.0);
    bench.with(|program| state.configure_common(program))?;
    state.newton(bench, &silent, Cell::VLeak, targets.leak)?;

    progress("reset potential", 0.15);
    let held = Mode { held: true, ..silent };
    state.newton(bench, &held, Cell::VReset, targets.reset)?;

    progress("excitatory input offset", 0.25);
    let excitatory = Mode { excitatory: true, ..silent };
    state.bisect_shift(bench, &excitatory, 0)?;
    if targets.inhibitory {
        progress("inhibitory input offset", 0.45);
        state.bisect_shift(bench, &Mode { inhibitory: true, ..silent }, 1)?;
    }
    if let Some(strength) = targets.strength {
        progress("synaptic strength", 0.6);
        state.tune_strength(bench, &excitatory, strength)?;
        // The offset is one of the input of the transconductor; its effect has grown or shrunk with the strength.
        state.bisect_shift(bench, &excitatory, 0)?;
    }
    progress("threshold", 0.8);
    state.bisect_threshold(bench)?;

    progress("final configuration", 0.95);
    state.write_and_settle(bench, &silent)?;
    state.leak_residual =
        state.select(&bench.membranes(SAMPLES)?).into_iter().map(|code| code - targets.leak).collect();
    bench.with(|program| {
        state.apply(program);
        program.barrier_omnibus().wait(SETTLING);
    })?;
    Ok(state)
}

/// What the neurons have switched on.
#[derive(Clone, Copy)]
struct Mode {
    excitatory: bool,
    inhibitory: bool,
    fires: bool,
    held: bool,
}

impl QuickCalibration {
    /// Writes the calibrated neurons: cells, configuration, back-end. Neurons have their inputs on, fire, and send events
    /// with the address that [`neuron_address`] says. The analog cells need [`SETTLING`] afterwards.
    pub fn apply(&self, program: &mut ProgramBuilder) {
        let mode = Mode { excitatory: true, inhibitory: self.targets.inhibitory, fires: true, held: false };
        self.write_all(program, &mode);
    }

    /// Refractory clock and time for the wanted period: the finest scale that reaches it (analog-core 3.3).
    fn refractory(&self) -> (u8, u8) {
        let clock = |scale: u8| 250.0 / f64::from(1u32 << (scale + 1));
        let scale = (0..15).find(|&scale| self.targets.refractory_us * clock(scale) <= 250.0).unwrap_or(15);
        (scale, (self.targets.refractory_us * clock(scale)).round().clamp(1.0, 255.0) as u8)
    }

    /// Cells and registers that are the same for all neurons, and the probe's way to its row.
    fn configure_common(&self, program: &mut ProgramBuilder) {
        write_shared_cells(program);
        for &neuron in &self.targets.neurons {
            for (cell, code) in [
                (Cell::IBiasLeak, 115),
                (Cell::IBiasReset, 1022),
                (Cell::IBiasSyninExcTau, 50),
                (Cell::IBiasSyninInhTau, 48),
            ] {
                write_cell(program, neuron, cell, code);
            }
        }
        connect_columns(program, ColumnReadout::Neurons);
        // No neuron reaches a PADI bus.
        for node in (0..24).filter(|node| node % 3 != 2) {
            write(program, node, &CrossbarNode { target: 1, ..CrossbarNode::default() });
        }
        for hemisphere in 0..2 {
            let config = CommonPADIBusConfig {
                enable_spl1_0: true,
                enable_spl1_1: true,
                enable_spl1_2: true,
                enable_spl1_3: true,
                ..CommonPADIBusConfig::default()
            };
            write(program, hemisphere, &config);
            write(program, 128 * hemisphere + 127, &self.probe_driver(false));
        }
        for hemisphere in bss2_base::Hemisphere::ALL {
            write_row(program, hemisphere, PROBE_ROW, RowView::Labels, |_| 63);
            write_row(program, hemisphere, PROBE_ROW, RowView::Weights, |_| PROBE_WEIGHT);
        }
    }

    fn probe_driver(&self, on: bool) -> SynapseDriverConfig {
        SynapseDriverConfig { en_receiver: on, en_exc_bottom: on, ..SynapseDriverConfig::default() }
    }

    fn write_all(&self, program: &mut ProgramBuilder, mode: &Mode) {
        let (scale, time) = self.refractory();
        let common = CommonNeuronBackendConfig {
            force_reset: mode.held,
            clock_scale_slow: scale,
            clock_scale_fast: scale,
            ..CommonNeuronBackendConfig::default()
        };
        for side in 0..2 {
            write(program, side, &common);
        }
        for (&neuron, codes) in self.targets.neurons.iter().zip(&self.codes) {
            for (cell, code) in [
                (Cell::VLeak, codes.leak),
                (Cell::VReset, codes.reset),
                (Cell::VThreshold, codes.threshold),
                (Cell::IBiasSyninExcShift, codes.shift[0]),
                (Cell::IBiasSyninInhShift, codes.shift[1]),
                (Cell::IBiasSyninExcGm, codes.strength[0]),
                (Cell::IBiasSyninInhGm, codes.strength[1]),
            ] {
                write_cell(program, neuron, cell, code);
            }
            let config = NeuronConfig {
                en_fire: mode.fires,
                en_thresh_comp: mode.fires,
                en_readout_amp: true,
                en_synin_exc: mode.excitatory,
                en_synin_inh: mode.inhibitory,
                en_reset_mul: true,
                mem_cap_size: 63,
                ..NeuronConfig::default()
            };
            let backend = NeuronBackendConfig { en_spike_out: mode.fires, ..NeuronBackendConfig::default() }
                .with_address_out(neuron_address(neuron))
                .with_refractory_time(time)
                .with_reset_holdoff(15);
            write_neuron(program, neuron, &config, &backend);
        }
    }

    fn write_and_settle(&self, bench: &mut Bench<'_>, mode: &Mode) -> Result<(), BenchError> {
        bench.with(|program| {
            self.write_all(program, mode);
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// The values of the calibrated neurons out of those of all 512.
    fn select(&self, all: &[f64]) -> Vec<f64> {
        self.targets.neurons.iter().map(|neuron| all[neuron.index()]).collect()
    }

    fn measure(&self, bench: &mut Bench<'_>, mode: &Mode) -> Result<Vec<f64>, BenchError> {
        self.write_and_settle(bench, mode)?;
        Ok(self.select(&bench.membranes(SAMPLES)?))
    }

    /// Brings the resting membrane to `target` by a potential.
    fn newton(
        &mut self,
        bench: &mut Bench<'_>,
        mode: &Mode,
        cell: Cell,
        target: f64,
    ) -> Result<(), BenchError> {
        for _ in 0..4 {
            let membranes = self.measure(bench, mode)?;
            for (codes, membrane) in self.codes.iter_mut().zip(membranes) {
                let code = if cell == Cell::VLeak { &mut codes.leak } else { &mut codes.reset };
                *code = moved(*code, (target - membrane) / POTENTIAL_SLOPE);
            }
        }
        Ok(())
    }

    /// Removes the offset of an input: with it on, the membrane rests where it rests without.
    fn bisect_shift(&mut self, bench: &mut Bench<'_>, mode: &Mode, line: usize) -> Result<(), BenchError> {
        let target = self.targets.leak;
        // A higher shift code lowers the membrane by the excitatory input and raises it by the inhibitory one.
        let raises = line == 1;
        self.bisect(
            bench,
            |state| &mut state.shift[line],
            |state, bench| {
                let membranes = state.measure(bench, mode)?;
                Ok(membranes.into_iter().map(|membrane| (membrane < target) == raises).collect())
            },
        )
    }

    /// The largest codes for which `wants_more` still says yes, by ten halvings.
    fn bisect(
        &mut self,
        bench: &mut Bench<'_>,
        code: impl Fn(&mut NeuronCodes) -> &mut u16,
        wants_more: impl Fn(&Self, &mut Bench<'_>) -> Result<Vec<bool>, BenchError>,
    ) -> Result<(), BenchError> {
        self.codes.iter_mut().for_each(|codes| *code(codes) = 512);
        for bit in (0..9).rev() {
            let more = wants_more(self, bench)?;
            for (codes, more) in self.codes.iter_mut().zip(more) {
                let code = code(codes);
                *code = if more { *code + (1 << bit) } else { *code - (1 << bit) };
            }
        }
        self.codes.iter_mut().for_each(|codes| *code(codes) = (*code(codes)).min(1022));
        Ok(())
    }

    /// Brings the mean rise of the membrane under the probe to what the target says, by the strength of the input.
    fn tune_strength(&mut self, bench: &mut Bench<'_>, mode: &Mode, target: f64) -> Result<(), BenchError> {
        for _ in 0..4 {
            let rest = self.measure(bench, mode)?;
            let risen = self.select(&self.membranes_under_probe(bench)?);
            let wanted = target * f64::from(PROBE_WEIGHT) / PROBE_INTERVAL.as_us_f64();
            for ((codes, rest), risen) in self.codes.iter_mut().zip(rest).zip(risen) {
                let rise = (risen - rest).max(0.1 * wanted);
                // The strength grows more slowly than its code: between its root and itself.
                let code = f64::from(codes.strength[0]) * (wanted / rise).clamp(0.5, 2.0);
                codes.strength[0] = code.round().clamp(20.0, 1022.0) as u16;
            }
        }
        Ok(())
    }

    /// The membranes of all neurons while the probe fires into every column.
    fn membranes_under_probe(&self, bench: &mut Bench<'_>) -> Result<Vec<f64>, BenchError> {
        bench.with(|program| (0..2).for_each(|h| write(program, 128 * h + 127, &self.probe_driver(true))))?;
        let membranes = bench.membranes_under_train(PROBE_LABEL, PROBE_INTERVAL, SAMPLES)?;
        bench
            .with(|program| (0..2).for_each(|h| write(program, 128 * h + 127, &self.probe_driver(false))))?;
        Ok(membranes)
    }

    /// The threshold at which a neuron that rests at the wanted value just fires.
    fn bisect_threshold(&mut self, bench: &mut Bench<'_>) -> Result<(), BenchError> {
        let rest = self.codes.clone();
        let rise = (self.targets.threshold - self.targets.leak) / POTENTIAL_SLOPE;
        self.codes.iter_mut().for_each(|codes| codes.leak = moved(codes.leak, rise));
        let quiet = Mode { excitatory: true, inhibitory: self.targets.inhibitory, fires: false, held: false };
        // The slope of the potential has its own mismatch: put the leak where the ADC says.
        self.newton(bench, &quiet, Cell::VLeak, self.targets.threshold)?;
        let fires = Mode { fires: true, ..quiet };
        self.bisect(
            bench,
            |codes| &mut codes.threshold,
            |state, bench| {
                state.write_and_settle(bench, &fires)?;
                let counts = bench.spike_counts(&state.targets.neurons, SimTime::from_us(500))?;
                Ok(counts.into_iter().map(|count| count > 0).collect())
            },
        )?;
        for (codes, rest) in self.codes.iter_mut().zip(rest) {
            codes.leak = rest.leak;
        }
        Ok(())
    }
}

/// A code moved by some codes, within what cells hold.
fn moved(code: u16, by: f64) -> u16 {
    (f64::from(code) + by).round().clamp(0.0, 1022.0) as u16
}
