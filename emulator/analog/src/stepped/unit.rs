//! Lanes that are stepped together, and how each gets from event to event.
//!
//! A strand is what shares a clock: one circuit, or all circuits of a coupled unit. It stands within a step whose end was chosen
//! when the step began, from the state at that time alone, and knows the membrane everywhere in it. An input within the step ends
//! it there. Nothing depends on how far the others are or on the times at which the simulation was looked at.

use super::automaton::{Automaton, NEVER, Step};
use super::effective::Effective;
use super::lanes::{Block, Mode};
use super::network::Network;
use super::noise::{self, Purpose};
use super::simulation::{Fire, Options};
use crate::draws;
use crate::parameters::Line;
use crate::reference::{Cause, Input, Refire};
use bss2_base::{Neuron, SimTime};
use serde::{Deserialize, Serialize};
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
/// -zeta(1/2) / sqrt(2 pi): by how much a barrier that is watched in steps is to be lowered, in units of the noise of one step.
const CONTINUITY_CORRECTION: f32 = 0.5826;

/// A circuit on a lane.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Place in the simulation.
    pub(super) circuit: usize,
    pub(super) neuron: Neuron,
    pub(super) effective: Effective,
    pub(super) automaton: Automaton,
    /// Deviation of the threshold that this arming has drawn, V.
    pub(super) threshold_offset: f32,
    /// What makes the noise of the membrane its own.
    pub(super) key: u32,
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
    pub(super) fn key(&self) -> (u64, bool, usize, u64) {
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
    /// The end is given: that of a step which is made again.
    given: bool,
    /// In another class: stands still and takes nothing in.
    pub(super) parked: bool,
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
    /// Some strand waits for its next step.
    stale: bool,
}

/// Where a circuit stands, for recomposition.
#[derive(Clone, Copy, Debug)]
pub(super) struct CircuitState {
    /// V, with what rounding takes from it.
    pub(super) v: f64,
    /// Swings in V, not relative to where a line rests.
    pub(super) u: [f64; 2],
    /// V, not relative to the reference.
    pub(super) w: f64,
    pub(super) automaton: Automaton,
    pub(super) threshold_offset: f32,
    pub(super) parked: bool,
}

/// Everything that makes the future of a lane, to the bit: the beginning of its present step. The rest follows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// V; what rounding took from it; swings and adaptation voltage relative to their rests.
    pub(super) v: f32,
    pub(super) lost: f32,
    pub(super) u: [f32; 2],
    pub(super) w: f32,
    pub(super) automaton: Automaton,
    pub(super) threshold_offset: f32,
    /// ps.
    pub(super) begin: u64,
    pub(super) end: u64,
    /// The step is yet to be chosen.
    pub(super) due: bool,
    pub(super) parked: bool,
}

