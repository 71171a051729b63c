//! The cycle model at speed: what it has found out once is not found out again.
//!
//! Behind a branch, everything that decides about the following issue cycles is brought into a normal form relative to
//! the present cycle ([`Frozen`], [`Pipeline`]): together a [`Node`]. The slots from there to the next branch are a
//! [`Run`]; where it ends and what was found there are its [`Exit`]s. A program that comes to a node again is given the
//! issue cycles of the run, until something differs: another latency, an interrupt, a line that is no longer there.
//! Then the state is made from the node, and [`CycleReference`] goes on.
//!
//! The branch predictor, the lines of the cache and the jump at the end of a run are not part of that: they are looked up
//! as they are. So the state is small enough to be met again, and every answer is that of the reference.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::{Account, LineRequest, Outcome, Redirect, Slot, Timing};
use super::direct::Direct;
use super::fetch::Stage;
use super::frozen::Frozen;
use super::{CycleReference, Phase};
use crate::config::Config;
use crate::instruction::Instruction;
use crate::table::Class;

/// Slots after which a run ends without a branch.
const LONGEST: usize = 64;
/// Runs of one node, which differ in what the predictor says.
const VARIANTS: usize = 8;
/// Visits of an address before it is worth a record.
const VISITS: u8 = 3;
/// Everything is forgotten when there is more than this.
const MOST_STATES: usize = 4096;
const MOST_STEPS: usize = 1 << 16;
/// Scalar code that ends after fewer cycles is short, and where that was met this often it is remembered instead.
const LASTING: u64 = 100;
const SHORT: u8 = 2;
/// An interrupt this much later than the end of a run does not concern it.
const MARGIN: u64 = 16;

/// What is on its way to issue while the front end is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pipeline {
    pub(super) last: Stage,
    pub(super) decoded: Stage,
    pub(super) fetched: Stage,
    pub(super) address: u32,
}

/// One slot of a run: what must come, and when it issues after the beginning.
#[derive(Clone, Copy, Debug)]
struct Step {
    address: u32,
    word: u32,
    offset: u32,
    /// See [`answer`].
    answer: u32,
}

/// The rest of it, for whoever wants to know.
#[derive(Clone, Copy, Debug)]
struct Detail {
    slot: u8,
    again: bool,
    /// What the front end looked up when it issued.
    fetched: Stage,
    account: Account,
}

/// A look-up of a known branch during a run.
#[derive(Clone, Copy, Debug)]
struct Hit {
    place: u8,
    step: u32,
}

#[derive(Clone, Debug)]
struct Run {
    node: u32,
    first: u32,
    /// The last step: a branch, or any other slot if the run is too long.
    last: u32,
    /// The pipeline when that issues.
    pipeline: Pipeline,
    /// The version of lines and branches for which `hits` is known to hold.
    version: u64,
    hits: Vec<Hit>,
    exits: Vec<Exit>,
}

/// A way out of a run.
#[derive(Clone, Copy, Debug)]
struct Exit {
    pipeline: Pipeline,
    /// From the last issue to the next possible one.
    ahead: u32,
    taken: bool,
    node: u32,
}

#[derive(Clone, Debug)]
struct Node {
    state: u32,
    pipeline: Pipeline,
    runs: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// The reference answers.
    #[default]
    Plain,
    /// The same, and it is written down.
    Record,
    /// The record answers.
    Replay,
}

type Table = HashMap<u64, Vec<u32>, BuildHasherDefault<DefaultHasher>>;

