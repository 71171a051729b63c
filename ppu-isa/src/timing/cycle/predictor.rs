//! The branch predictor (ppu-timing 2.2): 16 entries, fully associative over the branch address.

use serde::{Deserialize, Serialize};

/// The most that there can be.
pub(super) const ENTRIES: usize = 16;

/// The table. Nothing that is learned in a cycle is seen by look-ups of the same cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Table", into = "Table")]
pub(super) struct Predictor {
    /// Address of the branch with bit 0 set, so that 0 is an empty entry.
    keys: [u32; ENTRIES],
    targets: [u32; ENTRIES],
    counters: [u8; ENTRIES],
    /// How many entries there are.
    entries: u8,
    used: u8,
    /// When the last entry was made, and whether it took a free place.
    newest: (u64, bool),
    /// Where to look first, by low address bits: the place of an entry, or [`NOWHERE`].
    hints: Hints,
    /// Counts new entries.
    changes: u64,
}

/// The serialised form.
#[derive(Serialize, Deserialize)]
struct Table {
    keys: [u32; ENTRIES],
    targets: [u32; ENTRIES],
    counters: [u8; ENTRIES],
    entries: u8,
    used: u8,
    newest: (u64, bool),
    changes: u64,
}

impl From<Table> for Predictor {
    fn from(table: Table) -> Self {
        let Table { keys, targets, counters, entries, used, newest, changes } = table;
        let entries = entries.clamp(1, ENTRIES as u8);
        Self { keys, targets, counters, entries, used, newest, changes, hints: Hints::of(&keys) }
    }
}
impl From<Predictor> for Table {
    fn from(predictor: Predictor) -> Self {
        let Predictor { keys, targets, counters, entries, used, newest, changes, hints: _ } = predictor;
        Self { keys, targets, counters, entries, used, newest, changes }
    }
}

/// No entry has these low address bits.
const NOWHERE: u8 = 0xff;

/// Follows from the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hints([u8; 64]);

impl Default for Hints {
    fn default() -> Self {
        Self([NOWHERE; 64])
    }
}

impl Hints {
    #[inline(always)]
    fn slot(address: u32) -> usize {
        (address >> 2 & 63) as usize
    }
    fn of(keys: &[u32; ENTRIES]) -> Self {
        let mut hints = Self::default();
        for (n, &key) in keys.iter().enumerate().filter(|(_, key)| **key != 0) {
            hints.0[Self::slot(key)] = n as u8;
        }
        hints
    }
}

/// The next state of a counter of two bits.
const fn count(counter: u8, taken: bool) -> u8 {
    match (counter, taken) {
        (3, true) => 3,
        (counter, true) => counter + 1,
        (counter, false) => counter.saturating_sub(1),
    }
}

/// The outcome of a branch, on its way to the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Feedback {
    /// Cycle in which the table learns it.
    pub(super) at: u64,
    pub(super) address: u32,
    pub(super) taken: bool,
    pub(super) target: u32,
}

impl Predictor {
    /// Without entries, with places for as many.
    pub(super) fn new(entries: u8) -> Self {
        Self { entries: entries.clamp(1, ENTRIES as u8), ..Self::default() }
    }

    #[inline(always)]
    fn find(&self, address: u32) -> Option<usize> {
        let hint = usize::from(self.hints.0[Hints::slot(address)]);
        match self.keys.get(hint) {
            None => None,
            Some(&key) if key == address | 1 => Some(hint),
            // Another branch has the same low address bits.
            Some(_) => self.keys.iter().position(|&key| key == address | 1),
        }
    }
    /// The branches that it knows, with bit 0 set; 0 where there is none.
    pub(super) fn keys(&self) -> &[u32; ENTRIES] {
        &self.keys
    }
    /// The predicted target, or nothing for "not taken".
    #[inline(always)]
    pub(super) fn predict(&self, address: u32) -> Option<u32> {
        self.find(address).filter(|&n| self.counters[n] >= 2).map(|n| self.targets[n])
    }

    /// Where a branch is in the table.
    #[inline(always)]
    pub(super) fn place(&self, address: u32) -> Option<u8> {
        self.find(address).map(|n| n as u8)
    }
    /// Counts new entries.
    #[inline(always)]
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }
    /// What a look-up that finds the entry at `place` will give when of `pending` everything before cycle `cycle` - 1
    /// has been learned.
    #[inline(always)]
    pub(super) fn predict_at(&self, place: u8, cycle: u64, pending: &[Feedback]) -> Option<u32> {
        let place = usize::from(place) % ENTRIES;
        let (mut counter, mut target) = (self.counters[place], self.targets[place]);
        for feedback in pending {
            if feedback.at + 1 < cycle && feedback.address | 1 == self.keys[place] {
                counter = count(counter, feedback.taken);
                target = feedback.target;
            }
        }
        (counter >= 2).then_some(target)
    }

    /// Learns the outcome of a branch. A new entry takes the first free place, or when there is none the one that a
    /// ring advancing every clock cycle points to. Free places are known with a delay of one cycle, so that of two
    /// new branches in neighbouring cycles the second replaces the first.
    pub(super) fn learn(&mut self, feedback: Feedback) {
        let Feedback { at, address, taken, target } = feedback;
        if let Some(n) = self.find(address) {
            self.counters[n] = count(self.counters[n], taken);
            self.targets[n] = target;
            return;
        }
        let fresh = u8::from(self.newest.1 && self.newest.0 + 1 == at);
        let known = self.used - fresh.min(self.used);
        let n = if known < self.entries { known } else { (at % u64::from(self.entries)) as u8 };
        self.changes += 1;
        self.newest = (at, n == self.used);
        self.used = self.used.max(n + 1);
        let n = usize::from(n) % ENTRIES;
        self.keys[n] = address | 1;
        self.targets[n] = target;
        self.counters[n] = if taken { 3 } else { 2 };
        self.hints = Hints::of(&self.keys);
    }
}
