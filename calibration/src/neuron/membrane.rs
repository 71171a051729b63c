//! The membrane time constant (calibration 4.3.7).

use super::before::Before;
use super::potential::{CELL, LeakPotential, ResetPotential};
use crate::algorithms::Search;
use crate::error::{CalibrationError, Result};
use crate::fit::{self, Recipe};
use crate::primitives::cadc;
use crate::primitives::madc::{self, Recording, Trace, write_at};
use crate::primitives::reset;
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::{SimTime, math};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;

/// Smallest and largest time constant that is fitted, microseconds.
const BOUNDS: (f64, f64) = (0.1, 2000.0);

fn declaration(name: &'static str, inverted: bool) -> Declaration {
    Declaration {
        name,
        knob: "i_bias_leak",
        range: CELL,
        inverted,
        hints: ["the time constant may be too long", "the time constant may be too short"],
        leaves: &["enable_leak_division", "enable_leak_multiplication"],
        settling: SETTLING,
    }
}

fn targets(session: &Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
    let target = Session::spread(target.unwrap_or(&[10.0]), session.neurons().len())?;
    if let Some(&value) = target.iter().find(|value| !(BOUNDS.0..=BOUNDS.1).contains(*value)) {
        return Err(CalibrationError::Target {
            parameter: "tau_mem",
            value,
            lower: BOUNDS.0,
            upper: BOUNDS.1,
        });
    }
    Ok(target)
}

/// By the column ADC, for all neurons at once: the potential one time constant after a reset below the leak. For time constants
/// from some 30 us on. The leak potential is calibrated anew after every step, because it moves with the leak bias.
///
/// The target is the time constant in microseconds, the same for all.
#[derive(Clone, Debug)]
pub struct MembraneCadc {
    /// Leak potential in codes of the column ADC; `None` takes the present one of each neuron.
    pub leak: Option<f64>,
    /// How far below the reset is.
    pub amplitude: f64,
    /// Reads that are averaged; the official routine makes one.
    pub reads: usize,
    tau_us: f64,
    leak_targets: Vec<f64>,
}

impl Default for MembraneCadc {
    fn default() -> Self {
        Self { leak: None, amplitude: 50.0, reads: 1, tau_us: f64::NAN, leak_targets: Vec::new() }
    }
}

/// Reset potentials below this, in codes, are not trusted.
const LOWEST_RESET: f64 = 30.0;
/// How far above the leak a potential may be before it counts as a failed measurement.
const ABOVE_LEAK: f64 = 5.0;

impl Routine for MembraneCadc {
    fn declaration(&self) -> Declaration {
        declaration("membrane time constant (CADC)", false)
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let name = self.declaration().name;
        let taus = targets(session, target.or(Some(&[60.0])))?;
        self.tau_us = taus[0];
        if taus.iter().any(|&tau| tau != self.tau_us) {
            let what = "different time constants for different neurons".into();
            return Err(CalibrationError::NotSupported { routine: name, what });
        }
        self.leak_targets = match self.leak {
            Some(leak) => vec![leak; taus.len()],
            None => cadc::potentials(session)?,
        };
        let resets: Vec<f64> = self.leak_targets.iter().map(|leak| leak - self.amplitude).collect();
        let low = resets.iter().filter(|&&reset| reset < LOWEST_RESET).count();
        if 20 * low > resets.len() {
            let reason = format!("{low} neurons would be reset below code {LOWEST_RESET}");
            return Err(CalibrationError::NotSuccessful { routine: name, reason });
        }
        session.calibrate(&mut ResetPotential::default(), &Search::NOISY, Some(&resets))?;
        Ok(self.leak_targets.iter().map(|leak| leak - self.amplitude * math::exp(-1.0)).collect())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasLeak, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let leak =
            session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&self.leak_targets))?;
        // The membrane is held for the refractory time first.
        let held = session.refractory_times().into_iter().max().unwrap_or(SimTime::ZERO);
        let delay = SimTime::from_secs_f64(self.tau_us * 1e-6) + held;
        let mut sums = vec![0.0; leak.len()];
        for _ in 0..self.reads.max(1) {
            let potentials = cadc::after_resets(session, delay)?;
            sums.iter_mut().zip(potentials).for_each(|(sum, potential)| *sum += potential);
        }
        let judged = |(index, sum): (usize, f64)| {
            let potential = sum / self.reads.max(1) as f64;
            let failed = !leak.success[index] || potential > self.leak_targets[index] + ABOVE_LEAK;
            if failed { 0.0 } else { potential }
        };
        Ok(sums.into_iter().enumerate().map(judged).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&self.leak_targets))?;
        Ok(())
    }
}

