//! Everything that crosses crates: golden data, independent oracles, experiments, reproducibility.

pub mod golden;
pub mod oracles;