/// All records, and where in them the present is.
#[derive(Debug)]
struct Memory {
    mode: Mode,
    /// The next step of the run, and its last one.
    cursor: u32,
    last: u32,
    /// The issue cycle of the step at the cursor has been asked for.
    asked: bool,
    /// The cycle of the beginning of the run.
    base: u64,
    run: u32,
    steps: Vec<Step>,
    details: Vec<Detail>,
    /// The step that issued last, if it was replayed; and what became of its prediction if it was the last.
    told: Option<u32>,
    right: Option<bool>,
    runs: Vec<Run>,
    nodes: Vec<Node>,
    states: Vec<Frozen>,
    known_states: Table,
    known_nodes: Table,
    /// While recording: the node and the first step.
    recorded: (u32, u32),
    visits: Vec<u8>,
    /// How often scalar code from an address on was short.
    short: Vec<u8>,
    /// Runs replayed since everything was forgotten, and branches to go before the next record after that did not pay.
    replayed: u64,
    pause: u32,
    patience: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            mode: Mode::Plain,
            cursor: 0,
            last: 0,
            asked: false,
            base: 0,
            run: 0,
            steps: Vec::new(),
            details: Vec::new(),
            told: None,
            right: None,
            runs: Vec::new(),
            nodes: Vec::new(),
            states: Vec::new(),
            known_states: Table::default(),
            known_nodes: Table::default(),
            recorded: (0, 0),
            visits: vec![0; 1024],
            short: vec![0; 1024],
            replayed: 0,
            pause: 0,
            patience: 1 << 12,
        }
    }
}

/// What a memory answered, in one number: the latency and whether it is beyond local SRAM.
#[inline(always)]
fn answer(outcome: &Outcome, sram_bytes: u32) -> u32 {
    outcome.latency << 1 | u32::from(outcome.effective_address >= sram_bytes)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn synchronises(class: Class) -> bool {
    matches!(class, Class::Sync | Class::Mtmsr | Class::Trap)
}

/// The timing model of the published processor, exact to the cycle. Gives the same answers as [`CycleReference`], and
/// finds scalar code out by arithmetic and remembers the rest.
#[derive(Debug)]
pub struct CycleModel {
    /// While replaying: predictor, lines, and configuration are valid, everything else is not.
    plain: CycleReference,
    memory: Memory,
    /// While `is_direct`, which is never together with a record: what of `plain` is valid is said there.
    direct: Box<Direct>,
    is_direct: bool,
    /// Somebody asks for accounts, which the direct path does not keep.
    explains: bool,
}

impl From<CycleReference> for CycleModel {
    fn from(plain: CycleReference) -> Self {
        let direct = Box::new(Direct::new(&plain.config));
        Self { plain, memory: Memory::default(), direct, is_direct: false, explains: true }
    }
}

impl Clone for CycleModel {
    /// The state alone; the copy finds out for itself.
    fn clone(&self) -> Self {
        Self { explains: self.explains, ..self.concrete().into() }
    }
}

impl PartialEq for CycleModel {
    fn eq(&self, other: &Self) -> bool {
        self.concrete() == other.concrete()
    }
}

impl Serialize for CycleModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.concrete().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CycleModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(CycleReference::deserialize(deserializer)?.into())
    }
}

impl Memory {
    fn forget(&mut self) {
        let paid = self.replayed > 16 * self.runs.len() as u64;
        self.patience = if paid { 1 << 12 } else { (2 * self.patience).min(1 << 22) };
        self.pause = if paid { 0 } else { self.patience };
        *self = Self {
            visits: std::mem::take(&mut self.visits),
            short: std::mem::take(&mut self.short),
            pause: self.pause,
            patience: self.patience,
            ..Self::default()
        };
    }

