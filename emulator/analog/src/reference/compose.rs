//! From circuits and switches to groups that are integrated together.

use super::equations::{Access, Condition, Equations};
use super::error::ReferenceError;
use super::group::{Arm, Coupling, GroupEquations, LowPass};
use super::nets::{self, Nets, opposite};
use super::simulation::{CircuitState, Group, Simulation, Stimulus};
use super::solver::Integrator;
use crate::circuit::Circuit;
use crate::parameters::Line;
use bss2_base::{Column, Hemisphere, NEURONS, Neuron};
use std::collections::BTreeMap;

impl Simulation {
    pub(super) fn states(&self) -> Vec<CircuitState> {
        let state = |(index, (group, place)): (usize, &(usize, usize))| {
            let Group { equations, y, automatons, .. } = &self.groups[*group];
            let number = equations.low_passes.iter().position(|low_pass| low_pass.circuit == *place);
            debug_assert_eq!(number.is_some(), self.low_passes[index].is_some());
            CircuitState {
                v: y[equations.net_of[*place]],
                u: Line::ALL.map(|line| y[equations.line(*place, line)]),
                w: y[equations.adaptation(*place)],
                low_pass: number.map_or(0.0, |number| y[equations.low_pass(number)]),
                automaton: automatons[*place],
            }
        };
        self.places.iter().enumerate().map(state).collect()
    }

    /// Builds nets and groups with these states.
    pub(super) fn compose(&mut self, states: &[CircuitState]) -> Result<(), ReferenceError> {
        let equations: Vec<Equations> =
            self.circuits.iter().map(|(_, circuit)| Equations::new(circuit)).collect();
        let switches: Vec<_> = self
            .circuits
            .iter()
            .zip(&equations)
            .map(|((neuron, circuit), own)| (*neuron, circuit.bits.compartments, own.compartment > 0.0))
            .collect();
        let nets = Nets::new(&switches, &self.options.nets)?;
        let followers = followers(&self.circuits)?;

        // Groups: circuits joined by nets, couplings and fire lines.
        let count = self.circuits.len();
        let mut group_of: Vec<usize> = (0..count).collect();
        let root = |group_of: &[usize], mut index: usize| {
            while group_of[index] != index {
                index = group_of[index];
            }
            index
        };
        let join = |group_of: &mut Vec<usize>, a: usize, b: usize| {
            let (a, b) = (root(group_of, a), root(group_of, b));
            group_of[a.max(b)] = a.min(b);
        };
        let mut first_of_net: Vec<Option<usize>> = vec![None; nets.count];
        for (index, net) in nets.of_circuit.iter().enumerate() {
            match first_of_net[*net] {
                Some(first) => join(&mut group_of, first, index),
                None => first_of_net[*net] = Some(index),
            }
        }
        let first = |net: usize| first_of_net[net].expect("every net has a membrane");
        for coupling in &nets.couplings {
            match coupling {
                nets::Coupling::Conductance { membrane, line, .. } => {
                    join(&mut group_of, first(*membrane), first(*line));
                }
                nets::Coupling::Star { arms } => {
                    for (_, net) in arms {
                        join(&mut group_of, first(arms[0].1), first(*net));
                    }
                }
            }
        }
        for (master, followers) in followers.iter().enumerate() {
            for follower in followers {
                join(&mut group_of, master, *follower);
            }
        }

        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for index in 0..count {
            members[root(&group_of, index)].push(index);
        }
        let mut places = vec![(0, 0); count];
        let mut groups = Vec::new();
        for members in members.into_iter().filter(|members| !members.is_empty()) {
            for (place, index) in members.iter().enumerate() {
                places[*index] = (groups.len(), place);
            }
            groups.push(self.group(members, &nets, &equations, &followers, states));
        }
        self.groups = groups;
        self.places = places;
        self.remarks = nets.remarks;
        self.set_conditions();
        Ok(())
    }

