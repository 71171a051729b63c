//! RODAS, the Rosenbrock method of Hairer and Wanner (Solving Ordinary Differential Equations II, IV.7): six stages, order
//! 4 with an embedded order 3, stiffly accurate and L-stable, here for autonomous systems.

use super::{DenseStep, System};
use nalgebra::{DMatrix, DVector, Dyn, LU};

const GAMMA: f64 = 0.25;
/// Coefficients of the arguments of stages 2 to 5; stage 6 starts from stage 5 plus its increment.
const A: [&[f64]; 4] = [
    &[1.544],
    &[0.946_678_528_081_582_6, 0.255_701_169_898_328_4],
    &[3.314_825_187_068_521, 2.896_124_015_972_201, 0.998_641_913_997_781_7],
    &[1.221_224_509_226_641, 6.019_134_481_288_629, 12.537_083_329_320_87, -0.687_886_036_105_895],
];
/// Couplings of stages 2 to 6.
const C: [&[f64]; 5] = [
    &[-5.6688],
    &[-2.430_093_356_833_875, -0.206_359_915_709_191_5],
    &[-0.107_352_905_815_137_5, -9.594_562_251_023_355, -20.470_286_148_096_16],
    &[7.496_443_313_967_647, -10.246_804_314_643_52, -33.999_903_528_199_05, 11.708_908_932_061_6],
    &[
        8.083_246_795_921_522,
        -7.981_132_988_064_893,
        -31.521_594_328_743_71,
        16.319_305_431_231_36,
        -6.058_818_238_834_054,
    ],
];
/// Continuous output of order 3.
const D: [[f64; 5]; 2] = [
    [
        10.126_235_083_445_86,
        -7.487_995_877_610_167,
        -34.800_918_615_557_47,
        -7.992_771_707_568_823,
        1.025_137_723_295_662,
    ],
    [
        -0.676_280_339_280_125_3,
        6.087_714_651_680_015,
        16.430_843_208_924_78,
        24.767_225_114_183_86,
        -6.594_389_125_716_872,
    ],
];

/// Work space of the method.
#[derive(Clone, Debug, Default)]
pub(super) struct Rosenbrock {
    k: [Vec<f64>; 6],
    y: Vec<f64>,
    jacobian: DMatrix<f64>,
    vector: DVector<f64>,
}

impl Rosenbrock {
    pub(super) fn resize(&mut self, dimension: usize) {
        for stage in &mut self.k {
            stage.resize(dimension, 0.0);
        }
        self.y.resize(dimension, 0.0);
        if self.vector.len() != dimension {
            self.jacobian = DMatrix::zeros(dimension, dimension);
            self.vector = DVector::zeros(dimension);
        }
    }

    /// A step of length `h` from `y` with derivative `first`: the end and the error estimate. `false` if the matrix is singular.
    pub(super) fn step<S: System + ?Sized>(
        &mut self,
        system: &S,
        y: &[f64],
        first: &[f64],
        h: f64,
        end: &mut [f64],
        error: &mut [f64],
    ) -> bool {
        self.jacobian.fill(0.0);
        system.jacobian(y, &mut self.jacobian);
        let mut matrix = -&self.jacobian;
        for i in 0..y.len() {
            matrix[(i, i)] += 1.0 / (h * GAMMA);
        }
        let matrix = LU::new(matrix);
        self.vector.copy_from_slice(first);
        if !self.solve(&matrix, 0) {
            return false;
        }
        for (stage, coupling) in C.iter().enumerate() {
            for i in 0..y.len() {
                self.y[i] = if stage < 4 {
                    let mut sum = y[i];
                    for (a, k) in A[stage].iter().zip(&self.k) {
                        sum += a * k[i];
                    }
                    sum
                } else {
                    self.y[i] + self.k[4][i]
                };
            }
            system.derivative(&self.y, self.vector.as_mut_slice());
            for i in 0..y.len() {
                let mut sum = 0.0;
                for (c, k) in coupling.iter().zip(&self.k) {
                    sum += c * k[i];
                }
                self.vector[i] += sum / h;
            }
            if !self.solve(&matrix, stage + 1) {
                return false;
            }
        }
        for i in 0..y.len() {
            error[i] = self.k[5][i];
            end[i] = self.y[i] + self.k[5][i];
        }
        true
    }

    fn solve(&mut self, matrix: &LU<f64, Dyn, Dyn>, stage: usize) -> bool {
        let solvable = matrix.solve_mut(&mut self.vector);
        self.k[stage].copy_from_slice(self.vector.as_slice());
        solvable
    }

    /// The continuous output of the latest step.
    pub(super) fn dense(&self, y: &[f64], end: &[f64], h: f64, dense: &mut DenseStep) {
        dense.length = h;
        for i in 0..y.len() {
            let sums = D.map(|row| {
                let mut sum = 0.0;
                for (d, k) in row.iter().zip(&self.k) {
                    sum += d * k[i];
                }
                sum
            });
            let values = [y[i], end[i] - y[i], sums[0], sums[1], 0.0];
            for (coefficients, value) in dense.coefficients.iter_mut().zip(values) {
                coefficients[i] = value;
            }
        }
    }
}
