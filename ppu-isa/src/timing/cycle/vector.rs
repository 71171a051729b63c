//! The vector unit: queue, reservation stations, execution units and the one port of the vector register file
//! (ppu-timing 2.4).
//!
//! [`VectorUnit::step`] is one clock cycle. It is only called as far as somebody wants to know, and cycles in which
//! nothing can happen are skipped.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::access::{Accesses, Registers};
use super::log::Log;
use crate::instruction::Instruction;
use crate::table::{Class, Op};
use crate::timing::{TimingConfig, VectorStation, VectorWait};

/// Words of a vector on the serial port.
const WORDS: u8 = 32;

const MADD: usize = 0;
const COMPARE: usize = 1;
const SERIAL: usize = 2;
const PORT: usize = 3;
const PERMUTE: usize = 4;
const UNITS: usize = 5;
/// Who comes first on the register file port.
const PRIORITY: [usize; UNITS] = [MADD, COMPARE, PERMUTE, SERIAL, PORT];

/// Which entry of which station will write a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Source {
    unit: u8,
    entry: u8,
}

/// An instruction as far as timing is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Operation {
    /// First cycle in which the head of the queue can be it.
    visible: u64,
    unit: u8,
    reads: [Option<u8>; 2],
    writes: Option<u8>,
    reads_condition: bool,
    writes_condition: bool,
    /// fxvstax.
    stores: bool,
    latency: u32,
    remote: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Entry {
    operation: Operation,
    /// What each operand waits for.
    awaits: [Option<Source>; 2],
    awaits_condition: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Execute {
    #[default]
    Idle,
    ReadA,
    ReadB,
    Start,
}

/// A reservation station. Entries live in a ring: `retire` to `insert` are occupied, `execute` comes next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Station {
    entries: Vec<Option<Entry>>,
    insert: u32,
    execute: u32,
    retire: u32,
    state: Execute,
    /// A result waits for the port.
    retiring: bool,
    /// An operation is handed to the unit in this cycle.
    started: Option<Operation>,
}

/// The numbers of the set bits.
#[inline(always)]
fn units(mut set: u8) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let unit = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (unit < UNITS).then_some(unit)
    })
}

impl Station {
    fn slot(&self, pointer: u32) -> usize {
        // Lengths are powers of two.
        pointer as usize & (self.entries.len() - 1)
    }
    fn is_empty(&self) -> bool {
        self.insert == self.retire && self.insert == self.execute
    }
    fn is_full(&self) -> bool {
        (self.insert - self.retire) as usize == self.entries.len()
    }
    fn next(&self) -> Option<&Entry> {
        if self.execute == self.insert { None } else { self.entries[self.slot(self.execute)].as_ref() }
    }
    /// Entries that have not begun.
    fn waiting(&mut self) -> impl Iterator<Item = &mut Entry> {
        let (execute, insert, length) = (self.execute, self.insert, self.entries.len().max(1));
        self.entries.iter_mut().enumerate().filter_map(move |(slot, entry)| {
            let ahead = (slot + length - execute as usize % length) % length;
            entry.as_mut().filter(|_| ahead < (insert - execute) as usize)
        })
    }
    fn oldest_writes(&self) -> Option<u8> {
        self.entries[self.slot(self.retire)].as_ref().and_then(|entry| entry.operation.writes)
    }
}

/// fxvlax and fxvstax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Serial {
    #[default]
    Idle,
    /// Words are under way.
    Active {
        stores: bool,
    },
    LoadComplete,
}

/// fxvinx and fxvoutx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct ParallelPort {
    /// A command is presented, with the latency of its answer.
    request: Option<u32>,
    /// The cycle from which the answer is visible.
    answer: Option<u64>,
    /// The port takes no command before.
    free: u64,
    result: bool,
}

/// The vector unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct VectorUnit {
    /// From issue to the head of the queue.
    transit: u64,
    /// The cycle that the state describes.
    cycle: u64,
    empty: bool,
    queue: VecDeque<Operation>,
    stations: [Station; UNITS],
    /// Stations that are not empty, one bit each.
    occupied: u8,
    /// Pending writes of registers.
    sources: [Option<Source>; 32],
    /// Pending reads of registers, and the register whose read was done in the cycle before.
    readers: [u8; 32],
    just_read: Option<u8>,
    condition_valid: bool,
    condition_readers: u8,
    mask: [bool; UNITS],
    /// The pipeline of the multiply-add unit: bit n is an operation n + 1 cycles behind its start.
    pipeline: u32,
    compared: bool,
    permuting: bool,
    permuted: bool,
    serial: Serial,
    port: ParallelPort,
    /// When instructions left the queue, and writes of the register file.
    #[serde(skip)]
    pub(super) left: Log,
    #[serde(skip)]
    pub(super) written: Log,
}

