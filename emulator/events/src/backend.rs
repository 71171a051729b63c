//! Neuron back-ends as the event network sees them: who gets an event, which label it carries, who goes first when
//! several neurons of one output fire, and the spike counters (event-routing 9).
//!
//! Refractory period, membrane reset and fire routing between neurons are one zero-delay loop with the analog neuron
//! and run there (settled O10). What arrives here is the onset of a refractory period.

use crate::coordinates::{BackendBlock, EventOutput};
use crate::label::NeuronLabel;
use bss2_base::{NEURONS, Neuron, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What the event network needs of a neuron's back-end words (event-routing 9.2). Default: register words zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendConfig {
    /// The address in the neuron's label. Stored inverted, hence 0xFF when the register words are zero.
    pub address_out: u8,
    /// Whether a refractory onset makes an event. Counters and post pulses do not need it.
    pub enable_spike_out: bool,
}

impl Default for BackendConfig {
    fn default() -> Self {
        Self { address_out: 0xFF, enable_spike_out: false }
    }
}

/// What the event network needs of a block's common words (event-routing 9.3). Default: register words zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendBlockConfig {
    /// Without it no event leaves the block.
    pub enable_event_registers: bool,
}

/// Period of a back-end clock with scale 0..=15: 250 MHz / 2^(scale + 1) (event-routing 9.3).
pub const fn clock_period(scale: u8) -> SimTime {
    SimTime::from_cycles(2 << (scale & 15), SimTime::FABRIC_CYCLE)
}

/// An 8-bit spike counter with a sticky overflow bit (event-routing 9.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpikeCount {
    /// Spikes since the last reset modulo 256.
    pub count: u8,
    /// Set by the 256th spike, cleared by a reset only.
    pub overflow: bool,
}

impl SpikeCount {
    fn increment(&mut self) {
        self.overflow |= self.count == u8::MAX;
        self.count = self.count.wrapping_add(1);
    }
    /// The word a counter read returns: count 7:0, overflow 8.
    pub const fn word(self) -> u32 {
        (self.overflow as u32) << 8 | self.count as u32
    }
}

/// A neuron asks its event output to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    /// When the request reaches the arbiter.
    cycle: u64,
    /// [`EventOutput::place_of`] the neuron.
    place: u8,
    address: u8,
}

/// One event output: 64 neurons share it, the lowest entry number goes first (event-routing 9.4).
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Arbiter {
    /// Requests on their way, in order of (cycle, place).
    coming: VecDeque<Request>,
    /// Bit `place`: waiting to be sent.
    waiting: u64,
    #[serde(with = "crate::array")]
    addresses: [u8; 64],
    /// The cycle of the latest request taken over.
    latest: u64,
    /// First cycle in which the next event can be sent.
    free_at: u64,
}

impl Default for Arbiter {
    fn default() -> Self {
        Self { coming: VecDeque::new(), waiting: 0, addresses: [0; 64], latest: 0, free_at: 0 }
    }
}

impl Arbiter {
    fn is_idle(&self) -> bool {
        self.waiting == 0 && self.coming.is_empty()
    }

    fn next(&self) -> Option<u64> {
        if self.waiting != 0 {
            Some(self.latest.max(self.free_at))
        } else {
            self.coming.front().map(|request| request.cycle)
        }
    }

    /// Sends what can be sent before `until`; returns how many requests found the same neuron still waiting.
    fn run(&mut self, until: u64, interval: u64, mut send: impl FnMut(u64, u8)) -> u64 {
        let mut merged = 0;
        loop {
            let grant = if self.waiting != 0 { self.latest.max(self.free_at) } else { u64::MAX };
            let request = self.coming.front().copied().filter(|request| request.cycle <= grant);
            if let Some(Request { cycle, place, address }) = request {
                if cycle >= until {
                    break;
                }
                self.coming.pop_front();
                let bit = 1 << (place & 63);
                merged += u64::from(self.waiting & bit != 0);
                self.waiting |= bit;
                self.addresses[usize::from(place & 63)] = address;
                self.latest = cycle;
            } else {
                if grant >= until {
                    break;
                }
                let place = self.waiting.trailing_zeros() as usize;
                self.waiting &= self.waiting - 1;
                self.free_at = grant + interval;
                send(grant, self.addresses[place]);
            }
        }
        merged
    }
}

/// The back-ends of all neurons.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Backends {
    #[serde(with = "crate::array")]
    configs: [BackendConfig; NEURONS],
    blocks: [BackendBlockConfig; BackendBlock::COUNT],
    #[serde(with = "crate::array")]
    counts: [SpikeCount; NEURONS],
    arbiters: [Arbiter; EventOutput::COUNT],
    /// Requests that found the same neuron still waiting. A neuron holds one request, so such a spike makes no event.
    pub(crate) merged_requests: u64,
}

impl Default for Backends {
    fn default() -> Self {
        Self {
            configs: [BackendConfig::default(); NEURONS],
            blocks: [BackendBlockConfig::default(); BackendBlock::COUNT],
            counts: [SpikeCount::default(); NEURONS],
            arbiters: Default::default(),
            merged_requests: 0,
        }
    }
}

