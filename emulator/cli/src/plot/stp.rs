//! `bss2 plot stp`: short-term plasticity.

use bss2_analog::Line;
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::Timeline;
use clap::Args;

use super::closed_form::{LeakyNeuron, Psp, ShortTerm};
use super::laboratory::{Laboratory, Plasticity, Switches, label};
use super::options::{self, Individual};
use super::psp::height;
use super::scope::{Scale, Trace};
use super::{Picture, cell};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Panel, Plot, Reference, Resized, Sheet, Stack, XyPlot, XySeries};

/// Short-term depression and facilitation of a synapse driver, beside the closed form
///
/// A regular train, a pause, and one more spike, averaged; each potential's height over its number. The circles are the two maps of
/// analog-core 5.4 with the values that this driver really has, the horizontal lines their fixed points (T-STP).
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  bss2 plot stp\n  bss2 plot stp --driver 5 --utilization 15 --interval 30\n  \
                        bss2 plot stp --ideal"
)]
pub(super) struct Stp {
    /// The neuron that shows it (below 256: top half of the chip)
    #[arg(long, value_name = "N", default_value = "0", value_parser = options::neuron)]
    neuron: Neuron,
    /// The synapse driver, 0 to 127, in the same half
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=127))]
    driver: u8,
    /// Code of the utilization: how far one spike goes
    #[arg(long, value_name = "CODE", default_value_t = 7, value_parser = clap::value_parser!(u8).range(0..=15))]
    utilization: u8,
    /// Divider of the recovery clock: each step doubles the time constant
    #[arg(long, value_name = "CODE", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=8))]
    recovery_clock: u8,
    /// Distance of the spikes of the train, us
    #[arg(long, value_name = "US", default_value_t = 40, value_parser = clap::value_parser!(u64).range(25..=1_000))]
    interval: u64,
    /// Spikes of the train
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(3..=40))]
    spikes: u64,
    /// Trains that are averaged
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=500))]
    repeat: u64,
    #[command(flatten)]
    individual: Individual,
}

const WEIGHT: u8 = 63;
/// What was measured of one kind of plasticity.
struct Measured {
    name: &'static str,
    hue: Hue,
    /// Mean membrane above rest: us, V.
    curve: Vec<(f64, f64)>,
    /// Heights of the potentials, mV.
    heights: Vec<f64>,
    /// The same from theory.
    theory: Vec<f64>,
    /// Height in the steady state, mV.
    steady: f64,
    /// Time constant of the recovery, us.
    recovery: f64,
}

impl Picture for Stp {
    const NAME: &'static str = "stp";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let mut laboratory = Laboratory::bring_up(self.individual)?;
        let mut codes = laboratory.calibrate(&[self.neuron], context)?;
        for codes in &mut codes {
            // A fast neuron, so that one potential is over before the next: 5 us and 2.5 us.
            (codes.leak, codes.tau) = (250, [200, 190]);
        }
        let switches = Switches { inputs: [true, false], observed: true, ..Switches::default() };
        laboratory.write_neurons(&[self.neuron], &codes, switches)?;
        let scale = laboratory.scale().during("measuring the scale of the membrane ADC")?;
        let task = context.task("measuring", 2 * self.repeat, "trains");
        let mut kinds = Vec::new();
        for (name, hue, depresses) in [("depression", Hue::Blue, true), ("facilitation", Hue::Orange, false)]
        {
            let plasticity = Plasticity {
                depresses,
                utilization: self.utilization,
                recovery: 0,
                clock: self.recovery_clock,
            };
            let hemisphere = self.neuron.hemisphere();
            laboratory.write_driver(hemisphere, self.driver, [WEIGHT, 0], Some(plasticity))?;
            let driver = laboratory.driver(hemisphere, self.driver);
            let short_term = ShortTerm::of(&driver);
            let recovery = 1e6 * short_term.recovery_time();
            let Some(trace) = self.measure(&mut laboratory, &scale, recovery, context, &task)? else {
                return Ok(Report::new());
            };
            let circuit = laboratory.circuit(self.neuron);
            let charge = laboratory.charge(self.neuron, 2 * self.driver) * f64::from(WEIGHT);
            let neuron = LeakyNeuron::of(&circuit);
            let psp = Psp::of(&neuron, &circuit.inputs[0], 1.0, charge);
            let peak = 1e3 * psp.at(psp.peak_time());
            let times = self.times();
            let pauses: Vec<SimTime> = std::iter::once(SimTime::from_ms(100))
                .chain(times.windows(2).map(|pair| pair[1] - pair[0]))
                .collect();
            let heights = times.iter().map(|time| {
                let start = time.as_us_f64();
                let rest = height(&trace, start - 1.0);
                1e3 * (height(&trace, start + 1e6 * psp.peak_time()) - rest)
            });
            kinds.push(Measured {
                name,
                hue,
                heights: heights.collect(),
                theory: short_term.pulses(&pauses).into_iter().map(|pulse| peak * pulse).collect(),
                steady: peak * short_term.steady(SimTime::from_us(self.interval)),
                recovery,
                curve: trace,
            });
        }
        self.write(context, &kinds)?;
        self.picture(context, &kinds)
    }
}

