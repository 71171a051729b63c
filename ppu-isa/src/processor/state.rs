//! The architectural state of the processor (ppu-isa 3, 5.1).

use serde::{Deserialize, Serialize};

use crate::config::VectorInit;
use crate::spr::{msr, xer};
use crate::vector::{BYTES, Condition, HALFWORDS, LaneMask, Vector};

/// Everything a program can see, except the timers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// General purpose registers.
    pub gpr: [u32; 32],
    /// Address of the next instruction.
    pub pc: u32,
    /// Condition register; field 0 is the most significant.
    pub cr: u32,
    /// Exception register; bits outside [`xer`] are zero.
    pub xer: u32,
    /// Link register.
    pub lr: u32,
    /// Count register.
    pub ctr: u32,
    /// Machine state register; bits outside [`msr::MASK`] are zero.
    pub msr: u32,
    /// Save/restore registers of base interrupts.
    pub srr: [u32; 2],
    /// Save/restore registers of critical interrupts.
    pub csrr: [u32; 2],
    /// Save/restore registers of machine checks.
    pub mcsrr: [u32; 2],
    /// Data exception address.
    pub dear: u32,
    /// Exception syndrome.
    pub esr: u32,
    /// Input pins as sampled.
    pub gin: u32,
    /// Output pins.
    pub gout: u32,
    /// Output enables.
    pub goe: u32,
    /// Interrupt control.
    pub iccr: u32,
    /// Address latch of the load/store unit, through which forms with update write RA. Not reset, and visible only
    /// through a store with update whose RA field is 0.
    pub address_latch: u32,
    /// Vector registers.
    pub vr: [Vector; 32],
    /// Vector accumulator, one per halfword lane; in byte instructions the upper half belongs to the even byte
    /// (ppu-isa 5.1).
    pub acc: Accumulator,
    /// Vector condition register.
    pub vcr: VectorCondition,
}

impl State {
    pub(super) fn power_up(init: VectorInit) -> Self {
        let mut state = Self {
            gpr: [0; 32],
            pc: 0,
            cr: 0,
            xer: 0,
            lr: 0,
            ctr: 0,
            msr: 0,
            srr: [0; 2],
            csrr: [0; 2],
            mcsrr: [0; 2],
            dear: 0,
            esr: 0,
            gin: 0,
            gout: 0,
            goe: 0,
            iccr: 0,
            address_latch: 0,
            vr: [Vector::ZERO; 32],
            acc: Accumulator::default(),
            vcr: VectorCondition::default(),
        };
        if let VectorInit::Random(seed) = init {
            let mut random = SplitMix(seed);
            for k in (0..32).flat_map(|r| (0..32).map(move |k| (r, k))) {
                state.vr[k.0].set_word(k.1, random.next());
            }
        }
        state
    }

    /// The reset, which leaves the vector registers alone (ppu-isa 3.1, 5.1).
    pub(super) fn reset(&mut self) {
        *self = Self {
            vr: self.vr,
            gin: self.gin,
            address_latch: self.address_latch,
            ..Self::power_up(VectorInit::Zero)
        };
    }

    /// Whether XER.SO is set.
    pub fn summary_overflow(&self) -> bool {
        self.xer & xer::SO != 0
    }
    /// Whether XER.CA is set.
    pub fn carry(&self) -> bool {
        self.xer & xer::CA != 0
    }
    /// Whether MSR.EE is set.
    pub fn external_enabled(&self) -> bool {
        self.msr & msr::EE != 0
    }
    /// Field `n` of the condition register: LT, GT, EQ, SO from the most significant bit down.
    pub fn cr_field(&self, n: u8) -> u32 {
        self.cr >> (28 - 4 * n as u32) & 0xf
    }
}

/// Scrambles a counter into words; only for power-up content that is documented as arbitrary.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z >> 32) as u32
    }
}

/// The vector accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct Accumulator(pub [u32; HALFWORDS]);

/// The vector condition register: for each byte lane a set of [`VectorCondition::bit`]s (ppu-isa 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct VectorCondition(pub [u8; BYTES]);

impl Default for Accumulator {
    fn default() -> Self {
        Self([0; HALFWORDS])
    }
}

impl Default for VectorCondition {
    fn default() -> Self {
        Self([0; BYTES])
    }
}

impl VectorCondition {
    /// The flag of a lane that satisfies `condition`; every lane satisfies [`Condition::Always`].
    pub const fn bit(condition: Condition) -> u8 {
        1 << condition as u8
    }
    /// The lanes that satisfy `condition`.
    pub fn lanes(&self, condition: Condition) -> LaneMask {
        if condition == Condition::Always {
            return LaneMask::ALL;
        }
        let bit = Self::bit(condition);
        let lanes = self.0.iter().enumerate().map(|(e, flags)| u128::from(flags & bit != 0) << e);
        LaneMask(lanes.fold(0, |all, lane| all | lane))
    }
    /// Gives exactly the lanes `lanes` the flag of `condition`.
    pub fn set_lanes(&mut self, condition: Condition, lanes: LaneMask) {
        let bit = Self::bit(condition);
        for (e, flags) in self.0.iter_mut().enumerate() {
            *flags = if lanes.contains(e) { *flags | bit } else { *flags & !bit };
        }
    }
}

/// Arrays longer than serde knows, as sequences.
macro_rules! array_serde {
    ($name:ident, $element:ty, $expected:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.as_slice().serialize(serializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let elements = Vec::<$element>::deserialize(deserializer)?;
                let length = elements.len();
                elements
                    .try_into()
                    .map(Self)
                    .map_err(|_| serde::de::Error::invalid_length(length, &$expected))
            }
        }
    };
}
array_serde!(Accumulator, u32, "64 accumulators");
array_serde!(VectorCondition, u8, "128 lane conditions");
