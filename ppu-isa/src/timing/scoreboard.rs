//! In-order issue with a scoreboard: the measured costs of ppu-timing 2, without modelling the units behind them
//! cycle by cycle.
//!
//! Exact: dependencies and latencies of scalar instructions, branches and their prediction, line fills on an idle bus.
//! Bounded: vector instructions, whose register file port is not arbitrated (a few cycles per operation), and memory
//! accesses that meet line fills. Not modelled: the repeated line fetch of ppu-timing 2.3.

use serde::{Deserialize, Serialize};

use super::frontend::FrontEnd;
use super::vector_unit::VectorUnit;
use super::{LineRequest, Outcome, Redirect, Slot, Timing};
use crate::config::Config;
use crate::table::{Class, implicit};

/// A load's result can be used this much later than its issue.
const LOAD: u64 = 7;
/// A store has left the processor.
const STORE: u64 = 7;
/// A multiplication's result can be used this much later.
const MULTIPLY: u64 = 4;
/// Nothing issues behind a division for this long.
const DIVIDE: u64 = 32;
/// The divider is not ready before.
const DIVIDER_READY: u64 = 31;
/// Nothing issues behind a write to the exception register for this long, in addition to the latency of its unit.
const XER_HOLD: u64 = 3;
/// From the beginning of an interrupt to the generation of its vector's address.
const VECTOR: u64 = 3;

/// The scoreboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoreboard {
    front: FrontEnd,
    vector: VectorUnit,
    /// Nothing issues before.
    hold: u64,
    /// Registers whose cycle in `gpr` may lie in the future.
    pending: u32,
    gpr: [u64; 32],
    /// Other state whose cycle in `other` may lie in the future: bits of [`implicit`].
    pending_other: u32,
    other: [u64; 26],
    /// Write port slots taken, bit n is cycle `port_from + n`.
    port: u64,
    port_from: u64,
    /// All loads and stores are complete.
    memory_idle: u64,
    /// Everything else is written.
    idle: u64,
    /// No interrupt begins in these cycles.
    blocked: (u64, u64),
}

impl Scoreboard {
    /// Cycle from which all registers of a set can be used.
    fn latest(mut set: u32, cycles: &[u64]) -> u64 {
        let mut latest = 0;
        while set != 0 {
            latest = latest.max(cycles[set.trailing_zeros() as usize]);
            set &= set - 1;
        }
        latest
    }

    /// The first cycle from `cycle` on in which the write port is free.
    fn free_slot(&self, cycle: u64) -> u64 {
        let mut cycle = cycle;
        while self.slot_taken(cycle) {
            cycle += 1;
        }
        cycle
    }
    fn slot_taken(&self, cycle: u64) -> bool {
        cycle >= self.port_from
            && cycle < self.port_from + 64
            && self.port >> (cycle - self.port_from) & 1 != 0
    }
    fn take_slot(&mut self, cycle: u64, now: u64) {
        if now > self.port_from {
            self.port = self.port.checked_shr((now - self.port_from).min(64) as u32).unwrap_or(0);
            self.port_from = now;
        }
        if cycle < self.port_from + 64 {
            self.port |= 1 << (cycle - self.port_from);
        }
    }

    fn set_gpr(&mut self, set: u32, usable: u64) {
        let mut set = set;
        self.pending |= set;
        while set != 0 {
            self.gpr[set.trailing_zeros() as usize] = usable;
            set &= set - 1;
        }
    }
    fn set_other(&mut self, set: u32, usable: u64) {
        let mut set = set;
        self.pending_other |= set;
        while set != 0 {
            let n = set.trailing_zeros() as usize;
            if let Some(cycle) = self.other.get_mut(n) {
                *cycle = usable;
            }
            set &= set - 1;
        }
    }

    /// A memory access that the SRAM port serves late because of a line fill.
    fn memory(&self, at: u64, cost: u64, latency: u32) -> u64 {
        let busy = self.front.port_busy(at + 2);
        (at + cost).max(if busy == 0 { 0 } else { busy + 4 }) + u64::from(latency)
    }
}

impl Timing for Scoreboard {
    fn new(config: &Config) -> Self {
        Self {
            front: FrontEnd::new(config.cache),
            vector: VectorUnit::default(),
            hold: 0,
            pending: 0,
            gpr: [0; 32],
            pending_other: 0,
            other: [0; 26],
            port: 0,
            port_from: 0,
            memory_idle: 0,
            idle: 0,
            blocked: (0, 0),
        }
    }

