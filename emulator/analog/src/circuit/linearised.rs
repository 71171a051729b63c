//! Between the whole circuit and what the linear class takes from it.

use super::{Circuit, Comparator, ReadoutAmplifier, Transconductor};
use crate::mismatch::constants;
use crate::parameters::{self, Line, NeuronParameters, Readout, ReadoutSource, SynapticInput};

impl From<&Circuit> for NeuronParameters {
    /// What the linear class takes from a circuit: its values with range and mode bits applied. Everything that
    /// [`Circuit::beyond_linear`] names is left out.
    fn from(circuit: &Circuit) -> Self {
        let bits = &circuit.bits;
        let leak_factors = [constants::LEAK_MULTIPLICATION, constants::LEAK_DIVISION];
        let reset_factors = [constants::RESET_MULTIPLICATION, constants::RESET_DIVISION];
        let comparator = &circuit.comparator;
        Self {
            capacitance: circuit.capacitance(),
            leak: ranged(&circuit.leak, &bits.leak, leak_factors),
            reset: ranged(&circuit.reset, &bits.reset, reset_factors),
            release_charge: circuit.release_charge,
            constant_current: circuit.constant_current(),
            inputs: Line::ALL.map(|line| input(circuit, line)),
            pause_in_reset: bits.pause,
            comparator: (bits.threshold_comparator && comparator.works).then_some(parameters::Comparator {
                threshold: comparator.threshold,
                delay: comparator.delay,
            }),
            enable_fire: bits.fire,
            refractory: circuit.refractory,
            post_pulse: circuit.post_pulse,
            held_in_reset: circuit.held_in_reset,
            readout: readout(circuit),
        }
    }
}

/// A transconductor under its range bits; `factors` are those of multiplication and division.
fn ranged(given: &Transconductor, bits: &super::RangeBits, factors: [f64; 2]) -> parameters::Transconductor {
    let factor = match (bits.multiplication, bits.division) {
        (true, false) => factors[0],
        (false, true) => 1.0 / factors[1],
        _ => 1.0,
    };
    let (weaker, wider) = if bits.degeneration {
        (constants::DEGENERATION_CONDUCTANCE, constants::DEGENERATION_RANGE)
    } else {
        (1.0, 1.0)
    };
    parameters::Transconductor {
        conductance: given.conductance * factor * weaker,
        potential: given.potential,
        linear_range: given.linear_range * wider,
    }
}

fn input(circuit: &Circuit, line: Line) -> SynapticInput {
    let given = &circuit.inputs[line as usize];
    let bits = &circuit.bits.inputs[line as usize];
    let capacitance = if bits.small_capacitance { given.small_capacitance } else { given.capacitance };
    let factor = if bits.high_resistance { given.high_resistance } else { 1.0 };
    let floating = given.floating[usize::from(bits.high_resistance)];
    // The residual decay of a floating line also ends the rise of 1/bias for tiny biases, continuously.
    let driven = given.resistance.map_or(floating, |resistance| resistance * factor * capacitance);
    SynapticInput {
        enabled: bits.enable,
        time_constant: driven.min(floating),
        line_capacitance: capacitance,
        transconductance: given.transconductance * given.follower_gain,
        offset: given.offset / given.follower_gain,
        saturation_current: given.saturation_current,
        output_conductance: given.output_conductance,
        output_potential: given.output_potential,
    }
}

fn readout(circuit: &Circuit) -> Readout {
    let amplifier = circuit.bits.readout_amplifier;
    let given = &circuit.readout;
    if !given.works {
        // An amplifier without bias holds its output at 0 V: a follower with neither gain nor offset.
        return Readout {
            source: ReadoutSource::ExcitatoryLine,
            amplifier,
            offset: 0.0,
            line_gain: 0.0,
            line_offset: 0.0,
        };
    }
    Readout {
        source: circuit.bits.readout_source,
        amplifier,
        offset: given.offset,
        line_gain: given.line_gain,
        line_offset: given.line_offset,
    }
}

impl From<&NeuronParameters> for Circuit {
    /// The circuit of which no more is known than what the linear class is told, with bits that change nothing.
    fn from(parameters: &NeuronParameters) -> Self {
        let transconductor = |given: &parameters::Transconductor| Transconductor {
            conductance: given.conductance,
            potential: given.potential,
            linear_range: given.linear_range,
        };
        let mut circuit = Self::default();
        circuit.membrane.parasitic = parameters.capacitance;
        circuit.membrane.leakage = parameters.constant_current;
        circuit.leak = transconductor(&parameters.leak);
        circuit.reset = transconductor(&parameters.reset);
        circuit.release_charge = parameters.release_charge;
        for ((own, bits), given) in
            circuit.inputs.iter_mut().zip(&mut circuit.bits.inputs).zip(&parameters.inputs)
        {
            own.capacitance = given.line_capacitance;
            own.floating = [given.time_constant; 2];
            own.transconductance = given.transconductance;
            own.offset = given.offset;
            own.saturation_current = given.saturation_current;
            own.output_conductance = given.output_conductance;
            own.output_potential = given.output_potential;
            bits.enable = given.enabled;
        }
        circuit.bits.pause = parameters.pause_in_reset;
        if let Some(comparator) = &parameters.comparator {
            circuit.comparator =
                Comparator { threshold: comparator.threshold, delay: comparator.delay, works: true };
            circuit.bits.threshold_comparator = true;
        }
        circuit.bits.fire = parameters.enable_fire;
        circuit.refractory = parameters.refractory;
        circuit.held_in_reset = parameters.held_in_reset;
        circuit.post_pulse = parameters.post_pulse;
        let readout = &parameters.readout;
        circuit.bits.readout_source = readout.source;
        circuit.bits.readout_amplifier = readout.amplifier;
        circuit.readout = ReadoutAmplifier {
            offset: readout.offset,
            line_gain: readout.line_gain,
            line_offset: readout.line_offset,
            works: true,
        };
        circuit
    }
}
