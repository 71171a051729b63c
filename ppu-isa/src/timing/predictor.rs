//! The branch predictor (ppu-timing 2.2): 16 entries, fully associative over the branch address.

use serde::{Deserialize, Serialize};

const ENTRIES: usize = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Predictor {
    /// Address of the branch with bit 0 set, so that 0 is an empty entry.
    keys: [u32; ENTRIES],
    targets: [u32; ENTRIES],
    counters: [u8; ENTRIES],
}

impl Predictor {
    fn find(&self, address: u32) -> Option<usize> {
        self.keys.iter().position(|&key| key == address | 1)
    }

    /// The predicted target, or nothing for "not taken".
    pub(super) fn predict(&self, address: u32) -> Option<u32> {
        self.find(address).filter(|&n| self.counters[n] >= 2).map(|n| self.targets[n])
    }

    /// The branch was resolved in cycle `at`. A new entry replaces the one that a ring advancing every cycle points to.
    pub(super) fn learn(&mut self, address: u32, taken: bool, target: u32, at: u64) {
        match self.find(address) {
            Some(n) if taken => {
                self.counters[n] = (self.counters[n] + 1).min(3);
                self.targets[n] = target;
            }
            Some(n) => self.counters[n] = self.counters[n].saturating_sub(1),
            None => {
                let n = (at % ENTRIES as u64) as usize;
                self.keys[n] = address | 1;
                self.targets[n] = target;
                self.counters[n] = if taken { 3 } else { 2 };
            }
        }
    }
}
