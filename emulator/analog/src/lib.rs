//! The analog core of HICANN-X: neurons, synapses, correlation sensors, converters, mismatch and noise.
//!
//! Physics only: physical units (SI, `f64`) in, spikes and voltages out. No register, no label, no CapMem code is known here.
//! [`AnalogCore`] is the entry; the parameter structs say what each circuit is told.
//!
//! | file | block |
//! |---|---|
//! | `membrane.rs` | linear membrane: propagators, bounds, threshold crossings |
//! | `circuit.rs` | one neuron: comparator, reset, refractory automaton, noise |
//! | `driver.rs` | synapse driver: pulse length, short-term plasticity |
//! | `synapses.rs` | weights and charges |
//! | `correlation.rs` | correlation sensors |
//! | `cadc.rs` | column converters |
//! | `core.rs` | all of them under one clock |
//! | `mismatch.rs` | the individual: fixed deviations and defects that follow from a seed |
//!
//! # What this version leaves out
//! The exponential, adaptation, conductance-based inputs and joined membranes; the saturation of leak and synaptic
//! transconductors (`membrane.rs` says how large that error is); the bypass, the debug line, the MADC (whose input is
//! [`AnalogCore::read`]), the differential non-linearity of the CADC, slow drift, and driver jitter.

mod cadc;
mod circuit;
mod core;
mod correlation;
mod draws;
mod driver;
mod membrane;
pub mod mismatch;
pub mod options;
pub mod parameters;
mod synapses;
mod wake;
mod whole;

pub use cadc::CadcResult;
pub use core::{AnalogCore, Fire, SynapticPulse};
pub use mismatch::{ChipMismatch, MismatchSwitches};
pub use options::{AnalogOptions, ClockPhase, Noise};
pub use parameters::{
    Branch, BranchMismatch, CadcChannel, ColumnSwitches, Comparator, CorrelationBranch,
    CorrelationParameters, DriverParameters, LINE_REST, Line, NeuronParameters, ParameterError, PulseControl,
    PulseRamp, Readout, ReadoutSource, Refractory, RowMode, ShortTermPlasticity, SynapseMismatch,
    SynapticInput, Transconductor,
};
