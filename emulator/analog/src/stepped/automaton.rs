//! From a fire to the next arming, in whole ps (analog-core 3.3, settled O8 to O10).

use crate::options::ClockPhase;
use crate::parameters::Refractory;
use crate::reference::{Cause, DigitalTiming};
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// "Not planned".
pub(super) const NEVER: u64 = u64::MAX;

/// The first multiple of `period`, not zero, that is not before `time`; [`NEVER`] beyond the end of time.
fn round_up(time: u64, period: SimTime) -> u64 {
    time.checked_next_multiple_of(period.as_ps()).unwrap_or(NEVER)
}

/// What the automaton of a circuit does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The reset switch opens.
    Release,
    /// The reset switch closes.
    Reset,
    /// The digital part sees the fire.
    Edge,
    /// The adaptation pulse ends.
    PulseEnd,
    /// The refractory period ends.
    Arm,
}

/// Reset switch, refractory counter and adaptation pulse of one circuit. Times in ps, [`NEVER`] unless that step is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Automaton {
    /// In the order of [`Step`], which is also the order of steps at the same time.
    pub(super) at: [u64; 5],
    pub(super) in_reset: bool,
    pub(super) pulse: bool,
    pub(super) armed: bool,
    /// A refractory period was begun while its clock was off.
    pub(super) stalled: bool,
    pub(super) cause: Cause,
    /// When the reset switch closed last.
    pub(super) closed_at: u64,
}

impl Automaton {
    pub(super) fn new() -> Self {
        Self {
            at: [NEVER; 5],
            in_reset: false,
            pulse: false,
            armed: true,
            stalled: false,
            cause: Cause::Comparator,
            closed_at: 0,
        }
    }

    /// Time of the next step.
    pub(super) fn next(&self) -> u64 {
        self.at.iter().copied().fold(NEVER, u64::min)
    }

    /// Does the next step that is due at `time`, but for what others see of it.
    pub(super) fn step(&mut self, time: u64) -> Option<Step> {
        const ORDER: [Step; 5] = [Step::Release, Step::Reset, Step::Edge, Step::PulseEnd, Step::Arm];
        let next = self.next();
        if next > time {
            return None;
        }
        let step = *ORDER.iter().find(|step| self.at[**step as usize] == next)?;
        self.at[step as usize] = NEVER;
        match step {
            Step::Release => self.in_reset = false,
            Step::Reset => (self.in_reset, self.closed_at) = (true, next),
            Step::Edge => {}
            Step::PulseEnd => self.pulse = false,
            Step::Arm => self.armed = true,
        }
        Some(step)
    }

    /// The fire line rises at `time`.
    pub(super) fn ignite(&mut self, time: u64, cause: Cause, timing: &DigitalTiming) {
        self.armed = false;
        self.cause = cause;
        self.at[Step::Reset as usize] = time;
        self.at[Step::Edge as usize] = match timing.edge_grid {
            Some(grid) if grid > SimTime::ZERO => round_up(time, grid),
            _ => time,
        };
    }

    /// The refractory counter starts with a fire edge at `edge`.
    pub(super) fn start_refractory(&mut self, edge: u64, refractory: &Refractory, timing: &DigitalTiming) {
        let Some(clock) = refractory.clock.filter(|clock| *clock > SimTime::ZERO) else {
            self.stalled = true;
            return;
        };
        let start = match timing.phase {
            ClockPhase::FreeRunning => round_up(edge, clock),
            ClockPhase::FromFire => edge,
        };
        // A period of 0 counts as 1; one shorter than the hold-off resets all the time (settled 6).
        let ticks = u64::from(refractory.ticks.max(1));
        let holdoff = u64::from(refractory.holdoff_ticks);
        let reset = if ticks < holdoff { ticks } else { ticks - holdoff };
        self.stalled = false;
        let after = |ticks: u64| start.saturating_add(clock.as_ps().saturating_mul(ticks));
        self.at[Step::Arm as usize] = after(ticks);
        self.at[Step::Release as usize] = after(reset);
    }

    /// The adaptation pulse starts with a fire edge at `edge`.
    pub(super) fn start_pulse(&mut self, edge: u64, length: Option<SimTime>) {
        if let Some(length) = length {
            self.pulse = true;
            self.at[Step::PulseEnd as usize] = edge.saturating_add(length.as_ps());
        }
    }

    /// Takes the refractory state of a fire line that the digital part has, at `time`; whether that is news. Times in ps, [`NEVER`] if
    /// nobody knows yet.
    pub(super) fn set_refractory(&mut self, time: u64, release: u64, until: u64) -> bool {
        let begins = self.armed;
        (self.armed, self.stalled) = (false, false);
        (self.at[Step::Reset as usize], self.at[Step::Edge as usize]) = (NEVER, NEVER);
        // A reset that has opened is not closed again for one that should be open as well.
        if begins || self.in_reset || release > time {
            if !self.in_reset {
                self.closed_at = time;
                self.cause = Cause::FireLine;
            }
            self.in_reset = true;
            self.at[Step::Release as usize] = release.max(time);
        }
        self.at[Step::Arm as usize] = until.max(time);
        begins
    }

    /// When the digital part sees the fire that is under way; [`NEVER`] without one.
    pub(super) fn edge(&self) -> u64 {
        self.at[Step::Edge as usize]
    }

    /// When the reset switch opens and when the comparator is looked at again, [`NEVER`] if nobody knows.
    pub(super) fn ends(&self) -> [u64; 2] {
        [self.at[Step::Release as usize], self.at[Step::Arm as usize]]
    }

    /// Takes the refractory state of a fire line whose fire edge is at `edge` (event-routing 9.5).
    pub(super) fn follow(&mut self, master: &Self, edge: u64, pulse: Option<SimTime>) {
        self.armed = false;
        self.in_reset = true;
        self.closed_at = edge;
        self.cause = Cause::FireLine;
        for step in [Step::Release, Step::Arm] {
            self.at[step as usize] = master.at[step as usize];
        }
        self.stalled = master.stalled;
        self.start_pulse(edge, pulse);
    }
}
