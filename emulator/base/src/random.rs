//! Random numbers as pure functions of what they are for (analog-core 8.1, settled row 17).
//!
//! A virtual chip is an individual because every deviation of it follows from its seed. There is no generator that is
//! carried along: the number for "offset of the threshold comparator of neuron 17 of the chip with seed 5" is computed
//! from exactly these words by Philox-4x32-10, the counter-based generator of Salmon et al. (2011). Hence asking in another
//! order, from more threads or for fewer instances never changes any number, and adding a parameter leaves all others alone.
//!
//! ```
//! use bss2_base::random::{Level, Stream, path_hash};
//!
//! const THRESHOLD_OFFSET: u32 = path_hash("neuron.threshold.offset");
//! let of_neuron_17 = Stream::new(5, THRESHOLD_OFFSET, Level::Instance, 17);
//! assert_eq!(of_neuron_17.normal(0), of_neuron_17.normal(0));
//! assert_ne!(of_neuron_17.normal(0), of_neuron_17.normal(1));
//! ```
//!
//! Layout of the Philox input. Key: low and high half of the seed. Counter: `[draw / 4, (draw / 4) >> 32 | level << 24,
//! instance, path hash]`; draw `d` is word `d mod 4` of the output block, so that four consecutive draws cost one block.

use crate::math::inverse_normal_cdf;
use rand::rand_core::{SeedableRng, TryRng};
use std::convert::Infallible;

/// Deviates are cut at this many standard deviations (analog-core 8.1).
pub const NORMAL_CUT: f64 = 4.0;
/// Φ(-4), the mass below the cut.
const MASS_BELOW_CUT: f64 = 3.167_124_183_311_992_4e-5;

/// One evaluation of Philox-4x32 with ten rounds.
#[inline]
pub const fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
    const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut k0, mut k1] = key;
    let mut round = 0;
    while round < 10 {
        let left = MULTIPLIERS[0] * a as u64;
        let right = MULTIPLIERS[1] * c as u64;
        (a, b, c, d) =
            ((right >> 32) as u32 ^ b ^ k0, right as u32, (left >> 32) as u32 ^ d ^ k1, left as u32);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
        round += 1;
    }
    [a, b, c, d]
}

/// The number of a random quantity: FNV-1a (32 bits) of its dotted path in the parameter file, for instance
/// `neuron.threshold.offset`. Stable for ever; that no two paths of the model collide is checked where they are listed.
pub const fn path_hash(path: &str) -> u32 {
    let bytes = path.as_bytes();
    let mut hash = 0x811c_9dc5_u32;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    hash
}

/// Which deviation of a quantity is meant: deviations of different levels are independent and add up (analog-core 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    /// Common to the whole chip; the instance is 0.
    Chip = 0,
    /// Common to a quadrant; the instance is its number.
    Quadrant = 1,
    /// Of one neuron, driver, synapse, cell or channel.
    Instance = 2,
    /// Changing in time: the draw counts writes, conversions, crossings or steps of a grid.
    Noise = 3,
}

/// The inexhaustible sequence of random numbers of one quantity of one instance. Draws are numbered; each is a pure
/// function of the stream and its number. Numbers up to 2^58 - 1 are distinct, higher ones wrap around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    path: u32,
    level: Level,
    instance: u32,
}

impl Stream {
    /// The stream of the quantity with this [`path_hash`], of this instance, for the chip with this seed.
    pub const fn new(seed: u64, path: u32, level: Level, instance: u32) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], path, level, instance }
    }

    /// Draws `4 * number ..= 4 * number + 3` as raw words.
    #[inline]
    pub const fn block(&self, number: u64) -> [u32; 4] {
        let high = (number >> 32) as u32 & 0x00ff_ffff | (self.level as u32) << 24;
        philox(self.key, [number as u32, high, self.instance, self.path])
    }

    /// Draw number `draw` as a raw word.
    #[inline]
    pub const fn word(&self, draw: u64) -> u32 {
        self.block(draw / 4)[draw as usize % 4]
    }

    /// A number from the open interval (0, 1), on a grid of 2^-32.
    #[inline]
    pub fn uniform(&self, draw: u64) -> f64 {
        uniform(self.word(draw))
    }

    /// A standard normal deviate, cut at ±[`NORMAL_CUT`].
    #[inline]
    pub fn normal(&self, draw: u64) -> f64 {
        normal(self.word(draw))
    }

    /// The four standard normal deviates of draws `4 * number ..= 4 * number + 3`.
    #[inline]
    pub fn normal_block(&self, number: u64) -> [f64; 4] {
        self.block(number).map(normal)
    }

    /// True with this probability.
    #[inline]
    pub fn bernoulli(&self, draw: u64, probability: f64) -> bool {
        self.uniform(draw) < probability
    }
}

/// The number in (0, 1) that belongs to a random word.
#[inline]
pub fn uniform(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// The standard normal deviate that belongs to a random word.
///
/// The inverse CDF of the normal distribution restricted to ±4 standard deviations: no word is rejected, which is what
/// makes "draw n" a function of n. Its standard deviation is 0.99946.
#[inline]
pub fn normal(word: u32) -> f64 {
    inverse_normal_cdf(MASS_BELOW_CUT + uniform(word) * (1.0 - 2.0 * MASS_BELOW_CUT))
}

/// The words of one [`Stream`] in order, for consumers of the `rand` traits outside of the model (shuffles, examples,
/// test inputs). The model itself asks streams by draw number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequentialRng {
    stream: Stream,
    next: u64,
}

