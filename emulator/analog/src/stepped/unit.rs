//! Joined circuits, and how they get from event to event.
//!
//! All circuits of a unit share a clock. It stands within a step whose end was chosen when the step began, from the state at that time
//! alone, and knows the membranes everywhere in it. An input within the step ends it there. Nothing depends on how far other units are
//! or on the times at which the simulation was looked at.
//!
//! Units of one shape are computed side by side: a unit is a slot, and each of its circuits has a block of its own. A unit whose shape no
//! other one has fills blocks with its circuits. Bits do not depend on it.

use super::arch::Arch;
use super::automaton::{Automaton, NEVER, Step};
use super::effective::Effective;
use super::elementary::{at_least, at_most};
use super::fleet::first_crossing;
use super::kernel::{LANES, raised};
use super::lanes::{Block, Mode, Row};
use super::network::Network;
use super::noise::{self, Purpose};
use super::simulation::{Fire, Options};
use crate::draws;
use crate::parameters::Line;
use crate::reference::{Cause, Input, Refire};
use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;

/// Longest step in ps; steps end on its multiples, so that units which an event has set apart meet again.
const LONGEST: u64 = 1 << 18;
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
    /// Members that follow its fire line.
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

/// What the circuits of one unit share.
#[derive(Clone, Debug)]
pub(super) struct Strand {
    members: Range<usize>,
    /// Beginning and end of the present step, ps.
    begin: u64,
    end: u64,
    /// The next event: automaton, crossing, input.
    event: u64,
    /// The next step of an automaton alone.
    planned: u64,
    /// Waits for its next step.
    due: bool,
    /// The end is given: that of a step which is made again.
    given: bool,
    pub(super) inputs: VecDeque<Pending>,
}

/// Units of one shape.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    arch: Arch,
    blocks: Vec<Block>,
    network: Network,
    /// Unit by unit.
    pub(super) members: Vec<Member>,
    pub(super) strands: Vec<Strand>,
    /// Nothing happens before, ps.
    wake: u64,
    /// Some unit waits for its next step.
    stale: bool,
    /// Some line has a bypass.
    bypassed: bool,
    noisy: bool,
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
}

impl Standing {
    /// Whether a lane can stand like this at `now`.
    pub(super) fn is_possible(&self, now: u64) -> bool {
        let finite = [self.v, self.lost, self.u[0], self.u[1], self.w, self.threshold_offset];
        let within = self.begin <= now
            && if self.due { self.begin == now } else { self.end > now && self.end - self.begin <= LONGEST };
        let ahead = self.automaton.next() > now || (self.due && self.automaton.next() >= now);
        finite.iter().all(|value| value.is_finite() && value.abs() < 1e6) && within && ahead
    }
}

