//! What looks at each instruction of one processor while a debugger lets it run.

use std::cell::Cell;
use std::ops::Range;

use gdbstub::target::ext::breakpoints::WatchKind;
use ppu_isa::timing::Slot;
use ppu_isa::{ByteEnables, Effect, Observer, WatchHit};

/// Bytes of a vector load or store.
const VECTOR_BYTES: u32 = 128;

/// A watchpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watchpoint {
    pub(crate) address: u32,
    pub(crate) length: u32,
    pub(crate) kind: WatchKind,
}

impl Watchpoint {
    fn wants(&self, write: bool) -> bool {
        match self.kind {
            WatchKind::Write => write,
            WatchKind::Read => !write,
            WatchKind::ReadWrite => true,
        }
    }
}

/// Where the user wants to stop. Both processors have the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Points {
    pub(crate) breakpoints: Vec<u32>,
    pub(crate) watchpoints: Vec<Watchpoint>,
}

impl Points {
    /// The watchpoint that an access hits, if one does.
    fn watched(&self, first: u32, enables: ByteEnables, write: bool) -> Option<WatchHit> {
        let touched = |at: u32| match at.wrapping_sub(first & !3) {
            k @ 0..4 => enables.bits() & 8 >> k != 0,
            _ => false,
        };
        self.find(write, touched, first & !3, 4)
    }

    fn watched_vector(&self, address: u32, write: bool) -> Option<WatchHit> {
        self.find(write, |at| at.wrapping_sub(address) < VECTOR_BYTES, address, VECTOR_BYTES)
    }

    /// The hit of the first watchpoint with a byte that is `touched`, of `length` bytes from `first` on.
    fn find(&self, write: bool, touched: impl Fn(u32) -> bool, first: u32, length: u32) -> Option<WatchHit> {
        self.watchpoints.iter().filter(|watchpoint| watchpoint.wants(write)).find_map(|watchpoint| {
            (0..length)
                .map(|k| first.wrapping_add(k))
                .filter(|at| touched(*at))
                .find(|at| at.wrapping_sub(watchpoint.address) < watchpoint.length)
                .map(|address| WatchHit { address, write })
        })
    }
}

/// A point in the life of one processor: in front of the instruction at `address` whose first slot is number `slots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// Slots that this processor has issued since the debugger took over.
    pub(crate) slots: u64,
    pub(crate) address: u32,
}

/// When to stop a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// At the user's points; and, if a range is given, when an instruction has been executed and the next one lies
    /// outside of the range.
    Points { step: Option<Range<u32>>, from: u64 },
    /// In front of this instruction.
    Before(Before),
    /// When this number of slots has issued.
    After(u64),
    /// Not at all.
    Never,
}

/// A point that has been passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// To order what both processors passed.
    pub(crate) order: u64,
    pub(crate) before: Before,
    /// The access, for a watchpoint.
    pub(crate) hit: Option<WatchHit>,
}

/// Watches one processor.
pub(crate) struct Watcher<'a> {
    points: &'a Points,
    until: Until,
    order: &'a Cell<u64>,
    /// Slots issued since the debugger took over.
    pub(crate) slots: u64,
    /// The last instruction that began.
    pub(crate) last_start: Option<Before>,
    /// The last of the user's points that was passed without stopping.
    pub(crate) passed: Option<Passed>,
    hit: Option<WatchHit>,
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(points: &'a Points, until: Until, order: &'a Cell<u64>, slots: u64) -> Self {
        Self { points, until, order, slots, last_start: None, passed: None, hit: None }
    }

    fn pass(&mut self, before: Before, hit: Option<WatchHit>) {
        self.order.set(self.order.get() + 1);
        self.passed = Some(Passed { order: self.order.get(), before, hit });
    }
}

impl Observer for Watcher<'_> {
    fn issued(&mut self, _: u64, slot: Slot<'_>) {
        if slot.step == 0 {
            self.last_start = Some(Before { slots: self.slots, address: slot.address });
        }
        self.slots += 1;
        if !matches!(self.until, Until::Points { .. })
            && let (Some(hit), Some(start)) = (self.hit.take(), self.last_start)
        {
            self.pass(start, Some(hit));
        }
    }

    fn effect(&mut self, _: u64, effect: Effect) {
        if self.points.watchpoints.is_empty() {
            return;
        }
        let hit = match effect {
            Effect::Load { address, enables, .. } => self.points.watched(address, enables, false),
            Effect::Store { address, enables, .. } => self.points.watched(address, enables, true),
            Effect::LoadVector { address } => self.points.watched_vector(address, false),
            Effect::StoreVector { address, .. } => self.points.watched_vector(address, true),
            _ => None,
        };
        self.hit = self.hit.or(hit);
    }

    fn breaks_at(&mut self, address: u32) -> bool {
        let here = Before { slots: self.slots, address };
        let breakpoint = self.points.breakpoints.contains(&address);
        match &self.until {
            Until::Points { step, from } => {
                let stepped =
                    step.as_ref().is_some_and(|range| self.slots > *from && !range.contains(&address));
                breakpoint || stepped
            }
            // An interrupt may have taken the place of the instruction: the one behind it will do.
            Until::Before(goal) if here == *goal || here.slots > goal.slots => true,
            _ => {
                // An access that had to wait comes here twice.
                if breakpoint && self.passed.is_none_or(|passed| passed.before != here) {
                    self.pass(here, None);
                }
                false
            }
        }
    }

    fn watch_hit(&mut self) -> Option<WatchHit> {
        match self.until {
            Until::Points { .. } => self.hit.take(),
            // Any will do: nobody asks which.
            Until::After(slots) if self.slots >= slots => Some(WatchHit { address: 0, write: false }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_hits_a_watchpoint_only_with_the_bytes_it_touches() {
        let watchpoint = Watchpoint { address: 0x102, length: 2, kind: WatchKind::Write };
        let points = Points { watchpoints: vec![watchpoint], ..Points::default() };
        let store = |address, size| points.watched(address, ByteEnables::for_access(address, size), true);
        assert_eq!(store(0x100, 2), None);
        assert_eq!(store(0x101, 1), None);
        assert_eq!(store(0x103, 1), Some(WatchHit { address: 0x103, write: true }));
        assert_eq!(store(0x100, 4), Some(WatchHit { address: 0x102, write: true }));
        assert_eq!(points.watched(0x100, ByteEnables::WORD, false), None);
        assert_eq!(points.watched_vector(0x84, true), Some(WatchHit { address: 0x102, write: true }));
        assert_eq!(points.watched_vector(0x82, true), None);
    }
}
