//! What a user should hear about a configuration: named, and once.

use super::cells::{GlobalCell, SharedCell};
use bss2_base::{Hemisphere, Neuron, Quadrant};
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
    /// A driver's readout is on, which is not modelled.
    #[error("synapse driver {driver} ({hemisphere:?}): enable_readout is set but not modelled")]
    UnmodelledDriverReadout {
        /// The hemisphere.
        hemisphere: Hemisphere,
        /// The driver, 0..=127.
        driver: u8,
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

/// Collects warnings; each different one is reported once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    seen: BTreeSet<PhysicsWarning>,
    fresh: Vec<PhysicsWarning>,
}

impl Warnings {
    /// Notes a warning unless it has been noted before.
    pub fn note(&mut self, warning: PhysicsWarning) {
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
