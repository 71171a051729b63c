//! Random numbers of the temporal noise: every draw is a pure function of what it is for and when.
//!
//! The moment is the draw index: a circuit never asks twice for the same quantity at the same time, and so the number depends
//! neither on how time was sliced nor on how many draws came before.

use bss2_base::random::{Level, Stream, normal as exact_normal, path_hash};
use std::sync::LazyLock;

/// Membrane noise that was left pending over a quiet stretch; instance: neuron.
pub(crate) const MEMBRANE_PENDING: u32 = path_hash("neuron.membrane.noise_rate_at_full_c");
/// Membrane noise current of a live cell; instance: neuron.
pub(crate) const MEMBRANE_LIVE: u32 = path_hash("neuron.membrane.noise_rate_at_full_c.live");
/// Threshold offset of an arming; instance: neuron.
pub(crate) const THRESHOLD: u32 = path_hash("neuron.threshold.voltage_noise");
/// Comparator delay of a crossing; instance: neuron.
pub(crate) const COMPARATOR_DELAY: u32 = path_hash("neuron.threshold.time_jitter");
/// Charges of a synaptic event; instance: synapse row and line, spread over the columns.
pub(crate) const CHARGE: u32 = path_hash("synapse.event_noise_rel");
/// Steps of the acausal accumulators at a pre pulse; instance: synapse row, spread over the columns.
pub(crate) const CORRELATION_PRE: u32 = path_hash("correlation.increment_noise.acausal");
/// Steps of the causal accumulators at a post pulse; instance: neuron, spread over the rows.
pub(crate) const CORRELATION_POST: u32 = path_hash("correlation.increment_noise.causal");
/// A CADC conversion; instance: synapse row, spread over the channels.
pub(crate) const CADC: u32 = path_hash("cadc.noise");

/// A standard normal deviate, cut at 4 sigma, for the moment `time` in ps.
#[inline]
pub(crate) fn normal(seed: u64, quantity: u32, instance: u32, time: u64) -> f64 {
    interpolated_normal(Stream::new(seed, quantity, Level::Noise, instance).word(time))
}

/// Standard normal deviates for the many things that one pulse touches.
///
/// One block of the counter-based generator is spread over them by SplitMix64 (Steele et al. 2014): charges, correlation steps and
/// conversions are by far the most frequent draws. Cut at 4 sigma like all others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    start: u64,
    salt: u64,
}

impl Spread {
    /// The deviates of `quantity` of `instance` at the moment `time` in ps.
    #[inline]
    pub(crate) fn new(seed: u64, quantity: u32, instance: u32, time: u64) -> Self {
        let [a, b, c, d] = Stream::new(seed, quantity, Level::Noise, instance).block(time);
        let join = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        Self { start: join(a, b), salt: join(c, d) }
    }

    /// The deviate of thing number `index`.
    #[inline]
    pub(crate) fn normal(&self, index: u32) -> f64 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.start.wrapping_add(u64::from(index).wrapping_mul(GOLDEN));
        z = (z ^ self.salt ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        interpolated_normal((z >> 32) as u32)
    }
}

/// Bins of equal probability in [`QUANTILES`].
const BINS: u32 = 512;
/// The outermost bins on either side, which are too curved to interpolate.
const TAIL: u32 = 2;

/// Normal quantiles at the edges of the bins. A table of constants that is computed once.
static QUANTILES: LazyLock<[f64; BINS as usize + 1]> = LazyLock::new(|| {
    core::array::from_fn(|edge| exact_normal((edge as u64 * (1 << 23)).min(u64::from(u32::MAX)) as u32))
});

/// [`bss2_base::random::normal`] to 0.01 (and 10^-4 on average).
#[inline]
fn interpolated_normal(word: u32) -> f64 {
    let bin = word >> 23;
    if !(TAIL..BINS - TAIL).contains(&bin) {
        return exact_normal(word);
    }
    let quantiles: &[f64; BINS as usize + 1] = &QUANTILES;
    let low = quantiles[bin as usize];
    let fraction = f64::from(word & 0x7f_ffff) * (1.0 / 8_388_608.0);
    low + fraction * (quantiles[bin as usize + 1] - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolated_deviates_are_close_to_exact_ones() {
        let (mut worst, mut sum) = (0.0f64, 0.0);
        for i in 0..100_000u32 {
            let word = i.wrapping_mul(42_949) + 17;
            let miss = (interpolated_normal(word) - exact_normal(word)).abs();
            worst = worst.max(miss);
            sum += miss;
        }
        assert!(worst < 1e-2 && sum < 1e-4 * 1e5, "{worst} {sum}");
    }

    #[test]
    fn spread_deviates_are_normal_and_uncorrelated() {
        let (mut sum, mut square, mut fourth, mut neighbour, mut next) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let n = 400_000.0;
        for time in 0..4_000 {
            let here = Spread::new(1, CHARGE, 7, 4_000 * time);
            let later = Spread::new(1, CHARGE, 7, 4_000 * time + 4_000);
            for index in 0..100 {
                let x = here.normal(index);
                sum += x;
                square += x * x;
                fourth += x * x * x * x;
                neighbour += x * here.normal(index + 1);
                next += x * later.normal(index);
            }
        }
        let close = |value: f64, to: f64, error: f64| assert!((value - to).abs() < error, "{value} {to}");
        close(sum / n, 0.0, 0.006);
        close(square / n, 0.998_9, 0.009);
        close(fourth / n, 2.98, 0.06);
        close(neighbour / n, 0.0, 0.006);
        close(next / n, 0.0, 0.006);
    }
}
