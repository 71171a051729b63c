//! Why an instruction issued later than the cycle after its predecessor.
//!
//! Every cycle in which nothing issues is charged to one cause: that which held the issue stage in that cycle. If
//! there is more than one, the order is that of [`Stall`]'s documentation of each unit; what holds the stage counts
//! before what would have been missing next. So the stalls of a run and its issue slots add up to its cycles.

use serde::{Deserialize, Serialize};

/// What held the issue stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stall {
    /// A result of known latency is not there yet (ppu-timing 2.1).
    Operand(Operand),
    /// A multiplication's result in this general purpose register is not there yet.
    Multiplier(u8),
    /// This general purpose register waits for a load.
    Load(u8),
    /// The write port of the registers, or the condition register, is taken in the cycle of the result.
    ResultBus,
    /// A write of the exception register holds everything (ppu-timing 2.1).
    ExceptionRegister,
    /// The divider works, or is not ready after reset.
    Divider,
    /// The front end jumps: an unpredicted or wrongly predicted branch, or a stale prediction (ppu-timing 2.2).
    Mispredict,
    /// The instruction is not there: its line is being filled, or the pipeline behind it (ppu-timing 2.3).
    Fetch,
    /// The load/store unit accepts no more requests.
    AccessQueue,
    /// The vector queue accepts no more instructions, because its first one waits for this.
    VectorQueue(VectorWait),
    /// A context synchronisation waits for this. That of `sync`, `mtmsr`, `tw` counts for the instruction behind it.
    Synchronise(Drain),
    /// An interrupt is being entered.
    Interrupt,
    /// The processor slept.
    Sleep,
    /// The timing model does not tell.
    #[default]
    Unexplained,
}

/// State that an instruction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operand {
    /// A general purpose register.
    Gpr(u8),
    /// A field of the condition register.
    Condition(u8),
    /// The link register.
    Link,
    /// The count register.
    Count,
    /// Another special purpose register.
    Special,
}

/// What the first instruction of the vector queue waits for (ppu-timing 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VectorWait {
    /// Nothing: it is on its way, or leaves the queue in this cycle.
    Transit,
    /// Its reservation station is full.
    Station(VectorStation),
    /// This vector register has a write pending that it must not overtake.
    Written(u8),
    /// This vector register has a read pending that it must not overtake.
    Read(u8),
    /// The vector condition register is still to be written or read.
    Condition,
}

/// The reservation stations of the vector unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum VectorStation {
    MultiplyAdd,
    Compare,
    LoadStore,
    ParallelPort,
    Permute,
}

/// What a synchronisation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drain {
    /// Results of known latency, and the synchronisation itself.
    Pipeline,
    /// The divider.
    Divider,
    /// Loads and stores.
    Memory,
    /// The vector unit.
    Vector,
}

impl Stall {
    /// The cause without its details, as it is counted in [`StallCounters`](crate::counters::StallCounters).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operand(_) => "operand",
            Self::Multiplier(_) => "multiplier",
            Self::Load(_) => "load",
            Self::ResultBus => "result-bus",
            Self::ExceptionRegister => "exception-register",
            Self::Divider => "divider",
            Self::Mispredict => "mispredict",
            Self::Fetch => "fetch",
            Self::AccessQueue => "access-queue",
            Self::VectorQueue(VectorWait::Station(_)) => "vector-station",
            Self::VectorQueue(_) => "vector-queue",
            Self::Synchronise(_) => "synchronise",
            Self::Interrupt => "interrupt",
            Self::Sleep => "sleep",
            Self::Unexplained => "unexplained",
        }
    }
}