impl Unit {
    /// Units of one shape, at most [`LANES`], with their members and their states one after the other.
    pub(super) fn new(
        arch: Arch,
        members: Vec<Member>,
        states: &[CircuitState],
        network: Network,
        now: u64,
        options: &Options,
    ) -> Self {
        let (count, size) = (members.len(), network.shape.net_of.len());
        let strand = |number: usize| Strand {
            members: number * size..(number + 1) * size,
            begin: now,
            end: now,
            event: NEVER,
            planned: NEVER,
            due: true,
            given: false,
            inputs: VecDeque::new(),
        };
        let strands: Vec<_> = (0..count / size).map(strand).collect();
        let blocks = if strands.len() == 1 { size.div_ceil(LANES) } else { size };
        let mut unit = Self {
            arch,
            blocks: vec![Block::new(); blocks],
            network,
            members,
            strands,
            wake: now,
            stale: true,
            bypassed: false,
            noisy: options.noise.membrane_rate > 0.0,
        };
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

    pub(super) fn set_arch(&mut self, arch: Arch) {
        self.arch = arch;
    }

    /// Block and slot of a member.
    fn at(&self, lane: usize) -> (usize, usize) {
        let size = self.blocks.len();
        if self.strands.len() == 1 { (lane / LANES, lane % LANES) } else { (lane % size, lane / size) }
    }

    fn strand_of(&self, lane: usize) -> usize {
        lane / self.network.shape.net_of.len()
    }

    /// The members that share a clock with one.
    pub(super) fn fellows(&self, lane: usize) -> Range<usize> {
        self.strands[self.strand_of(lane)].members.clone()
    }

    /// A value of each strand in the slots of its circuits.
    fn slots<T: Copy>(&self, none: T, of: impl Fn(&Strand) -> T) -> [T; LANES] {
        if let [only] = &*self.strands {
            return [of(only); LANES];
        }
        let mut slots = [none; LANES];
        for (slot, strand) in slots.iter_mut().zip(&self.strands) {
            *slot = of(strand);
        }
        slots
    }

    /// Sets the dynamic variables of a lane at the beginning of its step.
    fn place(&mut self, lane: usize, state: &CircuitState) {
        let (block, slot) = self.at(lane);
        let own = &self.members[lane].effective;
        let begin = &mut self.blocks[block].begin;
        begin.v[slot] = state.v as f32;
        begin.lost[slot] = (state.v - f64::from(begin.v[slot])) as f32;
        for line in Line::ALL {
            let which = line as usize;
            begin.u[which][slot] = (state.u[which] - own.lines[which].rest) as f32;
        }
        begin.w[slot] = (state.w - own.reference) as f32;
    }

    /// Tells the lane of a circuit what its circuit is like.
    fn load(&mut self, lane: usize) {
        let (block, slot) = self.at(lane);
        let Member { effective: own, neuron, .. } = &self.members[lane];
        let block = &mut self.blocks[block];
        block.address[slot] = neuron.index() as i32;
        block.fixed.set(slot, &own.fixed);
        for which in 0..2 {
            block.inputs[which].set(slot, &own.inputs[which]);
            let line = &own.lines[which];
            block.step[which][slot] = line.step as f32;
            block.headroom[which][slot] = line.headroom - line.rest as f32;
            self.bypassed |= line.bypass.is_some();
        }
        let uses = &mut block.uses;
        let ever = |amplitude: fn(&Mode) -> f32| own.modes.iter().any(|mode| amplitude(mode) != 0.0);
        uses.inputs[0] |= ever(|mode| mode.excitatory);
        uses.inputs[1] |= ever(|mode| mode.inhibitory);
        uses.modulation |= own.inputs.iter().any(|input| input.slope != 0.0 || input.limit != 1.0);
        uses.exponential |= ever(|mode| mode.exponential);
        let held = own.fixed.w_low > 0.0 || own.fixed.w_high < 0.0;
        uses.adaptation |= own.fixed.output != 0.0
            || block.begin.w[slot] != 0.0
            || own.pulse != 0.0
            || own.fixed.w_coupling != 0.0
            || held;
        self.refresh(lane);
    }

    /// A strand begins a step with what has changed: crossings ahead were those of a step that doesn't exist any more.
    fn start(&mut self, which: usize) {
        for lane in self.strands[which].members.clone() {
            self.members[lane].crossing = NEVER;
            self.refresh(lane);
        }
        let strand = &mut self.strands[which];
        (strand.due, strand.given) = (true, false);
        self.stale = true;
        self.plan(which);
    }

    /// Puts another effective circuit on a lane at `now`; voltages are conserved.
    pub(super) fn reconfigure(&mut self, lane: usize, effective: Effective, now: u64, options: &Options) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let (block, slot) = self.at(lane);
        let member = &mut self.members[lane];
        let before = std::mem::replace(&mut member.effective, effective);
        let block = &mut self.blocks[block];
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

    /// The network, for changes of capacitances and conductances, and which unit of it a member belongs to.
    pub(super) fn network_of(&mut self, lane: usize) -> (&mut Network, usize) {
        let unit = self.strand_of(lane);
        (&mut self.network, unit)
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
        self.strands[which].begin = now;
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
        let Strand { begin, end, due, .. } = self.strands[self.strand_of(lane)];
        let (block, slot) = self.at(lane);
        let point = &self.blocks[block].begin;
        Standing {
            v: point.v[slot],
            lost: point.lost[slot],
            u: [0, 1].map(|line| point.u[line][slot]),
            w: point.w[slot],
            automaton: self.members[lane].automaton,
            threshold_offset: self.members[lane].threshold_offset,
            begin,
            end,
            due,
        }
    }

    /// Puts all lanes to where they stood, and makes their present steps again. `false` if lanes of a strand contradict each other.
    pub(super) fn restore(&mut self, standings: &[Standing]) -> bool {
        for (lane, own) in standings.iter().enumerate() {
            let (block, slot) = self.at(lane);
            let begin = &mut self.blocks[block].begin;
            (begin.v[slot], begin.lost[slot], begin.w[slot]) = (own.v, own.lost, own.w);
            (begin.u[0][slot], begin.u[1][slot]) = (own.u[0], own.u[1]);
            self.members[lane].automaton = own.automaton;
            self.members[lane].threshold_offset = own.threshold_offset;
            self.load(lane);
        }
        for which in 0..self.strands.len() {
            let own = &standings[self.strands[which].members.clone()];
            let first = own[0];
            let same = |one: &Standing| (one.begin, one.end, one.due) == (first.begin, first.end, first.due);
            let net_of = &self.network.shape.net_of;
            let one_net = |place: usize| {
                let twin = (0..place).find(|other| net_of[*other] == net_of[place]);
                twin.is_none_or(|twin| own[twin].v == own[place].v)
            };
            if !own.iter().all(same) || !(0..own.len()).all(one_net) {
                return false;
            }
            self.strands[which].begin = first.begin;
            self.start(which);
            if !first.due {
                let strand = &mut self.strands[which];
                (strand.end, strand.given) = (first.end, true);
            }
        }
        // Steps that were made already; those that are due wait, for what comes in may still change where they begin.
        for strand in &mut self.strands {
            strand.due = strand.given;
        }
        self.step();
        let mut stale = false;
        for strand in &mut self.strands {
            strand.due = !std::mem::replace(&mut strand.given, false);
            stale |= strand.due;
        }
        self.stale = stale;
        self.wake = 0;
        true
    }

    /// Brings the lane of a circuit up to date with its automaton.
    fn refresh(&mut self, lane: usize) {
        let (block, slot) = self.at(lane);
        let Member { effective, automaton, .. } = &self.members[lane];
        let block = &mut self.blocks[block];
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
        let members = &self.members[strand.members.clone()];
        strand.planned = members.iter().map(|member| member.automaton.next()).fold(NEVER, u64::min);
        let input = strand.inputs.front().map_or(NEVER, |pending| pending.time);
        let crossing = members.iter().map(|member| member.crossing).fold(NEVER, u64::min);
        strand.event = strand.planned.min(input).min(crossing);
        self.wake = self.wake.min(strand.event);
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
    pub(super) fn advance(&mut self, until: u64, options: &Options, fires: &mut Vec<Fire>) {
        if self.stale {
            self.step();
            self.sleep();
        }
        while self.wake <= until {
            let over = self.slots(false, |strand| strand.end <= until && strand.end <= strand.event);
            if over != [false; LANES] {
                self.arch.accept(&mut self.blocks, &over);
            }
            let mut any = false;
            let count = self.strands.len();
            for (which, over) in over.into_iter().enumerate().take(count) {
                let Strand { end, event, .. } = self.strands[which];
                if over {
                    let strand = &mut self.strands[which];
                    (strand.begin, strand.due) = (end, true);
                    if event == end {
                        self.events(which, end, options, fires);
                    }
                    any = true;
                } else {
                    any |= self.catch_up(which, until, options, fires);
                }
            }
            if any {
                self.step();
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
            Strand { due: true, begin, .. } => *begin,
            Strand { end, event, .. } => (*end).min(*event),
        };
        self.strands.iter().map(quiet).fold(NEVER, u64::min)
    }

    /// Does what happens to a strand within its step; whether it needs another one.
    fn catch_up(&mut self, which: usize, until: u64, options: &Options, fires: &mut Vec<Fire>) -> bool {
        loop {
            let Strand { end, event, planned, .. } = self.strands[which];
            // The end comes first, or at the same time.
            if event > until || event >= end {
                return false;
            }
            // A crossing changes nothing yet.
            let input = self.strands[which].inputs.front();
            if planned > event && input.is_none_or(|input| input.time > event) {
                self.cross(self.strands[which].members.clone(), event, options);
                self.plan(which);
                continue;
            }
            self.cut(which, event);
            self.events(which, event, options, fires);
            return true;
        }
    }

    /// Ends the present step of a strand at `time`.
    fn cut(&mut self, which: usize, time: u64) {
        let mut hit = [false; LANES];
        hit[which] = true;
        self.cut_all(&hit, time);
    }

    /// The same of all strands with `hit`.
    fn cut_all(&mut self, hit: &[bool; LANES], time: u64) {
        let within: [bool; LANES] = core::array::from_fn(|which| {
            // At the very beginning the state is there already, to the last bit.
            self.strands.get(which).is_some_and(|strand| hit[which] && time > strand.begin && !strand.due)
        });
        if within != [false; LANES] {
            let alone = self.strands.len() == 1;
            let mut mask = [false; LANES];
            let mut after: Row = [0.0; LANES];
            for (which, strand) in self.strands.iter().enumerate().filter(|(which, _)| within[*which]) {
                let slots = if alone { 0..LANES } else { which..which + 1 };
                mask[slots.clone()].fill(true);
                after[slots].fill(microseconds(time - strand.begin));
            }
            self.arch.cut_joined(&mut self.blocks, &mask, &after);
        }
        for which in 0..self.strands.len() {
            if within[which] && self.noisy {
                let Strand { members, begin, end, .. } = &self.strands[which];
                let (members, spans) = (members.clone(), [time - begin, end.saturating_sub(time)]);
                self.bridge(members, time, spans);
            }
            if hit[which] {
                let strand = &mut self.strands[which];
                (strand.begin, strand.due) = (time, true);
                self.stale = true;
            }
        }
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
        let lanes = self.strands[which].members.clone();
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
                let (block, slot) = self.at(lane);
                let member = &mut self.members[lane];
                let v = self.blocks[block].begin.v[slot];
                let above = threshold.is_some_and(|threshold| v >= threshold + member.threshold_offset);
                if above && options.timing.refire == Refire::Level && may_fire {
                    member.automaton.ignite(time, Cause::Comparator, &options.timing);
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, lane: usize, input: Input, time: u64, options: &Options) {
        let (block, slot) = self.at(lane);
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
                let block = &mut self.blocks[block];
                let (step, headroom) = (block.step[line as usize][slot], block.headroom[line as usize][slot]);
                let swing = &mut block.begin.u[line as usize][slot];
                let before = *swing;
                *swing = raised(before, charge.min(1.0) as f32, step, headroom);
                // Relative to where the line rests.
                let bypass = given.bypass.map(|level| level - given.rest as f32);
                if bypass.is_some_and(|level| before < level && *swing >= level) {
                    ignite(Cause::Bypass);
                }
            }
        }
    }

    /// Moves the net of a lane by `volts` at the beginning of its step.
    fn add_to_membrane(&mut self, lane: usize, volts: f32) {
        let (block, slot) = self.at(lane);
        let voltage = self.blocks[block].begin.v[slot] + volts;
        let fellows = self.fellows(lane);
        let net = self.network.shape.net_of[lane - fellows.start];
        for (place, other) in fellows.enumerate() {
            if self.network.shape.net_of[place] == net {
                let (block, slot) = self.at(other);
                self.blocks[block].begin.v[slot] = voltage;
            }
        }
    }

    /// Sets the net of a lane to `voltage` in V at the present.
    pub(super) fn set_membrane(&mut self, lane: usize, voltage: f32, now: u64) {
        let which = self.strand_of(lane);
        self.cut(which, now);
        let (block, slot) = self.at(lane);
        let change = voltage - self.blocks[block].begin.v[slot];
        self.add_to_membrane(lane, change);
        self.start(which);
    }

    /// Charges in C by column reach the lines of a row at `now`, up to which the units have been advanced.
    pub(super) fn pulse(
        &mut self,
        now: u64,
        row: Hemisphere,
        line: Line,
        charges: &[f32; COLUMNS],
        options: &Options,
    ) {
        let first = (COLUMNS * row.index()) as i32;
        let mut slots = [false; LANES];
        for block in &mut self.blocks {
            for (i, hit) in slots.iter_mut().enumerate() {
                let column = block.address[i].wrapping_sub(first) as usize;
                // Neither negative nor not a number; none on the chip is near a coulomb.
                let charge = at_most(at_least(charges.get(column).copied().unwrap_or(0.0), 0.0), 1.0);
                block.charges[i] = charge;
                *hit |= charge > 0.0;
            }
        }
        let mut hit = [false; LANES];
        if self.strands.len() == 1 {
            hit[0] = slots != [false; LANES];
        } else {
            hit = slots;
        }
        if hit == [false; LANES] {
            return;
        }
        self.cut_all(&hit, now);
        if self.bypassed {
            for lane in 0..self.members.len() {
                let (block, slot) = self.at(lane);
                let charge = f64::from(self.blocks[block].charges[slot]);
                if charge > 0.0 {
                    self.receive(lane, Input::Charge { line, charge }, now, options);
                }
            }
        } else {
            self.blocks.iter_mut().for_each(|block| block.charge(line as usize));
        }
        for which in (0..self.strands.len()).filter(|which| hit[*which]) {
            self.start(which);
        }
    }

    /// Makes the steps of all strands that are due.
    fn step(&mut self) {
        self.stale = false;
        if self.strands.iter().all(|strand| !strand.due) {
            return;
        }
        self.arch.begin_joined(&mut self.blocks, &mut self.network, microseconds(LONGEST));
        self.choose_lengths();
        if self.noisy {
            self.draw_noise();
        }
        let crosses = self.arch.step_joined(&mut self.blocks, &mut self.network);
        for which in 0..self.strands.len() {
            if std::mem::replace(&mut self.strands[which].due, false) && crosses {
                self.find_crossings(which);
            }
        }
    }

    /// Ends and lengths of the steps of the strands that are due.
    fn choose_lengths(&mut self) {
        // The shortest length that any circuit of a unit wants.
        let mut shortest = [f32::INFINITY; LANES];
        for (number, block) in self.blocks.iter().enumerate() {
            let used = if self.strands.len() == 1 { self.members.len() - number * LANES } else { LANES };
            for (shortest, pace) in shortest.iter_mut().zip(&block.pace).take(used) {
                *shortest = at_most(*pace, *shortest);
            }
        }
        if self.strands.len() == 1 {
            shortest[0] = shortest.iter().copied().fold(f32::INFINITY, f32::min);
        }
        let mut paces = [0.0; LANES];
        for ((strand, wanted), pace) in self.strands.iter_mut().zip(shortest).zip(&mut paces) {
            if !strand.due {
                continue;
            }
            if !strand.given {
                // Steps of the automatons are known beforehand, whatever comes in.
                let rest = LONGEST - strand.begin % LONGEST;
                let rest = rest.min(strand.planned.saturating_sub(strand.begin)).max(1);
                // Equal steps to the next multiple or step of an automaton.
                let parts = (microseconds(rest) / wanted).ceil().max(1.0) as u64;
                strand.end = strand.begin.saturating_add(rest.div_ceil(parts));
            }
            *pace = microseconds(strand.end - strand.begin);
        }
        let alone = self.strands.len() == 1;
        let used = self.members.len();
        for (number, block) in self.blocks.iter_mut().enumerate() {
            if alone {
                block.pace = [0.0; LANES];
                let used = (used - number * LANES).min(LANES);
                block.pace[..used].fill(paces[0]);
            } else {
                block.pace = paces;
            }
        }
    }

    /// The noise currents of the steps that are due.
    fn draw_noise(&mut self) {
        for which in 0..self.strands.len() {
            let Strand { due, begin, end, ref members, .. } = self.strands[which];
            let moment = noise::moment(begin, Purpose::Step);
            let length = microseconds(end - begin);
            for lane in members.clone().filter(|_| due) {
                let (block, slot) = self.at(lane);
                let Member { effective, key, .. } = &self.members[lane];
                let block = &mut self.blocks[block];
                block.noise[slot] = (effective.diffusion / length).sqrt() * noise::deviate(*key, moment);
                block.correction[slot] = effective.diffusion * length;
            }
            if !due {
                continue;
            }
            let (lanes, net_of) = (members.clone(), self.network.shape.net_of.clone());
            let nets = self.network.shape.parasitics.len();
            let mut sums = vec![(0.0, 0.0); nets];
            for (lane, net) in lanes.clone().zip(&net_of) {
                let (block, slot) = self.at(lane);
                sums[*net].0 += self.blocks[block].noise[slot];
                sums[*net].1 += self.blocks[block].correction[slot];
            }
            for (lane, net) in lanes.zip(&net_of) {
                let (block, slot) = self.at(lane);
                let (noise, variance) = sums[*net];
                self.blocks[block].noise[slot] = noise;
                self.blocks[block].correction[slot] = CONTINUITY_CORRECTION * f32::sqrt(variance);
            }
        }
    }

    /// Where membranes rise through their thresholds in the step just made.
    fn find_crossings(&mut self, which: usize) {
        let Strand { ref members, begin, end, .. } = self.strands[which];
        let mut crosses = false;
        for lane in members.clone() {
            let (block, slot) = self.at(lane);
            let (cubic, below) = self.blocks[block].climb(slot);
            if below > 0.0
                && below.is_finite()
                && let Some(fraction) = first_crossing(cubic, below)
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

    /// A lane at a time within its present step.
    pub(super) fn state(&self, lane: usize, time: u64) -> CircuitState {
        let Strand { begin, end, due, .. } = self.strands[self.strand_of(lane)];
        let (block, slot) = self.at(lane);
        let block = &self.blocks[block];
        let member = &self.members[lane];
        let (v, u, w) = if due {
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
            parked: false,
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

fn microseconds(ps: u64) -> f32 {
    ps as f32 * 1e-6
}
