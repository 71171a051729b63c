//! Who follows the circuits that are not in the linear class: steps in `f32` lanes, or the reference.

use crate::circuit::Circuit;
use crate::core::RefractorySpan;
use crate::options::{AnalogOptions, Level};
use crate::parameters::Line;
use crate::reference::{self, Input, NetRemark, Quantity, ReferenceError, Stimulus};
use crate::stepped::{self, State};
use bss2_base::{COLUMNS, Column, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// All circuits of a chip, of which those of other classes are parked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Engine {
    /// Level F.
    Stepped(Box<stepped::Engine>),
    /// Level R.
    Reference(Box<reference::Engine>),
}

/// The same call for both.
macro_rules! of_either {
    ($own:expr, $engine:ident => $call:expr) => {
        match $own {
            Engine::Stepped($engine) => $call,
            Engine::Reference($engine) => $call,
        }
    };
}

impl Engine {
    /// The engine of this level at `now`, all circuits parked.
    ///
    /// # Errors
    /// None with circuits of the chip.
    pub(crate) fn new(now: SimTime, seed: u64, options: &AnalogOptions) -> Result<Self, ReferenceError> {
        let circuits = Neuron::all().map(|neuron| (neuron, Circuit::default())).collect();
        if options.level == Level::Reference {
            let mut own = reference::Options::default();
            own.timing.phase = options.refractory_phase;
            return Ok(Self::Reference(Box::new(reference::Engine::new(circuits, own, now)?)));
        }
        let mut engine = stepped::Engine::new(circuits, stepped::Options::of_core(seed, options))?;
        for neuron in Neuron::all() {
            engine.park(neuron)?;
        }
        engine.advance(now);
        Ok(Self::Stepped(Box::new(engine)))
    }

    /// Uses these vector instructions from now on; `false` if the machine lacks them or level R follows the circuits.
    pub(crate) fn use_instructions(&mut self, instructions: stepped::Instructions) -> bool {
        match self {
            Self::Stepped(engine) => engine.use_instructions(instructions),
            Self::Reference(_) => false,
        }
    }

    /// Changes circuits at the present time.
    pub(crate) fn configure(&mut self, told: &[(Neuron, Circuit)]) -> Result<(), ReferenceError> {
        match self {
            Self::Stepped(engine) => {
                told.iter().try_for_each(|(neuron, circuit)| engine.configure(*neuron, circuit))
            }
            Self::Reference(engine) => engine.configure(told),
        }
    }

    /// Drives the stimulation line of a row from now on.
    pub(crate) fn set_stimulus(&mut self, row: Hemisphere, stimulus: Stimulus) -> Result<(), ReferenceError> {
        of_either!(self, engine => engine.set_stimulus(row, stimulus))
    }

    /// Connects a synaptic line with its debug line at `voltage`, or opens the debug switch.
    pub(crate) fn set_debug_line(
        &mut self,
        neuron: Neuron,
        line: Line,
        voltage: Option<f64>,
    ) -> Result<(), ReferenceError> {
        of_either!(self, engine => engine.set_debug_line(neuron, line, voltage))
    }

    /// Leaves a circuit to another class.
    pub(crate) fn park(&mut self, neuron: Neuron) -> Result<State, ReferenceError> {
        match self {
            Self::Stepped(engine) => engine.park(neuron),
            Self::Reference(engine) => {
                let state = engine.state(neuron)?;
                // A circuit without currents that can't fire costs next to nothing.
                engine.configure(&[(neuron, Circuit::default())])?;
                Ok(state)
            }
        }
    }

    /// Takes a circuit over from another class.
    pub(crate) fn resume(&mut self, neuron: Neuron, state: &State) -> Result<(), ReferenceError> {
        of_either!(self, engine => engine.resume(neuron, state))
    }

    /// An artificial fire, not before the present.
    pub(crate) fn fire(&mut self, at: SimTime, neuron: Neuron) -> Result<(), ReferenceError> {
        of_either!(self, engine => engine.input(at, neuron, Input::Fire))
    }

    /// Charges in C, by column, reach the lines of a row of neurons.
    pub(crate) fn pulse(
        &mut self,
        at: SimTime,
        hemisphere: Hemisphere,
        line: Line,
        charges: &[f64; COLUMNS],
    ) -> Result<(), ReferenceError> {
        match self {
            Self::Stepped(engine) => engine.pulse(at, hemisphere, line, &charges.map(|charge| charge as f32)),
            Self::Reference(engine) => {
                let mut hit = (0..=Column::MAX).zip(charges).filter(|(_, charge)| **charge > 0.0);
                hit.try_for_each(|(column, charge)| {
                    let input = Input::Charge { line, charge: *charge };
                    engine.input(at, Neuron::new(hemisphere, column), input)
                })
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, until: SimTime) {
        of_either!(self, engine => engine.advance(until));
    }

    /// Takes out the fires, with the times of their edges.
    pub(crate) fn take_fires(&mut self) -> Vec<(SimTime, Neuron)> {
        match self {
            Self::Stepped(engine) => {
                engine.take_fires().iter().map(|fire| (fire.edge, fire.neuron)).collect()
            }
            Self::Reference(engine) => engine.take_fires(),
        }
    }

    /// No circuit fires before this time unless something else comes in.
    pub(crate) fn quiescent_until(&self) -> SimTime {
        of_either!(self, engine => engine.quiescent_until())
    }

    /// See [`AnalogCore::follow`](crate::AnalogCore::follow).
    pub(crate) fn follow(
        &mut self,
        neuron: Neuron,
        release: SimTime,
        until: SimTime,
    ) -> Result<(), ReferenceError> {
        of_either!(self, engine => engine.follow(neuron, release, until))
    }

    /// The refractory state of a circuit, if it has one.
    pub(crate) fn refractory(&self, neuron: Neuron) -> Result<Option<RefractorySpan>, ReferenceError> {
        of_either!(self, engine => engine.refractory(neuron))
    }

    /// Whether a circuit is between a crossing and its next arming.
    pub(crate) fn is_refractory(&self, neuron: Neuron) -> Result<bool, ReferenceError> {
        of_either!(self, engine => engine.is_refractory(neuron))
    }

    /// Where a circuit stands.
    pub(crate) fn state(&self, neuron: Neuron) -> Result<State, ReferenceError> {
        of_either!(self, engine => engine.state(neuron))
    }

    /// A quantity at the present time, in V.
    pub(crate) fn value(&self, neuron: Neuron, quantity: Quantity) -> Result<f64, ReferenceError> {
        of_either!(self, engine => engine.value(neuron, quantity))
    }

    /// Systems of circuits that are too large to be integrated in a reasonable time.
    pub(crate) fn many_joined(&self) -> Vec<NetRemark> {
        match self {
            Self::Stepped(_) => Vec::new(),
            Self::Reference(engine) => engine.many_joined(),
        }
    }

    /// What could not be integrated since this was last asked.
    pub(crate) fn take_failures(&mut self) -> Vec<ReferenceError> {
        match self {
            Self::Stepped(_) => Vec::new(),
            Self::Reference(engine) => engine.take_failures(),
        }
    }
}
