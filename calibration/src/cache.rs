//! Calibrations that were made before (calibration 7.4).
//!
//! The key is the whole [`Header`]: chip with seed and model, entry point, target, options, seed and software. Names of files
//! are a hash of it; what counts is the header inside of the file, so that no collision gives a wrong calibration.

use crate::error::CalibrationError;
use crate::result::{CalibrationResult, Header, load, save};
use std::path::PathBuf;

/// Directories with calibrations, searched in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    /// The directories. None: nothing is found and nothing is stored.
    pub directories: Vec<PathBuf>,
    /// Whether nothing shall be stored.
    pub read_only: bool,
}

/// A finding of [`Cache::find`].
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// The calibration.
    pub result: CalibrationResult,
    /// Where it was.
    pub path: PathBuf,
}

impl Cache {
    /// A cache that never has anything.
    pub fn off() -> Self {
        Self::default()
    }

    /// Looks for the calibration with this header. Files that can't be read or hold another calibration are passed over; the
    /// reasons are given too, because a damaged cache should not stay unnoticed.
    pub fn find(&self, header: &Header) -> (Option<Cached>, Vec<CalibrationError>) {
        let mut problems = Vec::new();
        for directory in &self.directories {
            let path = directory.join(file_name(header));
            if !path.exists() {
                continue;
            }
            match load(&path) {
                Ok(result) if result.header == *header => return (Some(Cached { result, path }), problems),
                Ok(_) => problems.push(CalibrationError::File {
                    path: path.display().to_string(),
                    reason: "holds the calibration of another chip or target under the same name".into(),
                }),
                Err(error) => problems.push(error),
            }
        }
        (None, problems)
    }

    /// Stores a calibration in the first directory that can be written, completely or not at all, and says where. `None` if
    /// the cache is read only or has no directories.
    ///
    /// # Errors
    /// What the last directory failed with, if none can be written.
    pub fn store(&self, result: &CalibrationResult) -> Result<Option<PathBuf>, CalibrationError> {
        if self.read_only {
            return Ok(None);
        }
        let mut last = None;
        for directory in &self.directories {
            let path = directory.join(file_name(&result.header));
            let stored = std::fs::create_dir_all(directory)
                .map_err(|error| CalibrationError::File {
                    path: directory.display().to_string(),
                    reason: error.to_string(),
                })
                .and_then(|()| save(result, &path));
            match stored {
                Ok(()) => return Ok(Some(path)),
                Err(error) => last = Some(error),
            }
        }
        last.map_or(Ok(None), Err)
    }

    /// The calibration with this header: found, or made by `calibrate` and stored. Problems with the cache itself are given
    /// to `problem` and stop nothing.
    ///
    /// # Errors
    /// Those of `calibrate`.
    pub fn get_or<E>(
        &self,
        header: &Header,
        calibrate: impl FnOnce() -> Result<CalibrationResult, E>,
        mut problem: impl FnMut(CalibrationError),
    ) -> Result<CalibrationResult, E> {
        let (found, problems) = self.find(header);
        problems.into_iter().for_each(&mut problem);
        if let Some(cached) = found {
            return Ok(cached.result);
        }
        let result = calibrate()?;
        if let Err(error) = self.store(&result) {
            problem(error);
        }
        Ok(result)
    }
}

/// Name of the file of a calibration: entry point, chip, and 128 bits of hash.
fn file_name(header: &Header) -> String {
    let text = serde_json::to_string(header).expect("a header has text keys only");
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(60).collect()
    };
    let (a, b) = (hash(&text, 0xcbf2_9ce4_8422_2325), hash(&text, 0x9ae1_6a3b_2f90_404f));
    format!("{}-{}-{a:016x}{b:016x}.json", safe(&header.entry), safe(&header.chip.identifier))
}

/// FNV-1a with this start. Not cryptographic: the header in the file decides.
fn hash(text: &str, start: u64) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
