//! Step control, choice of the method, crossings.

use super::dormand_prince::DormandPrince;
use super::rosenbrock::Rosenbrock;
use super::{DenseStep, System};
use crate::reference::{ReferenceError, SolverError};
use bss2_base::math::{exp, ln};
use serde::{Deserialize, Serialize};

/// Steps below [`Settings::stiff_step`] in a row that make a system stiff: the short first steps after a restart don't.
const STIFF_AFTER: u32 = 10;

/// Which method makes the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Dormand-Prince, and Rosenbrock from where the steps fall below [`Settings::stiff_step`] until the next restart.
    #[default]
    Automatic,
    /// Dormand-Prince only.
    DormandPrince,
    /// Rosenbrock only.
    Rosenbrock,
}

/// Tolerances and limits of an integration (analog-core 9.3, `numerics.*`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Error of a step relative to the value of a component.
    pub relative: f64,
    /// Error of a step in the unit of the state (V).
    pub absolute: f64,
    /// How far from the true crossing an event may be placed, in the unit of time (s).
    pub crossing: f64,
    /// The step in the unit of time (s) below which [`Method::Automatic`] takes a system to be stiff.
    pub stiff_step: f64,
    /// The method.
    pub method: Method,
    /// Steps that one integration may take, rejected ones included.
    pub maximum_steps: u64,
}

impl Default for Settings {
    /// Level R: 1e-9 and 1e-9 V, crossings to 1e-15 s, stiff below 1 ns.
    fn default() -> Self {
        Self {
            relative: 1e-9,
            absolute: 1e-9,
            crossing: 1e-15,
            stiff_step: 1e-9,
            method: Method::Automatic,
            maximum_steps: 20_000_000,
        }
    }
}

impl Settings {
    /// Whether an integration can be made with these settings.
    ///
    /// # Errors
    /// Names a tolerance or limit that is not positive.
    pub fn check(&self) -> Result<(), ReferenceError> {
        for (name, value) in [
            ("relative", self.relative),
            ("absolute", self.absolute),
            ("crossing", self.crossing),
            ("stiff_step", self.stiff_step),
            ("maximum_steps", self.maximum_steps as f64),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ReferenceError::Setting { block: "solver", name, value, demand: "positive" });
            }
        }
        Ok(())
    }
}

/// A component that ends the integration when it rises through a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Index of the component.
    pub component: usize,
    /// The level, in the unit of the state.
    pub level: f64,
}

/// Why an integration ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// The span has passed.
    End,
    /// A crossing: its number, and the time since the start.
    Crossed {
        /// Index in the list of crossings.
        which: usize,
        /// In the unit of time.
        after: f64,
    },
}

/// What an integrator has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Accepted steps of Dormand-Prince.
    pub explicit_steps: u64,
    /// Accepted steps of Rosenbrock.
    pub implicit_steps: u64,
    /// Rejected steps.
    pub rejected: u64,
    /// Crossings found.
    pub crossings: u64,
}

/// An integrator: settings, work space and the length of the next step. It carries nothing of the solution.
#[derive(Clone, Debug)]
pub struct Integrator {
    settings: Settings,
    explicit: DormandPrince,
    implicit: Rosenbrock,
    first: Vec<f64>,
    end: Vec<f64>,
    error: Vec<f64>,
    dense: DenseStep,
    stiff: bool,
    /// Statistics since it was made.
    pub statistics: Statistics,
}

