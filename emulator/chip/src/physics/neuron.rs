//! One neuron circuit (analog-core 3).

use super::{CellAddress, RangeSwitches, SharedCell, transconductance};
use super::{Cells, NeuronField, NeuronRow, NeuronSwitches, PhysicsWarning, QuadrantBiases, Warnings};
use bss2_analog::mismatch::{NeuronMismatch, constants};
use bss2_analog::{
    Comparator, NeuronParameters, Readout, ReadoutSource, Refractory, SynapticInput, Transconductor,
};
use bss2_base::{Neuron, math};

/// The leak bias at which its offset dependence is zero (analog-core 3.2).
const LEAK_OFFSET_REFERENCE: f64 = 150.0;

impl Cells<'_> {
    /// Everything a neuron circuit is told, at this moment. `biases` must be those of its quadrant.
    pub fn neuron(
        &self,
        neuron: Neuron,
        biases: &QuadrantBiases,
        switches: &NeuronSwitches,
        warnings: &mut Warnings,
    ) -> NeuronParameters {
        let own = self.physics.neuron_mismatch(neuron);
        self.warn_of_neuron(neuron, switches, warnings);
        let current = |row| self.current_code(CellAddress::of_neuron(neuron, row));
        let voltage = |row| self.voltage(CellAddress::of_neuron(neuron, row));
        let potential = |row| if biases.follower { follower(voltage(row)) } else { 0.0 };

        let leak_bias = current(NeuronRow::IBiasLeak);
        let leak = ranged(
            &switches.leak,
            transconductance(own.leak_strength, leak_bias, constants::LEAK_KNEE),
            [constants::LEAK_MULTIPLICATION, constants::LEAK_DIVISION],
            constants::LEAK_RANGE,
        );
        let reset_strength =
            transconductance(own.reset_strength, current(NeuronRow::IBiasReset), constants::RESET_KNEE);
        let reset = ranged(
            &switches.reset,
            reset_strength,
            [constants::RESET_MULTIPLICATION, constants::RESET_DIVISION],
            constants::RESET_RANGE,
        );
        let leak_potential = potential(NeuronRow::VLeak)
            + own.leak_offset
            + own.leak_offset_per_bias * (leak_bias - LEAK_OFFSET_REFERENCE);
        let on = if biases.cascode { 1.0 } else { 0.0 };
        NeuronParameters {
            capacitance: own.capacitance_per_code * f64::from(switches.capacitor) + own.parasitic_capacitance,
            leak: Transconductor {
                conductance: on * leak.0,
                potential: leak_potential,
                linear_range: leak.1,
            },
            reset: Transconductor {
                conductance: on * reset.0,
                potential: potential(NeuronRow::VReset) + own.reset_offset,
                linear_range: reset.1,
            },
            release_charge: own.release_charge,
            constant_current: own.residual_leakage
                + offset_current(own, current(NeuronRow::IMemOffset), switches),
            inputs: [0, 1].map(|which| self.synaptic_input(neuron, which, biases, switches)),
            pause_in_reset: switches.pause,
            comparator: biases.comparator.filter(|_| switches.threshold_comparator).map(|bias| Comparator {
                threshold: voltage(NeuronRow::VThreshold) + own.threshold_offset,
                delay: own.comparator_delay * (COMPARATOR_BIAS / bias),
            }),
            enable_fire: switches.fire,
            refractory: Refractory {
                clock: switches.backend.refractory_clock,
                ticks: u16::from(switches.backend.refractory_time),
                holdoff_ticks: holdoff_ticks(switches),
            },
            post_pulse: switches.backend.post_pulse,
            held_in_reset: switches.backend.force_reset || own.dead,
            readout: readout(own, biases, switches),
        }
    }

    fn synaptic_input(
        &self,
        neuron: Neuron,
        which: usize,
        biases: &QuadrantBiases,
        switches: &NeuronSwitches,
    ) -> SynapticInput {
        let own = self.physics.neuron_mismatch(neuron);
        let bits = switches.inputs[which];
        let [tau, shift, gm] = [
            [NeuronRow::IBiasSyninExcTau, NeuronRow::IBiasSyninInhTau],
            [NeuronRow::IBiasSyninExcShift, NeuronRow::IBiasSyninInhShift],
            [NeuronRow::IBiasSyninExcGm, NeuronRow::IBiasSyninInhGm],
        ]
        .map(|rows| self.current_code(CellAddress::of_neuron(neuron, rows[which])));

        let (resistance, floating) = if bits.high_resistance {
            (constants::HIGH_RESISTANCE, constants::FLOATING_TAU_HIGH)
        } else {
            (1.0, constants::FLOATING_TAU)
        };
        let normal = own.line_capacitance[which];
        let capacitance = if bits.small_capacitance { own.small_line_capacitance[which] } else { normal };
        // Without bias the line floats; the residual decay also ends the rise of 1/bias for tiny biases, continuously.
        let driven = own.line_tau[which] * resistance * (capacitance / normal) / tau;
        let time_constant = if driven < floating { driven } else { floating };

        let transconductor = match biases.drop {
            Some(_) if biases.cascode => {
                transconductance(own.synaptic_strength[which], gm, constants::SYNAPTIC_KNEE)
            }
            _ => 0.0,
        };
        let sign = [constants::SHIFT_SIGN_EXCITATORY, constants::SHIFT_SIGN_INHIBITORY][which];
        // A follower without any shift bias would be infinitely far off; one code is the least that counts.
        let shifted = shift.max(1.0) / biases.drop.unwrap_or(1.0);
        SynapticInput {
            enabled: bits.enable,
            time_constant,
            line_capacitance: capacitance,
            transconductance: transconductor,
            offset: sign * constants::SHIFT_SCALE * math::ln(shifted) + own.synaptic_offset[which],
            saturation_current: constants::SYNAPTIC_SATURATION * gm,
            output_conductance: constants::OUTPUT_CONDUCTANCE * transconductor,
            output_potential: constants::OUTPUT_POTENTIAL,
        }
    }

    fn warn_of_neuron(&self, neuron: Neuron, switches: &NeuronSwitches, warnings: &mut Warnings) {
        let [excitatory, inhibitory] = switches.inputs;
        let compartments = switches.compartments;
        let unmodelled = [
            (switches.exponential, NeuronField::Exponential),
            (switches.adaptation.enable, NeuronField::Adaptation),
            (excitatory.coba, NeuronField::ExcitatoryCoba),
            (inhibitory.coba, NeuronField::InhibitoryCoba),
            (excitatory.bypass, NeuronField::ExcitatoryBypass),
            (inhibitory.bypass, NeuronField::InhibitoryBypass),
            (compartments.soma, NeuronField::ConnectSoma),
            (compartments.membrane_right, NeuronField::ConnectMembraneRight),
            (compartments.bottom, NeuronField::ConnectBottom),
            (compartments.somata, NeuronField::ConnectSomata),
            (compartments.conductance, NeuronField::MulticompConductance),
        ];
        for (set, field) in unmodelled {
            if set {
                warnings.note(PhysicsWarning::UnmodelledNeuronBit { neuron, field });
            }
        }
        let backend = switches.backend;
        let holdoff_ticks = holdoff_ticks(switches);
        if switches.fire
            && backend.refractory_clock.is_some()
            && u16::from(backend.refractory_time) < holdoff_ticks
        {
            let refractory_time = backend.refractory_time;
            warnings.note(PhysicsWarning::RefractoryShorterThanHoldoff {
                neuron,
                refractory_time,
                holdoff_ticks,
            });
        }
        let quadrant = neuron.quadrant();
        let in_use = switches.threshold_comparator || excitatory.enable || inhibitory.enable;
        for (used, cell) in [
            (in_use, SharedCell::NeuronIBiasLeakSourceFollower),
            (in_use, SharedCell::NeuronVBiasCascN),
            (switches.threshold_comparator, SharedCell::NeuronIBiasSpikeComparator),
            (excitatory.enable || inhibitory.enable, SharedCell::NeuronIBiasSyninDrop),
            (switches.readout_amplifier, SharedCell::NeuronIBiasReadoutAmp),
        ] {
            if used {
                self.warn_if_low(cell, quadrant, warnings);
            }
        }
    }
}

