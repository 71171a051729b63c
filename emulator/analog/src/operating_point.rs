//! Where a circuit is linearised, and how far around that the tangent is good enough (analog-core 9.3, 9.5).

use crate::membrane::{CLAMP_CONDUCTANCE, CLAMP_HIGH, CLAMP_LOW, Mode, State};
use crate::parameters::{Line, NeuronParameters, Transconductor};
use bss2_base::math::tanh;
use serde::{Deserialize, Serialize};

/// How far in V a membrane of the linear class may be from where the whole circuit would be, for the saturation alone.
const ERROR: f64 = 0.2e-3;

/// A membrane voltage with a tangent to the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperatingPoint {
    /// Membrane voltage in V at which the tangent is taken.
    pub(crate) about: f64,
    /// How far in V around it the membrane may be.
    room: f64,
    /// Line swings in V up to which the tangents of the inputs hold.
    swing: [f64; 2],
}

/// How far a transconductor is bent at the membrane voltage `v`: its current as a fraction of the largest.
pub(crate) fn bend(transconductor: &Transconductor, v: f64) -> f64 {
    tanh((transconductor.potential - v) / transconductor.linear_range)
}

impl OperatingPoint {
    /// The tangent at the potential of the transconductor, taken to hold everywhere: a circuit without saturation.
    pub(crate) fn unlimited(parameters: &NeuronParameters, mode: Mode) -> Self {
        let about = mode.transconductor(parameters).potential;
        Self { about, room: f64::INFINITY, swing: [f64::INFINITY; 2] }
    }

    /// The tangent where the membrane rests, saturation included, as far as it deviates from the circuit by less than [`ERROR`].
    pub(crate) fn at_rest(parameters: &NeuronParameters, mode: Mode) -> Self {
        let transconductor = mode.transconductor(parameters);
        let about = rest(parameters, mode);
        let bent = bend(transconductor, about);
        let paused = mode == Mode::Reset && parameters.pause_in_reset;
        let mut conductance = transconductor.conductance * (1.0 - bent * bent);
        let used = parameters.inputs.map(|input| {
            let saturates = input.saturation_current > 0.0 && input.saturation_current < f64::INFINITY;
            (input.enabled && !paused && saturates && input.transconductance > 0.0).then_some(input)
        });
        conductance += used.iter().flatten().map(|input| input.output_conductance).sum::<f64>();
        let swing = used.map(|input| {
            let Some(input) = input else { return f64::INFINITY };
            let scale = input.transconductance / input.saturation_current;
            // A current that lasts as long as the line moves the membrane by current * tau / capacitance at most.
            let stiffness = conductance.max(parameters.capacitance / input.time_constant);
            reach(tanh(scale * input.offset), ERROR * stiffness / input.saturation_current) / scale
        });
        let range = transconductor.linear_range;
        let room = match transconductor.conductance > 0.0 && range < f64::INFINITY {
            true => reach(bent, ERROR * conductance / (transconductor.conductance * range)) * range,
            false => f64::INFINITY,
        };
        Self { about, room, swing }
    }

    /// Whether membrane voltages between `lower` and `upper`, or the lines of `state`, lie outside of `share` of what is good enough.
    #[inline]
    pub(crate) fn excludes(&self, state: &State, lower: f64, upper: f64, share: f64) -> bool {
        let room = share * self.room;
        upper - self.about > room
            || self.about - lower > room
            || state.u[0] > share * self.swing[0]
            || state.u[1] > share * self.swing[1]
    }
}

/// How far from an argument with this hyperbolic tangent the tangent line stays within `error` of the curve.
fn reach(bent: f64, error: f64) -> f64 {
    // Half the second derivative is t (1 - t^2); the third is 2 at the most.
    let square = bent.abs() * (1.0 - bent * bent);
    let deviation = |x: f64| x * x * (square + x * (1.0 / 3.0));
    let (mut low, mut high) = (0.0, 1.0);
    while deviation(high) < error && high < 1e6 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        if deviation(middle) < error { low = middle } else { high = middle }
    }
    low
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
