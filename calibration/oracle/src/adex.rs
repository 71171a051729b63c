//! What is true of adaptation and exponential term as they are configured now.

use crate::VirtualChip;
use bss2_analog::Branch;
use bss2_base::Neuron;
use bss2_chip::registers::neuron::CommonNeuronBackendConfig;

/// Adaptation and exponential of a neuron, with potentials in codes of its own ADC channels and strengths by its own leak
/// conductance (analog-core 3.8, 3.9).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdexTruth {
    /// How far the membrane is from where the adaptation does nothing, codes.
    pub adaptation_offset: f64,
    /// Time constant of the adaptation, us.
    pub adaptation_tau: f64,
    /// a by the leak conductance.
    pub a: f64,
    /// What a spike adds to the adaptation voltage, codes.
    pub jump: f64,
    /// b by the leak conductance, codes.
    pub b: f64,
    /// Onset of the exponential, codes.
    pub onset: f64,
    /// Slope of the exponential, codes.
    pub slope: f64,
}

impl VirtualChip {
    /// What both ADC channels of a neuron read of a membrane voltage on average, before noise and rounding, and how many codes
    /// they have for a volt.
    fn membrane_codes(&self, neuron: Neuron, volts: f64) -> (f64, f64) {
        let analog = self.chip().analog();
        let volts = volts + analog.circuit(neuron).readout.offset;
        let mut sums = (0.0, 0.0);
        for branch in Branch::ALL {
            let channel = analog.cadc_channel(neuron.hemisphere(), branch, neuron.column());
            // Rounding down takes half a code on average.
            let count = (volts - channel.ramp_start) / channel.volts_per_code + channel.offset - 0.5;
            sums.0 += 0.5 * (count + f64::from(channel.digital_offset));
            sums.1 += 0.5 / channel.volts_per_code;
        }
        sums
    }

    /// What is true of a neuron. Pulses are as long as the clock of its side makes them now.
    pub fn adex(&self, neuron: Neuron) -> AdexTruth {
        let circuit = self.chip().analog().circuit(neuron);
        let (adaptation, exponential) = (&circuit.adaptation, &circuit.exponential);
        let membrane = self.chip().analog().membrane(neuron);
        let (_, codes_per_volt) = self.membrane_codes(neuron, membrane);
        // With its range bits.
        let leak = self.chip().analog().neuron(neuron).leak.conductance;
        // Whether or not spikes cause pulses at present: a clock of 250 MHz / 2^(scale + 1).
        let common =
            self.chip().registers().get::<CommonNeuronBackendConfig>(u32::from(neuron.column() / 128));
        let scale = common.map_or(0, |common| common.clock_scale_adapt_pulse);
        let pulse = 4e-9 * f64::from(2_u32 << scale);
        let jump = codes_per_volt * adaptation.pulse_current * pulse / adaptation.capacitance;
        let onset = exponential.threshold(leak).unwrap_or(f64::NAN);
        AdexTruth {
            adaptation_offset: codes_per_volt * (adaptation.leak_potential - membrane),
            adaptation_tau: 1e6 * adaptation.capacitance / adaptation.leak_conductance,
            a: adaptation.output_conductance * adaptation.coupling / adaptation.leak_conductance / leak,
            jump,
            b: jump * adaptation.output_conductance / leak,
            onset: self.membrane_codes(neuron, onset).0,
            slope: codes_per_volt * exponential.slope.unwrap_or(f64::NAN),
        }
    }
}
