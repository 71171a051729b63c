//! Learning curves.

use plotters::element::PathElement;

use super::axes::{Axis, Frame, Key, Reference, draw_references};
use super::canvas::{Area, PlotError};
use super::style::Hue;
use super::xy::{draw_line, pieces};
use super::{Plot, SINGLE};

/// Runs of the same kind with different seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name in the legend.
    pub label: String,
    /// For each run its values at the times of [`LearningCurve::steps`]; interrupted runs may be shorter.
    pub runs: Vec<Vec<f64>>,
    /// Its colour.
    pub hue: Hue,
}

impl Group {
    /// A group.
    pub fn new(label: impl Into<String>, runs: Vec<Vec<f64>>, hue: Hue) -> Self {
        Self { label: label.into(), runs, hue }
    }
}

/// A measure over time or epochs: every run as a thin line, the moving average of the mean of each group as a thick one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearningCurve {
    /// Headline.
    pub title: String,
    /// Epochs, iterations, time.
    pub x: Axis,
    /// The measure.
    pub y: Axis,
    /// Where on the horizontal axis the values lie.
    pub steps: Vec<f64>,
    /// What is compared: learning and its controls.
    pub groups: Vec<Group>,
    /// How many neighbouring values the thick line averages; 0 and 1 average nothing.
    pub smoothing: usize,
    /// Named levels: chance, the acceptance bound, a published result.
    pub references: Vec<Reference>,
}

/// The mean over the runs that reach each step; as long as the longest run.
fn mean(runs: &[Vec<f64>]) -> Vec<f64> {
    let length = runs.iter().map(Vec::len).max().unwrap_or(0);
    let at = |index: usize| {
        let values = runs.iter().filter_map(|run| run.get(index)).filter(|value| value.is_finite());
        let (count, sum) = values.fold((0u32, 0.0), |(count, sum), value| (count + 1, sum + value));
        sum / f64::from(count)
    };
    (0..length).map(at).collect()
}

/// The centred mean over `window` values, fewer at the ends.
pub(super) fn moving_average(values: &[f64], window: usize) -> Vec<f64> {
    let half = window.max(1) / 2;
    let at = |index: usize| {
        let slice = &values[index.saturating_sub(half)..(index + half + 1).min(values.len())];
        let finite: Vec<f64> = slice.iter().copied().filter(|value| value.is_finite()).collect();
        finite.iter().sum::<f64>() / finite.len() as f64
    };
    (0..values.len()).map(at).collect()
}

impl Plot for LearningCurve {
    fn size(&self) -> (u32, u32) {
        SINGLE
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let runs = || self.groups.iter().flat_map(|group| &group.runs);
        if let Some(run) = runs().find(|run| run.len() > self.steps.len()) {
            let (expected, found) = (self.steps.len(), run.len());
            return Err(PlotError::Length { what: "a learning curve", expected, found });
        }
        let values = runs().flatten().copied().chain(self.references.iter().map(|r| r.value));
        let key = |group: &Group| (Key::Line(group.hue.line(2.4, 1.0)), group.label.clone());
        let frame = Frame {
            title: &self.title,
            subtitle: "",
            legend: self.groups.iter().map(key).collect(),
            x: (&self.x.label, self.x.resolve(self.steps.iter().copied(), 0.0)?),
            y: (&self.y.label, self.y.resolve(values, 0.06)?),
            grid: true,
        };
        let chart = frame.draw(area)?;
        let points = |values: &[f64]| -> Vec<(f64, f64)> {
            self.steps.iter().copied().zip(values.iter().copied()).collect()
        };
        for group in &self.groups {
            for run in &group.runs {
                for piece in pieces(&points(run), &chart) {
                    chart.draw([PathElement::new(piece, group.hue.line(0.8, 0.35))])?;
                }
            }
        }
        for group in &self.groups {
            for piece in pieces(&points(&moving_average(&mean(&group.runs), self.smoothing)), &chart) {
                draw_line(&chart, piece, group.hue, 2.4)?;
            }
        }
        let data = runs().flat_map(|run| self.steps.iter().copied().zip(run.iter().copied()));
        draw_references(&chart, &self.references, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_average_keeps_a_constant_and_halves_a_step() {
        assert_eq!(moving_average(&[2.0; 5], 3), vec![2.0; 5]);
        assert_eq!(moving_average(&[0.0, 0.0, 3.0, 3.0], 3), vec![0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn the_mean_of_runs_takes_shorter_ones_as_far_as_they_go() {
        assert_eq!(mean(&[vec![1.0, 3.0], vec![3.0]]), vec![2.0, 3.0]);
    }
}
