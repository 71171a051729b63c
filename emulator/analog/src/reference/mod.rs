//! Level R: every neuron circuit with all its non-linearities, integrated to nine digits (analog-core 9.3).
//!
//! This is the truth that the fast core is measured with, for tests and short runs. It shares no equation and no propagator
//! with the fast path. What it is told, [`Circuit`], are physical values *before* the configuration bits act, and the bits: each bit of analog-core
//! 3.11 has its effect here.
//!
//! ```
//! use bss2_analog::reference::{Circuit, Input, Options, Quantity, Simulation};
//! use bss2_analog::Line;
//! use bss2_base::{Neuron, SimTime};
//!
//! let neuron = Neuron::from_index(7).unwrap();
//! let mut circuit = Circuit::default();
//! circuit.bits.membrane_capacitor_size = 63;
//! circuit.leak.potential = 0.42;
//! circuit.leak.conductance = circuit.capacitance() / 10e-6;
//! circuit.inputs[0].transconductance = 5.22e-6;
//! circuit.inputs[0].saturation_current = 489e-9;
//! circuit.bits.inputs[0].enable = true;
//!
//! let mut simulation = Simulation::new(vec![(neuron, circuit)], Options::default())?;
//! simulation.input(SimTime::from_us(1), neuron, Input::Charge { line: Line::Excitatory, charge: 24e-15 })?;
//! let trace = simulation.probe(neuron, Quantity::Membrane, SimTime::ZERO, SimTime::from_us(1), 20)?;
//! simulation.advance(SimTime::from_us(20))?;
//! assert!(simulation.samples(trace)[10] > 0.45);
//! # Ok::<(), bss2_analog::reference::ReferenceError>(())
//! ```
//!
//! | file | what |
//! |---|---|
//! | `equations.rs` | currents of one circuit |
//! | `nets.rs` | switches to nets |
//! | `group.rs` | the equations of coupled circuits |
//! | `automaton.rs` | reset, refractory period, adaptation pulse |
//! | `simulation.rs` | circuits under one clock: the entry |
//! | `compose.rs`, `run.rs` | its groups, and how one gets from event to event |
//! | `engine.rs` | the same as a level of a chip, told and asked at any time |
//! | `recording.rs` | the MADC at its neurons |
//! | `solver/` | the integrator |
//!
//! # Choices where the specification is silent
//! * The adaptation voltage is held by the conductance of the membrane clamp; the specification only says "soft".
//! * Switches reach circuits that must be part of the simulation; a right switch at column 255 ends nowhere.
//! * `connect_fire_bottom` joins the fire lines if either circuit has it set.
//! * A current on the stimulation line divides equally among the membranes that are connected to it.
//! * The low pass of the readout chain sits in each readout amplifier, before the multiplexers.
//!
//! Without temporal noise: that is a matter of the fast core.

mod automaton;
mod compose;
mod engine;
mod equations;
mod error;
mod group;
mod nets;
mod recording;
mod run;
mod simulation;
pub mod solver;

pub use crate::circuit::{
    Adaptation, Bits, Circuit, Comparator, CompartmentBits, CompartmentConductance, Exponential, FireBits,
    InputBits, Membrane, RangeBits, ReadoutAmplifier, SynapticInput, Transconductor,
};
pub use automaton::{Cause, DigitalTiming, Refire};
pub(crate) use compose::followers;
pub(crate) use engine::Engine;
pub use error::{ReferenceError, SolverError};
pub use nets::{Coupling, NetOptions, NetRemark, Nets};
pub use recording::MadcSample;
pub use simulation::{Fire, Input, Linearisation, Options, ProbeId, Quantity, Simulation, Stimulus};
