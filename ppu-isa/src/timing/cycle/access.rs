//! The memory port and everybody who uses it: line fills, scalar loads and stores, fxvlax and fxvstax
//! (ppu-timing 1, 2.1, 2.3).
//!
//! Scalar and serial vector requests meet in a first arbiter, where scalar wins, their winner and code in a second
//! one, where code wins. A command that an arbiter has put forward stays there until it is accepted, even if somebody
//! more important comes. SRAM takes one command in each cycle and no further one before its last answer has been
//! taken; answers come back in order. Answers to loads wait for the write port of the registers, with room for a few
//! of them on the way; if that is used up they hold up everybody.
//!
//! The port lags behind the processor and is advanced, cycle by cycle where more than one wants it, as far as somebody
//! needs to know.

mod alone;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::timing::TimingConfig;

pub(super) use alone::{NOWHERE, Queue, WritePort};

/// What is this long ago has no influence any more; more than the latency of the memory.
pub(super) const PAST: u64 = 72;
/// Length of the ring of answers that are remembered.
const REMEMBERED: usize = 32;

/// The general purpose registers as far as timing is concerned: when they are written, and their write port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Registers {
    /// Registers whose cycle in `ready` may lie in the future.
    pub(super) pending: u32,
    /// Cycle from which each register can be used.
    pub(super) ready: [u64; 32],
    /// Write port cycles reserved by results of known latency: bit n is cycle `from + n`.
    port: u128,
    from: u64,
}

impl Registers {
    pub(super) fn new() -> Self {
        Self { pending: 0, ready: [0; 32], port: 0, from: 0 }
    }
    /// Whether the write port is reserved in a cycle.
    #[inline(always)]
    pub(super) fn reserved(&self, cycle: u64) -> bool {
        let n = cycle.wrapping_sub(self.from);
        n < 128 && self.port >> n & 1 != 0
    }
    /// Whether a reservation in this cycle fits without forgetting some in the past.
    #[inline(always)]
    pub(super) fn fits(&self, cycle: u64) -> bool {
        cycle - self.from < 128
    }
    #[inline(always)]
    pub(super) fn reserve(&mut self, cycle: u64) {
        self.port |= 1 << (cycle - self.from).min(127);
    }
    /// Forgets reservations before `now`.
    pub(super) fn forget(&mut self, now: u64) {
        let passed = now.saturating_sub(self.from).min(128);
        self.port = self.port.checked_shr(passed as u32).unwrap_or(0);
        self.from = self.from.max(now);
    }
    /// Gives everything before cycle `now` a fixed value.
    pub(super) fn normalise(&mut self, now: u64) {
        self.forget(now);
        for (n, ready) in self.ready.iter_mut().enumerate() {
            if self.pending >> n & 1 == 0 || *ready <= now {
                self.pending &= !(1 << n);
                *ready = now;
            }
        }
    }
    /// Moves a state in normal form from cycle `from` to cycle `to`.
    pub(super) fn shift(&mut self, from: u64, to: u64) {
        self.from = self.from + to - from;
        for ready in &mut self.ready {
            *ready = *ready + to - from;
        }
    }
    #[inline(always)]
    pub(super) fn set(&mut self, register: u8, ready: u64) {
        self.ready[usize::from(register & 31)] = ready;
        self.pending |= 1 << (register & 31);
    }
}

/// A scalar request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Access {
    /// Register that a load writes.
    target: Option<u8>,
    issued: u64,
    latency: u32,
    remote: bool,
    /// Misaligned: it passes the queue without a command.
    cancelled: bool,
    /// When it was granted, once it was.
    granted: u64,
}

/// An answer on its way to the core: when it left the memory, and when it left the access queue (0: not yet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Answer {
    taken: u64,
    retired: u64,
}

/// A burst of words: a line fill, fxvlax, or fxvstax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Burst {
    /// First cycle in which the next word is at the arbiters.
    next: u64,
    left: u8,
    latency: u32,
    remote: bool,
    stores: bool,
    /// When the last answer left the memory.
    taken: u64,
}

/// Who has put a command forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Master {
    Code,
    Scalar,
    Vector,
}

