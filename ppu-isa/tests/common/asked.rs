//! The timing model that costs nothing, but is asked for every slot: with it, execution takes the path of all the others.

use ppu_isa::Config;
use ppu_isa::timing::{Flat, LineRequest, Outcome, Redirect, Slot, Timing};
use serde::{Deserialize, Serialize};

/// [`Flat`], which does not say that it only counts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Asked(Flat);

impl Timing for Asked {
    fn new(config: &Config) -> Self {
        Self(Flat::new(config))
    }
    #[inline(always)]
    fn fetch(&mut self, address: u32, limit: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest> {
        self.0.fetch(address, limit, code)
    }
    fn line(&mut self, request: LineRequest, latency: u32, interval: u32) {
        self.0.line(request, latency, interval);
    }
    #[inline(always)]
    fn issue(
        &mut self,
        slot: Slot<'_>,
        limit: u64,
        code: impl Fn(u32) -> Option<u32>,
    ) -> Result<u64, LineRequest> {
        self.0.issue(slot, limit, code)
    }
    #[inline(always)]
    fn complete(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        self.0.complete(slot, at, outcome, code);
    }
    fn interruptible(&mut self, cycle: u64) -> u64 {
        self.0.interruptible(cycle)
    }
    fn redirect(&mut self, address: u32, at: u64, cause: Redirect) {
        self.0.redirect(address, at, cause);
    }
    fn asleep_from(&mut self, at: u64) -> u64 {
        self.0.asleep_from(at)
    }
    fn quiescent_from(&mut self) -> u64 {
        self.0.quiescent_from()
    }
}
