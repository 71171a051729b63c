//! When each neuron wants to be looked at: finds the due ones without asking all 512.

use crate::linear::NEVER;
use bss2_base::NEURONS;
use serde::{Deserialize, Serialize};

const BLOCK: usize = 16;

/// The wake times of all neurons in ps, with a lower bound for each block of sixteen.
///
/// The bounds are bookkeeping that depends on who asked when: they belong neither to the identity nor to a snapshot of the core.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub(crate) struct WakeTable {
    wake: Vec<u64>,
    bound: Vec<u64>,
}

impl PartialEq for WakeTable {
    fn eq(&self, other: &Self) -> bool {
        self.wake == other.wake
    }
}

impl From<WakeTable> for Vec<u64> {
    fn from(table: WakeTable) -> Self {
        table.wake
    }
}

impl From<Vec<u64>> for WakeTable {
    fn from(mut wake: Vec<u64>) -> Self {
        wake.resize(NEURONS, NEVER);
        let bound = wake.chunks(BLOCK).map(|block| block.iter().copied().fold(NEVER, u64::min)).collect();
        Self { wake, bound }
    }
}

impl WakeTable {
    pub(crate) fn new() -> Self {
        Self::from(Vec::new())
    }

    #[inline]
    pub(crate) fn get(&self, neuron: usize) -> u64 {
        self.wake[neuron]
    }

    #[inline]
    pub(crate) fn set(&mut self, neuron: usize, time: u64) {
        self.wake[neuron] = time;
        let bound = &mut self.bound[neuron / BLOCK];
        *bound = time.min(*bound);
    }

    /// No neuron wants anything before this.
    pub(crate) fn bound(&self) -> u64 {
        self.bound.iter().copied().fold(NEVER, u64::min)
    }

    /// The first neuron from `from` on that is due at `time`. Blocks on the way without a due neuron get their exact bound.
    #[inline]
    pub(crate) fn next_due(&mut self, from: usize, time: u64) -> Option<usize> {
        let mut neuron = from;
        while neuron < NEURONS {
            let block = neuron / BLOCK;
            let end = (block + 1) * BLOCK;
            if self.bound[block] <= time {
                if let Some(due) = self.wake[neuron..end].iter().position(|wake| *wake <= time) {
                    return Some(neuron + due);
                }
                let members = &self.wake[end - BLOCK..end];
                self.bound[block] = members.iter().copied().fold(NEVER, u64::min);
            }
            neuron = end;
        }
        None
    }
}
