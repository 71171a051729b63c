//! What a debugger sees at the addresses of a processor (ppu-isa 6.2, 6.3).
//!
//! GDB has one address space, a processor has two: with bit 31 set, data accesses go to the Omnibus and instruction fetches to the memory
//! of the FPGA. Here the 128 KiB from 0x8000_0000 on are the code in the FPGA's SRAM, which hides Omnibus words 0 to 0x7fff; elsewhere such an
//! address is the Omnibus where the chip has something at that word, and code in the FPGA's DRAM (from 0x9000_0000 on) where not.
//!
//! Reading has no side effects: the synapse array and registers are asked on a copy of the chip. Writing is a write of the processor's
//! bus, with all that follows from it; a processor's own instruction cache does not see it, as on silicon.

use bss2_base::Hemisphere;
use bss2_chip::Chip;
use bss2_chip::external_memory::{Bank, DRAM_WORDS, ExternalMemory, SRAM_WORDS};
use bss2_chip::registers::decode;
use ppu_isa::ByteEnables;

/// What is behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Sram(usize),
    External(Bank, usize),
    Omnibus(u32),
}

fn place(chip: &Chip, hemisphere: Hemisphere, address: u32) -> Option<Place> {
    let word = (address & 0x7fff_ffff) >> 2;
    if address & 0x8000_0000 != 0 {
        let (bank, words) = match address & 0x1000_0000 {
            0 => (Bank::Sram, SRAM_WORDS),
            _ => (Bank::Dram, DRAM_WORDS),
        };
        let index = (word & 0x03ff_ffff) as usize;
        let code = (address & 0x6000_0000 == 0 && index < words).then_some(Place::External(bank, index));
        return match decode(word) {
            Some(_) if bank == Bank::Dram || code.is_none() => Some(Place::Omnibus(word)),
            _ => code,
        };
    }
    if address & 0x4000_0000 != 0 {
        let global = 0x8000_0000 | (address & 0x3fff_ffff) >> 2;
        return ExternalMemory::locate(global).map(|(bank, index)| Place::External(bank, index));
    }
    let word = word as usize;
    (word < chip.ppu(hemisphere).sram.len()).then_some(Place::Sram(word))
}

/// Fills `bytes` with memory from `address` on; how many there are before a hole.
pub fn read(chip: &Chip, hemisphere: Hemisphere, address: u32, bytes: &mut [u8]) -> usize {
    let mut word_at = None;
    for (offset, byte) in bytes.iter_mut().enumerate() {
        let Some(address) = u32::try_from(offset).ok().and_then(|offset| address.checked_add(offset)) else {
            return offset;
        };
        // Each word is read once, and as if nothing else was.
        let word = match word_at {
            Some((at, word)) if at == address & !3 => word,
            _ => {
                let word = match place(chip, hemisphere, address & !3) {
                    None => return offset,
                    Some(Place::Sram(word)) => chip.ppu(hemisphere).sram[word],
                    Some(Place::External(bank, index)) => chip.external_memory().read(bank, index),
                    Some(Place::Omnibus(word)) => chip.clone().read(word).0,
                };
                word_at = Some((address & !3, word));
                word
            }
        };
        *byte = word.to_be_bytes()[address as usize & 3];
    }
    bytes.len()
}

/// Writes `bytes` from `address` on, word by word with byte enables; `None` and no change if any byte would go to a hole.
#[must_use]
pub fn write(chip: &mut Chip, hemisphere: Hemisphere, address: u32, bytes: &[u8]) -> Option<()> {
    let last = address.checked_add(u32::try_from(bytes.len()).ok()?.checked_sub(1)?)?;
    let words = || (address & !3..=last).step_by(4);
    if words().any(|word| place(chip, hemisphere, word).is_none()) {
        return None;
    }
    for word in words() {
        let (mut value, mut enables) = ([0; 4], 0);
        for (k, byte) in value.iter_mut().enumerate() {
            let at = word + k as u32;
            if (address..=last).contains(&at) {
                *byte = bytes[(at - address) as usize];
                enables |= 8 >> k;
            }
        }
        let value = u32::from_be_bytes(value);
        let masked = ByteEnables::from_bits(enables);
        match place(chip, hemisphere, word)? {
            Place::Sram(word) => {
                let cell = &mut chip.ppu_mut(hemisphere).sram[word];
                *cell = masked.merge(*cell, value);
            }
            Place::External(bank, index) => chip.external_memory_mut().write(bank, index, value, masked),
            Place::Omnibus(word) => chip.write(word, value, enables),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn read_word(chip: &Chip, address: u32) -> Option<u32> {
        let mut bytes = [0; 4];
        (read(chip, Hemisphere::Top, address, &mut bytes) == 4).then(|| u32::from_be_bytes(bytes))
    }

    #[test]
    fn code_and_data_views_of_fpga_memory_are_the_same_cells() {
        let mut chip = Chip::new(1);
        write(&mut chip, Hemisphere::Top, 0x4000_0011, &[1, 2, 3, 4, 5]).expect("FPGA memory is there");
        assert_eq!(read_word(&chip, 0x8000_0010), Some(0x0001_0203));
        assert_eq!(read_word(&chip, 0x8000_0014), Some(0x0405_0000));
        write(&mut chip, Hemisphere::Top, 0x5000_0000, &[9]).expect("DRAM is there");
        assert_eq!(read_word(&chip, 0x9000_0000), Some(0x0900_0000));
    }

    #[test]
    fn each_thread_sees_its_own_sram_and_the_other_one_through_the_omnibus() {
        let mut chip = Chip::new(1);
        write(&mut chip, Hemisphere::Bottom, 8, &[0xaa, 0xbb, 0xcc, 0xdd]).expect("SRAM is there");
        assert_eq!(read_word(&chip, 8), Some(0));
        // Omnibus word 0x0380_0002 (register-map 5.11).
        assert_eq!(read_word(&chip, 0x8000_0000 | 0x0380_0002 << 2), Some(0xaabb_ccdd));
    }

    #[test]
    fn memory_ends_where_nothing_answers() {
        let mut chip = Chip::new(1);
        let mut bytes = [0; 16];
        assert_eq!(read(&chip, Hemisphere::Top, 0x3ff8, &mut bytes), 8);
        assert_eq!(read(&chip, Hemisphere::Top, 0x0010_0000, &mut bytes), 0);
        assert_eq!(write(&mut chip, Hemisphere::Top, 0x3ffe, &[1, 2, 3]), None);
        assert_eq!(read_word(&chip, 0x3ffc), Some(0));
        assert_eq!(write(&mut chip, Hemisphere::Top, u32::MAX, &[1, 2]), None);
    }

    #[test]
    fn no_register_hides_code_in_the_fpga_s_sram() {
        let chip = Chip::new(1);
        for index in 0..SRAM_WORDS {
            let address = 0x8000_0000 + 4 * index as u32;
            assert_eq!(
                place(&chip, Hemisphere::Top, address),
                Some(Place::External(Bank::Sram, index)),
                "{address:#x}"
            );
        }
    }

    static CHIP: LazyLock<Chip> = LazyLock::new(|| Chip::new(1));

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_address_and_length_can_be_asked_for(address: u32, length in 0usize..40) {
            let mut chip = CHIP.clone();
            let mut bytes = vec![0; length];
            let there = read(&chip, Hemisphere::Bottom, address, &mut bytes);
            prop_assert!(there <= length);
            let written = write(&mut chip, Hemisphere::Bottom, address, &bytes);
            prop_assert_eq!(written.is_some(), length > 0 && there == length);
        }
    }
}
