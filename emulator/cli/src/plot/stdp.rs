//! `bss2 plot stdp`: what synapses remember of pairs of spikes.

use bss2_calibration::Bench;
use clap::Args;

use super::options::Individual;
use super::{Picture, cell, refuse};
use crate::experiments::statistics::{median, quantile};
use crate::experiments::stdp::{BRANCHES, Curves, Fits, HUES, LANES, Laboratory, SYNAPSES};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{
    Axis, Bundle, Distribution, Histogram, Mark, Plot, Resized, Sheet, Traces, XyPlot, XySeries,
};

/// Answers of correlation sensors to the order and distance of spikes
///
/// 256 synapses of one driver, read by the column ADC through a plasticity processor before and after pairs of spikes. Left all of
/// them, in the middle the median with a fit of A exp(-|Δt| / τ), right the time constants of the single sensors. The experiment
/// bss2 run stdp also calibrates them.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  bss2 plot stdp\n  bss2 plot stdp --chip-seed 5 --pairs 60 --longest 30 --distances 24"
)]
pub(super) struct Stdp {
    /// Pairs of spikes at each distance
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(5..=200))]
    pairs: u32,
    /// Longest distance, us
    #[arg(long, value_name = "US", default_value_t = 25.0)]
    longest: f64,
    /// Distances of each sign
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..=40))]
    distances: u32,
    #[command(flatten)]
    individual: Individual,
}

/// Shortest distance, us.
const SHORTEST: f64 = 0.5;

impl Picture for Stdp {
    const NAME: &'static str = "stdp";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        if !(1.0..=50.0).contains(&self.longest) {
            return refuse("longest", format!("{} us is not within 1 to 50 us", self.longest));
        }
        let delays = self.delays();
        let mut chip = self.individual.chip();
        let mut laboratory = Laboratory::set_up(Bench::new(&mut chip)).during("setting up the chip")?;
        let task = context.task("measuring curves", delays.len() as u64, "distances");
        let curves = laboratory.curves(&delays, self.pairs, context, &task).during("measuring curves")?;
        let Some(curves) = curves else { return Ok(Report::new()) };
        let fits = curves.fits();
        write(context, &curves, &fits)?;
        self.picture(context, &curves, &fits)
    }
}

impl Stdp {
    /// Evenly spread on a logarithmic scale, the negative ones first.
    fn delays(&self) -> Vec<f64> {
        let last = f64::from(self.distances - 1);
        let delay = |index: u32| {
            let exact = SHORTEST * (self.longest / SHORTEST).powf(f64::from(index) / last);
            // The processor counts cycles of 4 ns.
            (exact * 250.0).round() / 250.0
        };
        let negative = (0..self.distances).rev().map(|index| -delay(index));
        negative.chain((0..self.distances).map(delay)).collect()
    }

