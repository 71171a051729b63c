//! The frame of every figure: title, legend above the data, two axes with units.

use std::ops::Range;

use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, DashedPathElement, Drawable, PathElement, PointCollection, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, ShapeStyle, WHITE};

use super::canvas::{Area, Backend, PlotError};
use super::style::{AXIS, GRID, Hue, LABEL, TICK, TITLE, anchored, bold, device, text, upwards};

/// One axis: what it shows and from where to where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The quantity with its unit in brackets: "time (ms)".
    pub label: String,
    /// The ends; without them the data decide.
    pub range: Option<Range<f64>>,
}

impl Axis {
    /// An axis that the data scale.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), range: None }
    }

    /// From `low` to `high`.
    pub fn from_to(label: impl Into<String>, low: f64, high: f64) -> Self {
        Self { label: label.into(), range: Some(low..high) }
    }

    /// The range to draw: the one given, or that of the finite `data` with a margin of `margin` times its length.
    pub(super) fn resolve(
        &self,
        data: impl IntoIterator<Item = f64>,
        margin: f64,
    ) -> Result<Range<f64>, PlotError> {
        let range = match &self.range {
            Some(range) => range.clone(),
            None => {
                let (low, high) = data
                    .into_iter()
                    .filter(|value| value.is_finite())
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
                if low > high {
                    return Err(PlotError::Empty("no finite values"));
                }
                let pad = margin * (high - low);
                low - pad..high + pad
            }
        };
        if !(range.start.is_finite() && range.end.is_finite()) {
            return Err(PlotError::Empty("an axis without finite ends"));
        }
        // A single value still needs an axis with a length.
        if range.end > range.start { Ok(range) } else { Ok(range.start - 0.5..range.start + 0.5) }
    }
}

/// A horizontal line with a name: a target, a bound, chance level.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where.
    pub value: f64,
    /// What it says, at the right end of the line.
    pub label: String,
}

impl Reference {
    /// A line at `value`.
    pub fn new(value: f64, label: impl Into<String>) -> Self {
        Self { value, label: label.into() }
    }
}

/// How a legend entry looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Key {
    Line(ShapeStyle),
    Dashed(ShapeStyle),
    Dot(ShapeStyle),
    Patch(ShapeStyle),
    Stroke(ShapeStyle),
}

/// The two axes as plotters knows them.
type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;

/// The room between the axes, in the units of the data.
pub(super) struct Chart<'a> {
    plane: DrawingArea<Backend<'a>, Plane>,
    x: Range<f64>,
    y: Range<f64>,
}

impl<'a> Chart<'a> {
    /// The horizontal axis.
    pub(super) fn x_range(&self) -> Range<f64> {
        self.x.clone()
    }

    /// The vertical axis.
    pub(super) fn y_range(&self) -> Range<f64> {
        self.y.clone()
    }

    /// The same room in device units.
    pub(super) fn inside(&self) -> Area<'a> {
        self.plane.strip_coord_spec()
    }

    /// Draws elements given in the units of the data.
    pub(super) fn draw<E>(&self, elements: impl IntoIterator<Item = E>) -> Result<(), PlotError>
    where
        for<'e> &'e E: PointCollection<'e, (f64, f64)>,
        E: Drawable<Backend<'a>>,
    {
        elements.into_iter().try_for_each(|element| Ok(self.plane.draw(&element)?))
    }
}

/// What the frame shows.
pub(super) struct Frame<'f> {
    /// Headline of the figure.
    pub(super) title: &'f str,
    /// Headline of this part of a figure.
    pub(super) subtitle: &'f str,
    pub(super) legend: Vec<(Key, String)>,
    pub(super) x: (&'f str, Range<f64>),
    pub(super) y: (&'f str, Range<f64>),
    pub(super) grid: bool,
}

/// Round numbers within a range, about `count` of them, and the decimals that they need.
pub(super) fn ticks(range: &Range<f64>, count: usize) -> (Vec<f64>, usize) {
    let length = range.end - range.start;
    let rough = length / count.max(1) as f64;
    let magnitude = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * magnitude).into_iter().find(|s| *s >= rough * 0.999);
    let step = step.unwrap_or(10.0 * magnitude);
    let first = (range.start / step - 1e-9).ceil() as i64;
    let last = (range.end / step + 1e-9).floor() as i64;
    let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
    ((first..=last).map(|index| index as f64 * step).collect(), decimals)
}

