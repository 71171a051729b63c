//! Background sources: regular or random events without a neuron (event-routing 11).
//!
//! A source is not clocked. It knows the end of its current period, finds the next event from there and waits.

use crate::coordinates::BackgroundSource;
use crate::label::NeuronLabel;
use crate::parameters::{BackgroundParameters, PeriodReading, RateReading};
use serde::{Deserialize, Serialize};

/// Configuration of a source (event-routing 11). Default: register words zero, off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundConfig {
    /// The rising edge seeds the generator and starts a full period; off forgets both.
    pub enable: bool,
    /// Every period draws whether there is an event and which label bits it has; otherwise every period has its event.
    pub enable_random: bool,
    /// Period in fabric cycles, see [`PeriodReading`].
    pub period: u16,
    /// Start value of the generator; 0 counts as 1.
    pub seed: u32,
    /// Label bits 7:0 that are replaced by random ones in random mode.
    pub mask: u8,
    /// Probability (rate + 1) / 256 of an event in a period in random mode, see [`RateReading`].
    pub rate: u8,
    /// The label.
    pub label: NeuronLabel,
}

impl BackgroundConfig {
    fn interval(&self, parameters: &BackgroundParameters) -> u64 {
        match parameters.period {
            PeriodReading::PlusOne => u64::from(self.period) + 1,
            PeriodReading::Exact => u64::from(self.period.max(1)),
        }
    }
    fn is_silent(&self, parameters: &BackgroundParameters) -> bool {
        self.enable_random && self.rate == 0 && parameters.rate == RateReading::ZeroIsSilent
    }
}

/// The default generator: a 32-bit Fibonacci shift register, new bit = b31 ⊕ b21 ⊕ b1 ⊕ b0, sixteen shifts a draw.
/// The polynomial of the chip is not public; statistics are right, sequences are not those of silicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lfsr(u32);

impl Lfsr {
    /// The generator with this seed, 0 replaced by 1.
    pub const fn new(seed: u32) -> Self {
        Self(if seed == 0 { 1 } else { seed })
    }

    /// Shifts sixteen times and returns bits 7:0 and 15:8.
    pub const fn draw(&mut self) -> (u8, u8) {
        // With x = shift right by one, the sixteen new bits (the first on top) solve n·(1 + x + x²) = v, where v holds
        // the part known beforehand: bits 31:16, bits 21:6, and bits 1 and 0 for the first two shifts. The inverse of
        // 1 + x + x² is (1 + x) / (1 + x³) = (1 + x)·(1 + x³)·(1 + x⁶)·(1 + x¹²) up to x²³.
        let state = self.0;
        let (b0, b1) = (state & 1, state >> 1 & 1);
        let mut new = ((state >> 16 ^ state >> 6) & 0xFFFF) ^ (b0 ^ b1) << 15 ^ b0 << 14;
        new ^= new >> 1;
        new ^= new >> 3;
        new ^= new >> 6;
        new ^= new >> 12;
        self.0 = state << 16 | new;
        (new as u8, (new >> 8) as u8)
    }

    /// Makes `draws` draws in logarithmic time.
    fn skip(&mut self, mut draws: u64) {
        // A draw is linear over GF(2): column i is what becomes of bit i.
        let mut step: [u32; 32] = core::array::from_fn(|bit| {
            let mut unit = Self(1 << bit);
            unit.draw();
            unit.0
        });
        let apply = |step: &[u32; 32], state: u32| {
            (0..32).fold(0, |sum, bit| sum ^ step[bit] & (state >> bit & 1).wrapping_neg())
        };
        while draws != 0 {
            if draws & 1 == 1 {
                self.0 = apply(&step, self.0);
            }
            step = core::array::from_fn(|bit| apply(&step, step[bit]));
            draws >>= 1;
        }
    }
}

/// A source as it stands after its last event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    config: BackgroundConfig,
    /// The generator before the draw at `period_end`.
    generator: Lfsr,
    /// End of the current period.
    period_end: u64,
    /// First cycle in which the crossbar input takes the next event.
    free_at: u64,
    /// The event that follows from the above, if there will be one.
    next: Option<Emission>,
}

/// An event to come, and the generator after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Emission {
    cycle: u64,
    label: NeuronLabel,
    generator: Lfsr,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            config: BackgroundConfig::default(),
            generator: Lfsr::new(0),
            period_end: 0,
            free_at: 0,
            next: None,
        }
    }
}

