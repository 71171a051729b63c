//! `bss2 plot patterns`: what an AdEx neuron can do.

use bss2_base::SimTime;
use clap::Args;

use super::adex::{OnChip, PATTERNS, Pattern, Recording};
use super::options::Level;
use super::{Picture, cell};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Panel, Plot, Resized, Sheet, Stack, Strokes, XySeries};

/// The eight firing patterns of the AdEx neuron on a circuit of the chip
///
/// Parameter sets of Naud et al. 2008 (analog-core 10.1) as codes of the typical chip, a thousand times faster, for 500 µs of a constant
/// current, as the membrane ADC sees them. Strokes above each membrane are its spikes; below it, those of the standard equations, whose
/// reset takes no time.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  bss2 plot patterns\n  bss2 plot patterns --format svg --output figures")]
pub(super) struct Patterns {
    /// How long the current flows, us
    #[arg(long, value_name = "US", default_value_t = 500, value_parser = clap::value_parser!(u64).range(50..=5_000))]
    duration: u64,
    /// What computes: the chip, or the chip on reference circuits (every step integrated to nine digits)
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,
}

/// The time before the current in which everything rests, us.
const BEFORE: u64 = 25;
/// Distance of samples, ns: a spike is not missed by the eye.
const STEP: SimTime = SimTime::from_ns(250);
/// Width and height of one pattern in points.
const SIZE: (u32, u32) = (420, 150);
/// Room for the label of the time axis below the last row.
const LABEL: u32 = 16;

impl Picture for Patterns {
    const NAME: &'static str = "patterns";

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let mut chip = OnChip::bring_up(self.level)?;
        let task = context.task("recording", PATTERNS.len() as u64, "patterns");
        let mut report = Report::new();
        let mut spikes = context.csv("patterns-spikes", &["pattern", "equations", "spike_us"])?;
        let mut traces = context.csv("patterns", &["pattern", "time_us", "membrane_v", "adaptation_v"])?;
        let mut panels = Vec::new();
        for pattern in PATTERNS {
            if context.cancelled() {
                return Ok(report);
            }
            let standard = pattern.standard_spikes(self.duration as f64).during(pattern.name)?;
            let recording =
                chip.record(pattern, SimTime::from_us(BEFORE), SimTime::from_us(self.duration), STEP)?;
            // In the time of the picture, which begins with the current.
            let circuit: Vec<f64> = recording.spikes.iter().map(|time| time - BEFORE as f64).collect();
            for (equations, list) in [("chip circuit", &circuit), ("standard", &standard)] {
                for spike in list {
                    spikes.row(&[pattern.name.to_owned(), equations.to_owned(), cell(*spike, 3)])?;
                }
            }
            for (index, (membrane, adaptation)) in
                recording.membrane.iter().zip(&recording.adaptation).enumerate()
            {
                // Every microsecond is enough for a table.
                if index % 4 == 0 {
                    let time = recording.step * index as f64 - BEFORE as f64;
                    traces.row(&[
                        pattern.name.to_owned(),
                        cell(time, 2),
                        cell(*membrane, 4),
                        cell(*adaptation, 4),
                    ])?;
                }
            }
            report.figure(format!("spikes_{}", pattern.name.replace('-', "_")), circuit.len());
            report.figure(format!("spikes_{}_standard", pattern.name.replace('-', "_")), standard.len());
            // Axes are labelled at the edges of the page.
            let labelled = (panels.len() % 2 == 0, panels.len() + 2 >= PATTERNS.len());
            panels.push(self.panel(pattern, &recording, circuit, standard, labelled));
            task.advance(1);
        }
        let sized = |(index, plot)| {
            let last = index + 2 >= PATTERNS.len();
            Resized { plot, size: (SIZE.0, if last { SIZE.1 + LABEL } else { SIZE.1 }) }
        };
        let stacks: Vec<Resized<'_>> =
            panels.iter().map(|plot| plot as &dyn Plot).enumerate().map(sized).collect();
        let title = format!("AdEx firing patterns on the typical chip{}", self.level.remark());
        let sheet = stacks
            .chunks(2)
            .fold(Sheet::new(title), |sheet, row| sheet.row(row.iter().map(|stack| stack as &dyn Plot)));
        context.plot(Self::NAME, &sheet)?;
        Ok(report)
    }
}

impl Patterns {
    /// One pattern; `labelled`: the vertical and the horizontal axis.
    fn panel(
        &self,
        pattern: &Pattern,
        recording: &Recording,
        circuit: Vec<f64>,
        standard: Vec<f64>,
        labelled: (bool, bool),
    ) -> Stack {
        let points =
            recording.over_time(&recording.membrane).map(|(time, v)| (time - BEFORE as f64, v)).collect();
        let counts =
            format!("{}: {} / {} spikes", pattern.name.replace('-', " "), circuit.len(), standard.len());
        Stack {
            title: String::new(),
            x: Axis::from_to(
                if labelled.1 { "time (µs)" } else { "" },
                -(BEFORE as f64),
                self.duration as f64,
            ),
            panels: vec![Panel {
                label: counts,
                y: Axis::from_to(if labelled.0 { "membrane (V)" } else { "" }, 0.25, 0.9),
                series: vec![XySeries::new("", points, Mark::Thin, Hue::Black)],
                above: vec![Strokes { label: String::new(), times: circuit, hue: Hue::Blue }],
                below: vec![Strokes { label: String::new(), times: standard, hue: Hue::Orange }],
                height: SIZE.1,
            }],
        }
    }
}