    fn group(
        &self,
        members: Vec<usize>,
        nets: &Nets,
        equations: &[Equations],
        followers: &[Vec<usize>],
        states: &[CircuitState],
    ) -> Group {
        let mut local_net = BTreeMap::new();
        let mut capacitance = Vec::new();
        let mut parasitics = Vec::new();
        let mut net_of = Vec::new();
        let mut charge = Vec::new();
        let mut first_voltage = Vec::new();
        let mut uniform = Vec::new();
        for index in &members {
            let net = nets.of_circuit[*index];
            let local = *local_net.entry(net).or_insert_with(|| {
                parasitics.push(nets.parasitics(net, &self.options.nets));
                capacitance.push(0.0);
                charge.push((0.0, 0.0));
                first_voltage.push(states[*index].v);
                uniform.push(true);
                capacitance.len() - 1
            });
            let own = self.circuits[*index].1.capacitance();
            capacitance[local] += own;
            charge[local].0 += own * states[*index].v;
            charge[local].1 += own;
            uniform[local] &= states[*index].v == first_voltage[local];
            net_of.push(local);
        }
        for (capacitance, parasitic) in capacitance.iter_mut().zip(&parasitics) {
            *capacitance += parasitic;
        }
        let place = |circuit: &usize| members.binary_search(circuit).expect("a member");
        let arm = |circuit: &usize, net: &usize| Arm { circuit: place(circuit), membrane: local_net[net] };
        let mut couplings = Vec::new();
        for coupling in &nets.couplings {
            match coupling {
                nets::Coupling::Conductance { circuit, membrane, line }
                    if local_net.contains_key(membrane) =>
                {
                    couplings.push(Coupling::Conductance(arm(circuit, membrane), local_net[line]));
                }
                nets::Coupling::Star { arms } if local_net.contains_key(&arms[0].1) => {
                    couplings.push(Coupling::Star(arms.iter().map(|(c, net)| arm(c, net)).collect()));
                }
                _ => {}
            }
        }
        let low_passes: Vec<_> = members
            .iter()
            .enumerate()
            .filter_map(|(circuit, index)| self.low_passes[*index].map(|rate| LowPass { circuit, rate }))
            .collect();
        let mut y: Vec<f64> = (0..capacitance.len())
            .map(|net| if uniform[net] { first_voltage[net] } else { charge[net].0 / charge[net].1 })
            .collect();
        for index in &members {
            let state = &states[*index];
            y.extend([state.u[0], state.u[1], state.w]);
        }
        y.extend(low_passes.iter().map(|low_pass| states[members[low_pass.circuit]].low_pass));
        Group {
            equations: GroupEquations {
                circuits: members.iter().map(|index| equations[*index].clone()).collect(),
                conditions: vec![Condition::default(); members.len()],
                net_of,
                capacitance,
                parasitics,
                couplings,
                low_passes,
            },
            automatons: members.iter().map(|index| states[*index].automaton).collect(),
            followers: members.iter().map(|index| followers[*index].iter().map(place).collect()).collect(),
            y,
            integrator: Integrator::new(self.options.solver),
            time: self.now as f64,
            members,
        }
    }

    /// Brings the conditions of all circuits up to date.
    pub(super) fn set_conditions(&mut self) {
        let accesses = Hemisphere::ALL.map(|row| match self.stimuli[row.index()] {
            Stimulus::Open => Access::Open,
            Stimulus::Voltage(voltage) => Access::Voltage(voltage, self.options.access_resistance),
            Stimulus::Current(current) => {
                let connected = self
                    .circuits
                    .iter()
                    .filter(|(neuron, circuit)| neuron.hemisphere() == row && circuit.bits.unbuffered_access);
                Access::Current(current / connected.count().max(1) as f64)
            }
        });
        for (index, (neuron, circuit)) in self.circuits.iter().enumerate() {
            let (group, place) = self.places[index];
            let Group { equations, automatons, .. } = &mut self.groups[group];
            let condition = &mut equations.conditions[place];
            condition.in_reset = automatons[place].in_reset || circuit.held_in_reset;
            condition.pulse = automatons[place].pulse;
            condition.access = accesses[neuron.hemisphere().index()];
            condition.debug = self.debug[index];
        }
    }
}

/// Who follows the fire line of each circuit (event-routing 9.5).
pub(crate) fn followers(circuits: &[(Neuron, Circuit)]) -> Result<Vec<Vec<usize>>, ReferenceError> {
    let mut index_of = vec![None; NEURONS];
    for (index, (neuron, _)) in circuits.iter().enumerate() {
        index_of[neuron.index()] = Some(index);
    }
    let lines = |index: usize| circuits[index].1.bits.fire_lines;
    // Where the line of a circuit leads.
    let reach = |index: usize| -> Result<Vec<usize>, ReferenceError> {
        let neuron = circuits[index].0;
        let other = index_of[opposite(neuron).index()];
        let mut reached = Vec::new();
        match other {
            Some(other) if lines(index).connect_bottom || lines(other).connect_bottom => {
                reached.push(other);
            }
            None if lines(index).connect_bottom => {
                let switch = "connect_fire_bottom";
                return Err(ReferenceError::OpenSwitch { neuron, switch, towards: opposite(neuron) });
            }
            _ => {}
        }
        if lines(index).connect_to_right && neuron.column() != Column::MAX {
            let towards = Neuron::new(neuron.hemisphere(), neuron.column() + 1);
            let switch = "connect_fire_to_right";
            let right = index_of[towards.index()];
            reached.push(right.ok_or(ReferenceError::OpenSwitch { neuron, switch, towards })?);
        }
        Ok(reached)
    };
    let mut followers = Vec::with_capacity(circuits.len());
    for index in 0..circuits.len() {
        let mut seen = vec![false; circuits.len()];
        let mut ahead = if lines(index).master { vec![index] } else { Vec::new() };
        while let Some(line) = ahead.pop() {
            if !std::mem::replace(&mut seen[line], true) {
                ahead.extend(reach(line)?);
            }
        }
        let follows = |other: &usize| seen[*other] && *other != index && lines(*other).slave;
        followers.push((0..circuits.len()).filter(follows).collect());
    }
    Ok(followers)
}
