//! From costs by address to tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use ppu_isa::counters::StallCounters;

use super::calls::{Callee, Node, NodeId};
use super::{Block, Causes};
use crate::source::{Frame, Location, SourceMap};

/// What a function has cost, also where the compiler has put it into others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionCost {
    /// Its name; `[0x...]` for code without function, `[interrupt decrementer]` for the cause of what is below.
    pub name: String,
    /// Times it was called; 0 for functions that exist only inlined.
    pub calls: u64,
    /// Instructions executed in itself.
    pub instructions: u64,
    /// Cycles awake in itself.
    pub cycles: u64,
    /// Of them, cycles in which nothing issued.
    pub stalled: u64,
    /// Cycles awake in itself and in what it has called.
    pub total: u64,
    /// Cycles asleep in itself.
    pub asleep: u64,
    /// Cycles stalled in itself by cause, if the timing model tells.
    pub stalls: BTreeMap<&'static str, u64>,
}

/// What a source line has cost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LineCost {
    /// Path of the file; empty for instructions without line.
    pub file: String,
    /// Counts from 1; 0 for instructions without line.
    pub line: u32,
    /// Instructions executed.
    pub instructions: u64,
    /// Cycles awake.
    pub cycles: u64,
    /// Of them, cycles in which nothing issued.
    pub stalled: u64,
    /// Cycles asleep.
    pub asleep: u64,
    /// Cycles stalled by cause, if the timing model tells.
    pub stalls: BTreeMap<&'static str, u64>,
}

/// What a path of calls has cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackCost {
    /// Functions from the outermost to the innermost; sleep is a function `[asleep]`.
    pub functions: Vec<String>,
    /// Cycles.
    pub cycles: u64,
}

/// Everything a profiler has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Cycles of the run, sleep included.
    pub cycles: u64,
    /// Of them, those asleep.
    pub asleep: u64,
    /// Of the others, those in which nothing issued.
    pub stalled: u64,
    /// Instructions executed.
    pub instructions: u64,
    /// The same by cause, if the timing model tells.
    pub stalls: BTreeMap<&'static str, u64>,
    /// The dearest first, likewise the others.
    pub functions: Vec<FunctionCost>,
    /// By line.
    pub lines: Vec<LineCost>,
    /// By path.
    pub stacks: Vec<StackCost>,
}

/// The names of what is executed at a node, when the instruction at hand is at `address`.
fn names(map: &SourceMap, callee: Callee, address: u32) -> Vec<String> {
    match callee {
        Callee::Root => Vec::new(),
        Callee::Function(function) => match map.frames(address) {
            frames if frames.is_empty() => vec![map.name(function).to_owned()],
            frames => frames.iter().map(|Frame { function, .. }| (*function).to_owned()).collect(),
        },
        Callee::Unnamed(block) => vec![format!("[{block:#010x}]")],
        Callee::Interrupt(interrupt) => vec![format!("[interrupt {}]", interrupt.name())],
        Callee::Deeper => vec!["[deeper]".to_owned()],
    }
}

pub(super) fn profile(map: &SourceMap, nodes: &[Node], blocks: &[Vec<Block>]) -> Profile {
    let mut profile = Profile::default();
    let mut functions: BTreeMap<String, FunctionCost> = BTreeMap::new();
    let mut lines: BTreeMap<Option<Location<'_>>, LineCost> = BTreeMap::new();
    let mut stacks: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(name) = names(map, node.callee, entry(map, node.callee)).first() {
            function(&mut functions, name).calls += node.calls;
        }
        let above = path_above(map, nodes, index);
        for block in blocks.get(index).into_iter().flatten() {
            for (cost, address) in block.costs.iter().zip((block.start..).step_by(4)) {
                if *cost == super::Cost::default() {
                    continue;
                }
                let mut path = above.clone();
                path.extend(names(map, node.callee, address));
                for name in path.iter().collect::<BTreeSet<_>>() {
                    function(&mut functions, name).total += cost.cycles;
                }
                if let Some(name) = path.last() {
                    let own = function(&mut functions, name);
                    own.instructions += cost.executions;
                    own.cycles += cost.cycles;
                    own.stalled += cost.stalled;
                    own.asleep += cost.asleep;
                    add(&mut own.stalls, &cost.causes);
                }
                let place = map.location_of(address);
                let line = lines.entry(place).or_insert_with(|| LineCost {
                    file: place.map_or(String::new(), |place| place.file.to_owned()),
                    line: place.map_or(0, |place| place.line),
                    instructions: 0,
                    cycles: 0,
                    stalled: 0,
                    asleep: 0,
                    stalls: BTreeMap::new(),
                });
                line.instructions += cost.executions;
                line.cycles += cost.cycles;
                line.stalled += cost.stalled;
                line.asleep += cost.asleep;
                add(&mut line.stalls, &cost.causes);
                add(&mut profile.stalls, &cost.causes);
                profile.cycles += cost.cycles + cost.asleep;
                profile.asleep += cost.asleep;
                profile.stalled += cost.stalled;
                profile.instructions += cost.executions;
                if cost.asleep != 0 {
                    let mut asleep = path.clone();
                    asleep.push("[asleep]".to_owned());
                    *stacks.entry(asleep).or_default() += cost.asleep;
                }
                if cost.cycles != 0 {
                    *stacks.entry(path).or_default() += cost.cycles;
                }
            }
        }
    }
    profile.functions = functions.into_values().collect();
    profile.functions.retain(|function| function.total != 0 || function.asleep != 0);
    profile.functions.sort_by_key(|function| std::cmp::Reverse((function.cycles, function.total)));
    profile.lines = lines.into_values().collect();
    profile.lines.sort_by_key(|line| std::cmp::Reverse(line.cycles));
    let stack = |(functions, cycles)| StackCost { functions, cycles };
    profile.stacks = stacks.into_iter().map(stack).collect();
    profile
}

