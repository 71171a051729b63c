//! `bss2 calibrate`: brings chips to what a target says, and writes what is needed to do it again.

mod diff;
mod export;
mod network;
mod progress;
mod report;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bss2_calibration::CalibrationError;
use bss2_calibration::cache::Cache;
use bss2_calibration::entry::{self, Setup, Target};
use bss2_calibration::result::{self, CalibrationResult, ChipIdentity, InstanceKind};
use bss2_calibration::routine::Session;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::json;

use crate::cancel::Cancel;
use crate::hardware::{Connect, Hardware, Place};
use crate::progress::Progress;
use crate::text;
use crate::{Failure, Outcome};

/// Calibrate chips: neurons that do what they are told
///
/// Measures and turns until every neuron reaches the target, and writes codes, masks and residuals to a file that brings the
/// same chip back to this state. Ctrl-C stops after what is under way; --resume goes on after the last part that was finished.
#[derive(Args, Debug)]
struct Calibrate {
    /// Seed of the virtual chip: which individual it is. Several chips: 1,2,5 or 1-10
    #[arg(long, value_name = "N", default_value = "1")]
    chip_seed: String,
    /// What to reach: `spiking`, `hagen`, or a file (TOML or JSON; see the book, "Calibrate a chip")
    #[arg(long, value_name = "TARGET", default_value = "spiking")]
    target: String,
    /// File for the result; with several chips its name must contain {seed}
    #[arg(long, short, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// Calibrate only this many neurons, spread over the chip
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=512))]
    neurons: u16,
    /// Seed of the noise on start values
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Go on after the last finished part of an interrupted calibration with the same output, target and chip
    #[arg(long)]
    resume: bool,
    /// Chips that are calibrated at the same time
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "connect")]
    jobs: usize,
    /// Look for the calibration in this folder first, and keep it there
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn command() -> Command {
    Calibrate::augment_args(Command::new("calibrate"))
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .subcommand(report::command())
        .subcommand(diff::command())
        .subcommand(network::command())
        .subcommand(export::command())
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match matches.subcommand() {
        Some(("report", matches)) => report::execute(matches, json),
        Some(("diff", matches)) => diff::execute(matches, json),
        Some(("try", matches)) => network::execute(matches, json),
        Some(("export", matches)) => export::execute(matches),
        _ => Calibrate::from_arg_matches(matches)?.run(json),
    }
}

/// What one chip came to.
enum Chip {
    Done(Box<CalibrationResult>, PathBuf, f64),
    Cancelled(PathBuf),
}

impl Calibrate {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let seeds = seeds(&self.chip_seed).ok_or_else(|| {
            Failure::new(format!("--chip-seed {}: no list of seeds", self.chip_seed))
                .hint("write 3, or 1,2,5, or 1-10")
        })?;
        let target = read_target(&self.target)?;
        let output = self.output.as_deref().unwrap_or(Path::new("calibration.json"));
        if seeds.len() > 1 && !output.to_string_lossy().contains("{seed}") {
            return Err(Failure::new(format!("{}: one file for {} chips", output.display(), seeds.len()))
                .hint("put {seed} into its name"));
        }
        let place = self.connect.place();
        if seeds.len() > 1 && place != Place::Here {
            return Err(
                Failure::new("--connect: there is one chip at the other end").hint("name one --chip-seed")
            );
        }
        let progress = if json { Progress::silent() } else { Progress::on_standard_error() };
        let cancel = Cancel::on_ctrl_c_saying(
            "stopping; finished parts are kept, --resume goes on there (Ctrl-C again leaves at once)",
        );
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(u64, Result<Chip, Failure>)>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, seeds.len()) {
                scope.spawn(|| {
                    while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let chip = self.calibrate(seed, &target, output, &place, &progress, &cancel);
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        done.push((seed, chip));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(seed, _)| *seed);
        finish(done, json)
    }

    fn calibrate(
        &self,
        seed: u64,
        target: &Target,
        output: &Path,
        place: &Place,
        progress: &Progress,
        cancel: &Cancel,
    ) -> Result<Chip, Failure> {
        let begin = Instant::now();
        let output = PathBuf::from(output.to_string_lossy().replace("{seed}", &seed.to_string()));
        let mut checkpoint = output.clone().into_os_string();
        checkpoint.push(".checkpoint");
        let checkpoint = PathBuf::from(checkpoint);
        let neurons = Session::some_neurons(self.neurons.into());
        let mut hardware = Hardware::find(place, seed, &self.connect.analog, &|text| progress.note(text))
            .map_err(|error| Failure::from_error(&error))?;
        let chip = match place {
            Place::Here => {
                let analog = &self.connect.analog;
                let mut model = format!("bss2 {}, {} circuits", env!("CARGO_PKG_VERSION"), analog.name());
                if let Some(variation) = analog.variation() {
                    model += &format!(", {variation}");
                }
                ChipIdentity::emulated(seed, model)
            }
            Place::There { address, .. } => {
                ChipIdentity { identifier: address.to_string(), seed: None, model: None }
            }
        };
        let mut shown = progress::Shown::new(progress, seed, &target.chip_times(neurons.len()));
        let flag = cancel.flag();
        let setup = Setup {
            chip,
            neurons,
            seed: self.seed,
            progress: &mut shown,
            cancel: Some(&flag),
            checkpoint: Some(checkpoint.clone()),
            resume: self.resume,
        };
        let cache = match &self.cache {
            Some(folder) => Cache { directories: vec![folder.clone()], ..Cache::off() },
            None => Cache::off(),
        };
        match entry::calibrate(target, setup, &cache, &mut hardware) {
            Ok(found) => {
                result::save(&found, &output).map_err(|error| Failure::from_error(&error))?;
                Ok(Chip::Done(Box::new(found), output, begin.elapsed().as_secs_f64()))
            }
            Err(CalibrationError::Cancelled) => Ok(Chip::Cancelled(checkpoint)),
            // What the target says is wrong: in which file.
            Err(error @ (CalibrationError::Target { .. } | CalibrationError::Lengths { .. })) => {
                Err(Failure::new(format!("{}: {error}", self.target)))
            }
            Err(error) => Err(Failure::from_error(&error)),
        }
    }
}

