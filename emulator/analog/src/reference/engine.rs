//! Level R under the hands of a core: all circuits of a chip, told and asked at any time.
//!
//! A group *flies*: it is integrated in one go from what it was told last to the next thing it knows of (a step of an automaton, a
//! crossing, the horizon), and the steps are kept. Questions on the way are answered by their dense output (analog-core 9.4); what
//! comes in on the way cuts the flight, which is flown again up to there. So neither windows nor readings change a bit.

use super::automaton::{Automaton, Cause, NEVER};
use super::error::{ReferenceError, SolverError};
use super::nets::NetRemark;
use super::run::{Run, fires};
use super::simulation::{
    CircuitState, Fire, Group, Input, Observed, Options, Quantity, Simulation, Stimulus,
};
use super::solver::{DenseStep, Stop};
use crate::circuit::Circuit;
use crate::core::RefractorySpan;
use crate::parameters::Line;
use crate::stepped::{BackEnd, State};
use bss2_base::{Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// The first flight after a change, ps.
const FIRST_HORIZON: f64 = 1e5;
/// The longest flight, ps.
const LAST_HORIZON: f64 = 2e8;

/// Joined circuits beyond which somebody should be warned: a step takes a tenth of a second of a few hundred equations.
const MANY: usize = 32;
/// How many failures are remembered until somebody asks.
const MOST_FAILURES: usize = 8;

/// Circuits of level R for a core.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(crate) struct Engine {
    simulation: Simulation,
    /// By group.
    flights: Vec<Option<Flight>>,
    /// How far each group flies next, ps.
    horizons: Vec<f64>,
    /// What could not be integrated and has not been asked for yet. The groups stand still until they are told something else.
    failures: Vec<ReferenceError>,
}

/// A group from its present to the next thing that it knows of.
#[derive(Clone, Debug)]
struct Flight {
    /// Steps with their beginnings, ps.
    steps: Vec<(f64, DenseStep)>,
    /// State at the end.
    y: Vec<f64>,
    /// How far it was to go, ps.
    planned: f64,
    /// How far it goes, ps.
    end: f64,
    /// Who fires at the end.
    crossing: Option<(usize, Cause)>,
}

impl Engine {
    /// An engine of these circuits, see [`Simulation::new`].
    ///
    /// # Errors
    /// As [`Simulation::new`].
    pub(crate) fn new(
        circuits: Vec<(Neuron, Circuit)>,
        options: Options,
        now: SimTime,
    ) -> Result<Self, ReferenceError> {
        let mut simulation = Simulation::new(circuits, options)?;
        simulation.now = now.as_ps();
        for group in &mut simulation.groups {
            group.time = now.as_ps() as f64;
        }
        let mut engine = Self { simulation, flights: Vec::new(), horizons: Vec::new(), failures: Vec::new() };
        engine.ground();
        Ok(engine)
    }

    /// What could not be integrated since this was last asked.
    pub(crate) fn take_failures(&mut self) -> Vec<ReferenceError> {
        std::mem::take(&mut self.failures)
    }

    /// Systems of more circuits than can be integrated in a reasonable time.
    pub(crate) fn many_joined(&self) -> Vec<NetRemark> {
        let large = self.simulation.groups.iter().filter(|group| group.members.len() > MANY);
        large
            .map(|group| NetRemark::ManyJoined {
                first: self.simulation.circuits[group.members[0]].0,
                circuits: group.members.len(),
            })
            .collect()
    }

    /// All groups are new.
    fn ground(&mut self) {
        let count = self.simulation.groups.len();
        self.flights = vec![None; count];
        self.horizons = vec![FIRST_HORIZON; count];
    }

