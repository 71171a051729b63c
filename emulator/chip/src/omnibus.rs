//! Who answers at an address of the chip's Omnibus.

use crate::registers::{Block, Location, Register, decode};
use bss2_base::Hemisphere;

/// What is behind a chip address, as the two processors and the host have to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A word of a processor's SRAM.
    PpuSram(Hemisphere, usize),
    /// A processor's control register.
    PpuControl(Hemisphere),
    /// A processor's status register.
    PpuStatus(Hemisphere),
    /// The synapse array: offset in its access region.
    Array(Hemisphere, u32),
    /// A register of the rest of the chip.
    Register(Register),
    /// Nothing: reads 0, writes are lost.
    Hole,
}

/// Resolves a word address.
pub(crate) fn target(address: u32) -> Target {
    match decode(address) {
        Some(Location::PpuMemory { hemisphere, word }) => Target::PpuSram(hemisphere, word as usize),
        Some(Location::SynapseArray { hemisphere, offset }) => Target::Array(hemisphere, offset),
        Some(Location::Register(register)) => match register.block {
            Block::PPUControlRegister => {
                Target::PpuControl(Hemisphere::from_index(register.instance as usize))
            }
            Block::PPUStatusRegister => Target::PpuStatus(Hemisphere::from_index(register.instance as usize)),
            _ => Target::Register(register),
        },
        // The FPGA's memory is not on the chip's Omnibus.
        Some(Location::ExternalMemory { .. } | Location::ExternalDram { .. }) | None => Target::Hole,
    }
}
