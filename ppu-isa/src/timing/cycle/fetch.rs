//! The fetch pipeline and the instruction cache, stage by stage (ppu-timing 2.2, 2.3).
//!
//! An address is generated, looked up in the cache one cycle later, decoded two cycles later and can issue three
//! cycles later. All stages advance together, and only when the issue stage takes what it is given. While every line
//! in sight is complete that is one step for each issued instruction, so the pipeline is *settled* and need not be
//! followed cycle by cycle. As soon as an address misses, [`Fetch::step`] follows every register of the pipeline and
//! of the cache controller.

use serde::{Deserialize, Serialize};

use super::super::{LineRequest, Outcome, TimingConfig};
use super::access::Accesses;
use super::predictor::{Feedback, Predictor};
use super::replay::Pipeline;
use crate::config::CacheGeometry;

/// An address on its way to issue: the address, that which was fetched behind it, and three flags in the bits that
/// addresses of instructions leave free. In one word, since every slot moves three of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Stage(u64);

impl Stage {
    const PREDICTED: u64 = 1;
    const BUBBLE: u64 = 2;
    const LANDED: u64 = 1 << 32;
    pub(super) const EMPTY: Self = Self(Self::BUBBLE);

    /// `predicted`: where the predictor says that a jump goes. `landed`: it is the target of a jump.
    #[inline(always)]
    pub(super) fn new(address: u32, next: u32, predicted: bool, landed: bool) -> Self {
        let addresses = u64::from(next & !3) << 32 | u64::from(address & !3);
        let flag = |set, flag| if set { flag } else { 0 };
        Self(addresses | flag(predicted, Self::PREDICTED) | flag(landed, Self::LANDED))
    }
    #[inline(always)]
    pub(super) fn address(self) -> u32 {
        self.0 as u32 & !3
    }
    /// The address that was fetched behind it.
    #[inline(always)]
    pub(super) fn next(self) -> u32 {
        (self.0 >> 32) as u32 & !3
    }
    #[inline(always)]
    pub(super) fn predicted(self) -> bool {
        self.0 & Self::PREDICTED != 0
    }
    /// Its instruction was not there; it will be fetched again.
    #[inline(always)]
    pub(super) fn bubble(self) -> bool {
        self.0 & Self::BUBBLE != 0
    }
    /// The target of a jump.
    pub(super) fn landed(self) -> bool {
        self.0 & Self::LANDED != 0
    }
    fn with_bubble(self, bubble: bool) -> Self {
        Self(self.0 & !Self::BUBBLE | if bubble { Self::BUBBLE } else { 0 })
    }
    /// Whether a branch that was fetched so and goes to `next` went the way that was fetched.
    #[inline(always)]
    pub(super) fn foresaw(self, taken: bool, next: u32) -> bool {
        if taken { self.predicted() && self.next() == next } else { !self.predicted() }
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = |flag, text| if flag { text } else { "" };
        let (predicted, bubble) = (mark(self.predicted(), " predicted"), mark(self.bubble(), " bubble"));
        write!(f, "{:#x} -> {:#x}{predicted}{bubble}", self.address(), self.next())?;
        f.write_str(mark(self.landed(), " landed"))
    }
}

/// A line of the cache: which it is, and which of its words are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    tag: u32,
    start: u8,
    words: u8,
}

/// The line fill that is or was last under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fill {
    active: bool,
    address: u32,
    /// Cycle in which the next word arrives, if it does not come through the memory port.
    arrives: u64,
    words: u8,
    latency: u32,
    interval: u32,
}

/// The front of the processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fetch {
    cache: CacheGeometry,
    /// See [`TimingConfig`].
    line_request: u64,
    line_port: u64,
    memory: u64,
    repeats: bool,
    lines: Vec<Line>,
    pub(super) predictor: Predictor,
    feedback: [Feedback; 4],
    feedbacks: u8,
    /// What can issue next.
    pub(super) last: Stage,
    decoded: Stage,
    fetched: Stage,
    /// The address that is generated in this cycle.
    address: u32,
    /// The cycle that all this describes. While settled: the first in which `last` can issue.
    pub(super) cycle: u64,
    /// Every stage holds an instruction and every line in sight is complete.
    pub(super) settled: bool,
    landed: bool,
    retry: u32,
    delayed: bool,
    prediction: Option<u32>,
    ignore_prediction: bool,
    /// The output of the cache's tag memory for `looked_up`, if it was `enabled` in the cycle before.
    enabled: bool,
    hit: bool,
    looked_up: u32,
    missed: bool,
    /// Slots of the instruction in `decoded` that have been handed on.
    slots_done: u8,
    fill: Fill,
    granted: bool,
    /// Fills that have begun and not been told.
    fills: u16,
    /// Counts the changes of lines.
    changes: u64,
    /// The settled state has been left since this was cleared.
    pub(super) unsettled: bool,
    /// The memory of the last line answers on its own; the cycles of its words are known in advance.
    far: bool,
}

