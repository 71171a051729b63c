//! Adaptive integration of ordinary differential equations with events and dense output (analog-core 9.3, level R).
//!
//! | file | what |
//! |---|---|
//! | `dormand_prince.rs` | explicit pair of orders 5(4), continuous output of order 4 |
//! | `rosenbrock.rs` | L-stable Rosenbrock method of orders 4(3) with analytic Jacobian (RODAS), continuous output of order 3 |
//! | `integrator.rs` | step control, choice of the method, location of crossings |
//!
//! Systems are autonomous: whatever changes at a known time (inputs, resets, pulses) ends an integration and starts the next.
//! Nothing here knows a unit; the simulation uses volts and seconds.

mod dormand_prince;
mod integrator;
mod rosenbrock;

pub use integrator::{Crossing, Integrator, Method, Settings, Statistics, Stop};

use nalgebra::DMatrix;

/// A system `dy/dt = f(y)`.
pub trait System {
    /// Writes `f(y)` into `derivative`; both have the length of the state.
    fn derivative(&self, y: &[f64], derivative: &mut [f64]);

    /// Writes `df/dy` into `jacobian`, row = component of f, column = component of y. All elements have been set to 0.
    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>);
}

/// One accepted step and the solution inside of it.
#[derive(Clone, Debug, Default)]
pub struct DenseStep {
    /// Length of the step in the unit of time.
    pub length: f64,
    /// Coefficients `c` of `y(θ) = c0 + θ (c1 + (1-θ) (c2 + θ (c3 + (1-θ) c4)))`, θ = 0..1, by component.
    coefficients: [Vec<f64>; 5],
}

impl DenseStep {
    fn resize(&mut self, dimension: usize) {
        for coefficients in &mut self.coefficients {
            coefficients.resize(dimension, 0.0);
        }
    }

    /// Component `i` of the solution at the fraction `theta` of the step, 0..=1.
    pub fn value(&self, i: usize, theta: f64) -> f64 {
        let [c0, c1, c2, c3, c4] = self.component(i);
        let rest = 1.0 - theta;
        c0 + theta * (c1 + rest * (c2 + theta * (c3 + rest * c4)))
    }

    /// Derivative of component `i` with respect to the fraction, at `theta`.
    fn slope(&self, i: usize, theta: f64) -> f64 {
        let [_, c1, c2, c3, c4] = self.component(i);
        let rest = 1.0 - theta;
        let inner = c3 + rest * c4;
        let middle = c2 + theta * inner;
        let middle_slope = inner - theta * c4;
        let outer = c1 + rest * middle;
        outer + theta * (rest * middle_slope - middle)
    }

    fn component(&self, i: usize) -> [f64; 5] {
        [0, 1, 2, 3, 4].map(|k| self.coefficients[k][i])
    }
}
