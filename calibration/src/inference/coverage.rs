//! Expected coverage: do regions of 80 % probability contain the truth in 80 % of the cases?

use serde::{Deserialize, Serialize};

/// The credibilities at which posteriors first contained the true parameters, one for each of many observations
/// ([`Posterior::credibility`](super::Posterior::credibility)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    credibilities: Vec<f64>,
}

impl Coverage {
    /// Of these cases; those that are not finite are left out.
    pub fn new(credibilities: impl IntoIterator<Item = f64>) -> Self {
        let mut credibilities: Vec<f64> =
            credibilities.into_iter().filter(|value| value.is_finite()).collect();
        credibilities.sort_by(f64::total_cmp);
        Self { credibilities }
    }

    /// Number of cases.
    pub fn cases(&self) -> usize {
        self.credibilities.len()
    }

    /// The share of cases in which a region of this probability contains the truth; NaN without cases. Below `level`: posteriors are
    /// too narrow or elsewhere; above: too wide.
    pub fn at(&self, level: f64) -> f64 {
        self.credibilities.iter().filter(|value| **value <= level).count() as f64 / self.cases() as f64
    }

    /// Standard deviation of [`Coverage::at`] that a correct posterior has by chance with this many cases.
    pub fn chance(&self, level: f64) -> f64 {
        (level * (1.0 - level) / self.cases() as f64).sqrt()
    }

    /// The largest difference of coverage and level over these levels.
    pub fn worst(&self, levels: &[f64]) -> f64 {
        levels.iter().map(|level| (self.at(*level) - level).abs()).fold(0.0, f64::max)
    }
}
