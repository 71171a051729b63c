//! One-dimensional searches, run for many instances at once (calibration 1.5, 16.2).
//!
//! Every instance (a neuron, a quadrant, a channel, a driver) has one integer knob and one number that is measured. A search
//! proposes one knob setting for each instance, the caller sets them all and measures them all, and so on: the cost of a
//! search is the number of its measurements, not the number of instances.
//!
//! ```
//! use bss2_calibration::algorithms::{Search, KnobRange, Problem};
//!
//! let problem = Problem::new(KnobRange::new(0, 1022)?, vec![400.3; 512]);
//! let found = Search::Binary.find(&problem, &mut |knobs: &[i32]| {
//!     Ok::<_, std::convert::Infallible>(knobs.iter().map(|&knob| f64::from(knob)).collect())
//! })?;
//! assert_eq!((found.knobs[17], found.success[17], found.measurements), (400, true, 12));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adapter;
mod around;
mod bisection;
mod linear;
mod multiplicative;
mod predictive;
mod probabilistic;

use bss2_base::random::{Level, Stream, path_hash};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use around::Around;
pub use linear::LinearSearch;
pub use multiplicative::Multiplicative;
pub use predictive::Prediction;
pub use probabilistic::ProbabilisticBisection;

/// The settings that a knob can take, both ends included (calibration 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[i32; 2]", into = "[i32; 2]")]
pub struct KnobRange {
    lower: i32,
    upper: i32,
}

/// A range of less than two settings, or of more than 2^24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a knob from {lower} to {upper} can't be searched: the upper end must be 1 to 2^24 above the lower")]
pub struct InvalidRange {
    /// Lower end.
    pub lower: i32,
    /// Upper end.
    pub upper: i32,
}

impl KnobRange {
    /// The codes of an analog cell, 0 to 1022: 1023 would stop its refresh (calibration 0.2).
    pub const CAPMEM: Self = Self { lower: 0, upper: 1022 };

    /// From `lower` to `upper`.
    ///
    /// # Errors
    /// [`InvalidRange`] unless `1 <= upper - lower <= 2^24`.
    pub const fn new(lower: i32, upper: i32) -> Result<Self, InvalidRange> {
        let span = upper as i64 - lower as i64;
        if span < 1 || span > 1 << 24 {
            return Err(InvalidRange { lower, upper });
        }
        Ok(Self { lower, upper })
    }

    /// The lower end.
    pub const fn lower(self) -> i32 {
        self.lower
    }

    /// The upper end.
    pub const fn upper(self) -> i32 {
        self.upper
    }

    /// Number of settings.
    pub const fn settings(self) -> u32 {
        (self.upper - self.lower) as u32 + 1
    }

    /// The nearest setting.
    pub fn clip(self, knob: i32) -> i32 {
        knob.clamp(self.lower, self.upper)
    }

    /// The setting in the middle: `lower + settings / 2`.
    pub const fn middle(self) -> i32 {
        self.lower + (self.settings() / 2) as i32
    }

    /// Whether a knob at this setting has come to an end of its range: the official criterion of failure (calibration 1.4).
    pub const fn is_boundary(self, knob: i32) -> bool {
        knob <= self.lower || knob >= self.upper
    }
}

impl TryFrom<[i32; 2]> for KnobRange {
    type Error = InvalidRange;

    fn try_from([lower, upper]: [i32; 2]) -> Result<Self, InvalidRange> {
        Self::new(lower, upper)
    }
}

impl From<KnobRange> for [i32; 2] {
    fn from(range: KnobRange) -> Self {
        [range.lower, range.upper]
    }
}

/// What a search is to find.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The settings of the knob.
    pub range: KnobRange,
    /// Whether the measured number falls when the knob rises.
    pub inverted: bool,
    /// The wanted number of each instance.
    pub target: Vec<f64>,
    /// Instances to calibrate; the others stay in the middle of the range, are measured along and never succeed. `None`: all.
    pub mask: Option<Vec<bool>>,
    /// Seed of what a search draws.
    pub seed: u64,
}

impl Problem {
    /// A rising observable with these targets.
    pub fn new(range: KnobRange, target: Vec<f64>) -> Self {
        Self { range, inverted: false, target, mask: None, seed: 0 }
    }

    /// The same with a falling observable.
    pub fn inverted(self) -> Self {
        Self { inverted: true, ..self }
    }

    /// The same for a part of the instances.
    pub fn masked(self, mask: Vec<bool>) -> Self {
        Self { mask: Some(mask), ..self }
    }

    fn instances(&self) -> usize {
        self.target.len()
    }

    fn selected(&self, instance: usize) -> bool {
        self.mask.as_ref().is_none_or(|mask| mask.get(instance).copied().unwrap_or(false))
    }

    /// The sign of the move that brings a result to its target: 1 raises the knob, on ties too; 0 if there is no result.
    fn direction(&self, instance: usize, result: f64) -> i32 {
        let target = self.target[instance];
        if result.is_nan() || target.is_nan() {
            0
        } else if (result > target) == self.inverted {
            1
        } else {
            -1
        }
    }

    /// Distance from the target; infinite where there is no result.
    fn deviation(&self, instance: usize, result: f64) -> f64 {
        let deviation = (result - self.target[instance]).abs();
        if deviation.is_nan() { f64::INFINITY } else { deviation }
    }
}

/// What a search found, by instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The chosen settings. They are to be written once more by the caller.
    pub knobs: Vec<i32>,
    /// What was measured with them; NaN if there never was a result.
    pub results: Vec<f64>,
    /// Result minus target.
    pub residuals: Vec<f64>,
    /// Whether the setting is inside of the range and there was a result. The deviation from the target is not judged
    /// (calibration 1.4).
    pub success: Vec<bool>,
    /// Number of measurements.
    pub measurements: usize,
}

