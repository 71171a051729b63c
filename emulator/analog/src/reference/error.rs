//! What can be wrong with a reference simulation, said with the circuit and the value.

use bss2_base::{Neuron, SimTime};

/// A mistake in what a reference simulation was given, or a failure to integrate it.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// A physical value that no circuit can have.
    #[error("neuron {}, {circuit}: {name} = {value:e} is outside of what a circuit can have ({demand})", neuron.index())]
    Parameter {
        /// The neuron.
        neuron: Neuron,
        /// The circuit of the neuron, in the words of the specification.
        circuit: &'static str,
        /// The field.
        name: &'static str,
        /// Its value in the unit of the field.
        value: f64,
        /// What would be accepted.
        demand: &'static str,
    },
    /// A value of the surroundings (pads, readout, MADC, board, tolerances) that makes no sense.
    #[error("{block}: {name} = {value:e} is outside of what it can be ({demand})")]
    Setting {
        /// The block.
        block: &'static str,
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What would be accepted.
        demand: &'static str,
    },
    /// A closed switch leads to a circuit that is not simulated.
    #[error("neuron {}: {switch} leads to neuron {}, which is not part of the simulation", neuron.index(), towards.index())]
    OpenSwitch {
        /// The neuron whose bit is set.
        neuron: Neuron,
        /// The field.
        switch: &'static str,
        /// The circuit on the other side.
        towards: Neuron,
    },
    /// A neuron that is not simulated was addressed.
    #[error("neuron {} is not part of the simulation", .0.index())]
    UnknownNeuron(Neuron),
    /// A neuron was given twice.
    #[error("neuron {} is given twice", .0.index())]
    DuplicateNeuron(Neuron),
    /// An input or a sampling time before the present.
    #[error("{what} at {at} lies before the present of the simulation, {now}")]
    Past {
        /// What was asked for.
        what: &'static str,
        /// When.
        at: SimTime,
        /// The present.
        now: SimTime,
    },
    /// The equations of a group of circuits could not be integrated.
    #[error("the group of neuron {} at {at} s: {error}", neuron.index())]
    Solver {
        /// The first neuron of the group.
        neuron: Neuron,
        /// Time in s.
        at: f64,
        /// The failure.
        error: SolverError,
    },
}

/// Why an integration stopped without a result.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SolverError {
    /// No step however small meets the tolerance: the derivative is not finite or has a pole.
    #[error("the step shrank to {step:e} without meeting the tolerance")]
    StepTooSmall {
        /// The last step tried, in the unit of time.
        step: f64,
    },
    /// The allowance of steps is used up.
    #[error("more than {steps} steps")]
    TooManySteps {
        /// The allowance.
        steps: u64,
    },
    /// The matrix of the implicit method has no inverse.
    #[error("singular matrix at a step of {step:e}")]
    Singular {
        /// The step tried, in the unit of time.
        step: f64,
    },
}
