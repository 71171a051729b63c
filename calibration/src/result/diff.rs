//! What differs between two calibrations.

use super::{CalibrationResult, InstanceKind, Record};
use bss2_host::registers::{Location, decode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A word that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordDifference {
    /// Omnibus word address.
    pub address: u32,
    /// Last value in the first result; `None` if it does not write it.
    pub first: Option<u32>,
    /// Last value in the second.
    pub second: Option<u32>,
}

/// A routine whose outcome differs.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDifference {
    /// Its name.
    pub routine: String,
    /// What its instances are.
    pub kind: InstanceKind,
    /// Whether it ran in the first and in the second calibration.
    pub present: [bool; 2],
    /// Instances with another setting of the knob.
    pub changed: usize,
    /// Instances that both have.
    pub common: usize,
    /// Largest change of a setting.
    pub largest: i64,
    /// Mean change of the settings, second minus first.
    pub mean: f64,
    /// Instances that fail only in the second.
    pub newly_failing: Vec<u32>,
    /// Instances that fail only in the first.
    pub newly_successful: Vec<u32>,
}

/// What differs between two calibrations; printed, one line for each thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Fields of the header with both values.
    pub header: Vec<(&'static str, String, String)>,
    /// Routines, in the order of the first result, then those that only the second has.
    pub records: Vec<RecordDifference>,
    /// Words in the order of addresses.
    pub words: Vec<WordDifference>,
    /// Board voltages and switches, described.
    pub board: Vec<String>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two calibrations.
pub fn diff(first: &CalibrationResult, second: &CalibrationResult) -> Difference {
    let mut difference = Difference::default();
    let (a, b) = (&first.header, &second.header);
    let mut field = |name, a: String, b: String| {
        if a != b {
            difference.header.push((name, a, b));
        }
    };
    field("chip", a.chip.identifier.clone(), b.chip.identifier.clone());
    field("chip seed", format!("{:?}", a.chip.seed), format!("{:?}", b.chip.seed));
    field("model", format!("{:?}", a.chip.model), format!("{:?}", b.chip.model));
    field("entry", a.entry.clone(), b.entry.clone());
    field("target", a.target.to_string(), b.target.to_string());
    field("options", a.options.to_string(), b.options.to_string());
    field("seed", a.seed.to_string(), b.seed.to_string());
    field("software", a.software.clone(), b.software.clone());

    let mut names: Vec<(InstanceKind, &str)> = Vec::new();
    for record in first.records.iter().chain(&second.records) {
        let name = (record.kind, record.outcome.routine.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for (kind, name) in names {
        let last = |result: &'_ CalibrationResult| -> Option<Record> {
            result.records.iter().rev().find(|r| r.kind == kind && r.outcome.routine == name).cloned()
        };
        if let Some(changed) = compare(name, kind, last(first), last(second)) {
            difference.records.push(changed);
        }
    }

    let words = |result: &CalibrationResult| -> BTreeMap<u32, u32> {
        result.writes.iter().map(|write| (write.address, write.value)).collect()
    };
    let (a, b) = (words(first), words(second));
    let addresses: BTreeSet<u32> = a.keys().chain(b.keys()).copied().collect();
    for address in addresses {
        let (first, second) = (a.get(&address).copied(), b.get(&address).copied());
        if first != second {
            difference.words.push(WordDifference { address, first, second });
        }
    }

    if first.board.switches != second.board.switches {
        difference
            .board
            .push(format!("switches {:x?} and {:x?}", first.board.switches, second.board.switches));
    }
    let channels: BTreeSet<_> = first.board.voltages.keys().chain(second.board.voltages.keys()).collect();
    for channel in channels {
        let (a, b) = (first.board.voltages.get(channel), second.board.voltages.get(channel));
        if a != b {
            difference.board.push(format!("converter {}, channel {}: {a:?} and {b:?}", channel.0, channel.1));
        }
    }
    difference
}

fn compare(
    routine: &str,
    kind: InstanceKind,
    first: Option<Record>,
    second: Option<Record>,
) -> Option<RecordDifference> {
    let mut found = RecordDifference {
        routine: routine.to_owned(),
        kind,
        present: [first.is_some(), second.is_some()],
        changed: 0,
        common: 0,
        largest: 0,
        mean: 0.0,
        newly_failing: Vec::new(),
        newly_successful: Vec::new(),
    };
    let (Some(first), Some(second)) = (first, second) else { return Some(found) };
    let second_by_instance: BTreeMap<u32, usize> =
        second.instances.iter().enumerate().map(|(place, &instance)| (instance, place)).collect();
    let mut sum = 0;
    for (place, instance) in first.instances.iter().enumerate() {
        let Some(&other) = second_by_instance.get(instance) else { continue };
        found.common += 1;
        let change = i64::from(second.outcome.parameters[other]) - i64::from(first.outcome.parameters[place]);
        found.changed += usize::from(change != 0);
        found.largest = found.largest.max(change.abs());
        sum += change;
        match (first.outcome.success[place], second.outcome.success[other]) {
            (true, false) => found.newly_failing.push(*instance),
            (false, true) => found.newly_successful.push(*instance),
            _ => {}
        }
    }
    found.mean = sum as f64 / found.common.max(1) as f64;
    let same = found.changed == 0
        && found.common == first.instances.len().max(second.instances.len())
        && found.newly_failing.is_empty()
        && found.newly_successful.is_empty();
    (!same).then_some(found)
}

/// Instances that are listed before the rest is only counted.
const LISTED: usize = 12;

fn list(instances: &[u32]) -> String {
    let shown: Vec<String> = instances.iter().take(LISTED).map(u32::to_string).collect();
    match instances.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no difference");
        }
        for (name, a, b) in &self.header {
            writeln!(f, "{name}: {a} and {b}")?;
        }
        for record in &self.records {
            let RecordDifference { routine, changed, common, largest, mean, .. } = record;
            match record.present {
                [true, false] => writeln!(f, "{routine}: only in the first")?,
                [false, true] => writeln!(f, "{routine}: only in the second")?,
                _ => writeln!(
                    f,
                    "{routine}: {changed} of {common} settings differ, by {mean:+.1} on average and at most {largest}"
                )?,
            }
            if !record.newly_failing.is_empty() {
                writeln!(f, "  fail only in the second: {}", list(&record.newly_failing))?;
            }
            if !record.newly_successful.is_empty() {
                writeln!(f, "  fail only in the first: {}", list(&record.newly_successful))?;
            }
        }
        let mut by_block: BTreeMap<String, usize> = BTreeMap::new();
        for word in &self.words {
            let name = match decode(word.address) {
                Some(Location::Register(register)) => format!("{:?}", register.block),
                Some(Location::SynapseArray { .. }) => "synapse array".to_owned(),
                _ => "other addresses".to_owned(),
            };
            *by_block.entry(name).or_default() += 1;
        }
        for (block, count) in by_block {
            writeln!(f, "{block}: {count} words differ")?;
        }
        for line in &self.board {
            writeln!(f, "board: {line}")?;
        }
        Ok(())
    }
}
