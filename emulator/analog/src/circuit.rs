//! What a neuron circuit is told: physical values as they are before its configuration bits act, and the bits
//! (analog-core 3). Defaults are the typical values of the specification with everything switched off.
//!
//! This is the one description of a circuit: level R, the stepped and the linear class all take from it what they need.

mod bits;
mod linearised;

use crate::mismatch::{Parameter, constants};
use crate::parameters::{LINE_REST, Refractory};
use crate::reference::ReferenceError;
use bss2_base::{Neuron, SimTime};
use serde::{Deserialize, Serialize};

pub use bits::{Bits, CompartmentBits, FireBits, InputBits, RangeBits};

/// The transconductor toward a potential, as leak or in reset mode, before its range bits (analog-core 3.2, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transconductor {
    /// Small-signal conductance in S without range bits. 0 switches it off.
    pub conductance: f64,
    /// The potential in V at which it draws no current, follower and offsets included.
    pub potential: f64,
    /// Half width V_lin of the linear range in V without degeneration; infinite for an ohmic conductance.
    pub linear_range: f64,
}

/// The membrane capacitor, its leakage and the soft limits of its voltage (analog-core 3.1, 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membrane {
    /// Capacitance in F of one step of the capacitor bank, c_LSB (1 + ε_C).
    pub bank_step: f64,
    /// Capacitance in F that is always there, C_par.
    pub parasitic: f64,
    /// Residual leakage in A, I_par.
    pub leakage: f64,
    /// Voltage in V below which the clamp pulls up.
    pub clamp_low: f64,
    /// Voltage in V above which the clamp pulls down.
    pub clamp_high: f64,
    /// Conductance of the clamps in S.
    pub clamp_conductance: f64,
}

/// One synaptic input: line, transconductor, modulation by the membrane (analog-core 3.6, 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynapticInput {
    /// Capacitance of the line in F.
    pub capacitance: f64,
    /// Capacitance of the line in F in small-capacitance mode.
    pub small_capacitance: f64,
    /// Resistance in Ω toward the resting voltage, without the high-resistance bit; `None` without bias: the line floats.
    pub resistance: Option<f64>,
    /// Factor of the high-resistance bit.
    pub high_resistance: f64,
    /// Slowest decay in s, that of a floating line; with the high-resistance bit.
    pub floating: [f64; 2],
    /// Swing in V at which the synapses run out of headroom (analog-core 5.2).
    pub headroom: f64,
    /// Gain G_f of the follower between line and transconductor.
    pub follower_gain: f64,
    /// Small-signal transconductance g_x in S.
    pub transconductance: f64,
    /// Input offset o_x in V.
    pub offset: f64,
    /// Saturation current I_gm in A; infinite for a linear transconductor.
    pub saturation_current: f64,
    /// Output conductance in S, the pseudo-leak.
    pub output_conductance: f64,
    /// The potential in V toward which it pulls.
    pub output_potential: f64,
    /// Reference potential V_ref in V of the conductance-based mode.
    pub coba_reference: f64,
    /// Change of the saturation current per volt of membrane in A/V, g_c = κ_c I_coba.
    pub coba_modulation: f64,
    /// Largest modulated saturation current as a multiple of I_gm; the smallest is 0.
    pub coba_limit: f64,
    /// Line swing in V at which the bypass fires.
    pub bypass_level: f64,
    /// Resistance in Ω of the debug switch of the column.
    pub debug_resistance: f64,
}

/// The exponential term (analog-core 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    /// I_00 in A.
    pub prefactor: f64,
    /// V_e in V: follower output plus offset.
    pub onset: f64,
    /// V_x in V.
    pub shift: f64,
    /// Δ_T in V; `None` without bias: no current.
    pub slope: Option<f64>,
    /// I_lim in A, which the current approaches.
    pub limit: f64,
}

