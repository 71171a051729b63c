//! The digital event network of HICANN-X: labels, crossbar, PADI buses, drivers, back-ends, background sources.
//!
//! ```text
//!             8 neuron event outputs ───► in 0..7  ┐
//! FPGA ─────► 4 link channels ──────────► in 8..11 ├─ crossbar ─► out 0..7  ─► PADI buses ─► drivers ─► synapse rows
//!             8 background sources ─────► in 12..19┘            └► out 8..11 ─► link ─► FPGA
//! PADIEvent register ───────────────────────────────────────────► PADI buses
//! ```
//!
//! [`EventNetwork`] holds all of it. Events go in with [`EventNetwork::inject`], [`EventNetwork::fire`] and
//! [`EventNetwork::padi_event`]; driver pulses and labels for the host come out. Which synapses of a row a pulse reaches
//! says [`SynapseLabels::matches`]. No analog quantity and no register address occurs here.
//!
//! Time is the number of fabric cycles of 4 ns since the chip was made ([`cycle_of`], [`cycle_from`], [`time_of`]). The
//! network runs from event to event: idle stretches cost nothing, and yet arbitration, occupancy and drops are decided
//! cycle by cycle. Results do not depend on how time is cut into calls.
//!
//! # Neurons in the loop
//!
//! Pulses cause spikes, and spikes cause pulses no sooner than [`EventNetwork::shortest_feedback`] later. So a window of
//! time has two halves: find the pulses, let the neurons answer, and settle what the answers mean for the rest.
//!
//! ```
//! use bss2_events::{EventNetwork, Outputs};
//! # use bss2_base::Neuron;
//! # fn neurons_answer(_: &[bss2_events::DriverPulse], _: u64) -> Vec<(u64, Neuron)> { Vec::new() }
//! let mut network = EventNetwork::default();
//! let mut out = Outputs::default();
//! let end = 1_000_000;
//! while network.now() < end {
//!     let until = network.look_ahead(end, &mut out);
//!     for (cycle, neuron) in neurons_answer(&out.pulses, until) {
//!         network.fire(cycle, neuron);
//!     }
//!     out.pulses.clear();
//!     network.advance(until, &mut out);
//! }
//! ```
//!
//! The specification is silent about arbitration, buffering and latencies. Each such number is a field of
//! [`Parameters`].

mod array;
pub mod backend;
pub mod background;
pub mod coordinates;
pub mod crossbar;
pub mod driver;
pub mod fire_routing;
pub mod label;
pub mod network;
pub mod padi;
pub mod parameters;
pub mod synapse;

pub use backend::{BackendBlockConfig, BackendConfig, SpikeCount};
pub use background::BackgroundConfig;
pub use coordinates::{
    BackendBlock, BackgroundSource, CrossbarInput, CrossbarNode, CrossbarOutput, Driver, EventOutput,
    PadiBus, Spl1Address,
};
pub use crossbar::{NodeConfig, OutputConfig};
pub use driver::{DriverConfig, DriverPulse};
pub use fire_routing::{BayesianOperation, FireConfig, FireOutputs, FireRouting, Followed, Refractory};
pub use label::{HagenLabel, L2Event, NeuronLabel, PadiEvent, PadiLabel, SpikeLabel, SpikePack};
pub use network::{Diagnostics, EventNetwork, InconsistentState, Outputs};
pub use padi::PadiBusConfig;
pub use parameters::Parameters;
pub use synapse::SynapseLabels;

pub use bss2_base::RowMode;

use bss2_base::SimTime;

/// The fabric cycle in which a time lies (rounded down).
pub const fn cycle_of(time: SimTime) -> u64 {
    time.cycles(SimTime::FABRIC_CYCLE)
}

/// The first fabric cycle that does not begin before a time (rounded up).
pub const fn cycle_from(time: SimTime) -> u64 {
    time.round_up(SimTime::FABRIC_CYCLE).cycles(SimTime::FABRIC_CYCLE)
}

/// The time at which a fabric cycle begins.
pub const fn time_of(cycle: u64) -> SimTime {
    SimTime::from_cycles(cycle, SimTime::FABRIC_CYCLE)
}
