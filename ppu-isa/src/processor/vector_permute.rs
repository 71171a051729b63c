//! Vector selection, shift, splat, pack and unpack (ppu-isa 5.3, 5.7).

// The loops index several arrays by lane.
#![allow(clippy::needless_range_loop)]

use super::machine::{Ended, Machine};
use super::vector_arithmetic::lane_bytes;
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::Observer;
use crate::vector::{BYTES, Condition, HALFWORDS, Vector};

/// Bytes of a slice, the unit of pack and unpack.
const SLICE: usize = 16;

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    #[inline(never)]
    pub(super) fn select(&mut self, i: &Instruction) -> Ended {
        let (a, b) = (*self.vr(i.a), *self.vr(i.b));
        if i.condition() == Condition::Always {
            self.set_vr(i.t, b);
            return Ended::Next;
        }
        let mask = lane_bytes(&self.state.vcr, i.condition());
        let mut result = Vector::ZERO;
        for e in 0..BYTES {
            result.0[e] = a.0[e] & !mask[e] | b.0[e] & mask[e];
        }
        self.set_vr(i.t, result);
        Ended::Next
    }

    /// Left for positive amounts, logically right for negative ones; -16..=15.
    #[inline(never)]
    pub(super) fn shift_halfwords(&mut self, i: &Instruction) -> Ended {
        let a = *self.vr(i.a);
        let amount = i.immediate as i32;
        let (left, right) = (amount.max(0) as u32, (-amount).max(0) as u32);
        let mut result = Vector::ZERO;
        for h in 0..HALFWORDS {
            let lane = u32::from(a.halfword(h));
            [result.0[2 * h], result.0[2 * h + 1]] = ((lane << left >> right) as u16).to_be_bytes();
        }
        self.set_vr(i.t, result);
        Ended::Next
    }

    /// As for halfwords; amounts beyond 8 give 0.
    #[inline(never)]
    pub(super) fn shift_bytes(&mut self, i: &Instruction) -> Ended {
        let a = *self.vr(i.a);
        let amount = i.immediate as i32;
        let (left, right) = (amount.max(0) as u32, (-amount).max(0) as u32);
        let mut result = Vector::ZERO;
        for e in 0..BYTES {
            result.0[e] = (u32::from(a.0[e]) << left >> right) as u8;
        }
        self.set_vr(i.t, result);
        Ended::Next
    }

    #[inline(never)]
    pub(super) fn splat_halfword(&mut self, i: &Instruction) -> Ended {
        let lane = (self.gpr(i.a) as u16).to_be_bytes();
        self.set_vr(i.t, Vector(core::array::from_fn(|e| lane[e & 1])));
        Ended::Next
    }

    #[inline(never)]
    pub(super) fn splat_byte(&mut self, i: &Instruction) -> Ended {
        let lane = self.gpr(i.a) as u8;
        self.set_vr(i.t, Vector([lane; BYTES]));
        Ended::Next
    }

    /// Left half of each slice from the halfwords of VRA, right half from those of VRB.
    #[inline(never)]
    pub(super) fn pack(&mut self, i: &Instruction, f: impl Fn(u8, u8) -> u8) -> Ended {
        let (a, b) = (*self.vr(i.a), *self.vr(i.b));
        let mut result = Vector::ZERO;
        for slice in (0..BYTES).step_by(SLICE) {
            for k in 0..SLICE / 2 {
                result.0[slice + k] = f(a.0[slice + 2 * k], a.0[slice + 2 * k + 1]);
                result.0[slice + SLICE / 2 + k] = f(b.0[slice + 2 * k], b.0[slice + 2 * k + 1]);
            }
        }
        self.set_vr(i.t, result);
        Ended::Next
    }

    /// Joins the bytes `first..first+8` of each slice of VRA and VRB to halfwords.
    #[inline(never)]
    pub(super) fn unpack(&mut self, i: &Instruction, first: usize) -> Ended {
        let (a, b) = (*self.vr(i.a), *self.vr(i.b));
        let count = i.word & 3;
        let mut result = Vector::ZERO;
        for slice in (0..BYTES).step_by(SLICE) {
            for k in 0..SLICE / 2 {
                let upper = u32::from(a.0[slice + first + k]);
                let lower = u32::from(b.0[slice + first + k]);
                let carried = lower >> (8 - 2 * count) & ((1 << count) - 1);
                result.0[slice + 2 * k] = (upper << count | carried) as u8;
                result.0[slice + 2 * k + 1] = (lower << (2 * count)) as u8;
            }
        }
        self.set_vr(i.t, result);
        Ended::Next
    }
}

/// The upper of the two numbers in a halfword.
#[inline(always)]
pub(super) fn pack_upper(count: u32, high: u8) -> u8 {
    high >> count
}

/// The lower of the two numbers in a halfword.
#[inline(always)]
pub(super) fn pack_lower(count: u32, high: u8, low: u8) -> u8 {
    let carried = u32::from(high) & ((1 << count) - 1);
    (carried << (8 - 2 * count) | u32::from(low) >> (2 * count)) as u8
}
