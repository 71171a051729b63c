//! The crossbar: 20 inputs, 12 outputs, 76 nodes that each compare the label and hold a small FIFO (event-routing 4).
//!
//! Nothing public describes arbitration. The model is the one proposed in event-routing 4.5, cycle by cycle:
//!
//! 1. An event is compared with mask and target of all nodes of its input in the cycle in which the input takes it.
//!    Every node that matches gets a copy `transit` cycles later.
//! 2. A copy that reaches a node whose FIFO held `fifo_depth` entries at the end of the previous cycle is dropped.
//! 3. Then each output that is free takes one entry, round robin over its inputs from the one after the last served on,
//!    input with the lowest number first after reset. The entry leaves in this cycle; the output is busy for its interval.
//!
//! Outputs share nothing but the inputs' order of events, so each is simulated by itself, from event to event.

use crate::coordinates::{CrossbarInput, CrossbarNode, CrossbarOutput, Spl1Address};
use crate::label::NeuronLabel;
use crate::parameters::CrossbarParameters;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Configuration of a node (event-routing 4.2). Default: register zero, everything passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeConfig {
    /// Label bits that are compared.
    pub mask: NeuronLabel,
    /// What they must be. A bit outside the mask makes the node drop everything.
    pub target: NeuronLabel,
    /// Whether copies lost at this node count in the drop counter of its input.
    pub enable_drop_counter: bool,
}

impl NodeConfig {
    /// Lets nothing through (register word 0x00010000).
    pub const DROP_ALL: Self =
        Self { mask: NeuronLabel::truncate(0), target: NeuronLabel::truncate(1), enable_drop_counter: false };
    /// Whether a label passes (event-routing 4.3).
    pub const fn passes(&self, label: NeuronLabel) -> bool {
        label.word() & self.mask.word() == self.target.word()
    }
}

/// Configuration of the outputs (event-routing 4.2). Default: register zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputConfig {
    /// Bit `n`: link output `n` (crossbar output `8 + n`) runs at reduced rate.
    pub enable_slow: u8,
    /// Bit `o`: the event counter of crossbar output `o` counts.
    pub enable_event_counter: u16,
}

/// Where a node sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSite {
    /// The node.
    pub node: CrossbarNode,
    /// Its input.
    pub input: CrossbarInput,
    /// Its output.
    pub output: CrossbarOutput,
}

/// The numbers of the outputs an input reaches, in node order (event-routing 4.1).
const fn reach(input: usize) -> ([usize; 9], usize) {
    let unused = 0;
    match input {
        0..8 => {
            let o = input % 4;
            ([o, 4 + o, 8 + o, unused, unused, unused, unused, unused, unused], 3)
        }
        8..12 => ([0, 1, 2, 3, 4, 5, 6, 7, input], 9),
        _ => ([input - 12, 8 + input % 4, unused, unused, unused, unused, unused, unused, unused], 2),
    }
}

/// `FIRST_NODE[i]..FIRST_NODE[i + 1]` are the nodes of input `i`.
const FIRST_NODE: [usize; CrossbarInput::COUNT + 1] = {
    let mut first = [0; CrossbarInput::COUNT + 1];
    let mut input = 0;
    while input < CrossbarInput::COUNT {
        first[input + 1] = first[input] + reach(input).1;
        input += 1;
    }
    first
};

/// All nodes in register order.
const SITES: [NodeSite; CrossbarNode::COUNT] = {
    let (Some(node), Some(input), Some(output)) =
        (CrossbarNode::new(0), CrossbarInput::new(0), CrossbarOutput::new(0))
    else {
        unreachable!()
    };
    let mut sites = [NodeSite { node, input, output }; CrossbarNode::COUNT];
    let mut i = 0;
    while i < CrossbarInput::COUNT {
        let mut n = FIRST_NODE[i];
        while n < FIRST_NODE[i + 1] {
            let (Some(node), Some(input), Some(output)) = (
                CrossbarNode::new(n),
                CrossbarInput::new(i),
                CrossbarOutput::new(reach(i).0[n - FIRST_NODE[i]]),
            ) else {
                unreachable!()
            };
            sites[n] = NodeSite { node, input, output };
            n += 1;
        }
        i += 1;
    }
    sites
};

