//! Special purpose registers (ppu-isa 3.2, 3.3).

use serde::{Deserialize, Serialize};

/// How software may use a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SprAccess {
    /// Read and write.
    ReadWrite,
    /// Read only; writes are ignored.
    Read,
    /// Write only; reads return [`crate::Quirks::spr_unknown_read`].
    Write,
    /// Read; writing clears the bits that are one in the operand.
    WriteOneToClear,
}

macro_rules! sprs {
    ($($(#[$doc:meta])* $variant:ident $name:literal $number:literal $access:ident $mask:literal;)*) => {
        /// A special purpose register.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Spr {
            $($(#[$doc])* $variant,)*
        }
        impl Spr {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Name as in the specification.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// Number in mfspr and mtspr.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number),* }
            }
            /// The register of a number.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
            /// How software may use it.
            pub const fn access(self) -> SprAccess {
                match self { $(Self::$variant => SprAccess::$access),* }
            }
            /// The bits that exist.
            pub const fn mask(self) -> u32 {
                match self { $(Self::$variant => $mask),* }
            }
        }
    };
}

sprs! {
    /// Fixed-point exceptions: SO, OV, CA.
    Xer "XER" 1 ReadWrite 0xE000_0000;
    /// Link register.
    Lr "LR" 8 ReadWrite 0xFFFF_FFFF;
    /// Count register.
    Ctr "CTR" 9 ReadWrite 0xFFFF_FFFF;
    /// Decrementer: counts down to 0 and stops.
    Dec "DEC" 22 ReadWrite 0xFFFF_FFFF;
    /// Return address of base interrupts.
    Srr0 "SRR0" 26 ReadWrite 0xFFFF_FFFF;
    /// Machine state saved by base interrupts.
    Srr1 "SRR1" 27 ReadWrite 0xFFFF_FFFF;
    /// Reload value of the decrementer.
    Decar "DECAR" 54 ReadWrite 0xFFFF_FFFF;
    /// Return address of critical interrupts.
    Csrr0 "CSRR0" 58 ReadWrite 0xFFFF_FFFF;
    /// Machine state saved by critical interrupts.
    Csrr1 "CSRR1" 59 ReadWrite 0xFFFF_FFFF;
    /// Data exception address, never written by hardware.
    Dear "DEAR" 61 ReadWrite 0xFFFF_FFFF;
    /// Exception syndrome.
    Esr "ESR" 62 ReadWrite 0x0F8F_07E2;
    /// Input pins.
    Gin "GIN" 65 Read 0xFFFF_FFFF;
    /// Output pins.
    Gout "GOUT" 66 ReadWrite 0xFFFF_FFFF;
    /// Output enables.
    Goe "GOE" 67 ReadWrite 0xFFFF_FFFF;
    /// Interrupt control.
    Iccr "ICCR" 68 Write 0x000F_FF01;
    /// Time base, low half.
    Tbl "TBL" 284 ReadWrite 0xFFFF_FFFF;
    /// Time base, high half.
    Tbu "TBU" 285 ReadWrite 0xFFFF_FFFF;
    /// Timer status: DIS, FIS.
    Tsr "TSR" 336 WriteOneToClear 0x0C00_0000;
    /// Timer control.
    Tcr "TCR" 340 ReadWrite 0xFFFF_FFFF;
    /// Return address of machine checks.
    Mcsrr0 "MCSRR0" 570 ReadWrite 0xFFFF_FFFF;
    /// Machine state saved by machine checks.
    Mcsrr1 "MCSRR1" 571 ReadWrite 0xFFFF_FFFF;
}

/// Bits of the machine state register (ppu-isa 3.3).
pub mod msr {
    /// The bits that exist.
    pub const MASK: u32 = 0x0002_9230;
    /// Enables external, timer and doorbell interrupts; the only bit with an effect.
    pub const EE: u32 = 0x0000_8000;
    /// What an interrupt leaves set: CE, ME, DE.
    pub const KEPT_BY_INTERRUPTS: u32 = 0x0002_1200;
}

/// Bits of the exception register (ppu-isa 3.3).
pub mod xer {
    /// Summary overflow.
    pub const SO: u32 = 0x8000_0000;
    /// Overflow.
    pub const OV: u32 = 0x4000_0000;
    /// Carry.
    pub const CA: u32 = 0x2000_0000;
}

/// Bits of the timer registers (ppu-isa 3.3, 3.4).
pub mod timer {
    /// TCR: decrementer interrupt enable.
    pub const DIE: u32 = 0x0400_0000;
    /// TCR: fixed-interval period select, two bits.
    pub const FP: u32 = 0x0300_0000;
    /// TCR: fixed-interval interrupt enable.
    pub const FIE: u32 = 0x0080_0000;
    /// TCR: auto-reload of the decrementer.
    pub const ARE: u32 = 0x0040_0000;
    /// TSR: decrementer.
    pub const DIS: u32 = 0x0800_0000;
    /// TSR: fixed interval.
    pub const FIS: u32 = 0x0400_0000;
}

/// ESR after a trap: PTR (ppu-isa 3.5).
pub const ESR_TRAP: u32 = 0x0200_0000;
