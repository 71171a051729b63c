//! `bss2 plot fi`: firing rates over the offset current.

use bss2_analog::reference::{Circuit, Options, ReferenceError, Simulation};
use bss2_base::{Neuron, SimTime};
use bss2_calibration::bench::{self, SETTLING};
use bss2_host::registers::capmem::NeuronParameter as Cell;
use clap::Args;

use super::closed_form::LeakyNeuron;
use super::laboratory::{Codes, Laboratory, Measured, Switches};
use super::options::{self, Individual, Level, Neurons};
use super::{Picture, cell, refuse};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, XyPlot, XySeries};

/// Firing rates of some neurons over their offset current, beside the closed form
///
/// The dots come from the spikes that leave the chip. The lines are the closed form T-FI1 of analog-core 10,
/// 1/f = t_ref + τ ln((V∞ - V_r) / (V∞ - V_th)), with the values that each circuit really has; nothing is fitted.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  bss2 plot fi\n  bss2 plot fi --neuron 0,100,300,500 --calibrated\n  \
                        bss2 plot fi --ideal --neuron 0 --from 360 --to 420 --points 30")]
pub(super) struct Fi {
    /// Neurons, at most six (below 256: top half of the chip)
    #[arg(long, value_name = "N,...", default_value = "0-4", value_parser = options::neurons::<6>)]
    neuron: Neurons,
    /// First code of the offset current
    #[arg(long, value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(0..=1022))]
    from: u16,
    /// Last code
    #[arg(long, value_name = "CODE", default_value_t = 800, value_parser = clap::value_parser!(u16).range(0..=1022))]
    to: u16,
    /// Number of currents
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(2..=200))]
    points: u16,
    /// Calibrate the potentials first; otherwise all neurons have the same codes
    #[arg(long)]
    calibrated: bool,
    /// How long spikes are counted at each current, us
    #[arg(long, value_name = "US", default_value_t = 500, value_parser = clap::value_parser!(u64).range(50..=10_000))]
    duration: u64,
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    individual: Individual,
}

/// How far the asymptote lies above the threshold where a comparison makes sense, V.
const CLEAR: f64 = 10e-3;
/// Nominal current of a code, nA (analog-core 3.10).
const NANOAMPERE: f64 = 0.137;

/// What a neuron does at one current: measured and closed form, kHz.
#[derive(Clone, Copy, Debug)]
struct Point {
    code: u16,
    measured: f64,
    neuron: LeakyNeuron,
}

impl Picture for Fi {
    const NAME: &'static str = "fi";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        if self.from >= self.to {
            return refuse("to", format!("{} is not above --from {}", self.to, self.from));
        }
        let neurons = &self.neuron.0;
        let mut laboratory = Laboratory::bring_up(self.individual)?;
        let codes = match self.calibrated {
            true => laboratory.calibrate(neurons, context)?,
            false => vec![Codes::TYPICAL; neurons.len()],
        };
        let switches = Switches { fires: true, offset: true, ..Switches::default() };
        laboratory.write_neurons(neurons, &codes, switches)?;
        let task = context.task("measuring", u64::from(self.points), "currents");
        let mut curves: Vec<Vec<Point>> = vec![Vec::new(); neurons.len()];
        for index in 0..self.points {
            if context.cancelled() {
                break;
            }
            let range = u32::from(self.to - self.from);
            let code = self.from + (range * u32::from(index) / u32::from(self.points - 1)) as u16;
            let rates = self.rates(&mut laboratory, code).during("counting spikes")?;
            for ((curve, &neuron), rate) in curves.iter_mut().zip(neurons).zip(rates) {
                let circuit = laboratory.circuit(neuron);
                let measured = match self.level {
                    Level::Chip => rate,
                    Level::Reference => {
                        self.reference(neuron, Circuit::from(&circuit)).during("integrating")?
                    }
                };
                curve.push(Point { code, measured, neuron: LeakyNeuron::of(&circuit) });
            }
            task.advance(1);
        }
        let mut table = context.csv("fi", &["neuron", "code", "rate_khz", "closed_form_khz"])?;
        for (neuron, curve) in neurons.iter().zip(&curves) {
            for point in curve {
                table.row(&[
                    neuron.index().to_string(),
                    point.code.to_string(),
                    cell(point.measured, 3),
                    cell(1e-3 * point.neuron.rate(), 3),
                ])?;
            }
        }
        self.picture(context, &curves)
    }
}