/// Issue slots of an instruction word (ppu-timing 2.1).
fn slots(word: u32) -> u8 {
    let multiple = 32 - (word >> 21 & 31) as u8;
    match word >> 26 {
        33 | 35 | 41 | 43 => 2,
        46 | 47 => multiple,
        31 if matches!(word >> 1 & 0x3ff, 55 | 119 | 311 | 375) => 2,
        _ => 1,
    }
}

impl Fetch {
    pub(super) fn new(cache: CacheGeometry, config: &TimingConfig) -> Self {
        let cache = cache.limited();
        Self {
            cache,
            line_request: u64::from(config.line_request),
            line_port: u64::from(config.line_port),
            memory: u64::from(config.memory),
            repeats: config.repeated_fetch,
            lines: vec![Line { tag: u32::MAX, start: 0, words: 0 }; cache.lines()],
            predictor: Predictor::new(config.predictor_entries),
            feedback: Default::default(),
            feedbacks: 0,
            last: Stage::EMPTY,
            decoded: Stage::EMPTY,
            fetched: Stage::EMPTY,
            address: 0,
            cycle: 0,
            settled: false,
            landed: false,
            retry: 0,
            // What the cache shows at reset is no instruction.
            delayed: true,
            prediction: None,
            ignore_prediction: false,
            enabled: false,
            hit: false,
            looked_up: 0,
            missed: false,
            slots_done: 0,
            fill: Fill { active: false, address: u32::MAX, arrives: 0, words: 0, latency: 0, interval: 1 },
            granted: false,
            fills: 0,
            changes: 0,
            unsettled: false,
            far: false,
        }
    }

    fn words(&self) -> u8 {
        self.cache.words() as u8
    }
    #[inline(always)]
    fn tag(&self, address: u32) -> u32 {
        self.cache.line_of(address)
    }
    #[inline(always)]
    fn line(&self, address: u32) -> &Line {
        &self.lines[self.tag(address) as usize & (self.lines.len() - 1)]
    }
    /// The whole line is there.
    #[inline(always)]
    pub(super) fn complete(&self, address: u32) -> bool {
        let line = self.line(address);
        line.tag == self.tag(address) && line.words == self.words()
    }
    /// The word is there.
    fn present(&self, address: u32) -> bool {
        let line = self.line(address);
        let word = self.cache.word_of(address) as u8;
        line.tag == self.tag(address) && word.wrapping_sub(line.start) & (self.words() - 1) < line.words
    }

    /// Lets the predictor learn what has come in before `cycle`.
    #[inline(always)]
    pub(super) fn learn_before(&mut self, cycle: u64) {
        if self.feedbacks != 0 && self.feedback[0].at < cycle {
            self.learn_pending(cycle);
        }
    }
    #[inline(never)]
    fn learn_pending(&mut self, cycle: u64) {
        while self.feedbacks > 0 && self.feedback[0].at < cycle {
            let [first, rest @ ..] = self.feedback;
            self.predictor.learn(first);
            self.feedback = [rest[0], rest[1], rest[2], first];
            self.feedbacks -= 1;
        }
    }
    #[inline(always)]
    fn send_feedback(&mut self, feedback: Feedback) {
        if usize::from(self.feedbacks) == self.feedback.len() {
            self.learn_pending(feedback.at);
        }
        self.feedback[usize::from(self.feedbacks).min(3)] = feedback;
        self.feedbacks = (self.feedbacks + 1).min(4);
    }

    // ---- settled ----

