//! All blocks together: the event network in time.

use crate::backend::{BackendBlockConfig, BackendConfig, Backends, SpikeCount};
use crate::background::{BackgroundConfig, BackgroundSources};
use crate::coordinates::{
    BackendBlock, BackgroundSource, CrossbarInput, CrossbarNode, CrossbarOutput, Driver, EventOutput, PadiBus,
};
use crate::crossbar::{self, Crossbar, NodeConfig, OutputConfig};
use crate::driver::{DriverConfig, DriverPulse, Drivers};
use crate::label::{L2Event, PadiEvent, SpikeLabel};
use crate::padi::{PadiBusConfig, PadiBuses};
use crate::parameters::Parameters;
use crate::synapse::SynapseLabels;
use bss2_base::{Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Stretch of time that one pass over the blocks covers: long enough to amortise the pass, short enough that what is
/// under way stays in the cache. Does not influence results.
const STRETCH: u64 = 1024;

/// The last cycle there is: where the axis of [`SimTime`] ends. Later ones are taken for this one.
const LAST: u64 = SimTime::MAX.cycles(SimTime::FABRIC_CYCLE);

/// What leaves the event network, each list in time order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Pulses at the synapse drivers; in one cycle in order of hemisphere, bus and position on the bus.
    pub pulses: Vec<DriverPulse>,
    /// Events that leave for the FPGA; in one cycle in order of link channel.
    pub to_host: Vec<L2Event>,
}

impl Outputs {
    /// Empties both lists and keeps their memory.
    pub fn clear(&mut self) {
        self.pulses.clear();
        self.to_host.clear();
    }
}

/// Things that happen silently on the chip and that one may want to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Spikes without event because the neuron's previous event was still waiting at its output.
    pub merged_requests: u64,
    /// Inputs that came after the network had passed their cycle, and were moved to the earliest possible one. Anything
    /// but zero is a mistake of the caller.
    pub late_inputs: u64,
}

/// A state of the network that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("inconsistent event network: {0}")]
pub struct InconsistentState(&'static str);

/// The digital event network of one chip: all state between an event label and a driver pulse or a label to the host.
///
/// Time is counted in fabric cycles since the chip was made. Configuration takes effect at [`Self::now`]: advance to the
/// cycle of a write before making it.
#[derive(Clone, Debug)]
pub struct EventNetwork {
    state: State,
    /// First cycle in which anything happens, `u64::MAX` for never.
    next: u64,
    feedback: Feedback,
}

/// Everything that cannot be derived.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    parameters: Parameters,
    /// Everything before this cycle has happened.
    now: u64,
    /// Inputs that do not depend on neurons have been taken before this cycle.
    inputs_until: u64,
    /// Driver pulses before this cycle have been handed out.
    pulses_until: u64,
    /// The cycle in which the stamp counter was zero.
    stamp_origin: u64,
    late_inputs: u64,
    crossbar: Crossbar,
    background: BackgroundSources,
    backends: Backends,
    padi: PadiBuses,
    drivers: Drivers,
    labels: SynapseLabels,
}

/// Where a future spike can lead, bit `4 * hemisphere + bus`.
#[derive(Clone, Copy, Debug, Default)]
struct Feedback {
    /// Buses that take crossbar events and have a driver that listens.
    driving: u8,
    /// Buses to which a node lets the label of a neuron that makes events.
    reached: u8,
    /// The above depend on a configuration that has changed since.
    stale: bool,
}

impl Default for EventNetwork {
    fn default() -> Self {
        Self::new(Parameters::default())
    }
}

impl EventNetwork {
    /// A network after power-up: all nodes pass, everything else off, labels zero, cycle 0.
    pub fn new(parameters: Parameters) -> Self {
        Self::from_state(State { parameters, ..State::default() })
    }

    fn from_state(state: State) -> Self {
        let mut network = Self { state, next: 0, feedback: Feedback { stale: true, ..Feedback::default() } };
        network.find_next();
        network
    }

