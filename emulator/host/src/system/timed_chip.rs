//! A chip to which things happen at moments of its own time, whoever lets the time pass.

use super::agenda::{Agenda, Operation};
use super::{Answer, ReadTicket};
use crate::device::{BusRead, ChipEvent, Device, SharedMemory};
use bss2_base::SimTime;
use bss2_chip::Chip;
use bss2_chip::external_memory::ExternalMemory;
use bss2_events::SpikeLabel;
use serde::{Deserialize, Serialize};

/// The device of a [`System`](super::System): a chip with an agenda. Its `advance` stops wherever something is due.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimedChip {
    chip: Chip,
    agenda: Agenda,
    answers: Vec<Answer>,
    tickets: u64,
}

impl TimedChip {
    pub(super) fn new(chip: Chip) -> Self {
        Self { chip, agenda: Agenda::default(), answers: Vec::new(), tickets: 0 }
    }

    /// The chip.
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    pub(super) fn chip_mut(&mut self) -> &mut Chip {
        &mut self.chip
    }

    pub(super) fn push(&mut self, at: SimTime, operation: Operation) {
        self.agenda.push(at, operation);
    }

    pub(super) fn push_read(&mut self, at: SimTime, address: u32) -> ReadTicket {
        let ticket = self.tickets;
        self.tickets += 1;
        self.agenda.push(at, Operation::Read { address, ticket });
        ReadTicket(ticket)
    }

    pub(super) fn pending(&self) -> usize {
        self.agenda.len()
    }

    pub(super) fn take_answers(&mut self) -> Vec<Answer> {
        core::mem::take(&mut self.answers)
    }

    /// Reads a word of the chip or of the memory it shares with the FPGA now.
    pub(super) fn read_now(&mut self, address: u32) -> u32 {
        match ExternalMemory::locate(address) {
            Some((bank, word)) => self.chip.external_memory().read(bank, word),
            None => self.chip.read(address).0,
        }
    }

    fn perform(&mut self, at: SimTime, operation: Operation) {
        match operation {
            Operation::Spike(label) => self.chip.inject(at, SpikeLabel::from_word(label)),
            Operation::Write { address, value, enables } => match ExternalMemory::locate(address) {
                Some((bank, word)) => {
                    let enables = ppu_isa::ByteEnables::from_bits(enables);
                    self.chip.external_memory_mut().write(bank, word, value, enables);
                }
                None => self.chip.write(address, value, enables),
            },
            Operation::Read { address, ticket } => {
                let value = self.read_now(address);
                self.answers.push(Answer { ticket: ReadTicket(ticket), time: at, value });
            }
            Operation::Reset(level) => self.chip.set_reset(level),
        }
    }
}

impl Device for TimedChip {
    fn now(&self) -> SimTime {
        Device::now(&self.chip)
    }

    fn advance(&mut self, until: SimTime) {
        while let Some((at, operation)) = self.agenda.pop(until) {
            // The chip itself keeps labels that are still to come: they need not cut the time.
            if !matches!(operation, Operation::Spike(_)) {
                self.chip.advance(at);
            }
            self.perform(at, operation);
        }
        self.chip.advance(until);
    }

    fn write(&mut self, address: u32, value: u32, enables: u8) {
        Device::write(&mut self.chip, address, value, enables);
    }

    fn read(&mut self, address: u32) -> BusRead {
        Device::read(&mut self.chip, address)
    }

    /// Labels of programs and of the world outside have to reach the chip in one order: by time.
    fn inject(&mut self, at: SimTime, label: u16) {
        self.agenda.push(at, Operation::Spike(label));
    }

    fn take_events(&mut self, into: &mut Vec<ChipEvent>) {
        Device::take_events(&mut self.chip, into);
    }

    fn read_shared(&mut self, memory: SharedMemory, word: u32) -> u32 {
        self.chip.read_shared(memory, word)
    }

    fn write_shared(&mut self, memory: SharedMemory, word: u32, value: u32, enables: u8) {
        self.chip.write_shared(memory, word, value, enables);
    }

    fn reset(&mut self, level: bool) {
        self.chip.set_reset(level);
    }

    fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        self.chip.set_board_voltage(dac, channel, volts);
    }

    fn set_board_switches(&mut self, value: u32) {
        self.chip.set_board_switches(value);
    }
}
