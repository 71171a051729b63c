//! The neurons in time, with the fire lines between them (event-routing 9.5, settled O10).
//!
//! The event network knows the lines ([`FireRouting`]), the analog core the refractory counters. A line has no delay, so
//! while any neuron is routed the core stops at every fabric cycle in which one may fire or a state may end that matters,
//! and hears there who follows whom. With nothing routed, the usual case, it runs through.

use crate::clocks::Clock;
use crate::registers::neuron::NeuronBackendConfig;
use crate::shared::Shared;
use bss2_base::{Neuron, SimTime};
use bss2_events::{BayesianOperation, FireConfig, FireOutputs, FireRouting, Refractory};

/// What a neuron's back-end words say about its fire line. `connect_fire_from_right` is broken in silicon.
pub(crate) fn config_of(backend: &NeuronBackendConfig) -> FireConfig {
    FireConfig {
        master: backend.en_neuron_master,
        slave: backend.en_neuron_slave,
        connect_bottom: backend.connect_fire_bottom,
        connect_to_right: backend.connect_fire_to_right,
        operation: BayesianOperation::from_bits(backend.en_0_bayesian, backend.en_1_bayesian),
        bayesian_extension: backend.en_bayesian_extension,
        post_overwrite: backend.post_overwrite,
    }
}

/// The fabric cycle in which something that happens at `time` is seen; never stays never.
fn cycle(clock: &Clock, time: SimTime) -> u64 {
    if time == SimTime::MAX { u64::MAX } else { clock.cycle_at(time) }
}

/// When a fabric cycle begins; never stays never.
fn time(clock: &Clock, cycle: u64) -> SimTime {
    if cycle == u64::MAX { SimTime::MAX } else { clock.time_of(cycle) }
}

/// The refractory state of a neuron by its own counter.
fn state_of(clock: &Clock, analog: &bss2_analog::AnalogCore, neuron: Neuron) -> Refractory {
    let span = analog.refractory(neuron).unwrap_or_default();
    Refractory { release: cycle(clock, span.release), until: cycle(clock, span.until) }
}

impl Shared {
    /// Back-end words have changed: tells the fire lines, and marks the neurons whose post pulses change their origin.
    pub(crate) fn configure_fire_lines(&mut self, configs: Vec<(Neuron, FireConfig)>) {
        let Self { fire_routing, binding, .. } = self;
        if !configs.is_empty() {
            fire_routing.configure(configs, |neuron| binding.mark_neuron(neuron));
        }
    }

    /// Refractory counters may have been started or stopped by a change of the configuration.
    pub(crate) fn refresh_fire_lines(&mut self) {
        if self.fire_routing.is_plain() {
            return;
        }
        let now = self.now();
        let clock = self.clocks.fabric;
        let Self { fire_routing, analog, .. } = self;
        let states = Neuron::all()
            .filter(|&neuron| !fire_routing.config(neuron).slave)
            .map(|neuron| (neuron, state_of(&clock, analog, neuron)))
            .collect::<Vec<_>>();
        let mut out = FireOutputs::default();
        fire_routing.set_refractory(clock.cycle_at(now), states, &mut out);
        for followed in out.followed {
            let Refractory { release, until } = followed.refractory;
            analog.follow(now, followed.neuron, time(&clock, release), time(&clock, until));
        }
    }

    /// Lets the neurons run to `until` and tells the network of their spikes.
    pub(crate) fn run_neurons(&mut self, until: SimTime) {
        let clock = self.clocks.fabric;
        if self.fire_routing.is_plain() {
            self.analog.advance(until, &mut self.fires);
            for fire in self.fires.drain(..) {
                self.network.fire(clock.cycle_at(fire.time), fire.neuron);
            }
            return;
        }
        // What has been handed in for this very moment.
        self.advance_to(self.analog.now());
        while self.analog.now() < until {
            // The core's fires are on the grid of the nominal clock, and there is none before its first edge at or after
            // this bound.
            let next = self.analog.now() + SimTime::from_ps(1);
            let fire = self.analog.quiescent_until().max(next);
            let fire = if fire > until { until } else { fire.round_up(SimTime::FABRIC_CYCLE) };
            let end = self.fire_routing.next_change(clock.cycle_at(self.analog.now()));
            let end = end.map_or(SimTime::MAX, |cycle| time(&clock, cycle));
            self.advance_to(fire.min(end).min(until));
        }
    }

    /// Lets the neurons run to `at`, before which no routed state changes, and carries out what changes there.
    fn advance_to(&mut self, at: SimTime) {
        let clock = self.clocks.fabric;
        let Self { analog, network, fire_routing, fires, .. } = self;
        analog.advance(at, fires);
        // With another clock than the nominal one a fire may lie between two edges: it counts from the next one on.
        let cycle = clock.cycle_at(at);
        let mut onsets = Vec::new();
        for fire in fires.drain(..) {
            debug_assert!(fire.time == at, "a neuron fires at {:?}, before the stop at {at:?}", fire.time);
            if fire_routing.is_routed(fire.neuron) {
                network.count_spike(fire.neuron);
            } else {
                network.fire(cycle, fire.neuron);
            }
            onsets.push((fire.neuron, state_of(&clock, analog, fire.neuron)));
        }
        if onsets.is_empty() && clock.time_of(cycle) != at {
            return;
        }
        let mut out = FireOutputs::default();
        fire_routing.step(cycle, &onsets, &mut out);
        for followed in &out.followed {
            let Refractory { release, until } = followed.refractory;
            analog.follow(at, followed.neuron, time(&clock, release), time(&clock, until));
            if followed.begins {
                network.count_spike(followed.neuron);
            }
        }
        for &neuron in &out.events {
            network.send_event(cycle, neuron);
        }
        for &neuron in &out.post_pulses {
            analog.post_pulse(at, neuron);
        }
        if out != FireOutputs::default() {
            analog.advance(at, fires);
            debug_assert!(fires.is_empty(), "a follower has fired by itself");
        }
    }

    /// Whether the post pulses of a neuron are its own onsets, as opposed to those of the fire lines.
    pub(crate) fn makes_own_post_pulses(routing: &FireRouting, neuron: Neuron) -> bool {
        let config = routing.config(neuron);
        !routing.is_routed(neuron) && !config.post_overwrite && (config.bayesian_extension || config.master)
    }
}
