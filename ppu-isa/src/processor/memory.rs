//! Scalar loads and stores (ppu-isa 4.3).

use super::machine::{Access, Break, Ended, Machine, answered};
use crate::bus::{Bus, ByteEnables};
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};

/// Width and extension of an access.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Byte,
    Halfword,
    /// Sign-extended.
    Algebraic,
    Word,
}

impl Width {
    const fn size(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Halfword | Self::Algebraic => 2,
            Self::Word => 4,
        }
    }
    /// An access may not cross a word; a halfword at offset 1 is inside one and works.
    const fn aligned(self, address: u32) -> bool {
        (address & 3) + self.size() <= 4
    }
    /// The value of a load from the word of its address.
    const fn extract(self, address: u32, word: u32) -> u32 {
        let shifted = word << (8 * (address & 3));
        match self {
            Self::Byte => shifted >> 24,
            Self::Halfword => shifted >> 16,
            Self::Algebraic => (shifted as i32 >> 16) as u32,
            Self::Word => shifted,
        }
    }
    /// The word with the value of a store at its place.
    const fn insert(self, address: u32, value: u32) -> u32 {
        value << (32 - 8 * self.size()) >> (8 * (address & 3))
    }
}

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    /// Effective address of the D forms.
    #[inline(always)]
    pub(super) fn displaced(&self, i: &Instruction) -> u32 {
        self.gpr_or_zero(i.a).wrapping_add(i.immediate)
    }
    /// Effective address of the X forms.
    #[inline(always)]
    pub(super) fn indexed(&self, i: &Instruction) -> u32 {
        self.gpr_or_zero(i.a).wrapping_add(self.gpr(i.b))
    }
    /// The displacement of lha and lhau, of which sources disagree whether it is signed (`lha_zext`).
    #[inline(always)]
    pub(super) fn algebraic_displacement(&self, i: &Instruction) -> u32 {
        if self.quirks.lha_zext { i.immediate & 0xffff } else { i.immediate }
    }

    /// The address latch of the load/store unit takes part in every access that reads RA.
    #[inline(always)]
    fn latch(&mut self, i: &Instruction, address: u32) {
        let latch = self.state.address_latch;
        self.state.address_latch = if i.a != 0 { address } else { latch };
    }

    #[inline(always)]
    pub(super) fn load(&mut self, i: &Instruction, address: u32, width: Width) -> Ended {
        let done = self.load_to(i.t, address, width);
        if done.is_ok() {
            self.latch(i, address);
        }
        done.into()
    }

    #[inline(always)]
    fn load_to(&mut self, target: u8, address: u32, width: Width) -> Result<(), Break> {
        if !width.aligned(address) {
            return Err(Break::Misaligned);
        }
        let enables = ByteEnables::for_access(address, width.size());
        let (word, latency) = answered!(self.bus.load(self.at, address & !3, enables));
        self.observer.effect(self.at, Effect::Load { address, enables, word });
        self.set_gpr(target, width.extract(address, word));
        self.access = Access { address, latency };
        Ok(())
    }

    /// Two slots: the load, then RA := EA. With RA = RT the register ends as EA, with RA = 0 both the address and the
    /// new GPR 0 are the displacement alone.
    #[inline(always)]
    pub(super) fn load_update(&mut self, i: &Instruction, address: u32, width: Width) -> Ended {
        if self.progress.step == 0 {
            return match self.load_to(i.t, address, width) {
                Ok(()) => {
                    self.state.address_latch = address;
                    Ended::Again
                }
                Err(why) => Err(why).into(),
            };
        }
        self.update_base(i)
    }

    /// The second slot of a load with update.
    #[inline(always)]
    pub(super) fn update_base(&mut self, i: &Instruction) -> Ended {
        self.set_gpr(i.a, self.state.address_latch);
        Ended::Next
    }

    #[inline(always)]
    pub(super) fn store(&mut self, i: &Instruction, address: u32, width: Width) -> Ended {
        let done = self.store_from(i.t, address, width);
        if done.is_ok() {
            self.latch(i, address);
        }
        done.into()
    }

    #[inline(always)]
    fn store_from(&mut self, source: u8, address: u32, width: Width) -> Result<(), Break> {
        if !width.aligned(address) {
            return Err(Break::Misaligned);
        }
        let enables = ByteEnables::for_access(address, width.size());
        let word = width.insert(address, self.gpr(source));
        let ((), latency) = answered!(self.bus.store(self.at, address & !3, word, enables));
        self.observer.effect(self.at, Effect::Store { address, enables, word });
        self.access = Access { address, latency };
        Ok(())
    }

    /// RA := EA through the address latch. With RA = 0 the latch does not follow, so that GPR 0 gets the address of
    /// some earlier access (golden record `stwu_ra0`).
    #[inline(always)]
    pub(super) fn store_update(&mut self, i: &Instruction, address: u32, width: Width) -> Ended {
        let done = self.store(i, address, width);
        if done == Ended::Next {
            self.set_gpr(i.a, self.state.address_latch);
        }
        done
    }

    /// lmw: one word for each slot, with RA read again every time.
    pub(super) fn load_multiple(&mut self, i: &Instruction) -> Ended {
        let (register, address) = self.multiple(i);
        let done = self.load_to(register, address, Width::Word);
        self.one_of_multiple(i, register, done)
    }

    /// stmw: one word for each slot.
    pub(super) fn store_multiple(&mut self, i: &Instruction) -> Ended {
        let (register, address) = self.multiple(i);
        let done = self.store_from(register, address, Width::Word);
        self.one_of_multiple(i, register, done)
    }

    fn one_of_multiple(&mut self, i: &Instruction, register: u8, done: Result<(), Break>) -> Ended {
        match done {
            Ok(()) => {
                self.latch(i, self.access.address);
                if register < 31 { Ended::Again } else { Ended::Next }
            }
            Err(why) => Err(why).into(),
        }
    }

    fn multiple(&self, i: &Instruction) -> (u8, u32) {
        let step = self.progress.step;
        (i.t + step, self.displaced(i).wrapping_add(4 * u32::from(step)))
    }
}