    /// What the look-up of `address` gives when a slot issues in cycle `at`. Nothing if that leaves the settled state.
    #[inline(always)]
    pub(super) fn look_up(&mut self, address: u32, at: u64) -> Option<Stage> {
        self.learn_before(at - 1);
        let predicted = self.predictor.predict(address);
        let next = predicted.unwrap_or(address.wrapping_add(4));
        let there = self.tag(next) == self.tag(address) || self.complete(next);
        there.then(|| Stage::new(address, next, predicted.is_some(), false))
    }

    /// The instruction at `last` issued in cycle `at`, everything advances. False if that leaves the settled state;
    /// nothing has happened then.
    #[inline(always)]
    pub(super) fn advance_settled(&mut self, at: u64) -> bool {
        let Some(stage) = self.look_up(self.address, at) else { return false };
        self.last = self.decoded;
        self.decoded = self.fetched;
        self.fetched = stage;
        self.address = stage.next();
        self.cycle = at + 1;
        true
    }

    /// A branch that issued in cycle `at`, and behind which everything has advanced, jumps. False if some address
    /// misses on the way; nothing has happened then.
    pub(super) fn jump_settled(&mut self, at: u64, target: u32) -> bool {
        if !self.complete(self.address) || !self.complete(target) {
            return false;
        }
        let before = self.learning();
        let settled = self.try_jump(at, target);
        if !settled {
            self.unlearn(before);
        }
        settled
    }

    /// What a jump that is tried may change.
    fn learning(&self) -> (Predictor, [Feedback; 4], u8) {
        (self.predictor.clone(), self.feedback, self.feedbacks)
    }
    fn unlearn(&mut self, before: (Predictor, [Feedback; 4], u8)) {
        (self.predictor, self.feedback, self.feedbacks) = before;
    }

    /// The jump, if every address on the way is there. Otherwise the predictor may have learned.
    fn try_jump(&mut self, at: u64, target: u32) -> bool {
        let mut stages = [Stage::EMPTY; 3];
        let mut address = target;
        for (n, stage) in stages.iter_mut().enumerate() {
            self.learn_before(at + 1 + n as u64);
            let predicted = if n == 0 { None } else { self.predictor.predict(address) };
            let next = predicted.unwrap_or(address.wrapping_add(4));
            if !self.complete(next) {
                return false;
            }
            *stage = Stage::new(address, next, predicted.is_some(), n == 0);
            address = next;
        }
        [self.last, self.decoded, self.fetched] = stages;
        self.address = address;
        self.cycle = at + 5;
        true
    }

    /// The predictor learns what it learns while a jump behind the branch that issued in cycle `at` takes place.
    pub(super) fn learn_jumping(&mut self, at: u64) {
        self.learn_before(at + 3);
    }

    /// From now on every register is followed. The pipeline stands in cycle `at`, in which `last` may issue.
    #[inline(never)]
    pub(super) fn unsettle(&mut self, at: u64) {
        if !self.settled {
            return;
        }
        self.settled = false;
        self.unsettled = true;
        self.cycle = at;
        self.learn_before(at - 1);
        self.prediction = self.predictor.predict(self.address);
        self.learn_before(at);
        self.ignore_prediction = false;
        self.enabled = true;
        self.hit = true;
        self.looked_up = self.fetched.address();
        self.missed = false;
        self.delayed = false;
        self.landed = false;
        self.retry = self.fetched.address();
        self.slots_done = 0;
    }

    /// Stops following every register if nothing is missing.
    fn settle(&mut self) {
        let real = !self.last.bubble() && !self.decoded.bubble() && !self.delayed && !self.ignore_prediction;
        self.settled = real
            && !self.fill.active
            && !self.missing()
            && self.slots_done == 0
            && self.fetched.next() == self.address
            && self.fetched.address() != self.address
            && [self.decoded.address(), self.fetched.address(), self.address]
                .iter()
                .all(|&a| self.complete(a));
    }

    // ---- cycle by cycle ----

    fn missing(&self) -> bool {
        if self.enabled { !self.hit } else { self.missed }
    }