/// A tick's number, with a true minus sign.
pub(super) fn tick_text(value: f64, decimals: usize) -> String {
    if value != 0.0 && value.abs() >= 1e6 {
        return format!("{value:.1e}").replace('-', "\u{2212}");
    }
    let text = format!("{value:.decimals$}");
    let zero = text.trim_start_matches('-').bytes().all(|b| b == b'0' || b == b'.');
    let text = if zero { text.trim_start_matches('-').to_owned() } else { text };
    text.replace('-', "\u{2212}")
}

/// Height in points that a title takes.
pub(super) const TITLE_HEIGHT: u32 = 22;

/// Draws a title at the top left and returns what is left below it.
pub(super) fn titled<'a>(area: &Area<'a>, title: &str) -> Result<Area<'a>, PlotError> {
    if title.is_empty() {
        return Ok(area.clone());
    }
    let (head, rest) = area.split_vertically(device(f64::from(TITLE_HEIGHT)));
    let style = anchored(&bold(TITLE), HPos::Left, VPos::Center);
    head.draw(&Text::new(title.to_owned(), (0, device(TITLE * 0.7)), style))?;
    Ok(rest)
}

/// Draws the lesser title of a part of a figure and returns what is left below it.
fn subtitled<'a>(area: &Area<'a>, title: &str, indent: i32) -> Result<Area<'a>, PlotError> {
    if title.is_empty() {
        return Ok(area.clone());
    }
    let (head, rest) = area.split_vertically(device(LABEL * 1.5));
    let style = anchored(&text(LABEL), HPos::Left, VPos::Center);
    head.draw(&Text::new(title.to_owned(), (indent, device(LABEL * 0.8)), style))?;
    Ok(rest)
}

/// Draws legend entries in as many rows as they need and returns what is left below them.
pub(super) fn legended<'a>(
    area: &Area<'a>,
    legend: &[(Key, String)],
    indent: i32,
) -> Result<Area<'a>, PlotError> {
    if legend.is_empty() {
        return Ok(area.clone());
    }
    let style = anchored(&text(TICK), HPos::Left, VPos::Center);
    let width = area.dim_in_pixel().0 as i32;
    let (row, gap) = (device(TICK * 1.5), device(14.0));
    let key_width = |key: &Key| device(if matches!(key, Key::Dot(_) | Key::Stroke(_)) { 8.0 } else { 20.0 });
    let (mut x, mut y) = (indent, row / 2);
    let mut places = Vec::new();
    for (key, label) in legend {
        let key = key_width(key);
        let length = area.estimate_text_size(label, &style)?.0 as i32;
        if x > indent && x + key + length > width {
            (x, y) = (indent, y + row);
        }
        places.push((x, y));
        x += key + device(5.0) + length + gap;
    }
    let (head, rest) = area.split_vertically(y + row / 2 + device(3.0));
    for ((key_style, label), (x, y)) in legend.iter().zip(places) {
        let key = key_width(key_style);
        match *key_style {
            Key::Line(style) => head.draw(&PathElement::new(vec![(x, y), (x + key, y)], style))?,
            Key::Dashed(style) => {
                for part in 0..3 {
                    let from = x + part * key * 2 / 5;
                    head.draw(&PathElement::new(vec![(from, y), (from + key / 5, y)], style))?;
                }
            }
            Key::Stroke(style) => {
                let (middle, half) = (x + key / 2, device(5.0));
                head.draw(&PathElement::new(vec![(middle, y - half), (middle, y + half)], style))?;
            }
            Key::Dot(style) => head.draw(&Circle::new((x + key / 2, y), device(3.2), style))?,
            Key::Patch(style) => {
                let half = device(4.0);
                head.draw(&Rectangle::new([(x + key / 5, y - half), (x + key, y + half)], style))?;
            }
        }
        head.draw(&Text::new(label.clone(), (x + key + device(5.0), y), style.clone()))?;
    }
    Ok(rest)
}

/// What the panels of a stack have in common: where their axes begin, and which of them shows the horizontal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alignment {
    /// Least room left of the vertical axis, in device units.
    pub(super) left: i32,
    /// Whether numbers and label of the horizontal axis are shown.
    pub(super) foot: bool,
}

impl Alignment {
    /// A frame by itself.
    pub(super) const ALONE: Self = Self { left: 0, foot: true };
}

