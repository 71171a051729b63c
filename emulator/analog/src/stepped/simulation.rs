//! Circuits under one clock.

use super::automaton::Automaton;
use super::effective::{Effective, arm, compartment_conductance};
use super::network::{self, Network};
use super::unit::{CircuitState, Member, Pending, Unit};
use crate::parameters::{LINE_REST, Line, ReadoutSource};
use crate::reference::{
    Cause, Circuit, Coupling, DigitalTiming, Input, NetOptions, NetRemark, Nets, Quantity, ReferenceError,
    followers,
};
use bss2_base::{NEURONS, Neuron, SimTime};
use std::collections::BTreeMap;

/// Lanes of a block that suit processors with vectors of 128 to 256 bits.
pub const LANES: usize = 8;

/// Settings of a stepped simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Switches between circuits.
    pub nets: NetOptions,
    /// The digital side of a fire.
    pub timing: DigitalTiming,
}

impl Options {
    /// Without parasitics of switches, grid of fire edges and clock phase, as
    /// [`reference::Options::ideal`](crate::reference::Options::ideal).
    pub fn ideal() -> Self {
        Self { nets: NetOptions::ideal(), timing: DigitalTiming::ideal() }
    }
}

/// A fire of one circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The circuit.
    pub neuron: Neuron,
    /// When the reset switch closes: crossing plus comparator delay, in whole ps.
    pub reset: SimTime,
    /// When the digital part sees it.
    pub edge: SimTime,
    /// Why.
    pub cause: Cause,
}

/// A set of neuron circuits, stepped in blocks of `W` lanes.
#[derive(Clone, Debug)]
pub struct Simulation<const W: usize> {
    options: Options,
    circuits: Vec<(Neuron, Circuit)>,
    /// Place of each neuron in `circuits`.
    index_of: Vec<Option<usize>>,
    units: Vec<Unit<W>>,
    /// Unit and lane of each circuit.
    places: Vec<(usize, usize)>,
    remarks: Vec<NetRemark>,
    now: u64,
    arrivals: u64,
    fires: Vec<Fire>,
}

impl<const W: usize> Simulation<W> {
    /// Circuits at rest: membranes at their leak potential (joined ones share their charge), lines and adaptation voltages at rest.
    ///
    /// # Errors
    /// Physical values without sense, switches that lead out of the simulation, a neuron given twice.
    pub fn new(circuits: Vec<(Neuron, Circuit)>, options: Options) -> Result<Self, ReferenceError> {
        const { assert!(W > 0, "a block has lanes") }
        for (neuron, circuit) in &circuits {
            circuit.check(*neuron)?;
        }
        let mut index_of = vec![None; NEURONS];
        for (index, (neuron, _)) in circuits.iter().enumerate() {
            if index_of[neuron.index()].replace(index).is_some() {
                return Err(ReferenceError::DuplicateNeuron(*neuron));
            }
        }
        let state = |(_, circuit): &(Neuron, Circuit)| CircuitState {
            v: circuit.leak.potential as f32,
            u: [0.0; 2],
            w: circuit.adaptation.reference,
            automaton: Automaton::new(),
        };
        let states: Vec<_> = circuits.iter().map(state).collect();
        let mut simulation = Self {
            options,
            circuits,
            index_of,
            units: Vec::new(),
            places: Vec::new(),
            remarks: Vec::new(),
            now: 0,
            arrivals: 0,
            fires: Vec::new(),
        };
        simulation.compose(&states)?;
        Ok(simulation)
    }

    /// The present.
    pub fn now(&self) -> SimTime {
        SimTime::from_ps(self.now)
    }

    /// What is odd about the switches.
    pub fn remarks(&self) -> &[NetRemark] {
        &self.remarks
    }

    /// The circuit of a neuron.
    ///
    /// # Errors
    /// If the neuron is not simulated.
    pub fn circuit(&self, neuron: Neuron) -> Result<&Circuit, ReferenceError> {
        Ok(&self.circuits[self.index(neuron)?].1)
    }

    /// Changes a circuit at the present time. Voltages are conserved, also of a membrane whose capacitance changes (analog-core 3.5);
    /// membranes that are joined share their charge. Refractory periods that are running keep their end.
    ///
    /// # Errors
    /// As [`Simulation::new`]; the simulation is then unchanged.
    pub fn configure(&mut self, neuron: Neuron, circuit: &Circuit) -> Result<(), ReferenceError> {
        let index = self.index(neuron)?;
        circuit.check(neuron)?;
        let mut states = self.states();
        if states[index].automaton.stalled {
            states[index].automaton.start_refractory(self.now, &circuit.refractory, &self.options.timing);
        }
        let before = std::mem::replace(&mut self.circuits[index].1, *circuit);
        self.compose(&states).inspect_err(|_| self.circuits[index].1 = before)
    }

