//! A set of neuron circuits under one clock: inputs, resets, fires, samples.
//!
//! Circuits fall into groups that share a net, a conductance or a fire line. Groups don't know each other; each is
//! integrated by itself from event to event, so that its steps and its bits don't depend on what else is simulated. Within a
//! group, things at the same time happen in the order of analog-core 9.4: reset release and the other steps of the automatons,
//! inputs, samples.

use super::automaton::{Automaton, Cause, DigitalTiming, NEVER};
use super::error::ReferenceError;
use super::group::GroupEquations;
use super::nets::{NetOptions, NetRemark};
use super::run::Run;
use super::solver::{Integrator, Settings, Statistics, System};
use crate::circuit::Circuit;
use crate::parameters::Line;
use bss2_base::{Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of a reference simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Tolerances and method of the integrator.
    pub solver: Settings,
    /// Ratio of the fastest to the slowest relaxation of coupled membranes above which a group is taken to be stiff
    /// (analog-core 9.3).
    pub stiff_spread: f64,
    /// Switches between circuits.
    pub nets: NetOptions,
    /// The digital side of a fire.
    pub timing: DigitalTiming,
    /// Resistance in Ω between a voltage source on a stimulation line and a membrane with unbuffered access (analog-core 3.1).
    pub access_resistance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            solver: Settings::default(),
            stiff_spread: 1e3,
            nets: NetOptions::default(),
            timing: DigitalTiming::default(),
            access_resistance: 1e3,
        }
    }
}

impl Options {
    /// Without parasitics of switches, grid of fire edges and clock phase: closed forms hold exactly.
    pub fn ideal() -> Self {
        Self { nets: NetOptions::ideal(), timing: DigitalTiming::ideal(), ..Self::default() }
    }
}

/// Something that reaches a circuit at a known time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A charge in C on a synaptic line; it lowers the line by charge / capacitance, up to the headroom (analog-core 3.6, 5.2).
    Charge {
        /// The line.
        line: Line,
        /// C, not negative.
        charge: f64,
    },
    /// An artificial fire (analog-core 3.3, settled 4).
    Fire,
}

/// What drives the stimulation line of a row of neurons (analog-core 3.1, 7.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Stimulus {
    /// Nothing.
    #[default]
    Open,
    /// A voltage source in V, behind [`Options::access_resistance`] for each membrane.
    Voltage(f64),
    /// A current in A into the membranes, positive: source. It divides equally among the membranes with access: the
    /// specification says nothing about several.
    Current(f64),
}

/// A fire of one circuit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fire {
    /// The circuit.
    pub neuron: Neuron,
    /// When the reset switch closes, in s: crossing plus comparator delay.
    pub reset: f64,
    /// When the digital part sees it, in s.
    pub edge: f64,
    /// Why.
    pub cause: Cause,
}

/// What a probe looks at, in V.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantity {
    /// The membrane.
    Membrane,
    /// A synaptic line: 1.2 V minus its swing.
    Line(Line),
    /// The adaptation voltage.
    Adaptation,
    /// The output of the readout amplifier; 0 V if it is off.
    Readout,
    /// The same behind the low pass of the readout chain ([`Simulation::set_low_pass`]).
    FilteredReadout,
}

/// Handle of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeId(usize);

#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) circuit: usize,
    pub(super) quantity: Quantity,
    pub(super) start: u64,
    pub(super) period: u64,
    pub(super) count: usize,
    pub(super) values: Vec<f64>,
}

impl Probe {
    /// ps; [`NEVER`] after the last.
    pub(super) fn next(&self) -> f64 {
        if self.values.len() >= self.count {
            return NEVER;
        }
        (self.start + self.period * self.values.len() as u64) as f64
    }
}

/// The differential equations of a group of circuits in a state.
///
/// Components are the voltages of the nets, then for each circuit the swings of its excitatory and inhibitory line and its adaptation
/// voltage, then low passes of the readout.
#[derive(Clone, Debug, PartialEq)]
pub struct Linearisation {
    /// The circuits of the group and the net of each.
    pub nets: Vec<(Neuron, usize)>,
    /// Slope of each component in V/s.
    pub slope: Vec<f64>,
    /// Derivative of the slope of a component (row) with respect to another (column) in 1/s.
    pub jacobian: nalgebra::DMatrix<f64>,
}

/// The state of one circuit between two compositions of groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct CircuitState {
    pub(super) v: f64,
    pub(super) u: [f64; 2],
    pub(super) w: f64,
    pub(super) low_pass: f64,
    pub(super) automaton: Automaton,
}

