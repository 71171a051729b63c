//! Figures in one house style, as PNG (for the web, twice the pixels of the size given) and SVG (for papers).
//!
//! A figure is a struct of data that implements [`Plot`]; several are put side by side by [`Sheet`]. Nothing is read from the system: the font is
//! part of the program, so a figure looks the same everywhere.

mod canvas;

pub use canvas::{Area, PlotError, Rendered};

/// Something that can be drawn.
pub trait Plot {
    /// Width and height in points (an SVG user unit; a PNG has two pixels for each).
    fn size(&self) -> (u32, u32);

    /// Draws into `area`, which may be smaller or larger than [`Self::size`].
    ///
    /// # Errors
    /// [`PlotError`] if there is nothing to draw or the data contradict each other.
    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError>;
}
