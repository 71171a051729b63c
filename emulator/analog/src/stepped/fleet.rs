//! All circuits that share nothing with others: sixteen to a block, and how they get from event to event.
//!
//! Each lane stands within a step of its own, chosen when the step began from the state of its own circuit at that time alone, and knows
//! its membrane everywhere in it. What comes in ends the step early. Lanes that are told the same (events of a row of synapses) keep step
//! with each other all the same, and a block makes all steps that are due at once; a lane that needs many short ones is moved to
//! a block of such lanes. Neither changes its bits.

use super::arch::{Arch, Hit};
use super::automaton::{Automaton, NEVER, Step};
use super::effective::Effective;
use super::elementary::{at_least, at_most};
use super::kernel::{self, Block, Control, Course, LANES, LATER, Survey, cut_lane, feature};
use super::lanes::Mode;
use super::simulation::{Fire, Options};
use super::unit::{CircuitState, Pending, ignition};
use crate::draws;
use crate::parameters::Line;
use crate::reference::{Cause, Input, Refire};
use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The epoch moves by this many ps.
const EPOCH: u64 = 1 << 29;
/// A lane leaves its block when so few others keep step with it.
const FEW: i32 = 6;
/// A lane that needs more steps than this to the next grid point is swift.
const SWIFT: i32 = 4;

/// Largest change of the argument of the saturation of an input by charges within a step: to second order that is right to 1e-4.
const BENT: f32 = 0.025;

/// A lane goes home when it has this part of its patience.
const CALM: f32 = 0.25;

/// What a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Lanes that keep step.
    Home,
    /// Lanes that need some steps more, in their refractory period.
    Slow,
    /// Lanes that run away.
    Swift,
}

/// A circuit on a lane.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Place in the simulation.
    pub(super) circuit: usize,
    pub(super) neuron: Neuron,
    pub(super) effective: Effective,
    pub(super) automaton: Automaton,
    /// Deviation of the threshold that this arming has drawn, V.
    threshold_offset: f32,
    /// What makes the noise of the membrane its own.
    key: u32,
    /// In another class: stands still and takes nothing in.
    parked: bool,
    /// When the membrane reaches the threshold within the present step, ps.
    crossing: u64,
    block: usize,
    slot: usize,
}

/// Everything that makes the future of a lane, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    course: Course,
    automaton: Automaton,
    threshold_offset: f32,
    /// Of the present step, ps; [`NEVER`] at the end of one that lasts until something comes in.
    begin: u64,
    end: u64,
    crossing: u64,
    parked: bool,
}

impl Standing {
    /// Whether a lane can stand like this at `now`.
    pub(super) fn is_possible(&self, now: u64) -> bool {
        let all = self.course.all().into_iter().chain([self.threshold_offset]);
        let (begin, end) = (self.begin, self.end);
        let waits = end == now && begin == now;
        let within = begin <= now && end > now && (end == NEVER || end - begin < 1 << 23);
        let crosses = self.crossing == NEVER || (self.crossing > now && self.crossing <= end);
        let ahead = self.automaton.next() > now || (waits && self.automaton.next() >= now);
        // A step never passes the automaton, except one that found the crossing which set it going.
        let sane = { all }.all(|value| value.is_finite() && value.abs() < 1e6) && crosses && ahead;
        self.parked || (sane && (waits || within))
    }
}

/// The lanes.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    arch: Arch,
    /// What the times of the blocks count from, ps.
    epoch: u64,
    blocks: Vec<Block>,
    /// The member on each slot of each block.
    crew: Vec<[Option<usize>; LANES]>,
    /// What each block is for.
    class: Vec<Class>,
    /// No lane of a block needs anything before.
    wake: Vec<i32>,
    /// Blocks from here on are for lanes that are set apart.
    homes: usize,
    pub(super) members: Vec<Member>,
    /// Member of each column, by row.
    by_column: [Box<[Option<u16>; COLUMNS]>; 2],
    /// By time.
    pub(super) inputs: VecDeque<Pending>,
    noisy: bool,
}

