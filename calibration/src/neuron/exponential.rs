//! The exponential term (calibration 16.3, EXP-1 and EXP-2): where it sets in, and how steep it is.
//!
//! Both follow from one recording of a membrane that an offset current drives through the onset: the same current without the
//! exponential shows leak and current alone, and what is left of the slope is
//!
//! ```text
//! dV/dt - (V_plateau - V) / τ_mem  =  Δ_T / τ_mem · exp((V - V_T) / Δ_T)
//! ```
//!
//! so that the excess at the onset V_T is that of a leak over Δ_T. Instead of differentiating a noisy trace, the times at which the
//! membrane passes a ladder of potentials are compared with the integral of the equation, by least squares (16.1).

use super::before::Before;
use super::offset_step::{self, RecordedStep, STEP_AT};
use super::potential::CELL;
use crate::algorithms::{Multiplicative, Search};
use crate::error::{CalibrationError, Result};
use crate::fit::{LeastSquares, least_squares};
use crate::primitives::madc::{self, Recording, Trace, write_at};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::{SimTime, math};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;

/// Onset and slope of an exponential, codes of the column ADC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// V_T, where the exponential current is that of the leak over the slope. Infinite if the membrane did not get away.
    pub onset: f64,
    /// Δ_T, infinite if the membrane did not get away.
    pub slope: f64,
}

/// The membrane did not get away: the exponential sets in too late, or is too flat.
const QUIET: Shape = Shape { onset: f64::INFINITY, slope: f64::INFINITY };
/// How far above the onset the current alone would lead, codes.
const BEYOND: f64 = 40.0;
/// A membrane this far above where the current alone leads has got away, codes.
const AWAY: f64 = 10.0;
/// Rungs of the ladder of potentials, and parts of the integral between two of them.
const RUNGS: usize = 30;
const PARTS: usize = 4;
/// Samples of a recording, and of the running mean that is taken for the membrane.
const SAMPLES: usize = 1000;
const SMOOTH: usize = 5;
/// Rates above this, in codes per microsecond, count no more: the time of a sample is not known any better.
const FASTEST: f64 = 20.0;
/// Bounds of the slope, codes.
const SLOPES: (f64, f64) = (0.5, 200.0);

/// A recording reduced to what is fitted.
struct Passage {
    /// Potentials in codes of the column ADC, the first where the current begins, and when they were passed, microseconds after that.
    rungs: Vec<(f64, f64)>,
    /// What a time counts as a potential at each rung but the first: the rate that was seen, codes per microsecond.
    weights: Vec<f64>,
    plateau: f64,
    tau: f64,
}

impl Passage {
    /// Rungs from where the trace begins to where the membrane has got away; `None` if it has not.
    fn of(trace: &Trace, alone: &RecordedStep) -> Option<Self> {
        let (rest, plateau) = (alone.step.rest, alone.step.plateau);
        let begin = trace.index(STEP_AT.as_us_f64());
        let smooth: Vec<f64> = trace
            .codes
            .windows(SMOOTH)
            .skip(begin)
            .map(|window| alone.cadc(window.iter().sum::<f64>() / SMOOTH as f64))
            .collect();
        // The time of the first window's middle after the current begins.
        let first = (begin as f64 + 0.5 * (SMOOTH as f64 - 1.0)) * trace.period_us - STEP_AT.as_us_f64();
        let away = smooth.iter().position(|code| *code > plateau + AWAY)?;
        let top = plateau + AWAY;
        let mut rungs = vec![(rest, 0.0)];
        for rung in 1..=RUNGS {
            let potential = rest + (top - rest) * rung as f64 / RUNGS as f64;
            // The first passage is early by the noise, the last one late.
            let above = smooth[..=away].iter().position(|code| *code > potential)?;
            let below = smooth[..=away].iter().rposition(|code| *code <= potential).map_or(0, |k| k + 1);
            let place = 0.5 * (above + below) as f64 - 0.5;
            rungs.push((potential, (first + place * trace.period_us).max(0.0)));
        }
        let weights = (1..rungs.len()).map(|rung| {
            let (below, above) = (rungs[rung.saturating_sub(2)], rungs[(rung + 2).min(RUNGS)]);
            let rate = (above.0 - below.0) / (above.1 - below.1).max(trace.period_us);
            rate / (1.0 + rate / FASTEST)
        });
        Some(Self { weights: weights.collect(), rungs, plateau, tau: alone.tau })
    }

