//! From switches to nets: which membranes are one node, what couples the nodes (analog-core 4).
//!
//! Every circuit owns two nodes, its membrane and its segment of the somatic line of its row. Shorts join them by union-find. A net
//! with at least one membrane is a dynamic variable. A net of line segments only has a capacitance of some 50 fF against
//! conductances of microsiemens, so it follows at once: it becomes a *star*, whose voltage balances the currents of its
//! arms.

use super::error::ReferenceError;
use crate::circuit::CompartmentBits;
use bss2_base::{Column, Hemisphere, Neuron};
use serde::{Deserialize, Serialize};

/// What the specification leaves open about the switches, and the parasitics (analog-core 4.1, 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetOptions {
    /// `multicompartment.connected_across_columns_127_128`: there are right switches between columns 127 and 128.
    pub connected_across_middle: bool,
    /// `multicompartment.vertical_switch_needs_both`: `connect_bottom` must be set in both circuits. `false`: one is enough.
    pub vertical_needs_both: bool,
    /// Capacitance C_M in F of each membrane beyond the first on a net.
    pub switch_capacitance: f64,
    /// Capacitance C_L in F of each line segment on a net with membranes.
    pub segment_capacitance: f64,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            connected_across_middle: false,
            vertical_needs_both: true,
            switch_capacitance: 10e-15,
            segment_capacitance: 50e-15,
        }
    }
}

impl NetOptions {
    /// Membranes and line segments without parasitics, for comparison with closed forms.
    pub fn ideal() -> Self {
        Self { switch_capacitance: 0.0, segment_capacitance: 0.0, ..Self::default() }
    }
}

/// Something about the switches that is electrically possible but probably not meant (analog-core 4.1, 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NetRemark {
    /// `connect_soma`, or a detour, bypasses the conductance of this neuron; the host software rejects it.
    #[error("neuron {}: enable_multicomp_conductance has no effect, connect_soma or a detour bypasses it", .0.index())]
    BypassedConductance(Neuron),
    /// The conductance of this neuron ends on a somatic line that leads to no other membrane.
    #[error("neuron {}: enable_multicomp_conductance has no effect, its somatic line leads to no other membrane", .0.index())]
    DanglingConductance(Neuron),
    /// So many circuits are one system of equations, which the reference level integrates step by step (analog-core 9.3).
    #[error("neuron {}: {circuits} circuits are joined, which takes the analog level \"reference\" very long", first.index())]
    ManyJoined {
        /// The first of them.
        first: Neuron,
        /// How many.
        circuits: usize,
    },
    /// `connect_bottom` is set on this side only.
    #[error("neuron {}: connect_bottom is set on this side only and has no effect", .0.index())]
    OneSidedVerticalSwitch(Neuron),
    /// A right switch of this neuron ends nowhere: column 255, or 127 without switches there.
    #[error("neuron {}: connect_membrane_right or connect_somata ends nowhere, there is no neighbour to the right", .0.index())]
    NoRightNeighbour(Neuron),
}

/// What couples nets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coupling {
    /// The conductance of `circuit` between its membrane and the line of another net with membranes.
    Conductance {
        /// Index of the circuit that owns it.
        circuit: usize,
        /// Net of its membrane.
        membrane: usize,
        /// Net of its line segment.
        line: usize,
    },
    /// A net of line segments only, and the conductances that end on it.
    Star {
        /// (circuit that owns the conductance, net of its membrane).
        arms: Vec<(usize, usize)>,
    },
}

/// The nets of a set of circuits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nets {
    /// Net of the membrane of each circuit, by index in the given list. Nets are numbered by their first circuit.
    pub of_circuit: Vec<usize>,
    /// Number of nets with membranes.
    pub count: usize,
    /// Membranes of each net.
    pub membranes: Vec<usize>,
    /// Line segments of each net.
    pub segments: Vec<usize>,
    /// What couples them.
    pub couplings: Vec<Coupling>,
    /// What is probably not meant.
    pub remarks: Vec<NetRemark>,
}

/// Disjoint sets of nodes.
struct Sets(Vec<usize>);

