//! Registers of the FPGA that merely store (host-interface 3, register-map 8). Those that do or show something live with
//! the part that does it.

use bss2_chip::registers::{Access, Location, Register, Space, Word, decode, report_unmodelled};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PERFORMANCE_TEST: u32 = 0x8800_8000;

/// How many addresses without register are named.
const LIMIT: usize = 1000;

/// Contents of the storing registers. The rows of the register map say which there are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Registers {
    written: BTreeMap<u32, u32>,
    #[serde(skip)]
    reports: Reports,
}

/// What has been said already.
#[derive(Clone, Debug, Default)]
struct Reports {
    /// Bits without effect, by block (its first address) and word.
    unmodelled: BTreeMap<(u32, u8), u32>,
    /// Addresses of no register.
    unknown: BTreeSet<u32>,
}

/// The register at an address.
fn find(address: u32) -> Option<(Register, &'static Word)> {
    match decode(address)? {
        Location::Register(register) if register.block.description().space == Space::Fpga => {
            Some((register, &register.block.description().words[usize::from(register.word)]))
        }
        _ => None,
    }
}

impl Registers {
    /// The register's content, 0 where there is none or where it can't be read.
    pub(super) fn read(&mut self, address: u32) -> u32 {
        if find(address).is_none() {
            self.report_unknown(address, "read of", "0");
        }
        self.get(address)
    }

    /// Stores the bits that exist.
    pub(super) fn write(&mut self, address: u32, value: u32) {
        let Some((register, word)) = find(address) else {
            self.report_unknown(address, "write to", "ignored");
            return;
        };
        if word.access != Access::ReadWrite {
            return;
        }
        let (description, index) = (register.block.description(), usize::from(register.word));
        let value = value & word.used_mask();
        let unusual = (value ^ description.reset(index)) & (value ^ description.host_default(index));
        let reported = self.reports.unmodelled.entry((description.base, register.word)).or_default();
        report_unmodelled(register, value, unusual, reported);
        self.written.insert(address, value);
    }

    /// Content of a register that exists; 0 of any other.
    pub(super) fn get(&self, address: u32) -> u32 {
        let reset = || match find(address) {
            Some((register, word)) if word.access != Access::WriteOnly => {
                register.block.description().reset(usize::from(register.word))
            }
            _ => 0,
        };
        self.written.get(&address).copied().unwrap_or_else(reset)
    }

    fn report_unknown(&mut self, address: u32, access: &str, consequence: &str) {
        let unknown = &mut self.reports.unknown;
        if unknown.len() < LIMIT && unknown.insert(address) {
            tracing::warn!(target: "registers", "{access} unknown FPGA address {address:#010x}: {consequence}");
            if unknown.len() == LIMIT {
                tracing::warn!(target: "registers", "that was the {LIMIT}th unknown address; no more are named");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playback::FPGA_INSTRUCTION_TIMEOUT;

    #[test]
    fn only_bits_that_exist_are_stored() {
        let mut registers = Registers::default();
        assert_eq!(registers.read(FPGA_INSTRUCTION_TIMEOUT), 1_250_000);
        registers.write(0x8803_0080, 0xFFFF_1234);
        assert_eq!(registers.read(0x8803_0080), 0x1234);
        registers.write(0x8803_0100, 1);
        assert_eq!(registers.read(0x8803_0100), 0);
        assert_eq!(registers.reports.unknown, BTreeSet::from([0x8803_0100]));
    }

    #[test]
    fn a_field_without_effect_is_named_once_and_registers_that_are_only_read_stay() {
        let mut registers = Registers::default();
        for (address, value) in
            [(0x8800_7C00, 1), (0x8800_7C01, 2), (0x8800_7C02, 3), (FPGA_INSTRUCTION_TIMEOUT, 5)]
        {
            registers.write(address, value);
            assert_eq!(registers.get(address), value);
        }
        // The event switch, whose direction 1 was the first with something else than the default.
        let said: Vec<_> = registers.reports.unmodelled.iter().filter(|entry| *entry.1 != 0).collect();
        assert_eq!(said, [(&(0x8800_7C00, 0), &3)]);
        registers.write(0x8800_8001, 7);
        assert_eq!(registers.get(0x8800_8001), 0);
    }
}
