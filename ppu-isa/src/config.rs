//! What can be chosen about a processor: quirk switches and the geometry of the instruction cache.

use serde::{Deserialize, Serialize};

use crate::timing::TimingConfig;

/// Everything that is fixed when a processor is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Where sources disagree, or where tools want other behaviour than silicon.
    pub quirks: Quirks,
    /// Shape of the instruction cache.
    pub cache: CacheGeometry,
    /// Constants of the timing model.
    pub timing: TimingConfig,
    /// Which timing model an [`AnyCore`](crate::AnyCore) has.
    #[serde(default)]
    pub model: TimingModel,
}

/// The timing models by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimingModel {
    /// One instruction in each cycle: [`Flat`](crate::timing::Flat).
    Flat,
    /// Close, without the units behind the issue stage: [`Scoreboard`](crate::timing::Scoreboard).
    #[default]
    Scoreboard,
    /// Exact, and able to tell causes of stalls: [`CycleModel`](crate::timing::CycleModel).
    Cycle,
}

impl Config {
    /// The processor as its published hardware description behaves (ppu-timing 1), which the golden data record.
    pub fn nux_reference() -> Self {
        let quirks = Quirks { lha_zext: true, trap_shadow_store: true, ..Quirks::default() };
        Self {
            quirks,
            cache: CacheGeometry::default(),
            timing: TimingConfig::nux_reference(),
            ..Self::default()
        }
    }
}

/// Quirk switches (ppu-isa 10). The default is the processor of HICANN-X v3.
///
/// Not here: `omnibus_unmapped` belongs to the bus; `strict_order` is always on, see [`crate::bus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quirks {
    /// Unknown words are no-operations (ppu-isa 4.1). Off: execution stops at them.
    pub illegal_nop: bool,
    /// Unknown words of primary opcode 31 write CR0 and XER (ppu-isa 4.1).
    pub illegal_side_effects: bool,
    /// slw, srw, sraw use five bits of the amount. Off: six, as in the Power ISA (ppu-isa 4.2).
    pub shift_mod32: bool,
    /// lha and lhau zero-extend their displacement (ppu-isa 4.2, ppu-timing 3).
    pub lha_zext: bool,
    /// Conditional fxvinx keeps the lanes that are not selected. Off: they become zero (ppu-isa 5.9).
    pub fxvinx_merge: bool,
    /// fxvlax and fxvstax ignore their condition (ppu-isa 5.3).
    pub lsu_cond_ignored: bool,
    /// What the vector registers hold after power-up (ppu-isa 12).
    pub vrf_init: VectorInit,
    /// What mfspr returns for a number without register (ppu-isa 3.2).
    pub spr_unknown_read: u32,
    /// A store directly behind a taken trap is still performed (ppu-isa 9.1). The golden records `twi_always` and
    /// `tw_resume` show that the instruction there issues, as it does behind a misaligned access.
    pub trap_shadow_store: bool,
    /// Instructions behind a misaligned access partly take effect (ppu-timing 2.5). Off: faults are precise.
    pub alignment_shadow: bool,
    /// The last two instructions before a maskable interrupt lose their register results, and only one of them is
    /// executed again (golden records `doorbell_running`, `fit`). Off: interrupts are precise.
    pub interrupt_shadow: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            illegal_nop: true,
            illegal_side_effects: true,
            shift_mod32: true,
            lha_zext: false,
            fxvinx_merge: false,
            lsu_cond_ignored: true,
            vrf_init: VectorInit::Zero,
            spr_unknown_read: 0,
            trap_shadow_store: false,
            alignment_shadow: true,
            interrupt_shadow: true,
        }
    }
}

/// Power-up content of the vector registers, which no reset clears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum VectorInit {
    /// Zero; firmware relies on it (ppu-isa 8.3).
    #[default]
    Zero,
    /// Pseudo-random bytes from a seed, to find firmware that relies on zero.
    Random(u64),
}

/// Shape of the direct-mapped instruction cache (ppu-isa 9.6, ppu-timing 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheGeometry {
    /// Number of lines as a power of two, at most 12.
    pub lines_log2: u8,
    /// Words in a line as a power of two, at most 6.
    pub words_log2: u8,
}

impl Default for CacheGeometry {
    /// 64 lines of 16 words: 4 KiB. The size on the chip is not published (ppu-isa 9.6).
    fn default() -> Self {
        Self { lines_log2: 6, words_log2: 4 }
    }
}

impl CacheGeometry {
    /// The geometry with exponents limited to what they may be.
    pub(crate) fn limited(self) -> Self {
        Self { lines_log2: self.lines_log2.min(12), words_log2: self.words_log2.min(6) }
    }
    /// Line of memory that an address lies in, counted from address 0.
    #[inline(always)]
    pub(crate) const fn line_of(self, address: u32) -> u32 {
        address >> (2 + self.words_log2)
    }
    /// Word of its line that an address lies in.
    #[inline(always)]
    pub(crate) const fn word_of(self, address: u32) -> u32 {
        address >> 2 & ((1 << self.words_log2) - 1)
    }
    /// Lines.
    pub const fn lines(self) -> usize {
        1 << self.lines_log2
    }
    /// Words in a line.
    pub const fn words(self) -> usize {
        1 << self.words_log2
    }
}
