//! What surrounds a chip: playback programs, FPGA executor, message codec, PPU programs, recordings, network transport.
//!
//! A [`Program`](playback::Program) is a list of FPGA instructions, made with a [`ProgramBuilder`](playback::ProgramBuilder).
//! A [`Connection`](connection::Connection) runs it: either the [`Executor`](executor::Executor), which plays the FPGA in
//! front of any [`Device`](device::Device) in this process, or a [`Client`](client::Client), which talks to one elsewhere
//! through the transport that the official host software uses. Both answer with the same
//! [`Results`](recording::Results).
//!
//! A [`System`](system::System) is chip and FPGA with their time in the caller's hand: slices, spikes and accesses at exact
//! moments, snapshots.

pub mod archive;
pub mod arq;
pub mod chip_device;
pub mod client;
pub mod connection;
pub mod device;
pub mod executor;
pub mod loopback;
pub mod message;
pub mod playback;
pub mod ppu_program;
pub mod recording;
pub mod server;
pub mod snapshot;
pub mod system;
pub mod text;
mod udp;

/// The register map, which host and chip share.
pub use bss2_chip::registers;
/// Geometry of the synapse array's words.
pub use bss2_chip::synapse_array;
