//! The stepped class of level F: every neuron circuit, in `f32` lanes (analog-core 9.3; decision 0006).
//!
//! Runge-Kutta steps of order 4, sixteen circuits at a time, as long as the membrane allows: 4 us for one that hardly moves, a few ns
//! while it runs away, none at all at rest. Synaptic lines decay exactly. Crossings are found on the cubic of a step, to the ps. It is
//! told the same [`Circuit`](crate::reference::Circuit)s as level R, and is held to the tolerances of analog-core 9.5 by tests against it.
//!
//! Fires and voltages have the same bits for any slicing of time, any vector instructions, and whatever else is simulated: a step is
//! chosen when it begins, from the state of its own circuits alone; what comes in later is taken within it as far as it fits, or ends it early.
//!
//! What a core does with an [`Engine`]: [`configure`](Engine::configure) when parameters change (cheap while switches don't),
//! [`pulse`](Engine::pulse) for the charges of a row of synapses, [`advance`](Engine::advance) and [`take_fires`](Engine::take_fires),
//! [`follow`](Engine::follow) for fire lines, [`value`](Engine::value) for readouts, [`park`](Engine::park) and
//! [`resume`](Engine::resume) for circuits that change to another class and back.
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
//! | `kernel.rs` | sixteen circuits that are alone, and their step |
//! | `arch.rs` | vector instructions |
//! | `fleet.rs` | circuits that are alone, from event to event |
//! | `lanes.rs` | what a lane is told; sixteen joined circuits, and their step |
//! | `network.rs` | joined membranes |
//! | `unit.rs` | units of joined circuits, sixteen of a shape at a time, from event to event |
//! | `automaton.rs` | reset, refractory period, adaptation pulse |
//! | `noise.rs` | random numbers of the membrane noise |
//! | `state.rs` | where a circuit stands, for other classes |
//! | `stored.rs` | snapshots |
//! | `simulation.rs` | the entry |
//!
//! # What it costs
//! `cargo bench -p bss2-analog --bench workloads` measures whole workloads beside a plain loop in C; decision 0006 has the figures.
//!
//! # What it leaves out
//! The low pass of the readout chain, and a bypass that a debug line drives gradually. Joined circuits are stepped 262 ns at most, also at
//! rest, and each charge ends their step: they cost far more than circuits that are alone.
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
