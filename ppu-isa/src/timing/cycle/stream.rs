//! The settled fetch pipeline, of which nothing moves but an address as long as code follows code.
//!
//! A look-up matters only where it may find a known branch or cross into another line. Up to there the stream is *clear*:
//! the next address is fetched whatever the predictor learns, and the stages follow from it.

use super::fetch::{Fetch, Stage};
use super::predictor::ENTRIES;
use super::replay::Pipeline;
use crate::timing::Outcome;

/// The pipeline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    /// What was on its way to issue when `start` came to be looked up, first that which issues first.
    stages: [Stage; 3],
    start: u32,
    /// What is looked up next. From `start` to here code followed code.
    address: u32,
    /// From `address` to here, exclusive, it will.
    clear: u32,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    path: Path,
    /// For each line of the cache, the words with a branch that the predictor knows, whatever line is there.
    marks: Vec<u64>,
    /// The branches that are marked, and when the predictor knew them.
    marked: [u32; ENTRIES],
    changes: Option<u64>,
}

impl Stream {
    pub(super) fn new() -> Self {
        let path = Path { stages: [Stage::EMPTY; 3], start: 0, address: 0, clear: 0 };
        Self { path, marks: Vec::new(), marked: [0; ENTRIES], changes: None }
    }

    /// Takes the settled pipeline over.
    pub(super) fn enter(&mut self, front: &Fetch) {
        let Pipeline { last, decoded, fetched, address } = front.pipeline();
        self.path = Path { stages: [last, decoded, fetched], start: address, address, clear: address };
        self.find_clear(front);
    }

    /// The pipeline with its stages.
    pub(super) fn pipeline(&self) -> Pipeline {
        let behind = |n: u32| self.stage(n);
        Pipeline { last: behind(0), decoded: behind(1), fetched: behind(2), address: self.path.address }
    }

    /// What issues in `n` slots.
    #[inline(always)]
    fn stage(&self, n: u32) -> Stage {
        let Path { stages, start, address, .. } = self.path;
        let passed = (address.wrapping_sub(start) >> 2).saturating_add(n);
        match stages.get(passed as usize) {
            Some(&stage) => stage,
            None => {
                let address = address.wrapping_sub(4 * (3 - n));
                Stage::new(address, address.wrapping_add(4), false, false)
            }
        }
    }
    /// What can issue next.
    #[inline(always)]
    pub(super) fn last(&self) -> Stage {
        self.stage(0)
    }
    /// Whether a jump is foreseen behind what can issue next.
    #[inline(always)]
    pub(super) fn jumps(&self) -> bool {
        let passed = self.path.address.wrapping_sub(self.path.start) >> 2;
        passed < 3 && self.path.stages[passed as usize].predicted()
    }
    /// Whether nothing is to be looked up when the next slot issues.
    #[inline(always)]
    pub(super) fn is_clear(&self) -> bool {
        self.path.address < self.path.clear
    }
    /// A slot issued, and [`Stream::is_clear`].
    #[inline(always)]
    pub(super) fn follow(&mut self) {
        self.path.address += 4;
    }
    /// A slot issued in cycle `at`, and everything advances. False if that leaves the settled state; nothing has happened
    /// then.
    #[inline(always)]
    pub(super) fn advance(&mut self, front: &mut Fetch, at: u64) -> bool {
        if self.is_clear() {
            self.follow();
            return true;
        }
        self.look_up(front, at)
    }
    #[inline(never)]
    fn look_up(&mut self, front: &mut Fetch, at: u64) -> bool {
        let address = self.path.address;
        let Some(stage) = front.look_up(address, at) else { return false };
        let Pipeline { decoded, fetched, .. } = self.pipeline();
        let next = stage.next();
        self.path = Path { stages: [decoded, fetched, stage], start: next, address: next, clear: next };
        self.find_clear(front);
        true
    }

    /// A branch behind which everything has advanced went the way that was foreseen.
    #[inline(always)]
    pub(super) fn resolve(&mut self, front: &mut Fetch, at: u64, address: u32, outcome: &Outcome) {
        let target = if outcome.taken { outcome.next } else { self.path.address.wrapping_add(8) };
        front.tell(at, address, outcome.taken, target);
        self.keep_off(address);
    }
    /// The predictor may soon know a branch at `address`.
    #[inline(always)]
    fn keep_off(&mut self, address: u32) {
        let Path { address: next, clear, .. } = self.path;
        if address >= next && address < clear {
            self.path.clear = address;
        }
    }

    /// A branch that issued in cycle `at` went another way than was foreseen. Everything advances, and the jump takes
    /// place. False if some address on the way is not there; nothing has happened then.
    #[inline(never)]
    pub(super) fn miss(&mut self, front: &mut Fetch, at: u64, address: u32, outcome: &Outcome) -> bool {
        let before = self.path;
        if !self.advance(front, at) {
            return false;
        }
        let target = outcome.next;
        if front.complete(self.path.address) && self.is_plain(front, target, address) {
            self.resolve(front, at, address, outcome);
            let landed = Stage::new(target, target.wrapping_add(4), false, true);
            let address = target.wrapping_add(12);
            let stages = [Stage::EMPTY, Stage::EMPTY, landed];
            self.path = Path { stages, start: target.wrapping_add(4), address, clear: address };
            self.find_clear(front);
            return true;
        }
        front.set_pipeline(&self.pipeline(), at + 1);
        let jumps = front.mispredict(at, address, outcome);
        if jumps {
            self.enter(front);
        } else {
            self.path = before;
        }
        jumps
    }

    /// Whether what is fetched behind the target of a jump is there and follows the target whatever the predictor is
    /// about to learn. `branch` is the one that jumps.
    fn is_plain(&mut self, front: &Fetch, target: u32, branch: u32) -> bool {
        self.renew_marks(front);
        let (one, two, three) = (target.wrapping_add(4), target.wrapping_add(8), target.wrapping_add(12));
        let marked = |address| {
            let (line, word) = front.place(address);
            self.marks[line] >> word & 1 != 0
        };
        let known = |address| address == one || address == two;
        front.complete(target)
            && front.complete(three)
            && (front.complete(two) && front.complete(one))
            && !marked(one)
            && !marked(two)
            && !known(branch)
            && !front.pending().iter().any(|feedback| known(feedback.address))
    }

    /// How far code follows code from here.
    #[inline(always)]
    fn find_clear(&mut self, front: &Fetch) {
        self.renew_marks(front);
        let address = self.path.address;
        let (line, word) = front.place(address);
        let distance = (self.marks[line] >> word).trailing_zeros().min(front.to_last_word(word));
        self.path.clear = address + 4 * distance;
        for feedback in front.pending() {
            self.keep_off(feedback.address);
        }
    }

    #[inline(always)]
    fn renew_marks(&mut self, front: &Fetch) {
        if self.changes != Some(front.predictor.changes()) {
            self.mark(front);
        }
    }
    /// Marks the branches that the predictor knows.
    #[inline(never)]
    fn mark(&mut self, front: &Fetch) {
        self.marks.resize(front.line_count(), 0);
        let known = front.predictor.keys();
        for (&marked, _) in self.marked.iter().zip(known).filter(|(marked, known)| marked != known) {
            let (line, word) = front.place(marked);
            self.marks[line] &= !(1 << word);
        }
        for (n, &key) in known.iter().enumerate() {
            self.marked[n] = key;
            if key != 0 {
                let (line, word) = front.place(key);
                self.marks[line] |= 1 << word;
            }
        }
        self.changes = Some(front.predictor.changes());
    }
}
