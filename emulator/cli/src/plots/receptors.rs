//! Receptor maps: which points of a plane a neuron listens to (experiments E03).

use plotters::element::Circle;
use plotters::style::Color;

use super::axes::{Frame, Key};
use super::canvas::{Area, PlotError};
use super::style::{Hue, device};
use super::{Plot, axes};

/// A point of the plane that drives a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receptor {
    /// Where it lies, 0..=1 in both directions.
    pub place: (f64, f64),
    /// How strongly each neuron listens to it: neuron and weight 0..=63; none if nobody does.
    pub chosen: Option<(usize, f64)>,
}

/// One state of the receptors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReceptorMap {
    /// Headline: "before", "after".
    pub title: String,
    /// The receptors; one that several neurons listen to is listed for each of them.
    pub receptors: Vec<Receptor>,
}

/// Receptor maps side by side over the data that are to be told apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReceptorMaps {
    /// Headline of the figure.
    pub title: String,
    /// What the horizontal axis is.
    pub x: String,
    /// What the vertical axis is.
    pub y: String,
    /// Names of the classes; neuron and class of the same number share a colour.
    pub classes: Vec<String>,
    /// The data: place and class.
    pub samples: Vec<((f64, f64), usize)>,
    /// The maps, from left to right.
    pub maps: Vec<ReceptorMap>,
}

impl Plot for ReceptorMaps {
    fn size(&self) -> (u32, u32) {
        let title = if self.title.is_empty() { 0 } else { axes::TITLE_HEIGHT };
        (340 * self.maps.len().max(1) as u32, 370 + title)
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), PlotError> {
        if self.maps.is_empty() {
            return Err(PlotError::Empty("no receptor maps"));
        }
        let area = axes::titled(area, &self.title)?;
        let classes = self.classes.iter().enumerate();
        let legend: Vec<_> =
            classes.map(|(class, name)| (Key::Dot(Hue::of_group(class).fill(1.0)), name.clone())).collect();
        for (map, cell) in self.maps.iter().zip(area.split_evenly((1, self.maps.len()))) {
            let frame = Frame {
                title: "",
                subtitle: &map.title,
                legend: legend.clone(),
                x: (&self.x, -0.06..1.06),
                y: (&self.y, -0.06..1.06),
                grid: false,
            };
            let chart = frame.draw(&cell.margin(0, 0, 0, device(8.0)))?;
            let free = map.receptors.iter().filter(|receptor| receptor.chosen.is_none());
            let ring = Hue::Grey.line(1.0, 0.6);
            chart.draw(free.map(|receptor| Circle::new(receptor.place, device(2.5), ring)))?;
            for (sample, class) in &self.samples {
                let dot = Hue::of_group(*class).fill(0.45);
                chart.draw([Circle::new(*sample, device(2.0), dot)])?;
            }
            for receptor in &map.receptors {
                let Some((neuron, weight)) = receptor.chosen else { continue };
                let hue = Hue::of_group(neuron);
                // The area of the disc is the weight.
                let radius = device(1.5 + 9.0 * (weight / 63.0).clamp(0.0, 1.0).sqrt());
                chart.draw([
                    Circle::new(receptor.place, radius, hue.fill(0.35)),
                    Circle::new(receptor.place, radius, hue.rgb().stroke_width(device(1.3) as u32)),
                ])?;
            }
        }
        Ok(())
    }
}
