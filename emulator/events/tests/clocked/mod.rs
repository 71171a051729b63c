//! The event network the slow way: one loop over cycles, written down from event-routing 4.5, 6, 7, 9.4 and 11 without
//! a queue of future events. The oracle for the event-driven one.

use bss2_base::{Hemisphere, Neuron};
use bss2_events::*;
use std::collections::VecDeque;

/// An input of the network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    Label(SpikeLabel),
    Spike(Neuron),
    Padi(Hemisphere, PadiEvent),
}

/// A write to the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Write {
    Node(CrossbarNode, NodeConfig),
    Outputs(OutputConfig),
    Background(BackgroundSource, BackgroundConfig),
    Bus(Hemisphere, PadiBus, PadiBusConfig),
    Driver(Hemisphere, Driver, DriverConfig),
    Backend(Neuron, BackendConfig),
    Block(BackendBlock, BackendBlockConfig),
}

#[derive(Clone, Copy, Default)]
struct Source {
    config: BackgroundConfig,
    counter: u16,
    state: u32,
    free_at: u64,
}

struct Request {
    cycle: u64,
    place: usize,
    address: u8,
}

struct Arbiter {
    requests: Vec<Request>,
    waiting: [Option<u8>; 64],
    free_at: u64,
}

impl Default for Arbiter {
    fn default() -> Self {
        Self { requests: Vec::new(), waiting: [None; 64], free_at: 0 }
    }
}

/// The default parameters, as literals.
const TRANSIT: u64 = 2;
const FIFO: usize = 4;
const DIGITISATION: u64 = 4;
const BUS_TO_PULSE: u64 = 2;

pub(crate) struct Clocked {
    nodes: Vec<(NodeConfig, VecDeque<NeuronLabel>)>,
    pipeline: VecDeque<(u64, usize, NeuronLabel)>,
    outputs: OutputConfig,
    turn: [usize; 12],
    output_free_at: [u64; 12],
    pub(crate) events: [u32; 12],
    pub(crate) drops: [u16; 20],
    links: [VecDeque<NeuronLabel>; 4],
    sources: [Source; 8],
    arbiters: [Arbiter; 8],
    buses: [PadiBusConfig; 8],
    bus_free_at: [u64; 8],
    travelling: Vec<(u64, usize, PadiLabel)>,
    drivers: Vec<DriverConfig>,
    backends: Vec<BackendConfig>,
    blocks: [BackendBlockConfig; 2],
    pub(crate) out: Outputs,
}

