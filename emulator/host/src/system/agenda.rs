//! What is going to happen to a chip from outside, in the order in which it will.

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that happens to a chip at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    Spike(u16),
    Write { address: u32, value: u32, enables: u8 },
    Read { address: u32, ticket: u64 },
    Reset(bool),
}

/// Operations by time; those of the same moment in the order in which they were asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Agenda {
    operations: BTreeMap<(SimTime, u64), Operation>,
    asked: u64,
}

impl Agenda {
    pub(super) fn push(&mut self, at: SimTime, operation: Operation) {
        self.operations.insert((at, self.asked), operation);
        self.asked += 1;
    }

    /// The next operation, if it is due by `until`.
    pub(super) fn pop(&mut self, until: SimTime) -> Option<(SimTime, Operation)> {
        let first = self.operations.first_entry().filter(|entry| entry.key().0 <= until)?;
        let ((at, _), operation) = first.remove_entry();
        Some((at, operation))
    }

    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }
}
