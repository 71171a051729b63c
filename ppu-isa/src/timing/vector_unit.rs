//! The vector unit as a queue in front of five stations (ppu-timing 2.4), without the arbitration of the register
//! file port: every result comes at the earliest of the measured cycles.

use serde::{Deserialize, Serialize};

use crate::instruction::Instruction;
use crate::table::{Class, Unit, implicit};

/// From issue to the head of the queue.
const QUEUE: u64 = 3;
/// The front end stops while this many instructions wait in the queue.
const QUEUE_STOP: usize = 2;

/// Cycles of a class relative to its start in the station, which is one behind the pop.
struct Cost {
    /// The station can start the next one.
    occupies: u64,
    /// Its operands have been read.
    reads: u64,
    /// Its result can be used.
    result: u64,
}

const fn cost(class: Class) -> Cost {
    match class {
        Class::VecMadd1 => Cost { occupies: 3, reads: 2, result: 10 },
        Class::VecCmp => Cost { occupies: 3, reads: 2, result: 5 },
        Class::VecLsLoad => Cost { occupies: 40, reads: 1, result: 40 },
        Class::VecLsStore => Cost { occupies: 40, reads: 2, result: 40 },
        Class::VecPlsIn => Cost { occupies: 3, reads: 1, result: 6 },
        Class::VecPlsOut => Cost { occupies: 3, reads: 2, result: 7 },
        Class::VecPerm2 => Cost { occupies: 4, reads: 3, result: 7 },
        Class::VecPerm1 => Cost { occupies: 3, reads: 2, result: 6 },
        Class::VecPerm0 => Cost { occupies: 2, reads: 1, result: 5 },
        _ => Cost { occupies: 5, reads: 3, result: 11 },
    }
}

/// Depths of the stations MADD, CMP, LS, PLS, PERMUTE.
const DEPTH: [usize; 5] = [4, 2, 2, 16, 2];

const fn station(class: Class) -> usize {
    match class.unit() {
        Unit::VectorCompare => 1,
        Unit::VectorMemory => 2,
        Unit::VectorPort => 3,
        Unit::VectorPermute => 4,
        _ => 0,
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VectorUnit {
    /// Pop cycles of the youngest instructions, youngest first.
    pops: [u64; QUEUE_STOP],
    /// Start cycles of the youngest instructions of each station, as a ring.
    starts: [[u64; 16]; 5],
    heads: [u8; 5],
    /// Cycle from which each station can start another instruction.
    free: [u64; 5],
    /// Cycle from which each register's value can be read.
    written: [u64; 32],
    /// Cycle by which each register has been read by all that want its present value.
    read: [u64; 32],
    condition_written: u64,
    condition_read: u64,
    accumulator_written: u64,
    idle: u64,
}

impl VectorUnit {
    /// Earliest issue as far as the queue is concerned.
    pub(super) fn accepts(&self) -> u64 {
        // The instruction before the last has left the queue.
        self.pops[QUEUE_STOP - 1].saturating_sub(1)
    }

    pub(super) fn complete(&mut self, i: &Instruction, at: u64, latency: u64) {
        let class = i.class();
        let station = station(class);
        let Cost { occupies, reads, result } = cost(class);
        let (read, write) = (i.reads(), i.writes());
        let mut pop = (at + QUEUE).max(self.pops[0] + 1);
        // Full station: its oldest instruction must have started.
        let oldest = (usize::from(self.heads[station]) + 16 - DEPTH[station]) % 16;
        pop = pop.max(self.starts[station][oldest]);
        pop = pop.max(self.latest(write.vector, &self.written)).max(self.latest(write.vector, &self.read));
        if class == Class::VecCmp {
            pop = pop.max(self.condition_written).max(self.condition_read);
        }
        let mut start = (pop + 1).max(self.free[station]);
        start = start.max(self.latest(read.vector, &self.written));
        if read.other & implicit::VCR != 0 {
            start = start.max(self.condition_written);
            self.condition_read = self.condition_read.max(start + reads);
        }
        self.pops = [pop, self.pops[0]];
        let head = self.heads[station] % 16;
        self.starts[station][usize::from(head)] = start;
        self.heads[station] = (head + 1) % 16;
        let wait = match class {
            Class::VecLsLoad | Class::VecLsStore | Class::VecPlsIn | Class::VecPlsOut => latency,
            _ => 0,
        };
        let only_accumulator = write.other & implicit::ACC != 0;
        self.free[station] = start + occupies + wait - u64::from(only_accumulator && occupies == 5);
        let done = start + result + wait;
        for n in registers(read.vector) {
            self.read[n] = self.read[n].max(start + reads);
        }
        for n in registers(write.vector) {
            self.written[n] = done;
        }
        if write.other & implicit::VCR != 0 {
            self.condition_written = done;
        }
        self.idle = self.idle.max(done);
    }

    fn latest(&self, set: u32, cycles: &[u64; 32]) -> u64 {
        registers(set).map(|n| cycles[n]).max().unwrap_or(0)
    }

    pub(super) fn idle_from(&self) -> u64 {
        self.idle
    }
}

/// The numbers of the registers in a set.
fn registers(mut set: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let n = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (n < 32).then_some(n as usize)
    })
}
