//! Time base, decrementer and fixed-interval timer (ppu-isa 3.4), in closed form.
//!
//! Cycles here are those of the registers themselves: an mfspr issued in cycle c reads them in c+1, an mtspr issued in
//! c changes them in c+3 (ppu-timing 2.1: mtspr to use is 2 cycles; golden records `tbl_write`, `dec_count`).

use serde::{Deserialize, Serialize};

use crate::spr::timer::{ARE, DIE, DIS, FIE, FIS, FP};

/// The timers. Nothing ticks: the values at a cycle follow from the last write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timers {
    /// Time base minus cycle, wrapping.
    offset: u64,
    /// Value of the decrementer in cycle `decrementer_since`, 0 if it stands still.
    decrementer: u32,
    decrementer_since: u64,
    decar: u32,
    tcr: u32,
    tsr: u32,
    /// Events up to and including this cycle are in `tsr`.
    now: u64,
}

impl Timers {
    /// Brings the status up to `cycle`; going back in time does nothing.
    pub(super) fn advance(&mut self, cycle: u64) {
        if cycle <= self.now {
            return;
        }
        if let Some(expiry) = self.decrementer_event().filter(|&expiry| expiry <= cycle) {
            self.tsr |= DIS;
            if self.tcr & ARE != 0 && self.decar != 0 {
                let period = u64::from(self.decar);
                self.decrementer = self.decar;
                self.decrementer_since = expiry + (cycle - expiry) / period * period;
            } else {
                self.decrementer = 0;
            }
        }
        if self.fixed_interval_event() <= cycle {
            self.tsr |= FIS;
        }
        self.now = cycle;
    }

    /// First cycle after `now` in which DIS is set anew.
    fn decrementer_event(&self) -> Option<u64> {
        (self.decrementer != 0).then(|| self.decrementer_since + u64::from(self.decrementer))
    }

    /// First cycle after `now` in which the selected bit of the time base has changed from 0 to 1.
    fn fixed_interval_event(&self) -> u64 {
        let bit = 8 + 4 * ((self.tcr & FP) >> FP.trailing_zeros());
        let base = self.now.wrapping_add(self.offset);
        let period = 2u64 << bit;
        let phase = base & (period - 1);
        let rise = period >> 1;
        let distance = if phase < rise { rise - phase } else { period + rise - phase };
        self.now.saturating_add(distance)
    }

    /// The enabled and pending interrupts, as bits of TSR.
    pub(super) fn pending(&self) -> u32 {
        let enabled =
            (if self.tcr & DIE != 0 { DIS } else { 0 }) | (if self.tcr & FIE != 0 { FIS } else { 0 });
        self.tsr & enabled
    }

    /// The cycle, from `now` on, in which an enabled interrupt is or becomes pending.
    pub(super) fn next_pending(&self) -> Option<u64> {
        if self.pending() != 0 {
            return Some(self.now);
        }
        let decrementer = self.decrementer_event().filter(|_| self.tcr & DIE != 0);
        let interval = (self.tcr & FIE != 0).then(|| self.fixed_interval_event());
        match (decrementer, interval) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    pub(super) fn time_base(&self, cycle: u64) -> u64 {
        cycle.wrapping_add(self.offset)
    }
    /// Replaces half of the time base; the other half still counts.
    pub(super) fn set_time_base(&mut self, cycle: u64, mask: u64, value: u64) {
        self.advance(cycle.saturating_sub(1));
        let before = self.time_base(cycle - 1);
        let base = self.time_base(cycle) & !mask | value & mask;
        self.offset = base.wrapping_sub(cycle);
        // A write can be the 0 to 1 change, or prevent the one that was due.
        let bit = 1u64 << (8 + 4 * ((self.tcr & FP) >> FP.trailing_zeros()));
        if before & bit == 0 && base & bit != 0 {
            self.tsr |= FIS;
        }
        let due = self.tsr;
        self.advance(cycle);
        self.tsr = due | self.tsr & DIS;
    }
    pub(super) fn decrementer(&mut self, cycle: u64) -> u32 {
        self.advance(cycle);
        match self.decrementer_event() {
            Some(expiry) => expiry.saturating_sub(cycle) as u32,
            None => 0,
        }
    }
    pub(super) fn set_decrementer(&mut self, cycle: u64, value: u32) {
        self.advance(cycle);
        self.decrementer = value;
        self.decrementer_since = cycle;
    }
    pub(super) fn decar(&self) -> u32 {
        self.decar
    }
    pub(super) fn set_decar(&mut self, cycle: u64, value: u32) {
        self.advance(cycle);
        self.decar = value;
    }
    pub(super) fn tcr(&self) -> u32 {
        self.tcr
    }
    pub(super) fn set_tcr(&mut self, cycle: u64, value: u32) {
        self.advance(cycle);
        self.tcr = value;
    }
    pub(super) fn tsr(&self) -> u32 {
        self.tsr
    }
    /// Clears the bits that are one; an interval event of the very same cycle survives, a decrementer event does not.
    pub(super) fn clear_tsr(&mut self, cycle: u64, bits: u32) {
        self.advance(cycle.saturating_sub(1));
        self.tsr &= !(bits & FIS);
        self.advance(cycle);
        self.tsr &= !(bits & DIS);
    }
}
