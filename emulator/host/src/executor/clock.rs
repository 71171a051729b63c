//! The system time of FPGA and chip (event-routing 2.2, host-interface 2.8).

use crate::recording::SYSTIME_MASK;
use serde::{Deserialize, Serialize};

/// Translates FPGA cycles since power-up into system time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Systime {
    /// System time minus cycle, modulo 2^64, since `since` and before it.
    offset: u64,
    previous_offset: u64,
    since: u64,
    /// Whether chip and FPGA agree, since `since` and before it.
    synchronised: bool,
    previously_synchronised: bool,
    /// Cycle in which a synchronisation was asked for.
    pub(super) requested: Option<u64>,
    /// Duration and result of the last synchronisation.
    pub(super) last_round_trip: u64,
    pub(super) last_chip_time: u64,
}

impl Systime {
    /// Synchronised and 0 at cycle 0.
    pub(super) fn started() -> Self {
        Self { synchronised: true, previously_synchronised: true, ..Self::default() }
    }

    /// System time at a cycle, and whether it means anything.
    pub(super) fn at(&self, cycle: u64) -> (u64, bool) {
        if cycle < self.since {
            (cycle.wrapping_add(self.previous_offset) & SYSTIME_MASK, self.previously_synchronised)
        } else {
            (cycle.wrapping_add(self.offset) & SYSTIME_MASK, self.synchronised)
        }
    }

    pub(super) fn is_synchronised(&self) -> bool {
        self.synchronised
    }

    /// Both counters take the value `base` at `cycle`.
    pub(super) fn synchronise(&mut self, cycle: u64, base: u64, round_trip: u64) {
        self.previous_offset = self.offset;
        self.previously_synchronised = self.synchronised;
        self.since = cycle;
        self.offset = (base & SYSTIME_MASK).wrapping_sub(cycle);
        self.synchronised = true;
        self.requested = None;
        self.last_round_trip = round_trip;
        self.last_chip_time = base & SYSTIME_MASK;
    }

    /// The transport was reset: time messages stop until the next synchronisation.
    pub(super) fn forget(&mut self) {
        self.synchronised = false;
        self.previously_synchronised = false;
        self.requested = None;
    }
}
