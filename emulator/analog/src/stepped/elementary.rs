//! exp and tanh in `f32`, written so that a loop over an array of lanes becomes vector instructions.
//!
//! Additions, multiplications, divisions and integer operations in a fixed order, without a fused multiply-add and without branches
//! (the comparisons become minima and maxima): the same bits in every vector width. A relative error of 5e-7 in a current is four
//! orders of magnitude below what the tolerance of the fast level leaves (analog-core 9.5).
//!
//! | function | largest relative error found | promise |
//! |---|---|---|
//! | [`exp`] | 2.5e-7 | < 3e-7 for -86 <= x <= 88 |
//! | [`tanh`] | 4e-7 | < 5e-7 for all x, also near zero |

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
    // e^r = 1 + r + r^2 s(r), s fitted to a largest relative error of 1.1e-7 for |r| <= 0.3466.
    let s = (4.999_923e-1 + r * 1.666_711_4e-1) + (r * r) * (4.189_015_6e-2 + r * 8.312_521e-3);
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (1.0 + (r + (r * r) * s)) * scale
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    // x p(x^2) / q(x^2), fitted to a largest relative error of 1.8e-7 up to 8.2, where 1.5e-7 lack to 1.
    let x = at_least(at_most(x, 8.2), -8.2);
    let z = x * x;
    let y = z * z;
    let p = (9.999_998e-1 + z * 1.290_798_5e-1) + y * (2.932_025_6e-3 + z * 1.122_300_9e-5);
    let top = 2.359_828_5e-4 + z * 2.393_584e-7;
    let q = (1.0 + z * 4.624_117_6e-1) + y * (2.373_785_7e-2 + z * top);
    x * p / q
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
            [(1e-30, 5e-7), (1e-9, 5e-7), (0.1, 5e-7), (1.0, 5e-7), (6.5, 5e-7), (12.0, 5e-7)]
        {
            let found = worst(tanh, math::tanh, [-reach, reach], 100_000);
            assert!(found < promise, "{reach}: {found:e}");
        }
    }

    #[test]
    fn far_arguments_saturate() {
        assert!((tanh(1e9) - 1.0).abs() < 5e-7 && tanh(1e9) == -tanh(-1e9) && tanh(0.0) == 0.0);
        assert!(exp(-1e9) > 0.0 && exp(-1e9) < 2e-38 && exp(1e9) > 1e38 && exp(1e9).is_finite());
    }
}
