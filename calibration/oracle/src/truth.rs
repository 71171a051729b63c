//! What is true of a chip as it is configured now.

use crate::VirtualChip;
use bss2_analog::mismatch::constants;
use bss2_analog::{Branch, DriverParameters, PulseControl};
use bss2_base::{Column, Hemisphere};

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
