//! The chip as the executor's device.

use crate::device::{BusRead, ChipEvent, Device, EventPayload, SharedMemory};
use bss2_base::SimTime;
use bss2_chip::external_memory::Bank;
use bss2_chip::{Chip, MadcSample};
use ppu_isa::ByteEnables;

impl From<SharedMemory> for Bank {
    fn from(memory: SharedMemory) -> Self {
        match memory {
            SharedMemory::Sram => Self::Sram,
            SharedMemory::Dram => Self::Dram,
        }
    }
}

impl Device for Chip {
    fn now(&self) -> SimTime {
        Chip::now(self)
    }

    fn advance(&mut self, until: SimTime) {
        Chip::advance(self, until);
    }

    fn write(&mut self, address: u32, value: u32, enables: u8) {
        Chip::write(self, address, value, enables);
    }

    fn read(&mut self, address: u32) -> BusRead {
        let (value, extra) = Chip::read(self, address);
        let cycle = self.clocks().ppu.unwrap_or(SimTime::FABRIC_CYCLE);
        BusRead { value, extra_latency: SimTime::from_cycles(extra.into(), cycle) }
    }

    fn inject(&mut self, at: SimTime, label: u16) {
        Chip::inject(self, at, bss2_events::SpikeLabel::from_word(label));
    }

    fn take_events(&mut self, into: &mut Vec<ChipEvent>) {
        let (mut events, mut samples) = (Vec::new(), Vec::new());
        Chip::take_events(self, &mut events);
        Chip::take_samples(self, &mut samples);
        let mut samples = samples.into_iter().peekable();
        for event in events {
            while let Some(sample) = samples.next_if(|sample| sample.time <= event.time) {
                into.push(of_sample(sample));
            }
            into.push(ChipEvent { time: event.time, payload: EventPayload::Spike(event.label.word()) });
        }
        into.extend(samples.map(of_sample));
    }

    fn read_shared(&mut self, memory: SharedMemory, word: u32) -> u32 {
        self.external_memory().read(memory.into(), word as usize)
    }

    fn write_shared(&mut self, memory: SharedMemory, word: u32, value: u32, enables: u8) {
        let enables = ByteEnables::from_bits(enables);
        self.external_memory_mut().write(memory.into(), word as usize, value, enables);
    }

    fn reset(&mut self, level: bool) {
        self.set_reset(level);
    }

    fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        Chip::set_board_voltage(self, dac, channel, volts);
    }

    fn set_board_switches(&mut self, value: u32) {
        Chip::set_board_switches(self, value);
    }
}

fn of_sample(sample: MadcSample) -> ChipEvent {
    ChipEvent { time: sample.time, payload: EventPayload::Madc(sample.value) }
}
