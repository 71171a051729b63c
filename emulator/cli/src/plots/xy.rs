//! Points and lines over two axes: STDP curves with their fit, transfer curves, anything of y over x.

use plotters::element::{Circle, PathElement, Polygon};

use super::axes::{Axis, Chart, Frame, Key, Reference, draw_dashed, draw_references};
use super::canvas::{Area, PlotError};
use super::style::{Hue, device};
use super::{Plot, SINGLE};

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line through the points.
    Line,
    /// A thin line through the points: a recording.
    Thin,
    /// A dashed line: a fit, a model.
    Dashed,
    /// Dots alone: measurements.
    Dots,
    /// Open circles alone: what theory expects of measurements.
    Rings,
    /// Dots and a thin line between them.
    DotsAndLine,
    /// Horizontal pieces, each value held until the next point.
    Steps,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct XySeries {
    /// Its name in the legend; without one it is not listed.
    pub label: String,
    /// The points; a point that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// How they are drawn.
    pub mark: Mark,
    /// Their colour.
    pub hue: Hue,
    /// A standard deviation for each point, drawn as a bar through dots and as a band around lines; or none at all.
    pub deviation: Vec<f64>,
}

impl XySeries {
    /// A series without deviations.
    pub fn new(label: impl Into<String>, points: Vec<(f64, f64)>, mark: Mark, hue: Hue) -> Self {
        Self { label: label.into(), points, mark, hue, deviation: Vec::new() }
    }

    /// The same with a standard deviation for each point.
    pub fn with_deviation(mut self, deviation: Vec<f64>) -> Self {
        self.deviation = deviation;
        self
    }

    pub(super) fn key(&self) -> Key {
        match self.mark {
            Mark::Line | Mark::Thin | Mark::Steps => Key::Line(self.hue.line(2.0, 1.0)),
            Mark::Dashed => Key::Dashed(self.hue.line(2.0, 1.0)),
            Mark::Rings => Key::Dot(self.hue.line(1.2, 1.0)),
            Mark::Dots | Mark::DotsAndLine => Key::Dot(self.hue.fill(1.0)),
        }
    }

    pub(super) fn draw(&self, chart: &Chart<'_>) -> Result<(), PlotError> {
        if !self.deviation.is_empty() && self.deviation.len() != self.points.len() {
            let (expected, found) = (self.points.len(), self.deviation.len());
            return Err(PlotError::Length { what: "deviations of a series", expected, found });
        }
        self.draw_deviation(chart)?;
        let dots = if self.points.len() > 400 { 1.8 } else { 3.0 };
        for piece in pieces(&self.points, chart) {
            match self.mark {
                Mark::Line => draw_line(chart, piece, self.hue, 2.0)?,
                Mark::Thin => draw_line(chart, piece, self.hue, 0.9)?,
                Mark::DotsAndLine => draw_line(chart, piece, self.hue, 1.0)?,
                Mark::Dashed => draw_dashed(chart, piece, self.hue.line(2.0, 1.0))?,
                Mark::Steps => {
                    let corners = piece.windows(2).flat_map(|pair| [(pair[1].0, pair[0].1), pair[1]]);
                    let stairs = piece.first().copied().into_iter().chain(corners).collect();
                    draw_line(chart, stairs, self.hue, 2.0)?;
                }
                Mark::Dots | Mark::Rings => {}
            }
        }
        if matches!(self.mark, Mark::Dots | Mark::DotsAndLine) {
            let (x, y) = (chart.x_range(), chart.y_range());
            let inside =
                |p: &&(f64, f64)| (x.start..=x.end).contains(&p.0) && (y.start..=y.end).contains(&p.1);
            let style = self.hue.fill(if self.points.len() > 400 { 0.45 } else { 0.85 });
            let circles =
                self.points.iter().filter(inside).map(|point| Circle::new(*point, device(dots), style));
            chart.draw(circles)?;
        }
        if self.mark == Mark::Rings {
            let (x, y) = (chart.x_range(), chart.y_range());
            let inside =
                |p: &&(f64, f64)| (x.start..=x.end).contains(&p.0) && (y.start..=y.end).contains(&p.1);
            let style = self.hue.line(1.2, 1.0);
            chart.draw(
                self.points.iter().filter(inside).map(|point| Circle::new(*point, device(5.0), style)),
            )?;
        }
        Ok(())
    }

