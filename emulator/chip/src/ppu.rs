//! A plasticity processor in its place on the chip: core, SRAM, control register, and its clock
//! (register-map 5.11, ppu-isa 6.1 and 6.6).

use crate::clocks::Clock;
use bss2_base::SimTime;
use ppu_isa::{AnyCore, ByteEnables};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
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
    pub core: AnyCore,
    /// Its SRAM: 4096 words; byte `4w + k` is bits `31 - 8k ..= 24 - 8k` of word `w`. Survives reset.
    #[serde(deserialize_with = "complete_sram")]
    pub sram: Vec<u32>,
    control: u32,
    /// When the cycles of the core begin, counted from the release of its reset.
    pub(crate) clock: Clock,
    /// Whether there is a clock at all.
    clock_runs: bool,
    /// Since when the core's clock stands still, by force or because there is none.
    stopped_since: Option<SimTime>,
    /// What the core is doing, as far as its last run told.
    activity: Activity,
    /// The access that the core has to try again, and what has become of it.
    pub(crate) pending: Pending,
    pub(crate) incoming: VecDeque<Incoming>,
}

/// What a core does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Activity {
    /// It executes instructions.
    Runs,
    /// It sleeps; a timer wakes it in this cycle, if any.
    Sleeps(Option<u64>),
    /// It has met a word that is no instruction and stands there until it is reset.
    Stuck,
}

/// An access to something shared that could not be served at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// When it is to be tried again: as soon as everybody else has come to this time.
    pub(crate) retry: Option<SimTime>,
    /// What has been done for it already.
    pub(crate) done: Done,
}

/// How far a pending access has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Done {
    /// Nothing.
    #[default]
    Nothing,
    /// A read has been sent to the other processor, and arrives there at the time of the next try.
    ReadSent,
    /// The write to a control register has been done; the store completes when it is tried again.
    ControlWritten,
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
    Sram {
        word: usize,
        value: u32,
        enables: ByteEnables,
    },
    Control(u32),
    /// The clock has another period from now on, or stops.
    Clock(Option<SimTime>),
}

fn complete_sram<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let words = Vec::<u32>::deserialize(deserializer)?;
    if words.len() != SRAM_WORDS {
        return Err(D::Error::invalid_length(words.len(), &"the 4096 words of a processor's SRAM"));
    }
    Ok(words)
}

impl Ppu {
    pub(crate) fn new(core: AnyCore) -> Self {
        Self {
            core,
            sram: vec![0; SRAM_WORDS],
            control: 0,
            clock: Clock::nominal(SimTime::ZERO),
            clock_runs: true,
            stopped_since: None,
            activity: Activity::Runs,
            pending: Pending::default(),
            incoming: VecDeque::new(),
        }
    }

    fn is_held(&self) -> bool {
        self.control & control::INHIBIT_RESET == 0
    }

    /// Whether the control register stops the clock (ppu-isa 3.7: "on" wins over "off"), or the clock block does.
    fn is_stopped(&self) -> bool {
        let forced = self.control & (control::FORCE_CLOCK_OFF | control::FORCE_CLOCK_ON);
        forced == control::FORCE_CLOCK_OFF || !self.clock_runs
    }

    /// Whether the core is out of reset and its clock is allowed to run.
    pub fn runs(&self) -> bool {
        !self.is_held() && !self.is_stopped()
    }

    /// The control register as written.
    pub fn control(&self) -> u32 {
        self.control
    }

    /// The sleep flag of the status register at `time`, which is not before what the processor has done last: it has
    /// executed `wait`, all its accesses are complete, and nothing has woken it.
    pub fn sleeps_at(&self, time: SimTime) -> bool {
        let sleeps = !self.is_held() && matches!(self.activity, Activity::Sleeps(_));
        sleeps && self.core.asleep_since().is_some_and(|cycle| self.time_of(cycle) <= time)
    }

    /// Whether the core sleeps and no timer of its own will wake it: only an access from outside can. So firmware ends
    /// (ppu-isa 7.2).
    pub fn sleeps_for_good(&self) -> bool {
        !self.is_held() && matches!(self.activity, Activity::Sleeps(None))
    }

