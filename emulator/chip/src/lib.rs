//! HICANN-X v3: the register map, CapMem codes to physics, two plasticity processors, and the time kernel that binds event
//! network, analog core and processors together.
//!
//! [`Chip::new`] makes an individual; everything else goes through its Omnibus ([`Chip::read`], [`Chip::write`]), its links
//! ([`Chip::inject`], [`Chip::take_events`]) and its clock ([`Chip::advance`]), as on silicon.

pub mod chip;
pub mod external_memory;
pub mod options;
pub mod physics;

pub mod ppu;
pub mod randgen;
pub mod registers;
pub mod synapse_array;

mod array_port;
mod binding;
mod clocks;
mod configure;
mod debug_lines;
mod diagnostics;
mod fire_lines;
mod omnibus;
mod ppu_bus;
mod readout_chain;
mod shared;
mod switches;

pub use chip::{Chip, Halt};
pub use clocks::ClockPeriods;
pub use options::{ChipOptions, Latencies};
pub use readout_chain::MadcSample;
pub use shared::LinkEvent;