/// All nodes in register order: what the node registers' addresses count.
pub const fn sites() -> &'static [NodeSite; CrossbarNode::COUNT] {
    &SITES
}

/// The nodes of an input.
pub(crate) fn nodes_of(input: CrossbarInput) -> &'static [NodeSite] {
    &SITES[FIRST_NODE[input.index()]..FIRST_NODE[input.index() + 1]]
}

/// The node at which an input and an output cross, `None` where there is none.
pub fn node_at(input: CrossbarInput, output: CrossbarOutput) -> Option<CrossbarNode> {
    nodes_of(input).iter().find(|site| site.output == output).map(|site| site.node)
}

/// A copy of an event on its way to a node, or in its FIFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Copied {
    /// When it reaches the node.
    cycle: u64,
    label: NeuronLabel,
}

/// The line into an output from one input: the node's FIFO and the pipeline in front of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Lane {
    /// FIFO entries first, then what is still on its way; in order of arrival.
    copies: VecDeque<Copied>,
    /// How many of them are FIFO entries.
    stored: u16,
}

/// The most inputs that meet in one output.
const LANES: usize = 7;

/// An output: its lanes in order of input number, and its round robin.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Port {
    lanes: [Lane; LANES],
    /// The lane to be asked first.
    turn: u8,
    /// The last cycle in which copies were stored.
    latest: u64,
    /// First cycle in which the output can take the next entry.
    free_at: u64,
}

/// For each node its lane in the output, and back.
const LANE_OF_NODE: [u8; CrossbarNode::COUNT] = LANE_TABLES.0;
const NODE_OF_LANE: [[u8; LANES]; CrossbarOutput::COUNT] = LANE_TABLES.1;
const LANE_TABLES: ([u8; CrossbarNode::COUNT], [[u8; LANES]; CrossbarOutput::COUNT]) = {
    let mut lane_of_node = [0; CrossbarNode::COUNT];
    let mut node_of_lane = [[0; LANES]; CrossbarOutput::COUNT];
    let mut used = [0; CrossbarOutput::COUNT];
    let mut n = 0;
    while n < CrossbarNode::COUNT {
        let output = SITES[n].output.index();
        lane_of_node[n] = used[output] as u8;
        node_of_lane[output][used[output]] = n as u8;
        used[output] += 1;
        n += 1;
    }
    (lane_of_node, node_of_lane)
};

/// The crossbar with its registers and counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Crossbar {
    #[serde(with = "crate::array")]
    nodes: [NodeConfig; CrossbarNode::COUNT],
    output_config: OutputConfig,
    ports: [Port; CrossbarOutput::COUNT],
    drops: [u16; CrossbarInput::COUNT],
    /// 24 bits each.
    events: [u32; CrossbarOutput::COUNT],
    links: [LinkInput; Spl1Address::COUNT],
}

/// Labels on their way into one link input; the input takes one at a time (event-routing 3.4).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct LinkInput {
    coming: VecDeque<Copied>,
    free_at: u64,
}

impl Default for Crossbar {
    /// The state after reset (event-routing 4.4).
    fn default() -> Self {
        Self {
            nodes: [NodeConfig::default(); CrossbarNode::COUNT],
            output_config: OutputConfig::default(),
            ports: core::array::from_fn(|_| Port {
                lanes: Default::default(),
                turn: 0,
                latest: 0,
                free_at: 0,
            }),
            drops: [0; CrossbarInput::COUNT],
            events: [0; CrossbarOutput::COUNT],
            links: Default::default(),
        }
    }
}

