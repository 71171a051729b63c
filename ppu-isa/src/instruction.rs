//! Decoding: from an instruction word to an [`Instruction`] with its fields taken apart.

use crate::spr::Spr;
use crate::table::{Class, INSTRUCTIONS, Op, Overflow, Record, Role, implicit};
use crate::timing::Demand;
use crate::vector::Condition;

/// A decoded instruction word. Every word decodes; one that matches no row of the table is [`Op::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub(crate) word: u32,
    pub(crate) immediate: u32,
    pub(crate) op: Op,
    /// Bits 6..=10, 11..=15, 16..=20.
    pub(crate) t: u8,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) record: bool,
    pub(crate) overflow: bool,
    pub(crate) class: Class,
    /// It reaches a functional unit; nop, sync and wait do not.
    pub(crate) issues: bool,
    /// It is a branch or a return from interrupt.
    pub(crate) branches: bool,
    /// A `bc` as compilers emit it: relative, without link, that only tests a bit of the condition register.
    pub(crate) plain_conditional: bool,
    pub(crate) reads: Usage,
    pub(crate) writes: Usage,
    pub(crate) demand: Demand,
}

/// `ori 0,0,0`, which the front end drops without issuing it.
pub const NOP: u32 = 0x6000_0000;

/// State that an instruction reads or writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// General purpose registers: bit n is register n.
    pub gpr: u32,
    /// Vector registers: bit n is register n.
    pub vector: u32,
    /// Everything else: a set of [`implicit`] bits.
    pub other: u32,
}

/// Row of the table by primary opcode and extended opcode; `Op::Unknown` where there is none.
struct Lookup {
    primary: [Op; 64],
    /// 9-bit extended opcodes of primary opcode 4.
    vector: [Op; 512],
    /// 10-bit extended opcodes of primary opcodes 19 and 31.
    xl: [Op; 1024],
    x: [Op; 1024],
}

static LOOKUP: Lookup = lookup();

const fn lookup() -> Lookup {
    let mut l = Lookup {
        primary: [Op::Unknown; 64],
        vector: [Op::Unknown; 512],
        xl: [Op::Unknown; 1024],
        x: [Op::Unknown; 1024],
    };
    let mut row = 0;
    while row < INSTRUCTIONS.len() {
        let info = &INSTRUCTIONS[row];
        match info.matching >> 26 {
            4 => l.vector[(info.matching >> 2 & 0x1ff) as usize] = info.op,
            primary @ (19 | 31) => {
                // Rows that leave bit 21 (OE) open stand for two extended opcodes.
                let low = (info.matching >> 1 & 0x3ff) as usize;
                let high = low | (!info.mask >> 1 & 0x200) as usize;
                if primary == 19 {
                    l.xl[low] = info.op;
                } else {
                    l.x[low] = info.op;
                    l.x[high] = info.op;
                }
            }
            primary => l.primary[primary as usize] = info.op,
        }
        row += 1;
    }
    l
}

/// The row of the table that a word matches.
pub fn identify(word: u32) -> Op {
    match word >> 26 {
        4 => LOOKUP.vector[(word >> 2 & 0x1ff) as usize],
        19 => LOOKUP.xl[(word >> 1 & 0x3ff) as usize],
        31 => LOOKUP.x[(word >> 1 & 0x3ff) as usize],
        primary => LOOKUP.primary[primary as usize],
    }
}

impl Instruction {
    /// Takes a word apart.
    pub fn decode(word: u32) -> Self {
        let op = identify(word);
        let mut i = Self {
            word,
            immediate: 0,
            op,
            t: (word >> 21 & 31) as u8,
            a: (word >> 16 & 31) as u8,
            b: (word >> 11 & 31) as u8,
            record: false,
            overflow: false,
            class: Class::Alu,
            issues: true,
            branches: false,
            plain_conditional: false,
            reads: Usage::default(),
            writes: Usage::default(),
            demand: Demand::NONE,
        };
        match op.info() {
            Some(_) => i.decode_known(),
            None => i.decode_unknown(),
        }
        i.demand = Demand::of(&i);
        i
    }