/// Room that the label of an axis takes.
fn label_room(label: &str) -> i32 {
    if label.is_empty() { 0 } else { device(LABEL * 1.35) }
}

const TICK_LENGTH: f64 = 4.0;

impl Frame<'_> {
    /// Ticks of the vertical axis in an area of this height, their decimals, and the room they and the label take.
    fn vertical(&self, area: &Area<'_>) -> Result<(Vec<f64>, usize, i32), PlotError> {
        let height = area.dim_in_pixel().1 as i32;
        let (ticks, decimals) = ticks(&self.y.1, (height / device(42.0)).clamp(2, 8) as usize);
        let mut widest = 0;
        for tick in &ticks {
            widest = widest.max(area.estimate_text_size(&tick_text(*tick, decimals), &text(TICK))?.0 as i32);
        }
        Ok((ticks, decimals, label_room(self.y.0) + widest + device(TICK_LENGTH) + device(5.0)))
    }

    /// Room left of the vertical axis, in device units, if the frame is drawn by itself.
    pub(super) fn left(&self, area: &Area<'_>) -> Result<i32, PlotError> {
        Ok(self.vertical(area)?.2)
    }

    /// Draws title, legend and axes, and returns the chart to draw data on.
    pub(super) fn draw<'a>(&self, area: &Area<'a>) -> Result<Chart<'a>, PlotError> {
        self.draw_aligned(area, Alignment::ALONE)
    }

    /// The same beside others.
    pub(super) fn draw_aligned<'a>(
        &self,
        area: &Area<'a>,
        alignment: Alignment,
    ) -> Result<Chart<'a>, PlotError> {
        let area = titled(area, self.title)?;
        let (x_label, x_range) = (if alignment.foot { self.x.0 } else { "" }, self.x.1.clone());
        let (y_label, y_range) = (self.y.0, self.y.1.clone());
        let tick_style = text(TICK);

        let width = area.dim_in_pixel().0;
        let (y_ticks, y_decimals, left) = self.vertical(&area)?;
        let left = left.max(alignment.left);
        let tick_length = device(TICK_LENGTH);
        let numbers = if alignment.foot { device(TICK) + device(2.0) } else { 0 };
        let bottom = label_room(x_label) + numbers + tick_length;
        let (right, top) = (device(14.0), device(6.0));
        let area = subtitled(&area, self.subtitle, left)?;
        let area = legended(&area, &self.legend, left)?;
        let height_left = area.dim_in_pixel().1 as i32;
        if width as i32 - left - right < device(20.0) || height_left - bottom - top < device(20.0) {
            return Err(PlotError::Empty("the figure is too small for its labels"));
        }

        let inner_width = width as i32 - left - right;
        let inner_height = height_left - bottom - top;
        let (x_ticks, x_decimals) = ticks(&x_range, (inner_width / device(58.0)).clamp(2, 10) as usize);
        let to_x = |value: f64| {
            left + ((value - x_range.start) / (x_range.end - x_range.start) * f64::from(inner_width)).round()
                as i32
        };
        let to_y = |value: f64| {
            let share = (value - y_range.start) / (y_range.end - y_range.start);
            top + inner_height - (share * f64::from(inner_height)).round() as i32
        };

        if self.grid {
            let style = GRID.stroke_width(device(0.8) as u32);
            for tick in &x_ticks {
                let x = to_x(*tick);
                area.draw(&PathElement::new(vec![(x, top), (x, top + inner_height)], style))?;
            }
            for tick in &y_ticks {
                let y = to_y(*tick);
                area.draw(&PathElement::new(vec![(left, y), (left + inner_width, y)], style))?;
            }
        }
        let axis = AXIS.stroke_width(device(1.0) as u32);
        let foot = top + inner_height;
        area.draw(&PathElement::new(vec![(left, top), (left, foot), (left + inner_width, foot)], axis))?;
        for tick in &x_ticks {
            let x = to_x(*tick);
            area.draw(&PathElement::new(vec![(x, foot), (x, foot + tick_length)], axis))?;
            if !alignment.foot {
                continue;
            }
            let style = anchored(&tick_style, HPos::Center, VPos::Top);
            let place = (x, foot + tick_length + device(3.0));
            area.draw(&Text::new(tick_text(*tick, x_decimals), place, style))?;
        }
        for tick in &y_ticks {
            let y = to_y(*tick);
            area.draw(&PathElement::new(vec![(left - tick_length, y), (left, y)], axis))?;
            let style = anchored(&tick_style, HPos::Right, VPos::Center);
            let place = (left - tick_length - device(3.0), y);
            area.draw(&Text::new(tick_text(*tick, y_decimals), place, style))?;
        }
        if !x_label.is_empty() {
            let style = anchored(&text(LABEL), HPos::Center, VPos::Bottom);
            let place = (left + inner_width / 2, height_left);
            area.draw(&Text::new(x_label.to_owned(), place, style))?;
        }
        if !y_label.is_empty() {
            let style = anchored(&upwards(text(LABEL)), HPos::Center, VPos::Top);
            let place = (0, top + inner_height / 2);
            area.draw(&Text::new(y_label.to_owned(), place, style))?;
        }

        let inner = area.shrink((left, top), (inner_width as u32, inner_height as u32));
        let (columns, rows) = inner.get_pixel_range();
        let plane = Plane::new(x_range.clone(), y_range.clone(), (columns, rows.end..rows.start));
        Ok(Chart { plane: inner.apply_coord_spec(plane), x: x_range, y: y_range })
    }
}