impl Integrator {
    /// An integrator with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            explicit: DormandPrince::default(),
            implicit: Rosenbrock::default(),
            first: Vec::new(),
            end: Vec::new(),
            error: Vec::new(),
            dense: DenseStep::default(),
            stiff: false,
            statistics: Statistics::default(),
        }
    }

    /// Integrates `y` over `span`, or to the first crossing. `stiff` makes [`Method::Automatic`] begin with Rosenbrock.
    ///
    /// `observe` gets every accepted step with its start, measured from the start of the span; steps are contiguous and end
    /// where the integration ends.
    ///
    /// # Errors
    /// If the tolerance can't be met or the allowance of steps is used up; `y` is then the state where it happened.
    pub fn advance<S: System + ?Sized>(
        &mut self,
        system: &S,
        y: &mut [f64],
        span: f64,
        stiff: bool,
        crossings: &[Crossing],
        mut observe: impl FnMut(f64, &DenseStep),
    ) -> Result<Stop, SolverError> {
        self.restart(y.len(), stiff);
        system.derivative(y, &mut self.first);
        let smallest = span * 1e-15;
        let mut t = 0.0;
        let mut h = self.first_step(y).min(span);
        let mut previous_error = 1e-4;
        let mut rejected = false;
        let mut steps = 0;
        let mut small = 0;
        while t < span {
            steps += 1;
            if steps > self.settings.maximum_steps {
                return Err(SolverError::TooManySteps { steps: self.settings.maximum_steps });
            }
            let remaining = span - t;
            let last = h * 1.000_001 >= remaining;
            let step = if last { remaining } else { h };
            if step < smallest && !last {
                return Err(SolverError::StepTooSmall { step });
            }
            let error = if self.try_step(system, y, step) { self.norm(y) } else { f64::INFINITY };
            if error > 1.0 {
                self.statistics.rejected += 1;
                if step <= smallest {
                    return Err(SolverError::StepTooSmall { step });
                }
                h = step * self.shrink(error);
                rejected = true;
                continue;
            }
            self.dense_of(y, step);
            if let Some((which, length)) = self.first_crossing(system, y, step, crossings) {
                observe(t, &self.dense);
                y.copy_from_slice(&self.end);
                self.statistics.crossings += 1;
                return Ok(Stop::Crossed { which, after: t + length });
            }
            observe(t, &self.dense);
            if self.stiff {
                self.statistics.implicit_steps += 1;
            } else {
                self.statistics.explicit_steps += 1;
            }
            y.copy_from_slice(&self.end);
            small = if step < self.settings.stiff_step { small + 1 } else { 0 };
            if self.stiff {
                system.derivative(y, &mut self.first);
            } else {
                self.first.copy_from_slice(self.explicit.last());
                self.stiff = self.settings.method == Method::Automatic && small >= STIFF_AFTER;
            }
            t = if last { span } else { t + step };
            let growth = self.grow(error, previous_error);
            h = step * if rejected { growth.min(1.0) } else { growth };
            previous_error = error.max(1e-4);
            rejected = false;
        }
        Ok(Stop::End)
    }

    fn restart(&mut self, dimension: usize, stiff: bool) {
        for vector in [&mut self.first, &mut self.end, &mut self.error] {
            vector.resize(dimension, 0.0);
        }
        self.dense.resize(dimension);
        self.explicit.resize(dimension);
        self.stiff = match self.settings.method {
            Method::Automatic => stiff,
            Method::DormandPrince => false,
            Method::Rosenbrock => true,
        };
        self.implicit.resize(dimension);
    }

    fn scale(&self, value: f64) -> f64 {
        self.settings.absolute + self.settings.relative * value.abs()
    }

    /// A step that changes no component by much: the error control corrects it.
    fn first_step(&self, y: &[f64]) -> f64 {
        let mut distance: f64 = 0.0;
        let mut speed: f64 = 0.0;
        for (y, slope) in y.iter().zip(&self.first) {
            distance = distance.max(y.abs() / self.scale(*y));
            speed = speed.max(slope.abs() / self.scale(*y));
        }
        let reach = 1e-3 * distance.max(1.0);
        if speed > 0.0 { reach / speed } else { f64::INFINITY }
    }

    /// Computes `self.end` and `self.error`.
    fn try_step<S: System + ?Sized>(&mut self, system: &S, y: &[f64], step: f64) -> bool {
        if self.stiff {
            self.implicit.step(system, y, &self.first, step, &mut self.end, &mut self.error)
        } else {
            self.explicit.step(system, y, &self.first, step, &mut self.end, &mut self.error);
            true
        }
    }

    fn dense_of(&mut self, y: &[f64], step: f64) {
        if self.stiff {
            self.implicit.dense(y, &self.end, step, &mut self.dense);
        } else {
            self.explicit.dense(y, &self.end, step, &mut self.dense);
        }
    }

    /// The largest error in units of its tolerance; infinite if anything is not finite.
    fn norm(&self, y: &[f64]) -> f64 {
        let mut norm: f64 = 0.0;
        for ((start, end), error) in y.iter().zip(&self.end).zip(&self.error) {
            let ratio = error.abs() / self.scale(start.abs().max(end.abs()));
            if ratio.is_nan() {
                return f64::INFINITY;
            }
            norm = norm.max(ratio);
        }
        norm
    }

    fn order(&self) -> f64 {
        if self.stiff { 4.0 } else { 5.0 }
    }

    fn shrink(&self, error: f64) -> f64 {
        if error.is_finite() { (0.9 * exp(-ln(error) / self.order())).clamp(0.1, 0.9) } else { 0.1 }
    }

    /// A PI controller for the explicit method, an I controller for the implicit one.
    fn grow(&self, error: f64, previous: f64) -> f64 {
        let error = error.max(1e-10);
        let beta = if self.stiff { 0.0 } else { 0.04 };
        let exponent = 1.0 / self.order() - 0.75 * beta;
        (0.9 * exp(beta * ln(previous) - exponent * ln(error))).clamp(0.2, 8.0)
    }

    /// The first crossing inside of the step that was just made. If there is one, `self.end` and the dense output are those of a
    /// step that ends there: the place is found on the dense output and polished with real steps.
    fn first_crossing<S: System + ?Sized>(
        &mut self,
        system: &S,
        y: &[f64],
        step: f64,
        crossings: &[Crossing],
    ) -> Option<(usize, f64)> {
        let mut first: Option<(usize, f64)> = None;
        for (which, crossing) in crossings.iter().enumerate() {
            if y[crossing.component] >= crossing.level {
                continue;
            }
            if let Some(theta) = self.dense.rise(crossing)
                && first.is_none_or(|(_, earlier)| theta < earlier)
            {
                first = Some((which, theta));
            }
        }
        let (which, theta) = first?;
        let Crossing { component, level } = crossings[which];
        let mut length = theta * step;
        for _ in 0..8 {
            if !self.try_step(system, y, length) {
                break;
            }
            self.dense_of(y, length);
            let slope = self.dense.slope(component, 1.0) / length;
            let correction = (level - self.end[component]) / slope;
            if !(correction.abs() > self.settings.crossing && correction.abs() < 0.5 * length) {
                break;
            }
            length = (length + correction).min(step);
        }
        Some((which, length))
    }
}

/// Parts of a step that are searched for a crossing one by one.
const PARTS: usize = 8;

impl DenseStep {
    /// The first fraction at which a component, below the level at 0, reaches it: by a change of sign at the end of a part of the
    /// step, or by a maximum inside of one.
    fn rise(&self, crossing: &Crossing) -> Option<f64> {
        let height = |theta| self.value(crossing.component, theta) - crossing.level;
        let slope = |theta| self.slope(crossing.component, theta);
        let mut low = 0.0;
        for part in 1..=PARTS {
            let high = part as f64 / PARTS as f64;
            let mut reached = (height(high) >= 0.0).then_some(high);
            if reached.is_none() && slope(low) > 0.0 && slope(high) < 0.0 {
                let (mut left, mut right) = (low, high);
                for _ in 0..60 {
                    let middle = 0.5 * (left + right);
                    if slope(middle) > 0.0 { left = middle } else { right = middle }
                }
                reached = (height(left) >= 0.0).then_some(left);
            }
            if let Some(mut high) = reached {
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if height(middle) >= 0.0 { high = middle } else { low = middle }
                }
                return Some(high);
            }
            low = high;
        }
        None
    }
}
