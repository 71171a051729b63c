//! The stepped class of level F: every neuron circuit, in `f32` lanes (analog-core 9.3; decision 0006).
//!
//! Runge-Kutta steps of order 4 over arrays of circuits, 100 ns long, shorter where a membrane runs away, relaxes fast or is being
//! reset. Synaptic lines decay exactly. Crossings are found on the cubic through both ends of a step, to the ps. It is told the
//! same [`Circuit`](crate::reference::Circuit)s as level R, and is held to the tolerances of analog-core 9.5 by tests against it.
//!
//! Fires and voltages have the same bits for any number of lanes in a block and any slicing of time: a step is chosen when it
//! begins, from the state of its own circuits alone; what comes in later ends it early. A wider block is only faster.
//!
//! ```
//! use bss2_analog::Line;
//! use bss2_analog::reference::{Circuit, Input, Quantity};
//! use bss2_analog::stepped::{Options, Simulation};
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
//! simulation.advance(SimTime::from_us(10));
//! assert!(simulation.value(neuron, Quantity::Membrane)? > 0.45);
//! # Ok::<(), bss2_analog::reference::ReferenceError>(())
//! ```
//!
//! | file | what |
//! |---|---|
//! | `elementary.rs` | exp and tanh |
//! | `effective.rs` | a circuit with its configuration bits applied |
//! | `lanes.rs` | a block of lanes and its step |
//! | `network.rs` | joined membranes |
//! | `automaton.rs` | reset, refractory period, adaptation pulse |
//! | `noise.rs` | random numbers of the membrane noise |
//! | `state.rs` | where a circuit stands, for other classes |
//! | `stored.rs` | snapshots |
//! | `unit.rs` | from event to event |
//! | `simulation.rs` | the entry |
//!
//! # What it costs
//! 512 adaptive exponential neurons with two inputs per microsecond and six fires in 100 us each, for 100 us of chip time on one core
//! of a busy shared machine with 128-bit vectors (`cargo bench -p bss2-analog --bench stepped`): 0.19 s in blocks of 8 lanes, 0.30 s as
//! a plain scalar loop (blocks of 1); integrate-and-fire neurons 0.10 s and 0.21 s.
//!
//! # What it leaves out
//! The low pass of the readout chain, and a bypass that a debug line drives gradually. A membrane at rest is stepped like any other.
//! Steps shrink with the fastest time constant, down to 1 ps: conductances far beyond those of the chip cost time, and below a time
//! constant of 1 ps the explicit method diverges.

mod arch;
mod automaton;
mod effective;
mod elementary;
mod fleet;
mod kernel;
mod lanes;
mod network;
mod noise;
mod simulation;
mod state;
mod stored;
mod unit;

pub use arch::Instructions;
pub use simulation::{Fire, Options, Simulation};
pub use state::{BackEnd, State};

/// The stepped class as the core of a chip uses it.
pub type Engine = Simulation;
