//! Many traces at once: rates and weights over time.

use plotters::element::{PathElement, Polygon};

use super::axes::{Axis, Frame, Key, Reference, draw_references};
use super::canvas::{Area, PlotError};
use super::style::Hue;
use super::xy::pieces;
use super::{Plot, SINGLE};

/// Traces of one kind, one for each neuron or synapse.
#[derive(Clone, Debug, PartialEq)]
pub struct Traces {
    /// Its name in the legend.
    pub label: String,
    /// For each neuron its values at [`Bundle::times`].
    pub values: Vec<Vec<f64>>,
    /// Its colour.
    pub hue: Hue,
}

/// Traces as median, middle half and middle 90 %, with a few of them drawn singly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// Headline.
    pub title: String,
    /// Time.
    pub x: Axis,
    /// The quantity.
    pub y: Axis,
    /// When the values were taken.
    pub times: Vec<f64>,
    /// The groups, the first below.
    pub groups: Vec<Traces>,
    /// How many traces of each group are drawn singly.
    pub singles: usize,
    /// Named levels: the target rate.
    pub references: Vec<Reference>,
}

/// The value below which the share `share` of the sorted values lies, interpolated.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let lower = place as usize;
    let upper = (lower + 1).min(last);
    sorted[lower] + (place - lower as f64) * (sorted[upper] - sorted[lower])
}

impl Plot for Bundle {
    fn size(&self) -> (u32, u32) {
        SINGLE
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let traces = || self.groups.iter().flat_map(|group| &group.values);
        if let Some(trace) = traces().find(|trace| trace.len() > self.times.len()) {
            let (expected, found) = (self.times.len(), trace.len());
            return Err(PlotError::Length { what: "a trace", expected, found });
        }
        let values = traces().flatten().copied().chain(self.references.iter().map(|r| r.value));
        let mut legend: Vec<_> = self
            .groups
            .iter()
            .map(|group| (Key::Line(group.hue.line(2.2, 1.0)), group.label.clone()))
            .collect();
        if let Some(group) = self.groups.first() {
            legend.push((Key::Patch(group.hue.fill(0.4)), "middle 50 %".to_owned()));
            legend.push((Key::Patch(group.hue.fill(0.16)), "middle 90 %".to_owned()));
        }
        let frame = Frame {
            title: &self.title,
            subtitle: "",
            legend,
            x: (&self.x.label, self.x.resolve(self.times.iter().copied(), 0.0)?),
            y: (&self.y.label, self.y.resolve(values, 0.05)?),
            grid: true,
        };
        let chart = frame.draw(area)?;
        for group in &self.groups {
            let sorted: Vec<Vec<f64>> = (0..self.times.len())
                .map(|index| {
                    let values = group.values.iter().filter_map(|trace| trace.get(index)).copied();
                    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
                    values.sort_by(f64::total_cmp);
                    values
                })
                .collect();
            let line = |share: f64| -> Vec<(f64, f64)> {
                let at = |(time, values): (&f64, &Vec<f64>)| (*time, quantile(values, share));
                self.times.iter().zip(&sorted).map(at).collect()
            };
            for (low, high, opacity) in [(0.05, 0.95, 0.16), (0.25, 0.75, 0.28)] {
                for (lower, upper) in pieces(&line(low), &chart).into_iter().zip(pieces(&line(high), &chart))
                {
                    let outline: Vec<_> = lower.into_iter().chain(upper.into_iter().rev()).collect();
                    chart.draw([Polygon::new(outline, group.hue.fill(opacity))])?;
                }
            }
            for trace in group.values.iter().take(self.singles) {
                let points: Vec<_> = self.times.iter().copied().zip(trace.iter().copied()).collect();
                for piece in pieces(&points, &chart) {
                    chart.draw([PathElement::new(piece, group.hue.line(0.7, 0.55))])?;
                }
            }
            for piece in pieces(&line(0.5), &chart) {
                chart.draw([PathElement::new(piece, group.hue.line(2.2, 1.0))])?;
            }
        }
        let data = traces().flat_map(|trace| self.times.iter().copied().zip(trace.iter().copied()));
        draw_references(&chart, &self.references, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), 2.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.25), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
