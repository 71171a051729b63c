//! What the specification asks of calibrated parameters, and whether it is reached (calibration 15).

use super::{mean, standard_deviation, trimmed, trimmed_spread};
use serde::{Deserialize, Serialize};

/// A limit, in units of the observable or as part of its mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// In units of the observable.
    Absolute(f64),
    /// As part of the mean (a coefficient of variation) or of the target (a bias).
    Relative(f64),
}

impl Limit {
    fn holds(self, value: f64, reference: f64) -> bool {
        match self {
            Self::Absolute(limit) => value.abs() <= limit,
            Self::Relative(limit) => value.abs() <= limit * reference.abs(),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Absolute(limit) => format!("≤ {limit}"),
            Self::Relative(limit) => format!("≤ {} %", (1000.0 * limit).round() / 10.0),
        }
    }
}

/// What must hold (reference tests).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// Nothing is asked.
    Nothing,
    /// Spread after by spread before.
    Ratio(f64),
    /// Spread after, in units of the observable.
    Spread(f64),
    /// Standard deviation of the values between the 10th and the 90th percentile.
    Core(f64),
}

/// What is asked of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    /// Required.
    pub must: Must,
    /// Wanted spread.
    pub spread: Option<Limit>,
    /// Wanted distance of the mean from the target.
    pub bias: Option<Limit>,
    /// Largest wanted part of failing instances.
    pub failing: Option<f64>,
}

impl Criteria {
    /// For people.
    pub fn must_text(&self) -> String {
        match self.must {
            Must::Nothing => "–".into(),
            Must::Ratio(limit) => format!("ratio < {limit}"),
            Must::Spread(limit) => format!("spread < {limit}"),
            Must::Core(limit) => format!("spread of the core < {limit}"),
        }
    }

    /// For people.
    pub fn goal_text(&self) -> String {
        let parts = [
            self.spread.map(|limit| format!("spread {}", limit.text())),
            self.bias.map(|limit| format!("bias {}", limit.text())),
            self.failing.map(|limit| format!("failing ≤ {} %", 100.0 * limit)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "–".into() } else { parts.join(", ") }
    }
}

/// One calibrated parameter of a chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// What it is.
    pub name: String,
    /// Unit of the observable.
    pub unit: String,
    /// What was wanted of all; `None` if every instance has its own target.
    pub target: Option<f64>,
    /// With the same setting everywhere. Not finite: could not be measured.
    #[serde(with = "numbers")]
    pub before: Vec<f64>,
    /// Calibrated.
    #[serde(with = "numbers")]
    pub after: Vec<f64>,
    /// Part of the instances that the routine itself calls failed.
    pub failing: Option<f64>,
    /// What is asked.
    pub criteria: Criteria,
}

/// What is reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Spread before, NaN if not measured.
    pub before: f64,
    /// Spread after.
    pub after: f64,
    /// Their ratio.
    pub ratio: f64,
    /// Mean after, minus target; NaN without a target.
    pub bias: f64,
    /// Part of failing instances, NaN if unknown.
    pub failed: f64,
    /// Whether what is required holds; `None` if nothing is.
    pub must: Option<bool>,
    /// Whether all that is wanted holds.
    pub goal: Option<bool>,
}

impl Parameter {
    /// Compares with what is asked.
    pub fn judge(&self) -> Judgement {
        let (before, after) = (trimmed_spread(&self.before), trimmed_spread(&self.after));
        let ratio = after / before;
        let middle = mean(&trimmed(&self.after, 0.05));
        let bias = self.target.map_or(f64::NAN, |target| middle - target);
        let failed = self.failing.unwrap_or(f64::NAN);
        let must = match self.criteria.must {
            Must::Nothing => None,
            Must::Ratio(limit) => Some(ratio < limit),
            Must::Spread(limit) => Some(standard_deviation(&self.after) < limit),
            Must::Core(limit) => Some(standard_deviation(&trimmed(&self.after, 0.1)) < limit),
        };
        let parts = [
            self.criteria.spread.map(|limit| limit.holds(after, middle)),
            self.criteria.bias.map(|limit| limit.holds(bias, self.target.unwrap_or(f64::NAN))),
            self.criteria.failing.map(|limit| failed <= limit),
        ];
        let known: Vec<bool> = parts.into_iter().flatten().collect();
        let goal = (!known.is_empty()).then(|| known.iter().all(|holds| *holds));
        Judgement { before, after, ratio, bias, failed, must, goal }
    }
}

/// A figure of how well routines found what is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What.
    pub name: String,
    /// Reached.
    #[serde(with = "number")]
    pub value: f64,
    /// Wanted.
    pub wanted: f64,
    /// Whether it shall be at least this; otherwise at most.
    pub at_least: bool,
}

impl Truth {
    /// Whether it is reached.
    pub fn passed(&self) -> bool {
        if self.at_least { self.value >= self.wanted } else { self.value <= self.wanted }
    }

    /// For people.
    pub fn wanted_text(&self) -> String {
        format!("{} {}", if self.at_least { "≥" } else { "≤" }, self.wanted)
    }
}

/// What a calibration came to on one chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChipReport {
    /// Which chip.
    pub seed: u64,
    /// Neurons that were calibrated.
    pub neurons: usize,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Recovery of the truth.
    pub truths: Vec<Truth>,
    /// Computing time by part.
    pub seconds: Vec<(String, f64)>,
    /// Time on the chip.
    pub chip_seconds: f64,
}

/// A number that JSON does not know becomes `null`.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// Numbers that JSON does not know become `null`; four digits after the point are plenty.
mod numbers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = |value: &f64| value.is_finite().then(|| (value * 1e4).round() / 1e4);
        values.iter().map(rounded).collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(before: f64, after: f64, offset: f64) -> Parameter {
        let ramp = |width: f64| (0..101).map(|k| 80.0 + offset + width * (f64::from(k) - 50.0)).collect();
        Parameter {
            name: "leak".into(),
            unit: "codes".into(),
            target: Some(80.0),
            before: ramp(before),
            after: ramp(after),
            failing: Some(0.005),
            criteria: Criteria {
                must: Must::Ratio(0.3),
                spread: Some(Limit::Absolute(1.0)),
                bias: Some(Limit::Absolute(0.5)),
                failing: Some(0.01),
            },
        }
    }

    #[test]
    fn a_parameter_is_judged_by_every_criterion() {
        let good = parameter(1.0, 0.03, 0.2).judge();
        assert_eq!((good.must, good.goal), (Some(true), Some(true)));
        assert!((good.ratio - 0.03).abs() < 1e-12 && (good.bias - 0.2).abs() < 1e-9);
        assert_eq!(parameter(1.0, 0.5, 0.0).judge().must, Some(false));
        assert_eq!(parameter(1.0, 0.03, 0.7).judge().goal, Some(false));
    }
}
