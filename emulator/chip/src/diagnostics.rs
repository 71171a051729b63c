//! What a user should be told once: accesses that hit nothing, circuits used before they were configured.

use bss2_base::Hemisphere;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Remembers what has been reported, so that each thing is said once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Diagnostics {
    seen: BTreeSet<String>,
}

impl Diagnostics {
    /// Reports `message` unless it was reported before.
    pub(crate) fn once(&mut self, message: String) {
        if !self.seen.contains(&message) {
            tracing::warn!(target: "chip", "{message}");
            self.seen.insert(message);
        }
    }

    /// An access of a plasticity processor that no memory and no register answers (ppu-isa 6.1, 6.2).
    pub(crate) fn unmapped(&mut self, hemisphere: Hemisphere, what: &str, address: u32) {
        self.once(format!(
            "PPU {hemisphere:?}: {what} at {address:#010x} hits nothing; reads 0, writes are lost"
        ));
    }
}
