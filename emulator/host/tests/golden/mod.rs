//! Reading the golden data of `tests/golden/host`.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The records of a file.
pub(crate) fn records(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/host/{name}.jsonl.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("readable golden data")).expect("golden data is JSON"))
        .collect()
}

/// A number written as "0x...".
pub(crate) fn hex(value: &Value) -> u64 {
    let text = value.as_str().expect("a hexadecimal string");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hexadecimal number")
}