impl Fleet {
    /// Circuits by place in the simulation, with where they stand at `now`.
    pub(super) fn new(
        arch: Arch,
        circuits: &[(usize, Neuron, Effective, CircuitState, u32)],
        now: u64,
        options: &Options,
    ) -> Self {
        let homes = circuits.len().div_ceil(LANES);
        let mut fleet = Self {
            arch,
            epoch: now & !(EPOCH - 1),
            blocks: vec![Block::new(); homes],
            crew: vec![[None; LANES]; homes],
            class: vec![Class::Home; homes],
            wake: vec![i32::MIN; homes],
            homes,
            members: Vec::with_capacity(circuits.len()),
            by_column: [(); 2].map(|()| Box::new([None; COLUMNS])),
            inputs: VecDeque::new(),
            noisy: options.noise.membrane_rate > 0.0,
        };
        for (lane, (circuit, neuron, effective, state, key)) in circuits.iter().enumerate() {
            fleet.members.push(Member {
                circuit: *circuit,
                neuron: *neuron,
                effective: *effective,
                automaton: state.automaton,
                threshold_offset: state.threshold_offset,
                key: *key,
                parked: state.parked,
                crossing: NEVER,
                block: lane / LANES,
                slot: lane % LANES,
            });
            fleet.by_column[neuron.hemisphere().index()][usize::from(neuron.column())] = Some(lane as u16);
            fleet.crew[lane / LANES][lane % LANES] = Some(lane);
            fleet.place(lane, state, now);
            fleet.load(lane);
        }
        for (block, members) in fleet.blocks.iter_mut().zip(fleet.members.chunks(LANES)) {
            let first = members[0].neuron.index();
            let neighbours = members.iter().enumerate().all(|(n, own)| own.neuron.index() == first + n);
            if neighbours && members.len() == LANES && first % COLUMNS <= COLUMNS - LANES {
                block.first = first as i32;
            }
        }
        fleet
    }

    pub(super) fn arch(&self) -> Arch {
        self.arch
    }

    pub(super) fn set_arch(&mut self, arch: Arch) {
        self.arch = arch;
    }

    fn relative(&self, time: u64) -> i32 {
        time.saturating_sub(self.epoch).min(LATER as u64) as i32
    }

    /// Sets the dynamic variables of a lane, which then waits for its next step.
    fn place(&mut self, lane: usize, state: &CircuitState, now: u64) {
        let now = self.relative(now);
        let Member { effective, block, slot, .. } = &self.members[lane];
        let (block, n) = (&mut self.blocks[*block], *slot);
        let v = state.v as f32;
        let swing = |line: usize| (state.u[line] - effective.lines[line].rest) as f32;
        let course = Course {
            v,
            v0: v,
            lost: (state.v - f64::from(v)) as f32,
            e: swing(0),
            i: swing(1),
            w: (state.w - effective.reference) as f32,
            ..Course::default()
        };
        block.course.set(n, &course);
        (block.begin[n], block.end[n], block.parts[n]) = (now, now, 1);
    }

    /// Tells a lane what its circuit is like.
    fn load(&mut self, lane: usize) {
        let Member { effective: own, block, slot, key, .. } = &self.members[lane];
        let (at, n) = (*block, *slot);
        let block = &mut self.blocks[at];
        block.inputs[0].set(n, &own.inputs[0]);
        block.inputs[1].set(n, &own.inputs[1]);
        block.fixed.set(n, &own.fixed);
        block.key[n] = *key;
        self.refresh(lane);
        // Those of all lanes, for one may have lost some.
        let mut features = if self.noisy { feature::NOISE } else { 0 };
        for lane in self.crew[at].iter().flatten() {
            features |= self.features(*lane);
        }
        self.blocks[at].features = features;
    }

    /// What a lane needs.
    fn features(&self, lane: usize) -> u32 {
        let Member { effective: own, block, slot, .. } = &self.members[lane];
        let ever = |amplitude: fn(&Mode) -> f32| own.modes.iter().any(|mode| amplitude(mode) != 0.0);
        let held = own.fixed.w_low > 0.0 || own.fixed.w_high < 0.0;
        let moves = self.blocks[*block].course.w[*slot] != 0.0
            || own.pulse != 0.0
            || own.fixed.w_coupling != 0.0
            || own.fixed.output != 0.0
            || held;
        let modulated = own.inputs.iter().any(|input| input.slope != 0.0 || input.limit != 1.0);
        let mut features = if ever(|mode| mode.exponential) { feature::EXPONENTIAL } else { 0 };
        features |= if moves { feature::ADAPTATION } else { 0 };
        features | if modulated { feature::MODULATION } else { 0 }
    }

