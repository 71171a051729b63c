//! The Pong program (`programs/rstdp.c`; experiments E02). Its timing and rule are described in the source.

use crate::block::block;

/// Seeds the generators, takes the baseline (about 3 ms with 16 rows and 8 readings), resets the expected rewards.
pub const COMMAND_INITIALISE: u32 = 2;
/// Plays [`Parameters::trials`] trials; may be repeated, trials are numbered on.
pub const COMMAND_RUN: u32 = 3;
/// [`Record::winner`] if no neuron fired.
pub const NO_WINNER: u8 = 255;
/// Capacity of the ring in SRAM.
pub const RING: u32 = 16;

block! {
    /// The parameter block, symbol `parameters`. Initial values are in the image. Times are in processor cycles; Q16.16 numbers
    /// are made by [`q16`](crate::control::q16).
    Parameters "parameters" {
        /// Seed of both random generators, not 0.
        seed: u32,
        /// Input rows = positions of the ball, 1..=32.
        rows: u32,
        /// Row k of the game is synapse row `first_row + k * row_stride`.
        first_row: u32,
        /// See [`Parameters::first_row`].
        row_stride: u32,
        /// Synapse row that gets the noise weights.
        noise_row: u32,
        /// Positions of the paddle, 1..=64.
        neurons: u32,
        /// Neuron i is column `first_column + i * column_stride`.
        first_column: u32,
        /// 2: one parity of columns; 1: all columns, with at most 16 rows.
        column_stride: u32,
        /// Trials of one run command.
        trials: u32,
        /// Cycles from noticing the run command to the first trial.
        start_delay: u32,
        /// Cycles between the starts of trials.
        period: u32,
        /// Cycles from the start of a trial until preparation must be done.
        stimulus_start: u32,
        /// Cycles from the start of a trial until learning begins.
        stimulus_end: u32,
        /// Readings averaged for the baseline, 1..=128.
        baseline_readings: u32,
        /// Q16.16. An update of 1 means that the eligibility of a synapse is its weight change.
        learning_rate: i32,
        /// Epochs without weight change by reward, at the start of training.
        epochs_without_learning: u32,
        /// Q16.16: share of the newest reward in the expected reward in the first epoch.
        mean_decay_first: i32,
        /// Q16.16: the same after [`Parameters::mean_decay_epochs`]; linear in between.
        mean_decay_last: i32,
        /// Epochs of the ramp.
        mean_decay_epochs: u32,
        /// Q16.16: standard deviation of the noise weights in LSB in the first epoch, below 32; used in steps of 1/4.
        noise_first: i32,
        /// Q16.16: the same after [`Parameters::noise_epochs`]; linear in between.
        noise_last: i32,
        /// Epochs of the ramp.
        noise_epochs: u32,
        /// Mean of the noise before scaling and before negative weights become 0, in 1/32 of its standard deviation.
        noise_offset: i32,
        /// Spikes of a neuron in one epoch that homeostasis aims at.
        homeostasis_target: i32,
        /// Q16.16: weight LSB per missing spike, below 8. 0 switches homeostasis off.
        homeostasis_rate: i32,
        /// Q16.16 per spike, by distance between neuron and row; the last for all distances from 7 on.
        reward: [i32; 8],
        /// Byte address of the ring of records in SRAM or FPGA memory; 0: symbol `records`, with at most [`RING`] records.
        record_address: u32,
        /// Records in the ring.
        record_capacity: u32,
    }
}

block! {
    /// What a trial came to. Record n is at ring position n mod `record_capacity`.
    Record "record" {
        /// Number of the trial, modulo 65536.
        trial: u16,
        /// Position of the ball.
        row: u8,
        /// Neuron with most spikes, ties broken at random; [`NO_WINNER`] without any spike.
        winner: u8,
        /// 1 if the winner's reward is not negative.
        success: u8,
        /// (reward - expected reward) * learning rate in 1/128, limited to -127..=127.
        update: i8,
        /// Sum of |weight change| by the reward rule over all synapses, before limiting to 0..=63.
        weight_change: u16,
        /// Q16.16.
        reward: i32,
        /// Q16.16: expected reward of this row after this trial.
        expected: i32,
        /// Spikes of neurons 0..=15.
        counts: [u8; 16],
    }
}
