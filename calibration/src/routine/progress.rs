//! Who is told how far a calibration has come.

use super::Outcome;
use bss2_base::SimTime;

/// A moment in a calibration.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A part of an entry point begins.
    Stage {
        /// What.
        name: &'a str,
        /// Number of the part, from 0.
        number: usize,
        /// How many parts there are.
        of: usize,
        /// System time on the chip.
        chip_time: SimTime,
    },
    /// A routine begins.
    Begin {
        /// Which.
        routine: &'static str,
        /// Measurements to come, at most.
        measurements: usize,
        /// How many routines it is nested in.
        depth: usize,
    },
    /// A measurement was made.
    Measured {
        /// By which routine.
        routine: &'static str,
        /// How many it has made.
        done: usize,
        /// System time on the chip.
        chip_time: SimTime,
    },
    /// A routine has ended.
    End {
        /// With what.
        outcome: &'a Outcome,
        /// How many routines it is nested in.
        depth: usize,
    },
    /// Something worth knowing that stops nothing.
    Note(&'a str),
}

/// Is told how far a calibration has come.
pub trait Progress {
    /// Called at every step.
    fn step(&mut self, step: Step<'_>);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&mut self, _: Step<'_>) {}
}

impl<F: FnMut(Step<'_>)> Progress for F {
    fn step(&mut self, step: Step<'_>) {
        self(step);
    }
}
