//! Where the leak or reset of a circuit is linearised, and how far around that it holds (analog-core 9.3, 9.5).
//!
//! The linear class follows a saturating transconductor along tangents. There are two kinds:
//!
//! * *still*: where the membrane rests. Near it nothing else is needed, for any length of time.
//! * *passing*: elsewhere. What the tangent leaves out is a small current that follows from the path along the tangent, and is made good for step by
//!   step ([`Bend`]); left is what that current does to itself.

use crate::membrane::{CLAMP_CONDUCTANCE, CLAMP_HIGH, CLAMP_LOW, Mode};
use crate::parameters::{Line, NeuronParameters, Transconductor};
use bss2_base::math::tanh;
use serde::{Deserialize, Serialize};

/// How far in V a membrane may be drawn away from where the whole circuit would be, by what a tangent leaves out.
const ERROR: f64 = 5e-6;
/// The same during a reset, which forgets it.
const ERROR_IN_RESET: f64 = 0.1e-3;
/// How far from a tangent the argument of the hyperbolic tangent may be, at the most: what [`Bend`] cuts off is 2e-6 there.
const FARTHEST: f64 = 0.1;
/// How much of a window lies ahead of the present state, where it is heading.
const AHEAD: f64 = 0.8;

/// A point with a tangent to the transconductor, and the window in which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tangent {
    /// Membrane voltage in V at which it is taken.
    pub(crate) about: f64,
    /// How far the transconductor is bent there.
    pub(crate) bent: f64,
    /// How far in V around it the membrane may be.
    pub(crate) room: f64,
    /// Whether what it leaves out has to be made good for.
    pub(crate) passing: bool,
}

/// What a tangent leaves out: a current, as a fraction of conductance times linear range, of how far the membrane is from the tangent, in
/// linear ranges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bend {
    square: f64,
    cube: f64,
    fourth: f64,
}

impl Bend {
    /// The Taylor series of the hyperbolic tangent beyond its linear term, where that is `bent`.
    pub(crate) fn new(bent: f64) -> Self {
        let slope = 1.0 - bent * bent;
        Self {
            square: -bent * slope,
            // The membrane rises, the argument falls.
            cube: slope * (1.0 - 3.0 * bent * bent) * (1.0 / 3.0),
            fourth: bent * slope * (2.0 - 3.0 * bent * bent) * (1.0 / 3.0),
        }
    }

    /// At a distance in linear ranges.
    #[inline]
    pub(crate) fn at(&self, x: f64) -> f64 {
        x * x * (self.square + x * (self.cube + x * self.fourth))
    }
}

/// How far a transconductor is bent at the membrane voltage `v`: its current as a fraction of the largest.
fn bend(transconductor: &Transconductor, v: f64) -> f64 {
    tanh((transconductor.potential - v) / transconductor.linear_range)
}

/// The hyperbolic tangent `further` than an argument whose hyperbolic tangent is `bent`; absolute error below 1e-9.
///
/// By the addition theorem, with a rational approximation (the continued fraction of tanh, cut at 13) for the
/// distance.
fn bent_on(bent: f64, further: f64) -> f64 {
    if further.abs() > 1.0 {
        // Beyond 22 nothing is left to bend.
        let half = 0.5 * further.clamp(-22.0, 22.0);
        return bent_on(bent_on(bent, half), half);
    }
    let square = further * further;
    let above = further * (135_135.0 + square * (17_325.0 + square * (378.0 + square)));
    let below = 135_135.0 + square * (62_370.0 + square * (3_150.0 + square * 28.0));
    (bent * below + above) / (below + bent * above)
}

impl Tangent {
    /// The tangent at the potential of the transconductor, taken to hold everywhere: a circuit without saturation.
    pub(crate) fn unlimited(parameters: &NeuronParameters, mode: Mode) -> Self {
        let about = mode.transconductor(parameters).potential;
        Self { about, bent: 0.0, room: f64::INFINITY, passing: false }
    }