    fn draw_deviation(&self, chart: &Chart<'_>) -> Result<(), PlotError> {
        let ends = |sign: f64| {
            self.points.iter().zip(&self.deviation).map(move |(&(x, y), deviation)| (x, y + sign * deviation))
        };
        let range = chart.y_range();
        let held = |(x, y): (f64, f64)| (x, y.clamp(range.start, range.end));
        let finite = |p: &(f64, f64)| p.0.is_finite() && p.1.is_finite();
        if matches!(self.mark, Mark::Dots | Mark::DotsAndLine) {
            let style = self.hue.line(1.2, 0.8);
            for (low, high) in ends(-1.0).zip(ends(1.0)).filter(|(low, high)| finite(low) && finite(high)) {
                chart.draw([PathElement::new(vec![held(low), held(high)], style)])?;
            }
        } else if !self.deviation.is_empty() {
            let up = ends(1.0).filter(finite).map(held);
            let outline: Vec<_> =
                up.chain(ends(-1.0).filter(finite).map(held).collect::<Vec<_>>().into_iter().rev()).collect();
            chart.draw([Polygon::new(outline, self.hue.fill(0.18))])?;
        }
        Ok(())
    }
}

/// The runs of finite points within the horizontal range; heights are held at the ends of the vertical one.
pub(super) fn pieces(points: &[(f64, f64)], chart: &Chart<'_>) -> Vec<Vec<(f64, f64)>> {
    let (x, y) = (chart.x_range(), chart.y_range());
    let visible = |p: &(f64, f64)| p.0.is_finite() && p.1.is_finite() && x.start <= p.0 && p.0 <= x.end;
    points
        .split(|point| !visible(point))
        .filter(|piece| !piece.is_empty())
        .map(|piece| piece.iter().map(|&(px, py)| (px, py.clamp(y.start, y.end))).collect())
        .collect()
}

/// A line of `width` points.
pub(super) fn draw_line(
    chart: &Chart<'_>,
    points: Vec<(f64, f64)>,
    hue: Hue,
    width: f64,
) -> Result<(), PlotError> {
    chart.draw([PathElement::new(points, hue.line(width, 1.0))])?;
    Ok(())
}

/// Any y over x.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct XyPlot {
    /// Headline.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn, the first below.
    pub series: Vec<XySeries>,
    /// Named levels.
    pub references: Vec<Reference>,
    /// Whether lines through the origin are drawn, as STDP curves want it.
    pub cross: bool,
}

impl Plot for XyPlot {
    fn size(&self) -> (u32, u32) {
        SINGLE
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let heights = self.series.iter().flat_map(|series| {
            let deviation = |index: usize| series.deviation.get(index).copied().unwrap_or(0.0);
            let spread = move |(index, point): (usize, &(f64, f64))| {
                [point.1 - deviation(index), point.1 + deviation(index)]
            };
            series.points.iter().enumerate().flat_map(spread)
        });
        let frame = Frame {
            title: &self.title,
            subtitle: "",
            legend: self
                .series
                .iter()
                .filter(|s| !s.label.is_empty())
                .map(|s| (s.key(), s.label.clone()))
                .collect(),
            x: (&self.x.label, self.x.resolve(points().map(|p| p.0), 0.03)?),
            y: (&self.y.label, self.y.resolve(heights.chain(self.references.iter().map(|r| r.value)), 0.06)?),
            grid: true,
        };
        let chart = frame.draw(area)?;
        if self.cross {
            let (x, y) = (chart.x_range(), chart.y_range());
            let style = Hue::Grey.line(1.0, 1.0);
            if (x.start..=x.end).contains(&0.0) {
                chart.draw([PathElement::new(vec![(0.0, y.start), (0.0, y.end)], style)])?;
            }
            if (y.start..=y.end).contains(&0.0) {
                chart.draw([PathElement::new(vec![(x.start, 0.0), (x.end, 0.0)], style)])?;
            }
        }
        self.series.iter().try_for_each(|series| series.draw(&chart))?;
        draw_references(&chart, &self.references, points().copied())
    }
}
