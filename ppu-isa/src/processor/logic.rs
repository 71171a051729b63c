//! Logic, rotation and shift (ppu-isa 4.2). These write RA from RS, which has the place of RT.

use super::machine::{Ended, Machine};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::Observer;

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    /// RA := result, recorded if the instruction asks for it.
    #[inline(always)]
    pub(super) fn logic(&mut self, i: &Instruction, result: u32) -> Ended {
        self.set_gpr(i.a, result);
        self.record(i, result);
        Ended::Next
    }

    /// The shift amount of RB: five bits on this processor, six in the Power ISA (`shift_mod32`).
    #[inline(always)]
    pub(super) fn shift_amount(&self, i: &Instruction) -> u32 {
        self.gpr(i.b) & if self.quirks.shift_mod32 { 31 } else { 63 }
    }

    /// RA := RS >> amount, arithmetic; CA if a negative number lost ones.
    #[inline(always)]
    pub(super) fn shift_right_arithmetic(&mut self, i: &Instruction, amount: u32) -> Ended {
        let value = self.gpr(i.t) as i32;
        let result = value >> amount.min(31);
        let lost = value as u32 & 1u32.checked_shl(amount).map_or(u32::MAX, |bit| bit - 1);
        self.set_carry(value < 0 && lost != 0);
        self.logic(i, result as u32)
    }

    pub(super) fn population_count_bytes(&mut self, i: &Instruction) -> Ended {
        let bytes = self.gpr(i.t).to_be_bytes().map(|byte| byte.count_ones() as u8);
        self.logic(i, u32::from_be_bytes(bytes))
    }

    pub(super) fn parity_word(&mut self, i: &Instruction) -> Ended {
        self.logic(i, (self.gpr(i.t) & 0x0101_0101).count_ones() & 1)
    }
}
