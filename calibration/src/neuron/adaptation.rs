//! The adaptation circuit (calibration 16.3, ADP-0 to ADP-3): where it rests, how long it remembers, and how strongly the membrane and
//! spikes move it.
//!
//! Everything is seen by the membrane ADC, one neuron after the other; the circuit is connected to the membrane only while a neuron
//! is recorded, so that what is not calibrated yet disturbs nobody. Routines want the comparators off, and leave the adaptation off:
//! switching it on is the last step of whoever wants it.

use super::before::Before;
use super::offset_step::{self, mean};
use super::potential::{CELL, median};
use crate::error::{CalibrationError, Result};
use crate::fit::{self, Exponential, ExponentialBounds};
use crate::primitives::madc::{self, Recording, Trace, write_at};
use crate::primitives::reset;
use crate::program::{SETTLING, write};
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};

/// Samples of a trace.
const SAMPLES: usize = 800;
/// Code of the adaptation's resting voltage (calibration 4.6).
const REFERENCE: i32 = 511;
/// Source of the readout amplifier: the adaptation voltage.
const ADAPTATION: u8 = 3;
/// Time constants of the adaptation that are fitted, microseconds.
const BOUNDS: (f64, f64) = (1.0, 20_000.0);

/// Comparator and both synaptic inputs off, adaptation and offset current off: where all recordings begin.
fn quiet(config: &NeuronConfig) -> NeuronConfig {
    NeuronConfig {
        en_adapt: false,
        en_exp: false,
        en_thresh_comp: false,
        en_mem_off: false,
        invert_current: false,
        ..*config
    }
}

fn microseconds(time: f64) -> SimTime {
    SimTime::from_secs_f64(1e-6 * time)
}

/// ADP-0: brings the membrane to where it rests without adaptation, by `v_adapt_leak`: then no current flows at rest. The observable
/// is how far the membrane moves when the adaptation is switched on, in codes of the membrane ADC; the target is 0.
///
/// Strong coupling makes the smallest offset visible; it is put back. Sets `v_adapt_ref` to the middle, which is where the adaptation
/// voltage rests: no current depends on that.
#[derive(Clone, Debug, Default)]
pub struct AdaptationReference {
    before: Option<Before>,
}

/// Codes of coupling and leak of the adaptation during the search: together 7.6 V per V, with 42 us (analog-core 3.9).
const STRONG: i32 = 400;
/// How long the membrane is watched without adaptation, and how long it then needs.
const ALONE: SimTime = SimTime::from_us(100);
const TOGETHER: SimTime = SimTime::from_us(500);

impl Routine for AdaptationReference {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "adaptation reference",
            knob: "v_adapt_leak",
            range: CELL,
            inverted: false,
            hints: ["the neuron may rest too low for it", "the neuron may rest too high for it"],
            leaves: &["v_adapt_ref", "enable_adaptation"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[0.0]), session.neurons().len())?;
        self.before = Some(Before::of(session, &[Cell::IBiasAdaptTau, Cell::IBiasAdaptA]));
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptTau, STRONG);
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptA, STRONG);
        session.write_cells_noisy(&mut program, Cell::VAdaptRef, REFERENCE);
        session.change_neurons(&mut program, |_, config| *config = quiet(config));
        session.link.run_program(&program.finish()?)?;
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VAdaptLeak, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let length = ALONE + TOGETHER;
        let recording = Recording {
            sampling_time: length,
            wait_between_neurons: length + SimTime::from_us(100),
            clock_division: 1,
        }
        .with_samples(SAMPLES);
        let name = self.declaration().name;
        let traces = madc::record(session, name, &recording, |timeline, _, neuron, connected, at| {
            let adapting = NeuronConfig { en_adapt: true, invert_adapt_a: false, ..*connected };
            let instance = coordinates::neuron_config(neuron);
            write_at(timeline, at + ALONE, instance, &adapting);
            write_at(timeline, at + length, instance, connected);
        })?;
        let moved = |trace: &Trace| {
            let alone = trace.index(ALONE.as_us_f64());
            // The last fifth of the time together.
            let settled = trace.index((ALONE + TOGETHER).as_us_f64() - 0.2 * TOGETHER.as_us_f64());
            mean(&trace.codes[settled..]) - mean(&trace.codes[..alone])
        };
        Ok(traces.iter().map(moved).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let Some(before) = self.before.take() else { return Ok(()) };
        before.put_back_but(session, |_, before| NeuronConfig { en_adapt: false, ..before })
    }
}

