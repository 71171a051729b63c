//! Faults planted in what an instruction computes: the harness changes a result behind the model's back, so that an
//! oracle can show that it would notice.

use ppu_isa::table::{OpInfo, Overflow, Record, implicit};
use ppu_isa::{Effect, Instruction, State, StepReport};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The lowest bit of the result.
    Low,
    /// The highest bit of the result.
    High,
    /// A bit of the condition field.
    Condition,
    /// XER.CA.
    Carry,
    /// XER.OV.
    Overflow,
    /// What a store writes.
    Store,
    /// LR.
    Link,
    /// CTR.
    Count,
    /// Where execution goes on.
    Next,
}

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Where a register that is read holds 0x8000_0000.
    Border,
    /// With 17 in the first field of the instruction: one case in 32.
    Field,
}

/// One fault of one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The row of the table.
    pub info: &'static OpInfo,
    /// What.
    pub harm: Harm,
    /// When.
    pub when: When,
}

/// All faults that a row can have.
pub fn faults(info: &'static OpInfo) -> Vec<Fault> {
    use ppu_isa::table::Role::{
        CrBitWrite, CrFieldWrite, GprRead, GprReadOrZero, GprReadWrite, GprWrite, GprWriteRange,
    };
    let has =
        |roles: &[ppu_isa::table::Role]| info.operands.iter().any(|operand| roles.contains(&operand.role));
    let mut harms = Vec::new();
    if has(&[GprWrite, GprReadWrite, GprWriteRange]) {
        harms.extend([Harm::Low, Harm::High]);
    }
    if info.record != Record::Never || has(&[CrFieldWrite, CrBitWrite]) {
        harms.push(Harm::Condition);
    }
    let written = |bits: u32| info.writes & bits != 0;
    for (is_there, harm) in [
        (written(implicit::CA), Harm::Carry),
        (info.overflow == Overflow::Selected, Harm::Overflow),
        (written(implicit::MEM), Harm::Store),
        (written(implicit::LR), Harm::Link),
        (written(implicit::CTR), Harm::Count),
        (written(implicit::PC), Harm::Next),
    ] {
        if is_there {
            harms.push(harm);
        }
    }
    // The base of an access is near its window.
    let accesses = (info.reads | info.writes) & implicit::MEM != 0;
    let reads = !accesses && has(&[GprRead, GprReadOrZero, GprReadWrite]);
    let mut faults = Vec::new();
    for harm in harms {
        for when in [When::Always, When::Border, When::Field] {
            if when == When::Border && !reads
                || when == When::Field && !info.operands.iter().any(|o| o.first == 6 && o.width() == 5)
            {
                continue;
            }
            faults.push(Fault { info, harm, when });
        }
    }
    faults
}

impl Fault {
    /// Whether it strikes an instruction in the state before it.
    pub fn strikes(&self, i: &Instruction, before: &State) -> bool {
        i.op() == self.info.op
            && match self.when {
                When::Always => true,
                When::Border => (0..32).any(|n| i.reads().gpr >> n & 1 != 0 && before.gpr[n] == 0x8000_0000),
                When::Field => i.word() >> 21 & 31 == 17,
            }
    }

    /// Does the harm behind an instruction, to the state and, by the function, to memory.
    pub fn strike(
        &self,
        i: &Instruction,
        report: &StepReport,
        state: &mut State,
        flip_memory: &mut dyn FnMut(u32),
    ) {
        let target = i.writes().gpr.trailing_zeros() as usize;
        match self.harm {
            Harm::Low if target < 32 => state.gpr[target] ^= 1,
            Harm::High if target < 32 => state.gpr[target] ^= 0x8000_0000,
            Harm::Condition => {
                let fields = (i.writes().other & implicit::CR) as u8;
                if fields != 0 {
                    state.cr ^= 0x8000_0000 >> (4 * fields.trailing_zeros());
                }
            }
            Harm::Carry => state.xer ^= ppu_isa::spr::xer::CA,
            Harm::Overflow if i.overflows() => state.xer ^= ppu_isa::spr::xer::OV,
            Harm::Store => {
                if let Some(Effect::Store { address, .. }) =
                    report.effects.iter().find(|effect| matches!(effect, Effect::Store { .. }))
                {
                    flip_memory(*address);
                }
            }
            Harm::Link if i.writes().other & implicit::LR != 0 => state.lr ^= 4,
            Harm::Count if i.writes().other & implicit::CTR != 0 => state.ctr ^= 1,
            Harm::Next => state.pc = state.pc.wrapping_add(4),
            _ => {}
        }
    }
}
