//! The fast converter of the chip: sample clock, states, transfer (analog-core 7.2, register-map 5.3, settled O20).
//!
//! Volts in, codes out, independent of how the voltages were computed.

use bss2_base::SimTime;
use bss2_base::math::{exp, tanh};
use bss2_base::random::{Level, Stream, path_hash};
use serde::{Deserialize, Serialize};

/// White noise of a sample; the draw is its number since the chip was made.
const NOISE: u32 = path_hash("madc.noise");
/// Time constant in s of the readout chain (`madc.chain_tau`, analog-core 7.2).
pub const CHAIN_TAU: f64 = 35e-9;
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
    /// Time constants in s, by multiplexer, of the low pass that is put on the voltages handed to [`Madc::convert`]: [`CHAIN_TAU`], longer
    /// with less bias, or 0 if they have come
    /// through the amplifiers already.
    pub bandwidth_tau: [f64; 2],
    /// Period of the input clock, 2 ns nominally; `None` while it is off.
    pub clock: Option<SimTime>,
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
            bandwidth_tau: [0.0; 2],
            clock: Some(SimTime::from_ps(2_000)),
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

    /// The code of a voltage in V with `gain` before it, `since_start` s after the recording began, with `noise` codes of noise.
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
    /// Period of the converter's clock; `None` while its input clock is off.
    pub fn clock(&self, circuit: &MadcCircuit) -> Option<SimTime> {
        let division = self.clock_division.map_or(1, |d| 2 * (u64::from(d) + 1));
        circuit.clock.map(|period| SimTime::from_cycles(division, period))
    }

    /// Clock cycles of a sample; at least one.
    pub fn sample_cycles(&self) -> u64 {
        (u64::from(self.conversion_cycles_offset) + u64::from(self.sample_duration_adjust)).max(1)
    }

    /// Period of the samples, never zero; `None` while the input clock is off.
    pub fn sample_period(&self, circuit: &MadcCircuit) -> Option<SimTime> {
        let period = self.clock(circuit).map(|clock| SimTime::from_cycles(self.sample_cycles(), clock));
        period.map(|period| period.max(SimTime::from_ps(1)))
    }

    /// Gain of the preamplifier (analog-core 7.2).
    pub fn gain(&self, circuit: &MadcCircuit) -> f64 {
        f64::from(self.gain_capacitor.min(31)) / f64::from(circuit.unity_gain_capacitor.max(1))
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

/// A write to the control register (register-map 5.3, MADCControl). All of them are levels, which the next write sets anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcControl {
    /// Leave power-down.
    pub wake_up: bool,
    /// Begin a recording, now or when the converter is ready; and the next one at the end of each that ends by itself, as
    /// long as this stays set (calibration 3.1: it re-arms).
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
    /// Ready at this time; [`SimTime::MAX`] while the clock is off.
    WakingUp(SimTime),
    /// Waits for a start.
    Ready,
    /// Samples.
    Recording {
        /// Time of sample 0.
        start: SimTime,
        /// Time of the next sample; [`SimTime::MAX`] while the clock is off.
        next: SimTime,
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
    /// The last write to the control register.
    control: MadcControl,
    /// Clock cycles to the next step while the clock is off.
    stopped_cycles: u64,
    /// What the amplifier of each input saw and gave at its last sample of this recording.
    amplifiers: [Option<Amplifier>; 2],
    seed: u64,
    /// Samples converted since the chip was made.
    converted: u64,
}

/// A first-order low pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Amplifier {
    time: SimTime,
    input: f64,
    output: f64,
}

impl Amplifier {
    /// Its output at `time`, where it sees `input`, taken to have come there in a straight line.
    fn follow(self, time: SimTime, input: f64, tau: f64) -> f64 {
        let span = time.saturating_sub(self.time).as_secs_f64();
        if tau <= 0.0 || span <= 0.0 {
            return input;
        }
        let lag = (input - self.input) / span * tau;
        input - lag + (self.output - self.input + lag) * exp(-span / tau)
    }
}

