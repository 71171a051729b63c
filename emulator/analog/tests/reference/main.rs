//! Level R against closed forms, tables of the specification and other solvers (analog-core 10).

mod adaptation;
mod bits;
mod calibrated_codes;
mod common;
mod comparison;
mod compartments;
mod errors;
mod fast;
mod firing;
mod golden;
mod hagen;
mod linear;
mod nets;
mod nominal;
mod patterns;
mod readout;
mod robustness;
mod schemes;
mod solver;
mod stepped;
mod validation;