impl Exponential {
    /// The voltage V_T in V at which the current is `conductance * Δ_T`, hence the threshold of the exponential
    /// integrate-and-fire neuron with this leak in S, without the limit. `None` without bias.
    pub fn threshold(&self, conductance: f64) -> Option<f64> {
        let slope = self.slope?;
        Some(self.onset - self.shift + slope * bss2_base::math::ln(conductance * slope / self.prefactor))
    }
}

/// The adaptation circuit (analog-core 3.9).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptation {
    /// C_w in F.
    pub capacitance: f64,
    /// g_τ in S.
    pub leak_conductance: f64,
    /// V_wr in V, the resting value of the adaptation voltage.
    pub reference: f64,
    /// g_a in S, never negative; the bit inverts.
    pub coupling: f64,
    /// V_al in V, the membrane voltage at which `coupling` does nothing.
    pub leak_potential: f64,
    /// V_lin of `coupling` in V; infinite for a linear one.
    pub coupling_range: f64,
    /// σ_b I_b in A without the sign bit, flowing during the adaptation pulse.
    pub pulse_current: f64,
    /// Length of the adaptation pulse: one period of the clock of the block; `None` while its clocks are off.
    pub pulse_length: Option<SimTime>,
    /// g_w in S.
    pub output_conductance: f64,
    /// V_linw in V; infinite for a linear output.
    pub output_range: f64,
    /// Voltages in V between which the adaptation voltage is softly held.
    pub limits: [f64; 2],
    /// Conductance in S of these limits. The specification names none: that of the membrane clamp.
    pub limit_conductance: f64,
}

/// The threshold comparator (analog-core 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparator {
    /// Threshold in V, offset included.
    pub threshold: f64,
    /// From the crossing to the closing of the reset switch, in s.
    pub delay: f64,
    /// Whether it has enough bias to work (analog-core 2.3).
    pub works: bool,
}

/// The conductance between a membrane and its line segment (analog-core 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompartmentConductance {
    /// Small-signal conductance in S without range bits.
    pub conductance: f64,
    /// V_lin in V; infinite for an ohmic conductance.
    pub linear_range: f64,
    /// Offset in V: the current toward the membrane vanishes when the line is this much below it.
    pub offset: f64,
}

/// The readout amplifier (analog-core 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadoutAmplifier {
    /// Offset in V, added to every source.
    pub offset: f64,
    /// Gain of the follower before a synaptic line.
    pub line_gain: f64,
    /// Offset in V of that follower.
    pub line_offset: f64,
    /// Whether it has enough bias to work; without, its output is 0 V (analog-core 2.3).
    pub works: bool,
}

/// Everything one neuron circuit knows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circuit {
    /// Membrane capacitor.
    pub membrane: Membrane,
    /// The transconductor outside of the reset.
    pub leak: Transconductor,
    /// The transconductor while the reset switch is closed; there is no leak then.
    pub reset: Transconductor,
    /// Charge in C that opening the reset switch injects on the membrane.
    pub release_charge: f64,
    /// Excitatory, then inhibitory input.
    pub inputs: [SynapticInput; 2],
    /// Exponential term.
    pub exponential: Exponential,
    /// Adaptation.
    pub adaptation: Adaptation,
    /// Magnitude of the offset current in A (analog-core 3.10), never negative; the bit inverts.
    pub offset_current: f64,
    /// Threshold comparator.
    pub comparator: Comparator,
    /// Refractory period and hold-off of the back-end.
    pub refractory: Refractory,
    /// The reset switch is closed for good: `force_reset` of the block, or a dead circuit.
    pub held_in_reset: bool,
    /// Whether a fire of this circuit sends a post pulse into its column (not so with `post_overwrite`).
    pub post_pulse: bool,
    /// Conductance toward the somatic line.
    pub compartment: CompartmentConductance,
    /// Readout amplifier.
    pub readout: ReadoutAmplifier,
    /// Configuration bits.
    pub bits: Bits,
}

