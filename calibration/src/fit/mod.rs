//! Fits: straight lines, polynomials, exponentials, and least squares in general (calibration 16.1, Appendix A).
//!
//! Nothing here fails on bad data: what can't be fitted is `None`, and the routine that asked masks that instance
//! (quirk 12 of calibration 11: the official fits may abort the whole chip).

mod exponential;
mod least_squares;
mod line;
mod recipes;

pub use exponential::{Exponential, ExponentialBounds, exponential, exponential_trace};
pub use least_squares::{LeastSquares, Minimum, least_squares};
pub use line::{Line, Polynomial, line, log_linear, polynomial};
pub use recipes::{Recipe, STEP_BOUNDS, membrane_decay, membrane_rise, step_response, synaptic_line};