impl Fi {
    /// Sets the offset current of all neurons and counts: kHz.
    fn rates(&self, laboratory: &mut Laboratory, code: u16) -> Measured<Vec<f64>> {
        let neurons = &self.neuron.0;
        let (results, epoch) = laboratory.bench().with(|program| {
            for &neuron in neurons {
                bench::write_cell(program, neuron, Cell::IMemOffset, code);
            }
            program.event_recording(false);
            program.barrier_omnibus().wait(SETTLING);
            program.event_recording(true);
            let epoch = program.epoch();
            program.wait(SimTime::from_us(self.duration));
            epoch
        })?;
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); neurons.len()];
        for (time, label) in results.spikes_since(epoch)? {
            let source = bench::neuron_of_label(label);
            if let Some(place) = neurons.iter().position(|neuron| Some(*neuron) == source) {
                times[place].push(time.as_us_f64());
            }
        }
        Ok(times.iter().map(|times| rate(times)).collect())
    }

    /// The rate of the same circuit in the reference simulation, kHz.
    fn reference(&self, neuron: Neuron, circuit: Circuit) -> Result<f64, ReferenceError> {
        let mut simulation = Simulation::new(vec![(neuron, circuit)], Options::default())?;
        simulation.advance(SimTime::from_us(self.duration))?;
        let times: Vec<f64> = simulation.fires().iter().map(|fire| 1e6 * fire.reset).collect();
        // The first interval begins at the leak potential.
        Ok(rate(times.get(1..).unwrap_or_default()))
    }

    fn picture(&self, context: &Context, curves: &[Vec<Point>]) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        let mut series = Vec::new();
        let current = |code: f64| NANOAMPERE * code;
        let mut deviations = Vec::new();
        for (index, (neuron, curve)) in self.neuron.0.iter().zip(curves).enumerate() {
            let hue = Hue::of_group(index);
            let label = if index == 0 { "closed form" } else { "" };
            series.push(XySeries::new(label, between(curve, current), Mark::Thin, hue));
            let dots = curve.iter().map(|point| (current(f64::from(point.code)), point.measured)).collect();
            series.push(XySeries::new(format!("neuron {}", neuron.index()), dots, Mark::Dots, hue));
            for point in curve {
                let expected = 1e-3 * point.neuron.rate();
                // Just above the rheobase the noise of the threshold decides.
                if point.neuron.asymptote > point.neuron.threshold + CLEAR {
                    deviations.push(point.measured / expected - 1.0);
                }
            }
            if let Some(first) = curve.iter().find(|point| point.measured > 0.0) {
                report.figure(format!("first_firing_code_neuron_{}", neuron.index()), f64::from(first.code));
            }
        }
        let worst = deviations.iter().fold(0.0_f64, |worst, deviation| worst.max(deviation.abs()));
        report.figure("largest_deviation_from_closed_form_10_mv_above_threshold", 100.0 * worst).unit("%");
        let codes = if self.calibrated { "calibrated potentials" } else { "the same codes" };
        let plot = XyPlot {
            title: format!(
                "Firing rates of neurons of {} with {codes}{}",
                self.individual.name(),
                self.level.remark()
            ),
            x: Axis::new("nominal offset current (nA)"),
            y: Axis::new("firing rate (kHz)"),
            series,
            references: Vec::new(),
            cross: false,
        };
        context.plot(Self::NAME, &plot)?;
        Ok(report)
    }
}

/// Spikes in a millisecond, from their distances in us; 0 for fewer than two.
fn rate(times: &[f64]) -> f64 {
    match (times.first(), times.last()) {
        (Some(first), Some(last)) if last > first => 1e3 * (times.len() - 1) as f64 / (last - first),
        _ => 0.0,
    }
}

/// The closed form at and between the measured currents, where the asymptote moves evenly.
fn between(curve: &[Point], current: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    const STEPS: u32 = 24;
    let mut points = Vec::new();
    for pair in curve.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        for step in 0..STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let mix = |from: f64, to: f64| from + share * (to - from);
            let neuron = LeakyNeuron {
                asymptote: mix(from.neuron.asymptote, to.neuron.asymptote),
                reset: mix(from.neuron.reset, to.neuron.reset),
                ..from.neuron
            };
            points.push((current(mix(from.code.into(), to.code.into())), 1e-3 * neuron.rate()));
        }
    }
    points.extend(curve.last().map(|last| (current(last.code.into()), 1e-3 * last.neuron.rate())));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_two_spikes() {
        assert_eq!(rate(&[]), 0.0);
        assert_eq!(rate(&[5.0]), 0.0);
        assert_eq!(rate(&[5.0, 15.0, 25.0]), 100.0);
    }
}
