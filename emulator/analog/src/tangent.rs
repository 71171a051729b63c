//! Where a circuit is linearised, and how far around that the tangent is good enough (analog-core 9.3, 9.5).
//!
//! The linear class follows a saturating circuit along tangents: as long as membrane and lines stay in the window of one, the exact
//! propagators hold to [`ERROR`]; at its edge the next is taken. A circuit at rest has one for good.

use crate::membrane::{CLAMP_CONDUCTANCE, CLAMP_HIGH, CLAMP_LOW, Mode, State};
use crate::parameters::{Line, NeuronParameters, SynapticInput, Transconductor};
use bss2_base::math::tanh;
use serde::{Deserialize, Serialize};

/// How far in V a membrane may be drawn away from where the whole circuit would be, by what a tangent leaves out.
const ERROR: f64 = 0.02e-3;
/// The same during a reset, which forgets it.
const ERROR_IN_RESET: f64 = 0.1e-3;
/// How much of a window lies ahead of the present state, where it is heading.
const AHEAD: f64 = 0.8;

/// A point with a tangent to the circuit, and the window in which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tangent {
    /// Membrane voltage in V at which it is taken.
    pub(crate) about: f64,
    /// How far the transconductor is bent there.
    pub(crate) bent: f64,
    /// How far in V around it the membrane may be.
    pub(crate) room: f64,
    /// Line swings in V at which it is taken.
    pub(crate) swing: [f64; 2],
    /// How far the inputs are bent there: their currents as fractions of the largest.
    pub(crate) inputs: [f64; 2],
    /// Smallest and largest swing in V of each line for which it holds.
    pub(crate) lines: [[f64; 2]; 2],
}

/// How far a transconductor is bent at the membrane voltage `v`: its current as a fraction of the largest.
pub(crate) fn bend(transconductor: &Transconductor, v: f64) -> f64 {
    tanh((transconductor.potential - v) / transconductor.linear_range)
}

/// The argument of the hyperbolic tangent of an input per V of swing.
fn steepness(input: &SynapticInput) -> f64 {
    input.transconductance / input.saturation_current
}

/// The hyperbolic tangent `further` than an argument whose hyperbolic tangent is `bent`; absolute error below 1e-9.
///
/// By the addition theorem, with a rational approximation (the continued fraction of tanh, cut at 13) for the
/// distance: tangents are taken at every input, and the plain function is a third of what they cost.
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

/// Whether an input reaches the membrane and saturates.
fn saturates(input: &SynapticInput, paused: bool) -> bool {
    input.enabled
        && !paused
        && input.saturation_current > 0.0
        && input.saturation_current < f64::INFINITY
        && input.transconductance > 0.0
}

impl Tangent {
    /// The tangent at the potential of the transconductor, taken to hold everywhere: a circuit without saturation.
    pub(crate) fn unlimited(parameters: &NeuronParameters, mode: Mode) -> Self {
        Self {
            about: mode.transconductor(parameters).potential,
            bent: 0.0,
            room: f64::INFINITY,
            swing: [0.0; 2],
            inputs: parameters.inputs.map(|input| bend_of_input(&input, 0.0)),
            lines: [[0.0, f64::INFINITY]; 2],
        }
    }

    /// The tangent where the membrane rests with silent lines.
    pub(crate) fn at_rest(parameters: &NeuronParameters, mode: Mode) -> Self {
        let about = rest(parameters, mode);
        let mut tangent = Self { about, ..Self::unlimited(parameters, mode) };
        tangent.bent = bend(mode.transconductor(parameters), about);
        tangent.room = room(parameters, mode, tangent.bent);
        for (line, input) in parameters.inputs.iter().enumerate() {
            if saturates(input, mode == Mode::Reset && parameters.pause_in_reset) {
                tangent.lines[line][1] = width(parameters, mode, input, tangent.bent, tangent.inputs[line]);
            }
        }
        tangent
    }