impl Stp {
    /// When the spikes of a train come, and the one behind the pause.
    fn times(&self) -> Vec<SimTime> {
        let start = |index: u64| SimTime::from_us(10 + index * self.interval);
        (0..self.spikes).chain([2 * self.spikes]).map(start).collect()
    }

    /// The mean of some trains; `None` if the user wants to stop.
    fn measure(
        &self,
        laboratory: &mut Laboratory,
        scale: &Scale,
        recovery: f64,
        context: &Context,
        task: &crate::progress::Task,
    ) -> Result<Option<Vec<(f64, f64)>>, ExperimentError> {
        let times = self.times();
        let end = SimTime::from_us(10 + (2 * self.spikes + 1) * self.interval);
        let mut stimulus = Timeline::new();
        stimulus.spike_train(times, label(self.driver, Line::Excitatory));
        stimulus.end(end);
        let mut traces = Vec::new();
        for _ in 0..self.repeat {
            if context.cancelled() {
                return Ok(None);
            }
            // The plasticity recovers fully before each train.
            laboratory.with("waiting for the recovery", |program| {
                program.wait(SimTime::from_secs_f64(1e-6 * 12.0 * recovery));
            })?;
            traces.push(laboratory.record(self.neuron, scale, &stimulus).during("recording a membrane")?);
            task.advance(1);
        }
        Ok(Some(mean(&traces, 10.0)))
    }

    fn write(&self, context: &Context, kinds: &[Measured]) -> Result<(), ExperimentError> {
        let mut table =
            context.csv("stp", &["plasticity", "spike", "time_us", "height_mv", "closed_form_mv"])?;
        for kind in kinds {
            for (index, (time, (height, theory))) in
                self.times().iter().zip(kind.heights.iter().zip(&kind.theory)).enumerate()
            {
                table.row(&[
                    kind.name.to_owned(),
                    (index + 1).to_string(),
                    cell(time.as_us_f64(), 1),
                    cell(*height, 3),
                    cell(*theory, 3),
                ])?;
            }
        }
        let mut table = context.csv("stp-traces", &["plasticity", "time_us", "membrane_mv"])?;
        for kind in kinds {
            for (time, v) in &kind.curve {
                table.row(&[kind.name.to_owned(), cell(*time, 3), cell(1e3 * v, 3)])?;
            }
        }
        Ok(())
    }