    /// Brings a lane up to date with its automaton.
    fn refresh(&mut self, lane: usize) {
        let Member { effective, automaton, threshold_offset, parked, crossing, block, slot, .. } =
            &self.members[lane];
        let in_reset = automaton.in_reset || effective.held_in_reset;
        let looks = automaton.armed && effective.fires && !effective.held_in_reset;
        let level = effective.threshold.filter(|_| looks).map(|threshold| threshold + threshold_offset);
        let step = |line: usize| effective.lines[line].step as f32;
        let headroom = |line: usize| effective.lines[line].headroom - effective.lines[line].rest as f32;
        let bypassed = effective.lines.iter().any(|line| line.bypass.is_some());
        let gain = effective.inputs[0].gain.max(effective.inputs[1].gain);
        let control = Control {
            pulse: if automaton.pulse { effective.pulse } else { 0.0 },
            threshold: level.unwrap_or(f32::INFINITY),
            diffusion: effective.diffusion,
            excitatory_step: step(0),
            inhibitory_step: step(1),
            excitatory_headroom: headroom(0),
            inhibitory_headroom: headroom(1),
            patience: if bypassed { 0.0 } else { BENT / gain.max(1e-3) },
        };
        let (planned, event) = if *parked {
            (LATER, LATER)
        } else {
            let planned = self.relative(automaton.next());
            (planned, planned.min(self.relative(*crossing)))
        };
        let address = self.members[lane].neuron.index() as i32;
        let (parked, n) = (*parked, *slot);
        let mode = effective.modes[usize::from(in_reset)];
        self.wake[*block] = i32::MIN;
        let block = &mut self.blocks[*block];
        block.mode.set(n, &mode);
        block.control.set(n, &control);
        (block.planned[n], block.event[n]) = (planned, event);
        block.address[n] = if parked { -1 } else { address };
        block.bypassed |= bypassed;
        if parked {
            block.end[n] = LATER;
        }
    }

    /// Ends the present step of a lane at `time`, which is not before its beginning.
    fn cut(&mut self, lane: usize, time: u64) {
        let time = self.relative(time);
        let Member { parked, block, slot, crossing, .. } = &mut self.members[lane];
        if !*parked {
            *crossing = NEVER;
            self.wake[*block] = i32::MIN;
            cut_lane(&mut self.blocks[*block], *slot, time, true, [0.0; 2], self.epoch, self.noisy);
        }
    }

    // ---- what comes in, at the present ----

    /// Puts another effective circuit on a lane; voltages are conserved.
    pub(super) fn reconfigure(&mut self, lane: usize, effective: Effective, now: u64, options: &Options) {
        self.cut(lane, now);
        let member = &mut self.members[lane];
        let before = std::mem::replace(&mut member.effective, effective);
        let (block, n) = (&mut self.blocks[member.block], member.slot);
        let moved = |value: &mut f32, old: f64, new: f64| {
            if old != new {
                *value = (f64::from(*value) + old - new) as f32;
            }
        };
        moved(&mut block.course.w[n], before.reference, effective.reference);
        moved(&mut block.course.e[n], before.lines[0].rest, effective.lines[0].rest);
        moved(&mut block.course.i[n], before.lines[1].rest, effective.lines[1].rest);
        if member.automaton.stalled {
            member.automaton.start_refractory(now, &effective.refractory, &options.timing);
        }
        self.load(lane);
    }

    pub(super) fn set_membrane(&mut self, lane: usize, voltage: f32, now: u64) {
        self.cut(lane, now);
        let Member { block, slot, .. } = self.members[lane];
        let course = &mut self.blocks[block].course;
        (course.v[slot], course.v0[slot], course.lost[slot]) = (voltage, voltage, 0.0);
        self.refresh(lane);
    }

