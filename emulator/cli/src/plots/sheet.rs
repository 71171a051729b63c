//! Several figures on one page.

use super::canvas::{Area, PlotError};
use super::style::device;
use super::{Plot, axes};

/// Rows of figures, each row as high as its highest figure, all in the proportions of their own sizes.
pub struct Sheet<'p> {
    title: String,
    rows: Vec<Vec<&'p dyn Plot>>,
}

impl<'p> Sheet<'p> {
    /// An empty page; an empty `title` takes no room.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Appends a row.
    pub fn row(mut self, plots: impl IntoIterator<Item = &'p dyn Plot>) -> Self {
        self.rows.push(plots.into_iter().collect());
        self
    }

    fn row_size(row: &[&dyn Plot]) -> (u32, u32) {
        row.iter().map(|plot| plot.size()).fold((0, 0), |(w, h), size| (w + size.0, h.max(size.1)))
    }
}

impl Plot for Sheet<'_> {
    fn size(&self) -> (u32, u32) {
        let sizes = self.rows.iter().map(|row| Self::row_size(row));
        let (width, height) = sizes.fold((0, 0), |(w, h), size| (w.max(size.0), h + size.1));
        let title = if self.title.is_empty() { 0 } else { axes::TITLE_HEIGHT };
        (width, height + title)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        let mut rest = axes::titled(area, &self.title)?;
        let (width, height) = rest.dim_in_pixel();
        let natural: u32 = self.rows.iter().map(|row| Self::row_size(row).1).sum();
        if natural == 0 {
            return Err(PlotError::Empty("a page without figures"));
        }
        let natural_width = self.rows.iter().map(|row| Self::row_size(row).0).max().unwrap_or(1);
        for row in &self.rows {
            let height = height * Self::row_size(row).1 / natural;
            let (mut strip, below) = rest.split_vertically(height as i32);
            for plot in row {
                let (cell, right) = strip.split_horizontally((width * plot.size().0 / natural_width) as i32);
                plot.draw(&cell.margin(device(4.0), device(6.0), 0, device(8.0)))?;
                strip = right;
            }
            rest = below;
        }
        Ok(())
    }
}