    /// No later than the time at which the core does something next; [`SimTime::MAX`] while nothing but an access from
    /// outside can make it do so.
    pub(crate) fn next_issue(&mut self) -> SimTime {
        if !self.runs() {
            return SimTime::MAX;
        }
        match self.activity {
            Activity::Runs => match self.pending.retry {
                Some(time) => time,
                None => {
                    let cycle = self.core.next_activity();
                    self.time_of(cycle)
                }
            },
            Activity::Sleeps(wakes_at) => wakes_at.map_or(SimTime::MAX, |cycle| self.time_of(cycle)),
            Activity::Stuck => SimTime::MAX,
        }
    }

    /// When the processor does something next: issues an instruction, or receives what the other one has sent.
    pub(crate) fn next_action(&mut self) -> SimTime {
        self.incoming.front().map_or(SimTime::MAX, |incoming| incoming.at).min(self.next_issue())
    }

    /// The time of a cycle of the core.
    pub(crate) fn time_of(&self, cycle: u64) -> SimTime {
        self.clock.time_of(cycle)
    }

    /// The first cycle of the core that does not begin before `time`.
    pub(crate) fn cycle_at(&self, time: SimTime) -> u64 {
        self.clock.cycle_at(time)
    }

    /// See [`Chip::retry_illegal`](crate::Chip::retry_illegal).
    pub(crate) fn retry_illegal(&mut self) {
        if self.activity == Activity::Stuck {
            self.activity = Activity::Runs;
        }
    }

    pub(crate) fn set_activity(&mut self, activity: Activity) {
        self.activity = activity;
    }

    /// Performs an access from outside that arrives at `now`.
    pub(crate) fn access(&mut self, now: SimTime, access: PpuAccess) {
        match access {
            PpuAccess::Sram { word, value, enables } => {
                let cell = &mut self.sram[word % SRAM_WORDS];
                *cell = enables.merge(*cell, value);
            }
            PpuAccess::Control(value) => self.write_control(now, value),
            PpuAccess::Clock(period) => self.set_clock(now, period),
        }
    }

    fn write_control(&mut self, now: SimTime, value: u32) {
        self.pass(now);
        let was_held = self.is_held();
        self.control = value & control::ALL;
        if was_held || self.is_held() {
            self.core.reset();
            self.activity = Activity::Runs;
            self.pending = Pending::default();
            self.clock.restart(now);
            self.stopped_since = None;
        }
        self.pause(now);
    }

    fn set_clock(&mut self, now: SimTime, period: Option<SimTime>) {
        self.pass(now);
        self.clock_runs = period.is_some();
        let retry = self.pending.retry.map(|retry| self.clock.cycle_at(retry));
        if let Some(period) = period {
            self.clock.set_period(now, period);
        }
        self.pending.retry = retry.map(|cycle| self.clock.time_of(cycle));
        self.pause(now);
    }

    /// The core's clock stands still from now on, or goes on.
    fn pause(&mut self, now: SimTime) {
        let edge = self.clock.edge(now);
        match (self.stopped_since, self.is_stopped()) {
            (None, true) => self.stopped_since = Some(edge),
            (Some(since), false) => {
                // All of the core's time moves by how long the clock stood still.
                let pause = edge.saturating_sub(since);
                self.clock.shift(pause);
                self.pending.retry = self.pending.retry.map(|retry| retry + pause);
                self.stopped_since = None;
            }
            _ => {}
        }
    }

    /// Performs everything that has arrived by `until`.
    pub(crate) fn receive(&mut self, until: SimTime) {
        while let Some(Incoming { at, access }) = self.incoming.pop_front_if(|incoming| incoming.at <= until)
        {
            self.access(at, access);
        }
    }

    /// Brings what the core knows of the time to `until`, by which nothing more happens: a sleeping core does not look at
    /// the clock by itself.
    pub(crate) fn pass(&mut self, until: SimTime) {
        if self.runs() {
            self.core.sleep_on(self.cycle_at(until));
        }
    }
}
