//! One neuron circuit (analog-core 3).

use super::cells::CODE_MAX;
use super::{CellAddress, RangedCircuit, SharedCell, transconductance};
use super::{Cells, NeuronRow, NeuronSwitches, PhysicsWarning, QuadrantBiases, Warnings};
use bss2_analog::circuit::{
    Adaptation, Circuit, Comparator, CompartmentConductance, Exponential, Membrane, ReadoutAmplifier,
    SynapticInput, Transconductor,
};
use bss2_analog::mismatch::{NeuronMismatch, constants};
use bss2_analog::{Line, Refractory};
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
    ) -> Circuit {
        let own = self.physics.neuron_mismatch(neuron);
        self.warn_of_neuron(neuron, switches, warnings);
        let current = |row| self.current_code(CellAddress::of_neuron(neuron, row));
        let voltage = |row| self.voltage(CellAddress::of_neuron(neuron, row));
        let potential = |row| if biases.follower { follower(voltage(row)) } else { 0.0 };
        let conductance = |strength, row, knee| match biases.cascode {
            true => transconductance(strength, current(row), knee),
            false => 0.0,
        };

        let leak_offset = own.leak_offset
            + own.leak_offset_per_bias * (current(NeuronRow::IBiasLeak) - LEAK_OFFSET_REFERENCE);
        let leak = Transconductor {
            conductance: conductance(own.leak_strength, NeuronRow::IBiasLeak, constants::LEAK_KNEE),
            potential: potential(NeuronRow::VLeak) + leak_offset,
            linear_range: constants::LEAK_RANGE,
        };
        let reset = Transconductor {
            conductance: conductance(own.reset_strength, NeuronRow::IBiasReset, constants::RESET_KNEE),
            potential: potential(NeuronRow::VReset) + own.reset_offset,
            linear_range: constants::RESET_RANGE,
        };
        let nominal = Circuit::default();
        Circuit {
            membrane: Membrane {
                bank_step: own.capacitance_per_code,
                parasitic: own.parasitic_capacitance,
                leakage: own.residual_leakage,
                ..nominal.membrane
            },
            leak,
            reset,
            release_charge: own.release_charge,
            inputs: Line::ALL.map(|line| self.synaptic_input(neuron, line, biases)),
            exponential: Exponential {
                prefactor: own.exponential_current,
                onset: potential(NeuronRow::VExp) + own.exponential_offset,
                slope: Some(current(NeuronRow::IBiasExp))
                    .filter(|code| *code > 0.0 && biases.cascode)
                    .map(|code| own.exponential_slope / code),
                ..nominal.exponential
            },
            adaptation: self.adaptation(neuron, biases, switches),
            offset_current: offset_current(own, current(NeuronRow::IMemOffset)),
            comparator: Comparator {
                threshold: voltage(NeuronRow::VThreshold) + own.threshold_offset,
                delay: own.comparator_delay
                    * (COMPARATOR_BIAS / biases.comparator.unwrap_or(COMPARATOR_BIAS)),
                works: biases.comparator.is_some(),
            },
            refractory: Refractory {
                clock: switches.backend.refractory_clock,
                ticks: u16::from(switches.backend.refractory_time),
                holdoff_ticks: holdoff_ticks(switches),
            },
            held_in_reset: switches.backend.force_reset || own.dead,
            post_pulse: switches.backend.post_pulse,
            compartment: CompartmentConductance {
                conductance: conductance(
                    own.compartment_strength,
                    NeuronRow::IBiasNmda,
                    constants::COMPARTMENT_KNEE,
                ),
                offset: own.compartment_offset,
                ..nominal.compartment
            },
            readout: ReadoutAmplifier {
                offset: own.readout_offset,
                works: biases.readout,
                ..nominal.readout
            },
            bits: switches.bits,
        }
    }

    fn synaptic_input(&self, neuron: Neuron, line: Line, biases: &QuadrantBiases) -> SynapticInput {
        let which = line as usize;
        let own = self.physics.neuron_mismatch(neuron);
        let cell = |rows: [NeuronRow; 2]| CellAddress::of_neuron(neuron, rows[which]);
        let [tau, shift, gm, coba] = [
            [NeuronRow::IBiasSyninExcTau, NeuronRow::IBiasSyninInhTau],
            [NeuronRow::IBiasSyninExcShift, NeuronRow::IBiasSyninInhShift],
            [NeuronRow::IBiasSyninExcGm, NeuronRow::IBiasSyninInhGm],
            [NeuronRow::IBiasSyninExcCoba, NeuronRow::IBiasSyninInhCoba],
        ]
        .map(|rows| self.current_code(cell(rows)));
        let reference = self.voltage(cell([NeuronRow::ESyninExcRev, NeuronRow::ESyninInhRev]));
        let reference = if biases.follower { follower(reference) } else { 0.0 };

        let capacitance = own.line_capacitance[which];
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
            capacitance,
            small_capacitance: own.small_line_capacitance[which],
            resistance: Some(own.line_tau[which] / (tau * capacitance)).filter(|ohm| ohm.is_finite()),
            transconductance: transconductor,
            offset: sign * constants::SHIFT_SCALE * math::ln(shifted) + own.synaptic_offset[which],
            saturation_current: constants::SYNAPTIC_SATURATION * gm,
            output_conductance: constants::OUTPUT_CONDUCTANCE * transconductor,
            coba_reference: reference + own.coba_reference_offset[which],
            coba_modulation: own.coba_strength[which] * constants::CURRENT_CELL_LSB * coba,
            ..Circuit::default().inputs[which]
        }
    }

    /// The adaptation circuit (analog-core 3.9). Without cascode bias its transconductors draw no current; V_w then stays.
    fn adaptation(&self, neuron: Neuron, biases: &QuadrantBiases, switches: &NeuronSwitches) -> Adaptation {
        let own = self.physics.neuron_mismatch(neuron);
        let current = |row| self.current_code(CellAddress::of_neuron(neuron, row));
        let potential = |row| match biases.follower {
            true => adaptation_follower(self.voltage(CellAddress::of_neuron(neuron, row))),
            false => 0.0,
        };
        let on = if biases.cascode { 1.0 } else { 0.0 };
        Adaptation {
            leak_conductance: on * own.adaptation_leak * current(NeuronRow::IBiasAdaptTau),
            reference: potential(NeuronRow::VAdaptRef) + own.adaptation_reference_offset,
            coupling: on * own.adaptation_coupling * current(NeuronRow::IBiasAdaptA),
            leak_potential: potential(NeuronRow::VAdaptLeak) + own.adaptation_leak_offset,
            pulse_current: own.adaptation_pulse * current(NeuronRow::IBiasAdaptB),
            pulse_length: switches.backend.adaptation_pulse,
            output_conductance: on * own.adaptation_output,
            ..Circuit::default().adaptation
        }
    }

    fn warn_of_neuron(&self, neuron: Neuron, switches: &NeuronSwitches, warnings: &mut Warnings) {
        let NeuronSwitches { bits, backend } = *switches;
        let [excitatory, inhibitory] = bits.inputs;
        let holdoff_ticks = holdoff_ticks(switches);
        if bits.fire
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
        let in_use = bits.threshold_comparator || excitatory.enable || inhibitory.enable;
        for (used, cell) in [
            (in_use, SharedCell::NeuronIBiasLeakSourceFollower),
            (in_use, SharedCell::NeuronVBiasCascN),
            (bits.threshold_comparator, SharedCell::NeuronIBiasSpikeComparator),
            (excitatory.enable || inhibitory.enable, SharedCell::NeuronIBiasSyninDrop),
            (bits.readout_amplifier, SharedCell::NeuronIBiasReadoutAmp),
        ] {
            if used {
                self.warn_if_low(cell, quadrant, warnings);
            }
        }
        if bits.fire && bits.threshold_comparator {
            self.warn_of_potentials(neuron, switches, warnings);
        }
        let compartments = &bits.compartments;
        for (set, circuit) in [
            (bits.leak.multiplication && bits.leak.division, RangedCircuit::Leak),
            (bits.reset.multiplication && bits.reset.division, RangedCircuit::Reset),
            (
                compartments.conductance && compartments.multiply && compartments.divide,
                RangedCircuit::CompartmentConductance,
            ),
        ] {
            if set {
                warnings.note(PhysicsWarning::RangeBitsCancel { neuron, circuit });
            }
        }
    }

    /// Warns of potentials of a neuron in use that were *written* beyond what followers reach on a typical chip.
    fn warn_of_potentials(&self, neuron: Neuron, switches: &NeuronSwitches, warnings: &mut Warnings) {
        let bits = &switches.bits;
        let [excitatory, inhibitory] = bits.inputs;
        for (used, cell, adaptation) in [
            (true, NeuronRow::VLeak, false),
            (true, NeuronRow::VReset, false),
            (excitatory.enable && excitatory.coba_mode, NeuronRow::ESyninExcRev, false),
            (inhibitory.enable && inhibitory.coba_mode, NeuronRow::ESyninInhRev, false),
            (bits.exponential, NeuronRow::VExp, false),
            (bits.adaptation, NeuronRow::VAdaptLeak, true),
            (bits.adaptation, NeuronRow::VAdaptRef, true),
        ] {
            let code = self.capmem.code(CellAddress::of_neuron(neuron, cell));
            // 0 is a cell that nobody has written, or as low as it gets.
            if !used || code == 0 || code > CODE_MAX {
                continue;
            }
            let nominal = constants::VOLTAGE_CELL_LSB * f64::from(code) + constants::VOLTAGE_CELL_OFFSET;
            let [gain, offset] = if adaptation { ADAPTATION_FOLLOWER } else { FOLLOWER };
            let wanted = gain * nominal + offset;
            if !(0.0..=FOLLOWER_SUPPLY).contains(&wanted) {
                let high = wanted > FOLLOWER_SUPPLY;
                warnings.note(PhysicsWarning::PotentialClipped { neuron, cell, code, high });
            }
        }
    }
}