fn nominal(parameter: Parameter) -> f64 {
    parameter.quantity().nominal
}

impl Default for Circuit {
    fn default() -> Self {
        let input = |sign: f64| SynapticInput {
            capacitance: nominal(Parameter::LineCapacitance),
            small_capacitance: nominal(Parameter::SmallLineCapacitance),
            resistance: None,
            high_resistance: constants::HIGH_RESISTANCE,
            floating: [constants::FLOATING_TAU, constants::FLOATING_TAU_HIGH],
            headroom: 0.6,
            follower_gain: 1.0,
            transconductance: 0.0,
            offset: 0.0,
            saturation_current: 0.0,
            output_conductance: 0.0,
            output_potential: constants::OUTPUT_POTENTIAL,
            coba_reference: 0.5 + 0.1 * sign,
            coba_modulation: 0.0,
            coba_limit: constants::COBA_CLAMP,
            bypass_level: 0.1,
            debug_resistance: 10e3,
        };
        Self {
            membrane: Membrane {
                bank_step: nominal(Parameter::MembraneCapacitance),
                parasitic: nominal(Parameter::ParasiticCapacitance),
                leakage: 0.0,
                clamp_low: 0.0,
                clamp_high: 1.25,
                clamp_conductance: 20e-6,
            },
            leak: Transconductor { conductance: 0.0, potential: 0.0, linear_range: constants::LEAK_RANGE },
            reset: Transconductor { conductance: 0.0, potential: 0.0, linear_range: constants::RESET_RANGE },
            release_charge: 0.0,
            inputs: [input(1.0), input(-1.0)],
            exponential: Exponential {
                prefactor: nominal(Parameter::ExponentialCurrent),
                onset: 0.0,
                shift: constants::EXPONENTIAL_SHIFT,
                slope: None,
                limit: constants::EXPONENTIAL_LIMIT,
            },
            adaptation: Adaptation {
                capacitance: constants::ADAPTATION_CAPACITANCE,
                leak_conductance: 0.0,
                reference: 0.5,
                coupling: 0.0,
                leak_potential: 0.5,
                coupling_range: constants::ADAPTATION_RANGE,
                pulse_current: 0.0,
                pulse_length: None,
                output_conductance: nominal(Parameter::AdaptationOutput),
                output_range: constants::ADAPTATION_RANGE,
                limits: [0.0, 1.2],
                limit_conductance: 20e-6,
            },
            offset_current: 0.0,
            comparator: Comparator {
                threshold: 0.0,
                delay: nominal(Parameter::ComparatorDelay),
                works: true,
            },
            refractory: Refractory::default(),
            held_in_reset: false,
            post_pulse: true,
            compartment: CompartmentConductance {
                conductance: 0.0,
                linear_range: constants::COMPARTMENT_RANGE,
                offset: 0.0,
            },
            readout: ReadoutAmplifier {
                offset: 0.0,
                line_gain: constants::LINE_FOLLOWER_GAIN,
                line_offset: constants::LINE_FOLLOWER_OFFSET,
                works: true,
            },
            bits: Bits::default(),
        }
    }
}

impl Circuit {
    /// Capacitance of the membrane in F (analog-core 3.5).
    pub fn capacitance(&self) -> f64 {
        self.membrane.bank_step * f64::from(self.bits.membrane_capacitor_size) + self.membrane.parasitic
    }

    /// Constant membrane current in A: leakage, and the offset current with its bits (analog-core 3.10).
    pub fn constant_current(&self) -> f64 {
        let offset = match (self.bits.membrane_offset, self.bits.invert_membrane_offset) {
            (false, _) => 0.0,
            (true, false) => self.offset_current,
            (true, true) => -self.offset_current,
        };
        self.membrane.leakage + offset
    }

