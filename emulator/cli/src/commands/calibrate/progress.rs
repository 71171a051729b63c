//! What a calibration shows while it runs: one bar for each chip, in chip time.

use bss2_base::SimTime;
use bss2_calibration::routine::Step;

use crate::progress::{Progress, Task};

/// The bar of a chip.
pub(super) struct Shown<'p> {
    progress: &'p Progress,
    seed: u64,
    task: Task,
    /// Milliseconds on the chip that the parts take, about.
    parts: Vec<u64>,
    part: usize,
    begin: SimTime,
    shown: u64,
    measurements: usize,
    stage: String,
    routine: &'static str,
}

fn milliseconds(time: SimTime) -> u64 {
    time.as_ps() / SimTime::from_ms(1).as_ps()
}

impl<'p> Shown<'p> {
    pub(super) fn new(progress: &'p Progress, seed: u64, chip_times: &[SimTime]) -> Self {
        let parts: Vec<u64> = chip_times.iter().map(|&time| milliseconds(time)).collect();
        let task = progress.task(format!("chip {seed}"), parts.iter().sum(), "ms of chip time");
        Self {
            progress,
            seed,
            task,
            parts,
            part: 0,
            begin: SimTime::ZERO,
            shown: 0,
            measurements: 0,
            stage: String::new(),
            routine: "",
        }
    }

    /// Moves the bar to a time within the current part, never backward and never beyond the part.
    fn move_to(&mut self, within: u64) {
        let before: u64 = self.parts.iter().take(self.part).sum();
        let part = self.parts.get(self.part).copied().unwrap_or(0);
        let position = before + within.min(part);
        self.task.advance(position.saturating_sub(self.shown));
        self.shown = self.shown.max(position);
    }
}

impl bss2_calibration::Progress for Shown<'_> {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Stage { name, number, chip_time, .. } => {
                (self.part, self.begin) = (number, chip_time);
                name.clone_into(&mut self.stage);
                self.task.message(name);
                self.move_to(0);
            }
            Step::Begin { routine, measurements, depth: 0 } => {
                (self.routine, self.measurements) = (routine, measurements);
                self.task.message(routine);
            }
            Step::Begin { .. } | Step::End { .. } => {}
            Step::Measured { routine, done, chip_time } => {
                if routine == self.routine {
                    self.task.message(format!("{routine} {done}/{}", self.measurements));
                }
                self.move_to(milliseconds(chip_time.saturating_sub(self.begin)));
            }
            Step::Note(text) => self.progress.note(&format!("chip {}: {text}", self.seed)),
        }
    }
}
