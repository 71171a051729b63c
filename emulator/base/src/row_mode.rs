//! The mode of a synapse row, which the event network and the synapse array both go by.

use serde::{Deserialize, Serialize};

/// What a synapse driver makes of one of its two rows (event-routing 7.4, analog-core 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RowMode {
    /// Nothing: no synaptic current, and no presynaptic pulse to the correlation sensors (settled O12).
    #[default]
    Disabled,
    /// Current on the excitatory line.
    Excitatory,
    /// Current on the inhibitory line.
    Inhibitory,
    /// Full current on each of the two lines.
    Both,
}

impl RowMode {
    /// From the two enable bits of the row.
    pub const fn from_enables(excitatory: bool, inhibitory: bool) -> Self {
        match (excitatory, inhibitory) {
            (false, false) => Self::Disabled,
            (true, false) => Self::Excitatory,
            (false, true) => Self::Inhibitory,
            (true, true) => Self::Both,
        }
    }
    /// Whether the excitatory line is driven.
    pub const fn is_excitatory(self) -> bool {
        matches!(self, Self::Excitatory | Self::Both)
    }
    /// Whether the inhibitory line is driven.
    pub const fn is_inhibitory(self) -> bool {
        matches!(self, Self::Inhibitory | Self::Both)
    }
    /// Whether the row does anything.
    pub const fn is_enabled(self) -> bool {
        !matches!(self, Self::Disabled)
    }
}
