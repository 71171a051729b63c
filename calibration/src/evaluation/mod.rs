//! What a calibration is worth, in figures (calibration 8, 15).
//!
//! [`compare`] measures what a routine observes with the same setting everywhere and with the calibrated ones.
//! [`Criteria`] are the limits of the specification, [`ChipReport`] is what an acceptance run collects of a chip.

mod compare;
mod criteria;
mod statistics;

pub use compare::{Comparison, compare};
pub use criteria::{ChipReport, Criteria, Judgement, Limit, Must, Parameter, Truth};
pub use statistics::{correlation, mean, median, percentile, standard_deviation, trimmed, trimmed_spread};
