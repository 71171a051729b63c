//! Where things are on the chip (register-map section 4, analog-core section 1.1).

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Synapse rows of one hemisphere.
pub const ROWS: usize = 256;
/// Synapse columns of one hemisphere, and its neuron circuits.
pub const COLUMNS: usize = 256;
/// Neuron circuits of the chip.
pub const NEURONS: usize = 512;
/// Synapse drivers of one hemisphere; driver `d` serves rows `2d` and `2d + 1`.
pub const DRIVERS_PER_HEMISPHERE: usize = 128;

/// A synapse row of a hemisphere, 0..=255.
pub type Row = u8;
/// A column of a hemisphere, 0..=255.
pub type Column = u8;

/// One half of the chip: a synapse array, a row of neurons, a plasticity processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Hemisphere {
    /// North; neuron row 0, PPU top.
    Top = 0,
    /// South; neuron row 1, PPU bottom.
    Bottom = 1,
}

impl Hemisphere {
    /// Both, in numeric order.
    pub const ALL: [Self; 2] = [Self::Top, Self::Bottom];
    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The hemisphere with this number: 0 is top, everything else bottom.
    pub const fn from_index(index: usize) -> Self {
        if index == 0 { Self::Top } else { Self::Bottom }
    }
}

/// A quarter of the chip with its own CapMem block: `2 * hemisphere + side`, side 0 = west (columns 0..=127).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Quadrant {
    /// Top left.
    NorthWest = 0,
    /// Top right.
    NorthEast = 1,
    /// Bottom left.
    SouthWest = 2,
    /// Bottom right.
    SouthEast = 3,
}

impl Quadrant {
    /// All four, in numeric order.
    pub const ALL: [Self; 4] = [Self::NorthWest, Self::NorthEast, Self::SouthWest, Self::SouthEast];
    /// 0..=3.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The quadrant of a column.
    pub const fn of(hemisphere: Hemisphere, column: Column) -> Self {
        Self::ALL[2 * hemisphere.index() + (column >= 128) as usize]
    }
}

/// One of the 512 neuron circuits: `256 * hemisphere + column` (halco's AtomicNeuron).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Neuron(#[serde(deserialize_with = "number_of_a_neuron")] u16);

/// A number from outside, which has to be that of a neuron.
fn number_of_a_neuron<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let number = u16::deserialize(deserializer)?;
    if usize::from(number) >= NEURONS {
        return Err(D::Error::custom(format_args!("{number} is not the number of a neuron, 0 to 511")));
    }
    Ok(number)
}

impl Neuron {
    /// The neuron below column `column` of the synapse array of `hemisphere`.
    pub const fn new(hemisphere: Hemisphere, column: Column) -> Self {
        Self(256 * hemisphere as u16 + column as u16)
    }
    /// The neuron with this number, `None` above 511.
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < NEURONS { Some(Self(index as u16)) } else { None }
    }
    /// All 512, in numeric order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..NEURONS as u16).map(Self)
    }
    /// 0..=511.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
    /// The hemisphere (neuron row).
    pub const fn hemisphere(self) -> Hemisphere {
        Hemisphere::from_index(self.0 as usize / COLUMNS)
    }
    /// The column.
    pub const fn column(self) -> Column {
        self.0 as u8
    }
    /// The quadrant whose CapMem block holds this neuron's parameters.
    pub const fn quadrant(self) -> Quadrant {
        Quadrant::of(self.hemisphere(), self.column())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_numbered_by_hemisphere_and_column() {
        let neuron = Neuron::new(Hemisphere::Bottom, 70);
        assert_eq!(neuron.index(), 326);
        assert_eq!((neuron.hemisphere(), neuron.column()), (Hemisphere::Bottom, 70));
        assert_eq!(neuron.quadrant(), Quadrant::SouthWest);
        assert_eq!(Neuron::from_index(512), None);
        assert_eq!(Neuron::all().count(), NEURONS);
    }
}