    /// Rate of the membrane in codes per microsecond.
    fn rate(&self, potential: f64, onset: f64, slope: f64) -> f64 {
        let excess = slope * math::exp(((potential - onset) / slope).min(40.0));
        // Where it would stand still, the integral has no end.
        ((self.plateau - potential + excess) / self.tau).max(1e-3)
    }
}

impl LeastSquares for Passage {
    fn residuals(&self) -> usize {
        self.rungs.len() - 1
    }

    fn evaluate(&self, parameters: &[f64], residuals: &mut [f64]) {
        let &[onset, ln_slope] = parameters else { return residuals.fill(f64::NAN) };
        let slope = math::exp(ln_slope);
        let mut time = 0.0;
        for ((residual, weight), pair) in residuals.iter_mut().zip(&self.weights).zip(self.rungs.windows(2)) {
            let ((from, _), (to, passed)) = (pair[0], pair[1]);
            // Simpson's rule.
            let step = (to - from) / PARTS as f64;
            for part in 0..PARTS {
                let low = from + step * part as f64;
                let slowness = |share: f64| 1.0 / self.rate(low + share * step, onset, slope);
                time += step / 6.0 * (slowness(0.0) + 4.0 * slowness(0.5) + slowness(1.0));
            }
            *residual = (time - passed) * weight;
        }
    }
}

/// Onset and slope from a recording; NaN where nothing can be fitted.
fn shape(trace: &Trace, alone: &RecordedStep) -> Shape {
    const UNKNOWN: Shape = Shape { onset: f64::NAN, slope: f64::NAN };
    if !(alone.tau.is_finite() && alone.madc_per_cadc > 0.0) {
        return UNKNOWN;
    }
    let Some(passage) = Passage::of(trace, alone) else { return QUIET };
    let (rest, plateau) = (alone.step.rest, alone.step.plateau);
    let bounds = [(rest - 2.0 * BEYOND, plateau + 4.0 * BEYOND), (math::ln(SLOPES.0), math::ln(SLOPES.1))];
    let square = |start: &[f64; 2]| {
        let mut residuals = vec![0.0; passage.residuals()];
        passage.evaluate(start, &mut residuals);
        residuals.iter().map(|residual| residual * residual).sum::<f64>()
    };
    let starts = (0..14).flat_map(|place| {
        let onset = rest - 20.0 + (plateau - rest + 30.0) * f64::from(place) / 13.0;
        [3.0, 8.0, 20.0].map(|slope| [onset, math::ln(slope)])
    });
    let start = starts.min_by(|one, other| square(one).total_cmp(&square(other)));
    let found = start.and_then(|start| least_squares(&passage, &start, &bounds));
    match found.as_ref().map(|found| found.parameters.as_slice()) {
        Some(&[onset, ln_slope]) => Shape { onset, slope: math::exp(ln_slope) },
        _ => UNKNOWN,
    }
}

/// What both routines do before, during and after a recording.
#[derive(Clone, Debug)]
struct Drive {
    tau_mem_us: f64,
    alone: Vec<RecordedStep>,
    before: Before,
}

