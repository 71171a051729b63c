//! Where things are in the event network: small checked numbers (event-routing 1, 4.1, 7.1, 9.1).

use bss2_base::{Column, DRIVERS_PER_HEMISPHERE, Hemisphere, Neuron, Row};
use serde::{Deserialize, Serialize};

/// A number that does not name an element of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {index}, the last one is {last}")]
pub struct NoSuchElement {
    /// What was looked for.
    pub what: &'static str,
    /// The number that was asked for.
    pub index: usize,
    /// The highest number there is.
    pub last: usize,
}

/// Defines a coordinate: a `u8` below a count, checked where it comes in and free to use as an index afterwards.
macro_rules! coordinate {
    ($(#[$doc:meta])* $name:ident, $what:literal, $count:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        pub struct $name(u8);

        impl $name {
            /// How many there are.
            pub const COUNT: usize = $count;
            /// The element with this number, `None` if there is none.
            pub const fn new(index: usize) -> Option<Self> {
                if index < Self::COUNT { Some(Self(index as u8)) } else { None }
            }
            /// All, in numeric order.
            pub fn all() -> impl Iterator<Item = Self> {
                (0..Self::COUNT as u8).map(Self)
            }
            /// The number, below [`Self::COUNT`].
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
        impl TryFrom<u8> for $name {
            type Error = NoSuchElement;
            fn try_from(index: u8) -> Result<Self, NoSuchElement> {
                let index = usize::from(index);
                Self::new(index).ok_or(NoSuchElement { what: $what, index, last: Self::COUNT - 1 })
            }
        }
        impl From<$name> for u8 {
            fn from(coordinate: $name) -> u8 {
                coordinate.0
            }
        }
    };
}

coordinate!(
    /// One of the four link channels per direction; bits 15:14 of a spike label.
    Spl1Address, "SPL1 address", 4
);
coordinate!(
    /// A neuron event output: 32 columns, both rows, share one (event-routing 9.1). It is crossbar input of the same
    /// number.
    EventOutput, "neuron event output", 8
);
coordinate!(
    /// A background source; source `k` feeds crossbar input `12 + k` (event-routing 11).
    BackgroundSource, "background source", 8
);
coordinate!(
    /// An input of the crossbar: 0..=7 neuron event outputs, 8..=11 link, 12..=19 background sources.
    CrossbarInput, "crossbar input", 20
);
coordinate!(
    /// An output of the crossbar: 0..=3 PADI buses top, 4..=7 PADI buses bottom, 8..=11 link.
    CrossbarOutput, "crossbar output", 12
);
coordinate!(
    /// A crosspoint of the crossbar in register order (event-routing 4.1); see [`crate::crossbar::sites`].
    CrossbarNode, "crossbar node", 76
);
coordinate!(
    /// A PADI bus of a hemisphere.
    PadiBus, "PADI bus", 4
);
coordinate!(
    /// A synapse driver of a hemisphere (event-routing 7.1).
    Driver, "synapse driver", DRIVERS_PER_HEMISPHERE
);
coordinate!(
    /// A neuron back-end block: 0 west (columns 0..=127), 1 east (event-routing 0 and 9.1).
    BackendBlock, "neuron back-end block", 2
);

impl CrossbarInput {
    /// The input of a neuron event output.
    pub const fn of_neurons(output: EventOutput) -> Self {
        Self(output.0)
    }
    /// The input of a link channel.
    pub const fn of_link(address: Spl1Address) -> Self {
        Self(8 + address.0)
    }
    /// The input of a background source.
    pub const fn of_background(source: BackgroundSource) -> Self {
        Self(12 + source.0)
    }
}

impl CrossbarOutput {
    /// The output to a PADI bus.
    pub const fn to_padi(hemisphere: Hemisphere, bus: PadiBus) -> Self {
        Self(4 * hemisphere as u8 + bus.0)
    }
    /// The output to a link channel.
    pub const fn to_link(address: Spl1Address) -> Self {
        Self(8 + address.0)
    }
    /// The PADI bus this output feeds, `None` for an output to the link.
    pub const fn padi_bus(self) -> Option<(Hemisphere, PadiBus)> {
        if self.0 < 8 {
            Some((Hemisphere::from_index(self.0 as usize / 4), PadiBus(self.0 % 4)))
        } else {
            None
        }
    }
    /// The link channel this output feeds, `None` for an output to a PADI bus.
    pub const fn link(self) -> Option<Spl1Address> {
        if self.0 < 8 { None } else { Some(Spl1Address(self.0 - 8)) }
    }
}

impl PadiBus {
    /// The driver at `position` (0..=31, higher bits ignored) of this bus.
    pub const fn driver(self, position: u8) -> Driver {
        Driver(4 * (position & 31) + self.0)
    }
}

impl Driver {
    /// The PADI bus that the driver listens to.
    pub const fn bus(self) -> PadiBus {
        PadiBus(self.0 % 4)
    }
    /// The index on that bus, 0..=31: what the row select of an event is compared with.
    pub const fn position(self) -> u8 {
        self.0 / 4
    }
    /// The synapse row called "top" in the driver's configuration.
    pub const fn top_row(self) -> Row {
        2 * self.0 + 1
    }
    /// The synapse row called "bottom" in the driver's configuration.
    pub const fn bottom_row(self) -> Row {
        2 * self.0
    }
    /// The driver of a synapse row.
    pub const fn of_row(row: Row) -> Self {
        Self(row / 2)
    }
}

impl EventOutput {
    /// The event output of a neuron: its column div 32.
    pub const fn of(neuron: Neuron) -> Self {
        Self(neuron.column() / 32)
    }
    /// The back-end block the output belongs to.
    pub const fn block(self) -> BackendBlock {
        BackendBlock(self.0 / 4)
    }
    /// Place of a neuron among the 64 of its output, in the order of the entry number `128 * row + column mod 128`.
    pub(crate) const fn place_of(neuron: Neuron) -> u8 {
        32 * neuron.hemisphere() as u8 + neuron.column() % 32
    }
}

impl BackendBlock {
    /// The block of a neuron.
    pub const fn of(neuron: Neuron) -> Self {
        Self(neuron.column() / 128)
    }
    /// The neuron with entry number `entry` (`128 * row + column mod 128`) of this block (event-routing 9.1).
    pub const fn neuron(self, entry: u8) -> Neuron {
        let column: Column = 128 * self.0 + entry % 128;
        Neuron::new(Hemisphere::from_index(entry as usize / 128), column)
    }
}
