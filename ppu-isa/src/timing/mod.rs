//! When instructions issue: the seam between what the processor does and how long it takes.
//!
//! The core executes in program order and asks a [`Timing`] model for every issue slot:
//!
//! 1. [`Timing::fetch`]: is the instruction there? If not, which cache line is requested, and when. The core gets the
//!    line from the bus, keeps its words, reports the cost through [`Timing::line`], and asks again.
//! 2. [`Timing::issue`]: the cycle in which this slot issues. The answer must not depend on how often it is asked:
//!    execution may have to stop here and be resumed.
//! 3. [`Timing::complete`]: it did issue, and this is what became of it.
//!
//! An instruction takes one slot, except that loads with update take two (the second writes the base register) and
//! lmw/stmw one for each register. The model owns all timing state; the core owns all functional state, including
//! the contents of the instruction cache.

mod cycle;
mod demand;
mod flat;
mod frontend;
mod parameters;
mod predictor;
mod scoreboard;
mod stall;
mod vector_unit;

pub use cycle::{CycleModel, CycleReference, Traces};
pub(crate) use demand::{Demand, Kind};
pub use flat::Flat;
pub use parameters::{OutOfRange, Stations, TimingConfig};
pub use scoreboard::Scoreboard;
pub use stall::{Account, Drain, Operand, Stall, Stalls, VectorStation, VectorWait};

use crate::config::Config;
use crate::instruction::Instruction;

/// A cache line that the front end requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRequest {
    /// Any address in the line.
    pub address: u32,
    /// Cycle of the request.
    pub at: u64,
}

/// One issue slot of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    /// Address of the instruction.
    pub address: u32,
    /// The instruction.
    pub instruction: &'a Instruction,
    /// 0 for the first slot; then 1 for the second slot of a load with update, or the number of registers that lmw
    /// and stmw have done.
    pub step: u8,
}

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Address of the next instruction in program order (the same again if the instruction needs more slots).
    pub next: u32,
    /// Whether a branch was taken.
    pub taken: bool,
    /// What the bus answered beyond local SRAM, see [`crate::Response`].
    pub latency: u32,
    /// Effective address of a memory access, 0 otherwise.
    pub effective_address: u32,
    /// A misaligned access, which never left the processor.
    pub suppressed: bool,
}

/// Why the front end is redirected without a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// An interrupt is taken: the jump to its vector begins in the given cycle.
    Interrupt,
    /// The processor wakes up without an interrupt in the given cycle and goes on behind the `wait`.
    Wake,
}

/// A timing model. See the module for the protocol.
pub trait Timing: Clone {
    /// A processor that leaves reset in cycle 0.
    fn new(config: &Config) -> Self;

    /// Whether the front end needs a line before the instruction at `address`, the next in program order, can be
    /// delivered. `code` reads the instruction cache: the word at any address, if its line is there. An interrupt
    /// begins in cycle `limit`: what comes later need not be found out.
    fn fetch(&mut self, address: u32, limit: u64, code: impl Fn(u32) -> Option<u32>) -> Option<LineRequest>;

    /// The requested line: its first word comes `latency` cycles later than from local SRAM, the others at a distance
    /// of `interval` cycles.
    fn line(&mut self, request: LineRequest, latency: u32, interval: u32);

    /// The cycle in which the slot issues. Calling it again without [`Timing::complete`] gives the same answer.
    /// For `sync` and `wait`: the cycle in which they reach the front end's last stage. If it is behind `limit`, any
    /// cycle behind `limit`.
    ///
    /// # Errors
    /// While the slot waits, the front end requests a line. Call again when it has got it.
    fn issue(
        &mut self,
        slot: Slot<'_>,
        limit: u64,
        code: impl Fn(u32) -> Option<u32>,
    ) -> Result<u64, LineRequest>;

    /// For an instruction that can only take effect and be followed by the next one in memory: the cycle in which it
    /// issues, if the model knows it without further ado.
    #[inline(always)]
    fn passes(&self, instruction: &Instruction) -> Option<u64> {
        let _ = instruction;
        None
    }
    /// It issued in cycle `at`, as [`Timing::passes`] said. In place of [`Timing::complete`].
    fn pass(&mut self, instruction: &Instruction, at: u64) {
        let _ = (instruction, at);
    }

    /// The slot issued in cycle `at`.
    fn complete(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>);

    /// The instruction issued in cycle `at` has effects, but its results in registers are dropped (ppu-timing 2.5).
    fn cancel(&mut self, slot: Slot<'_>, at: u64, outcome: Outcome, code: impl Fn(u32) -> Option<u32>) {
        self.complete(slot, at, outcome, code);
    }

    /// The first cycle from `cycle` on in which an interrupt can begin, given what has issued so far: none begins
    /// while a jump or a context synchronisation is in progress (ppu-isa 3.5).
    fn interruptible(&mut self, cycle: u64) -> u64;

    /// The front end continues at `address`. The first instruction there issues six cycles after the beginning of an interrupt and
    /// one cycle after a wake-up if it is in the cache and nothing is in the way.
    fn redirect(&mut self, address: u32, at: u64, cause: Redirect);

    /// The first cycle in which the processor sleeps, behind a `wait` that reached the last stage in cycle `at`.
    fn asleep_from(&mut self, at: u64) -> u64;

    /// For a model that only counts: the cycle in which the next slot issues. Every slot then issues in the cycle behind
    /// the one before, and no line is requested before an instruction in it is needed. The core may execute on by
    /// itself, and reports with [`Timing::counted`]; it is as if it had called the methods above for every slot.
    #[inline(always)]
    fn counts(&self) -> Option<u64> {
        None
    }

    /// The slot after those that have been executed issues in cycle `next`. Only if [`Timing::counts`].
    fn counted(&mut self, next: u64) {
        let _ = next;
    }

    /// Whether [`Timing::account`] will be asked from now on. A model that is not told expects to be asked.
    fn explain(&mut self, wanted: bool) {
        let _ = wanted;
    }

    /// What the model knows about the slot that [`Timing::complete`] was last called for. Models that cannot tell
    /// say nothing.
    fn account(&self) -> Account {
        Account::default()
    }

    /// The first cycle in which everything that has been issued is complete.
    fn quiescent_from(&mut self) -> u64;
}