/// Circuits that are integrated together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Indices of the circuits in the simulation.
    pub(super) members: Vec<usize>,
    pub(super) equations: GroupEquations,
    pub(super) y: Vec<f64>,
    pub(super) automatons: Vec<Automaton>,
    /// Members that follow the fire line of each member.
    pub(super) followers: Vec<Vec<usize>>,
    pub(super) integrator: Integrator,
    /// ps.
    pub(super) time: f64,
}

/// Key of an input: time in ps, kind, circuit, order of arrival.
type InputKey = (u64, u8, usize, u64);

/// Neuron circuits, the switches between them, and the present.
#[derive(Clone, Debug)]
pub struct Simulation {
    pub(super) options: Options,
    pub(super) circuits: Vec<(Neuron, Circuit)>,
    /// 1/s, or none.
    pub(super) low_passes: Vec<Option<f64>>,
    pub(super) debug: Vec<[Option<f64>; 2]>,
    pub(super) stimuli: [Stimulus; 2],
    pub(super) groups: Vec<Group>,
    /// Group and place of each circuit.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) remarks: Vec<NetRemark>,
    pub(super) now: u64,
    pub(super) inputs: BTreeMap<InputKey, Input>,
    pub(super) arrivals: u64,
    pub(super) probes: Vec<Probe>,
    pub(super) fires: Vec<Fire>,
}