    /// The tangent where the membrane rests with silent lines.
    pub(crate) fn at_rest(parameters: &NeuronParameters, mode: Mode) -> Self {
        let about = rest(parameters, mode);
        let transconductor = mode.transconductor(parameters);
        let bent = bend(transconductor, about);
        let room = match flatness(parameters, mode, bent) {
            Some(flatness) => {
                reach(bent, error(mode) / transconductor.linear_range * flatness)
                    * transconductor.linear_range
            }
            None => f64::INFINITY,
        };
        Self { about, bent, room, passing: false }
    }

    /// A tangent for a membrane that is on its way through `v`, and rises or not. `self` is that at rest.
    pub(crate) fn near(&self, parameters: &NeuronParameters, mode: Mode, v: f64, rises: bool) -> Self {
        let range = mode.transconductor(parameters).linear_range;
        let bent_at = |v: f64| bent_on(self.bent, (self.about - v) / range);
        let room = passing_room(parameters, mode, bent_at(v)) * range;
        let about = if rises { v + AHEAD * room } else { v - AHEAD * room };
        Self { about, bent: bent_at(about), room, passing: true }
    }

    /// Whether it holds at a membrane voltage.
    #[inline]
    pub(crate) fn holds(&self, v: f64) -> bool {
        (v - self.about).abs() <= self.room
    }
}

fn error(mode: Mode) -> f64 {
    match mode {
        Mode::Leak => ERROR,
        Mode::Reset => ERROR_IN_RESET,
    }
}

/// The conductance that relaxes a membrane whose transconductor is bent so far, over that of the straight transconductor; `None` if the
/// transconductor never bends.
fn flatness(parameters: &NeuronParameters, mode: Mode, bent: f64) -> Option<f64> {
    let transconductor = mode.transconductor(parameters);
    if transconductor.conductance <= 0.0 || transconductor.linear_range == f64::INFINITY {
        return None;
    }
    let paused = mode == Mode::Reset && parameters.pause_in_reset;
    let others: f64 = parameters
        .inputs
        .iter()
        .filter(|input| input.enabled && !paused && input.saturation_current > 0.0)
        .map(|input| input.output_conductance)
        .sum();
    Some(1.0 - bent * bent + others / transconductor.conductance)
}

/// How far in linear ranges a membrane may be from a passing tangent where the transconductor is bent so far.
///
/// At the distance x the tangent leaves out `bent slope x^2`, which moves the membrane by that over the flatness. There the
/// conductance is another by `2 bent slope x`: the square of both is what a [`Bend`] can't know.
fn passing_room(parameters: &NeuronParameters, mode: Mode, bent: f64) -> f64 {
    let Some(flatness) = flatness(parameters, mode, bent) else { return FARTHEST };
    let curvature = bent * (1.0 - bent * bent) / flatness;
    let error = 0.5 * error(mode) / mode.transconductor(parameters).linear_range;
    let square = curvature * curvature;
    if square * FARTHEST * FARTHEST * FARTHEST < error { FARTHEST } else { cube_root(error / square) }
}

/// How far from an argument with this hyperbolic tangent the tangent line stays within `error` of the curve; somewhat less.
fn reach(bent: f64, error: f64) -> f64 {
    // Half the second derivative is t (1 - t^2); the third is 2 at the most: the deviation is below x^2 (square + x / 3).
    let square = bent.abs() * (1.0 - bent * bent);
    let cubic = cube_root(3.0 * error);
    let reach = if square > 0.0 { cubic.min((error / square).sqrt()) } else { cubic };
    // Where both terms are equal, either may have half of the error only. Never nothing, so that time goes on.
    (0.75 * reach).max(1e-4)
}

