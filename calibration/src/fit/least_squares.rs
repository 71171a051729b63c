//! Levenberg–Marquardt for anything else (calibration 16.1).

use nalgebra::{DMatrix, DVector};

/// A problem of least squares.
pub trait LeastSquares {
    /// Number of residuals.
    fn residuals(&self) -> usize;

    /// Writes the residuals (model minus data, weighted) at these parameters.
    fn evaluate(&self, parameters: &[f64], residuals: &mut [f64]);
}

/// Where the sum of squares is least.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The parameters, within their bounds.
    pub parameters: Vec<f64>,
    /// Root of the mean square of the residuals.
    pub rms: f64,
    /// Steps that were tried.
    pub iterations: usize,
    /// Whether the relative change came below 1e-8 before the steps ran out.
    pub converged: bool,
}

/// Steps that are tried at most.
const LIMIT: usize = 100;
/// Relative change that ends the search.
const TOLERANCE: f64 = 1e-8;

/// Minimises from `start` within `bounds` (one pair per parameter; steps are cut at them). Damping begins at 1e-3, times or
/// divided by 10. Derivatives are differences. `None` if there are fewer residuals than parameters, the shapes differ, or
/// the start gives no finite residuals.
pub fn least_squares(problem: &dyn LeastSquares, start: &[f64], bounds: &[(f64, f64)]) -> Option<Minimum> {
    let (n, p) = (problem.residuals(), start.len());
    if p == 0
        || n < p
        || bounds.len() != p
        || bounds.iter().any(|(lower, upper)| lower.partial_cmp(upper).is_none_or(|order| order.is_gt()))
    {
        return None;
    }
    let clip = |k: usize, value: f64| value.clamp(bounds[k].0, bounds[k].1);
    let mut parameters: Vec<f64> = (0..p).map(|k| clip(k, start[k])).collect();
    let evaluate = |parameters: &[f64]| {
        let mut residuals = vec![0.0; n];
        problem.evaluate(parameters, &mut residuals);
        let square: f64 = residuals.iter().map(|r| r * r).sum();
        (residuals, if square.is_finite() { square } else { f64::INFINITY })
    };
    let (mut residuals, mut square) = evaluate(&parameters);
    if !square.is_finite() {
        return None;
    }
    let mut damping = 1e-3;
    let mut converged = false;
    let mut iterations = 0;
    while iterations < LIMIT && !converged {
        let mut jacobian = DMatrix::zeros(n, p);
        for k in 0..p {
            let width = (parameters[k].abs() * 1e-6).max(1e-9);
            let mut moved = parameters.clone();
            // Away from a bound.
            moved[k] = if parameters[k] + width <= bounds[k].1 {
                parameters[k] + width
            } else {
                parameters[k] - width
            };
            let (there, _) = evaluate(&moved);
            let width = moved[k] - parameters[k];
            for i in 0..n {
                jacobian[(i, k)] = (there[i] - residuals[i]) / width;
            }
        }
        if jacobian.iter().any(|value| !value.is_finite()) {
            break;
        }
        let gradient = jacobian.tr_mul(&DVector::from_column_slice(&residuals));
        // A parameter that is pushed against its bound takes no part in this step.
        let held: Vec<bool> = (0..p)
            .map(|k| {
                (parameters[k] <= bounds[k].0 && gradient[k] > 0.0)
                    || (parameters[k] >= bounds[k].1 && gradient[k] < 0.0)
            })
            .collect();
        let gradient = DVector::from_fn(p, |k, _| if held[k] { 0.0 } else { gradient[k] });
        let mut normal = jacobian.tr_mul(&jacobian);
        for k in (0..p).filter(|&k| held[k]) {
            normal.row_mut(k).fill(0.0);
            normal.column_mut(k).fill(0.0);
            normal[(k, k)] = 1.0;
        }
        loop {
            iterations += 1;
            let mut damped = normal.clone();
            for k in 0..p {
                damped[(k, k)] += damping * normal[(k, k)].max(1e-300);
            }
            let moved = damped.cholesky().map(|factor| {
                let step = factor.solve(&gradient);
                (0..p).map(|k| clip(k, parameters[k] - step[k])).collect::<Vec<f64>>()
            });
            if let Some(moved) = moved
                && moved.iter().all(|value| value.is_finite())
            {
                let (there, new_square) = evaluate(&moved);
                if new_square <= square {
                    let small = parameters
                        .iter()
                        .zip(&moved)
                        .all(|(a, b)| (a - b).abs() <= TOLERANCE * (a.abs() + TOLERANCE));
                    converged = small || square - new_square <= TOLERANCE * TOLERANCE * square;
                    (parameters, residuals, square) = (moved, there, new_square);
                    damping = (damping / 10.0).max(1e-12);
                    break;
                }
            }
            damping *= 10.0;
            if damping > 1e12 || iterations >= LIMIT {
                // No direction leads down any more.
                converged = damping > 1e12;
                iterations = iterations.max(if converged { 0 } else { LIMIT });
                return Some(Minimum { parameters, rms: (square / n as f64).sqrt(), iterations, converged });
            }
        }
    }
    Some(Minimum { parameters, rms: (square / n as f64).sqrt(), iterations, converged })
}
