//! The constants of the timing model, each with what is known about it.
//!
//! *exact*: measured on the published hardware description to the cycle (ppu-timing 2); *bounded*: the chip's
//! published test expectations leave a range; *estimated*: no measurement exists.

use serde::{Deserialize, Serialize};

/// Everything about timing that may be chosen. The default is [`TimingConfig::hicann_x`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimingConfig {
    /// Stages of the scalar multiplier: a dependent instruction issues this much later (exact, ppu-timing 2.1).
    pub multiplier: u8,
    /// Cycles of the divider; nothing issues for one more (exact, ppu-timing 2.1).
    pub divider: u8,
    /// Cycles from a data or code request on a port of the core to its answer by SRAM: one delay stage in each
    /// direction and the memory itself. A load is used four cycles after that (exact for `nux-reference`, whose value
    /// 3 also meets the expectations of the chip's tests, ppu-timing 4; so bounded to 1..=8 for the chip).
    pub memory: u8,
    /// Requests the scalar load/store unit accepts before the front end stops (exact, ppu-timing 2.1).
    pub access_queue: u8,
    /// Bytes of local SRAM at address 0 of the data view; everything beyond is behind the omnibus port (ppu-isa 6.2).
    pub sram_bytes: u32,
    /// Transactions that may be under way on the omnibus port, from 1 to 16 (exact for `nux-reference`, a stand-in;
    /// estimated for the chip).
    pub omnibus_in_flight: u8,
    /// Stages of the vector multiplier and of the adder behind it (exact, ppu-timing 2.4).
    pub vector_multiplier: u8,
    /// See [`TimingConfig::vector_multiplier`].
    pub vector_adder: u8,
    /// Entries of the vector instruction queue that stop the front end (exact, ppu-timing 2.4).
    pub vector_queue: u8,
    /// A request of code that waits while the front end is on hold is repeated until the hold ends (exact for
    /// `nux-reference`, ppu-timing 2.3; assumed for the chip).
    pub repeated_fetch: bool,
}

impl Default for TimingConfig {
    fn default() -> Self {
        Self::hicann_x()
    }
}

impl TimingConfig {
    /// The set-up in which the golden data were measured (ppu-timing 1).
    pub const fn nux_reference() -> Self {
        Self {
            multiplier: 4,
            divider: 31,
            memory: 3,
            access_queue: 13,
            sram_bytes: 0x4000,
            omnibus_in_flight: 1,
            vector_multiplier: 4,
            vector_adder: 1,
            vector_queue: 2,
            repeated_fetch: true,
        }
    }

    /// The chip (ppu-isa 9.7): the same core; the omnibus takes several transactions at a time. How long the omnibus,
    /// the parallel port and FPGA memory take is in what the bus answers, see [`crate::Response`].
    pub const fn hicann_x() -> Self {
        Self { omnibus_in_flight: 16, ..Self::nux_reference() }
    }

    /// A configuration by name: `nux-reference` or `hicann-x`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "nux-reference" => Some(Self::nux_reference()),
            "hicann-x" => Some(Self::hicann_x()),
            _ => None,
        }
    }

    /// With values limited to what the model can represent.
    pub(super) fn limited(self) -> Self {
        Self {
            multiplier: self.multiplier.clamp(1, 30),
            divider: self.divider.max(1),
            memory: self.memory.clamp(2, 64),
            access_queue: self.access_queue.max(1),
            omnibus_in_flight: self.omnibus_in_flight.clamp(1, 16),
            vector_multiplier: self.vector_multiplier.clamp(1, 16),
            vector_adder: self.vector_adder.clamp(1, 8),
            vector_queue: self.vector_queue.max(1),
            ..self
        }
    }
}
