//! What is true of a chip as it is configured now.

use crate::VirtualChip;
use bss2_analog::mismatch::{ChipMismatch, Parameter, constants};
use bss2_analog::{Branch, DriverParameters, PulseControl};
use bss2_base::{Column, Hemisphere, Quadrant};
use bss2_chip::registers::capmem::{CapMemCell, SharedParameter};
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
        let individual = ChipMismatch::new(options.seed, options.mismatch);
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
        let individual = ChipMismatch::new(options.seed, options.mismatch);
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