/// The memory port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Accesses {
    /// The next cycle of the arbiters that has not been decided.
    cycle: u64,
    queue: VecDeque<Access>,
    /// Requests of the queue that have been granted, and those of them whose answer is decided.
    granted: usize,
    answered: usize,
    /// Number of the request at the head of the queue.
    head: u64,
    answers: [Answer; REMEMBERED],
    last_retired: u64,
    /// The request at the head of the queue does not leave it before.
    searched: u64,
    /// Registers that wait for a load.
    pub(super) loading: u32,
    code: Option<Burst>,
    /// Cycles in which words of the line under way arrive at the cache.
    pub(super) words: VecDeque<u64>,
    vector: Option<Burst>,
    /// The command put forward by the first and by the second arbiter and not accepted.
    first: Option<Master>,
    second: Option<Master>,
    /// When SRAM's last answer was taken, unless a scalar request decides about that.
    sram_free: u64,
    scalar_last: bool,
    /// When the last answer of all was taken.
    last_taken: u64,
    /// When the youngest transactions of the omnibus port were answered, as a ring.
    remote: [u64; 16],
    remote_head: u8,
    /// See [`TimingConfig::answers`] and [`TimingConfig::answer_room`].
    room_for: u64,
    room_after: u64,
    /// See [`TimingConfig`].
    command: u64,
    cancelled: u64,
    memory: u64,
    /// Loads that used the write port, and words that were written to local SRAM.
    #[serde(skip)]
    pub(super) loads: Log,
    #[serde(skip)]
    pub(super) stores: Log,
}

impl Accesses {
    pub(super) fn new(config: &TimingConfig) -> Self {
        Self {
            cycle: 0,
            queue: VecDeque::with_capacity(32),
            granted: 0,
            answered: 0,
            head: 0,
            answers: [Answer::default(); REMEMBERED],
            last_retired: 0,
            searched: 0,
            loading: 0,
            code: None,
            words: VecDeque::new(),
            vector: None,
            first: None,
            second: None,
            sram_free: 0,
            scalar_last: false,
            last_taken: 0,
            remote: [0; 16],
            remote_head: 0,
            room_for: u64::from(config.answers),
            room_after: u64::from(config.answer_room),
            command: u64::from(config.command),
            cancelled: u64::from(config.cancelled),
            memory: u64::from(config.memory),
            loads: Log::default(),
            stores: Log::default(),
        }
    }

    pub(super) fn logs(&mut self) -> [&mut Log; 2] {
        [&mut self.loads, &mut self.stores]
    }

    // ---- requests ----

    pub(super) fn push(
        &mut self,
        issued: u64,
        target: Option<u8>,
        latency: u32,
        remote: bool,
        cancelled: bool,
    ) {
        self.start(issued + self.command);
        self.queue.push_back(Access { target, issued, latency, remote, cancelled, granted: 0 });
        self.pass_cancelled();
        if let Some(target) = target {
            self.loading |= 1 << (target & 31);
        }
    }

    /// Cancelled accesses have no command: the next ones count as granted as soon as everything before them is, however
    /// far the arbiters have been followed.
    #[inline(always)]
    fn pass_cancelled(&mut self) {
        while self.queue.get(self.granted).is_some_and(|access| access.cancelled) {
            self.granted += 1;
            self.answer_granted();
        }
    }

    /// A command will come in cycle `next`. A port that nobody used has decided nothing, however far it was advanced.
    #[inline(always)]
    fn start(&mut self, next: u64) {
        if self.is_unused() {
            // Others may still come in a few cycles before that.
            self.cycle = next.saturating_sub(self.command);
        }
    }
    fn is_unused(&self) -> bool {
        self.queue.is_empty()
            && self.code.is_none()
            && self.vector.as_ref().is_none_or(|burst| burst.left == 0)
    }

    /// A line fill whose first word is at the arbiters in cycle `next`.
    pub(super) fn start_code(&mut self, next: u64, words: u8) {
        self.start(next);
        self.words.clear();
        self.code = Some(Burst { next, left: words, latency: 0, remote: false, stores: false, taken: 0 });
    }

