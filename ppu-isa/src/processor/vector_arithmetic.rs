//! Vector multiply, add and accumulate, and comparison with zero (ppu-isa 5.3, 5.4).
//!
//! Every instruction is one function of (accumulator, a, b) for a lane; the loops around it run over plain arrays so
//! that the compiler turns them into SIMD code. Each is a function of its own: together they would need a frame of several kilobytes.

// The loops index several arrays by lane.
#![allow(clippy::needless_range_loop)]

use super::machine::{Ended, Machine};
use super::state::{Accumulator, VectorCondition};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};
use crate::vector::{BYTES, Condition, HALFWORDS, Vector};

/// The 32-bit fractional product 2ab, clamped for (-1)(-1) (ppu-isa 5.4).
#[inline(always)]
pub(super) fn fmul16(a: i32, b: i32) -> i32 {
    let product = a * b;
    product.saturating_add(product)
}
/// The 16-bit fractional product 2ab, clamped for (-1)(-1) (ppu-isa 5.4).
#[inline(always)]
pub(super) fn fmul8(a: i16, b: i16) -> i16 {
    let product = a * b;
    product.saturating_add(product)
}

/// Clamps to 16 bits.
#[inline(always)]
pub(super) fn sat16(value: i32) -> i32 {
    value.clamp(-0x8000, 0x7fff)
}
/// Clamps to 8 bits.
#[inline(always)]
pub(super) fn sat8(value: i16) -> i16 {
    value.clamp(-0x80, 0x7f)
}

/// The halfwords of a register, sign-extended.
#[inline(always)]
fn halfwords(v: &Vector) -> [i32; HALFWORDS] {
    let mut lanes = [0; HALFWORDS];
    for (h, lane) in lanes.iter_mut().enumerate() {
        *lane = i32::from(i16::from_be_bytes([v.0[2 * h], v.0[2 * h + 1]]));
    }
    lanes
}
/// The bytes of a register, sign-extended.
#[inline(always)]
fn bytes(v: &Vector) -> [i16; BYTES] {
    let mut lanes = [0; BYTES];
    for (e, lane) in lanes.iter_mut().enumerate() {
        *lane = i16::from(v.0[e] as i8);
    }
    lanes
}
/// The accumulator of each byte lane: the upper half of a word belongs to the even byte (ppu-isa 5.1).
#[inline(always)]
fn byte_accumulators(acc: &Accumulator) -> [i16; BYTES] {
    let mut lanes = [0; BYTES];
    for h in 0..HALFWORDS {
        lanes[2 * h] = (acc.0[h] >> 16) as i16;
        lanes[2 * h + 1] = acc.0[h] as i16;
    }
    lanes
}

