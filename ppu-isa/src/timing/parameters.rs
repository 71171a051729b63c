//! The constants of the timing model, each with what is known about it.
//!
//! *exact*: measured on the published hardware description to the cycle (ppu-timing 2); *bounded*: the chip's
//! published test expectations leave a range; *estimated*: no measurement exists.

use serde::{Deserialize, Serialize};

/// Everything about timing that may be chosen. The default is [`TimingConfig::hicann_x`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimingConfig {
    /// Latency of the simple units: a dependent instruction issues this much later (exact, ppu-timing 2.1).
    pub simple: u8,
    /// The same for the base register of a store with update, and of the second slot of a load with update (exact,
    /// ppu-timing 2.1).
    pub base_update: u8,
    /// A load that issues needs the write port where a result of this latency would, although it does not use it then
    /// (exact, ppu-timing 2.1).
    pub load_place: u8,
    /// Stages of the scalar multiplier: a dependent instruction issues this much later (exact, ppu-timing 2.1).
    pub multiplier: u8,
    /// Cycles of the divider; nothing issues for one more (exact, ppu-timing 2.1).
    pub divider: u8,
    /// Cycles from a data or code request on a port of the core to its answer by SRAM: one delay stage in each
    /// direction and the memory itself. A load is used four cycles after that (exact for `nux-reference`, whose value
    /// 3 also meets the expectations of the chip's tests, ppu-timing 4; so bounded to 1..=8 for the chip).
    pub memory: u8,
    /// From the issue of a load or store to its command at the arbiters (bounded: the golden records fix the sum with
    /// `memory`, and those with line fills its parts).
    pub command: u8,
    /// From the issue of a misaligned access to the earliest cycle in which it leaves the queue (bounded: as `command`).
    pub cancelled: u8,
    /// Cycles in front of the answer to a line's first request, in addition to `memory` (bounded: as `command`).
    pub line_request: u8,
    /// From the miss of a line to its first use of the SRAM port (bounded: as `command`).
    pub line_port: u8,
    /// Entries of the branch predictor, up to 16 (exact, ppu-timing 2.2).
    pub predictor_entries: u8,
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
    /// From the issue of a vector instruction to the head of the queue (exact, ppu-timing 2.4).
    pub vector_transit: u8,
    /// Entries of the vector instruction queue that stop the front end (exact, ppu-timing 2.4).
    pub vector_queue: u8,
    /// Entries of the reservation stations of the vector unit (exact, ppu-timing 2.4).
    pub stations: Stations,
    /// Answers to scalar requests that fit between SRAM and the write stage, from 1 to 8. Bounded: `lwz_indep16` of the
    /// golden data needs 3 with an `answer_room` of 2, other splits of the buffers with the same sum are possible.
    pub answers: u8,
    /// Cycles from the write stage becoming free to room for another answer (bounded, see `answers`).
    pub answer_room: u8,
    /// A request of code that waits while the front end is on hold is repeated until the hold ends (exact for
    /// `nux-reference`, ppu-timing 2.3; assumed for the chip).
    pub repeated_fetch: bool,
}

/// Entries of the reservation stations of the vector unit, each a power of two up to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stations {
    /// Multiply, add, accumulate.
    pub multiply_add: u8,
    /// Compare.
    pub compare: u8,
    /// `fxvlax`, `fxvstax`.
    pub load_store: u8,
    /// `fxvinx`, `fxvoutx`.
    pub parallel_port: u8,
    /// Select, shift, pack, splat.
    pub permute: u8,
}