/// What makes the membrane move, for the membrane ADC to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stimulus {
    /// The offset current, for 100 us, then the decay. For 3 us and more.
    OffsetCurrent,
    /// An artificial reset far below the leak, then the rise.
    Reset,
}

/// How long the offset current flows.
const STEP: SimTime = SimTime::from_us(100);
/// Samples of a trace: a fit to 300 with noise of 3 codes finds the time constant within 2 % (calibration 16.1).
const SAMPLES: usize = 700;
/// Code of the offset current that moves a membrane of 10 us with the largest capacitor by 0.25 V: 64 nA (analog-core 3.10), in code
/// times microsecond and per code of the capacitor.
const STEP_CODE: f64 = 470.0 * 10.0 / 63.0;
/// A divided leak is kept if with the strongest bias it is faster than this share of the target. The official 1 leaves neurons that
/// just reach it, or then do not, at the end of the range: 2 of 512 on one chip.
const MARGIN: f64 = 0.95;
/// Targets below this are calibrated with resets.
const FAST_US: f64 = 3.0;

/// By the membrane ADC, one neuron after the other; targets in microseconds, one for each neuron if wanted. Decides about
/// division and multiplication of the leak conductance and keeps the decision.
///
/// The official routine drives the membrane with an offset current of code 1000 whatever the target. That takes a membrane of 10 us up
/// by 0.4 V, where its transconductor no longer conducts in proportion, and the fit finds 3 to 5 % too much; a slow membrane
/// leaves the range of the ADC. Here the current is chosen for a step of a quarter of a volt.
#[derive(Clone, Debug, Default)]
pub struct MembraneMadc {
    /// Code of the offset current for all neurons, as the official routine has it; `None` chooses it by the targets.
    pub offset_current: Option<i32>,
    targets: Vec<f64>,
    fast: bool,
    before: Option<Before>,
}

impl MembraneMadc {
    fn stimulus(&self) -> Stimulus {
        if self.fast { Stimulus::Reset } else { Stimulus::OffsetCurrent }
    }

    /// Measures without calibrating: the time constants of the neurons concerned, which are about `expected_us`, microseconds; NaN
    /// where none can be fitted. Inputs and comparators should be off. Everything is put back.
    ///
    /// # Errors
    /// As [`madc::record`].
    pub fn measure_only(session: &mut Session<'_>, expected_us: &[f64]) -> Result<Vec<f64>> {
        let targets = Session::spread(expected_us, session.neurons().len())?;
        let own = Self { targets, ..Self::default() };
        let before = session.cells(Cell::IMemOffset);
        let mut program = ProgramBuilder::new();
        own.write_offset_currents(session, &mut program);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let taus = own.time_constants(session)?;
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::IMemOffset, &before);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        Ok(taus)
    }

    fn write_offset_currents(&self, session: &mut Session<'_>, program: &mut ProgramBuilder) {
        match self.offset_current {
            Some(code) => session.write_cells_noisy(program, Cell::IMemOffset, code),
            None => {
                let code = |(tau, config): (&f64, NeuronConfig)| {
                    let code = STEP_CODE * f64::from(config.mem_cap_size.max(4)) / tau;
                    code.round().clamp(20.0, 1000.0) as i32
                };
                let codes: Vec<i32> = self.targets.iter().zip(session.configs()).map(code).collect();
                session.write_cells(program, Cell::IMemOffset, &codes);
            }
        }
    }

    /// The time constants of the neurons concerned as they are now, microseconds; NaN where none can be fitted. `longest_us` is
    /// what the recordings are made for.
    ///
    /// # Errors
    /// As [`madc::record`].
    fn time_constants(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let longest = self.targets.iter().copied().fold(0.0, f64::max);
        let tail = SimTime::from_secs_f64((8.0 * longest).max(70.0) * 1e-6);
        let name = self.declaration().name;
        match self.stimulus() {
            Stimulus::OffsetCurrent => {
                let mut recording = Recording::new(tail + STEP).with_samples(2 * SAMPLES);
                recording.wait_between_neurons = SimTime::from_ps(10 * (tail + STEP).as_ps());
                let traces =
                    madc::record(session, name, &recording, |timeline, _, neuron, connected, at| {
                        let instance = coordinates::neuron_config(neuron);
                        let driven = NeuronConfig { en_mem_off: true, ..*connected };
                        write_at(timeline, at, instance, &driven);
                        write_at(timeline, at + STEP, instance, connected);
                    })?;
                let from = STEP.as_us_f64();
                Ok(traces.iter().map(|trace| decay(trace, from)).collect())
            }
            Stimulus::Reset => {
                let recording = Recording::new(tail);
                let traces = madc::record(session, name, &recording, |timeline, _, neuron, _, at| {
                    timeline.write(at, reset::address(neuron), 0);
                })?;
                let end = 0.95 * tail.as_us_f64();
                let tau = |trace: &Trace| {
                    let recipe = Recipe { spacing: trace.period_us, samples: &trace.codes }.between(0.0, end);
                    fit::membrane_rise(recipe).map_or(f64::NAN, |fit| fit.tau)
                };
                Ok(traces.iter().map(tau).collect())
            }
        }
    }
}

