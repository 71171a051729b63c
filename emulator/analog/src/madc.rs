//! The fast converter of the chip: sample clock, states, transfer (analog-core 7.2, register-map 5.3, settled O20).
//!
//! Volts in, codes out, independent of how the voltages were computed. The bandwidth of the signal chain belongs to the
//! amplifiers before it.

use bss2_base::SimTime;
use bss2_base::math::{exp, tanh};
use bss2_base::random::{Level, Stream, path_hash};
use serde::{Deserialize, Serialize};

/// White noise of a sample; the draw is its number since the chip was made.
const NOISE: u32 = path_hash("madc.noise");
/// Largest code.
const CODE_MAX: f64 = 1023.0;

/// The converter as a circuit (analog-core 7.2). Default: the typical one with noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadcCircuit {
    /// Volts per code at gain 1.
    pub volts_per_code: f64,
    /// Code at 0 V.
    pub zero_code: f64,
    /// Code at which the smooth saturation begins.
    pub saturation_start: f64,
    /// How many codes it can still rise.
    pub saturation_span: f64,
    /// Standard deviation of the noise in codes, white; 0 for an ideal converter.
    pub noise: f64,
    /// Codes that a recording begins too high by.
    pub transient: f64,
    /// Time constant in s with which that fades.
    pub transient_tau: f64,
    /// Period of the input clock, 2 ns.
    pub clock: SimTime,
    /// Size of the gain capacitor at which the gain is 1.
    pub unity_gain_capacitor: u8,
    /// Whether its biases are high enough (20 % of their defaults); otherwise every code is 0.
    pub works: bool,
}

impl Default for MadcCircuit {
    fn default() -> Self {
        use crate::mismatch::Parameter;
        Self {
            volts_per_code: Parameter::MadcLsb.quantity().nominal,
            zero_code: Parameter::MadcZero.quantity().nominal,
            saturation_start: 740.0,
            saturation_span: 40.0,
            noise: 1.0,
            transient: 300.0,
            transient_tau: 1.5e-6,
            clock: SimTime::from_ps(2_000),
            unity_gain_capacitor: 31,
            works: true,
        }
    }
}

impl MadcCircuit {
    /// Without noise and without the transient at the start.
    pub fn ideal() -> Self {
        Self { noise: 0.0, transient: 0.0, ..Self::default() }
    }

    /// The code of a voltage in V behind the gain, `since_start` s after the recording began, with `noise` codes of noise.
    pub fn code(&self, voltage: f64, gain: f64, since_start: f64, noise: f64) -> u16 {
        if !self.works {
            return 0;
        }
        let fading = self.transient * exp(-since_start / self.transient_tau);
        let linear = self.zero_code + gain * voltage / self.volts_per_code + fading + noise;
        let above = linear - self.saturation_start;
        let bent = if above > 0.0 {
            self.saturation_start + self.saturation_span * tanh(above / self.saturation_span)
        } else {
            linear
        };
        bent.round().clamp(0.0, CODE_MAX) as u16
    }
}

/// Configuration (register-map 5.3, MADCConfig). Default: what the host software writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcConfig {
    /// Multiplexer that is sampled first, 0 or 1.
    pub initially_selected: u8,
    /// Consecutive samples of one multiplexer; 0: never switch.
    pub select_length: u8,
    /// Clock cycles per sample that come on top of the conversion.
    pub sample_duration_adjust: u8,
    /// Clock cycles of a conversion.
    pub conversion_cycles_offset: u8,
    /// Clock cycles from wake-up to ready.
    pub powerup_wait: u16,
    /// Samples of a recording that is not continuous.
    pub number_of_samples: u16,
    /// `d` of the clock divider: 2 (d + 1); `None`: no division.
    pub clock_division: Option<u16>,
    /// Size of the gain capacitor, 0..=31.
    pub gain_capacitor: u8,
    /// Deliver the low ten bits of the sample number instead of codes.
    pub dummy_data: bool,
}

impl Default for MadcConfig {
    fn default() -> Self {
        Self {
            initially_selected: 0,
            select_length: 0,
            sample_duration_adjust: 5,
            conversion_cycles_offset: 12,
            powerup_wait: 96,
            number_of_samples: 0,
            clock_division: None,
            gain_capacitor: 31,
            dummy_data: false,
        }
    }
}