impl Simulation {
    /// A simulation of these circuits at time zero, every membrane at its leak potential, lines at rest, adaptation voltages at
    /// their references.
    ///
    /// # Errors
    /// Values that no circuit can have, settings that make no sense, switches that lead out of the simulation, a neuron given
    /// twice.
    pub fn new(circuits: Vec<(Neuron, Circuit)>, options: Options) -> Result<Self, ReferenceError> {
        options.solver.check()?;
        for (name, value) in
            [("access_resistance", options.access_resistance), ("stiff_spread", options.stiff_spread)]
        {
            if !(value.is_finite() && value > 0.0) {
                return Err(ReferenceError::Setting { block: "simulation", name, value, demand: "positive" });
            }
        }
        for (neuron, circuit) in &circuits {
            circuit.check(*neuron)?;
        }
        let states = circuits.iter().map(|(_, circuit)| CircuitState {
            v: circuit.leak.potential,
            u: [0.0; 2],
            w: circuit.adaptation.reference,
            low_pass: 0.0,
            automaton: Automaton::new(),
        });
        let states: Vec<_> = states.collect();
        let count = circuits.len();
        let mut simulation = Self {
            options,
            circuits,
            low_passes: vec![None; count],
            debug: vec![[None; 2]; count],
            stimuli: [Stimulus::Open; 2],
            groups: Vec::new(),
            places: Vec::new(),
            remarks: Vec::new(),
            now: 0,
            inputs: BTreeMap::new(),
            arrivals: 0,
            probes: Vec::new(),
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
        let states = self.states();
        let before = std::mem::replace(&mut self.circuits[index].1, *circuit);
        if let Err(error) = self.compose(&states) {
            self.circuits[index].1 = before;
            return Err(error);
        }
        let (group, place) = self.places[index];
        let (timing, time) = (self.options.timing, self.now as f64);
        let automaton = &mut self.groups[group].automatons[place];
        if automaton.stalled {
            automaton.start_refractory(time, circuit, &timing);
        }
        Ok(())
    }

    /// Drives the stimulation line of a row from now on.
    ///
    /// # Errors
    /// A voltage or current that is not finite.
    pub fn set_stimulus(&mut self, row: Hemisphere, stimulus: Stimulus) -> Result<(), ReferenceError> {
        let (Stimulus::Voltage(value) | Stimulus::Current(value)) = stimulus else {
            self.stimuli[row.index()] = stimulus;
            self.set_conditions();
            return Ok(());
        };
        if !value.is_finite() {
            return Err(ReferenceError::Setting {
                block: "stimulation line",
                name: "stimulus",
                value,
                demand: "finite",
            });
        }
        self.stimuli[row.index()] = stimulus;
        self.set_conditions();
        Ok(())
    }

    /// Connects a synaptic line of a neuron to the debug line of its kind at `voltage` in V from now on, or opens the debug switch of the
    /// column (analog-core 3.6).
    ///
    /// # Errors
    /// An unknown neuron, a voltage that is not finite.
    pub fn set_debug_line(
        &mut self,
        neuron: Neuron,
        line: Line,
        voltage: Option<f64>,
    ) -> Result<(), ReferenceError> {
        let index = self.index(neuron)?;
        if let Some(value) = voltage.filter(|voltage| !voltage.is_finite()) {
            return Err(ReferenceError::Setting {
                block: "debug line",
                name: "voltage",
                value,
                demand: "finite",
            });
        }
        self.debug[index][line as usize] = voltage;
        self.set_conditions();
        Ok(())
    }

    /// Puts a first-order low pass with this time constant in s behind the readout amplifier of a neuron; it starts at its present
    /// input. `None` removes it.
    ///
    /// # Errors
    /// An unknown neuron, a time constant that is not positive.
    pub fn set_low_pass(&mut self, neuron: Neuron, tau: Option<f64>) -> Result<(), ReferenceError> {
        let index = self.index(neuron)?;
        if let Some(value) = tau.filter(|tau| !(tau.is_finite() && *tau > 0.0)) {
            return Err(ReferenceError::Setting {
                block: "readout chain",
                name: "time constant",
                value,
                demand: "positive",
            });
        }
        let mut states = self.states();
        states[index].low_pass = self.value(neuron, Quantity::Readout)?;
        self.low_passes[index] = tau.map(|tau| 1.0 / tau);
        self.compose(&states)
    }

    /// Sets the voltage of the net of a membrane, in V.
    ///
    /// # Errors
    /// An unknown neuron, a voltage that is not finite.
    pub fn set_membrane(&mut self, neuron: Neuron, voltage: f64) -> Result<(), ReferenceError> {
        let index = self.index(neuron)?;
        if !voltage.is_finite() {
            return Err(ReferenceError::Parameter {
                neuron,
                circuit: "membrane",
                name: "voltage",
                value: voltage,
                demand: "finite",
            });
        }
        let (group, place) = self.places[index];
        let net = self.groups[group].equations.net_of[place];
        self.groups[group].y[net] = voltage;
        Ok(())
    }

    /// Plans an input.
    ///
    /// # Errors
    /// An unknown neuron, a time before the present, a charge that is negative or not finite.
    pub fn input(&mut self, at: SimTime, neuron: Neuron, input: Input) -> Result<(), ReferenceError> {
        let index = self.index(neuron)?;
        if at.as_ps() < self.now {
            return Err(ReferenceError::Past { what: "input", at, now: self.now() });
        }
        let kind = match input {
            Input::Charge { charge, .. } if !(charge.is_finite() && charge >= 0.0) => {
                return Err(ReferenceError::Parameter {
                    neuron,
                    circuit: "synaptic line",
                    name: "charge",
                    value: charge,
                    demand: "not negative",
                });
            }
            Input::Fire => 0,
            Input::Charge { .. } => 1,
        };
        self.inputs.insert((at.as_ps(), kind, index, self.arrivals), input);
        self.arrivals += 1;
        Ok(())
    }

    /// Samples a quantity at `start`, `start + period`, ..., `count` times. A sample is taken when the simulation is advanced beyond it.
    ///
    /// # Errors
    /// An unknown neuron, a start before the present, a period of zero, no low pass behind the readout that is to be looked at.
    pub fn probe(
        &mut self,
        neuron: Neuron,
        quantity: Quantity,
        start: SimTime,
        period: SimTime,
        count: usize,
    ) -> Result<ProbeId, ReferenceError> {
        let circuit = self.index(neuron)?;
        if start.as_ps() < self.now {
            return Err(ReferenceError::Past { what: "sample", at: start, now: self.now() });
        }
        let setting =
            |name, value, demand| Err(ReferenceError::Setting { block: "probe", name, value, demand });
        if period == SimTime::ZERO {
            return setting("period", 0.0, "positive");
        }
        if quantity == Quantity::FilteredReadout && self.low_passes[circuit].is_none() {
            return setting("low pass", 0.0, "set before");
        }
        let (start, period) = (start.as_ps(), period.as_ps());
        self.probes.push(Probe { circuit, quantity, start, period, count, values: Vec::new() });
        Ok(ProbeId(self.probes.len() - 1))
    }

    /// The samples of a probe so far, in V.
    pub fn samples(&self, probe: ProbeId) -> &[f64] {
        self.probes.get(probe.0).map_or(&[], |probe| &probe.values)
    }

    /// All fires so far, by reset time within each group of circuits.
    pub fn fires(&self) -> &[Fire] {
        &self.fires
    }

    /// Takes the fires out, by time.
    pub fn take_fires(&mut self) -> Vec<Fire> {
        let mut fires = std::mem::take(&mut self.fires);
        fires.sort_by(|a, b| (a.reset, a.neuron).partial_cmp(&(b.reset, b.neuron)).expect("finite times"));
        fires
    }

    /// A quantity at the present time, in V.
    ///
    /// # Errors
    /// An unknown neuron, no low pass where one is asked for.
    pub fn value(&self, neuron: Neuron, quantity: Quantity) -> Result<f64, ReferenceError> {
        let index = self.index(neuron)?;
        if quantity == Quantity::FilteredReadout && self.low_passes[index].is_none() {
            return Err(ReferenceError::Setting {
                block: "probe",
                name: "low pass",
                value: 0.0,
                demand: "set before",
            });
        }
        let (group, place) = self.places[index];
        let group = &self.groups[group];
        let observed = group.equations.observed(place, quantity);
        Ok(observed.gain * group.y[observed.component] + observed.offset)
    }

    /// Whether the reset switch of a neuron is closed.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn is_in_reset(&self, neuron: Neuron) -> Result<bool, ReferenceError> {
        let (group, place) = self.places[self.index(neuron)?];
        Ok(self.groups[group].equations.conditions[place].in_reset)
    }

