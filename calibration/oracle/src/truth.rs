//! What is true of a chip as it is configured now.

use crate::VirtualChip;
use bss2_analog::mismatch::{ChipMismatch, Parameter, constants};
use bss2_analog::{Branch, DriverParameters, PulseControl};
use bss2_base::{Column, Hemisphere, Neuron, Quadrant};
use bss2_calibration::evaluation::{correlation, standard_deviation};
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter, SharedParameter};
use bss2_chip::registers::coordinates;

impl VirtualChip {
    /// What every channel of the column ADC reads of a voltage on average, before noise and rounding, by
    /// `512 · hemisphere + 256 · acausal + column`.
    pub fn cadc_codes(&self, volts: f64) -> Vec<f64> {
        let mut codes = Vec::with_capacity(1024);
        for hemisphere in Hemisphere::ALL {
            for branch in Branch::ALL {
                for column in 0..=Column::MAX {
                    let channel = self.chip().analog().cadc_channel(hemisphere, branch, column);
                    let count = (volts - channel.ramp_start) / channel.volts_per_code + channel.offset;
                    // Rounding down takes half a code on average.
                    codes.push(count - 0.5 + f64::from(channel.digital_offset));
                }
            }
        }
        codes
    }
}

impl VirtualChip {
    /// Pulse length of every driver for an activation (1 to 31), as part of the longest one; by `128 · hemisphere + driver`. NaN
    /// for drivers that do not convert activations.
    pub fn hagen_pulses(&self, activation: u8) -> Vec<f64> {
        self.drivers(|driver| match driver.control {
            PulseControl::Hagen { base, step } => {
                driver.ramp.pulse(base + step * (f64::from(32 - activation) - 1.0))
            }
            _ => f64::NAN,
        })
    }

    /// Pulse length of every driver at a plasticity voltage in codes of its cell.
    pub fn plastic_pulses(&self, code: f64) -> Vec<f64> {
        self.drivers(|driver| driver.ramp.pulse(code * constants::VOLTAGE_CELL_LSB))
    }

    fn drivers(&self, value: impl Fn(&DriverParameters) -> f64) -> Vec<f64> {
        Hemisphere::ALL
            .into_iter()
            .flat_map(|hemisphere| (0..128).map(move |driver| (hemisphere, driver)))
            .map(|(hemisphere, driver)| value(self.chip().analog().driver(hemisphere, driver)))
            .collect()
    }
}

impl VirtualChip {
    /// Amplitude in codes of 4.5 mV per pair and time constant in microseconds of all sensors, both branches together, by
    /// quadrant, as they are biased and corrected now.
    pub fn correlation_sensors(&self) -> [Vec<(f64, f64)>; 4] {
        let mut sensors: [Vec<(f64, f64)>; 4] = Default::default();
        let chip = self.chip();
        let options = chip.options();
        let individual = options.individual();
        for hemisphere in Hemisphere::ALL {
            let mismatch = individual.synapses(hemisphere);
            for (place, own) in mismatch.iter().enumerate() {
                let (row, column) = ((place / 256) as u8, (place % 256) as u8);
                let quadrant = Quadrant::of(hemisphere, column);
                let Some(shared) = self.correlation_biases(quadrant) else { continue };
                let (amplitude_bits, time_bits) =
                    chip.analog().correlation_calibration(hemisphere, row, column);
                for branch in [own.causal, own.acausal] {
                    let amplitude = shared.0 * f64::from(branch.amplitude)
                        / (1.0 + constants::CORRELATION_AMPLITUDE_STEP * f64::from(amplitude_bits));
                    let tau = shared.1 * f64::from(branch.time_constant)
                        / (1.0 + constants::CORRELATION_TIME_STEP * f64::from(time_bits));
                    sensors[quadrant.index()].push((amplitude, tau));
                }
            }
        }
        sensors
    }

    /// Amplitude in codes and time constant in microseconds of the nominal sensor at the codes of the biases. Gains and errors of
    /// cells are those of the individual; the error of a single write (0.7 codes) is left out.
    fn correlation_biases(&self, quadrant: Quadrant) -> Option<(f64, f64)> {
        let options = self.chip().options();
        let individual = options.individual();
        let current = |parameter: SharedParameter| {
            let (column, row) = parameter.place();
            let instance = coordinates::capmem_cell(quadrant, row, column);
            let code = self.chip().registers().get::<CapMemCell>(instance)?.value;
            let cell = (130 * quadrant.index() + usize::from(column)) * 24 + usize::from(row);
            let gain = individual.value(Parameter::CurrentCellGain, quadrant.index())
                * individual.value(Parameter::CurrentCell, cell);
            Some(f64::from(code) * gain)
        };
        let amplitude = Parameter::CorrelationAmplitude.quantity().nominal;
        let tau = Parameter::CorrelationTau.quantity().nominal;
        Some((
            amplitude * constants::CORRELATION_STORE_REFERENCE / current(SharedParameter::SynIBiasStore)?,
            1e6 * tau * constants::CORRELATION_RAMP_REFERENCE / current(SharedParameter::SynIBiasRamp)?,
        ))
    }
}