    fn decode_known(&mut self) {
        let Some(info) = self.op.info() else { return };
        let word = self.word;
        self.class = info.class;
        // Only `wait` with WC = 0 waits; others issue like arithmetic (golden records `wait_wc1`, `wait_wc3`).
        let waits = info.class == Class::Wait && word >> 21 & 3 == 0;
        self.issues = word != NOP && info.class != Class::Sync && !waits;
        self.branches = info.class == Class::Branch;
        self.record = match info.record {
            Record::Never => false,
            Record::Selected => word & 1 != 0,
            Record::Always => true,
        };
        self.overflow = info.overflow == Overflow::Selected && word & 0x400 != 0;
        self.reads.other = info.reads;
        self.writes.other = info.writes;
        for operand in info.operands {
            let field = operand.extract(word);
            let bit = 1u32 << (field & 31);
            match operand.role {
                Role::GprRead => self.reads.gpr |= bit,
                Role::GprReadOrZero => self.reads.gpr |= bit & !1,
                Role::GprWrite => self.writes.gpr |= bit,
                Role::GprReadWrite => {
                    self.reads.gpr |= bit;
                    self.writes.gpr |= bit;
                }
                Role::GprReadRange => self.reads.gpr |= u32::MAX << (field & 31),
                Role::GprWriteRange => self.writes.gpr |= u32::MAX << (field & 31),
                Role::Signed => {
                    let unused = 32 - operand.width();
                    self.immediate = ((field << unused) as i32 >> unused) as u32;
                }
                Role::Unsigned => self.immediate = field,
                Role::SignedWords => {
                    let unused = 32 - operand.width();
                    self.immediate = ((field << unused) as i32 >> (unused - 2)) as u32;
                }
                Role::CrFieldRead => self.reads.other |= 1 << field,
                Role::CrFieldWrite => self.writes.other |= 1 << field,
                Role::CrBitRead => self.reads.other |= 1 << (field >> 2),
                Role::CrBitWrite => self.writes.other |= 1 << (field >> 2),
                Role::CrFieldMask => self.immediate = field,
                Role::SprSwappedHalves => self.immediate = (field & 31) << 5 | field >> 5,
                Role::VectorRead => self.reads.vector |= bit,
                Role::VectorWrite => self.writes.vector |= bit,
                Role::Condition if field != 0 => self.reads.other |= implicit::VCR,
                Role::Condition
                | Role::FormSelect
                | Role::BranchOption
                | Role::TrapCondition
                | Role::WaitCondition
                | Role::Flag
                | Role::ShiftCount
                | Role::Ignored => {}
            }
        }
        if self.record {
            self.writes.other |= implicit::CR0;
            self.reads.other |= implicit::SO;
        }
        if self.overflow {
            self.writes.other |= implicit::SO;
        }
        self.refine();
    }

    /// What the operand roles alone do not say.
    fn refine(&mut self) {
        match self.op {
            Op::Rlwimi | Op::Rlwinm | Op::Rlwnm => {
                self.immediate = rotate_mask(self.word >> 6 & 31, self.word >> 1 & 31);
            }
            Op::Bc | Op::Bclr | Op::Bcctr => {
                if self.t & 0b10000 != 0 {
                    self.reads.other &= !implicit::CR;
                }
                if self.t & 0b00100 != 0 && self.op != Op::Bcctr {
                    self.reads.other &= !implicit::CTR;
                    self.writes.other &= !implicit::CTR;
                }
                if !self.link() {
                    self.writes.other &= !implicit::LR;
                }
                self.plain_conditional =
                    self.op == Op::Bc && self.word & 3 == 0 && self.t & 0b10100 == 0b00100;
            }
            Op::B if !self.link() => self.writes.other &= !implicit::LR,
            Op::Cmp | Op::Cmpi | Op::Cmpl | Op::Cmpli => self.reads.other |= implicit::SO,
            // The value of each reserved bit is that of the field of its number, most significant first.
            Op::Mfcr => {
                if self.word & 0x0010_0000 != 0 {
                    self.reads.other = (self.immediate as u8).reverse_bits() as u32;
                    self.reads.gpr |= self.writes.gpr;
                }
                self.immediate = field_mask(self.immediate);
            }
            Op::Mtcrf => {
                self.writes.other |= (self.immediate as u8).reverse_bits() as u32;
                self.immediate = field_mask(self.immediate);
            }
            Op::Mfspr => self.reads.other |= spr_usage(self.immediate),
            Op::Mtspr => self.writes.other |= spr_usage(self.immediate),
            _ => {}
        }
    }

