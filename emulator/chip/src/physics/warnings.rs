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
    /// A bit of a neuron is set whose effect is not modelled.
    #[error("neuron {}: {field} is set but not modelled", neuron.index())]
    UnmodelledNeuronBit {
        /// The neuron.
        neuron: Neuron,
        /// Name of the field.
        field: NeuronField,
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

/// Bits of a neuron that are stored but have no effect yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NeuronField {
    /// `enable_exponential`.
    Exponential,
    /// `enable_adaptation`.
    Adaptation,
    /// `enable_synaptic_input_excitatory_coba_mode`.
    ExcitatoryCoba,
    /// `enable_synaptic_input_inhibitory_coba_mode`.
    InhibitoryCoba,
    /// `enable_bypass_excitatory`.
    ExcitatoryBypass,
    /// `enable_bypass_inhibitory`.
    InhibitoryBypass,
    /// `connect_soma`.
    ConnectSoma,
    /// `connect_membrane_right`.
    ConnectMembraneRight,
    /// `connect_bottom`.
    ConnectBottom,
    /// `connect_somata`.
    ConnectSomata,
    /// `enable_multicomp_conductance`.
    MulticompConductance,
}

impl core::fmt::Display for NeuronField {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Exponential => "enable_exponential",
            Self::Adaptation => "enable_adaptation",
            Self::ExcitatoryCoba => "enable_synaptic_input_excitatory_coba_mode",
            Self::InhibitoryCoba => "enable_synaptic_input_inhibitory_coba_mode",
            Self::ExcitatoryBypass => "enable_bypass_excitatory",
            Self::InhibitoryBypass => "enable_bypass_inhibitory",
            Self::ConnectSoma => "connect_soma",
            Self::ConnectMembraneRight => "connect_membrane_right",
            Self::ConnectBottom => "connect_bottom",
            Self::ConnectSomata => "connect_somata",
            Self::MulticompConductance => "enable_multicomp_conductance",
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