/// Where a callee begins.
fn entry(map: &SourceMap, callee: Callee) -> u32 {
    match callee {
        Callee::Function(function) => map.entry(function),
        _ => 0,
    }
}

fn function<'f>(functions: &'f mut BTreeMap<String, FunctionCost>, name: &str) -> &'f mut FunctionCost {
    functions.entry(name.to_owned()).or_insert_with(|| FunctionCost {
        name: name.to_owned(),
        calls: 0,
        instructions: 0,
        cycles: 0,
        stalled: 0,
        total: 0,
        asleep: 0,
        stalls: BTreeMap::new(),
    })
}

fn add(sums: &mut BTreeMap<&'static str, u64>, causes: &Causes) {
    for ((name, _), cycles) in StallCounters::default().list().into_iter().zip(causes) {
        if *cycles != 0 {
            *sums.entry(name).or_default() += cycles;
        }
    }
}

/// The cause of most cycles.
pub(super) fn dominant(stalls: &BTreeMap<&'static str, u64>) -> &'static str {
    stalls.iter().max_by_key(|(_, cycles)| **cycles).map_or("", |(name, _)| name)
}

/// The names of everything that is open above a node.
fn path_above(map: &SourceMap, nodes: &[Node], index: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut node = &nodes[index];
    while node.callee != Callee::Root {
        let parent: NodeId = node.parent;
        let caller = &nodes[parent.index()];
        parts.push(names(map, caller.callee, node.site));
        node = caller;
    }
    parts.into_iter().rev().flatten().collect()
}

impl Profile {
    /// One line for each path of calls: names with `;` between them, a blank, cycles. This is what tools for flame graphs read.
    pub fn folded(&self) -> String {
        let clean = |name: &String| name.replace([';', '\n'], "_");
        let line = |stack: &StackCost| {
            let names: Vec<String> = stack.functions.iter().map(clean).collect();
            format!("{} {}\n", names.join(";"), stack.cycles)
        };
        self.stacks.iter().map(line).collect()
    }

    /// The same table with fewer rows: those that have cost at least `permille` of all cycles.
    #[must_use]
    pub fn without_less_than(&self, permille: u64) -> Self {
        let threshold = self.cycles * permille / 1000;
        let mut short = self.clone();
        short.functions.retain(|function| function.total.max(function.asleep) >= threshold);
        short.lines.retain(|line| line.cycles.max(line.asleep) >= threshold);
        short
    }
}

/// Tables of functions and of lines.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycles, asleep, stalled, instructions, .. } = self;
        writeln!(
            f,
            "{cycles} cycles: {instructions} instructions, {stalled} cycles stalled, {asleep} cycles asleep"
        )?;
        for (cause, cycles) in &self.stalls {
            writeln!(f, "  {cause:<20}{cycles:>12}")?;
        }
        writeln!(f)?;
        writeln!(f, "      cycles     stalled       total      asleep     calls  function")?;
        for function in &self.functions {
            let FunctionCost { name, calls, cycles, stalled, total, asleep, .. } = function;
            writeln!(f, "{cycles:>12}{stalled:>12}{total:>12}{asleep:>12}{calls:>10}  {name}")?;
        }
        writeln!(f)?;
        writeln!(f, "      cycles     stalled      asleep  executed  most stalled by     line")?;
        for LineCost { file, line, instructions, cycles, stalled, asleep, stalls } in &self.lines {
            let cause = dominant(stalls);
            write!(f, "{cycles:>12}{stalled:>12}{asleep:>12}{instructions:>10}  {cause:<20}")?;
            match line {
                0 => writeln!(f, "[no line]")?,
                _ => writeln!(f, "{file}:{line}")?,
            }
        }
        Ok(())
    }
}
