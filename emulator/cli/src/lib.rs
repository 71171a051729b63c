//! The command line of the BrainScaleS-2 emulator, and everything that it shows.
//!
//! * [`experiments`]: what an experiment is, and the registry of all of them.
//! * [`plots`]: the figures, one house style, PNG and SVG; the animated game.
//! * `plot`: what the analog circuits do, measured and drawn.
//! * [`hardware`]: the chip of an experiment, in this process or behind the network.
//! * [`progress`], [`cancel`], [`artefacts`]: what long work needs: a bar, Ctrl-C, files.
//!
//! The crate is a library so that experiments, examples and tests can use these parts; the program is [`main`].
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | the work was done; every acceptance bound of an experiment is met; a PPU program returned what was expected of it (0, or the value of `--expect`); a server was ended by Ctrl-C |
//! | 1 | the work was done or interrupted, and a bound is not met, or the experiment was interrupted by Ctrl-C, or a PPU program returned another value or did not end within its time limit, or a playback program timed out or was interrupted |
//! | 2 | the work could not be done: an unusable argument, file or folder, or an error on the way. One line `error: ...` on standard error says what and where |
//! | 130 | Ctrl-C was pressed a second time: the program left at once, unfinished files may remain |
//!
//! With `--json` standard output holds exactly one JSON document: the result, or for code 2
//! `{"error": "...", "hint": "..."}`. `bss2 serve` is the exception: once it listens, each of its events is a document on a line of its own.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod artefacts;
pub mod cancel;
mod commands;
pub mod experiments;
mod failure;
pub mod hardware;
mod plot;
pub mod plots;
pub mod progress;
mod text;

use failure::Failure;

/// How work ended that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Success,
    /// Exit code 1: a bound is not met, a program returned non-zero, or Ctrl-C came first.
    NotMet,
}

/// Runs the command line `arguments` (the first is the program's name) and says with which code to exit.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match commands::execute(&arguments) {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::NotMet) => ExitCode::from(1),
        Err(failure) => {
            failure.print(arguments.iter().any(|argument| argument == "--json"));
            ExitCode::from(2)
        }
    }
}