/// Says what became of all chips.
fn finish(done: Vec<(u64, Result<Chip, Failure>)>, json: bool) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Success;
    let mut documents = Vec::new();
    for (seed, chip) in done {
        match chip? {
            Chip::Done(result, path, seconds) => {
                let usable = result.usable(InstanceKind::Neuron, None);
                let usable = usable.iter().filter(|usable| **usable).count();
                let treated = treated(&result);
                if json {
                    documents.push(json!({
                        "chip_seed": seed, "file": path, "neurons": treated, "usable": usable, "seconds": seconds,
                    }));
                } else {
                    text::print(&format!(
                        "chip {seed}: {usable} of {treated} neurons usable, {seconds:.1} s; {}\n",
                        path.display()
                    ));
                }
            }
            Chip::Cancelled(checkpoint) => {
                outcome = Outcome::NotMet;
                if json {
                    documents.push(json!({ "chip_seed": seed, "interrupted": true }));
                } else if checkpoint.exists() {
                    text::print(&format!("chip {seed}: interrupted; --resume goes on\n"));
                } else {
                    text::print(&format!("chip {seed}: interrupted before the first part was finished\n"));
                }
            }
        }
    }
    if json {
        text::print_json(&documents);
    }
    Ok(outcome)
}

/// Neurons that at least one routine has treated.
fn treated(result: &CalibrationResult) -> usize {
    let records = result.last_records(InstanceKind::Neuron);
    records.iter().map(|record| record.instances.len()).max().unwrap_or(0)
}

/// `1`, `1,2,5`, `1-10`.
fn seeds(text: &str) -> Option<Vec<u64>> {
    /// More chips than anybody waits for.
    const MOST: u64 = 10_000;
    let mut seeds = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => {
                let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
                if last < first || last - first >= MOST {
                    return None;
                }
                seeds.extend(first..=last);
            }
            None => seeds.push(part.trim().parse().ok()?),
        }
    }
    Some(seeds)
}

/// A named target, or one from a file.
fn read_target(name: &str) -> Result<Target, Failure> {
    match name {
        "spiking" => return Ok(Target::spiking()),
        "hagen" => return Ok(Target::hagen()),
        _ => {}
    }
    let bytes = std::fs::read_to_string(name).map_err(|error| {
        Failure::new(format!("--target {name}: {error}")).hint("a target is `spiking`, `hagen` or a file")
    })?;
    let parsed = if Path::new(name).extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&bytes).map_err(|error| error.to_string())
    } else {
        toml::from_str(&bytes).map_err(|error| error.to_string())
    };
    parsed.map_err(|error| Failure::new(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_numbers_lists_and_ranges() {
        assert_eq!(seeds("3"), Some(vec![3]));
        assert_eq!(seeds("1,2, 5-7"), Some(vec![1, 2, 5, 6, 7]));
        for wrong in ["", "x", "1-", "5-3", "1,,2", "0-99999999999"] {
            assert_eq!(seeds(wrong), None, "{wrong}");
        }
    }
}
