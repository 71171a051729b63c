//! A device for tests: memory instead of registers, and every spike comes back.

use crate::device::{BusRead, ChipEvent, Device, EventPayload, SharedMemory};
use bss2_base::SimTime;
use std::collections::{BTreeMap, VecDeque};

/// The smallest thing that behaves like a chip: words are stored wherever they are written, and a label that enters
/// leaves again after [`transit`](Loopback::transit).
#[derive(Clone, Debug)]
pub struct Loopback {
    /// From entering to leaving.
    pub transit: SimTime,
    /// Targets that are slow to read.
    pub slow_reads: BTreeMap<u32, SimTime>,
    now: SimTime,
    words: BTreeMap<u32, u32>,
    shared: BTreeMap<u32, u32>,
    on_the_way: VecDeque<ChipEvent>,
    scheduled: BTreeMap<SimTime, Vec<(u32, u32)>>,
    in_reset: bool,
    board_voltages: [[f64; 8]; 2],
}

impl Loopback {
    /// With a transit of 16 ns (crossbar, event-routing 14).
    pub fn new() -> Self {
        Self {
            transit: SimTime::from_ns(16),
            slow_reads: BTreeMap::new(),
            now: SimTime::ZERO,
            words: BTreeMap::new(),
            shared: BTreeMap::new(),
            on_the_way: VecDeque::new(),
            scheduled: BTreeMap::new(),
            in_reset: false,
            board_voltages: [[0.0; 8]; 2],
        }
    }

    /// The word at `address`.
    pub fn word(&self, address: u32) -> u32 {
        self.words.get(&address).copied().unwrap_or(0)
    }

    /// Lets the word at `address` change by itself at `at`, as if a processor on the chip wrote it.
    pub fn schedule_word(&mut self, at: SimTime, address: u32, value: u32) {
        self.scheduled.entry(at).or_default().push((address, value));
    }

    /// An event that leaves at `time`, after all that leave already.
    pub fn emit(&mut self, time: SimTime, payload: EventPayload) {
        self.on_the_way.push_back(ChipEvent { time, payload });
    }

    /// Level of the reset line.
    pub fn in_reset(&self) -> bool {
        self.in_reset
    }

    /// Voltage of a channel of the board's converters in V.
    pub fn board_voltage(&self, dac: usize, channel: usize) -> f64 {
        self.board_voltages[dac][channel]
    }
}

impl Default for Loopback {
    fn default() -> Self {
        Self::new()
    }
}

fn merge(old: u32, new: u32, enables: u8) -> u32 {
    let mask =
        (0..4).filter(|byte| enables >> byte & 1 == 1).fold(0_u32, |mask, byte| mask | 0xFF << (8 * byte));
    old & !mask | new & mask
}

impl Device for Loopback {
    fn now(&self) -> SimTime {
        self.now
    }

    fn advance(&mut self, until: SimTime) {
        self.now = self.now.max(until);
        while let Some(entry) = self.scheduled.first_entry().filter(|entry| *entry.key() <= self.now) {
            self.words.extend(entry.remove());
        }
    }

    fn write(&mut self, address: u32, value: u32, enables: u8) {
        let word = self.words.entry(address).or_insert(0);
        *word = merge(*word, value, enables);
    }

    fn read(&mut self, address: u32) -> BusRead {
        let extra_latency = self.slow_reads.get(&address).copied().unwrap_or(SimTime::ZERO);
        BusRead { value: self.word(address), extra_latency }
    }

    fn inject(&mut self, at: SimTime, label: u16) {
        assert!(at >= self.now, "a label for {at:?} was handed over at {:?}", self.now);
        let time = at + self.transit;
        let later = self.on_the_way.iter().rev().take_while(|event| event.time > time).count();
        let index = self.on_the_way.len() - later;
        self.on_the_way.insert(index, ChipEvent { time, payload: EventPayload::Spike(label) });
    }

    fn take_events(&mut self, into: &mut Vec<ChipEvent>) {
        let gone = self.on_the_way.partition_point(|event| event.time < self.now);
        into.extend(self.on_the_way.drain(..gone));
    }

    fn read_shared(&mut self, memory: SharedMemory, word: u32) -> u32 {
        self.shared.get(&(memory.base() + word)).copied().unwrap_or(0)
    }

    fn write_shared(&mut self, memory: SharedMemory, word: u32, value: u32, enables: u8) {
        let word = self.shared.entry(memory.base() + word).or_insert(0);
        *word = merge(*word, value, enables);
    }

    fn reset(&mut self, level: bool) {
        self.in_reset = level;
        if level {
            self.words.clear();
        }
    }

    fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        self.board_voltages[usize::from(dac)][usize::from(channel)] = volts;
    }
}
