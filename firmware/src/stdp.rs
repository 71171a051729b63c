//! The correlation program (`programs/stdp.c`; experiments E16).

use crate::block::block;

/// Resets both sensors of the rows, all columns.
pub const COMMAND_RESET: u32 = 2;
/// Writes readings of the rows, [`Reading`], to [`Parameters::result_address`].
pub const COMMAND_READ: u32 = 3;
/// Makes pairs of input events and artificial neuron spikes.
pub const COMMAND_PAIR: u32 = 4;
/// Names of the symbols of two words: time base just before the input event and before the neuron spike of the last pair.
pub const LAST_TIMES: [&str; 2] = ["last_input_time", "last_spike_time"];

block! {
    /// The parameter block, symbol `parameters`. Initial values are in the image. Times are in processor cycles.
    Parameters "parameters" {
        /// Rows `first_row .. first_row + rows` are reset and read.
        first_row: u32,
        /// 1..=256.
        rows: u32,
        /// Byte address, a multiple of 4: FPGA memory from 0x4000_0000 or DRAM from 0x5000_0000; 512 bytes a row.
        result_address: u32,
        /// Cycles from noticing the pair command to the first pair.
        start_delay: u32,
        /// Number of pairs.
        pairs: u32,
        /// Cycles between pairs.
        period: u32,
        /// Cycles from input event to neuron spike; negative: spike first.
        interval: i32,
        /// Mask of the PADI buses that fire.
        padi_buses: u32,
        /// Row select address of the event, 0..=31.
        row_select: u32,
        /// Label of the event, 0..=63.
        label: u32,
        /// Neurons that spike: 0 even columns, 1 odd columns, 2 all (odd ones about a reset pulse behind even ones).
        parity: u32,
    }
}

block! {
    /// The reading of one row. Lane e is column 2e of the even arrays and 2e + 1 of the odd ones.
    Reading "reading" {
        /// Causal channel, even columns.
        causal_even: [u8; 128],
        /// Causal channel, odd columns.
        causal_odd: [u8; 128],
        /// Acausal channel, even columns.
        acausal_even: [u8; 128],
        /// Acausal channel, odd columns.
        acausal_odd: [u8; 128],
    }
}