    /// Changes circuits at the present time, see [`Simulation::configure`].
    ///
    /// # Errors
    /// As [`Simulation::configure`]; nothing has changed then.
    pub(crate) fn configure(&mut self, told: &[(Neuron, Circuit)]) -> Result<(), ReferenceError> {
        let mut indices = Vec::with_capacity(told.len());
        for (neuron, circuit) in told {
            circuit.check(*neuron)?;
            indices.push(self.simulation.index(*neuron)?);
        }
        let switches = |circuit: &Circuit| {
            (
                circuit.bits.compartments,
                circuit.compartment.conductance > 0.0,
                circuit.bits.fire_lines,
                circuit.bits.unbuffered_access,
            )
        };
        let rewired = indices
            .iter()
            .zip(told)
            .any(|(index, (_, circuit))| switches(&self.simulation.circuits[*index].1) != switches(circuit));
        if !rewired {
            for (index, (_, circuit)) in indices.into_iter().zip(told) {
                if self.simulation.circuits[index].1 != *circuit {
                    self.land_now(self.simulation.places[index].0);
                    self.retell(index, circuit);
                }
            }
            return Ok(());
        }
        (0..self.flights.len()).for_each(|group| self.land_now(group));
        let simulation = &mut self.simulation;
        let states = simulation.states();
        let before = simulation.circuits.clone();
        for (index, (_, circuit)) in indices.iter().zip(told) {
            simulation.circuits[*index].1 = *circuit;
        }
        if let Err(error) = simulation.compose(&states) {
            simulation.circuits = before;
            return Err(error);
        }
        for index in indices {
            simulation.wake_refractory(index);
        }
        self.ground();
        Ok(())
    }

    /// Replaces a circuit whose switches to others stay; its group is at the present time.
    fn retell(&mut self, index: usize, circuit: &Circuit) {
        let simulation = &mut self.simulation;
        simulation.circuits[index].1 = *circuit;
        let (group, place) = simulation.places[index];
        let Group { equations, members, automatons, .. } = &mut simulation.groups[group];
        let net = equations.net_of[place];
        let own = |index: usize| simulation.circuits[index].1.capacitance();
        let shared = members.iter().zip(&equations.net_of).filter(|(_, other)| **other == net);
        equations.capacitance[net] =
            shared.map(|(member, _)| own(*member)).sum::<f64>() + equations.parasitics[net];
        equations.circuits[place] = super::equations::Equations::new(circuit);
        equations.conditions[place].in_reset = automatons[place].in_reset || circuit.held_in_reset;
        simulation.wake_refractory(index);
    }

    /// Drives the stimulation line of a row from now on, see [`Simulation::set_stimulus`].
    ///
    /// # Errors
    /// As [`Simulation::set_stimulus`].
    pub(crate) fn set_stimulus(&mut self, row: Hemisphere, stimulus: Stimulus) -> Result<(), ReferenceError> {
        (0..self.flights.len()).for_each(|group| self.land_now(group));
        self.simulation.set_stimulus(row, stimulus)
    }

    /// Closes or opens a debug switch of a column, see [`Simulation::set_debug_line`].
    ///
    /// # Errors
    /// As [`Simulation::set_debug_line`].
    pub(crate) fn set_debug_line(
        &mut self,
        neuron: Neuron,
        line: Line,
        voltage: Option<f64>,
    ) -> Result<(), ReferenceError> {
        let index = self.simulation.index(neuron)?;
        if self.simulation.debug[index][line as usize] == voltage {
            return Ok(());
        }
        self.land_now(self.simulation.places[index].0);
        self.simulation.set_debug_line(neuron, line, voltage)
    }

    /// Plans an input, not before the present.
    ///
    /// # Errors
    /// As [`Simulation::input`].
    pub(crate) fn input(&mut self, at: SimTime, neuron: Neuron, input: Input) -> Result<(), ReferenceError> {
        self.simulation.input(at, neuron, input)
    }

