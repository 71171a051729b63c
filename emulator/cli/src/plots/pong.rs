//! The game as pictures: an animation (GIF) and stills, one side before learning, the other after.

use std::collections::BTreeMap;

use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor, WHITE};

use super::canvas::{Area, DEVICE, Pixels, PlotError};
use super::style::{AXIS, Hue, INK, LABEL, TICK, TITLE, anchored, bold, device, text};
use super::{Plot, axes};
use crate::experiments::game::{Event, Frame, Recording};

/// One game of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PongSide {
    /// Headline: "before learning", "after 100 epochs".
    pub title: String,
    /// What was played.
    pub recording: Recording,
}

/// A still picture of games side by side, at one iteration, with the way of the ball until then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PongStill {
    /// Headline of the figure.
    pub title: String,
    /// The games, from left to right.
    pub sides: Vec<PongSide>,
    /// Which iteration; later ones than the last of a game show the last.
    pub iteration: usize,
    /// How many iterations the trail goes back.
    pub trail: usize,
}

/// Width of one game in points, without its margin.
const FIELD: u32 = 224;
/// Height of the lines above and below the field.
const LINES: u32 = 44;
/// Room around a game.
const MARGIN: u32 = 10;

/// Device units per pixel of an animation.
const ONE_PER_POINT: usize = DEVICE as usize;

const BACKGROUND: RGBColor = RGBColor(24, 28, 38);
const CELLS: RGBColor = RGBColor(44, 50, 64);
const BALL: RGBColor = RGBColor(255, 214, 92);
const PADDLE: RGBColor = RGBColor(120, 190, 245);

impl Plot for PongStill {
    fn size(&self) -> (u32, u32) {
        let title = if self.title.is_empty() { 0 } else { axes::TITLE_HEIGHT };
        ((FIELD + 2 * MARGIN) * self.sides.len().max(1) as u32, FIELD + LINES + MARGIN + title)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        if self.sides.is_empty() {
            return Err(PlotError::Empty("no game"));
        }
        let area = axes::titled(area, &self.title)?;
        let margin = device(f64::from(MARGIN));
        for (side, cell) in self.sides.iter().zip(area.split_evenly((1, self.sides.len()))) {
            side.draw(self.iteration, self.trail, &cell.margin(0, margin, margin, margin))?;
        }
        Ok(())
    }
}

impl PongSide {
    fn draw(&self, iteration: usize, trail: usize, area: &Area<'_>) -> Result<(), PlotError> {
        let frames = &self.recording.frames;
        let Some(last) = frames.len().checked_sub(1) else {
            return Err(PlotError::Empty("a game without iterations"));
        };
        let now = iteration.min(last);
        let frame = &frames[now];
        let (width, height) = area.dim_in_pixel();
        let side = (width as i32).min(height as i32 - device(f64::from(LINES)));
        if side < device(20.0) {
            return Err(PlotError::Empty("the figure is too small for a game"));
        }

        let headline = anchored(&bold(TITLE), HPos::Left, VPos::Center);
        area.draw(&Text::new(self.title.clone(), (0, device(11.0)), headline))?;
        let balls = frame.hits + frame.misses;
        let score = format!("{} of {balls} balls returned", frame.hits);
        let place = (0, device(22.0) + side + device(11.0));
        area.draw(&Text::new(score, place, anchored(&text(LABEL), HPos::Left, VPos::Center)))?;
        let count = anchored(&text(TICK).color(&AXIS), HPos::Right, VPos::Center);
        area.draw(&Text::new(format!("iteration {now}"), (side, place.1), count))?;

        let field = area.clone().shrink((0, device(22.0)), (side as u32, side as u32));
        self.draw_field(&field, frame, &frames[now.saturating_sub(trail)..=now])
    }

