//! Everything that crosses crates: golden data, experiments, reproducibility.
