//! Where a program spends its time: cycles by function, by source line, and by call path.
//!
//! A [`Profiler`] watches a processor exactly, instruction by instruction; nothing is sampled. The cycles between two issue slots
//! are charged to the second one, which is the one that had to wait; those of sleep to the `wait`, apart from
//! the others. So all numbers of a profile add up to the time of the run.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bss2_debug::profile::Profiler;
//! use bss2_debug::source::SourceMap;
//!
//! let map = SourceMap::parse(&std::fs::read("program.elf")?)?;
//! let mut profiler = Profiler::new(&map);
//! // ... chip.advance_observed(until, &mut profiler, &mut ()) ...
//! let profile = profiler.finish(1_000, None);
//! for function in &profile.functions {
//!     println!("{:>10} {}", function.cycles, function.name);
//! }
//! # Ok(())
//! # }
//! ```

mod calls;
mod flame;
mod html;
mod report;

use ppu_isa::counters::StallCounters;
use ppu_isa::timing::{Account, Slot, Stall};
use ppu_isa::{Effect, Observer};

use crate::source::SourceMap;
use calls::CallTracker;
pub use flame::{FlameError, flame_graph};
pub use html::page;
pub use report::{FunctionCost, LineCost, Profile, StackCost};

/// What instructions at one address have cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    executions: u64,
    /// Awake.
    cycles: u64,
    asleep: u64,
    /// Of `cycles`, those in which nothing issued.
    stalled: u64,
    /// The same by cause, if the timing model tells.
    causes: Causes,
}

/// Cycles by cause, in the order of [`StallCounters::list`].
type Causes = [u64; 15];

/// Costs of contiguous code.
#[derive(Clone, Debug)]
struct Block {
    start: u32,
    costs: Vec<Cost>,
}

/// Where the cost of the instruction at hand goes.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    node: usize,
    block: usize,
    index: usize,
}

/// An [`Observer`] that makes a [`Profile`]. It must see the processor from the release of its reset on, or from a cycle that it is
/// told.
#[derive(Debug)]
pub struct Profiler<'m> {
    map: &'m SourceMap,
    calls: CallTracker<'m>,
    /// By node.
    blocks: Vec<Vec<Block>>,
    place: Place,
    /// Addresses whose costs lie in the block at hand, and the node of that block.
    block_of: (std::ops::Range<u32>, usize),
    /// Cycles before this one are charged.
    charged: u64,
    /// Why the slot that is about to be reported did not issue earlier.
    causes: StallCounters,
    asleep: bool,
    /// The `wait` from which the processor has just woken up, and how long it seems to have slept.
    woken: Option<(Place, u64)>,
}

impl<'m> Profiler<'m> {
    /// Watches a processor that leaves reset in cycle 0.
    pub fn new(map: &'m SourceMap) -> Self {
        Self::starting_at(map, 0)
    }

    /// Watches a processor from a cycle on.
    pub fn starting_at(map: &'m SourceMap, cycle: u64) -> Self {
        Self {
            map,
            calls: CallTracker::new(map),
            blocks: Vec::new(),
            place: Place::default(),
            block_of: (0..0, 0),
            charged: cycle,
            causes: StallCounters::default(),
            asleep: false,
            woken: None,
        }
    }

    fn cost(&mut self) -> Option<&mut Cost> {
        let Place { node, block, index } = self.place;
        self.blocks.get_mut(node)?.get_mut(block)?.costs.get_mut(index)
    }

    /// Charges what has passed until `cycle` to the last instruction.
    fn charge(&mut self, cycle: u64) {
        let passed = cycle.saturating_sub(self.charged);
        self.charged = self.charged.max(cycle);
        let asleep = self.asleep;
        if let Some(cost) = self.cost() {
            if asleep {
                cost.asleep += passed;
            } else {
                cost.cycles += passed;
            }
        }
    }

    /// Finds the place of an instruction.
    fn find(&mut self, node: usize, address: u32) {
        if self.blocks.len() <= node {
            self.blocks.resize(node + 1, Vec::new());
        }
        let here = self.calls.here();
        let blocks = &mut self.blocks[node];
        let block = blocks.iter().position(|block| block.start == here.start).unwrap_or_else(|| {
            let words = (here.end - here.start).div_ceil(4) as usize;
            blocks.push(Block { start: here.start, costs: vec![Cost::default(); words] });
            blocks.len() - 1
        });
        self.place = Place { node, block, index: ((address - here.start) / 4) as usize };
        self.block_of = (here, node);
    }

    /// The result of a run that has ended in cycle `end`; if the processor then sleeps, since cycle `asleep_since`. Until the one or
    /// the other the last instruction goes on.
    pub fn finish(mut self, end: u64, asleep_since: Option<u64>) -> Profile {
        self.asleep = false;
        self.charge(asleep_since.unwrap_or(end).min(end));
        self.asleep = true;
        self.charge(end);
        report::profile(self.map, &self.calls.nodes, &self.blocks)
    }
}

impl Observer for Profiler<'_> {
    #[inline]
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        if slot.step == 0 {
            let node = self.calls.step(slot.address, slot.instruction).index();
            if node == self.block_of.1 && self.block_of.0.contains(&slot.address) {
                self.place.index = ((slot.address - self.block_of.0.start) / 4) as usize;
            } else {
                self.find(node, slot.address);
            }
        }
        let causes = std::mem::take(&mut self.causes);
        let passed = (at + 1).saturating_sub(self.charged);
        self.charged = self.charged.max(at + 1);
        if let Some(cost) = self.cost() {
            cost.executions += u64::from(slot.step == 0);
            cost.cycles += passed;
            cost.stalled += passed.saturating_sub(1);
            let causes: Causes = causes.list().map(|(_, cycles)| cycles);
            cost.causes.iter_mut().zip(causes).for_each(|(sum, cycles)| *sum += cycles);
        }
    }

    fn wants_account(&self) -> bool {
        true
    }

    fn account(&mut self, _: u64, _: Slot<'_>, account: &Account) {
        self.causes.add(&account.stalls);
        self.causes.sleep = 0;
        let slept = account.stalls.iter().find(|(stall, _)| *stall == Stall::Sleep).map(|(_, cycles)| cycles);
        // Before it fell asleep the processor completed what was under way; the model knows how long that took.
        if let (Some(slept), Some((place, seemed))) = (slept, self.woken.take()) {
            let awake = seemed.saturating_sub(slept);
            let here = std::mem::replace(&mut self.place, place);
            if let Some(cost) = self.cost() {
                cost.asleep -= awake.min(cost.asleep);
                cost.cycles += awake;
                cost.stalled += awake;
            }
            self.place = here;
        }
    }

    fn effect(&mut self, at: u64, effect: Effect) {
        match effect {
            Effect::Gpr { index: 1, value } => self.calls.stack_pointer(value),
            Effect::Interrupt { interrupt, return_address } => {
                self.calls.interrupt(interrupt, return_address);
            }
            // Reported before the slot of the `wait`, whose cycle is not yet sleep.
            Effect::Sleep => self.asleep = true,
            Effect::Wake => {
                self.woken = Some((self.place, at.saturating_sub(self.charged)));
                self.charge(at);
                self.asleep = false;
            }
            _ => {}
        }
    }
}