impl Sets {
    fn find(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }
    /// The smaller number stays the representative.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

impl Nets {
    /// The nets of `circuits`: neuron, switches, and whether its conductance is more than 0.
    ///
    /// # Errors
    /// If a neuron is given twice, or a closed switch leads to a circuit that is not among those given.
    pub fn new(
        circuits: &[(Neuron, CompartmentBits, bool)],
        options: &NetOptions,
    ) -> Result<Self, ReferenceError> {
        let mut index_of = vec![None; bss2_base::NEURONS];
        for (index, (neuron, ..)) in circuits.iter().enumerate() {
            if index_of[neuron.index()].replace(index).is_some() {
                return Err(ReferenceError::DuplicateNeuron(*neuron));
            }
        }
        let membrane = |index: usize| 2 * index;
        let line = |index: usize| 2 * index + 1;
        let mut sets = Sets((0..2 * circuits.len()).collect());
        let mut remarks = Vec::new();
        for (index, (neuron, bits, _)) in circuits.iter().enumerate() {
            if bits.soma {
                sets.join(membrane(index), line(index));
            }
            let right = right_neighbour(*neuron, options);
            for (set, switch, node) in [
                (bits.membrane_right, "connect_membrane_right", membrane as fn(usize) -> usize),
                (bits.somata, "connect_somata", line as fn(usize) -> usize),
            ] {
                if !set {
                    continue;
                }
                let Some(towards) = right else {
                    remarks.push(NetRemark::NoRightNeighbour(*neuron));
                    continue;
                };
                let Some(other) = index_of[towards.index()] else {
                    return Err(ReferenceError::OpenSwitch { neuron: *neuron, switch, towards });
                };
                sets.join(node(index), node(other));
            }
            if bits.bottom {
                let towards = opposite(*neuron);
                let Some(other) = index_of[towards.index()] else {
                    return Err(ReferenceError::OpenSwitch {
                        neuron: *neuron,
                        switch: "connect_bottom",
                        towards,
                    });
                };
                if circuits[other].1.bottom || !options.vertical_needs_both {
                    sets.join(membrane(index), membrane(other));
                } else {
                    remarks.push(NetRemark::OneSidedVerticalSwitch(*neuron));
                }
            }
        }

        let mut net_of_root = vec![None; 2 * circuits.len()];
        let mut of_circuit = Vec::with_capacity(circuits.len());
        let mut membranes = Vec::new();
        for index in 0..circuits.len() {
            let root = sets.find(membrane(index));
            let net = *net_of_root[root].get_or_insert_with(|| {
                membranes.push(0);
                membranes.len() - 1
            });
            membranes[net] += 1;
            of_circuit.push(net);
        }
        let mut segments = vec![0; membranes.len()];
        let mut couplings = Vec::new();
        let mut star_of_root: Vec<Option<Vec<(usize, usize)>>> = vec![None; 2 * circuits.len()];
        for (index, (neuron, bits, conducts)) in circuits.iter().enumerate() {
            let root = sets.find(line(index));
            let line_net = net_of_root[root];
            if let Some(net) = line_net {
                segments[net] += 1;
            }
            if !bits.conductance {
                continue;
            }
            let own = of_circuit[index];
            match line_net {
                Some(net) if net == own => remarks.push(NetRemark::BypassedConductance(*neuron)),
                _ if !conducts => {}
                Some(net) => {
                    couplings.push(Coupling::Conductance { circuit: index, membrane: own, line: net });
                }
                None => star_of_root[root].get_or_insert_default().push((index, own)),
            }
        }
        // A single arm carries no current.
        for arms in star_of_root.into_iter().flatten() {
            match arms[..] {
                [(circuit, _)] => remarks.push(NetRemark::DanglingConductance(circuits[circuit].0)),
                _ => couplings.push(Coupling::Star { arms }),
            }
        }
        Ok(Self { of_circuit, count: membranes.len(), membranes, segments, couplings, remarks })
    }

    /// Parasitic capacitance of a net in F: of switches and line segments.
    pub fn parasitics(&self, net: usize, options: &NetOptions) -> f64 {
        options.switch_capacitance * (self.membranes[net] - 1) as f64
            + options.segment_capacitance * self.segments[net] as f64
    }
}

/// The circuit to the right, if there is a switch to it.
fn right_neighbour(neuron: Neuron, options: &NetOptions) -> Option<Neuron> {
    let column = neuron.column();
    if column == Column::MAX || (column == 127 && !options.connected_across_middle) {
        return None;
    }
    Some(Neuron::new(neuron.hemisphere(), column + 1))
}

/// The circuit of the same column in the other row.
pub(super) fn opposite(neuron: Neuron) -> Neuron {
    let other = match neuron.hemisphere() {
        Hemisphere::Top => Hemisphere::Bottom,
        Hemisphere::Bottom => Hemisphere::Top,
    };
    Neuron::new(other, neuron.column())
}
