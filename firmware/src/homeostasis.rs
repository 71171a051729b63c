//! The rate regulation program (`programs/homeostasis.c`; experiments E04).

use crate::block::block;

/// Clears the counters and does [`Parameters::steps`] steps.
pub const COMMAND_RUN: u32 = 2;

block! {
    /// The parameter block, symbol `parameters`. Initial values are in the image.
    Parameters "parameters" {
        /// The row whose weights are regulated.
        synapse_row: u32,
        /// Neurons of columns `first_column .. first_column + columns` are regulated.
        first_column: u32,
        /// 1..=256.
        columns: u32,
        /// Steps of one run command.
        steps: u32,
        /// Cycles between readings.
        period: u32,
        /// Spikes per period, 0..=255.
        target: u32,
        /// 0: count and record only.
        learn: u32,
        /// Byte address of the ring of records in FPGA memory or DRAM; 0: none are written.
        record_address: u32,
        /// Records in the ring.
        record_capacity: u32,
    }
}

block! {
    /// One step. Lane e of parity p, at index `128 * p + e`, is column 2e + p.
    Record "record" {
        /// Weights with which the spikes were counted.
        weights: [u8; 256],
        /// Spikes in the period; 0 for columns that are not regulated, 255 also for more.
        counts: [u8; 256],
    }
}

/// Values by column from an array of a [`Record`].
pub fn by_column(lanes: &[u8; 256]) -> [u8; 256] {
    std::array::from_fn(|column| lanes[128 * (column % 2) + column / 2])
}
