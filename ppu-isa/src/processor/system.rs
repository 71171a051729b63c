//! Special purpose registers, unknown words (ppu-isa 3.2, 4.1).

use super::machine::{Ended, Machine};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};
use crate::spr::{Spr, msr};

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    pub(super) fn move_from_msr(&mut self, i: &Instruction) -> Ended {
        self.set_gpr(i.t, self.state.msr);
        Ended::Next
    }

    pub(super) fn move_to_msr(&mut self, i: &Instruction) -> Ended {
        self.state.msr = self.gpr(i.t) & msr::MASK;
        self.observer.effect(self.at, Effect::Msr(self.state.msr));
        Ended::Control
    }

    pub(super) fn move_from_spr(&mut self, i: &Instruction) -> Ended {
        let value = match Spr::from_number(i.immediate as u16) {
            Some(Spr::Iccr) => self.quirks.spr_unknown_read,
            Some(spr) => self.read_spr(spr),
            None => {
                let number = i.immediate as u16;
                self.observer.effect(self.at, Effect::UnknownSpr { number });
                self.quirks.spr_unknown_read
            }
        };
        self.set_gpr(i.t, value);
        Ended::Next
    }

    /// Registers are read in the cycle behind issue.
    fn read_spr(&mut self, spr: Spr) -> u32 {
        let cycle = self.at + 1;
        match spr {
            Spr::Tbl => self.timers.time_base(cycle) as u32,
            Spr::Tbu => (self.timers.time_base(cycle) >> 32) as u32,
            Spr::Dec => self.timers.decrementer(cycle),
            Spr::Tsr => {
                self.timers.advance(cycle);
                self.timers.tsr()
            }
            Spr::Decar => self.timers.decar(),
            Spr::Tcr => self.timers.tcr(),
            _ => self.stored_spr(spr).map_or(0, |register| *register),
        }
    }

    /// The registers that are plain storage, all but the timers.
    fn stored_spr(&mut self, spr: Spr) -> Option<&mut u32> {
        let s = &mut *self.state;
        Some(match spr {
            Spr::Xer => &mut s.xer,
            Spr::Lr => &mut s.lr,
            Spr::Ctr => &mut s.ctr,
            Spr::Srr0 => &mut s.srr[0],
            Spr::Srr1 => &mut s.srr[1],
            Spr::Csrr0 => &mut s.csrr[0],
            Spr::Csrr1 => &mut s.csrr[1],
            Spr::Mcsrr0 => &mut s.mcsrr[0],
            Spr::Mcsrr1 => &mut s.mcsrr[1],
            Spr::Dear => &mut s.dear,
            Spr::Esr => &mut s.esr,
            Spr::Gin => &mut s.gin,
            Spr::Gout => &mut s.gout,
            Spr::Goe => &mut s.goe,
            Spr::Iccr => &mut s.iccr,
            Spr::Tbl | Spr::Tbu | Spr::Dec | Spr::Decar | Spr::Tsr | Spr::Tcr => return None,
        })
    }

    pub(super) fn move_to_spr(&mut self, i: &Instruction) -> Ended {
        let value = self.gpr(i.t);
        let Some(spr) = Spr::from_number(i.immediate as u16) else {
            self.observer.effect(self.at, Effect::UnknownSpr { number: i.immediate as u16 });
            return Ended::Next;
        };
        let value = value & spr.mask();
        // The register changes three cycles behind issue, which is two before an mfspr could see the old value.
        let cycle = self.at + 3;
        match spr {
            Spr::Gin => return Ended::Next,
            Spr::Tbl => self.timers.set_time_base(cycle, 0xffff_ffff, u64::from(value)),
            Spr::Tbu => self.timers.set_time_base(cycle, !0xffff_ffff, u64::from(value) << 32),
            Spr::Dec => self.timers.set_decrementer(cycle, value),
            Spr::Decar => self.timers.set_decar(cycle, value),
            Spr::Tcr => self.timers.set_tcr(cycle, value),
            Spr::Tsr => self.timers.clear_tsr(cycle, value),
            _ => {
                if let Some(register) = self.stored_spr(spr) {
                    *register = value;
                }
            }
        }
        self.observer.effect(self.at, Effect::Spr { spr, value });
        if matches!(spr, Spr::Gout | Spr::Goe) {
            let pins = Effect::Pins { output: self.state.gout, enable: self.state.goe };
            self.observer.effect(self.at, pins);
        }
        let control =
            matches!(spr, Spr::Iccr | Spr::Tbl | Spr::Tbu | Spr::Dec | Spr::Decar | Spr::Tcr | Spr::Tsr);
        if control { Ended::Control } else { Ended::Next }
    }

    /// eciwx: nothing answers on this chip (ppu-isa 4.1).
    pub(super) fn external_read(&mut self, i: &Instruction) -> Ended {
        self.observer.effect(self.at, Effect::UnknownInstruction { word: i.word });
        self.set_gpr(i.t, 0);
        Ended::Next
    }

    pub(super) fn external_write(&mut self, i: &Instruction) -> Ended {
        self.observer.effect(self.at, Effect::UnknownInstruction { word: i.word });
        Ended::Next
    }

    /// A no-operation, except that the record and overflow bits of primary opcode 31 act on RA + RB (ppu-isa 4.1).
    pub(super) fn unknown(&mut self, i: &Instruction) -> Ended {
        if !self.quirks.illegal_nop {
            return Ended::Illegal;
        }
        self.observer.effect(self.at, Effect::UnknownInstruction { word: i.word });
        if self.quirks.illegal_side_effects && (i.record || i.overflow) {
            let (a, b) = (self.gpr(i.a), self.gpr(i.b));
            let sum = a.wrapping_add(b);
            if i.overflow {
                self.set_overflow(((a ^ sum) & (b ^ sum)) >> 31 != 0);
            }
            self.record(i, sum);
        }
        Ended::Next
    }
}
