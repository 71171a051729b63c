//! `knob ← knob · (1 + gain · (target / result − 1))` (calibration 16.2).

use super::{Counted, SearchError, same_shape};
use serde::{Deserialize, Serialize};

/// The update of the lab course, for observables in proportion to their knob; of all settings that were tried, the best wins.
/// With an inverted observable the ratio is turned over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Multiplicative {
    /// Part of the wanted change that is done at once.
    pub gain: f64,
    /// Number of measurements.
    pub iterations: usize,
    /// Where to begin, one setting for each instance; `None`: in the middle of the range.
    pub start: Option<Vec<i32>>,
}

impl Default for Multiplicative {
    /// Gain 0.7, 20 iterations (calibration 16.2).
    fn default() -> Self {
        Self { gain: 0.7, iterations: 20, start: None }
    }
}

impl Multiplicative {
    pub(super) fn run<E>(&self, bench: &mut Counted<'_, '_, E>) -> Result<Vec<(i32, f64)>, SearchError<E>> {
        let problem = bench.problem;
        if !(self.gain > 0.0 && self.gain <= 2.0) || self.iterations == 0 {
            return Err(SearchError::BadOption(
                "a multiplicative update needs a gain above 0 and at most 2, and an iteration",
            ));
        }
        let mut knobs: Vec<f64> = match &self.start {
            Some(start) => {
                same_shape("start values", start.len(), problem)?;
                start.iter().map(|&knob| f64::from(knob)).collect()
            }
            None => vec![f64::from(problem.range.middle()); problem.instances()],
        };
        let mut best: Vec<(i32, f64)> = vec![(problem.range.middle(), f64::NAN); problem.instances()];
        for _ in 0..self.iterations {
            let settings: Vec<i32> =
                knobs.iter().map(|knob| problem.range.clip(knob.round() as i32)).collect();
            let measured = bench.measure(&settings)?;
            for (instance, knob) in knobs.iter_mut().enumerate() {
                let (result, target) = (measured[instance], problem.target[instance]);
                let (_, before) = best[instance];
                if before.is_nan()
                    || problem.deviation(instance, result) < problem.deviation(instance, before)
                {
                    best[instance] = (settings[instance], result);
                }
                if !problem.selected(instance) {
                    continue;
                }
                let ratio = if problem.inverted { result / target } else { target / result };
                // No result, or one of the wrong sign: half or double, toward more where nothing came out.
                let ratio = if ratio.is_finite() { ratio.clamp(0.5, 2.0) } else { 2.0 };
                *knob = (*knob * (1.0 + self.gain * (ratio - 1.0)))
                    .clamp(f64::from(problem.range.lower()), f64::from(problem.range.upper()));
            }
        }
        Ok(best)
    }
}
