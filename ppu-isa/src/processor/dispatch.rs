//! From the decoded instruction to its handler. Read it beside the table.
//!
//! The match is in two halves, so that the loops of execution contain only the instructions that ordinary code consists
//! of; everything else costs a call more.

use super::machine::{Access, Ended, Machine};
use super::memory::Width;
use super::vector_arithmetic::{fmul8, fmul16, sat8, sat16};
use super::vector_permute::{pack_lower, pack_upper};
use crate::bus::Bus;
use crate::instruction::{Instruction, NOP};
use crate::observer::Observer;
use crate::spr::Spr;
use crate::table::{Class, Op};

const LR: u32 = Spr::Lr.number() as u32;
const CTR: u32 = Spr::Ctr.number() as u32;

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    /// Executes one slot.
    #[inline(always)]
    pub(super) fn execute(&mut self, i: &Instruction) -> Ended {
        let m = self;
        let imm = i.immediate;
        match i.op {
            // Integer arithmetic.
            Op::Addi => m.add_plain(i, m.gpr_or_zero(i.a), imm),
            Op::Addis => m.add_plain(i, m.gpr_or_zero(i.a), imm << 16),
            Op::Add => m.sum(i, m.gpr(i.a), m.gpr(i.b), false, false),
            Op::Addc => m.sum(i, m.gpr(i.a), m.gpr(i.b), false, true),
            Op::Adde => m.sum(i, m.gpr(i.a), m.gpr(i.b), m.state.carry(), true),
            Op::Addze => m.sum(i, m.gpr(i.a), 0, m.state.carry(), true),
            Op::Addme => m.sum(i, m.gpr(i.a), u32::MAX, m.state.carry(), true),
            Op::Addic | Op::AddicRecord => m.sum(i, m.gpr(i.a), imm, false, true),
            Op::Subf => m.sum(i, !m.gpr(i.a), m.gpr(i.b), true, false),
            Op::Subfc => m.sum(i, !m.gpr(i.a), m.gpr(i.b), true, true),
            Op::Subfe => m.sum(i, !m.gpr(i.a), m.gpr(i.b), m.state.carry(), true),
            Op::Subfze => m.sum(i, !m.gpr(i.a), 0, m.state.carry(), true),
            Op::Subfme => m.sum(i, !m.gpr(i.a), u32::MAX, m.state.carry(), true),
            Op::Subfic => m.sum(i, !m.gpr(i.a), imm, true, true),
            Op::Neg => m.negate(i),
            Op::Mulli => m.product_low(i, imm),
            Op::Mullw => m.product_low(i, m.gpr(i.b)),
            Op::Mulhw => m.product_high_signed(i),
            Op::Mulhwu => m.product_high_unsigned(i),

            // Logic.
            Op::Ori if i.word == NOP => Ended::Dropped,
            Op::Ori => m.logic(i, m.gpr(i.t) | imm),
            Op::Oris => m.logic(i, m.gpr(i.t) | imm << 16),
            Op::Xori => m.logic(i, m.gpr(i.t) ^ imm),
            Op::Xoris => m.logic(i, m.gpr(i.t) ^ imm << 16),
            Op::AndiRecord => m.logic(i, m.gpr(i.t) & imm),
            Op::AndisRecord => m.logic(i, m.gpr(i.t) & imm << 16),
            Op::And => m.logic(i, m.gpr(i.t) & m.gpr(i.b)),
            Op::Andc => m.logic(i, m.gpr(i.t) & !m.gpr(i.b)),
            Op::Or => m.logic(i, m.gpr(i.t) | m.gpr(i.b)),
            Op::Orc => m.logic(i, m.gpr(i.t) | !m.gpr(i.b)),
            Op::Xor => m.logic(i, m.gpr(i.t) ^ m.gpr(i.b)),
            Op::Nor => m.logic(i, !(m.gpr(i.t) | m.gpr(i.b))),
            Op::Nand => m.logic(i, !(m.gpr(i.t) & m.gpr(i.b))),
            Op::Eqv => m.logic(i, !(m.gpr(i.t) ^ m.gpr(i.b))),
            Op::Extsb => m.logic(i, m.gpr(i.t) as i8 as u32),
            Op::Extsh => m.logic(i, m.gpr(i.t) as i16 as u32),
            Op::Cntlzw => m.logic(i, m.gpr(i.t).leading_zeros()),

            // Rotation and shift.
            Op::Rlwinm => m.logic(i, m.gpr(i.t).rotate_left(u32::from(i.b)) & imm),
            Op::Rlwnm => m.logic(i, m.gpr(i.t).rotate_left(m.gpr(i.b) & 31) & imm),
            Op::Rlwimi => {
                let rotated = m.gpr(i.t).rotate_left(u32::from(i.b));
                m.logic(i, rotated & imm | m.gpr(i.a) & !imm)
            }
            Op::Slw => m.logic(i, m.gpr(i.t).checked_shl(m.shift_amount(i)).unwrap_or(0)),
            Op::Srw => m.logic(i, m.gpr(i.t).checked_shr(m.shift_amount(i)).unwrap_or(0)),
            Op::Sraw => m.shift_right_arithmetic(i, m.shift_amount(i)),
            Op::Srawi => m.shift_right_arithmetic(i, u32::from(i.b)),

            // Comparisons.
            Op::Cmp => m.compare_signed(i, m.gpr(i.b)),
            Op::Cmpi => m.compare_signed(i, imm),
            Op::Cmpl => m.compare_unsigned(i, m.gpr(i.b)),
            Op::Cmpli => m.compare_unsigned(i, imm),

            // Branches.
            Op::B => m.branch(i),
            Op::Bc => m.branch_conditional(i),
            Op::Bclr => m.branch_to_link(i),
            Op::Bcctr => m.branch_to_count(i),

            // Memory access.
            Op::Lwz => m.load(i, m.displaced(i), Width::Word),
            Op::Lhz => m.load(i, m.displaced(i), Width::Halfword),
            Op::Lha => {
                let address = m.gpr_or_zero(i.a).wrapping_add(m.algebraic_displacement(i));
                m.load(i, address, Width::Algebraic)
            }
            Op::Lbz => m.load(i, m.displaced(i), Width::Byte),
            Op::Lwzx => m.load(i, m.indexed(i), Width::Word),
            Op::Lhzx => m.load(i, m.indexed(i), Width::Halfword),
            Op::Lhax => m.load(i, m.indexed(i), Width::Algebraic),
            Op::Lbzx => m.load(i, m.indexed(i), Width::Byte),
            Op::Lwzu => m.load_update(i, m.displaced(i), Width::Word),
            Op::Lhzu => m.load_update(i, m.displaced(i), Width::Halfword),
            Op::Lhau => {
                let address = m.gpr_or_zero(i.a).wrapping_add(m.algebraic_displacement(i));
                m.load_update(i, address, Width::Algebraic)
            }
            Op::Lbzu => m.load_update(i, m.displaced(i), Width::Byte),
            Op::Lwzux => m.load_update(i, m.indexed(i), Width::Word),
            Op::Lhzux => m.load_update(i, m.indexed(i), Width::Halfword),
            Op::Lhaux => m.load_update(i, m.indexed(i), Width::Algebraic),
            Op::Lbzux => m.load_update(i, m.indexed(i), Width::Byte),
            Op::Stw => m.store(i, m.displaced(i), Width::Word),
            Op::Sth => m.store(i, m.displaced(i), Width::Halfword),
            Op::Stb => m.store(i, m.displaced(i), Width::Byte),
            Op::Stwx => m.store(i, m.indexed(i), Width::Word),
            Op::Sthx => m.store(i, m.indexed(i), Width::Halfword),
            Op::Stbx => m.store(i, m.indexed(i), Width::Byte),
            Op::Stwu => m.store_update(i, m.displaced(i), Width::Word),
            Op::Sthu => m.store_update(i, m.displaced(i), Width::Halfword),
            Op::Stbu => m.store_update(i, m.displaced(i), Width::Byte),
            Op::Stwux => m.store_update(i, m.indexed(i), Width::Word),
            Op::Sthux => m.store_update(i, m.indexed(i), Width::Halfword),
            Op::Stbux => m.store_update(i, m.indexed(i), Width::Byte),

            // The special registers that all code uses.
            Op::Mtspr if i.immediate == LR => {
                m.set_lr(m.gpr(i.t));
                Ended::Next
            }
            Op::Mtspr if i.immediate == CTR => {
                m.set_ctr(m.gpr(i.t));
                Ended::Next
            }
            Op::Mfspr if i.immediate == LR => m.add_plain(i, m.state.lr, 0),

            _ => {
                let (ended, access) = m.copy().execute_other(i);
                m.access = access;
                ended
            }
        }
    }

    /// The rest of [`Machine::execute`]. Takes the machine by value, so that the caller's can stay in registers.
    #[inline(never)]
    fn execute_other(mut self, i: &Instruction) -> (Ended, Access) {
        let m = &mut self;
        let imm = i.immediate;
        let count = i.word & 3;
        let ended = match i.op {
            // Division, counts, condition register.
            Op::Divw => m.divide_signed(i),
            Op::Divwu => m.divide_unsigned(i),
            Op::Popcntb => m.population_count_bytes(i),
            Op::Prtyw => m.parity_word(i),
            Op::Crand => m.cr_bits(i, |a, b| a & b),
            Op::Crandc => m.cr_bits(i, |a, b| a & !b),
            Op::Cror => m.cr_bits(i, |a, b| a | b),
            Op::Crorc => m.cr_bits(i, |a, b| a | !b),
            Op::Crxor => m.cr_bits(i, |a, b| a ^ b),
            Op::Crnand => m.cr_bits(i, |a, b| !(a & b)),
            Op::Crnor => m.cr_bits(i, |a, b| !(a | b)),
            Op::Creqv => m.cr_bits(i, |a, b| a == b),
            Op::Mcrf => m.move_cr_field(i),
            Op::Mfcr => m.move_from_cr(i),
            Op::Mtcrf => m.move_to_cr(i),

            // Exceptions, several registers at once, system.
            Op::Rfi => m.return_from(m.state.srr),
            Op::Rfci => m.return_from(m.state.csrr),
            Op::Rfmci => m.return_from(m.state.mcsrr),
            Op::Tw => m.trap(i, m.gpr(i.a), m.gpr(i.b)),
            Op::Twi => m.trap(i, m.gpr(i.a), imm),
            Op::Lmw => m.load_multiple(i),
            Op::Stmw => m.store_multiple(i),
            Op::Mfspr => m.move_from_spr(i),
            Op::Mtspr => m.move_to_spr(i),
            Op::Mfmsr => m.move_from_msr(i),
            Op::Mtmsr => m.move_to_msr(i),
            Op::Sync => Ended::Dropped,
            Op::Wait if i.word >> 21 & 3 == 0 => Ended::Sleep,
            Op::Wait => Ended::Next,
            Op::Eciwx => m.external_read(i),
            Op::Ecowx => m.external_write(i),

            // Vector multiply, add, accumulate.
            Op::Fxvmahm => m.halfword_result(i, |acc, a, b| acc.wrapping_add(a * b)),
            Op::Fxvmabm => m.byte_result(i, |acc, a, b| acc.wrapping_add(a * b)),
            Op::Fxvmahfs => m.halfword_result(i, |acc, a, b| acc.saturating_add(fmul16(a, b)) >> 16),
            Op::Fxvmabfs => m.byte_result(i, |acc, a, b| acc.saturating_add(fmul8(a, b)) >> 8),
            Op::Fxvmtach => m.halfword_accumulate(i, |_, a, _| a),
            Op::Fxvmtacb => m.byte_accumulate(i, |_, a, _| a),
            Op::Fxvmtachf => m.halfword_accumulate(i, |_, a, _| a << 16),
            Op::Fxvmtacbf => m.byte_accumulate(i, |_, a, _| a << 8),
            Op::Fxvmatachm => m.halfword_accumulate(i, |acc, a, b| acc.wrapping_add(a * b)),
            Op::Fxvmatacbm => m.byte_accumulate(i, |acc, a, b| acc.wrapping_add(a * b)),
            Op::Fxvmatachfs => m.halfword_accumulate(i, |acc, a, b| acc.saturating_add(fmul16(a, b))),
            Op::Fxvmatacbfs => m.byte_accumulate(i, |acc, a, b| acc.saturating_add(fmul8(a, b))),
            Op::Fxvmulhm => m.halfword_result(i, |_, a, b| a * b),
            Op::Fxvmulbm => m.byte_result(i, |_, a, b| a * b),
            Op::Fxvmulhfs => m.halfword_result(i, |_, a, b| fmul16(a, b) >> 16),
            Op::Fxvmulbfs => m.byte_result(i, |_, a, b| fmul8(a, b) >> 8),
            Op::Fxvmultachm => m.halfword_accumulate(i, |_, a, b| a * b),
            Op::Fxvmultacbm => m.byte_accumulate(i, |_, a, b| a * b),
            Op::Fxvmultachfs => m.halfword_accumulate(i, |_, a, b| fmul16(a, b)),
            Op::Fxvmultacbfs => m.byte_accumulate(i, |_, a, b| fmul8(a, b)),
            Op::Fxvsubhm => m.halfword_result(i, |_, a, b| a - b),
            Op::Fxvsubbm => m.byte_result(i, |_, a, b| a - b),
            Op::Fxvsubhfs => m.halfword_result(i, |_, a, b| sat16(a - b)),
            Op::Fxvsubbfs => m.byte_result(i, |_, a, b| sat8(a - b)),
            Op::Fxvaddhm => m.halfword_result(i, |_, a, b| a + b),
            Op::Fxvaddbm => m.byte_result(i, |_, a, b| a + b),
            Op::Fxvaddhfs => m.halfword_result(i, |_, a, b| sat16(a + b)),
            Op::Fxvaddbfs => m.byte_result(i, |_, a, b| sat8(a + b)),
            Op::Fxvaddactachm => m.halfword_accumulate(i, |acc, a, _| acc.wrapping_add(a)),
            Op::Fxvaddactacb => m.byte_accumulate(i, |acc, a, _| acc.wrapping_add(a)),
            Op::Fxvaddactachf => m.halfword_accumulate(i, |acc, a, _| acc.saturating_add(a << 16)),
            Op::Fxvaddactacbf => m.byte_accumulate(i, |acc, a, _| acc.saturating_add(a << 8)),
            Op::Fxvaddachm => m.halfword_result(i, |acc, a, _| acc.wrapping_add(a)),
            Op::Fxvaddacbm => m.byte_result(i, |acc, a, _| acc.wrapping_add(a)),
            Op::Fxvaddachfs => m.halfword_result(i, |acc, a, _| acc.saturating_add(a << 16) >> 16),
            Op::Fxvaddacbfs => m.byte_result(i, |acc, a, _| acc.saturating_add(a << 8) >> 8),
            Op::Fxvaddtachm => m.halfword_accumulate(i, |_, a, b| a + b),
            Op::Fxvaddtacb => m.byte_accumulate(i, |_, a, b| a + b),

            // Vector comparison and permutation.
            Op::Fxvcmph => m.compare_halfwords(i),
            Op::Fxvcmpb => m.compare_bytes(i),
            Op::Fxvsel => m.select(i),
            Op::Fxvshh => m.shift_halfwords(i),
            Op::Fxvshb => m.shift_bytes(i),
            Op::Fxvsplath => m.splat_halfword(i),
            Op::Fxvsplatb => m.splat_byte(i),
            Op::Fxvpckbu => m.pack(i, |high, _| pack_upper(count, high)),
            Op::Fxvpckbl => m.pack(i, |high, low| pack_lower(count, high, low)),
            Op::Fxvupckbl => m.unpack(i, 0),
            Op::Fxvupckbr => m.unpack(i, 8),

            // Vector memory and parallel port.
            Op::Fxvlax => m.load_vector(i).into(),
            Op::Fxvstax => m.store_vector(i).into(),
            Op::Fxvinx => m.port_in(i).into(),
            Op::Fxvoutx => m.port_out(i).into(),

            // All that `execute` knows, and words that match no row.
            _ => m.unknown(i),
        };
        (ended, m.access)
    }

    /// [`Machine::execute`] for a slot that is not the first of its instruction.
    #[inline(always)]
    pub(super) fn execute_again(mut self, i: &Instruction) -> (Ended, Access) {
        if i.class == Class::LoadUpdate { (self.update_base(i), self.access) } else { self.execute_other(i) }
    }

    /// The same machine once more.
    #[inline(always)]
    fn copy(&mut self) -> Machine<'_, B, O> {
        Machine {
            state: self.state,
            timers: self.timers,
            progress: self.progress,
            quirks: self.quirks,
            bus: self.bus,
            observer: self.observer,
            address: self.address,
            at: self.at,
            access: self.access,
        }
    }
}
