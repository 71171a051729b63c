//! The micro-architecture of the published processor, clock cycle by clock cycle where that decides (ppu-timing).
//!
//! Three parts run at different paces. The *issue stage* ([`CycleReference`]) knows when every register is written and
//! goes from issue to issue. The *fetch pipeline* ([`fetch::Fetch`]) is a step for each issue while all code is in the
//! cache, and is followed cycle by cycle around line fills. *Loads, stores* ([`access::Accesses`]) and the *vector unit*
//! ([`vector::VectorUnit`]) lag behind, and are brought up to the present when their results matter: a register is
//! needed, a queue may be full, a `sync` waits.

mod access;
mod direct;
mod fetch;
mod frozen;
mod log;
mod predictor;
mod replay;
mod stream;
mod vector;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Account, Drain, LineRequest, Operand, Outcome, Redirect, Slot, Stall, Timing, TimingConfig};
use crate::config::Config;
use crate::instruction::Instruction;
use crate::table::{Class, Op, implicit};
use access::{Accesses, Registers};
use fetch::Fetch;
use log::Log;
use vector::VectorUnit;

pub use log::Traces;
pub use replay::CycleModel;

/// The set of register 0.
const GPR0: u32 = 1;

/// Why the issue stage does not simply issue what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Issuing,
    /// The front end is told to jump in this cycle, and what arrives before the target is ignored.
    Jump(u32),
    Jumping,
    /// Context synchronisation: waits until everything issued is complete.
    Synchronising,
    /// An interrupt: the vector's first instruction must arrive, then everything must be complete.
    Interrupted,
}

/// The timing model as the specification describes it, without any memory of what it did before: the reference that
/// [`CycleModel`] is tested against.
///
/// Equality and the serialised form are those of the state in a normal form, in which only counts what may still
/// influence an answer: they depend on what was executed when, not on how it came about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CycleReference {
    config: TimingConfig,
    front: Fetch,
    accesses: Accesses,
    vector: VectorUnit,
    phase: Phase,
    /// Nothing issues before: a write of the exception register or a division is under way.
    hold: u64,
    /// When a division under way ends; 0 if there is none.
    division: u64,
    divider_ready: u64,
    registers: Registers,
    /// Other state whose cycle in `other` may lie in the future: bits of [`implicit`].
    pending_other: u32,
    other: [u64; 32],
    /// The youngest write of the condition register.
    condition_write: u64,
    /// Cycle and number of the youngest write of a special register by mtspr.
    special_write: (u64, u32),
    /// Everything of known latency is complete.
    complete_from: u64,
    /// No maskable interrupt begins in these cycles: the last such interval, and the one before.
    blocked: [(u64, u64); 2],
    /// The last instruction put the processor to sleep.
    asleep: bool,
    /// Registers whose pending result comes from the multiplier.
    multiplied: u32,
    /// The cycle behind the last issue, or behind the beginning of the last interrupt. Nothing that happens from now on
    /// happens before; `front.cycle` may be later, and be taken back for an interrupt or a fault. Normal forms are those
    /// of this cycle.
    begun: u64,
    ledger: Ledger,
    /// Uses of the write port by results of known latency and by the divider; vector instructions issued.
    #[serde(skip)]
    results: Log,
    #[serde(skip)]
    pushed: Log,
}

impl PartialEq for CycleReference {
    fn eq(&self, other: &Self) -> bool {
        self.canonical().same(&other.canonical())
    }
}

impl Eq for CycleReference {}

impl Serialize for CycleReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The function that is derived for all fields.
        Self::serialize(&self.canonical(), serializer)
    }
}

impl<'de> Deserialize<'de> for CycleReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Why cycles pass in which nothing issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ledger {
    /// All cycles before this one are charged to a slot.
    charged: u64,
    /// The cycle behind the issue of the last slot.
    behind: u64,
    /// Why the slot that was asked about last cannot issue.
    reason: Stall,
    /// Why the front end is away.
    away: Stall,
    /// The slot that `account` describes has issued.
    issued: bool,
    account: Account,
}

