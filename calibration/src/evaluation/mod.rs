//! What a calibration is worth, in figures (calibration 8, 15).

mod statistics;

pub use statistics::{correlation, mean, median, percentile, standard_deviation, trimmed, trimmed_spread};
