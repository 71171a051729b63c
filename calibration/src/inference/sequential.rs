//! Sequential Monte Carlo: populations that move toward the observation while the tolerance shrinks.
//!
//! The population Monte Carlo of Beaumont et al. (2009): proposals are samples of the last round, moved by a Gaussian with twice
//! their covariance; weights make up for it. The tolerance of a round is a quantile of the distances of the one before.

use super::posterior::{factor, gaussian};
use super::{Distance, Pool, Posterior, Prior, Simulator, Table};
use bss2_base::math;
use bss2_base::random::{Level, SequentialRng, Stream, path_hash, uniform};
use nalgebra::DVector;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// How the rounds go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequential {
    /// Samples of a round.
    pub samples: usize,
    /// Simulations of the first round, the nearest of which are its samples.
    pub first: usize,
    /// Quantile of the distances of a round that is the tolerance of the next.
    pub quantile: f64,
    /// No round asks for less than this.
    pub tolerance: f64,
    /// Rounds after the first, at most.
    pub rounds: usize,
    /// Simulations in all: a round that needs more is not finished, and the one before it is the result.
    pub budget: usize,
    /// Simulations that are given out at a time. Part of the definition of a run: results depend on it a little.
    pub batch: usize,
}

impl Default for Sequential {
    /// 200 samples, the better half of each round sets the next tolerance, at most 8 rounds and 10 000 simulations.
    fn default() -> Self {
        Self { samples: 200, first: 400, quantile: 0.5, tolerance: 0.0, rounds: 8, budget: 10_000, batch: 64 }
    }
}

/// A finished round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Largest distance allowed.
    pub tolerance: f64,
    /// Simulations that it took.
    pub simulations: usize,
    /// Its samples.
    pub posterior: Posterior,
}

/// All rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SequentialOutcome {
    /// The rounds that were finished, the first from the prior alone.
    pub rounds: Vec<Round>,
    /// Simulations in all, those of an unfinished round included.
    pub simulations: usize,
}

impl SequentialOutcome {
    /// The posterior of the last finished round.
    pub fn posterior(&self) -> Option<&Posterior> {
        self.rounds.last().map(|round| &round.posterior)
    }
}

impl Sequential {
    /// Infers the parameters that led to `observation`.
    ///
    /// # Errors
    /// That of the first simulation that failed.
    pub fn run<S: Simulator>(
        &self,
        prior: &Prior,
        pool: &mut Pool<S>,
        observation: &[f64],
        distance: &Distance,
        seed: u64,
    ) -> Result<SequentialOutcome, S::Error> {
        let first = self.first.max(self.samples);
        let table = Table::simulate(prior, pool, first, seed)?;
        let posterior = table.nearest(observation, distance, self.samples);
        let tolerance = posterior.distances.last().copied().unwrap_or(f64::INFINITY);
        let mut outcome = SequentialOutcome {
            rounds: vec![Round { tolerance, simulations: first, posterior }],
            simulations: first,
        };
        for round in 1..=self.rounds {
            let Some(last) = outcome.rounds.last() else { break };
            if last.tolerance <= self.tolerance || last.posterior.len() < self.samples {
                break;
            }
            let tolerance = self.next_tolerance(last);
            let random = Stream::new(seed, path_hash("inference.sequential"), Level::Noise, round as u32);
            let (next, simulations) = self.round(
                prior,
                pool,
                (observation, distance),
                &last.posterior,
                tolerance,
                self.budget.saturating_sub(outcome.simulations),
                SequentialRng::new(random),
            )?;
            outcome.simulations += simulations;
            let Some(posterior) = next else { break };
            outcome.rounds.push(Round { tolerance, simulations, posterior });
        }
        Ok(outcome)
    }

    fn next_tolerance(&self, last: &Round) -> f64 {
        let mut distances = last.posterior.distances.clone();
        distances.sort_by(f64::total_cmp);
        let place = (self.quantile.clamp(0.0, 1.0) * (distances.len() as f64 - 1.0)) as usize;
        distances.get(place).copied().unwrap_or(last.tolerance).max(self.tolerance)
    }

    #[allow(clippy::too_many_arguments)]
    fn round<S: Simulator>(
        &self,
        prior: &Prior,
        pool: &mut Pool<S>,
        (observation, distance): (&[f64], &Distance),
        last: &Posterior,
        tolerance: f64,
        budget: usize,
        mut random: SequentialRng,
    ) -> Result<(Option<Posterior>, usize), S::Error> {
        let Some(kernel) = factor(&(last.covariance() * 2.0)) else { return Ok((None, 0)) };
        let mut next = Posterior {
            samples: Vec::new(),
            weights: Vec::new(),
            observables: Vec::new(),
            distances: Vec::new(),
        };
        let mut simulations = 0;
        while next.len() < self.samples {
            let batch = self.batch.max(1).min(budget - simulations);
            if batch == 0 {
                return Ok((None, simulations));
            }
            let proposals: Vec<Vec<f64>> = (0..batch)
                .map(|_| {
                    loop {
                        let parent = &last.samples[choose(&last.weights, &mut random)];
                        let step = gaussian(&kernel, &mut random);
                        let moved: Vec<f64> = parent.iter().zip(step.iter()).map(|(p, s)| p + s).collect();
                        if prior.contains(&moved) {
                            break moved;
                        }
                    }
                })
                .collect();
            let observables = pool.simulate(&proposals)?;
            simulations += batch;
            for (sample, observables) in proposals.into_iter().zip(observables) {
                let away = distance.between(&observables, observation);
                if away <= tolerance && away.is_finite() && next.len() < self.samples {
                    next.samples.push(sample);
                    next.observables.push(observables);
                    next.distances.push(away);
                }
            }
        }
        // The prior is constant where it allows anything, so the weight is one over the density of proposals.
        let density = |sample: &[f64]| {
            let one = |(parent, weight): (&Vec<f64>, &f64)| {
                let away = DVector::from_fn(sample.len(), |p, _| sample[p] - parent[p]);
                // |L^-1 d|^2 = d . C^-1 d
                let square = away.dot(&kernel.solve(&away));
                weight * math::exp(-0.5 * square)
            };
            last.samples.iter().zip(&last.weights).map(one).sum::<f64>()
        };
        next.weights = next.samples.iter().map(|sample| 1.0 / density(sample)).collect();
        let sum: f64 = next.weights.iter().sum();
        next.weights.iter_mut().for_each(|weight| *weight /= sum);
        Ok((Some(next), simulations))
    }
}

/// A number drawn with these probabilities.
fn choose(weights: &[f64], random: &mut SequentialRng) -> usize {
    let target = uniform(random.next_u32());
    let mut sum = 0.0;
    for (index, weight) in weights.iter().enumerate() {
        sum += weight;
        if target < sum {
            return index;
        }
    }
    weights.len() - 1
}
