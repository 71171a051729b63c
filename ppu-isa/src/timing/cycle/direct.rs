//! Scalar code by arithmetic: while the fetch pipeline is settled, the vector unit is empty and the memory port belongs to
//! loads and stores of local SRAM alone, what decides about an issue cycle is a dozen numbers. [`Direct`] keeps those and
//! nothing else: when which register is ready, the reservations of the write port as bits, and the loads and stores whose
//! end has not been asked for. Everything else makes [`CycleReference`] from it and leaves the rest to that.
//!
//! The predictor, the lines, the intervals without interrupts and the youngest write of a special register stay where they
//! are in the reference.

use super::access::{NOWHERE, Queue, WritePort};
use super::stream::Stream;
use super::{CycleReference, Ledger, Phase, spr_number};
use crate::instruction::Instruction;
use crate::table::{Class, implicit};
use crate::timing::{Kind, Outcome, Slot, Stall, Timing, TimingConfig};

/// The only latency of the simple units for which there is this path: the next slot finds their results ready.
const SIMPLE: u64 = 1;
/// Where the numbers of [`implicit`] state begin.
const OTHER: usize = 32;
/// Results of this latency behind the issue are complete, that is the case for almost all of them.
const COMPLETE: u64 = SIMPLE + 2;

/// The state of scalar code.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    /// What may not be ready: numbered as in [`crate::timing::Demand`], registers that wait for a load included.
    pending: u64,
    loading: u32,
    ready: [u64; 64],
    /// First cycle in which the next slot can issue as far as fetching is concerned.
    cycle: u64,
    stream: Stream,
    hold: u64,
    /// No slot issues before: `hold`, and what the one that has been asked for waits for.
    earliest: u64,
    condition_write: u64,
    port: WritePort,
    /// The last slot.
    issued: u64,
    /// It was a branch whose way was not foreseen.
    missed: bool,
    /// The slot that has been asked for since: its word, and its step and one in the upper half. 0: none.
    asked: u64,
    /// The youngest result of which [`COMPLETE`] holds, and when all the others are complete.
    result: u64,
    complete_from: u64,
    multiplied: u32,
    queue: Queue,
    multiplier: u64,
    base_update: u64,
    load_place: u64,
    access_queue: u64,
    sram_bytes: u32,
    /// When and at which address it began.
    pub(super) began: u64,
    pub(super) entry: u32,
}

impl Direct {
    pub(super) fn new(config: &TimingConfig) -> Self {
        Self {
            pending: 0,
            loading: 0,
            ready: [0; 64],
            cycle: 0,
            stream: Stream::new(),
            hold: 0,
            earliest: 0,
            condition_write: 0,
            port: WritePort::default(),
            issued: 0,
            missed: false,
            asked: 0,
            result: 0,
            complete_from: 0,
            multiplied: 0,
            queue: Queue::new(config),
            multiplier: u64::from(config.multiplier),
            base_update: u64::from(config.base_update),
            load_place: u64::from(config.load_place),
            access_queue: u64::from(config.access_queue).min(Queue::LONGEST),
            sram_bytes: config.sram_bytes,
            began: 0,
            entry: 0,
        }
    }

    /// Takes over from the reference. False if its state is not of this kind.
    pub(super) fn enter(&mut self, plain: &mut CycleReference) -> bool {
        let now = plain.front.cycle;
        let scalar = u64::from(plain.config.simple) == SIMPLE
            && plain.front.settled
            && plain.phase == Phase::Issuing
            && plain.division == 0
            && !plain.asleep
            && plain.vector.is_empty()
            && plain.front.has_told_fills();
        if !scalar {
            return false;
        }
        plain.accesses.advance(now, &mut plain.registers, &plain.config);
        let Some(port) = plain.registers.write_port(plain.begun) else { return false };
        if !plain.accesses.alone(&mut self.queue) {
            return false;
        }
        self.port = port;
        self.loading = plain.accesses.loading;
        let registers = plain.registers.pending | self.loading;
        self.pending = u64::from(registers) | u64::from(plain.pending_other) << OTHER;
        for n in 0..OTHER {
            let is = |set: u32| u64::from(set >> n & 1);
            self.ready[n] = is(plain.registers.pending) * plain.registers.ready[n];
            self.ready[OTHER + n] = is(plain.pending_other) * plain.other[n];
        }
        (self.hold, self.earliest) = (plain.hold, plain.hold);
        self.condition_write = plain.condition_write;
        self.issued = plain.begun.saturating_sub(1);
        self.missed = plain.ledger.away == Stall::Mispredict;
        self.asked = 0;
        self.result = 0;
        self.complete_from = plain.complete_from;
        self.multiplied = plain.multiplied;
        self.cycle = now;
        self.stream.enter(&plain.front);
        self.began = now;
        self.entry = plain.front.last.address();
        true
    }

