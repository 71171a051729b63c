//! Circuits under one clock.

use super::arch::{Arch, Instructions};
use super::automaton::Automaton;
use super::effective::{Access, Effective, Surroundings, compartment_conductance};
use super::fleet::Fleet;
use super::kernel::LANES;
use super::network::{self, Network, Shape};
use super::noise;
use super::state::{BackEnd, State};
use super::stored::Stored;
use super::unit::{CircuitState, Member, Pending, Unit};
use crate::core::RefractorySpan;
use crate::draws;
use crate::options::{AnalogOptions, Noise};
use crate::parameters::{LINE_REST, Line, ReadoutSource};
use crate::reference::{
    Cause, Circuit, Coupling, DigitalTiming, Input, NetOptions, NetRemark, Nets, Quantity, ReferenceError,
    Stimulus, followers,
};
use bss2_base::{COLUMNS, Hemisphere, NEURONS, Neuron, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Where a circuit is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// By itself: its lane.
    Alone(usize),
    /// Joined with others: unit and lane.
    Joined(usize, usize),
}

/// Settings of a stepped simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Switches between circuits.
    pub nets: NetOptions,
    /// The digital side of a fire.
    pub timing: DigitalTiming,
    /// Temporal noise; that of membranes, thresholds and comparators counts here.
    pub noise: Noise,
    /// Seed of the temporal noise.
    pub seed: u64,
    /// Resistance in Ω between a voltage source on a stimulation line and a membrane with unbuffered access (analog-core 3.1).
    pub access_resistance: f64,
}

impl Default for Options {
    /// Without noise.
    fn default() -> Self {
        Self {
            nets: NetOptions::default(),
            timing: DigitalTiming::default(),
            noise: Noise::OFF,
            seed: 0,
            access_resistance: 1e3,
        }
    }
}

impl Options {
    /// Without parasitics of switches, grid of fire edges and clock phase, as
    /// [`reference::Options::ideal`](crate::reference::Options::ideal).
    pub fn ideal() -> Self {
        Self { nets: NetOptions::ideal(), timing: DigitalTiming::ideal(), ..Self::default() }
    }

    /// What a core with these options and this noise seed asks for.
    pub fn of_core(seed: u64, options: &AnalogOptions) -> Self {
        let mut own = Self { noise: options.noise, seed, ..Self::default() };
        own.timing.phase = options.refractory_phase;
        own
    }

    fn check(&self) -> Result<(), ReferenceError> {
        let demand = |met: bool, block, name, value, demand| {
            if met { Ok(()) } else { Err(ReferenceError::Setting { block, name, value, demand }) }
        };
        let Noise { membrane_rate, reference_capacitance, threshold, comparator_jitter, .. } = self.noise;
        for (name, value) in [
            ("membrane_rate", membrane_rate),
            ("reference_capacitance", reference_capacitance),
            ("threshold", threshold),
            ("comparator_jitter", comparator_jitter),
        ] {
            demand(value.is_finite() && value >= 0.0, "noise", name, value, "not negative")?;
        }
        for (name, value) in [
            ("switch_capacitance", self.nets.switch_capacitance),
            ("segment_capacitance", self.nets.segment_capacitance),
        ] {
            demand(value.is_finite() && value >= 0.0, "nets", name, value, "not negative")?;
        }
        let value = self.access_resistance;
        demand(value.is_finite() && value > 0.0, "simulation", "access_resistance", value, "positive")
    }
}

/// A fire of one circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Charges that reach the lines of a row of neurons at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pulse {
    /// ps.
    pub(super) time: u64,
    pub(super) hemisphere: Hemisphere,
    pub(super) line: Line,
    /// C, by column.
    pub(super) charges: [f32; COLUMNS],
}

impl Pulse {
    /// Order at equal times.
    pub(super) fn key(&self) -> (u64, usize, usize) {
        (self.time, self.hemisphere.index(), self.line as usize)
    }
}