impl Source {
    /// Finds the next event from the end of the current period on.
    fn find_next(&self, parameters: &BackgroundParameters) -> Option<Emission> {
        let config = &self.config;
        if !config.enable || config.is_silent(parameters) {
            return None;
        }
        let interval = config.interval(parameters);
        let mut cycle = self.period_end;
        let mut generator = self.generator;
        loop {
            let mut label = config.label;
            let mut emit = true;
            if config.enable_random {
                let (r, s) = generator.draw();
                emit = r <= config.rate;
                let mask = u16::from(config.mask);
                label = NeuronLabel::truncate(label.word() & !mask | u16::from(s) & mask);
            }
            // The source has no buffer: what the input cannot take yet is lost.
            if emit && cycle >= self.free_at {
                return Some(Emission { cycle, label, generator });
            }
            cycle = cycle.checked_add(interval)?;
        }
    }

    fn run(
        &mut self,
        until: u64,
        input_interval: u64,
        parameters: &BackgroundParameters,
        mut send: impl FnMut(u64, NeuronLabel),
    ) {
        let interval = self.config.interval(parameters);
        while let Some(emission) = self.next
            && emission.cycle < until
        {
            send(emission.cycle, emission.label);
            self.generator = emission.generator;
            self.period_end = emission.cycle + interval;
            self.free_at = emission.cycle + input_interval;
            self.next = self.find_next(parameters);
        }
    }

    fn configure(&mut self, cycle: u64, config: BackgroundConfig, parameters: &BackgroundParameters) {
        if self.config.enable && config.enable {
            // The periods that ended under the old configuration, none of them with an event, stay as they were.
            let interval = self.config.interval(parameters);
            let ended = cycle.saturating_sub(self.period_end).div_ceil(interval);
            if self.config.enable_random {
                self.generator.skip(ended);
            }
            self.period_end += ended * interval;
        } else if config.enable {
            self.generator = Lfsr::new(config.seed);
            self.period_end = cycle + config.interval(parameters);
        }
        self.config = config;
        self.next = self.find_next(parameters);
    }
}

/// The eight sources.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct BackgroundSources {
    sources: [Source; BackgroundSource::COUNT],
}

impl BackgroundSources {
    pub(crate) fn config(&self, source: BackgroundSource) -> BackgroundConfig {
        self.sources[source.index()].config
    }

    /// Replaces a configuration at `cycle`, up to which [`Self::run`] has been called.
    pub(crate) fn configure(
        &mut self,
        cycle: u64,
        source: BackgroundSource,
        config: BackgroundConfig,
        parameters: &BackgroundParameters,
    ) {
        self.sources[source.index()].configure(cycle, config, parameters);
    }

    /// Sends the events before `until`, source by source, each in time order, none closer than `input_interval`.
    pub(crate) fn run(
        &mut self,
        until: u64,
        input_interval: u64,
        parameters: &BackgroundParameters,
        mut send: impl FnMut(BackgroundSource, u64, NeuronLabel),
    ) {
        for (index, source) in BackgroundSource::all().zip(&mut self.sources) {
            source.run(until, input_interval, parameters, |cycle, label| send(index, cycle, label));
        }
    }

    /// The first cycle in which a source sends.
    pub(crate) fn next(&self) -> Option<u64> {
        self.sources.iter().filter_map(|source| source.next).map(|emission| emission.cycle).min()
    }

