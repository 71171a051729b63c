//! The memory outside of the chip that both plasticity processors and the host see: 128 KiB of SRAM and 256 MiB of DRAM
//! on the FPGA (register-map 8.1, ppu-isa 6.2 to 6.4).
//!
//! The cells are words; byte `k` of a word (big endian) is its bits `31 - 8k ..= 24 - 8k`. DRAM is held in pages that
//! exist once they have been written; everything else reads zero.

use ppu_isa::{ByteEnables, LaneMask, Vector};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Words of the FPGA's external PPU memory (Omnibus words 0x8000_0000 ..).
pub const SRAM_WORDS: usize = 32_768;
/// Words of the FPGA's DRAM (Omnibus words 0x8400_0000 ..).
pub const DRAM_WORDS: usize = 1 << 26;
const PAGE_WORDS: usize = 4_096;

/// Which of the two memories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bank {
    /// 128 KiB, code at 0x8000_0000, data at 0x4000_0000 of the PPUs.
    Sram,
    /// 256 MiB, code at 0x9000_0000, data at 0x5000_0000 of the PPUs.
    Dram,
}

/// The cells of both banks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExternalMemory {
    #[serde(deserialize_with = "whole_sram")]
    sram: Vec<u32>,
    #[serde(deserialize_with = "whole_pages")]
    dram: BTreeMap<usize, Vec<u32>>,
}

fn whole_sram<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let words = Vec::<u32>::deserialize(deserializer)?;
    match words.len() {
        SRAM_WORDS => Ok(words),
        found => Err(D::Error::invalid_length(found, &"the 32768 words of the FPGA's SRAM")),
    }
}

fn whole_pages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<usize, Vec<u32>>, D::Error> {
    let pages = BTreeMap::<usize, Vec<u32>>::deserialize(deserializer)?;
    match pages.iter().find(|(page, words)| **page >= DRAM_WORDS / PAGE_WORDS || words.len() != PAGE_WORDS) {
        None => Ok(pages),
        Some((page, words)) => {
            let words = words.len();
            Err(D::Error::custom(format_args!("page {page} of the FPGA's DRAM with {words} words")))
        }
    }
}

impl Default for ExternalMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl ExternalMemory {
    /// All zero.
    pub fn new() -> Self {
        Self { sram: vec![0; SRAM_WORDS], dram: BTreeMap::new() }
    }

    /// The bank and the word index behind a global (Omnibus) word address, if it belongs to this memory.
    pub fn locate(address: u32) -> Option<(Bank, usize)> {
        let word = |base: u32, words: usize| {
            let index = address.wrapping_sub(base) as usize;
            (index < words).then_some(index)
        };
        word(0x8000_0000, SRAM_WORDS)
            .map(|index| (Bank::Sram, index))
            .or_else(|| word(0x8400_0000, DRAM_WORDS).map(|index| (Bank::Dram, index)))
    }

    /// The word at `index`; indices wrap at the size of the bank.
    pub fn read(&self, bank: Bank, index: usize) -> u32 {
        match bank {
            Bank::Sram => self.sram[index % SRAM_WORDS],
            Bank::Dram => {
                let index = index % DRAM_WORDS;
                self.dram.get(&(index / PAGE_WORDS)).map_or(0, |page| page[index % PAGE_WORDS])
            }
        }
    }

    /// Writes the enabled bytes of the word at `index`.
    pub fn write(&mut self, bank: Bank, index: usize, value: u32, enables: ByteEnables) {
        let cell = match bank {
            Bank::Sram => &mut self.sram[index % SRAM_WORDS],
            Bank::Dram => {
                let index = index % DRAM_WORDS;
                let page = self.dram.entry(index / PAGE_WORDS).or_insert_with(|| vec![0; PAGE_WORDS]);
                &mut page[index % PAGE_WORDS]
            }
        };
        *cell = enables.merge(*cell, value);
    }

    /// Reads 128 bytes at a byte offset that is a multiple of 16 (lower bits are dropped). The 32 words of a vector are
    /// stored in reverse order (register-map 6.4).
    pub fn read_vector(&self, bank: Bank, byte_offset: usize) -> Vector {
        let mut vector = Vector::ZERO;
        for k in 0..32 {
            vector.set_word(k, self.read(bank, (byte_offset & !15) / 4 + 31 - k));
        }
        vector
    }

    /// Writes the enabled lanes of a vector, in the same order.
    pub fn write_vector(&mut self, bank: Bank, byte_offset: usize, vector: &Vector, lanes: LaneMask) {
        for k in 0..32 {
            self.write(bank, (byte_offset & !15) / 4 + 31 - k, vector.word(k), word_enables(lanes, k));
        }
    }
}

/// The byte enables of word `k` (0..32) of a vector whose lanes `lanes` are enabled.
pub(crate) fn word_enables(lanes: LaneMask, k: usize) -> ByteEnables {
    ByteEnables::from_bits((0..4).filter(|j| lanes.contains(4 * k + j)).fold(0, |bits, j| bits | 8 >> j))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_stored_with_its_words_in_reverse_order() {
        let mut memory = ExternalMemory::new();
        let vector = Vector(std::array::from_fn(|e| e as u8));
        memory.write_vector(Bank::Sram, 32, &vector, LaneMask::ALL);
        assert_eq!(memory.read(Bank::Sram, 8 + 31), 0x0001_0203);
        assert_eq!(memory.read(Bank::Sram, 8), 0x7c7d_7e7f);
        assert_eq!(memory.read_vector(Bank::Sram, 32).0, vector.0);
    }

    #[test]
    fn disabled_lanes_keep_their_bytes() {
        let mut memory = ExternalMemory::new();
        memory.write_vector(Bank::Dram, 0, &Vector([0xff; 128]), LaneMask(0b10));
        assert_eq!(memory.read(Bank::Dram, 31), 0x00ff_0000);
    }

    #[test]
    fn only_the_words_of_the_two_banks_are_located() {
        assert_eq!(ExternalMemory::locate(0x8000_7fff), Some((Bank::Sram, 0x7fff)));
        assert_eq!(ExternalMemory::locate(0x8000_8000), None);
        assert_eq!(ExternalMemory::locate(0x87ff_ffff), Some((Bank::Dram, DRAM_WORDS - 1)));
        assert_eq!(ExternalMemory::locate(0x0280_0000), None);
    }
}
