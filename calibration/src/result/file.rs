//! Result files: JSON whose words are lines of text.

use super::{CalibrationResult, FORMAT, Header, InstanceKind, Record};
use crate::error::CalibrationError;
use crate::link::{BoardState, Write};
use crate::routine::Outcome;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What is wrong with a result file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {reason}")]
pub struct FormatError {
    /// Line and column, or the entry.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

impl FormatError {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

/// The file. Fields in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    header: Header,
    routines: Vec<FileRecord>,
    board: FileBoard,
    /// `address word byte-enables`, hexadecimal.
    writes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRecord {
    routine: String,
    knob: String,
    kind: InstanceKind,
    instances: Vec<u32>,
    parameters: Vec<i32>,
    /// 1 success, 0 failure.
    success: Vec<u8>,
    targets: Vec<Option<f64>>,
    residuals: Vec<Option<f64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBoard {
    switches: Option<u32>,
    /// Converter, channel, code.
    voltages: Vec<(u8, u8, u16)>,
}

fn numbers(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| value.is_finite().then_some(*value)).collect()
}

fn floats(values: Vec<Option<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

impl CalibrationResult {
    /// The text of a result file.
    pub fn to_json(&self) -> String {
        let record = |record: &Record| FileRecord {
            routine: record.outcome.routine.clone(),
            knob: record.outcome.knob.clone(),
            kind: record.kind,
            instances: record.instances.clone(),
            parameters: record.outcome.parameters.clone(),
            success: record.outcome.success.iter().map(|&success| success.into()).collect(),
            targets: numbers(&record.outcome.targets),
            residuals: numbers(&record.outcome.residuals),
        };
        let file = File {
            format: FORMAT,
            header: self.header.clone(),
            routines: self.records.iter().map(record).collect(),
            board: FileBoard {
                switches: self.board.switches,
                voltages: self
                    .board
                    .voltages
                    .iter()
                    .map(|(&(converter, channel), &code)| (converter, channel, code))
                    .collect(),
            },
            writes: self
                .writes
                .iter()
                .map(|write| format!("{:08x} {:08x} {:x}", write.address, write.value, write.enables))
                .collect(),
        };
        let value = serde_json::to_value(&file).expect("a result has text keys and finite numbers only");
        let mut text = String::new();
        print(&value, 0, &mut text);
        text.push('\n');
        text
    }

    /// Reads the text of a result file.
    ///
    /// # Errors
    /// [`FormatError`] with the place: no JSON, another format, lists of different lengths, numbers out of range.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let syntax = |error: serde_json::Error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            // The message of serde_json ends with the place.
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            FormatError::new(place, reason)
        };
        let version: Version = serde_json::from_str(text).map_err(syntax)?;
        if version.format != FORMAT {
            let reason =
                format!("version {} of the format; this software reads version {FORMAT}", version.format);
            return Err(FormatError::new("format", reason));
        }
        let file: File = serde_json::from_str(text).map_err(syntax)?;
        let records = file.routines.into_iter().enumerate().map(read_record).collect::<Result<_, _>>()?;
        let writes = file
            .writes
            .iter()
            .enumerate()
            .map(|(index, line)| read_write(index, line))
            .collect::<Result<_, _>>()?;
        let mut board = BoardState { switches: file.board.switches, ..BoardState::default() };
        for (index, (converter, channel, code)) in file.board.voltages.into_iter().enumerate() {
            if converter > 1 || channel > 7 || code > 0xfff {
                let reason =
                    format!("converter {converter}, channel {channel}, code {code}: at most 1, 7 and 4095");
                return Err(FormatError::new(format!("board.voltages[{index}]"), reason));
            }
            board.voltages.insert((converter, channel), code);
        }
        Ok(Self { header: file.header, records, writes, board })
    }
}

fn read_record((index, record): (usize, FileRecord)) -> Result<Record, FormatError> {
    let place = format!("routines[{index}] ({})", record.routine);
    let count = record.instances.len();
    for (name, given) in [
        ("parameters", record.parameters.len()),
        ("success", record.success.len()),
        ("targets", record.targets.len()),
        ("residuals", record.residuals.len()),
    ] {
        if given != count {
            return Err(FormatError::new(place, format!("{given} {name} for {count} instances")));
        }
    }
    let mut seen = vec![false; record.kind.count()];
    for &instance in &record.instances {
        match seen.get_mut(instance as usize) {
            None => {
                let reason = format!("instance {instance} of {}", record.kind.count());
                return Err(FormatError::new(place, reason));
            }
            Some(seen) if *seen => return Err(FormatError::new(place, format!("instance {instance} twice"))),
            Some(seen) => *seen = true,
        }
    }
    let success = record.success.iter().map(|&success| match success {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(FormatError::new(place.clone(), format!("success is 0 or 1, not {other}"))),
    });
    let outcome = Outcome {
        success: success.collect::<Result<_, _>>()?,
        routine: record.routine,
        knob: record.knob,
        targets: floats(record.targets),
        parameters: record.parameters,
        residuals: floats(record.residuals),
    };
    Ok(Record { kind: record.kind, instances: record.instances, outcome })
}

fn read_write(index: usize, line: &str) -> Result<Write, FormatError> {
    let wrong = || {
        let reason = format!("`{line}` is not `address word enables` with 8, 8 and 1 hexadecimal digits");
        FormatError::new(format!("writes[{index}]"), reason)
    };
    let mut words = line.split(' ');
    let mut next = |digits: usize| {
        let word = words.next().filter(|word| word.len() == digits).ok_or_else(wrong)?;
        let hexadecimal = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(word, 16).ok().filter(|_| hexadecimal).ok_or_else(wrong)
    };
    let (address, value, enables) = (next(8)?, next(8)?, next(1)?);
    if words.next().is_some() || enables == 0 {
        return Err(wrong());
    }
    Ok(Write { address, value, enables: enables as u8 })
}

/// Prints JSON: objects and lists of texts or objects over several lines, lists of numbers on one.
fn print(value: &serde_json::Value, depth: usize, into: &mut String) {
    use serde_json::Value;
    let indent = |depth: usize, into: &mut String| {
        into.push('\n');
        into.extend(std::iter::repeat_n(' ', depth));
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            into.push('{');
            for (place, (key, value)) in entries.iter().enumerate() {
                if place > 0 {
                    into.push(',');
                }
                indent(depth + 1, into);
                into.push_str(&Value::from(key.as_str()).to_string());
                into.push_str(": ");
                print(value, depth + 1, into);
            }
            indent(depth, into);
            into.push('}');
        }
        Value::Array(values) if values.iter().any(|value| value.is_string() || value.is_object()) => {
            into.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    into.push(',');
                }
                indent(depth + 1, into);
                print(value, depth + 1, into);
            }
            indent(depth, into);
            into.push(']');
        }
        other => into.push_str(&other.to_string()),
    }
}

/// Writes a result file: completely or not at all (a temporary file that takes the place of the old one).
///
/// # Errors
/// [`CalibrationError::File`].
pub fn save(result: &CalibrationResult, path: &Path) -> Result<(), CalibrationError> {
    let failed = |error: std::io::Error| file_error(path, error.to_string());
    let name = path.file_name().ok_or_else(|| file_error(path, "no name of a file".into()))?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary: PathBuf = path.with_file_name(temporary);
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        use std::io::Write;
        file.write_all(result.to_json().as_bytes())?;
        file.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&temporary, path));
    if moved.is_err() {
        // The error that matters is the first one.
        let _ = std::fs::remove_file(&temporary);
    }
    moved.map_err(failed)
}

/// Reads a result file.
///
/// # Errors
/// [`CalibrationError::File`]: what is wrong, and where in the file.
pub fn load(path: &Path) -> Result<CalibrationResult, CalibrationError> {
    let text = std::fs::read_to_string(path).map_err(|error| file_error(path, error.to_string()))?;
    CalibrationResult::from_json(&text).map_err(|error| file_error(path, error.to_string()))
}

fn file_error(path: &Path, reason: String) -> CalibrationError {
    CalibrationError::File { path: path.display().to_string(), reason }
}
