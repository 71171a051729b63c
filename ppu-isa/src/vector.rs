//! Values of the vector unit: 128 bytes, lane masks, conditions (ppu-isa 5.1, 5.3).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes in a vector register: 8 slices of 16 (ppu-isa 5.1).
pub const BYTES: usize = 128;
/// Halfwords in a vector register.
pub const HALFWORDS: usize = 64;

/// One vector register: byte element `e` is the byte at address `+e` when stored (ppu-isa 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(align(64))]
pub struct Vector(pub [u8; BYTES]);

impl Vector {
    /// All bytes zero.
    pub const ZERO: Self = Self([0; BYTES]);

    /// Word `k` (bytes `4k..4k+4`, big endian) for `k` in `0..32`.
    pub fn word(&self, k: usize) -> u32 {
        u32::from_be_bytes(self.0[4 * k..4 * k + 4].try_into().expect("four bytes"))
    }
    /// Replaces word `k` for `k` in `0..32`.
    pub fn set_word(&mut self, k: usize, value: u32) {
        self.0[4 * k..4 * k + 4].copy_from_slice(&value.to_be_bytes());
    }
    /// Halfword `h` (bytes `2h`, `2h+1`, big endian) for `h` in `0..64`.
    pub fn halfword(&self, h: usize) -> u16 {
        u16::from_be_bytes([self.0[2 * h], self.0[2 * h + 1]])
    }
    /// `new` in the lanes of `lanes`, `self` elsewhere.
    pub fn merge(&self, new: &Self, lanes: LaneMask) -> Self {
        if lanes == LaneMask::ALL {
            return *new;
        }
        let mut merged = *self;
        for (e, byte) in merged.0.iter_mut().enumerate() {
            if lanes.contains(e) {
                *byte = new.0[e];
            }
        }
        merged
    }
}

impl Default for Vector {
    fn default() -> Self {
        Self::ZERO
    }
}

impl core::fmt::Debug for Vector {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        let length = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| serde::de::Error::invalid_length(length, &"the 128 bytes of a vector register"))
    }
}

/// A set of byte lanes: bit `e` (weight `1 << e`) stands for byte element `e`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct LaneMask(pub u128);

impl LaneMask {
    /// All 128 lanes.
    pub const ALL: Self = Self(u128::MAX);
    /// No lane.
    pub const NONE: Self = Self(0);

    /// Whether byte element `e` is in the set.
    pub const fn contains(self, e: usize) -> bool {
        self.0 >> e & 1 != 0
    }
}

impl core::fmt::Debug for LaneMask {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "LaneMask({:032x})", self.0)
    }
}

/// The lanes an instruction is restricted to by bits 30 and 31 of its word (ppu-isa 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Condition {
    /// All lanes.
    Always = 0,
    /// Lanes found greater than zero.
    Greater = 1,
    /// Lanes found less than zero.
    Less = 2,
    /// Lanes found equal to zero.
    Equal = 3,
}

impl Condition {
    /// From the two low bits.
    pub const fn from_bits(bits: u32) -> Self {
        match bits & 3 {
            0 => Self::Always,
            1 => Self::Greater,
            2 => Self::Less,
            _ => Self::Equal,
        }
    }
}