    /// Makes a neuron refractory as its fire line is, see [`AnalogCore::follow`](crate::AnalogCore::follow).
    ///
    /// # Errors
    /// An unknown neuron.
    pub(crate) fn follow(
        &mut self,
        neuron: Neuron,
        release: SimTime,
        until: SimTime,
    ) -> Result<(), ReferenceError> {
        let index = self.simulation.index(neuron)?;
        let (group, place) = self.simulation.places[index];
        self.land_now(group);
        let now = self.simulation.now as f64;
        let Simulation { groups, circuits, .. } = &mut self.simulation;
        let Group { automatons, equations, .. } = &mut groups[group];
        let automaton = &mut automatons[place];
        let begins = automaton.armed;
        (automaton.armed, automaton.stalled) = (false, false);
        (automaton.reset_at, automaton.edge_at) = (NEVER, NEVER);
        let (release, until) = (planned(Some(release)), planned(Some(until)));
        // A reset that has opened is not closed again for one that should be open as well.
        if begins || automaton.in_reset || release > now {
            if !automaton.in_reset {
                (automaton.closed_at, automaton.cause) = (now, Cause::FireLine);
            }
            automaton.in_reset = true;
            automaton.release_at = release.max(now);
        }
        automaton.arm_at = until.max(now);
        if begins {
            automaton.start_pulse(now, &circuits[index].1);
        }
        let condition = &mut equations.conditions[place];
        (condition.in_reset, condition.pulse) = (true, automaton.pulse);
        condition.in_reset = automaton.in_reset || circuits[index].1.held_in_reset;
        Ok(())
    }

    /// The refractory state of a neuron at present, `None` if it has none or its fire edge is still ahead.
    ///
    /// # Errors
    /// An unknown neuron.
    pub(crate) fn refractory(&self, neuron: Neuron) -> Result<Option<RefractorySpan>, ReferenceError> {
        let automaton = self.automaton(neuron)?;
        let begun = !automaton.armed && automaton.edge_at == NEVER;
        let release = if automaton.in_reset { moment(automaton.release_at) } else { SimTime::ZERO };
        Ok(begun.then_some(RefractorySpan { release, until: moment(automaton.arm_at) }))
    }

    /// Whether a neuron is between a threshold crossing and its next arming.
    ///
    /// # Errors
    /// An unknown neuron.
    pub(crate) fn is_refractory(&self, neuron: Neuron) -> Result<bool, ReferenceError> {
        Ok(!self.automaton(neuron)?.armed)
    }

    fn automaton(&self, neuron: Neuron) -> Result<&Automaton, ReferenceError> {
        let (group, place) = self.simulation.places[self.simulation.index(neuron)?];
        Ok(&self.simulation.groups[group].automatons[place])
    }

    /// Where a circuit stands at present.
    ///
    /// # Errors
    /// An unknown neuron.
    pub(crate) fn state(&self, neuron: Neuron) -> Result<State, ReferenceError> {
        let (group, place) = self.simulation.places[self.simulation.index(neuron)?];
        let Group { equations, automatons, .. } = &self.simulation.groups[group];
        let component = |component| self.component(group, component);
        let automaton = &automatons[place];
        let ahead = |time: f64| (time != NEVER).then(|| moment(time));
        let back_end = BackEnd {
            reset_at: ahead(automaton.reset_at),
            edge_at: ahead(automaton.edge_at),
            release_at: ahead(automaton.release_at),
            arm_at: ahead(automaton.arm_at),
            pulse_ends_at: ahead(automaton.pulse_end),
            in_reset: automaton.in_reset,
            pulse: automaton.pulse,
            armed: automaton.armed,
            stalled: automaton.stalled,
            cause: automaton.cause,
            closed_at: moment(automaton.closed_at),
        };
        Ok(State {
            membrane: component(equations.net_of[place]),
            lines: Line::ALL.map(|line| component(equations.line(place, line))),
            adaptation: component(equations.adaptation(place)),
            back_end,
            threshold_offset: 0.0,
        })
    }