    /// One cycle. `hold`: the issue stage keeps what it has. `jump`: the address to go to. `jumping`: what is in front
    /// of the target is of no account. `word` reads the cache.
    ///
    /// # Errors
    /// A line is needed first; nothing has happened.
    pub(super) fn step(
        &mut self,
        hold: bool,
        jump: Option<u32>,
        jumping: bool,
        word: &impl Fn(u32) -> Option<u32>,
        port: &mut Accesses,
    ) -> Result<(), LineRequest> {
        self.begin_fill(port)?;
        let cycle = self.cycle;
        let delay = self.missing();
        let issue_hold = hold;
        let mut slots_hold = false;
        if jumping && !self.decoded.landed() || self.decoded.bubble() {
            self.slots_done = 0;
        } else {
            let slots = word(self.decoded.address()).map_or(1, slots);
            slots_hold = self.slots_done + 1 < slots;
            if !issue_hold {
                self.slots_done = if slots_hold { self.slots_done + 1 } else { 0 };
            }
        }
        let hold = issue_hold || slots_hold;
        let bubble = self.delayed || delay;
        let predicted = self.prediction.filter(|_| !self.ignore_prediction);
        let local = if delay {
            self.retry
        } else if hold {
            self.address
        } else {
            predicted.unwrap_or(self.address.wrapping_add(4))
        };
        let next = jump.unwrap_or(local);
        if !issue_hold {
            self.last = self.decoded;
        }
        if !hold || jump.is_some() {
            self.decoded = self.fetched.with_bubble(bubble);
            self.fetched = Stage::new(self.address, next, predicted.is_some(), self.landed);
            self.landed = jump.is_some();
        }
        if let Some(target) = jump {
            self.retry = target;
        } else if !delay {
            self.retry = self.address;
        }
        if !hold {
            self.delayed = delay;
            self.hit = self.present(self.address);
        }
        self.enabled = !hold;
        self.looked_up = self.address;
        self.missed = delay;
        self.prediction = self.predictor.predict(local);
        self.ignore_prediction = jump.is_some();
        for feedback in &mut self.feedback[..usize::from(self.feedbacks)] {
            if feedback.at == cycle && !feedback.taken {
                feedback.target = local.wrapping_add(4);
            }
        }
        self.learn_before(cycle + 1);
        self.receive(cycle, port);
        self.address = next;
        self.cycle = cycle + 1;
        Ok(())
    }

    fn refills(&self) -> bool {
        self.tag(self.fill.address) == self.tag(self.looked_up) && self.present(self.looked_up)
    }

    /// If an address misses in this cycle and no fill is under way, one begins.
    ///
    /// # Errors
    /// It is not known yet how long that takes.
    pub(super) fn begin_fill(&mut self, port: &mut Accesses) -> Result<(), LineRequest> {
        if self.settled || self.fill.active || !self.missing() || self.refills() && !self.repeats {
            return Ok(());
        }
        let cycle = self.cycle;
        let again = self.tag(self.fill.address) == self.tag(self.looked_up);
        if !again && !self.granted {
            return Err(LineRequest { address: self.looked_up, at: cycle });
        }
        self.granted = false;
        self.fill.active = true;
        self.fills = self.fills.saturating_add(1);
        self.fill.address = self.looked_up;
        self.fill.words = 0;
        self.far = self.fill.latency != 0 || self.fill.interval > 1;
        self.fill.arrives = cycle + self.line_request + self.memory + u64::from(self.fill.latency);
        if !self.far {
            port.start_code(cycle + self.line_port, self.words());
        }
        Ok(())
    }

    /// The line that was asked for comes with this latency and distance of words.
    pub(super) fn grant(&mut self, address: u32, latency: u32, interval: u32) {
        if !self.settled && !self.fill.active && self.tag(address) == self.tag(self.looked_up) {
            self.granted = true;
            self.fill.latency = latency;
            self.fill.interval = interval.max(1);
        }
    }

    /// The line that is needed comes as the last one did.
    pub(super) fn grant_as_before(&mut self) {
        self.granted = true;
    }

    /// A word of the line arrives at the end of the cycle, if it does.
    fn receive(&mut self, cycle: u64, port: &mut Accesses) {
        if !self.fill.active {
            return;
        }
        if self.far {
            if self.fill.arrives != cycle {
                return;
            }
            self.fill.arrives += u64::from(self.fill.interval);
        } else {
            if port.words.front() != Some(&cycle) {
                return;
            }
            port.words.pop_front();
        }
        self.fill.words += 1;
        let tag = self.tag(self.fill.address);
        let mask = self.lines.len() - 1;
        let start = self.cache.word_of(self.fill.address) as u8;
        self.changes += 1;
        self.lines[tag as usize & mask] = Line { tag, start, words: self.fill.words };
        self.fill.active = self.fill.words < self.words();
    }