    /// The numbers the network was made with.
    pub fn parameters(&self) -> &Parameters {
        &self.state.parameters
    }
    /// The cycle up to which everything has happened.
    pub fn now(&self) -> u64 {
        self.state.now
    }
    /// What happened silently.
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics {
            merged_requests: self.state.backends.merged_requests,
            late_inputs: self.state.late_inputs,
        }
    }

    // ---- inputs

    /// A label that arrives at crossbar input `8 + address` at `cycle`, the link latency included. Not before
    /// [`Self::now`], nor before a cycle that [`Self::look_ahead`] was asked for.
    pub fn inject(&mut self, cycle: u64, label: SpikeLabel) {
        let cycle = self.not_before(cycle, self.state.inputs_until);
        self.state.crossbar.inject(cycle, label.spl1_address(), label.neuron_label());
        self.wake(cycle);
    }

    /// A refractory onset, rounded up to the fabric's grid: counts, and makes an event if the neuron sends any. Not before
    /// [`Self::now`], but cycles that [`Self::look_ahead`] has covered are welcome.
    pub fn fire(&mut self, cycle: u64, neuron: Neuron) {
        self.count_spike(neuron);
        self.send_event(cycle, neuron);
    }

    /// The counting half of [`Self::fire`], for neurons whose events come from the Bayesian logic (event-routing 9.5).
    pub fn count_spike(&mut self, neuron: Neuron) {
        self.state.backends.count_spike(neuron);
    }

    /// The sending half of [`Self::fire`].
    pub fn send_event(&mut self, cycle: u64, neuron: Neuron) {
        if self.state.backends.sends(neuron) {
            let cycle = self.not_before(cycle, self.state.now);
            let latency = u64::from(self.state.parameters.backend.digitisation_latency.get());
            self.state.backends.request(cycle + latency, neuron);
            self.wake(cycle + latency);
        }
    }

    /// A write to a hemisphere's PADIEvent register at `cycle`; buses with `enable_spl1` ignore it (event-routing 6.2).
    pub fn padi_event(&mut self, cycle: u64, hemisphere: Hemisphere, event: PadiEvent) {
        let passed = self.state.pulses_until.saturating_sub(self.state.parameters.pulse_latency());
        let cycle = self.not_before(cycle, passed.max(self.state.now));
        self.state.padi.trigger(cycle, hemisphere, event);
        self.wake(cycle);
    }

    fn not_before(&mut self, cycle: u64, earliest: u64) -> u64 {
        self.state.late_inputs += u64::from(cycle < earliest);
        cycle.max(earliest).min(LAST)
    }

    fn wake(&mut self, cycle: u64) {
        self.next = self.next.min(cycle);
    }

    // ---- time

    /// Lets everything happen that happens before cycle `until`, given that all inputs before it are known. Appends to
    /// `out`. Does nothing if `until` is not after [`Self::now`].
    pub fn advance(&mut self, until: u64, out: &mut Outputs) {
        let until = until.min(LAST);
        let mut reached = self.state.now;
        while self.next.max(reached) < until {
            reached = self.next.max(reached).saturating_add(STRETCH).min(until);
            self.pass(Horizons::all(reached), out);
            self.find_next();
        }
        self.state.now = self.state.now.max(until);
        self.state.inputs_until = self.state.inputs_until.max(until);
        self.state.pulses_until = self.state.pulses_until.max(until);
    }

    /// Finds the driver pulses before cycle `until` while the neurons' spikes from [`Self::now`] on are still unknown, and
    /// appends them to `out`. Returns the cycle up to which the pulses are complete: `until`, or less where a spike could
    /// change what comes ([`Self::shortest_feedback`]). Link inputs and PADI events before that cycle must be known, and
    /// configuration must not change before it.
    ///
    /// Afterwards report the spikes with [`Self::fire`] and [`Self::advance`] to the cycle returned.
    pub fn look_ahead(&mut self, until: u64, out: &mut Outputs) -> u64 {
        self.refresh_feedback();
        let now = self.state.now;
        let feedback = self.shortest_feedback();
        let spikes_matter = feedback.is_some();
        let until = feedback.map_or(until, |cycles| until.min(now + cycles)).min(LAST);
        let parameters = &self.state.parameters;
        let latency = parameters.pulse_latency();
        let to_output = latency + u64::from(parameters.crossbar.transit);
        let spikes_known = now + u64::from(parameters.backend.digitisation_latency.get());
        loop {
            let mut from = self.next_towards_pulses();
            if spikes_matter {
                from = from.min(self.state.backends.next().unwrap_or(u64::MAX));
            }
            from = from.max(self.state.pulses_until);
            if from >= until {
                break;
            }
            let end = from.saturating_add(STRETCH).min(until);
            let inputs = end.saturating_sub(to_output);
            let bus = end.saturating_sub(latency);
            // Outputs without pulses can wait until all spikes are known.
            let outputs = core::array::from_fn(|output| {
                let drives = output < 8 && self.feedback.driving >> output & 1 == 1;
                if drives { bus } else { now }
            });
            let neurons = inputs.min(spikes_known);
            self.pass(Horizons { inputs, neurons, outputs, triggers: bus, pulses: end }, out);
            self.state.pulses_until = end;
        }
        self.state.inputs_until = self.state.inputs_until.max(until.saturating_sub(to_output));
        self.state.pulses_until = self.state.pulses_until.max(until);
        self.find_next();
        until
    }

    /// First cycle in which anything happens without a new input, `None` if the network is silent.
    pub fn next_activity(&self) -> Option<u64> {
        (self.next != u64::MAX).then_some(self.next.max(self.state.now))
    }

    /// Shortest number of cycles from a spike to a change in the driver pulses it can cause with the present
    /// configuration; `None` if no spike can cause any.
    ///
    /// "Can cause": a node lets the label of a neuron with `enable_spike_out` (or of one still waiting) pass to a bus that
    /// takes crossbar events and has a listening driver. Whether a driver listens to this very label is not asked, because
    /// an event occupies the bus in any case.
    pub fn shortest_feedback(&self) -> Option<u64> {
        let mut feedback = self.feedback;
        if feedback.stale {
            feedback = self.find_feedback();
        }
        let waiting = EventOutput::all()
            .filter(|&output| !self.state.backends.is_idle(output))
            .fold(0, |buses, output| buses | buses_of(output));
        let can_pulse = feedback.driving & (feedback.reached | waiting) != 0;
        can_pulse.then(|| self.state.parameters.feedback_latency())
    }

    /// One pass over the blocks: every stage up to its own horizon.
    fn pass(&mut self, until: Horizons, out: &mut Outputs) {
        let State { parameters, crossbar, background, backends, padi, drivers, stamp_origin, .. } =
            &mut self.state;
        let latency = parameters.pulse_latency();
        let fabric = &parameters.crossbar;

        // Into the crossbar.
        crossbar.run_link_inputs(until.inputs, fabric);
        background.run(
            until.inputs,
            u64::from(fabric.background_interval.get()),
            &parameters.background,
            |source, cycle, label| {
                crossbar.take(CrossbarInput::of_background(source), cycle, label, fabric);
            },
        );
        backends.run(until.neurons, u64::from(fabric.neuron_interval.get()), |output, cycle, label| {
            crossbar.take(CrossbarInput::of_neurons(output), cycle, label, fabric);
        });

        // Out of it.
        padi.fire_triggers(until.triggers, &parameters.padi);
        let first_to_host = out.to_host.len();
        for (output, until) in CrossbarOutput::all().zip(until.outputs) {
            if let Some((hemisphere, bus)) = output.padi_bus() {
                let config = padi.config(hemisphere, bus);
                let interval = u64::from(fabric.padi_interval.get());
                if config.enable_spl1 {
                    let interval = interval.max(config.occupancy(&parameters.padi));
                    let travelling = &mut padi.travelling[hemisphere.index()][bus.index()];
                    let bus_free_at = &mut padi.free_at[hemisphere.index()][bus.index()];
                    crossbar.run_output(output, until, *bus_free_at, interval, fabric, |cycle, label| {
                        *bus_free_at = cycle + interval;
                        travelling.push_back((cycle, label.padi()));
                    });
                } else {
                    // The bus does not listen: delivered, not dropped (event-routing 6.2).
                    crossbar.run_output(output, until, 0, interval, fabric, |_, _| {});
                }
            } else if let Some(address) = output.link() {
                let interval = crossbar.link_output_interval(address, fabric);
                crossbar.run_output(output, until, 0, interval, fabric, |cycle, label| {
                    let stamp = cycle.wrapping_sub(*stamp_origin) as u8;
                    out.to_host.push(L2Event { cycle, label: SpikeLabel::new(address, label), stamp });
                });
            }
        }
        out.to_host[first_to_host..].sort_by_key(|event| (event.cycle, event.label.spl1_address()));

        // Along the buses to the drivers.
        padi.arrive(until.pulses.saturating_sub(latency), |cycle, hemisphere, bus, label| {
            drivers.pulses(cycle + latency, hemisphere, bus, label, &mut out.pulses);
        });
    }

    fn find_next(&mut self) {
        let state = &self.state;
        let next = [state.crossbar.next_output(u16::MAX), state.backends.next()].into_iter().flatten();
        self.next = next.fold(self.next_towards_pulses(), u64::min);
    }

    /// First cycle in which something happens that may lead to a pulse, events of neurons in the crossbar left aside.
    fn next_towards_pulses(&self) -> u64 {
        let state = &self.state;
        let next = [
            state.crossbar.next_input(),
            state.background.next(),
            state.crossbar.next_output(u16::from(self.feedback.driving)),
            state.padi.next(state.parameters.pulse_latency()),
        ];
        next.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    fn refresh_feedback(&mut self) {
        if self.feedback.stale {
            self.feedback = self.find_feedback();
        }
    }

    fn find_feedback(&self) -> Feedback {
        let State { crossbar, backends, padi, drivers, .. } = &self.state;
        let mut feedback = Feedback::default();
        for output in CrossbarOutput::all() {
            if let Some((hemisphere, bus)) = output.padi_bus() {
                let drives = padi.config(hemisphere, bus).enable_spl1 && drivers.listens(hemisphere, bus);
                feedback.driving |= u8::from(drives) << output.index();
            }
        }
        for neuron in Neuron::all().filter(|&neuron| backends.sends(neuron)) {
            let label = backends.label(neuron);
            for site in crossbar::nodes_of(CrossbarInput::of_neurons(EventOutput::of(neuron))) {
                if site.output.index() < 8 && crossbar.node(site.node).passes(label) {
                    feedback.reached |= 1 << site.output.index();
                }
            }
        }
        feedback
    }

    // ---- configuration and counters

    /// Configuration of a crossbar node.
    pub fn node(&self, node: CrossbarNode) -> NodeConfig {
        self.state.crossbar.node(node)
    }
    /// Replaces it.
    pub fn set_node(&mut self, node: CrossbarNode, config: NodeConfig) {
        self.state.crossbar.set_node(node, config);
        self.feedback.stale = true;
    }
    /// Configuration of the crossbar outputs.
    pub fn output_config(&self) -> OutputConfig {
        self.state.crossbar.output_config()
    }
    /// Replaces it.
    pub fn set_output_config(&mut self, config: OutputConfig) {
        self.state.crossbar.set_output_config(config);
    }
    /// Copies lost at the nodes of an input that count, modulo 2^16.
    pub fn drop_count(&self, input: CrossbarInput) -> u16 {
        self.state.crossbar.drops(input)
    }
    /// Events an output took while its counter was enabled, modulo 2^24.
    pub fn event_count(&self, output: CrossbarOutput) -> u32 {
        self.state.crossbar.events(output)
    }
    /// Configuration of a background source.
    pub fn background(&self, source: BackgroundSource) -> BackgroundConfig {
        self.state.background.config(source)
    }
    /// Replaces it at [`Self::now`]. A rising `enable` seeds the generator and starts a full period.
    pub fn set_background(&mut self, source: BackgroundSource, config: BackgroundConfig) {
        let State { inputs_until, background, parameters, .. } = &mut self.state;
        background.configure(*inputs_until, source, config, &parameters.background);
        self.find_next();
    }
    /// Configuration of a PADI bus.
    pub fn padi_bus(&self, hemisphere: Hemisphere, bus: PadiBus) -> PadiBusConfig {
        self.state.padi.config(hemisphere, bus)
    }
    /// Replaces it.
    pub fn set_padi_bus(&mut self, hemisphere: Hemisphere, bus: PadiBus, config: PadiBusConfig) {
        self.state.padi.set_config(hemisphere, bus, config);
        self.feedback.stale = true;
    }
    /// Configuration of a synapse driver.
    pub fn driver(&self, hemisphere: Hemisphere, driver: Driver) -> &DriverConfig {
        self.state.drivers.config(hemisphere, driver)
    }
    /// Replaces it.
    pub fn set_driver(&mut self, hemisphere: Hemisphere, driver: Driver, config: DriverConfig) {
        self.state.drivers.set_config(hemisphere, driver, config);
        self.feedback.stale = true;
    }
    /// Configuration of a neuron's back-end.
    pub fn backend(&self, neuron: Neuron) -> BackendConfig {
        self.state.backends.config(neuron)
    }
    /// Replaces it. Spikes that have been reported keep the label they had.
    pub fn set_backend(&mut self, neuron: Neuron, config: BackendConfig) {
        self.state.backends.set_config(neuron, config);
        self.feedback.stale = true;
    }
    /// Common configuration of a back-end block.
    pub fn backend_block(&self, block: BackendBlock) -> BackendBlockConfig {
        self.state.backends.block(block)
    }
    /// Replaces it.
    pub fn set_backend_block(&mut self, block: BackendBlock, config: BackendBlockConfig) {
        self.state.backends.set_block(block, config);
        self.feedback.stale = true;
    }
    /// The spike counter of a neuron.
    pub fn spike_count(&self, neuron: Neuron) -> SpikeCount {
        self.state.backends.count(neuron)
    }
    /// Clears it.
    pub fn reset_spike_count(&mut self, neuron: Neuron) {
        self.state.backends.reset_count(neuron);
    }
    /// The labels stored in the synapses.
    pub fn labels(&self) -> &SynapseLabels {
        &self.state.labels
    }
    /// The same, to be changed. They do not influence the network itself, which ends at the drivers.
    pub fn labels_mut(&mut self) -> &mut SynapseLabels {
        &mut self.state.labels
    }
    /// Sets the cycle in which the stamp counter is zero. Stamps are the low eight bits of twice the FPGA's time
    /// (settled O15), so this is the cycle in which that time is zero; it may lie before the beginning (wrap around).
    pub fn set_stamp_origin(&mut self, cycle: u64) {
        self.state.stamp_origin = cycle;
    }

    /// A chip reset at [`Self::now`]: events under way and counters are gone, crossbar, background sources and PADI buses
    /// are as after power-up. What lies in SRAM stays: synapse labels, drivers, neuron back-ends (settled O7).
    pub fn reset(&mut self) {
        let state = &mut self.state;
        state.crossbar = Crossbar::default();
        state.background = BackgroundSources::default();
        state.padi = PadiBuses::default();
        state.backends.clear();
        self.feedback.stale = true;
        self.find_next();
    }
}