/// The time constant of a decay that begins `from` microseconds after the first sample.
fn decay(trace: &Trace, from: f64) -> f64 {
    let end = 0.95 * trace.codes.len() as f64 * trace.period_us;
    let recipe = Recipe { spacing: trace.period_us, samples: &trace.codes }.between(from, end);
    fit::membrane_decay(recipe).map_or(f64::NAN, |fit| fit.tau)
}

impl Routine for MembraneMadc {
    fn declaration(&self) -> Declaration {
        declaration("membrane time constant", true)
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        self.targets = targets(session, target)?;
        self.fast = self.targets.iter().any(|&tau| tau < FAST_US);
        let cells: &[Cell] = if self.fast { &[Cell::VReset, Cell::VLeak] } else { &[Cell::IMemOffset] };
        self.before = Some(Before::of(session, cells));
        let mut program = ProgramBuilder::new();
        if self.fast {
            session.write_cells_noisy(&mut program, Cell::VReset, 520);
            session.write_cells_noisy(&mut program, Cell::VLeak, 880);
        } else {
            self.write_offset_currents(session, &mut program);
        }
        session.link.run_program(&program.finish()?)?;
        let fast = self.fast;
        let probe = |session: &mut Session<'_>, code, divide: &dyn Fn(usize) -> bool| {
            let mut program = ProgramBuilder::new();
            session.write_cells_noisy(&mut program, Cell::IBiasLeak, code);
            session.change_neurons(&mut program, |index, config| {
                *config = NeuronConfig {
                    en_leak_div: divide(index),
                    en_leak_mul: false,
                    en_synin_exc: false,
                    en_synin_inh: false,
                    en_thresh_comp: false,
                    en_mem_off: false,
                    ..*config
                };
            });
            program.barrier_omnibus().wait(SETTLING);
            session.link.run_program(&program.finish()?)?;
            self.time_constants(session)
        };
        let (divide, multiply): (Vec<bool>, Vec<bool>) = if fast {
            let slow = probe(session, 63, &|_| false)?;
            let quick = probe(session, 959, &|_| false)?;
            let compare = |index: usize| {
                let divide = slow[index] < self.targets[index];
                (divide, !divide && quick[index] > self.targets[index])
            };
            (0..slow.len()).map(compare).unzip()
        } else {
            let divided = probe(session, 1017, &|_| true)?;
            divided.iter().zip(&self.targets).map(|(tau, target)| (*tau < MARGIN * target, false)).unzip()
        };
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |index, config| {
            (config.en_leak_div, config.en_leak_mul) = (divide[index], multiply[index]);
        });
        session.link.run_program(&program.finish()?)?;
        Ok(self.targets.clone())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasLeak, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.time_constants(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let Some(before) = self.before.take() else { return Ok(()) };
        before.put_back_but(session, |now, before| NeuronConfig {
            en_leak_div: now.en_leak_div,
            en_leak_mul: now.en_leak_mul,
            ..before
        })
    }
}
