//! `bss2 plot phase`: an AdEx neuron in its phase plane.

use bss2_base::SimTime;
use clap::Args;

use super::adex::{self, OnChip, Pattern, Recording};
use super::options::Level;
use super::{Picture, cell};
use crate::experiments::{Context, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Panel, Plot, Resized, Sheet, Stack, XyPlot, XySeries};

/// An AdEx neuron in its phase plane: nullclines and trajectory
///
/// Left the membrane and the adaptation current over time, right one over the other. Where both nullclines cross the
/// neuron would rest; beyond the right branch of the membrane's it fires.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  bss2 plot phase\n  bss2 plot phase --pattern transient --duration 200")]
pub(super) struct Phase {
    /// Which firing pattern (see bss2 plot patterns)
    #[arg(long, value_name = "NAME", default_value = "initial-burst", value_parser = adex::pattern)]
    pattern: Pattern,
    /// How long the current flows, us
    #[arg(long, value_name = "US", default_value_t = 250, value_parser = clap::value_parser!(u64).range(10..=5_000))]
    duration: u64,
    /// What computes: the chip, or the chip on reference circuits (every step integrated to nine digits)
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,
}

/// The samples of the membrane ADC.
const STEP: SimTime = SimTime::from_ns(34);
/// Every so many samples go into the table.
const TABLE_STEP: usize = 10;
/// Time at rest before the current, us.
const BEFORE: u64 = 10;
const NANO: f64 = 1e9;

impl Picture for Phase {
    const NAME: &'static str = "phase";

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let mut chip = OnChip::bring_up(self.level)?;
        let recording =
            chip.record(&self.pattern, SimTime::from_us(BEFORE), SimTime::from_us(self.duration), STEP)?;
        let circuit = chip.circuit();
        let current: Vec<f64> =
            recording.adaptation.iter().map(|v| NANO * adex::adaptation_current(&circuit, *v)).collect();

        let (low, high) = range(&recording.membrane);
        let voltages: Vec<f64> =
            (0..=300).map(|step| low - 0.03 + (high - low + 0.06) * f64::from(step) / 300.0).collect();
        let nullcline = |of: fn(&bss2_analog::circuit::Circuit, f64) -> f64| -> Vec<(f64, f64)> {
            voltages.iter().map(|v| (*v, NANO * of(&circuit, *v))).collect()
        };
        let membrane = nullcline(adex::membrane_nullcline);
        let adaptation = nullcline(adex::adaptation_nullcline);

        let mut table = context.csv("phase", &["time_us", "membrane_v", "adaptation_na"])?;
        for ((time, v), w) in recording.over_time(&recording.membrane).zip(&current).step_by(TABLE_STEP) {
            table.row(&[cell(time - BEFORE as f64, 2), cell(v, 5), cell(*w, 4)])?;
        }
        let header = ["membrane_v", "membrane_nullcline_na", "adaptation_nullcline_na"];
        let mut table = context.csv("phase-nullclines", &header)?;
        for (m, a) in membrane.iter().zip(&adaptation) {
            table.row(&[cell(m.0, 5), cell(m.1, 4), cell(a.1, 4)])?;
        }

        let plane = plane(&recording, &current, membrane, adaptation);
        let time = self.over_time(&recording, &current);
        let title = format!("AdEx neuron, {}{}", self.pattern.name.replace('-', " "), self.level.remark());
        let parts = [Resized { plot: &time, size: (400, 320) }, Resized { plot: &plane, size: (420, 320) }];
        context.plot(Self::NAME, &Sheet::new(title).row(parts.iter().map(|part| part as &dyn Plot)))?;

        let mut report = Report::new();
        report.figure("spikes", recording.spikes.len());
        let leak = bss2_analog::NeuronParameters::from(&circuit).leak.conductance;
        if let Some(threshold) = circuit.exponential.threshold(leak) {
            report.figure("threshold_of_the_exponential_v", threshold).unit("V");
        }
        Ok(report)
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

/// Adaptation current over membrane.
fn plane(
    recording: &Recording,
    current: &[f64],
    membrane: Vec<(f64, f64)>,
    adaptation: Vec<(f64, f64)>,
) -> XyPlot {
    let trajectory: Vec<(f64, f64)> =
        recording.membrane.iter().copied().zip(current.iter().copied()).collect();
    let (low, high) = range(current);
    let room = 0.2 * (high - low).max(1.0);
    // What lies outside is left out, not held at the edge.
    let visible = |point: &(f64, f64)| {
        let inside = (low - room..=high + room).contains(&point.1);
        (point.0, if inside { point.1 } else { f64::NAN })
    };
    let membrane: Vec<(f64, f64)> = membrane.iter().map(visible).collect();
    let adaptation: Vec<(f64, f64)> = adaptation.iter().map(visible).collect();
    let start = trajectory.first().map(|point| vec![*point]).unwrap_or_default();
    XyPlot {
        title: String::new(),
        x: Axis::new("membrane V (V)"),
        y: Axis::from_to("adaptation current w (nA)", low - room, high + room),
        series: vec![
            XySeries::new("dV/dt = 0", membrane, Mark::Line, Hue::Orange),
            XySeries::new("dw/dt = 0", adaptation, Mark::Line, Hue::Green),
            XySeries::new("trajectory", trajectory, Mark::Thin, Hue::Blue),
            XySeries::new("start", start, Mark::Dots, Hue::Black),
        ],
        references: Vec::new(),
        cross: false,
    }
}

impl Phase {
    fn over_time(&self, recording: &Recording, current: &[f64]) -> Stack {
        let panel = |label: &str, values: &[f64]| Panel {
            label: String::new(),
            y: Axis::new(label),
            series: vec![XySeries::new(
                "",
                recording.over_time(values).map(|(time, v)| (time - BEFORE as f64, v)).collect(),
                Mark::Thin,
                Hue::Blue,
            )],
            above: Vec::new(),
            below: Vec::new(),
            height: 150,
        };
        Stack {
            title: String::new(),
            x: Axis::from_to("time (µs)", -(BEFORE as f64), self.duration as f64),
            panels: vec![panel("V (V)", &recording.membrane), panel("w (nA)", current)],
        }
    }
}