    /// Makes a circuit refractory as its fire line is.
    pub(super) fn follow(&mut self, lane: usize, now: u64, [release, until]: [u64; 2]) {
        self.cut(lane, now);
        let Member { automaton, effective, .. } = &mut self.members[lane];
        if automaton.set_refractory(now, release, until) {
            automaton.start_pulse(now, effective.pulse_length);
        }
        self.refresh(lane);
    }

    pub(super) fn park(&mut self, lane: usize, now: u64) {
        self.cut(lane, now);
        self.members[lane].parked = true;
        self.refresh(lane);
    }

    pub(super) fn resume(&mut self, lane: usize, now: u64, state: &CircuitState) {
        let member = &mut self.members[lane];
        (member.parked, member.crossing) = (false, NEVER);
        (member.automaton, member.threshold_offset) = (state.automaton, state.threshold_offset);
        self.place(lane, state, now);
        self.load(lane);
    }

    pub(super) fn is_parked(&self, lane: usize) -> bool {
        self.members[lane].parked
    }

    /// Plans an input, not before the present.
    pub(super) fn input(&mut self, pending: Pending) {
        if !self.members[pending.lane].parked {
            let place = self.inputs.partition_point(|other| other.key() <= pending.key());
            self.inputs.insert(place, pending);
        }
    }

    /// Does the planned inputs at `now`, up to which the fleet has been advanced.
    pub(super) fn receive(&mut self, now: u64, options: &Options) {
        while self.inputs.front().is_some_and(|pending| pending.time <= now) {
            let Some(Pending { lane, input, .. }) = self.inputs.pop_front() else { return };
            if self.members[lane].parked {
                continue;
            }
            match input {
                Input::Fire => self.ignite(lane, now, Cause::Artificial, options),
                Input::Charge { line, charge } => {
                    self.charge(lane, now, line, (charge.min(1.0)) as f32, options);
                }
            }
        }
    }

    fn ignite(&mut self, lane: usize, now: u64, cause: Cause, options: &Options) {
        let Member { automaton, effective, .. } = &self.members[lane];
        if automaton.armed && effective.fires {
            self.cut(lane, now);
            self.members[lane].automaton.ignite(now, cause, &options.timing);
            self.refresh(lane);
        }
    }

    /// A charge in C for a line of one lane.
    fn charge(&mut self, lane: usize, now: u64, line: Line, charge: f32, options: &Options) {
        let time = self.relative(now);
        let Member { effective, block: at, slot: n, crossing, .. } = &mut self.members[lane];
        let bypass = effective.lines.map(|line| line.bypass.map(|level| level - line.rest as f32));
        let (block, n) = (&mut self.blocks[*at], *n);
        if kernel::take_lane(block, n, time, line == Line::Inhibitory, charge) {
            return;
        }
        *crossing = NEVER;
        self.wake[*at] = i32::MIN;
        cut_lane(block, n, time, true, [0.0; 2], self.epoch, self.noisy);
        let before = [block.course.e[n], block.course.i[n]];
        let mut charges = [0.0; 2];
        charges[line as usize] = charge;
        cut_lane(block, n, time, true, charges, self.epoch, self.noisy);
        let after = [block.course.e[n], block.course.i[n]];
        for line in 0..2 {
            if bypass[line].is_some_and(|level| before[line] < level && after[line] >= level) {
                self.ignite(lane, now, Cause::Bypass, options);
            }
        }
    }

