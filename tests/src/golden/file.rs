//! Finding and reading golden files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::GoldenError;

/// The two bytes every gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// All `.jsonl` and `.jsonl.gz` files in a folder and below, sorted; a file is itself.
pub fn find_files(path: &Path) -> Result<Vec<PathBuf>, GoldenError> {
    let io = |source| GoldenError::Io { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .map_err(io)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(io)?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.to_string_lossy().into_owned();
        if entry.is_dir() || name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
            files.extend(find_files(&entry)?);
        }
    }
    Ok(files)
}

/// The records of a file with their line numbers, from 1. Compression is recognised by content.
pub fn read_records(path: &Path) -> Result<Vec<(usize, Value)>, GoldenError> {
    let io = |source| GoldenError::Io { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(io)?;
    let mut text = String::new();
    if bytes.starts_with(&GZIP) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(io)?;
    } else {
        bytes.as_slice().read_to_string(&mut text).map_err(io)?;
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            let record = serde_json::from_str(line).map_err(|source| GoldenError::Json {
                path: path.to_owned(),
                line: n + 1,
                source,
            })?;
            Ok((n + 1, record))
        })
        .collect()
}
