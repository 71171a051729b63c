//! `bss2 calibrate report`: what a calibration is worth, from its file.

use std::path::PathBuf;

use bss2_calibration::evaluation;
use bss2_calibration::result::{self, InstanceKind};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::json;

use crate::text;
use crate::{Failure, Outcome};

/// Say what calibrations came to
#[derive(Args, Debug)]
struct Report {
    /// Files with results of `bss2 calibrate`
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn command() -> Command {
    Report::augment_args(Command::new("report"))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    let report = Report::from_arg_matches(matches)?;
    let mut documents = Vec::new();
    let mut pages = String::new();
    for file in &report.files {
        let found = result::load(file).map_err(|error| Failure::from_error(&error))?;
        pages.push_str(&bss2_calibration::report::calibration(&found));
        let mut routines = Vec::new();
        for record in &found.records {
            let outcome = &record.outcome;
            let residuals: Vec<f64> =
                outcome.residuals.iter().copied().filter(|value| value.is_finite()).collect();
            let bias = evaluation::median(&residuals);
            let spread = evaluation::standard_deviation(&residuals);
            let median = outcome.median_parameter();
            routines.push(json!({
                "routine": outcome.routine, "knob": outcome.knob, "instances": outcome.len(),
                "failed": outcome.failures(), "median_code": median, "bias": bias, "spread": spread,
            }));
        }
        let usable = found.usable(InstanceKind::Neuron, None).iter().filter(|usable| **usable).count();
        documents.push(json!({
            "file": file, "header": found.header, "usable_neurons": usable, "routines": routines,
        }));
    }
    match json {
        true => text::print_json(&documents),
        false => text::print(&pages),
    }
    Ok(Outcome::Success)
}
