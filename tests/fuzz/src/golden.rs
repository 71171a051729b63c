//! Golden records.

use bss2_tests::golden::formats;
use serde_json::Value;

/// Checks every line that is JSON against every format that takes it for its own.
pub fn check(data: &[u8]) {
    let formats = formats();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { continue };
        for format in formats.iter().filter(|format| format.recognises(&record)) {
            // A difference or a bad record; both are answers.
            let _ = format.check(&record);
        }
    }
}
