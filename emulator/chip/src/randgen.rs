//! The vector random generator: one shift register for each column (register-map 6.4; settled: 19, O17).
//!
//! A read of a vector returns the low byte of each column's 16-bit register and then shifts it once, so that
//! each draw contains one new bit; firmware that wants independent numbers discards draws in between. A write
//! sets the low byte of the register and clears the high one. Each column has another feedback polynomial:
//! equal seeds give different sequences, each of the maximal period 65535.
//!
//! The polynomials on silicon are unknown. The table is every eighth of the 2048 maximal-length tap sets in
//! ascending order, [`RandomGenerators::with_taps`] takes others. A register of all zeros would stay so: seed
//! 0 counts as state 1 (`randgen.polynomials`).

use bss2_base::COLUMNS;
use serde::{Deserialize, Serialize};

use crate::synapse_array::{LANES, Vector};

/// The bits of each column's register whose parity is shifted in, by column.
pub const TAPS: [u16; COLUMNS] = [
    0x8016, 0x80a7, 0x810c, 0x8172, 0x81d1, 0x8248, 0x82ee, 0x83b6, 0x846f, 0x84d7, 0x8562, 0x85f2, 0x864a,
    0x86f2, 0x87b4, 0x8821, 0x88b7, 0x8940, 0x899e, 0x8a49, 0x8ad0, 0x8b28, 0x8bcc, 0x8c5d, 0x8cd9, 0x8d72,
    0x8de1, 0x8e65, 0x8eac, 0x8f1f, 0x8f73, 0x8fdc, 0x9063, 0x911a, 0x91a2, 0x924c, 0x92bc, 0x933f, 0x93d2,
    0x9462, 0x94ce, 0x951d, 0x95a9, 0x9627, 0x967b, 0x9707, 0x979e, 0x983b, 0x9886, 0x991b, 0x996c, 0x99e2,
    0x9a8e, 0x9b1a, 0x9b85, 0x9c1b, 0x9c90, 0x9cde, 0x9d3b, 0x9de5, 0x9e49, 0x9eb3, 0x9f21, 0x9f7d, 0xa084,
    0xa0dd, 0xa125, 0xa1a1, 0xa23b, 0xa285, 0xa2da, 0xa348, 0xa3be, 0xa41f, 0xa48a, 0xa517, 0xa57d, 0xa5ee,
    0xa65c, 0xa6b4, 0xa737, 0xa792, 0xa7d0, 0xa85d, 0xa8b6, 0xa930, 0xaa2d, 0xaaa5, 0xab4f, 0xac1e, 0xaca6,
    0xacff, 0xada2, 0xae51, 0xaec8, 0xaf1b, 0xafde, 0xb08c, 0xb118, 0xb199, 0xb203, 0xb27b, 0xb2d2, 0xb383,
    0xb3fb, 0xb46a, 0xb53b, 0xb5c7, 0xb637, 0xb6c4, 0xb72e, 0xb77e, 0xb82b, 0xb888, 0xb902, 0xb957, 0xb9cd,
    0xba43, 0xba91, 0xbb1d, 0xbb8e, 0xbc1f, 0xbc86, 0xbd0f, 0xbdd8, 0xbe5f, 0xbed4, 0xbf45, 0xbf97, 0xc00a,
    0xc10d, 0xc179, 0xc1c2, 0xc226, 0xc289, 0xc2e3, 0xc355, 0xc399, 0xc431, 0xc4d3, 0xc53a, 0xc5e8, 0xc677,
    0xc710, 0xc7f2, 0xc852, 0xc918, 0xc982, 0xc9ed, 0xca53, 0xcac5, 0xcb3b, 0xcbb0, 0xcc11, 0xccc6, 0xcd98,
    0xcdf7, 0xce8c, 0xcf30, 0xcf82, 0xcfd2, 0xd061, 0xd0a2, 0xd15f, 0xd1b2, 0xd260, 0xd295, 0xd2ee, 0xd35b,
    0xd41d, 0xd4a6, 0xd55e, 0xd5ba, 0xd62f, 0xd6ad, 0xd73a, 0xd7d7, 0xd841, 0xd8c5, 0xd926, 0xd991, 0xd9f8,
    0xdab5, 0xdb1e, 0xdbb7, 0xdc15, 0xdc73, 0xdd0a, 0xdd7e, 0xddde, 0xde7b, 0xdf2f, 0xdf9b, 0xe01a, 0xe08a,
    0xe0ec, 0xe1a0, 0xe209, 0xe2a0, 0xe304, 0xe3a1, 0xe41b, 0xe4b1, 0xe549, 0xe58f, 0xe625, 0xe686, 0xe724,
    0xe78d, 0xe881, 0xe908, 0xe980, 0xea58, 0xeaa4, 0xeaf1, 0xeb59, 0xebbe, 0xec3e, 0xeca1, 0xed0a, 0xeda3,
    0xee06, 0xee69, 0xef32, 0xefa2, 0xf022, 0xf08b, 0xf146, 0xf1f2, 0xf29b, 0xf321, 0xf3c5, 0xf43b, 0xf49d,
    0xf530, 0xf590, 0xf5e7, 0xf636, 0xf6dd, 0xf791, 0xf7f1, 0xf857, 0xf8e9, 0xf96f, 0xf9d7, 0xfa78, 0xfb07,
    0xfb4f, 0xfb92, 0xfc00, 0xfcdd, 0xfd80, 0xfde6, 0xfe64, 0xfecd, 0xff82,
];