    /// Makes the state in the present out of the node where the run began. `account` is that of the slot that issued last.
    fn restore(&self, plain: &mut CycleReference, account: Account) {
        let run = &self.runs[self.run as usize];
        let node = &self.nodes[run.node as usize];
        plain.thaw(&self.states[node.state as usize], self.base);
        plain.front.set_pipeline(&node.pipeline, self.base);
        let asked = self.cursor + u32::from(self.asked);
        for n in run.first as usize..asked as usize {
            let (step, detail) = (self.steps[n], self.details[n]);
            if n == self.cursor as usize {
                plain.ledger.account = account;
            }
            let instruction = Instruction::decode(step.word);
            let slot = Slot { address: step.address, instruction: &instruction, step: detail.slot };
            let at = self.base + u64::from(step.offset);
            // All lines in sight are there: neither asks for one.
            let _ = plain.fetch(step.address, u64::MAX, |_| None);
            let found = plain.issue(slot, u64::MAX, |_| None);
            debug_assert_eq!(found, Ok(at));
            if n == self.cursor as usize {
                return;
            }
            let effective_address = if step.answer & 1 != 0 { u32::MAX } else { 0 };
            let outcome = Outcome {
                next: if detail.again { step.address } else { step.address.wrapping_add(4) },
                taken: false,
                latency: step.answer >> 1,
                effective_address,
                suppressed: false,
            };
            plain.take(slot, at, &outcome);
            if detail.again {
                plain.front.cycle = at + 1;
            } else {
                plain.front.advance_as(at, detail.fetched);
                if synchronises(instruction.class) {
                    plain.phase = Phase::Synchronising;
                }
            }
        }
        plain.ledger.account = account;
    }

    fn state(&mut self, state: Frozen) -> u32 {
        let known = self.known_states.entry(hash(&state)).or_default();
        if let Some(&n) = known.iter().find(|&&n| self.states[n as usize] == state) {
            return n;
        }
        let n = self.states.len() as u32;
        self.states.push(state);
        known.push(n);
        n
    }

    fn node(&mut self, state: u32, pipeline: Pipeline) -> u32 {
        let known = self.known_nodes.entry(hash(&(state, pipeline))).or_default();
        let same = |&&n: &&u32| {
            let node = &self.nodes[n as usize];
            node.state == state && node.pipeline == pipeline
        };
        if let Some(&n) = known.iter().find(same) {
            return n;
        }
        let n = self.nodes.len() as u32;
        self.nodes.push(Node { state, pipeline, runs: Vec::new() });
        known.push(n);
        n
    }

    /// Gives up the record under way.
    fn abandon(&mut self) {
        if self.mode == Mode::Record {
            self.steps.truncate(self.recorded.1 as usize);
            self.details.truncate(self.recorded.1 as usize);
            self.mode = Mode::Plain;
        }
    }
}

impl CycleModel {
    /// The state as the reference has it.
    fn concrete(&self) -> CycleReference {
        let mut plain = self.plain.clone();
        if self.is_direct {
            self.direct.leave(&mut plain);
        } else if self.memory.mode == Mode::Replay {
            self.memory.restore(&mut plain, self.account());
        }
        plain
    }

    /// From here on the reference answers, and nothing is written down.
    #[cold]
    #[inline(never)]
    fn leave(&mut self) {
        if self.is_direct {
            return self.leave_direct();
        }
        if self.memory.mode == Mode::Replay {
            let account = self.account();
            self.memory.restore(&mut self.plain, account);
            self.memory.mode = Mode::Plain;
        }
        self.memory.abandon();
    }

    fn leave_direct(&mut self) {
        self.is_direct = false;
        self.direct.leave(&mut self.plain);
        let lasted = self.plain.front.cycle - self.direct.began;
        let short = &mut self.memory.short[(self.direct.entry >> 2) as usize & 1023];
        *short = if lasted > LASTING { 0 } else { short.saturating_add(1) };
    }

    /// Finds scalar code out by arithmetic from here on, if this is the place and the state for it.
    fn enter_direct(&mut self) -> bool {
        let entry = self.plain.front.last.address();
        let worth = self.memory.pause > 0 || self.memory.short[(entry >> 2) as usize & 1023] < SHORT;
        self.is_direct = !self.explains && worth && self.direct.enter(&mut self.plain);
        self.is_direct
    }