    /// Takes a circuit over from another class at present, with where it stands there. If it shares a net, all of it takes this voltage.
    ///
    /// # Errors
    /// An unknown neuron, voltages that are not finite.
    pub(crate) fn resume(&mut self, neuron: Neuron, state: &State) -> Result<(), ReferenceError> {
        let index = self.simulation.index(neuron)?;
        let State { membrane, lines, adaptation, back_end, .. } = state;
        for (name, value) in
            [("membrane", *membrane), ("line", lines[0]), ("line", lines[1]), ("adaptation", *adaptation)]
        {
            check_state(neuron, name, value)?;
        }
        let (group, place) = self.simulation.places[index];
        self.land_now(group);
        let held = self.simulation.circuits[index].1.held_in_reset;
        let Group { equations, automatons, y, .. } = &mut self.simulation.groups[group];
        y[equations.net_of[place]] = *membrane;
        for line in Line::ALL {
            y[equations.line(place, line)] = lines[line as usize];
        }
        y[equations.adaptation(place)] = *adaptation;
        automatons[place] = automaton_of(back_end);
        let condition = &mut equations.conditions[place];
        (condition.in_reset, condition.pulse) = (back_end.in_reset || held, back_end.pulse);
        Ok(())
    }

    /// A quantity at the present time, in V.
    ///
    /// # Errors
    /// An unknown neuron.
    pub(crate) fn value(&self, neuron: Neuron, quantity: Quantity) -> Result<f64, ReferenceError> {
        let (group, place) = self.simulation.places[self.simulation.index(neuron)?];
        let Observed { gain, component, offset } =
            self.simulation.groups[group].equations.observed(place, quantity);
        Ok(gain * self.component(group, component) + offset)
    }

    /// A component of the state of a group at the present time.
    fn component(&self, group: usize, component: usize) -> f64 {
        let now = self.simulation.now as f64;
        match &self.flights[group] {
            Some(flight) if now >= flight.end => flight.y[component],
            Some(flight) => {
                let after = flight.steps.partition_point(|(begin, _)| *begin <= now);
                match flight.steps.get(after.wrapping_sub(1)) {
                    Some((begin, step)) => {
                        step.value(component, ((now - begin) / (step.length * 1e12)).clamp(0.0, 1.0))
                    }
                    None => self.simulation.groups[group].y[component],
                }
            }
            None => self.simulation.groups[group].y[component],
        }
    }

    /// Moves the present to `until`, inputs at that very time included. A time before the present does nothing.
    pub(crate) fn advance(&mut self, until: SimTime) {
        let until = until.as_ps();
        if until < self.simulation.now {
            return;
        }
        let later = self.simulation.inputs.split_off(&(until + 1, 0, 0, 0));
        let due = std::mem::replace(&mut self.simulation.inputs, later);
        let mut of_group: Vec<Vec<(f64, usize, Input)>> = vec![Vec::new(); self.flights.len()];
        for ((time, _, circuit, _), input) in due {
            let (group, place) = self.simulation.places[circuit];
            of_group[group].push((time as f64, place, input));
        }
        for (group, inputs) in of_group.iter().enumerate() {
            self.advance_group(group, inputs, until as f64);
        }
        self.simulation.now = until;
    }

