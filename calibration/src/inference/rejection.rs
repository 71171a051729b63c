//! Rejection: of simulations with parameters from the prior, keep those whose observables come near the observation.

use super::{Distance, Pool, Posterior, Prior, Simulator};
use bss2_base::random::{Level, SequentialRng, Stream, path_hash};
use serde::{Deserialize, Serialize};

/// Simulations with parameters from the prior. One table serves any number of observations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Parameters of each simulation.
    pub parameters: Vec<Vec<f64>>,
    /// What came out.
    pub observables: Vec<Vec<f64>>,
}

impl Table {
    /// Makes `count` simulations.
    ///
    /// # Errors
    /// That of the first simulation that failed.
    pub fn simulate<S: Simulator>(
        prior: &Prior,
        pool: &mut Pool<S>,
        count: usize,
        seed: u64,
    ) -> Result<Self, S::Error> {
        let parameters = Self::draw(prior, count, seed);
        let observables = pool.simulate(&parameters)?;
        Ok(Self { parameters, observables })
    }

    /// The parameters of a table: `count` of them, from the prior.
    pub fn draw(prior: &Prior, count: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut random = SequentialRng::new(Stream::new(seed, path_hash("inference.prior"), Level::Noise, 0));
        (0..count).map(|_| prior.draw(&mut random)).collect()
    }

    /// Number of simulations.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The table without one of its simulations, which can then be the observation of a test.
    pub fn without(&self, index: usize) -> Self {
        let others = |rows: &[Vec<f64>]| {
            let kept = rows.iter().enumerate().filter(|(row, _)| *row != index);
            kept.map(|(_, values)| values.clone()).collect()
        };
        Self { parameters: others(&self.parameters), observables: others(&self.observables) }
    }

    /// The table with something made of its observables.
    pub fn map(&self, summary: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let observables = self.observables.iter().map(|values| summary(values)).collect();
        Self { parameters: self.parameters.clone(), observables }
    }

    /// The simulations within a tolerance of the observation, with equal weights. May be none.
    pub fn within(&self, observation: &[f64], distance: &Distance, tolerance: f64) -> Posterior {
        let mut near = self.ordered(observation, distance);
        near.retain(|(away, _)| *away <= tolerance);
        self.posterior(&near)
    }

    /// The `count` simulations nearest to the observation, with equal weights; fewer if the table has fewer with finite observables.
    pub fn nearest(&self, observation: &[f64], distance: &Distance, count: usize) -> Posterior {
        let mut near = self.ordered(observation, distance);
        near.truncate(count);
        self.posterior(&near)
    }

    /// Finite distances and rows, the nearest first.
    fn ordered(&self, observation: &[f64], distance: &Distance) -> Vec<(f64, usize)> {
        let away = |(row, values): (usize, &Vec<f64>)| (distance.between(values, observation), row);
        let mut rows: Vec<(f64, usize)> = self.observables.iter().enumerate().map(away).collect();
        rows.retain(|(away, _)| away.is_finite());
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        rows
    }

    fn posterior(&self, rows: &[(f64, usize)]) -> Posterior {
        Posterior {
            samples: rows.iter().map(|(_, row)| self.parameters[*row].clone()).collect(),
            weights: vec![1.0 / rows.len() as f64; rows.len()],
            observables: rows.iter().map(|(_, row)| self.observables[*row].clone()).collect(),
            distances: rows.iter().map(|(away, _)| *away).collect(),
        }
    }
}
