//! exp and tanh in `f32`, written so that a loop over an array of lanes becomes vector instructions.
//!
//! Additions, multiplications, divisions and integer operations in a fixed order, without a fused multiply-add and without branches
//! (the comparisons become minima and maxima): the same bits in every vector width. A relative error of 4e-7 in a current is five
//! orders of magnitude below what the tolerance of the fast level leaves (analog-core 9.5).
//!
//! | function | largest relative error found | promise |
//! |---|---|---|
//! | [`exp`] | 2e-7 | < 3e-7 for -86 <= x <= 88 |
//! | [`tanh`] | 3e-7, 1.1e-7 below 0.5 | < 4e-7 for all x, < 1.5e-7 for |x| < 0.5, also near zero |

/// 1.5 · 2^23: adding it rounds to an integer that then stands in the low mantissa bits.
const ROUNDER: f32 = 12_582_912.0;
/// ln 2 rounded to 9 bits, so that its product with any exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
/// What [`LN2_HIGH`] lacks to ln 2.
const LN2_LOW: f32 = -2.121_944_4e-4;

/// The smaller one; `limit` if `x` is not smaller. NaN becomes `limit`.
#[inline(always)]
pub(super) fn at_most(x: f32, limit: f32) -> f32 {
    if x < limit { x } else { limit }
}

/// The larger one; `limit` if `x` is not larger. NaN becomes `limit`.
#[inline(always)]
pub(super) fn at_least(x: f32, limit: f32) -> f32 {
    if x > limit { x } else { limit }
}

/// e^x, the argument held between -87 and 88.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = at_least(at_most(x, 88.0), -87.0);
    let shifted = x * core::f32::consts::LOG2_E + ROUNDER;
    let multiple = shifted - ROUNDER;
    let r = (x - multiple * LN2_HIGH) - multiple * LN2_LOW;
    // The Taylor series to r^7: |r| <= 0.3466, so the rest is below 6e-9.
    let r2 = r * r;
    let low = 0.5 + r * (1.0 / 6.0);
    let middle = 1.0 / 24.0 + r * (1.0 / 120.0);
    let top = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = low + r2 * (middle + r2 * top);
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (1.0 + (r + r2 * series)) * scale
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    // Beyond 9.2 it is 1 to the last bit.
    let x = at_least(at_most(x, 9.2), -9.2);
    // The continued fraction of tanh y for y = x / 2, seven levels, is y p / d; tanh x = 2 y p d / (d² + z p²).
    let z = 0.25 * (x * x);
    let p = ((z + 378.0) * z + 17_325.0) * z + 135_135.0;
    let d = ((28.0 * z + 3_150.0) * z + 62_370.0) * z + 135_135.0;
    // Below 1 as x minus a small part, with d - p = z k, so that hardly more than the last bit is lost where circuits mostly are.
    let k = (27.0 * z + 2_772.0) * z + 45_045.0;
    let small = x.abs() < 1.0;
    let above = if small { z * (d * k + p * p) } else { p * d };
    let quotient = x * above / (z * p * p + d * d);
    if small { x - quotient } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::{exp, tanh};
    use bss2_base::math;

    /// Largest relative error of `single` on `count` arguments from `low` to `high`.
    fn worst(single: fn(f32) -> f32, double: fn(f64) -> f64, [low, high]: [f64; 2], count: u32) -> f64 {
        let mut worst: f64 = 0.0;
        for number in 0..=count {
            let x = (low + (high - low) * f64::from(number) / f64::from(count)) as f32;
            let exact = double(f64::from(x));
            if exact != 0.0 {
                worst = worst.max((f64::from(single(x)) / exact - 1.0).abs());
            }
        }
        worst
    }

    #[test]
    fn errors_are_within_what_is_promised() {
        assert!(worst(exp, math::exp, [-86.0, 88.0], 400_000) < 3e-7);
        assert!(worst(exp, math::exp, [-1.0, 1.0], 100_000) < 3e-7);
        for (reach, promise) in
            [(1e-30, 1.5e-7), (1e-9, 1.5e-7), (0.1, 1.5e-7), (0.5, 1.5e-7), (1.0, 4e-7), (12.0, 4e-7)]
        {
            let found = worst(tanh, math::tanh, [-reach, reach], 100_000);
            assert!(found < promise, "{reach}: {found:e}");
        }
    }

    #[test]
    fn far_arguments_saturate() {
        assert_eq!((tanh(1e9), tanh(-1e9), tanh(0.0)), (1.0, -1.0, 0.0));
        assert!(exp(-1e9) > 0.0 && exp(-1e9) < 2e-38 && exp(1e9) > 1e38 && exp(1e9).is_finite());
    }
}
