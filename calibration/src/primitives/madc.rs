//! Recordings of the membrane ADC, one neuron after the other (O5, calibration 3.1).

use crate::error::{CalibrationError, Result};
use crate::program::write;
use crate::routine::Session;
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_host::playback::Timeline;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::readout::{MADCConfig, MADCControl, ReadoutSourceSelection};
use bss2_host::registers::{Register, TypedBlock, coordinates};

/// Samples during this time after the start of a recording are not trustworthy, and thrown away.
pub const INVALID: SimTime = SimTime::from_us(8);
/// Time before the first recording.
const LEAD: SimTime = SimTime::from_ms(1);
/// Time between connecting a neuron and the start of its recording.
const DEAD: SimTime = SimTime::from_us(1);
/// The converter's clock, 500 MHz, and the cycles of a sample (calibration 0.2).
const CLOCK_MHZ: f64 = 500.0;
const CYCLES: f64 = 17.0;
/// Neurons recorded by one program: its timer has 34 s, its memory 4 million words.
const NEURONS_PER_PROGRAM: usize = 128;
/// Fraction of the expected samples below which a recording has failed (calibration 1.5.5).
const ENOUGH: f64 = 0.95;

/// When to record and when to stimulate; times count from the first valid sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recording {
    /// Length of a trace.
    pub sampling_time: SimTime,
    /// Time from one neuron to the next.
    pub wait_between_neurons: SimTime,
    /// Number by which the converter's clock is divided: 1, or an even number up to 8192. Slow signals need no 29 MHz.
    pub clock_division: u16,
}

impl Recording {
    /// Traces of this length at the full rate; the next neuron follows ten times as long afterwards.
    pub fn new(sampling_time: SimTime) -> Self {
        let wait_between_neurons = SimTime::from_ps(10 * sampling_time.as_ps());
        Self { sampling_time, wait_between_neurons, clock_division: 1 }
    }

    /// The same with the lowest rate at which a trace still has this many samples.
    pub fn with_samples(mut self, samples: usize) -> Self {
        let full = self.sampling_time.as_us_f64() * CLOCK_MHZ / CYCLES;
        let halves = (full / samples.max(1) as f64 / 2.0).floor();
        self.clock_division = if halves < 1.0 { 1 } else { 2 * halves.min(4096.0) as u16 };
        self
    }

    /// Time from one sample to the next, microseconds.
    pub fn period_us(&self) -> f64 {
        CYCLES * f64::from(self.clock_division) / CLOCK_MHZ
    }

    /// Samples of a trace.
    pub fn samples(&self) -> usize {
        (self.sampling_time.as_us_f64() / self.period_us()) as usize
    }

    fn all_samples(&self) -> u16 {
        let span = self.sampling_time + INVALID;
        ((span.as_us_f64() / self.period_us()) as usize + 1).min(usize::from(u16::MAX)) as u16
    }

    fn converter(&self) -> MADCConfig {
        MADCConfig {
            number_of_samples: self.all_samples(),
            enable_madc_clock_scaling: self.clock_division > 1,
            madc_clock_scale_value: (self.clock_division / 2).saturating_sub(1),
            ..MADCConfig::default()
        }
    }
}

/// What the membrane ADC saw of one neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Codes, from the first valid one on.
    pub codes: Vec<f64>,
    /// Time from one to the next, microseconds.
    pub period_us: f64,
}

impl Trace {
    /// Number of the sample at a time after the first, microseconds; at most the number of samples.
    pub fn index(&self, time_us: f64) -> usize {
        ((time_us / self.period_us).max(0.0) as usize).min(self.codes.len())
    }
}

/// The readout line of a neuron at multiplexer 0.
fn selection(neuron: Neuron) -> ReadoutSourceSelection {
    let mut selection = ReadoutSourceSelection { enable_buffer_to_pad_0: true, ..Default::default() };
    match (neuron.hemisphere(), neuron.column() % 2) {
        (Hemisphere::Top, 0) => selection.neuron_top_even_0 = true,
        (Hemisphere::Top, _) => selection.neuron_top_odd_0 = true,
        (Hemisphere::Bottom, 0) => selection.neuron_bottom_even_0 = true,
        (Hemisphere::Bottom, _) => selection.neuron_bottom_odd_0 = true,
    }
    selection
}

