//! What searches need to know, and what they are asked.

use super::uniform_integer;
use crate::error::Result;
use bss2_base::random::SequentialRng;
use serde::{Deserialize, Serialize};

/// Values of a knob, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Smallest.
    pub lower: i32,
    /// Largest.
    pub upper: i32,
}

impl Range {
    /// All values of an analog cell (calibration 0.2).
    pub const CELL: Self = Self { lower: 0, upper: 1022 };

    /// From a smallest to a largest value.
    pub const fn new(lower: i32, upper: i32) -> Self {
        Self { lower, upper }
    }

    /// The value of the range that is nearest.
    pub fn clip(&self, value: i32) -> i32 {
        value.clamp(self.lower, self.upper)
    }

    /// How many values it has.
    pub const fn len(&self) -> i32 {
        self.upper - self.lower + 1
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.upper < self.lower
    }

    /// Whether a value is at or beyond an end, which is failure (calibration 1.4).
    pub const fn at_boundary(&self, value: i32) -> bool {
        value <= self.lower || value >= self.upper
    }
}

/// What a search is to find.
#[derive(Debug)]
pub struct Problem<'a> {
    /// Range of the knob, the same for all instances.
    pub range: Range,
    /// Whether the observable falls when the knob rises.
    pub inverted: bool,
    /// What the observable shall be, by instance.
    pub targets: &'a [f64],
    /// The only source of randomness.
    pub random: &'a mut SequentialRng,
}

impl Problem<'_> {
    /// An integer in `-amplitude ..= amplitude`.
    pub fn noise(&mut self, amplitude: i32) -> i32 {
        uniform_integer(self.random, -amplitude, amplitude)
    }
}

/// Something that can be asked what comes out at these parameters: a routine on a chip, or a formula in a test.
pub trait Plant {
    /// Sets all parameters, one for each instance, and measures. NaN for an instance that can't be measured.
    ///
    /// # Errors
    /// The measurement failed as a whole.
    fn measure(&mut self, parameters: &[i32]) -> Result<Vec<f64>>;
}

/// A search: finds the parameters at which the observables come nearest to their targets, for all instances in parallel.
pub trait Algorithm {
    /// How many measurements it makes at most; for estimates of the time left.
    fn measurements(&self, range: Range) -> usize;

    /// The parameters it settled on. They need not be the last that were measured.
    ///
    /// # Errors
    /// A measurement failed, or the algorithm does not fit the range.
    fn search(&self, problem: &mut Problem<'_>, plant: &mut dyn Plant) -> Result<Vec<i32>>;
}