    /// Whether the same line is fetched again and again, and the pipeline is on hold: then time may be skipped by a
    /// multiple of the result.
    pub(super) fn repetition(&self) -> Option<u64> {
        let period = self.line_request
            + self.memory
            + u64::from(self.fill.latency)
            + u64::from(self.fill.interval) * u64::from(self.words() - 1)
            + 1;
        (!self.settled && !self.enabled && self.missed).then_some(period)
    }

    /// Skips cycles in which the pipeline is on hold.
    pub(super) fn skip(&mut self, cycles: u64) {
        self.cycle += cycles;
        self.fill.arrives += cycles;
    }

    /// Whether nothing can change while the pipeline is on hold.
    pub(super) fn still(&self) -> bool {
        self.settled || !self.enabled && !self.missed && !self.fill.active
    }

    // ---- both ----

    /// Fills that began since this was asked last.
    #[inline(always)]
    pub(super) fn take_fills(&mut self) -> u16 {
        std::mem::take(&mut self.fills)
    }

    /// Whether no fill has begun since [`Fetch::take_fills`].
    pub(super) fn has_told_fills(&self) -> bool {
        self.fills == 0
    }

    /// A branch that issued in cycle `at` will tell the predictor what became of it.
    pub(super) fn resolve(&mut self, at: u64, address: u32, taken: bool, target: u32) {
        // What the table gets for a branch that is not taken is no target at all but the address that follows the one
        // it is just looking up (ppu-isa 9.2).
        let target = if taken { target } else { self.address.wrapping_add(8) };
        self.tell(at, address, taken, target);
    }
    /// The same, with what the table gets for a target.
    #[inline(always)]
    pub(super) fn tell(&mut self, at: u64, address: u32, taken: bool, target: u32) {
        self.send_feedback(Feedback { at: at + 1, address, taken, target });
    }

    /// `last` issued in cycle `at`, all stages advance. True if the pipeline is still settled.
    ///
    /// # Errors
    /// A line is needed first; nothing has happened.
    #[inline(always)]
    pub(super) fn advance(
        &mut self,
        at: u64,
        word: &impl Fn(u32) -> Option<u32>,
        port: &mut Accesses,
    ) -> Result<bool, LineRequest> {
        if self.settled {
            if self.advance_settled(at) {
                return Ok(true);
            }
            self.unsettle(at);
        }
        self.step(false, None, false, word, port).map(|()| false)
    }

    /// After [`Fetch::advance`] behind the branch that issued in cycle `at`: goes to `target` without following every
    /// register, if that is possible.
    pub(super) fn jump(&mut self, at: u64, target: u32) -> bool {
        if self.settled {
            if self.jump_settled(at, target) {
                return true;
            }
            self.unsettle(at + 1);
        }
        false
    }

    /// Puts the jump of an interrupt into the cycle before this one.
    pub(super) fn divert(&mut self, target: u32) {
        self.address = target;
        self.retry = target;
        self.landed = true;
        self.ignore_prediction = true;
        self.slots_done = 0;
    }

    /// What is at the end of the pipeline is not executed.
    pub(super) fn drop_last(&mut self, at: u64) {
        self.unsettle(at);
        self.last = self.last.with_bubble(true);
    }

    /// Ends a cycle-by-cycle stretch if possible.
    pub(super) fn try_settle(&mut self) {
        if !self.settled {
            self.settle();
        }
    }

    // ---- normal form ----

    /// Whether a line fill is under way.
    pub(super) fn is_filling(&self) -> bool {
        self.fill.active
    }
    /// Gives everything that no future answer depends on a fixed value.
    pub(super) fn normalise(&mut self, now: u64) {
        self.unsettled = false;
        if self.settled {
            // As the next look-up will, which is not before.
            self.learn_before(now.saturating_sub(1));
        }
        self.feedback[usize::from(self.feedbacks).min(4)..].fill(Feedback::default());
        if !self.fill.active {
            (self.fill.arrives, self.fill.words, self.far) = (0, 0, false);
        }
        if self.settled {
            // What `unsettle` will set.
            (self.landed, self.retry, self.delayed) = (false, 0, false);
            (self.prediction, self.ignore_prediction) = (None, false);
            (self.enabled, self.hit, self.looked_up, self.missed) = (true, true, 0, false);
            self.slots_done = 0;
        }
    }

