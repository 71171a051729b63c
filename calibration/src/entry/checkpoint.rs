//! Going on after a break.

use crate::error::{CalibrationError, Result};
use crate::link::ChipState;
use crate::result::{Header, InstanceKind, Record};
use crate::routine::Outcome;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a calibration had come to after a part.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Parts done.
    pub(super) done: usize,
    /// What the plan knows.
    pub(super) plan: Vec<u8>,
    pub(super) records: Vec<Record>,
    pub(super) state: ChipState,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// Of the calibration, as JSON: another one does not go on here.
    header: String,
    done: usize,
    plan: Vec<u8>,
    records: Vec<(InstanceKind, Vec<u32>, Outcome)>,
    state: ChipState,
}

fn header_text(header: &Header) -> String {
    serde_json::to_string(header).unwrap_or_default()
}

fn failed(path: &Path, reason: impl ToString) -> CalibrationError {
    CalibrationError::File { path: path.display().to_string(), reason: reason.to_string() }
}

impl Checkpoint {
    /// What there is in a file for this calibration; `None` if there is no file or it is for another one.
    pub(super) fn load(path: &Path, header: &Header) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, error)),
        };
        let configuration = bincode::config::standard();
        let (stored, _): (Stored, usize) = bincode::serde::decode_from_slice(&bytes, configuration)
            .map_err(|error| failed(path, format!("no checkpoint: {error}")))?;
        if stored.header != header_text(header) {
            return Ok(None);
        }
        let record = |(kind, instances, outcome)| Record::new(kind, instances, outcome);
        Ok(Some(Self {
            done: stored.done,
            plan: stored.plan,
            records: stored.records.into_iter().map(record).collect(),
            state: stored.state,
        }))
    }

    /// Writes a file, as a whole or not at all.
    pub(super) fn save(
        path: &Path,
        header: &Header,
        done: usize,
        plan: Vec<u8>,
        records: &[Record],
        state: &ChipState,
    ) -> Result<()> {
        let record = |record: &Record| (record.kind, record.instances.clone(), record.outcome.clone());
        let stored = Stored {
            header: header_text(header),
            done,
            plan,
            records: records.iter().map(record).collect(),
            state: state.clone(),
        };
        let bytes = bincode::serde::encode_to_vec(&stored, bincode::config::standard())
            .map_err(|error| failed(path, error))?;
        let mut temporary = PathBuf::from(path).into_os_string();
        temporary.push(".new");
        std::fs::write(&temporary, bytes).map_err(|error| failed(path, error))?;
        std::fs::rename(&temporary, path).map_err(|error| failed(path, error))
    }
}