    /// The side effects of unknown words of primary opcode 31 (ppu-isa 4.1).
    fn decode_unknown(&mut self) {
        if self.word >> 26 != 31 {
            return;
        }
        self.record = self.word & 1 != 0;
        self.overflow = self.word & 0x400 != 0;
        if self.record || self.overflow {
            self.reads.gpr = 1 << self.a | 1 << self.b;
        }
        if self.record {
            self.writes.other |= implicit::CR0;
            self.reads.other |= implicit::SO;
        }
        if self.overflow {
            self.writes.other |= implicit::SO;
        }
    }

    /// The word.
    pub fn word(&self) -> u32 {
        self.word
    }
    /// Which instruction it is.
    pub fn op(&self) -> Op {
        self.op
    }
    /// Whether it is issued to a functional unit; `nop`, `sync` and `wait` stay in the front end.
    pub fn reaches_unit(&self) -> bool {
        self.issues
    }
    /// How it is timed. Unknown words take one slot like arithmetic.
    pub fn class(&self) -> Class {
        self.class
    }
    /// State it reads. Sets are exact, with conditions such as "CTR if BO\[2\] = 0" resolved.
    pub fn reads(&self) -> Usage {
        self.reads
    }
    /// State it writes. LR and CTR of branches count as written whether or not the branch is taken.
    pub fn writes(&self) -> Usage {
        self.writes
    }
    /// Whether the result is recorded in CR0.
    pub fn records(&self) -> bool {
        self.record
    }
    /// Whether XER.OV and XER.SO are written.
    pub fn overflows(&self) -> bool {
        self.overflow
    }
    /// Bit 31 of branches: LR is written.
    pub fn link(&self) -> bool {
        self.word & 1 != 0
    }
    /// Bit 30 of branches: the target is absolute.
    pub fn absolute(&self) -> bool {
        self.word & 2 != 0
    }
    /// Bits 30 and 31 of vector instructions.
    pub fn condition(&self) -> Condition {
        Condition::from_bits(self.word)
    }
    /// The value of a field, unsigned, by its name in the table, if the instruction has it.
    pub fn field(&self, name: &str) -> Option<u32> {
        let operand = self.op.info()?.operands.iter().find(|o| o.name == name)?;
        Some(operand.extract(self.word))
    }
}

/// Ones from bit `mb` through bit `me`, wrapping if `mb > me` (bit 0 is the most significant).
pub(crate) const fn rotate_mask(mb: u32, me: u32) -> u32 {
    let from = u32::MAX >> mb;
    let to = u32::MAX << (31 - me);
    if mb <= me { from & to } else { from | to }
}

/// The bits of the condition register that an FXM field selects.
const fn field_mask(fxm: u32) -> u32 {
    let mut mask = 0;
    let mut field = 0;
    while field < 8 {
        if fxm >> (7 - field) & 1 != 0 {
            mask |= 0xf000_0000 >> (4 * field);
        }
        field += 1;
    }
    mask
}

fn spr_usage(number: u32) -> u32 {
    match Spr::from_number(number as u16) {
        Some(Spr::Xer) => implicit::XER,
        Some(Spr::Lr) => implicit::LR,
        Some(Spr::Ctr) => implicit::CTR,
        Some(Spr::Srr0) => implicit::SRR0,
        Some(Spr::Srr1) => implicit::SRR1,
        Some(Spr::Csrr0) => implicit::CSRR0,
        Some(Spr::Csrr1) => implicit::CSRR1,
        Some(Spr::Mcsrr0) => implicit::MCSRR0,
        Some(Spr::Mcsrr1) => implicit::MCSRR1,
        Some(Spr::Esr) => implicit::ESR,
        Some(_) => implicit::SPR,
        None => 0,
    }
}
