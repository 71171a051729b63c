//! The plasticity processor (PPU) of BrainScaleS-2 alone: instruction table, execution, timing.
//!
//! A 32-bit big-endian Power ISA subset with a 1024-bit vector unit (ppu-isa 2). The crate knows nothing of the chip:
//! memory and buses are the trait [`Bus`], whoever wants to watch implements [`Observer`], and time is a number of
//! processor clock cycles since reset.
//!
//! * [`table`]: the one list of instructions. [`Instruction::decode`], [`encode()`], [`assemble`] and [`disassemble`]
//!   follow from it.
//! * [`Core`]: a processor. [`Core::run`] executes up to a cycle, [`Core::step`] one instruction with a report.
//! * [`timing`]: when instructions issue, behind one trait.

pub mod assembler;
pub mod bus;
pub mod config;
pub mod counters;
pub mod disassembler;
pub mod encode;
pub mod instruction;
pub mod interrupt;
pub mod observer;
mod processor;
pub mod spr;
mod syntax;
pub mod table;
pub mod timing;
pub mod vector;

pub use assembler::{AssembleError, Program, assemble};
pub use bus::{Bus, ByteEnables, Response};
pub use config::{CacheGeometry, Config, Quirks, TimingModel, VectorInit};
pub use counters::Counters;
pub use disassembler::disassemble;
pub use encode::{EncodeError, encode};
pub use instruction::Instruction;
pub use interrupt::Interrupt;
pub use observer::{Effect, Observer, StepReport, WatchHit};
pub use processor::{Accumulator, AnyCore, Core, State, Stop, VectorCondition};
pub use spr::Spr;
pub use table::{Class, INSTRUCTIONS, Op};
pub use timing::TimingConfig;
pub use vector::{Condition, LaneMask, Vector};
