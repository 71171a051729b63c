//! From physical values and configuration bits to what a lane computes with (analog-core 3).

use super::lanes::{Arm, Fixed, Input, Mode};
use crate::mismatch::constants as c;
use crate::parameters::{LINE_REST, Line, Refractory};
use crate::reference::{Circuit, RangeBits, Transconductor};
use bss2_base::SimTime;
use bss2_base::math::{exp, ln};

/// V: the range of an ohmic conductance. Within a volt its hyperbolic tangent is straight to a part in three million.
const OHMIC: f64 = 1e3;
/// Allowed error in V of the cubic within one step, and while the reset pulls, which forgets errors.
const TOLERANCE: f64 = 1e-6;
const RESET_TOLERANCE: f64 = 5e-5;
/// A relaxation of rate r leaves (r h)^3 h |slope| / CUBIC or less in the cubic.
const CUBIC: f64 = 100.0;
/// Longest steps in units of the fastest relaxation, where the Runge-Kutta method is stable below 2.78 and forgets errors as fast as a
/// circuit does for half of that; shorter while the reset pulls against inputs, so that it can take charges within a step.
const STABLE: f64 = 1.5;
const STABLE_DRIVEN: f64 = 1.0;
/// From SI to uS, uA, pF, 1/us.
const MICRO: f64 = 1e6;
const PICO: f64 = 1e12;

/// What is around a circuit besides other circuits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Surroundings {
    /// The source behind `enable_unbuffered_access`.
    pub(super) access: Access,
    /// Voltage in V of the debug line behind a closed debug switch, excitatory, inhibitory.
    pub(super) debug: [Option<f64>; 2],
    /// Growth of the membrane variance in V^2/s times the squared capacitance in F^2: that of a white current.
    pub(super) noise: f64,
}

/// What a membrane with unbuffered access sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Access {
    #[default]
    Open,
    /// V behind Ω.
    Voltage(f64, f64),
    /// A.
    Current(f64),
}

/// The input of one line as events see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineInput {
    /// 1 / line capacitance in V/C.
    pub(super) step: f64,
    /// Swing in V at which the line rests: 0, or what a debug line makes of it. Lanes keep swings relative to it.
    pub(super) rest: f64,
    /// Largest swing in V.
    pub(super) headroom: f32,
    /// Swing in V at which the line fires the neuron.
    pub(super) bypass: Option<f32>,
}

/// A circuit whose configuration bits have acted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effective {
    /// Reset switch open, closed.
    pub(super) modes: [Mode; 2],
    pub(super) inputs: [Input; 2],
    pub(super) fixed: Fixed,
    /// V/us.
    pub(super) pulse: f32,
    pub(super) lines: [LineInput; 2],
    /// By how much opening the reset switch moves the membrane, V.
    pub(super) release: f32,
    /// V, if the comparator is looked at.
    pub(super) threshold: Option<f32>,
    /// ps.
    pub(super) comparator_delay: u64,
    /// `enable_fire`, and not a slave of a fire line.
    pub(super) fires: bool,
    pub(super) held_in_reset: bool,
    pub(super) refractory: Refractory,
    pub(super) pulse_length: Option<SimTime>,
    /// Resting value of the adaptation voltage, V.
    pub(super) reference: f64,
    /// Growth of the variance of the membrane, V^2/us.
    pub(super) diffusion: f32,
}

/// The factor of a pair of range bits: both cancel (analog-core 3.1).
fn factor(multiplication: bool, division: bool, [more, less]: [f64; 2]) -> f64 {
    match (multiplication, division) {
        (true, false) => more,
        (false, true) => 1.0 / less,
        _ => 1.0,
    }
}

fn sign(inverted: bool) -> f64 {
    if inverted { -1.0 } else { 1.0 }
}

/// Range in V, finite.
fn range(range: f64) -> f64 {
    range.min(OHMIC)
}

/// The conductance between a membrane and its line segment in S, range bits included (analog-core 4.3).
pub(super) fn compartment_conductance(circuit: &Circuit) -> f64 {
    let bits = &circuit.bits.compartments;
    let factors = [c::COMPARTMENT_MULTIPLICATION, c::COMPARTMENT_DIVISION];
    circuit.compartment.conductance * factor(bits.multiply, bits.divide, factors)
}

pub(super) fn arm(circuit: &Circuit) -> Arm {
    let conductance = compartment_conductance(circuit) * MICRO;
    let range = range(circuit.compartment.linear_range);
    Arm {
        amplitude: (conductance * range) as f32,
        inverse_range: (1.0 / range) as f32,
        offset: circuit.compartment.offset as f32,
        conductance: conductance as f32,
    }
}