    #[inline(always)]
    fn fetch(&mut self, address: u32, _: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest> {
        self.front.request(address, |a| code(a).is_some()).map(|(address, at)| LineRequest { address, at })
    }

    fn line(&mut self, request: LineRequest, latency: u32, interval: u32) {
        self.front.line(request.address, request.at, u64::from(latency), u64::from(interval));
    }

    #[inline(always)]
    fn issue(&mut self, slot: Slot<'_>, _: u64, _: impl Fn(u32) -> Option<u32>) -> Result<u64, LineRequest> {
        let i = slot.instruction;
        let mut at = self.hold;
        if slot.step == 0 {
            at = at.max(self.front.ready(slot.address));
        }
        let (reads, writes) = (i.reads, i.writes);
        let gpr = match (i.class, slot.step) {
            (Class::LoadUpdate, 0) => reads.gpr | 1 << i.t,
            (Class::LoadUpdate, _) => 1 << i.a,
            (Class::Multiple, step) => reads.gpr & !(u32::MAX << i.t) | 1 << ((i.t + step) & 31),
            _ => reads.gpr | writes.gpr,
        };
        if gpr & self.pending != 0 {
            at = at.max(Self::latest(gpr & self.pending, &self.gpr));
        }
        if reads.other & self.pending_other != 0 {
            at = at.max(Self::latest(reads.other & self.pending_other, &self.other));
        }
        match i.class {
            Class::Div => at = at.max(DIVIDER_READY),
            Class::Alu | Class::AluXer | Class::SprRead if writes.gpr != 0 => {
                while self.slot_taken(at + 2) {
                    at += 1;
                }
            }
            class if class.is_vector() => at = at.max(self.vector.accepts()),
            _ => {}
        }
        Ok(at)
    }

    #[inline(always)]
    fn complete(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, _: impl Fn(u32) -> Option<u32>) {
        let i = slot.instruction;
        self.hold = at + 1;
        let mut latency = 1;
        match i.class {
            Class::Alu | Class::AluXer | Class::AluCr | Class::CrOp | Class::SprRead => {}
            Class::Mul => {
                latency = MULTIPLY;
                self.set_gpr(i.writes.gpr, at + MULTIPLY);
                self.take_slot(at + 1 + MULTIPLY, at);
            }
            Class::Div => {
                latency = DIVIDE;
                self.hold = at + DIVIDE;
            }
            Class::Load | Class::LoadUpdate | Class::Store | Class::StoreUpdate | Class::Multiple
                if outcome.suppressed => {}
            Class::Load | Class::LoadUpdate | Class::Multiple if i.writes.gpr != 0 => {
                if slot.step != 0 && i.class == Class::LoadUpdate {
                    self.set_gpr(1 << i.a, at + 2);
                } else {
                    let target = (i.t + if i.class == Class::Multiple { slot.step } else { 0 }) & 31;
                    let usable = self.memory(at, LOAD, outcome.latency);
                    let usable = self.free_slot(usable);
                    self.take_slot(usable, at);
                    self.set_gpr(1 << target, usable);
                    self.memory_idle = self.memory_idle.max(usable);
                }
            }
            Class::Store | Class::StoreUpdate | Class::Multiple => {
                self.memory_idle = self.memory_idle.max(self.memory(at, STORE, outcome.latency));
                if i.class == Class::StoreUpdate {
                    self.set_gpr(i.writes.gpr, at + 2);
                }
            }
            Class::SprWrite => self.set_other(i.writes.other, at + 2),
            Class::Mtmsr => {
                self.hold = at + 4;
                self.blocked = (at + 1, at + 4);
            }
            Class::Trap => {
                self.hold = at + 3;
                self.blocked = (at + 1, at + 3);
            }
            Class::Sync => {
                self.hold = (at + 3).max(self.quiescent_from() + 2);
                self.blocked = (at + 1, self.hold);
                self.front.follow(at);
                return;
            }
            Class::Wait => {
                self.front.follow(at);
                return;
            }
            Class::Branch => {
                self.set_other(i.writes.other & (implicit::LR | implicit::CTR), at + 2);
                self.idle = at + 2;
                if self.front.branch(slot.address, at, outcome.taken, outcome.next) {
                    self.blocked = (at + 3, at + 6);
                }
                return;
            }
            class if class.is_vector() => self.vector.complete(i, at, u64::from(outcome.latency)),
            _ => {}
        }
        if i.writes.other & implicit::CR != 0 {
            self.set_other(i.writes.other & implicit::CR, at + latency + 1);
        }
        if i.writes.other & implicit::XER != 0 && i.class != Class::Div {
            self.hold = at + latency - 1 + XER_HOLD;
        }
        if i.issues {
            self.idle = at + latency + 1;
        }
        self.front.follow(at);
    }

    fn interruptible(&mut self, cycle: u64) -> u64 {
        let (from, until) = self.blocked;
        if cycle >= from && cycle < until { until } else { cycle }
    }

    fn redirect(&mut self, _: u32, at: u64, cause: Redirect) {
        match cause {
            Redirect::Interrupt => {
                self.front.leave(at + VECTOR);
                self.hold = self.hold.max(self.quiescent_from() + 1);
            }
            Redirect::Wake => {
                self.front.follow(at);
                self.hold = at + 1;
            }
        }
    }

    fn asleep_from(&mut self, at: u64) -> u64 {
        (at + 2).max(self.quiescent_from() + 2)
    }

    fn quiescent_from(&mut self) -> u64 {
        self.idle.max(self.memory_idle).max(self.vector.idle_from())
    }
}
