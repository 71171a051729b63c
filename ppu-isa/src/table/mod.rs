//! One table of all instructions, and the types of its columns.
//!
//! Decoding, encoding, assembling, disassembling, the sets of registers read and written, and the timing class all
//! follow from [`INSTRUCTIONS`]; nothing else in the crate lists instructions except the handlers that execute them.

mod operands;
mod rows;

pub use rows::{INSTRUCTIONS, Op};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The instruction.
    pub op: Op,
    /// Its name in the processor's own documentation, without the `o`, `.`, `l` and `a` endings of its variants.
    pub mnemonic: &'static str,
    /// Layout of the word.
    pub format: Format,
    /// `word & mask == matching` selects the instruction; no two rows overlap.
    pub matching: u32,
    /// See [`OpInfo::matching`].
    pub mask: u32,
    /// The operand fields, in the order of their bits except where the table says otherwise.
    pub operands: &'static [Operand],
    /// Whether CR0 is written from the result.
    pub record: Record,
    /// Whether bit 21 makes the instruction write XER.OV and XER.SO.
    pub overflow: Overflow,
    /// How it is timed.
    pub class: Class,
    /// [`implicit`] state that is read beside the operands.
    pub reads: u32,
    /// [`implicit`] state that is written beside the operands.
    pub writes: u32,
    /// What a vector instruction works on.
    pub lanes: Lanes,
    /// What it does, in the notation explained at the table.
    pub meaning: &'static str,
}

/// A field of the instruction word with the role it plays. Bit 0 is the most significant bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Name of the field.
    pub name: &'static str,
    /// Most significant bit of the field.
    pub first: u8,
    /// Least significant bit of the field, inclusive.
    pub last: u8,
    /// What the field selects.
    pub role: Role,
}

impl Operand {
    /// Number of bits.
    pub const fn width(&self) -> u32 {
        (self.last - self.first + 1) as u32
    }
    /// The bits of the field at their place in the word.
    pub const fn mask(&self) -> u32 {
        (((1u64 << self.width()) - 1) as u32) << (31 - self.last)
    }
    /// The field of `word`, unsigned.
    pub const fn extract(&self, word: u32) -> u32 {
        (word & self.mask()) >> (31 - self.last)
    }
    /// `value` at the place of the field; excess bits are dropped.
    pub const fn insert(&self, value: u32) -> u32 {
        (value << (31 - self.last)) & self.mask()
    }
}

/// What an operand field selects (roles of ppu-instructions.toml).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    GprRead,
    /// Field 0 means the value 0.
    GprReadOrZero,
    GprWrite,
    GprReadWrite,
    /// Registers field..=31 are read.
    GprReadRange,
    /// Registers field..=31 are written.
    GprWriteRange,
    Signed,
    Unsigned,
    /// Signed number of words, an address once shifted left by 2.
    SignedWords,
    CrFieldRead,
    CrFieldWrite,
    CrBitRead,
    CrBitWrite,
    CrFieldMask,
    /// Bit 11 of mfcr/mtcrf, which the `ocrf` forms set.
    FormSelect,
    SprSwappedHalves,
    BranchOption,
    TrapCondition,
    WaitCondition,
    Flag,
    VectorRead,
    VectorWrite,
    /// Lanes selected by the vector condition register (ppu-isa 5.3).
    Condition,
    /// Pack and unpack count (ppu-isa 5.7).
    ShiftCount,
    /// Encoded but without effect.
    Ignored,
}

/// Layout of an instruction word, after the Power ISA; `Fxv` is that of the vector extension (ppu-isa 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, clippy::upper_case_acronyms)]
pub enum Format {
    B,
    D,
    FXV,
    I,
    M,
    X,
    XFX,
    XL,
    XO,
}

/// Whether an instruction writes CR0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Bit 31 has no such meaning.
    Never,
    /// If bit 31 is set.
    Selected,
    /// Always.
    Always,
}

/// Whether an instruction writes XER.OV and XER.SO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Bit 21 has no such meaning.
    Never,
    /// If bit 21 is set.
    Selected,
}

/// What a vector instruction works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// Not a vector instruction, or one that does not say.
    None,
    /// 64 halfwords.
    Halfwords,
    /// 128 bytes.
    Bytes,
    /// 8 slices of 16 bytes, each by itself.
    Slices,
    /// 32 words of memory.
    Words,
    /// One transfer on the parallel port.
    Port,
}

