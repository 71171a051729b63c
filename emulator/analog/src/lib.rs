//! The analog core of HICANN-X: neurons, synapses, correlation sensors, converters, mismatch and noise.
//!
//! Physics only: physical units (SI, `f64`) in, spikes and voltages out. No register, no label, no CapMem code is known here.

pub mod mismatch;
pub mod options;
pub mod parameters;

pub use mismatch::{ChipMismatch, MismatchSwitches};
pub use options::{AnalogOptions, ClockPhase, Noise};
pub use parameters::{
    Branch, BranchMismatch, CadcChannel, ColumnSwitches, Comparator, CorrelationBranch,
    CorrelationParameters, DriverParameters, LINE_REST, Line, NeuronParameters, ParameterError, PulseControl,
    PulseRamp, Readout, ReadoutSource, Refractory, RowMode, ShortTermPlasticity, SynapseMismatch,
    SynapticInput, Transconductor,
};
