//! Steps of a fixed size toward the target (calibration 1.5.3).

use super::{Counted, SearchError, same_shape};
use serde::{Deserialize, Serialize};

/// Moves every instance by `step` toward its target until the sign of the deviation flips, an end of the range is passed, or
/// `limit` steps are done; the better of the last two settings wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinearSearch {
    /// Settings per step.
    pub step: u32,
    /// Largest number of steps.
    pub limit: usize,
    /// Where to begin, one setting for each instance; `None`: in the middle of the range.
    pub start: Option<Vec<i32>>,
}

impl Default for LinearSearch {
    fn default() -> Self {
        Self { step: 1, limit: 50, start: None }
    }
}

impl LinearSearch {
    pub(super) fn run<E>(&self, bench: &mut Counted<'_, '_, E>) -> Result<Vec<(i32, f64)>, SearchError<E>> {
        let problem = bench.problem;
        let range = problem.range;
        if self.step == 0 || self.step > 1 << 24 {
            return Err(SearchError::BadOption("a linear search needs a step of 1 to 2^24"));
        }
        let mut knobs = match &self.start {
            Some(start) => {
                same_shape("start values", start.len(), problem)?;
                start.iter().map(|&knob| range.clip(knob)).collect()
            }
            None => vec![range.middle(); problem.instances()],
        };
        let mut results = bench.measure(&knobs)?;
        let mut moving: Vec<i32> = (0..problem.instances())
            .map(|i| if problem.selected(i) { problem.direction(i, results[i]) } else { 0 })
            .collect();
        for _ in 0..self.limit {
            for (instance, direction) in moving.iter_mut().enumerate() {
                if range.clip(knobs[instance] + *direction) == knobs[instance] {
                    *direction = 0;
                }
            }
            if moving.iter().all(|&direction| direction == 0) {
                break;
            }
            let next: Vec<i32> = knobs
                .iter()
                .zip(&moving)
                .map(|(knob, direction)| range.clip(knob + direction * self.step as i32))
                .collect();
            let measured = bench.measure(&next)?;
            for instance in (0..problem.instances()).filter(|&i| problem.selected(i)) {
                if moving[instance] == 0 {
                    continue;
                }
                let direction = problem.direction(instance, measured[instance]);
                let flipped = direction != moving[instance];
                let better = problem.deviation(instance, measured[instance])
                    < problem.deviation(instance, results[instance]);
                if flipped {
                    moving[instance] = 0;
                }
                if !flipped || better {
                    knobs[instance] = next[instance];
                    results[instance] = measured[instance];
                }
            }
        }
        Ok(knobs.into_iter().zip(results).collect())
    }
}
