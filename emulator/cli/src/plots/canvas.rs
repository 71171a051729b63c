//! What figures are drawn on: one drawing, two files.
//!
//! Drawing happens in device units, [`DEVICE`] to the point. The bitmap is reduced to two pixels per point, which smooths every edge; the SVG keeps
//! its size in points and gains the precision.

use std::fmt::{self, Write};

use base64::Engine;
use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle, FontTransform,
};

use super::Plot;
use super::glyphs::{self, Line};

/// Device units per point.
pub(super) const DEVICE: u32 = 4;
/// Device units per pixel of the PNG, in each direction.
const REDUCTION: usize = 2;
/// Largest size of a figure in points; 4096 x 4096 points take 800 MB while drawn.
const LARGEST: u32 = 4096;
/// White border of a figure in points.
const MARGIN: u32 = 6;
/// How the font is called, here and in SVG files, where readers without it take the next.
pub(super) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

/// A rectangle of a figure to draw on.
pub type Area<'a> = DrawingArea<Backend<'a>, Shift>;

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There are no finite data to draw.
    #[error("nothing to draw: {0}")]
    Empty(&'static str),
    /// Two parts of the data have different lengths.
    #[error("{what}: {found} values where {expected} belong")]
    Length {
        /// Which part.
        what: &'static str,
        /// Values it should have.
        expected: usize,
        /// Values it has.
        found: usize,
    },
    /// The figure has no area or is larger than 4096 points.
    #[error("a figure of {0} x {1} points")]
    Size(u32, u32),
    /// The plotting library refused.
    #[error("{0}")]
    Drawing(String),
    /// An image could not be encoded.
    #[error("encoding the image: {0}")]
    Encoding(String),
}

impl From<png::EncodingError> for PlotError {
    fn from(error: png::EncodingError) -> Self {
        Self::Encoding(error.to_string())
    }
}

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for PlotError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing(error.to_string())
    }
}

/// Which files a figure becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Formats {
    /// A PNG file, two pixels per point: for the web.
    Png,
    /// An SVG file: for papers.
    Svg,
    /// One of each.
    #[default]
    Both,
}

/// A drawn figure.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The PNG file, two pixels per point, if it was asked for.
    pub png: Option<Vec<u8>>,
    /// The SVG file, if it was asked for.
    pub svg: Option<String>,
}

impl Rendered {
    /// Draws a figure.
    ///
    /// # Errors
    /// [`PlotError`] of the figure itself, or [`PlotError::Size`].
    pub fn of(plot: &dyn Plot, formats: Formats) -> Result<Self, PlotError> {
        let size = plot.size();
        let size = (size.0.saturating_add(2 * MARGIN), size.1.saturating_add(2 * MARGIN));
        let draw = |area: &Area<'_>| {
            let margin = MARGIN * DEVICE;
            plot.draw(&area.margin(margin, margin, margin, margin))
        };
        let png = match formats {
            Formats::Svg => None,
            _ => Some(Pixels::of::<REDUCTION>(size, draw)?.png()?),
        };
        let svg = match formats {
            Formats::Png => None,
            _ => Some(svg(size, draw)?),
        };
        Ok(Self { png, svg })
    }
}

/// A picture of 8-bit red, green, blue, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgb: Vec<u8>,
}

impl Pixels {
    /// Draws on white, [`DEVICE`] pixels per point, and makes every `FACTOR` x `FACTOR` of them one.
    pub(super) fn of<const FACTOR: usize>(
        (width, height): (u32, u32),
        draw: impl FnOnce(&Area<'_>) -> Result<(), PlotError>,
    ) -> Result<Self, PlotError> {
        if width == 0 || height == 0 || width > LARGEST || height > LARGEST {
            return Err(PlotError::Size(width, height));
        }
        let device = (width * DEVICE, height * DEVICE);
        let mut buffer = vec![255; 3 * device.0 as usize * device.1 as usize];
        {
            let area =
                Backend(Kind::Bitmap(BitMapBackend::with_buffer(&mut buffer, device))).into_drawing_area();
            draw(&area)?;
            area.present()?;
        }
        Ok(Self { width: device.0, height: device.1, rgb: buffer }.reduced::<FACTOR>())
    }

    /// Every `FACTOR` x `FACTOR` pixels become their mean.
    fn reduced<const FACTOR: usize>(&self) -> Self {
        let (width, height) = (self.width as usize / FACTOR, self.height as usize / FACTOR);
        let area = (FACTOR * FACTOR) as u32;
        let mut rgb = Vec::with_capacity(3 * width * height);
        let mut sums = vec![0u32; 3 * width];
        for rows in self.rgb.chunks_exact(3 * self.width as usize * FACTOR) {
            sums.fill(0);
            for row in rows.chunks_exact(3 * self.width as usize) {
                for (sum, pixels) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * FACTOR)) {
                    for pixel in pixels.chunks_exact(3) {
                        sum[0] += u32::from(pixel[0]);
                        sum[1] += u32::from(pixel[1]);
                        sum[2] += u32::from(pixel[2]);
                    }
                }
            }
            rgb.extend(sums.iter().map(|sum| ((sum + area / 2) / area) as u8));
        }
        Self { width: width as u32, height: height as u32, rgb }
    }

    pub(super) fn png(&self) -> Result<Vec<u8>, PlotError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(file)
    }
}