impl VectorUnit {
    pub(super) fn new(config: &TimingConfig) -> Self {
        let depth = config.stations;
        let depth = [depth.multiply_add, depth.compare, depth.load_store, depth.parallel_port, depth.permute];
        let station =
            |unit: usize| Station { entries: vec![None; usize::from(depth[unit])], ..Station::default() };
        Self {
            transit: u64::from(config.vector_transit),
            cycle: 0,
            empty: true,
            queue: VecDeque::new(),
            stations: [station(MADD), station(COMPARE), station(SERIAL), station(PORT), station(PERMUTE)],
            occupied: 0,
            sources: [None; 32],
            readers: [0; 32],
            just_read: None,
            condition_valid: true,
            condition_readers: 0,
            mask: [true; UNITS],
            pipeline: 0,
            compared: false,
            permuting: false,
            permuted: false,
            serial: Serial::Idle,
            port: ParallelPort::default(),
            left: Log::default(),
            written: Log::default(),
        }
    }

    pub(super) fn logs(&mut self) -> [&mut Log; 2] {
        [&mut self.left, &mut self.written]
    }

    /// Nothing is queued or under way as far as the unit has been advanced.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }
    /// The cycle that the state describes.
    pub(super) fn cycle(&self) -> u64 {
        self.cycle
    }

    pub(super) fn push(&mut self, i: &Instruction, issued: u64, latency: u32, remote: bool) {
        let class = i.class();
        let word = i.word();
        let [t, a, b] = [(word >> 21 & 31) as u8, (word >> 16 & 31) as u8, (word >> 11 & 31) as u8];
        let unit = match class {
            Class::VecCmp => COMPARE,
            Class::VecLsLoad | Class::VecLsStore => SERIAL,
            Class::VecPlsIn | Class::VecPlsOut => PORT,
            Class::VecPerm0 | Class::VecPerm1 | Class::VecPerm2 => PERMUTE,
            _ => MADD,
        };
        let reads = match class {
            Class::VecMadd2 | Class::VecPerm2 => [Some(a), Some(b)],
            Class::VecMadd1 | Class::VecPerm1 | Class::VecCmp => [Some(a), None],
            Class::VecLsStore | Class::VecPlsOut => [Some(t), None],
            _ => [None, None],
        };
        let conditional = unit == MADD || unit == PORT || i.op() == Op::Fxvsel;
        self.queue.push_back(Operation {
            visible: issued + self.transit,
            unit: unit as u8,
            reads,
            writes: (i.writes().vector != 0).then_some(t),
            reads_condition: conditional && word & 3 != 0,
            writes_condition: class == Class::VecCmp,
            stores: class == Class::VecLsStore,
            latency,
            remote,
        });
        if self.empty {
            self.empty = false;
            self.cycle = self.cycle.max(issued);
        }
    }

    /// Instructions that stand in the queue in the cycle the unit has been advanced to.
    pub(super) fn waiting(&self, cycle: u64) -> usize {
        self.queue.iter().filter(|operation| operation.visible <= cycle).count()
    }
    /// All instructions in the queue.
    pub(super) fn queued(&self) -> u8 {
        self.queue.len().min(255) as u8
    }
    /// Why the first of them stays there, in the cycle the unit has been advanced to.
    pub(super) fn head_waits_for(&self) -> VectorWait {
        let Some(operation) = self.queue.front().filter(|operation| operation.visible <= self.cycle) else {
            return VectorWait::Transit;
        };
        let unit = usize::from(operation.unit);
        if self.stations[unit].is_full() {
            return VectorWait::Station(match unit {
                MADD => VectorStation::MultiplyAdd,
                COMPARE => VectorStation::Compare,
                SERIAL => VectorStation::LoadStore,
                PORT => VectorStation::ParallelPort,
                _ => VectorStation::Permute,
            });
        }
        match operation.writes {
            Some(n) if self.sources[usize::from(n)].is_some() => VectorWait::Written(n),
            Some(n) if self.readers[usize::from(n)] > 0 => VectorWait::Read(n),
            _ if operation.writes_condition && (!self.condition_valid || self.condition_readers > 0) => {
                VectorWait::Condition
            }
            _ => VectorWait::Transit,
        }
    }
    pub(super) fn may_wait(&self, least: usize) -> bool {
        self.queue.len() >= least
    }