    /// fxvlax or fxvstax, likewise.
    pub(super) fn start_vector(&mut self, next: u64, words: u8, latency: u32, remote: bool, stores: bool) {
        self.start(next);
        self.vector = Some(Burst { next, left: words, latency, remote, stores, taken: 0 });
    }

    /// The earliest cycle in which fxvlax or fxvstax can be complete.
    pub(super) fn vector_complete(&self) -> u64 {
        let Some(burst) = &self.vector else { return 0 };
        if burst.left == 0 {
            burst.taken + self.memory - 1
        } else {
            burst.next.max(self.cycle) + u64::from(burst.left) - 1 + self.memory
        }
    }
    /// Whether all its words have been answered, and that is decided.
    pub(super) fn vector_decided(&self) -> bool {
        self.vector.as_ref().is_none_or(|burst| burst.left == 0)
    }

    // ---- scalar queue ----

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
    /// The cycle behind the last retirement; meaningful when empty.
    pub(super) fn idle_from(&self) -> u64 {
        self.last_retired + 1
    }
    pub(super) fn retired_in(&self, cycle: u64) -> bool {
        self.last_retired == cycle
    }
    /// No retirement comes before this cycle.
    pub(super) fn next(&self) -> u64 {
        match self.queue.front() {
            Some(_) if self.answered > 0 => {
                (self.answer(self.head).taken + self.memory - 1).max(self.last_retired + 1)
            }
            Some(access) if access.cancelled => access.issued + self.cancelled,
            Some(access) => access.issued + self.command,
            None => 0,
        }
    }
    /// Requests that stand in the queue in cycle `cycle`, given that everything up to the cycle before has retired. One
    /// that leaves it in this cycle is still there, whether or not that is decided.
    pub(super) fn waiting(&self, cycle: u64) -> usize {
        self.len() + usize::from(self.last_retired >= cycle)
            - self.queue.iter().rev().take_while(|a| a.issued + self.command - 1 > cycle).count()
    }

    fn answer(&self, number: u64) -> Answer {
        self.answers[number as usize % REMEMBERED]
    }

    /// Decides when answers leave the memory, as far as earlier ones have left the queue.
    fn answer_granted(&mut self) {
        while self.answered < self.granted {
            let number = self.head + self.answered as u64;
            let access = self.queue[self.answered];
            let taken = if access.cancelled {
                // So that it can leave the queue in its earliest cycle.
                (access.issued + self.cancelled + 1).saturating_sub(self.memory)
            } else {
                let mut taken = (access.granted + 1 + u64::from(access.latency)).max(self.last_taken + 1);
                let last = number.saturating_sub(self.room_for);
                if last > 0 {
                    let before = self.answer(last - 1);
                    if last > self.head {
                        return;
                    }
                    let loaded = (self.answer(last).taken + 1).max(before.retired);
                    taken = taken.max(loaded + self.room_after);
                }
                self.last_taken = taken;
                if !access.remote {
                    self.sram_free = taken;
                }
                taken
            };
            self.answers[number as usize % REMEMBERED] = Answer { taken, retired: 0 };
            self.answered += 1;
        }
        self.scalar_last = false;
    }

    /// Retires what can leave the queue up to cycle `limit`.
    fn retire(&mut self, limit: u64, registers: &mut Registers) {
        loop {
            self.answer_granted();
            if self.answered == 0 {
                return;
            }
            let Some(access) = self.queue.front() else { return };
            let mut at = (self.answer(self.head).taken + self.memory - 1)
                .max(self.last_retired + 1)
                .max(self.searched);
            let (target, cancelled) = (access.target, access.cancelled);
            if target.is_some() && !cancelled {
                while at <= limit && registers.reserved(at) {
                    at += 1;
                }
            }
            if at > limit {
                // Reservations in front of it may be forgotten from now on.
                self.searched = at;
                return;
            }
            self.searched = 0;
            self.last_retired = at;
            self.answers[self.head as usize % REMEMBERED].retired = at;
            self.queue.pop_front();
            self.head += 1;
            self.granted -= 1;
            self.answered -= 1;
            if let Some(target) = target {
                self.loading &= !(1 << (target & 31));
                registers.set(target, at);
                if !cancelled {
                    self.loads.note(at, u32::from(target));
                }
            }
        }
    }

