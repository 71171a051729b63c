//! Lanes that are stepped together, and how each gets from event to event.
//!
//! A strand is what shares a clock: one circuit, or all circuits of a coupled unit. It stands within a step whose end was chosen
//! when the step began, from the state at that time alone, and knows the membrane everywhere in it. An input within the step ends
//! it there. Nothing depends on how far the others are or on the times at which the simulation was looked at.

use super::automaton::{Automaton, NEVER, Step};
use super::effective::Effective;
use super::lanes::Block;
use super::network::Network;
use super::simulation::Fire;
use crate::reference::{Cause, DigitalTiming, Input, Refire};
use bss2_base::{Neuron, SimTime};
use std::collections::VecDeque;
use std::ops::Range;

/// Longest step in ps; steps end on its multiples, so that strands which an event has set apart meet again.
const LONGEST: u64 = 100_000;
/// Allowed error of the cubic within one step, V.
const TOLERANCE: f32 = 1e-6;
/// Longest step in units of the fastest relaxation: the Runge-Kutta method is stable below 2.78.
const STABLE: f32 = 1.5;
/// Longest step in units of the time constant of the run-away.
const RUN_AWAY: f32 = 0.2;

/// A circuit on a lane.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Place in the simulation.
    pub(super) circuit: usize,
    pub(super) neuron: Neuron,
    pub(super) effective: Effective,
    pub(super) automaton: Automaton,
    /// Lanes that follow its fire line.
    pub(super) followers: Vec<usize>,
    /// When the membrane reaches the threshold within the present step, ps.
    pub(super) crossing: u64,
}

/// An input that has not arrived yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// ps.
    pub(super) time: u64,
    pub(super) lane: usize,
    pub(super) arrival: u64,
    pub(super) input: Input,
}

