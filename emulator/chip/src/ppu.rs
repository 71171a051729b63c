//! A plasticity processor in its place on the chip: core, SRAM, control register, and its clock
//! (register-map 5.11, ppu-isa 6.1 and 6.6).

use bss2_base::SimTime;
use ppu_isa::{ByteEnables, Core};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Words of the SRAM of one processor (16 KiB).
pub const SRAM_WORDS: usize = 4_096;

/// Bits of the control register (register-map 5.11).
mod control {
    pub(super) const INHIBIT_RESET: u32 = 1 << 0;
    pub(super) const FORCE_CLOCK_ON: u32 = 1 << 1;
    pub(super) const FORCE_CLOCK_OFF: u32 = 1 << 2;
    pub(super) const ALL: u32 = 0xf;
}

/// One of the two plasticity processors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ppu {
    /// The processor core.
    pub core: Core,
    /// Its SRAM: 4096 words; byte `4w + k` is bits `31 - 8k ..= 24 - 8k` of word `w`. Survives reset.
    pub sram: Vec<u32>,
    pub(crate) control: u32,
    /// A write of the core to its own control register has been done, but the core has not completed the store.
    pub(crate) control_granted: bool,
    /// A read of the other processor's SRAM arrives there at this time; the core waits for it.
    pub(crate) parked_until: Option<SimTime>,
    /// When reset was released; cycle 0 of the core.
    pub(crate) released: SimTime,
    pub(crate) period: SimTime,
    asleep: bool,
    wakes_at: Option<u64>,
    pub(crate) incoming: VecDeque<Incoming>,
}

/// What the other processor has sent through the Omnibus and has not arrived yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Incoming {
    pub(crate) at: SimTime,
    pub(crate) access: PpuAccess,
}

/// A write to a processor's own registers and memory from outside.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum PpuAccess {
    Sram { word: usize, value: u32, enables: ByteEnables },
    Control(u32),
}

impl Ppu {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            sram: vec![0; SRAM_WORDS],
            control: 0,
            control_granted: false,
            parked_until: None,
            released: SimTime::ZERO,
            period: SimTime::FABRIC_CYCLE,
            asleep: false,
            wakes_at: None,
            incoming: VecDeque::new(),
        }
    }

    /// Whether the core is out of reset and its clock is allowed to run.
    pub fn runs(&self) -> bool {
        let clock_off =
            self.control & control::FORCE_CLOCK_OFF != 0 && self.control & control::FORCE_CLOCK_ON == 0;
        self.control & control::INHIBIT_RESET != 0 && !clock_off
    }

    /// The control register as written.
    pub fn control(&self) -> u32 {
        self.control
    }

    /// The sleep flag of the status register: the core has executed `wait` and nothing has woken it.
    pub fn sleeps(&self) -> bool {
        self.runs() && self.asleep
    }

    /// Whether the core sleeps and no timer of its own will wake it: only an access from outside can. So firmware ends
    /// (ppu-isa 7.2).
    pub fn sleeps_for_good(&self) -> bool {
        self.sleeps() && self.wakes_at.is_none()
    }

    /// When the core issues its next instruction; [`SimTime::MAX`] while nothing but an access from outside can
    /// make it do so.
    pub(crate) fn next_issue(&self) -> SimTime {
        match (self.runs(), self.asleep, self.wakes_at) {
            (false, ..) | (true, true, None) => SimTime::MAX,
            (true, true, Some(cycle)) => self.time_of(cycle),
            (true, false, _) => self.time_of(self.core.cycle()).max(self.parked_until.unwrap_or_default()),
        }
    }

    /// The time of a cycle of the core.
    pub(crate) fn time_of(&self, cycle: u64) -> SimTime {
        self.released + SimTime::from_cycles(cycle, self.period)
    }

    /// The first cycle of the core that does not begin before `time`.
    pub(crate) fn cycle_at(&self, time: SimTime) -> u64 {
        time.saturating_sub(self.released).as_ps().div_ceil(self.period.as_ps())
    }

    pub(crate) fn set_asleep(&mut self, wakes_at: Option<u64>) {
        (self.asleep, self.wakes_at) = (true, wakes_at);
    }

    pub(crate) fn set_awake(&mut self) {
        (self.asleep, self.wakes_at) = (false, None);
    }

    /// Performs an access from outside that arrives at `now`.
    pub(crate) fn access(&mut self, now: SimTime, access: PpuAccess) {
        match access {
            PpuAccess::Sram { word, value, enables } => {
                let cell = &mut self.sram[word % SRAM_WORDS];
                *cell = enables.merge(*cell, value);
            }
            PpuAccess::Control(value) => {
                let was_held = self.control & control::INHIBIT_RESET == 0;
                self.control = value & control::ALL;
                let is_held = self.control & control::INHIBIT_RESET == 0;
                if is_held || was_held {
                    self.core.reset();
                    self.set_awake();
                    self.parked_until = None;
                    self.released = now.round_up(self.period);
                }
            }
        }
    }

    /// Performs everything that has arrived by `until`.
    pub(crate) fn receive(&mut self, until: SimTime) {
        while self.incoming.front().is_some_and(|incoming| incoming.at <= until) {
            let Incoming { at, access } = self.incoming.pop_front().expect("front was there");
            self.access(at, access);
        }
    }
}
