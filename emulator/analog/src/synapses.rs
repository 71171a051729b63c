//! The static part of a synapse array: weights, calibration bits, individual charge (analog-core 5.1, 5.2).

use bss2_base::{COLUMNS, Column, ColumnMask, ROWS, Row};
use serde::{Deserialize, Serialize};

/// Weights and factors of the 256 x 256 synapses of one hemisphere, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SynapseArray {
    /// 0..=63.
    #[serde(deserialize_with = "crate::whole::table::<{ ROWS * COLUMNS }, _, _>")]
    weights: Vec<u8>,
    /// Columns of each row whose weight is not 0.
    #[serde(deserialize_with = "crate::whole::table::<ROWS, _, _>")]
    active: Vec<ColumnMask>,
    /// Factor on the charge.
    #[serde(deserialize_with = "crate::whole::table::<{ ROWS * COLUMNS }, _, _>")]
    charge: Vec<f32>,
}

impl SynapseArray {
    pub(crate) fn new() -> Self {
        Self {
            weights: vec![0; ROWS * COLUMNS],
            active: vec![ColumnMask::NONE; ROWS],
            charge: vec![1.0; ROWS * COLUMNS],
        }
    }

    /// The weights of a row, by column.
    pub(crate) fn weights(&self, row: Row) -> &[u8] {
        &self.weights[usize::from(row) * COLUMNS..][..COLUMNS]
    }

    pub(crate) fn set_weight(&mut self, row: Row, column: Column, weight: u8) {
        let weight = weight & 63;
        self.weights[usize::from(row) * COLUMNS + usize::from(column)] = weight;
        self.active[usize::from(row)].set(column, weight != 0);
    }

    pub(crate) fn set_charge_factor(&mut self, row: Row, column: Column, factor: f32) {
        self.charge[usize::from(row) * COLUMNS + usize::from(column)] = factor;
    }

    /// The columns of a row with a weight.
    pub(crate) fn active(&self, row: Row) -> ColumnMask {
        self.active[usize::from(row)]
    }

    /// Weight times individual factor: the charge of the synapse in units of that of a nominal one with weight 1.
    #[inline]
    pub(crate) fn strength(&self, row: Row, column: Column) -> f64 {
        let index = usize::from(row) * COLUMNS + usize::from(column);
        f64::from(self.weights[index]) * f64::from(self.charge[index])
    }
}
