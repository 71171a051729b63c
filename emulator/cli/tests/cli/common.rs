//! Starting the program and reading what it says.

use std::process::{Command, Output};

use serde_json::Value;

pub(crate) fn bss2(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bss2")).args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The exit code and the lines on standard error.
#[track_caller]
pub(crate) fn failure(arguments: &[&str]) -> Vec<String> {
    let output = bss2(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    text(&output.stderr).lines().map(str::to_owned).collect()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