    fn picture(
        &self,
        context: &Context,
        curves: &Curves,
        fits: &[Fits; 2],
    ) -> Result<Report, ExperimentError> {
        let pairs = f64::from(self.pairs);
        let delays = Axis::new("t post \u{2212} t pre (µs)");
        let answer = |who: &str| Axis::new(format!("{who} to {} pairs (CADC LSB)", self.pairs));
        // Nothing is known at 0: a gap in the middle of the axis.
        let middle = curves.delays.len() / 2;
        let with_gap = |values: &[f64], at_zero: f64| {
            let (before, behind) = values.split_at(middle);
            [before, &[at_zero], behind].concat()
        };
        let group = |branch: usize| Traces {
            label: BRANCHES[branch].into(),
            values: curves.answers[branch].iter().map(|answers| with_gap(answers, f64::NAN)).collect(),
            hue: HUES[branch],
        };
        let bundle = Bundle {
            title: String::new(),
            x: delays.clone(),
            y: answer("answer"),
            times: with_gap(&curves.delays, 0.0),
            groups: vec![group(1), group(0)],
            singles: 12,
            references: Vec::new(),
        };
        let mut report = Report::new();
        let mut series = Vec::new();
        for (branch, fit) in fits.iter().enumerate() {
            let sign = if branch == 0 { 1.0 } else { -1.0 };
            let (amplitude, tau) = (median(&fit.amplitude), median(&fit.tau));
            let model = |time: f64| (sign * time, amplitude * pairs * (-time / tau).exp());
            series.push(XySeries::new(
                "",
                (0..=200).map(|step| model(self.longest * f64::from(step) / 200.0)).collect(),
                Mark::Dashed,
                HUES[branch],
            ));
            series.push(XySeries::new(
                format!("{}, fit: τ = {tau:.1} µs", BRANCHES[branch]),
                curves.median(branch),
                Mark::Dots,
                HUES[branch],
            ));
            let name = BRANCHES[branch];
            report.figure(format!("{name}_amplitude"), amplitude).unit("LSB per pair");
            report.figure(format!("{name}_tau_us"), tau).unit("us");
            let spread = |values: &[f64]| (quantile(values, 0.84) / quantile(values, 0.16)).ln() / 2.0;
            report.figure(format!("{name}_amplitude_spread"), spread(&fit.amplitude));
            report.figure(format!("{name}_tau_spread"), spread(&fit.tau));
        }
        let fitted = XyPlot {
            title: String::new(),
            x: delays,
            y: answer("median answer"),
            series,
            references: Vec::new(),
            cross: true,
        };
        let histogram = |x: Axis, values: &dyn Fn(&Fits) -> Vec<f64>| Histogram {
            title: String::new(),
            x,
            y: "sensors".into(),
            bins: 30,
            distributions: (0..2)
                .map(|branch| Distribution {
                    label: BRANCHES[branch].into(),
                    values: values(&fits[branch]),
                    hue: HUES[branch],
                })
                .collect(),
            target: None,
        };
        let amplitudes = histogram(Axis::from_to("amplitude A per pair (CADC LSB)", 0.0, 2.0), &|fit| {
            fit.amplitude.clone()
        });
        let taus = histogram(Axis::from_to("time constant τ (µs)", 0.0, 20.0), &|fit| fit.tau.clone());
        let sized = |plot: &'static str| if plot == "curve" { (410, 290) } else { (410, 220) };
        let parts = [
            [
                Resized { plot: &bundle as &dyn Plot, size: sized("curve") },
                Resized { plot: &fitted, size: sized("curve") },
            ],
            [
                Resized { plot: &amplitudes, size: sized("spread") },
                Resized { plot: &taus, size: sized("spread") },
            ],
        ];
        let title = format!("Correlation sensors of {SYNAPSES} synapses of {}", self.individual.name());
        let sheet = parts
            .iter()
            .fold(Sheet::new(title), |sheet, row| sheet.row(row.iter().map(|part| part as &dyn Plot)));
        context.plot(Self::NAME, &sheet)?;
        Ok(report)
    }
}

fn write(context: &Context, curves: &Curves, fits: &[Fits; 2]) -> Result<(), ExperimentError> {
    let place = |synapse: usize| [(synapse / LANES).to_string(), (2 * (synapse % LANES)).to_string()];
    let mut table = context.csv("stdp", &["row", "column", "delay_us", "causal_lsb", "acausal_lsb"])?;
    for synapse in 0..SYNAPSES {
        for (index, delay) in curves.delays.iter().enumerate() {
            let [row, column] = place(synapse);
            let [causal, acausal] =
                [0, 1].map(|branch: usize| cell(curves.answers[branch][synapse][index], 0));
            table.row(&[row, column, cell(*delay, 3), causal, acausal])?;
        }
    }
    let mut table = context.csv("stdp-median", &["delay_us", "causal_lsb", "acausal_lsb"])?;
    for (causal, acausal) in curves.median(0).into_iter().zip(curves.median(1)) {
        table.row(&[cell(causal.0, 3), cell(causal.1, 1), cell(acausal.1, 1)])?;
    }
    let header =
        ["row", "column", "causal_amplitude_lsb", "causal_tau_us", "acausal_amplitude_lsb", "acausal_tau_us"];
    let mut table = context.csv("stdp-sensors", &header)?;
    for synapse in 0..SYNAPSES {
        let [row, column] = place(synapse);
        let [causal, acausal] =
            fits.each_ref().map(|fit| [cell(fit.amplitude[synapse], 4), cell(fit.tau[synapse], 3)]);
        table.row(&[vec![row, column], causal.to_vec(), acausal.to_vec()].concat())?;
    }
    Ok(())
}