/// How the digital part of the neurons was.
#[derive(Clone, Debug)]
struct BackEnd {
    common: [CommonNeuronBackendConfig; 2],
    backends: Vec<NeuronBackendConfig>,
}

impl BackEnd {
    /// As it is; then pulses to the adaptation at every spike, of this clock scale.
    fn with_pulses(session: &Session<'_>, program: &mut ProgramBuilder, scale: u8) -> Self {
        let common = [0, 1].map(|side| session.link.typed::<CommonNeuronBackendConfig>(side));
        let own = Self { common, backends: session.backends() };
        set_pulse_scale(session, program, scale);
        session.change_backends(program, |_, config| NeuronBackendConfig { en_adapt_pulse: true, ..config });
        own
    }

    /// As it was, but for the clock scale of the pulses if `keep_pulses`.
    fn put_back(self, session: &mut Session<'_>, keep_pulses: bool) -> Result<()> {
        let mut program = ProgramBuilder::new();
        if !keep_pulses {
            for (side, config) in (0..).zip(&self.common) {
                write(&mut program, side, config);
            }
        }
        session.write_backends(&mut program, &self.backends);
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}

fn set_pulse_scale(session: &Session<'_>, program: &mut ProgramBuilder, scale: u8) {
    for side in 0..2 {
        let common: CommonNeuronBackendConfig = session.link.typed(side);
        write(program, side, &CommonNeuronBackendConfig { clock_scale_adapt_pulse: scale, ..common });
    }
}

/// When a neuron is made to spike in a recording.
const SPIKE_AT: SimTime = SimTime::from_us(10);

/// What remains of an artificial spike, from `skip_us` after it on: the exponential is referred to the spike. `None` where nothing
/// can be fitted. Time constants are looked for within `bounds`; the trace is six times `tau_us` long.
fn after_spike(
    session: &mut Session<'_>,
    routine: &'static str,
    tau_us: f64,
    skip_us: f64,
    adapting: bool,
    bounds: (f64, f64),
) -> Result<Vec<Option<Exponential>>> {
    let length = SPIKE_AT + microseconds(skip_us + 6.0 * tau_us);
    let recording = Recording {
        sampling_time: length,
        wait_between_neurons: length + SimTime::from_us(50),
        clock_division: 1,
    }
    .with_samples(SAMPLES);
    let traces = madc::record(session, routine, &recording, |timeline, _, neuron, connected, at| {
        let instance = coordinates::neuron_config(neuron);
        if adapting {
            write_at(timeline, at, instance, &NeuronConfig { en_adapt: true, ..*connected });
        }
        timeline.write(at + SPIKE_AT, reset::address(neuron), 0);
        write_at(timeline, at + length, instance, connected);
    })?;
    let bounds = ExponentialBounds::tau(bounds.0, bounds.1);
    let fitted = |trace: &Trace| {
        let begin = SPIKE_AT.as_us_f64() + skip_us;
        let from = trace.index(begin) + 1;
        let fit = fit::exponential_trace(trace.period_us, trace.codes.get(from..)?, &bounds)?;
        let late = from as f64 * trace.period_us - SPIKE_AT.as_us_f64();
        Some(Exponential { scale: fit.scale * bss2_base::math::exp(late / fit.tau), ..fit })
    };
    Ok(traces.iter().map(fitted).collect())
}

/// ADP-1: brings the decay of the adaptation voltage after an artificial spike to a time constant in microseconds, by
/// `i_bias_adapt_tau`; 100 without a target. The membrane takes no part: its coupling is off meanwhile.
#[derive(Clone, Debug, Default)]
pub struct AdaptationTimeConstant {
    longest: f64,
    before: Option<(Before, BackEnd)>,
}

/// Code of the pulse current and scale of its clock: 1.02 us, together a jump of some 230 mV.
const PULSE_CODE: i32 = 600;
const PULSE_SCALE: u8 = 7;
/// A jump below this many codes of the membrane ADC shows no time constant.
const JUMP: f64 = 10.0;

/// What a recording of the adaptation voltage after spikes starts from: the voltage itself selected, by amplifiers that are off until
/// a neuron is recorded.
fn watch_adaptation(config: &NeuronConfig) -> NeuronConfig {
    NeuronConfig { readout_select: ADAPTATION, en_readout_amp: false, en_fire: true, ..quiet(config) }
}

impl Routine for AdaptationTimeConstant {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "adaptation time constant",
            knob: "i_bias_adapt_tau",
            range: CELL,
            inverted: true,
            hints: ["the time constant may be too long", "the time constant may be too short"],
            leaves: &["enable_adaptation"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let targets = Session::spread(target.unwrap_or(&[100.0]), session.neurons().len())?;
        if let Some(&value) = targets.iter().find(|value| !(BOUNDS.0..=BOUNDS.1).contains(*value)) {
            let (lower, upper) = BOUNDS;
            return Err(CalibrationError::Target { parameter: "tau_w", value, lower, upper });
        }
        self.longest = targets.iter().copied().fold(0.0, f64::max);
        let before = Before::of(session, &[Cell::IBiasAdaptA, Cell::IBiasAdaptB, Cell::VAdaptRef]);
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptA, 0);
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptB, PULSE_CODE);
        session.write_cells_noisy(&mut program, Cell::VAdaptRef, REFERENCE);
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig { invert_adapt_b: false, ..watch_adaptation(config) };
        });
        let back_end = BackEnd::with_pulses(session, &mut program, PULSE_SCALE);
        session.link.run_program(&program.finish()?)?;
        self.before = Some((before, back_end));
        Ok(targets)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasAdaptTau, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        // The pulse itself is no part of the decay.
        let skip = 2.0;
        let fits = after_spike(session, self.declaration().name, self.longest, skip, false, BOUNDS)?;
        let tau = |fit: Option<Exponential>| match fit {
            // Too fast for a trace of this length to show anything of it.
            Some(fit) if fit.scale.abs() < JUMP => 0.0,
            Some(fit) => fit.tau,
            None => f64::NAN,
        };
        Ok(fits.into_iter().map(tau).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        let Some((before, back_end)) = self.before.take() else { return Ok(()) };
        back_end.put_back(session, false)?;
        before.put_back_but(session, |_, before| NeuronConfig { en_adapt: false, ..before })
    }
}