    /// Does everything before cycle `until`; stops earlier when all is done.
    pub(super) fn advance(
        &mut self,
        until: u64,
        accesses: &mut Accesses,
        registers: &mut Registers,
        config: &TimingConfig,
    ) {
        while self.cycle < until && !self.empty {
            accesses.advance(self.cycle, registers, config);
            if !self.step(accesses, config) {
                let next = self.next_event(accesses);
                self.cycle = self.cycle.max(next.min(until));
            }
            self.empty = self.queue.is_empty() && self.occupied == 0;
        }
    }

    /// When something may happen again, after a cycle in which nothing did.
    fn next_event(&self, accesses: &Accesses) -> u64 {
        let mut next = u64::MAX;
        if let Some(head) = self.queue.front().filter(|head| head.visible >= self.cycle) {
            next = next.min(head.visible);
        }
        if let Serial::Active { .. } = self.serial {
            next = next.min(accesses.vector_complete());
        }
        if let Some(answer) = self.port.answer {
            next = next.min(answer);
        }
        if self.port.request.is_some() {
            next = next.min(self.port.free);
        }
        next
    }

    /// One cycle. Returns whether anything happened.
    #[inline(never)]
    fn step(&mut self, accesses: &mut Accesses, config: &TimingConfig) -> bool {
        let now = self.cycle;
        self.cycle += 1;
        let mut acted = false;

        // What the units show.
        let serial_complete = matches!(self.serial, Serial::Active { .. })
            && accesses.vector_decided()
            && accesses.vector_complete() <= now;
        let port_accepts = self.port.request.is_some() && now >= self.port.free;
        let depth = u32::from(config.vector_multiplier) + u32::from(config.vector_adder) + 1;
        let result = [
            self.pipeline >> (depth - 1) & 1 != 0,
            self.compared,
            match self.serial {
                Serial::LoadComplete => true,
                Serial::Active { stores, .. } => stores && serial_complete,
                Serial::Idle => false,
            },
            self.port.result,
            self.permuted,
        ];
        let ready =
            [true, true, self.serial == Serial::Idle, self.port.request.is_none() || port_accepts, true];
        let writes_condition = self.compared;

        // Requests for the register file.
        let mut writes = [false; UNITS];
        let mut requests = [false; UNITS];
        let occupied = self.occupied;
        for unit in units(occupied) {
            let station = &self.stations[unit];
            writes[unit] = station.retiring || result[unit] && station.oldest_writes().is_some();
            requests[unit] = writes[unit]
                || match station.state {
                    Execute::ReadA => ready[unit],
                    Execute::ReadB => true,
                    _ => false,
                };
        }
        let any = requests.iter().any(|&r| r);
        let winner = PRIORITY.into_iter().find(|&u| self.mask[u] && requests[u]).unwrap_or(MADD);
        let granted = |unit: usize| unit == winner && requests[unit];
        if any {
            acted = true;
            self.rotate_mask();
        }
        let written = (any && writes[winner] && requests[winner]).then(|| {
            let station = &self.stations[winner];
            (
                Source { unit: winner as u8, entry: station.slot(station.retire) as u8 },
                station.oldest_writes(),
            )
        });
        let mut stall = [false; UNITS];
        for unit in 0..UNITS {
            stall[unit] = writes[unit] && !granted(unit);
        }

        // The head of the queue.
        let popped = self.pop(now, written.map(|(source, _)| source), writes_condition);

        // Stations.
        let mut read = None;
        let mut condition_reads = 0;
        for unit in units(occupied) {
            let may_start = ready[unit] && !stall[unit];
            let station = &mut self.stations[unit];
            let mut started = None;
            match station.state {
                Execute::Idle => {
                    if let Some(entry) = station.next().filter(|_| may_start) {
                        let operands_ready = entry.awaits == [None, None]
                            && !(entry.operation.reads_condition && entry.awaits_condition);
                        if operands_ready {
                            acted = true;
                            station.state = if entry.operation.reads[0].is_some() {
                                Execute::ReadA
                            } else {
                                Execute::Start
                            };
                        }
                    }
                }
                Execute::ReadA | Execute::ReadB => {
                    if granted(unit) && !writes[unit] {
                        let second = station.state == Execute::ReadB;
                        if let Some(entry) = station.next() {
                            read = entry.operation.reads[usize::from(second)];
                            station.state = if !second && entry.operation.reads[1].is_some() {
                                Execute::ReadB
                            } else {
                                Execute::Start
                            };
                        }
                    }
                }
                Execute::Start => {
                    if may_start {
                        acted = true;
                        started = station.next().map(|entry| entry.operation);
                        station.execute += 1;
                        station.state = Execute::Idle;
                    }
                }
            }
            if started.is_some_and(|operation| operation.reads_condition) {
                condition_reads += 1;
            }
            // Units see what was started one cycle later.
            let begins = station.started;
            if !stall[unit] {
                station.started = started;
            }
            acted |= begins.is_some() || started.is_some();
            // Results.
            let done = if station.retiring {
                granted(unit)
            } else {
                result[unit] && (station.oldest_writes().is_none() || granted(unit))
            };
            station.retiring = if station.retiring { !granted(unit) } else { writes[unit] && !granted(unit) };
            if done {
                acted = true;
                let slot = station.slot(station.retire);
                station.entries[slot] = None;
                station.retire += 1;
                if station.is_empty() {
                    self.occupied &= !(1 << unit);
                }
            }
            match unit {
                MADD if !stall[MADD] => {
                    acted |= self.pipeline != 0;
                    self.pipeline = (self.pipeline << 1 | u32::from(begins.is_some())) & ((1 << depth) - 1);
                }
                COMPARE => {
                    acted |= self.compared;
                    self.compared = begins.is_some();
                }
                PERMUTE if !stall[PERMUTE] => {
                    acted |= self.permuting || self.permuted;
                    self.permuted = self.permuting;
                    self.permuting = begins.is_some();
                }
                SERIAL => match self.serial {
                    Serial::Idle => {
                        if let Some(o) = begins {
                            self.serial = Serial::Active { stores: o.stores };
                            accesses.start_vector(now + 2, WORDS, o.latency, o.remote, o.stores);
                        }
                    }
                    Serial::Active { stores, .. } if serial_complete => {
                        acted = true;
                        self.serial = if stores { Serial::Idle } else { Serial::LoadComplete };
                    }
                    Serial::Active { .. } => {}
                    Serial::LoadComplete => {
                        acted = true;
                        self.serial = Serial::Idle;
                    }
                },
                PORT => {
                    let port = &mut self.port;
                    let was = port.result;
                    if was {
                        if !stall[PORT] {
                            acted = true;
                            port.result = false;
                            port.answer = None;
                            port.free = now + 1;
                        }
                    } else if port.answer.is_some_and(|answer| now >= answer) {
                        acted = true;
                        port.result = true;
                    }
                    if port_accepts {
                        acted = true;
                        let latency = port.request.take().unwrap_or(0);
                        port.answer = Some(now + 1 + u64::from(latency));
                        port.free = u64::MAX;
                    } else if port.request.is_none() && !stall[PORT] {
                        port.request = begins.map(|operation| operation.latency);
                    }
                }
                _ => {}
            }
        }

        // Waiting operands hear of the write.
        if let Some((source, register)) = written {
            for unit in units(self.occupied) {
                for entry in self.stations[unit].waiting() {
                    for awaited in &mut entry.awaits {
                        if *awaited == Some(source) {
                            *awaited = None;
                        }
                    }
                }
            }
            if let Some(register) = register {
                self.sources[usize::from(register)] = None;
                self.written.note(now, u32::from(register));
            }
        }
        if writes_condition {
            for unit in units(self.occupied) {
                for entry in self.stations[unit].waiting() {
                    entry.awaits_condition = false;
                }
            }
            self.condition_valid = true;
        }
        if let Some(register) = self.just_read.take() {
            acted = true;
            let readers = &mut self.readers[usize::from(register)];
            *readers = readers.saturating_sub(1);
        }
        self.just_read = read;
        self.condition_readers = self.condition_readers.saturating_sub(condition_reads);
        if let Some(entry) = popped {
            acted = true;
            self.insert(entry);
        }
        acted
    }

