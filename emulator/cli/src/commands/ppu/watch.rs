//! Everything that watches one processor during a run, as far as it is wanted.

use bss2_debug::coverage::Coverage;
use bss2_debug::pins::PinLog;
use bss2_debug::profile::Profiler;
use ppu_isa::timing::{Account, Slot};
use ppu_isa::{Counters, Effect, Observer};

use super::trace::CommitLog;

/// Counts instructions and nothing else.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) instructions: u64,
}

impl Observer for Counted {
    #[inline(always)]
    fn issued(&mut self, _: u64, slot: Slot<'_>) {
        self.instructions += u64::from(slot.step == 0);
    }
}

/// See the module.
pub(super) struct Watch<'m, W> {
    pub(super) counted: Counted,
    pub(super) log: Option<CommitLog<'m, W>>,
    pub(super) profiler: Option<Profiler<'m>>,
    pub(super) coverage: Option<Coverage>,
    pub(super) pins: Option<PinLog>,
    pub(super) counters: Option<Counters>,
}

/// Calls a method of everybody who watches.
macro_rules! tell {
    ($watch:expr, $who:ident => $what:expr) => {
        if let Some($who) = &mut $watch.log {
            $what;
        }
        if let Some($who) = &mut $watch.profiler {
            $what;
        }
        if let Some($who) = &mut $watch.coverage {
            $what;
        }
        if let Some($who) = &mut $watch.pins {
            $what;
        }
        if let Some($who) = &mut $watch.counters {
            $what;
        }
    };
}

impl<W> Watch<'_, W> {
    /// Whether anybody wants more than the number of instructions.
    pub(super) fn wants_anything(&self) -> bool {
        self.log.is_some()
            || self.profiler.is_some()
            || self.coverage.is_some()
            || self.pins.is_some()
            || self.counters.is_some()
    }
}

impl<W: std::io::Write> Observer for Watch<'_, W> {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        self.counted.issued(at, slot);
        tell!(self, who => who.issued(at, slot));
    }

    fn wants_account(&self) -> bool {
        self.log.is_some() || self.profiler.is_some() || self.counters.is_some()
    }

    fn account(&mut self, at: u64, slot: Slot<'_>, account: &Account) {
        tell!(self, who => who.account(at, slot, account));
    }

    fn effect(&mut self, at: u64, effect: Effect) {
        tell!(self, who => who.effect(at, effect.clone()));
    }
}
