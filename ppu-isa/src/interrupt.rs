//! Interrupts and their vectors (ppu-isa 3.5).

use serde::{Deserialize, Serialize};

/// An interrupt that can happen. The others of the specification have a vector but no cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Interrupt {
    /// Input pins, with MSR.EE.
    ExternalInput,
    /// Misaligned scalar access; cannot be masked.
    Alignment,
    /// Taken trap; cannot be masked.
    Program,
    /// Doorbell input, with MSR.EE.
    Doorbell,
    /// Fixed-interval timer, with MSR.EE.
    FixedInterval,
    /// Decrementer, with MSR.EE.
    Decrementer,
}

impl Interrupt {
    /// Those that can be masked, highest priority first. Alignment and program come before all of them.
    pub const MASKABLE: [Self; 4] =
        [Self::ExternalInput, Self::FixedInterval, Self::Decrementer, Self::Doorbell];

    /// Address of its handler.
    pub const fn vector(self) -> u32 {
        match self {
            Self::ExternalInput => 0x14,
            Self::Alignment => 0x18,
            Self::Program => 0x1C,
            Self::Doorbell => 0x24,
            Self::FixedInterval => 0x2C,
            Self::Decrementer => 0x30,
        }
    }

    /// Its name in logs and profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExternalInput => "external-input",
            Self::Alignment => "alignment",
            Self::Program => "program",
            Self::Doorbell => "doorbell",
            Self::FixedInterval => "fixed-interval",
            Self::Decrementer => "decrementer",
        }
    }
}