impl Crossbar {
    pub(crate) fn node(&self, node: CrossbarNode) -> NodeConfig {
        self.nodes[node.index()]
    }
    pub(crate) fn set_node(&mut self, node: CrossbarNode, config: NodeConfig) {
        self.nodes[node.index()] = config;
    }
    pub(crate) fn output_config(&self) -> OutputConfig {
        self.output_config
    }
    pub(crate) fn set_output_config(&mut self, config: OutputConfig) {
        self.output_config = config;
    }
    pub(crate) fn drops(&self, input: CrossbarInput) -> u16 {
        self.drops[input.index()]
    }
    pub(crate) fn events(&self, output: CrossbarOutput) -> u32 {
        self.events[output.index()]
    }

    /// A label that arrives at its link input at `cycle`. Labels of the same cycle keep their order.
    pub(crate) fn inject(&mut self, cycle: u64, address: Spl1Address, label: NeuronLabel) {
        let coming = &mut self.links[address.index()].coming;
        let at = coming.partition_point(|earlier| earlier.cycle <= cycle);
        coming.insert(at, Copied { cycle, label });
    }

    /// Takes what comes to the link inputs before `until`.
    pub(crate) fn run_link_inputs(&mut self, until: u64, parameters: &CrossbarParameters) {
        for address in Spl1Address::all() {
            let link = &mut self.links[address.index()];
            let mut taken = Vec::new();
            while let Some(&Copied { cycle, label }) = link.coming.front()
                && cycle.max(link.free_at) < until
            {
                link.coming.pop_front();
                let cycle = cycle.max(link.free_at);
                link.free_at = cycle + u64::from(parameters.link_interval.get());
                taken.push(Copied { cycle, label });
            }
            for Copied { cycle, label } in taken {
                self.take(CrossbarInput::of_link(address), cycle, label, parameters);
            }
        }
    }

    /// An input takes an event. The caller keeps each input's events in time order.
    #[inline]
    pub(crate) fn take(
        &mut self,
        input: CrossbarInput,
        cycle: u64,
        label: NeuronLabel,
        parameters: &CrossbarParameters,
    ) {
        let cycle = cycle + u64::from(parameters.transit);
        for site in nodes_of(input) {
            if self.nodes[site.node.index()].passes(label) {
                let lane = usize::from(LANE_OF_NODE[site.node.index()]);
                self.ports[site.output.index()].lanes[lane].copies.push_back(Copied { cycle, label });
            }
        }
    }

