//! Interrupts, faults, sleep and wake-up (ppu-isa 3.5, 3.7; ppu-timing 2.5).
//!
//! An interrupt *begins* in a cycle J: the front end leaves for the vector, whose first instruction issues in J + 6.
//! Instructions that issue in J - 1 and J are in its shadow: they have issued, but their results are dropped. That of
//! J is executed again (SRR0 points to it), that of J - 1 is lost. So measured; see `Quirks::interrupt_shadow`.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::cache::Place;
use super::machine::{Access, Break, Ended, Machine, Progress};
use super::{Core, State, Stop};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::interrupt::Interrupt;
use crate::observer::{Effect, Observer};
use crate::spr::{ESR_TRAP, Spr, msr, timer};
use crate::table::{Class, Op};
use crate::timing::{Outcome, Redirect, Slot, Timing};

/// From the issue of a misaligned access to the beginning of its interrupt.
const ALIGNMENT_DELAY: u64 = 2;
/// From the issue of a taken trap to the beginning of its interrupt.
const TRAP_DELAY: u64 = 3;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Control {
    doorbell: bool,
    /// Cycle from which the latched doorbell edge asks for an interrupt.
    doorbell_request: Option<u64>,
    /// The same for the input pins.
    pin_request: Option<u64>,
    /// Cycle in which the last instruction issued behind which MSR.EE was 1 and that could have set it.
    enabled_at: u64,
    fault: Option<Fault>,
    /// While asleep: the first cycle of sleep.
    pub(super) sleep: Option<u64>,
    pub(super) last: LastIssue,
}

/// An alignment or program interrupt on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fault {
    interrupt: Interrupt,
    begins: u64,
    address: u32,
}

/// The instruction that issued last; interrupts return relative to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastIssue {
    pub(super) at: u64,
    pub(super) address: u32,
    pub(super) branch: bool,
}

impl Control {
    /// Inputs keep their level over a reset.
    pub(super) fn after_reset(before: &Self) -> Self {
        Self { doorbell: before.doorbell, ..Self::default() }
    }

    /// The latches of doorbell and pins are held clear while MSR.EE is 0; levels come through when it is set.
    pub(super) fn ee_changed(&mut self, state: &State, at: u64) {
        if state.external_enabled() {
            self.enabled_at = at;
            if self.pin_request.is_none() && pin_levels(state) {
                self.pin_request = Some(at + 4);
            }
        } else {
            self.doorbell_request = None;
            self.pin_request = None;
        }
    }
}

/// Fields of ICCR for the four pins that can interrupt: enables, active-low or falling, level-sensitive.
fn iccr_fields(iccr: u32) -> (u32, u32, u32) {
    (iccr >> 8 & 0xf, iccr >> 12 & 0xf, iccr >> 16 & 0xf)
}

fn pin_levels(state: &State) -> bool {
    let (enabled, inverted, level) = iccr_fields(state.iccr);
    (state.gin ^ inverted) & enabled & level != 0
}

impl<T: Timing> Core<T> {
    /// The doorbell input has the given level from cycle `at` on. Run up to `at` first.
    pub fn set_doorbell(&mut self, at: u64, level: bool) {
        let rises = level && !self.control.doorbell;
        self.control.doorbell = level;
        if rises && self.state.external_enabled() && self.control.doorbell_request.is_none() {
            self.control.doorbell_request = Some(at + 1);
        }
    }

    /// The input pins have the given levels from cycle `at` on. Run up to `at` first.
    pub fn set_pins(&mut self, at: u64, levels: u32) {
        let (enabled, inverted, level) = iccr_fields(self.state.iccr);
        let active = levels ^ inverted;
        let before = self.state.gin ^ inverted;
        self.state.gin = levels;
        let asks = enabled & active & (level | !before) != 0;
        if asks && self.state.external_enabled() && self.control.pin_request.is_none() {
            self.control.pin_request = Some(at + 2);
        }
    }

    /// Earliest cycle in which a source asks for an interrupt, whether or not MSR.EE lets it.
    fn next_request(&self) -> Option<u64> {
        let sources = [self.timers.next_pending(), self.control.doorbell_request, self.control.pin_request];
        sources.into_iter().flatten().min()
    }

    /// The cycle in which the next interrupt begins, if anything is due.
    pub(super) fn next_beginning(&mut self) -> Option<u64> {
        if let Some(fault) = self.control.fault {
            return Some(fault.begins);
        }
        let request = self.state.external_enabled().then(|| self.next_request()).flatten()?;
        // A timer may have asked long before it was let.
        let enabled = self.control.enabled_at;
        let request = if request < enabled { enabled + 1 } else { request };
        Some(self.timing.interruptible(request))
    }

    pub(super) fn update_horizon(&mut self) {
        self.horizon = match (self.control.fault, self.state.external_enabled()) {
            (Some(_), _) => 0,
            (None, true) => self.next_request().map_or(u64::MAX, |request| request.saturating_sub(1)),
            (None, false) => u64::MAX,
        };
    }

