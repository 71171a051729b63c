//! What a calibration came to: which instances can be used, and what brings a chip back to this state (calibration 7, 13).
//!
//! A [`CalibrationResult`] holds the outcome of every routine, by instance, and the words that were written, in order. Words
//! stay valid when the software above them changes; replaying them ([`CalibrationResult::apply`]) is all that a user of a
//! calibration needs. Files are JSON ([`CalibrationResult::to_json`]) with one word per line, so that text tools can compare
//! them too.

mod capture;
mod diff;
mod file;

use crate::link::{BoardState, Link, Write};
use crate::routine::Outcome;
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use serde::{Deserialize, Serialize};

pub use capture::Scope;
pub use diff::{Difference, RecordDifference, WordDifference, diff};
pub use file::{FormatError, load, save};

/// Version of the file format that is written. Older ones would be read; there are none yet.
pub const FORMAT: u32 = 1;

/// Waiting time after a calibration was applied: many cells change at once (calibration 0.2).
pub const APPLY_SETTLING: SimTime = SimTime::from_ms(100);

/// Which chip was calibrated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipIdentity {
    /// Name of the setup: `emulator-seed-3`, `hxcube9fpga0chip59_1`.
    pub identifier: String,
    /// Seed of an emulated chip.
    pub seed: Option<u64>,
    /// Version of the model of an emulated chip, with everything that changes its behaviour.
    pub model: Option<String>,
}

impl ChipIdentity {
    /// An emulated chip: this seed, and `model`, which names the version and switches of the model.
    pub fn emulated(seed: u64, model: impl Into<String>) -> Self {
        Self { identifier: format!("emulator-seed-{seed}"), seed: Some(seed), model: Some(model.into()) }
    }
}

/// What was calibrated, how, and by what. Two results with the same header are the same calibration: this is the key of the
/// [cache](crate::cache).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Which chip.
    pub chip: ChipIdentity,
    /// Which entry point: `spiking`, `hagen`, `cadc` ...
    pub entry: String,
    /// Everything that was wanted.
    pub target: serde_json::Value,
    /// Everything that says how.
    pub options: serde_json::Value,
    /// Seed of the noise on start values.
    pub seed: u64,
    /// Version of the calibration software.
    pub software: String,
}

impl Header {
    /// A header of this version of the software.
    ///
    /// # Errors
    /// The target or the options can't be written as JSON (a map without text keys).
    pub fn new(
        chip: ChipIdentity,
        entry: impl Into<String>,
        target: &impl Serialize,
        options: &impl Serialize,
        seed: u64,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            chip,
            entry: entry.into(),
            target: serde_json::to_value(target)?,
            options: serde_json::to_value(options)?,
            seed,
            software: software_revision(),
        })
    }
}

/// Version of the calibration software: of the package, and of the source where the build knows it.
pub fn software_revision() -> String {
    let version = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    match option_env!("BSS2_REVISION") {
        Some(revision) => format!("{version} ({revision})"),
        None => version.to_owned(),
    }
}

/// What the instances of a routine are, and so how they are numbered (calibration 0.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceKind {
    /// Quadrants by number.
    Quadrant,
    /// Neurons by number.
    Neuron,
    /// Channels of the column ADC: `512 · hemisphere + 256 · acausal + column`.
    Channel,
    /// Synapse drivers: `128 · hemisphere + driver`.
    Driver,
    /// Synapses: `(256 · hemisphere + row) · 256 + column`.
    Synapse,
}

impl InstanceKind {
    /// How many a chip has.
    pub const fn count(self) -> usize {
        match self {
            Self::Quadrant => 4,
            Self::Neuron => 512,
            Self::Channel => 1024,
            Self::Driver => 256,
            Self::Synapse => 131_072,
        }
    }
}

/// The outcome of one routine.
#[derive(Clone, Debug)]
pub struct Record {
    /// What its instances are.
    pub kind: InstanceKind,
    /// Number of each instance among its kind.
    pub instances: Vec<u32>,
    /// What came out, in the same order.
    pub outcome: Outcome,
}

impl PartialEq for Record {
    /// Bit by bit, so that an unknown residual equals itself.
    fn eq(&self, other: &Self) -> bool {
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let (a, b) = (&self.outcome, &other.outcome);
        (self.kind, &self.instances) == (other.kind, &other.instances)
            && (&a.routine, &a.knob, &a.parameters, &a.success)
                == (&b.routine, &b.knob, &b.parameters, &b.success)
            && bits(&a.targets) == bits(&b.targets)
            && bits(&a.residuals) == bits(&b.residuals)
    }
}