    /// Serves one output in all cycles before `until`, not before `free_at`; every event occupies it for `interval`.
    pub(crate) fn run_output(
        &mut self,
        output: CrossbarOutput,
        until: u64,
        free_at: u64,
        interval: u64,
        parameters: &CrossbarParameters,
        mut leave: impl FnMut(u64, NeuronLabel),
    ) {
        let port = &mut self.ports[output.index()];
        let counts = u32::from(self.output_config.enable_event_counter >> output.index() & 1);
        let depth = parameters.fifo_depth.get();
        // Lanes with anything in them, and those with FIFO entries.
        let mut occupied = 0u8;
        let mut ready = 0u8;
        for (index, lane) in port.lanes.iter().enumerate() {
            occupied |= u8::from(!lane.copies.is_empty()) << index;
            ready |= u8::from(lane.stored != 0) << index;
        }
        while occupied != 0 {
            // The usual case, done at once: an event that meets no other.
            if ready == 0 && occupied.is_power_of_two() {
                let index = occupied.trailing_zeros() as usize;
                let lane = &mut port.lanes[index];
                let Some(&Copied { cycle, label }) = lane.copies.front() else { break };
                let grant = port.free_at.max(cycle).max(free_at);
                if grant < until && lane.copies.get(1).is_none_or(|next| next.cycle > grant) {
                    lane.copies.pop_front();
                    occupied &= !(u8::from(lane.copies.is_empty()) << index);
                    port.latest = cycle;
                    port.turn = (index as u8 + 1) % LANES as u8;
                    port.free_at = grant + interval;
                    self.events[output.index()] = (self.events[output.index()] + counts) & 0xFF_FFFF;
                    leave(grant, label);
                    continue;
                }
            }
            let grant = if ready != 0 { port.free_at.max(port.latest).max(free_at) } else { u64::MAX };
            let arrival =
                bits(occupied).filter_map(|lane| port.lanes[lane].arrival()).min().unwrap_or(u64::MAX);
            if arrival <= grant {
                if arrival >= until {
                    break;
                }
                port.latest = arrival;
                for index in bits(occupied) {
                    let lane = &mut port.lanes[index];
                    if lane.arrival() != Some(arrival) {
                        continue;
                    }
                    if lane.stored < depth {
                        lane.stored += 1;
                        ready |= 1 << index;
                    } else {
                        lane.copies.remove(usize::from(lane.stored));
                        let node = usize::from(NODE_OF_LANE[output.index()][index]);
                        if self.nodes[node].enable_drop_counter {
                            let drops = &mut self.drops[SITES[node].input.index()];
                            *drops = drops.wrapping_add(1);
                        }
                    }
                }
            } else {
                if grant >= until {
                    break;
                }
                let from_turn = ready >> port.turn << port.turn;
                let index = if from_turn != 0 { from_turn } else { ready }.trailing_zeros() as usize;
                let lane = &mut port.lanes[index];
                let copy = lane.copies.pop_front();
                lane.stored -= 1;
                ready &= !(u8::from(lane.stored == 0) << index);
                occupied &= !(u8::from(lane.copies.is_empty()) << index);
                port.turn = (index as u8 + 1) % LANES as u8;
                port.free_at = grant + interval;
                self.events[output.index()] = (self.events[output.index()] + counts) & 0xFF_FFFF;
                if let Some(Copied { label, .. }) = copy {
                    leave(grant, label);
                }
            }
        }
    }

    /// Cycles between two events at a link output.
    pub(crate) fn link_output_interval(&self, address: Spl1Address, parameters: &CrossbarParameters) -> u64 {
        let interval = u64::from(parameters.link_output_interval.get());
        if self.output_config.enable_slow >> address.index() & 1 == 1 {
            interval * u64::from(parameters.slow_factor.get())
        } else {
            interval
        }
    }

    /// The first cycle in which a link input takes an event.
    pub(crate) fn next_input(&self) -> Option<u64> {
        self.links.iter().filter_map(|link| Some(link.coming.front()?.cycle.max(link.free_at))).min()
    }

    /// The first cycle in which a copy reaches a node of, or leaves through, one of the outputs whose bit is set. A bus
    /// that is still busy makes it later.
    pub(crate) fn next_output(&self, outputs: u16) -> Option<u64> {
        let ports = self.ports.iter().enumerate().filter(|(output, _)| outputs >> output & 1 == 1);
        ports.filter_map(|(_, port)| port.next()).min()
    }

    /// Whether all times are before `limit`, which those of a state read from a file may not be.
    pub(crate) fn is_before(&self, limit: u64) -> bool {
        let before = |copies: &VecDeque<Copied>| copies.iter().all(|copy| copy.cycle < limit);
        self.links.iter().all(|link| link.free_at < limit && before(&link.coming))
            && self.ports.iter().all(|port| {
                port.latest.max(port.free_at) < limit && port.lanes.iter().all(|lane| before(&lane.copies))
            })
    }

    /// Whether the parts fit each other, which a state read from a file may not.
    pub(crate) fn is_consistent(&self) -> bool {
        let in_order = |copies: &VecDeque<Copied>| copies.iter().is_sorted_by_key(|copy| copy.cycle);
        self.links.iter().all(|link| in_order(&link.coming))
            && self.ports.iter().all(|port| {
                usize::from(port.turn) < LANES
                    && port
                        .lanes
                        .iter()
                        .all(|lane| usize::from(lane.stored) <= lane.copies.len() && in_order(&lane.copies))
            })
    }
}