/// The leak bias in codes at which its offset does not depend on it (analog-core 3.2).
const LEAK_OFFSET_REFERENCE: f64 = 150.0;

/// How well the settings of a potential tell its hidden offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// Pearson's correlation of the codes with those that the hidden offsets ask for.
    pub correlation: f64,
    /// Root mean square of the difference, by the spread of the latter.
    pub error: f64,
}

impl VirtualChip {
    /// Leak, reset and threshold: the codes on the chip against the codes that would bring every neuron to the same reading,
    /// computed from the gains of the quadrants and the hidden offsets of circuits and readout (analog-core 2.4, 8.2).
    pub fn offset_recovery(&self, neurons: &[Neuron]) -> [Recovery; 3] {
        let options = self.chip().options();
        let individual = options.individual();
        [NeuronParameter::VLeak, NeuronParameter::VReset, NeuronParameter::VThreshold].map(|parameter| {
            let (mut codes, mut wanted) = (Vec::new(), Vec::new());
            for &neuron in neurons {
                let own = individual.neuron(neuron);
                let gain = individual.value(Parameter::VoltageCellGain, neuron.quadrant().index());
                // Relative to the readout, whose offset every potential is calibrated through. That of the leak moves with its bias.
                let bias = self.current(neuron, &individual, NeuronParameter::IBiasLeak);
                let leak_offset = own.leak_offset + own.leak_offset_per_bias * (bias - LEAK_OFFSET_REFERENCE);
                let (follower, offset, volts) = match parameter {
                    NeuronParameter::VLeak => (0.8, leak_offset - 0.54, 0.42),
                    NeuronParameter::VReset => (0.8, own.reset_offset - 0.54, 0.375),
                    _ => (1.0, own.threshold_offset, 0.6225),
                };
                let cell = (volts - own.readout_offset - offset) / (follower * gain);
                wanted.push((cell - 19e-3) / constants::VOLTAGE_CELL_LSB);
                codes.push(self.cell(neuron, parameter));
            }
            let differences: Vec<f64> =
                codes.iter().zip(&wanted).map(|(code, wanted)| code - wanted).collect();
            Recovery {
                correlation: correlation(&codes, &wanted),
                error: standard_deviation(&differences) / standard_deviation(&wanted),
            }
        })
    }

    /// Codes of the strength of an input (0 excitatory, 1 inhibitory) and the hidden strengths per code.
    pub fn strength_codes(&self, neurons: &[Neuron], which: usize) -> (Vec<f64>, Vec<f64>) {
        let options = self.chip().options();
        let individual = options.individual();
        let parameter = [NeuronParameter::IBiasSyninExcGm, NeuronParameter::IBiasSyninInhGm][which & 1];
        neurons
            .iter()
            .map(|&neuron| {
                (self.cell(neuron, parameter), individual.neuron(neuron).synaptic_strength[which & 1])
            })
            .unzip()
    }

    /// The current of a cell of a neuron in codes of the nominal chip; the error of a single write (0.7 codes) is left out.
    fn current(&self, neuron: Neuron, individual: &ChipMismatch, parameter: NeuronParameter) -> f64 {
        let quadrant = neuron.quadrant().index();
        let cell = (130 * quadrant + usize::from(neuron.column() % 128)) * 24 + usize::from(parameter.row());
        let gain = individual.value(Parameter::CurrentCellGain, quadrant)
            * individual.value(Parameter::CurrentCell, cell);
        gain * self.cell(neuron, parameter)
    }

    /// The code of a cell of a neuron.
    pub(crate) fn cell(&self, neuron: Neuron, parameter: NeuronParameter) -> f64 {
        let instance = coordinates::capmem_cell(neuron.quadrant(), parameter.row(), neuron.column() % 128);
        self.chip().registers().get::<CapMemCell>(instance).map_or(f64::NAN, |cell| f64::from(cell.value))
    }
}