/// The shift registers of all columns of one hemisphere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct RandomGenerators {
    /// By parity and lane: column `2 * lane + parity`.
    states: [[u16; LANES]; 2],
    taps: [[u16; LANES]; 2],
}

impl Default for RandomGenerators {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomGenerators {
    /// With the polynomials of [`TAPS`], all registers in state 1.
    pub fn new() -> Self {
        Self::with_taps(&TAPS)
    }

    /// With other polynomials, by column; all registers in state 1. Bit 15 must be set for a period beyond
    /// 32767.
    pub fn with_taps(taps: &[u16; COLUMNS]) -> Self {
        let taps = [0, 1].map(|parity| std::array::from_fn(|lane| taps[2 * lane + parity]));
        Self { states: [[1; LANES]; 2], taps }
    }

    /// Draws 8 bits in each column of a parity and shifts its registers once.
    pub fn draw(&mut self, parity: u8) -> Vector {
        let parity = usize::from(parity & 1);
        let states = &mut self.states[parity];
        let drawn = states.map(|state| state as u8);
        for (state, taps) in states.iter_mut().zip(&self.taps[parity]) {
            *state = *state << 1 | (*state & taps).count_ones() as u16 & 1;
        }
        drawn
    }

    /// Seeds the columns of a parity whose bit in `lanes` is set.
    pub fn seed(&mut self, parity: u8, seeds: &Vector, lanes: u128) {
        let states = &mut self.states[usize::from(parity & 1)];
        for (lane, (state, &seed)) in states.iter_mut().zip(seeds).enumerate() {
            if lanes >> lane & 1 == 1 {
                *state = u16::from(seed).max(1);
            }
        }
    }
}

/// What a snapshot keeps: states and taps by column.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    states: Vec<u16>,
    taps: Vec<u16>,
}

/// A snapshot does not hold the generators of a hemisphere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("random generator snapshot: {states} states and {taps} tap sets, expected {COLUMNS} of each")]
pub struct SnapshotError {
    /// Number of states found.
    pub states: usize,
    /// Number of tap sets found.
    pub taps: usize,
}