impl Pending {
    /// Artificial fires before charges at the same time, then by circuit.
    fn key(&self) -> (u64, bool, usize, u64) {
        (self.time, matches!(self.input, Input::Charge { .. }), self.lane, self.arrival)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Strand {
    lanes: Range<usize>,
    /// Beginning and end of the present step, ps.
    begin: u64,
    end: u64,
    /// The next event: automaton, crossing, input.
    event: u64,
    /// Waits for its next step.
    due: bool,
    /// The slopes at the beginning are not those at the end of the step before.
    fresh: bool,
    pub(super) inputs: VecDeque<Pending>,
}

#[derive(Clone, Debug)]
pub(super) struct Unit<const W: usize> {
    blocks: Vec<Block<W>>,
    network: Option<Network>,
    pub(super) members: Vec<Member>,
    pub(super) strands: Vec<Strand>,
    coupled: bool,
    /// Nothing happens before, ps.
    wake: u64,
}

/// Where a circuit stands, for recomposition.
#[derive(Clone, Copy, Debug)]
pub(super) struct CircuitState {
    pub(super) v: f32,
    pub(super) u: [f32; 2],
    /// V, not relative to the reference.
    pub(super) w: f64,
    pub(super) automaton: Automaton,
}

impl<const W: usize> Unit<W> {
    /// Members with their states; `coupled`: one clock for all of them.
    pub(super) fn new(
        members: Vec<Member>,
        states: &[CircuitState],
        network: Option<Network>,
        coupled: bool,
        now: u64,
    ) -> Self {
        let count = members.len();
        let mut blocks = vec![Block::new(); count.div_ceil(W)];
        for (lane, (member, state)) in members.iter().zip(states).enumerate() {
            let (block, slot) = (&mut blocks[lane / W], lane % W);
            let own = &member.effective;
            block.inputs[0].set(slot, &own.inputs[0]);
            block.inputs[1].set(slot, &own.inputs[1]);
            block.fixed.set(slot, &own.fixed);
            block.begin.v[slot] = state.v;
            block.begin.u[0][slot] = state.u[0];
            block.begin.u[1][slot] = state.u[1];
            let w = (state.w - own.reference) as f32;
            block.begin.w[slot] = w;
            let uses = &mut block.uses;
            let ever = |amplitude: fn(&super::lanes::Mode) -> f32| {
                own.modes.iter().any(|mode| amplitude(mode) != 0.0)
            };
            uses.inputs[0] |= ever(|mode| mode.excitatory);
            uses.inputs[1] |= ever(|mode| mode.inhibitory);
            uses.exponential |= ever(|mode| mode.exponential);
            uses.output |= own.fixed.output != 0.0;
            let held = own.fixed.w_low > 0.0 || own.fixed.w_high < 0.0;
            uses.adaptation |= w != 0.0 || own.pulse != 0.0 || own.fixed.w_coupling != 0.0 || held;
        }
        let strand = |lanes: Range<usize>| Strand {
            lanes,
            begin: now,
            end: now,
            event: NEVER,
            due: true,
            fresh: true,
            inputs: VecDeque::new(),
        };
        let strands = if coupled {
            vec![strand(0..count)]
        } else {
            (0..count).map(|lane| strand(lane..lane + 1)).collect()
        };
        let mut unit = Self { blocks, network, members, strands, coupled, wake: now };
        for lane in 0..count {
            unit.refresh(lane);
        }
        for strand in 0..unit.strands.len() {
            unit.plan(strand);
        }
        unit.step();
        unit
    }

    fn strand_of(&self, lane: usize) -> usize {
        if self.coupled { 0 } else { lane }
    }

    /// Brings the lane of a circuit up to date with its automaton.
    fn refresh(&mut self, lane: usize) {
        let Member { effective, automaton, .. } = &self.members[lane];
        let (block, slot) = (&mut self.blocks[lane / W], lane % W);
        let in_reset = automaton.in_reset || effective.held_in_reset;
        block.mode.set(slot, &effective.modes[usize::from(in_reset)]);
        block.pulse[slot] = if automaton.pulse { effective.pulse } else { 0.0 };
        let looks = automaton.armed && effective.fires && !effective.held_in_reset;
        block.threshold[slot] = effective.threshold.filter(|_| looks).unwrap_or(f32::INFINITY);
    }

    /// Finds the next event of a strand.
    fn plan(&mut self, which: usize) {
        let strand = &mut self.strands[which];
        let mut event = strand.inputs.front().map_or(NEVER, |pending| pending.time);
        for member in &self.members[strand.lanes.clone()] {
            event = event.min(member.crossing).min(member.automaton.next());
        }
        strand.event = event;
        self.wake = self.wake.min(event);
    }

    /// Plans an input, not before the present.
    pub(super) fn input(&mut self, pending: Pending) {
        let which = self.strand_of(pending.lane);
        let strand = &mut self.strands[which];
        let place = strand.inputs.partition_point(|other| other.key() <= pending.key());
        strand.inputs.insert(place, pending);
        strand.event = strand.event.min(pending.time);
        self.wake = self.wake.min(pending.time);
    }

    /// Everything until `until` in ps, that time included.
    pub(super) fn advance(&mut self, until: u64, timing: &DigitalTiming, fires: &mut Vec<Fire>) {
        while self.wake <= until {
            let mut any = false;
            for which in 0..self.strands.len() {
                any |= self.catch_up(which, until, timing, fires);
            }
            if any {
                self.step();
            }
            self.wake = self.strands.iter().map(|strand| strand.end.min(strand.event)).fold(NEVER, u64::min);
        }
    }

    /// Moves a strand on to where it needs another step; whether it does.
    fn catch_up(&mut self, which: usize, until: u64, timing: &DigitalTiming, fires: &mut Vec<Fire>) -> bool {
        loop {
            let Strand { end, event, .. } = self.strands[which];
            let time = end.min(event);
            if time > until {
                return false;
            }
            let lanes = self.strands[which].lanes.clone();
            if end == time {
                for lane in lanes.clone() {
                    self.blocks[lane / W].accept(lane % W);
                }
                let strand = &mut self.strands[which];
                (strand.begin, strand.due) = (time, true);
                if event > time {
                    return true;
                }
            } else {
                // A crossing changes nothing yet.
                let only_crossings = self.strands[which].inputs.front().is_none_or(|input| input.time > time)
                    && self.members[lanes.clone()].iter().all(|member| member.automaton.next() > time);
                if only_crossings {
                    self.cross(lanes, time, timing);
                    self.plan(which);
                    continue;
                }
                self.cut(which, time);
            }
            self.events(which, time, timing, fires);
            return true;
        }
    }

    /// Ends the present step of a strand at `time`.
    fn cut(&mut self, which: usize, time: u64) {
        let Strand { lanes, begin, end, .. } = self.strands[which].clone_times();
        let fraction = (time - begin) as f64 / (end - begin) as f64;
        let after = microseconds(time - begin);
        // At the very beginning the state is there already, to the last bit.
        let lanes = if time > begin { lanes } else { 0..0 };
        for lane in lanes {
            let (block, slot) = (&mut self.blocks[lane / W], lane % W);
            let exact = block.membrane(slot, fraction);
            let v = exact as f32;
            let w = block.adaptation(slot, fraction) as f32;
            let u = [0, 1].map(|line| block.swing(slot, line, after));
            block.begin.v[slot] = v;
            block.begin.lost[slot] = (exact - f64::from(v)) as f32;
            block.begin.w[slot] = w;
            block.begin.u[0][slot] = u[0];
            block.begin.u[1][slot] = u[1];
        }
        let strand = &mut self.strands[which];
        (strand.begin, strand.due, strand.fresh) = (time, true, true);
    }

    /// Crossings that are due.
    fn cross(&mut self, lanes: Range<usize>, time: u64, timing: &DigitalTiming) {
        for lane in lanes {
            let member = &mut self.members[lane];
            if member.crossing <= time {
                member.crossing = NEVER;
                let reset = time.saturating_add(member.effective.comparator_delay);
                member.automaton.ignite(reset, Cause::Comparator, timing);
                self.refresh(lane);
            }
        }
    }

    /// Everything that happens at `time`, at the beginning of the step of a strand.
    fn events(&mut self, which: usize, time: u64, timing: &DigitalTiming, fires: &mut Vec<Fire>) {
        let lanes = self.strands[which].lanes.clone();
        self.strands[which].fresh = true;
        loop {
            let mut first = (NEVER, 0);
            for lane in lanes.clone() {
                let next = self.members[lane].automaton.next();
                if next < first.0 {
                    first = (next, lane);
                }
            }
            if first.0 <= time {
                self.step_automaton(first.1, time, timing, fires);
                continue;
            }
            self.cross(lanes.clone(), time, timing);
            // With no delay behind the comparator the reset comes first.
            if self.members[lanes.clone()].iter().any(|member| member.automaton.next() <= time) {
                continue;
            }
            let strand = &mut self.strands[which];
            match strand.inputs.front() {
                Some(pending) if pending.time <= time => {
                    let Pending { lane, input, .. } = *pending;
                    strand.inputs.pop_front();
                    self.receive(lane, input, time, timing);
                }
                _ => break,
            }
        }
        // Crossings beyond were those of a step that doesn't exist any more.
        for lane in lanes {
            self.members[lane].crossing = NEVER;
            self.refresh(lane);
        }
        self.plan(which);
    }

    fn step_automaton(&mut self, lane: usize, time: u64, timing: &DigitalTiming, fires: &mut Vec<Fire>) {
        let member = &mut self.members[lane];
        let Effective {
            refractory, pulse_length, threshold, release, held_in_reset, fires: may_fire, ..
        } = member.effective;
        match member.automaton.step(time) {
            Some(Step::Release) if !held_in_reset => self.add_to_membrane(lane, release),
            Some(Step::Edge) => {
                let automaton = &mut member.automaton;
                automaton.start_refractory(time, &refractory, timing);
                automaton.start_pulse(time, pulse_length);
                let master = *automaton;
                fires.push(Fire {
                    neuron: member.neuron,
                    reset: SimTime::from_ps(master.closed_at),
                    edge: SimTime::from_ps(time),
                    cause: master.cause,
                });
                for follower in member.followers.clone() {
                    let Member { automaton, effective, neuron, .. } = &mut self.members[follower];
                    automaton.follow(&master, time, effective.pulse_length);
                    let at = SimTime::from_ps(time);
                    fires.push(Fire { neuron: *neuron, reset: at, edge: at, cause: Cause::FireLine });
                }
            }
            Some(Step::Arm) => {
                let v = self.blocks[lane / W].begin.v[lane % W];
                let above = threshold.is_some_and(|threshold| v >= threshold);
                if above && timing.refire == Refire::Level && may_fire {
                    member.automaton.ignite(time, Cause::Comparator, timing);
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, lane: usize, input: Input, time: u64, timing: &DigitalTiming) {
        let Member { effective, automaton, .. } = &mut self.members[lane];
        let mut ignite = |cause| {
            if automaton.armed && effective.fires {
                automaton.ignite(time, cause, timing);
            }
        };
        match input {
            Input::Fire => ignite(Cause::Artificial),
            Input::Charge { line, charge } => {
                let given = effective.lines[line as usize];
                let swing = &mut self.blocks[lane / W].begin.u[line as usize][lane % W];
                let before = *swing;
                *swing = (before + (charge * given.step) as f32).min(given.headroom.max(before));
                if given.bypass.is_some_and(|level| before < level && *swing >= level) {
                    ignite(Cause::Bypass);
                }
            }
        }
    }

    /// Moves the net of a lane by `volts` at the beginning of its step.
    fn add_to_membrane(&mut self, lane: usize, volts: f32) {
        let voltage = self.blocks[lane / W].begin.v[lane % W] + volts;
        match &self.network {
            None => self.blocks[lane / W].begin.v[lane % W] = voltage,
            Some(network) => {
                for (other, net) in network.net_of.iter().enumerate() {
                    if *net == network.net_of[lane] {
                        self.blocks[other / W].begin.v[other % W] = voltage;
                    }
                }
            }
        }
    }

    /// Sets the net of a lane to `voltage` in V at the present.
    pub(super) fn set_membrane(&mut self, lane: usize, voltage: f32, now: u64) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let change = voltage - self.blocks[lane / W].begin.v[lane % W];
        self.add_to_membrane(lane, change);
        for lane in self.strands[which].lanes.clone() {
            self.members[lane].crossing = NEVER;
        }
        self.plan(which);
        self.step();
    }

    /// Makes the steps of all strands that are due.
    fn step(&mut self) {
        if self.strands.iter().any(|strand| strand.due && strand.fresh) {
            self.blocks.iter_mut().for_each(Block::look_at_begin);
            self.evaluate();
            for strand in self.strands.iter_mut().filter(|strand| strand.due && strand.fresh) {
                strand.fresh = false;
                for lane in strand.lanes.clone() {
                    let (block, slot) = (&mut self.blocks[lane / W], lane % W);
                    block.begin_slopes.v[slot] = block.slopes.v[slot];
                    block.begin_slopes.w[slot] = block.slopes.w[slot];
                    block.begin_slopes.run_away[slot] = block.slopes.run_away[slot];
                }
            }
        }
        self.choose_lengths();
        self.blocks.iter_mut().for_each(Block::first_half);
        self.evaluate();
        self.blocks.iter_mut().for_each(|block| block.inner(0.5));
        self.evaluate();
        self.blocks.iter_mut().for_each(|block| block.inner(1.0));
        self.evaluate();
        self.blocks.iter_mut().for_each(Block::finish);
        self.evaluate();
        self.commit();
    }

    fn evaluate(&mut self) {
        self.blocks.iter_mut().for_each(Block::evaluate);
        if let Some(network) = &mut self.network {
            network.couple(&mut self.blocks);
        }
    }

    /// Ends and lengths of the steps of the strands that are due.
    fn choose_lengths(&mut self) {
        for block in &mut self.blocks {
            block.pace = [0.0; W];
        }
        let mut rates = Vec::new();
        if let Some(network) = &mut self.network {
            network.add_up(&self.blocks, |block, slot| block.begin_slopes.run_away[slot]);
            let run_away = network.sums.clone();
            network.add_up(&self.blocks, |block, slot| block.relaxation(slot, microseconds(LONGEST)));
            rates.extend(
                network.net_of.iter().map(|net| (network.sums[*net] + network.rates[*net], run_away[*net])),
            );
        }
        for strand in self.strands.iter_mut().filter(|strand| strand.due) {
            let mut rest = LONGEST - strand.begin % LONGEST;
            // Steps of the automatons are known beforehand, whatever comes in.
            for member in &self.members[strand.lanes.clone()] {
                rest = rest.min(member.automaton.next() - strand.begin);
            }
            let mut wanted = microseconds(rest);
            for lane in strand.lanes.clone() {
                let (block, slot) = (&self.blocks[lane / W], lane % W);
                let (relaxation, run_away) = rates
                    .get(lane)
                    .copied()
                    .unwrap_or_else(|| (block.relaxation(slot, wanted), block.begin_slopes.run_away[slot]));
                let slope = block.begin_slopes.v[slot];
                wanted = wanted.min(length(wanted, block.drive_rate(slot).max(relaxation), run_away, slope));
            }
            // Equal steps to the next multiple or step of an automaton.
            let parts = (microseconds(rest) / wanted).ceil().max(1.0) as u64;
            let ps = rest.div_ceil(parts);
            strand.end = strand.begin + ps;
            for lane in strand.lanes.clone() {
                self.blocks[lane / W].pace[lane % W] = microseconds(ps);
            }
        }
    }

    /// Takes over the steps just made, and looks for crossings.
    fn commit(&mut self) {
        for which in 0..self.strands.len() {
            let strand = &mut self.strands[which];
            if !strand.due {
                continue;
            }
            strand.due = false;
            let mut crosses = false;
            let (begin, end) = (strand.begin, strand.end);
            for lane in strand.lanes.clone() {
                let (block, slot) = (&mut self.blocks[lane / W], lane % W);
                block.commit(slot);
                if block.may_cross(slot)
                    && let Some(fraction) = block.crossing(slot)
                {
                    let after = (fraction * (end - begin) as f64).ceil() as u64;
                    self.members[lane].crossing = (begin + after.max(1)).min(end);
                    crosses = true;
                }
            }
            if crosses {
                self.plan(which);
            }
        }
    }

    /// A lane at a time within its present step.
    pub(super) fn state(&self, lane: usize, time: u64) -> CircuitState {
        let Strand { begin, end, .. } = &self.strands[self.strand_of(lane)];
        let (block, slot) = (&self.blocks[lane / W], lane % W);
        let fraction = (time - begin) as f64 / (end - begin) as f64;
        let after = microseconds(time - begin);
        let member = &self.members[lane];
        CircuitState {
            v: block.membrane(slot, fraction) as f32,
            u: [0, 1].map(|line| block.swing(slot, line, after)),
            w: block.adaptation(slot, fraction) + member.effective.reference,
            automaton: member.automaton,
        }
    }
}

impl Strand {
    /// A copy without the inputs.
    fn clone_times(&self) -> Self {
        Self { lanes: self.lanes.clone(), inputs: VecDeque::new(), ..*self }
    }
}

fn microseconds(ps: u64) -> f32 {
    ps as f32 * 1e-6
}

/// The longest step in us, at most `longest`, for a membrane that relaxes with `rate`, runs away with `run_away` (both 1/us) and
/// moves with `slope` (V/us).
fn length(longest: f32, rate: f32, run_away: f32, slope: f32) -> f32 {
    let mut length = longest;
    if length * run_away > RUN_AWAY {
        length = RUN_AWAY / run_away;
    }
    // What a relaxation of this rate and slope leaves in the cubic.
    let x = length * rate;
    let error = x * x * x * slope.abs() * length * (1.0 / 384.0);
    if error > TOLERANCE {
        length *= (TOLERANCE / error).sqrt().sqrt();
    }
    if length * rate > STABLE { STABLE / rate } else { length }
}
