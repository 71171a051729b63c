//! The command tree; every command is a file with `command()` (its description) and `execute()` (its work).

mod calibrate;
mod inspect;
mod play;
mod power_up;
mod ppu;
mod run;
mod serve;
mod snapshot_file;
mod values;

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::{Failure, Outcome, plot, text};

const EXIT_CODES: &str = "Exit codes: 0 done and accepted; 1 a bound is not met, the run was interrupted, or the PPU \
                          program did not return what was expected (0 or --expect) in time, or a playback program timed out; 2 an unusable argument, file or folder, or an error on the way.";

fn command() -> Command {
    Command::new("bss2")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A software twin of the neuromorphic chip BrainScaleS-2")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("json")
                .long("json")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Print one JSON document instead of text (serve: one for each event, a line each)"),
        )
        .arg(
            Arg::new("verbose")
                .long("verbose")
                .short('v')
                .global(true)
                .action(ArgAction::Count)
                .help("Log more (-v information, -vv details); the variable BSS2_LOG sets a filter"),
        )
        .subcommand(run::command())
        .subcommand(ppu::command())
        .subcommand(inspect::command())
        .subcommand(plot::command())
        .subcommand(serve::command())
        .subcommand(calibrate::command())
        .subcommand(play::command())
        .subcommand(play::convert::command())
}

/// Reads the arguments and does what they say.
pub(crate) fn execute(arguments: &[OsString]) -> Result<Outcome, Failure> {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(error, arguments),
    };
    let json = matches.get_flag("json");
    let serves = matches.subcommand_name() == Some("serve");
    start_log(matches.get_count("verbose"), serves, json);
    match matches.subcommand() {
        Some(("run", matches)) => run::execute(matches, json),
        Some(("ppu", matches)) => ppu::execute(matches, json),
        Some(("inspect", matches)) => inspect::execute(matches, json),
        Some(("plot", matches)) => plot::execute(matches, json),
        Some(("serve", matches)) => serve::execute(matches, json),
        Some(("calibrate", matches)) => calibrate::execute(matches, json),
        Some(("play", matches)) => play::execute(matches, json),
        Some(("convert", matches)) => play::convert::execute(matches),
        _ => Err(Failure::new("no command given").hint("bss2 --help lists them")),
    }
}

/// Help and version are no failures; a misspelt experiment deserves its own words.
fn explain(error: clap::Error, arguments: &[OsString]) -> Result<Outcome, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            text::print(&error.render().to_string());
            Ok(Outcome::Success)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{}", error.render());
            Err(Failure::new("no command given").hint("see above"))
        }
        ErrorKind::InvalidSubcommand => {
            Err(run::unknown_experiment(&error, arguments).unwrap_or_else(|| error.into()))
        }
        _ => Err(error.into()),
    }
}

/// Warnings, or more with `-v`, to standard error. A server also says who connects, with `--json` as lines of JSON.
fn start_log(verbose: u8, serves: bool, json: bool) {
    let level = match ["warn", "info", "debug", "trace"][usize::from(verbose.min(3))] {
        "warn" if serves => "warn,bss2_host=info",
        // Which bits are stored without effect is for those who ask; the coverage page of the book lists them all.
        "warn" => "warn,registers=error",
        level => level,
    };
    let filter = EnvFilter::try_from_env("BSS2_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let registry = tracing_subscriber::registry().with(filter);
    // A log that is already there (several runs in one test process) stays.
    let _ = match serves && json {
        true => registry.with(serve::JsonLog).try_init(),
        false => {
            let lines = tracing_subscriber::fmt::layer().without_time().with_writer(std::io::stderr);
            registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_tree_is_consistent() {
        super::command().debug_assert();
    }
}
