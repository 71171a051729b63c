//! Random numbers of the temporal noise: every draw is a pure function of what it is for and when.
//!
//! The moment (in ps) is the draw index: a circuit never asks twice for the same quantity at the same time, and so the number
//! depends neither on how time was sliced nor on how many draws came before.

use bss2_base::random::{Level, Stream, path_hash};

/// Membrane noise that was left pending over a quiet stretch; instance: neuron.
pub(crate) const MEMBRANE_PENDING: u32 = path_hash("neuron.membrane.noise_rate_at_full_c");
/// Membrane noise current of a live cell; instance: neuron.
pub(crate) const MEMBRANE_LIVE: u32 = path_hash("neuron.membrane.noise_rate_at_full_c.live");
/// Threshold offset of an arming; instance: neuron.
pub(crate) const THRESHOLD: u32 = path_hash("neuron.threshold.voltage_noise");
/// Comparator delay of a crossing; instance: neuron.
pub(crate) const COMPARATOR_DELAY: u32 = path_hash("neuron.threshold.time_jitter");
/// Charge of a synaptic event; instance: synapse and line.
pub(crate) const CHARGE: u32 = path_hash("synapse.event_noise_rel");
/// Step of a correlation accumulator; instance: synapse and branch.
pub(crate) const CORRELATION: u32 = path_hash("correlation.increment_noise");
/// CADC conversion; instance: channel.
pub(crate) const CADC: u32 = path_hash("cadc.noise");

/// A standard normal deviate, cut at 4 sigma.
#[inline]
pub(crate) fn normal(seed: u64, quantity: u32, instance: u32, draw: u64) -> f64 {
    Stream::new(seed, quantity, Level::Noise, instance).normal(draw)
}
