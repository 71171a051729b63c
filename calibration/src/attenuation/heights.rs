//! How high potentials rise, and how that falls with distance.

use crate::fit::{ExponentialBounds, exponential};
use crate::primitives::madc::Trace;
use serde::{Deserialize, Serialize};

/// Where a length constant may lie, in compartments (calibration 16.4). One of 0 has no meaning; this is as good as 0.
pub const LENGTH_CONSTANT: (f64, f64) = (0.01, 20.0);
/// How far the fitted offset may be from 0, and how large its scale, in MADC codes.
const OFFSET: (f64, f64) = (-10.0, 10.0);
const SCALE: (f64, f64) = (0.0, 1022.0);
/// Length of the mean that is taken before anything is compared, microseconds: the highest single sample would be the one with the
/// largest noise.
const SMOOTHING_US: f64 = 1.0;
/// How long before its spikes a membrane is taken to rest, microseconds.
const REST_US: f64 = 20.0;

/// Rise of the potential in every compartment after spikes into every compartment, in MADC codes above rest: `F_ij` is what is seen
/// in compartment `i` when compartment `j` is stimulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heights {
    compartments: usize,
    /// Row by row.
    values: Vec<f64>,
}

impl Heights {
    /// Nothing was measured.
    pub fn unknown(compartments: usize) -> Self {
        Self { compartments, values: vec![f64::NAN; compartments * compartments] }
    }

    /// Of a matrix, row by row: seen in the first compartment, in the second, ... `None` unless it is square.
    pub fn of_matrix(values: Vec<f64>) -> Option<Self> {
        let compartments = values.len().isqrt();
        (compartments * compartments == values.len()).then_some(Self { compartments, values })
    }

    /// Number of compartments.
    pub fn compartments(&self) -> usize {
        self.compartments
    }

    /// What is seen in a compartment when another is stimulated; NaN if there are no such compartments.
    pub fn at(&self, seen: usize, injected: usize) -> f64 {
        let inside = seen < self.compartments && injected < self.compartments;
        if inside { self.values[seen * self.compartments + injected] } else { f64::NAN }
    }

    pub(super) fn set(&mut self, seen: usize, injected: usize, height: f64) {
        if seen < self.compartments && injected < self.compartments {
            self.values[seen * self.compartments + injected] = height;
        }
    }

    /// The matrix, row by row.
    pub fn matrix(&self) -> &[f64] {
        &self.values
    }

    /// What is seen in each compartment when this one is stimulated: a column of the matrix.
    pub fn column(&self, injected: usize) -> Vec<f64> {
        (0..self.compartments).map(|seen| self.at(seen, injected)).collect()
    }

    /// The mean of several; NaN where one of them is.
    pub fn mean<'h>(all: impl IntoIterator<Item = &'h Self>) -> Option<Self> {
        let mut all = all.into_iter();
        let mut sum = all.next()?.clone();
        let mut count = 1.0;
        for heights in all.filter(|heights| heights.compartments == sum.compartments) {
            sum.values.iter_mut().zip(&heights.values).for_each(|(sum, value)| *sum += value);
            count += 1.0;
        }
        sum.values.iter_mut().for_each(|value| *value /= count);
        Some(sum)
    }

    /// The length constant λ in compartments of an exponential through the heights for a stimulus at the first compartment
    /// (calibration 16.4, Appendix A): `s exp(-i/λ) + o`. NaN if a height is missing.
    pub fn length_constant(&self) -> f64 {
        let heights = self.column(0);
        if heights.iter().any(|height| !height.is_finite()) {
            return f64::NAN;
        }
        let places: Vec<f64> = (0..self.compartments).map(|place| place as f64).collect();
        let bounds = ExponentialBounds { scale: SCALE, tau: LENGTH_CONSTANT, offset: OFFSET };
        exponential(&places, &heights, &bounds).map_or(f64::NAN, |fit| fit.tau)
    }
}

/// When spikes come and how long to look, microseconds of a trace.
pub(super) struct Window {
    pub(super) spikes_us: f64,
    pub(super) end_us: f64,
}

impl Window {
    /// The highest point after the spikes over the mean before them.
    pub(super) fn height(&self, trace: &Trace) -> f64 {
        let [rest, spikes, end] =
            [self.spikes_us - REST_US, self.spikes_us, self.end_us].map(|time| trace.index(time));
        let mean = |codes: &[f64]| codes.iter().sum::<f64>() / codes.len() as f64;
        let width = ((SMOOTHING_US / trace.period_us).round() as usize).max(1);
        let peak = trace.codes[spikes..end].windows(width).map(mean).fold(f64::NAN, f64::max);
        peak - mean(&trace.codes[rest..spikes])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_column(heights: &[f64]) -> Heights {
        let mut all = Heights::unknown(heights.len());
        heights.iter().enumerate().for_each(|(seen, height)| all.set(seen, 0, *height));
        all
    }

    #[test]
    fn the_grid_of_the_reference_is_recovered() {
        // calibration 16.1: noise-free recovery on five points.
        for tau in [0.75, 1.25, 1.75] {
            for offset in [-5.0, 5.0] {
                for scale in [100.0, 200.0] {
                    let heights: Vec<f64> =
                        (0..5).map(|i| scale * (-f64::from(i) / tau).exp() + offset).collect();
                    let found = first_column(&heights).length_constant();
                    assert!((found / tau - 1.0).abs() < 1e-6, "{tau} {offset} {scale}: {found}");
                }
            }
        }
    }

    #[test]
    fn heights_that_do_not_fall_have_the_largest_length_constant_and_missing_ones_have_none() {
        let constant = first_column(&[80.0; 5]).length_constant();
        assert!((constant - LENGTH_CONSTANT.1).abs() < 1e-3, "{constant}");
        assert!(first_column(&[80.0, f64::NAN, 3.0, 2.0]).length_constant().is_nan());
        assert!(Heights::unknown(4).length_constant().is_nan());
    }

    #[test]
    fn a_height_is_the_smoothed_peak_over_the_rest() {
        let codes =
            (0..1000).map(|k| 300.0 + if k % 2 == 0 { 1.0 } else { -1.0 } + if k > 500 { 50.0 } else { 0.0 });
        let trace = Trace { codes: codes.collect(), period_us: 0.25 };
        let height = Window { spikes_us: 100.0, end_us: 250.0 }.height(&trace);
        assert!((height - 50.0).abs() < 1e-9, "{height}");
    }

    #[test]
    fn a_mean_is_taken_element_by_element() {
        let [a, b] = [1.0, 3.0].map(|value| Heights::of_matrix(vec![value; 9]).unwrap());
        assert_eq!(Heights::mean([&a, &b]).unwrap().matrix(), [2.0; 9]);
        assert_eq!(Heights::mean([]), None);
        assert_eq!(Heights::of_matrix(vec![0.0; 8]), None);
    }
}
