//! What is true of a chip as it is configured now.

use crate::VirtualChip;
use bss2_analog::Branch;
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