impl Ledger {
    fn new() -> Self {
        let account = Account::default();
        Self { charged: 0, behind: 0, reason: Stall::Unexplained, away: Stall::Fetch, issued: true, account }
    }
    /// Behind a slot that issued in cycle `at`; `missed`: a branch whose way was not foreseen.
    fn behind(at: u64, missed: bool) -> Self {
        let away = if missed { Stall::Mispredict } else { Stall::Fetch };
        Self { charged: at + 1, behind: at + 1, away, ..Self::new() }
    }
    /// Charges the cycles before `until` that nobody has been charged with.
    #[inline(never)]
    fn charge(&mut self, stall: Stall, until: u64) {
        if std::mem::take(&mut self.issued) {
            self.account.stalls.clear();
        }
        self.account.stalls.add(stall, until.saturating_sub(self.charged));
        self.charged = self.charged.max(until);
    }
    /// The slot that was held from cycle `until` on does not issue after all.
    fn retract(&mut self, until: u64) {
        // The last slot that did issue keeps its cycle.
        let until = until.max(self.behind);
        if !self.issued && self.charged > until {
            self.account.stalls.remove_last(self.charged - until);
            self.charged = until;
        }
    }
    /// A slot has issued in cycle `at`.
    #[inline(always)]
    fn issue(&mut self, at: u64, fills: u16) {
        if self.issued {
            self.account.stalls.clear();
        }
        self.issued = true;
        (self.charged, self.behind) = (at + 1, at + 1);
        self.away = Stall::Fetch;
        self.account.fills = fills;
        self.account.predicted_right = None;
        self.account.vector_queue = 0;
    }
}

/// The part of the model that decides about one slot.
impl CycleReference {
    /// The slot cannot issue before `until`.
    #[inline(always)]
    fn late(&mut self, until: u64, reason: Stall) -> Result<(), u64> {
        self.ledger.reason = reason;
        Err(until)
    }

    /// Retires loads and stores up to cycle `limit`.
    fn retire(&mut self, limit: u64) {
        if self.accesses.is_empty() {
            return;
        }
        self.advance_vector(limit);
        self.accesses.advance(limit, &mut self.registers, &self.config);
    }

    /// Brings the vector unit up to cycle `until`.
    fn advance_vector(&mut self, until: u64) {
        if !self.vector.is_empty() {
            self.vector.advance(until, &mut self.accesses, &mut self.registers, &self.config);
        }
    }

    /// Latency of a result in a general purpose register or the condition register.
    fn latency(&self, class: Class, step: u8) -> u64 {
        match class {
            Class::Mul => u64::from(self.config.multiplier),
            Class::StoreUpdate => u64::from(self.config.base_update),
            Class::LoadUpdate if step > 0 => u64::from(self.config.base_update),
            Class::Load | Class::LoadUpdate | Class::Multiple => u64::from(self.config.load_place),
            _ => u64::from(self.config.simple),
        }
    }

    /// Registers that a slot reads or writes, and whether it writes any.
    #[inline(always)]
    fn registers(slot: Slot<'_>) -> (u32, bool) {
        let i = slot.instruction;
        match (i.class, slot.step) {
            (Class::LoadUpdate, 0) => (i.reads.gpr | 1 << i.t, true),
            (Class::LoadUpdate, _) => (1 << i.a, true),
            (Class::Multiple, step) => {
                let moved = 1 << ((i.t + step) & 31);
                let base = if i.a == 0 { 0 } else { 1 << i.a };
                (base | moved, i.writes.gpr != 0)
            }
            // No-operations are arithmetic on register 0 up to here.
            _ if i.word() == crate::instruction::NOP => (GPR0, true),
            _ => (i.reads.gpr | i.writes.gpr, i.writes.gpr != 0),
        }
    }

