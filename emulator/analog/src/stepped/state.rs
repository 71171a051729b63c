//! Where a circuit stands, for the change to another class of circuits and back.

use super::automaton::{Automaton, NEVER};
use crate::reference::Cause;
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// The dynamic variables of a circuit at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Membrane in V.
    pub membrane: f64,
    /// How far the excitatory, inhibitory line is below 1.2 V, in V.
    pub lines: [f64; 2],
    /// Adaptation voltage in V.
    pub adaptation: f64,
    /// What the back-end is doing.
    pub back_end: BackEnd,
    /// Deviation in V of the threshold that the present arming has drawn.
    pub threshold_offset: f64,
}

/// Reset switch, refractory counter, fire line and adaptation pulse of a circuit (analog-core 3.3). Times are `None` unless that step
/// is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackEnd {
    /// The reset switch closes: crossing plus comparator delay.
    pub reset_at: Option<SimTime>,
    /// The digital part sees the fire.
    pub edge_at: Option<SimTime>,
    /// The reset switch opens.
    pub release_at: Option<SimTime>,
    /// The refractory period ends and the comparator is looked at again.
    pub arm_at: Option<SimTime>,
    /// The adaptation pulse ends.
    pub pulse_ends_at: Option<SimTime>,
    /// The reset switch is closed.
    pub in_reset: bool,
    /// The adaptation pulse is high.
    pub pulse: bool,
    /// The comparator is looked at.
    pub armed: bool,
    /// A refractory period was begun while its clock was off.
    pub stalled: bool,
    /// Why the circuit fired last.
    pub cause: Cause,
    /// When the reset switch closed last.
    pub closed_at: SimTime,
}

impl Default for BackEnd {
    /// Armed, nothing under way.
    fn default() -> Self {
        Self::from(&Automaton::new())
    }
}

impl From<&Automaton> for BackEnd {
    fn from(automaton: &Automaton) -> Self {
        let Automaton { at, in_reset, pulse, armed, stalled, cause, closed_at } = *automaton;
        let [release_at, reset_at, edge_at, pulse_ends_at, arm_at] =
            at.map(|time| (time != NEVER).then(|| SimTime::from_ps(time)));
        let closed_at = SimTime::from_ps(closed_at);
        Self {
            reset_at,
            edge_at,
            release_at,
            arm_at,
            pulse_ends_at,
            in_reset,
            pulse,
            armed,
            stalled,
            cause,
            closed_at,
        }
    }
}

impl From<&BackEnd> for Automaton {
    fn from(given: &BackEnd) -> Self {
        let at = [given.release_at, given.reset_at, given.edge_at, given.pulse_ends_at, given.arm_at];
        Self {
            at: at.map(|time| time.map_or(NEVER, SimTime::as_ps)),
            in_reset: given.in_reset,
            pulse: given.pulse,
            armed: given.armed,
            stalled: given.stalled,
            cause: given.cause,
            closed_at: given.closed_at.as_ps(),
        }
    }
}