    /// The reference stands behind a branch with the front end settled, and `ended` is the run that it has just come
    /// through. Goes on in a record if there is one.
    fn arrive(&mut self, ended: Option<u32>, outcome: &Outcome, at: u64) {
        let memory = &mut self.memory;
        memory.mode = Mode::Plain;
        if self.enter_direct() {
            return;
        }
        let memory = &mut self.memory;
        if memory.pause > 0 {
            memory.pause -= 1;
            return;
        }
        let pipeline = self.plain.front.pipeline();
        if ended.is_none() {
            let visits = &mut memory.visits[(pipeline.last.address() >> 2) as usize & 1023];
            if *visits < VISITS {
                *visits += 1;
                return;
            }
        }
        if memory.states.len() >= MOST_STATES || memory.steps.len() >= MOST_STEPS {
            memory.forget();
            return;
        }
        let Some(state) = self.plain.freeze() else { return };
        let state = memory.state(state);
        let node = memory.node(state, pipeline);
        if let Some(run) = ended {
            let ahead = (self.plain.front.cycle - at) as u32;
            memory.runs[run as usize].exits.push(Exit { pipeline, ahead, taken: outcome.taken, node });
        }
        self.enter(node, true);
    }

    /// Replays a run of a node, or begins to record one. `ready`: the reference stands there already.
    #[inline(always)]
    fn enter(&mut self, node: u32, ready: bool) {
        let base = self.plain.front.cycle;
        let memory = &mut self.memory;
        let front = &self.plain.front;
        let new = !front.learns_nothing_new();
        let version = front.version();
        let runs = memory.nodes[node as usize].runs.len();
        for n in 0..if new { 0 } else { runs } {
            let number = memory.nodes[node as usize].runs[n];
            let run = &mut memory.runs[number as usize];
            if run.version != version && !Self::renew(run, front, version, &memory.details) {
                continue;
            }
            let agrees = run.hits.iter().all(|hit| {
                let at = base + u64::from(memory.steps[hit.step as usize].offset);
                front.predicts(hit.place, &memory.details[hit.step as usize].fetched, at)
            });
            if agrees {
                memory.mode = Mode::Replay;
                memory.base = base;
                memory.run = number;
                memory.cursor = run.first;
                memory.asked = false;
                memory.last = run.last;
                memory.replayed += 1;
                return;
            }
        }
        self.begin(node, ready, !new && runs < VARIANTS);
    }

    /// Looks up everything a run looks up, for new lines or new branches.
    #[inline(never)]
    fn renew(run: &mut Run, front: &super::fetch::Fetch, version: u64, details: &[Detail]) -> bool {
        run.hits.clear();
        for n in run.first..run.last {
            let detail = &details[n as usize];
            if detail.again {
                continue;
            }
            match front.looks_up(&detail.fetched) {
                None => {
                    run.version = u64::MAX;
                    return false;
                }
                Some(Some(place)) => run.hits.push(Hit { place, step: n }),
                Some(None) => {}
            }
        }
        run.version = version;
        true
    }

    /// The reference goes on from a node.
    #[inline(never)]
    fn begin(&mut self, node: u32, ready: bool, record: bool) {
        let base = self.plain.front.cycle;
        let memory = &mut self.memory;
        if !ready {
            let account = self.plain.ledger.account;
            let state = memory.nodes[node as usize].state;
            self.plain.thaw(&memory.states[state as usize], base);
            self.plain.ledger.account = account;
        }
        memory.mode = Mode::Plain;
        if record {
            memory.mode = Mode::Record;
            memory.base = base;
            memory.recorded = (node, memory.steps.len() as u32);
            self.plain.front.unsettled = false;
        }
    }

    /// The last slot of a run issued in cycle `at`.
    #[inline(always)]
    fn finish(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        let number = self.memory.run;
        let run = &self.memory.runs[number as usize];
        let front = &mut self.plain.front;
        front.set_pipeline(&run.pipeline, at);
        let last = front.last;
        if !front.advance_settled(at) {
            return self.go_on(slot, at, outcome, code);
        }
        let mut right = None;
        if slot.instruction.class == Class::Branch {
            let predicted = last.foresaw(outcome.taken, outcome.next);
            right = Some(predicted);
            if predicted {
                front.resolve(at, slot.address, outcome.taken, outcome.next);
            } else if !front.mispredict(at, slot.address, &outcome) {
                return self.go_on(slot, at, outcome, code);
            }
        }
        let ahead = (front.cycle - at) as u32;
        let exit = run
            .exits
            .iter()
            .find(|exit| exit.taken == outcome.taken && exit.ahead == ahead && front.reached(&exit.pipeline));
        self.memory.right = right;
        self.memory.told = Some(self.memory.cursor);
        match exit {
            Some(exit) => {
                let node = exit.node;
                self.enter(node, false);
                if self.memory.mode != Mode::Replay {
                    self.plain.ledger.account = self.account();
                    self.memory.told = None;
                }
            }
            None => self.explore(slot, at, outcome),
        }
    }

