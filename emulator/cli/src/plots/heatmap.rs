//! Matrices as colours: weights before and after learning.

use std::ops::Range;

use plotters::element::{BitMapElement, PathElement, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes::{Axis, Frame, tick_text, ticks};
use super::canvas::{Area, PlotError};
use super::style::{AXIS, LABEL, Ramp, TICK, anchored, device, text, upwards};
use super::{Plot, axes};

/// Values in rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Headline of its map.
    pub title: String,
    /// Values of the first row, then of the second, ...
    pub values: Vec<f64>,
    /// Values in a row.
    pub columns: usize,
}

impl Matrix {
    /// A matrix of rows with `columns` values each.
    pub fn new(title: impl Into<String>, values: Vec<f64>, columns: usize) -> Self {
        Self { title: title.into(), values, columns }
    }

    fn rows(&self) -> Result<usize, PlotError> {
        let columns = self.columns.max(1);
        let rows = self.values.len() / columns;
        if rows == 0 || rows * columns != self.values.len() {
            let (expected, found) = (rows.max(1) * columns, self.values.len());
            return Err(PlotError::Length { what: "a matrix", expected, found });
        }
        Ok(rows)
    }
}

/// Matrices side by side with the same axes and one colour bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMaps {
    /// Headline of the figure.
    pub title: String,
    /// What the columns are; the range counts cells.
    pub x: String,
    /// What the rows are; row 0 is at the bottom.
    pub y: String,
    /// The maps, from left to right.
    pub maps: Vec<Matrix>,
    /// What the colours mean, and from where to where; without ends the data decide.
    pub colour: Axis,
    /// The colours.
    pub ramp: Ramp,
}

/// Width of the colour bar with its numbers and label, in points.
const BAR: u32 = 50;

impl Plot for HeatMaps {
    fn size(&self) -> (u32, u32) {
        let title = if self.title.is_empty() { 0 } else { axes::TITLE_HEIGHT };
        (300 * self.maps.len().max(1) as u32 + BAR, 304 + title)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let values = || self.maps.iter().flat_map(|map| &map.values).copied();
        let range = self.colour.resolve(values(), 0.0)?;
        let area = axes::titled(area, &self.title)?;
        let (width, _) = area.dim_in_pixel();
        let bar_width = device(f64::from(BAR));
        let (maps, bar) = area.split_horizontally(width as i32 - bar_width);
        for (map, cell) in self.maps.iter().zip(maps.split_evenly((1, self.maps.len().max(1)))) {
            self.draw_map(map, &range, &cell.margin(0, 0, 0, device(8.0)))?;
        }
        self.draw_bar(&range, &bar)
    }
}

impl HeatMaps {
    fn draw_map(&self, map: &Matrix, range: &Range<f64>, area: &Area<'_>) -> Result<(), PlotError> {
        let rows = map.rows()?;
        let frame = Frame {
            title: "",
            subtitle: &map.title,
            legend: Vec::new(),
            // A tick is in the middle of its cell.
            x: (&self.x, -0.5..map.columns as f64 - 0.5),
            y: (&self.y, -0.5..rows as f64 - 0.5),
            grid: false,
        };
        let chart = frame.draw(area)?;
        let inside = chart.inside();
        let (width, height) = inside.dim_in_pixel();
        let mut rgb = Vec::with_capacity(3 * (width * height) as usize);
        for y in 0..height as usize {
            let row = rows - 1 - y * rows / height as usize;
            for x in 0..width as usize {
                let column = x * map.columns / width as usize;
                let value = map.values[row * map.columns + column];
                let colour = self.ramp.at((value - range.start) / (range.end - range.start));
                rgb.extend([colour.0, colour.1, colour.2]);
            }
        }
        let Some(image) = BitMapElement::with_owned_buffer((0, 0), (width, height), rgb) else {
            return Err(PlotError::Empty("a map without area"));
        };
        inside.draw(&image)?;
        Ok(())
    }

    fn draw_bar(&self, range: &Range<f64>, area: &Area<'_>) -> Result<(), PlotError> {
        let (_, height) = area.dim_in_pixel();
        let (top, bottom) = (device(24.0), height as i32 - device(33.0));
        let (left, width) = (device(4.0), device(11.0));
        if bottom - top < device(30.0) {
            return Err(PlotError::Empty("the figure is too small for its colour bar"));
        }
        let length = (bottom - top) as u32;
        let mut rgb = Vec::new();
        for y in 0..length {
            let colour = self.ramp.at(1.0 - f64::from(y) / f64::from(length - 1));
            for _ in 0..width {
                rgb.extend([colour.0, colour.1, colour.2]);
            }
        }
        if let Some(image) = BitMapElement::with_owned_buffer((left, top), (width as u32, length), rgb) {
            area.draw(&image)?;
        }
        let axis = AXIS.stroke_width(device(1.0) as u32);
        let (numbers, decimals) = ticks(range, 5);
        for tick in numbers {
            let share = (tick - range.start) / (range.end - range.start);
            let y = bottom - (share * f64::from(length)).round() as i32;
            let right = left + width;
            area.draw(&PathElement::new(vec![(right, y), (right + device(3.0), y)], axis))?;
            let style = anchored(&text(TICK), HPos::Left, VPos::Center);
            area.draw(&Text::new(tick_text(tick, decimals), (right + device(5.0), y), style))?;
        }
        let style = anchored(&upwards(text(LABEL)), HPos::Center, VPos::Bottom);
        let place = (device(f64::from(BAR)), (top + bottom) / 2);
        area.draw(&Text::new(self.colour.label.clone(), place, style))?;
        Ok(())
    }
}
