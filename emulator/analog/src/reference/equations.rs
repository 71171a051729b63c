//! The currents of one circuit and their derivatives (analog-core 3): all non-linearities as written.

use crate::circuit::{Circuit, SynapticInput};
use crate::parameters::{LINE_REST, Line};
use bss2_base::math::{exp, tanh};

/// A current in A and its slope in S.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Branch {
    pub(super) current: f64,
    pub(super) slope: f64,
}

/// `g V_lin tanh(x / V_lin)` and its derivative with respect to x; `g x` for an infinite range.
pub(super) fn saturating(conductance: f64, range: f64, x: f64) -> Branch {
    if range.is_infinite() {
        return Branch { current: conductance * x, slope: conductance };
    }
    let bent = tanh(x / range);
    Branch { current: conductance * range * bent, slope: conductance * (1.0 - bent * bent) }
}

/// The factor of a pair of range bits: both cancel (analog-core 3.1).
pub(super) fn range_factor(multiplication: bool, division: bool, factors: [f64; 2]) -> f64 {
    match (multiplication, division) {
        (true, false) => factors[0],
        (false, true) => 1.0 / factors[1],
        _ => 1.0,
    }
}

/// What switches a circuit from moment to moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Condition {
    /// The reset switch is closed.
    pub(super) in_reset: bool,
    /// The adaptation pulse is high.
    pub(super) pulse: bool,
    /// The source on the stimulation line.
    pub(super) access: Access,
    /// Voltage in V of the debug line behind a closed debug switch, excitatory, inhibitory.
    pub(super) debug: [Option<f64>; 2],
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

/// An effective transconductor: conductance, potential, range.
#[derive(Clone, Copy, Debug)]
struct Effective {
    conductance: f64,
    potential: f64,
    range: f64,
}

/// An effective synaptic input.
#[derive(Clone, Copy, Debug)]
struct EffectiveInput {
    enabled: bool,
    coba: bool,
    sign: f64,
    /// 1/s.
    decay: f64,
    capacitance: f64,
    given: SynapticInput,
}

/// A circuit whose configuration bits have acted.
#[derive(Clone, Debug)]
pub(super) struct Equations {
    pub(super) given: Circuit,
    leak: Effective,
    reset: Effective,
    inputs: [EffectiveInput; 2],
    /// Offset current and leakage in A.
    constant: f64,
    coupling_sign: f64,
    pulse_current: f64,
    /// Effective inter-compartment conductance in S.
    pub(super) compartment: f64,
}

/// The membrane current of a circuit and its derivatives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MembraneCurrent {
    pub(super) current: f64,
    pub(super) by_v: f64,
    pub(super) by_u: [f64; 2],
    pub(super) by_w: f64,
}

impl MembraneCurrent {
    fn add(&mut self, current: f64, by_v: f64) {
        self.current += current;
        self.by_v += by_v;
    }
}

impl Equations {
    pub(super) fn new(circuit: &Circuit) -> Self {
        use crate::mismatch::constants as c;
        let effective =
            |given: &crate::circuit::Transconductor, bits: &crate::circuit::RangeBits, factors: [f64; 2]| {
                let factor = range_factor(bits.multiplication, bits.division, factors);
                let (weaker, wider) = if bits.degeneration {
                    (c::DEGENERATION_CONDUCTANCE, c::DEGENERATION_RANGE)
                } else {
                    (1.0, 1.0)
                };
                Effective {
                    conductance: given.conductance * factor * weaker,
                    potential: given.potential,
                    range: given.linear_range * wider,
                }
            };
        let bits = &circuit.bits;
        let input = |line: Line| {
            let given = circuit.inputs[line as usize];
            let own = bits.inputs[line as usize];
            let capacitance = if own.small_capacitance { given.small_capacitance } else { given.capacitance };
            let factor = if own.high_resistance { given.high_resistance } else { 1.0 };
            let floating = given.floating[usize::from(own.high_resistance)];
            let driven =
                given.resistance.map_or(f64::INFINITY, |resistance| resistance * factor * capacitance);
            EffectiveInput {
                enabled: own.enable,
                coba: own.coba_mode,
                sign: line.sign(),
                decay: 1.0 / driven.min(floating),
                capacitance,
                given,
            }
        };
        let offset = match (bits.membrane_offset, bits.invert_membrane_offset) {
            (false, _) => 0.0,
            (true, false) => circuit.offset_current,
            (true, true) => -circuit.offset_current,
        };
        let sign = |inverted| if inverted { -1.0 } else { 1.0 };
        let compartments = &bits.compartments;
        Self {
            given: *circuit,
            leak: effective(&circuit.leak, &bits.leak, [c::LEAK_MULTIPLICATION, c::LEAK_DIVISION]),
            reset: effective(&circuit.reset, &bits.reset, [c::RESET_MULTIPLICATION, c::RESET_DIVISION]),
            inputs: Line::ALL.map(input),
            constant: offset + circuit.membrane.leakage,
            coupling_sign: sign(bits.invert_adaptation_a),
            pulse_current: sign(bits.invert_adaptation_b) * circuit.adaptation.pulse_current,
            compartment: circuit.compartment.conductance
                * range_factor(
                    compartments.multiply,
                    compartments.divide,
                    [c::COMPARTMENT_MULTIPLICATION, c::COMPARTMENT_DIVISION],
                ),
        }
    }