impl Drive {
    /// Finds currents that lead [`BEYOND`] the onsets, and records what they do alone.
    fn begin(
        session: &mut Session<'_>,
        routine: &'static str,
        onsets: &[f64],
        tau_mem_us: f64,
    ) -> Result<Self> {
        let before = Before::of(session, &[Cell::IMemOffset]);
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig {
                en_exp: false,
                en_adapt: false,
                en_thresh_comp: false,
                en_mem_off: false,
                invert_current: false,
                ..*config
            };
        });
        program.barrier_omnibus().wait(SimTime::from_ms(1));
        session.link.run_program(&program.finish()?)?;
        let rest = crate::primitives::cadc::potentials(session)?;
        let rise: Vec<f64> =
            onsets.iter().zip(&rest).map(|(onset, rest)| (onset + BEYOND - rest).max(BEYOND)).collect();
        let steps = offset_step::find(session, &rise)?;
        let alone = offset_step::record(session, routine, &steps, tau_mem_us)?;
        Ok(Self { tau_mem_us, alone, before })
    }

    /// Onsets and slopes of the neurons concerned as they are now.
    fn shapes(&self, session: &mut Session<'_>, routine: &'static str) -> Result<Vec<Shape>> {
        // The current alone needs some three time constants to its onset.
        let length = STEP_AT + SimTime::from_secs_f64(6e-6 * self.tau_mem_us);
        let recording = Recording {
            sampling_time: length,
            wait_between_neurons: length + SimTime::from_us(50),
            clock_division: 1,
        }
        .with_samples(SAMPLES);
        let traces = madc::record(session, routine, &recording, |timeline, _, neuron, connected, at| {
            let driven = NeuronConfig { en_exp: true, en_mem_off: true, ..*connected };
            let instance = coordinates::neuron_config(neuron);
            write_at(timeline, at + STEP_AT, instance, &driven);
            write_at(timeline, at + length, instance, connected);
        })?;
        Ok(traces.iter().zip(&self.alone).map(|(trace, alone)| shape(trace, alone)).collect())
    }

    fn end(self, session: &mut Session<'_>) -> Result<()> {
        self.before.put_back_but(session, |_, before| NeuronConfig { en_exp: false, ..before })
    }
}

fn not_begun(routine: &'static str) -> CalibrationError {
    CalibrationError::NotSuccessful { routine, reason: "measured before its prelude".into() }
}

/// EXP-1: brings the onset of the exponential to a code of the column ADC by `v_exp`; 110 without a target.
///
/// The onset depends on the slope: [`calibrate`] goes to and fro. Needs a calibrated membrane time constant; leaves the exponential off.
#[derive(Clone, Debug)]
pub struct ExponentialOnset {
    /// The membrane time constant, microseconds, about.
    pub tau_mem_us: f64,
    drive: Option<Drive>,
}

impl ExponentialOnset {
    /// Of membranes of this time constant.
    pub fn new(tau_mem_us: f64) -> Self {
        Self { tau_mem_us, drive: None }
    }

    /// Measures without calibrating: onsets and slopes as they are now, with currents for onsets about `expected`. Comparators should
    /// be off. Everything is put back, with the exponential off.
    ///
    /// # Errors
    /// As [`madc::record`].
    pub fn measure_only(session: &mut Session<'_>, tau_mem_us: f64, expected: &[f64]) -> Result<Vec<Shape>> {
        let expected = Session::spread(expected, session.neurons().len())?;
        let drive = Drive::begin(session, ONSET, &expected, tau_mem_us)?;
        let shapes = drive.shapes(session, ONSET)?;
        drive.end(session)?;
        Ok(shapes)
    }
}

const ONSET: &str = "exponential onset";
const SLOPE: &str = "exponential slope";

impl Routine for ExponentialOnset {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: ONSET,
            knob: "v_exp",
            range: CELL,
            inverted: false,
            hints: ["the slope may be too small for this onset", "the slope may be too large for this onset"],
            leaves: &["enable_exponential"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[110.0]), session.neurons().len())?;
        self.drive = Some(Drive::begin(session, ONSET, &target, self.tau_mem_us)?);
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VExp, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let drive = self.drive.as_ref().ok_or_else(|| not_begun(ONSET))?;
        Ok(drive.shapes(session, ONSET)?.into_iter().map(|shape| shape.onset).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        self.drive.take().map_or(Ok(()), |drive| drive.end(session))
    }
}

