//! Bisection of a posterior: for observables whose noise is larger than the effect of a single setting (calibration 16.2).

use super::{Counted, SearchError};
use bss2_base::math;
use serde::{Deserialize, Serialize};

/// Keeps, for each instance, a probability of where the knob's optimum is; asks at its median and weights both sides by how
/// sure a result is about its side, given the noise of a result. Stops when every instance is confined well enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilisticBisection {
    /// Standard deviation of a result, in its own unit. `Some` if it is known; `None`: every decision is trusted by
    /// `reliability`.
    pub noise: Option<f64>,
    /// Probability that a decision is right if the noise is not known, and the most that is believed of any decision.
    pub reliability: f64,
    /// Stop when the interval with 90 % of the probability has at most this many settings.
    pub interval: u32,
    /// Most measurements.
    pub limit: usize,
}

impl Default for ProbabilisticBisection {
    fn default() -> Self {
        Self { noise: None, reliability: 0.85, interval: 2, limit: 60 }
    }
}

impl ProbabilisticBisection {
    pub(super) fn run<E>(&self, bench: &mut Counted<'_, '_, E>) -> Result<Vec<(i32, f64)>, SearchError<E>> {
        let problem = bench.problem;
        if !(self.reliability > 0.5 && self.reliability < 1.0)
            || self.noise.is_some_and(|noise| noise.is_nan())
        {
            return Err(SearchError::BadOption(
                "a reliability lies between 0.5 and 1, and noise is a number",
            ));
        }
        let mut posteriors = vec![Posterior::new(problem.range.settings()); problem.instances()];
        let mut last = vec![f64::NAN; problem.instances()];
        for _ in 0..self.limit.max(1) {
            let knobs: Vec<i32> = posteriors
                .iter()
                .map(|posterior| problem.range.lower() + posterior.median() as i32)
                .collect();
            let measured = bench.measure(&knobs)?;
            let mut done = true;
            for (instance, posterior) in posteriors.iter_mut().enumerate() {
                last[instance] = measured[instance];
                let direction = problem.direction(instance, measured[instance]);
                if !problem.selected(instance) || direction == 0 {
                    continue;
                }
                posterior.update(direction > 0, self.belief(problem.deviation(instance, measured[instance])));
                done &= posterior.width() <= self.interval;
            }
            if done {
                break;
            }
        }
        let knobs: Vec<i32> = posteriors
            .iter()
            .enumerate()
            .map(|(instance, posterior)| {
                let setting = if problem.selected(instance) { posterior.median() } else { 0 };
                if problem.selected(instance) {
                    problem.range.lower() + setting as i32
                } else {
                    problem.range.middle()
                }
            })
            .collect();
        let results = bench.measure(&knobs)?;
        Ok(knobs.into_iter().zip(results).collect())
    }

    /// How sure a result is about its side of the target.
    fn belief(&self, deviation: f64) -> f64 {
        match self.noise {
            None => self.reliability,
            Some(noise) if noise <= 0.0 => self.reliability.max(0.999),
            Some(noise) => {
                // The logistic function with slope 1.702 is the normal distribution function to within 0.01.
                let belief = 1.0 / (1.0 + math::exp(-1.702 * (deviation / noise).min(30.0)));
                belief.clamp(0.5, 0.999)
            }
        }
    }
}

/// Probabilities of the settings.
#[derive(Clone)]
struct Posterior(Vec<f64>);

impl Posterior {
    fn new(settings: u32) -> Self {
        Self(vec![1.0 / f64::from(settings); settings as usize])
    }

    /// The setting where the cumulated probability passes `fraction`.
    fn quantile(&self, fraction: f64) -> usize {
        let mut sum = 0.0;
        for (setting, probability) in self.0.iter().enumerate() {
            sum += probability;
            if sum >= fraction {
                return setting;
            }
        }
        self.0.len() - 1
    }

    fn median(&self) -> usize {
        self.quantile(0.5)
    }

    /// Settings in the central interval with 90 % of the probability.
    fn width(&self) -> u32 {
        (self.quantile(0.95) - self.quantile(0.05)) as u32 + 1
    }

    /// The optimum is above (or below) the median with this probability. The median itself is on both sides.
    fn update(&mut self, above: bool, belief: f64) {
        let median = self.median();
        let mut sum = 0.0;
        for (setting, probability) in self.0.iter_mut().enumerate() {
            *probability *= match setting.cmp(&median) {
                core::cmp::Ordering::Equal => 0.5,
                core::cmp::Ordering::Greater if above => belief,
                core::cmp::Ordering::Less if !above => belief,
                _ => 1.0 - belief,
            };
            sum += *probability;
        }
        for probability in &mut self.0 {
            *probability /= sum;
        }
    }
}