impl MadcConfig {
    /// Period of the converter's clock.
    pub fn clock(&self, circuit: &MadcCircuit) -> SimTime {
        let division = self.clock_division.map_or(1, |d| 2 * (u64::from(d) + 1));
        SimTime::from_cycles(division, circuit.clock)
    }

    /// Period of the samples; at least one clock cycle.
    pub fn sample_period(&self, circuit: &MadcCircuit) -> SimTime {
        let cycles = u64::from(self.conversion_cycles_offset) + u64::from(self.sample_duration_adjust);
        SimTime::from_cycles(cycles.max(1), self.clock(circuit))
    }

    /// The multiplexer that sample number `number` of a recording sees.
    pub fn input(&self, number: u64) -> usize {
        let first = u64::from(self.initially_selected & 1);
        let switches = number.checked_div(u64::from(self.select_length)).unwrap_or(0);
        ((first + switches) & 1) as usize
    }

    /// The channel bit that comes with it: with a select length above 1 it lags by a sample (register-map 5.3).
    pub fn tag(&self, number: u64) -> usize {
        self.input(if self.select_length > 1 { number.saturating_sub(1) } else { number })
    }
}

/// A write to the control register (register-map 5.3, MADCControl). Levels must be repeated with every write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcControl {
    /// Leave power-down.
    pub wake_up: bool,
    /// Begin a recording.
    pub start_recording: bool,
    /// End a recording.
    pub stop_recording: bool,
    /// Power down after the recording.
    pub power_down_after_sampling: bool,
    /// Sample until stopped.
    pub continuous: bool,
}

/// What the converter is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MadcState {
    /// Powered down; a start is ignored.
    Off,
    /// Ready at this time.
    WakingUp(SimTime),
    /// Waits for a start.
    Ready,
    /// Samples.
    Recording {
        /// Time of sample 0.
        start: SimTime,
        /// Samples taken.
        taken: u64,
        /// Samples to take; `None`: until stopped.
        limit: Option<u64>,
        /// Powers down afterwards.
        power_down: bool,
    },
}

/// A moment at which the converter samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplePoint {
    /// When.
    pub time: SimTime,
    /// Since the beginning of the recording.
    pub since_start: SimTime,
    /// Number in the recording.
    pub number: u64,
    /// Multiplexer that is sampled.
    pub input: usize,
    /// Channel bit of the sample word.
    pub tag: usize,
}

/// A converter with its configuration and state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Madc {
    circuit: MadcCircuit,
    config: MadcConfig,
    state: MadcState,
    seed: u64,
    /// Samples converted since the chip was made.
    converted: u64,
}

impl Madc {
    /// A converter that is powered down, of the chip with this seed.
    pub fn new(seed: u64, circuit: MadcCircuit) -> Self {
        Self { circuit, config: MadcConfig::default(), state: MadcState::Off, seed, converted: 0 }
    }

    /// The circuit.
    pub fn circuit(&self) -> &MadcCircuit {
        &self.circuit
    }

    /// The configuration.
    pub fn config(&self) -> &MadcConfig {
        &self.config
    }

    /// The state as of the latest call.
    pub fn state(&self) -> MadcState {
        self.state
    }

    /// Replaces circuit and configuration. A recording that is running goes on from where it is, with the new clock; the
    /// specification doesn't say.
    pub fn configure(&mut self, circuit: MadcCircuit, config: MadcConfig) {
        self.circuit = circuit;
        self.config = config;
    }

    /// A write to the control register at `time`. Samples up to then must have been taken ([`Madc::samples_until`]).
    pub fn control(&mut self, time: SimTime, control: MadcControl) {
        self.settle(time);
        if control.wake_up && self.state == MadcState::Off {
            let wait =
                SimTime::from_cycles(u64::from(self.config.powerup_wait), self.config.clock(&self.circuit));
            self.state = MadcState::WakingUp(time.saturating_add(wait));
            self.settle(time);
        }
        if control.stop_recording
            && let MadcState::Recording { power_down, .. } = self.state
        {
            let off = power_down || control.power_down_after_sampling;
            self.state = if off { MadcState::Off } else { MadcState::Ready };
        }
        if control.start_recording && self.state == MadcState::Ready {
            self.state = MadcState::Recording {
                start: time,
                taken: 0,
                limit: (!control.continuous).then_some(u64::from(self.config.number_of_samples)),
                power_down: control.power_down_after_sampling,
            };
            self.settle(time);
        }
    }