    /// Charges in C by column for the lines of a row, at `now`, up to which the fleet has been advanced. `last`: nothing else is known to
    /// come at this time.
    pub(super) fn pulse(
        &mut self,
        now: u64,
        row: Hemisphere,
        line: Line,
        charges: &[f32; COLUMNS],
        last: bool,
        options: &Options,
    ) {
        const NONE: [f32; LANES] = [0.0; LANES];
        let time = self.relative(now);
        let first = (COLUMNS * row.index()) as i32;
        let mut next = 0;
        while next < self.blocks.len() {
            let at = next;
            next += 1;
            let block = &mut self.blocks[at];
            let mut own = NONE;
            if block.first >= 0 {
                // Neighbours, but for those that are away.
                let Some(near) = charges.get((block.first - first) as usize..).and_then(<[f32]>::first_chunk)
                else {
                    continue;
                };
                let near: &[f32; LANES] = near;
                for n in 0..LANES {
                    own[n] = if block.address[n] >= 0 { near[n] } else { 0.0 };
                }
            } else {
                for (own, address) in own.iter_mut().zip(&block.address) {
                    let column = address.wrapping_sub(first) as usize;
                    *own = charges.get(column).copied().unwrap_or(0.0);
                }
            }
            for charge in &mut own {
                // Neither negative nor not a number.
                *charge = at_most(at_least(*charge, 0.0), 1.0);
            }
            let mut hit = [0; LANES];
            if !self.arch.take(block, time, line, &own, &mut hit) {
                continue;
            }
            if self.class[at] == Class::Home {
                // Those near their threshold are served with their like, which come later in the list.
                for (n, hit) in hit.iter_mut().enumerate() {
                    let block = &self.blocks[at];
                    let near = *hit != 0 && block.course.room[n] < CALM * block.control.patience[n];
                    if let Some(lane) = self.crew[at][n].filter(|_| near) {
                        *hit = 0;
                        self.set_apart(lane, Class::Slow);
                    }
                }
                if hit == [0; LANES] {
                    continue;
                }
            }
            let block = &mut self.blocks[at];
            if block.bypassed {
                for n in 0..LANES {
                    if let Some(lane) = self.crew[at][n].filter(|_| hit[n] != 0) {
                        self.charge(lane, now, line, own[n], options);
                    }
                }
                continue;
            }
            let mut crossing = 0;
            for n in 0..LANES {
                crossing |= i32::from(block.event[n] != block.planned[n]);
            }
            let charges = match line {
                Line::Excitatory => [&own, &NONE],
                Line::Inhibitory => [&NONE, &own],
            };
            let hit_lanes = Hit { time, lanes: &hit, charges };
            self.arch.cut(block, hit_lanes, self.epoch, self.noisy);
            self.wake[at] = i32::MIN;
            if crossing != 0 {
                let crew = self.crew[at].iter().zip(&hit);
                for lane in crew.filter(|(_, hit)| **hit != 0).filter_map(|(lane, _)| *lane) {
                    self.members[lane].crossing = NEVER;
                }
            }
            if last {
                // The step that follows in any case, while the block is at hand.
                let survey = self.step(at, time);
                self.wake[at] = survey.next;
            }
        }
    }

    // ---- time ----

    /// Everything that lanes do by themselves until `until` in ps, that time included.
    pub(super) fn advance(&mut self, until: u64, options: &Options, fires: &mut Vec<Fire>) {
        loop {
            // Times are kept within half of what counts as later.
            let chunk = until.min(self.epoch.saturating_add(EPOCH - 1));
            let target = self.relative(chunk);
            let mut at = 0;
            // Lanes that are set apart come later in the list.
            while at < self.blocks.len() {
                self.run(at, target, options, fires);
                at += 1;
            }
            if chunk == until {
                self.settle();
                return;
            }
            if self.blocks.iter().all(|block| block.next() >= LATER) {
                // Nothing is planned: over to where time goes on.
                self.rebase(until & !(EPOCH - 1));
            } else {
                self.rebase(self.epoch + EPOCH);
            }
        }
    }

    /// Lanes that keep step again go home, others to their like.
    fn settle(&mut self) {
        for at in self.homes..self.blocks.len() {
            for n in 0..LANES {
                let block = &self.blocks[at];
                let Some(lane) = self.crew[at][n] else { continue };
                let (parts, calm) = (block.parts[n], block.planned[n] >= LATER);
                match self.class[at] {
                    _ if parts == 1 && calm && block.course.room[n] >= CALM * block.control.patience[n] => {
                        self.relocate(lane, lane / LANES, lane % LANES)
                    }
                    Class::Slow if parts > SWIFT => self.set_apart(lane, Class::Swift),
                    Class::Swift if parts <= SWIFT / 2 => self.set_apart(lane, Class::Slow),
                    _ => {}
                }
            }
        }
    }