impl Backends {
    pub(crate) fn config(&self, neuron: Neuron) -> BackendConfig {
        self.configs[neuron.index()]
    }
    pub(crate) fn set_config(&mut self, neuron: Neuron, config: BackendConfig) {
        self.configs[neuron.index()] = config;
    }
    pub(crate) fn block(&self, block: BackendBlock) -> BackendBlockConfig {
        self.blocks[block.index()]
    }
    pub(crate) fn set_block(&mut self, block: BackendBlock, config: BackendBlockConfig) {
        self.blocks[block.index()] = config;
    }
    pub(crate) fn count(&self, neuron: Neuron) -> SpikeCount {
        self.counts[neuron.index()]
    }
    pub(crate) fn reset_count(&mut self, neuron: Neuron) {
        self.counts[neuron.index()] = SpikeCount::default();
    }
    pub(crate) fn count_spike(&mut self, neuron: Neuron) {
        self.counts[neuron.index()].increment();
    }

    /// Whether a spike of the neuron makes an event.
    pub(crate) fn sends(&self, neuron: Neuron) -> bool {
        self.config(neuron).enable_spike_out && self.block(BackendBlock::of(neuron)).enable_event_registers
    }
    /// The label a neuron sends.
    pub(crate) fn label(&self, neuron: Neuron) -> NeuronLabel {
        NeuronLabel::of_neuron(EventOutput::of(neuron), self.config(neuron).address_out)
    }
    /// Whether an output has something to send that has not been sent yet.
    pub(crate) fn is_idle(&self, output: EventOutput) -> bool {
        self.arbiters[output.index()].is_idle()
    }

    /// A request that reaches the arbiter at `cycle`, with the address the neuron has now.
    pub(crate) fn request(&mut self, cycle: u64, neuron: Neuron) {
        let (place, address) = (EventOutput::place_of(neuron), self.config(neuron).address_out);
        let coming = &mut self.arbiters[EventOutput::of(neuron).index()].coming;
        let at = coming.partition_point(|earlier| (earlier.cycle, earlier.place) <= (cycle, place));
        coming.insert(at, Request { cycle, place, address });
    }

    /// Sends what can be sent before `until`, output by output, each in time order.
    pub(crate) fn run(
        &mut self,
        until: u64,
        interval: u64,
        mut send: impl FnMut(EventOutput, u64, NeuronLabel),
    ) {
        for (output, arbiter) in EventOutput::all().zip(&mut self.arbiters) {
            self.merged_requests += arbiter.run(until, interval, |cycle, address| {
                send(output, cycle, NeuronLabel::of_neuron(output, address));
            });
        }
    }

    /// The first cycle in which an event output does something.
    pub(crate) fn next(&self) -> Option<u64> {
        self.arbiters.iter().filter_map(Arbiter::next).min()
    }

    /// Whether all times are before `limit`, which those of a state read from a file may not be.
    pub(crate) fn is_before(&self, limit: u64) -> bool {
        self.arbiters.iter().all(|arbiter| {
            arbiter.latest.max(arbiter.free_at) < limit
                && arbiter.coming.iter().all(|request| request.cycle < limit)
        })
    }

    /// Forgets counts and requests, keeps the configuration.
    pub(crate) fn clear(&mut self) {
        self.counts = [SpikeCount::default(); NEURONS];
        self.arbiters = Default::default();
        self.merged_requests = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overflow_bit_is_set_by_the_256th_spike_and_stays() {
        // The sequence of the hardware test in event-routing 9.6: 3, then 512 more, then reset.
        let mut backends = Backends::default();
        let neuron = Neuron::from_index(300).unwrap();
        let spike = |backends: &mut Backends, times: usize| {
            (0..times).for_each(|_| backends.count_spike(neuron));
            backends.count(neuron)
        };
        assert_eq!(spike(&mut backends, 3).word(), 3);
        assert_eq!(spike(&mut backends, 252), SpikeCount { count: 255, overflow: false });
        assert_eq!(spike(&mut backends, 1), SpikeCount { count: 0, overflow: true });
        assert_eq!(spike(&mut backends, 259).word(), 0x103);
        backends.reset_count(neuron);
        assert_eq!(backends.count(neuron).word(), 0);
    }

    #[test]
    fn refractory_time_255_on_the_fastest_clock_lasts_2_04_us() {
        let period = clock_period(0);
        assert_eq!(SimTime::from_cycles(255, period), SimTime::from_ns(2_040));
        // The slowest clock has 3.8 kHz.
        assert_eq!((1.0 / clock_period(15).as_secs_f64()).round(), 3815.0);
    }

    #[test]
    fn the_lowest_entry_goes_first_and_a_waiting_neuron_holds_one_request() {
        let mut arbiter = Arbiter::default();
        let neurons = [(10, 40), (10, 3), (11, 3), (12, 5), (12, 40)];
        arbiter.coming =
            neurons.iter().map(|&(cycle, place)| Request { cycle, place, address: place }).collect();
        let mut sent = Vec::new();
        let merged = arbiter.run(1000, 2, |cycle, address| sent.push((cycle, address)));
        // The second request of neuron 3 comes after the first was sent; that of neuron 40 while it waits.
        assert_eq!(sent, [(10, 3), (12, 3), (14, 5), (16, 40)]);
        assert_eq!(merged, 1);
        assert!(arbiter.is_idle());
    }
}
