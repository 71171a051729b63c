//! Weighted samples of what the parameters may be.

use super::Prior;
use bss2_base::math;
use bss2_base::random::{SequentialRng, normal, uniform};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Weighted samples of parameters. Weights sum to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// Parameters of each sample.
    pub samples: Vec<Vec<f64>>,
    /// Weight of each sample.
    pub weights: Vec<f64>,
    /// Observables that each sample led to.
    pub observables: Vec<Vec<f64>>,
    /// Their distances from the observation.
    pub distances: Vec<f64>,
}

impl Posterior {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// How many samples of equal weight it is worth.
    pub fn effective_samples(&self) -> f64 {
        1.0 / self.weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// Mean of each parameter.
    pub fn mean(&self) -> Vec<f64> {
        let parameters = self.samples.first().map_or(0, Vec::len);
        (0..parameters).map(|p| self.weighted().map(|(sample, weight)| weight * sample[p]).sum()).collect()
    }

    /// Covariance of the parameters.
    pub fn covariance(&self) -> DMatrix<f64> {
        let mean = self.mean();
        let mut covariance = DMatrix::zeros(mean.len(), mean.len());
        for (sample, weight) in self.weighted() {
            let away = DVector::from_fn(mean.len(), |p, _| sample[p] - mean[p]);
            covariance += weight * &away * away.transpose();
        }
        // Of the population that the samples are drawn from.
        let correction: f64 = 1.0 - self.weights.iter().map(|weight| weight * weight).sum::<f64>();
        if correction > 0.0 { covariance / correction } else { covariance }
    }

    /// Standard deviation of each parameter.
    pub fn deviation(&self) -> Vec<f64> {
        self.covariance().diagonal().iter().map(|variance| variance.max(0.0).sqrt()).collect()
    }

    /// Correlation of two parameters; NaN if one of them is constant.
    pub fn correlation(&self, a: usize, b: usize) -> f64 {
        let covariance = self.covariance();
        covariance[(a, b)] / (covariance[(a, a)] * covariance[(b, b)]).sqrt()
    }

    /// The value of a parameter below which this share of the weight lies; NaN without samples.
    pub fn quantile(&self, parameter: usize, share: f64) -> f64 {
        let mut values: Vec<(f64, f64)> =
            self.weighted().map(|(sample, weight)| (sample[parameter], weight)).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = 0.0;
        for &(value, weight) in &values {
            below += weight;
            if below >= share {
                return value;
            }
        }
        values.last().map_or(f64::NAN, |last| last.0)
    }

    /// Numbers of `count` samples drawn by weight, evenly spread (systematic resampling).
    pub fn resample(&self, count: usize, random: &mut SequentialRng) -> Vec<usize> {
        let offset = uniform(random.next_u32());
        let (mut chosen, mut sum, mut next) = (Vec::with_capacity(count), 0.0, 0);
        for (index, weight) in self.weights.iter().enumerate() {
            sum += weight;
            while next < count && (next as f64 + offset) / (count as f64) < sum {
                chosen.push(index);
                next += 1;
            }
        }
        // What rounding left over belongs to the last.
        chosen.resize(if self.is_empty() { 0 } else { count }, self.len().saturating_sub(1));
        chosen
    }

    /// The least share of probability that a region of highest density must have to contain `point`: 0 in the densest place, 1 in
    /// the emptiest; NaN without samples or in another number of dimensions. For the true parameters of many observations it is uniform from 0 to 1 if posteriors are what they should be.
    ///
    /// The density is that of Gaussian kernels at the samples (width by Scott's rule); that of a sample leaves out its own kernel, since
    /// the point in question has none either.
    pub fn credibility(&self, point: &[f64]) -> f64 {
        let Some(density) = Kernels::of(self) else { return f64::NAN };
        if point.len() != density.whitening.nrows() {
            return f64::NAN;
        }
        let at_point = density.at(point);
        self.weights
            .iter()
            .enumerate()
            .filter(|(index, _)| density.at_sample(*index) > at_point)
            .map(|(_, weight)| weight)
            .sum()
    }

    /// The posterior with the error of a finite tolerance taken out, to first order: a local linear regression of the parameters on the
    /// observables says what they would have been at the observation itself (Beaumont, Zhang, Balding 2002). Distances weigh with the
    /// Epanechnikov kernel. Parameters are regressed as logits, so that they stay within the prior.
    ///
    /// With many slopes and few samples a regression goes along with each of them. What it leaves of a sample is widened by what its
    /// leverage has taken, or posteriors would come out too narrow.
    ///
    /// Without enough samples to tell all slopes apart, the posterior comes back as it is.
    pub fn adjusted(&self, observation: &[f64], prior: &Prior) -> Self {
        self.try_adjusted(observation, prior).unwrap_or_else(|| self.clone())
    }

    fn try_adjusted(&self, observation: &[f64], prior: &Prior) -> Option<Self> {
        let widest = self.distances.iter().copied().filter(|d| d.is_finite()).fold(0.0, f64::max);
        // Beyond the farthest, so that it counts a little too.
        let bandwidth = widest * 1.001;
        let columns = observation.len() + 1;
        if bandwidth <= 0.0 || self.len() < 3 * columns {
            return None;
        }
        let weights: Vec<f64> = self
            .weights
            .iter()
            .zip(&self.distances)
            .map(|(weight, distance)| weight * (1.0 - (distance / bandwidth).powi(2)).max(0.0))
            .collect();
        let away = |row: usize, column: usize| match column {
            0 => 1.0,
            column => self.observables[row][column - 1] - observation[column - 1],
        };
        let design = DMatrix::from_fn(self.len(), columns, away);
        if design.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let weighted =
            DMatrix::from_fn(self.len(), columns, |row, column| weights[row] * design[(row, column)]);
        let mut normal = design.tr_mul(&weighted);
        for column in 1..columns {
            // Observables that say the same share a slope.
            normal[(column, column)] *= 1.0 + 1e-9;
        }
        let factor = normal.cholesky()?;
        // The variance of what is left of a sample is too small by 1 minus the leverage of the sample.
        let solved = factor.solve(&weighted.transpose());
        let shrunk: Vec<f64> = (0..self.len())
            .map(|row| (1.0 - design.row(row).transpose().dot(&solved.column(row))).max(0.1).sqrt())
            .collect();
        let mut samples = self.samples.clone();
        for (parameter, bounds) in prior.bounds().iter().enumerate() {
            let (low, span) = (*bounds.start(), bounds.end() - bounds.start());
            let logit = |value: f64| {
                let share = ((value - low) / span).clamp(1e-6, 1.0 - 1e-6);
                math::ln(share / (1.0 - share))
            };
            let values = DVector::from_iterator(self.len(), self.samples.iter().map(|s| logit(s[parameter])));
            let slopes = factor.solve(&weighted.tr_mul(&values));
            let fitted = &design * &slopes;
            for (row, sample) in samples.iter_mut().enumerate() {
                let there = slopes[0] + (values[row] - fitted[row]) / shrunk[row];
                sample[parameter] = low + span / (1.0 + math::exp(-there));
            }
        }
        let sum: f64 = weights.iter().sum();
        let weights = weights.into_iter().map(|weight| weight / sum).collect();
        let adjusted = Self { samples, weights, ..self.clone() };
        adjusted.samples.iter().flatten().all(|value| value.is_finite()).then_some(adjusted)
    }

    fn weighted(&self) -> impl Iterator<Item = (&Vec<f64>, f64)> {
        self.samples.iter().zip(self.weights.iter().copied())
    }
}

/// A sum of Gaussian kernels with one covariance, in coordinates in which that is the identity.
struct Kernels<'p> {
    weights: &'p [f64],
    /// Coordinates of sample after sample.
    places: Vec<f64>,
    /// To these coordinates.
    whitening: DMatrix<f64>,
}

