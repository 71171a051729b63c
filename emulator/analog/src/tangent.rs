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
    /// How far in V around it the membrane may be.
    pub(crate) room: f64,
    /// Line swings in V at which it is taken.
    pub(crate) swing: [f64; 2],
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
            room: f64::INFINITY,
            swing: [0.0; 2],
            lines: [[0.0, f64::INFINITY]; 2],
        }
    }

    /// The tangent where the membrane rests with silent lines.
    pub(crate) fn at_rest(parameters: &NeuronParameters, mode: Mode) -> Self {
        Self::new(parameters, mode, rest(parameters, mode), 0.0, [0.0; 2])
    }

    /// A tangent for a membrane that is on its way through this state and rises, or not.
    pub(crate) fn near(parameters: &NeuronParameters, mode: Mode, state: &State, rises: bool) -> Self {
        Self::new(parameters, mode, state.v, if rises { AHEAD } else { -AHEAD }, state.u)
    }

    /// About `v`, or `ahead` of it in units of the room there.
    fn new(parameters: &NeuronParameters, mode: Mode, v: f64, ahead: f64, u: [f64; 2]) -> Self {
        let transconductor = mode.transconductor(parameters);
        let paused = mode == Mode::Reset && parameters.pause_in_reset;
        let error = if mode == Mode::Reset { ERROR_IN_RESET } else { ERROR };
        let range = transconductor.linear_range;
        let outputs = parameters.inputs.iter().filter(|input| saturates(input, paused));
        let others: f64 = outputs.map(|input| input.output_conductance).sum();
        let room = |bent: f64| {
            let own = transconductor.conductance;
            if own > 0.0 && range < f64::INFINITY {
                let stiffness = own * (1.0 - bent * bent) + others;
                reach(bent, error * stiffness / (own * range)) * range
            } else {
                f64::INFINITY
            }
        };
        let mut bent = bend(transconductor, v);
        let (mut about, mut around) = (v, room(bent));
        if ahead != 0.0 && around < f64::INFINITY {
            about = v + ahead * around;
            bent = bend(transconductor, about);
            around = room(bent).max(around * ahead.abs());
        }
        let conductance = transconductor.conductance * (1.0 - bent * bent) + others;
        let (mut swing, mut lines) = ([0.0; 2], [[0.0, f64::INFINITY]; 2]);
        for line in 0..2 {
            let input = &parameters.inputs[line];
            if !saturates(input, paused) {
                continue;
            }
            let steepness = steepness(input);
            // A current that lasts as long as the line moves the membrane by current * tau / capacitance at most.
            let stiffness = conductance.max(parameters.capacitance / input.time_constant);
            let error = error * stiffness / input.saturation_current;
            let width = |swing: f64| reach(tanh(steepness * (swing + input.offset)), error) / steepness;
            let silent = width(0.0);
            if u[line] <= silent {
                lines[line] = [0.0, silent];
            } else {
                // Lines only fall by themselves.
                swing[line] = (u[line] - AHEAD * width(u[line])).max(0.0);
                let width = width(swing[line]);
                lines[line] = [(swing[line] - width).max(0.0), u[line].max(swing[line] + width)];
            }
        }
        Self { about, room: around, swing, lines }
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

/// How far from an argument with this hyperbolic tangent the tangent line stays within `error` of the curve.
fn reach(bent: f64, error: f64) -> f64 {
    // Half the second derivative is t (1 - t^2); the third is 2 at the most.
    let square = bent.abs() * (1.0 - bent * bent);
    let deviation = |x: f64| x * x * (square + x * (1.0 / 3.0));
    let (mut low, mut high) = (0.0, 0.5);
    while deviation(high) < error && high < 1e6 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..8 {
        let middle = 0.5 * (low + high);
        if deviation(middle) < error { low = middle } else { high = middle }
    }
    // Never nothing, so that time goes on.
    low.max(1e-3)
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
