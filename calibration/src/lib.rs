//! Calibration routines that speak only to the host interface.
//!
//! A virtual chip is an individual: 512 neurons that were told the same numbers do 512 different things. What is here turns
//! an uncalibrated chip into one that does what it is told, by writing, waiting and measuring through a
//! [`Connection`](bss2_host::connection::Connection), as on silicon. Nothing here looks into the model.
//!
//! | layer | modules |
//! |---|---|
//! | the chip and what was written to it | [`link`], [`program`] |
//! | stimulus and readout | [`primitives`], [`base_state`] |
//! | what a routine is | [`routine`] |
//! | results, files, cache | [`result`], [`cache`] |
//! | searches and fits | [`algorithms`], [`fit`] |
//! | routines | [`neuron`], [`cadc`], [`driver`], [`hagen`], [`correlation`] |
//! | whole calibrations | [`entry`] |
//! | what a calibration is worth | [`evaluation`], [`report`] |
//! | evolution and Bayesian inference, on anything | [`genetic`], [`inference`] |
//! | what they are tried on: attenuation along compartments | [`attenuation`] |
//!
//! [`bench::Bench`] is the laboratory table: start-up, default configuration, single writes, measurements.
//! [`quick::calibrate`] is the simple calibration that experiments use: potentials, input offsets and synaptic strength.

pub mod algorithms;
pub mod attenuation;
pub mod base_state;
pub mod bench;
pub mod cache;
pub mod cadc;
pub mod correlation;
pub mod driver;
pub mod entry;
pub mod error;
pub mod evaluation;
pub mod fit;
pub mod genetic;
pub mod hagen;
pub mod inference;
pub mod link;
pub mod neuron;
pub mod primitives;
pub mod program;
pub mod quick;
pub mod report;
pub mod result;
pub mod routine;

pub use bench::{Bench, BenchError};
pub use error::CalibrationError;
pub use link::Link;
pub use quick::{NeuronCodes, QuickCalibration, Targets, calibrate};
pub use routine::{Algorithm, Outcome, Progress, Routine, Session};