    fn advance_group(&mut self, number: usize, inputs: &[(f64, usize, Input)], until: f64) {
        let mut inputs = inputs.iter().peekable();
        loop {
            let next_input = inputs.peek().map_or(NEVER, |(time, ..)| *time);
            match &self.flights[number] {
                Some(flight) if flight.end <= until.min(next_input) => {
                    self.land(number);
                    self.horizons[number] = (2.0 * self.horizons[number]).min(LAST_HORIZON);
                    continue;
                }
                Some(_) if next_input > until => return,
                Some(_) => {
                    // Cut short by an input: flown again up to there.
                    self.flights[number] = None;
                    self.horizons[number] =
                        (next_input - self.simulation.groups[number].time).clamp(FIRST_HORIZON, LAST_HORIZON);
                    self.fly(number, next_input);
                    self.land(number);
                    continue;
                }
                None => {}
            }
            let (mut run, group) = split(&mut self.simulation, number);
            run.step_automatons(group);
            while let Some((_, circuit, input)) = inputs.next_if(|(time, ..)| *time <= group.time) {
                run.receive(group, *circuit, *input);
            }
            // Inputs may have fired.
            if group.automatons.iter().any(|automaton| automaton.next() <= group.time) {
                continue;
            }
            let planned = group.automatons.iter().map(Automaton::next).fold(NEVER, f64::min);
            let next_input = inputs.peek().map_or(NEVER, |(time, ..)| *time);
            let horizon = group.time + self.horizons[number];
            self.fly(number, planned.min(next_input).min(horizon));
        }
    }

    /// Integrates a group from its present to `next` or the first crossing, without going there.
    fn fly(&mut self, number: usize, next: f64) {
        let (run, group) = split(&mut self.simulation, number);
        let (crossings, causes) = run.crossings(group);
        let stiff = run.is_stiff(group);
        let start = group.time;
        let mut y = group.y.clone();
        let mut steps = Vec::new();
        let Group { integrator, equations, .. } = &mut *group;
        let span = (next - start) * 1e-12;
        let stop = if span > 0.0 {
            integrator.advance(equations, &mut y, span, stiff, &crossings, |offset, step| {
                steps.push((start + offset * 1e12, step.clone()));
            })
        } else {
            Ok(Stop::End)
        };
        let (end, crossing) = match stop {
            Ok(Stop::End) => (next, None),
            Ok(Stop::Crossed { which, after }) => ((start + after * 1e12).min(next), Some(causes[which])),
            Err(error) => {
                let error: SolverError = error;
                let failure = run.failure(group, error);
                if self.failures.len() < MOST_FAILURES {
                    self.failures.push(failure);
                }
                (y, steps) = (group.y.clone(), Vec::new());
                (next, None)
            }
        };
        self.flights[number] = Some(Flight { steps, y, planned: next, end, crossing });
    }

    /// A group is at the end of its flight.
    fn land(&mut self, number: usize) {
        let Some(flight) = self.flights[number].take() else { return };
        let (run, group) = split(&mut self.simulation, number);
        (group.y, group.time) = (flight.y, flight.end);
        if let Some(crossing) = flight.crossing {
            run.cross(group, crossing);
        }
    }

    /// Cuts the flight of a group at the present time, because something is about to change.
    fn land_now(&mut self, number: usize) {
        let now = self.simulation.now as f64;
        self.flights[number] = None;
        let elapsed = now - self.simulation.groups[number].time;
        if elapsed > 0.0 {
            self.horizons[number] = elapsed.clamp(FIRST_HORIZON, LAST_HORIZON);
            self.fly(number, now);
            self.land(number);
        }
    }

    /// No circuit fires before this time unless something else comes in: a lower bound.
    pub(crate) fn quiescent_until(&self) -> SimTime {
        let mut bound =
            self.simulation.inputs.first_key_value().map_or(NEVER, |((time, ..), _)| *time as f64);
        for (group, flight) in self.simulation.groups.iter().zip(&self.flights) {
            for (automaton, member) in group.automatons.iter().zip(&group.members) {
                let circuit = &self.simulation.circuits[*member].1;
                bound = bound.min(automaton.edge_at);
                if !fires(circuit) {
                    continue;
                }
                let forced = self.simulation.debug[*member].iter().any(Option::is_some);
                let bypass = forced && circuit.bits.inputs.iter().any(|input| input.bypass);
                if circuit.bits.threshold_comparator && circuit.comparator.works || bypass {
                    let flown = flight.as_ref().map_or(group.time, |flight| flight.end);
                    bound = bound.min(if automaton.armed { flown } else { automaton.arm_at });
                }
            }
        }
        moment(bound)
    }

