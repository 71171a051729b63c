//! What was written to a chip and its board.

use bss2_host::playback::{Instruction, Program, ProgramBuilder};
use bss2_host::registers::{Access, Block, Location, Register, TypedBlock, decode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// First address of the FPGA's own registers.
const FPGA: u32 = 0x8000_0000;
/// The SPI master on the board: clients 1, 2, 4 are at this address plus their number (register-map 10.1).
const SPI: u32 = 0x8800_7000;

/// A write to the chip. Its serialised form is the entry of a result file (calibration 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Omnibus word address.
    pub address: u32,
    /// The word.
    pub value: u32,
    /// Byte enables; bit k covers data bits `8k+7..8k`.
    pub enables: u8,
}

impl Write {
    /// Appends it to a program.
    pub fn write(&self, program: &mut ProgramBuilder) {
        program.write_bytes(self.address, self.value, self.enables);
    }
}

/// What a chip and its board were told: the last word of every address that holds state. Commands (resets, triggers, spikes) are no
/// state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipState {
    words: BTreeMap<u32, Held>,
    /// Voltages and switches of the board.
    pub board: BoardState,
    writes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    word: u32,
    enables: u8,
    /// Number of the last write: views of the synapse memory overlap, so that the order of a replay matters.
    order: u64,
}

/// What the board was told (register-map 10.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardState {
    /// 12-bit codes of the voltage converters by (converter 0 or 1, channel).
    pub voltages: BTreeMap<(u8, u8), u16>,
    /// Bits of the shift register.
    pub switches: Option<u32>,
}

impl BoardState {
    /// Appends it to a program.
    pub fn write(&self, program: &mut ProgramBuilder) {
        if let Some(switches) = self.switches {
            program.spi_frame(1, &switches.to_be_bytes()[1..]);
        }
        for (&(converter, channel), &code) in &self.voltages {
            let client = 2 + 2 * u32::from(converter);
            program.spi_frame(client, &(u16::from(channel) << 12 | code).to_be_bytes());
            program.spi_frame(client, &[0xa0, 0x02]);
        }
    }

    fn frame(&mut self, client: u32, bytes: &[u8]) {
        match (client, bytes) {
            (1, &[a, b, c]) => self.switches = Some(u32::from_be_bytes([0, a, b, c])),
            (2 | 4, &[high, low]) if high < 0x80 => {
                let word = u16::from_be_bytes([high, low]);
                self.voltages.insert((client as u8 / 2 - 1, (word >> 12) as u8), word & 0xfff);
            }
            _ => {}
        }
    }
}

impl ChipState {
    /// The word that an address was last told; `None` if it was never written.
    pub fn word(&self, address: u32) -> Option<u32> {
        self.words.get(&address).map(|held| held.word)
    }

    /// What a block was last told: words that were never written have their host default.
    pub fn typed<T: TypedBlock>(&self, instance: u32) -> T {
        let defaults = T::default().to_words();
        let words: Vec<u32> = (0..)
            .zip(defaults.as_ref())
            .map(|(word, &default)| {
                let address = Register { block: T::BLOCK, instance, word }.address();
                address.and_then(|address| self.word(address)).unwrap_or(default)
            })
            .collect();
        T::Words::try_from(&words).map(|words| T::from_words(&words)).unwrap_or_default()
    }

    /// All words that are held here but not there, or with another value, in the order of addresses.
    pub fn differences(&self, there: &Self) -> Vec<Write> {
        self.words
            .iter()
            .filter(|(address, held)| there.word(**address) != Some(held.word))
            .map(|(&address, held)| Write { address, value: held.word, enables: held.enables })
            .collect()
    }

    /// All words in the order in which they were last written.
    pub fn writes(&self) -> Vec<Write> {
        let mut held: Vec<_> = self.words.iter().collect();
        held.sort_by_key(|(_, held)| held.order);
        held.into_iter()
            .map(|(&address, held)| Write { address, value: held.word, enables: held.enables })
            .collect()
    }

    /// Appends everything to a program: the board, then the words in the order of their last writes.
    pub fn write(&self, program: &mut ProgramBuilder) {
        self.board.write(program);
        for write in self.writes() {
            write.write(program);
        }
    }