impl Madc {
    /// A converter that is powered down, of the chip with this seed.
    pub fn new(seed: u64, circuit: MadcCircuit) -> Self {
        Self {
            circuit,
            config: MadcConfig::default(),
            state: MadcState::Off,
            control: MadcControl::default(),
            stopped_cycles: 0,
            amplifiers: [None; 2],
            seed,
            converted: 0,
        }
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

    /// Replaces circuit and configuration at `time`. Samples up to then must have been taken. Where the specification is
    /// silent: a wake-up or a sample under way keeps the clock cycles that it still needs, in cycles of the new clock; without a
    /// clock it waits.
    pub fn configure(&mut self, time: SimTime, circuit: MadcCircuit, config: MadcConfig) {
        self.settle(time);
        let before = self.config.clock(&self.circuit);
        (self.circuit, self.config) = (circuit, config);
        let after = self.config.clock(&self.circuit);
        if before == after {
            return;
        }
        if let MadcState::WakingUp(due) | MadcState::Recording { next: due, .. } = &mut self.state {
            if let Some(period) = before {
                self.stopped_cycles = due.saturating_sub(time).as_ps().div_ceil(period.as_ps().max(1));
            }
            *due = after.map_or(SimTime::MAX, |period| {
                time.saturating_add(SimTime::from_ps(self.stopped_cycles.saturating_mul(period.as_ps())))
            });
        }
    }

    /// Back to power-down; configuration and circuit stay.
    pub fn reset(&mut self) {
        (self.state, self.control) = (MadcState::Off, MadcControl::default());
    }

    /// A write to the control register at `time`. Samples up to then must have been taken. Lost while the clock is off, which
    /// the state machine runs with.
    pub fn control(&mut self, time: SimTime, control: MadcControl) {
        self.settle(time);
        let Some(clock) = self.config.clock(&self.circuit) else { return };
        self.control = control;
        if control.wake_up && self.state == MadcState::Off {
            let wait = SimTime::from_cycles(u64::from(self.config.powerup_wait), clock);
            self.state = MadcState::WakingUp(time.saturating_add(wait));
        }
        if control.stop_recording
            && let MadcState::Recording { power_down, .. } = self.state
        {
            let off = power_down || control.power_down_after_sampling;
            self.state = if off { MadcState::Off } else { MadcState::Ready };
        }
        self.settle(time);
        if self.state == MadcState::Ready {
            self.begin(time);
        }
    }

    /// How many samples a recording that begins now takes; `None` if none begins: nobody wants one, or one of no samples.
    fn wanted(&self) -> Option<Option<u64>> {
        let limit = (!self.control.continuous).then_some(u64::from(self.config.number_of_samples));
        (self.control.start_recording && limit != Some(0)).then_some(limit)
    }

    /// Becomes ready at `time`, and begins a recording there if the start is set.
    fn begin(&mut self, time: SimTime) {
        self.state = match self.wanted() {
            None => MadcState::Ready,
            Some(limit) => {
                self.amplifiers = [None; 2];
                let power_down = self.control.power_down_after_sampling;
                MadcState::Recording { start: time, next: time, taken: 0, limit, power_down }
            }
        };
    }

    /// When the next sample is due if nobody writes to it; [`SimTime::MAX`] if none is.
    pub fn next_sample(&self) -> SimTime {
        match self.state {
            MadcState::Recording { next, .. } => next,
            MadcState::WakingUp(ready) if self.wanted().is_some() => ready,
            _ => SimTime::MAX,
        }
    }

    /// The next sample, if it is due by `time`.
    pub fn take_sample(&mut self, time: SimTime) -> Option<SamplePoint> {
        self.settle(time);
        let period = self.config.sample_period(&self.circuit)?;
        let MadcState::Recording { start, next, taken, .. } = &mut self.state else { return None };
        if *next > time {
            return None;
        }
        let (number, at) = (*taken, *next);
        let since_start = at.saturating_sub(*start);
        *taken += 1;
        *next = at.saturating_add(period);
        self.settle(time);
        let (input, tag) = (self.config.input(number), self.config.tag(number));
        Some(SamplePoint { time: at, since_start, number, input, tag })
    }

    /// All samples before `until` that have not been returned yet.
    pub fn samples_until(&mut self, until: SimTime) -> Vec<SamplePoint> {
        let mut points = Vec::new();
        while self.next_sample() < until {
            points.extend(self.take_sample(self.next_sample()));
        }
        self.settle(until);
        points
    }

    /// Converts the voltage in V before the amplifiers at a sample point; points in order of time. An input that nothing drives
    /// shows 0 V.
    pub fn convert(&mut self, point: &SamplePoint, voltage: Option<f64>) -> u16 {
        let draw = self.converted;
        self.converted += 1;
        let input = voltage.unwrap_or(0.0);
        let tau = self.circuit.bandwidth_tau[point.input & 1];
        let amplifier = &mut self.amplifiers[point.input & 1];
        let output = amplifier.map_or(input, |before| before.follow(point.time, input, tau));
        *amplifier = Some(Amplifier { time: point.time, input, output });
        if self.config.dummy_data {
            return (point.number & 0x3ff) as u16;
        }
        let sigma = self.circuit.noise;
        let noise = if sigma > 0.0 {
            sigma * Stream::new(self.seed, NOISE, Level::Noise, 0).normal(draw)
        } else {
            0.0
        };
        self.circuit.code(output, 1.0, point.since_start.as_secs_f64(), noise)
    }

    /// The steps between states that time alone makes.
    fn settle(&mut self, time: SimTime) {
        match self.state {
            MadcState::WakingUp(ready) if time >= ready => self.begin(ready),
            MadcState::Recording { next, taken, limit: Some(limit), power_down, .. } if taken >= limit => {
                if power_down {
                    self.state = MadcState::Off;
                } else {
                    self.begin(next);
                }
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
        madc.configure(SimTime::ZERO, circuit, config);
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
        madc.control(SimTime::from_us(1), MadcControl::default());
        let times: Vec<u64> =
            madc.samples_until(SimTime::from_us(9)).iter().map(|p| p.time.as_ps() - 1_000_000).collect();
        assert_eq!(times, [0, 34_000, 68_000, 102_000, 136_000]);
        assert_eq!(madc.state(), MadcState::Ready);
        let divided = MadcConfig { clock_division: Some(4), ..config };
        assert_eq!(divided.sample_period(madc.circuit()), Some(SimTime::from_ns(340)));
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
        madc.configure(
            SimTime::from_us(101),
            circuit,
            MadcConfig { dummy_data: true, ..MadcConfig::default() },
        );
        assert_eq!(
            points[1020..1030].iter().map(|p| madc.convert(p, None)).collect::<Vec<_>>(),
            [1020, 1021, 1022, 1023, 0, 1, 2, 3, 4, 5]
        );
    }

    #[test]
    fn a_start_that_stays_set_arms_it_again_until_it_powers_down() {
        let config = MadcConfig { number_of_samples: 3, ..MadcConfig::default() };
        let mut madc = recording(config, MadcCircuit::ideal(), false);
        let numbers: Vec<u64> =
            madc.samples_until(SimTime::from_ns(1_270)).iter().map(|p| p.number).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 1, 2, 0, 1]);
        let last = MadcControl { power_down_after_sampling: true, ..MadcControl::default() };
        madc.control(SimTime::from_ns(1_270), MadcControl { stop_recording: true, ..last });
        assert_eq!(madc.state(), MadcState::Off);
        assert_eq!(madc.next_sample(), SimTime::MAX);
        // A recording of no samples never begins.
        let nothing = recording(MadcConfig::default(), MadcCircuit::ideal(), false);
        assert_eq!(nothing.state(), MadcState::Ready);
    }

    #[test]
    fn without_a_clock_it_waits_and_keeps_the_cycles_of_the_sample_under_way() {
        let (circuit, config) = (MadcCircuit::ideal(), MadcConfig::default());
        let mut madc = recording(config, circuit, true);
        madc.samples_until(SimTime::from_ns(1_010));
        // 24 ns are left: 12 cycles.
        let off = MadcCircuit { clock: None, ..circuit };
        madc.configure(SimTime::from_ns(1_010), off, config);
        assert_eq!(madc.samples_until(SimTime::from_us(5)), []);
        madc.control(SimTime::from_us(5), MadcControl { stop_recording: true, ..MadcControl::default() });
        let slow = MadcCircuit { clock: Some(SimTime::from_ns(3)), ..circuit };
        madc.configure(SimTime::from_us(5), slow, config);
        let times: Vec<u64> =
            madc.samples_until(SimTime::from_ns(5_100)).iter().map(|p| p.time.as_ps()).collect();
        assert_eq!(times, [5_036_000, 5_087_000]);
    }

    #[test]
    fn the_low_pass_lags_behind_a_ramp_by_its_time_constant() {
        let circuit = MadcCircuit { bandwidth_tau: [CHAIN_TAU; 2], ..MadcCircuit::ideal() };
        let mut madc = recording(MadcConfig::default(), circuit, true);
        let points = madc.samples_until(SimTime::from_us(3));
        // 0.1 V per us: 35 ns are 3.5 mV.
        let code = |point: &SamplePoint| {
            let voltage = 0.2 + 0.1e6 * point.since_start.as_secs_f64();
            (f64::from(madc.convert(point, Some(voltage))), 25.0 + (voltage - 3.5e-3) / 1.548e-3)
        };
        let codes: Vec<(f64, f64)> = points.iter().map(code).collect();
        assert!(codes[20..].iter().all(|(found, expected)| (found - expected).abs() <= 0.51), "{codes:?}");
        assert!(codes[0].0 > codes[0].1 + 1.0, "it begins settled");
    }
}