/// ADP-2: brings the subthreshold adaptation to a strength by `i_bias_adapt_a` and its sign bit. The target is `a` of the AdEx
/// neuron in units of the leak conductance: that much stiffer the membrane becomes against slow currents. There is no default.
///
/// The observable is the step of the membrane under an offset current of either sign, 20 codes of the column ADC up and down
/// without adaptation: `a / g_l` is how much smaller it is with it. The adaptation voltage itself does not tell: it is turned into a
/// current by a circuit that is another one in every neuron. Needs a calibrated time constant ([`tau_us`](Self::tau_us)) and
/// reference.
#[derive(Clone, Debug)]
pub struct SubthresholdAdaptation {
    /// The calibrated time constant of the adaptation, microseconds.
    pub tau_us: f64,
    settled: SimTime,
    alone: Vec<Swing>,
    targets: Vec<f64>,
    before: Option<Before>,
}

/// Where a membrane is under an offset current of either sign, codes of the membrane ADC.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Swing {
    up: f64,
    down: f64,
}

impl Swing {
    fn step(self) -> f64 {
        self.up - self.down
    }

    fn middle(self) -> f64 {
        0.5 * (self.up + self.down)
    }
}

/// How far the membrane is moved, either way, codes of the column ADC.
const STEP: f64 = 20.0;

impl SubthresholdAdaptation {
    /// With an adaptation of this time constant.
    pub fn new(tau_us: f64) -> Self {
        Self { tau_us, settled: SimTime::ZERO, alone: Vec::new(), targets: Vec::new(), before: None }
    }

    fn swings(&self, session: &mut Session<'_>, adapting: bool) -> Result<Vec<Swing>> {
        let length = SimTime::from_ps(2 * self.settled.as_ps());
        let recording = Recording {
            sampling_time: length,
            wait_between_neurons: length + SimTime::from_us(100),
            clock_division: 1,
        }
        .with_samples(SAMPLES);
        let name = self.declaration().name;
        let traces = madc::record(session, name, &recording, |timeline, _, neuron, connected, at| {
            let up = NeuronConfig { en_adapt: adapting, en_mem_off: true, ..*connected };
            let instance = coordinates::neuron_config(neuron);
            write_at(timeline, at, instance, &up);
            write_at(timeline, at + self.settled, instance, &NeuronConfig { invert_current: true, ..up });
            write_at(timeline, at + length, instance, connected);
        })?;
        let half = self.settled.as_us_f64();
        let swing = |trace: &Trace| {
            let part =
                |end: f64| mean(&trace.codes[trace.index(end - 0.2 * half)..trace.index(end - 0.01 * half)]);
            Swing { up: part(half), down: part(2.0 * half) }
        };
        Ok(traces.iter().map(swing).collect())
    }
}