impl Record {
    /// The outcome of a routine for these instances. Numbers that are not finite become NaN, which means unknown.
    pub fn new(kind: InstanceKind, instances: impl IntoIterator<Item = u32>, mut outcome: Outcome) -> Self {
        for value in outcome.targets.iter_mut().chain(&mut outcome.residuals) {
            if !value.is_finite() {
                *value = f64::NAN;
            }
        }
        Self { kind, instances: instances.into_iter().collect(), outcome }
    }

    /// The outcome of a routine for all instances of a kind, in order.
    pub fn of_all(kind: InstanceKind, outcome: Outcome) -> Self {
        Self::new(kind, 0..kind.count() as u32, outcome)
    }
}

/// What is known about one instance.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceReport<'r> {
    /// Whether all routines succeeded.
    pub success: bool,
    /// Those that did not.
    pub failing: Vec<&'r str>,
    /// What is left between result and target, by routine, in units of its observable.
    pub residuals: Vec<(&'r str, f64)>,
}

/// A calibration of a chip.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationResult {
    /// What was calibrated, how, and by what.
    pub header: Header,
    /// Outcomes in the order of calibration. A routine that ran twice is there twice; the last one counts.
    pub records: Vec<Record>,
    /// Words in the order in which they are to be written.
    pub writes: Vec<Write>,
    /// Voltages and switches of the board, which are part of a calibration (quirk 11 of calibration 11).
    pub board: BoardState,
}

impl CalibrationResult {
    /// Appends the replay to a program: the board, then the words in their order. Nothing is waited for; analog cells need
    /// [`APPLY_SETTLING`]. The chip must be initialised; it is left calibrated and silent, the network is to be written on top
    /// (calibration 7.2).
    pub fn write(&self, program: &mut ProgramBuilder) {
        self.board.write(program);
        for write in &self.writes {
            write.write(program);
        }
    }

    /// Replays it through a link and waits for the analog cells.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn apply(&self, link: &mut Link<'_>) -> crate::error::Result<()> {
        link.run(|program| {
            self.write(program);
            program.barrier_omnibus().wait(APPLY_SETTLING);
        })?;
        Ok(())
    }

    /// The last record of each routine for this kind of instance, in the order of calibration.
    pub fn last_records(&self, kind: InstanceKind) -> Vec<&Record> {
        let mut last: Vec<&Record> = Vec::new();
        for record in self.records.iter().filter(|record| record.kind == kind) {
            last.retain(|other| other.outcome.routine != record.outcome.routine);
            last.push(record);
        }
        last
    }

    /// The last record of a routine.
    pub fn record(&self, routine: &str) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.outcome.routine == routine)
    }

    /// Everything about one instance; `None` if no routine has treated it.
    pub fn instance(&self, kind: InstanceKind, number: u32) -> Option<InstanceReport<'_>> {
        let mut report = InstanceReport { success: true, failing: Vec::new(), residuals: Vec::new() };
        let mut known = false;
        for record in self.last_records(kind) {
            let Some(place) = record.instances.iter().position(|&instance| instance == number) else {
                continue;
            };
            known = true;
            let name = record.outcome.routine.as_str();
            if !record.outcome.success[place] {
                report.success = false;
                report.failing.push(name);
            }
            report.residuals.push((name, record.outcome.residuals[place]));
        }
        known.then_some(report)
    }

    /// Which instances all of these routines (`None`: all that ran) succeeded for, by number. An instance that one of them
    /// did not treat is not usable: placement must not rely on what nobody has looked at.
    pub fn usable(&self, kind: InstanceKind, routines: Option<&[&str]>) -> Vec<bool> {
        let records: Vec<&Record> = self
            .last_records(kind)
            .into_iter()
            .filter(|record| routines.is_none_or(|chosen| chosen.contains(&record.outcome.routine.as_str())))
            .collect();
        let mut usable = vec![!records.is_empty(); kind.count()];
        if let Some(chosen) = routines
            && chosen.iter().any(|name| !records.iter().any(|record| record.outcome.routine == *name))
        {
            return vec![false; kind.count()];
        }
        for record in records {
            let mut succeeded = vec![false; kind.count()];
            for (&number, &success) in record.instances.iter().zip(&record.outcome.success) {
                if let Some(entry) = succeeded.get_mut(number as usize) {
                    *entry = success;
                }
            }
            usable.iter_mut().zip(succeeded).for_each(|(usable, success)| *usable &= success);
        }
        usable
    }
}
