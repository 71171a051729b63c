//! `bss2 plot psp`: post-synaptic potentials.

use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Options, Quantity, ReferenceError, Simulation};
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::Timeline;
use clap::Args;

use super::closed_form::{LeakyNeuron, Psp as ClosedForm};
use super::laboratory::{Laboratory, Switches, label};
use super::options::{self, Individual, Level, Weights};
use super::scope::{Scale, Trace};
use super::{Picture, cell};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Plot, Resized, Sheet, XyPlot, XySeries};

/// Post-synaptic potentials of both inputs of a neuron, beside the closed form
///
/// Single spikes through a synapse of each weight, averaged. The thin black lines are the closed form T-LIN of analog-core 10 with
/// the capacitance, conductances and time constants that this circuit really has; nothing is fitted.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  bss2 plot psp\n  bss2 plot psp --neuron 300 --weight 63 --repeat 100\n  \
                        bss2 plot psp --ideal --level reference"
)]
pub(super) struct Psp {
    /// The neuron (below 256: top half of the chip)
    #[arg(long, value_name = "N", default_value = "0", value_parser = options::neuron)]
    neuron: Neuron,
    /// Weights of the synapse, at most six
    #[arg(long, value_name = "W,...", default_value = "15,31,47,63", value_parser = options::weights)]
    weight: Weights,
    /// Spikes that are averaged
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    repeat: u64,
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    individual: Individual,
}

const DRIVER: u8 = 0;
/// Distance of the averaged spikes: a multiple of the ADC's 34 ns and of the FPGA's 8 ns, so that samples fall on the same phases.
pub(super) const PERIOD: SimTime = SimTime::from_ns(136 * 1_100);
/// Before the spike, and what is shown behind it, us.
const BEFORE: f64 = 5.0;
const BEHIND: f64 = 80.0;

/// The answer to one weight on one line.
struct Answer {
    line: Line,
    weight: u8,
    /// Time since the spike in us, and V above rest.
    curve: Vec<(f64, f64)>,
    theory: ClosedForm,
}

impl Picture for Psp {
    const NAME: &'static str = "psp";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let mut laboratory = Laboratory::bring_up(self.individual)?;
        let codes = laboratory.calibrate(&[self.neuron], context)?;
        let switches = Switches { inputs: [true; 2], observed: true, ..Switches::default() };
        laboratory.write_neurons(&[self.neuron], &codes, switches)?;
        let scale = laboratory.scale().during("measuring the scale of the membrane ADC")?;
        let task = context.task("measuring", 2 * self.weight.0.len() as u64, "potentials");
        let mut answers = Vec::new();
        for line in Line::ALL {
            for &weight in &self.weight.0 {
                if context.cancelled() {
                    return Ok(Report::new());
                }
                laboratory.write_driver(self.neuron.hemisphere(), DRIVER, [weight; 2], None)?;
                let circuit = laboratory.circuit(self.neuron);
                let charge = laboratory.charge(self.neuron, 2 * DRIVER + line as u8) * f64::from(weight);
                let neuron = LeakyNeuron::of(&circuit);
                let theory = ClosedForm::of(&neuron, &circuit.inputs[line as usize], line.sign(), charge);
                let curve = match self.level {
                    Level::Chip => self.measure(&mut laboratory, &scale, line)?,
                    Level::Reference => {
                        reference(&laboratory, self.neuron, line, charge).during("integrating")?
                    }
                };
                answers.push(Answer { line, weight, curve, theory });
                task.advance(1);
            }
        }
        write(context, &answers)?;
        self.picture(context, &answers)
    }
}

impl Psp {
    fn measure(
        &self,
        laboratory: &mut Laboratory,
        scale: &Scale,
        line: Line,
    ) -> Result<Vec<(f64, f64)>, ExperimentError> {
        let mut stimulus = Timeline::new();
        let times = (0..self.repeat).map(|index| SimTime::from_ps((index + 1) * PERIOD.as_ps()));
        stimulus.spike_train(times, label(DRIVER, line));
        stimulus.end(SimTime::from_ps((self.repeat + 1) * PERIOD.as_ps()));
        let trace = laboratory.record(self.neuron, scale, &stimulus).during("recording a membrane")?;
        Ok(average(&trace, PERIOD.as_us_f64(), self.repeat, (BEFORE, BEHIND)))
    }