/// How far the stages of a pass go, each in its own cycles.
struct Horizons {
    /// Link and background inputs.
    inputs: u64,
    /// Neuron event outputs.
    neurons: u64,
    outputs: [u64; CrossbarOutput::COUNT],
    /// PADIEvent registers.
    triggers: u64,
    /// Leading edges of driver pulses.
    pulses: u64,
}

impl Horizons {
    const fn all(until: u64) -> Self {
        Self {
            inputs: until,
            neurons: until,
            outputs: [until; CrossbarOutput::COUNT],
            triggers: until,
            pulses: until,
        }
    }
}

/// The buses that a neuron event output has nodes to.
fn buses_of(output: EventOutput) -> u8 {
    crossbar::nodes_of(CrossbarInput::of_neurons(output))
        .iter()
        .filter(|site| site.output.index() < 8)
        .fold(0, |buses, site| buses | 1 << site.output.index())
}

impl Serialize for EventNetwork {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EventNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let state = State::deserialize(deserializer)?;
        state.check().map_err(serde::de::Error::custom)?;
        Ok(Self::from_state(state))
    }
}

impl State {
    /// Refuses states that would make the network hang or overflow.
    fn check(&self) -> Result<(), InconsistentState> {
        // Nothing is further ahead than what waits in full queues.
        const LIMIT: u64 = LAST + (1 << 40);
        if self.now.max(self.inputs_until).max(self.pulses_until) > LAST {
            return Err(InconsistentState("its time lies beyond the end of the time axis"));
        }
        if !self.background.are_at(self.now) {
            return Err(InconsistentState("a background source is at another time"));
        }
        if !self.padi.is_before(LIMIT) || !self.backends.is_before(LIMIT) || !self.crossbar.is_before(LIMIT) {
            return Err(InconsistentState("an event lies beyond the end of the time axis"));
        }
        if !self.crossbar.is_consistent() {
            return Err(InconsistentState("a crossbar queue is out of order"));
        }
        Ok(())
    }
}