/// The cube root of a positive number, to a per mille.
fn cube_root(x: f64) -> f64 {
    // A third of the exponent, then Newton.
    let mut root = f64::from_bits(x.to_bits() / 3 + 0x2a9f_7893_782d_a1ce);
    for _ in 0..2 {
        root -= (root - x / (root * root)) * (1.0 / 3.0);
    }
    root
}

/// Where the membrane rests with silent lines, in V: saturation and clamps included.
fn rest(parameters: &NeuronParameters, mode: Mode) -> f64 {
    let transconductor = mode.transconductor(parameters);
    let (mut conductance, mut current) = (0.0, parameters.constant_current);
    let paused = mode == Mode::Reset && parameters.pause_in_reset;
    for line in Line::ALL {
        let input = &parameters.inputs[line as usize];
        if input.enabled && !paused && input.saturation_current > 0.0 {
            let scale = input.transconductance / input.saturation_current;
            current += line.sign() * input.saturation_current * tanh(scale * input.offset);
            conductance += input.output_conductance;
            current += input.output_conductance * input.output_potential;
        }
    }
    let balance = |v: f64| {
        let bent = bend(transconductor, v);
        let (own, slope) = match bent == 0.0 {
            true => (0.0, transconductor.conductance),
            false => (
                transconductor.conductance * transconductor.linear_range * bent,
                transconductor.conductance * (1.0 - bent * bent),
            ),
        };
        let beyond = v - v.clamp(CLAMP_LOW, CLAMP_HIGH);
        let clamp = if beyond == 0.0 { 0.0 } else { CLAMP_CONDUCTANCE };
        (own + current - conductance * v - CLAMP_CONDUCTANCE * beyond, slope + conductance + clamp)
    };
    // The balance falls monotonically: Newton within a bracket.
    let (mut low, mut high) = (-100.0, 100.0);
    let mut v = transconductor.potential.clamp(CLAMP_LOW, CLAMP_HIGH);
    for _ in 0..60 {
        let (sum, slope) = balance(v);
        if sum == 0.0 {
            break;
        }
        if sum > 0.0 {
            low = v
        } else {
            high = v
        }
        let newton = v + sum / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        let moved = (next - v).abs();
        v = next;
        if moved < 1e-9 {
            break;
        }
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_good_to_a_per_mille() {
        for x in [1e-12, 3e-7, 0.001, 0.5, 1.0, 8.0, 12_345.0] {
            let root = cube_root(x);
            assert!((root * root * root / x - 1.0).abs() < 3e-3, "{x}: {root}");
        }
    }

    #[test]
    fn bends_are_found_from_others() {
        for from in -40..=40 {
            for further in -80..=80 {
                let (from, further) = (0.1 * f64::from(from), 0.1 * f64::from(further));
                let (found, truth) = (bent_on(tanh(from), further), tanh(from + further));
                assert!((found - truth).abs() < 1e-9, "{from} and {further}: {found} instead of {truth}");
            }
        }
    }

    #[test]
    fn a_bend_is_what_a_tangent_leaves_out() {
        for step in -30..=30 {
            let x = 0.1 * f64::from(step);
            let bent = tanh(x);
            for y in [-FARTHEST, -0.03, 0.01, FARTHEST] {
                // y: how far the membrane is above.
                let left_out = tanh(x - y) - bent + y * (1.0 - bent * bent);
                let miss = (Bend::new(bent).at(y) - left_out).abs();
                assert!(miss < 2e-6, "{x} {y}: {miss:e}");
            }
        }
    }

    #[test]
    fn a_tangent_is_as_good_as_it_says_within_its_reach() {
        for step in -30..=30 {
            let x = 0.1 * f64::from(step);
            let bent = tanh(x);
            for error in [1e-6, 1e-4, 1e-2] {
                let reach = reach(bent, error);
                for y in [-reach, reach] {
                    let miss = (tanh(x + y) - bent - y * (1.0 - bent * bent)).abs();
                    assert!(miss <= error, "{x} {reach}: {miss:e} instead of {error:e}");
                }
            }
        }
    }
}
