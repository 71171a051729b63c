//! What a chip looks like as a whole: statistics of every parameter over its instances.

use super::{ChipMismatch, Parameter};
use serde::Serialize;

/// Mean, spread and range of a set of values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample (n - 1); 0 for a single value.
    pub sigma: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Statistics {
    /// Of these values; all NaN if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        // Welford's recurrence: stable when the spread is small against the mean.
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            count += 1.0;
            let delta = value - mean;
            mean += delta / count;
            squares += delta * (value - mean);
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
        }
        if count == 0.0 {
            return Self { mean: f64::NAN, sigma: f64::NAN, min: f64::NAN, max: f64::NAN };
        }
        let sigma = if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Self { mean, sigma, min, max }
    }
}

/// One parameter of a chip over all its instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterSummary {
    /// The parameter.
    pub parameter: Parameter,
    /// Its path in the parameter file.
    pub path: &'static str,
    /// Unit of all values.
    pub unit: &'static str,
    /// Value of the typical chip.
    pub nominal: f64,
    /// Number of values: instances times values per instance.
    pub count: usize,
    /// Over all instances.
    #[serde(flatten)]
    pub all: Statistics,
    /// Mean of each quadrant; `None` for what exists once per chip.
    pub quadrant_means: Option<[f64; 4]>,
}

impl ChipMismatch {
    /// Statistics of one parameter over this chip. Correlation gradients and defects are not included.
    pub fn summarize(&self, parameter: Parameter) -> ParameterSummary {
        let row = parameter.quantity();
        let instances = row.kind.instances();
        let mut values = Vec::with_capacity(instances * row.draws as usize);
        let mut quadrants: [Vec<f64>; 4] = Default::default();
        for instance in 0..instances {
            for draw in 0..row.draws {
                let value = self.value_of(parameter, instance, draw);
                values.push(value);
                quadrants[row.kind.quadrant(instance).index()].push(value);
            }
        }
        let means = quadrants.map(|values| Statistics::of(values).mean);
        ParameterSummary {
            parameter,
            path: row.path,
            unit: row.unit,
            nominal: row.nominal,
            count: values.len(),
            all: Statistics::of(values),
            quadrant_means: (instances > 1).then_some(means),
        }
    }

    /// Statistics of every parameter, in the order of the parameter file.
    pub fn summary(&self) -> Vec<ParameterSummary> {
        Parameter::ALL.iter().map(|&parameter| self.summarize(parameter)).collect()
    }
}