    // ---- arbiters ----

    /// Decides everything up to cycle `limit`. The requests of that cycle and the reservations of the write port are
    /// known.
    #[inline(always)]
    pub(super) fn advance(&mut self, limit: u64, registers: &mut Registers, config: &TimingConfig) {
        let bursts = self.code.is_some() || self.vector.as_ref().is_some_and(|burst| burst.left > 0);
        if self.queue.is_empty() && !bursts {
            self.cycle = self.cycle.max(limit + 1);
        } else {
            self.decide(limit, registers, config);
        }
    }

    #[inline(never)]
    fn decide(&mut self, limit: u64, registers: &mut Registers, config: &TimingConfig) {
        while self.cycle <= limit {
            let alone = self.code.is_none() && self.vector.as_ref().is_none_or(|burst| burst.left == 0);
            if alone {
                match self.queue.get(self.granted) {
                    None => {
                        self.cycle = limit + 1;
                        break;
                    }
                    Some(access) => self.cycle = self.cycle.max(access.issued + self.command),
                }
                if self.cycle > limit {
                    self.cycle = limit + 1;
                    break;
                }
            }
            self.retire(self.cycle, registers);
            self.arbitrate(self.cycle, config);
            self.cycle += 1;
        }
        self.retire(limit, registers);
    }

    fn arbitrate(&mut self, now: u64, config: &TimingConfig) {
        let scalar =
            self.queue.get(self.granted).filter(|access| access.issued + self.command <= now).copied();
        let vector = self.vector.filter(|burst| burst.left > 0 && burst.next <= now);
        let code = self.code.is_some_and(|burst| burst.next <= now);
        let first = self.first.or(match (scalar, vector) {
            (Some(_), _) => Some(Master::Scalar),
            (None, Some(_)) => Some(Master::Vector),
            _ => None,
        });
        self.first = first;
        let Some(second) = self.second.or(if code { Some(Master::Code) } else { first }) else { return };
        self.second = Some(second);
        let (remote, latency) = match second {
            Master::Code => (false, 0),
            Master::Scalar => scalar.map_or((false, 0), |access| (access.remote, access.latency)),
            Master::Vector => vector.map_or((false, 0), |burst| (burst.remote, burst.latency)),
        };
        let free = if remote {
            let oldest = usize::from(self.remote_head.wrapping_sub(config.omnibus_in_flight) & 15);
            self.remote[oldest] <= now
        } else {
            !self.scalar_last && self.sram_free <= now
        };
        if !free {
            return;
        }
        self.second = None;
        if second != Master::Code {
            self.first = None;
        }
        if remote {
            self.remote[usize::from(self.remote_head & 15)] = now + u64::from(latency) + 2;
            self.remote_head = (self.remote_head + 1) & 15;
        }
        if second == Master::Scalar {
            if let Some(access) = self.queue.get_mut(self.granted) {
                access.granted = now;
                if !remote && access.target.is_none() {
                    self.stores.note(now, 0);
                }
            }
            self.granted += 1;
            self.scalar_last = !remote;
            self.answer_granted();
            self.scalar_last = self.answered < self.granted && !remote;
            self.pass_cancelled();
            return;
        }
        let taken = (now + 1 + u64::from(latency)).max(self.last_taken + 1);
        self.last_taken = taken;
        if !remote {
            self.sram_free = taken;
        }
        let burst = if second == Master::Code { &mut self.code } else { &mut self.vector };
        if let Some(burst) = burst {
            burst.left -= 1;
            burst.next = now + 1;
            burst.taken = taken;
            if burst.stores && !remote {
                self.stores.note(now, 0);
            }
            if second == Master::Code {
                self.words.push_back(taken + self.memory - 2);
                if burst.left == 0 {
                    self.code = None;
                }
            }
        }
    }

    /// Moves fills in progress to a later time; see [`super::fetch::Fetch::skip`].
    pub(super) fn skip(&mut self, cycles: u64) {
        for word in &mut self.words {
            *word += cycles;
        }
        if let Some(burst) = &mut self.code {
            burst.next += cycles;
        }
        self.cycle += cycles;
    }

