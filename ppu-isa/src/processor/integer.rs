//! Integer arithmetic (ppu-isa 4.2, 4.4).

use super::machine::{Ended, Machine};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::Observer;

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    /// RT := a + b without any flag.
    #[inline(always)]
    pub(super) fn add_plain(&mut self, i: &Instruction, a: u32, b: u32) -> Ended {
        self.set_gpr(i.t, a.wrapping_add(b));
        Ended::Next
    }

    /// RT := a + b + carry with the flags the instruction asks for.
    #[inline(always)]
    pub(super) fn sum(&mut self, i: &Instruction, a: u32, b: u32, carry: bool, writes_carry: bool) -> Ended {
        let (partial, carry_a) = a.overflowing_add(b);
        let (result, carry_b) = partial.overflowing_add(u32::from(carry));
        self.set_gpr(i.t, result);
        if writes_carry {
            self.set_carry(carry_a | carry_b);
        }
        if i.overflow {
            self.set_overflow(((a ^ result) & (b ^ result)) >> 31 != 0);
        }
        self.record(i, result);
        Ended::Next
    }

    #[inline(always)]
    pub(super) fn negate(&mut self, i: &Instruction) -> Ended {
        let a = self.gpr(i.a);
        let result = a.wrapping_neg();
        self.set_gpr(i.t, result);
        if i.overflow {
            self.set_overflow(a == 0x8000_0000);
        }
        self.record(i, result);
        Ended::Next
    }

    #[inline(always)]
    pub(super) fn product_low(&mut self, i: &Instruction, b: u32) -> Ended {
        let product = i64::from(self.gpr(i.a) as i32) * i64::from(b as i32);
        let result = product as u32;
        self.set_gpr(i.t, result);
        if i.overflow {
            self.set_overflow(product != i64::from(product as i32));
        }
        self.record(i, result);
        Ended::Next
    }

    #[inline(always)]
    pub(super) fn product_high_signed(&mut self, i: &Instruction) -> Ended {
        let product = i64::from(self.gpr(i.a) as i32) * i64::from(self.gpr(i.b) as i32);
        self.result_only(i, (product >> 32) as u32)
    }

    #[inline(always)]
    pub(super) fn product_high_unsigned(&mut self, i: &Instruction) -> Ended {
        let product = u64::from(self.gpr(i.a)) * u64::from(self.gpr(i.b));
        self.result_only(i, (product >> 32) as u32)
    }

    #[inline(always)]
    fn result_only(&mut self, i: &Instruction, result: u32) -> Ended {
        self.set_gpr(i.t, result);
        self.record(i, result);
        Ended::Next
    }

    /// The special cases are those of the divider block (ppu-isa 4.2); there is no trap.
    pub(super) fn divide_signed(&mut self, i: &Instruction) -> Ended {
        let (a, b) = (self.gpr(i.a) as i32, self.gpr(i.b) as i32);
        let (result, special) = match b {
            0 if a >= 0 => (u32::MAX, true),
            0 => (0, true),
            _ => match a.checked_div(b) {
                Some(quotient) => (quotient as u32, false),
                None => (0x8000_0000, true),
            },
        };
        self.quotient(i, result, special)
    }

    pub(super) fn divide_unsigned(&mut self, i: &Instruction) -> Ended {
        match self.gpr(i.a).checked_div(self.gpr(i.b)) {
            Some(result) => self.quotient(i, result, false),
            None => self.quotient(i, u32::MAX, true),
        }
    }

    fn quotient(&mut self, i: &Instruction, result: u32, special: bool) -> Ended {
        self.set_gpr(i.t, result);
        if i.overflow {
            self.set_overflow(special);
        }
        self.record(i, result);
        Ended::Next
    }
}