    fn draw_field(&self, field: &Area<'_>, frame: &Frame, trail: &[Frame]) -> Result<(), PlotError> {
        let rules = &self.recording.rules;
        let side = f64::from(field.dim_in_pixel().0);
        // The paddle has its own strip on the right.
        let strip = 0.035 * side;
        let at =
            |(x, y): (f64, f64)| ((x * (side - strip)).round() as i32, ((1.0 - y) * side).round() as i32);
        field.fill(&BACKGROUND)?;
        let grid = CELLS.stroke_width(device(0.5).max(1) as u32);
        for index in 0..=rules.rows {
            let share = index as f64 / rules.rows as f64;
            field.draw(&PathElement::new(vec![at((0.0, share)), at((1.0, share))], grid))?;
            field.draw(&PathElement::new(vec![at((share, 0.0)), at((share, 1.0))], grid))?;
        }
        let cell = 1.0 / rules.rows as f64;
        let target = frame.target as f64 * cell;
        let wish = [at((1.0 - cell, target + cell)), at((1.0, target))];
        field.draw(&Rectangle::new(wish, PADDLE.mix(0.25).filled()))?;

        let radius = (rules.ball_radius * side).max(f64::from(device(3.2)));
        // A trail ends where a new game begins.
        let start =
            trail[..trail.len() - 1].iter().rposition(|f| f.event == Event::Miss).map_or(0, |i| i + 1);
        let steps = &trail[start..];
        for (index, step) in steps.iter().enumerate() {
            let age = (index + 1) as f64 / steps.len() as f64;
            let size = (radius * (0.3 + 0.5 * age)) as i32;
            field.draw(&Circle::new(at(step.ball), size, BALL.mix(0.30 * age).filled()))?;
        }
        let ball = if frame.event == Event::Miss { Hue::Vermilion.rgb() } else { BALL };
        field.draw(&Circle::new(at(frame.ball), radius as i32, ball.filled()))?;

        let half = 0.5 * rules.paddle_length;
        let low = at((1.0, (frame.paddle - half).max(0.0)));
        let high = at((1.0, (frame.paddle + half).min(1.0)));
        let right = side as i32 - device(1.0);
        field.draw(&Rectangle::new([(high.0 + device(1.5), high.1), (right, low.1)], PADDLE.filled()))?;
        Ok(())
    }
}

/// The games side by side as an animated GIF that repeats, one frame for every `every` iterations, each shown for
/// `centiseconds` hundredths of a second.
///
/// Only what changes from frame to frame is stored, so that some hundred frames stay below a megabyte.
///
/// # Errors
/// [`PlotError::Empty`] without games, frames or `every`, [`PlotError::Encoding`].
pub fn pong_animation(sides: &[PongSide], every: usize, centiseconds: u16) -> Result<Vec<u8>, PlotError> {
    let iterations = sides.iter().map(|side| side.recording.frames.len()).max().unwrap_or(0);
    if iterations == 0 || every == 0 {
        return Err(PlotError::Empty("an animation without frames"));
    }
    let mut still = PongStill { title: String::new(), sides: sides.to_vec(), iteration: 0, trail: 14 };
    let mut palette = Palette::new();
    let mut pictures = Vec::new();
    let mut size = (0, 0);
    for iteration in (0..iterations).step_by(every) {
        still.iteration = iteration;
        let picture = Pixels::of::<ONE_PER_POINT>(still.size(), |area| still.draw(area))?;
        size = (picture.width, picture.height);
        pictures.push(palette.indices(&picture));
    }
    encode(&pictures, size, &palette, centiseconds)
}

/// Writes frames as the rectangles in which they differ from the frame before.
fn encode(
    pictures: &[Vec<u8>],
    (width, height): (u32, u32),
    palette: &Palette,
    centiseconds: u16,
) -> Result<Vec<u8>, PlotError> {
    let failed = |error: gif::EncodingError| PlotError::Encoding(error.to_string());
    let (columns, rows) = (width as u16, height as u16);
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, columns, rows, &palette.rgb()).map_err(failed)?;
    encoder.set_repeat(gif::Repeat::Infinite).map_err(failed)?;
    let mut before: Option<&Vec<u8>> = None;
    for picture in pictures {
        let (left, top, frame_width, frame_height) = match before {
            Some(before) => changed(before, picture, width as usize),
            None => (0, 0, columns, rows),
        };
        let mut pixels = Vec::with_capacity(usize::from(frame_width) * usize::from(frame_height));
        for y in usize::from(top)..usize::from(top) + usize::from(frame_height) {
            for x in usize::from(left)..usize::from(left) + usize::from(frame_width) {
                let index = y * width as usize + x;
                let same = before.is_some_and(|before| before[index] == picture[index]);
                pixels.push(if same { TRANSPARENT } else { picture[index] });
            }
        }
        let frame = gif::Frame {
            delay: centiseconds,
            dispose: gif::DisposalMethod::Keep,
            transparent: Some(TRANSPARENT),
            left,
            top,
            width: frame_width,
            height: frame_height,
            buffer: pixels.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).map_err(failed)?;
        before = Some(picture);
    }
    drop(encoder);
    Ok(file)
}