    // ---- normal form ----

    /// Nothing is under way that no record contains: line fills, misaligned accesses.
    pub(super) fn is_ordinary(&self) -> bool {
        self.code.is_none() && !self.queue.iter().any(|access| access.cancelled)
    }

    /// Brings the state, which has been decided up to cycle `now` at least, into a form in which everything that no
    /// future answer depends on has a fixed value. `serial`: fxvlax or fxvstax is under way. `fill`: a line fill is.
    pub(super) fn normalise(&mut self, now: u64, serial: bool, fill: bool, config: &TimingConfig) {
        let past = now.saturating_sub(PAST);
        if !fill {
            self.words.clear();
        }
        if let Some(burst) = &mut self.code {
            (burst.next, burst.taken) = (burst.next.max(now), past);
        }
        self.cycle = if self.is_unused() { now + 1 } else { self.cycle.max(now + 1) };
        let undecided = self.answered..self.granted;
        let command = self.command;
        for (n, access) in self.queue.iter_mut().enumerate() {
            // Only how new it is counts, and only while its command is not decided.
            access.issued = match access.cancelled {
                true => access.issued.max(past),
                false if n < self.granted => now.saturating_sub(command),
                false => access.issued.max(now.saturating_sub(command)),
            };
            access.granted = if undecided.contains(&n) { access.granted.max(past) } else { past };
            if n < self.answered {
                (access.latency, access.remote) = (0, false);
            }
        }
        let mut answers = [Answer { taken: past, retired: past }; REMEMBERED];
        let head = self.head.min(2 * REMEMBERED as u64 - 24);
        for before in 0..=self.room_for + 1 {
            if before > self.head.min(head) {
                break;
            }
            let answer = self.answer(self.head - before);
            if before > 0 {
                answers[(head - before) as usize % REMEMBERED] =
                    Answer { taken: answer.taken.max(past), retired: answer.retired.max(past) };
            }
        }
        for n in 0..self.answered as u64 {
            let taken = self.answer(self.head + n).taken.max(past);
            answers[(head + n) as usize % REMEMBERED] = Answer { taken, retired: past };
        }
        (self.head, self.answers) = (head, answers);
        self.last_retired = self.last_retired.max(now.saturating_sub(1));
        // Before it is answered it does not search for a place.
        let searched = if self.answered > 0 { self.searched } else { 0 };
        self.searched = searched.max(now.saturating_sub(1));
        self.sram_free = self.sram_free.max(now);
        // The next answer comes behind its grant in any case.
        let granted = self.queue.get(self.answered).filter(|_| !undecided.is_empty());
        self.last_taken = self.last_taken.max(granted.map_or(now, |access| access.granted.min(now)));
        let remote = self.remote;
        for (n, free) in self.remote.iter_mut().enumerate() {
            // The youngest transaction becomes the last of the ring.
            let old = remote[(usize::from(self.remote_head) + n) & 15];
            let counts = n >= 16 - usize::from(config.omnibus_in_flight);
            *free = if counts { old.max(now) } else { now };
        }
        self.remote_head = 0;
        match &mut self.vector {
            Some(burst) if serial => {
                burst.next = burst.next.max(now);
                burst.taken = burst.taken.max(past);
            }
            burst => *burst = None,
        }
    }

    /// Moves a state in normal form from cycle `from` to cycle `to`.
    pub(super) fn shift(&mut self, from: u64, to: u64) {
        let moved = |cycle: &mut u64| *cycle = *cycle + to - from;
        for cycle in [
            &mut self.cycle,
            &mut self.last_retired,
            &mut self.searched,
            &mut self.sram_free,
            &mut self.last_taken,
        ] {
            moved(cycle);
        }
        self.remote.iter_mut().for_each(moved);
        for access in &mut self.queue {
            moved(&mut access.issued);
            moved(&mut access.granted);
        }
        for answer in &mut self.answers {
            moved(&mut answer.taken);
            moved(&mut answer.retired);
        }
        if let Some(burst) = &mut self.vector {
            moved(&mut burst.next);
            moved(&mut burst.taken);
        }
    }
}