    /// Moves a lane to a free slot.
    fn relocate(&mut self, lane: usize, to: usize, slot: usize) {
        let Member { block: from, slot: n, .. } = self.members[lane];
        if let Ok([new, old]) = self.blocks.get_disjoint_mut([to, from]) {
            new.copy(slot, old, n);
            new.features |= old.features;
            new.bypassed |= old.bypassed;
            old.vacate(n);
            self.crew[from][n] = None;
            self.crew[to][slot] = Some(lane);
            (self.members[lane].block, self.members[lane].slot) = (to, slot);
            (self.wake[from], self.wake[to]) = (i32::MIN, i32::MIN);
        }
    }

    /// Moves a lane to a block of its like.
    fn set_apart(&mut self, lane: usize, class: Class) {
        let mut apart = self.homes..self.blocks.len();
        let free = apart.find_map(|at| {
            let slot = self.crew[at].iter().position(Option::is_none)?;
            (self.class[at] == class).then_some((at, slot))
        });
        let (to, slot) = free.unwrap_or_else(|| {
            self.blocks.push(Block::new());
            self.crew.push([None; LANES]);
            self.class.push(class);
            self.wake.push(i32::MIN);
            (self.blocks.len() - 1, 0)
        });
        self.relocate(lane, to, slot);
    }

    fn rebase(&mut self, epoch: u64) {
        let shift = (epoch - self.epoch).min(LATER as u64) as i32;
        self.epoch = epoch;
        self.wake.fill(i32::MIN);
        for block in &mut self.blocks {
            for n in 0..LANES {
                // Far back is far back: a lane that sleeps does not move.
                block.begin[n] = block.begin[n].saturating_sub(shift).max(-(EPOCH as i32));
                for time in [&mut block.end[n], &mut block.event[n], &mut block.planned[n]] {
                    *time = if *time >= LATER { LATER } else { *time - shift };
                }
            }
        }
        for lane in 0..self.members.len() {
            let Member { automaton, crossing, parked: false, block, slot, .. } = &self.members[lane] else {
                continue;
            };
            let (planned, crossing) = (self.relative(automaton.next()), self.relative(*crossing));
            let (block, n) = (&mut self.blocks[*block], *slot);
            (block.planned[n], block.event[n]) = (planned, planned.min(crossing));
        }
    }

    /// One block until `target`.
    fn run(&mut self, at: usize, target: i32, options: &Options, fires: &mut Vec<Fire>) {
        if self.wake[at] > target {
            return;
        }
        let mut rounds = 0;
        let mut survey = kernel::survey(&self.blocks[at], target);
        while survey.next <= target {
            if self.class[at] == Class::Home && rounds > 0 && survey.due <= FEW {
                for n in 0..LANES {
                    let block = &self.blocks[at];
                    if block.end[n].min(block.event[n]) <= target
                        && let Some(lane) = self.crew[at][n]
                    {
                        let class = if block.parts[n] > SWIFT { Class::Swift } else { Class::Slow };
                        self.set_apart(lane, class);
                    }
                }
                self.wake[at] = i32::MIN;
                return;
            }
            rounds += 1;
            if survey.serves > 0 {
                for n in 0..LANES {
                    while self.blocks[at].event[n] <= target.min(self.blocks[at].end[n]) {
                        let Some(lane) = self.crew[at][n] else { break };
                        self.serve(lane, options, fires);
                    }
                }
            }
            survey = self.step(at, target);
        }
        self.wake[at] = survey.next;
    }

    /// The steps of a block that are due at `target`, and crossings in them.
    fn step(&mut self, at: usize, target: i32) -> Survey {
        let survey = self.arch.step(&mut self.blocks[at], target, self.epoch);
        if survey.crosses == 0 {
            return survey;
        }
        for n in 0..LANES {
            if self.blocks[at].crosses[n] != 0
                && let Some(lane) = self.crew[at][n]
            {
                self.find_crossing(lane);
            }
        }
        kernel::survey(&self.blocks[at], target)
    }