/// A set of neuron circuits under one clock.
///
/// A snapshot (`serde`) holds all of its state; what comes out of it goes on with the same bits. One that no simulation can be in is
/// refused. Two simulations are equal if their futures are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Simulation {
    pub(super) options: Options,
    pub(super) circuits: Vec<(Neuron, Circuit)>,
    pub(super) stimuli: [Stimulus; 2],
    /// Voltage in V of the debug line of each circuit, excitatory, inhibitory.
    pub(super) debug: Vec<[Option<f64>; 2]>,
    /// Place of each neuron in `circuits`.
    index_of: Vec<Option<usize>>,
    pub(super) fleet: Fleet,
    pub(super) units: Vec<Unit>,
    pub(super) places: Vec<Place>,
    /// What a line segment adds to the capacitance of a circuit that is alone, F.
    parasitics: Vec<f64>,
    remarks: Vec<NetRemark>,
    pub(super) now: u64,
    pub(super) arrivals: u64,
    /// By time.
    pub(super) pulses: VecDeque<Pulse>,
    pub(super) fires: Vec<Fire>,
}

impl PartialEq for Simulation {
    fn eq(&self, other: &Self) -> bool {
        Stored::from(self.clone()) == Stored::from(other.clone())
    }
}

impl Simulation {
    /// Circuits at rest: membranes at their leak potential (joined ones share their charge), lines and adaptation voltages at rest.
    ///
    /// # Errors
    /// Physical values without sense, switches that lead out of the simulation, a neuron given twice.
    pub fn new(circuits: Vec<(Neuron, Circuit)>, options: Options) -> Result<Self, ReferenceError> {
        Self::start(circuits, options, 0, [Stimulus::Open; 2], None)
    }

    /// The same at a time in ps in given surroundings.
    pub(super) fn start(
        circuits: Vec<(Neuron, Circuit)>,
        options: Options,
        now: u64,
        stimuli: [Stimulus; 2],
        debug: Option<Vec<[Option<f64>; 2]>>,
    ) -> Result<Self, ReferenceError> {
        options.check()?;
        for (neuron, circuit) in &circuits {
            circuit.check(*neuron)?;
        }
        let mut index_of = vec![None; NEURONS];
        for (index, (neuron, _)) in circuits.iter().enumerate() {
            if index_of[neuron.index()].replace(index).is_some() {
                return Err(ReferenceError::DuplicateNeuron(*neuron));
            }
        }
        let state = |(neuron, circuit): &(Neuron, Circuit)| CircuitState {
            v: f64::from(circuit.leak.potential as f32),
            u: [0.0; 2],
            w: circuit.adaptation.reference,
            automaton: Automaton::new(),
            threshold_offset: if options.noise.threshold > 0.0 {
                let deviate = draws::normal(options.seed, draws::THRESHOLD, neuron.index() as u32, 0);
                (options.noise.threshold * deviate) as f32
            } else {
                0.0
            },
            parked: false,
        };
        let states: Vec<_> = circuits.iter().map(state).collect();
        let count = circuits.len();
        let mut simulation = Self {
            options,
            circuits,
            stimuli,
            debug: debug.unwrap_or_else(|| vec![[None; 2]; count]),
            index_of,
            fleet: Fleet::new(Arch::default(), &[], now, &options),
            units: Vec::new(),
            places: Vec::new(),
            parasitics: vec![0.0; count],
            remarks: Vec::new(),
            now,
            arrivals: 0,
            pulses: VecDeque::new(),
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
        let before = self.circuits[index].1;
        let switches = |circuit: &Circuit| {
            (circuit.bits.compartments, compartment_conductance(circuit) > 0.0, circuit.bits.fire_lines)
        };
        if switches(&before) != switches(circuit) {
            let mut states = self.states();
            if states[index].automaton.stalled {
                let timing = &self.options.timing;
                states[index].automaton.start_refractory(self.now, &circuit.refractory, timing);
            }
            self.circuits[index].1 = *circuit;
            return self.compose(&states).inspect_err(|_| self.circuits[index].1 = before);
        }
        self.circuits[index].1 = *circuit;
        self.retell(index);
        if before.bits.unbuffered_access != circuit.bits.unbuffered_access {
            self.retell_row(neuron.hemisphere(), Some(index));
        }
        Ok(())
    }

    /// Drives the stimulation line of a row from now on. A current divides equally among the circuits with access.
    ///
    /// # Errors
    /// A voltage or current that is not finite.
    pub fn set_stimulus(&mut self, row: Hemisphere, stimulus: Stimulus) -> Result<(), ReferenceError> {
        check_stimulus(stimulus)?;
        if std::mem::replace(&mut self.stimuli[row.index()], stimulus) != stimulus {
            self.retell_row(row, None);
        }
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
        check_debug(voltage)?;
        if std::mem::replace(&mut self.debug[index][line as usize], voltage) != voltage {
            self.retell(index);
        }
        Ok(())
    }

    /// Makes a neuron refractory from now on, as its fire line is (event-routing 9.5), or moves the ends of a state that it has already: its
    /// membrane reset is closed until `release`, its comparator is not looked at until `until`; [`SimTime::MAX`] if nobody knows
    /// yet. Gives no [`Fire`], but an adaptation pulse if the state is new.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn follow(&mut self, neuron: Neuron, release: SimTime, until: SimTime) -> Result<(), ReferenceError> {
        let ends = [release.as_ps(), until.as_ps()];
        match self.places[self.index(neuron)?] {
            Place::Alone(lane) => self.fleet.follow(lane, self.now, ends),
            Place::Joined(unit, lane) => self.units[unit].follow(lane, self.now, ends),
        }
        Ok(())
    }