    /// What the integrators have done since the groups were last composed.
    pub fn statistics(&self) -> Statistics {
        let mut sum = Statistics::default();
        for Group { integrator, .. } in &self.groups {
            sum.explicit_steps += integrator.statistics.explicit_steps;
            sum.implicit_steps += integrator.statistics.implicit_steps;
            sum.rejected += integrator.statistics.rejected;
            sum.crossings += integrator.statistics.crossings;
        }
        sum
    }

    /// The equations of the group of a neuron at the present state. For comparison with other solvers.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn linearised(&self, neuron: Neuron) -> Result<Linearisation, ReferenceError> {
        let (group, _) = self.places[self.index(neuron)?];
        let group = &self.groups[group];
        let dimension = group.equations.dimension();
        let mut slope = vec![0.0; dimension];
        let mut jacobian = nalgebra::DMatrix::zeros(dimension, dimension);
        group.equations.derivative(&group.y, &mut slope);
        group.equations.jacobian(&group.y, &mut jacobian);
        let nets = group.members.iter().zip(&group.equations.net_of);
        let nets = nets.map(|(member, net)| (self.circuits[*member].0, *net)).collect();
        Ok(Linearisation { nets, slope, jacobian })
    }

    /// Moves the present to `until`, inputs at that very time included. A time before the present does nothing.
    ///
    /// # Errors
    /// If a group can't be integrated. Other groups may have come further, so the simulation is to be given up.
    pub fn advance(&mut self, until: SimTime) -> Result<(), ReferenceError> {
        let until = until.as_ps();
        if until < self.now {
            return Ok(());
        }
        let later = self.inputs.split_off(&(until + 1, 0, 0, 0));
        let due = std::mem::replace(&mut self.inputs, later);
        let mut of_group: Vec<Vec<(f64, usize, Input)>> = vec![Vec::new(); self.groups.len()];
        for ((time, _, circuit, _), input) in due {
            let (group, place) = self.places[circuit];
            of_group[group].push((time as f64, place, input));
        }
        let mut probes_of_group: Vec<Vec<usize>> = vec![Vec::new(); self.groups.len()];
        for (number, probe) in self.probes.iter().enumerate() {
            if probe.next() < until as f64 {
                probes_of_group[self.places[probe.circuit].0].push(number);
            }
        }
        for ((group, inputs), probes) in self.groups.iter_mut().zip(&of_group).zip(&probes_of_group) {
            let mut run = Run {
                options: &self.options,
                circuits: &self.circuits,
                probes: &mut self.probes,
                watching: probes,
                places: &self.places,
                fires: &mut self.fires,
            };
            run.advance(group, inputs, until as f64)?;
        }
        self.now = until;
        Ok(())
    }

    pub(super) fn index(&self, neuron: Neuron) -> Result<usize, ReferenceError> {
        // Where it is if all of the chip are simulated.
        let here = neuron.index();
        if self.circuits.get(here).is_some_and(|(own, _)| *own == neuron) {
            return Ok(here);
        }
        let index = self.circuits.iter().position(|(own, _)| *own == neuron);
        index.ok_or(ReferenceError::UnknownNeuron(neuron))
    }
}

/// A component of the state with gain and offset.
#[derive(Clone, Copy)]
pub(super) struct Observed {
    pub(super) gain: f64,
    pub(super) component: usize,
    pub(super) offset: f64,
}

impl GroupEquations {
    pub(super) fn observed(&self, circuit: usize, quantity: Quantity) -> Observed {
        let plain = |component| Observed { gain: 1.0, component, offset: 0.0 };
        match quantity {
            Quantity::Membrane => plain(self.net_of[circuit]),
            Quantity::Line(line) => Observed {
                gain: -1.0,
                component: self.line(circuit, line),
                offset: Circuit::line_voltage(0.0),
            },
            Quantity::Adaptation => plain(self.adaptation(circuit)),
            Quantity::Readout if !self.circuits[circuit].given.bits.readout_amplifier => {
                Observed { gain: 0.0, component: 0, offset: 0.0 }
            }
            Quantity::Readout => {
                let (gain, component, offset) = self.amplifier(circuit);
                Observed { gain, component, offset }
            }
            Quantity::FilteredReadout => {
                let number = self.low_passes.iter().position(|low_pass| low_pass.circuit == circuit);
                plain(self.low_pass(number.unwrap_or(0)))
            }
        }
    }
}
