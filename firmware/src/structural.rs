//! The structural plasticity program (`programs/structural.c`; experiments E03).

use crate::block::block;

/// Seeds the generators and takes the baseline.
pub const COMMAND_INITIALISE: u32 = 2;
/// Random labels and weights for all synapses of the game.
pub const COMMAND_RANDOMISE: u32 = 3;
/// [`Parameters::trials`] trials with plasticity.
pub const COMMAND_TRAIN: u32 = 4;
/// [`Parameters::trials`] trials without.
pub const COMMAND_EVALUATE: u32 = 5;
/// [`Record::winner`] if no neuron fired.
pub const NO_WINNER: u8 = 255;
/// Capacity of the ring in SRAM.
pub const RING: u32 = 64;
/// Name of the symbol of the word that counts reassigned synapses since initialisation.
pub const REASSIGNMENTS: &str = "reassignments";

block! {
    /// The parameter block, symbol `parameters`. Initial values are in the image. Times are in processor cycles.
    Parameters "parameters" {
        /// Seed of both random generators, not 0.
        seed: u32,
        /// 1..=32.
        rows: u32,
        /// Row k of the game is synapse row `first_row + k * row_stride`.
        first_row: u32,
        /// See [`Parameters::first_row`].
        row_stride: u32,
        /// Label neurons, 1..=8.
        neurons: u32,
        /// Neuron i is column `first_column + 2 i`.
        first_column: u32,
        /// Labels per row, 1..=16.
        candidates: u32,
        /// The labels of the candidates, 0..=63, the same in all rows.
        labels: [u32; 16],
        /// Trials of one train or evaluate command.
        trials: u32,
        /// Cycles from noticing the command to the first trial.
        start_delay: u32,
        /// Cycles between the starts of trials.
        period: u32,
        /// Cycles from the start of a trial until preparation must be done.
        stimulus_start: u32,
        /// Cycles from the start of a trial until the update begins.
        stimulus_end: u32,
        /// Readings averaged for the baseline, 1..=128.
        baseline_readings: u32,
        /// 1/256 weight LSB per 2 LSB of the correlation reading, 0..=255.
        stdp: i32,
        /// Q16.16: share of its weight a synapse loses per spike of its neuron, 0..=1.
        homeostasis: i32,
        /// 1/256 weight LSB: the largest random change, 0..=32767.
        noise: i32,
        /// Trials between changes of structure; 0 switches them off.
        structure_interval: u32,
        /// A synapse with a smaller weight is reassigned.
        prune_below: u32,
        /// Weight of a reassigned synapse, 0..=63.
        new_weight: u32,
        /// Mean of the random initial weights, 0..=63.
        initial_weight_mean: u32,
        /// Their standard deviation, 0..=63.
        initial_weight_deviation: u32,
        /// Byte address of the ring of records in SRAM or FPGA memory; 0: symbol `records`, with at most [`RING`] records.
        record_address: u32,
        /// Records in the ring.
        record_capacity: u32,
    }
}

block! {
    /// What a trial came to. Record n is at ring position n mod `record_capacity`.
    Record "record" {
        /// Number of the trial.
        trial: u32,
        /// Neuron with most spikes, the first of equals; [`NO_WINNER`] without any spike.
        winner: u8,
        /// 1: with plasticity.
        training: u8,
        /// Synapses that got a new label after this trial.
        reassigned: u16,
        /// Spikes of the neurons.
        counts: [u8; 8],
    }
}
