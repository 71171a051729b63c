//! No micro-architecture: one instruction in each cycle.

use serde::{Deserialize, Serialize};

use super::{LineRequest, Outcome, Redirect, Slot, Timing};
use crate::config::Config;

/// Every slot takes one cycle, redirections included. For tools that only ask what a program computes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flat {
    next: u64,
}

impl Timing for Flat {
    fn new(_: &Config) -> Self {
        Self::default()
    }
    #[inline(always)]
    fn fetch(&mut self, address: u32, _: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest> {
        code(address).is_none().then_some(LineRequest { address, at: self.next })
    }
    fn line(&mut self, _: LineRequest, _: u32, _: u32) {}
    #[inline(always)]
    fn issue(&mut self, _: Slot<'_>, _: u64, _: impl Fn(u32) -> Option<u32>) -> Result<u64, LineRequest> {
        Ok(self.next)
    }
    #[inline(always)]
    fn complete(&mut self, _: Slot<'_>, at: u64, _: Outcome, _: impl Fn(u32) -> Option<u32>) {
        self.next = at + 1;
    }
    fn interruptible(&mut self, cycle: u64) -> u64 {
        cycle
    }
    fn redirect(&mut self, _: u32, at: u64, _: Redirect) {
        self.next = self.next.max(at + 1);
    }
    fn asleep_from(&mut self, at: u64) -> u64 {
        at + 1
    }
    #[inline(always)]
    fn counts(&self) -> Option<u64> {
        Some(self.next)
    }
    #[inline(always)]
    fn counted(&mut self, next: u64) {
        self.next = next;
    }
    fn quiescent_from(&mut self) -> u64 {
        self.next
    }
}
