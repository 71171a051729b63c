//! Scalar loads and stores on their way through the access queue, the memory port and the write port of the
//! registers (ppu-timing 2.1).
//!
//! Requests are served in order. What decides about a request is computed only when its cycle has come, because line
//! fills that begin later may still take the SRAM port from it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::fetch::Busy;
use crate::timing::TimingConfig;

/// From issue to the request on the memory port.
const REQUEST: u64 = 3;
/// From the answer on the port to the earliest write of a register.
const ANSWER: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Access {
    /// Register that a load writes.
    target: Option<u8>,
    issued: u64,
    latency: u32,
    remote: bool,
    /// Misaligned: it passes the queue without a request.
    cancelled: bool,
    /// The earliest cycle of the register write, 0 if not yet decided.
    ready: u64,
}

/// All requests that have not been answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accesses {
    queue: VecDeque<Access>,
    decided: usize,
    last_port: u64,
    last_ready: u64,
    last_retired: u64,
    /// Registers that wait for a load.
    pub(super) loading: u32,
    /// Cycles from which the omnibus port can take the next transactions.
    pub(super) remote: Remote,
    /// Cycles in which scalar requests used the port, for the vector unit which comes behind; kept while it is busy.
    pub(super) used: VecDeque<u64>,
    pub(super) keep_used: bool,
}

/// Transactions under way on the omnibus port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remote {
    /// When each of the youngest was answered, as a ring.
    answered: [u64; 16],
    head: u8,
}

impl Remote {
    /// The cycle in which a request that could be taken from `cycle` on is taken.
    pub(super) fn accept(&mut self, cycle: u64, latency: u32, in_flight: u8) -> u64 {
        let oldest = usize::from(self.head.wrapping_sub(in_flight) & 15);
        let taken = cycle.max(self.answered[oldest]);
        self.answered[usize::from(self.head & 15)] = taken + u64::from(latency) + 2;
        self.head = (self.head + 1) & 15;
        taken
    }
}

impl Accesses {
    pub(super) fn push(
        &mut self,
        issued: u64,
        target: Option<u8>,
        latency: u32,
        remote: bool,
        cancelled: bool,
    ) {
        self.queue.push_back(Access { target, issued, latency, remote, cancelled, ready: 0 });
        if let Some(target) = target {
            self.loading |= 1 << (target & 31);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Decides about all requests that reach the memory up to cycle `limit`. Line fills are known up to then.
    pub(super) fn decide(&mut self, limit: u64, busy: &Busy, config: &TimingConfig) {
        let memory = u64::from(config.memory);
        while let Some(access) = self.queue.get_mut(self.decided) {
            let ready = if access.cancelled {
                access.issued + REQUEST
            } else {
                let mut port = (access.issued + REQUEST + 1).max(self.last_port + 1);
                while busy.contains(port) {
                    port += 1;
                }
                if port > limit {
                    return;
                }
                if access.remote {
                    port = self.remote.accept(port, access.latency, config.omnibus_in_flight);
                }
                self.last_port = port;
                if self.keep_used {
                    self.used.push_back(port);
                }
                port + memory - 1 + ANSWER + u64::from(access.latency)
            };
            self.last_ready = ready.max(self.last_ready + 1);
            access.ready = self.last_ready;
            self.decided += 1;
        }
    }

    /// Retires what is done up to cycle `limit`. `reserved` tells in which cycles the write port is taken by results
    /// of fixed latency, `written` gets each register and the cycle of its write.
    #[inline(never)]
    pub(super) fn retire(
        &mut self,
        limit: u64,
        busy: &Busy,
        config: &TimingConfig,
        reserved: impl Fn(u64) -> bool,
        mut written: impl FnMut(u8, u64),
    ) {
        self.decide(limit, busy, config);
        while let Some(access) = self.queue.front().filter(|_| self.decided > 0) {
            let mut at = access.ready.max(self.last_retired + 1);
            let target = access.target;
            if target.is_some() && !access.cancelled {
                while reserved(at) {
                    at += 1;
                }
            }
            if at > limit {
                return;
            }
            self.last_retired = at;
            self.queue.pop_front();
            self.decided -= 1;
            if let Some(target) = target {
                self.loading &= !(1 << (target & 31));
                written(target, at);
            }
        }
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
            Some(access) if self.decided > 0 => access.ready.max(self.last_retired + 1),
            Some(access) if access.cancelled => access.issued + REQUEST,
            Some(access) => access.issued + REQUEST + 1,
            None => 0,
        }
    }

    /// Requests that stand in the queue in cycle `cycle`, given that everything up to the cycle before has retired.
    pub(super) fn waiting(&self, cycle: u64) -> usize {
        self.queue.len() - self.queue.iter().rev().take_while(|a| a.issued + REQUEST > cycle).count()
    }
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
