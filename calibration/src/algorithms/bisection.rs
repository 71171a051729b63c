//! BinarySearch and NoisyBinarySearch of the official calibration, step by step (calibration 1.5.1, 1.5.2).

use super::{Counted, SearchError, uniform_noise};

/// Searches; an amplitude of 0 is the plain binary search. Gives the chosen setting and its result of each instance.
pub(super) fn search<E>(
    bench: &mut Counted<'_, '_, E>,
    amplitude: u32,
) -> Result<Vec<(i32, f64)>, SearchError<E>> {
    let problem = bench.problem;
    let range = problem.range;
    let increments = increments(range.settings(), amplitude);
    let first_increment = increments.first().copied().unwrap_or(1);
    if amplitude > first_increment {
        return Err(SearchError::ExcessiveNoise { amplitude, first_increment });
    }
    // Moves, the mirror move, and the first measurement.
    let measurements = increments.len() + 2;
    let noise = uniform_noise(problem.seed, "calibration.search.start", amplitude, problem.instances());
    let start = |(instance, noise): (usize, i32)| {
        if problem.selected(instance) { range.clip(range.middle() + noise) } else { range.middle() }
    };
    let mut tried: Vec<Vec<i32>> = vec![noise.into_iter().enumerate().map(start).collect()];
    let mut results = Vec::with_capacity(measurements);
    for measurement in 0..measurements {
        let knobs = &tried[measurement];
        let measured = bench.measure(knobs)?;
        if measurement + 1 < measurements {
            let next = |(instance, &knob): (usize, &i32)| {
                if !problem.selected(instance) {
                    return knob;
                }
                match increments.get(measurement) {
                    Some(&increment) => {
                        range.clip(knob + increment as i32 * problem.direction(instance, measured[instance]))
                    }
                    None => mirror(tried[measurement - 1][instance], knob, range),
                }
            };
            tried.push(knobs.iter().enumerate().map(next).collect());
        }
        results.push(measured);
    }
    let candidates = (3 + amplitude.ceil_log2()).min(measurements);
    let best = |instance: usize| {
        let mut best = measurements - 1;
        for candidate in (measurements - candidates..measurements).rev() {
            let better = |a: usize, b: usize| {
                problem.deviation(instance, results[a][instance])
                    < problem.deviation(instance, results[b][instance])
            };
            if better(candidate, best) {
                best = candidate;
            }
        }
        (tried[best][instance], results[best][instance])
    };
    Ok((0..problem.instances()).map(best).collect())
}

/// The last setting: on the other side of the one before the last.
fn mirror(before: i32, last: i32, range: super::KnobRange) -> i32 {
    let mirrored = if before != last {
        2 * before - last
    } else if before <= range.lower() {
        before + 1
    } else if before >= range.upper() {
        before - 1
    } else {
        // No result, no direction.
        before
    };
    range.clip(mirrored)
}

/// The used moves: `⌈P / 2^(s+2)⌉` for s = 0 … ⌈log2 P⌉ − 1, with the noise amplitude sorted in.
fn increments(settings: u32, amplitude: u32) -> Vec<u32> {
    let mut increments: Vec<u32> =
        (0..settings.ceil_log2()).map(|s| settings.div_ceil(1 << (s + 2).min(31))).collect();
    if amplitude > 0 {
        increments.push(amplitude);
        increments[1..].sort_unstable_by(|a, b| b.cmp(a));
    }
    increments
}

trait CeilLog2 {
    fn ceil_log2(self) -> usize;
}

impl CeilLog2 for u32 {
    /// `⌈log2 x⌉`, 0 for 0 and 1.
    fn ceil_log2(self) -> usize {
        (32 - self.saturating_sub(1).leading_zeros()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moves_are_those_of_the_official_search() {
        // Tables of calibration 1.5.1 and 1.5.2 without the two moves that are never used.
        assert_eq!(increments(1023, 0), [256, 128, 64, 32, 16, 8, 4, 2, 1, 1]);
        assert_eq!(increments(256, 0), [64, 32, 16, 8, 4, 2, 1, 1]);
        assert_eq!(increments(64, 0), [16, 8, 4, 2, 1, 1]);
        assert_eq!(increments(16, 0), [4, 2, 1, 1]);
        assert_eq!(increments(1023, 5), [256, 128, 64, 32, 16, 8, 5, 4, 2, 1, 1]);
    }
}
