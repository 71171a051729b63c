//! Cumulative counters of a processor: an [`Observer`] that counts.

use serde::{Deserialize, Serialize};

use crate::observer::{Effect, Observer};
use crate::table::Class;
use crate::timing::{Account, Slot, Stall, Stalls, VectorWait};

/// Counts what a processor does. Serialises as nested maps of numbers; sums with [`Counters::merge`].
///
/// `cycles` = `slots` + `stalls.total()` for a run from reset, up to the last issue inclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counters {
    /// Instructions executed, `nop`, `sync`, and `wait` included; those in the shadow of an interrupt count too.
    pub instructions: u64,
    /// Of them, instructions of the vector unit.
    pub vector_instructions: u64,
    /// Issue slots: more than instructions by the further slots of loads with update, `lmw` and `stmw`.
    pub slots: u64,
    /// Clock cycles from the beginning of counting up to the last issue, inclusive.
    pub cycles: u64,
    /// Cycles in which nothing issued, by cause.
    pub stalls: StallCounters,
    /// Instruction cache.
    pub cache: CacheCounters,
    /// Branch predictor.
    pub predictor: PredictorCounters,
    /// Accesses by bus.
    pub bus: BusCounters,
    /// Vector instruction queue.
    pub vector_queue: VectorQueueCounters,
    /// Interrupts taken.
    pub interrupts: u64,
    /// Times the processor went to sleep.
    pub sleeps: u64,
    /// Size of local SRAM in byte, to tell the buses apart.
    #[serde(skip)]
    sram_bytes: u32,
    #[serde(skip)]
    next: u64,
}

/// Cycles in which nothing issued, by cause; see [`Stall`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct StallCounters {
    pub operand: u64,
    pub multiplier: u64,
    pub load: u64,
    pub result_bus: u64,
    pub exception_register: u64,
    pub divider: u64,
    pub mispredict: u64,
    pub fetch: u64,
    pub access_queue: u64,
    pub vector_queue: u64,
    pub vector_station: u64,
    pub synchronise: u64,
    pub interrupt: u64,
    pub sleep: u64,
    pub unexplained: u64,
}

impl StallCounters {
    fn of(&mut self, stall: Stall) -> &mut u64 {
        match stall {
            Stall::Operand(_) => &mut self.operand,
            Stall::Multiplier(_) => &mut self.multiplier,
            Stall::Load(_) => &mut self.load,
            Stall::ResultBus => &mut self.result_bus,
            Stall::ExceptionRegister => &mut self.exception_register,
            Stall::Divider => &mut self.divider,
            Stall::Mispredict => &mut self.mispredict,
            Stall::Fetch => &mut self.fetch,
            Stall::AccessQueue => &mut self.access_queue,
            Stall::VectorQueue(VectorWait::Station(_)) => &mut self.vector_station,
            Stall::VectorQueue(_) => &mut self.vector_queue,
            Stall::Synchronise(_) => &mut self.synchronise,
            Stall::Interrupt => &mut self.interrupt,
            Stall::Sleep => &mut self.sleep,
            Stall::Unexplained => &mut self.unexplained,
        }
    }
    /// Adds the stalls of a slot.
    pub fn add(&mut self, stalls: &Stalls) {
        for (stall, cycles) in stalls.iter() {
            *self.of(stall) += cycles;
        }
    }
    /// Names as in [`Stall::name`], with the number of cycles.
    pub const fn list(&self) -> [(&'static str, u64); 15] {
        [
            ("operand", self.operand),
            ("multiplier", self.multiplier),
            ("load", self.load),
            ("result-bus", self.result_bus),
            ("exception-register", self.exception_register),
            ("divider", self.divider),
            ("mispredict", self.mispredict),
            ("fetch", self.fetch),
            ("access-queue", self.access_queue),
            ("vector-queue", self.vector_queue),
            ("vector-station", self.vector_station),
            ("synchronise", self.synchronise),
            ("interrupt", self.interrupt),
            ("sleep", self.sleep),
            ("unexplained", self.unexplained),
        ]
    }
    /// All cycles.
    pub fn total(&self) -> u64 {
        self.list().iter().map(|(_, cycles)| cycles).sum()
    }
}

/// Instruction cache (ppu-timing 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheCounters {
    /// Issued instructions that did not wait for their line.
    pub hits: u64,
    /// Issued instructions that did.
    pub misses: u64,
    /// Lines filled, also for code that is not executed, and again and again while the front end is on hold.
    pub fills: u64,
}

/// Branch predictor (ppu-timing 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictorCounters {
    /// Branches executed.
    pub branches: u64,
    /// Branches behind which the front end had to jump, and stale predictions of other instructions.
    pub mispredicted: u64,
}

/// Accesses of data by bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusCounters {
    /// Scalar reads of local SRAM.
    pub sram_loads: u64,
    /// Scalar writes of local SRAM.
    pub sram_stores: u64,
    /// Scalar reads beyond it, through the omnibus port.
    pub omnibus_loads: u64,
    /// Scalar writes beyond it.
    pub omnibus_stores: u64,
    /// `fxvlax`, 32 words each.
    pub vector_loads: u64,
    /// `fxvstax`, 32 words each.
    pub vector_stores: u64,
    /// `fxvinx`.
    pub port_reads: u64,
    /// `fxvoutx`.
    pub port_writes: u64,
}

