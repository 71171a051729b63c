//! What can be chosen about a chip before it is made. Every default that stands for something unknown on silicon is named
//! here or in the options of the crate below it.

use bss2_analog::{AnalogOptions, ChipMismatch};
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// Everything that distinguishes one virtual chip set-up from another; `seed` makes the individual, unless it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ChipOptions {
    /// The individual: all fixed-pattern mismatch and all temporal noise follow from it.
    pub seed: u64,
    /// Fixed-pattern mismatch and defects.
    pub mismatch: bss2_analog::MismatchSwitches,
    /// Measured values in the place of those that the seed draws.
    pub measured: bss2_analog::Measured,
    /// Temporal noise, correlation pairing, clock phases.
    pub analog: AnalogOptions,
    /// Arbitration and latencies of the event network.
    pub events: bss2_events::Parameters,
    /// Settling, write errors and refresh of the analog parameter storage.
    pub capmem: crate::physics::CapMemOptions,
    /// Quirk switches of the plasticity processors.
    pub ppu: ppu_isa::Config,
    /// Whether a processor fetches instructions from FPGA memory only while bit 3 (`cache_controller_enable`) of its control
    /// register is set, and reads zeros otherwise. Unknown on silicon (register-map 15, 18; ppu-isa 7.2): off.
    pub fetch_needs_cache_controller: bool,
    /// Response times of what the plasticity processors reach.
    pub latencies: Latencies,
    /// Jump over stretches in which nothing happens. Off: the fabric is advanced in steps of 1 us at the most. The
    /// result is the same (checked by a test); this switch exists to check it.
    pub idle_fast_forward: bool,
}

impl Default for ChipOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            mismatch: Default::default(),
            measured: Default::default(),
            analog: Default::default(),
            events: Default::default(),
            capmem: Default::default(),
            ppu: Default::default(),
            fetch_needs_cache_controller: false,
            latencies: Default::default(),
            idle_fast_forward: true,
        }
    }
}

impl ChipOptions {
    /// The fixed pattern of the chip that they describe.
    pub fn individual(&self) -> ChipMismatch {
        ChipMismatch::new(self.seed, self.mismatch).with_measured(self.measured.clone())
    }
}

/// Response times in PPU cycles beyond those of local SRAM (ppu-isa 9.7, settled O14). Estimated unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latencies {
    /// A word of the on-chip Omnibus (`omnibus.latency`); also how long an access to the other processor is under way.
    pub omnibus: u32,
    /// The parallel port to the synapse array (bounded: 20 +- 2 cycles for store and `sync`).
    pub synapse_array: u32,
    /// A word of the FPGA's memory, read.
    pub external_load: u32,
    /// A word of the FPGA's memory, written (posted).
    pub external_store: u32,
    /// 128 bytes of the FPGA's memory through the parallel port, read (bounded: 344 +- 35 cycles in all).
    pub external_vector_in: u32,
    /// The same, written (bounded: 38 +- 4 cycles in all).
    pub external_vector_out: u32,
    /// First word of an instruction fetch from the FPGA's memory.
    pub external_fetch: u32,
    /// Each further word of it.
    pub external_fetch_per_word: u32,
    /// Cycles of the PPU for which a CADC conversion counts beside its configured waits: the ramp (settled 3).
    pub cadc_ramp: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            omnibus: 33,
            synapse_array: 8,
            external_load: 333,
            external_store: 27,
            external_vector_in: 333,
            external_vector_out: 26,
            external_fetch: 300,
            external_fetch_per_word: 4,
            cadc_ramp: 256,
        }
    }
}

impl Latencies {
    /// How long an access to the other processor is under way.
    pub(crate) fn omnibus_span(&self) -> SimTime {
        SimTime::from_cycles(u64::from(self.omnibus), SimTime::FABRIC_CYCLE)
    }
}
