//! Everything that crosses crates: golden data, experiments, reproducibility.

pub mod golden;