    fn picture(&self, context: &Context, answers: &[Answer]) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        let (mut curves, mut forms) = (Vec::new(), Vec::new());
        let mut peaks: [Vec<(f64, f64)>; 2] = Default::default();
        let mut theory: [Vec<(f64, f64)>; 2] = Default::default();
        let hues = [Hue::Blue, Hue::Orange];
        for answer in answers {
            let hue = hues[answer.line as usize];
            let first = answer.weight == self.weight.0[0];
            let name = |text: &str| if first { text.to_owned() } else { String::new() };
            let millivolt = |(time, v): &(f64, f64)| (*time, 1e3 * v);
            curves.push(XySeries::new(
                name(["excitatory", "inhibitory"][answer.line as usize]),
                answer.curve.iter().map(millivolt).collect(),
                Mark::Line,
                hue,
            ));
            let times = (0..=400).map(|step| BEHIND * f64::from(step) / 400.0);
            let last = answer.line == Line::Inhibitory && first;
            forms.push(XySeries::new(
                if last { "closed form" } else { "" },
                times.map(|time| (time, 1e3 * answer.theory.at(1e-6 * time))).collect(),
                Mark::Thin,
                Hue::Black,
            ));
            let expected = 1e3 * answer.theory.at(answer.theory.peak_time());
            let found = 1e3 * height(&answer.curve, 1e6 * answer.theory.peak_time());
            peaks[answer.line as usize].push((f64::from(answer.weight), found));
            theory[answer.line as usize].push((f64::from(answer.weight), expected));
            let line = ["excitatory", "inhibitory"][answer.line as usize];
            report.figure(format!("peak_{line}_weight_{}_mv", answer.weight), found).unit("mV");
            report.figure(format!("closed_form_{line}_weight_{}_mv", answer.weight), expected).unit("mV");
        }
        let potentials = XyPlot {
            title: String::new(),
            x: Axis::from_to("time since the spike (µs)", -BEFORE, BEHIND),
            y: Axis::new("membrane above rest (mV)"),
            series: [curves, forms].concat(),
            references: Vec::new(),
            cross: true,
        };
        let (mut series, mut forms) = (Vec::new(), Vec::new());
        for (line, (peaks, theory)) in peaks.into_iter().zip(theory).enumerate() {
            let full = theory.last().map_or(0.0, |point| point.1 / point.0);
            let ends = vec![(0.0, 0.0), (63.0, 63.0 * full)];
            forms.push(XySeries::new(["closed form", ""][line], ends, Mark::Thin, Hue::Black));
            series.push(XySeries::new(["excitatory", "inhibitory"][line], peaks, Mark::Dots, hues[line]));
        }
        let amplitudes = XyPlot {
            title: String::new(),
            x: Axis::from_to("weight", 0.0, 64.0),
            y: Axis::new("peak (mV)"),
            // Dots above the lines.
            series: [forms, series].concat(),
            references: Vec::new(),
            cross: true,
        };
        let parts = [
            Resized { plot: &potentials, size: (480, 320) },
            Resized { plot: &amplitudes, size: (340, 320) },
        ];
        let weights: Vec<String> = self.weight.0.iter().map(ToString::to_string).collect();
        let title = format!(
            "Post-synaptic potentials of neuron {} of {}, weights {}{}",
            self.neuron.index(),
            self.individual.name(),
            weights.join(", "),
            self.level.remark()
        );
        context.plot(Self::NAME, &Sheet::new(title).row(parts.iter().map(|part| part as &dyn Plot)))?;
        Ok(report)
    }
}

/// The mean over `count` periods of `period` us, from `window.0` us before to `window.1` us behind each beginning but the first, above
/// the mean of what lies before.
pub(super) fn average(trace: &Trace, period: f64, count: u64, window: (f64, f64)) -> Vec<(f64, f64)> {
    const BIN: f64 = 4.0 * 0.034;
    let bins = ((window.0 + window.1) / BIN) as usize;
    let mut sums = vec![(0.0, 0u32); bins];
    for (time, v) in &trace.samples {
        // The window of the next beginning may begin before it.
        let since = time + window.0;
        let index = (since / period).floor();
        let place = ((since - index * period) / BIN) as usize;
        if index >= 1.0
            && index <= count as f64
            && let Some(sum) = sums.get_mut(place)
        {
            *sum = (sum.0 + v, sum.1 + 1);
        }
    }
    let means = sums.iter().enumerate().filter(|(_, sum)| sum.1 > 0);
    let means: Vec<(f64, f64)> =
        means.map(|(index, sum)| ((index as f64 + 0.5) * BIN - window.0, sum.0 / f64::from(sum.1))).collect();
    let rest: Vec<f64> = means.iter().filter(|point| point.0 < 0.0).map(|point| point.1).collect();
    let rest = rest.iter().sum::<f64>() / rest.len().max(1) as f64;
    means.into_iter().map(|(time, v)| (time, v - rest)).collect()
}

/// The mean of a curve within 0.5 us of a moment in us.
pub(super) fn height(curve: &[(f64, f64)], at: f64) -> f64 {
    let near: Vec<f64> =
        curve.iter().filter(|point| (point.0 - at).abs() <= 0.5).map(|point| point.1).collect();
    near.iter().sum::<f64>() / near.len().max(1) as f64
}

/// The same circuit in the reference simulation.
fn reference(
    laboratory: &Laboratory,
    neuron: Neuron,
    line: Line,
    charge: f64,
) -> Result<Vec<(f64, f64)>, ReferenceError> {
    const SETTLE: SimTime = SimTime::from_us(500);
    let step = SimTime::from_ns(100);
    let circuit = Circuit::from(&laboratory.circuit(neuron));
    let mut simulation = Simulation::new(vec![(neuron, circuit)], Options::default())?;
    simulation.advance(SETTLE)?;
    let rest = simulation.value(neuron, Quantity::Membrane)?;
    simulation.input(SETTLE, neuron, Input::Charge { line, charge })?;
    let probe = simulation.probe(neuron, Quantity::Membrane, SETTLE, step, (10.0 * BEHIND) as usize)?;
    simulation.advance(SETTLE + SimTime::from_secs_f64(1e-6 * BEHIND))?;
    let samples = simulation.samples(probe).iter().enumerate();
    Ok(samples.map(|(index, v)| (step.as_us_f64() * index as f64, v - rest)).collect())
}

fn write(context: &Context, answers: &[Answer]) -> Result<(), ExperimentError> {
    let mut table = context.csv("psp", &["input", "weight", "time_us", "membrane_mv", "closed_form_mv"])?;
    for answer in answers {
        let line = ["excitatory", "inhibitory"][answer.line as usize];
        for (time, v) in &answer.curve {
            let theory = answer.theory.at(1e-6 * time);
            table.row(&[
                line.to_owned(),
                answer.weight.to_string(),
                cell(*time, 3),
                cell(1e3 * v, 3),
                cell(1e3 * theory, 3),
            ])?;
        }
    }
    Ok(())
}
