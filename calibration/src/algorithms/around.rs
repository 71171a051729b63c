//! Searches near settings that are nearly right already.

use super::Search;
use crate::error::Result;
use crate::routine::{self, Plant, Range};

/// A noisy binary search that goes no further than a few settings from known ones: 8 measurements instead of 13 for a reach of 15.
/// For what is searched again and again while something else changes a little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// Known settings, one for each instance.
    pub centre: Vec<i32>,
    /// How far to go, to both sides; at least 10.
    pub reach: i32,
}

impl Around {
    fn range(&self) -> Range {
        Range::new(-self.reach.max(10), self.reach.max(10))
    }
}

impl routine::Algorithm for Around {
    fn measurements(&self, _: Range) -> usize {
        Search::NOISY.measurements(self.range())
    }

    fn search(&self, problem: &mut routine::Problem<'_>, plant: &mut dyn Plant) -> Result<Vec<i32>> {
        let whole = problem.range;
        let at = |distances: &[i32]| -> Vec<i32> {
            self.centre
                .iter()
                .zip(distances)
                .map(|(centre, distance)| whole.clip(centre + distance))
                .collect()
        };
        let mut near = routine::Problem {
            range: self.range(),
            inverted: problem.inverted,
            targets: problem.targets,
            random: &mut *problem.random,
        };
        let distances = Search::NOISY.search(&mut near, &mut Near { plant, at: &at })?;
        Ok(at(&distances))
    }
}

/// A plant whose parameters are distances from settings.
struct Near<'p> {
    plant: &'p mut dyn Plant,
    at: &'p dyn Fn(&[i32]) -> Vec<i32>,
}

impl Plant for Near<'_> {
    fn measure(&mut self, distances: &[i32]) -> Result<Vec<f64>> {
        self.plant.measure(&(self.at)(distances))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_base::random::{Level, SequentialRng, Stream};

    struct Identity(usize);

    impl Plant for Identity {
        fn measure(&mut self, parameters: &[i32]) -> Result<Vec<f64>> {
            self.0 += 1;
            assert!(parameters.iter().all(|parameter| (0..=1022).contains(parameter)));
            Ok(parameters.iter().map(|&parameter| f64::from(parameter)).collect())
        }
    }

    #[test]
    fn settings_near_known_ones_are_found_in_fewer_measurements() {
        let mut random = SequentialRng::new(Stream::new(1, 2, Level::Noise, 3));
        let centre: Vec<i32> = (0..64).map(|k| 16 * k).collect();
        let targets: Vec<f64> = (0..64).map(|k| f64::from((16 * k + k % 23 - 11).max(0))).collect();
        let mut problem =
            routine::Problem { range: Range::CELL, inverted: false, targets: &targets, random: &mut random };
        let around = Around { centre, reach: 15 };
        let mut plant = Identity(0);
        let found = routine::Algorithm::search(&around, &mut problem, &mut plant).unwrap();
        assert_eq!(found.iter().map(|&code| f64::from(code)).collect::<Vec<_>>(), targets);
        assert_eq!(plant.0, 8);
        assert_eq!(routine::Algorithm::measurements(&around, Range::CELL), 8);
    }
}
