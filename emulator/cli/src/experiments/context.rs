//! What an experiment is given.

use std::path::{Path, PathBuf};

use crate::artefacts::{ArtefactError, Artefacts, CsvTable};
use crate::cancel::Cancel;
use crate::experiments::ExperimentError;
use crate::hardware::{Analog, Hardware, Place};
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
    place: Place,
    analog: Analog,
}

impl Context {
    pub(crate) fn new(
        seed: u64,
        threads: usize,
        artefacts: Artefacts,
        cancel: Cancel,
        progress: Progress,
    ) -> Self {
        Self { seed, threads, artefacts, cancel, progress, place: Place::Here, analog: Analog::default() }
    }

    /// With the chip somewhere else (`--connect`); one at a time then.
    pub(crate) fn with_chip_at(self, place: Place) -> Self {
        let threads = if place == Place::Here { self.threads } else { 1 };
        Self { place, threads, ..self }
    }

    /// With these analog circuits (`--analog`), if the chip is here.
    pub(crate) fn with_analog(self, analog: Analog) -> Self {
        Self { analog, ..self }
    }

    /// The chip of the experiment as it is after power-up, behind an FPGA: in this process, or where `--connect` says. Asking
    /// again gives another one of the same seed; over the network the one before has to be dropped by then.
    ///
    /// # Errors
    /// [`ExperimentError::Option`] if the chip at the other end is another individual, [`ExperimentError::Layer`] if nobody
    /// answers.
    pub fn chip(&self) -> Result<Hardware, ExperimentError> {
        self.chip_of(self.seed)
    }

    /// [`Self::chip`], but the individual `seed`.
    pub(super) fn chip_of(&self, seed: u64) -> Result<Hardware, ExperimentError> {
        Hardware::find(&self.place, seed, &self.analog, &|text| self.note(text))
    }

    /// Whether chips are in this process: as many as wanted, of any seed, that can be copied.
    pub(super) fn has_chip_here(&self) -> bool {
        self.place == Place::Here
    }

    /// Insists on a chip in this process, for `reason`.
    ///
    /// # Errors
    /// [`ExperimentError::Option`] if `--connect` says otherwise.
    pub fn need_chip_here(&self, reason: &str) -> Result<(), ExperimentError> {
        match self.place {
            Place::Here => Ok(()),
            _ => Err(ExperimentError::Option { option: "connect", reason: reason.into() }),
        }
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