    /// A way out of the run that has not been taken before.
    #[cold]
    #[inline(never)]
    fn explore(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome) {
        let front = &self.plain.front;
        let (pipeline, cycle) = (front.pipeline(), front.cycle);
        let number = self.memory.run;
        let account = self.account();
        self.leave();
        // As for the steps before: all lines in sight are there.
        let _ = self.plain.fetch(slot.address, u64::MAX, |_| None);
        let _ = self.plain.issue(slot, u64::MAX, |_| None);
        self.plain.take(slot, at, &outcome);
        self.plain.front.set_pipeline(&pipeline, cycle);
        if synchronises(slot.instruction.class) {
            self.plain.phase = Phase::Synchronising;
        }
        if let Some(right) = self.memory.right {
            self.plain.judge(at, right);
        }
        self.plain.ledger.account = account;
        self.memory.told = None;
        self.arrive(Some(number), &outcome, at);
    }

    /// The reference takes over with this slot.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        self.leave();
        // So that it knows how the slot came to issue.
        let _ = self.plain.fetch(slot.address, u64::MAX, &code);
        let _ = self.plain.issue(slot, u64::MAX, &code);
        self.complete_plain(slot, at, outcome, code);
    }

    #[inline(never)]
    fn complete_plain(
        &mut self,
        slot: Slot<'_>,
        at: u64,
        outcome: Outcome,
        code: impl Fn(u32) -> Option<u32>,
    ) {
        self.memory.told = None;
        let i = slot.instruction;
        let waits = i.class == Class::Wait && !i.issues;
        if self.memory.mode == Mode::Record
            && (self.plain.front.unsettled || outcome.suppressed || waits || outcome.latency > 1 << 24)
        {
            self.memory.abandon();
        }
        let pipeline = self.plain.front.pipeline();
        self.plain.complete(slot, at, outcome, code);
        let front = &self.plain.front;
        let stands = front.settled && self.plain.phase == Phase::Issuing;
        let branch = i.class == Class::Branch;
        if self.memory.mode != Mode::Record {
            if branch && stands && !outcome.suppressed {
                self.arrive(None, &outcome, at);
            }
            return;
        }
        let again = outcome.next == slot.address && matches!(i.class, Class::LoadUpdate | Class::Multiple);
        if !branch && (front.unsettled || matches!(self.plain.phase, Phase::Jump(_))) {
            return self.memory.abandon();
        }
        let memory = &mut self.memory;
        memory.steps.push(Step {
            address: slot.address,
            word: i.word,
            offset: (at - memory.base) as u32,
            answer: answer(&outcome, self.plain.config.sram_bytes),
        });
        let account = self.plain.ledger.account;
        memory.details.push(Detail { slot: slot.step, again, fetched: front.fetched(), account });
        let (node, first) = memory.recorded;
        let long = memory.steps.len() - first as usize >= LONGEST && !again && !synchronises(i.class);
        if branch || long {
            let number = memory.runs.len() as u32;
            let last = memory.steps.len() as u32 - 1;
            memory.runs.push(Run {
                node,
                first,
                last,
                pipeline,
                version: u64::MAX,
                hits: Vec::new(),
                exits: Vec::new(),
            });
            memory.nodes[node as usize].runs.push(number);
            memory.mode = Mode::Plain;
            if stands {
                self.arrive(Some(number), &outcome, at);
            }
        }
    }
}

impl Timing for CycleModel {
    fn new(config: &Config) -> Self {
        CycleReference::new(config).into()
    }

