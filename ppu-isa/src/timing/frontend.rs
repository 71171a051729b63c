//! Fetch and jumps (ppu-timing 2.2, 2.3).
//!
//! The front end generates the address of an instruction three cycles before it can issue, in step with issue: if
//! one issues in cycle t, the address of the third behind it is generated in t. All costs of misses and jumps follow
//! from the cycle in which an address is generated.

use serde::{Deserialize, Serialize};

use super::predictor::Predictor;
use crate::config::CacheGeometry;

/// From address generation to the earliest issue, for an instruction in the cache.
const HIT: u64 = 3;
/// The same for the first word of a missing line in local SRAM.
const MISS: u64 = 10;
/// From address generation of a jump target, relative to the issue of an unpredicted branch.
const JUMP: u64 = 2;
/// A jump away from a pending miss is this much slower.
const ABANDONED: u64 = 1;
/// Cycles by which a line fill outlasts the delivery of its words.
const FILL_OVERHEAD: u64 = 4;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FrontEnd {
    words_log2: u8,
    predictor: Predictor,
    /// Cycle in which the address of the next instruction is generated.
    address_at: u64,
    /// The next instruction is the target of an unpredicted jump, which is not predicted itself.
    unpredicted: bool,
    fill: Fill,
    /// A line beyond a jump whose address was generated before the jump was known, and when.
    speculative: Option<(u32, u64)>,
    /// A request that waits for its line: address and cycle.
    requested: Option<(u32, u64)>,
    /// The line last used, which is known to be there.
    current_line: u32,
}

/// The line fill that is or was last in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fill {
    line: u32,
    first_word: u32,
    /// Cycle of the request.
    from: u64,
    /// Earliest issue of the first word.
    first_issue: u64,
    interval: u64,
    /// The port is free again, another fill can begin.
    until: u64,
}

impl FrontEnd {
    pub(super) fn new(cache: CacheGeometry) -> Self {
        Self {
            words_log2: cache.limited().words_log2,
            predictor: Predictor::default(),
            address_at: 0,
            unpredicted: true,
            fill: Fill { line: u32::MAX, ..Fill::default() },
            speculative: None,
            requested: None,
            current_line: u32::MAX,
        }
    }

    fn line_of(&self, address: u32) -> u32 {
        address >> (2 + self.words_log2)
    }
    fn words(&self) -> u32 {
        1 << self.words_log2
    }

    /// The line that is requested next, and when; nothing if the instruction at `address` is there.
    #[inline(always)]
    pub(super) fn request(&mut self, address: u32, resident: impl Fn(u32) -> bool) -> Option<(u32, u64)> {
        if self.requested.is_some() {
            return self.requested;
        }
        if let Some((beyond, generated)) = self.speculative.take() {
            let from = generated.max(self.fill.until);
            if from < self.address_at && !resident(beyond) {
                self.address_at += ABANDONED;
                self.requested = Some((beyond, from));
                return self.requested;
            }
        }
        let line = self.line_of(address);
        if line == self.current_line {
            return None;
        }
        if resident(address) {
            self.current_line = line;
            return None;
        }
        self.requested = Some((address, self.address_at.max(self.fill.until)));
        self.requested
    }

    pub(super) fn line(&mut self, address: u32, from: u64, latency: u64, interval: u64) {
        let first_issue = from + MISS + latency;
        self.requested = None;
        self.fill = Fill {
            line: self.line_of(address),
            first_word: address >> 2 & (self.words() - 1),
            from,
            first_issue,
            interval,
            until: from + FILL_OVERHEAD + latency + u64::from(self.words()) * interval,
        };
    }

    /// Whether a data access in cycle `at` meets a line fill on the SRAM port, and until when.
    pub(super) fn port_busy(&self, at: u64) -> u64 {
        if at >= self.fill.from && at < self.fill.until { self.fill.until - 2 } else { 0 }
    }

    /// Earliest issue of the next instruction as far as fetching it is concerned.
    #[inline(always)]
    pub(super) fn ready(&self, address: u32) -> u64 {
        let hit = self.address_at + HIT;
        if self.address_at < self.fill.until + MISS && self.line_of(address) == self.fill.line {
            let word = address >> 2 & (self.words() - 1);
            let position = word.wrapping_sub(self.fill.first_word) & (self.words() - 1);
            return hit.max(self.fill.first_issue + u64::from(position) * self.fill.interval);
        }
        hit
    }

    /// The instruction issued in cycle `at` and execution goes on behind it.
    #[inline(always)]
    pub(super) fn follow(&mut self, at: u64) {
        self.address_at = at - 2;
        self.unpredicted = false;
    }

    /// A branch issued in cycle `at`. Returns whether it was predicted wrongly.
    pub(super) fn branch(&mut self, address: u32, at: u64, taken: bool, next: u32) -> bool {
        let predicted = if self.unpredicted { None } else { self.predictor.predict(address) };
        let right = if taken { predicted == Some(next) } else { predicted.is_none() };
        self.predictor.learn(address, taken, if taken { next } else { address.wrapping_add(4) }, at + 2);
        if right {
            self.follow(at);
        } else {
            // Until the jump, the addresses behind the branch were generated.
            let line_end = (address | (4 * self.words() - 1)).wrapping_add(1);
            let distance = u64::from(line_end.wrapping_sub(address)) / 4;
            if distance <= 4 && predicted.is_none() {
                self.speculative = Some((line_end, at - 3 + distance));
            }
            self.jump(at + JUMP);
        }
        !right
    }

    /// As [`FrontEnd::jump`], from a place where a line fill may be awaited.
    pub(super) fn leave(&mut self, address_at: u64) {
        let pending = self.fill.first_issue > address_at;
        self.jump(address_at + if pending { ABANDONED } else { 0 });
    }

    /// The front end leaves for another address, which is generated in the given cycle.
    pub(super) fn jump(&mut self, address_at: u64) {
        self.address_at = address_at;
        self.unpredicted = true;
    }
}