    /// 1 / line capacitance in V/C.
    pub(super) fn line_step(&self, line: Line) -> f64 {
        1.0 / self.inputs[line as usize].capacitance
    }

    /// The conductance in S that relaxes the membrane at rest.
    pub(super) fn relaxation(&self, in_reset: bool) -> f64 {
        if in_reset { self.reset.conductance } else { self.leak.conductance }
    }

    /// Sum of all currents into the membrane in A for a membrane at `v`, line swings `u` and an adaptation voltage `w`, all in V.
    pub(super) fn membrane(&self, condition: &Condition, v: f64, u: [f64; 2], w: f64) -> MembraneCurrent {
        let Circuit { membrane, exponential, adaptation, bits, .. } = &self.given;
        let mut sum = MembraneCurrent { current: self.constant, ..MembraneCurrent::default() };

        let Effective { conductance, potential, range } =
            if condition.in_reset { self.reset } else { self.leak };
        let branch = saturating(conductance, range, potential - v);
        sum.add(branch.current, -branch.slope);

        if v < membrane.clamp_low {
            sum.add((membrane.clamp_low - v) * membrane.clamp_conductance, -membrane.clamp_conductance);
        } else if v > membrane.clamp_high {
            sum.add((membrane.clamp_high - v) * membrane.clamp_conductance, -membrane.clamp_conductance);
        }

        let paused = bits.pause && condition.in_reset;
        if !paused {
            for (which, input) in self.inputs.iter().enumerate() {
                if input.enabled {
                    let (current, by_v, by_u) = input.current(v, u[which]);
                    sum.add(current, by_v);
                    sum.by_u[which] = by_u;
                }
            }
            if bits.exponential
                && let Some(slope) = exponential.slope
            {
                let raw = exponential.prefactor * exp((v - exponential.onset + exponential.shift) / slope);
                // raw / (1 + raw / limit), also for an infinite raw current.
                let current = exponential.limit / (1.0 + exponential.limit / raw);
                sum.add(current, current * (1.0 - current / exponential.limit) / slope);
            }
        }
        if bits.adaptation {
            let branch =
                saturating(adaptation.output_conductance, adaptation.output_range, w - adaptation.reference);
            sum.current -= branch.current;
            sum.by_w = -branch.slope;
        }
        if bits.unbuffered_access {
            match condition.access {
                Access::Open => {}
                Access::Voltage(source, resistance) => {
                    sum.add((source - v) / resistance, -1.0 / resistance);
                }
                Access::Current(current) => sum.add(current, 0.0),
            }
        }
        sum
    }

    /// Slope of a line swing `u` in V/s and its derivative in 1/s.
    pub(super) fn line(&self, condition: &Condition, line: Line, u: f64) -> Branch {
        let input = &self.inputs[line as usize];
        let mut branch = Branch { current: -u * input.decay, slope: -input.decay };
        if let Some(forced) = condition.debug[line as usize] {
            let rate = 1.0 / (input.given.debug_resistance * input.capacitance);
            branch.current += (LINE_REST - forced - u) * rate;
            branch.slope -= rate;
        }
        branch
    }

    /// Slope of the adaptation voltage in V/s, and its derivatives by membrane and adaptation voltage in 1/s.
    pub(super) fn adaptation(&self, condition: &Condition, v: f64, w: f64) -> (f64, f64, f64) {
        let given = &self.given.adaptation;
        let mut current = given.leak_conductance * (given.reference - w);
        let mut by_w = -given.leak_conductance;
        let coupling = saturating(given.coupling, given.coupling_range, v - given.leak_potential);
        current += self.coupling_sign * coupling.current;
        if condition.pulse {
            current += self.pulse_current;
        }
        let [low, high] = given.limits;
        let bound = w.clamp(low, high);
        if bound != w {
            current += (bound - w) * given.limit_conductance;
            by_w -= given.limit_conductance;
        }
        let scale = 1.0 / given.capacitance;
        (current * scale, self.coupling_sign * coupling.slope * scale, by_w * scale)
    }
}

impl EffectiveInput {
    /// The membrane current in A and its derivatives by membrane voltage and line swing in S.
    fn current(&self, v: f64, u: f64) -> (f64, f64, f64) {
        let given = &self.given;
        let mut current = given.output_conductance * (given.output_potential - v);
        let mut by_v = -given.output_conductance;
        let drive = given.transconductance * (u * given.follower_gain + given.offset);
        let drive_slope = given.transconductance * given.follower_gain;
        let saturation = given.saturation_current;
        if saturation == 0.0 {
            return (current, by_v, 0.0);
        }
        if saturation.is_infinite() {
            return (current + self.sign * drive, by_v, self.sign * drive_slope);
        }
        let bent = tanh(drive / saturation);
        // Gain and saturation scale together, so the argument stays (analog-core 3.7).
        let mut available = saturation;
        if self.coba {
            let free = saturation - self.sign * given.coba_modulation * (v - given.coba_reference);
            available = free.clamp(0.0, given.coba_limit * saturation);
            if available == free {
                by_v -= given.coba_modulation * bent;
            }
        }
        current += self.sign * available * bent;
        (current, by_v, self.sign * available / saturation * drive_slope * (1.0 - bent * bent))
    }
}