    fn rotate_mask(&mut self) {
        if self.mask[UNITS - 1] {
            if let Some(first) = self.mask.iter_mut().find(|bit| **bit) {
                *first = false;
            }
        } else {
            self.mask = [true; UNITS];
        }
    }

    /// Takes the head of the queue if nothing is in its way. It is inserted at the end of the cycle.
    fn pop(&mut self, now: u64, written: Option<Source>, condition_written: bool) -> Option<Entry> {
        let operation = *self.queue.front().filter(|operation| operation.visible <= now)?;
        let station = &self.stations[usize::from(operation.unit)];
        let blocked = |register: u8| {
            self.sources[usize::from(register)].is_some() || self.readers[usize::from(register)] > 0
        };
        if station.is_full()
            || operation.writes.is_some_and(blocked)
            || operation.writes_condition && (!self.condition_valid || self.condition_readers > 0)
        {
            return None;
        }
        self.queue.pop_front();
        self.left.note(now, 0);
        let awaits = operation
            .reads
            .map(|read| read.and_then(|r| self.sources[usize::from(r)]).filter(|&s| Some(s) != written));
        let awaits_condition = !(self.condition_valid || condition_written);
        Some(Entry { operation, awaits, awaits_condition })
    }

    fn insert(&mut self, entry: Entry) {
        let operation = entry.operation;
        let station = &mut self.stations[usize::from(operation.unit)];
        let slot = station.slot(station.insert);
        if let Some(register) = operation.writes {
            self.sources[usize::from(register)] = Some(Source { unit: operation.unit, entry: slot as u8 });
        }
        for register in operation.reads.into_iter().flatten() {
            self.readers[usize::from(register)] += 1;
        }
        if operation.writes_condition {
            self.condition_valid = false;
        }
        self.condition_readers += u8::from(operation.reads_condition);
        station.entries[slot] = Some(entry);
        station.insert += 1;
        self.occupied |= 1 << operation.unit;
    }