impl Lane {
    /// When the next copy reaches the FIFO.
    fn arrival(&self) -> Option<u64> {
        self.copies.get(usize::from(self.stored)).map(|copy| copy.cycle)
    }
}

impl Port {
    fn next(&self) -> Option<u64> {
        if self.lanes.iter().any(|lane| lane.stored != 0) {
            let arrival = self.lanes.iter().filter_map(Lane::arrival).min().unwrap_or(u64::MAX);
            Some(self.free_at.max(self.latest).min(arrival))
        } else {
            self.lanes.iter().filter_map(|lane| Some(lane.copies.front()?.cycle)).min()
        }
    }
}

/// The set bits of a mask, lowest first.
fn bits(mut mask: u8) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = mask.checked_ilog2().map(|_| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_where_the_register_map_has_them() {
        // register-map 5.12, table of crossbar node numbers: "node: output" per input.
        let expected: [&[(usize, usize)]; 20] = [
            &[(0, 0), (1, 4), (2, 8)],
            &[(3, 1), (4, 5), (5, 9)],
            &[(6, 2), (7, 6), (8, 10)],
            &[(9, 3), (10, 7), (11, 11)],
            &[(12, 0), (13, 4), (14, 8)],
            &[(15, 1), (16, 5), (17, 9)],
            &[(18, 2), (19, 6), (20, 10)],
            &[(21, 3), (22, 7), (23, 11)],
            &[(24, 0), (25, 1), (26, 2), (27, 3), (28, 4), (29, 5), (30, 6), (31, 7), (32, 8)],
            &[(33, 0), (34, 1), (35, 2), (36, 3), (37, 4), (38, 5), (39, 6), (40, 7), (41, 9)],
            &[(42, 0), (43, 1), (44, 2), (45, 3), (46, 4), (47, 5), (48, 6), (49, 7), (50, 10)],
            &[(51, 0), (52, 1), (53, 2), (54, 3), (55, 4), (56, 5), (57, 6), (58, 7), (59, 11)],
            &[(60, 0), (61, 8)],
            &[(62, 1), (63, 9)],
            &[(64, 2), (65, 10)],
            &[(66, 3), (67, 11)],
            &[(68, 4), (69, 8)],
            &[(70, 5), (71, 9)],
            &[(72, 6), (73, 10)],
            &[(74, 7), (75, 11)],
        ];
        for (input, nodes) in CrossbarInput::all().zip(expected) {
            let sites: Vec<_> =
                nodes_of(input).iter().map(|site| (site.node.index(), site.output.index())).collect();
            assert_eq!(sites, nodes, "input {}", input.index());
            for site in nodes_of(input) {
                assert_eq!(node_at(input, site.output), Some(site.node));
                let lane = usize::from(LANE_OF_NODE[site.node.index()]);
                assert_eq!(usize::from(NODE_OF_LANE[site.output.index()][lane]), site.node.index());
            }
        }
        assert_eq!(sites().len(), 76);
    }

    /// Takes events `(input, cycle, label)` and lists what leaves an output as `(cycle, label)`.
    fn served(
        crossbar: &mut Crossbar,
        events: &[(usize, u64, u16)],
        output: usize,
        interval: u64,
    ) -> Vec<(u64, u16)> {
        let parameters = CrossbarParameters::default();
        for &(input, cycle, label) in events {
            let input = CrossbarInput::new(input).unwrap();
            crossbar.take(input, cycle, NeuronLabel::truncate(label), &parameters);
        }
        let mut left = Vec::new();
        let output = CrossbarOutput::new(output).unwrap();
        crossbar.run_output(output, 10_000, 0, interval, &parameters, |cycle, label| {
            left.push((cycle, label.word()));
        });
        left
    }

    #[test]
    fn an_event_needs_the_transit_time() {
        let left = served(&mut Crossbar::default(), &[(9, 100, 0x414)], 1, 1);
        assert_eq!(left, [(102, 0x414)]);
    }

    #[test]
    fn inputs_take_turns_with_the_lowest_first() {
        // Neuron outputs 0 and 4 and background source 0 meet at PADI bus 0, three events each at the same cycles.
        let events: Vec<_> = (0..3u16)
            .flat_map(|k| [(0, 10, 0x10 + k), (4, 10, 0x20 + k), (12, 10, 0x30 + k)])
            .map(|(input, cycle, label)| (input, cycle + u64::from(label & 15), label))
            .collect();
        let left = served(&mut Crossbar::default(), &events, 0, 2);
        let labels: Vec<u16> = left.iter().map(|&(_, label)| label).collect();
        assert_eq!(labels, [0x10, 0x20, 0x30, 0x11, 0x21, 0x31, 0x12, 0x22, 0x32]);
        assert!(left.iter().zip(left.iter().skip(1)).all(|(a, b)| b.0 == a.0 + 2));
    }

    #[test]
    fn a_full_fifo_drops_and_only_enabled_nodes_count_it() {
        // Twelve events, one a cycle, against an output that takes one every eight cycles: the first leaves at once,
        // four wait; the second leaves at cycle 8 and makes room for the one that comes at cycle 9.
        let events: Vec<_> = (0..12).map(|k| (8, u64::from(k), k)).collect();
        let mut silent = Crossbar::default();
        let left = served(&mut silent, &events, 8, 8);
        assert_eq!(left, [(2, 0), (10, 1), (18, 2), (26, 3), (34, 4), (42, 9)]);
        assert_eq!(silent.drops(CrossbarInput::new(8).unwrap()), 0);

        let mut counting = Crossbar::default();
        let node = CrossbarNode::new(32).unwrap();
        counting.set_node(node, NodeConfig { enable_drop_counter: true, ..Default::default() });
        served(&mut counting, &events, 8, 8);
        let drops: Vec<u16> = CrossbarInput::all().map(|input| counting.drops(input)).collect();
        assert_eq!((drops[8], drops.iter().sum::<u16>()), (6, 6));
    }

    #[test]
    fn a_filtered_event_is_not_a_dropped_one() {
        // E8.
        let mut crossbar = Crossbar::default();
        let node = CrossbarNode::new(41).unwrap();
        crossbar.set_node(node, NodeConfig { enable_drop_counter: true, ..NodeConfig::DROP_ALL });
        let events: Vec<_> = (0..100).map(|k| (9, u64::from(k), k)).collect();
        assert_eq!(served(&mut crossbar, &events, 9, 2), []);
        assert_eq!(crossbar.drops(CrossbarInput::new(9).unwrap()), 0);
    }

    #[test]
    fn counters_wrap_at_their_width() {
        let mut crossbar = Crossbar::default();
        crossbar.set_output_config(OutputConfig { enable_event_counter: 1, enable_slow: 0 });
        crossbar.events[0] = 0xFF_FFFF;
        crossbar.drops[8] = 0xFFFF;
        crossbar.set_node(
            node_at(CrossbarInput::new(8).unwrap(), CrossbarOutput::new(0).unwrap()).unwrap(),
            NodeConfig { enable_drop_counter: true, ..Default::default() },
        );
        let events: Vec<_> = (0..7).map(|k| (8, u64::from(k), k)).collect();
        // With an interval of 100 five of seven fit.
        assert_eq!(served(&mut crossbar, &events, 0, 100).len(), 5);
        assert_eq!(crossbar.events(CrossbarOutput::new(0).unwrap()), 4);
        assert_eq!(crossbar.drops(CrossbarInput::new(8).unwrap()), 1);
    }

    #[test]
    fn a_target_bit_outside_the_mask_passes_nothing() {
        let config = NodeConfig {
            mask: NeuronLabel::truncate(0x2000),
            target: NeuronLabel::truncate(0x2001),
            ..Default::default()
        };
        assert!((0..0x4000).all(|label| !config.passes(NeuronLabel::truncate(label))));
        assert!((0..0x4000).all(|label| NodeConfig::default().passes(NeuronLabel::truncate(label))));
    }
}