    /// A tangent for a membrane that is on its way through this state, and rises or not. `self` is that at rest.
    pub(crate) fn near(&self, parameters: &NeuronParameters, mode: Mode, state: &State, rises: bool) -> Self {
        let transconductor = mode.transconductor(parameters);
        let mut tangent = *self;
        if (state.v - self.about).abs() > AHEAD * self.room {
            let bent_at = |v: f64| bent_on(self.bent, (self.about - v) / transconductor.linear_range);
            let here = room(parameters, mode, bent_at(state.v));
            tangent.about = if rises { state.v + AHEAD * here } else { state.v - AHEAD * here };
            tangent.bent = bent_at(tangent.about);
            tangent.room = here;
        }
        for (line, input) in parameters.inputs.iter().enumerate() {
            let u = state.u[line];
            if u > self.lines[line][1] {
                let steepness = steepness(input);
                let bent_at = |swing: f64| bent_on(self.inputs[line], steepness * swing);
                let width = width(parameters, mode, input, tangent.bent, bent_at(u));
                // Lines only fall by themselves.
                let swing = (u - AHEAD * width).max(0.0);
                tangent.swing[line] = swing;
                tangent.inputs[line] = bent_at(swing);
                tangent.lines[line] = [(swing - width).max(0.0), u.max(swing + width)];
            }
        }
        tangent
    }

    /// Whether it holds in a state.
    #[inline]
    pub(crate) fn holds(&self, state: &State) -> bool {
        let [excitatory, inhibitory] = self.lines;
        (state.v - self.about).abs() <= self.room
            && state.u[0] >= excitatory[0]
            && state.u[0] <= excitatory[1]
            && state.u[1] >= inhibitory[0]
            && state.u[1] <= inhibitory[1]
    }
}

/// How far an input is bent at a line swing in V.
fn bend_of_input(input: &SynapticInput, swing: f64) -> f64 {
    match input.saturation_current > 0.0 {
        true => tanh(steepness(input) * (swing + input.offset)),
        false => 0.0,
    }
}

/// The conductance in S that relaxes a membrane whose transconductor is bent so far.
fn relaxation(parameters: &NeuronParameters, mode: Mode, bent: f64) -> f64 {
    let paused = mode == Mode::Reset && parameters.pause_in_reset;
    let mut conductance = mode.transconductor(parameters).conductance * (1.0 - bent * bent);
    for input in parameters.inputs.iter().filter(|input| saturates(input, paused)) {
        conductance += input.output_conductance;
    }
    conductance
}

fn error(mode: Mode) -> f64 {
    match mode {
        Mode::Leak => ERROR,
        Mode::Reset => ERROR_IN_RESET,
    }
}

/// How far in V a membrane may be from where its transconductor is bent so far.
fn room(parameters: &NeuronParameters, mode: Mode, bent: f64) -> f64 {
    let transconductor = mode.transconductor(parameters);
    let range = transconductor.linear_range;
    if transconductor.conductance > 0.0 && range < f64::INFINITY {
        let stiffness = relaxation(parameters, mode, bent);
        reach(bent, error(mode) * stiffness / (transconductor.conductance * range)) * range
    } else {
        f64::INFINITY
    }
}

/// How far in V a line may be from where its input is bent so far; `leak`: how far the transconductor is.
fn width(parameters: &NeuronParameters, mode: Mode, input: &SynapticInput, leak: f64, bent: f64) -> f64 {
    // A current that lasts as long as the line moves the membrane by current * tau / capacitance at most.
    let stiffness = relaxation(parameters, mode, leak).max(parameters.capacitance / input.time_constant);
    reach(bent, error(mode) * stiffness / input.saturation_current) / steepness(input)
}

/// How far from an argument with this hyperbolic tangent the tangent line stays within `error` of the curve; somewhat less.
fn reach(bent: f64, error: f64) -> f64 {
    // Half the second derivative is t (1 - t^2); the third is 2 at the most: the deviation is below x^2 (square + x / 3).
    let square = bent.abs() * (1.0 - bent * bent);
    let cubic = cube_root(3.0 * error);
    let reach = if square > 0.0 { cubic.min((error / square).sqrt()) } else { cubic };
    // Where both terms are equal, either may have half of the error only. Never nothing, so that time goes on.
    (0.75 * reach).max(1e-3)
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