    /// Sets the voltage of the net of a membrane, in V.
    ///
    /// # Errors
    /// An unknown neuron, a voltage that is not finite.
    pub fn set_membrane(&mut self, neuron: Neuron, voltage: f64) -> Result<(), ReferenceError> {
        let (unit, lane) = self.places[self.index(neuron)?];
        if !voltage.is_finite() {
            return Err(ReferenceError::Parameter {
                neuron,
                circuit: "membrane",
                name: "voltage",
                value: voltage,
                demand: "finite",
            });
        }
        self.units[unit].set_membrane(lane, voltage as f32, self.now);
        Ok(())
    }

    /// Plans an input.
    ///
    /// # Errors
    /// An unknown neuron, a time before the present, a charge that is negative or not finite.
    pub fn input(&mut self, at: SimTime, neuron: Neuron, input: Input) -> Result<(), ReferenceError> {
        let (unit, lane) = self.places[self.index(neuron)?];
        let time = at.as_ps();
        if time < self.now {
            return Err(ReferenceError::Past { what: "input", at, now: self.now() });
        }
        if let Input::Charge { charge: value, .. } = input
            && !(value.is_finite() && value >= 0.0)
        {
            let (circuit, name, demand) = ("synaptic line", "charge", "not negative");
            return Err(ReferenceError::Parameter { neuron, circuit, name, value, demand });
        }
        self.units[unit].input(Pending { time, lane, arrival: self.arrivals, input });
        self.arrivals += 1;
        Ok(())
    }

    /// Moves the present to `until`, inputs at that very time included. A time before the present does nothing.
    pub fn advance(&mut self, until: SimTime) {
        let until = until.as_ps();
        if until < self.now {
            return;
        }
        for unit in &mut self.units {
            unit.advance(until, &self.options.timing, &mut self.fires);
        }
        self.now = until;
    }

    /// Takes out the fires so far, by the time of their edges, then by neuron.
    pub fn take_fires(&mut self) -> Vec<Fire> {
        let mut fires = std::mem::take(&mut self.fires);
        fires.sort_by_key(|fire| (fire.edge, fire.neuron));
        fires
    }

