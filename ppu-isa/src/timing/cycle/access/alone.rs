//! Loads and stores of local SRAM that have the memory port for themselves. When they leave the queue then follows from one
//! to the next, and only has to be found out when somebody asks.

use super::{Access, Accesses, Answer, Master, Registers};
use crate::timing::TimingConfig;

/// Accesses that are remembered, a power of two: those in the queue, and as many behind its head as the buffers for
/// answers can look back at.
const REMEMBERED: usize = 32;
/// In place of a register that is loaded: a store.
pub(in super::super) const NOWHERE: u8 = 32;

/// The reservations of the write port of the general purpose registers: bit n is cycle `from + n`.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct WritePort {
    reserved: u64,
    from: u64,
}

impl WritePort {
    #[inline(always)]
    pub(in super::super) fn reserved(self, cycle: u64) -> bool {
        let n = cycle - self.from;
        n < 64 && self.reserved >> n & 1 != 0
    }
    /// Whether a reservation in this cycle fits without forgetting some in the past.
    #[inline(always)]
    pub(in super::super) fn fits(self, cycle: u64) -> bool {
        cycle - self.from < 64
    }
    #[inline(always)]
    pub(in super::super) fn reserve(&mut self, cycle: u64) {
        self.reserved |= 1 << ((cycle - self.from) & 63);
    }
    /// Forgets reservations before `now`.
    pub(in super::super) fn forget(&mut self, now: u64) {
        self.reserved = self.reserved.checked_shr((now - self.from).min(64) as u32).unwrap_or(0);
        self.from = now;
    }
}

/// A load or store.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    /// First cycle in which its command is at the arbiters.
    command: u64,
    /// When its answer left the memory, once that has been found out.
    taken: u64,
    /// When it left the queue, likewise.
    retired: u64,
    /// It does not leave the queue before, and what the write port did before has been forgotten.
    searched: u64,
    /// The register that a load writes, or [`NOWHERE`].
    target: u8,
}

/// The first request that is undecided, and the end of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    number: u64,
    retired: u64,
    taken: u64,
    sram_free: u64,
}

/// The queue of the load/store unit, of which only what has been asked for is decided.
#[derive(Clone, Debug)]
pub(in super::super) struct Queue {
    requests: [Request; REMEMBERED],
    head: Head,
    /// What it was at the beginning: nothing before is ever taken back.
    beginning: Head,
    /// Number of the next request.
    next: u64,
    command: u64,
    memory: u64,
    answers: u64,
    answer_room: u64,
}

impl Queue {
    /// No more requests than this may be in it.
    pub(in super::super) const LONGEST: u64 = 16;

    pub(in super::super) fn new(config: &TimingConfig) -> Self {
        Self {
            requests: [Request::default(); REMEMBERED],
            head: Head::default(),
            beginning: Head::default(),
            next: 0,
            command: u64::from(config.command),
            memory: u64::from(config.memory),
            answers: u64::from(config.answers),
            answer_room: u64::from(config.answer_room),
        }
    }

    fn request(&self, number: u64) -> &Request {
        &self.requests[number as usize % REMEMBERED]
    }
    fn request_mut(&mut self, number: u64) -> &mut Request {
        &mut self.requests[number as usize % REMEMBERED]
    }

    /// Requests that are undecided.
    #[inline(always)]
    pub(in super::super) fn length(&self) -> u64 {
        self.next - self.head.number
    }
    /// A load or store issued in cycle `at`.
    #[inline(always)]
    pub(in super::super) fn push(&mut self, at: u64, target: u8) {
        let next = self.next;
        *self.request_mut(next) = Request { command: at + self.command, target, ..Request::default() };
        self.next = next + 1;
    }

    /// When the answer to the request at the head leaves the memory.
    #[inline(always)]
    fn answered(&self) -> u64 {
        let Head { number, taken, sram_free, .. } = self.head;
        let granted = self.request(number).command.max(sram_free);
        let mut answered = granted.max(taken) + 1;
        if number > self.answers {
            let last = self.request(number - self.answers).taken + 1;
            let loaded = last.max(self.request(number - self.answers - 1).retired);
            answered = answered.max(loaded + self.answer_room);
        }
        answered
    }

    /// When the request at the head leaves the queue, if that is up to cycle `limit` and everybody who wants the write
    /// port until then has reserved it, otherwise a later cycle; and when its answer leaves the memory.
    #[inline(always)]
    pub(in super::super) fn head(&self, limit: u64, port: WritePort) -> (u64, u64) {
        let request = self.request(self.head.number);
        let answered = self.answered();
        let mut at = (answered + self.memory - 1).max(self.head.retired + 1).max(request.searched);
        if request.target != NOWHERE {
            while at <= limit && port.reserved(at) {
                at += 1;
            }
        }
        (at, answered)
    }
    /// The request at the head does not leave the queue before cycle `at`, and reservations in front of that may be
    /// forgotten from now on.
    pub(in super::super) fn search_from(&mut self, at: u64) {
        self.request_mut(self.head.number).searched = at;
    }
    /// Decides about the request at the head with what [`Queue::head`] said. Returns its target.
    #[inline(always)]
    pub(in super::super) fn end(&mut self, retired: u64, taken: u64) -> u8 {
        let number = self.head.number;
        let request = self.request_mut(number);
        (request.retired, request.taken) = (retired, taken);
        let target = request.target;
        self.head = Head { number: number + 1, retired, taken, sram_free: taken };
        target
    }