impl Routine for SubthresholdAdaptation {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "subthreshold adaptation",
            knob: "i_bias_adapt_a",
            range: CELL,
            inverted: false,
            hints: ["the wanted adaptation may be too weak", "the wanted adaptation may be too strong"],
            leaves: &["invert_adaptation_a", "enable_adaptation"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let name = self.declaration().name;
        let Some(target) = target else {
            let what = "running without a target".into();
            return Err(CalibrationError::NotSupported { routine: name, what });
        };
        self.targets = Session::spread(target, session.neurons().len())?;
        // The membrane would run away from where it is at -1.
        if let Some(&value) = self.targets.iter().find(|value| !(-0.8..=20.0).contains(*value)) {
            return Err(CalibrationError::Target { parameter: "a", value, lower: -0.8, upper: 20.0 });
        }
        // A negative one makes the membrane slower, too.
        let slowest = self.targets.iter().fold(1.0_f64, |slow, target| slow.max(1.0 / (1.0 + target)));
        self.settled = microseconds(8.0 * self.tau_us * slowest);
        self.before = Some(Before::of(session, &[Cell::IMemOffset]));
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |index, config| {
            *config = NeuronConfig { invert_adapt_a: self.targets[index] < 0.0, ..quiet(config) };
        });
        session.link.run_program(&program.finish()?)?;
        offset_step::find(session, &vec![STEP; self.targets.len()])?;
        self.alone = self.swings(session, false)?;
        Ok(self.targets.iter().map(|target| target.abs()).collect())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasAdaptA, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let strength = |(index, swing): (usize, Swing)| {
            let alone = self.alone[index];
            let relative = alone.step() / swing.step() - 1.0;
            if self.targets[index] >= 0.0 {
                // So strong that nothing of the step is left.
                return if swing.step() <= 0.0 { f64::INFINITY } else { relative };
            }
            // From -1 on the membrane leaves for one side, and stays there whatever the current.
            let gone = (swing.middle() - alone.middle()).abs() > 0.5 * alone.step();
            if gone { f64::INFINITY } else { -relative }
        };
        Ok(self.swings(session, true)?.into_iter().enumerate().map(strength).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let Some(before) = self.before.take() else { return Ok(()) };
        before.put_back_but(session, |now, before| NeuronConfig {
            en_adapt: false,
            invert_adapt_a: now.invert_adapt_a,
            ..before
        })
    }
}

/// What an increment by a spike is seen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// On the adaptation voltage, as calibration 16.3 has it. What becomes of it at the membrane still differs from neuron to neuron.
    AdaptationVoltage,
    /// On the membrane, `b / g_l`: how far one spike pulls it down once it has come back from the reset.
    Membrane,
}

/// ADP-3: brings what one artificial spike adds to the adaptation to a target by `i_bias_adapt_b`, its sign bit, and the clock of the
/// pulse. In codes of the column ADC, positive for what slows a neuron down; there is no default.
///
/// The clock scale is one for all neurons of a side; it is chosen such that most neurons reach the largest target in the middle of the
/// range. Needs a calibrated time constant. The coupling to the membrane is off meanwhile.
#[derive(Clone, Debug)]
pub struct SpikeTriggeredAdaptation {
    /// The calibrated time constant of the adaptation, microseconds.
    pub tau_us: f64,
    /// The membrane time constant, microseconds.
    pub tau_mem_us: f64,
    /// What the increment is seen on.
    pub seen: Seen,
    targets: Vec<f64>,
    madc_per_cadc: Vec<f64>,
    before: Option<(Before, BackEnd)>,
}

impl SpikeTriggeredAdaptation {
    /// With an adaptation and a membrane of these time constants, seen on the membrane.
    pub fn new(tau_us: f64, tau_mem_us: f64) -> Self {
        Self {
            tau_us,
            tau_mem_us,
            seen: Seen::Membrane,
            targets: Vec::new(),
            madc_per_cadc: Vec::new(),
            before: None,
        }
    }