/// Bits of state that instructions use beside the registers their operands name.
///
/// Bits 0..=7 of such a set are the fields of the condition register.
pub mod implicit {
    /// Field 0 of the condition register.
    pub const CR0: u32 = 1;
    /// The whole condition register.
    pub const CR: u32 = 0xff;
    /// XER.CA.
    pub const CA: u32 = 1 << 8;
    /// XER.SO and XER.OV.
    pub const SO: u32 = 1 << 9;
    /// Link register.
    pub const LR: u32 = 1 << 10;
    /// Count register.
    pub const CTR: u32 = 1 << 11;
    /// Machine state register.
    pub const MSR: u32 = 1 << 12;
    /// Save/restore register 0 (return address).
    pub const SRR0: u32 = 1 << 13;
    /// Save/restore register 1 (machine state).
    pub const SRR1: u32 = 1 << 14;
    /// Critical save/restore register 0.
    pub const CSRR0: u32 = 1 << 15;
    /// Critical save/restore register 1.
    pub const CSRR1: u32 = 1 << 16;
    /// Machine-check save/restore register 0.
    pub const MCSRR0: u32 = 1 << 17;
    /// Machine-check save/restore register 1.
    pub const MCSRR1: u32 = 1 << 18;
    /// Exception syndrome register.
    pub const ESR: u32 = 1 << 19;
    /// Any other special purpose register.
    pub const SPR: u32 = 1 << 20;
    /// The next instruction address.
    pub const PC: u32 = 1 << 21;
    /// Vector accumulator.
    pub const ACC: u32 = 1 << 22;
    /// Vector condition register.
    pub const VCR: u32 = 1 << 23;
    /// Memory behind the scalar and serial vector ports.
    pub const MEM: u32 = 1 << 24;
    /// What is behind the parallel vector port.
    pub const PORT: u32 = 1 << 25;
    /// What a trap writes if it is taken.
    pub const TRAP: u32 = SRR0 | SRR1 | ESR | MSR;
    /// Carry and overflow together.
    pub const XER: u32 = CA | SO;
}

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $unit:ident;)*) => {
        /// How an instruction is timed (ppu-timing 2, ppu-instructions.toml `timing_class`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Class {
            $($(#[$doc])* $variant,)*
        }
        impl Class {
            /// All classes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Name in the table of the specification.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// The unit that executes it.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit),* }
            }
        }
    };
}

classes! {
    /// Result to a general purpose register through the bypass.
    Alu "alu" FixedPoint;
    /// Result to a condition register field.
    AluCr "alu_cr" FixedPoint;
    /// Writes the carry, which holds the front end.
    AluXer "alu_xer" FixedPoint;
    /// Pipelined multiplication.
    Mul "mul" Multiplier;
    /// Division, which holds the front end.
    Div "div" Divider;
    /// Load.
    Load "load" LoadStore;
    /// Load with update: two issue slots.
    LoadUpdate "load_update" LoadStore;
    /// Store.
    Store "store" LoadStore;
    /// Store with update.
    StoreUpdate "store_update" LoadStore;
    /// lmw, stmw: one issue slot for each register.
    Multiple "multiple" LoadStore;
    /// Branches and returns from interrupt.
    Branch "branch" Branch;
    /// tw, twi.
    Trap "trap" Branch;
    /// Condition register logic.
    CrOp "cr_op" FixedPoint;
    /// Reads of special registers.
    SprRead "spr_read" FixedPoint;
    /// Writes of special registers.
    SprWrite "spr_write" FixedPoint;
    /// mtmsr, context-synchronising.
    Mtmsr "mtmsr" FixedPoint;
    /// sync.
    Sync "sync" FrontEnd;
    /// wait.
    Wait "wait" FrontEnd;
    /// eciwx, ecowx: no unit behind them on this chip.
    Io "io" Io;
    /// Multiply-add unit, two vector operands.
    VecMadd2 "vec_madd2" VectorMadd;
    /// Multiply-add unit, one vector operand.
    VecMadd1 "vec_madd1" VectorMadd;
    /// Vector comparison.
    VecCmp "vec_cmp" VectorCompare;
    /// fxvlax.
    VecLsLoad "vec_ls_load" VectorMemory;
    /// fxvstax.
    VecLsStore "vec_ls_store" VectorMemory;
    /// fxvinx.
    VecPlsIn "vec_pls_in" VectorPort;
    /// fxvoutx.
    VecPlsOut "vec_pls_out" VectorPort;
    /// Permutation of two vectors.
    VecPerm2 "vec_perm2" VectorPermute;
    /// Permutation of one vector.
    VecPerm1 "vec_perm1" VectorPermute;
    /// Splat of a scalar.
    VecPerm0 "vec_perm0" VectorPermute;
}

/// A functional unit of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Unit {
    FixedPoint,
    Multiplier,
    Divider,
    LoadStore,
    Branch,
    FrontEnd,
    Io,
    VectorMadd,
    VectorCompare,
    VectorMemory,
    VectorPort,
    VectorPermute,
}

impl Unit {
    /// Name in the table of the specification.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedPoint => "fixedpoint",
            Self::Multiplier => "mul",
            Self::Divider => "div",
            Self::LoadStore => "loadstore",
            Self::Branch => "branch",
            Self::FrontEnd => "frontend",
            Self::Io => "io",
            Self::VectorMadd => "vector:MADD",
            Self::VectorCompare => "vector:CMP",
            Self::VectorMemory => "vector:LS",
            Self::VectorPort => "vector:PLS",
            Self::VectorPermute => "vector:PERMUTE",
        }
    }
}

impl Class {
    /// Whether the vector unit executes it.
    pub const fn is_vector(self) -> bool {
        self as u8 >= Self::VecMadd2 as u8
    }
}

impl Op {
    /// The row of the table; `None` for [`Op::Unknown`].
    pub fn info(self) -> Option<&'static OpInfo> {
        INSTRUCTIONS.get(self as usize)
    }
}
