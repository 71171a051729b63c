//! The house style: colours, sizes, fonts.
//!
//! The qualitative colours are those of Okabe and Ito, which stay apart for colour-blind readers and in grey print; the sequential map runs evenly
//! from dark to light, the diverging one from blue over white to orange.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle,
};

use super::canvas::{DEVICE, FONT};

/// A colour of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// The first choice.
    Blue,
    /// The second: what is to be compared.
    Orange,
    /// The third.
    Green,
    /// Fourth.
    Purple,
    /// Fifth.
    Sky,
    /// Sixth; errors, misses.
    Vermilion,
    /// What stays in the background: controls, reference lines.
    Grey,
    /// Data without a group.
    Black,
}

impl Hue {
    /// The colours for groups, in the order of use; further groups begin anew.
    pub fn of_group(index: usize) -> Self {
        [Self::Blue, Self::Orange, Self::Green, Self::Purple, Self::Sky, Self::Vermilion][index % 6]
    }

    pub(super) const fn rgb(self) -> RGBColor {
        match self {
            Self::Blue => RGBColor(0, 114, 178),
            Self::Orange => RGBColor(230, 159, 0),
            Self::Green => RGBColor(0, 158, 115),
            Self::Purple => RGBColor(184, 96, 152),
            Self::Sky => RGBColor(86, 180, 233),
            Self::Vermilion => RGBColor(213, 94, 0),
            Self::Grey => RGBColor(130, 130, 130),
            Self::Black => RGBColor(34, 34, 34),
        }
    }

    /// A line of `width` points.
    pub(super) fn line(self, width: f64, opacity: f64) -> ShapeStyle {
        self.rgb().mix(opacity).stroke_width(device(width).max(1) as u32)
    }

    /// An area.
    pub(super) fn fill(self, opacity: f64) -> ShapeStyle {
        self.rgb().mix(opacity).filled()
    }
}

/// Text.
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
/// Axes and ticks.
pub(super) const AXIS: RGBColor = RGBColor(90, 90, 90);
/// Lines behind the data.
pub(super) const GRID: RGBColor = RGBColor(230, 230, 230);

/// Sizes of text in points (height of a line).
pub(super) const TITLE: f64 = 14.0;
pub(super) const LABEL: f64 = 12.0;
pub(super) const TICK: f64 = 10.5;

/// Points to device units.
pub(super) fn device(points: f64) -> i32 {
    (points * f64::from(DEVICE)).round() as i32
}

/// A text style of this height in points.
pub(super) fn text(points: f64) -> TextStyle<'static> {
    styled(points, FontStyle::Normal)
}

/// The same in bold.
pub(super) fn bold(points: f64) -> TextStyle<'static> {
    styled(points, FontStyle::Bold)
}

fn styled(points: f64, style: FontStyle) -> TextStyle<'static> {
    FontDesc::new(FontFamily::Name(FONT), points * f64::from(DEVICE), style).color(&INK)
}

/// Turned by a quarter, to be read from below.
pub(super) fn upwards(style: TextStyle<'static>) -> TextStyle<'static> {
    style.transform(FontTransform::Rotate270)
}

/// Where the point given lies in the text.
pub(super) fn anchored(style: &TextStyle<'static>, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    style.pos(Pos::new(horizontal, vertical))
}

/// How numbers become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ramp {
    /// Dark violet to light yellow: magnitudes (weights, rates). The colours of "viridis".
    #[default]
    Sequential,
    /// Blue over white to orange: signed values, with white in the middle of the range.
    Diverging,
}

impl Ramp {
    /// The colour at `position` of the range, 0..=1; outside it is held at the ends, not-a-number is grey.
    pub(super) fn at(self, position: f64) -> RGBColor {
        if position.is_nan() {
            return RGBColor(200, 200, 200);
        }
        let anchors: &[[u8; 3]] = match self {
            Self::Sequential => &[
                [68, 1, 84],
                [71, 44, 122],
                [59, 81, 139],
                [44, 113, 142],
                [33, 144, 141],
                [39, 173, 129],
                [92, 200, 99],
                [170, 220, 50],
                [253, 231, 37],
            ],
            Self::Diverging => &[
                [5, 72, 128],
                [42, 124, 184],
                [132, 185, 219],
                [209, 229, 240],
                [250, 250, 250],
                [253, 224, 190],
                [244, 175, 95],
                [208, 110, 20],
                [136, 62, 4],
            ],
        };
        let last = anchors.len() - 1;
        let scaled = position.clamp(0.0, 1.0) * last as f64;
        let lower = (scaled as usize).min(last - 1);
        let share = scaled - lower as f64;
        let mix = |channel: usize| {
            let (from, to) = (f64::from(anchors[lower][channel]), f64::from(anchors[lower + 1][channel]));
            (from + share * (to - from)).round() as u8
        };
        RGBColor(mix(0), mix(1), mix(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_hold_their_ends_and_hit_their_anchors() {
        assert_eq!(Ramp::Sequential.at(-3.0), RGBColor(68, 1, 84));
        assert_eq!(Ramp::Sequential.at(1.0), RGBColor(253, 231, 37));
        assert_eq!(Ramp::Diverging.at(0.5), RGBColor(250, 250, 250));
        assert_eq!(Ramp::Diverging.at(f64::NAN), RGBColor(200, 200, 200));
    }
}