    /// Makes the state of the reference from it, with the last slot complete and the next one asked for if it was.
    pub(super) fn leave(&self, plain: &mut CycleReference) {
        let (now, begun) = (self.cycle, self.issued + 1);
        plain.front.set_pipeline(&self.stream.pipeline(), now);
        if self.missed {
            // What the jump would have looked up in the cycles that it takes.
            plain.front.learn_jumping(self.issued);
        }
        plain.accesses.take_queue(&self.queue, now);
        let mut pending = 0;
        let mut pending_other = 0;
        for n in 0..32 {
            pending |= u32::from(self.ready[n] > begun) << n;
            pending_other |= u32::from(self.ready[OTHER + n] > begun) << n;
        }
        pending &= !plain.accesses.loading;
        plain.registers.pending = pending;
        plain.registers.ready.copy_from_slice(&self.ready[..OTHER]);
        plain.registers.set_write_port(self.port);
        plain.pending_other = pending_other;
        plain.other.copy_from_slice(&self.ready[OTHER..]);
        plain.hold = self.hold;
        plain.condition_write = self.condition_write;
        plain.complete_from = self.complete_from.max(self.result + COMPLETE);
        plain.multiplied = self.multiplied;
        plain.begun = begun;
        plain.ledger = Ledger::behind(self.issued, self.missed);
        if self.asked != 0 {
            let instruction = Instruction::decode(self.asked as u32);
            let step = ((self.asked >> 32) - 1) as u8;
            let slot = Slot { address: plain.front.last.address(), instruction: &instruction, step };
            let _ = plain.issue(slot, u64::MAX, |_| None);
        }
    }

    /// The cycle in which the slot issues; nothing if it is not for this path.
    #[inline(always)]
    pub(super) fn issue(&mut self, plain: &CycleReference, slot: Slot<'_>) -> Option<u64> {
        let i = slot.instruction;
        let kind = i.demand.kind;
        if kind > Kind::Branch || kind == Kind::Result || slot.step != 0 {
            return self.issue_rest(plain, slot);
        }
        self.asked = u64::from(i.word) | 1 << 32;
        let mut at = self.cycle.max(self.earliest);
        let waits = i.demand.waits & self.pending;
        if waits != 0 {
            if waits & u64::from(self.loading) != 0 {
                at = self.wait(waits, at);
            } else {
                at = self.latest(waits, at);
                self.pending &= !waits;
                self.earliest = at;
            }
        }
        match kind {
            Kind::Quick | Kind::Nop => Some(self.free_place(at + SIMPLE + 1) - (SIMPLE + 1)),
            Kind::Load if self.accepts(at) => {
                Some(self.free_place(at + self.load_place + 1) - (self.load_place + 1))
            }
            Kind::Load => None,
            Kind::Store => self.accepts(at).then_some(at),
            Kind::Compare => Some((at + SIMPLE).max(self.condition_write) - SIMPLE),
            _ => Some(at),
        }
    }