    // ---- normal form ----

    /// Whether fxvlax or fxvstax is under way.
    pub(super) fn serial_active(&self) -> bool {
        matches!(self.serial, Serial::Active { .. })
    }

    /// Brings the state, which has been advanced to cycle `now`, into a form in which everything that no future
    /// answer depends on has a fixed value.
    pub(super) fn normalise(&mut self, now: u64) {
        self.cycle = self.cycle.max(now);
        for operation in &mut self.queue {
            operation.visible = operation.visible.max(now);
        }
        let turns: [usize; UNITS] =
            core::array::from_fn(|unit| self.stations[unit].slot(self.stations[unit].retire));
        let lengths = self.stations.each_ref().map(|station| station.entries.len());
        let turned = |source: &mut Source| {
            let unit = usize::from(source.unit);
            let length = lengths[unit];
            source.entry = ((usize::from(source.entry) + length - turns[unit]) % length) as u8;
        };
        for (station, turn) in self.stations.iter_mut().zip(turns) {
            station.entries.rotate_left(turn);
            station.insert = station.insert.wrapping_sub(station.retire);
            station.execute = station.execute.wrapping_sub(station.retire);
            station.retire = 0;
            for entry in station.entries.iter_mut().flatten() {
                entry.operation.visible = now;
                entry.awaits.iter_mut().flatten().for_each(turned);
            }
            if let Some(started) = &mut station.started {
                started.visible = now;
            }
        }
        self.sources.iter_mut().flatten().for_each(turned);
        let port = &mut self.port;
        if let Some(answer) = &mut port.answer {
            *answer = (*answer).max(now);
        }
        port.free = port.free.max(now);
    }

    /// Moves a state in normal form from cycle `from` to cycle `to`.
    pub(super) fn shift(&mut self, from: u64, to: u64) {
        let moved = |cycle: &mut u64| {
            if *cycle != u64::MAX {
                *cycle = *cycle + to - from;
            }
        };
        moved(&mut self.cycle);
        for operation in &mut self.queue {
            moved(&mut operation.visible);
        }
        for station in &mut self.stations {
            for entry in station.entries.iter_mut().flatten() {
                moved(&mut entry.operation.visible);
            }
            if let Some(started) = &mut station.started {
                moved(&mut started.visible);
            }
        }
        if let Some(answer) = &mut self.port.answer {
            moved(answer);
        }
        moved(&mut self.port.free);
    }
}