impl<'p> Kernels<'p> {
    fn of(posterior: &'p Posterior) -> Option<Self> {
        let parameters = posterior.samples.first()?.len();
        let width = math::exp(-math::ln(posterior.effective_samples()) / (parameters as f64 + 4.0));
        let factor = factor(&(posterior.covariance() * (width * width)))?;
        let whitening = factor.l().try_inverse()?;
        let place = |sample: &Vec<f64>| (&whitening * DVector::from_column_slice(sample)).data.into();
        let places = posterior.samples.iter().flat_map::<Vec<f64>, _>(place).collect();
        Some(Self { weights: &posterior.weights, places, whitening })
    }

    /// The density at a point that is no sample.
    fn at(&self, point: &[f64]) -> f64 {
        let place = &self.whitening * DVector::from_column_slice(point);
        self.without(place.as_slice(), usize::MAX)
    }

    /// The density at a sample without its own kernel.
    fn at_sample(&self, index: usize) -> f64 {
        let parameters = self.whitening.nrows();
        self.without(&self.places[index * parameters..(index + 1) * parameters], index)
    }

    fn without(&self, place: &[f64], index: usize) -> f64 {
        let (mut density, mut weight_sum) = (0.0, 0.0);
        let kernels = self.weights.iter().zip(self.places.chunks_exact(place.len()));
        for (_, (weight, centre)) in kernels.enumerate().filter(|(number, _)| *number != index) {
            let square: f64 = centre.iter().zip(place).map(|(a, b)| (a - b) * (a - b)).sum();
            weight_sum += weight;
            density += weight * math::exp(-0.5 * square);
        }
        density / weight_sum
    }
}

/// The factor of a covariance. Directions without any spread get a little, by the size of the others.
pub(super) fn factor(covariance: &DMatrix<f64>) -> Option<Cholesky<f64, Dyn>> {
    let mut regular = covariance.clone();
    for p in 0..regular.nrows() {
        regular[(p, p)] = regular[(p, p)] * (1.0 + 1e-9) + f64::MIN_POSITIVE.sqrt();
    }
    regular.cholesky()
}

/// A deviate of a Gaussian with this factor of its covariance.
pub(super) fn gaussian(factor: &Cholesky<f64, Dyn>, random: &mut SequentialRng) -> DVector<f64> {
    let white = DVector::from_fn(factor.l_dirty().nrows(), |_, _| normal(random.next_u32()));
    factor.l() * white
}
