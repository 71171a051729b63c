//! The labels stored in the synapses, and who fires on which label (event-routing 8).
//!
//! A row is kept as six bit planes of 256 columns. Comparing the whole row with a label is then six exclusive-ors and
//! ands of 256-bit words, which any compiler turns into vector instructions; 192 bytes a row stay in the cache.

use bitvec::array::BitArray;
use bitvec::order::Lsb0;
use bss2_base::{COLUMNS, Column, Hemisphere, ROWS, Row};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Words of a column mask.
const WORDS: usize = COLUMNS / 64;
/// Bits of a synapse label.
const PLANES: usize = 6;

/// A set of columns of one hemisphere. Column `c` is bit `c mod 64` of word `c div 64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnMask(BitArray<[u64; WORDS], Lsb0>);

impl ColumnMask {
    /// No column.
    pub const EMPTY: Self = Self(BitArray::ZERO);

    /// From words of 64 columns each, column 0 in bit 0 of the first.
    pub const fn from_words(words: [u64; WORDS]) -> Self {
        Self(BitArray { data: words, ..BitArray::ZERO })
    }
    /// Words of 64 columns each.
    pub const fn words(&self) -> &[u64; WORDS] {
        &self.0.data
    }
    /// The underlying bit array, for everything else one can do with a set of bits.
    pub const fn bits(&self) -> &BitArray<[u64; WORDS], Lsb0> {
        &self.0
    }
    /// Whether the column belongs to the set.
    pub const fn contains(&self, column: Column) -> bool {
        self.0.data[column as usize / 64] >> (column % 64) & 1 == 1
    }
    /// Adds a column or takes it away.
    pub const fn set(&mut self, column: Column, member: bool) {
        let bit = 1 << (column % 64);
        let word = &mut self.0.data[column as usize / 64];
        *word = if member { *word | bit } else { *word & !bit };
    }
    /// How many columns.
    pub const fn count(&self) -> usize {
        let [a, b, c, d] = self.0.data;
        (a.count_ones() + b.count_ones() + c.count_ones() + d.count_ones()) as usize
    }
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d] = self.0.data;
        a | b | c | d == 0
    }
    /// The columns in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Column> + use<> {
        let words = self.0.data;
        [0, 64, 128, 192].into_iter().zip(words).flat_map(|(first, mut word)| {
            core::iter::from_fn(move || {
                let bit = word.checked_ilog2().map(|_| word.trailing_zeros() as u8)?;
                word &= word - 1;
                Some(first + bit)
            })
        })
    }
}

impl FromIterator<Column> for ColumnMask {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        let mut mask = Self::EMPTY;
        columns.into_iter().for_each(|column| mask.set(column, true));
        mask
    }
}
impl Serialize for ColumnMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.data.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for ColumnMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <[u64; WORDS]>::deserialize(deserializer).map(Self::from_words)
    }
}

/// The labels of one synapse row, bit by bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LabelRow {
    planes: [[u64; WORDS]; PLANES],
}

impl LabelRow {
    fn get(&self, column: Column) -> u8 {
        let (word, bit) = (usize::from(column) / 64, column % 64);
        (0..PLANES).fold(0, |label, plane| label | ((self.planes[plane][word] >> bit & 1) as u8) << plane)
    }
    fn set(&mut self, column: Column, label: u8) {
        let (word, bit) = (usize::from(column) / 64, column % 64);
        for (plane, words) in self.planes.iter_mut().enumerate() {
            words[word] = words[word] & !(1 << bit) | u64::from(label >> plane & 1) << bit;
        }
    }
    #[inline]
    fn matches(&self, label: u8) -> [u64; WORDS] {
        let mut differs = [0; WORDS];
        for (plane, words) in self.planes.iter().enumerate() {
            // All ones where the label has the bit.
            let wanted = u64::from(label >> plane & 1).wrapping_neg();
            for (differs, word) in differs.iter_mut().zip(words) {
                *differs |= word ^ wanted;
            }
        }
        differs.map(|word| !word)
    }
}

/// The six-bit labels of all 2 × 256 × 256 synapses. After power-up all zero (event-routing 17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynapseLabels {
    #[serde(with = "crate::array::boxed")]
    rows: Box<[LabelRow; 2 * ROWS]>,
}

impl Default for SynapseLabels {
    fn default() -> Self {
        Self { rows: Box::new([LabelRow::default(); 2 * ROWS]) }
    }
}

impl SynapseLabels {
    /// The label a synapse stores, 0..=63.
    pub fn get(&self, hemisphere: Hemisphere, row: Row, column: Column) -> u8 {
        self.row(hemisphere, row).get(column)
    }
    /// Stores a label; bits above the sixth are ignored.
    pub fn set(&mut self, hemisphere: Hemisphere, row: Row, column: Column, label: u8) {
        self.rows[ROWS * hemisphere.index() + usize::from(row)].set(column, label);
    }
    /// Stores the labels of a whole row.
    pub fn set_row(&mut self, hemisphere: Hemisphere, row: Row, labels: &[u8; COLUMNS]) {
        let mut planes = [[0; WORDS]; PLANES];
        for (column, &label) in labels.iter().enumerate() {
            for (plane, words) in planes.iter_mut().enumerate() {
                words[column / 64] |= u64::from(label >> plane & 1) << (column % 64);
            }
        }
        self.rows[ROWS * hemisphere.index() + usize::from(row)] = LabelRow { planes };
    }
    /// The columns of a row whose synapses fire on a label.
    #[inline]
    pub fn matches(&self, hemisphere: Hemisphere, row: Row, label: u8) -> ColumnMask {
        ColumnMask::from_words(self.row(hemisphere, row).matches(label))
    }
    fn row(&self, hemisphere: Hemisphere, row: Row) -> &LabelRow {
        &self.rows[ROWS * hemisphere.index() + usize::from(row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fresh_synapses_store_label_zero() {
        let labels = SynapseLabels::default();
        assert_eq!(labels.matches(Hemisphere::Top, 3, 0).count(), 256);
        assert!(labels.matches(Hemisphere::Top, 3, 1).is_empty());
    }

    #[test]
    fn a_mask_lists_its_columns_in_order() {
        let columns = [0, 1, 63, 64, 127, 128, 200, 255];
        let mask: ColumnMask = columns.into_iter().collect();
        assert_eq!(mask.iter().collect::<Vec<_>>(), columns);
        assert_eq!(mask.count(), mask.bits().count_ones());
        assert!(mask.contains(200) && !mask.contains(201));
    }

    proptest! {
        #[test]
        fn a_row_matches_where_the_stored_label_is_equal(
            stored in prop::collection::vec(0u8..64, 256), probe in 0u8..64, row: u8,
        ) {
            let mut bulk = SynapseLabels::default();
            bulk.set_row(Hemisphere::Bottom, row, &stored.clone().try_into().unwrap());
            let mut single = SynapseLabels::default();
            for (column, &label) in (0..=255).zip(&stored) {
                single.set(Hemisphere::Bottom, row, column, 63 - label);
                single.set(Hemisphere::Bottom, row, column, label);
                prop_assert_eq!(single.get(Hemisphere::Bottom, row, column), label);
            }
            prop_assert_eq!(&bulk, &single);
            let expected: ColumnMask = (0..=255).filter(|&c| stored[usize::from(c)] == probe).collect();
            prop_assert_eq!(bulk.matches(Hemisphere::Bottom, row, probe), expected);
            prop_assert_eq!(bulk.matches(Hemisphere::Top, row, 0).count(), 256);
        }
    }
}
