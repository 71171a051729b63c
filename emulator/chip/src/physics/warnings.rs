//! What a user should hear about a configuration: named, and once.

use super::cells::{GlobalCell, NeuronRow, SharedCell};
use bss2_base::{Neuron, Quadrant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A configuration that does something else than it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, Serialize, Deserialize)]
pub enum PhysicsWarning {
    /// The hold-off comparison is never met: the reset lasts the whole refractory period (settled row 6).
    #[error(
        "neuron {}: refractory_time {refractory_time} is shorter than the hold-off of {holdoff_ticks} ticks, reset lasts \
         the whole refractory period", neuron.index()
    )]
    RefractoryShorterThanHoldoff {
        /// The neuron.
        neuron: Neuron,
        /// Its refractory time in ticks.
        refractory_time: u8,
        /// Its hold-off in ticks.
        holdoff_ticks: u16,
    },
    /// The follower of a potential can't reach it (analog-core 2.4). Said once for each cell and end, with the first neuron.
    #[error("neuron {}: {} = {code} is beyond the follower of the cell, it puts out {} V", neuron.index(), cell.name(), if *high { "1.2" } else { "0" })]
    PotentialClipped {
        /// The neuron.
        neuron: Neuron,
        /// The cell.
        cell: NeuronRow,
        /// Its code.
        code: u16,
        /// Whether it is too high rather than too low.
        high: bool,
    },
    /// Two range bits of a circuit are set, which cancel (analog-core 3.1).
    #[error("neuron {}: multiplication and division of the {circuit} are both set and cancel", neuron.index())]
    RangeBitsCancel {
        /// The neuron.
        neuron: Neuron,
        /// Which circuit.
        circuit: RangedCircuit,
    },
    /// A shared bias is so low that its circuit doesn't work (analog-core 2.3).
    #[error("quadrant {}: {} is below 5 % of its default, the circuit does not work", quadrant.index(), cell.name())]
    BiasTooLow {
        /// The quadrant.
        quadrant: Quadrant,
        /// The cell.
        cell: SharedCell,
    },
    /// A chip-global bias is so low that its circuit doesn't work (analog-core 2.3, 7.2).
    #[error("{} is too low, the circuit does not work", cell.name())]
    GlobalBiasTooLow {
        /// The cell.
        cell: GlobalCell,
    },
}

impl PhysicsWarning {
    /// Whether it says that this cell is out of reach on this side.
    fn clips(&self, cell: NeuronRow, high: bool) -> bool {
        matches!(self, Self::PotentialClipped { cell: own, high: side, .. } if (*own, *side) == (cell, high))
    }
}

/// A circuit with range bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)] // named for what they are
pub enum RangedCircuit {
    Leak,
    Reset,
    CompartmentConductance,
}

impl core::fmt::Display for RangedCircuit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Leak => "leak",
            Self::Reset => "reset",
            Self::CompartmentConductance => "inter-compartment conductance",
        })
    }
}

/// Collects warnings; each different one is reported once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    seen: BTreeSet<PhysicsWarning>,
    fresh: Vec<PhysicsWarning>,
}

impl Warnings {
    /// Notes a warning unless it has been noted before.
    pub fn note(&mut self, warning: PhysicsWarning) {
        if let PhysicsWarning::PotentialClipped { cell, high, .. } = warning
            && self.seen.iter().any(|seen| seen.clips(cell, high))
        {
            return;
        }
        if self.seen.insert(warning) {
            self.fresh.push(warning);
        }
    }

    /// The warnings noted since this was last asked, in the order in which they came up.
    pub fn take(&mut self) -> Vec<PhysicsWarning> {
        core::mem::take(&mut self.fresh)
    }

    /// Every warning ever noted.
    pub fn all(&self) -> impl Iterator<Item = &PhysicsWarning> {
        self.seen.iter()
    }
}
