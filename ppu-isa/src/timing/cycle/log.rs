//! What happens behind the issue stage, for whoever compares it with a measurement.

use std::hash::{Hash, Hasher};

/// Events with their cycles, if somebody wants to know. It is no part of the state: all logs are equal.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Option<Vec<(u64, u32)>>);

impl PartialEq for Log {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Log {}
impl Hash for Log {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Log {
    /// From now on, events are written down.
    pub(super) fn begin(&mut self) {
        self.0 = Some(Vec::new());
    }
    #[inline(always)]
    pub(super) fn note(&mut self, at: u64, what: u32) {
        if let Some(events) = &mut self.0 {
            events.push((at, what));
        }
    }
    /// Everything since the beginning.
    pub(super) fn events(&self) -> &[(u64, u32)] {
        self.0.as_deref().unwrap_or(&[])
    }
}

/// What happened behind the issue stage, in the order of time; see
/// [`CycleReference::begin_trace`](super::CycleReference::begin_trace).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Cycle and register of every use of the write port of the general purpose registers (ppu-timing 2.1). A
    /// division uses it twice: first as if its latency were that of an addition, and again for its result.
    pub register_writes: Vec<(u64, u8)>,
    /// Cycle of every write of a word of local SRAM by a scalar or a vector store (ppu-timing 2.3).
    pub stores: Vec<u64>,
    /// Cycle in which a vector instruction leaves the queue, with its extended opcode of nine bits (ppu-timing 2.4).
    pub dispatched: Vec<(u64, u16)>,
    /// Cycle and register of every write of the vector register file (ppu-timing 2.4).
    pub vector_writes: Vec<(u64, u8)>,
}
