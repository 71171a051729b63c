//! Which source lines, functions and branches a program has executed, in the format of LCOV (`geninfo(1)`).
//!
//! A line counts as often as that of its instructions which was executed most often; lines without instructions do not
//! count. A branch is a conditional branch instruction, not one of the language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ppu_isa::timing::Slot;
use ppu_isa::{Effect, Observer, Op};

use crate::source::SourceMap;

/// Instructions on a page.
const PAGE: usize = 1024;
const PAGE_BYTES: u32 = 4 * PAGE as u32;

/// What has become of an instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    executed: u64,
    /// Of a branch.
    taken: u64,
}

/// An [`Observer`] that counts how often each instruction was executed.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Numbers of pages by the address of their first instruction.
    index: BTreeMap<u32, usize>,
    pages: Vec<Vec<Count>>,
    /// The page of the last instruction.
    last: Option<(u32, usize)>,
    /// A conditional branch whose outcome the next address will tell.
    branch: Option<u32>,
}

impl Coverage {
    /// Nothing has been executed.
    pub fn new() -> Self {
        Self::default()
    }

    fn count(&mut self, address: u32) -> &mut Count {
        let base = address & !(PAGE_BYTES - 1);
        let page = match self.last {
            Some((last, page)) if last == base => page,
            _ => {
                let next = self.pages.len();
                let page = *self.index.entry(base).or_insert(next);
                if page == next {
                    self.pages.push(vec![Count::default(); PAGE]);
                }
                self.last = Some((base, page));
                page
            }
        };
        &mut self.pages[page][((address - base) / 4) as usize]
    }

    fn at(&self, address: u32) -> Count {
        let base = address & !(PAGE_BYTES - 1);
        self.index
            .get(&base)
            .map_or(Count::default(), |page| self.pages[*page][((address - base) / 4) as usize])
    }

    /// How often the instruction at an address was executed.
    pub fn executions(&self, address: u32) -> u64 {
        self.at(address).executed
    }

    /// Adds what was executed by another processor, or in another run of the same program.
    pub fn merge(&mut self, other: &Self) {
        for (base, page) in &other.index {
            for (count, address) in other.pages[*page].iter().zip((*base..).step_by(4)) {
                if *count != Count::default() {
                    let sum = self.count(address);
                    sum.executed += count.executed;
                    sum.taken += count.taken;
                }
            }
        }
    }

    /// The records of LCOV: for each source file its functions, branches and lines. `word` gives the instruction at
    /// an address, where there is one. `path` turns the path of a source file as the compiler wrote it into the one to be
    /// written.
    pub fn lcov(
        &self,
        map: &SourceMap,
        word: impl Fn(u32) -> Option<u32>,
        path: impl Fn(&str) -> String,
    ) -> String {
        let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
        for function in map.functions() {
            let entry = map.entry(function);
            if let Some(location) = map.location_of(entry) {
                let functions = &mut files.entry(location.file).or_default().functions;
                functions.insert((location.line, map.name(function)), self.executions(entry));
            }
        }
        for range in map.lines() {
            let file = files.entry(range.location.file).or_default();
            for address in (range.start..range.end).step_by(4) {
                let count = self.at(address);
                let line = file.lines.entry(range.location.line).or_default();
                *line = count.executed.max(*line);
                if word(address).is_some_and(is_conditional_branch) {
                    file.branches.push((range.location.line, address, count));
                }
            }
        }
        let mut text = String::new();
        for (name, file) in files {
            file.write(&mut text, &path(name));
        }
        text
    }
}

/// What is known about one source file.
#[derive(Default)]
struct File<'m> {
    functions: BTreeMap<(u32, &'m str), u64>,
    lines: BTreeMap<u32, u64>,
    /// Line, address, count.
    branches: Vec<(u32, u32, Count)>,
}

impl File<'_> {
    fn write(mut self, text: &mut String, path: &str) {
        // Writing to a string succeeds.
        let _ = writeln!(text, "TN:\nSF:{path}");
        for (line, name) in self.functions.keys() {
            let _ = writeln!(text, "FN:{line},{name}");
        }
        for ((_, name), calls) in &self.functions {
            let _ = writeln!(text, "FNDA:{calls},{name}");
        }
        let hit = self.functions.values().filter(|calls| **calls != 0).count();
        let _ = writeln!(text, "FNF:{}\nFNH:{hit}", self.functions.len());
        self.branches.sort_unstable_by_key(|(line, address, _)| (*line, *address));
        let (mut block, mut before, mut found, mut hit) = (0, 0, 0, 0);
        for (line, _, count) in &self.branches {
            block = if *line == before { block + 1 } else { 0 };
            before = *line;
            for (branch, taken) in
                [count.taken, count.executed - count.taken.min(count.executed)].iter().enumerate()
            {
                found += 1;
                hit += u32::from(*taken != 0);
                let _ = match count.executed {
                    0 => writeln!(text, "BRDA:{line},{block},{branch},-"),
                    _ => writeln!(text, "BRDA:{line},{block},{branch},{taken}"),
                };
            }
        }
        let _ = writeln!(text, "BRF:{found}\nBRH:{hit}");
        for (line, count) in &self.lines {
            let _ = writeln!(text, "DA:{line},{count}");
        }
        let hit = self.lines.values().filter(|count| **count != 0).count();
        let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", self.lines.len());
    }
}

/// A branch that looks at the condition register or counts (ppu-isa 4.5).
fn is_conditional_branch(word: u32) -> bool {
    /// Bits of BO that switch off condition and count.
    const ALWAYS: u32 = 0b10100;
    let instruction = ppu_isa::Instruction::decode(word);
    matches!(instruction.op(), Op::Bc | Op::Bclr | Op::Bcctr) && word >> 21 & ALWAYS != ALWAYS
}

impl Observer for Coverage {
    #[inline]
    fn issued(&mut self, _: u64, slot: Slot<'_>) {
        if slot.step != 0 {
            return;
        }
        if let Some(branch) = self.branch.take()
            && slot.address != branch.wrapping_add(4)
        {
            self.count(branch).taken += 1;
        }
        self.count(slot.address).executed += 1;
        if is_conditional_branch(slot.instruction.word()) {
            self.branch = Some(slot.address);
        }
    }

    fn effect(&mut self, _: u64, effect: Effect) {
        if let Effect::Interrupt { return_address, .. } = effect
            && let Some(branch) = self.branch.take()
            && return_address != branch
            && return_address != branch.wrapping_add(4)
        {
            self.count(branch).taken += 1;
        }
    }
}
