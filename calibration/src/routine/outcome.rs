//! What came out of a routine.

use serde::{Deserialize, Serialize};

/// What a routine came to, by instance (calibration 1.4, 13).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the routine.
    pub routine: String,
    /// Official name of the knob.
    pub knob: String,
    /// What was wanted, in units of the observable.
    pub targets: Vec<f64>,
    /// The calibrated values of the knob, clipped to its range.
    pub parameters: Vec<i32>,
    /// Whether the instance succeeded: its parameter is not at an end of the range, and nothing else speaks against it.
    pub success: Vec<bool>,
    /// What was measured last near the chosen parameter, minus the target, in units of the observable; NaN if unknown.
    pub residuals: Vec<f64>,
}

impl Outcome {
    /// Number of instances.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Instances that failed.
    pub fn failures(&self) -> usize {
        self.success.iter().filter(|success| !**success).count()
    }

    /// Instances without a result fail, wherever their parameter ended.
    pub fn fail_unmeasured(&mut self) {
        for (success, residual) in self.success.iter_mut().zip(&self.residuals) {
            *success &= residual.is_finite();
        }
    }

    /// Median of the parameters of the instances that succeeded; `None` if none did.
    pub fn median_parameter(&self) -> Option<i32> {
        let mut good: Vec<i32> = self
            .parameters
            .iter()
            .zip(&self.success)
            .filter(|(_, good)| **good)
            .map(|(value, _)| *value)
            .collect();
        good.sort_unstable();
        good.get(good.len() / 2).copied()
    }
}