    /// For a slot that can only take effect and be followed by the next: the cycle in which it issues, if there is
    /// nothing to think about.
    #[inline(always)]
    pub(super) fn passes(&self, i: &Instruction) -> Option<u64> {
        let kind = i.demand.kind;
        if kind > Kind::Result || !self.stream.is_clear() || self.stream.jumps() {
            return None;
        }
        let mut at = self.cycle.max(self.earliest);
        let waits = i.demand.waits & self.pending;
        if waits != 0 {
            if waits & u64::from(self.loading) != 0 {
                return None;
            }
            at = self.latest(waits, at);
        }
        if kind == Kind::Quick {
            let place = self.free_place(at + SIMPLE + 1);
            self.port.fits(place).then_some(place - (SIMPLE + 1))
        } else if kind == Kind::Compare {
            Some((at + SIMPLE).max(self.condition_write) - SIMPLE)
        } else {
            let latency = self.latency(i, 0);
            if i.writes.other & implicit::CR != 0 {
                at = (at + latency).max(self.condition_write) - latency;
            }
            if i.writes.gpr == 0 {
                return Some(at);
            }
            let place = self.free_place(at + latency + 1);
            self.port.fits(place).then_some(place - (latency + 1))
        }
    }
    /// It issued in the cycle that [`Direct::passes`] said.
    #[inline(always)]
    pub(super) fn pass(&mut self, i: &Instruction, at: u64) {
        self.pending &= !i.demand.waits;
        if i.demand.kind == Kind::Quick {
            self.port.reserve(at + SIMPLE + 1);
            self.result = at;
        } else if i.demand.kind == Kind::Compare {
            self.set_conditions(i.writes.other & implicit::CR, at + SIMPLE + 1);
            self.result = at;
        } else {
            self.set_results(i, self.latency(i, 0), at);
        }
        self.behind(at);
        self.stream.follow();
    }

    /// [`Direct::issue`] of everything that is not quite as frequent.
    #[inline(never)]
    fn issue_rest(&mut self, plain: &CycleReference, slot: Slot<'_>) -> Option<u64> {
        let i = slot.instruction;
        let mut waits = i.demand.waits;
        let latency = self.latency(i, slot.step);
        let mut place = if i.writes.gpr != 0 { latency + 1 } else { 0 };
        match i.demand.kind {
            Kind::Unusual => return None,
            Kind::LoadUpdate if slot.step != 0 => waits = 1 << i.a,
            Kind::LoadUpdate => place = self.load_place + 1,
            Kind::Multiple => {
                let base = if i.a == 0 { 0 } else { 1 << i.a };
                waits = base | 1 << ((i.t + slot.step) & 31);
            }
            _ => {}
        }
        self.asked = u64::from(i.word) | (u64::from(slot.step) + 1) << 32;
        let mut at = self.cycle.max(self.earliest);
        if waits & self.pending != 0 {
            at = self.wait(waits, at);
        }
        if matches!(i.demand.kind, Kind::StoreUpdate | Kind::LoadUpdate | Kind::Multiple)
            && slot.step_accesses()
            && !self.accepts(at)
        {
            return None;
        }
        if i.writes.other & implicit::CR != 0 {
            at = (at + latency).max(self.condition_write) - latency;
        }
        let reads_special = i.class == Class::SprRead && plain.special_write.1 == spr_number(i);
        loop {
            let taken = place != 0 && self.port.reserved(at + place);
            let written = reads_special && plain.special_write.0 + 1 == at;
            if !taken && !written {
                return Some(at);
            }
            at += 1;
        }
    }

    /// Latency of a result that is not that of a load.
    #[inline(always)]
    fn latency(&self, i: &Instruction, step: u8) -> u64 {
        match i.class {
            Class::Mul => self.multiplier,
            Class::StoreUpdate => self.base_update,
            Class::LoadUpdate if step > 0 => self.base_update,
            Class::Multiple => self.load_place,
            _ => SIMPLE,
        }
    }

    /// The first cycle from `at` on in which all of this is ready. It contains no load.
    #[inline(always)]
    fn latest(&self, waits: u64, at: u64) -> u64 {
        let (mut left, mut at) = (waits, at);
        while left != 0 {
            at = at.max(self.ready[left.trailing_zeros() as usize]);
            left &= left - 1;
        }
        at
    }

    /// The first cycle from `at` on in which all of this is ready.
    #[inline(never)]
    fn wait(&mut self, waits: u64, at: u64) -> u64 {
        while waits as u32 & self.loading != 0 {
            self.decide_next();
        }
        let at = self.latest(waits & self.pending, at);
        // Whoever issues then, or later, has nothing to wait for.
        self.pending &= !waits;
        self.earliest = at;
        at
    }