fn svg(
    (width, height): (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    let device = (width * DEVICE, height * DEVICE);
    let mut text = String::new();
    let mut images = String::new();
    {
        let svg = SVGBackend::with_string(&mut text, device);
        let area = Backend(Kind::Svg(svg, &mut images)).into_drawing_area();
        draw(&area)?;
        area.present()?;
    }
    // The drawing keeps its device units as the view box, the page has its size in points. Pixel images lie below all that is
    // drawn.
    let Some((_, drawing)) = text.split_once(">\n") else {
        return Err(PlotError::Encoding("the SVG document has no content".into()));
    };
    Ok(format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" stroke-linejoin=\"round\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{images}{drawing}",
        device.0, device.1
    ))
}

/// The drawing back end: a bitmap or an SVG document. One type, so that a figure is compiled once and can be put into lists.
pub struct Backend<'a>(Kind<'a>);

enum Kind<'a> {
    Bitmap(BitMapBackend<'a>),
    /// With the elements of the pixel images, which plotters' own SVG back end holds with another image library only.
    Svg(SVGBackend<'a>, &'a mut String),
}

impl fmt::Debug for Backend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Bitmap(_) => "Bitmap",
            Kind::Svg(..) => "Svg",
        })
    }
}

/// What one of the two back ends said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(String);

fn said<E: std::error::Error + Send + Sync>(error: DrawingErrorKind<E>) -> DrawingErrorKind<BackendError> {
    DrawingErrorKind::DrawingError(BackendError(error.to_string()))
}

/// Calls the same method of whichever back end there is.
macro_rules! forward {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match &mut $self.0 {
            Kind::Bitmap(backend) => backend.$method($($argument),*).map_err(said),
            Kind::Svg(backend, _) => backend.$method($($argument),*).map_err(said),
        }
    };
}

type Drawn = Result<(), DrawingErrorKind<BackendError>>;

impl DrawingBackend for Backend<'_> {
    type ErrorType = BackendError;

    fn get_size(&self) -> (u32, u32) {
        match &self.0 {
            Kind::Bitmap(backend) => backend.get_size(),
            Kind::Svg(backend, _) => backend.get_size(),
        }
    }

    fn ensure_prepared(&mut self) -> Drawn {
        forward!(self.ensure_prepared())
    }

    fn present(&mut self) -> Drawn {
        forward!(self.present())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        forward!(self.draw_pixel(point, color))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        forward!(self.draw_line(from, to, style))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        forward!(self.draw_rect(upper_left, bottom_right, style, fill))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let backend = match &mut self.0 {
            Kind::Svg(backend, _) => return backend.draw_path(path, style).map_err(said),
            Kind::Bitmap(backend) => backend,
        };
        let width = style.stroke_width();
        if width <= 1 || style.color().alpha < 1.0 {
            return backend.draw_path(path, style).map_err(said);
        }
        // The joints of plotters' own thick lines reach far beyond sharp corners, as recordings of spikes have them. Here each piece is
        // a bar of its own, and corners are round as in the SVG.
        let mut before: Option<BackendCoord> = None;
        for point in path {
            if let Some(from) = before.filter(|from| *from != point) {
                backend.draw_path([from, point], style).map_err(said)?;
                backend.draw_circle(point, width / 2, style, true).map_err(said)?;
            }
            before = Some(point);
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        forward!(self.draw_circle(center, radius, style, fill))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        forward!(self.fill_polygon(path, style))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let size = style.size();
        let bold = matches!(style.style(), FontStyle::Bold);
        let line = match style.anchor().v_pos {
            VPos::Top => Line::Below,
            VPos::Center => Line::Middle,
            VPos::Bottom => Line::Above,
        };
        let backend = match &mut self.0 {
            Kind::Bitmap(backend) => backend,
            Kind::Svg(backend, _) => {
                // plotters' own distances of the baseline, in units of the size: 0.76 em and half the x-height of 0.547 em.
                let own = match line {
                    Line::Below => 0.76,
                    Line::Middle => 0.274,
                    Line::Above => -0.274,
                } / 1.24;
                let shift = ((line.baseline() - own) * size).round() as i32;
                let (dx, dy) = style.transform().transform(0, shift);
                return backend.draw_text(text, style, (x + dx, y + dy)).map_err(said);
            }
        };
        let width = glyphs::width(text, size, bold) as i32;
        let start = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let baseline = (line.baseline() * size).round() as i32;
        let (columns, rows) = backend.get_size();
        let color = style.color();
        glyphs::draw(text, size, bold, |px, py, coverage| {
            let (dx, dy) = style.transform().transform(start + px, baseline + py);
            let place = (x + dx, y + dy);
            if place.0 < 0 || place.1 < 0 || place.0 >= columns as i32 || place.1 >= rows as i32 {
                return Ok(());
            }
            let alpha = color.alpha * f64::from(coverage);
            backend.draw_pixel(place, BackendColor { alpha, rgb: color.rgb }).map_err(said)
        })
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<BackendError>> {
        let size = style.size();
        let (width, height) =
            (glyphs::width(text, size, matches!(style.style(), FontStyle::Bold)), size.ceil() as u32);
        Ok(match style.transform() {
            FontTransform::Rotate90 | FontTransform::Rotate270 => (height, width),
            _ => (width, height),
        })
    }

    fn blit_bitmap(&mut self, (x, y): BackendCoord, (width, height): (u32, u32), rgb: &[u8]) -> Drawn {
        let images = match &mut self.0 {
            Kind::Bitmap(backend) => return backend.blit_bitmap((x, y), (width, height), rgb).map_err(said),
            Kind::Svg(_, images) => images,
        };
        let png = Pixels { width, height, rgb: rgb.to_vec() }
            .png()
            .map_err(|error| DrawingErrorKind::DrawingError(BackendError(error.to_string())))?;
        let data = base64::engine::general_purpose::STANDARD.encode(png);
        // Writing to a string cannot fail.
        let _ = writeln!(
            images,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{data}\"/>"
        );
        Ok(())
    }
}