    /// Which part of the circuit the linear class can't follow, in the words of the specification; `None` if there is none but for
    /// the saturation of its transconductors and switches to other circuits, which are not looked at here.
    pub fn beyond_linear(&self) -> Option<&'static str> {
        let bits = &self.bits;
        let [excitatory, inhibitory] = &bits.inputs;
        let modulates = |bits: &InputBits, given: &SynapticInput| {
            bits.enable && bits.coba_mode && given.coba_modulation > 0.0
        };
        if bits.exponential && self.exponential.slope.is_some() {
            Some("enable_exponential")
        } else if bits.adaptation {
            Some("enable_adaptation")
        } else if modulates(excitatory, &self.inputs[0]) {
            Some("enable_synaptic_input_excitatory_coba_mode")
        } else if modulates(inhibitory, &self.inputs[1]) {
            Some("enable_synaptic_input_inhibitory_coba_mode")
        } else if excitatory.bypass {
            Some("enable_bypass_excitatory")
        } else if inhibitory.bypass {
            Some("enable_bypass_inhibitory")
        } else if bits.readout_source == crate::ReadoutSource::Adaptation && bits.readout_amplifier {
            Some("readout_source = adaptation")
        } else {
            None
        }
    }

    /// The voltage in V of a synaptic line with this swing in V.
    pub fn line_voltage(swing: f64) -> f64 {
        LINE_REST - swing
    }

    /// Whether the equations have a meaning with these values.
    ///
    /// # Errors
    /// Names neuron, circuit and field of the first value that is not finite (linear ranges may be infinite), a capacitance, resistance,
    /// time constant, slope or range that is not positive, a conductance, delay or saturation current that is negative, limits in
    /// the wrong order, a capacitor size above 63.
    pub fn check(&self, neuron: Neuron) -> Result<(), ReferenceError> {
        let Self { membrane, exponential, adaptation, comparator, compartment, readout, .. } = self;
        let of = |circuit| Check { neuron, circuit };
        let check = of("membrane");
        check.not_negative("bank_step", membrane.bank_step)?;
        check.positive("parasitic", membrane.parasitic)?;
        check.finite("leakage", membrane.leakage)?;
        check.finite("clamp_low", membrane.clamp_low)?;
        check.finite("clamp_high", membrane.clamp_high)?;
        check.demand(
            membrane.clamp_high > membrane.clamp_low,
            "clamp_high",
            membrane.clamp_high,
            "above clamp_low",
        )?;
        check.not_negative("clamp_conductance", membrane.clamp_conductance)?;
        let size = f64::from(self.bits.membrane_capacitor_size);
        check.demand(size <= 63.0, "membrane_capacitor_size", size, "0 to 63")?;
        for (circuit, transconductor) in [("leak", &self.leak), ("reset", &self.reset)] {
            let check = of(circuit);
            check.not_negative("conductance", transconductor.conductance)?;
            check.finite("potential", transconductor.potential)?;
            check.range("linear_range", transconductor.linear_range)?;
        }
        of("reset").finite("release_charge", self.release_charge)?;
        for (circuit, input) in
            ["excitatory synaptic input", "inhibitory synaptic input"].into_iter().zip(&self.inputs)
        {
            input.check(of(circuit))?;
        }
        let check = of("exponential");
        check.positive("prefactor", exponential.prefactor)?;
        check.finite("onset", exponential.onset)?;
        check.finite("shift", exponential.shift)?;
        if let Some(slope) = exponential.slope {
            check.positive("slope", slope)?;
        }
        check.positive("limit", exponential.limit)?;
        let check = of("adaptation");
        check.positive("capacitance", adaptation.capacitance)?;
        check.not_negative("leak_conductance", adaptation.leak_conductance)?;
        check.finite("reference", adaptation.reference)?;
        check.not_negative("coupling", adaptation.coupling)?;
        check.finite("leak_potential", adaptation.leak_potential)?;
        check.range("coupling_range", adaptation.coupling_range)?;
        check.not_negative("pulse_current", adaptation.pulse_current)?;
        check.not_negative("output_conductance", adaptation.output_conductance)?;
        check.range("output_range", adaptation.output_range)?;
        check.finite("limits[0]", adaptation.limits[0])?;
        check.finite("limits[1]", adaptation.limits[1])?;
        let ordered = adaptation.limits[1] > adaptation.limits[0];
        check.demand(ordered, "limits[1]", adaptation.limits[1], "above limits[0]")?;
        check.not_negative("limit_conductance", adaptation.limit_conductance)?;
        of("offset current").not_negative("offset_current", self.offset_current)?;
        of("threshold comparator").finite("threshold", comparator.threshold)?;
        of("threshold comparator").not_negative("delay", comparator.delay)?;
        if let Some(clock) = self.refractory.clock {
            let period = clock.as_secs_f64();
            of("refractory counter").demand(period > 0.0, "clock", period, "positive, or none")?;
        }
        let check = of("inter-compartment conductance");
        check.not_negative("conductance", compartment.conductance)?;
        check.range("linear_range", compartment.linear_range)?;
        check.finite("offset", compartment.offset)?;
        let check = of("readout amplifier");
        check.finite("offset", readout.offset)?;
        check.finite("line_gain", readout.line_gain)?;
        check.finite("line_offset", readout.line_offset)
    }
}

