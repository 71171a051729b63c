//! Execution as long as nothing out of the ordinary happens: no line to fetch, no limit, no interrupt, no slot that ends
//! otherwise than with the next instruction or a jump.
//!
//! What changes with every slot stays in registers of the host until the loop ends. [`Core::advance`], which goes slot by
//! slot, is the reference. The loop hands over to it in front of everything it does not know, which is possible because
//! asking a timing model twice is harmless; a test holds the two against each other.

use std::ops::ControlFlow;

use super::control::LastIssue;
use super::machine::{Access, Ended, Machine};
use super::{Core, Stop, report};
use crate::bus::Bus;
use crate::observer::Observer;
use crate::timing::{Outcome, Slot, Timing};

/// Why the loop ended.
enum Left {
    /// Something comes before the next slot.
    Before,
    /// The slot that was just executed needs attention.
    In(Ended, Access),
    /// The next slot is not to be executed.
    At(Stop),
    /// The slot that was just executed was the last for now.
    Behind(Stop),
}

/// Asks when a slot issues unless the model only counts, and leaves the loop if something comes first.
macro_rules! await_issue {
    ($core:ident, $counts:ident, $slot:expr, $at:ident, $end:ident, $leave:lifetime) => {
        if !$counts {
            let cache = &$core.cache;
            let code = |a| cache.word(a);
            if $core.timing.fetch($slot.address, u64::MAX, code).is_some() {
                break $leave Left::Before;
            }
            match $core.timing.issue($slot, u64::MAX, code) {
                Ok(cycle) => $at = cycle,
                Err(_) => break $leave Left::Before,
            }
        }
        if $at >= $end {
            break $leave Left::Before;
        }
    };
}

/// The slot has issued and taken effect.
macro_rules! issued {
    ($core:ident, $counts:ident, $slot:expr, $at:ident, $outcome:expr, $observer:ident, $last:ident) => {
        if !$counts {
            let cache = &$core.cache;
            $core.timing.complete($slot, $at, $outcome, |a| cache.word(a));
        }
        report(&$core.timing, $at, $slot, $observer);
        $last = ($at, $slot.address);
        if $counts {
            $at += 1;
        }
    };
}

/// The machine for one slot.
macro_rules! machine {
    ($core:ident, $bus:ident, $observer:ident, $address:ident, $at:ident) => {
        Machine {
            state: &mut $core.state,
            timers: &mut $core.timers,
            progress: &mut $core.progress,
            quirks: &$core.config.quirks,
            bus: $bus,
            observer: $observer,
            address: $address,
            at: $at,
            access: Access::default(),
        }
    };
}

impl<T: Timing> Core<T> {
    /// Executes slots as long as nothing else happens.
    #[inline(always)]
    pub(super) fn ordinary<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        until: u64,
        observer: &mut O,
    ) -> ControlFlow<Stop> {
        let counted = self.timing.counts();
        let counts = counted.is_some();
        // Where an interrupt may come, a model that is asked has to be told.
        let out_of_the_ordinary =
            self.control.sleep.is_some() || self.progress.step != 0 || !counts && self.horizon != u64::MAX;
        if out_of_the_ordinary {
            return ControlFlow::Continue(());
        }
        let mut at = counted.unwrap_or(0);
        let end = self.horizon.min(until);
        let mut address = self.state.pc & !3;
        // Cycle and address of the slot that issued last.
        let mut last = (u64::MAX, 0);
        let left = 'slots: loop {
            let stretch = self.cache.stretch(address);
            if stretch.is_empty() {
                break Left::Before;
            }
            for instruction in stretch {
                let passes = if counts { None } else { self.timing.passes(instruction) };
                if let Some(cycle) = passes.filter(|&cycle| cycle < end) {
                    at = cycle;
                    if observer.breaks_at(address) {
                        // As if it had been asked, which leaves traces in what the model shows.
                        let cache = &self.cache;
                        let slot = Slot { address, instruction, step: 0 };
                        let _ = self.timing.issue(slot, u64::MAX, |a| cache.word(a));
                        break 'slots Left::At(Stop::Breakpoint { address });
                    }
                    self.timing.pass(instruction, at);
                    let ended = machine!(self, bus, observer, address, at).execute(instruction);
                    debug_assert_eq!(ended, Ended::Next);
                    report(&self.timing, at, Slot { address, instruction, step: 0 }, observer);
                    last = (at, address);
                    address = address.wrapping_add(4);
                    if let Some(hit) = observer.watch_hit() {
                        break 'slots Left::Behind(Stop::Watchpoint(hit));
                    }
                    continue;
                }
                await_issue!(self, counts, Slot { address, instruction, step: 0 }, at, end, 'slots);
                if observer.breaks_at(address) {
                    break 'slots Left::At(Stop::Breakpoint { address });
                }
                let mut machine = machine!(self, bus, observer, address, at);
                let mut ended = machine.execute(instruction);
                let mut access = machine.access;
                let mut step = 0;
                while ended == Ended::Again {
                    let outcome = Outcome::next(address).with(access);
                    self.progress.step = step + 1;
                    issued!(self, counts, Slot { address, instruction, step }, at, outcome, observer, last);
                    step += 1;
                    if let Some(hit) = observer.watch_hit() {
                        break 'slots Left::Behind(Stop::Watchpoint(hit));
                    }
                    await_issue!(self, counts, Slot { address, instruction, step }, at, end, 'slots);
                    (ended, access) = machine!(self, bus, observer, address, at).execute_again(instruction);
                    if ended == Ended::Next {
                        self.progress.step = 0;
                    }
                }
                let next = match ended {
                    Ended::Next => address.wrapping_add(4),
                    Ended::Jump(target) => target,
                    _ => break 'slots Left::In(ended, access),
                };
                let jumps = matches!(ended, Ended::Jump(_));
                let outcome = Outcome { taken: jumps, ..Outcome::next(next).with(access) };
                issued!(self, counts, Slot { address, instruction, step }, at, outcome, observer, last);
                address = next;
                if let Some(hit) = observer.watch_hit() {
                    break 'slots Left::Behind(Stop::Watchpoint(hit));
                }
                if jumps {
                    continue 'slots;
                }
            }
        };
        if counts {
            self.timing.counted(at);
        }
        self.state.pc = address;
        if last.0 != u64::MAX {
            self.now = last.0;
            let branch = self.cache.find(last.1).is_some_and(|place| self.cache.at(place).branches);
            self.control.last = LastIssue { at: last.0, address: last.1, branch };
        }
        match left {
            Left::Before => ControlFlow::Continue(()),
            Left::Behind(stop) => ControlFlow::Break(stop),
            Left::At(stop) => {
                self.now = at;
                ControlFlow::Break(stop)
            }
            Left::In(ended, access) => self.finish_extraordinary(observer, ended, access, address, at),
        }
    }

    /// The rest of a slot that has been executed.
    #[cold]
    #[inline(never)]
    fn finish_extraordinary<O: Observer>(
        &mut self,
        observer: &mut O,
        ended: Ended,
        access: Access,
        address: u32,
        at: u64,
    ) -> ControlFlow<Stop> {
        self.now = at;
        match self.cache.find(address) {
            Some(place) => self.finish_slot(observer, ended, access, place, address, at),
            // It has just been executed from there.
            None => ControlFlow::Continue(()),
        }
    }
}
