//! Execution with a timing model that only counts ([`Timing::counts`]): the loop asks nobody, and what changes with every
//! slot stays in registers of the host until it ends. [`Core::advance`], which says slot for slot what happens, is the
//! reference; this loop hands over to it whatever is out of the ordinary.

use std::ops::ControlFlow;

use super::control::LastIssue;
use super::machine::{Access, Ended, Machine};
use super::{Core, Stop, report};
use crate::bus::Bus;
use crate::observer::Observer;
use crate::timing::{Slot, Timing};

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

/// Why the loop ended.
enum Left {
    /// Something comes before the next slot.
    Before,
    /// The slot that was just executed needs attention.
    In(Ended),
    /// The next slot is not to be executed.
    At(Stop),
    /// The slot that was just executed was the last for now.
    Behind(Stop),
}

impl<T: Timing> Core<T> {
    /// Executes slots as long as nothing else happens; nothing if the model does not count.
    #[inline(always)]
    pub(super) fn count<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        until: u64,
        observer: &mut O,
    ) -> ControlFlow<Stop> {
        let Some(mut at) = self.timing.counts() else { return ControlFlow::Continue(()) };
        if self.control.sleep.is_some() || self.progress.step != 0 {
            return ControlFlow::Continue(());
        }
        let end = self.horizon.min(until);
        let first = at;
        let mut address = self.state.pc & !3;
        // Cycle and address of the slot that issued last.
        let mut last = (self.control.last.at, self.control.last.address);
        let left = 'slots: loop {
            let Some(stretch) = self.cache.stretch(address) else { break Left::Before };
            for instruction in stretch {
                if at >= end {
                    break 'slots Left::Before;
                }
                if observer.breaks_at(address) {
                    break 'slots Left::At(Stop::Breakpoint { address });
                }
                let mut machine = machine!(self, bus, observer, address, at);
                let mut ended = machine.execute(instruction);
                let mut step = 0;
                while ended == Ended::Again {
                    last = (at, address);
                    report(&self.timing, at, Slot { address, instruction, step }, observer);
                    step += 1;
                    self.progress.step = step;
                    at += 1;
                    if let Some(hit) = observer.watch_hit() {
                        break 'slots Left::Behind(Stop::Watchpoint(hit));
                    }
                    if at >= end {
                        break 'slots Left::Before;
                    }
                    ended = machine!(self, bus, observer, address, at).execute_out_of_line(instruction);
                    if ended == Ended::Next {
                        self.progress.step = 0;
                    }
                }
                let next = match ended {
                    Ended::Next => address.wrapping_add(4),
                    Ended::Jump(target) => target,
                    _ => break 'slots Left::In(ended),
                };
                last = (at, address);
                report(&self.timing, at, Slot { address, instruction, step }, observer);
                address = next;
                at += 1;
                if let Some(hit) = observer.watch_hit() {
                    break 'slots Left::Behind(Stop::Watchpoint(hit));
                }
                if matches!(ended, Ended::Jump(_)) {
                    continue 'slots;
                }
            }
        };
        if at != first {
            self.now = at - 1;
            let branch = self.cache.find(last.1).is_some_and(|place| self.cache.at(place).branches);
            self.control.last = LastIssue { at: last.0, address: last.1, branch };
        }
        self.timing.counted(at);
        self.state.pc = address;
        match left {
            Left::Before => ControlFlow::Continue(()),
            Left::At(stop) => {
                self.now = at;
                ControlFlow::Break(stop)
            }
            Left::Behind(stop) => ControlFlow::Break(stop),
            Left::In(ended) => self.finish_counted(observer, ended, address, at),
        }
    }

    /// The rest of a slot that has been executed.
    #[cold]
    #[inline(never)]
    fn finish_counted<O: Observer>(
        &mut self,
        observer: &mut O,
        ended: Ended,
        address: u32,
        at: u64,
    ) -> ControlFlow<Stop> {
        self.now = at;
        match self.cache.find(address) {
            Some(place) => self.finish_slot(observer, ended, Access::default(), place, address, at),
            // It has just been executed from there.
            None => ControlFlow::Continue(()),
        }
    }
}
