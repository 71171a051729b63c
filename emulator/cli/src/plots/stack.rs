//! Recordings above each other over one time axis: membranes with their input and output spikes.

use plotters::element::PathElement;

use super::Plot;
use super::axes::{Alignment, Axis, Frame, Key, TITLE_HEIGHT, titled};
use super::canvas::{Area, PlotError};
use super::style::{Hue, device};
use super::xy::XySeries;

/// Moments that are marked by strokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Strokes {
    /// Their name in the legend; without one they are not listed.
    pub label: String,
    /// The moments, in the unit of the horizontal axis.
    pub times: Vec<f64>,
    /// Their colour.
    pub hue: Hue,
}

/// One recording of a stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What it shows, above it: "neuron 17".
    pub label: String,
    /// Vertical axis.
    pub y: Axis,
    /// Lines.
    pub series: Vec<XySeries>,
    /// Strokes above the lines: what came out.
    pub above: Vec<Strokes>,
    /// Strokes below the lines, a row each: what went in.
    pub below: Vec<Strokes>,
    /// Height of the panel in points.
    pub height: u32,
}

/// Share of the vertical range that a row of strokes takes.
const ROW: f64 = 0.09;

impl Panel {
    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.series.iter().flat_map(|series| &series.points)
    }

    /// The frame with room for the strokes.
    fn frame<'f>(&'f self, x: (&'f str, std::ops::Range<f64>)) -> Result<Frame<'f>, PlotError> {
        let lines = self.y.resolve(self.points().map(|point| point.1), 0.04)?;
        let row = ROW * (lines.end - lines.start);
        let low = lines.start - row * self.below.len() as f64;
        let high = lines.end + row * self.above.len() as f64;
        Ok(Frame {
            title: "",
            subtitle: &self.label,
            legend: Vec::new(),
            x,
            y: (&self.y.label, low..high),
            grid: true,
        })
    }

    fn draw(&self, area: &Area<'_>, frame: &Frame<'_>, alignment: Alignment) -> Result<(), PlotError> {
        let chart = frame.draw_aligned(area, alignment)?;
        self.series.iter().try_for_each(|series| series.draw(&chart))?;
        let (x, y) = (chart.x_range(), chart.y_range());
        let row = (y.end - y.start) * ROW / (1.0 + ROW * (self.above.len() + self.below.len()) as f64);
        let above =
            self.above.iter().zip(0..).map(|(strokes, index)| (strokes, y.end - row * f64::from(index)));
        let below =
            self.below.iter().zip(1..).map(|(strokes, index)| (strokes, y.start + row * f64::from(index)));
        for (strokes, top) in above.chain(below) {
            let style = strokes.hue.line(1.2, 1.0);
            let visible = strokes.times.iter().filter(|time| x.contains(time));
            chart.draw(visible.map(|&time| {
                PathElement::new(vec![(time, top - 0.1 * row), (time, top - 0.9 * row)], style)
            }))?;
        }
        Ok(())
    }
}

/// Panels above each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// Headline.
    pub title: String,
    /// The axis that all share.
    pub x: Axis,
    /// The panels from above.
    pub panels: Vec<Panel>,
}

/// Width of a stack in points.
const WIDTH: u32 = 720;
/// Room for the numbers and the label of the horizontal axis, and for the legend, in points.
const FOOT: u32 = 30;
const LEGEND: u32 = 20;

impl Stack {
    /// Names of strokes and lines, each once.
    fn legend(&self) -> Vec<(Key, String)> {
        let mut legend: Vec<(Key, String)> = Vec::new();
        let mut add = |key: Key, label: &str| {
            if !label.is_empty() && legend.iter().all(|(_, known)| known != label) {
                legend.push((key, label.to_owned()));
            }
        };
        for panel in &self.panels {
            panel.series.iter().for_each(|series| add(series.key(), &series.label));
            for strokes in panel.above.iter().chain(&panel.below) {
                add(Key::Stroke(strokes.hue.line(1.2, 1.0)), &strokes.label);
            }
        }
        legend
    }
}

impl Plot for Stack {
    fn size(&self) -> (u32, u32) {
        let panels: u32 = self.panels.iter().map(|panel| panel.height).sum();
        let title = if self.title.is_empty() { 0 } else { TITLE_HEIGHT };
        let legend = if self.legend().is_empty() { 0 } else { LEGEND };
        (WIDTH, panels + FOOT + title + legend)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let last = self.panels.len().checked_sub(1).ok_or(PlotError::Empty("a stack without panels"))?;
        let points = self.panels.iter().flat_map(|panel| panel.points().map(|point| point.0));
        let x = self.x.resolve(points, 0.0)?;
        let area = titled(area, &self.title)?;
        let legend = self.legend();
        let frames: Result<Vec<_>, _> =
            self.panels.iter().map(|panel| panel.frame((&self.x.label, x.clone()))).collect();
        let frames = frames?;
        let natural: u32 = self.panels.iter().map(|panel| panel.height).sum();
        let mut left = 0;
        let height = area.dim_in_pixel().1 as i32 - device(f64::from(FOOT));
        let panel_height = |height: i32, panel: &Panel| {
            (i64::from(height) * i64::from(panel.height) / i64::from(natural.max(1))) as i32
        };
        for (panel, frame) in self.panels.iter().zip(&frames) {
            let (sample, _) = area.split_vertically(panel_height(height, panel));
            left = left.max(frame.left(&sample)?);
        }
        let mut rest = super::axes::legended(&area, &legend, left)?;
        let height = rest.dim_in_pixel().1 as i32 - device(f64::from(FOOT));
        for (index, (panel, frame)) in self.panels.iter().zip(&frames).enumerate() {
            let foot = index == last;
            if foot {
                panel.draw(&rest, frame, Alignment { left, foot })?;
            } else {
                let (own, below) = rest.split_vertically(panel_height(height, panel));
                panel.draw(&own, frame, Alignment { left, foot })?;
                rest = below;
            }
        }
        Ok(())
    }
}