    /// The first cycle from `cycle` on in which the write port is free.
    #[inline(always)]
    fn free_place(&self, cycle: u64) -> u64 {
        let mut cycle = cycle;
        while self.port.reserved(cycle) {
            cycle += 1;
        }
        cycle
    }
    /// A slot that issued in cycle `at` reserves the write port.
    #[inline(always)]
    fn reserve(&mut self, cycle: u64, at: u64) {
        if !self.port.fits(cycle) {
            self.forget(at);
        }
        self.port.reserve(cycle);
    }
    /// Forgets the reservations before cycle `at`. Loads that may have wanted the write port then must know first.
    #[inline(never)]
    fn forget(&mut self, at: u64) {
        self.decide_until(at);
        self.port.forget(at);
    }

    // ---- loads and stores ----

    /// Whether the queue certainly takes another access in cycle `at`.
    #[inline(always)]
    fn accepts(&mut self, at: u64) -> bool {
        self.queue.length() + 1 < self.access_queue || self.drains(at)
    }
    #[inline(never)]
    fn drains(&mut self, at: u64) -> bool {
        self.decide_until(at - 1);
        self.queue.length() + 1 < self.access_queue
    }

    /// Decides when the access at the head of the queue leaves it. Nothing issues before.
    fn decide_next(&mut self) {
        let (retired, taken) = self.queue.head(u64::MAX, self.port);
        self.end(retired, taken);
    }

    /// Decides what leaves the queue up to cycle `limit`, all of whose reservations are known.
    fn decide_until(&mut self, limit: u64) {
        while self.queue.length() != 0 {
            let (retired, taken) = self.queue.head(limit, self.port);
            if retired > limit {
                return self.queue.search_from(retired);
            }
            self.end(retired, taken);
        }
    }

    #[inline(always)]
    fn end(&mut self, retired: u64, taken: u64) {
        let target = self.queue.end(retired, taken);
        if target != NOWHERE {
            self.loading &= !(1 << target);
            self.ready[usize::from(target)] = retired;
        }
    }

    #[inline(always)]
    fn push(&mut self, at: u64, target: u8) {
        self.queue.push(at, target);
        if target != NOWHERE {
            self.loading |= 1 << target;
            self.pending |= 1 << target;
            self.multiplied &= !(1 << target);
        }
    }

    // ---- completion ----

    /// The slot issued in cycle `at`. False if that is not for this path; nothing has happened then.
    #[inline(always)]
    pub(super) fn complete(
        &mut self,
        plain: &mut CycleReference,
        slot: Slot<'_>,
        at: u64,
        outcome: &Outcome,
    ) -> bool {
        let i = slot.instruction;
        let kind = i.demand.kind;
        if kind == Kind::Branch {
            return self.branch(plain, slot, at, outcome);
        }
        if kind > Kind::Branch || kind == Kind::Result {
            return self.complete_rest(plain, slot, at, outcome);
        }
        let elsewhere = kind >= Kind::Load && self.leaves_sram(outcome);
        if self.stream.jumps() || elsewhere || !self.stream.advance(&mut plain.front, at) {
            return false;
        }
        self.behind(at);
        match kind {
            Kind::Quick => {
                self.result = at;
                self.reserve(at + SIMPLE + 1, at);
            }
            Kind::Load => self.push(at, i.t),
            Kind::Store => self.push(at, NOWHERE),
            Kind::Compare => {
                self.result = at;
                self.set_conditions(i.writes.other & implicit::CR, at + SIMPLE + 1);
            }
            _ => {}
        }
        true
    }

    #[inline(always)]
    fn behind(&mut self, at: u64) {
        self.issued = at;
        self.cycle = at + 1;
        self.missed = false;
        self.asked = 0;
    }

    /// Only accesses of local SRAM are for this path. Other slots have none.
    #[inline(always)]
    fn leaves_sram(&self, outcome: &Outcome) -> bool {
        outcome.latency != 0 || outcome.effective_address >= self.sram_bytes || outcome.suppressed
    }