    /// Where exactly the membrane rises through the threshold in the step just made, if it does.
    fn find_crossing(&mut self, lane: usize) {
        let Member { block: at, slot: n, .. } = self.members[lane];
        let block = &self.blocks[at];
        let length = block.length(n);
        let correction = kernel::correction(block.control.diffusion[n], length);
        let level = f64::from(block.control.threshold[n] - correction);
        let course = block.course.get(n);
        let cubic = [course.c1, course.c2, course.c3].map(f64::from);
        let below = level - f64::from(course.v0) - f64::from(course.lost0);
        let fraction = if below > 0.0 { first_crossing(cubic, below) } else { Some(0.0) };
        let Some(fraction) = fraction else { return };
        let (begin, end) = (block.begin[n], block.end[n]);
        let after = (fraction * f64::from(end - begin)).ceil() as i32;
        let crossing = (begin + after.max(1)).min(end);
        self.members[lane].crossing = self.epoch.saturating_add_signed(i64::from(crossing));
        let event = &mut self.blocks[at].event[n];
        *event = (*event).min(crossing);
    }

    /// The next thing that a lane does by itself, at its event.
    fn serve(&mut self, lane: usize, options: &Options, fires: &mut Vec<Fire>) {
        let Member { automaton, crossing, .. } = &self.members[lane];
        let time = automaton.next().min(*crossing);
        let [_, automaton_arms] = automaton.ends();
        if automaton.next() > time {
            // A crossing changes nothing yet.
            self.cross(lane, options);
            return;
        }
        let crosses = *crossing <= time;
        if crosses {
            self.cross(lane, options);
        }
        let Member { block, slot, .. } = self.members[lane];
        // The state at the end of a step that ends here waits for the next one; when the comparator is looked at again it is to be known.
        let arms = automaton_arms <= time;
        if arms || self.blocks[block].end[slot] > self.relative(time) {
            self.cut(lane, time);
        }
        while self.members[lane].automaton.next() <= time {
            self.step_automaton(lane, time, options, fires);
        }
        self.refresh(lane);
    }

    fn cross(&mut self, lane: usize, options: &Options) {
        let Member { automaton, crossing, effective, neuron, .. } = &mut self.members[lane];
        let time = std::mem::replace(crossing, NEVER);
        let reset = ignition(time, effective.comparator_delay, *neuron, options);
        automaton.ignite(reset, Cause::Comparator, &options.timing);
        self.refresh(lane);
    }

    fn step_automaton(&mut self, lane: usize, time: u64, options: &Options, fires: &mut Vec<Fire>) {
        let Member { automaton, effective, neuron, threshold_offset, block, slot, .. } =
            &mut self.members[lane];
        let (block, n) = (&mut self.blocks[*block], *slot);
        match automaton.step(time) {
            Some(Step::Release) if !effective.held_in_reset => block.course.v[n] += effective.release,
            Some(Step::Edge) => {
                automaton.start_refractory(time, &effective.refractory, &options.timing);
                automaton.start_pulse(time, effective.pulse_length);
                fires.push(Fire {
                    neuron: *neuron,
                    reset: SimTime::from_ps(automaton.closed_at),
                    edge: SimTime::from_ps(time),
                    cause: automaton.cause,
                });
            }
            Some(Step::Arm) => {
                let sigma = options.noise.threshold;
                if sigma > 0.0 {
                    let number = neuron.index() as u32;
                    let deviate = draws::normal(options.seed, draws::THRESHOLD, number, time);
                    *threshold_offset = (sigma * deviate) as f32;
                }
                let level = effective.threshold.map(|threshold| threshold + *threshold_offset);
                let above = level.is_some_and(|level| block.course.v[n] >= level);
                if above && options.timing.refire == Refire::Level && effective.fires {
                    automaton.ignite(time, Cause::Comparator, &options.timing);
                }
            }
            _ => {}
        }
    }

    /// No circuit fires before this time, in ps, unless something comes in.
    pub(super) fn quiescent_until(&self) -> u64 {
        let next = self.blocks.iter().map(Block::next).fold(LATER, i32::min);
        let next = if next >= LATER { NEVER } else { self.epoch.saturating_add_signed(i64::from(next)) };
        self.inputs.front().map_or(next, |pending| next.min(pending.time))
    }

    // ---- what is seen ----

