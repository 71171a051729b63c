//! The analog core of HICANN-X: neurons, synapses, correlation sensors, converters, mismatch and noise.
//!
//! Physics only: physical units (SI, `f64`) in, spikes and voltages out. No register, no label, no CapMem code is known here.
//! [`AnalogCore`] is the entry; the parameter structs say what each circuit is told.
//!
//! | file | block |
//! |---|---|
//! | `membrane.rs` | linear membrane: propagators, bounds, threshold crossings |
//! | `curve.rs` | saturating synaptic inputs as polynomials of their lines |
//! | `tangent.rs` | where leak and reset are linearised, and how far that holds |
//! | `neurons.rs` | all neurons, each in the class that can follow it |
//! | `circuit.rs` | what a neuron circuit is told: every value and every configuration bit |
//! | `engine.rs` | who follows the circuits of other classes |
//! | `linear.rs` | one neuron of the linear class: comparator, reset, refractory automaton, noise |
//! | `driver.rs` | synapse driver: pulse length, short-term plasticity |
//! | `synapses.rs` | weights and charges |
//! | `correlation.rs` | correlation sensors |
//! | `cadc.rs` | column converters |
//! | `madc.rs`, `readout.rs` | the fast converter, multiplexers, pads, board DACs |
//! | `core.rs` | all of them under one clock |
//! | `mismatch.rs` | the individual: fixed deviations and defects that follow from a seed |
//! | `stepped/` | the stepped class: neuron circuits in `f32` lanes |
//! | `reference/` | level R: every circuit, adaptive integration; what the core is tested against |
//!
//! # What it leaves out
//! The differential non-linearity of the CADC, slow drift, driver jitter, and joining membranes over a stimulation line that nothing drives. The
//! adaptation voltage of a neuron without adaptation is not followed unless somebody reads it.

mod cadc;
pub mod circuit;
mod core;
mod correlation;
mod curve;
mod draws;
mod driver;
mod engine;
mod linear;
pub mod madc;
mod membrane;
pub mod mismatch;
mod neurons;
pub mod options;
pub mod parameters;
pub mod readout;
pub mod reference;
pub mod stepped;
mod synapses;
mod tangent;
mod wake;
mod whole;

pub use bss2_base::RowMode;
pub use cadc::CadcResult;
pub use core::{AnalogCore, Fire, RefractorySpan, SynapticPulse};
pub use mismatch::{ChipMismatch, Measured, MismatchSwitches};
pub use options::{AnalogOptions, ClockPhase, Level, Noise};
pub use parameters::{
    Branch, BranchMismatch, CadcChannel, ColumnSwitches, Comparator, CorrelationBranch,
    CorrelationParameters, DriverParameters, LINE_REST, Line, NeuronParameters, ParameterError, PulseControl,
    PulseRamp, Readout, ReadoutSource, Refractory, ShortTermPlasticity, SynapseMismatch, SynapticInput,
    Transconductor,
};
