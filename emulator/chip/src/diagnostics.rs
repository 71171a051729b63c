//! What a user should be told once: accesses that hit nothing, circuits used before they were configured.

use bss2_base::Hemisphere;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many different things are said; a program that touches every address of a hole would never come to an end.
const LIMIT: usize = 1_000;

/// Remembers what has been reported, so that each thing is said once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Diagnostics {
    seen: BTreeSet<String>,
}

impl Diagnostics {
    /// Reports `message` unless it was reported before.
    pub(crate) fn once(&mut self, message: String) {
        if self.seen.len() < LIMIT && !self.seen.contains(&message) {
            tracing::warn!(target: "chip", "{message}");
            self.seen.insert(message);
            if self.seen.len() == LIMIT {
                tracing::warn!(target: "chip", "that was the {LIMIT}th different warning; there will be no more");
            }
        }
    }

    /// Everything that has been reported, in alphabetical order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.seen.iter().map(String::as_str)
    }

    /// A processor has met a word that is no instruction, and its configuration says that it stands still then.
    pub(crate) fn illegal(&mut self, hemisphere: Hemisphere, address: u32, word: u32) {
        self.once(format!(
            "PPU {hemisphere:?}: {word:#010x} at {address:#010x} is no instruction; stands until reset"
        ));
    }

    /// An instruction fetch from FPGA memory without `cache_controller_enable`, where that is needed.
    pub(crate) fn cache_controller(&mut self, hemisphere: Hemisphere, address: u32) {
        self.once(format!(
            "PPU {hemisphere:?}: fetch at {address:#010x} needs cache_controller_enable in the control register; reads 0"
        ));
    }

    /// An access of a plasticity processor that no memory and no register answers (ppu-isa 6.1, 6.2).
    pub(crate) fn unmapped(&mut self, hemisphere: Hemisphere, what: &str, address: u32) {
        self.once(format!(
            "PPU {hemisphere:?}: {what} at {address:#010x} hits nothing; reads 0, writes are lost"
        ));
    }
}