impl Effective {
    /// A circuit on a net of `capacitance` in F.
    pub(super) fn new(circuit: &Circuit, capacitance: f64, surroundings: &Surroundings) -> Self {
        let bits = &circuit.bits;
        // What divides a current in A or a conductance in S into V/us or 1/us.
        let per = MICRO / (capacitance * PICO);
        let inputs =
            Line::ALL.map(|line| EffectiveInput::new(circuit, line, per, surroundings.debug[line as usize]));
        let access = if bits.unbuffered_access { surroundings.access } else { Access::Open };
        let offset = match (bits.membrane_offset, bits.invert_membrane_offset) {
            (false, _) => 0.0,
            (true, inverted) => sign(inverted) * circuit.offset_current,
        };
        let exponential = circuit.exponential.slope.filter(|_| bits.exponential);
        let adaptation = &circuit.adaptation;
        let output = if bits.adaptation { adaptation.output_conductance } else { 0.0 };

        let mode = |given: &Transconductor,
                    own: &RangeBits,
                    factors,
                    connected: bool,
                    [tolerance, stable]: [f64; 2]| {
            let mut conductance = given.conductance * factor(own.multiplication, own.division, factors);
            let mut pull_range = range(given.linear_range);
            if own.degeneration {
                conductance *= c::DEGENERATION_CONDUCTANCE;
                pull_range = range(given.linear_range * c::DEGENERATION_RANGE);
            }
            let mut mode = Mode {
                pull: (conductance * pull_range * per) as f32,
                pull_inverse_range: (1.0 / pull_range) as f32,
                pull_potential: given.potential as f32,
                ..Mode::default()
            };
            let (mut constant, mut linear) = ((offset + circuit.membrane.leakage) * per, 0.0);
            let mut rate = (conductance + output) * per;
            match access {
                Access::Open => {}
                Access::Voltage(source, resistance) => {
                    constant += source / resistance * per;
                    linear += per / resistance;
                    rate += per / resistance;
                }
                Access::Current(current) => constant += current * per,
            }
            if connected {
                for input in &inputs {
                    constant += input.constant;
                    linear += input.conductance;
                    rate += input.conductance + input.modulation;
                }
                mode.excitatory = inputs[0].amplitude;
                mode.inhibitory = inputs[1].amplitude;
                mode.exponential = exponential.map_or(0.0, |_| (circuit.exponential.limit * per) as f32);
                mode.climb = exponential.map_or(0.0, |slope| (1.0 / slope) as f32);
            }
            mode.precision = (1.0 / (CUBIC * tolerance)) as f32;
            mode.stability = (1.0 / stable) as f32;
            (mode.constant, mode.conductance, mode.rate) = (constant as f32, linear as f32, rate as f32);
            mode
        };
        let leak_factors = [c::LEAK_MULTIPLICATION, c::LEAK_DIVISION];
        let reset_factors = [c::RESET_MULTIPLICATION, c::RESET_DIVISION];
        // What the reset forgets until it is over may be wrong.
        let Refractory { clock, ticks, holdoff_ticks } = circuit.refractory;
        let clock = clock.map_or(0.0, SimTime::as_secs_f64);
        let lasts = clock * f64::from(ticks.max(1).saturating_sub(holdoff_ticks));
        let forgets = circuit.reset.conductance
            * factor(bits.reset.multiplication, bits.reset.division, reset_factors)
            / capacitance
            * lasts;
        let reset_tolerance = (TOLERANCE * exp((0.5 * forgets).min(10.0))).min(RESET_TOLERANCE);
        let reset_stable = if bits.pause { STABLE } else { STABLE_DRIVEN };
        let modes = [
            mode(&circuit.leak, &bits.leak, leak_factors, true, [TOLERANCE, STABLE]),
            mode(&circuit.reset, &bits.reset, reset_factors, !bits.pause, [reset_tolerance, reset_stable]),
        ];

        let own = MICRO / (adaptation.capacitance * PICO);
        let (coupling_range, output_range) =
            (range(adaptation.coupling_range), range(adaptation.output_range));
        let mut fixed = Fixed {
            clamp_low: circuit.membrane.clamp_low as f32,
            clamp_high: circuit.membrane.clamp_high as f32,
            clamp: (circuit.membrane.clamp_conductance * per) as f32,
            output: (output * output_range * per) as f32,
            output_inverse_range: (1.0 / output_range) as f32,
            w_decay: (adaptation.leak_conductance * own) as f32,
            w_coupling: (sign(bits.invert_adaptation_a) * adaptation.coupling * coupling_range * own) as f32,
            w_inverse_range: (1.0 / coupling_range) as f32,
            w_zero: adaptation.leak_potential as f32,
            w_low: (adaptation.limits[0] - adaptation.reference) as f32,
            w_high: (adaptation.limits[1] - adaptation.reference) as f32,
            w_limit: (adaptation.limit_conductance * own) as f32,
            ..Fixed::default()
        };
        if let Some(slope) = exponential {
            let given = &circuit.exponential;
            // Where I_00 exp(...) equals the limit, so that the current is limit / (1 + exp(-x)).
            let half = given.onset - given.shift + slope * ln(given.limit / given.prefactor);
            (fixed.onset, fixed.steepness) = (half as f32, (1.0 / slope) as f32);
        }
        Self {
            modes,
            inputs: [inputs[0].lane, inputs[1].lane],
            fixed,
            pulse: (sign(bits.invert_adaptation_b) * adaptation.pulse_current * own) as f32,
            lines: [inputs[0].line, inputs[1].line],
            release: (circuit.release_charge / capacitance) as f32,
            threshold: (bits.threshold_comparator && circuit.comparator.works)
                .then_some(circuit.comparator.threshold as f32),
            comparator_delay: SimTime::from_secs_f64(circuit.comparator.delay).as_ps(),
            fires: bits.fire && !bits.fire_lines.slave,
            held_in_reset: circuit.held_in_reset,
            refractory: circuit.refractory,
            pulse_length: adaptation.pulse_length,
            reference: adaptation.reference,
            diffusion: (surroundings.noise / (capacitance * capacitance) * 1e-6) as f32,
        }
    }
}

