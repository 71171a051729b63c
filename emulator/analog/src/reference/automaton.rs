//! From a fire to the next arming: reset switch, refractory counter, adaptation pulse (analog-core 3.3, settled O8 to O10).
//!
//! Times are in ps as `f64`: exact for whole ps over more than two hours, and finer for the moments that the analog part decides.

use crate::circuit::Circuit;
use crate::options::ClockPhase;
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// "Not planned".
pub(super) const NEVER: f64 = f64::INFINITY;

/// What the comparator does with a membrane that is still above the threshold when the refractory period ends (analog-core 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refire {
    /// It fires at once: tonic firing with the refractory period if the threshold is below the reset potential.
    #[default]
    Level,
    /// `no_edge_no_spike`: it waits for the next rise through the threshold.
    EdgeOnly,
}

/// How the digital part sees the fire of an analog circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigitalTiming {
    /// Grid to which a fire edge is rounded up, 4 ns; `None`: no grid, for comparison with closed forms.
    pub edge_grid: Option<SimTime>,
    /// Phase of the refractory clock.
    pub phase: ClockPhase,
    /// See [`Refire`].
    pub refire: Refire,
}

impl Default for DigitalTiming {
    fn default() -> Self {
        Self {
            edge_grid: Some(SimTime::FABRIC_CYCLE),
            phase: ClockPhase::default(),
            refire: Refire::default(),
        }
    }
}

impl DigitalTiming {
    /// Neither grid nor clock phase: closed forms hold exactly.
    pub fn ideal() -> Self {
        Self { edge_grid: None, phase: ClockPhase::FromFire, refire: Refire::default() }
    }
}

/// Why a circuit fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The membrane reached the threshold, or was above it at the end of the refractory period.
    Comparator,
    /// A synaptic line reached the level of the bypass.
    Bypass,
    /// `NeuronReset`, `NeuronResetQuad`, or a vector store of a plasticity processor.
    Artificial,
    /// The fire line of another circuit.
    FireLine,
}

/// State of the automaton of one circuit. Each time is [`NEVER`] unless that step is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Automaton {
    /// The reset switch closes, not rounded.
    #[serde(with = "never")]
    pub(super) reset_at: f64,
    /// The digital part sees the fire.
    #[serde(with = "never")]
    pub(super) edge_at: f64,
    /// The reset switch opens.
    #[serde(with = "never")]
    pub(super) release_at: f64,
    /// The refractory period ends.
    #[serde(with = "never")]
    pub(super) arm_at: f64,
    /// The adaptation pulse ends.
    #[serde(with = "never")]
    pub(super) pulse_end: f64,
    pub(super) in_reset: bool,
    pub(super) pulse: bool,
    pub(super) armed: bool,
    /// A refractory period was begun while its clock was off.
    pub(super) stalled: bool,
    pub(super) cause: Cause,
    /// When the reset switch closed last.
    pub(super) closed_at: f64,
}

impl Automaton {
    pub(super) fn new() -> Self {
        Self {
            reset_at: NEVER,
            edge_at: NEVER,
            release_at: NEVER,
            arm_at: NEVER,
            pulse_end: NEVER,
            in_reset: false,
            pulse: false,
            armed: true,
            stalled: false,
            cause: Cause::Comparator,
            closed_at: 0.0,
        }
    }

    /// The earliest step.
    pub(super) fn next(&self) -> f64 {
        self.reset_at.min(self.edge_at).min(self.release_at).min(self.arm_at).min(self.pulse_end)
    }

    /// The fire line rises at `time`.
    pub(super) fn ignite(&mut self, time: f64, cause: Cause, timing: &DigitalTiming) {
        self.armed = false;
        self.cause = cause;
        self.reset_at = time;
        self.edge_at = match timing.edge_grid.map(|grid| grid.as_ps() as f64) {
            Some(grid) if grid > 0.0 => (time / grid).ceil() * grid,
            _ => time,
        };
    }

    /// The refractory counter starts with a fire edge at `edge`.
    pub(super) fn start_refractory(&mut self, edge: f64, circuit: &Circuit, timing: &DigitalTiming) {
        let refractory = &circuit.refractory;
        let Some(clock) = refractory.clock.filter(|clock| *clock > SimTime::ZERO) else {
            self.stalled = true;
            return;
        };
        let period = clock.as_ps() as f64;
        let start = match timing.phase {
            ClockPhase::FreeRunning => (edge / period).ceil() * period,
            ClockPhase::FromFire => edge,
        };
        // A period of 0 counts as 1; one shorter than the hold-off resets all the time (settled 6).
        let ticks = f64::from(refractory.ticks.max(1));
        let holdoff = f64::from(refractory.holdoff_ticks);
        self.stalled = false;
        self.arm_at = start + ticks * period;
        self.release_at = if ticks < holdoff { self.arm_at } else { start + (ticks - holdoff) * period };
    }

    /// The adaptation pulse starts with a fire edge at `edge`.
    pub(super) fn start_pulse(&mut self, edge: f64, circuit: &Circuit) {
        if let Some(length) = circuit.adaptation.pulse_length {
            self.pulse = true;
            self.pulse_end = edge + length.as_ps() as f64;
        }
    }
}

/// Times of which [`NEVER`] is written as none: not every format has an infinity.
mod never {
    use super::NEVER;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        (*time != NEVER).then_some(*time).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(NEVER))
    }
}