    /// A lane at a time within its present step.
    pub(super) fn state(&self, lane: usize, time: u64) -> CircuitState {
        let Member { effective, automaton, threshold_offset, parked, block, slot, .. } = &self.members[lane];
        let (block, n) = (&self.blocks[*block], *slot);
        let time = self.relative(time);
        let (begin, end) = (block.begin[n], block.end[n]);
        let course = block.course.get(n);
        let after = (time.min(end).saturating_sub(begin)) as f32 * 1e-6;
        let taken = if *parked { [0.0; 4] } else { block.taken(n, after) };
        let (v, u, w) = if *parked || time >= end {
            (f64::from(course.v) + f64::from(course.lost), [course.e, course.i], f64::from(course.w))
        } else {
            let x = f64::from(time - begin) / f64::from(end - begin);
            let left = |swing: f32, decay: f32| swing * super::elementary::exp(-after * decay);
            let u = [left(course.e0, block.inputs[0].decay[n]), left(course.i0, block.inputs[1].decay[n])];
            let w = f64::from(course.w0) + x * (f64::from(course.d1) + x * f64::from(course.d2));
            (block.membrane(n, x), u, w)
        };
        CircuitState {
            v: v + f64::from(taken[0]),
            u: [0, 1].map(|line| f64::from(u[line] + taken[1 + line]) + effective.lines[line].rest),
            w: w + f64::from(taken[3]) + effective.reference,
            automaton: *automaton,
            threshold_offset: *threshold_offset,
            parked: *parked,
        }
    }

    /// Everything about a lane that does not follow from its circuit.
    pub(super) fn standing(&self, lane: usize) -> Standing {
        let Member { automaton, threshold_offset, parked, crossing, block, slot, .. } = self.members[lane];
        let (block, n) = (&self.blocks[block], slot);
        let absolute = |time: i32| match time {
            LATER.. => NEVER,
            _ => self.epoch.saturating_add_signed(i64::from(time)),
        };
        Standing {
            course: block.course.get(n),
            automaton,
            threshold_offset,
            begin: if block.end[n] >= LATER { 0 } else { absolute(block.begin[n]) },
            end: absolute(block.end[n]),
            crossing,
            parked,
        }
    }

    /// Puts a lane to where it stood.
    pub(super) fn restore(&mut self, lane: usize, standing: &Standing) {
        let Standing { course, automaton, threshold_offset, begin, end, crossing, parked } = standing;
        let relative = |time: u64| match time.cmp(&self.epoch) {
            std::cmp::Ordering::Less => -((self.epoch - time).min(EPOCH) as i32),
            _ => self.relative(time),
        };
        let (begin, end) = (relative(*begin), relative(*end));
        let member = &mut self.members[lane];
        (member.automaton, member.threshold_offset) = (*automaton, *threshold_offset);
        (member.crossing, member.parked) = (*crossing, *parked);
        let (block, n) = (&mut self.blocks[member.block], member.slot);
        block.course.set(n, course);
        (block.begin[n], block.end[n]) = (begin, end);
        self.load(lane);
    }
}

/// A fraction of a step at which the cubic `c1 x + c2 x^2 + c3 x^3` rises through a level above 0.
pub(super) fn first_crossing([c1, c2, c3]: [f64; 3], level: f64) -> Option<f64> {
    let at = |x: f64| x * (c1 + x * (c2 + x * c3));
    let mut high = 1.0;
    if at(1.0) < level {
        // Only a maximum inside can reach the level: where c1 + 2 c2 x + 3 c3 x^2 vanishes and falls.
        let discriminant = c2 * c2 - 3.0 * c1 * c3;
        if discriminant < 0.0 {
            return None;
        }
        high = c1 / (discriminant.sqrt() - c2);
        if !(high > 0.0 && high < 1.0) || at(high) < level {
            return None;
        }
    }
    let mut low = 0.0;
    let mut x = high * (level / at(high)).clamp(0.0, 1.0);
    for _ in 0..60 {
        let miss = at(x) - level;
        if miss >= 0.0 {
            high = x
        } else {
            low = x
        }
        let newton = x - miss / (c1 + x * (2.0 * c2 + x * 3.0 * c3));
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        // 1e-9 of 4 us is 0.004 ps.
        if (next - x).abs() < 1e-9 {
            return Some(next);
        }
        x = next;
    }
    Some(high)
}