    /// Increments by one spike, codes of the column ADC, positive in the direction of the target.
    fn increments(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let name = self.declaration().name;
        // Nothing else is known as well as the time constant.
        let bounds = (0.5 * self.tau_us, 2.0 * self.tau_us);
        let (skip, sign, factor) = match self.seen {
            Seen::AdaptationVoltage => (5.0, 1.0, 1.0),
            // The reset has to be over; and the membrane follows with a delay.
            Seen::Membrane => {
                let held = session.refractory_times().into_iter().max().unwrap_or(SimTime::ZERO);
                let factor = (self.tau_us - self.tau_mem_us) / self.tau_us;
                (held.as_us_f64() + 6.0 * self.tau_mem_us, -1.0, factor)
            }
        };
        let adapting = self.seen == Seen::Membrane;
        let fits = after_spike(session, name, self.tau_us, skip, adapting, bounds)?;
        let increment = |(index, fit): (usize, Option<Exponential>)| {
            let direction = if self.targets[index] < 0.0 { -1.0 } else { 1.0 };
            fit.map_or(f64::NAN, |fit| direction * sign * factor * fit.scale / self.madc_per_cadc[index])
        };
        Ok(fits.into_iter().enumerate().map(increment).collect())
    }
}

impl Routine for SpikeTriggeredAdaptation {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "spike-triggered adaptation",
            knob: "i_bias_adapt_b",
            range: CELL,
            inverted: false,
            hints: ["the wanted increment may be too small", "the wanted increment may be too large"],
            leaves: &["clock_scale_adaptation_pulse", "invert_adaptation_b", "enable_adaptation"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let name = self.declaration().name;
        let Some(target) = target else {
            let what = "running without a target".into();
            return Err(CalibrationError::NotSupported { routine: name, what });
        };
        self.targets = Session::spread(target, session.neurons().len())?;
        let before = Before::of(session, &[Cell::IMemOffset, Cell::IBiasAdaptA]);
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| *config = quiet(config));
        session.link.run_program(&program.finish()?)?;
        let steps = offset_step::find(session, &vec![2.0 * STEP; self.targets.len()])?;
        let recorded = offset_step::record(session, name, &steps, self.tau_mem_us)?;
        self.madc_per_cadc = recorded.iter().map(|recorded| recorded.madc_per_cadc).collect();

        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptA, 0);
        session.write_cells_noisy(&mut program, Cell::IBiasAdaptB, CELL.upper / 2);
        session.write_cells_noisy(&mut program, Cell::VAdaptRef, REFERENCE);
        session.change_neurons(&mut program, |index, config| {
            let watched = match self.seen {
                Seen::AdaptationVoltage => watch_adaptation(config),
                Seen::Membrane => NeuronConfig { en_fire: true, ..quiet(config) },
            };
            *config = NeuronConfig { invert_adapt_b: self.targets[index] < 0.0, ..watched };
        });
        let back_end = BackEnd::with_pulses(session, &mut program, PULSE_SCALE);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        self.before = Some((before, back_end));
        let middle = median(&self.increments(session)?).unwrap_or(f64::NAN);
        let largest = self.targets.iter().fold(0.0_f64, |largest, target| largest.max(target.abs()));
        let mut scale = PULSE_SCALE;
        if middle > 0.0 && largest > 0.0 {
            // Every scale doubles the pulse. NaN and overflow can't be: both are positive.
            let doublings = bss2_base::math::ln(largest / middle) / bss2_base::math::ln(2.0);
            scale = (f64::from(PULSE_SCALE) + doublings.round()).clamp(0.0, 15.0) as u8;
        }
        let mut program = ProgramBuilder::new();
        set_pulse_scale(session, &mut program, scale);
        session.link.run_program(&program.finish()?)?;
        Ok(self.targets.iter().map(|target| target.abs()).collect())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasAdaptB, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.increments(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        let Some((before, back_end)) = self.before.take() else { return Ok(()) };
        back_end.put_back(session, true)?;
        before.put_back_but(session, |now, before| NeuronConfig {
            en_adapt: false,
            invert_adapt_b: now.invert_adapt_b,
            ..before
        })
    }
}