    #[inline(always)]
    fn set_conditions(&mut self, mut set: u32, ready: u64) {
        self.condition_write = ready;
        self.pending |= u64::from(set) << OTHER;
        while set != 0 {
            self.ready[OTHER + set.trailing_zeros() as usize] = ready;
            set &= set - 1;
        }
    }
    #[inline(always)]
    fn set_others(&mut self, mut set: u32, ready: u64) {
        self.pending |= u64::from(set) << OTHER;
        while set != 0 {
            self.ready[OTHER + set.trailing_zeros() as usize] = ready;
            set &= set - 1;
        }
    }
    fn set_gpr(&mut self, register: u8, latency: u64, at: u64, multiplied: bool) {
        let bit = 1 << (register & 31);
        if latency > SIMPLE {
            self.ready[usize::from(register & 31)] = at + latency;
            self.pending |= u64::from(bit);
            self.complete_from = self.complete_from.max(at + latency + 2);
            self.multiplied = self.multiplied & !bit | if multiplied { bit } else { 0 };
        } else {
            self.result = at;
        }
        self.reserve(at + latency + 1, at);
    }

    /// Results in registers, condition register and exception register.
    #[inline(always)]
    fn set_results(&mut self, i: &Instruction, latency: u64, at: u64) {
        let complete = at + latency + 2;
        if i.writes.gpr != 0 {
            self.set_gpr(i.writes.gpr.trailing_zeros() as u8, latency, at, i.class == Class::Mul);
        }
        if i.writes.other & implicit::CR != 0 {
            self.set_conditions(i.writes.other & implicit::CR, at + latency + 1);
            self.complete_from = self.complete_from.max(complete);
        }
        if i.writes.other & implicit::XER != 0 {
            self.hold = self.hold.max(complete);
            self.earliest = self.earliest.max(complete);
            self.complete_from = self.complete_from.max(complete);
        }
    }

    #[inline(always)]
    fn branch(&mut self, plain: &mut CycleReference, slot: Slot<'_>, at: u64, outcome: &Outcome) -> bool {
        let front = &mut plain.front;
        let right = self.stream.last().foresaw(outcome.taken, outcome.next);
        front.learn_before(at - 1);
        if right {
            if !self.stream.advance(front, at) {
                return false;
            }
            self.stream.resolve(front, at, slot.address, outcome);
            self.behind(at);
        } else {
            if !self.stream.miss(front, at, slot.address, outcome) {
                return false;
            }
            plain.hold_off_interrupts(at + 2, at + 6);
            self.behind(at);
            self.cycle = at + 5;
            self.missed = true;
        }
        self.result = at;
        self.set_others(slot.instruction.demand.sets, at + 2);
        true
    }

    /// [`Direct::complete`] of everything that is not quite as frequent.
    #[inline(never)]
    fn complete_rest(
        &mut self,
        plain: &mut CycleReference,
        slot: Slot<'_>,
        at: u64,
        outcome: &Outcome,
    ) -> bool {
        let i = slot.instruction;
        let kind = i.demand.kind;
        let again = outcome.next == slot.address && matches!(kind, Kind::LoadUpdate | Kind::Multiple);
        if kind == Kind::Unusual || self.leaves_sram(outcome) {
            return false;
        }
        if !again && (self.stream.jumps() || !self.stream.advance(&mut plain.front, at)) {
            return false;
        }
        self.behind(at);
        let latency = self.latency(i, slot.step);
        match kind {
            Kind::LoadUpdate if slot.step == 0 => self.push(at, i.t),
            Kind::LoadUpdate => self.set_gpr(i.a, latency, at, false),
            Kind::StoreUpdate => {
                self.push(at, NOWHERE);
                self.set_gpr(i.a, latency, at, false);
            }
            Kind::Multiple => {
                self.push(at, if i.writes.gpr != 0 { (i.t + slot.step) & 31 } else { NOWHERE });
            }
            _ => {
                self.set_results(i, latency, at);
                if i.demand.sets != 0 {
                    self.set_others(i.demand.sets, at + 2);
                    self.result = at;
                }
                if i.class == Class::SprWrite && i.writes.other != 0 {
                    plain.special_write = (at, spr_number(i));
                }
            }
        }
        true
    }
}