    /// The head as it was in cycle `now`: what leaves later is still there.
    fn head_in(&self, now: u64) -> Head {
        let mut head = self.head;
        while head.number > self.beginning.number && head.retired > now {
            let number = head.number - 1;
            head = if number == self.beginning.number {
                self.beginning
            } else {
                let Request { taken, retired, .. } = *self.request(number - 1);
                Head { number, retired, taken, sram_free: taken }
            };
        }
        head
    }
}

impl Registers {
    /// The reservations from cycle `now` on, if there are none further in the future than it can express.
    pub(in super::super) fn write_port(&self, now: u64) -> Option<WritePort> {
        let from = self.from.max(now);
        let reserved = self.port.checked_shr((from - self.from).min(128) as u32).unwrap_or(0);
        Some(WritePort { reserved: u64::try_from(reserved).ok()?, from })
    }
    pub(in super::super) fn set_write_port(&mut self, port: WritePort) {
        (self.port, self.from) = (u128::from(port.reserved), port.from);
    }
}

impl Accesses {
    /// Hands over the scalar requests if they have the port for themselves, and nothing has been decided about them that
    /// they would not decide again. Otherwise false, and `queue` is in no particular state.
    pub(in super::super) fn alone(&self, queue: &mut Queue) -> bool {
        let ordinary = |access: &Access| !access.cancelled && !access.remote && access.latency == 0;
        let scalar = |master: Option<Master>| master.is_none_or(|master| master == Master::Scalar);
        let alone = self.code.is_none()
            && self.vector_decided()
            && scalar(self.first)
            && scalar(self.second)
            && self.queue.iter().all(ordinary)
            && (self.queue.len() as u64) < Queue::LONGEST;
        if !alone {
            return false;
        }
        queue.next = self.head;
        for number in self.head.saturating_sub(self.room_for + 1)..self.head {
            let Answer { taken, retired } = self.answer(number);
            *queue.request_mut(number) = Request { taken, retired, ..Request::default() };
        }
        for (n, access) in self.queue.iter().enumerate() {
            // One that has been granted its command later than it came wanted to come then.
            let command = if n < self.granted { access.granted } else { access.issued + self.command };
            queue.push(command - self.command, access.target.unwrap_or(NOWHERE));
        }
        queue.request_mut(self.head).searched = if self.answered > 0 { self.searched } else { 0 };
        let (taken, sram_free) = if self.granted > 0 { (0, 0) } else { (self.last_taken, self.sram_free) };
        queue.head = Head { number: self.head, retired: self.last_retired, taken, sram_free };
        queue.beginning = queue.head;
        // What has been decided must come out again.
        if self.granted == 0 {
            return true;
        }
        let mut check = queue.clone();
        for n in 0..self.answered {
            let taken = check.answered();
            if taken != self.answer(self.head + n as u64).taken
                || check.head.sram_free > self.queue[n].granted
            {
                return false;
            }
            // When it leaves the queue does not matter to the others that have been answered.
            check.end(0, taken);
        }
        self.answered > 0 && check.head.taken == self.last_taken
    }

    /// Takes the requests over, as they are in cycle `now`.
    pub(in super::super) fn take_queue(&mut self, queue: &Queue, now: u64) {
        let head = queue.head_in(now);
        self.queue.clear();
        self.loading = 0;
        for number in head.number..queue.next {
            let Request { command, target, .. } = *queue.request(number);
            let target = (target != NOWHERE).then_some(target);
            self.loading |= target.map_or(0, |target| 1 << target);
            self.queue.push_back(Access {
                target,
                issued: command - self.command,
                latency: 0,
                remote: false,
                cancelled: false,
                granted: 0,
            });
        }
        for number in head.number.saturating_sub(self.room_for + 1)..head.number {
            let Request { taken, retired, .. } = *queue.request(number);
            self.answers[number as usize % super::REMEMBERED] = Answer { taken, retired };
        }
        (self.granted, self.answered, self.head) = (0, 0, head.number);
        self.last_retired = head.retired;
        self.searched = if head.number < queue.next { queue.request(head.number).searched } else { 0 };
        (self.last_taken, self.sram_free) = (head.taken, head.sram_free);
        self.scalar_last = false;
        (self.first, self.second) = (None, None);
        self.cycle = match self.queue.front() {
            // As if it had just come.
            Some(first) => first.issued,
            None => self.cycle.max(now),
        };
    }
}