impl Standing {
    /// Whether a lane can stand like this at `now`.
    pub(super) fn is_possible(&self, now: u64) -> bool {
        let finite = [self.v, self.lost, self.u[0], self.u[1], self.w, self.threshold_offset];
        let within = self.begin <= now
            && if self.due { self.begin == now } else { self.end > now && self.end - self.begin <= LONGEST };
        let ahead = self.automaton.next() > now || (self.due && self.automaton.next() >= now);
        finite.iter().all(|value| value.is_finite() && value.abs() < 1e6)
            && (self.parked || (within && ahead))
    }
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
        let strand = |lanes: Range<usize>| Strand {
            parked: lanes.len() == 1 && !coupled && states[lanes.start].parked,
            lanes,
            begin: now,
            end: now,
            event: NEVER,
            due: true,
            fresh: true,
            given: false,
            inputs: VecDeque::new(),
        };
        let strands = if coupled {
            vec![strand(0..count)]
        } else {
            (0..count).map(|lane| strand(lane..lane + 1)).collect()
        };
        let blocks = vec![Block::new(); count.div_ceil(W)];
        let mut unit = Self { blocks, network, members, strands, coupled, wake: now, stale: true };
        for (lane, state) in states.iter().enumerate() {
            unit.place(lane, state);
        }
        for lane in 0..count {
            unit.load(lane);
        }
        for strand in 0..unit.strands.len() {
            unit.start(strand);
        }
        unit
    }

    /// Sets the dynamic variables of a lane at the beginning of its step.
    fn place(&mut self, lane: usize, state: &CircuitState) {
        let own = &self.members[lane].effective;
        let (block, slot) = (&mut self.blocks[lane / W], lane % W);
        block.begin.v[slot] = state.v as f32;
        block.begin.lost[slot] = (state.v - f64::from(block.begin.v[slot])) as f32;
        for line in Line::ALL {
            let which = line as usize;
            block.begin.u[which][slot] = (state.u[which] - own.lines[which].rest) as f32;
        }
        block.begin.w[slot] = (state.w - own.reference) as f32;
    }

    /// Tells the lane of a circuit what its circuit is like.
    fn load(&mut self, lane: usize) {
        let own = &self.members[lane].effective;
        let (block, slot) = (&mut self.blocks[lane / W], lane % W);
        block.inputs[0].set(slot, &own.inputs[0]);
        block.inputs[1].set(slot, &own.inputs[1]);
        block.fixed.set(slot, &own.fixed);
        let uses = &mut block.uses;
        let ever = |amplitude: fn(&Mode) -> f32| own.modes.iter().any(|mode| amplitude(mode) != 0.0);
        uses.inputs[0] |= ever(|mode| mode.excitatory);
        uses.inputs[1] |= ever(|mode| mode.inhibitory);
        uses.exponential |= ever(|mode| mode.exponential);
        uses.output |= own.fixed.output != 0.0;
        let held = own.fixed.w_low > 0.0 || own.fixed.w_high < 0.0;
        uses.adaptation |=
            block.begin.w[slot] != 0.0 || own.pulse != 0.0 || own.fixed.w_coupling != 0.0 || held;
        self.refresh(lane);
    }

    /// A strand begins a step with what has changed: crossings ahead were those of a step that doesn't exist any more.
    fn start(&mut self, which: usize) {
        for lane in self.strands[which].lanes.clone() {
            self.members[lane].crossing = NEVER;
            self.refresh(lane);
        }
        let parked = self.strands[which].parked;
        let strand = &mut self.strands[which];
        (strand.due, strand.fresh, strand.given) = (!parked, true, false);
        if parked {
            (strand.end, strand.event) = (NEVER, NEVER);
            strand.inputs.clear();
        } else {
            self.stale = true;
            self.plan(which);
        }
    }

    /// Puts another effective circuit on a lane at `now`; voltages are conserved.
    pub(super) fn reconfigure(&mut self, lane: usize, effective: Effective, now: u64, options: &Options) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let member = &mut self.members[lane];
        let before = std::mem::replace(&mut member.effective, effective);
        let (block, slot) = (&mut self.blocks[lane / W], lane % W);
        let moved = |value: &mut f32, old: f64, new: f64| {
            if old != new {
                *value = (f64::from(*value) + old - new) as f32;
            }
        };
        moved(&mut block.begin.w[slot], before.reference, effective.reference);
        for line in 0..2 {
            moved(&mut block.begin.u[line][slot], before.lines[line].rest, effective.lines[line].rest);
        }
        if member.automaton.stalled {
            member.automaton.start_refractory(now, &effective.refractory, &options.timing);
        }
        self.load(lane);
        self.start(which);
    }

    /// The network, for changes of capacitances and conductances.
    pub(super) fn network_mut(&mut self) -> Option<&mut Network> {
        self.network.as_mut()
    }

    /// Makes a circuit refractory as its fire line is, at `now`.
    pub(super) fn follow(&mut self, lane: usize, now: u64, [release, until]: [u64; 2]) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let Member { automaton, effective, .. } = &mut self.members[lane];
        if automaton.set_refractory(now, release, until) {
            automaton.start_pulse(now, effective.pulse_length);
        }
        self.start(which);
    }

    /// Puts a lane where another class left it, at `now`.
    pub(super) fn resume(&mut self, lane: usize, now: u64, state: &CircuitState) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let strand = &mut self.strands[which];
        (strand.begin, strand.parked) = (now, false);
        self.members[lane].automaton = state.automaton;
        self.members[lane].threshold_offset = state.threshold_offset;
        self.place(lane, state);
        // All of its net.
        self.add_to_membrane(lane, 0.0);
        self.load(lane);
        self.start(which);
    }

    /// Everything about a lane that does not follow from its circuit.
    pub(super) fn standing(&self, lane: usize) -> Standing {
        let Strand { begin, end, due, parked, .. } = self.strands[self.strand_of(lane)];
        let (block, slot) = (&self.blocks[lane / W], lane % W);
        Standing {
            v: block.begin.v[slot],
            lost: block.begin.lost[slot],
            u: [0, 1].map(|line| block.begin.u[line][slot]),
            w: block.begin.w[slot],
            automaton: self.members[lane].automaton,
            threshold_offset: self.members[lane].threshold_offset,
            begin,
            end,
            due,
            parked,
        }
    }

    /// Puts all lanes to where they stood, and makes their present steps again. `false` if lanes of a strand contradict each other.
    pub(super) fn restore(&mut self, standings: &[Standing], options: &Options) -> bool {
        for (lane, own) in standings.iter().enumerate() {
            let (block, slot) = (&mut self.blocks[lane / W], lane % W);
            (block.begin.v[slot], block.begin.lost[slot], block.begin.w[slot]) = (own.v, own.lost, own.w);
            (block.begin.u[0][slot], block.begin.u[1][slot]) = (own.u[0], own.u[1]);
            self.members[lane].automaton = own.automaton;
            self.members[lane].threshold_offset = own.threshold_offset;
            self.load(lane);
        }
        for which in 0..self.strands.len() {
            let lanes = self.strands[which].lanes.clone();
            let first = standings[lanes.start];
            let same = |own: &Standing| {
                (own.begin, own.end, own.due, own.parked) == (first.begin, first.end, first.due, first.parked)
            };
            let one_net = |lane: usize| match &self.network {
                None => true,
                Some(network) => {
                    let mut before = lanes.start..lane;
                    let twin = before.find(|other| network.net_of[*other] == network.net_of[lane]);
                    twin.is_none_or(|twin| standings[twin].v == standings[lane].v)
                }
            };
            if !standings[lanes.clone()].iter().all(same) || !lanes.clone().all(one_net) {
                return false;
            }
            let strand = &mut self.strands[which];
            strand.begin = first.begin;
            strand.parked = first.parked && !self.coupled;
            self.start(which);
            let strand = &mut self.strands[which];
            if !first.due && !strand.parked {
                (strand.end, strand.given) = (first.end, true);
            }
        }
        // Steps that were made already; those that are due wait, for what comes in may still change where they begin.
        let waiting: Vec<bool> =
            self.strands.iter_mut().map(|s| std::mem::replace(&mut s.due, s.given)).collect();
        self.step(options);
        let mut stale = false;
        for (strand, waiting) in self.strands.iter_mut().zip(waiting) {
            let given = std::mem::replace(&mut strand.given, false);
            strand.due = waiting && !given;
            strand.fresh |= strand.due;
            stale |= strand.due;
        }
        self.stale = stale;
        self.wake = 0;
        true
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
        let offset = self.members[lane].threshold_offset;
        let level = effective.threshold.filter(|_| looks).map(|threshold| threshold + offset);
        block.threshold[slot] = level.unwrap_or(f32::INFINITY);
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
        if strand.parked {
            return;
        }
        let place = strand.inputs.partition_point(|other| other.key() <= pending.key());
        strand.inputs.insert(place, pending);
        strand.event = strand.event.min(pending.time);
        self.wake = self.wake.min(pending.time);
    }

    /// Everything until `until` in ps, that time included.
    pub(super) fn advance(&mut self, until: u64, options: &Options, fires: &mut Vec<Fire>) {
        if self.stale {
            self.step(options);
            self.sleep();
        }
        while self.wake <= until {
            let mut any = false;
            for which in 0..self.strands.len() {
                any |= self.catch_up(which, until, options, fires);
            }
            if any {
                self.step(options);
            }
            self.sleep();
        }
    }

    /// Finds out when something happens next.
    fn sleep(&mut self) {
        self.wake = self.strands.iter().map(|strand| strand.end.min(strand.event)).fold(NEVER, u64::min);
    }

    /// No circuit of the unit fires before this time, in ps, unless something comes in.
    pub(super) fn quiescent_until(&self) -> u64 {
        let quiet = |strand: &Strand| match strand {
            Strand { parked: true, .. } => NEVER,
            Strand { due: true, begin, .. } => *begin,
            Strand { end, event, .. } => (*end).min(*event),
        };
        self.strands.iter().map(quiet).fold(NEVER, u64::min)
    }

    /// Moves a strand on to where it needs another step; whether it does.
    fn catch_up(&mut self, which: usize, until: u64, options: &Options, fires: &mut Vec<Fire>) -> bool {
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
                    self.cross(lanes, time, options);
                    self.plan(which);
                    continue;
                }
                self.cut(which, time);
            }
            self.events(which, time, options, fires);
            return true;
        }
    }

    /// Ends the present step of a strand at `time`.
    fn cut(&mut self, which: usize, time: u64) {
        if self.strands[which].parked {
            return;
        }
        let Strand { lanes, begin, end, .. } = self.strands[which].clone_times();
        let fraction = (time - begin) as f64 / (end - begin) as f64;
        let after = microseconds(time - begin);
        // At the very beginning the state is there already, to the last bit.
        let lanes = if time > begin && !self.strands[which].due { lanes } else { 0..0 };
        for lane in lanes.clone() {
            let (block, slot) = (&mut self.blocks[lane / W], lane % W);
            let exact = block.membrane(slot, fraction);
            let v = exact as f32;
            let w = block.adaptation(slot, fraction) as f32;
            let u = [0, 1].map(|line| block.swing(slot, line, after));
            block.noise[slot] = 0.0;
            block.begin.v[slot] = v;
            block.begin.lost[slot] = (exact - f64::from(v)) as f32;
            block.begin.w[slot] = w;
            block.begin.u[0][slot] = u[0];
            block.begin.u[1][slot] = u[1];
        }
        self.bridge(lanes, time, [time - begin, end.saturating_sub(time)]);
        let strand = &mut self.strands[which];
        (strand.begin, strand.due, strand.fresh) = (time, !strand.parked, true);
        self.stale |= strand.due;
    }

    /// What a step of noise that ends early lacks: it has moved the membrane by less than a Brownian path would have, and the difference is
    /// the variance of a Brownian bridge between both ends.
    fn bridge(&mut self, lanes: Range<usize>, time: u64, [behind, ahead]: [u64; 2]) {
        let moment = noise::moment(time, Purpose::Bridge);
        for lane in lanes {
            let Member { effective, key, .. } = &self.members[lane];
            if effective.diffusion > 0.0 {
                let (behind, ahead) = (microseconds(behind), microseconds(ahead));
                let variance = effective.diffusion * behind * ahead / (behind + ahead);
                let jump = variance.sqrt() * noise::deviate(*key, moment);
                self.add_to_membrane(lane, jump);
            }
        }
    }

    /// Crossings that are due.
    fn cross(&mut self, lanes: Range<usize>, time: u64, options: &Options) {
        for lane in lanes {
            let member = &mut self.members[lane];
            if member.crossing <= time {
                member.crossing = NEVER;
                let reset = ignition(time, member.effective.comparator_delay, member.neuron, options);
                member.automaton.ignite(reset, Cause::Comparator, &options.timing);
                self.refresh(lane);
            }
        }
    }

    /// Everything that happens at `time`, at the beginning of the step of a strand.
    fn events(&mut self, which: usize, time: u64, options: &Options, fires: &mut Vec<Fire>) {
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
                self.step_automaton(first.1, time, options, fires);
                continue;
            }
            self.cross(lanes.clone(), time, options);
            // With no delay behind the comparator the reset comes first.
            if self.members[lanes.clone()].iter().any(|member| member.automaton.next() <= time) {
                continue;
            }
            let strand = &mut self.strands[which];
            match strand.inputs.front() {
                Some(pending) if pending.time <= time => {
                    let Pending { lane, input, .. } = *pending;
                    strand.inputs.pop_front();
                    self.receive(lane, input, time, options);
                }
                _ => break,
            }
        }
        self.start(which);
    }

    fn step_automaton(&mut self, lane: usize, time: u64, options: &Options, fires: &mut Vec<Fire>) {
        let member = &mut self.members[lane];
        let Effective {
            refractory, pulse_length, threshold, release, held_in_reset, fires: may_fire, ..
        } = member.effective;
        match member.automaton.step(time) {
            Some(Step::Release) if !held_in_reset => self.add_to_membrane(lane, release),
            Some(Step::Edge) => {
                let automaton = &mut member.automaton;
                automaton.start_refractory(time, &refractory, &options.timing);
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
                let sigma = options.noise.threshold;
                if sigma > 0.0 {
                    let number = member.neuron.index() as u32;
                    let deviate = draws::normal(options.seed, draws::THRESHOLD, number, time);
                    member.threshold_offset = (sigma * deviate) as f32;
                }
                let v = self.blocks[lane / W].begin.v[lane % W];
                let above = threshold.is_some_and(|threshold| v >= threshold + member.threshold_offset);
                if above && options.timing.refire == Refire::Level && may_fire {
                    member.automaton.ignite(time, Cause::Comparator, &options.timing);
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, lane: usize, input: Input, time: u64, options: &Options) {
        let Member { effective, automaton, .. } = &mut self.members[lane];
        let mut ignite = |cause| {
            if automaton.armed && effective.fires {
                automaton.ignite(time, cause, &options.timing);
            }
        };
        match input {
            Input::Fire => ignite(Cause::Artificial),
            Input::Charge { line, charge } => {
                let given = effective.lines[line as usize];
                let swing = &mut self.blocks[lane / W].begin.u[line as usize][lane % W];
                // Relative to where the line rests.
                let rest = given.rest as f32;
                let before = *swing;
                *swing = (before + (charge * given.step) as f32).min((given.headroom - rest).max(before));
                let bypass = given.bypass.map(|level| level - rest);
                if bypass.is_some_and(|level| before < level && *swing >= level) {
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
        self.start(which);
    }

    /// A charge reaches the line of a lane at `now`, up to which the unit has been advanced.
    pub(super) fn charge(&mut self, lane: usize, now: u64, line: Line, charge: f64, options: &Options) {
        let which = self.strand_of(lane);
        if self.strands[which].parked {
            return;
        }
        self.cut(which, now);
        self.receive(lane, Input::Charge { line, charge }, now, options);
        self.start(which);
    }

    /// Makes the steps of all strands that are due.
    fn step(&mut self, options: &Options) {
        self.stale = false;
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
        if options.noise.membrane_rate > 0.0 {
            self.draw_noise();
        }
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
            if strand.given {
                for lane in strand.lanes.clone() {
                    self.blocks[lane / W].pace[lane % W] = microseconds(strand.end - strand.begin);
                }
                continue;
            }
            let mut rest = LONGEST - strand.begin % LONGEST;
            // Steps of the automatons are known beforehand, whatever comes in.
            for member in &self.members[strand.lanes.clone()] {
                rest = rest.min(member.automaton.next().saturating_sub(strand.begin)).max(1);
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
            strand.end = strand.begin.saturating_add(ps);
            for lane in strand.lanes.clone() {
                self.blocks[lane / W].pace[lane % W] = microseconds(ps);
            }
        }
    }

    /// The noise currents of the steps that are due.
    fn draw_noise(&mut self) {
        for strand in self.strands.iter().filter(|strand| strand.due) {
            let moment = noise::moment(strand.begin, Purpose::Step);
            let length = microseconds(strand.end - strand.begin);
            for lane in strand.lanes.clone() {
                let Member { effective, key, .. } = &self.members[lane];
                let (block, slot) = (&mut self.blocks[lane / W], lane % W);
                block.noise[slot] = (effective.diffusion / length).sqrt() * noise::deviate(*key, moment);
                block.correction[slot] = effective.diffusion * length;
            }
            if let Some(network) = &mut self.network {
                let mut spread = |quantity: fn(&mut Block<W>) -> &mut [f32; W]| {
                    network.sums.fill(0.0);
                    for (lane, net) in network.net_of.iter().enumerate() {
                        network.sums[*net] += quantity(&mut self.blocks[lane / W])[lane % W];
                    }
                    for (lane, net) in network.net_of.iter().enumerate() {
                        quantity(&mut self.blocks[lane / W])[lane % W] = network.sums[*net];
                    }
                };
                spread(|block| &mut block.noise);
                spread(|block| &mut block.correction);
            }
            for lane in strand.lanes.clone() {
                let correction = &mut self.blocks[lane / W].correction[lane % W];
                *correction = CONTINUITY_CORRECTION * correction.sqrt();
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
        let Strand { begin, end, due, parked, .. } = self.strands[self.strand_of(lane)];
        let (block, slot) = (&self.blocks[lane / W], lane % W);
        let member = &self.members[lane];
        let (v, u, w) = if due || parked {
            let v = f64::from(block.begin.v[slot]) + f64::from(block.begin.lost[slot]);
            (v, [0, 1].map(|line| block.begin.u[line][slot]), f64::from(block.begin.w[slot]))
        } else {
            let fraction = (time - begin) as f64 / (end - begin) as f64;
            let after = microseconds(time - begin);
            let u = [0, 1].map(|line| block.swing(slot, line, after));
            (block.membrane(slot, fraction), u, block.adaptation(slot, fraction))
        };
        CircuitState {
            v,
            u: [0, 1].map(|line| f64::from(u[line]) + member.effective.lines[line].rest),
            w: w + member.effective.reference,
            automaton: member.automaton,
            threshold_offset: member.threshold_offset,
            parked,
        }
    }
}

/// When the fire line rises after a crossing at `time`; all in ps.
pub(super) fn ignition(time: u64, delay: u64, neuron: Neuron, options: &Options) -> u64 {
    let sigma = options.noise.comparator_jitter;
    if sigma > 0.0 {
        let number = neuron.index() as u32;
        let jitter = sigma * draws::normal(options.seed, draws::COMPARATOR_DELAY, number, time);
        let seconds = SimTime::from_ps(delay).as_secs_f64() + jitter;
        time.saturating_add(SimTime::from_secs_f64(seconds).as_ps())
    } else {
        time.saturating_add(delay)
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