/// Left, top, width and height of the rectangle outside which two pictures are equal; at least one pixel.
fn changed(before: &[u8], after: &[u8], width: usize) -> (u16, u16, u16, u16) {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    for (index, _) in before.iter().zip(after).enumerate().filter(|(_, (a, b))| a != b) {
        let (x, y) = (index % width, index / width);
        (left, right) = (left.min(x), right.max(x));
        (top, bottom) = (top.min(y), bottom.max(y));
    }
    if left > right {
        return (0, 0, 1, 1);
    }
    (left as u16, top as u16, (right - left + 1) as u16, (bottom - top + 1) as u16)
}

/// The palette index that means "as before".
const TRANSPARENT: u8 = 255;

/// Squared distance of two colours that may be one: 5 of 255 in each channel, which nobody sees on a smoothed edge.
const INDISTINCT: u32 = 75;

/// Up to 255 colours in the order of their appearance, after those of the large areas, which stay exact. Smoothed edges make
/// more; those become the nearest known colour.
#[derive(Debug)]
struct Palette {
    known: BTreeMap<[u8; 3], u8>,
    colours: Vec<[u8; 3]>,
}

impl Palette {
    fn new() -> Self {
        let mut palette = Self { known: BTreeMap::new(), colours: Vec::new() };
        for (index, colour) in [WHITE, BACKGROUND, CELLS, BALL, PADDLE, INK].into_iter().enumerate() {
            let colour = [colour.0, colour.1, colour.2];
            palette.colours.push(colour);
            palette.known.insert(colour, index as u8);
        }
        palette
    }

    fn indices(&mut self, picture: &Pixels) -> Vec<u8> {
        // Most pixels look like their left neighbour.
        let mut last = ([0; 3], self.index([0; 3]));
        let mut index = |pixel: &[u8]| {
            let colour = [pixel[0], pixel[1], pixel[2]];
            if colour != last.0 {
                last = (colour, self.index(colour));
            }
            last.1
        };
        picture.rgb.chunks_exact(3).map(&mut index).collect()
    }

    fn index(&mut self, colour: [u8; 3]) -> u8 {
        if let Some(index) = self.known.get(&colour) {
            return *index;
        }
        let index = match self.nearest(colour) {
            Some((index, distance))
                if distance <= INDISTINCT || self.colours.len() >= usize::from(TRANSPARENT) =>
            {
                index
            }
            _ => {
                self.colours.push(colour);
                (self.colours.len() - 1) as u8
            }
        };
        self.known.insert(colour, index);
        index
    }

    /// The known colour at the smallest squared distance.
    fn nearest(&self, colour: [u8; 3]) -> Option<(u8, u32)> {
        let distance = |known: &[u8; 3]| -> u32 {
            known.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
        };
        let distances = self.colours.iter().map(distance).enumerate();
        distances.min_by_key(|(_, distance)| *distance).map(|(index, distance)| (index as u8, distance))
    }

    fn rgb(&self) -> Vec<u8> {
        let mut rgb = self.colours.concat();
        rgb.resize(3 * 256, 0);
        rgb
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::game::Rules;

    #[test]
    fn an_animation_decodes_to_its_frames() {
        let recording = Recording::play(Rules::with_rows(16), 3, &mut |row| row, 12);
        let side = PongSide { title: "test".into(), recording };
        let file = pong_animation(std::slice::from_ref(&side), 3, 4).unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::Indexed);
        let mut decoder = options.read_info(file.as_slice()).unwrap();
        let mut frames = 0;
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!(frame.delay, 4);
            frames += 1;
        }
        assert_eq!(frames, 4);
        assert!(matches!(pong_animation(&[], 1, 4), Err(PlotError::Empty(_))));
        assert!(matches!(pong_animation(&[side], 0, 4), Err(PlotError::Empty(_))));
    }

    #[test]
    fn only_the_changed_rectangle_is_stored() {
        let before = vec![0; 12];
        let mut after = before.clone();
        (after[5], after[10]) = (1, 1);
        assert_eq!(changed(&before, &after, 4), (1, 1, 2, 2));
        assert_eq!(changed(&before, &before, 4), (0, 0, 1, 1));
    }
}
