//! What is known about parameters beforehand.

use bss2_base::random::{SequentialRng, uniform};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A uniform prior over a box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    bounds: Vec<RangeInclusive<f64>>,
}

impl Prior {
    /// Uniform between these bounds, one pair per parameter. `None` if one of them is empty or not finite, or there are none.
    pub fn uniform(bounds: Vec<RangeInclusive<f64>>) -> Option<Self> {
        let proper = |b: &RangeInclusive<f64>| b.start() < b.end() && (b.end() - b.start()).is_finite();
        (!bounds.is_empty() && bounds.iter().all(proper)).then_some(Self { bounds })
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.bounds.len()
    }

    /// The bounds of each parameter.
    pub fn bounds(&self) -> &[RangeInclusive<f64>] {
        &self.bounds
    }

    /// Whether the prior allows these parameters.
    pub fn contains(&self, parameters: &[f64]) -> bool {
        parameters.len() == self.bounds.len()
            && parameters.iter().zip(&self.bounds).all(|(value, bounds)| bounds.contains(value))
    }

    /// Parameters drawn from it.
    pub fn draw(&self, random: &mut SequentialRng) -> Vec<f64> {
        let one = |bounds: &RangeInclusive<f64>| {
            bounds.start() + uniform(random.next_u32()) * (bounds.end() - bounds.start())
        };
        self.bounds.iter().map(one).collect()
    }
}
