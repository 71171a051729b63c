//! `bss2 plot madc`: what the membrane ADC makes of a voltage.

use clap::Args;

use super::laboratory::Laboratory;
use super::options::Individual;
use super::scope::Scale;
use super::{Picture, cell, refuse};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Plot, Resized, Sheet, XyPlot, XySeries};

/// Codes of the membrane ADC over the voltage that the board's DAC puts on a pad
///
/// Left the transfer line with its saturation beside the line of the typical chip (analog-core 7.2); right what lies between the
/// codes and a straight line through two of them, with the noise of single samples.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  bss2 plot madc\n  bss2 plot madc --chip-seed 7 --from 0.2 --to 1.0 --points 40"
)]
pub(super) struct Madc {
    /// First voltage, V
    #[arg(long, value_name = "V", default_value_t = 0.05)]
    from: f64,
    /// Last voltage, V
    #[arg(long, value_name = "V", default_value_t = 1.4)]
    to: f64,
    /// Number of voltages
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u32).range(2..=500))]
    points: u32,
    /// Samples at each voltage
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    samples: u32,
    #[command(flatten)]
    individual: Individual,
}

/// Mean and spread of the codes at a voltage.
struct Point {
    volts: f64,
    mean: f64,
    sigma: f64,
}

impl Picture for Madc {
    const NAME: &'static str = "madc";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let reach = 0.0..=2.5;
        for (option, value) in [("from", self.from), ("to", self.to)] {
            if !reach.contains(&value) {
                return refuse(option, format!("{value} V is not within the 0 to 2.5 V of the DAC"));
            }
        }
        if self.from >= self.to {
            return refuse("to", format!("{} V is not above --from {} V", self.to, self.from));
        }
        let mut laboratory = Laboratory::bring_up(self.individual)?;
        let scale = laboratory.scale().during("measuring the scale of the membrane ADC")?;
        let task = context.task("measuring", u64::from(self.points), "voltages");
        let mut table = context.csv("madc", &["voltage_v", "code", "sigma"])?;
        let mut points = Vec::new();
        for index in 0..self.points {
            if context.cancelled() {
                break;
            }
            let wanted = self.from + (self.to - self.from) * f64::from(index) / f64::from(self.points - 1);
            let (volts, codes) =
                laboratory.codes_at(wanted, self.samples as usize).during("sampling a pad")?;
            let n = codes.len().max(1) as f64;
            let mean = codes.iter().sum::<f64>() / n;
            let sigma = (codes.iter().map(|code| (code - mean).powi(2)).sum::<f64>() / n).sqrt();
            table.row(&[cell(volts, 5), cell(mean, 3), cell(sigma, 3)])?;
            points.push(Point { volts, mean, sigma });
            task.advance(1);
        }
        self.picture(context, &points, &scale)
    }
}

impl Madc {
    fn picture(&self, context: &Context, points: &[Point], scale: &Scale) -> Result<Report, ExperimentError> {
        let nominal = |volts: f64| 25.0 + volts / 1.548e-3;
        let line = |of: &dyn Fn(f64) -> f64| [self.from, self.to].map(|volts| (volts, of(volts))).to_vec();
        let transfer = XyPlot {
            title: String::new(),
            x: Axis::new("voltage at the pad (V)"),
            y: Axis::from_to("code (MADC LSB)", 0.0, 1023.0),
            series: vec![
                XySeries::new("typical chip without saturation", line(&nominal), Mark::Dashed, Hue::Grey),
                XySeries::new(
                    "measured",
                    points.iter().map(|p| (p.volts, p.mean)).collect(),
                    Mark::Dots,
                    Hue::Blue,
                ),
            ],
            references: Vec::new(),
            cross: false,
        };
        let straight = |volts: f64| scale.zero + volts / scale.slope;
        let linear = points.iter().filter(|point| (0.1..=1.1).contains(&point.volts));
        let residual = XyPlot {
            title: String::new(),
            x: Axis::new("voltage at the pad (V)"),
            y: Axis::new("code above the line (MADC LSB)"),
            series: vec![
                XySeries::new(
                    "mean and spread of single samples",
                    linear.clone().map(|point| (point.volts, point.mean - straight(point.volts))).collect(),
                    Mark::Dots,
                    Hue::Blue,
                )
                .with_deviation(linear.clone().map(|point| point.sigma).collect()),
            ],
            references: Vec::new(),
            cross: true,
        };
        let mut report = Report::new();
        report.figure("slope_per_v", 1.0 / scale.slope).unit("LSB/V");
        report.figure("code_at_0_v", scale.zero).unit("LSB");
        let noise =
            linear.clone().map(|point| point.sigma).sum::<f64>() / linear.clone().count().max(1) as f64;
        report.figure("noise_of_a_sample", noise).unit("LSB");
        let highest = points.iter().fold(0.0_f64, |high, point| high.max(point.mean));
        report.figure("highest_code", highest).unit("LSB");
        let title = format!("Membrane ADC of {}", self.individual.name());
        let sizes = [(410, 300); 2];
        let mut parts = vec![Resized { plot: &transfer, size: sizes[0] }];
        if linear.count() > 1 {
            parts.push(Resized { plot: &residual, size: sizes[1] });
        }
        context.plot(Self::NAME, &Sheet::new(title).row(parts.iter().map(|part| part as &dyn Plot)))?;
        Ok(report)
    }
}
