//! What a handler sees of the processor, and the vocabulary it is written in.

use super::state::State;
use super::timers::Timers;
use crate::bus::Bus;
use crate::config::Quirks;
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};
use crate::spr::{Spr, xer};

/// The processor during one issue slot.
pub(super) struct Machine<'a, B, O> {
    pub(super) state: &'a mut State,
    pub(super) timers: &'a mut Timers,
    pub(super) progress: &'a mut Progress,
    pub(super) quirks: &'a Quirks,
    pub(super) bus: &'a mut B,
    pub(super) observer: &'a mut O,
    /// Address of the instruction.
    pub(super) address: u32,
    /// Issue cycle.
    pub(super) at: u64,
    /// The memory access of this slot, if there is one.
    pub(super) access: Access,
}

/// How far an instruction of several slots has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Progress {
    /// Slots done.
    pub(super) step: u8,
}

/// How a slot ended: a discriminant and an address, two registers of the host. What is constant in a handler decides at compile time what is done behind it, so that most
/// instructions go straight to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Ended {
    /// The following instruction is next.
    Next,
    /// The following instruction is next, and this one reached no functional unit (`nop`, `sync`).
    Dropped,
    /// The instruction needs another slot.
    Again,
    /// A jump to this address.
    Jump(u32),
    /// MSR, timers or interrupt control changed: pending interrupts must be looked at again.
    Control,
    /// The same, with a jump to this address.
    Return(u32),
    /// [`Break::Wait`].
    Wait,
    /// [`Break::Misaligned`].
    Misaligned,
    /// [`Break::Trap`].
    Trap,
    /// [`Break::Sleep`].
    Sleep,
    /// [`Break::Illegal`].
    Illegal,
}

/// A memory access that has been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    /// Effective address.
    pub(super) address: u32,
    /// From the bus.
    pub(super) latency: u32,
}

/// Why a slot did not simply take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// The bus asked to wait; nothing has happened.
    Wait,
    /// Misaligned access; nothing has happened yet.
    Misaligned,
    /// A taken trap.
    Trap,
    /// An effective `wait`.
    Sleep,
    /// An unknown word in strict mode.
    Illegal,
}

impl From<Result<(), Break>> for Ended {
    #[inline(always)]
    fn from(result: Result<(), Break>) -> Self {
        match result {
            Ok(()) => Self::Next,
            Err(Break::Wait) => Self::Wait,
            Err(Break::Misaligned) => Self::Misaligned,
            Err(Break::Trap) => Self::Trap,
            Err(Break::Sleep) => Self::Sleep,
            Err(Break::Illegal) => Self::Illegal,
        }
    }
}

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    #[inline(always)]
    pub(super) fn gpr(&self, n: u8) -> u32 {
        self.state.gpr[(n & 31) as usize]
    }
    /// `RA|0`: zero for field 0.
    #[inline(always)]
    pub(super) fn gpr_or_zero(&self, n: u8) -> u32 {
        // Without a branch, which would often be predicted wrongly.
        self.gpr(n) & u32::from(n != 0).wrapping_neg()
    }
    #[inline(always)]
    pub(super) fn set_gpr(&mut self, n: u8, value: u32) {
        self.state.gpr[(n & 31) as usize] = value;
        self.observer.effect(self.at, Effect::Gpr { index: n, value });
    }
    #[inline(always)]
    pub(super) fn set_cr(&mut self, value: u32) {
        self.state.cr = value;
        self.observer.effect(self.at, Effect::Cr(value));
    }
    #[inline(always)]
    pub(super) fn set_cr_field(&mut self, field: u8, value: u32) {
        let shift = 28 - 4 * u32::from(field & 7);
        self.set_cr(self.state.cr & !(0xf << shift) | value << shift);
    }
    #[inline(always)]
    pub(super) fn set_xer(&mut self, value: u32) {
        self.state.xer = value;
        self.observer.effect(self.at, Effect::Spr { spr: Spr::Xer, value });
    }
    #[inline(always)]
    pub(super) fn set_carry(&mut self, carry: bool) {
        self.set_xer(self.state.xer & !xer::CA | if carry { xer::CA } else { 0 });
    }
    /// OV, and SO which stays set.
    #[inline(always)]
    pub(super) fn set_overflow(&mut self, overflow: bool) {
        let bits = if overflow { xer::OV | xer::SO } else { 0 };
        self.set_xer(self.state.xer & !xer::OV | bits);
    }
    #[inline(always)]
    pub(super) fn set_lr(&mut self, value: u32) {
        self.state.lr = value;
        self.observer.effect(self.at, Effect::Spr { spr: Spr::Lr, value });
    }
    #[inline(always)]
    pub(super) fn set_ctr(&mut self, value: u32) {
        self.state.ctr = value;
        self.observer.effect(self.at, Effect::Spr { spr: Spr::Ctr, value });
    }
    /// A field value: LT, GT, EQ of a comparison, and SO.
    #[inline(always)]
    pub(super) fn relation<N: Ord>(&self, a: N, b: N) -> u32 {
        let (less, greater) = (u32::from(a < b), u32::from(a > b));
        (less << 3 | greater << 2 | (less | greater) << 1 ^ 2) | self.state.xer >> 31
    }
    /// CR0 from a result, if the instruction records it. Comes after any change of SO (ppu-isa 4.2).
    #[inline(always)]
    pub(super) fn record(&mut self, i: &Instruction, result: u32) {
        if i.record {
            let field = self.relation(result as i32, 0);
            self.set_cr_field(0, field);
        }
    }
}

/// Unwraps a bus response or leaves the slot undone.
macro_rules! answered {
    ($response:expr) => {
        match $response {
            $crate::bus::Response::Done { value, latency } => (value, latency),
            $crate::bus::Response::Wait => return Err($crate::processor::machine::Break::Wait),
        }
    };
}
pub(super) use answered;