    // ---- where everything is ----

    /// Line of the cache and word in it.
    #[inline(always)]
    pub(super) fn place(&self, address: u32) -> (usize, u32) {
        (self.tag(address) as usize & (self.lines.len() - 1), self.cache.word_of(address))
    }
    pub(super) fn line_count(&self) -> usize {
        self.lines.len()
    }
    /// Words from this one to the last of a line.
    #[inline(always)]
    pub(super) fn to_last_word(&self, word: u32) -> u32 {
        u32::from(self.words() - 1) - word
    }
    /// What the predictor has not learned yet.
    #[inline(always)]
    pub(super) fn pending(&self) -> &[Feedback] {
        &self.feedback[..usize::from(self.feedbacks & 7).min(4)]
    }

    // ---- replay ----

    /// What is on its way to issue while settled.
    pub(super) fn pipeline(&self) -> Pipeline {
        Pipeline { last: self.last, decoded: self.decoded, fetched: self.fetched, address: self.address }
    }
    /// Puts this on its way, with `last` issuing from cycle `cycle` on.
    pub(super) fn set_pipeline(&mut self, pipeline: &Pipeline, cycle: u64) {
        let Pipeline { last, decoded, fetched, address } = *pipeline;
        (self.last, self.decoded, self.fetched, self.address) = (last, decoded, fetched, address);
        (self.cycle, self.settled) = (cycle, true);
    }
    /// Like [`Fetch::advance_settled`], with what was looked up then.
    pub(super) fn advance_as(&mut self, at: u64, fetched: Stage) {
        (self.last, self.decoded, self.fetched) = (self.decoded, self.fetched, fetched);
        self.address = fetched.next();
        self.cycle = at + 1;
        self.learn_before(at - 1);
    }
    /// What was looked up last.
    pub(super) fn fetched(&self) -> Stage {
        self.fetched
    }
    /// Whether this is on its way.
    #[inline(always)]
    pub(super) fn reached(&self, pipeline: &Pipeline) -> bool {
        self.address == pipeline.address
            && self.last == pipeline.last
            && self.decoded == pipeline.decoded
            && self.fetched == pipeline.fetched
    }
    /// A branch behind which everything has advanced in cycle `at` was not predicted. False if the jump leaves the
    /// settled state; nothing has happened then.
    #[inline(never)]
    pub(super) fn mispredict(&mut self, at: u64, address: u32, outcome: &Outcome) -> bool {
        if !self.complete(self.address) || !self.complete(outcome.next) {
            return false;
        }
        let before = self.learning();
        self.resolve(at, address, outcome.taken, outcome.next);
        let settled = self.try_jump(at, outcome.next);
        if !settled {
            self.unlearn(before);
        }
        settled
    }
    /// A number that changes when a line or the set of predicted branches changes.
    #[inline(always)]
    pub(super) fn version(&self) -> u64 {
        self.changes + self.predictor.changes()
    }
    /// Whether looking up `stage` would give the same with the present lines and branches, counters aside; with the
    /// place of the branch in the predictor, if it is known there.
    pub(super) fn looks_up(&self, stage: &Stage) -> Option<Option<u8>> {
        let crosses = self.tag(stage.next()) != self.tag(stage.address());
        if crosses && !self.complete(stage.next()) {
            return None;
        }
        let place = self.predictor.place(stage.address());
        (place.is_some() || !stage.predicted()).then_some(place)
    }
    /// Whether a look-up in cycle `cycle` of the entry at `place` would give `stage`, with what the predictor will have
    /// learned until then.
    #[inline(always)]
    pub(super) fn predicts(&self, place: u8, stage: &Stage, cycle: u64) -> bool {
        self.predictor.predict_at(place, cycle, self.pending())
            == if stage.predicted() { Some(stage.next()) } else { None }
    }
    /// Whether everything on its way to the predictor is about branches that it knows.
    #[inline(always)]
    pub(super) fn learns_nothing_new(&self) -> bool {
        self.pending().iter().all(|feedback| self.predictor.place(feedback.address).is_some())
    }
}