impl SequentialRng {
    /// Begins with draw 0 of `stream`.
    pub const fn new(stream: Stream) -> Self {
        Self { stream, next: 0 }
    }
}

impl TryRng for SequentialRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let word = self.stream.word(self.next);
        self.next = self.next.wrapping_add(1);
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.try_next_u32()?);
        Ok(low | u64::from(self.try_next_u32()?) << 32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl SeedableRng for SequentialRng {
    type Seed = [u8; 8];

    fn from_seed(seed: [u8; 8]) -> Self {
        Self::new(Stream::new(u64::from_le_bytes(seed), path_hash("sequential"), Level::Instance, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn philox_gives_the_published_vectors() {
        // kat_vectors of Random123, rows "philox4x32 10".
        let cases: [([u32; 2], [u32; 4], [u32; 4]); 3] = [
            ([0; 2], [0; 4], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 2], [u32::MAX; 4], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (key, counter, expected) in cases {
            assert_eq!(philox(key, counter), expected);
        }
    }

    #[test]
    fn the_path_hash_is_fnv_1a() {
        // Vectors of Fowler, Noll and Vo for the empty string, "a" and "foobar".
        assert_eq!(
            [path_hash(""), path_hash("a"), path_hash("foobar")],
            [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]
        );
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let path = path_hash("neuron.leak.a");
        let base = Stream::new(1, path, Level::Instance, 3);
        let others = [
            Stream::new(2, path, Level::Instance, 3),
            Stream::new(1 | 1 << 40, path, Level::Instance, 3),
            Stream::new(1, path ^ 1, Level::Instance, 3),
            Stream::new(1, path, Level::Quadrant, 3),
            Stream::new(1, path, Level::Instance, 4),
        ];
        for other in others {
            assert_ne!(base.block(0), other.block(0), "{other:?}");
        }
        assert_ne!(base.block(0), base.block(1 << 32));
        assert_eq!(base.word(6), base.block(1)[2]);
    }

    #[test]
    fn normal_deviates_have_the_moments_of_the_cut_distribution() {
        let stream = Stream::new(7, path_hash("moments"), Level::Noise, 0);
        let n = 1_000_000_u64;
        let mut sums = [0.0; 4];
        let mut largest = 0.0_f64;
        for block in 0..n / 4 {
            for z in stream.normal_block(block) {
                largest = largest.max(z.abs());
                for (power, sum) in sums.iter_mut().enumerate() {
                    *sum += z.powi(power as i32 + 1);
                }
            }
        }
        let [mean, square, cube, fourth] = sums.map(|sum| sum / n as f64);
        // Moments of the normal distribution between -4 and 4: second 1 - 8 φ(4)/(1 - 2 Φ(-4)), fourth by parts.
        let edge = 8.0 * 1.338_302_257_648_853_7e-4 / (1.0 - 2.0 * MASS_BELOW_CUT);
        let second = 1.0 - edge;
        assert!(mean.abs() < 4e-3, "{mean}");
        assert!((square - second).abs() < 6e-3, "{square}");
        assert!(cube.abs() < 2e-2, "{cube}");
        assert!((fourth - (3.0 * second - 16.0 * edge)).abs() < 4e-2, "{fourth}");
        assert!(largest <= NORMAL_CUT && largest > 3.9, "{largest}");
    }

    #[test]
    fn the_extreme_words_stay_inside_the_cut() {
        assert!(normal(0) >= -NORMAL_CUT && normal(0) < -3.9999);
        assert!(normal(u32::MAX) <= NORMAL_CUT && normal(u32::MAX) > 3.9999);
        assert!(uniform(0) > 0.0 && uniform(u32::MAX) < 1.0);
    }

    #[test]
    fn uniform_numbers_fill_their_interval_evenly() {
        let stream = Stream::new(11, path_hash("evenness"), Level::Instance, 9);
        let mut bins = [0_u32; 64];
        let n = 64_000;
        for draw in 0..n {
            bins[(stream.uniform(draw) * 64.0) as usize] += 1;
        }
        let chi: f64 = bins.iter().map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0).sum();
        // 63 degrees of freedom: mean 63, standard deviation 11.2.
        assert!(chi > 25.0 && chi < 110.0, "chi-square {chi}");
    }

    #[test]
    fn the_sequential_generator_walks_through_its_stream() {
        let stream = Stream::new(3, path_hash("sequential"), Level::Instance, 0);
        let mut rng = SequentialRng::seed_from_u64(3);
        rng = SequentialRng { stream, ..rng };
        assert_eq!([rng.next_u32(), rng.next_u32()], [stream.word(0), stream.word(1)]);
        assert_eq!(rng.next_u64(), u64::from(stream.word(2)) | u64::from(stream.word(3)) << 32);
        let mut bytes = [0; 6];
        rng.fill_bytes(&mut bytes);
        assert_eq!(bytes[..4], stream.word(4).to_le_bytes());
    }
}