    /// Whether the state can be that of sources at `cycle`, which a state read from a file may not: nothing is left
    /// behind, and nothing is further ahead than the longest period or interval.
    pub(crate) fn are_at(&self, cycle: u64) -> bool {
        let near = cycle + (1 << 17);
        self.sources.iter().all(|source| {
            let period_is_near = !source.config.enable || source.period_end <= near;
            let next_is_ahead = source.next.is_none_or(|next| next.cycle >= cycle && next.cycle < 1 << 61);
            period_is_near && source.free_at <= near && next_is_ahead
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator of event-routing 11, shift by shift.
    fn draw_bit_by_bit(state: &mut u32) -> (u8, u8) {
        for _ in 0..16 {
            let bit = (*state >> 31 ^ *state >> 21 ^ *state >> 1 ^ *state) & 1;
            *state = *state << 1 | bit;
        }
        (*state as u8, (*state >> 8) as u8)
    }

    #[test]
    fn a_draw_equals_sixteen_shifts() {
        for seed in [0, 1, 2, 3, 0x1234, 0xDEAD_BEEF, u32::MAX] {
            let mut fast = Lfsr::new(seed);
            let mut slow = seed.max(1);
            for _ in 0..1000 {
                assert_eq!(fast.draw(), draw_bit_by_bit(&mut slow));
                assert_eq!(fast.0, slow);
            }
        }
    }

    #[test]
    fn skipping_draws_equals_making_them() {
        let mut drawn = Lfsr::new(0x1234);
        for count in 0..300 {
            let mut skipped = Lfsr::new(0x1234);
            skipped.skip(count);
            assert_eq!(skipped, drawn);
            drawn.draw();
        }
    }

    /// The algorithm of event-routing 11 clock by clock: the counter is loaded at `enabled` and evaluated from the next
    /// clock on.
    fn clocked(config: &BackgroundConfig, enabled: u64, until: u64) -> Vec<(u64, u16)> {
        let mut state = config.seed.max(1);
        let mut counter = config.period;
        let mut events = Vec::new();
        for cycle in enabled + 1..until {
            if counter != 0 {
                counter -= 1;
                continue;
            }
            counter = config.period;
            let mask = u16::from(config.mask);
            if !config.enable_random {
                events.push((cycle, config.label.word()));
            } else {
                let (r, s) = draw_bit_by_bit(&mut state);
                if r <= config.rate {
                    events.push((cycle, config.label.word() & !mask | u16::from(s) & mask));
                }
            }
        }
        events
    }

    #[track_caller]
    fn assert_equals_clocked(config: BackgroundConfig) {
        let parameters = BackgroundParameters::default();
        let mut source = Source::default();
        source.configure(17, config, &parameters);
        let mut events = Vec::new();
        source.run(60_000, 1, &parameters, |cycle, label| events.push((cycle, label.word())));
        assert_eq!(events, clocked(&config, 17, 60_000));
        assert!(!events.is_empty());
    }

    #[test]
    fn events_come_when_the_clocked_algorithm_says() {
        let config = BackgroundConfig {
            enable: true,
            period: 999,
            seed: 0x1234,
            mask: 0x1F,
            rate: 100,
            label: NeuronLabel::truncate(0x0140),
            ..Default::default()
        };
        assert_equals_clocked(config);
        assert_equals_clocked(BackgroundConfig { enable_random: true, ..config });
        assert_equals_clocked(BackgroundConfig { enable_random: true, period: 3, rate: 1, ..config });
        assert_equals_clocked(BackgroundConfig { enable_random: true, period: 0, seed: 0, ..config });
    }

    #[test]
    fn a_change_while_enabled_acts_at_the_next_draw_and_keeps_the_sequence() {
        let parameters = BackgroundParameters::default();
        let rare = BackgroundConfig {
            enable: true,
            enable_random: true,
            period: 9,
            seed: 77,
            rate: 0,
            mask: 0xFF,
            ..Default::default()
        };
        let often = BackgroundConfig { rate: 128, seed: 1, ..rare };
        let mut source = Source::default();
        source.configure(0, rare, &parameters);
        assert_eq!(source.next, None, "rate 0 is silent by default");
        source.configure(1_000_005, often, &parameters);
        let mut events = Vec::new();
        source.run(1_001_000, 2, &parameters, |cycle, label| events.push((cycle, label.word())));
        let always = clocked(&BackgroundConfig { rate: 128, ..rare }, 0, 1_001_000);
        let expected: Vec<_> = always.into_iter().filter(|&(cycle, _)| cycle >= 1_000_005).collect();
        assert_eq!(events, expected);
    }

    #[test]
    fn the_two_readings_of_period_and_rate_zero_can_be_chosen() {
        let parameters =
            BackgroundParameters { period: PeriodReading::Exact, rate: RateReading::ZeroIsOneIn256 };
        let mut source = Source::default();
        let config = BackgroundConfig { enable: true, period: 100, ..Default::default() };
        source.configure(50, config, &parameters);
        assert_eq!(source.next.unwrap().cycle, 150);
        let mut count = 0;
        source.configure(60, BackgroundConfig::default(), &parameters);
        assert_eq!(source.next, None);
        source.configure(70, BackgroundConfig { enable_random: true, ..config }, &parameters);
        source.run(70 + 100 * 256 * 1000, 2, &parameters, |_, _| count += 1);
        assert!((900..1100).contains(&count), "{count} events in 256000 bins");
    }

    #[test]
    fn a_source_without_pause_gives_the_published_125_million_events_per_second() {
        let parameters = BackgroundParameters::default();
        let mut source = Source::default();
        source.configure(0, BackgroundConfig { enable: true, ..Default::default() }, &parameters);
        let mut count = 0;
        source.run(250_000, 2, &parameters, |_, _| count += 1);
        assert_eq!(count, 125_000);
    }
}
