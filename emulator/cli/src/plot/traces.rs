//! `bss2 plot traces`: membranes.

use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Options, Quantity, ReferenceError, Simulation};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_host::playback::Timeline;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::{Register, TypedBlock, coordinates};
use clap::{Args, ValueEnum};

use super::laboratory::{Laboratory, Switches, label, poisson};
use super::options::{self, Individual, Level, Neurons};
use super::scope::Trace;
use super::{Picture, cell};
use crate::experiments::{Context, During, ExperimentError, Report};
use crate::plots::{Axis, Hue, Mark, Panel, Stack, Strokes, XySeries};

/// Membranes of some neurons with what goes in and what comes out
///
/// All neurons get the same input; what differs is they. Each is recorded by the membrane ADC in a run of its own, at 29
/// million samples a second, with potentials and inputs calibrated before (bss2_calibration::quick).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  bss2 plot traces\n  \
                        bss2 plot traces --neuron 0,128,256 --chip-seed 3 --rate 0.5\n  \
                        bss2 plot traces --stimulus step --current 500 --duration 150\n  \
                        bss2 plot traces --neuron 7 --level reference --ideal")]
pub(super) struct Traces {
    /// Neurons, at most six: 0,1,256 or 0-3 (below 256: top half of the chip)
    #[arg(long, value_name = "N,...", default_value = "0,1,2", value_parser = options::neurons::<6>)]
    neuron: Neurons,
    /// What goes in: random spikes, or a step of the offset current
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    stimulus: Stimulus,
    /// How long, us
    #[arg(long, value_name = "US", default_value_t = 200, value_parser = clap::value_parser!(u64).range(20..=2_000))]
    duration: u64,
    /// Excitatory spikes in a microsecond
    #[arg(long, value_name = "RATE", default_value = "0.3", value_parser = options::positive::<10>)]
    rate: f64,
    /// Inhibitory spikes in a microsecond
    #[arg(long, value_name = "RATE", default_value = "0.1", value_parser = options::positive::<10>)]
    inhibitory_rate: f64,
    /// Weight of the excitatory synapses
    #[arg(long, value_name = "WEIGHT", default_value_t = 32, value_parser = clap::value_parser!(u8).range(0..=63))]
    weight: u8,
    /// Weight of the inhibitory synapses
    #[arg(long, value_name = "WEIGHT", default_value_t = 16, value_parser = clap::value_parser!(u8).range(0..=63))]
    inhibitory_weight: u8,
    /// Code of the offset current of a step
    #[arg(long, value_name = "CODE", default_value_t = 500, value_parser = clap::value_parser!(u16).range(0..=1022))]
    current: u16,
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    individual: Individual,
}

/// What goes into the neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Stimulus {
    /// Random excitatory and inhibitory spikes through two synapses.
    #[default]
    Spikes,
    /// The offset current, from a tenth to nine tenths of the time.
    Step,
}

/// The synapse driver in use; it has a row for each input.
const DRIVER: u8 = 0;

impl Picture for Traces {
    const NAME: &'static str = "traces";

    fn chip_seed(&self) -> u64 {
        self.individual.chip_seed
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let neurons = &self.neuron.0;
        let span = SimTime::from_us(self.duration);
        let inputs = self.inputs(span);
        let mut laboratory = Laboratory::bring_up(self.individual)?;
        let mut codes = laboratory.calibrate(neurons, context)?;
        codes.iter_mut().for_each(|codes| codes.offset = self.current);
        let switches = Switches { fires: true, inputs: [true; 2], ..Switches::default() };
        laboratory.write_neurons(neurons, &codes, switches)?;
        for hemisphere in Hemisphere::ALL {
            laboratory.write_driver(hemisphere, DRIVER, [self.weight, self.inhibitory_weight], None)?;
        }
        let task = context.task("recording", neurons.len() as u64, "neurons");
        let mut traces = Vec::new();
        let scale = laboratory.scale().during("measuring the scale of the membrane ADC")?;
        for &neuron in neurons {
            if context.cancelled() {
                return Ok(Report::new());
            }
            traces.push(match self.level {
                Level::Chip => {
                    let observe = |laboratory: &mut Laboratory, observed: bool| {
                        let config = Switches { observed, ..switches }.config();
                        laboratory.with("observing a neuron", |program| {
                            bss2_calibration::bench::write(
                                program,
                                coordinates::neuron_config(neuron),
                                &config,
                            );
                        })
                    };
                    observe(&mut laboratory, true)?;
                    let stimulus = self.timeline(neuron, switches, span, &inputs);
                    let trace =
                        laboratory.record(neuron, &scale, &stimulus).during("recording a membrane")?;
                    observe(&mut laboratory, false)?;
                    trace
                }
                Level::Reference => {
                    self.reference(&laboratory, neuron, span, &inputs).during("integrating a neuron")?
                }
            });
            task.advance(1);
        }
        self.write(context, &traces, &inputs)?;
        self.picture(context, &traces, inputs)
    }
}

impl Traces {
    /// When input spikes come, excitatory ones first.
    fn inputs(&self, span: SimTime) -> [Vec<SimTime>; 2] {
        if self.stimulus == Stimulus::Step {
            return [Vec::new(), Vec::new()];
        }
        let seed = self.individual.chip_seed.wrapping_mul(2);
        [poisson(seed, self.rate, span), poisson(seed.wrapping_add(1), self.inhibitory_rate, span)]
    }

    /// From when to when the offset current flows.
    fn step(&self, span: SimTime) -> [SimTime; 2] {
        [1, 9].map(|tenths| SimTime::from_ps(span.as_ps() / 10 * tenths))
    }

