//! Spike rasters.

use std::ops::Range;

use plotters::element::{PathElement, Rectangle};

use super::Plot;
use super::axes::{Axis, Frame, Key};
use super::canvas::{Area, PlotError};
use super::style::Hue;

/// Spikes of one population.
#[derive(Clone, Debug, PartialEq)]
pub struct Trains {
    /// Its name in the legend; without one it is not listed.
    pub label: String,
    /// Time in the unit of the horizontal axis, and index of the neuron.
    pub spikes: Vec<(f64, usize)>,
    /// Its colour.
    pub hue: Hue,
}

/// A span of time with a background: a stimulus, a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Shade {
    /// From when to when.
    pub span: Range<f64>,
    /// Its name in the legend; without one it is not listed.
    pub label: String,
    /// Its colour.
    pub hue: Hue,
}

/// Every spike as a stroke, one line of the figure for each neuron.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raster {
    /// Headline.
    pub title: String,
    /// Time.
    pub x: Axis,
    /// What the lines are: "neuron".
    pub y: String,
    /// How many lines there are; spikes of others are left out.
    pub neurons: usize,
    /// The spikes.
    pub trains: Vec<Trains>,
    /// Backgrounds.
    pub shades: Vec<Shade>,
}

impl Plot for Raster {
    fn size(&self) -> (u32, u32) {
        (640, (140 + 3 * self.neurons as u32).clamp(220, 460))
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        if self.neurons == 0 {
            return Err(PlotError::Empty("a raster without neurons"));
        }
        let times = || self.trains.iter().flat_map(|train| train.spikes.iter().map(|spike| spike.0));
        let shades = self.shades.iter().filter(|shade| !shade.label.is_empty());
        let shades = shades.map(|shade| (Key::Patch(shade.hue.fill(0.15)), shade.label.clone()));
        let trains = self.trains.iter().filter(|train| !train.label.is_empty());
        let trains = trains.map(|train| (Key::Line(train.hue.line(2.0, 1.0)), train.label.clone()));
        let frame = Frame {
            title: &self.title,
            subtitle: "",
            legend: trains.chain(shades).collect(),
            x: (&self.x.label, self.x.resolve(times(), 0.02)?),
            y: (&self.y, -1.0..self.neurons as f64),
            grid: false,
        };
        let chart = frame.draw(area)?;
        let (x, y) = (chart.x_range(), chart.y_range());
        for shade in &self.shades {
            let (from, to) = (shade.span.start.max(x.start), shade.span.end.min(x.end));
            if from < to {
                chart.draw([Rectangle::new([(from, y.start), (to, y.end)], shade.hue.fill(0.15))])?;
            }
        }
        // A stroke fills most of its line, and is never thinner than it can be seen.
        let half = 0.42;
        let width = if self.neurons > 60 { 0.9 } else { 1.2 };
        for train in &self.trains {
            let visible =
                train.spikes.iter().filter(|(t, n)| x.start <= *t && *t <= x.end && *n < self.neurons);
            chart.draw(visible.map(|&(time, neuron)| {
                let height = neuron as f64;
                PathElement::new(
                    vec![(time, height - half), (time, height + half)],
                    train.hue.line(width, 1.0),
                )
            }))?;
        }
        Ok(())
    }
}