/// Writes all words of a block at a time of a timeline.
pub fn write_at<T: TypedBlock>(timeline: &mut Timeline, at: SimTime, instance: u32, values: &T) {
    for (word, &value) in (0..).zip(values.to_words().as_ref()) {
        if let Some(address) = (Register { block: T::BLOCK, instance, word }).address() {
            timeline.write(at, address, value);
        }
    }
}

/// Records the neurons concerned one after the other, each the only one on its readout line.
///
/// `stimulate` places what is to happen on the timeline, given the number of the neuron in [`Session::neurons`], the neuron, the
/// configuration it is recorded with (connected to its readout line) and the time of its first valid sample. Whatever it writes to
/// the configuration of the neuron must keep the readout connected.
///
/// # Errors
/// [`CalibrationError::TooFewSamples`], and as [`Link::run`](crate::link::Link::run).
pub fn record(
    session: &mut Session<'_>,
    routine: &'static str,
    recording: &Recording,
    stimulate: impl Fn(&mut Timeline, usize, Neuron, &NeuronConfig, SimTime),
) -> Result<Vec<Trace>> {
    let neurons: Vec<(usize, Neuron)> = session.neurons().iter().copied().enumerate().collect();
    let mut traces = Vec::with_capacity(neurons.len());
    for some in neurons.chunks(NEURONS_PER_PROGRAM) {
        traces.extend(record_some(session, routine, recording, some, &stimulate)?);
    }
    Ok(traces)
}

fn record_some(
    session: &mut Session<'_>,
    routine: &'static str,
    recording: &Recording,
    neurons: &[(usize, Neuron)],
    stimulate: &impl Fn(&mut Timeline, usize, Neuron, &NeuronConfig, SimTime),
) -> Result<Vec<Trace>> {
    let on = MADCControl { wake_up: true, enable_pre_amplifier: true, ..MADCControl::default() };
    let start = MADCControl { start_recording: true, enable_pre_amplifier: true, ..MADCControl::default() };
    let idle = MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
    let off = MADCControl {
        stop_recording: true,
        enable_power_down_after_sampling: true,
        ..MADCControl::default()
    };
    let mut timeline = Timeline::new();
    let begin =
        |place: usize| LEAD + DEAD + SimTime::from_ps(recording.wait_between_neurons.as_ps() * place as u64);
    for (place, &(index, neuron)) in neurons.iter().enumerate() {
        let instance = coordinates::neuron_config(neuron);
        let disconnected: NeuronConfig = session.link.typed(instance);
        let connected = NeuronConfig { en_readout: true, en_readout_amp: true, ..disconnected };
        let at = begin(place);
        write_at(&mut timeline, at - DEAD, instance, &connected);
        write_at(&mut timeline, at - DEAD, 0, &selection(neuron));
        write_at(&mut timeline, at, 0, &start);
        write_at(&mut timeline, at, 0, &idle);
        stimulate(&mut timeline, index, neuron, &connected, at + INVALID);
        let end = at + INVALID + recording.sampling_time + DEAD;
        write_at(&mut timeline, end, instance, &disconnected);
    }
    let end = begin(neurons.len());
    timeline.end(end);
    let (results, played) = session.link.run(|program| {
        write(program, 0, &recording.converter());
        write(program, 0, &on);
        program.event_recording(true);
        let played = program.play(&timeline);
        write(program, 0, &off);
        played
    })?;
    let mut traces: Vec<Trace> = neurons
        .iter()
        .map(|_| Trace { codes: Vec::with_capacity(recording.samples()), period_us: recording.period_us() })
        .collect();
    let span = recording.wait_between_neurons.as_ps();
    for (time, value) in results.madc_since(played.epoch)? {
        let Some(since) = time.as_ps().checked_sub(begin(0).as_ps()) else { continue };
        let (place, within) = ((since / span) as usize, since % span);
        if let Some(trace) = traces.get_mut(place)
            && within >= INVALID.as_ps()
            && trace.codes.len() < recording.samples()
        {
            trace.codes.push(f64::from(value & 0x3ff));
        }
    }
    let expected = recording.samples();
    for (trace, &(_, neuron)) in traces.iter().zip(neurons) {
        if (trace.codes.len() as f64) < ENOUGH * expected as f64 {
            let received = trace.codes.len();
            return Err(CalibrationError::TooFewSamples { routine, neuron, received, expected });
        }
    }
    Ok(traces)
}
