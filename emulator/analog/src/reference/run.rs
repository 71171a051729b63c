//! A group from event to event.

use super::automaton::{Automaton, Cause, NEVER, Refire};
use super::equations::Access;
use super::error::{ReferenceError, SolverError};
use super::group::GroupEquations;
use super::simulation::{Fire, Group, Input, Options, Probe};
use super::solver::{Crossing, DenseStep, Stop};
use crate::circuit::Circuit;
use crate::parameters::Line;
use bss2_base::Neuron;

/// What a group needs of the simulation while it runs.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    pub(super) circuits: &'a [(Neuron, Circuit)],
    pub(super) probes: &'a mut [Probe],
    pub(super) watching: &'a [usize],
    pub(super) places: &'a [(usize, usize)],
    pub(super) fires: &'a mut Vec<Fire>,
}

impl Run<'_> {
    pub(super) fn advance(
        &mut self,
        group: &mut Group,
        inputs: &[(f64, usize, Input)],
        until: f64,
    ) -> Result<(), ReferenceError> {
        let mut inputs = inputs.iter().peekable();
        loop {
            self.step_automatons(group);
            while let Some((_, circuit, input)) = inputs.next_if(|(time, ..)| *time <= group.time) {
                self.receive(group, *circuit, *input);
            }
            // Inputs may have fired.
            let planned = group.automatons.iter().map(Automaton::next).fold(until, f64::min);
            if planned <= group.time && planned < until {
                continue;
            }
            if group.time >= until {
                if group.automatons.iter().any(|automaton| automaton.next() <= group.time) {
                    continue;
                }
                return Ok(());
            }
            let next = inputs.peek().map_or(planned, |(time, ..)| planned.min(*time));
            self.integrate(group, next)?;
        }
    }

    /// Does all steps of automatons that are due.
    pub(super) fn step_automatons(&mut self, group: &mut Group) {
        loop {
            let due = group
                .automatons
                .iter()
                .enumerate()
                .map(|(circuit, automaton)| (automaton.next(), circuit))
                .fold((NEVER, 0), |first, next| if next.0 < first.0 { next } else { first });
            if due.0 > group.time {
                return;
            }
            self.step_automaton(group, due.1, due.0);
        }
    }

    fn step_automaton(&mut self, group: &mut Group, circuit: usize, time: f64) {
        let (neuron, given) = &self.circuits[group.members[circuit]];
        let timing = &self.options.timing;
        let automaton = &mut group.automatons[circuit];
        if automaton.release_at == time {
            automaton.release_at = NEVER;
            automaton.in_reset = false;
            let net = group.equations.net_of[circuit];
            if !given.held_in_reset {
                group.y[net] += given.release_charge / group.equations.capacitance[net];
            }
        } else if automaton.reset_at == time {
            automaton.reset_at = NEVER;
            automaton.in_reset = true;
            automaton.closed_at = time;
        } else if automaton.edge_at == time {
            automaton.edge_at = NEVER;
            automaton.start_refractory(time, given, timing);
            automaton.start_pulse(time, given);
            let master = *automaton;
            self.fires.push(Fire {
                neuron: *neuron,
                reset: master.closed_at * 1e-12,
                edge: time * 1e-12,
                cause: master.cause,
            });
            for place in 0..group.followers[circuit].len() {
                let follower = group.followers[circuit][place];
                self.follow(group, follower, &master, time);
            }
        } else if automaton.pulse_end == time {
            automaton.pulse_end = NEVER;
            automaton.pulse = false;
        } else {
            automaton.arm_at = NEVER;
            automaton.armed = true;
            let threshold = given.comparator.threshold;
            let above = group.y[group.equations.net_of[circuit]] >= threshold;
            if above && timing.refire == Refire::Level && compares(given) {
                automaton.ignite(time, Cause::Comparator, timing);
            }
        }
        let automaton = &group.automatons[circuit];
        let condition = &mut group.equations.conditions[circuit];
        condition.in_reset = automaton.in_reset || given.held_in_reset;
        condition.pulse = automaton.pulse;
    }

    /// A slave takes the refractory state of its fire line.
    fn follow(&mut self, group: &mut Group, follower: usize, master: &Automaton, time: f64) {
        let (neuron, given) = &self.circuits[group.members[follower]];
        let automaton = &mut group.automatons[follower];
        automaton.armed = false;
        automaton.in_reset = true;
        automaton.closed_at = time;
        automaton.cause = Cause::FireLine;
        automaton.release_at = master.release_at;
        automaton.arm_at = master.arm_at;
        automaton.stalled = master.stalled;
        automaton.start_pulse(time, given);
        group.equations.conditions[follower].in_reset = true;
        group.equations.conditions[follower].pulse = automaton.pulse;
        let (reset, edge) = (time * 1e-12, time * 1e-12);
        self.fires.push(Fire { neuron: *neuron, reset, edge, cause: Cause::FireLine });
    }

    pub(super) fn receive(&mut self, group: &mut Group, circuit: usize, input: Input) {
        let (_, given) = &self.circuits[group.members[circuit]];
        match input {
            Input::Fire => ignite(group, circuit, given, Cause::Artificial, self.options),
            Input::Charge { line, charge } => {
                let component = group.equations.line(circuit, line);
                let before = group.y[component];
                let step = charge * group.equations.circuits[circuit].line_step(line);
                let headroom = given.inputs[line as usize].headroom;
                let after = (before + step).min(headroom.max(before));
                group.y[component] = after;
                let level = given.inputs[line as usize].bypass_level;
                if given.bits.inputs[line as usize].bypass && before < level && after >= level {
                    ignite(group, circuit, given, Cause::Bypass, self.options);
                }
            }
        }
    }

    /// What ends an integration early: the crossings, and the circuit and cause of each.
    pub(super) fn crossings(&self, group: &Group) -> (Vec<Crossing>, Vec<(usize, Cause)>) {
        let mut crossings = Vec::new();
        let mut causes = Vec::new();
        for (circuit, automaton) in group.automatons.iter().enumerate() {
            let (_, given) = &self.circuits[group.members[circuit]];
            if !automaton.armed || !fires(given) {
                continue;
            }
            if compares(given) {
                let component = group.equations.net_of[circuit];
                crossings.push(Crossing { component, level: given.comparator.threshold });
                causes.push((circuit, Cause::Comparator));
            }
            for line in Line::ALL {
                // Events raise a swing at once; only a debug line raises it gradually.
                let forced = group.equations.conditions[circuit].debug[line as usize].is_some();
                if given.bits.inputs[line as usize].bypass && forced {
                    let component = group.equations.line(circuit, line);
                    crossings.push(Crossing { component, level: given.inputs[line as usize].bypass_level });
                    causes.push((circuit, Cause::Bypass));
                }
            }
        }
        (crossings, causes)
    }

    /// Whether a group is stiff from the start: far apart relaxations, or a voltage source on a membrane, which leaves it 2.5 ns.
    pub(super) fn is_stiff(&self, group: &Group) -> bool {
        let equations = &group.equations;
        let driven = equations.circuits.iter().zip(&equations.conditions).any(|(circuit, condition)| {
            circuit.given.bits.unbuffered_access && matches!(condition.access, Access::Voltage(..))
        });
        driven || equations.capacitance.len() > 1 && equations.spread() > self.options.stiff_spread
    }

    /// The failure of the integrator of a group.
    pub(super) fn failure(&self, group: &Group, error: SolverError) -> ReferenceError {
        ReferenceError::Solver { neuron: self.circuits[group.members[0]].0, at: group.time * 1e-12, error }
    }

    /// A circuit of a group whose present is that of a crossing fires.
    pub(super) fn cross(&self, group: &mut Group, (circuit, cause): (usize, Cause)) {
        let (_, given) = &self.circuits[group.members[circuit]];
        let delay = if cause == Cause::Comparator { given.comparator.delay * 1e12 } else { 0.0 };
        group.automatons[circuit].ignite(group.time + delay, cause, &self.options.timing);
    }

    /// Integrates to `next` or the first crossing.
    fn integrate(&mut self, group: &mut Group, next: f64) -> Result<(), ReferenceError> {
        let (crossings, causes) = self.crossings(group);
        let stiff = self.is_stiff(group);
        let start = group.time;
        let Group { integrator, equations, y, .. } = group;
        let (probes, watching, places) = (&mut *self.probes, self.watching, self.places);
        let stop =
            integrator.advance(equations, y, (next - start) * 1e-12, stiff, &crossings, |offset, step| {
                let begin = start + offset * 1e12;
                let end = (begin + step.length * 1e12).min(next);
                sample(equations, probes, watching, places, begin, end, step);
            });
        match stop.map_err(|error| self.failure(group, error))? {
            Stop::End => group.time = next,
            Stop::Crossed { which, after } => {
                group.time = (start + after * 1e12).min(next);
                self.cross(group, causes[which]);
            }
        }
        Ok(())
    }
}

