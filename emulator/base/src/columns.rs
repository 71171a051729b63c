//! A set of columns of one synapse row, the word that the event network and the analog core exchange.

use crate::coordinates::Column;
use serde::{Deserialize, Serialize};

/// A subset of the 256 columns of one hemisphere: bit `c % 64` of word `c / 64` stands for column `c`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnMask(pub [u64; 4]);

impl ColumnMask {
    /// No column.
    pub const NONE: Self = Self([0; 4]);
    /// Every column.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// One column.
    pub const fn single(column: Column) -> Self {
        let mut words = [0; 4];
        words[column as usize / 64] = 1 << (column % 64);
        Self(words)
    }
    /// Whether no column is in the set.
    pub const fn is_empty(&self) -> bool {
        (self.0[0] | self.0[1] | self.0[2] | self.0[3]) == 0
    }
    /// The number of columns in the set, 0..=256.
    pub const fn count(&self) -> u32 {
        self.0[0].count_ones() + self.0[1].count_ones() + self.0[2].count_ones() + self.0[3].count_ones()
    }
    /// Whether `column` is in the set.
    pub const fn contains(&self, column: Column) -> bool {
        self.0[column as usize / 64] >> (column % 64) & 1 == 1
    }
    /// Puts `column` into the set.
    pub const fn insert(&mut self, column: Column) {
        self.0[column as usize / 64] |= 1 << (column % 64);
    }
    /// Takes `column` out of the set.
    pub const fn remove(&mut self, column: Column) {
        self.0[column as usize / 64] &= !(1 << (column % 64));
    }
    /// Puts `column` into the set or takes it out.
    pub const fn set(&mut self, column: Column, member: bool) {
        if member { self.insert(column) } else { self.remove(column) }
    }
    /// The columns in both sets.
    pub const fn and(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }
    /// The columns in either set.
    pub const fn or(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }
    /// The columns in the set, ascending.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        (0..4u8).flat_map(move |word| {
            let mut rest = self.0[word as usize];
            core::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as u8;
                    rest &= rest - 1;
                    64 * word + bit
                })
            })
        })
    }
}

impl FromIterator<Column> for ColumnMask {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        let mut mask = Self::NONE;
        columns.into_iter().for_each(|column| mask.insert(column));
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mask_iterates_over_what_was_collected(columns in proptest::collection::btree_set(any::<u8>(), 0..256)) {
            let mask: ColumnMask = columns.iter().copied().collect();
            prop_assert_eq!(mask.iter().collect::<Vec<_>>(), columns.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(mask.count() as usize, columns.len());
            for column in 0..=255 {
                prop_assert_eq!(mask.contains(column), columns.contains(&column));
            }
        }
    }
}
