//! Random numbers of the membrane noise (analog-core 8.3): pure functions of seed, neuron and moment.
//!
//! There is one for each circuit and step, so they are made of a few integer operations that become vector instructions, instead of
//! the generator that all rarer draws use. The sum of four uniform numbers of 16 bits stands for a normal deviate: it is cut at 3.5
//! standard deviations and its fourth moment is 2.7 instead of 3, but a membrane adds up many of them.

use bss2_base::random::{Level, Stream, path_hash};

/// Membrane noise current of a step; instance: neuron.
const CURRENT: u32 = path_hash("neuron.membrane.noise_rate_at_full_c.stepped");

/// What makes the draws of a neuron its own.
pub(super) fn key(seed: u64, neuron: usize) -> u32 {
    Stream::new(seed, CURRENT, Level::Noise, neuron as u32).word(0)
}

/// Spreads every bit of `x` over all of them.
#[inline(always)]
fn mix(mut x: u32) -> u32 {
    x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
    x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

/// What makes the draws at `time` (ps) and of one purpose their own.
#[inline(always)]
pub(super) fn moment(time: u64, purpose: Purpose) -> u32 {
    moment_of([(time >> 32) as u32, time as u32], purpose)
}

/// The same of a time in two words, high then low.
#[inline(always)]
pub(super) fn moment_of([high, low]: [u32; 2], purpose: Purpose) -> u32 {
    mix(mix(high ^ purpose as u32) ^ low)
}

/// What a draw is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// The noise current of a step that begins.
    Step = 0x5354_4550,
    /// What a step that ends early lacks to a Brownian path.
    Bridge = 0x4252_4447,
}

/// A deviate with mean 0 and variance 1.
#[inline(always)]
pub(super) fn deviate(key: u32, moment: u32) -> f32 {
    let a = mix(key ^ moment);
    let b = mix(a.wrapping_add(0x9e37_79b9) ^ key);
    let sum = (a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16);
    // Mean 2 (2^16 - 1), variance (2^32 - 1) / 3.
    (sum as f32 - 131_070.0) * 2.642_906_4e-5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviates_are_normal_enough_and_independent() {
        let (mut sum, mut square, mut fourth) = (0.0, 0.0, 0.0);
        let (mut neighbour, mut next, mut bridge) = (0.0, 0.0, 0.0);
        let n = 400_000.0;
        for neuron in 0..100 {
            let (own, other) = (key(1, neuron), key(1, neuron + 1));
            for step in 0..4_000u64 {
                let here = moment(100_000 * step, Purpose::Step);
                let x = f64::from(deviate(own, here));
                sum += x;
                square += x * x;
                fourth += x * x * x * x;
                neighbour += x * f64::from(deviate(other, here));
                next += x * f64::from(deviate(own, moment(100_000 * (step + 1), Purpose::Step)));
                bridge += x * f64::from(deviate(own, moment(100_000 * step, Purpose::Bridge)));
            }
        }
        let close = |value: f64, to: f64, error: f64| assert!((value - to).abs() < error, "{value} {to}");
        close(sum / n, 0.0, 0.006);
        close(square / n, 1.0, 0.009);
        close(fourth / n, 2.7, 0.05);
        close(neighbour / n, 0.0, 0.006);
        close(next / n, 0.0, 0.006);
        close(bridge / n, 0.0, 0.006);
    }
}