impl std::fmt::Display for Stall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Operand(operand) => match operand {
                Operand::Gpr(n) => write!(f, " r{n}"),
                Operand::Condition(n) => write!(f, " cr{n}"),
                Operand::Link => f.write_str(" lr"),
                Operand::Count => f.write_str(" ctr"),
                Operand::Special => f.write_str(" spr"),
            },
            Self::Multiplier(n) | Self::Load(n) => write!(f, " r{n}"),
            Self::VectorQueue(wait) => match wait {
                VectorWait::Transit => Ok(()),
                VectorWait::Station(station) => f.write_str(match station {
                    VectorStation::MultiplyAdd => " multiply-add",
                    VectorStation::Compare => " compare",
                    VectorStation::LoadStore => " load-store",
                    VectorStation::ParallelPort => " parallel-port",
                    VectorStation::Permute => " permute",
                }),
                VectorWait::Written(n) => write!(f, " write of v{n}"),
                VectorWait::Read(n) => write!(f, " read of v{n}"),
                VectorWait::Condition => f.write_str(" vcr"),
            },
            Self::Synchronise(drain) => f.write_str(match drain {
                Drain::Pipeline => " pipeline",
                Drain::Divider => " divider",
                Drain::Memory => " memory",
                Drain::Vector => " vector",
            }),
            _ => Ok(()),
        }
    }
}

/// Different causes that are told apart for one slot.
const CAUSES: usize = 8;

/// The cycles in front of one issue slot, by cause in the order in which they first occurred. A slot with more than
/// eight different causes counts the further ones with the eighth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalls {
    causes: [(Stall, u64); CAUSES],
    used: u8,
}

impl Stalls {
    /// Cause and number of cycles.
    pub fn iter(&self) -> impl Iterator<Item = (Stall, u64)> + '_ {
        self.causes[..usize::from(self.used).min(CAUSES)].iter().copied()
    }
    /// All cycles.
    pub fn cycles(&self) -> u64 {
        self.iter().map(|(_, cycles)| cycles).sum()
    }
    /// The slot issued in the cycle after its predecessor.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    /// The cause of most cycles, the earlier one of two equal.
    pub fn dominant(&self) -> Option<Stall> {
        let mut most: Option<(Stall, u64)> = None;
        for (stall, cycles) in self.iter() {
            if most.is_none_or(|(_, before)| cycles > before) {
                most = Some((stall, cycles));
            }
        }
        most.map(|(stall, _)| stall)
    }
    /// Adds cycles of a cause.
    pub fn add(&mut self, stall: Stall, cycles: u64) {
        if cycles == 0 {
            return;
        }
        let used = usize::from(self.used).min(CAUSES);
        if let Some(known) = self.causes[..used].iter_mut().find(|(cause, _)| *cause == stall) {
            known.1 += cycles;
        } else if used < CAUSES {
            self.causes[used] = (stall, cycles);
            self.used += 1;
        } else {
            self.causes[CAUSES - 1].1 += cycles;
        }
    }
    /// Adds those of another slot.
    pub fn merge(&mut self, other: &Self) {
        for (stall, cycles) in other.iter() {
            self.add(stall, cycles);
        }
    }
    /// Takes back cycles, those of the youngest causes first.
    pub(crate) fn remove_last(&mut self, cycles: u64) {
        let mut left = cycles;
        while left > 0 && self.used > 0 {
            let last = &mut self.causes[usize::from(self.used - 1) % CAUSES];
            let taken = left.min(last.1);
            last.1 -= taken;
            left -= taken;
            if last.1 == 0 {
                *last = Default::default();
                self.used -= 1;
            }
        }
    }
    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.causes = Default::default();
    }
}

/// What a timing model can tell about the slot that issued last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The cycles between the slot before and this one.
    pub stalls: Stalls,
    /// Line fills that began since the slot before issued, repetitions (ppu-timing 2.3) included.
    pub fills: u16,
    /// For branches, and for other instructions that a stale entry predicted: whether the front end went the right
    /// way on its own.
    pub predicted_right: Option<bool>,
    /// For vector instructions: the occupation of the vector queue with this one.
    pub vector_queue: u8,
}