/// 0xff in the byte lanes that satisfy the condition, 0 elsewhere.
#[inline(always)]
pub(super) fn lane_bytes(vcr: &VectorCondition, condition: Condition) -> [u8; BYTES] {
    let bit = VectorCondition::bit(condition);
    let mut mask = [0; BYTES];
    for (m, flags) in mask.iter_mut().zip(&vcr.0) {
        *m = if flags & bit != 0 { 0xff } else { 0 };
    }
    mask
}

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    #[inline(always)]
    pub(super) fn vr(&self, n: u8) -> &Vector {
        &self.state.vr[(n & 31) as usize]
    }
    #[inline(always)]
    pub(super) fn set_vr(&mut self, n: u8, value: Vector) {
        self.state.vr[(n & 31) as usize] = value;
        self.observer.effect(self.at, Effect::VectorRegister { index: n, value });
    }

    /// Writes the selected bytes of VRT, also of halfword instructions (ppu-isa 5.3).
    #[inline(always)]
    fn write_vrt(&mut self, i: &Instruction, result: Vector) -> Ended {
        let condition = i.condition();
        let value = if condition == Condition::Always {
            result
        } else {
            let mask = lane_bytes(&self.state.vcr, condition);
            let mut merged = *self.vr(i.t);
            for e in 0..BYTES {
                merged.0[e] = merged.0[e] & !mask[e] | result.0[e] & mask[e];
            }
            merged
        };
        self.set_vr(i.t, value);
        Ended::Next
    }

    /// Writes the accumulator halves that belong to selected bytes (ppu-isa 5.3).
    #[inline(always)]
    fn write_acc(&mut self, i: &Instruction, result: &[u32; HALFWORDS]) -> Ended {
        let condition = i.condition();
        if condition == Condition::Always {
            self.state.acc.0 = *result;
        } else {
            let mask = lane_bytes(&self.state.vcr, condition);
            for h in 0..HALFWORDS {
                let (even, odd) = (u32::from(mask[2 * h]), u32::from(mask[2 * h + 1]));
                let wide = (even * 0x0101_0000) | (odd * 0x0101);
                self.state.acc.0[h] = self.state.acc.0[h] & !wide | result[h] & wide;
            }
        }
        self.observer.effect(self.at, Effect::Accumulator);
        Ended::Next
    }

    /// VRT := low 16 bits of f(accumulator, a, b) in each halfword.
    #[inline(never)]
    pub(super) fn halfword_result(&mut self, i: &Instruction, f: impl Fn(i32, i32, i32) -> i32) -> Ended {
        let (a, b) = (halfwords(self.vr(i.a)), halfwords(self.vr(i.b)));
        let mut result = Vector::ZERO;
        for h in 0..HALFWORDS {
            let lane = f(self.state.acc.0[h] as i32, a[h], b[h]) as u16;
            [result.0[2 * h], result.0[2 * h + 1]] = lane.to_be_bytes();
        }
        self.write_vrt(i, result)
    }

    /// ACC := f(accumulator, a, b) in each halfword.
    #[inline(never)]
    pub(super) fn halfword_accumulate(&mut self, i: &Instruction, f: impl Fn(i32, i32, i32) -> i32) -> Ended {
        let (a, b) = (halfwords(self.vr(i.a)), halfwords(self.vr(i.b)));
        let mut result = [0; HALFWORDS];
        for h in 0..HALFWORDS {
            result[h] = f(self.state.acc.0[h] as i32, a[h], b[h]) as u32;
        }
        self.write_acc(i, &result)
    }

    /// VRT := low 8 bits of f(accumulator, a, b) in each byte.
    #[inline(never)]
    pub(super) fn byte_result(&mut self, i: &Instruction, f: impl Fn(i16, i16, i16) -> i16) -> Ended {
        let (a, b) = (bytes(self.vr(i.a)), bytes(self.vr(i.b)));
        let acc = byte_accumulators(&self.state.acc);
        let mut result = Vector::ZERO;
        for e in 0..BYTES {
            result.0[e] = f(acc[e], a[e], b[e]) as u8;
        }
        self.write_vrt(i, result)
    }

    /// ACC := f(accumulator, a, b) in each byte.
    #[inline(never)]
    pub(super) fn byte_accumulate(&mut self, i: &Instruction, f: impl Fn(i16, i16, i16) -> i16) -> Ended {
        let (a, b) = (bytes(self.vr(i.a)), bytes(self.vr(i.b)));
        let acc = byte_accumulators(&self.state.acc);
        let mut lanes = [0u16; BYTES];
        for e in 0..BYTES {
            lanes[e] = f(acc[e], a[e], b[e]) as u16;
        }
        let mut result = [0; HALFWORDS];
        for h in 0..HALFWORDS {
            result[h] = u32::from(lanes[2 * h]) << 16 | u32::from(lanes[2 * h + 1]);
        }
        self.write_acc(i, &result)
    }

    #[inline(never)]
    pub(super) fn compare_halfwords(&mut self, i: &Instruction) -> Ended {
        let a = halfwords(self.vr(i.a));
        for h in 0..HALFWORDS {
            let flag = flag_of(a[h] == 0, a[h] > 0);
            self.state.vcr.0[2 * h] = flag;
            self.state.vcr.0[2 * h + 1] = flag;
        }
        self.observer.effect(self.at, Effect::VectorCondition);
        Ended::Next
    }

    #[inline(never)]
    pub(super) fn compare_bytes(&mut self, i: &Instruction) -> Ended {
        let a = *self.vr(i.a);
        for e in 0..BYTES {
            self.state.vcr.0[e] = flag_of(a.0[e] == 0, a.0[e] as i8 > 0);
        }
        self.observer.effect(self.at, Effect::VectorCondition);
        Ended::Next
    }
}

#[inline(always)]
fn flag_of(zero: bool, greater: bool) -> u8 {
    if zero {
        VectorCondition::bit(Condition::Equal)
    } else if greater {
        VectorCondition::bit(Condition::Greater)
    } else {
        VectorCondition::bit(Condition::Less)
    }
}
