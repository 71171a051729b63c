//! Random numbers of the temporal noise: every draw is a pure function of what it is for and when.

use crate::shim::{normal_from_bits, word};

/// What a draw is for. The numbers are part of the result: never renumber them.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Stream {
    /// Membrane noise that was left pending over a quiet stretch; instance: neuron.
    MembranePending = 1,
    /// Membrane noise current of a live cell; instance: neuron.
    MembraneLive = 2,
    /// Threshold offset of an arming; instance: neuron.
    Threshold = 3,
    /// Comparator delay of a crossing; instance: neuron.
    ComparatorDelay = 4,
    /// Charge of a synaptic event; instance: synapse and line.
    Charge = 5,
    /// Step of a correlation accumulator; instance: synapse and branch.
    Correlation = 6,
    /// CADC conversion; instance: channel.
    Cadc = 7,
}

/// A standard normal deviate, cut at 4 sigma (analog-core 8.1).
///
/// The moment (in ps) is the draw index: a circuit never asks twice for the same quantity at the same time, and so the number
/// depends neither on how time was sliced nor on how many draws came before.
#[inline]
pub(crate) fn normal(seed: u64, stream: Stream, instance: u32, draw: u64) -> f64 {
    normal_from_bits(word(seed, stream as u32, instance, draw))
}