impl Stations {
    fn list(&self) -> [(&'static str, u8); 5] {
        [
            ("stations.multiply_add", self.multiply_add),
            ("stations.compare", self.compare),
            ("stations.load_store", self.load_store),
            ("stations.parallel_port", self.parallel_port),
            ("stations.permute", self.permute),
        ]
    }
    /// The nearest power of two that is not more.
    fn limited(self) -> Self {
        let limit = |depth: u8| 1 << depth.clamp(1, 16).ilog2();
        Self {
            multiply_add: limit(self.multiply_add),
            compare: limit(self.compare),
            load_store: limit(self.load_store),
            parallel_port: limit(self.parallel_port),
            permute: limit(self.permute),
        }
    }
}

/// A constant that the model cannot represent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("timing constant {name} is {value}, and may be {least} to {most}")]
pub struct OutOfRange {
    /// Its name in [`TimingConfig`].
    pub name: &'static str,
    /// Its value.
    pub value: u8,
    /// The smallest value allowed; for stations, the nearest.
    pub least: u8,
    /// The largest.
    pub most: u8,
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
            simple: 1,
            base_update: 2,
            load_place: 3,
            multiplier: 4,
            divider: 31,
            memory: 3,
            command: 4,
            cancelled: 3,
            line_request: 1,
            line_port: 2,
            predictor_entries: 16,
            access_queue: 13,
            sram_bytes: 0x4000,
            omnibus_in_flight: 1,
            vector_multiplier: 4,
            vector_adder: 1,
            vector_transit: 3,
            vector_queue: 2,
            stations: Stations { multiply_add: 4, compare: 2, load_store: 2, parallel_port: 16, permute: 2 },
            answers: 3,
            answer_room: 2,
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

    /// Says whether the model can represent all values.
    ///
    /// # Errors
    /// The first value that is out of its range. A model that is made with it all the same takes the nearest one.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let range = |name, value: u8, least: u8, most: u8| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(OutOfRange { name, value, least, most })
            }
        };
        range("simple", self.simple, 1, 8)?;
        range("base_update", self.base_update, 1, 8)?;
        range("load_place", self.load_place, 1, 8)?;
        range("command", self.command, 1, 8)?;
        range("cancelled", self.cancelled, 2, 8)?;
        range("line_request", self.line_request, 0, 8)?;
        range("line_port", self.line_port, 1, 8)?;
        range("predictor_entries", self.predictor_entries, 1, 16)?;
        range("vector_transit", self.vector_transit, 1, 8)?;
        range("multiplier", self.multiplier, 1, 30)?;
        range("divider", self.divider, 1, u8::MAX)?;
        range("memory", self.memory, 2, 64)?;
        range("access_queue", self.access_queue, 1, u8::MAX)?;
        range("omnibus_in_flight", self.omnibus_in_flight, 1, 16)?;
        range("vector_multiplier", self.vector_multiplier, 1, 16)?;
        range("vector_adder", self.vector_adder, 1, 8)?;
        range("vector_queue", self.vector_queue, 1, u8::MAX)?;
        range("answers", self.answers, 1, 8)?;
        range("answer_room", self.answer_room, 0, 16)?;
        let limited = self.stations.limited();
        for ((name, value), (_, nearest)) in self.stations.list().into_iter().zip(limited.list()) {
            range(name, value, nearest, nearest)?;
        }
        Ok(())
    }

    /// With values limited to what the model can represent.
    pub(super) fn limited(self) -> Self {
        Self {
            simple: self.simple.clamp(1, 8),
            base_update: self.base_update.clamp(1, 8),
            load_place: self.load_place.clamp(1, 8),
            command: self.command.clamp(1, 8),
            cancelled: self.cancelled.clamp(2, 8),
            line_request: self.line_request.min(8),
            line_port: self.line_port.clamp(1, 8),
            predictor_entries: self.predictor_entries.clamp(1, 16),
            vector_transit: self.vector_transit.clamp(1, 8),
            multiplier: self.multiplier.clamp(1, 30),
            divider: self.divider.max(1),
            memory: self.memory.clamp(2, 64),
            access_queue: self.access_queue.max(1),
            omnibus_in_flight: self.omnibus_in_flight.clamp(1, 16),
            vector_multiplier: self.vector_multiplier.clamp(1, 16),
            vector_adder: self.vector_adder.clamp(1, 8),
            vector_queue: self.vector_queue.max(1),
            stations: self.stations.limited(),
            answers: self.answers.clamp(1, 8),
            answer_room: self.answer_room.min(16),
            ..self
        }
    }
}
