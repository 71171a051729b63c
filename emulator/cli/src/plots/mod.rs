//! Figures in one house style, as PNG (for the web, two pixels per point) and SVG (for papers).
//!
//! A figure is a struct of data that implements [`Plot`]; several are put side by side by [`Sheet`]. Nothing is read from the system: the
//! font is part of the program, so a figure looks the same everywhere.
//!
//! | figure | shows |
//! |---|---|
//! | [`LearningCurve`] | a measure over epochs, one thin line per seed and their smoothed mean |
//! | [`HeatMaps`] | matrices side by side with one colour bar: weights before and after learning |
//! | [`Raster`] | spikes of many neurons |
//! | [`XyPlot`] | points, lines, fits: STDP curves, transfer curves |
//! | [`Histogram`] | distributions before and after calibration |
//! | [`Bundle`] | many traces as median and quantiles: rates and weights over time |
//! | [`Stack`] | recordings above each other over one time axis: membranes, spikes, input |
//! | [`ReceptorMaps`] | which points of a plane a neuron listens to |
//! | [`PongStill`], [`pong_animation`] | the game, before and after learning |
//!
//! All of them with made-up data: `cargo run --release -p bss2 --example gallery`.

mod axes;
mod bundle;
mod canvas;
mod glyphs;
mod heatmap;
mod histogram;
mod learning;
mod pong;
mod raster;
mod receptors;
mod sheet;
mod stack;
mod style;
mod xy;

pub use axes::{Axis, Reference};
pub use bundle::{Bundle, Traces};
pub use canvas::{Area, Backend, BackendError, Formats, PlotError, Rendered};
pub use heatmap::{HeatMaps, Matrix};
pub use histogram::{Distribution, Histogram};
pub use learning::{Group, LearningCurve};
pub use pong::{PongSide, PongStill, pong_animation};
pub use raster::{Raster, Shade, Trains};
pub use receptors::{Receptor, ReceptorMap, ReceptorMaps};
pub use sheet::Sheet;
pub use stack::{Panel, Stack, Strokes};
pub use style::{Hue, Ramp};
pub use xy::{Mark, XyPlot, XySeries};

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

/// Width and height in points of a figure with one pair of axes.
const SINGLE: (u32, u32) = (560, 360);

/// A figure of another size than its own: one of several on a page.
pub struct Resized<'p> {
    /// The figure.
    pub plot: &'p dyn Plot,
    /// Width and height in points.
    pub size: (u32, u32),
}

impl Plot for Resized<'_> {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        self.plot.draw(area)
    }
}
