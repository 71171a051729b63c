//! When each neuron wants to be looked at: finds the due ones without asking all 512.

use crate::circuit::NEVER;
use bss2_base::NEURONS;
use serde::{Deserialize, Serialize};

const BLOCK: usize = 16;

/// The wake times of all neurons in ps, with a lower bound for each block of sixteen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WakeTable {
    wake: Vec<u64>,
    bound: Vec<u64>,
}

impl WakeTable {
    pub(crate) fn new() -> Self {
        Self { wake: vec![NEVER; NEURONS], bound: vec![NEVER; NEURONS / BLOCK] }
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
