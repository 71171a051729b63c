//! Golden data: records made by something that is not this project, and what the model does with the same input.
//!
//! A file is JSON Lines, gzip-compressed or not. Which [`Format`] it has is found out from its first record, never
//! from its name. A new kind of golden data is a new implementation of [`Format`] in [`formats`].

mod file;
pub mod host_link;
pub mod host_registers;
pub mod ppu;

use std::path::PathBuf;

use serde_json::Value;

pub use file::{find_files, read_records};

/// One kind of golden record.
pub trait Format: Sync {
    /// What the records are, for the report.
    fn name(&self) -> &'static str;
    /// Whether a record is of this kind.
    fn recognises(&self, record: &Value) -> bool;
    /// Gives the record's input to the model and compares the output.
    fn check(&self, record: &Value) -> Result<Check, BadRecord>;
    /// Checks all records of a file, for formats whose records belong together. One result for each record.
    fn check_all(&self, records: &Records) -> Vec<Result<Check, BadRecord>> {
        records.iter().map(|(_, record)| self.check(record)).collect()
    }
}

/// The records of a file with their line numbers.
pub type Records = [(usize, Value)];

/// All formats, in the order in which they are asked.
pub fn formats() -> Vec<Box<dyn Format>> {
    let mut formats = ppu::formats();
    formats.extend(host_link::formats());
    formats.extend(host_registers::formats());
    formats
}

/// A record that does not have the shape its format promises.
#[derive(Debug, thiserror::Error)]
#[error("field `{field}`: {problem}")]
pub struct BadRecord {
    /// Path of the field in the record.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a file could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// Reading failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A line is not JSON.
    #[error("{}:{line}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
    /// No format recognises the first record.
    #[error("{}: not a known kind of golden data", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A record is malformed.
    #[error("{}:{line}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The cause.
        source: BadRecord,
    },
}

/// What came out of one record.
#[derive(Debug, Default)]
pub struct Check {
    /// How the record names itself.
    pub name: String,
    /// Differences in what was computed; empty if it passed.
    pub differences: Vec<String>,
    /// Cycle counts, if the record has any.
    pub timing: Vec<Cycles>,
    /// Traces of single events, if the record has any.
    pub traces: Vec<Agreement>,
    /// The record is well-formed, but about something the model has no counterpart of: it passes without a comparison.
    pub nothing_compared: bool,
}

/// How far a trace of events agrees in every event and its cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Of which events.
    pub what: &'static str,
    /// Parts of the record with such events.
    pub passes: usize,
    /// Those in which all events agree.
    pub equal: usize,
    /// Events in the record.
    pub events: usize,
}

impl Agreement {
    /// Share of parts that agree; 1 if there are none.
    pub fn share(&self) -> f64 {
        if self.passes == 0 { 1.0 } else { self.equal as f64 / self.passes as f64 }
    }
}

/// One cycle count of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycles {
    /// Which.
    pub what: &'static str,
    /// In the record, in cycles.
    pub expected: u64,
    /// In the model, in cycles.
    pub actual: u64,
}

impl Cycles {
    /// `|actual - expected| / expected`.
    pub fn relative_error(&self) -> f64 {
        self.actual.abs_diff(self.expected) as f64 / self.expected.max(1) as f64
    }
}

/// The result of a file.
#[derive(Debug, Default)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// The name of its format.
    pub format: &'static str,
    /// Number of records.
    pub cases: usize,
    /// Records that passed because the model has no counterpart of what they are about.
    pub nothing_compared: usize,
    /// Records whose output differs, with the line number.
    pub failed: Vec<(usize, Check)>,
    /// Records with cycle counts.
    pub timed: usize,
    /// Records all of whose cycle counts agree.
    pub cycle_equal: usize,
    /// Records with a cycle count that differs: line, record, the count that is off most.
    pub cycle_different: Vec<(usize, String, Cycles)>,
    /// The traces of all records, by kind of event.
    pub traces: Vec<Agreement>,
    /// Records with a trace that differs: line, record, which.
    pub trace_different: Vec<(usize, String, &'static str)>,
}

impl FileReport {
    /// Share of timed records that agree in every cycle count; 1 if there are none.
    pub fn cycle_equal_share(&self) -> f64 {
        if self.timed == 0 { 1.0 } else { self.cycle_equal as f64 / self.timed as f64 }
    }
    fn add_trace(&mut self, trace: &Agreement) {
        match self.traces.iter_mut().find(|sum| sum.what == trace.what) {
            Some(sum) => {
                sum.passes += trace.passes;
                sum.equal += trace.equal;
                sum.events += trace.events;
            }
            None => self.traces.push(trace.clone()),
        }
    }
    /// The worst cycle count of all records.
    pub fn worst_cycles(&self) -> Option<&(usize, String, Cycles)> {
        self.cycle_different.iter().max_by(|a, b| a.2.relative_error().total_cmp(&b.2.relative_error()))
    }
}

/// Checks every record of a file.
pub fn check_file(path: &std::path::Path) -> Result<FileReport, GoldenError> {
    let records = read_records(path)?;
    let formats = formats();
    let mut report = FileReport { path: path.to_owned(), format: "empty", ..FileReport::default() };
    let Some((_, first)) = records.first() else { return Ok(report) };
    let format = formats
        .iter()
        .find(|format| format.recognises(first))
        .ok_or_else(|| GoldenError::UnknownFormat { path: path.to_owned() })?;
    report.format = format.name();
    for ((line, _), check) in records.iter().zip(format.check_all(&records)) {
        let check =
            check.map_err(|source| GoldenError::Record { path: path.to_owned(), line: *line, source })?;
        report.cases += 1;
        report.nothing_compared += usize::from(check.nothing_compared);
        if !check.timing.is_empty() {
            report.timed += 1;
            let worst = check
                .timing
                .iter()
                .filter(|cycles| cycles.actual != cycles.expected)
                .max_by(|a, b| a.relative_error().total_cmp(&b.relative_error()));
            match worst {
                Some(worst) => report.cycle_different.push((*line, check.name.clone(), worst.clone())),
                None => report.cycle_equal += 1,
            }
        }
        for trace in &check.traces {
            report.add_trace(trace);
            if trace.equal < trace.passes {
                report.trace_different.push((*line, check.name.clone(), trace.what));
            }
        }
        if !check.differences.is_empty() {
            report.failed.push((*line, check));
        }
    }
    Ok(report)
}