    /// Takes out the fires so far, by the time of their edges, then by neuron.
    pub(crate) fn take_fires(&mut self) -> Vec<(SimTime, Neuron)> {
        let edge = |fire: &Fire| (SimTime::from_ps((fire.edge * 1e12).round() as u64), fire.neuron);
        let mut fires: Vec<_> = self.simulation.fires.drain(..).map(|fire| edge(&fire)).collect();
        fires.sort_unstable();
        fires
    }
}

impl PartialEq for Engine {
    /// Equal if their futures are.
    fn eq(&self, other: &Self) -> bool {
        Stored::from(self.clone()) == Stored::from(other.clone())
    }
}

/// What a run of a group needs, and the group.
fn split(simulation: &mut Simulation, number: usize) -> (Run<'_>, &mut Group) {
    let Simulation { options, circuits, probes, places, fires, groups, .. } = simulation;
    (Run { options, circuits, probes, watching: &[], places, fires }, &mut groups[number])
}

impl Simulation {
    /// A refractory period that had no clock begins when there is one.
    fn wake_refractory(&mut self, index: usize) {
        let (group, place) = self.places[index];
        let automaton = &mut self.groups[group].automatons[place];
        if automaton.stalled {
            automaton.start_refractory(self.now as f64, &self.circuits[index].1, &self.options.timing);
        }
    }
}

/// A time in ps as the automaton has it.
fn planned(time: Option<SimTime>) -> f64 {
    time.filter(|time| *time != SimTime::MAX).map_or(NEVER, |time| time.as_ps() as f64)
}

/// A time of the automaton, rounded down to ps; [`SimTime::MAX`] for never.
fn moment(time: f64) -> SimTime {
    if time == NEVER { SimTime::MAX } else { SimTime::from_ps(time as u64) }
}

fn automaton_of(given: &BackEnd) -> Automaton {
    Automaton {
        reset_at: planned(given.reset_at),
        edge_at: planned(given.edge_at),
        release_at: planned(given.release_at),
        arm_at: planned(given.arm_at),
        pulse_end: planned(given.pulse_ends_at),
        in_reset: given.in_reset,
        pulse: given.pulse,
        armed: given.armed,
        stalled: given.stalled,
        cause: given.cause,
        closed_at: given.closed_at.as_ps() as f64,
    }
}

fn check_state(neuron: Neuron, name: &'static str, value: f64) -> Result<(), ReferenceError> {
    if value.is_finite() && value.abs() < 1e3 {
        return Ok(());
    }
    Err(ReferenceError::Parameter { neuron, circuit: "state", name, value, demand: "within a kilovolt" })
}

/// Everything that makes the future of an engine. Flights are flown again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    options: Options,
    now: u64,
    circuits: Vec<(Neuron, Circuit)>,
    stimuli: [Stimulus; 2],
    debug: Vec<[Option<f64>; 2]>,
    standings: Vec<Standing>,
    inputs: Vec<(u64, u8, usize, u64, Input)>,
    arrivals: u64,
    fires: Vec<Fire>,
}

/// Where a circuit stood when its group took off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Standing {
    /// ps.
    time: f64,
    /// How far its group flies, ps.
    horizon: f64,
    /// How far the flight was to go, ps, unless it is still on the ground.
    planned: Option<f64>,
    membrane: f64,
    lines: [f64; 2],
    adaptation: f64,
    automaton: Automaton,
}

