//! The noise on equal values of neighbouring cells (calibration 1.2).

use super::Range;
use bss2_base::random::SequentialRng;
use rand::Rng;

/// A uniform integer in `lower ..= upper`.
pub fn uniform_integer(random: &mut SequentialRng, lower: i32, upper: i32) -> i32 {
    let count = (i64::from(upper) - i64::from(lower) + 1).max(1);
    // Multiply and shift; the bias of 2^-32 of the range does not matter for noise.
    let step = (u64::from(random.next_u32()) * count as u64) >> 32;
    lower + step as i32
}

/// Codes for `count` cells that are all to hold `value`: each with uniform noise of this amplitude, within `range`, because
/// many cells holding the same code disturb one another. 0 is exact: switching off always is.
pub fn noisy(random: &mut SequentialRng, value: i32, count: usize, amplitude: i32, range: Range) -> Vec<i32> {
    let mut one = || match value {
        0 => 0,
        value => range.clip(value + uniform_integer(random, -amplitude, amplitude)),
    };
    (0..count).map(|_| one()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn noise_reaches_both_ends_and_leaves_zero_alone() {
        let mut random = SequentialRng::seed_from_u64(3);
        let codes = noisy(&mut random, 500, 2000, 5, Range::CELL);
        assert_eq!((codes.iter().min(), codes.iter().max()), (Some(&495), Some(&505)));
        assert!(noisy(&mut random, 0, 50, 5, Range::CELL).iter().all(|&code| code == 0));
        assert!(noisy(&mut random, 1022, 200, 5, Range::CELL).iter().all(|&code| code <= 1022));
    }
}
