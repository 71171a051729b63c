//! How far observables are from one another.

use serde::{Deserialize, Serialize};

/// The Euclidean distance of observables, each in units of its own scale. Observables that are not finite are infinitely far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    scales: Vec<f64>,
}

impl Distance {
    /// All `count` observables in their own unit.
    pub fn plain(count: usize) -> Self {
        Self { scales: vec![1.0; count] }
    }

    /// Observables in units of these scales.
    pub fn scaled(scales: Vec<f64>) -> Self {
        Self { scales }
    }

    /// Every observable in units of its spread over these simulations: the mean absolute deviation from the median. One that never
    /// changes keeps its own unit.
    pub fn by_spread(simulated: &[Vec<f64>]) -> Self {
        let count = simulated.first().map_or(0, Vec::len);
        let scale = |observable: usize| {
            let mut values: Vec<f64> =
                simulated.iter().filter_map(|row| row.get(observable)).copied().collect();
            values.retain(|value| value.is_finite());
            values.sort_by(f64::total_cmp);
            let Some(median) = values.get(values.len() / 2).copied() else { return 1.0 };
            let spread = values.iter().map(|value| (value - median).abs()).sum::<f64>() / values.len() as f64;
            if spread > 0.0 { spread } else { 1.0 }
        };
        Self { scales: (0..count).map(scale).collect() }
    }

    /// The distance; infinite if the numbers of observables differ.
    pub fn between(&self, a: &[f64], b: &[f64]) -> f64 {
        if a.len() != self.scales.len() || b.len() != self.scales.len() {
            return f64::INFINITY;
        }
        let square: f64 =
            a.iter().zip(b).zip(&self.scales).map(|((a, b), scale)| ((a - b) / scale).powi(2)).sum();
        if square.is_nan() { f64::INFINITY } else { square.sqrt() }
    }
}
