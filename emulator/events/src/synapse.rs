//! The labels stored in the synapses, and who fires on which label (event-routing 8).
//!
//! A row is kept as six bit planes of 256 columns. Comparing the whole row with a label is then six exclusive-ors and
//! ands of 256-bit words, which any compiler turns into vector instructions; 192 bytes a row stay in the cache.

use bss2_base::{COLUMNS, Column, ColumnMask, Hemisphere, ROWS, Row};
use serde::{Deserialize, Serialize};

/// Words of a column mask.
const WORDS: usize = COLUMNS / 64;
/// Bits of a synapse label.
const PLANES: usize = 6;

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
