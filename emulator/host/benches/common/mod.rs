//! A device that costs nothing.

use bss2_base::SimTime;
use bss2_host::device::{BusRead, ChipEvent, Device, EventPayload, SharedMemory};

/// Sends every label back at once and knows no registers.
#[derive(Default)]
pub(crate) struct Null {
    now: SimTime,
    events: Vec<ChipEvent>,
}

impl Device for Null {
    fn now(&self) -> SimTime {
        self.now
    }
    fn advance(&mut self, until: SimTime) {
        self.now = self.now.max(until);
    }
    fn write(&mut self, _: u32, _: u32, _: u8) {}
    fn read(&mut self, _: u32) -> BusRead {
        0.into()
    }
    fn inject(&mut self, at: SimTime, label: u16) {
        self.events.push(ChipEvent { time: at, payload: EventPayload::Spike(label) });
    }
    fn take_events(&mut self, into: &mut Vec<ChipEvent>) {
        let gone = self.events.partition_point(|event| event.time < self.now);
        into.extend(self.events.drain(..gone));
    }
    fn read_shared(&mut self, _: SharedMemory, _: u32) -> u32 {
        0
    }
    fn write_shared(&mut self, _: SharedMemory, _: u32, _: u32, _: u8) {}
    fn reset(&mut self, _: bool) {}
}
