//! Lines and polynomials.

use bss2_base::math;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// `y = slope · x + intercept`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Units of y per unit of x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Standard deviation of the points from the line.
    pub rms: f64,
}

impl Line {
    /// The value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }
}

/// The line of least squares. Pairs with a NaN or infinity are left out; `None` with less than two different `x`.
pub fn line(x: &[f64], y: &[f64]) -> Option<Line> {
    let pairs: Vec<(f64, f64)> =
        x.iter().copied().zip(y.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if pairs.len() < 2 {
        return None;
    }
    let n = pairs.len() as f64;
    let mean_x = pairs.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = pairs.iter().map(|(_, y)| y).sum::<f64>() / n;
    let xx: f64 = pairs.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
    let xy: f64 = pairs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = xy / xx;
    let intercept = mean_y - slope * mean_x;
    let square: f64 =
        pairs.iter().map(|(x, y)| (y - slope * x - intercept) * (y - slope * x - intercept)).sum();
    (xx > 0.0 && slope.is_finite() && intercept.is_finite()).then(|| Line {
        slope,
        intercept,
        rms: (square / n).sqrt(),
    })
}

/// The line through (x, ln y): `y = exp(intercept) · exp(slope · x)`, weighted by y² so that it is the exponential that is
/// fitted and not its logarithm. Points with y ≤ 0 are left out.
pub fn log_linear(x: &[f64], y: &[f64]) -> Option<Line> {
    let points: Vec<(f64, f64, f64)> = x
        .iter()
        .zip(y)
        .filter(|(x, y)| x.is_finite() && y.is_finite() && **y > 0.0)
        .map(|(&x, &y)| (x, math::ln(y), y * y))
        .collect();
    let weight: f64 = points.iter().map(|(_, _, w)| w).sum();
    if points.len() < 2 || !(weight > 0.0 && weight.is_finite()) {
        return None;
    }
    let mean_x = points.iter().map(|(x, _, w)| w * x).sum::<f64>() / weight;
    let mean_y = points.iter().map(|(_, y, w)| w * y).sum::<f64>() / weight;
    let xx: f64 = points.iter().map(|(x, _, w)| w * (x - mean_x) * (x - mean_x)).sum();
    let xy: f64 = points.iter().map(|(x, y, w)| w * (x - mean_x) * (y - mean_y)).sum();
    let slope = xy / xx;
    let intercept = mean_y - slope * mean_x;
    let square: f64 =
        points.iter().map(|(x, y, w)| w * (y - slope * x - intercept) * (y - slope * x - intercept)).sum();
    (xx > 0.0 && slope.is_finite() && intercept.is_finite()).then(|| Line {
        slope,
        intercept,
        rms: (square / weight).sqrt(),
    })
}

/// A polynomial by its coefficients, the constant one first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polynomial {
    /// Coefficient of `x^k` at place k.
    pub coefficients: Vec<f64>,
}

impl Polynomial {
    /// The value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |value, coefficient| value * x + coefficient)
    }
}

/// The polynomial of least squares. `None` with too few different `x` for its degree, or a degree above 12.
pub fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Polynomial> {
    let pairs: Vec<(f64, f64)> =
        x.iter().copied().zip(y.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if degree > 12 || pairs.len() <= degree {
        return None;
    }
    // In a centred and scaled variable; the plain powers of codes are nearly dependent.
    let (low, high) =
        pairs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (x, _)| (l.min(*x), h.max(*x)));
    let (centre, scale) = (0.5 * (low + high), (0.5 * (high - low)).max(f64::MIN_POSITIVE));
    let design =
        DMatrix::from_fn(pairs.len(), degree + 1, |i, k| ((pairs[i].0 - centre) / scale).powi(k as i32));
    let values = DVector::from_iterator(pairs.len(), pairs.iter().map(|(_, y)| *y));
    if design.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let decomposed = design.svd(true, true);
    if decomposed.rank(1e-10 * decomposed.singular_values.max()) <= degree {
        return None;
    }
    let scaled = decomposed.solve(&values, 0.0).ok()?;
    // Back to powers of x: substitute (x − centre) / scale.
    let mut coefficients = vec![0.0; degree + 1];
    for &coefficient in scaled.as_slice().iter().rev() {
        let before = coefficients.clone();
        for (k, value) in coefficients.iter_mut().enumerate() {
            let lower = if k == 0 { 0.0 } else { before[k - 1] };
            *value = (lower - centre * before[k]) / scale;
        }
        coefficients[0] += coefficient;
    }
    coefficients.iter().all(|value| value.is_finite()).then_some(Polynomial { coefficients })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_two_points_is_exact() {
        let fitted = line(&[1.0, 3.0, f64::NAN], &[5.0, 9.0, 0.0]).unwrap();
        assert_eq!((fitted.slope, fitted.intercept, fitted.rms), (2.0, 3.0, 0.0));
        assert_eq!(line(&[1.0, 1.0], &[0.0, 1.0]), None);
    }

    #[test]
    fn a_polynomial_of_codes_is_recovered() {
        let x: Vec<f64> = (0..20).map(|k| 50.0 * f64::from(k)).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 0.5 * x + 1e-3 * x * x).collect();
        let fitted = polynomial(&x, &y, 2).unwrap();
        for (coefficient, wanted) in fitted.coefficients.iter().zip([3.0, -0.5, 1e-3]) {
            assert!((coefficient / wanted - 1.0).abs() < 1e-9, "{coefficient} instead of {wanted}");
        }
        assert_eq!(polynomial(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], 1), None);
    }

    #[test]
    fn a_decaying_exponential_is_a_line_in_the_logarithm() {
        let x = [0.0, 1.0, 2.0, 5.0];
        let y = x.map(|x: f64| 20.0 * math::exp(-x / 5.0));
        let fitted = log_linear(&x, &y).unwrap();
        assert!((fitted.slope + 0.2).abs() < 1e-12 && (math::exp(fitted.intercept) - 20.0).abs() < 1e-9);
    }
}
