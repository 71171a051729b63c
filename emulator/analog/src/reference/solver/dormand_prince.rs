//! The explicit pair of Dormand and Prince (1980): order 5 with an embedded order 4, the last stage is the first of the
//! next step.

use super::{DenseStep, System};

/// Coefficients of the stages.
const A: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
/// Difference of the two orders.
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];
/// Continuous output of order 4.
const D: [f64; 7] = [
    -12715105075.0 / 11282082432.0,
    0.0,
    87487479700.0 / 32700410799.0,
    -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0,
    -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0,
];

/// Work space of the method.
#[derive(Clone, Debug, Default)]
pub(super) struct DormandPrince {
    /// Stages; the first is the derivative at the start of the step.
    k: [Vec<f64>; 7],
    y: Vec<f64>,
}

impl DormandPrince {
    pub(super) fn resize(&mut self, dimension: usize) {
        for stage in &mut self.k {
            stage.resize(dimension, 0.0);
        }
        self.y.resize(dimension, 0.0);
    }

    /// A step of length `h` from `y` with derivative `first`: the end, its derivative and the error estimate.
    pub(super) fn step<S: System + ?Sized>(
        &mut self,
        system: &S,
        y: &[f64],
        first: &[f64],
        h: f64,
        end: &mut [f64],
        error: &mut [f64],
    ) {
        self.k[0].copy_from_slice(first);
        for (stage, row) in A.iter().enumerate() {
            for i in 0..y.len() {
                let mut sum = 0.0;
                for (a, k) in row.iter().zip(&self.k) {
                    sum += a * k[i];
                }
                self.y[i] = y[i] + h * sum;
            }
            system.derivative(&self.y, &mut self.k[stage + 1]);
        }
        end.copy_from_slice(&self.y);
        for (i, error) in error.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (e, k) in E.iter().zip(&self.k) {
                sum += e * k[i];
            }
            *error = h * sum;
        }
    }

    /// The derivative at the end of the latest step.
    pub(super) fn last(&self) -> &[f64] {
        &self.k[6]
    }

    /// The continuous output of the latest step.
    pub(super) fn dense(&self, y: &[f64], end: &[f64], h: f64, dense: &mut DenseStep) {
        dense.length = h;
        for i in 0..y.len() {
            let difference = end[i] - y[i];
            let bend = h * self.k[0][i] - difference;
            let mut sum = 0.0;
            for (d, k) in D.iter().zip(&self.k) {
                sum += d * k[i];
            }
            let values = [y[i], difference, bend, difference - h * self.k[6][i] - bend, h * sum];
            for (coefficients, value) in dense.coefficients.iter_mut().zip(values) {
                coefficients[i] = value;
            }
        }
    }
}
