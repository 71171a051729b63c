//! The column converters: input selection and single-slope conversion (analog-core 7.1).

use crate::parameters::CadcChannel;
use bss2_base::math::exp;
use serde::{Deserialize, Serialize};

/// Time constant in s with which a channel without input decays toward 0 V.
const FLOATING_DECAY: f64 = 1e-3;

/// The codes of one conversion: one row of one hemisphere, by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CadcResult {
    /// The causal channels.
    pub causal: [u8; 256],
    /// The acausal channels.
    pub acausal: [u8; 256],
}

/// One channel and the voltage its input holds when nothing drives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) parameters: CadcChannel,
    held: f64,
    /// ps.
    held_since: u64,
}

impl Channel {
    pub(crate) fn new() -> Self {
        Self { parameters: CadcChannel::default(), held: 0.0, held_since: 0 }
    }

    /// The input voltage in V at `time` (ps), the mean of its drivers; held and decaying without one.
    pub(crate) fn input(&self, drivers: [Option<f64>; 2], time: u64) -> f64 {
        match drivers {
            [Some(a), Some(b)] => 0.5 * (a + b),
            [Some(a), None] | [None, Some(a)] => a,
            [None, None] => self.held * exp(-((time - self.held_since) as f64 * 1e-12) / FLOATING_DECAY),
        }
    }

    /// Remembers what the input was at `time`.
    pub(crate) fn hold(&mut self, voltage: f64, time: u64) {
        self.held = voltage;
        self.held_since = time;
    }

    /// The code for an input voltage in V and a noise in codes.
    ///
    /// The digital offset is added to the unclamped count, as the formula of analog-core 7.1 has it.
    pub(crate) fn code(&self, voltage: f64, noise: f64) -> u8 {
        let channel = &self.parameters;
        let count = if channel.comparator {
            ((voltage - channel.ramp_start) / channel.volts_per_code + channel.offset + noise).floor()
        } else {
            255.0
        };
        (count + f64::from(channel.digital_offset)).clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_formula_of_the_specification() {
        // Ramp offset code 31, slope code 369: V_start = 60.125 mV, 4.5018 mV per code (analog-core 7.1).
        let mut channel = Channel::new();
        channel.parameters = CadcChannel {
            ramp_start: 1.875e-3 * 31.0 + 2e-3,
            volts_per_code: 12.2e-6 * 369.0,
            ..CadcChannel::default()
        };
        assert_eq!([0.150, 1.05, 0.42, 0.0].map(|v| channel.code(v, 0.0)), [19, 219, 79, 0]);
        assert_eq!(channel.code(0.152, 0.0), 20);
        assert_eq!(channel.code(1.052, 0.0), 220);
        channel.parameters.digital_offset = -128;
        assert_eq!(channel.code(0.6, 0.0), 0);
        channel.parameters.digital_offset = 127;
        assert_eq!(channel.code(0.8, 0.0), 255);
        channel.parameters.comparator = false;
        channel.parameters.digital_offset = 0;
        assert_eq!(channel.code(0.2, 0.0), 255);
    }

    #[test]
    fn an_input_without_a_driver_keeps_its_voltage_and_decays() {
        let mut channel = Channel::new();
        channel.hold(0.8, 1_000_000);
        let later = 1_000_000 + 1_000_000_000;
        assert!((channel.input([None, None], later) - 0.8 * (-1.0f64).exp()).abs() < 1e-12);
        assert_eq!(channel.input([Some(0.2), Some(0.4)], later), 0.30000000000000004);
        assert_eq!(channel.input([None, Some(0.4)], later), 0.4);
    }
}