impl SynapticInput {
    fn check(&self, check: Check) -> Result<(), ReferenceError> {
        check.positive("capacitance", self.capacitance)?;
        check.positive("small_capacitance", self.small_capacitance)?;
        if let Some(resistance) = self.resistance {
            check.positive("resistance", resistance)?;
        }
        check.positive("high_resistance", self.high_resistance)?;
        check.positive("floating[0]", self.floating[0])?;
        check.positive("floating[1]", self.floating[1])?;
        check.positive("headroom", self.headroom)?;
        check.not_negative("follower_gain", self.follower_gain)?;
        check.not_negative("transconductance", self.transconductance)?;
        check.finite("offset", self.offset)?;
        let saturation = self.saturation_current;
        check.demand(saturation >= 0.0, "saturation_current", saturation, "not negative, or infinite")?;
        check.not_negative("output_conductance", self.output_conductance)?;
        check.finite("output_potential", self.output_potential)?;
        check.finite("coba_reference", self.coba_reference)?;
        check.not_negative("coba_modulation", self.coba_modulation)?;
        check.not_negative("coba_limit", self.coba_limit)?;
        let modulated = self.coba_modulation > 0.0 && saturation.is_infinite();
        check.demand(!modulated, "saturation_current", saturation, "finite with coba_modulation")?;
        check.positive("bypass_level", self.bypass_level)?;
        check.positive("debug_resistance", self.debug_resistance)
    }
}

/// Who is being checked.
#[derive(Clone, Copy)]
struct Check {
    neuron: Neuron,
    circuit: &'static str,
}

impl Check {
    fn demand(
        self,
        met: bool,
        name: &'static str,
        value: f64,
        demand: &'static str,
    ) -> Result<(), ReferenceError> {
        let Self { neuron, circuit } = self;
        if met { Ok(()) } else { Err(ReferenceError::Parameter { neuron, circuit, name, value, demand }) }
    }
    fn finite(self, name: &'static str, value: f64) -> Result<(), ReferenceError> {
        self.demand(value.is_finite(), name, value, "finite")
    }
    fn positive(self, name: &'static str, value: f64) -> Result<(), ReferenceError> {
        self.demand(value.is_finite() && value > 0.0, name, value, "positive")
    }
    fn not_negative(self, name: &'static str, value: f64) -> Result<(), ReferenceError> {
        self.demand(value.is_finite() && value >= 0.0, name, value, "not negative")
    }
    fn range(self, name: &'static str, value: f64) -> Result<(), ReferenceError> {
        self.demand(value > 0.0, name, value, "positive or infinite")
    }
}
