//! A processor whose timing model is chosen when it is made.

use serde::{Deserialize, Serialize};

use super::{Core, State, Stop};
use crate::bus::Bus;
use crate::config::{Config, TimingModel};
use crate::observer::Observer;
use crate::timing::{CycleModel, Flat, Scoreboard};

/// A [`Core`] with the timing model that [`Config::model`] names. The choice is made once for each call, not for each
/// instruction, so that it costs nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AnyCore {
    /// [`TimingModel::Flat`].
    Flat(Box<Core<Flat>>),
    /// [`TimingModel::Scoreboard`].
    Scoreboard(Box<Core<Scoreboard>>),
    /// [`TimingModel::Cycle`].
    Cycle(Box<Core<CycleModel>>),
}

macro_rules! of_any {
    ($self:expr, $core:ident => $result:expr) => {
        match $self {
            AnyCore::Flat($core) => $result,
            AnyCore::Scoreboard($core) => $result,
            AnyCore::Cycle($core) => $result,
        }
    };
}

impl AnyCore {
    /// A processor after power-up, leaving reset in cycle 0.
    pub fn new(config: Config) -> Self {
        match config.model {
            TimingModel::Flat => Self::Flat(Box::new(Core::new(config))),
            TimingModel::Scoreboard => Self::Scoreboard(Box::new(Core::new(config))),
            TimingModel::Cycle => Self::Cycle(Box::new(Core::new(config))),
        }
    }
    /// See [`Core::reset`].
    pub fn reset(&mut self) {
        of_any!(self, core => core.reset());
    }
    /// See [`Core::config`].
    pub fn config(&self) -> &Config {
        of_any!(self, core => core.config())
    }
    /// See [`Core::state`].
    pub fn state(&self) -> &State {
        of_any!(self, core => core.state())
    }
    /// See [`Core::state_mut`].
    pub fn state_mut(&mut self) -> &mut State {
        of_any!(self, core => core.state_mut())
    }
    /// See [`Core::cycle`].
    pub fn cycle(&self) -> u64 {
        of_any!(self, core => core.cycle())
    }
    /// See [`Core::next_activity`].
    pub fn next_activity(&mut self) -> u64 {
        of_any!(self, core => core.next_activity())
    }
    /// See [`Core::sleep_on`].
    pub fn sleep_on(&mut self, cycle: u64) {
        of_any!(self, core => core.sleep_on(cycle));
    }
    /// See [`Core::time_base`].
    pub fn time_base(&self) -> u64 {
        of_any!(self, core => core.time_base())
    }
    /// See [`Core::is_asleep`].
    pub fn is_asleep(&self) -> bool {
        of_any!(self, core => core.is_asleep())
    }
    /// See [`Core::asleep_since`].
    pub fn asleep_since(&self) -> Option<u64> {
        of_any!(self, core => core.asleep_since())
    }
    /// See [`Core::set_doorbell`].
    pub fn set_doorbell(&mut self, at: u64, level: bool) {
        of_any!(self, core => core.set_doorbell(at, level));
    }
    /// See [`Core::set_pins`].
    pub fn set_pins(&mut self, at: u64, levels: u32) {
        of_any!(self, core => core.set_pins(at, levels));
    }
    /// See [`Core::run`].
    pub fn run<B: Bus, O: Observer>(&mut self, bus: &mut B, until: u64, observer: &mut O) -> Stop {
        of_any!(self, core => core.run(bus, until, observer))
    }
}