/// Gain, and offset in V, of the followers of leak, reset, CoBa and exponential potentials (analog-core 2.4, SF).
const FOLLOWER: [f64; 2] = [constants::FOLLOWER_GAIN, constants::FOLLOWER_OFFSET];
/// The same of the two adaptation potentials (analog-core 2.4, SFA).
const ADAPTATION_FOLLOWER: [f64; 2] =
    [constants::ADAPTATION_FOLLOWER_GAIN, constants::ADAPTATION_FOLLOWER_OFFSET];
/// What a follower reaches at most, in V.
const FOLLOWER_SUPPLY: f64 = 1.2;

/// Bias of the spike comparator at which its delay is nominal (analog-core 3.4).
const COMPARATOR_BIAS: f64 = 200.0;

/// What the followers of leak, reset, CoBa and exponential potentials make of a cell voltage (analog-core 2.4, SF).
fn follower(voltage: f64) -> f64 {
    (FOLLOWER[0] * voltage + FOLLOWER[1]).clamp(0.0, FOLLOWER_SUPPLY)
}

/// What the followers of the two adaptation potentials make of a cell voltage (analog-core 2.4, SFA).
fn adaptation_follower(voltage: f64) -> f64 {
    (ADAPTATION_FOLLOWER[0] * voltage + ADAPTATION_FOLLOWER[1]).clamp(0.0, FOLLOWER_SUPPLY)
}

/// Magnitude of the offset current in A (analog-core 3.10): linear, compressed above code 800.
fn offset_current(own: &NeuronMismatch, code: f64) -> f64 {
    let excess = (code - constants::OFFSET_COMPRESSION_START).max(0.0)
        / (1022.0 - constants::OFFSET_COMPRESSION_START);
    own.offset_current * code * (1.0 - constants::OFFSET_COMPRESSION * excess)
}

/// Ticks before the end of the refractory period at which the reset opens (analog-core 3.3).
fn holdoff_ticks(switches: &NeuronSwitches) -> u16 {
    2 * (15 - u16::from(switches.backend.reset_holdoff.min(15))) + 1
}
