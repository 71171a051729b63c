//! What an experiment is given.

use std::path::{Path, PathBuf};

use crate::artefacts::{ArtefactError, Artefacts, CsvTable};
use crate::cancel::Cancel;
use crate::plots::Plot;
use crate::progress::{Progress, Task};

/// The chip's seed, the threads, the output folder, the progress display and the cancel flag of one run.
///
/// Shared by reference with all threads of an experiment.
#[derive(Debug)]
pub struct Context {
    seed: u64,
    threads: usize,
    artefacts: Artefacts,
    cancel: Cancel,
    progress: Progress,
}

impl Context {
    pub(crate) fn new(
        seed: u64,
        threads: usize,
        artefacts: Artefacts,
        cancel: Cancel,
        progress: Progress,
    ) -> Self {
        Self { seed, threads, artefacts, cancel, progress }
    }

    /// A context for tests and examples: one thread, no progress display, files into `folder`.
    ///
    /// # Errors
    /// [`ArtefactError::Folder`].
    pub fn quiet(seed: u64, folder: impl Into<PathBuf>) -> Result<Self, ArtefactError> {
        Ok(Self::new(seed, 1, Artefacts::in_folder(folder)?, Cancel::new(), Progress::silent()))
    }

    /// Which individual the virtual chip is (`--seed`). An experiment over several chips takes this one and those after it; all
    /// other randomness of the experiment derives from it too.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many threads may work at a time (`--threads`), at least 1. No result depends on it.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whether Ctrl-C was pressed: leave the loop and report what is there.
    pub fn cancelled(&self) -> bool {
        self.cancel.is_set()
    }

    /// The cancel flag itself, to hand on to other layers and threads.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Starts to show a piece of work of `total` steps: `context.task("training", 3000, "epochs")`.
    pub fn task(&self, what: impl Into<String>, total: u64, unit: &'static str) -> Task {
        self.progress.task(what, total, unit)
    }

    /// A line for the user, which is no result: "using the stored calibration of chip 3".
    pub fn note(&self, text: &str) {
        self.progress.note(text);
    }

    /// Starts the table `name.csv` in the output folder; rows reach the disk as they come.
    ///
    /// # Errors
    /// [`ArtefactError::File`].
    pub fn csv(&self, name: &str, header: &[&str]) -> Result<CsvTable, ArtefactError> {
        self.artefacts.csv(name, header)
    }

    /// Draws a figure into `name.png` and `name.svg`.
    ///
    /// # Errors
    /// [`ArtefactError::Plot`], [`ArtefactError::File`].
    pub fn plot(&self, name: &str, plot: &dyn Plot) -> Result<(), ArtefactError> {
        self.artefacts.plot(name, plot)
    }

    /// Writes any other file, `name` with its extension (an animation, a recording).
    ///
    /// # Errors
    /// [`ArtefactError::File`].
    pub fn bytes(&self, name: &str, content: &[u8]) -> Result<(), ArtefactError> {
        self.artefacts.bytes(name, content)
    }

    /// The output folder (`--out`).
    pub fn folder(&self) -> &Path {
        self.artefacts.folder()
    }

    pub(crate) fn artefacts(&self) -> &Artefacts {
        &self.artefacts
    }
}
