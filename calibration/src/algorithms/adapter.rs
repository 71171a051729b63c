//! The searches as routines see them.

use super::{KnobRange, Problem, Search, SearchError};
use crate::error::{CalibrationError, Result};
use crate::routine::{self, Plant, Range};
use rand::Rng;

impl routine::Algorithm for Search {
    fn measurements(&self, range: Range) -> usize {
        let bits = (32 - (range.len().max(1) as u32 - 1).leading_zeros()) as usize;
        match self {
            Self::Binary => bits + 2,
            Self::NoisyBinary { .. } => bits + 3,
            Self::Linear(linear) => linear.limit + 1,
            Self::Predictive(prediction) => 1 + usize::from(prediction.verify),
            Self::Probabilistic(bisection) => bisection.limit + 1,
            Self::Multiplicative(update) => update.iterations,
        }
    }

    fn search(&self, problem: &mut routine::Problem<'_>, plant: &mut dyn Plant) -> Result<Vec<i32>> {
        let (lower, upper) = (problem.range.lower, problem.range.upper);
        let range = KnobRange::new(lower, upper).map_err(|error| CalibrationError::NotSuccessful {
            routine: "search",
            reason: error.to_string(),
        })?;
        let own = Problem {
            range,
            inverted: problem.inverted,
            target: problem.targets.to_vec(),
            mask: None,
            seed: problem.random.next_u64(),
        };
        let found = self.find(&own, &mut |knobs| plant.measure(knobs))?;
        Ok(found.knobs)
    }
}

impl From<SearchError<CalibrationError>> for CalibrationError {
    fn from(error: SearchError<CalibrationError>) -> Self {
        match error {
            SearchError::Measurement(error) => error,
            SearchError::ExcessiveNoise { amplitude, first_increment } => {
                Self::ExcessiveNoise { amplitude: amplitude as i32, first_step: first_increment as i32 }
            }
            SearchError::WrongCount { results, instances, .. } => {
                Self::Lengths { what: "results", given: results, expected: instances }
            }
            SearchError::WrongShape { what, given, instances } => {
                Self::Lengths { what, given, expected: instances }
            }
            SearchError::BadOption(reason) => {
                Self::NotSuccessful { routine: "search", reason: reason.into() }
            }
        }
    }
}
