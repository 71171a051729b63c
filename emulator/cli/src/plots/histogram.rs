//! Distributions.

use plotters::element::{PathElement, Rectangle};

use super::axes::{Axis, Frame, Key, Reference, draw_dashed};
use super::canvas::{Area, PlotError};
use super::style::Hue;
use super::{Plot, SINGLE};

/// Values whose distribution is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Its name in the legend.
    pub label: String,
    /// The values; those that are not finite are left out.
    pub values: Vec<f64>,
    /// Its colour.
    pub hue: Hue,
}

/// Histograms over common bins, one above the other: before and after calibration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Headline.
    pub title: String,
    /// The quantity; its range is what the bins divide, values outside are left out.
    pub x: Axis,
    /// What is counted: "neurons".
    pub y: String,
    /// How many bins.
    pub bins: usize,
    /// The distributions, the first below.
    pub distributions: Vec<Distribution>,
    /// Vertical line: a target, the typical value.
    pub target: Option<Reference>,
}

impl Histogram {
    fn count(&self, distribution: &Distribution, start: f64, bin: f64) -> Vec<u32> {
        let mut counts = vec![0u32; self.bins];
        for value in distribution.values.iter().filter(|value| value.is_finite() && **value >= start) {
            let index = ((value - start) / bin) as usize;
            // The upper end of the range belongs to the last bin.
            let on_end = index == self.bins && *value <= start + bin * self.bins as f64;
            if let Some(count) = counts.get_mut(if on_end { index - 1 } else { index }) {
                *count += 1;
            }
        }
        counts
    }
}

impl Plot for Histogram {
    fn size(&self) -> (u32, u32) {
        SINGLE
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        if self.bins == 0 {
            return Err(PlotError::Empty("a histogram without bins"));
        }
        let values = self.distributions.iter().flat_map(|d| d.values.iter().copied());
        let range = self.x.resolve(values.chain(self.target.iter().map(|target| target.value)), 0.0)?;
        let (start, bin) = (range.start, (range.end - range.start) / self.bins as f64);
        let counts: Vec<Vec<u32>> = self.distributions.iter().map(|d| self.count(d, start, bin)).collect();
        let highest = counts.iter().flatten().max().copied().unwrap_or(0).max(1);
        let key = |d: &Distribution| (Key::Patch(d.hue.fill(0.55)), d.label.clone());
        let target = self.target.iter();
        let target = target.map(|target| (Key::Dashed(Hue::Black.line(1.4, 1.0)), target.label.clone()));
        let frame = Frame {
            title: &self.title,
            subtitle: "",
            legend: self.distributions.iter().map(key).chain(target).collect(),
            x: (&self.x.label, range.clone()),
            y: (&self.y, 0.0..1.06 * f64::from(highest)),
            grid: true,
        };
        let chart = frame.draw(area)?;
        for (distribution, counts) in self.distributions.iter().zip(&counts) {
            let edge = |index: usize| start + bin * index as f64;
            let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            chart.draw(bars.map(|(index, count)| {
                let corners = [(edge(index), 0.0), (edge(index + 1), f64::from(*count))];
                Rectangle::new(corners, distribution.hue.fill(0.45))
            }))?;
            let top = |(index, count): (usize, &u32)| {
                [(edge(index), f64::from(*count)), (edge(index + 1), f64::from(*count))]
            };
            let mut outline = vec![(start, 0.0)];
            outline.extend(counts.iter().enumerate().flat_map(top));
            outline.push((range.end, 0.0));
            chart.draw([PathElement::new(outline, distribution.hue.line(1.2, 1.0))])?;
        }
        if let Some(target) = &self.target {
            let top = chart.y_range().end;
            draw_dashed(&chart, vec![(target.value, 0.0), (target.value, top)], Hue::Black.line(1.4, 1.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_end_belongs_to_the_last_bin_and_what_lies_outside_to_none() {
        let histogram = Histogram { bins: 2, ..Histogram::default() };
        let values = vec![-0.1, 0.0, 0.4, 1.0, 1.1, f64::NAN];
        let distribution = Distribution { label: String::new(), values, hue: Hue::Blue };
        assert_eq!(histogram.count(&distribution, 0.0, 0.5), vec![2, 1]);
    }
}