impl From<RandomGenerators> for Stored {
    fn from(generators: RandomGenerators) -> Self {
        let by_column =
            |lanes: [[u16; LANES]; 2]| (0..COLUMNS).map(|column| lanes[column % 2][column / 2]).collect();
        Self { states: by_column(generators.states), taps: by_column(generators.taps) }
    }
}

impl TryFrom<Stored> for RandomGenerators {
    type Error = SnapshotError;

    fn try_from(stored: Stored) -> Result<Self, SnapshotError> {
        let error = SnapshotError { states: stored.states.len(), taps: stored.taps.len() };
        let states: [u16; COLUMNS] = stored.states.try_into().map_err(|_| error)?;
        let taps = stored.taps.try_into().map_err(|_| error)?;
        let by_lane = [0, 1].map(|parity| std::array::from_fn(|lane| states[2 * lane + parity]));
        Ok(Self { states: by_lane, ..Self::with_taps(&taps) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ALL: u128 = u128::MAX;

    #[test]
    fn every_column_has_another_polynomial_of_maximal_length() {
        assert_eq!(TAPS.iter().collect::<BTreeSet<_>>().len(), COLUMNS);
        let mut generators = RandomGenerators::new();
        let start = generators.clone();
        for parity in [0, 1] {
            // Shifting is invertible if bit 15 is tapped, so the first state to come back is the first one.
            let mut returned = [0u32; LANES];
            for draw in 1..=65535 {
                generators.draw(parity);
                let states = generators.states[usize::from(parity)];
                for (lane, returned) in returned.iter_mut().enumerate() {
                    if *returned == 0 && states[lane] == 1 {
                        *returned = draw;
                    }
                }
            }
            assert_eq!(returned, [65535; LANES]);
        }
        assert_eq!(generators, start);
        assert!(TAPS.iter().all(|taps| taps >> 15 == 1));
    }

    #[test]
    fn a_draw_contains_one_new_bit() {
        let mut generators = RandomGenerators::new();
        let mut before = generators.draw(0);
        for _ in 0..100 {
            let now = generators.draw(0);
            for (now, before) in now.iter().zip(before) {
                assert_eq!(now >> 1, before & 0x7f);
            }
            before = now;
        }
    }

    #[test]
    fn equal_seeds_give_different_columns() {
        let mut generators = RandomGenerators::new();
        generators.seed(0, &[0x5a; LANES], ALL);
        generators.seed(1, &[0x5a; LANES], ALL);
        assert_eq!(generators.draw(0), [0x5a; LANES]);
        let mut sequences = vec![Vec::new(); COLUMNS];
        generators.draw(1);
        for _ in 0..64 {
            for parity in [0, 1] {
                for (lane, byte) in generators.draw(parity).into_iter().enumerate() {
                    sequences[2 * lane + usize::from(parity)].push(byte);
                }
            }
        }
        assert_eq!(sequences.iter().collect::<BTreeSet<_>>().len(), COLUMNS);
    }

    #[test]
    fn a_seed_touches_only_the_enabled_lanes_of_its_parity() {
        let mut generators = RandomGenerators::new();
        generators.seed(1, &[7; LANES], 0b100);
        assert_eq!(generators.draw(0), [1; LANES]);
        let odd = generators.draw(1);
        assert_eq!(odd[..4], [1, 1, 7, 1]);
    }

    #[test]
    fn seed_zero_counts_as_state_one() {
        let mut generators = RandomGenerators::new();
        generators.seed(0, &[0; LANES], ALL);
        assert_eq!(generators.draw(0), [1; LANES]);
    }

    #[test]
    fn a_snapshot_restores_states_and_polynomials() {
        let mut generators = RandomGenerators::new();
        generators.draw(0);
        let text = serde_json::to_string(&generators).unwrap();
        assert_eq!(serde_json::from_str::<RandomGenerators>(&text).unwrap(), generators);
        assert!(serde_json::from_str::<RandomGenerators>(r#"{"states":[1],"taps":[]}"#).is_err());
    }
}
