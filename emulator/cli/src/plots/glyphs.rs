//! Text in bitmaps, with the font that is part of the program.
//!
//! plotters can draw text by itself, but places every glyph without its left bearing, which makes words look uneven, and knows
//! no bold.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};

/// Size of the em relative to the height that plotters calls the size of a text, also in its SVG files.
const EM: f64 = 1.0 / 1.24;
/// Height of a capital in ems.
const CAPITAL: f64 = 0.729;

/// Vertical place of a text relative to the point given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The point is above the capitals.
    Below,
    /// The point is in the middle of the capitals.
    Middle,
    /// The point is on the lower end of the descenders.
    Above,
}

impl Line {
    /// How far the baseline lies below the point, in units of the text's size.
    pub(super) fn baseline(self) -> f64 {
        EM * match self {
            Self::Below => CAPITAL + 0.06,
            Self::Middle => 0.5 * CAPITAL,
            Self::Above => -0.24,
        }
    }
}

fn font(bold: bool) -> Option<&'static FontRef<'static>> {
    static FONTS: OnceLock<[Option<FontRef<'static>>; 2]> = OnceLock::new();
    let files = || {
        let regular: &'static [u8] = include_bytes!("../../assets/DejaVuSans.subset.ttf");
        let bold: &'static [u8] = include_bytes!("../../assets/DejaVuSans-Bold.subset.ttf");
        [regular, bold].map(|file| FontRef::try_from_slice(file).ok())
    };
    FONTS.get_or_init(files)[usize::from(bold)].as_ref()
}

/// A text in a row.
struct Layout {
    font: &'static FontRef<'static>,
    scale: PxScale,
    /// Glyphs with the horizontal places of their origins in pixels.
    glyphs: Vec<(GlyphId, f32)>,
    /// Where the text ends, in pixels.
    end: f32,
}

fn layout(text: &str, size: f64, bold: bool) -> Option<Layout> {
    let font = font(bold)?;
    // ab_glyph scales by the height of the font, ascent to descent.
    let height_per_em = font.height_unscaled() / font.units_per_em()?;
    let scale = PxScale::from((size * EM) as f32 * height_per_em);
    let scaled = font.as_scaled(scale);
    let mut glyphs: Vec<(GlyphId, f32)> = Vec::new();
    let mut x = 0.0;
    for character in text.chars() {
        let glyph = scaled.glyph_id(character);
        if let Some((before, _)) = glyphs.last() {
            x += scaled.kern(*before, glyph);
        }
        glyphs.push((glyph, x));
        x += scaled.h_advance(glyph);
    }
    Some(Layout { font, scale, glyphs, end: x })
}

/// Width of a text in pixels, rounded up.
pub(super) fn width(text: &str, size: f64, bold: bool) -> u32 {
    layout(text, size, bold).map_or(0, |layout| layout.end.ceil() as u32)
}

/// Calls `pixel` with the place relative to the start of the baseline (y downwards) and the coverage of every pixel that the text
/// touches.
pub(super) fn draw<E>(
    text: &str,
    size: f64,
    bold: bool,
    mut pixel: impl FnMut(i32, i32, f32) -> Result<(), E>,
) -> Result<(), E> {
    let Some(Layout { font, scale, glyphs, .. }) = layout(text, size, bold) else { return Ok(()) };
    for (glyph, x) in glyphs {
        let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(scale, point(x, 0.0))) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        let mut result = Ok(());
        outline.draw(|dx, dy, coverage| {
            if result.is_ok() && coverage > 0.0 {
                result = pixel(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage.min(1.0));
            }
        });
        result?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_are_there_and_have_the_signs_that_labels_need() {
        for bold in [false, true] {
            let font = font(bold).unwrap();
            for character in "Aaz09µτΔ±×·²⁻°–−≤≥≈→".chars() {
                assert_ne!(font.glyph_id(character).0, 0, "{character}");
            }
        }
        assert!(width("label", 40.0, true) > width("label", 40.0, false));
    }

    #[test]
    fn a_capital_stands_on_the_baseline_and_is_as_high_as_assumed() {
        let (mut top, mut bottom) = (i32::MAX, i32::MIN);
        draw::<()>("H", 124.0, false, |_, y, _| {
            (top, bottom) = (top.min(y), bottom.max(y));
            Ok(())
        })
        .unwrap();
        assert_eq!((top, bottom), (-73, -1));
    }
}
