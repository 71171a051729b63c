//! A set of columns of one synapse row, the word that the event network and the analog core exchange.

use crate::coordinates::{COLUMNS, Column};
use bitvec::array::BitArray;
use bitvec::order::Lsb0;
use serde::{Deserialize, Serialize};

/// Words of a mask.
const WORDS: usize = COLUMNS / 64;

/// A subset of the 256 columns of one hemisphere: bit `c % 64` of word `c / 64` stands for column `c`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[u64; 4]", into = "[u64; 4]")]
pub struct ColumnMask(BitArray<[u64; WORDS], Lsb0>);

impl ColumnMask {
    /// No column.
    pub const NONE: Self = Self::from_words([0; WORDS]);
    /// Every column.
    pub const ALL: Self = Self::from_words([u64::MAX; WORDS]);

    /// From words of 64 columns each, column 0 in bit 0 of the first.
    pub const fn from_words(words: [u64; WORDS]) -> Self {
        Self(BitArray { data: words, ..BitArray::ZERO })
    }
    /// Words of 64 columns each.
    pub const fn words(&self) -> &[u64; WORDS] {
        &self.0.data
    }
    /// The bits, one a column, for everything else that one can do with a set of bits.
    pub const fn bits(&self) -> &BitArray<[u64; WORDS], Lsb0> {
        &self.0
    }
    /// One column.
    pub const fn single(column: Column) -> Self {
        let mut mask = Self::NONE;
        mask.insert(column);
        mask
    }
    /// Whether no column is in the set.
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d] = self.0.data;
        a | b | c | d == 0
    }
    /// The number of columns in the set, 0..=256.
    pub const fn count(&self) -> usize {
        let [a, b, c, d] = self.0.data;
        (a.count_ones() + b.count_ones() + c.count_ones() + d.count_ones()) as usize
    }
    /// Whether `column` is in the set.
    pub const fn contains(&self, column: Column) -> bool {
        self.0.data[column as usize / 64] >> (column % 64) & 1 == 1
    }
    /// Puts `column` into the set.
    pub const fn insert(&mut self, column: Column) {
        self.0.data[column as usize / 64] |= 1 << (column % 64);
    }
    /// Takes `column` out of the set.
    pub const fn remove(&mut self, column: Column) {
        self.0.data[column as usize / 64] &= !(1 << (column % 64));
    }
    /// Puts `column` into the set or takes it out.
    pub const fn set(&mut self, column: Column, member: bool) {
        if member { self.insert(column) } else { self.remove(column) }
    }
    /// The columns in both sets.
    pub const fn and(self, other: Self) -> Self {
        let (a, b) = (self.0.data, other.0.data);
        Self::from_words([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }
    /// The columns in either set.
    pub const fn or(self, other: Self) -> Self {
        let (a, b) = (self.0.data, other.0.data);
        Self::from_words([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }
    /// The columns in the set, ascending.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        let words = self.0.data;
        [0u8, 64, 128, 192].into_iter().zip(words).flat_map(|(first, mut rest)| {
            core::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as u8;
                    rest &= rest - 1;
                    first + bit
                })
            })
        })
    }
}

impl From<[u64; WORDS]> for ColumnMask {
    fn from(words: [u64; WORDS]) -> Self {
        Self::from_words(words)
    }
}

impl From<ColumnMask> for [u64; WORDS] {
    fn from(mask: ColumnMask) -> Self {
        *mask.words()
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
            prop_assert_eq!(mask.count(), columns.len());
            for column in 0..=255 {
                prop_assert_eq!(mask.contains(column), columns.contains(&column));
            }
        }
    }
}
