//! `bss2 calibrate diff`: what differs between two calibrations.

use std::path::PathBuf;

use bss2_calibration::result;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::json;

use crate::text;
use crate::{Failure, Outcome};

/// Say what differs between two calibrations
///
/// The exit code is 0 if nothing does, else 1.
#[derive(Args, Debug)]
struct Diff {
    /// File with a result of `bss2 calibrate`
    first: PathBuf,
    /// Another one
    second: PathBuf,
}

pub(super) fn command() -> Command {
    Diff::augment_args(Command::new("diff"))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    let arguments = Diff::from_arg_matches(matches)?;
    let load = |path: &PathBuf| result::load(path).map_err(|error| Failure::from_error(&error));
    let found = result::diff(&load(&arguments.first)?, &load(&arguments.second)?);
    if json {
        text::print_json(&json!({
            "header": found.header.iter().map(|(name, _, _)| name).collect::<Vec<_>>(),
            "routines": found.records.iter().map(|record| json!({
                "routine": record.routine, "changed": record.changed, "common": record.common,
                "largest": record.largest, "mean": record.mean,
            })).collect::<Vec<_>>(),
            "words": found.words.len(),
            "board": found.board,
        }));
    } else if found.is_empty() {
        text::print("no difference\n");
    } else {
        text::print(&found.to_string());
    }
    Ok(if found.is_empty() { Outcome::Success } else { Outcome::NotMet })
}
