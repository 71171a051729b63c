//! One probe and a model (calibration 1.5.4).

use super::{Counted, SearchError, same_shape};
use crate::fit::{Polynomial, polynomial};
use serde::{Deserialize, Serialize};

/// A polynomial from result to setting, the same for all instances. The distance of an instance from the model at the probe is
/// assumed everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Setting as a function of the result.
    pub model: Polynomial,
    /// Setting of the one probe, for each instance.
    pub probe: Vec<i32>,
    /// Whether the predicted settings are measured, so that there are results and residuals. Costs a second measurement.
    pub verify: bool,
}

impl Prediction {
    /// A straight line with this many settings per unit of the result, probed at `probe`; used for the channel offsets of
    /// the ADC (calibration 4.1).
    pub fn linear(slope: f64, probe: i32, instances: usize) -> Self {
        Self {
            model: Polynomial { coefficients: vec![0.0, slope] },
            probe: vec![probe; instances],
            verify: true,
        }
    }

    /// Fits a polynomial to pairs of result and setting and probes at the median setting. `None` if there are not enough
    /// pairs.
    pub fn from_data(results: &[f64], settings: &[i32], degree: usize, instances: usize) -> Option<Self> {
        let mut sorted = settings.to_vec();
        sorted.sort_unstable();
        let values: Vec<f64> = settings.iter().map(|&setting| f64::from(setting)).collect();
        let model = polynomial(results, &values, degree)?;
        let probe = *sorted.get(sorted.len() / 2)?;
        Some(Self { model, probe: vec![probe; instances], verify: true })
    }

    pub(super) fn run<E>(&self, bench: &mut Counted<'_, '_, E>) -> Result<Vec<(i32, f64)>, SearchError<E>> {
        let problem = bench.problem;
        same_shape("probe", self.probe.len(), problem)?;
        let probe: Vec<i32> = self.probe.iter().map(|&knob| problem.range.clip(knob)).collect();
        let measured = bench.measure(&probe)?;
        let predict = |instance: usize| {
            let shift = f64::from(probe[instance]) - self.model.at(measured[instance]);
            let wanted = (self.model.at(problem.target[instance]) + shift).round();
            if problem.selected(instance) && wanted.is_finite() {
                // `as` saturates.
                problem.range.clip(wanted as i32)
            } else {
                probe[instance]
            }
        };
        let knobs: Vec<i32> = (0..problem.instances()).map(predict).collect();
        let results = if self.verify { bench.measure(&knobs)? } else { measured };
        Ok(knobs.into_iter().zip(results).collect())
    }
}
