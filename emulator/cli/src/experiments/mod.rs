//! Experiments: published work on the chip, repeated on a virtual one.
//!
//! # How to add one
//!
//! An experiment is a struct of its options that derives [`clap::Args`], and an implementation of [`Experiment`]:
//!
//! ```
//! use bss2::experiments::{Context, Experiment, ExperimentError, Report};
//!
//! /// What the options change is said in their doc comments; they appear in `bss2 run coin --help`.
//! #[derive(clap::Args)]
//! struct Coin {
//!     /// How often the coin is thrown.
//!     #[arg(long, default_value_t = 100, value_name = "N")]
//!     throws: u64,
//! }
//!
//! impl Experiment for Coin {
//!     const NAME: &'static str = "coin";
//!     const ABOUT: &'static str = "Throws a coin";
//!     const REFERENCE: &'static str = "an example";
//!
//!     fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
//!         let mut table = context.csv("throws", &["throw", "heads"])?;
//!         let task = context.task("throwing", self.throws, "throws");
//!         let (mut heads, mut thrown) = (0u64, 0u64);
//!         while thrown < self.throws && !context.cancelled() {
//!             heads += (context.seed() ^ thrown) % 2;
//!             thrown += 1;
//!             table.row(&[thrown, heads])?;
//!             task.advance(1);
//!         }
//!         let mut report = Report::new();
//!         report.figure("throws", thrown);
//!         report.figure("share_of_heads", heads as f64 / thrown.max(1) as f64).within(0.4, 0.6);
//!         Ok(report)
//!     }
//! }
//!
//! let folder = tempfile::tempdir().unwrap();
//! let report = Coin { throws: 100 }.run(&Context::quiet(1, folder.path()).unwrap()).unwrap();
//! assert!(report.accepted());
//! ```
//!
//! and one line in [`all`]. The runner does the rest: options, help, progress, Ctrl-C, `summary.json`, `figures.csv`, the table on
//! the terminal, the exit code.

mod attenuation;
mod compartments;
mod context;
pub mod game;
mod homeostasis;
mod inference;
mod origin;
mod parallel;
mod pong;
mod pong_baselines;
pub mod ppu_session;
mod report;
pub(crate) mod statistics;
pub(crate) mod stdp;
mod structural;

pub use context::Context;
pub use report::{Bound, Certainty, Figure, Report, RunInformation, Summary, Value};

use std::error::Error;

use crate::artefacts::ArtefactError;

/// A published experiment that runs on a virtual chip.
///
/// Its fields are its own options: derive [`clap::Args`] for it. The options that all have (`--seed`, `--out`, `--threads`,
/// `--json`) reach it by the [`Context`].
pub trait Experiment: clap::Args {
    /// What follows `bss2 run`: lower case, words joined by `-`.
    const NAME: &'static str;
    /// One line for `bss2 run list`.
    const ABOUT: &'static str;
    /// Its place in the catalogue and its source: "experiments E02; BrainScaleS-2 demo ts_07".
    const REFERENCE: &'static str;

    /// Does the work.
    ///
    /// Everything long polls [`Context::cancelled`], leaves its loop when that is set, and reports what it has; the runner writes
    /// down that the run was interrupted.
    ///
    /// # Errors
    /// [`ExperimentError`] if it cannot be done. A figure outside its bound is no error but a result.
    fn run(&self, context: &Context) -> Result<Report, ExperimentError>;
}

/// Why an experiment could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// An option has an unusable value.
    #[error("option --{option}: {reason}")]
    Option {
        /// Its name, without dashes.
        option: &'static str,
        /// What is wrong with the value.
        reason: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
    /// A layer below (chip, host, firmware, calibration) refused. Made by [`During::during`].
    #[error("{activity}: {source}")]
    Layer {
        /// What was being done: "loading the plasticity program".
        activity: String,
        /// What the layer said.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Gives the errors of lower layers the place where they happened.
pub trait During<T> {
    /// Turns the error of a layer into an [`ExperimentError`] that says what was being done.
    ///
    /// # Errors
    /// [`ExperimentError::Layer`] in place of the layer's error.
    fn during(self, activity: impl Into<String>) -> Result<T, ExperimentError>;
}

impl<T, E: Error + Send + Sync + 'static> During<T> for Result<T, E> {
    fn during(self, activity: impl Into<String>) -> Result<T, ExperimentError> {
        self.map_err(|source| ExperimentError::Layer { activity: activity.into(), source: Box::new(source) })
    }
}

/// An experiment in the registry: its description, its options, how to run it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What follows `bss2 run`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Place in the catalogue and source.
    pub reference: &'static str,
    /// Adds the experiment's own options to its command.
    pub(crate) augment: fn(clap::Command) -> clap::Command,
    /// Reads the options and does the work.
    pub(crate) run: fn(&clap::ArgMatches, &Context) -> Result<Report, ExperimentError>,
}

impl Entry {
    fn of<E: Experiment>() -> Self {
        Self {
            name: E::NAME,
            about: E::ABOUT,
            reference: E::REFERENCE,
            augment: E::augment_args,
            run: |matches, context| {
                let experiment = E::from_arg_matches(matches).during("reading the options")?;
                experiment.run(context)
            },
        }
    }
}

/// All experiments, in the order in which `bss2 run list` shows them.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<pong::Pong>(),
        Entry::of::<homeostasis::Homeostasis>(),
        Entry::of::<stdp::Stdp>(),
        Entry::of::<structural::Structural>(),
        Entry::of::<attenuation::Attenuation>(),
        Entry::of::<inference::Inference>(),
        Entry::of::<pong_baselines::PongBaselines>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_written_with_dashes() {
        let mut names: Vec<&str> = all().iter().map(|entry| entry.name).collect();
        for name in &names {
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
        }
        assert!(!names.contains(&"list") && !names.contains(&"help"));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
