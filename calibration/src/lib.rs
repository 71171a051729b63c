//! Calibration routines that speak only to the host interface.
//!
//! A virtual chip is an individual: 512 neurons that were told the same numbers do 512 different things. What is here turns
//! an uncalibrated chip into one that does what it is told, by writing, waiting and measuring through a
//! [`Connection`](bss2_host::connection::Connection), as on silicon. Nothing here looks into the model.
//!
//! [`bench::Bench`] is the laboratory table: start-up, default configuration, single writes, measurements.
//! [`quick::calibrate`] is the simple calibration that experiments use: potentials, input offsets and synaptic strength.

pub mod algorithms;
pub mod bench;
pub mod fit;
pub mod quick;

pub use bench::{Bench, BenchError};
pub use quick::{NeuronCodes, QuickCalibration, Targets, calibrate};