    /// The refractory state of a neuron at present, `None` if it has none or its fire edge is still ahead.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn refractory(&self, neuron: Neuron) -> Result<Option<RefractorySpan>, ReferenceError> {
        let automaton = self.circuit_state(self.index(neuron)?).automaton;
        let [release, until] = automaton.ends().map(SimTime::from_ps);
        let begun = !automaton.armed && automaton.edge() == super::automaton::NEVER;
        let release = if automaton.in_reset { release } else { SimTime::ZERO };
        Ok(begun.then_some(RefractorySpan { release, until }))
    }

    /// Whether a neuron is between a threshold crossing and its next arming.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn is_refractory(&self, neuron: Neuron) -> Result<bool, ReferenceError> {
        Ok(!self.circuit_state(self.index(neuron)?).automaton.armed)
    }

    /// Where a circuit stands at present.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn state(&self, neuron: Neuron) -> Result<State, ReferenceError> {
        let CircuitState { v, u, w, automaton, threshold_offset, .. } =
            self.circuit_state(self.index(neuron)?);
        Ok(State {
            membrane: v,
            lines: u,
            adaptation: w,
            back_end: BackEnd::from(&automaton),
            threshold_offset: f64::from(threshold_offset),
        })
    }

    /// Leaves a circuit to another class: it stands still from now on, takes no input, drops what was planned for it, does not fire and
    /// costs nothing. Returns where it stands. A circuit that shares a net, a conductance or a fire line goes on all the same.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn park(&mut self, neuron: Neuron) -> Result<State, ReferenceError> {
        if let Place::Alone(lane) = self.places[self.index(neuron)?] {
            self.fleet.park(lane, self.now);
        }
        self.state(neuron)
    }

    /// Whether a circuit is parked.
    ///
    /// # Errors
    /// An unknown neuron.
    pub fn is_parked(&self, neuron: Neuron) -> Result<bool, ReferenceError> {
        Ok(match self.places[self.index(neuron)?] {
            Place::Alone(lane) => self.fleet.is_parked(lane),
            Place::Joined(..) => false,
        })
    }

    /// Takes a circuit over from another class at present, with where it stands there. If it shares a net, all circuits on the net take this
    /// membrane voltage.
    ///
    /// # Errors
    /// An unknown neuron; voltages that are not finite, or beyond a kilovolt; steps of the back-end before the present.
    pub fn resume(&mut self, neuron: Neuron, state: &State) -> Result<(), ReferenceError> {
        let place = self.places[self.index(neuron)?];
        let bad =
            |name, value, demand| ReferenceError::Parameter { neuron, circuit: "state", name, value, demand };
        let State { membrane, lines, adaptation, back_end, threshold_offset } = state;
        for (name, value) in [
            ("membrane", *membrane),
            ("lines[0]", lines[0]),
            ("lines[1]", lines[1]),
            ("adaptation", *adaptation),
            ("threshold_offset", *threshold_offset),
        ] {
            if !(value.is_finite() && value.abs() < 1e3) {
                return Err(bad(name, value, "within a kilovolt"));
            }
        }
        let automaton = Automaton::from(back_end);
        if automaton.next() < self.now {
            let next = SimTime::from_ps(automaton.next()).as_secs_f64();
            return Err(bad("back_end", next, "steps that are not in the past"));
        }
        let state = CircuitState {
            v: *membrane,
            u: *lines,
            w: *adaptation,
            automaton,
            threshold_offset: *threshold_offset as f32,
            parked: false,
        };
        match place {
            Place::Alone(lane) => self.fleet.resume(lane, self.now, &state),
            Place::Joined(unit, lane) => self.units[unit].resume(lane, self.now, &state),
        }
        Ok(())
    }

    /// Sets the voltage of the net of a membrane, in V.
    ///
    /// # Errors
    /// An unknown neuron, a voltage that is not finite.
    pub fn set_membrane(&mut self, neuron: Neuron, voltage: f64) -> Result<(), ReferenceError> {
        let place = self.places[self.index(neuron)?];
        if !voltage.is_finite() {
            return Err(ReferenceError::Parameter {
                neuron,
                circuit: "membrane",
                name: "voltage",
                value: voltage,
                demand: "finite",
            });
        }
        match place {
            Place::Alone(lane) => self.fleet.set_membrane(lane, voltage as f32, self.now),
            Place::Joined(unit, lane) => self.units[unit].set_membrane(lane, voltage as f32, self.now),
        }
        Ok(())
    }

    /// Plans an input.
    ///
    /// # Errors
    /// An unknown neuron, a time before the present, a charge that is negative or not finite.
    pub fn input(&mut self, at: SimTime, neuron: Neuron, input: Input) -> Result<(), ReferenceError> {
        let place = self.places[self.index(neuron)?];
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
        let arrival = self.arrivals;
        match place {
            Place::Alone(lane) => self.fleet.input(Pending { time, lane, arrival, input }),
            Place::Joined(unit, lane) => self.units[unit].input(Pending { time, lane, arrival, input }),
        }
        self.arrivals = self.arrivals.wrapping_add(1);
        Ok(())
    }

    /// Plans charges in C, by column, for the lines of a row of neurons: a row of synapses is hit by an event. A charge of zero (or below,
    /// or not a number) is none. Neurons that are not simulated or are parked when it arrives take nothing. At equal times pulses come after
    /// single inputs, by hemisphere, then line, then in the order of their arrival here.
    ///
    /// # Errors
    /// A time before the present.
    pub fn pulse(
        &mut self,
        at: SimTime,
        hemisphere: Hemisphere,
        line: Line,
        charges: &[f32; COLUMNS],
    ) -> Result<(), ReferenceError> {
        let time = at.as_ps();
        if time < self.now {
            return Err(ReferenceError::Past { what: "pulse", at, now: self.now() });
        }
        let pulse = Pulse { time, hemisphere, line, charges: *charges };
        if self.pulses.back().is_none_or(|last| last.key() <= pulse.key()) {
            self.pulses.push_back(pulse);
        } else {
            let place = self.pulses.partition_point(|other| other.key() <= pulse.key());
            self.pulses.insert(place, pulse);
        }
        Ok(())
    }

    /// Moves the present to `until`, inputs at that very time included. A time before the present does nothing.
    pub fn advance(&mut self, until: SimTime) {
        let until = until.as_ps();
        if until < self.now {
            return;
        }
        loop {
            let input = self.fleet.inputs.front().map_or(u64::MAX, |input| input.time);
            let pulse = self.pulses.front().map_or(u64::MAX, |pulse| pulse.time);
            let next = input.min(pulse);
            if next > until {
                break;
            }
            self.fleet.advance(next, &self.options, &mut self.fires);
            self.fleet.receive(next, &self.options);
            if pulse > next {
                continue;
            }
            if !self.units.is_empty() {
                self.advance_units(next);
            }
            while self.pulses.front().is_some_and(|pulse| pulse.time == next) {
                let Some(pulse) = self.pulses.pop_front() else { break };
                self.deposit(&pulse);
            }
        }
        self.fleet.advance(until, &self.options, &mut self.fires);
        self.advance_units(until);
        self.now = until;
    }

    fn advance_units(&mut self, until: u64) {
        for unit in &mut self.units {
            unit.advance(until, &self.options, &mut self.fires);
        }
    }

    fn deposit(&mut self, pulse: &Pulse) {
        let Pulse { time, hemisphere, line, charges } = pulse;
        let again = |next: &Pulse| next.time == *time && next.hemisphere == *hemisphere;
        let last = !self.pulses.front().is_some_and(again);
        self.fleet.pulse(*time, *hemisphere, *line, charges, last, &self.options);
        for unit in &mut self.units {
            unit.pulse(*time, *hemisphere, *line, charges, &self.options);
        }
    }

    /// Uses these vector instructions from now on, for tests and measurements: the widest ones are the default. Nothing else changes, not a
    /// bit. `false` if this machine doesn't have them.
    pub fn use_instructions(&mut self, instructions: Instructions) -> bool {
        let arch = Arch::new(instructions);
        if let Some(arch) = arch {
            self.fleet.set_arch(arch);
            self.units.iter_mut().for_each(|unit| unit.set_arch(arch));
        }
        arch.is_some()
    }

    /// No circuit fires before this time unless something else comes in: a lower bound, not a prediction. [`SimTime::MAX`] if all of them
    /// are parked.
    pub fn quiescent_until(&self) -> SimTime {
        let pulse = self.pulses.front().map_or(u64::MAX, |pulse| pulse.time);
        SimTime::from_ps(
            self.units
                .iter()
                .map(Unit::quiescent_until)
                .fold(pulse, u64::min)
                .min(self.fleet.quiescent_until()),
        )
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
        let CircuitState { v, u, w, .. } = self.circuit_state(index);
        let line = |line: Line| LINE_REST - u[line as usize];
        Ok(match quantity {
            Quantity::Membrane => v,
            Quantity::Line(which) => line(which),
            Quantity::Adaptation => w,
            Quantity::Readout | Quantity::FilteredReadout => {
                let Circuit { readout, bits, .. } = &self.circuits[index].1;
                let source = match bits.readout_source {
                    _ if !(readout.works && bits.readout_amplifier) => return Ok(0.0),
                    ReadoutSource::Membrane => v,
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

    fn circuit_state(&self, index: usize) -> CircuitState {
        match self.places[index] {
            Place::Alone(lane) => self.fleet.state(lane, self.now),
            Place::Joined(unit, lane) => self.units[unit].state(lane, self.now),
        }
    }

    fn states(&self) -> Vec<CircuitState> {
        (0..self.places.len()).map(|index| self.circuit_state(index)).collect()
    }

    /// What is around a circuit.
    fn surroundings(&self, index: usize) -> Surroundings {
        let row = self.circuits[index].0.hemisphere();
        let access = match self.stimuli[row.index()] {
            Stimulus::Open => Access::Open,
            Stimulus::Voltage(voltage) => Access::Voltage(voltage, self.options.access_resistance),
            Stimulus::Current(current) => {
                let has_access = |(neuron, circuit): &&(Neuron, Circuit)| {
                    neuron.hemisphere() == row && circuit.bits.unbuffered_access
                };
                Access::Current(current / self.circuits.iter().filter(has_access).count().max(1) as f64)
            }
        };
        let Noise { membrane_rate, reference_capacitance, .. } = self.options.noise;
        let noise = membrane_rate * reference_capacitance * reference_capacitance;
        Surroundings { access, debug: self.debug[index], noise }
    }

    /// Tells the unit of a circuit what it is like now. Its switches are what they were.
    fn retell(&mut self, index: usize) {
        let (unit, lane) = match self.places[index] {
            Place::Alone(lane) => {
                let (_, circuit) = &self.circuits[index];
                let farad = circuit.capacitance() + self.parasitics[index];
                let effective = Effective::new(circuit, farad, &self.surroundings(index));
                self.fleet.reconfigure(lane, effective, self.now, &self.options);
                return;
            }
            Place::Joined(unit, lane) => (unit, lane),
        };
        let fellows = self.units[unit].fellows(lane);
        let members: Vec<usize> =
            self.units[unit].members[fellows.clone()].iter().map(|member| member.circuit).collect();
        let (network, number) = self.units[unit].network_of(lane);
        let capacitance = network.update(number, &members, &self.circuits);
        let net_of = network.shape.net_of.clone();
        for ((lane, circuit), net) in fellows.zip(members).zip(net_of) {
            let effective =
                Effective::new(&self.circuits[circuit].1, capacitance[net], &self.surroundings(circuit));
            self.units[unit].reconfigure(lane, effective, self.now, &self.options);
        }
    }

    /// The same for all circuits of a row with unbuffered access, but for one.
    fn retell_row(&mut self, row: Hemisphere, except: Option<usize>) {
        for index in 0..self.circuits.len() {
            let (neuron, circuit) = &self.circuits[index];
            if neuron.hemisphere() == row && circuit.bits.unbuffered_access && Some(index) != except {
                self.retell(index);
            }
        }
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
        let members = &self.fleet.members;
        planned.extend(self.fleet.inputs.drain(..).map(|pending| (members[pending.lane].circuit, pending)));

        self.units.clear();
        self.places = vec![Place::Alone(0); self.circuits.len()];
        let mut alone = Vec::new();
        let mut joined: Vec<(Shape, Vec<Sketch>)> = Vec::new();
        for group in groups {
            if group.len() == 1 {
                let index = group[0];
                self.places[index] = Place::Alone(alone.len());
                let (neuron, circuit) = &self.circuits[index];
                // A line segment on the membrane adds to it.
                let parasitics = nets.parasitics(nets.of_circuit[index], &self.options.nets);
                let farad = circuit.capacitance() + parasitics;
                self.parasitics[index] = parasitics;
                let effective = Effective::new(circuit, farad, &self.surroundings(index));
                let key = noise::key(self.options.seed, neuron.index());
                alone.push((index, *neuron, effective, states[index], key));
            } else {
                let (shape, sketch) = self.sketch(&group, &nets, &followers, states);
                match joined.iter_mut().find(|(other, alike)| *other == shape && alike.len() < LANES) {
                    Some((_, alike)) => alike.push(sketch),
                    None => joined.push((shape, vec![sketch])),
                }
            }
        }
        let arch = self.fleet.arch();
        for (shape, alike) in joined {
            self.add_units(arch, shape, alike);
        }
        self.fleet = Fleet::new(arch, &alone, self.now, &self.options);
        for (circuit, pending) in planned {
            match self.places[circuit] {
                Place::Alone(lane) => self.fleet.input(Pending { lane, ..pending }),
                Place::Joined(unit, lane) => self.units[unit].input(Pending { lane, ..pending }),
            }
        }
        self.remarks = nets.remarks;
        Ok(())
    }

    /// What the unit of these circuits will be.
    fn sketch(
        &self,
        group: &[usize],
        nets: &Nets,
        followers: &[Vec<usize>],
        states: &[CircuitState],
    ) -> (Shape, Sketch) {
        let place = |circuit: &usize| group.binary_search(circuit).expect("a group holds its followers");
        let mut local = BTreeMap::new();
        let (mut charge, mut net_of, mut parasitics) = (Vec::new(), Vec::new(), Vec::new());
        for index in group {
            let net = nets.of_circuit[*index];
            let own = *local.entry(net).or_insert_with(|| {
                parasitics.push(nets.parasitics(net, &self.options.nets));
                charge.push((0.0, 0.0));
                charge.len() - 1
            });
            let farad = self.circuits[*index].1.capacitance();
            charge[own].0 += farad * states[*index].v;
            charge[own].1 += farad;
            net_of.push(own);
        }
        let state = |(index, net): (&usize, &usize)| {
            let (sum, farad): (f64, f64) = charge[*net];
            // A single circuit keeps its bits.
            let alone = farad == self.circuits[*index].1.capacitance();
            let v = if alone { states[*index].v } else { sum / farad };
            CircuitState { v, ..states[*index] }
        };
        let states = group.iter().zip(&net_of).map(state).collect();
        let end =
            |circuit: &usize, net: &usize| network::End { position: place(circuit), membrane: local[net] };
        let mut couplings = Vec::new();
        for coupling in &nets.couplings {
            match coupling {
                Coupling::Conductance { circuit, membrane, line } if local.contains_key(membrane) => {
                    couplings.push(network::Coupling::Conductance(end(circuit, membrane), local[line]));
                }
                Coupling::Star { arms } if local.contains_key(&arms[0].1) => {
                    let ends = arms.iter().map(|(circuit, net)| end(circuit, net)).collect();
                    couplings.push(network::Coupling::Star(ends));
                }
                _ => {}
            }
        }
        let followers = group.iter().map(|index| followers[*index].iter().map(place).collect()).collect();
        (Shape { net_of, parasitics, couplings }, Sketch { group: group.to_vec(), states, followers })
    }

    /// Units of one shape.
    fn add_units(&mut self, arch: Arch, shape: Shape, alike: Vec<Sketch>) {
        let size = shape.net_of.len();
        let mut network = Network::new(shape, alike.len() == 1);
        let (mut members, mut states) = (Vec::new(), Vec::new());
        for (number, sketch) in alike.iter().enumerate() {
            let capacitance = network.update(number, &sketch.group, &self.circuits);
            for (place, index) in sketch.group.iter().enumerate() {
                let (neuron, circuit) = &self.circuits[*index];
                let state = sketch.states[place];
                let farad = capacitance[network.shape.net_of[place]];
                let follower = |place: &usize| number * size + place;
                self.places[*index] = Place::Joined(self.units.len(), members.len());
                members.push(Member {
                    circuit: *index,
                    neuron: *neuron,
                    effective: Effective::new(circuit, farad, &self.surroundings(*index)),
                    automaton: state.automaton,
                    threshold_offset: state.threshold_offset,
                    key: noise::key(self.options.seed, neuron.index()),
                    followers: sketch.followers[place].iter().map(follower).collect(),
                    crossing: super::automaton::NEVER,
                });
                states.push(state);
            }
        }
        self.units.push(Unit::new(arch, members, &states, network, self.now, &self.options));
    }
}

/// What a unit is to be made of.
struct Sketch {
    /// Places in the simulation.
    group: Vec<usize>,
    states: Vec<CircuitState>,
    /// Places in the group that follow the fire line of each circuit.
    followers: Vec<Vec<usize>>,
}

/// Whether a stimulus has a meaning.
pub(super) fn check_stimulus(stimulus: Stimulus) -> Result<(), ReferenceError> {
    match stimulus {
        Stimulus::Voltage(value) | Stimulus::Current(value) if !value.is_finite() => {
            let (block, name, demand) = ("stimulation line", "stimulus", "finite");
            Err(ReferenceError::Setting { block, name, value, demand })
        }
        _ => Ok(()),
    }
}

/// Whether a debug line has a meaning.
pub(super) fn check_debug(voltage: Option<f64>) -> Result<(), ReferenceError> {
    match voltage {
        Some(value) if !value.is_finite() => {
            let (block, name, demand) = ("debug line", "voltage", "finite");
            Err(ReferenceError::Setting { block, name, value, demand })
        }
        _ => Ok(()),
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
