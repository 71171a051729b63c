//! Registers of the FPGA that merely store (host-interface 3, register-map 8). Those that do or show something live with
//! the part that does it.

use crate::playback::{
    FPGA_EVENT_RECORDING, FPGA_INSTRUCTION_TIMEOUT, FPGA_PHY_CONFIG, FPGA_PHY_ENABLE, FPGA_POLL_ADDRESS,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run of registers with the same layout.
struct Storage {
    first: u32,
    count: u32,
    /// Bits that exist.
    mask: u32,
    reset: u32,
}

const fn storage(first: u32, count: u32, mask: u32, reset: u32) -> Storage {
    Storage { first, count, mask, reset }
}

/// By address. Reset values are host defaults except that of event recording (register-map 13).
const STORAGE: [Storage; 19] = [
    // Executor control; words 1 and 2 are unknown.
    storage(0x8800_0000, 3, u32::MAX, 0),
    storage(FPGA_EVENT_RECORDING, 1, 1, 1),
    // Address, target and mask.
    storage(FPGA_POLL_ADDRESS, 3, u32::MAX, 0),
    storage(FPGA_INSTRUCTION_TIMEOUT, 1, u32::MAX, 1_250_000),
    // Unknown.
    storage(0x8800_000A, 1, u32::MAX, 0),
    // Systime-correction barrier.
    storage(0x8800_000B, 1, 1, 0),
    // Tries of a synchronisation (settled 14).
    storage(0x8800_2000, 1, 0xF, 3),
    storage(FPGA_PHY_ENABLE, 1, 0xFF, 0xFF),
    storage(FPGA_PHY_CONFIG, 8, 0x003E_FFFF, 0x0020_4040),
    // Prescaler of the I2C master.
    storage(0x8800_7A00, 1, u32::MAX, 0),
    // Event switch: three sources, then words of unknown layout.
    storage(0x8800_7C00, 3, 3, 1),
    storage(0x8800_7C03, 7, u32::MAX, 0),
    // Performance test: control, status.
    storage(0x8800_8000, 1, 1, 0),
    storage(0x8800_8001, 4, 0, 0),
    // SpikeIO: output routes, input routes, configuration.
    storage(0x8802_0000, 0x1_0000, 0xFF, 0xFF),
    storage(0x8803_0000, 0x100, 0xFFFF, 0xFFFF),
    storage(0x8803_8000, 1, 0x0007_FFFF, 1),
    // Routing tables of multi-chip systems: input, output.
    storage(0x880C_0000, 0x8000, 0x0001_FFFF, 0),
    storage(0x880D_0000, 0x1_0000, 0xFFFF, 0),
];

fn find(address: u32) -> Option<&'static Storage> {
    let index = STORAGE.partition_point(|storage| storage.first <= address).checked_sub(1)?;
    Some(&STORAGE[index]).filter(|storage| address - storage.first < storage.count)
}

/// Contents of the storing registers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Registers {
    written: BTreeMap<u32, u32>,
}

impl Registers {
    /// The register's content, `None` where there is none.
    pub(super) fn read(&self, address: u32) -> Option<u32> {
        let storage = find(address)?;
        Some(self.written.get(&address).copied().unwrap_or(storage.reset))
    }

    /// Stores the bits that exist; `false` where there is no register.
    pub(super) fn write(&mut self, address: u32, value: u32) -> bool {
        let Some(storage) = find(address) else { return false };
        self.written.insert(address, value & storage.mask);
        true
    }

    /// Content of a register that exists.
    pub(super) fn get(&self, address: u32) -> u32 {
        self.read(address).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_free_of_overlap() {
        for pair in STORAGE.windows(2) {
            assert!(pair[0].first + pair[0].count <= pair[1].first, "{:#x}", pair[1].first);
        }
        for storage in &STORAGE {
            assert_eq!(storage.reset & !storage.mask, 0, "{:#x}", storage.first);
        }
    }

    #[test]
    fn only_bits_that_exist_are_stored() {
        let mut registers = Registers::default();
        assert_eq!(registers.read(FPGA_INSTRUCTION_TIMEOUT), Some(1_250_000));
        assert!(registers.write(0x8803_0080, 0xFFFF_1234));
        assert_eq!(registers.read(0x8803_0080), Some(0x1234));
        assert_eq!(registers.read(0x8803_0100), None);
        assert!(!registers.write(0x8803_0100, 1));
    }
}