    /// A quantity at the present time, in V. [`Quantity::FilteredReadout`] is that before the filter.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn value(&self, neuron: Neuron, quantity: Quantity) -> Result<f64, ReferenceError> {
        let index = self.index(neuron)?;
        let (unit, lane) = self.places[index];
        let CircuitState { v, u, w, .. } = self.units[unit].state(lane, self.now);
        let line = |line: Line| LINE_REST - f64::from(u[line as usize]);
        Ok(match quantity {
            Quantity::Membrane => f64::from(v),
            Quantity::Line(which) => line(which),
            Quantity::Adaptation => w,
            Quantity::Readout | Quantity::FilteredReadout => {
                let Circuit { readout, bits, .. } = &self.circuits[index].1;
                let source = match bits.readout_source {
                    _ if !(readout.works && bits.readout_amplifier) => return Ok(0.0),
                    ReadoutSource::Membrane => f64::from(v),
                    ReadoutSource::ExcitatoryLine => {
                        readout.line_gain * line(Line::Excitatory) + readout.line_offset
                    }
                    ReadoutSource::InhibitoryLine => {
                        readout.line_gain * line(Line::Inhibitory) + readout.line_offset
                    }
                    ReadoutSource::Adaptation => w,
                };
                source + readout.offset
            }
        })
    }

    fn index(&self, neuron: Neuron) -> Result<usize, ReferenceError> {
        self.index_of[neuron.index()].ok_or(ReferenceError::UnknownNeuron(neuron))
    }

    fn states(&self) -> Vec<CircuitState> {
        self.places.iter().map(|(unit, lane)| self.units[*unit].state(*lane, self.now)).collect()
    }

    /// Builds the units with these states; inputs that have not arrived stay planned.
    fn compose(&mut self, states: &[CircuitState]) -> Result<(), ReferenceError> {
        let switches: Vec<_> = self
            .circuits
            .iter()
            .map(|(neuron, own)| (*neuron, own.bits.compartments, compartment_conductance(own) > 0.0))
            .collect();
        let nets = Nets::new(&switches, &self.options.nets)?;
        let followers = followers(&self.circuits)?;
        let groups = groups(&nets, &followers);

        let mut planned = Vec::new();
        for unit in &mut self.units {
            let Unit { members, strands, .. } = unit;
            for strand in strands {
                let inputs = strand.inputs.drain(..);
                planned.extend(inputs.map(|pending| (members[pending.lane].circuit, pending)));
            }
        }

        self.units.clear();
        self.places = vec![(0, 0); self.circuits.len()];
        let mut alone = Vec::new();
        for group in groups {
            if group.len() == 1 {
                alone.push(group[0]);
                if alone.len() < W {
                    continue;
                }
                let full = std::mem::take(&mut alone);
                self.add_unit(&full, &nets, &followers, states, false);
            } else {
                self.add_unit(&group, &nets, &followers, states, true);
            }
        }
        if !alone.is_empty() {
            self.add_unit(&alone, &nets, &followers, states, false);
        }
        for (circuit, pending) in planned {
            let (unit, lane) = self.places[circuit];
            self.units[unit].input(Pending { lane, ..pending });
        }
        self.remarks = nets.remarks;
        Ok(())
    }

    /// A unit of these circuits, each by itself or coupled.
    fn add_unit(
        &mut self,
        group: &[usize],
        nets: &Nets,
        followers: &[Vec<usize>],
        states: &[CircuitState],
        coupled: bool,
    ) {
        let lane = |circuit: &usize| group.binary_search(circuit).expect("a group holds its followers");
        let mut local = BTreeMap::new();
        let (mut capacitance, mut charge, mut net_of) = (Vec::new(), Vec::new(), Vec::new());
        for index in group {
            let net = nets.of_circuit[*index];
            let own = *local.entry(net).or_insert_with(|| {
                capacitance.push(nets.parasitics(net, &self.options.nets));
                charge.push((0.0, 0.0));
                capacitance.len() - 1
            });
            let farad = self.circuits[*index].1.capacitance();
            capacitance[own] += farad;
            charge[own].0 += farad * f64::from(states[*index].v);
            charge[own].1 += farad;
            net_of.push(own);
        }
        let mut own_states = Vec::with_capacity(group.len());
        let mut members = Vec::with_capacity(group.len());
        for (index, net) in group.iter().zip(&net_of) {
            // A single circuit or equal ones keep their bits.
            own_states.push(CircuitState { v: (charge[*net].0 / charge[*net].1) as f32, ..states[*index] });
            let (neuron, circuit) = &self.circuits[*index];
            members.push(Member {
                circuit: *index,
                neuron: *neuron,
                effective: Effective::new(circuit, capacitance[*net]),
                automaton: states[*index].automaton,
                followers: followers[*index].iter().map(lane).collect(),
                crossing: super::automaton::NEVER,
            });
        }
        let network = coupled.then(|| {
            let end = |circuit: usize, net: usize| network::End {
                arm: arm(&self.circuits[circuit].1),
                membrane: local[&net],
            };
            let mut couplings = Vec::new();
            for coupling in &nets.couplings {
                match coupling {
                    Coupling::Conductance { circuit, membrane, line } if local.contains_key(membrane) => {
                        couplings.push(network::Coupling::Conductance(end(*circuit, *membrane), local[line]));
                    }
                    Coupling::Star { arms } if local.contains_key(&arms[0].1) => {
                        let ends = arms.iter().map(|(circuit, net)| end(*circuit, *net)).collect();
                        couplings.push(network::Coupling::Star(ends));
                    }
                    _ => {}
                }
            }
            Network::new(net_of, &capacitance, couplings)
        });
        for (lane, index) in group.iter().enumerate() {
            self.places[*index] = (self.units.len(), lane);
        }
        self.units.push(Unit::new(members, &own_states, network, coupled, self.now));
    }
}

/// Circuits joined by nets, conductances and fire lines: lists in ascending order, by their first circuit.
fn groups(nets: &Nets, followers: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let count = followers.len();
    let mut first_of_net = vec![count; nets.count];
    for (index, net) in nets.of_circuit.iter().enumerate() {
        first_of_net[*net] = first_of_net[*net].min(index);
    }
    let mut leader: Vec<usize> = nets.of_circuit.iter().map(|net| first_of_net[*net]).collect();
    let root = |leader: &[usize], mut index: usize| {
        while leader[index] != index {
            index = leader[index];
        }
        index
    };
    let mut join = |a: usize, b: usize| {
        let (a, b) = (root(&leader, a), root(&leader, b));
        leader[a.max(b)] = a.min(b);
    };
    for coupling in &nets.couplings {
        match coupling {
            Coupling::Conductance { membrane, line, .. } => {
                join(first_of_net[*membrane], first_of_net[*line])
            }
            Coupling::Star { arms } => {
                for (_, net) in arms {
                    join(first_of_net[arms[0].1], first_of_net[*net]);
                }
            }
        }
    }
    for (master, followers) in followers.iter().enumerate() {
        for follower in followers {
            join(master, *follower);
        }
    }
    let mut members = vec![Vec::new(); count];
    for index in 0..count {
        members[root(&leader, index)].push(index);
    }
    members.retain(|group| !group.is_empty());
    members
}