/// Draws reference lines, dashed, each with its name above it, at the end where fewer of the `data` would lie below the name.
/// Called last, so that the names stay readable.
pub(super) fn draw_references(
    chart: &Chart<'_>,
    references: &[Reference],
    data: impl Iterator<Item = (f64, f64)> + Clone,
) -> Result<(), PlotError> {
    let (x, y) = (chart.x_range(), chart.y_range());
    let inside = chart.inside();
    let (width, height) = (f64::from(inside.dim_in_pixel().0), f64::from(inside.dim_in_pixel().1));
    let to_device = |(px, py): (f64, f64)| {
        let column = (px - x.start) / (x.end - x.start) * width;
        (column as i32, ((y.end - py) / (y.end - y.start) * height) as i32)
    };
    for reference in references.iter().filter(|reference| (y.start..=y.end).contains(&reference.value)) {
        let points = vec![(x.start, reference.value), (x.end, reference.value)];
        draw_dashed(chart, points, Hue::Grey.line(1.2, 1.0))?;
        let style = anchored(&text(TICK).color(&AXIS), HPos::Left, VPos::Center);
        let length = inside.estimate_text_size(&reference.label, &style)?.0 as i32;
        let half = device(0.55 * TICK);
        let middle = to_device((x.start, reference.value)).1 - device(0.75 * TICK);
        let covered = |left: i32| {
            let below = |(column, row): (i32, i32)| {
                (left..left + length).contains(&column) && (middle - half..middle + half).contains(&row)
            };
            data.clone().map(to_device).filter(|place| below(*place)).count()
        };
        let ends = [width as i32 - length - device(4.0), device(4.0)];
        let left = if covered(ends[1]) < covered(ends[0]) { ends[1] } else { ends[0] };
        let corners = [(left - device(2.0), middle - half), (left + length + device(2.0), middle + half)];
        inside.draw(&Rectangle::new(corners, WHITE.mix(0.75).filled()))?;
        inside.draw(&Text::new(reference.label.clone(), (left, middle), style))?;
    }
    Ok(())
}

/// A dashed line through the points.
pub(super) fn draw_dashed(
    chart: &Chart<'_>,
    points: Vec<(f64, f64)>,
    style: ShapeStyle,
) -> Result<(), PlotError> {
    chart.draw([DashedPathElement::new(points, device(5.0), device(3.5), style)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(ticks(&(0.0..1.0), 5), (vec![0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0], 1));
        assert_eq!(ticks(&(-7.0..23.0), 4).0, vec![0.0, 10.0, 20.0]);
        assert_eq!(ticks(&(0.0..0.05), 5).1, 2);
        assert_eq!(ticks(&(0.0..2000.0), 4), (vec![0.0, 500.0, 1000.0, 1500.0, 2000.0], 0));
    }

    #[test]
    fn ticks_have_a_true_minus_sign_and_no_negative_zero() {
        assert_eq!(tick_text(-0.5, 1), "\u{2212}0.5");
        assert_eq!(tick_text(-1e-17, 1), "0.0");
    }

    #[test]
    fn an_axis_without_finite_data_is_refused() {
        assert!(Axis::new("x").resolve([f64::NAN, f64::INFINITY], 0.0).is_err());
        assert_eq!(Axis::new("x").resolve([3.0, 3.0], 0.1).unwrap(), 2.5..3.5);
    }
}