    /// Notes what a program writes.
    pub(super) fn record(&mut self, program: &Program) {
        let mut pending = None;
        let mut frames: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for instruction in program.instructions() {
            match *instruction {
                Instruction::OmnibusAddress { address, enables, read: false } => {
                    pending = Some((address, enables));
                }
                Instruction::OmnibusData(word) => {
                    let Some((address, enables)) = pending.take() else { continue };
                    if (SPI..SPI + 8).contains(&address) {
                        let frame = frames.entry(address).or_default();
                        frame.push(word as u8);
                        if word >> 31 == 1 {
                            self.board.frame(address - SPI, &std::mem::take(frame));
                        }
                    } else if address < FPGA {
                        self.record_word(address, word, enables);
                    }
                }
                _ => {}
            }
        }
    }

    fn record_word(&mut self, address: u32, word: u32, enables: u8) {
        if !self.words.contains_key(&address) && !holds_state(address) {
            return;
        }
        self.writes += 1;
        let held = self.words.entry(address).or_insert(Held { word: 0, enables: 0, order: 0 });
        let mask =
            (0..4).filter(|byte| enables >> byte & 1 == 1).fold(0, |mask, byte| mask | 0xff << (8 * byte));
        held.word = held.word & !mask | word & mask;
        held.enables |= enables;
        held.order = self.writes;
    }
}

/// Whether what is written to an address of the chip stays there. Memory of the plasticity processors is not meant: it is no
/// configuration.
fn holds_state(address: u32) -> bool {
    match decode(address) {
        Some(Location::Register(register)) => {
            let words = &register.block.description().words;
            words.get(usize::from(register.word)).is_some_and(|word| word.access == Access::ReadWrite)
        }
        // Bits 19..16 select the view; 8, 9, c, d are sensors and resets, e the random generator (register-map 6.1).
        Some(Location::SynapseArray { offset, .. }) => matches!(offset >> 16 & 0xf, 0 | 1 | 2 | 4 | 0xf),
        _ => false,
    }
}

/// Whether an address is that of an analog cell, which takes time to settle.
pub(super) fn is_analog_cell(address: u32) -> bool {
    matches!(decode(address), Some(Location::Register(register)) if register.block == Block::CapMemCell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_base::Neuron;
    use bss2_host::registers::coordinates;
    use bss2_host::registers::neuron::NeuronConfig;

    fn recorded(write: impl FnOnce(&mut ProgramBuilder)) -> ChipState {
        let mut builder = ProgramBuilder::new();
        write(&mut builder);
        let mut state = ChipState::default();
        state.record(&builder.finish().unwrap());
        state
    }

    #[test]
    fn the_record_gives_back_a_written_neuron() {
        let neuron = Neuron::from_index(300).unwrap();
        let config = NeuronConfig { en_leak_div: true, mem_cap_size: 63, ..NeuronConfig::default() };
        let instance = coordinates::neuron_config(neuron);
        let state = recorded(|program| crate::program::write(program, instance, &config));
        let back: NeuronConfig = state.typed(instance);
        assert!(back.en_leak_div);
        assert_eq!(back.mem_cap_size, 63);
    }

    #[test]
    fn commands_are_no_state() {
        // A neuron reset, a PADI event, the control register of the membrane ADC, a quad of neuron resets.
        let state = recorded(|program| {
            program.write_all([(0x12_2000, 1), (0x11_0000, 15), (0xc_0000, 2), (0x2c9_4000, 0)]);
        });
        assert_eq!(state.writes(), []);
    }

    #[test]
    fn a_replay_keeps_the_order_of_last_writes() {
        let state = recorded(|program| {
            program.write_all([(0x2c0_0001, 5), (0x2c0_0000, 7), (0x2c0_0001, 6)]);
        });
        let order: Vec<_> = state.writes().iter().map(|write| (write.address, write.value)).collect();
        assert_eq!(order, [(0x2c0_0000, 7), (0x2c0_0001, 6)]);
    }

    #[test]
    fn board_voltages_and_switches_are_recorded_apart() {
        let state = recorded(|program| {
            program.spi_frame(1, &[0xff, 0x9c, 0x40]);
            program.spi_frame(2, &0x7abc_u16.to_be_bytes()).spi_frame(2, &[0xa0, 0x02]);
        });
        assert_eq!(state.board.switches, Some(0xff_9c40));
        assert_eq!(state.board.voltages.get(&(0, 7)), Some(&0xabc));
        assert_eq!(state.writes(), []);
    }

    #[test]
    fn only_differences_are_put_back() {
        let before = recorded(|program| {
            program.write_all([(0x2c0_0000, 1), (0x2c0_0001, 2)]);
        });
        let after = recorded(|program| {
            program.write_all([(0x2c0_0000, 1), (0x2c0_0001, 3)]);
        });
        assert_eq!(before.differences(&after), [Write { address: 0x2c0_0001, value: 2, enables: 0xf }]);
    }
}