    /// A slot that issues at the limit of the run or near an interrupt.
    #[cold]
    #[inline(never)]
    pub(super) fn at_horizon<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        until: u64,
        observer: &mut O,
        place: Place,
        address: u32,
        at: u64,
    ) -> ControlFlow<Stop> {
        let instruction = &{ *self.cache.at(place) };
        let begins = self.next_beginning();
        if let Some(begins) = begins {
            let shadow = self.has_shadow();
            // What never reaches a unit does not count as issued in the cycle of the interrupt.
            let behind = at > begins || at == begins && (!instruction.issues || !shadow);
            let behind = behind || !shadow && at + 1 >= begins && self.control.fault.is_some();
            if behind && begins < until {
                self.interrupt(begins, observer);
                return ControlFlow::Continue(());
            }
            if behind {
                // It does not issue, even if it could before the limit: a precise fault drops it.
                self.now = begins.max(at);
                return ControlFlow::Break(Stop::Limit);
            }
            if at < until && at + 1 >= begins && shadow && !self.escapes_shadow(instruction) {
                return self.shadow_slot(bus, observer, address, instruction, at);
            }
        }
        if at >= until {
            return ControlFlow::Break(Stop::Limit);
        }
        self.execute_slot(bus, observer, place, address, at)
    }

    fn has_shadow(&self) -> bool {
        match self.control.fault {
            Some(Fault { interrupt: Interrupt::Program, .. }) => self.config.quirks.trap_shadow_store,
            Some(_) => self.config.quirks.alignment_shadow,
            None => self.config.quirks.interrupt_shadow,
        }
    }

    /// Context synchronisation holds off interrupts, but not faults.
    fn escapes_shadow(&self, instruction: &Instruction) -> bool {
        let synchronises =
            matches!(instruction.class, Class::Mtmsr | Class::Trap | Class::Sync | Class::Wait);
        synchronises && (self.control.fault.is_none() || instruction.class == Class::Wait)
    }

    /// Stores, the register write of loads, vector instructions and the LR or CTR update of branches happen;
    /// everything else is dropped (ppu-timing 2.5).
    fn shadow_slot<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        observer: &mut O,
        address: u32,
        instruction: &Instruction,
        at: u64,
    ) -> ControlFlow<Stop> {
        let slot = Slot { address, instruction, step: self.progress.step };
        let base = self.state.gpr[instruction.a as usize];
        let mut machine = Machine {
            state: &mut self.state,
            timers: &mut self.timers,
            progress: &mut self.progress,
            quirks: &self.config.quirks,
            bus,
            observer,
            address,
            at,
            access: Access::default(),
        };
        let ended = match instruction.class {
            Class::Branch if matches!(instruction.op, Op::Rfi | Op::Rfci | Op::Rfmci) => Ended::Next,
            Class::Load
            | Class::LoadUpdate
            | Class::Store
            | Class::StoreUpdate
            | Class::Multiple
            | Class::Branch => machine.execute(instruction),
            class if class.is_vector() => machine.execute(instruction),
            _ => Ended::Next,
        };
        let access = machine.access;
        match self.progress.outcome(address, ended, access) {
            Ok(outcome) => {
                let writes_base = instruction.class == Class::StoreUpdate
                    || instruction.class == Class::LoadUpdate && slot.step == 1;
                if writes_base {
                    self.state.gpr[instruction.a as usize] = base;
                }
                let cache = &self.cache;
                self.timing.cancel(slot, at, outcome, |a| cache.word(a));
                self.control.last = LastIssue { at, address, branch: instruction.branches };
                self.state.pc = outcome.next;
                super::report(&self.timing, at, slot, observer);
                ControlFlow::Continue(())
            }
            Err(why) => self.broken(why, address, instruction, at, observer),
        }
    }

    /// A slot that did not simply take effect.
    #[cold]
    #[inline(never)]
    pub(super) fn broken<O: Observer>(
        &mut self,
        why: Break,
        address: u32,
        instruction: &Instruction,
        at: u64,
        observer: &mut O,
    ) -> ControlFlow<Stop> {
        let fault = match why {
            Break::Wait => return ControlFlow::Break(Stop::Wait),
            Break::Illegal => {
                return ControlFlow::Break(Stop::Illegal { address, word: instruction.word });
            }
            Break::Sleep => None,
            Break::Misaligned => {
                Some(Fault { interrupt: Interrupt::Alignment, begins: at + ALIGNMENT_DELAY, address })
            }
            Break::Trap => Some(Fault { interrupt: Interrupt::Program, begins: at + TRAP_DELAY, address }),
        };
        let slot = Slot { address, instruction, step: self.progress.step };
        self.progress = Progress::default();
        let mut outcome = Outcome::next(address.wrapping_add(4));
        outcome.suppressed = why == Break::Misaligned;
        // The second slot of a load with update follows in the shadow of its first.
        if instruction.class == Class::LoadUpdate && self.config.quirks.alignment_shadow {
            self.progress.step = 1;
            outcome.next = address;
        }
        let cache = &self.cache;
        self.timing.complete(slot, at, outcome, |a| cache.word(a));
        self.state.pc = outcome.next;
        match (fault, self.control.fault) {
            (None, pending) => {
                if let Some(pending) = pending {
                    // A fault directly in front of `wait` is lost but for the saved state (ppu-timing 2.5).
                    self.save_state(pending.interrupt, pending.address, at, observer);
                    self.control.fault = None;
                }
                self.control.sleep = Some(self.timing.asleep_from(at));
                observer.effect(at, Effect::Sleep);
            }
            // The first fault is lost.
            (Some(fault), Some(pending)) => {
                self.control.fault = Some(Fault { address: fault.address, ..pending })
            }
            (Some(fault), None) => self.control.fault = Some(fault),
        }
        if instruction.issues {
            self.control.last = LastIssue { at, address, branch: false };
        }
        super::report(&self.timing, at, slot, observer);
        self.update_horizon();
        ControlFlow::Continue(())
    }

    /// Takes the interrupt that begins in cycle `begins`.
    fn interrupt<O: Observer>(&mut self, begins: u64, observer: &mut O) {
        self.timers.advance(begins);
        let (interrupt, return_address) = match self.control.fault.take() {
            Some(fault) => (fault.interrupt, fault.address),
            None => (self.highest_priority(begins), self.return_address(begins)),
        };
        self.enter(interrupt, return_address, begins, observer);
    }

    fn enter<O: Observer>(
        &mut self,
        interrupt: Interrupt,
        return_address: u32,
        begins: u64,
        observer: &mut O,
    ) {
        self.save_state(interrupt, return_address, begins, observer);
        match interrupt {
            Interrupt::Doorbell => self.control.doorbell_request = None,
            Interrupt::ExternalInput => self.control.pin_request = None,
            _ => {}
        }
        self.progress = Progress::default();
        self.state.pc = interrupt.vector();
        self.control.ee_changed(&self.state, begins);
        self.timing.redirect(interrupt.vector(), begins, Redirect::Interrupt);
        self.update_horizon();
    }

    /// What an interrupt writes to registers.
    fn save_state<O: Observer>(
        &mut self,
        interrupt: Interrupt,
        return_address: u32,
        at: u64,
        observer: &mut O,
    ) {
        observer.effect(at, Effect::Interrupt { interrupt, return_address });
        self.state.srr = [return_address, self.state.msr];
        observer.effect(at, Effect::Spr { spr: Spr::Srr0, value: return_address });
        observer.effect(at, Effect::Spr { spr: Spr::Srr1, value: self.state.msr });
        self.state.msr &= msr::KEPT_BY_INTERRUPTS;
        observer.effect(at, Effect::Msr(self.state.msr));
        let syndrome = match interrupt {
            Interrupt::Alignment => Some(0),
            Interrupt::Program => Some(ESR_TRAP),
            _ => None,
        };
        if let Some(value) = syndrome {
            self.state.esr = value;
            observer.effect(at, Effect::Spr { spr: Spr::Esr, value });
        }
    }

    /// The maskable interrupt to take; the timers are up to date.
    fn highest_priority(&self, cycle: u64) -> Interrupt {
        let asks = |request: Option<u64>| request.is_some_and(|from| from <= cycle);
        let timers = self.timers.pending();
        if asks(self.control.pin_request) {
            Interrupt::ExternalInput
        } else if timers & timer::FIS != 0 {
            Interrupt::FixedInterval
        } else if timers & timer::DIS != 0 {
            Interrupt::Decrementer
        } else {
            Interrupt::Doorbell
        }
    }

    /// The instruction that issued when the interrupt began; otherwise the one behind the last that issued, or that
    /// itself if it was a branch.
    fn return_address(&self, begins: u64) -> u32 {
        let last = self.control.last;
        if !self.config.quirks.interrupt_shadow || last == LastIssue::default() {
            self.state.pc
        } else if last.at == begins || last.branch {
            last.address
        } else {
            last.address.wrapping_add(4)
        }
    }

    /// Moves time forward while asleep.
    #[cold]
    #[inline(never)]
    pub(super) fn sleep<O: Observer>(&mut self, until: u64, observer: &mut O) -> ControlFlow<Stop> {
        let Some(since) = self.control.sleep else { return ControlFlow::Continue(()) };
        // The request is seen one cycle later than by a running processor.
        let wakes_at = self.next_request().map(|request| (request + 1).max(since + 2));
        let Some(wakes_at) = wakes_at.filter(|&cycle| cycle < until) else {
            if until != u64::MAX {
                self.now = self.now.max(until);
            }
            return ControlFlow::Break(Stop::Asleep { wakes_at });
        };
        self.control.sleep = None;
        self.now = wakes_at;
        observer.effect(wakes_at, Effect::Wake);
        self.timers.advance(wakes_at);
        if self.state.external_enabled() {
            let return_address = self.state.pc.wrapping_sub(4);
            self.enter(self.highest_priority(wakes_at), return_address, wakes_at, observer);
        } else {
            self.timing.redirect(self.state.pc, wakes_at, Redirect::Wake);
            self.update_horizon();
        }
        ControlFlow::Continue(())
    }
}
