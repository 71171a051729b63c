//! The current of a saturating synaptic input as a polynomial of its line's swing (analog-core 5.3, 9.3).
//!
//! A line that nothing reaches decays exponentially, and a power of a decaying exponential is one that decays so many times as
//! fast. A polynomial of the swing is thus a sum of exponentials, whose effect on a linear membrane is known in closed form:
//! saturation costs some terms more, and no steps.

use crate::parameters::SynapticInput;
use bss2_base::math::tanh;
use serde::{Deserialize, Serialize};

/// Number of powers.
pub(crate) const POWERS: usize = 6;
/// Arguments of the hyperbolic tangent, counted from the silent line, between which one polynomial holds to [`ERROR`]; beyond the
/// last, the input is saturated.
const EDGES: [f64; 8] = [0.0, 0.7, 1.4, 2.2, 3.2, 4.4, 6.0, 8.5];
/// How far a polynomial may be from the hyperbolic tangent it follows: 0.8 pA of 489 nA.
#[cfg(test)]
const ERROR: f64 = 1.6e-6;
/// Where in its window a polynomial is the hyperbolic tangent itself: the extrema of a Chebyshev polynomial, so that it is at both ends.
const NODES: [f64; POWERS + 1] =
    [0.0, 0.066_987_298_107_780_68, 0.25, 0.5, 0.75, 0.933_012_701_892_219_3, 1.0];

/// The current of an input in A, without its sign: `constant + sum over k of powers[k - 1] swing^k`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curve {
    /// Smallest and largest swing in V for which it holds.
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// A.
    pub(crate) constant: f64,
    /// A/V^k.
    pub(crate) powers: [f64; POWERS],
}

/// The argument of the hyperbolic tangent of an input per V of swing.
fn steepness(input: &SynapticInput) -> f64 {
    input.transconductance / input.saturation_current
}

impl Curve {
    /// The tangent at the silent line, taken to hold everywhere.
    pub(crate) fn unlimited(input: &SynapticInput) -> Self {
        let mut powers = [0.0; POWERS];
        let constant = if saturates(input) {
            let bent = tanh(steepness(input) * input.offset);
            powers[0] = input.transconductance * (1.0 - bent * bent);
            input.saturation_current * bent
        } else if input.saturation_current > 0.0 {
            powers[0] = input.transconductance;
            input.transconductance * input.offset
        } else {
            0.0
        };
        Self { least: 0.0, most: f64::INFINITY, constant, powers }
    }

    /// The curve for a swing, and for all that are smaller if it is small.
    pub(crate) fn around(input: &SynapticInput, swing: f64) -> Self {
        if !saturates(input) {
            return Self::unlimited(input);
        }
        let (steepness, largest) = (steepness(input), input.saturation_current);
        let Some(window) = EDGES.windows(2).find(|window| steepness * swing <= window[1]) else {
            let least = EDGES[EDGES.len() - 1] / steepness;
            return Self { least, most: f64::INFINITY, constant: largest, powers: [0.0; POWERS] };
        };
        let (least, most) = (window[0] / steepness, window[1] / steepness);
        let swings = NODES.map(|node| least + node * (most - least));
        let [constant, powers @ ..] =
            interpolate(swings, swings.map(|swing| largest * tanh(steepness * (swing + input.offset))));
        // By rounding, it may miss the swing it is asked for.
        Self { least: least.min(swing), most: most.max(swing), constant, powers }
    }

    /// How many powers there are.
    pub(crate) fn count(&self) -> usize {
        POWERS - self.powers.iter().rev().take_while(|power| **power == 0.0).count()
    }

    /// Bounds for any swing u whatever window this is: the current in A is above that of the silent line by no more than the first, A/V,
    /// times u, and no more than the second, A.
    pub(crate) fn bounds(&self, input: &SynapticInput) -> (f64, f64) {
        if self.most == f64::INFINITY && self.powers[0] != 0.0 {
            return (self.powers[0], f64::INFINITY);
        }
        // The silent line is below or on the steepest point.
        (input.transconductance, 2.0 * input.saturation_current)
    }

    /// Whether it holds for a swing.
    #[inline]
    pub(crate) fn holds(&self, swing: f64) -> bool {
        swing >= self.least && swing <= self.most
    }
}

/// Whether the current of an input saturates.
fn saturates(input: &SynapticInput) -> bool {
    input.saturation_current > 0.0 && input.saturation_current < f64::INFINITY && input.transconductance > 0.0
}

/// The polynomial through these points: by divided differences, then from Newton's form to powers.
fn interpolate(at: [f64; POWERS + 1], mut values: [f64; POWERS + 1]) -> [f64; POWERS + 1] {
    for order in 1..=POWERS {
        for k in (order..=POWERS).rev() {
            values[k] = (values[k] - values[k - 1]) / (at[k] - at[k - order]);
        }
    }
    for lowest in (0..POWERS).rev() {
        for k in lowest..POWERS {
            values[k] -= at[lowest] * values[k + 1];
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(offset: f64) -> SynapticInput {
        SynapticInput {
            enabled: true,
            transconductance: 5.22e-6,
            saturation_current: 489e-9,
            offset,
            ..SynapticInput::default()
        }
    }

    #[test]
    fn a_curve_is_the_hyperbolic_tangent_wherever_it_says_that_it_holds() {
        for offset in [-60e-3, -5e-3, 0.0, 5e-3, 60e-3] {
            let input = input(offset);
            for step in 0..=700 {
                let swing = 1e-3 * f64::from(step);
                let curve = Curve::around(&input, swing);
                assert!(curve.holds(swing));
                let powers = curve.powers.iter().rev().fold(0.0, |sum, power| (sum + power) * swing);
                let truth = input.saturation_current * tanh(steepness(&input) * (swing + offset));
                let miss = (curve.constant + powers - truth).abs() / input.saturation_current;
                assert!(miss < ERROR, "{offset} {swing}: {miss:e}");
            }
        }
    }

    #[test]
    fn a_silent_line_has_the_current_of_the_offset_to_the_bit() {
        for offset in [-5e-3, 0.0, 7e-3] {
            let input = input(offset);
            let constant = Curve::around(&input, 0.0).constant;
            let current = input.saturation_current * tanh(steepness(&input) * offset);
            assert_eq!(constant.to_bits(), current.to_bits());
        }
    }
}