impl Clocked {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Default::default(); 76],
            pipeline: VecDeque::new(),
            outputs: OutputConfig::default(),
            turn: [0; 12],
            output_free_at: [0; 12],
            events: [0; 12],
            drops: [0; 20],
            links: Default::default(),
            sources: Default::default(),
            arbiters: Default::default(),
            buses: Default::default(),
            bus_free_at: [0; 8],
            travelling: Vec::new(),
            drivers: vec![DriverConfig::default(); 256],
            backends: vec![BackendConfig::default(); 512],
            blocks: Default::default(),
            out: Outputs::default(),
        }
    }

    pub(crate) fn write(&mut self, write: Write) {
        match write {
            Write::Node(node, config) => self.nodes[node.index()].0 = config,
            Write::Outputs(config) => self.outputs = config,
            Write::Background(source, config) => {
                let source = &mut self.sources[source.index()];
                if config.enable && !source.config.enable {
                    source.state = config.seed.max(1);
                    // One more than the period: the cycle of the write itself is evaluated too.
                    source.counter = config.period + 1;
                }
                source.config = config;
            }
            Write::Bus(hemisphere, bus, config) => self.buses[4 * hemisphere.index() + bus.index()] = config,
            Write::Driver(hemisphere, driver, config) => {
                self.drivers[128 * hemisphere.index() + driver.index()] = config;
            }
            Write::Backend(neuron, config) => self.backends[neuron.index()] = config,
            Write::Block(block, config) => self.blocks[block.index()] = config,
        }
    }

    /// One cycle with the inputs that come in it.
    pub(crate) fn cycle(&mut self, now: u64, inputs: &[Input]) {
        for &input in inputs {
            match input {
                Input::Label(label) => {
                    self.links[label.spl1_address().index()].push_back(label.neuron_label());
                }
                Input::Spike(neuron) => {
                    let (row, column) = (neuron.index() / 256, neuron.index() % 256);
                    let config = self.backends[neuron.index()];
                    if config.enable_spike_out && self.blocks[column / 128].enable_event_registers {
                        let place = 32 * row + column % 32;
                        let cycle = now + DIGITISATION;
                        let request = Request { cycle, place, address: config.address_out };
                        self.arbiters[column / 32].requests.push(request);
                    }
                }
                Input::Padi(hemisphere, event) => {
                    for bus in 0..4 {
                        let index = 4 * hemisphere.index() + bus;
                        if event.fire_bus >> bus & 1 == 1 && !self.buses[index].enable_spl1 {
                            let start = now.max(self.bus_free_at[index]);
                            self.bus_free_at[index] = start + self.occupancy(index);
                            self.travelling.push((start, index, event.label));
                        }
                    }
                }
            }
        }
        self.clock_sources(now);
        for link in 0..4 {
            if let Some(label) = self.links[link].pop_front() {
                self.take(8 + link, now, label);
            }
        }
        self.clock_arbiters(now);
        self.clock_nodes(now);
        for output in 0..12 {
            self.clock_output(output, now);
        }
        self.clock_drivers(now);
    }

    fn occupancy(&self, bus: usize) -> u64 {
        if self.buses[bus].enable_extended_timing { 4 } else { 2 }
    }

    fn clock_sources(&mut self, now: u64) {
        for index in 0..8 {
            let source = &mut self.sources[index];
            let config = source.config;
            if !config.enable {
                continue;
            }
            if source.counter != 0 {
                source.counter -= 1;
                continue;
            }
            source.counter = config.period;
            let mut label = config.label.word();
            if config.enable_random {
                for _ in 0..16 {
                    let s = source.state;
                    source.state = s << 1 | (s >> 31 ^ s >> 21 ^ s >> 1 ^ s) & 1;
                }
                let (r, s) = (source.state as u8, (source.state >> 8) as u8);
                if config.rate == 0 || r > config.rate {
                    continue;
                }
                label = label & !u16::from(config.mask) | u16::from(s & config.mask);
            }
            if now >= source.free_at {
                source.free_at = now + 2;
                self.take(12 + index, now, NeuronLabel::truncate(label));
            }
        }
    }

    fn clock_arbiters(&mut self, now: u64) {
        for output in 0..8 {
            let arbiter = &mut self.arbiters[output];
            for request in arbiter.requests.iter().filter(|request| request.cycle == now) {
                arbiter.waiting[request.place] = Some(request.address);
            }
            if now < arbiter.free_at {
                continue;
            }
            if let Some(address) = arbiter.waiting.iter_mut().find_map(Option::take) {
                arbiter.free_at = now + 2;
                self.take(output, now, NeuronLabel::truncate((output as u16) << 8 | u16::from(address)));
            }
        }
    }

    fn take(&mut self, input: usize, now: u64, label: NeuronLabel) {
        for site in crossbar::sites().iter().filter(|site| site.input.index() == input) {
            let config = self.nodes[site.node.index()].0;
            if label.word() & config.mask.word() == config.target.word() {
                self.pipeline.push_back((now + TRANSIT, site.node.index(), label));
            }
        }
    }

    fn clock_nodes(&mut self, now: u64) {
        while let Some(&(cycle, node, label)) = self.pipeline.front()
            && cycle == now
        {
            self.pipeline.pop_front();
            let (config, fifo) = &mut self.nodes[node];
            if fifo.len() < FIFO {
                fifo.push_back(label);
            } else if config.enable_drop_counter {
                let input = crossbar::sites()[node].input.index();
                self.drops[input] = self.drops[input].wrapping_add(1);
            }
        }
    }

    fn clock_output(&mut self, output: usize, now: u64) {
        let to_bus = output < 8 && self.buses[output].enable_spl1;
        if now < self.output_free_at[output] || to_bus && now < self.bus_free_at[output] {
            return;
        }
        let nodes: Vec<usize> =
            crossbar::sites().iter().filter(|s| s.output.index() == output).map(|s| s.node.index()).collect();
        let turn = self.turn[output];
        let order = (0..nodes.len()).map(|k| (turn + k) % nodes.len());
        let Some(chosen) = order.into_iter().find(|&k| !self.nodes[nodes[k]].1.is_empty()) else {
            return;
        };
        let label = self.nodes[nodes[chosen]].1.pop_front().unwrap();
        self.turn[output] = (chosen + 1) % nodes.len();
        self.events[output] += u32::from(self.outputs.enable_event_counter >> output & 1);
        let interval = match output {
            8.. if self.outputs.enable_slow >> (output - 8) & 1 == 1 => 4,
            8.. => 2,
            _ if to_bus => self.occupancy(output),
            _ => 1,
        };
        self.output_free_at[output] = now + interval;
        if to_bus {
            self.bus_free_at[output] = now + interval;
            self.travelling.push((now, output, label.padi()));
        } else if output >= 8 {
            let label = SpikeLabel::from_word(((output - 8) as u16) << 14 | label.word());
            self.out.to_host.push(L2Event { cycle: now, label, stamp: now as u8 });
        }
    }

    fn clock_drivers(&mut self, now: u64) {
        for hemisphere in Hemisphere::ALL {
            for bus in 0..4 {
                for &(cycle, index, label) in &self.travelling {
                    if cycle + BUS_TO_PULSE != now || index != 4 * hemisphere.index() + bus {
                        continue;
                    }
                    for position in 0..32u8 {
                        let driver = 4 * usize::from(position) + bus;
                        let config = self.drivers[128 * hemisphere.index() + driver];
                        let (r, mask) = (label.row_select(), config.compare_mask);
                        if config.enable_receiver && r & mask == position & mask {
                            let received = label.synapse_label();
                            let address = if config.enable_address_out { received } else { received & 0x20 };
                            let driver = Driver::new(driver).unwrap();
                            self.out.pulses.push(DriverPulse {
                                cycle: now,
                                hemisphere,
                                driver,
                                label: received,
                                address,
                            });
                        }
                    }
                }
            }
        }
        self.travelling.retain(|&(cycle, _, _)| cycle + BUS_TO_PULSE > now);
    }
}

/// The same write to the real network.
pub(crate) fn write(network: &mut EventNetwork, write: Write) {
    match write {
        Write::Node(node, config) => network.set_node(node, config),
        Write::Outputs(config) => network.set_output_config(config),
        Write::Background(source, config) => network.set_background(source, config),
        Write::Bus(hemisphere, bus, config) => network.set_padi_bus(hemisphere, bus, config),
        Write::Driver(hemisphere, driver, config) => network.set_driver(hemisphere, driver, config),
        Write::Backend(neuron, config) => network.set_backend(neuron, config),
        Write::Block(block, config) => network.set_backend_block(block, config),
    }
}

/// The same input to the real network.
pub(crate) fn give(network: &mut EventNetwork, cycle: u64, input: Input) {
    match input {
        Input::Label(label) => network.inject(cycle, label),
        Input::Spike(neuron) => network.fire(cycle, neuron),
        Input::Padi(hemisphere, event) => network.padi_event(cycle, hemisphere, event),
    }
}