    fn picture(&self, context: &Context, kinds: &[Measured]) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        let highest =
            kinds.iter().flat_map(|kind| &kind.curve).fold(0.0_f64, |high, point| high.max(point.1));
        let strokes = crate::plots::Strokes {
            label: "input".into(),
            times: self.times().iter().map(|time| time.as_us_f64()).collect(),
            hue: Hue::Green,
        };
        let panels = kinds.iter().map(|kind| Panel {
            label: kind.name.to_owned(),
            y: Axis::from_to("above rest (mV)", -3.0, 1e3 * highest + 2.0),
            series: vec![XySeries::new(
                "",
                kind.curve.iter().map(|(time, v)| (*time, 1e3 * v)).collect(),
                Mark::Thin,
                kind.hue,
            )],
            above: Vec::new(),
            below: vec![strokes.clone()],
            height: 150,
        });
        let traces =
            Stack { title: String::new(), x: Axis::new("chip time (µs)"), panels: panels.collect() };
        let mut series = Vec::new();
        let mut references = Vec::new();
        for kind in kinds {
            let numbered = |values: &[f64]| -> Vec<(f64, f64)> {
                let (train, test) = values.split_at(values.len().saturating_sub(1));
                let train = train.iter().enumerate().map(|(index, v)| (index as f64 + 1.0, *v));
                // A gap for the pause.
                let test = test.iter().map(|v| (values.len() as f64 + 2.0, *v));
                train.chain([(f64::NAN, f64::NAN)]).chain(test).collect()
            };
            series.push(XySeries::new(
                format!("{}, closed form", kind.name),
                numbered(&kind.theory),
                Mark::Rings,
                Hue::Black,
            ));
            series.push(XySeries::new(kind.name, numbered(&kind.heights), Mark::DotsAndLine, kind.hue));
            references.push(Reference::new(kind.steady, format!("fixed point, {}", kind.name)));
            let name = kind.name;
            report
                .figure(format!("{name}_first_mv"), kind.heights.first().copied().unwrap_or(f64::NAN))
                .unit("mV");
            report
                .figure(
                    format!("{name}_last_of_train_mv"),
                    kind.heights.iter().rev().nth(1).copied().unwrap_or(f64::NAN),
                )
                .unit("mV");
            report.figure(format!("{name}_fixed_point_mv"), kind.steady).unit("mV");
            report.figure(format!("{name}_recovery_us"), kind.recovery).unit("us");
        }
        // One entry of the legend for both closed forms.
        let mut named = false;
        for series in &mut series {
            if series.mark == Mark::Rings {
                series.label = if named { String::new() } else { "closed form".to_owned() };
                named = true;
            }
        }
        let amplitudes = XyPlot {
            title: String::new(),
            x: Axis::new("spike (the last one behind the pause)"),
            y: Axis::from_to("height of the potential (mV)", 0.0, 1.1e3 * highest),
            series,
            references,
            cross: false,
        };
        let parts =
            [Resized { plot: &traces, size: (440, 330) }, Resized { plot: &amplitudes, size: (380, 330) }];
        let title = format!(
            "Short-term plasticity of driver {} of {}, a spike every {} µs",
            self.driver,
            self.individual.name(),
            self.interval
        );
        context.plot(Self::NAME, &Sheet::new(title).row(parts.iter().map(|part| part as &dyn Plot)))?;
        Ok(report)
    }
}

/// The mean of recordings of the same stimulus, above what lies before `first` us.
fn mean(traces: &[Trace], first: f64) -> Vec<(f64, f64)> {
    const BIN: f64 = 10.0 * 0.034;
    let mut sums: Vec<(f64, u32)> = Vec::new();
    for (time, v) in traces.iter().flat_map(|trace| &trace.samples) {
        let bin = (time / BIN) as usize;
        if bin >= sums.len() {
            sums.resize(bin + 1, (0.0, 0));
        }
        sums[bin] = (sums[bin].0 + v, sums[bin].1 + 1);
    }
    let means = sums.iter().enumerate().filter(|(_, sum)| sum.1 > 0);
    let means: Vec<(f64, f64)> =
        means.map(|(bin, sum)| ((bin as f64 + 0.5) * BIN, sum.0 / f64::from(sum.1))).collect();
    let rest: Vec<f64> = means.iter().filter(|point| point.0 < first).map(|point| point.1).collect();
    let rest = rest.iter().sum::<f64>() / rest.len().max(1) as f64;
    means.into_iter().map(|(time, v)| (time, v - rest)).collect()
}