/// Why a snapshot is not believed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
enum StoredError {
    #[error("a snapshot of reference circuits: {0}")]
    Circuits(#[from] ReferenceError),
    #[error("a snapshot of reference circuits has {found} {what} for {circuits} circuits")]
    Count { what: &'static str, found: usize, circuits: usize },
    #[error("a snapshot of reference circuits: neuron {} stands where no circuit can", .0.index())]
    Standing(Neuron),
}

impl From<Engine> for Stored {
    fn from(engine: Engine) -> Self {
        let Engine { simulation, flights, horizons, .. } = engine;
        let states = simulation.states();
        let standing = |(state, (group, _)): (&CircuitState, &(usize, usize))| Standing {
            time: simulation.groups[*group].time,
            horizon: horizons[*group],
            planned: flights[*group].as_ref().map(|flight| flight.planned),
            membrane: state.v,
            lines: state.u,
            adaptation: state.w,
            automaton: state.automaton,
        };
        let standings = states.iter().zip(&simulation.places).map(standing).collect();
        let Simulation { options, circuits, debug, stimuli, now, inputs, arrivals, fires, .. } = simulation;
        let inputs = inputs
            .into_iter()
            .map(|((time, kind, circuit, arrival), input)| (time, kind, circuit, arrival, input))
            .collect();
        Self { options, now, circuits, stimuli, debug, standings, inputs, arrivals, fires }
    }
}

impl TryFrom<Stored> for Engine {
    type Error = StoredError;

    fn try_from(stored: Stored) -> Result<Self, StoredError> {
        let Stored { options, now, circuits, stimuli, debug, standings, inputs, arrivals, fires } = stored;
        let count = circuits.len();
        let beyond = inputs.iter().filter(|(_, _, circuit, ..)| *circuit >= count).count();
        for (what, found, expected) in [
            ("states", standings.len(), count),
            ("debug switches", debug.len(), count),
            ("inputs beyond the last one", beyond, 0),
        ] {
            if found != expected {
                return Err(StoredError::Count { what, found, circuits: count });
            }
        }
        let mut engine = Self::new(circuits, options, SimTime::from_ps(now))?;
        for row in Hemisphere::ALL {
            engine.simulation.set_stimulus(row, stimuli[row.index()])?;
        }
        let present = now as f64;
        let mut states = Vec::with_capacity(count);
        for (index, standing) in standings.iter().enumerate() {
            let neuron = engine.simulation.circuits[index].0;
            for line in Line::ALL {
                engine.simulation.set_debug_line(neuron, line, debug[index][line as usize])?;
            }
            let Standing { time, horizon, planned, membrane, lines, adaptation, automaton } = *standing;
            for value in [membrane, lines[0], lines[1], adaptation] {
                check_state(neuron, "voltage", value)?;
            }
            let possible = (0.0..=present).contains(&time)
                && (FIRST_HORIZON..=LAST_HORIZON).contains(&horizon)
                && automaton.next() >= time
                && planned.is_none_or(|planned| planned >= present && planned <= time + LAST_HORIZON);
            if !possible {
                return Err(StoredError::Standing(neuron));
            }
            states.push(CircuitState { v: membrane, u: lines, w: adaptation, low_pass: 0.0, automaton });
        }
        engine.simulation.compose(&states)?;
        engine.ground();
        for (index, standing) in standings.iter().enumerate() {
            let (group, place) = engine.simulation.places[index];
            let own = &mut engine.simulation.groups[group];
            if place > 0 && (own.time, engine.horizons[group]) != (standing.time, standing.horizon) {
                return Err(StoredError::Standing(engine.simulation.circuits[index].0));
            }
            (own.time, engine.horizons[group]) = (standing.time, standing.horizon);
        }
        for (index, standing) in standings.iter().enumerate() {
            let (group, place) = engine.simulation.places[index];
            if let (0, Some(planned)) = (place, standing.planned) {
                engine.fly(group, planned);
            }
        }
        engine.simulation.inputs = inputs
            .into_iter()
            .map(|(time, kind, circuit, arrival, input)| ((time, kind, circuit, arrival), input))
            .collect();
        (engine.simulation.arrivals, engine.simulation.fires) = (arrivals, fires);
        Ok(engine)
    }
}