/// EXP-2: brings the slope of the exponential to a number of codes of the column ADC by `i_bias_exp`; 10 without a target.
///
/// The onset moves along, which is why this is no routine to use alone: [`calibrate`].
#[derive(Clone, Debug)]
pub struct ExponentialSlope {
    /// The membrane time constant, microseconds, about.
    pub tau_mem_us: f64,
    /// Where the onsets are, codes of the column ADC.
    pub onset: Vec<f64>,
    drive: Option<Drive>,
}

impl ExponentialSlope {
    /// Of membranes of this time constant and exponentials with these onsets.
    pub fn new(tau_mem_us: f64, onset: Vec<f64>) -> Self {
        Self { tau_mem_us, onset, drive: None }
    }
}

impl Routine for ExponentialSlope {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: SLOPE,
            knob: "i_bias_exp",
            range: Range::new(1, CELL.upper),
            inverted: true,
            hints: ["the slope may be too large", "the slope may be too small"],
            leaves: &["enable_exponential", "the onset has to be calibrated anew"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let count = session.neurons().len();
        let target = Session::spread(target.unwrap_or(&[10.0]), count)?;
        let onsets = Session::spread(&self.onset, count)?;
        self.drive = Some(Drive::begin(session, SLOPE, &onsets, self.tau_mem_us)?);
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasExp, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let drive = self.drive.as_ref().ok_or_else(|| not_begun(SLOPE))?;
        Ok(drive.shapes(session, SLOPE)?.into_iter().map(|shape| shape.slope).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        self.drive.take().map_or(Ok(()), |drive| drive.end(session))
    }
}

/// Product of bias code and slope of the nominal circuit, 10.5 V (analog-core 3.8), in codes of 4.5 mV: where the search begins.
const CODE_TIMES_SLOPE: f64 = 2333.0;
/// Measurements of a slope in each round; the slope is in inverse proportion to its bias, so that these go all the way.
const SLOPE_STEPS: usize = 2;

/// Brings onset and slope of the exponential to their targets, to and fro: onset, then slope in each of `rounds` (3 are usual), and
/// the onset once more. Gives the outcomes of the last onset and the last slope.
///
/// # Errors
/// What the routines fail with; [`CalibrationError::Lengths`] for lists of another length.
pub fn calibrate(
    session: &mut Session<'_>,
    tau_mem_us: f64,
    onset: &[f64],
    slope: &[f64],
    rounds: usize,
) -> Result<[Outcome; 2]> {
    let count = session.neurons().len();
    let (onset, slope) = (Session::spread(onset, count)?, Session::spread(slope, count)?);
    if let Some(&value) = slope.iter().find(|value| !(2.0..=50.0).contains(*value)) {
        return Err(CalibrationError::Target {
            parameter: "exponential slope",
            value,
            lower: 2.0,
            upper: 50.0,
        });
    }
    let codes: Vec<i32> = slope.iter().map(|slope| (CODE_TIMES_SLOPE / slope).round() as i32).collect();
    let mut program = ProgramBuilder::new();
    session.write_cells(&mut program, Cell::IBiasExp, &codes);
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    let mut last = None;
    for _ in 0..rounds.max(1) {
        session.calibrate(&mut ExponentialOnset::new(tau_mem_us), &Search::NOISY, Some(&onset))?;
        let start = Some(session.cells(Cell::IBiasExp));
        let steps = Search::Multiplicative(Multiplicative { gain: 1.0, iterations: SLOPE_STEPS, start });
        let mut routine = ExponentialSlope::new(tau_mem_us, onset.clone());
        last = Some(session.calibrate(&mut routine, &steps, Some(&slope))?);
    }
    let first = session.calibrate(&mut ExponentialOnset::new(tau_mem_us), &Search::NOISY, Some(&onset))?;
    match last {
        Some(last) => Ok([first, last]),
        None => Err(not_begun(SLOPE)),
    }
}
