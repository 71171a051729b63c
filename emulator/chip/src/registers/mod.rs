//! The registers of the chip and of the FPGA in front of it, each described once.
//!
//! | question | answer |
//! |---|---|
//! | what is at this address? | [`decode`] |
//! | where is this register? | [`Register::address`], [`coordinates`] for the instance number of a neuron, driver, ... |
//! | what does it hold? | [`RegisterFile`]: bus writes and reads, raw access, what changed since last asked |
//! | what does a host write at first? | [`default_chip`] |
//! | what does that mean? | the typed structs, e.g. [`neuron::NeuronBackendConfig`], through [`RegisterFile::get`] |
//! | what is known about it? | [`Block::description`], [reference pages](mod@reference) |
//!
//! The rows are in the files by group; each names its section of the register map. Everything else is
//! derived.
//!
//! ```
//! use bss2_chip::registers::{Block, Location, Register, RegisterFile, decode, neuron::NeuronBackendConfig};
//! use bss2_base::{Hemisphere, Neuron};
//!
//! let mut file = RegisterFile::chip();
//! let instance = bss2_chip::registers::coordinates::neuron_backend(Neuron::new(Hemisphere::Bottom, 7));
//! let Some(Location::Register(register)) = decode(0x1a_121e) else { panic!("not a register") };
//! assert_eq!(register, Register { block: Block::NeuronBackendConfig, instance, word: 2 });
//! file.write(register, 0xac);
//! let backend: NeuronBackendConfig = file.get(instance).unwrap();
//! assert!(backend.en_bayesian_extension);
//! ```

mod block;
mod default_chip;
mod description;
mod dump;
mod file;
mod macros;
mod map;
mod reasons;

pub mod board;
pub mod cadc;
pub mod capmem;
pub mod chip_level;
pub mod clocks;
pub mod coordinates;
pub mod executor;
pub mod link;
pub mod neuron;
pub mod padi;
pub mod ppu;
pub mod readout;
pub mod reference;
pub mod spike_io;
pub mod spl1;
pub mod synapse_memory;
pub mod vector_generator;

pub use block::{Block, UnknownBlock};
pub use default_chip::default_chip;
pub use description::{
    Access, Axis, Bits, BlockDescription, Connection, Encoding, Field, FieldValue, Place, Reset, Space,
    Status, Steps, TypedBlock, Word, WordEncoding, permute_weight,
};
pub use dump::{DumpedField, DumpedRegister};
pub use file::{RegisterFile, SnapshotError, Written, report_unmodelled};
pub use map::{Location, Register, decode};
