//! The instructions of the FPGA executor (host-interface 2.2); one instruction is one 64-bit word (4.2).

use core::fmt;
use serde::{Deserialize, Serialize};

/// One word of a playback program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instruction {
    /// Resets the JTAG test access port; IDCODE is selected afterwards.
    JtagInit,
    /// Divider of the JTAG clock: TCK = 125 MHz / (2 * (value + 2)) (host-interface 2.5).
    JtagScaler(u8),
    /// Shifts the 7-bit JTAG instruction register.
    JtagInstruction(u8),
    /// Shifts the selected JTAG data register.
    JtagData {
        /// Up to 33 bits to shift in, least significant first.
        data: u64,
        /// Number of bits, 3..=33.
        bits: u8,
        /// Whether what is shifted out comes back as a response.
        keep_response: bool,
    },
    /// Timer to 0.
    Setup,
    /// Stalls until the timer is at least this value, in FPGA cycles.
    WaitUntil(u32),
    /// `true`: synchronise the system time of chip and FPGA; `false`: only report the present one.
    SystimeInit(bool),
    /// Stalls until the selected subsystems are idle.
    Barrier(Barrier),
    /// Reads the configured address until `(value & mask == target)` equals the payload (host-interface 2.7).
    PollingOmnibusBlock(bool),
    /// Level of the chip reset line.
    Reset(bool),
    /// Answers with the same word; `true` is a tick (a marker), `false` the halt that ends a program.
    Loopback(bool),
    /// Address word of an Omnibus access; a read is complete with it, a write needs [`Instruction::OmnibusData`] next.
    OmnibusAddress {
        /// Word address; bit 31 selects the FPGA's own registers.
        address: u32,
        /// Byte enables, bit k covers data bits `8k+7..8k`.
        enables: u8,
        /// Read rather than write.
        read: bool,
    },
    /// Data word of an Omnibus write.
    OmnibusData(u32),
    /// Injects one to three labels in this cycle.
    SpikePack(Labels),
}

impl Instruction {
    /// The end of a program; connections append it, a [`Program`](super::Program) does not contain it.
    pub const HALT: Self = Self::Loopback(false);
    /// A marker: the FPGA answers with the time at which it was executed.
    pub const TICK: Self = Self::Loopback(true);
}

/// One to three spike labels of one FPGA cycle, in order.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    labels: [u16; 3],
    count: u8,
}

impl Labels {
    /// Most labels in a pack.
    pub const MAX: usize = 3;

    /// A pack of one.
    pub const fn one(label: u16) -> Self {
        Self { labels: [label, 0, 0], count: 1 }
    }

    /// A pack of these labels, `None` unless there are one to three.
    pub fn new(labels: &[u16]) -> Option<Self> {
        if labels.is_empty() || labels.len() > Self::MAX {
            return None;
        }
        let mut pack = Self { labels: [0; 3], count: labels.len() as u8 };
        pack.labels[..labels.len()].copy_from_slice(labels);
        Some(pack)
    }

    /// The labels, first one first.
    pub fn as_slice(&self) -> &[u16] {
        &self.labels[..usize::from(self.count.clamp(1, 3))]
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x?}", self.as_slice())
    }
}

/// Which subsystems a barrier waits for (host-interface 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barrier(u8);

impl Barrier {
    /// Waits for nothing.
    pub const NONE: Self = Self(0);
    /// All issued Omnibus accesses have completed, responses included.
    pub const OMNIBUS: Self = Self(1);
    /// The JTAG queue is empty.
    pub const JTAG: Self = Self(2);
    /// System-time synchronisation has finished.
    pub const SYSTIME: Self = Self(4);
    /// Several FPGAs; idle at once in a single-FPGA system.
    pub const MULTI_FPGA: Self = Self(8);
    /// Correction of the system time in multi-FPGA systems; idle at once unless armed.
    pub const SYSTIME_CORRECTION: Self = Self(16);

    /// From the 5-bit mask; higher bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }
    /// The 5-bit mask.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// Whether all of `other` is selected.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for Barrier {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
