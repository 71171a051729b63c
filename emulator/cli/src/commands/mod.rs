//! The command tree; every command is a file with `command()` (its description) and `execute()` (its work).

mod ppu;
mod run;
mod values;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use tracing_subscriber::EnvFilter;

use crate::text;
use crate::{Failure, Outcome};

const EXIT_CODES: &str = "Exit codes: 0 done and accepted; 1 a bound is not met, the run was interrupted, or the PPU \
                          program returned non-zero; 2 an unusable argument, file or folder, or an error on the way.";

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
                .help("Print one JSON document instead of text"),
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
}

/// Reads the arguments and does what they say.
pub(crate) fn execute(arguments: &[OsString]) -> Result<Outcome, Failure> {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(error, arguments),
    };
    let json = matches.get_flag("json");
    start_log(matches.get_count("verbose"));
    match matches.subcommand() {
        Some(("run", matches)) => run::execute(matches, json),
        Some(("ppu", matches)) => ppu::execute(matches, json),
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

/// Warnings, or more with `-v`, to standard error.
fn start_log(verbose: u8) {
    let level = ["warn", "info", "debug", "trace"][usize::from(verbose.min(3))];
    let filter = EnvFilter::try_from_env("BSS2_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A log that is already there (several runs in one test process) stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_tree_is_consistent() {
        super::command().debug_assert();
    }
}