impl Found {
    /// Judges the chosen settings.
    fn judge(problem: &Problem, chosen: Vec<(i32, f64)>, measurements: usize) -> Self {
        let judged = |(instance, &(knob, result)): (usize, &(i32, f64))| {
            problem.selected(instance) && !problem.range.is_boundary(knob) && !result.is_nan()
        };
        Self {
            success: chosen.iter().enumerate().map(judged).collect(),
            residuals: chosen
                .iter()
                .zip(&problem.target)
                .map(|((_, result), target)| result - target)
                .collect(),
            knobs: chosen.iter().map(|&(knob, _)| knob).collect(),
            results: chosen.into_iter().map(|(_, result)| result).collect(),
            measurements,
        }
    }
}

/// Why a search was given up. `E` is what a measurement can fail with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError<E> {
    /// The noise of the start values is larger than the first move (calibration 1.5.2).
    #[error(
        "excessive noise: the amplitude {amplitude} is larger than the first increment {first_increment}"
    )]
    ExcessiveNoise {
        /// The noise amplitude.
        amplitude: u32,
        /// The first move.
        first_increment: u32,
    },
    /// A measurement gave another number of results than there are instances.
    #[error("measurement {measurement} gave {results} results for {instances} instances")]
    WrongCount {
        /// Which measurement, from 0.
        measurement: usize,
        /// How many results it gave.
        results: usize,
        /// How many instances there are.
        instances: usize,
    },
    /// Masks, start values or models do not fit the number of instances.
    #[error("{what}: {given} values for {instances} instances")]
    WrongShape {
        /// What is of the wrong length.
        what: &'static str,
        /// Its length.
        given: usize,
        /// How many instances there are.
        instances: usize,
    },
    /// A number that the algorithm can't work with.
    #[error("{0}")]
    BadOption(&'static str),
    /// A measurement failed.
    #[error(transparent)]
    Measurement(E),
}

/// Sets the knobs of all instances and measures them all. An instance without a result gets NaN; one whose result is known to
/// be beyond everything gets an infinity.
pub type Measure<'m, E> = dyn FnMut(&[i32]) -> Result<Vec<f64>, E> + 'm;

/// A way to search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Search {
    /// Halving intervals (calibration 1.5.1): reaches the best setting of every monotone plant exactly.
    Binary,
    /// The same from noisy start values, so that no two cells hold the same code (calibration 1.5.2).
    NoisyBinary {
        /// Largest deviation of a start value; 5 is usual.
        amplitude: u32,
    },
    /// Steps of a fixed size (calibration 1.5.3).
    Linear(LinearSearch),
    /// One probe and a polynomial model (calibration 1.5.4).
    Predictive(Prediction),
    /// Bisection of a posterior, for noisy observables (calibration 16.2).
    Probabilistic(ProbabilisticBisection),
    /// Steps in proportion to the ratio of target and result (calibration 16.2).
    Multiplicative(Multiplicative),
}

impl Search {
    /// The default of all rows of neuron cells (calibration 1.5.2).
    pub const NOISY: Self = Self::NoisyBinary { amplitude: 5 };

    /// Runs the search.
    ///
    /// # Errors
    /// [`SearchError`]; an error of a measurement ends the search.
    pub fn find<E>(&self, problem: &Problem, measure: &mut Measure<'_, E>) -> Result<Found, SearchError<E>> {
        if let Some(mask) = &problem.mask {
            same_shape("mask", mask.len(), problem)?;
        }
        let mut bench = Counted { problem, measure, measurements: 0 };
        let chosen = match self {
            Self::Binary => bisection::search(&mut bench, 0)?,
            Self::NoisyBinary { amplitude } => bisection::search(&mut bench, *amplitude)?,
            Self::Linear(linear) => linear.run(&mut bench)?,
            Self::Predictive(prediction) => prediction.run(&mut bench)?,
            Self::Probabilistic(bisection) => bisection.run(&mut bench)?,
            Self::Multiplicative(update) => update.run(&mut bench)?,
        };
        Ok(Found::judge(problem, chosen, bench.measurements))
    }
}

fn same_shape<E>(what: &'static str, given: usize, problem: &Problem) -> Result<(), SearchError<E>> {
    let instances = problem.instances();
    if given == instances { Ok(()) } else { Err(SearchError::WrongShape { what, given, instances }) }
}

/// A measurement that counts and checks itself.
struct Counted<'p, 'm, E> {
    problem: &'p Problem,
    measure: &'p mut Measure<'m, E>,
    measurements: usize,
}

impl<E> Counted<'_, '_, E> {
    fn measure(&mut self, knobs: &[i32]) -> Result<Vec<f64>, SearchError<E>> {
        let results = (self.measure)(knobs).map_err(SearchError::Measurement)?;
        let instances = self.problem.instances();
        if results.len() != instances {
            let measurement = self.measurements;
            return Err(SearchError::WrongCount { measurement, results: results.len(), instances });
        }
        self.measurements += 1;
        Ok(results)
    }
}

/// Integers from `-amplitude` to `amplitude`, one for each instance, as the noise on equal cells (calibration 1.2): pure
/// functions of seed, name and number.
pub fn uniform_noise(seed: u64, name: &str, amplitude: u32, instances: usize) -> Vec<i32> {
    let amplitude = amplitude.min(1 << 20);
    let settings = f64::from(2 * amplitude + 1);
    (0..instances)
        .map(|instance| {
            let stream = Stream::new(seed, path_hash(name), Level::Noise, instance as u32);
            (stream.uniform(0) * settings).floor() as i32 - amplitude as i32
        })
        .collect()
}
