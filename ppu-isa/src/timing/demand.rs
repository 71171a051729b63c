//! What the issue stage has to know about an instruction, found out once when it is decoded.

use crate::instruction::{Instruction, NOP};
use crate::table::{Class, Op, implicit};

/// First of the numbers that stand for [`implicit`] state; below it are the general purpose registers.
const OTHER: u32 = 32;

/// How an instruction uses the issue stage. The first three can only take effect, and the next one in memory follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A register written one cycle later and nothing else.
    Quick,
    /// Fields of the condition register, and nothing else.
    Compare,
    /// Other results of the scalar units with a known latency.
    Result,
    /// Waits like arithmetic on r0 and does nothing.
    Nop,
    Load,
    Store,
    Branch,
    StoreUpdate,
    LoadUpdate,
    Multiple,
    /// Moves from and to special registers; words that are no instructions.
    Special,
    /// Anything else.
    Unusual,
}

/// The demands of an instruction in its first slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// What must be ready: general purpose registers in the lower half, [`implicit`] state in the upper.
    pub(crate) waits: u64,
    /// [`implicit`] state, condition register aside, that is ready two cycles later.
    pub(crate) sets: u32,
    pub(crate) kind: Kind,
}

impl Demand {
    pub(crate) const NONE: Self = Self { waits: 0, sets: 0, kind: Kind::Unusual };

    pub(crate) fn of(i: &Instruction) -> Self {
        let writes = i.writes.other;
        let kind = match i.class {
            _ if i.word == NOP => Kind::Nop,
            // They need not take effect.
            _ if i.op == Op::Unknown => Kind::Special,
            Class::Load => Kind::Load,
            Class::Store => Kind::Store,
            Class::LoadUpdate => Kind::LoadUpdate,
            Class::StoreUpdate => Kind::StoreUpdate,
            Class::Multiple => Kind::Multiple,
            Class::Branch => Kind::Branch,
            Class::Alu | Class::AluCr | Class::AluXer | Class::CrOp => {
                match (i.writes.gpr != 0, writes & implicit::CR != 0, writes & implicit::XER != 0) {
                    (true, false, false) => Kind::Quick,
                    (false, true, false) => Kind::Compare,
                    _ => Kind::Result,
                }
            }
            Class::Mul => Kind::Result,
            Class::SprRead | Class::SprWrite => Kind::Special,
            _ => Kind::Unusual,
        };
        let others = Self::others(i);
        let registers = match kind {
            Kind::LoadUpdate => i.reads.gpr | 1 << i.t,
            Kind::Multiple => 1 << i.t | if i.a == 0 { 0 } else { 1 << i.a },
            Kind::Nop => 1,
            _ => i.reads.gpr | i.writes.gpr,
        };
        let sets = match i.class {
            Class::SprWrite | Class::Branch | Class::Mtmsr => {
                writes & !(implicit::CR | implicit::XER | implicit::PC)
            }
            _ => 0,
        };
        Self { waits: u64::from(registers) | u64::from(others) << OTHER, sets, kind }
    }

    /// [`implicit`] state that is waited for: what is read, and by logic on the condition register also the field that
    /// is written.
    fn others(i: &Instruction) -> u32 {
        let logic = i.class == Class::CrOp && !matches!(i.op, Op::Mcrf | Op::Mtcrf);
        i.reads.other & !implicit::SPR | if logic { i.writes.other } else { 0 }
    }
}
