//! Branches, traps, comparisons and condition register logic (ppu-isa 4.4).

use super::machine::{Ended, Machine};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};
use crate::spr::msr;

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    #[inline(always)]
    pub(super) fn branch(&mut self, i: &Instruction) -> Ended {
        self.link(i);
        Ended::Jump(self.target(i))
    }

    #[inline(always)]
    pub(super) fn branch_conditional(&mut self, i: &Instruction) -> Ended {
        if i.plain_conditional {
            let differs = self.state.cr >> (31 - (i.a & 31)) ^ u32::from(i.t >> 3);
            return if differs & 1 == 0 {
                Ended::Jump(self.address.wrapping_add(i.immediate))
            } else {
                Ended::Next
            };
        }
        let taken = self.branch_condition(i, true);
        self.link(i);
        if taken { Ended::Jump(self.target(i)) } else { Ended::Next }
    }

    /// The target is LR from before the instruction.
    #[inline(always)]
    pub(super) fn branch_to_link(&mut self, i: &Instruction) -> Ended {
        let target = self.state.lr & !3;
        let taken = self.branch_condition(i, true);
        self.link(i);
        if taken { Ended::Jump(target) } else { Ended::Next }
    }

    /// With BO\[2\] = 0 the test uses CTR - 1, but CTR is not written (ppu-isa 4.2).
    #[inline(always)]
    pub(super) fn branch_to_count(&mut self, i: &Instruction) -> Ended {
        let taken = self.branch_condition(i, false);
        self.link(i);
        if taken { Ended::Jump(self.state.ctr & !3) } else { Ended::Next }
    }

    #[inline(always)]
    fn branch_condition(&mut self, i: &Instruction, writes_count: bool) -> bool {
        let bo = u32::from(i.t);
        // Bit 0 of each says whether the condition is met.
        let mut count_ok = 1;
        if bo & 0b00100 == 0 {
            let count = self.state.ctr.wrapping_sub(1);
            if writes_count {
                self.set_ctr(count);
            }
            count_ok = u32::from(count != 0) ^ bo >> 1;
        }
        let bit = self.state.cr >> ((31 - u32::from(i.a)) & 31);
        let bit_ok = bo >> 4 | !(bit ^ bo >> 3);
        count_ok & bit_ok & 1 != 0
    }

    #[inline(always)]
    fn target(&self, i: &Instruction) -> u32 {
        // Without a branch: the mask is all ones for a relative target.
        let relative = (i.word >> 1 & 1).wrapping_sub(1);
        (self.address & relative).wrapping_add(i.immediate)
    }

    #[inline(always)]
    fn link(&mut self, i: &Instruction) {
        if i.link() {
            self.set_lr(self.address.wrapping_add(4));
        }
    }

    /// rfi, rfci, rfmci.
    pub(super) fn return_from(&mut self, [address, machine_state]: [u32; 2]) -> Ended {
        self.state.msr = machine_state & msr::MASK;
        self.observer.effect(self.at, Effect::Msr(self.state.msr));
        Ended::Return(address & !3)
    }

    /// Traps if any relation selected by TO holds between `a` and `b`.
    pub(super) fn trap(&mut self, i: &Instruction, a: u32, b: u32) -> Ended {
        let (signed_a, signed_b) = (a as i32, b as i32);
        let relations = u8::from(signed_a < signed_b) << 4
            | u8::from(signed_a > signed_b) << 3
            | u8::from(a == b) << 2
            | u8::from(a < b) << 1
            | u8::from(a > b);
        if i.t & relations != 0 { Ended::Trap } else { Ended::Next }
    }

    #[inline(always)]
    pub(super) fn compare_signed(&mut self, i: &Instruction, b: u32) -> Ended {
        let field = self.relation(self.gpr(i.a) as i32, b as i32);
        self.set_cr_field(i.t >> 2, field);
        Ended::Next
    }

    #[inline(always)]
    pub(super) fn compare_unsigned(&mut self, i: &Instruction, b: u32) -> Ended {
        let field = self.relation(self.gpr(i.a), b);
        self.set_cr_field(i.t >> 2, field);
        Ended::Next
    }

    pub(super) fn cr_bits(&mut self, i: &Instruction, f: impl Fn(bool, bool) -> bool) -> Ended {
        let cr = self.state.cr;
        let bit = |n: u8| cr >> (31 - u32::from(n)) & 1 != 0;
        let mask = 0x8000_0000 >> i.t;
        self.set_cr(cr & !mask | if f(bit(i.a), bit(i.b)) { mask } else { 0 });
        Ended::Next
    }

    pub(super) fn move_cr_field(&mut self, i: &Instruction) -> Ended {
        self.set_cr_field(i.t >> 2, self.state.cr_field(i.a >> 2));
        Ended::Next
    }

    /// mfcr, and mfocrf, which merges the selected fields into RT (ppu-isa 4.2).
    pub(super) fn move_from_cr(&mut self, i: &Instruction) -> Ended {
        let value = if i.word & 0x0010_0000 == 0 {
            self.state.cr
        } else {
            self.gpr(i.t) & !i.immediate | self.state.cr & i.immediate
        };
        self.set_gpr(i.t, value);
        Ended::Next
    }

    pub(super) fn move_to_cr(&mut self, i: &Instruction) -> Ended {
        self.set_cr(self.state.cr & !i.immediate | self.gpr(i.t) & i.immediate);
        Ended::Next
    }
}