/// A synaptic input (analog-core 3.6, 3.7).
#[derive(Clone, Copy)]
struct EffectiveInput {
    lane: Input,
    line: LineInput,
    /// Signed saturated slope, V/us.
    amplitude: f32,
    /// V/us and 1/us of the output conductance.
    constant: f64,
    conductance: f64,
    /// 1/us by which the modulation relaxes the membrane at most.
    modulation: f64,
}

impl EffectiveInput {
    fn new(circuit: &Circuit, line: Line, per: f64, debug: Option<f64>) -> Self {
        let given = &circuit.inputs[line as usize];
        let bits = &circuit.bits.inputs[line as usize];
        let capacitance = if bits.small_capacitance { given.small_capacitance } else { given.capacitance };
        let resistance = if bits.high_resistance { given.high_resistance } else { 1.0 };
        let driven = given.resistance.map_or(f64::INFINITY, |ohm| ohm * resistance * capacitance);
        let tau = driven.min(given.floating[usize::from(bits.high_resistance)]);
        // A closed debug switch pulls the line to the debug line.
        let (mut decay, mut rest) = (1.0 / (tau * MICRO), 0.0);
        if let Some(forced) = debug {
            let rate = 1.0 / (given.debug_resistance * capacitance * MICRO);
            decay += rate;
            rest = (LINE_REST - forced) * rate / decay;
        }
        // A linear transconductor saturates at a kilovolt.
        let saturation = given.saturation_current.min(given.transconductance * OHMIC);
        let mut lane = Input { decay: decay as f32, ..Input::default() };
        (lane.start, lane.limit) = (1.0, 1.0);
        let mut modulation = 0.0;
        if saturation > 0.0 {
            let argument = given.transconductance / saturation;
            lane.gain = (argument * given.follower_gain) as f32;
            lane.bias = (argument * (given.offset + given.follower_gain * rest)) as f32;
            if bits.coba_mode {
                // Gain and saturation scale together, so the argument stays.
                let slope = -line.sign() * given.coba_modulation / saturation;
                lane.slope = slope as f32;
                lane.start = (1.0 - slope * given.coba_reference) as f32;
                lane.limit = given.coba_limit as f32;
                modulation = given.coba_modulation * per;
            }
        }
        let connected = if bits.enable { per } else { 0.0 };
        Self {
            lane,
            line: LineInput {
                step: 1.0 / capacitance,
                rest,
                headroom: given.headroom as f32,
                bypass: bits.bypass.then_some(given.bypass_level as f32),
            },
            amplitude: (line.sign() * saturation * connected) as f32,
            constant: given.output_conductance * given.output_potential * connected,
            conductance: given.output_conductance * connected,
            modulation: if bits.enable { modulation } else { 0.0 },
        }
    }
}