    /// Whether the slot can issue in cycle `at` as far as registers and units are concerned; if not, when to ask again.
    #[inline(always)]
    fn ready(&mut self, slot: Slot<'_>, at: u64) -> Result<(), u64> {
        let i = slot.instruction;
        if at < self.hold {
            let divides = at < self.division;
            let reason = if divides { Stall::Divider } else { Stall::ExceptionRegister };
            return self.late(self.hold, reason);
        }
        if self.division != 0 {
            let ended = self.end_division(at);
            self.ledger.reason = Stall::Divider;
            ended?;
        }
        let (registers, writes) = Self::registers(slot);
        if registers & self.accesses.loading != 0 {
            self.retire(at);
            let loading = registers & self.accesses.loading;
            if loading != 0 {
                return self.late(self.accesses.next().max(at + 1), Stall::Load(first(loading)));
            }
        }
        let pending = registers & self.registers.pending;
        if pending != 0 {
            let (ready, register) = latest(pending, &self.registers.ready);
            if ready > at {
                let multiplied = self.multiplied >> (register & 31) & 1 != 0;
                let operand = Stall::Operand(Operand::Gpr(register));
                return self.late(ready, if multiplied { Stall::Multiplier(register) } else { operand });
            }
            self.registers.pending &= !pending;
        }
        if i.class == Class::SprRead && self.special_write == (at - 1, spr_number(i)) {
            return self.late(at + 1, Stall::Operand(Operand::Special));
        }
        let mut others = i.reads.other & !implicit::SPR;
        if i.class == Class::CrOp && !matches!(i.op, Op::Mcrf | Op::Mtcrf) {
            // The field that is written is also waited for.
            others |= i.writes.other;
        }
        let others = others & self.pending_other;
        if others != 0 {
            let (ready, bit) = latest(others, &self.other);
            if ready > at {
                return self.late(ready, Stall::Operand(other_operand(bit)));
            }
            self.pending_other &= !others;
        }
        let conditions = i.writes.other & implicit::CR != 0;
        if writes || conditions {
            let write = at + self.latency(i.class, slot.step) + 1;
            if writes && self.registers.reserved(write) || conditions && self.condition_write >= write {
                return self.late(at + 1, Stall::ResultBus);
            }
        }
        match i.class {
            Class::Div if at < self.divider_ready => self.late(self.divider_ready, Stall::Divider),
            Class::Load | Class::LoadUpdate | Class::Store | Class::StoreUpdate | Class::Multiple
                if self.accesses.len() + 1 >= usize::from(self.config.access_queue)
                    && slot.step_accesses() =>
            {
                self.retire(at - 1);
                if self.accesses.waiting(at) >= usize::from(self.config.access_queue) {
                    let retires =
                        if self.accesses.retired_in(at) { at } else { self.accesses.next().max(at) };
                    return self.late(retires + 1, Stall::AccessQueue);
                }
                Ok(())
            }
            class if class.is_vector() && self.vector.may_wait(usize::from(self.config.vector_queue)) => {
                self.advance_vector(at);
                if self.vector.waiting(at) >= usize::from(self.config.vector_queue) {
                    return self.late(at + 1, Stall::VectorQueue(self.vector.head_waits_for()));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The result of the divider needs the write port, on which loads come first.
    #[inline(never)]
    fn end_division(&mut self, at: u64) -> Result<(), u64> {
        self.retire(self.division);
        if self.accesses.retired_in(self.division) {
            self.division += 1;
        }
        if at < self.division {
            return Err(self.division);
        }
        self.retire(self.division);
        if self.accesses.retired_in(self.division) {
            return self.end_division(at);
        }
        if let Some(&(_, register)) = self.results.events().last() {
            self.results.note(self.division, register);
        }
        self.division = 0;
        Ok(())
    }

    /// Whether everything that has been issued is complete in cycle `at`; if not, when to ask again.
    fn idle(&mut self, at: u64) -> Result<(), u64> {
        if at < self.complete_from {
            return self.late(self.complete_from, Stall::Synchronise(Drain::Pipeline));
        }
        if self.division != 0 {
            let ended = self.end_division(at);
            self.ledger.reason = Stall::Synchronise(Drain::Divider);
            ended?;
        }
        if !self.accesses.is_empty() {
            self.retire(at - 1);
            if !self.accesses.is_empty() {
                return self.late(self.accesses.next().max(at) + 1, Stall::Synchronise(Drain::Memory));
            }
        }
        if at < self.accesses.idle_from() {
            return self.late(self.accesses.idle_from(), Stall::Synchronise(Drain::Memory));
        }
        if !self.vector.is_empty() {
            self.advance_vector(at);
            if !self.vector.is_empty() {
                return self.late(at + 1, Stall::Synchronise(Drain::Vector));
            }
        }
        // It may have been followed further than this already.
        if at < self.vector.cycle() {
            return self.late(self.vector.cycle(), Stall::Synchronise(Drain::Vector));
        }
        Ok(())
    }

    /// Brings what lags behind up to cycle `at`.
    fn decide(&mut self, at: u64) {
        self.advance_vector(at);
        self.accesses.advance(at, &mut self.registers, &self.config);
    }

    /// A no-operation in place of an instruction that is not there waits like any other.
    fn bubble_ready(&mut self, at: u64) -> Result<(), u64> {
        let nop = Instruction::decode(crate::instruction::NOP);
        self.ready(Slot { address: 0, instruction: &nop, step: 0 }, at)
    }

    /// One cycle in which the issue stage takes nothing from the program.
    ///
    /// # Errors
    /// A line is needed first; nothing has happened.
    fn pass(&mut self, hold: bool, code: &impl Fn(u32) -> Option<u32>) -> Result<(), LineRequest> {
        self.front.begin_fill(&mut self.accesses)?;
        let at = self.front.cycle;
        self.decide(at);
        let mut cause = match self.phase {
            Phase::Issuing if hold => self.ledger.reason,
            Phase::Jump(_) | Phase::Jumping => Stall::Mispredict,
            Phase::Interrupted => Stall::Interrupt,
            Phase::Issuing | Phase::Synchronising => self.ledger.away,
        };
        match self.phase {
            Phase::Jump(target) => {
                let hold = at < self.division;
                self.front.step(hold, Some(target), true, code, &mut self.accesses)?;
                self.phase = Phase::Jumping;
            }
            Phase::Jumping => {
                self.front.step(at < self.division, None, true, code, &mut self.accesses)?;
                if self.front.last.landed() {
                    self.phase = Phase::Issuing;
                }
            }
            Phase::Issuing => self.front.step(hold, None, false, code, &mut self.accesses)?,
            Phase::Synchronising => {
                let idle = self.idle(at).is_ok();
                cause = if idle { Stall::Synchronise(Drain::Pipeline) } else { self.ledger.reason };
                self.front.step(true, None, false, code, &mut self.accesses)?;
                self.hold_off_interrupts(at, at + 1);
                if idle {
                    self.phase = Phase::Issuing;
                }
            }
            Phase::Interrupted => {
                let landed = self.front.last.landed();
                self.front.step(landed, None, true, code, &mut self.accesses)?;
                if landed {
                    self.phase = Phase::Synchronising;
                }
            }
        }
        self.ledger.charge(cause, at + 1);
        Ok(())
    }

    /// No maskable interrupt begins in these cycles, which may continue those before.
    fn hold_off_interrupts(&mut self, from: u64, until: u64) {
        let [last, _] = self.blocked;
        if from <= last.1 && last.0 <= from {
            self.blocked[0].1 = until.max(last.1);
        } else {
            self.blocked = [(from, until), last];
        }
    }

    /// The first cycle from `cycle` on in which interrupts are not held off so far.
    fn between_intervals(&self, cycle: u64) -> u64 {
        let mut cycle = cycle;
        for (from, until) in [self.blocked[1], self.blocked[0]] {
            if cycle >= from && cycle < until {
                cycle = until;
            }
        }
        cycle
    }

    /// Goes on until something of the program can issue: the phase is over and the stage holds an instruction.
    fn arrive(&mut self, limit: u64, code: &impl Fn(u32) -> Option<u32>) -> Result<(), LineRequest> {
        loop {
            match self.phase {
                Phase::Issuing => {
                    self.front.try_settle();
                    if self.front.settled {
                        return Ok(());
                    }
                    if self.front.cycle > limit {
                        return Ok(());
                    }
                    self.front.begin_fill(&mut self.accesses)?;
                    if !self.front.last.bubble() {
                        return Ok(());
                    }
                    let at = self.front.cycle;
                    let hold = self.bubble_ready(at).is_err();
                    self.pass(hold, code)?;
                }
                Phase::Synchronising if self.front.settled => {
                    let mut at = self.front.cycle;
                    while let Err(later) = self.idle(at) {
                        at = later;
                        self.ledger.charge(self.ledger.reason, at);
                    }
                    self.hold_off_interrupts(self.front.cycle, at + 1);
                    self.front.cycle = at + 1;
                    self.ledger.charge(Stall::Synchronise(Drain::Pipeline), at + 1);
                    self.phase = Phase::Issuing;
                }
                _ if self.front.cycle > limit => return Ok(()),
                _ => {
                    self.front.unsettle(self.front.cycle);
                    self.pass(false, code)?;
                }
            }
        }
    }
}

/// The latest cycle of a set of registers, and one whose it is.
#[inline(always)]
fn latest(mut set: u32, cycles: &[u64; 32]) -> (u64, u8) {
    let mut latest = (0, 0);
    while set != 0 {
        let n = set.trailing_zeros() as u8;
        let ready = cycles[usize::from(n)];
        if ready > latest.0 {
            latest = (ready, n);
        }
        set &= set - 1;
    }
    latest
}

/// The lowest register of a set.
fn first(set: u32) -> u8 {
    set.trailing_zeros() as u8
}

/// What a bit of [`implicit`] stands for.
fn other_operand(bit: u8) -> Operand {
    match 1 << (bit & 31) {
        implicit::LR => Operand::Link,
        implicit::CTR => Operand::Count,
        _ if bit < 8 => Operand::Condition(bit),
        _ => Operand::Special,
    }
}

/// The number of the special register that mfspr and mtspr name, in any fixed order of bits.
fn spr_number(i: &Instruction) -> u32 {
    i.word() >> 11 & 0x3ff
}

impl Slot<'_> {
    /// Whether this slot is a memory access; the second one of a load with update is not.
    fn step_accesses(&self) -> bool {
        self.instruction.class != Class::LoadUpdate || self.step == 0
    }
}

/// What a slot does to the state of the model.
impl CycleReference {
    #[inline(always)]
    fn set_gpr(&mut self, register: u8, latency: u64, at: u64, multiplied: bool) {
        self.registers.set(register, at + latency);
        let multiplies = u32::from(multiplied);
        let register = register & 31;
        self.multiplied = self.multiplied & !(1 << register) | multiplies << register;
        let write = at + latency + 1;
        if !self.registers.fits(write) {
            // Loads that may have wanted the write port in the past must know first.
            self.retire(at);
            self.registers.forget(at);
        }
        self.registers.reserve(write);
        self.results.note(write, u32::from(register));
        self.complete_from = self.complete_from.max(at + latency + 2);
    }

    #[inline(always)]
    fn set_other(&mut self, mut set: u32, ready: u64) {
        self.pending_other |= set;
        while set != 0 {
            self.other[set.trailing_zeros() as usize] = ready;
            set &= set - 1;
        }
        self.complete_from = self.complete_from.max(ready + 1);
    }

    fn push_access(&mut self, at: u64, target: Option<u8>, outcome: &Outcome) {
        if !self.vector.is_empty() {
            self.advance_vector(at);
        }
        let remote = outcome.effective_address >= self.config.sram_bytes;
        self.accesses.push(at, target, outcome.latency, remote, outcome.suppressed);
        if let Some(target) = target {
            self.multiplied &= !(1 << (target & 31));
        }
        if self.accesses.len() >= 16 {
            self.retire(at);
        }
    }

    /// A slot issued in cycle `at`. The front end has not moved yet.
    #[inline(always)]
    fn take(&mut self, slot: Slot<'_>, at: u64, outcome: &Outcome) {
        self.ledger.issue(at, self.front.take_fills());
        self.begun = at + 1;
        self.results(slot, at, outcome);
    }

    /// Whether the front end went the right way behind the branch that issued in cycle `at`.
    fn judge(&mut self, at: u64, right: bool) {
        self.ledger.account.predicted_right = Some(right);
        if !right {
            self.ledger.away = Stall::Mispredict;
            self.hold_off_interrupts(at + 2, at + 6);
        }
    }

    /// Results of a slot that issued in cycle `at`.
    #[inline(always)]
    fn results(&mut self, slot: Slot<'_>, at: u64, outcome: &Outcome) {
        let i = slot.instruction;
        let latency = self.latency(i.class, slot.step);
        let writes = i.writes;
        match i.class {
            Class::Load => self.push_access(at, Some(i.t), outcome),
            Class::Store => self.push_access(at, None, outcome),
            Class::LoadUpdate if slot.step == 0 => self.push_access(at, Some(i.t), outcome),
            Class::LoadUpdate => self.set_gpr(i.a, latency, at, false),
            Class::StoreUpdate => {
                self.push_access(at, None, outcome);
                self.set_gpr(i.a, latency, at, false);
            }
            Class::Multiple => {
                let target = (writes.gpr != 0).then_some((i.t + slot.step) & 31);
                self.push_access(at, target, outcome);
            }
            Class::Div => {
                self.hold = at + 1 + u64::from(self.config.divider);
                self.division = self.hold;
                self.set_gpr(i.t, u64::from(self.config.simple), at, false);
            }
            class if class.is_vector() => {
                let remote = outcome.effective_address >= self.config.sram_bytes;
                if !self.vector.is_empty() {
                    self.advance_vector(at);
                }
                self.vector.push(i, at, outcome.latency, remote);
                self.pushed.note(at, i.word() >> 2 & 0x1ff);
                self.ledger.account.vector_queue = self.vector.queued();
            }
            _ => {
                if writes.gpr != 0 && i.issues {
                    self.set_gpr(writes.gpr.trailing_zeros() as u8, latency, at, i.class == Class::Mul);
                }
            }
        }
        if writes.other != 0 {
            let conditions = writes.other & implicit::CR;
            if conditions != 0 {
                self.set_other(conditions, at + latency + 1);
                self.condition_write = at + latency + 1;
            }
            if writes.other & implicit::XER != 0 {
                self.hold = self.hold.max(at + latency + 2);
                self.complete_from = self.complete_from.max(at + latency + 2);
            }
            let registers = writes.other & !(implicit::CR | implicit::XER | implicit::PC);
            if matches!(i.class, Class::SprWrite | Class::Branch | Class::Mtmsr) && registers != 0 {
                self.set_other(registers, at + 2);
            }
            if i.class == Class::SprWrite {
                self.special_write = (at, spr_number(i));
            }
        }
        if i.class == Class::Branch {
            self.complete_from = self.complete_from.max(at + 3);
        }
    }
}

impl Timing for CycleReference {
    fn new(config: &Config) -> Self {
        let timing = config.timing.limited();
        Self {
            front: Fetch::new(config.cache, &timing),
            accesses: Accesses::new(&timing),
            vector: VectorUnit::new(&timing),
            phase: Phase::Issuing,
            hold: 0,
            division: 0,
            divider_ready: u64::from(timing.divider),
            registers: Registers::new(),
            pending_other: 0,
            other: [0; 32],
            condition_write: 0,
            special_write: (0, u32::MAX),
            complete_from: 0,
            blocked: [(0, 0); 2],
            asleep: false,
            multiplied: 0,
            begun: 0,
            ledger: Ledger::new(),
            results: Log::default(),
            pushed: Log::default(),
            config: timing,
        }
    }

    #[inline(always)]
    fn fetch(&mut self, _: u32, limit: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest> {
        if self.front.settled && self.phase == Phase::Issuing {
            return None;
        }
        self.arrive(limit, &code).err()
    }

    fn line(&mut self, request: LineRequest, latency: u32, interval: u32) {
        self.front.grant(request.address, latency, interval);
    }

    #[inline(always)]
    fn issue(
        &mut self,
        slot: Slot<'_>,
        limit: u64,
        code: impl Fn(u32) -> Option<u32>,
    ) -> Result<u64, LineRequest> {
        loop {
            let at = self.front.cycle;
            if !self.front.settled && at > limit {
                return Ok(at);
            }
            if at > self.ledger.charged {
                self.ledger.charge(self.ledger.away, at);
            }
            let Err(later) = self.ready(slot, at) else { return Ok(at) };
            match slot.instruction.class {
                Class::Wait if !slot.instruction.issues => return Ok(at),
                Class::Sync | Class::Mtmsr | Class::Trap => self.phase = Phase::Synchronising,
                _ if self.front.settled => {
                    self.front.cycle = later;
                    self.ledger.charge(self.ledger.reason, later);
                    continue;
                }
                _ => self.pass(true, &code)?,
            }
            self.arrive(limit, &code)?;
        }
    }

    #[inline(always)]
    fn complete(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        let i = slot.instruction;
        let last = self.front.last;
        self.take(slot, at, &outcome);
        let again = outcome.next == slot.address && matches!(i.class, Class::LoadUpdate | Class::Multiple);
        if again && self.front.settled {
            self.front.cycle = at + 1;
            return;
        }
        if !self.front.settled {
            self.decide(at);
        }
        if i.class == Class::Wait && !i.issues && at < self.hold {
            // It puts the processor to sleep although it cannot leave its place.
            if self.front.settled {
                self.front.cycle = at + 1;
            } else {
                let _ = self.front.step(true, None, false, &code, &mut self.accesses);
            }
            return;
        }
        // A fill that begins in this cycle has begun before the slot issued.
        let _ = self.front.advance(at, &code, &mut self.accesses);
        match i.class {
            Class::Branch => {
                self.front.resolve(at, slot.address, outcome.taken, outcome.next);
                let right = last.foresaw(outcome.taken, outcome.next);
                self.judge(at, right);
                if !right && !self.front.jump(at, outcome.next) {
                    self.phase = Phase::Jump(outcome.next);
                }
            }
            Class::Sync | Class::Mtmsr | Class::Trap => self.phase = Phase::Synchronising,
            _ if last.predicted() && i.issues && !again => {
                self.front.resolve(at, slot.address, false, outcome.next);
                self.ledger.account.predicted_right = Some(false);
                self.phase = Phase::Jump(outcome.next);
            }
            _ => {}
        }
    }

    fn interruptible(&mut self, cycle: u64) -> u64 {
        let cycle = self.between_intervals(cycle);
        if self.phase == Phase::Synchronising && cycle >= self.front.cycle {
            // On a copy, because the question must leave no trace.
            let mut probe = self.clone();
            let mut at = self.front.cycle;
            while let Err(later) = probe.idle(at) {
                at = later;
            }
            return cycle.max(at + 1);
        }
        cycle
    }

    fn redirect(&mut self, address: u32, at: u64, cause: Redirect) {
        let asleep = std::mem::take(&mut self.asleep);
        // As far as the instruction that does not issue after all may have asked. How much it asked depends on how it
        // waited, and that must not matter.
        self.decide(self.front.cycle);
        self.begun = self.begun.max(at + 1);
        self.ledger.retract(at);
        self.ledger.charge(if asleep { Stall::Sleep } else { self.ledger.away }, at);
        match cause {
            Redirect::Interrupt => {
                self.follow_to(at + 1, asleep);
                self.ledger.charge(Stall::Interrupt, at + 1);
                self.front.divert(address);
                self.phase = Phase::Interrupted;
            }
            Redirect::Wake => {
                self.follow_to(at + 1, true);
                self.ledger.charge(Stall::Sleep, at + 1);
                if self.front.last.address() != address {
                    self.front.drop_last(at + 1);
                }
                self.phase = Phase::Issuing;
            }
        }
    }

    fn asleep_from(&mut self, at: u64) -> u64 {
        self.asleep = true;
        self.rest_from(at + 1) + 1
    }

    fn account(&self) -> Account {
        self.ledger.account
    }

    fn quiescent_from(&mut self) -> u64 {
        self.clone().rest_from(self.front.cycle)
    }
}

impl CycleReference {
    /// From now on, what happens behind the issue stage is written down.
    pub fn begin_trace(&mut self) {
        let logs = [&mut self.results, &mut self.pushed].into_iter();
        logs.chain(self.accesses.logs()).chain(self.vector.logs()).for_each(Log::begin);
    }

    /// What has happened since [`CycleReference::begin_trace`], as far as that is decided: everything when the processor
    /// sleeps.
    pub fn traces(&self) -> Traces {
        let registers = self.results.events().iter().chain(self.accesses.loads.events());
        let mut register_writes: Vec<_> = registers.map(|&(at, n)| (at, n as u8)).collect();
        register_writes.sort_unstable();
        let mut stores: Vec<_> = self.accesses.stores.events().iter().map(|&(at, _)| at).collect();
        stores.sort_unstable();
        let left = self.vector.left.events().iter().zip(self.pushed.events());
        Traces {
            register_writes,
            stores,
            dispatched: left.map(|(&(at, _), &(_, code))| (at, code as u16)).collect(),
            vector_writes: self.vector.written.events().iter().map(|&(at, n)| (at, n as u8)).collect(),
        }
    }

    /// The first cycle from `cycle` on in which everything issued is complete, while the front end is on hold.
    fn rest_from(&mut self, cycle: u64) -> u64 {
        let mut cycle = cycle;
        while let Err(later) = self.idle(cycle) {
            if self.front.still() {
                cycle = later;
            } else {
                cycle += 1;
                self.follow_to(cycle, true);
            }
        }
        cycle
    }

    /// Follows the front end on hold up to cycle `until`. A line that nobody has asked for yet takes as long as the
    /// last one.
    fn follow_to(&mut self, until: u64, asleep: bool) {
        self.front.unsettle(self.front.cycle.min(until));
        while self.front.cycle < until {
            if self.front.still() {
                self.front.skip(until - self.front.cycle);
                return;
            }
            let period =
                self.front.repetition().filter(|_| self.accesses.is_empty() && self.vector.is_empty());
            if let Some(period) = period {
                let periods = (until - self.front.cycle) / period;
                if periods > 2 {
                    self.front.skip((periods - 1) * period);
                    self.accesses.skip((periods - 1) * period);
                }
            }
            if self.front.begin_fill(&mut self.accesses).is_err() {
                self.front.grant_as_before();
            }
            self.decide(self.front.cycle);
            let hold = asleep || !self.front.last.bubble();
            let _ = self.front.step(hold, None, false, &|_| None, &mut self.accesses);
        }
    }
}