    /// All samples before `until` that have not been returned yet.
    pub fn samples_until(&mut self, until: SimTime) -> Vec<SamplePoint> {
        let mut points = Vec::new();
        let period = self.config.sample_period(&self.circuit);
        while let MadcState::Recording { start, taken, limit, .. } = &mut self.state {
            let since_start = SimTime::from_cycles(*taken, period);
            let time = start.saturating_add(since_start);
            if time >= until || limit.is_some_and(|limit| *taken >= limit) {
                break;
            }
            let number = *taken;
            let (input, tag) = (self.config.input(number), self.config.tag(number));
            points.push(SamplePoint { time, since_start, number, input, tag });
            *taken += 1;
        }
        self.settle(until);
        points
    }

    /// Converts the voltage in V at a sample point. A multiplexer that nothing drives shows 0 V.
    pub fn convert(&mut self, point: &SamplePoint, voltage: Option<f64>) -> u16 {
        let draw = self.converted;
        self.converted += 1;
        if self.config.dummy_data {
            return (point.number & 0x3ff) as u16;
        }
        let sigma = self.circuit.noise;
        let noise = if sigma > 0.0 {
            sigma * Stream::new(self.seed, NOISE, Level::Noise, 0).normal(draw)
        } else {
            0.0
        };
        let gain = f64::from(self.config.gain_capacitor.min(31))
            / f64::from(self.circuit.unity_gain_capacitor.max(1));
        self.circuit.code(voltage.unwrap_or(0.0), gain, point.since_start.as_secs_f64(), noise)
    }

