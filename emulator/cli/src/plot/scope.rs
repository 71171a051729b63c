//! The membrane ADC as an oscilloscope: one neuron at a time, with a scale measured at a pad.

use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::bench;
use bss2_host::playback::{ProgramBuilder, Timeline};
use bss2_host::registers::readout::{MADCControl, PadMultiplexerConfig, ReadoutSourceSelection};

use super::laboratory::{Laboratory, Measured};

/// Samples of the first microseconds of a recording are invalid (analog-core 7.2); recordings begin this much earlier.
const LEAD: SimTime = SimTime::from_us(16);
/// Samples that make the mean at a voltage of the scale.
const SCALE_SAMPLES: usize = 500;
/// Between these voltages the converter is linear (analog-core 7.2).
const SCALE_VOLTS: [f64; 2] = [0.2, 1.0];

/// What codes of the membrane ADC mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// V per code.
    pub(super) slope: f64,
    /// Code at 0 V.
    pub(super) zero: f64,
}

impl Scale {
    /// The line through two measured points (V, code).
    pub(super) fn through([(v0, c0), (v1, c1)]: [(f64, f64); 2]) -> Self {
        let slope = (v1 - v0) / (c1 - c0);
        Self { slope, zero: c0 - v0 / slope }
    }

    /// The voltage in V of a code.
    pub(super) fn volts(&self, code: f64) -> f64 {
        self.slope * (code - self.zero)
    }
}

/// What was seen of a neuron.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trace {
    /// Time since the beginning of the stimulus in us, and V.
    pub(super) samples: Vec<(f64, f64)>,
    /// When the neuron spiked, us.
    pub(super) spikes: Vec<f64>,
}

impl Trace {
    /// The voltages at these times in us, in ascending order, on straight lines between samples.
    pub(super) fn resampled(&self, times: &[f64]) -> Vec<f64> {
        let at = |time: &f64| {
            let after = self.samples.partition_point(|(sampled, _)| sampled <= time);
            let before = self.samples.get(after.saturating_sub(1)).copied();
            match (before, self.samples.get(after)) {
                (Some((t0, v0)), Some((t1, v1))) if after > 0 => v0 + (v1 - v0) * (time - t0) / (t1 - t0),
                (_, Some((_, v))) => *v,
                (last, None) => last.map_or(f64::NAN, |(_, v)| v),
            }
        };
        times.iter().map(at).collect()
    }
}

/// The converter's control register with the preamplifier on.
fn control(program: &mut ProgramBuilder, change: impl FnOnce(&mut MADCControl)) {
    let mut control = MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
    change(&mut control);
    bench::write(program, 0, &control);
}

fn start(program: &mut ProgramBuilder) {
    control(program, |control| (control.start_recording, control.enable_continuous_sampling) = (true, true));
    control(program, |control| control.enable_continuous_sampling = true);
}

fn stop(program: &mut ProgramBuilder) {
    control(program, |control| control.stop_recording = true);
}

/// The readout line of a neuron on multiplexer 0.
fn line(neuron: Neuron) -> ReadoutSourceSelection {
    let (top, odd) = (neuron.hemisphere() == Hemisphere::Top, neuron.column() % 2 == 1);
    ReadoutSourceSelection {
        neuron_top_odd_0: top && odd,
        neuron_top_even_0: top && !odd,
        neuron_bottom_odd_0: !top && odd,
        neuron_bottom_even_0: !top && !odd,
        ..ReadoutSourceSelection::default()
    }
}

impl Laboratory {
    /// Wakes the converter and connects it to a pad that the board's DAC drives.
    pub(super) fn observe_pad(&mut self) -> Measured<()> {
        self.bench().with(|program| {
            bench::write(
                program,
                0,
                &PadMultiplexerConfig { debug_to_pad: true, ..PadMultiplexerConfig::default() },
            );
            bench::write(
                program,
                0,
                &ReadoutSourceSelection { debug_plus_0: true, ..ReadoutSourceSelection::default() },
            );
            control(program, |control| control.wake_up = true);
            // The board's switches: `enable_dac_to_readout_0` (register-map 10.1).
            program.spi_frame(1, &[0xff, 0x9d, 0x40]);
        })?;
        Ok(())
    }

    /// Codes at a voltage of the DAC, and that voltage as its twelve bits allow it.
    pub(super) fn codes_at(&mut self, volts: f64, samples: usize) -> Measured<(f64, Vec<f64>)> {
        const FULL_SCALE: f64 = 2.5;
        let code = (volts / FULL_SCALE * 4096.0).round().clamp(0.0, 4095.0) as u16;
        let span = SimTime::from_ns(34 * (samples as u64 + 2));
        let (results, ()) = self.bench().with(|program| {
            // Channel 5 (ana_readout_debug_0), then "update once".
            program.spi_frame(2, &(5 << 12 | code).to_be_bytes()).spi_frame(2, &[0xa0, 0x02]);
            program.wait(SimTime::from_us(100));
            start(program);
            program.wait(LEAD + span);
            stop(program);
            program.wait(SimTime::from_us(10));
        })?;
        let values = &results.recording.madc.value;
        let last = values.len().saturating_sub(samples);
        let codes = values[last..].iter().map(|value| f64::from(value & 0x3ff)).collect();
        Ok((f64::from(code) / 4096.0 * FULL_SCALE, codes))
    }

    /// Measures what codes mean, at two voltages of the board.
    pub(super) fn scale(&mut self) -> Measured<Scale> {
        self.observe_pad()?;
        let mut points = [(0.0, 0.0); 2];
        for (point, volts) in points.iter_mut().zip(SCALE_VOLTS) {
            let (volts, codes) = self.codes_at(volts, SCALE_SAMPLES)?;
            *point = (volts, codes.iter().sum::<f64>() / codes.len().max(1) as f64);
        }
        Ok(Scale::through(points))
    }

    /// Plays a stimulus and records a neuron meanwhile, whose amplifier must be on its line, and no other's.
    pub(super) fn record(&mut self, neuron: Neuron, scale: &Scale, stimulus: &Timeline) -> Measured<Trace> {
        let (results, epoch) = self.bench().with(|program| {
            bench::write(program, 0, &line(neuron));
            control(program, |control| control.wake_up = true);
            program.wait(SimTime::from_us(2));
            start(program);
            program.wait(LEAD);
            let epoch = program.play(stimulus).epoch;
            stop(program);
            program.wait(SimTime::from_us(10));
            epoch
        })?;
        let us = |time: SimTime| time.as_us_f64();
        let samples = results.madc_since(epoch)?;
        let samples =
            samples.map(|(time, value)| (us(time), scale.volts(f64::from(value & 0x3ff)))).collect();
        let spikes = results.spikes_since(epoch)?;
        let own = spikes.filter(|(_, label)| bench::neuron_of_label(*label) == Some(neuron));
        Ok(Trace { samples, spikes: own.map(|(time, _)| us(time)).collect() })
    }
}
