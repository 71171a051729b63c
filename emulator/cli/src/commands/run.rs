//! `bss2 run <experiment>` and `bss2 run list`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::artefacts::Artefacts;
use crate::cancel::Cancel;
use crate::experiments::{self, Context, Entry, ExperimentError, RunInformation, Summary};
use crate::hardware::Connect;
use crate::progress::Progress;
use crate::text;
use crate::{Failure, Outcome};

/// The options that all experiments have.
#[derive(Args, Debug)]
struct RunOptions {
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder for figures, tables and summary.json [default: out/EXPERIMENT-seedN]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads that may work at a time; no result depends on it [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn command() -> Command {
    let list = Command::new("list").about("List the experiments");
    let run = Command::new("run")
        .about("Repeat a published experiment on a virtual chip")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("EXPERIMENT")
        .subcommand_help_heading("Experiments")
        .subcommand(list);
    experiments::all().into_iter().fold(run, |run, entry| {
        let own = (entry.augment)(Command::new(entry.name).next_help_heading("Options of this experiment"));
        let command = RunOptions::augment_args(own.next_help_heading("Options of all experiments"));
        // Last, because each struct of options brings its own doc comment as a description.
        run.subcommand(
            command.about(entry.about).long_about(None).after_help(format!("Reference: {}", entry.reference)),
        )
    })
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match matches.subcommand() {
        Some(("list", _)) => {
            list(json);
            Ok(Outcome::Success)
        }
        Some((name, matches)) => {
            let entry = experiments::all().into_iter().find(|entry| entry.name == name);
            run(entry.ok_or_else(|| Failure::new(format!("no experiment '{name}'")))?, matches, json)
        }
        None => Err(Failure::new("no experiment given").hint("bss2 run list shows them")),
    }
}

fn list(json: bool) {
    let entries = experiments::all();
    if json {
        let describe =
            |e: &Entry| serde_json::json!({ "name": e.name, "about": e.about, "reference": e.reference });
        text::print_json(&entries.iter().map(describe).collect::<Vec<_>>());
    } else {
        let rows: Vec<Vec<String>> =
            entries.iter().map(|e| [e.name, e.about, e.reference].map(str::to_owned).to_vec()).collect();
        text::print(&text::table(&["experiment", "what it does", "reference"], &rows));
    }
}

fn run(entry: Entry, matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    let options = RunOptions::from_arg_matches(matches)?;
    let folder = options.out.unwrap_or_else(|| format!("out/{}-seed{}", entry.name, options.seed).into());
    let artefacts = Artefacts::in_folder(folder)
        .map_err(|error| Failure::from_error(&error).hint("choose another folder with --out"))?;
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok());
    let cancel = Cancel::on_ctrl_c();
    let progress = if json { Progress::silent() } else { Progress::on_standard_error() };
    let context =
        Context::new(options.seed, threads.map_or(1, usize::from), artefacts, cancel.clone(), progress)
            .with_chip_at(options.connect.place())
            .with_analog(options.connect.analog);

    let started = Instant::now();
    let report = (entry.run)(matches, &context).map_err(|error| match &error {
        ExperimentError::Option { .. } => {
            Failure::from_error(&error).hint(format!("bss2 run {} --help describes it", entry.name))
        }
        _ => Failure::from_error(&error),
    })?;
    let run = RunInformation {
        experiment: entry.name.to_owned(),
        seed: options.seed,
        wall_s: started.elapsed().as_secs_f64(),
        interrupted: cancel.is_set(),
    };
    let summary = Summary { report: &report, run: &run };
    summary.write(context.artefacts()).map_err(|error| Failure::from_error(&error))?;
    if json {
        text::print_json(&summary);
    } else {
        let files = context.artefacts().written();
        let names = files.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
        let names = names.collect::<Vec<_>>().join(" ");
        text::print(&format!("{summary}written to {}: {names}\n", context.folder().display()));
    }
    Ok(if summary.accepted() { Outcome::Success } else { Outcome::NotMet })
}

/// The words for `bss2 run pnog`; `None` if the unknown word does not stand where an experiment should.
pub(super) fn unknown_experiment(error: &clap::Error, arguments: &[OsString]) -> Option<Failure> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let command = arguments.iter().skip(1).find(|argument| !argument.to_string_lossy().starts_with('-'))?;
    if command != "run" {
        return None;
    }
    let similar = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) if !names.is_empty() => {
            format!("did you mean {}? ", names.join(" or "))
        }
        _ => String::new(),
    };
    Some(
        Failure::new(format!("unknown experiment '{word}'"))
            .hint(format!("{similar}bss2 run list shows all")),
    )
}