/// Vector instruction queue (ppu-timing 2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VectorQueueCounters {
    /// Instructions that entered it.
    pub pushes: u64,
    /// Sum over them of the occupation they found, themselves included: divided by `pushes`, the mean.
    pub occupation: u64,
    /// The highest occupation.
    pub highest: u64,
}

macro_rules! sum {
    ($to:expr, $from:expr, $($field:ident).+) => { $to.$($field).+ += $from.$($field).+ };
}

impl Counters {
    /// Counters for a processor that leaves reset, with this much local SRAM
    /// ([`TimingConfig::sram_bytes`](crate::TimingConfig::sram_bytes)).
    pub fn new(sram_bytes: u32) -> Self {
        Self { sram_bytes, ..Self::default() }
    }

    /// The same, for counting that begins in cycle `at`.
    pub fn starting_at(sram_bytes: u32, at: u64) -> Self {
        Self { sram_bytes, next: at, ..Self::default() }
    }

    /// Adds those of another processor or run.
    pub fn merge(&mut self, other: &Self) {
        sum!(self, other, instructions);
        sum!(self, other, vector_instructions);
        sum!(self, other, slots);
        sum!(self, other, cycles);
        sum!(self, other, interrupts);
        sum!(self, other, sleeps);
        sum!(self, other, stalls.operand);
        sum!(self, other, stalls.multiplier);
        sum!(self, other, stalls.load);
        sum!(self, other, stalls.result_bus);
        sum!(self, other, stalls.exception_register);
        sum!(self, other, stalls.divider);
        sum!(self, other, stalls.mispredict);
        sum!(self, other, stalls.fetch);
        sum!(self, other, stalls.access_queue);
        sum!(self, other, stalls.vector_queue);
        sum!(self, other, stalls.vector_station);
        sum!(self, other, stalls.synchronise);
        sum!(self, other, stalls.interrupt);
        sum!(self, other, stalls.sleep);
        sum!(self, other, stalls.unexplained);
        sum!(self, other, cache.hits);
        sum!(self, other, cache.misses);
        sum!(self, other, cache.fills);
        sum!(self, other, predictor.branches);
        sum!(self, other, predictor.mispredicted);
        sum!(self, other, bus.sram_loads);
        sum!(self, other, bus.sram_stores);
        sum!(self, other, bus.omnibus_loads);
        sum!(self, other, bus.omnibus_stores);
        sum!(self, other, bus.vector_loads);
        sum!(self, other, bus.vector_stores);
        sum!(self, other, bus.port_reads);
        sum!(self, other, bus.port_writes);
        sum!(self, other, vector_queue.pushes);
        sum!(self, other, vector_queue.occupation);
        self.vector_queue.highest = self.vector_queue.highest.max(other.vector_queue.highest);
    }
}

impl Observer for Counters {
    fn wants_account(&self) -> bool {
        true
    }

    fn account(&mut self, at: u64, slot: Slot<'_>, account: &Account) {
        self.slots += 1;
        self.cycles += (at + 1).saturating_sub(self.next);
        self.next = at + 1;
        self.stalls.add(&account.stalls);
        self.cache.fills += u64::from(account.fills);
        if slot.step == 0 {
            self.instructions += 1;
            if account.stalls.iter().any(|(stall, _)| stall == Stall::Fetch) {
                self.cache.misses += 1;
            } else {
                self.cache.hits += 1;
            }
        }
        let class = slot.instruction.class();
        self.predictor.branches += u64::from(class == Class::Branch);
        self.predictor.mispredicted += u64::from(account.predicted_right == Some(false));
        if class.is_vector() {
            self.vector_instructions += 1;
            self.vector_queue.pushes += 1;
            self.vector_queue.occupation += u64::from(account.vector_queue);
            self.vector_queue.highest = self.vector_queue.highest.max(u64::from(account.vector_queue));
        }
    }

    fn effect(&mut self, _: u64, effect: Effect) {
        let counter = match effect {
            Effect::Load { address, .. } if address < self.sram_bytes => &mut self.bus.sram_loads,
            Effect::Load { .. } => &mut self.bus.omnibus_loads,
            Effect::Store { address, .. } if address < self.sram_bytes => &mut self.bus.sram_stores,
            Effect::Store { .. } => &mut self.bus.omnibus_stores,
            Effect::LoadVector { .. } => &mut self.bus.vector_loads,
            Effect::StoreVector { .. } => &mut self.bus.vector_stores,
            Effect::VectorIn { .. } => &mut self.bus.port_reads,
            Effect::VectorOut { .. } => &mut self.bus.port_writes,
            Effect::Interrupt { .. } => &mut self.interrupts,
            Effect::Sleep => &mut self.sleeps,
            _ => return,
        };
        *counter += 1;
    }
}