/// Takes the samples in `begin..end` (ps).
fn sample(
    equations: &GroupEquations,
    probes: &mut [Probe],
    watching: &[usize],
    places: &[(usize, usize)],
    begin: f64,
    end: f64,
    step: &DenseStep,
) {
    for number in watching {
        let probe = &mut probes[*number];
        let observed = equations.observed(places[probe.circuit].1, probe.quantity);
        while probe.next() < end {
            let theta = ((probe.next() - begin) / (step.length * 1e12)).clamp(0.0, 1.0);
            probe.values.push(observed.gain * step.value(observed.component, theta) + observed.offset);
        }
    }
}

/// Whether a circuit can fire by itself.
pub(super) fn fires(circuit: &Circuit) -> bool {
    circuit.bits.fire && !circuit.bits.fire_lines.slave && !circuit.held_in_reset
}

/// Whether the comparator of a circuit is looked at.
fn compares(circuit: &Circuit) -> bool {
    circuit.bits.threshold_comparator && circuit.comparator.works
}

/// The fire line of a circuit rises now, unless it can't.
fn ignite(group: &mut Group, circuit: usize, given: &Circuit, cause: Cause, options: &Options) {
    let automaton = &mut group.automatons[circuit];
    if automaton.armed && given.bits.fire && !given.bits.fire_lines.slave {
        automaton.ignite(group.time, cause, &options.timing);
    }
}