    fn timeline(
        &self,
        neuron: Neuron,
        switches: Switches,
        span: SimTime,
        inputs: &[Vec<SimTime>; 2],
    ) -> Timeline {
        let mut timeline = Timeline::new();
        for (line, times) in Line::ALL.into_iter().zip(inputs) {
            timeline.spike_train(times.iter().copied(), label(DRIVER, line));
        }
        if self.stimulus == Stimulus::Step {
            for (at, offset) in self.step(span).into_iter().zip([true, false]) {
                let config = Switches { offset, observed: true, ..switches }.config();
                let instance = coordinates::neuron_config(neuron);
                for (word, value) in (0..).zip(config.to_words()) {
                    let register = Register { block: NeuronConfig::BLOCK, instance, word };
                    if let Some(address) = register.address() {
                        timeline.write(at, address, value);
                    }
                }
            }
        }
        timeline.end(span);
        timeline
    }

    /// The same circuit in the reference simulation, read without error.
    fn reference(
        &self,
        laboratory: &Laboratory,
        neuron: Neuron,
        span: SimTime,
        inputs: &[Vec<SimTime>; 2],
    ) -> Result<Trace, ReferenceError> {
        const SETTLE: SimTime = SimTime::from_us(500);
        let step = SimTime::from_ns(34);
        let parameters = laboratory.circuit(neuron);
        let mut simulation = Simulation::new(vec![(neuron, Circuit::from(&parameters))], Options::default())?;
        simulation.advance(SETTLE)?;
        simulation.take_fires();
        let weights = [self.weight, self.inhibitory_weight];
        for ((line, times), (row, weight)) in
            Line::ALL.into_iter().zip(inputs).zip((2 * DRIVER..).zip(weights))
        {
            let charge = laboratory.charge(neuron, row) * f64::from(weight);
            for time in times {
                simulation.input(SETTLE + *time, neuron, Input::Charge { line, charge })?;
            }
        }
        let count = (span.as_ps() / step.as_ps()) as usize;
        let probe = simulation.probe(neuron, Quantity::Membrane, SETTLE, step, count)?;
        if self.stimulus == Stimulus::Step {
            let current = laboratory.current_per_code(neuron) * f64::from(self.current);
            for (at, current) in self.step(span).into_iter().zip([current, 0.0]) {
                simulation.advance(SETTLE + at)?;
                let mut changed = Circuit::from(&parameters);
                changed.membrane.leakage += current;
                simulation.configure(neuron, &changed)?;
            }
        }
        simulation.advance(SETTLE + span)?;
        let samples = simulation.samples(probe).iter().enumerate();
        Ok(Trace {
            samples: samples.map(|(index, v)| (step.as_us_f64() * index as f64, *v)).collect(),
            spikes: simulation.fires().iter().map(|fire| 1e6 * fire.reset - SETTLE.as_us_f64()).collect(),
        })
    }

    fn write(
        &self,
        context: &Context,
        traces: &[Trace],
        inputs: &[Vec<SimTime>; 2],
    ) -> Result<(), ExperimentError> {
        let mut table = context.csv("traces", &["neuron", "time_us", "membrane_v"])?;
        let mut events = context.csv("traces-spikes", &["train", "time_us"])?;
        for (neuron, trace) in self.neuron.0.iter().zip(traces) {
            let index = neuron.index();
            for (time, v) in &trace.samples {
                table.row(&[index.to_string(), cell(*time, 3), cell(*v, 4)])?;
            }
            for time in &trace.spikes {
                events.row(&[format!("neuron {index}"), cell(*time, 3)])?;
            }
        }
        for (name, times) in ["excitatory input", "inhibitory input"].into_iter().zip(inputs) {
            for time in times {
                events.row(&[name.to_owned(), cell(time.as_us_f64(), 3)])?;
            }
        }
        Ok(())
    }

    fn picture(
        &self,
        context: &Context,
        traces: &[Trace],
        inputs: [Vec<SimTime>; 2],
    ) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (_, v) in traces.iter().flat_map(|trace| &trace.samples) {
            (low, high) = (low.min(*v), high.max(*v));
        }
        let strokes = |label: &str, times: &[SimTime], hue| Strokes {
            label: label.into(),
            times: times.iter().map(|time| time.as_us_f64()).collect(),
            hue,
        };
        let below: Vec<Strokes> = match self.stimulus {
            // The lowest row first.
            Stimulus::Spikes => vec![
                strokes("excitatory input", &inputs[0], Hue::Green),
                strokes("inhibitory input", &inputs[1], Hue::Orange),
            ],
            Stimulus::Step => Vec::new(),
        };
        let mut panels = Vec::new();
        for (neuron, trace) in self.neuron.0.iter().zip(traces) {
            report.figure(format!("spikes_neuron_{}", neuron.index()), trace.spikes.len());
            panels.push(Panel {
                label: format!("neuron {}", neuron.index()),
                y: Axis::from_to("membrane (V)", low - 0.02, high + 0.02),
                series: vec![XySeries::new("", trace.samples.clone(), Mark::Thin, Hue::Black)],
                above: vec![Strokes { label: "spike".into(), times: trace.spikes.clone(), hue: Hue::Blue }],
                below: below.clone(),
                height: 140,
            });
        }
        let what = match self.stimulus {
            Stimulus::Spikes => "the same input".to_owned(),
            Stimulus::Step => format!("a step of the offset current, code {}", self.current),
        };
        let stack = Stack {
            title: format!("Neurons of {} with {what}{}", self.individual.name(), self.level.remark()),
            x: Axis::from_to("chip time (µs)", 0.0, self.duration as f64),
            panels,
        };
        context.plot(Self::NAME, &stack)?;
        Ok(report)
    }
}