/// Bias of the spike comparator at which its delay is nominal (analog-core 3.4).
const COMPARATOR_BIAS: f64 = 200.0;

/// What the followers of leak, reset, CoBa and exponential potentials make of a cell voltage (analog-core 2.4, SF).
fn follower(voltage: f64) -> f64 {
    (constants::FOLLOWER_GAIN * voltage + constants::FOLLOWER_OFFSET).clamp(0.0, 1.2)
}

/// Conductance and linear range under the range bits; `factors` are those of multiplication and division.
fn ranged(bits: &RangeSwitches, conductance: f64, factors: [f64; 2], range: f64) -> (f64, f64) {
    let factor = match (bits.multiply, bits.divide) {
        (true, false) => factors[0],
        (false, true) => 1.0 / factors[1],
        _ => 1.0,
    };
    if bits.degenerate {
        (conductance * factor * constants::DEGENERATION_CONDUCTANCE, range * constants::DEGENERATION_RANGE)
    } else {
        (conductance * factor, range)
    }
}

/// The offset current in A (analog-core 3.10): linear, compressed above code 800.
fn offset_current(own: &NeuronMismatch, code: f64, switches: &NeuronSwitches) -> f64 {
    if !switches.membrane_offset {
        return 0.0;
    }
    let excess = (code - constants::OFFSET_COMPRESSION_START).max(0.0)
        / (1022.0 - constants::OFFSET_COMPRESSION_START);
    let current = own.offset_current * code * (1.0 - constants::OFFSET_COMPRESSION * excess);
    if switches.invert_membrane_offset { -current } else { current }
}

/// Ticks before the end of the refractory period at which the reset opens (analog-core 3.3).
fn holdoff_ticks(switches: &NeuronSwitches) -> u16 {
    2 * (15 - u16::from(switches.backend.reset_holdoff.min(15))) + 1
}

fn readout(own: &NeuronMismatch, biases: &QuadrantBiases, switches: &NeuronSwitches) -> Readout {
    if !biases.readout {
        // An amplifier without bias holds its output at 0 V: a follower with neither gain nor offset.
        return Readout {
            source: ReadoutSource::ExcitatoryLine,
            amplifier: switches.readout_amplifier,
            offset: 0.0,
            line_gain: 0.0,
            line_offset: 0.0,
        };
    }
    Readout {
        source: switches.readout_source,
        amplifier: switches.readout_amplifier,
        offset: own.readout_offset,
        line_gain: constants::LINE_FOLLOWER_GAIN,
        line_offset: constants::LINE_FOLLOWER_OFFSET,
    }
}