    #[inline(always)]
    fn fetch(&mut self, address: u32, limit: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest> {
        if self.is_direct || self.memory.mode == Mode::Replay {
            return None;
        }
        self.plain.fetch(address, limit, code)
    }

    fn line(&mut self, request: LineRequest, latency: u32, interval: u32) {
        self.leave();
        self.plain.line(request, latency, interval);
    }

    #[inline(always)]
    fn issue(
        &mut self,
        slot: Slot<'_>,
        limit: u64,
        code: impl Fn(u32) -> Option<u32>,
    ) -> Result<u64, LineRequest> {
        if self.is_direct {
            if let Some(at) = self.direct.issue(&self.plain, slot) {
                return Ok(at);
            }
            self.leave();
        }
        if self.memory.mode == Mode::Replay {
            let step = &self.memory.steps[self.memory.cursor as usize];
            if step.address == slot.address && step.word == slot.instruction.word {
                let at = self.memory.base + u64::from(step.offset);
                self.memory.asked = true;
                return Ok(at);
            }
            self.leave();
            if let Some(request) = self.plain.fetch(slot.address, limit, &code) {
                return Err(request);
            }
        }
        self.plain.issue(slot, limit, code)
    }

    #[inline(always)]
    fn passes(&self, instruction: &Instruction) -> Option<u64> {
        if self.is_direct { self.direct.passes(instruction) } else { None }
    }
    #[inline(always)]
    fn pass(&mut self, instruction: &Instruction, at: u64) {
        self.direct.pass(instruction, at);
    }

    #[inline(always)]
    fn complete(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        if self.is_direct {
            if !self.direct.complete(&mut self.plain, slot, at, &outcome) {
                self.go_on(slot, at, outcome, code);
            }
            return;
        }
        if self.memory.mode != Mode::Replay {
            return self.complete_plain(slot, at, outcome, code);
        }
        let cursor = self.memory.cursor;
        let step = &self.memory.steps[cursor as usize];
        if step.answer != answer(&outcome, self.plain.config.sram_bytes) || outcome.suppressed {
            return self.go_on(slot, at, outcome, code);
        }
        if cursor == self.memory.last {
            return self.finish(slot, at, outcome, code);
        }
        self.memory.told = Some(cursor);
        self.memory.cursor = cursor + 1;
        self.memory.asked = false;
    }

    fn cancel(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        if self.is_direct || self.memory.mode == Mode::Replay {
            self.leave();
            let _ = self.plain.fetch(slot.address, u64::MAX, &code);
            let _ = self.plain.issue(slot, u64::MAX, &code);
        }
        self.leave();
        self.memory.told = None;
        self.plain.cancel(slot, at, outcome, code);
    }

    fn interruptible(&mut self, cycle: u64) -> u64 {
        let memory = &self.memory;
        if self.is_direct {
            return self.plain.between_intervals(cycle);
        }
        if memory.mode == Mode::Replay {
            let end = memory.base + u64::from(memory.steps[memory.last as usize].offset);
            if cycle > end + MARGIN {
                return cycle;
            }
            self.leave();
        }
        self.plain.interruptible(cycle)
    }

    fn redirect(&mut self, address: u32, at: u64, cause: Redirect) {
        self.leave();
        self.plain.redirect(address, at, cause);
    }

    fn asleep_from(&mut self, at: u64) -> u64 {
        self.leave();
        self.plain.asleep_from(at)
    }

    fn quiescent_from(&mut self) -> u64 {
        self.concrete().quiescent_from()
    }

    fn explain(&mut self, wanted: bool) {
        if wanted && self.is_direct {
            self.leave();
        }
        self.explains = wanted;
    }

    fn account(&self) -> Account {
        match self.memory.told {
            Some(step) => {
                let account = self.memory.details[step as usize].account;
                let predicted_right = self.memory.right.filter(|_| account.predicted_right.is_some());
                Account { predicted_right, ..account }
            }
            None => self.plain.account(),
        }
    }
}