    /// The steps between states that time alone makes.
    fn settle(&mut self, time: SimTime) {
        match self.state {
            MadcState::WakingUp(ready) if time >= ready => self.state = MadcState::Ready,
            MadcState::Recording { taken, limit: Some(limit), power_down, .. } if taken >= limit => {
                self.state = if power_down { MadcState::Off } else { MadcState::Ready };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readout::BoardDac;

    fn recording(config: MadcConfig, circuit: MadcCircuit, continuous: bool) -> Madc {
        let mut madc = Madc::new(1, circuit);
        madc.configure(circuit, config);
        madc.control(SimTime::ZERO, MadcControl { wake_up: true, ..MadcControl::default() });
        let start = MadcControl { start_recording: true, continuous, ..MadcControl::default() };
        madc.control(SimTime::from_us(1), start);
        madc
    }

    #[test]
    fn board_voltages_lie_on_the_line_of_the_specification() {
        // T-MADC: 0.1 to 1.0 V. The DAC (12 bits of 2.5 V) is good to 0.3 mV.
        let mut madc = recording(MadcConfig::default(), MadcCircuit::ideal(), true);
        let points = madc.samples_until(SimTime::from_us(2));
        for (point, step) in points.iter().zip(1..=10) {
            let dac = BoardDac::for_voltage(0.1 * f64::from(step), 2.5).unwrap();
            let voltage = dac.voltage();
            let code = f64::from(madc.convert(point, Some(voltage)));
            assert!((code - (25.0 + voltage / 1.548e-3)).abs() <= 0.5, "{voltage}: {code}");
            // And within one code of the nominal voltage.
            assert!((code - (25.0 + 0.1 * f64::from(step) / 1.548e-3)).abs() <= 0.7);
        }
    }

    #[test]
    fn codes_saturate_smoothly_above_740() {
        let circuit = MadcCircuit::ideal();
        let code = |voltage| circuit.code(voltage, 1.0, 0.0, 0.0);
        assert_eq!(code(-1.0), 0);
        assert_eq!(code(715.0 * 1.548e-3), 740);
        // The measured saturations are 765 and 790 (analog-core 7.2).
        assert_eq!(code(2.5), 780);
        assert!(code(1.2) > 760 && code(1.2) < 780);
        assert_eq!(MadcCircuit { works: false, ..circuit }.code(0.5, 1.0, 0.0, 0.0), 0);
        assert_eq!(circuit.code(0.5, 0.5, 0.0, 0.0), (25.0 + 0.25 / 1.548e-3f64).round() as u16);
    }

    #[test]
    fn a_recording_begins_300_codes_too_high_and_is_right_after_8_microseconds() {
        let circuit = MadcCircuit { noise: 0.0, ..MadcCircuit::default() };
        let code = |time| circuit.code(0.5, 1.0, time, 0.0);
        assert_eq!(code(0.0) - MadcCircuit::ideal().code(0.5, 1.0, 0.0, 0.0), 300);
        // 300 exp(-8 / 1.5) = 1.4 codes.
        assert!(code(8e-6) - MadcCircuit::ideal().code(0.5, 1.0, 0.0, 0.0) <= 2);
    }

    #[test]
    fn samples_come_every_34_nanoseconds_and_the_divider_stretches_them() {
        let config = MadcConfig { number_of_samples: 5, ..MadcConfig::default() };
        let mut madc = recording(config, MadcCircuit::ideal(), false);
        let times: Vec<u64> =
            madc.samples_until(SimTime::from_us(9)).iter().map(|p| p.time.as_ps() - 1_000_000).collect();
        assert_eq!(times, [0, 34_000, 68_000, 102_000, 136_000]);
        assert_eq!(madc.state(), MadcState::Ready);
        let divided = MadcConfig { clock_division: Some(4), ..config };
        assert_eq!(divided.sample_period(madc.circuit()), SimTime::from_ns(340));
    }

    #[test]
    fn the_converter_wakes_up_for_96_cycles_and_ignores_an_early_start() {
        let start = MadcControl { start_recording: true, continuous: true, ..MadcControl::default() };
        let mut madc = Madc::new(1, MadcCircuit::ideal());
        madc.control(SimTime::ZERO, start);
        assert_eq!(madc.state(), MadcState::Off);
        madc.control(SimTime::ZERO, MadcControl { wake_up: true, ..MadcControl::default() });
        madc.control(SimTime::from_ns(191), start);
        assert_eq!(madc.state(), MadcState::WakingUp(SimTime::from_ns(192)));
        madc.control(SimTime::from_ns(192), start);
        assert!(matches!(madc.state(), MadcState::Recording { limit: None, .. }));
        madc.samples_until(SimTime::from_us(1));
        let stop =
            MadcControl { stop_recording: true, power_down_after_sampling: true, ..MadcControl::default() };
        madc.control(SimTime::from_us(1), stop);
        assert_eq!(madc.state(), MadcState::Off);
    }

    #[test]
    fn the_active_multiplexer_alternates_and_its_tag_lags() {
        let inputs = |initially_selected, select_length| -> (Vec<usize>, Vec<usize>) {
            let config = MadcConfig { initially_selected, select_length, ..MadcConfig::default() };
            (0..8).map(|number| (config.input(number), config.tag(number))).unzip()
        };
        assert_eq!(inputs(1, 0).0, [1; 8]);
        assert_eq!(inputs(1, 1), (vec![1, 0, 1, 0, 1, 0, 1, 0], vec![1, 0, 1, 0, 1, 0, 1, 0]));
        assert_eq!(inputs(0, 3), (vec![0, 0, 0, 1, 1, 1, 0, 0], vec![0, 0, 0, 0, 1, 1, 1, 0]));
    }

    #[test]
    fn noise_has_its_width_and_dummy_data_count() {
        let circuit = MadcCircuit { transient: 0.0, ..MadcCircuit::default() };
        let mut madc = recording(MadcConfig::default(), circuit, true);
        let points = madc.samples_until(SimTime::from_us(101));
        assert!(points.len() > 2900);
        let codes: Vec<f64> = points.iter().map(|p| f64::from(madc.convert(p, Some(0.5)))).collect();
        let n = codes.len() as f64;
        let mean = codes.iter().sum::<f64>() / n;
        let sigma = (codes.iter().map(|code| (code - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Rounding adds a twelfth of a code to the variance: 1.04.
        assert!((sigma - 1.04).abs() < 0.06, "{sigma}");
        madc.configure(circuit, MadcConfig { dummy_data: true, ..MadcConfig::default() });
        assert_eq!(
            points[1020..1030].iter().map(|p| madc.convert(p, None)).collect::<Vec<_>>(),
            [1020, 1021, 1022, 1023, 0, 1, 2, 3, 4, 5]
        );
    }
}
