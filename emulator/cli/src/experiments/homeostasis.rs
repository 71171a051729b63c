//! Homeostatic regulation of firing rates (experiments E04; BrainScaleS-2 demo ts_11).
//!
//! # The experiment
//!
//! 64 neurons of each hemisphere receive the same random train of 120 kHz from an on-chip background source, through one
//! synapse each. All weights are 0 at first. Every 10 ms the plasticity processor of the hemisphere reads and clears the
//! spike counters of its neurons, and moves each weight by one step: up if the neuron spiked less than 60 times, down if
//! more. So all weights climb together, until one neuron after the other reaches 6 kHz and stays there.
//!
//! Nobody tells the processors how strong a synapse is. The neurons are calibrated in their potentials and mean
//! synaptic strength, but time constants keep their mismatch: the weights at the end differ by about an eighth, and *are* the
//! compensated mismatch. The control shows the other side: with the same weight everywhere, the same neurons fire at very
//! different rates.
//!
//! # Choices
//!
//! * Neurons: the middle columns, so that both quadrants of a hemisphere take part.
//! * Targets of the calibration: the default spiking set (experiments 2.2), leak, reset and threshold at 80, 70 and 125 CADC
//!   codes, time constants of 10 us, refractory time 2 us.
//! * Synaptic strength: 9.5 CADC codes for a weight of 1 and a spike a microsecond, so that the published final weights
//!   (24 +- 3) come out. Its calibration is as coarse as that of the chip; what remains are the time constants (12 % membrane, 28 % synaptic),
//!   which decide how much of a random train crosses the threshold.
//! * Background: source 0 feeds PADI bus 0 of the top hemisphere, source 4 that of the bottom one (event-routing 4.1).
//!   Once in 65 cycles an event is drawn with a probability of 8/256 (event-routing 11): 120.19 kHz.
//! * A neuron's rate is its mean from 300 ms on. A single count over 10 ms varies by itself (about 8 of 60), and
//!   those of a hemisphere vary together because all get the same events.
//! * The control begins with the chip in the same state, and gets the same events.

use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};
use bss2_calibration::bench::{self, RowView};
use bss2_calibration::{Bench, QuickCalibration, Targets, calibrate};
use bss2_firmware::block::Block;
use bss2_firmware::control::PARAMETERS;
use bss2_firmware::homeostasis as firmware;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::padi::SynapseDriverConfig;
use bss2_host::registers::spl1::BackgroundSpikeSource;
use bss2_host::registers::{Register, TypedBlock, coordinates};

use super::origin::Origin;
use super::parallel::both;
use super::ppu_session::{PpuError, PpuSession, shared_word};
use super::statistics::{deviation, mean, median, share};
use super::{Context, During, Experiment, ExperimentError, Report};
use crate::hardware::Hardware;
use crate::plots::{Axis, Bundle, Distribution, Histogram, Hue, Reference, Traces};
use crate::progress::Task;

/// Neurons find the synaptic weight that makes each of them fire at 6 kHz.
#[derive(clap::Args, Debug)]
pub(super) struct Homeostasis {
    /// Neurons of each hemisphere, 2..=256
    #[arg(long, default_value_t = 64, value_name = "N")]
    neurons: usize,
    /// Duration in steps of 10 ms, 8..=128
    #[arg(long, default_value_t = 40, value_name = "N")]
    steps: usize,
    /// Synaptic strength that the neurons are calibrated to: CADC codes for a weight of 1 and a spike a microsecond
    #[arg(long, default_value_t = 9.5, value_name = "CODES")]
    strength: f64,
    /// Weight of all synapses in the control experiment, 0..=63
    #[arg(long, default_value_t = 24, value_name = "WEIGHT")]
    control_weight: u8,
}

/// The regulated row, the label of its synapses, and the driver that reaches it: driver 0 listens to PADI bus 0.
const ROW: u8 = 0;
const LABEL: u8 = 1;
const DRIVER: u8 = 0;
/// The background source that feeds PADI bus 0 of each hemisphere, through a crossbar node that passes everything by default
/// (event-routing 4.1).
const SOURCES: [u32; 2] = [0, 4];

/// Time between two steps, as span, in cycles of the processor, and in kHz per spike.
const PERIOD: SimTime = SimTime::from_ms(10);
const PERIOD_CYCLES: u32 = 2_500_000;
const KHZ_PER_SPIKE: f64 = 0.1;
/// Spikes in a period, and the same as a rate.
const TARGET: u32 = 60;
const TARGET_KHZ: f64 = TARGET as f64 * KHZ_PER_SPIKE;
/// The first step that counts for the evaluation: 300 ms, or the last quarter of a shorter run.
const SETTLED: usize = 30;
/// Steps of the control experiment: as many as are evaluated of 400 ms.
const CONTROL_STEPS: usize = 10;

/// Records of a processor: 64 KiB of FPGA memory each.
const RECORDS: [u32; 2] = [0x4000_0000, 0x4001_0000];
const RECORD_CAPACITY: usize = 0x1_0000 / firmware::Record::SIZE;

/// Rates and weights of all neurons, step by step.
struct Course {
    /// By step, then by neuron in the order of the calibration; spikes in the period.
    counts: Vec<Vec<u8>>,
    /// With which these spikes were counted.
    weights: Vec<Vec<u8>>,
}

impl Course {
    /// The rate of each neuron in kHz, as the mean over the steps from `first` on.
    fn rates(&self, first: usize) -> Vec<f64> {
        let steps = self.counts.get(first..).unwrap_or_default();
        let neurons = self.counts.first().map_or(0, Vec::len);
        let spikes = |neuron: usize| steps.iter().map(|step| f64::from(step[neuron])).sum::<f64>();
        (0..neurons).map(|neuron| KHZ_PER_SPIKE * spikes(neuron) / steps.len() as f64).collect()
    }

    /// The trace of each neuron over the steps.
    fn traces(steps: &[Vec<u8>], scale: f64) -> Vec<Vec<f64>> {
        let neurons = steps.first().map_or(0, Vec::len);
        let trace = |neuron| steps.iter().map(|step: &Vec<u8>| scale * f64::from(step[neuron])).collect();
        (0..neurons).map(trace).collect()
    }
}

impl Experiment for Homeostasis {
    const NAME: &'static str = "homeostasis";
    const ABOUT: &'static str =
        "Regulates firing rates: each neuron finds the weight that makes it fire at 6 kHz";
    const REFERENCE: &'static str = "experiments E04; BrainScaleS-2 demo ts_11";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        self.check()?;
        let origin = Origin::new(context, context.seed(), |chip| self.prepare(chip, context))?;
        let [regulated, control] = both(context.threads(), [true, false], |&learn| {
            let (mut chip, calibration) = origin.branch()?;
            let course =
                if learn { self.regulate(&mut chip, context) } else { self.control(&mut chip, context) }?;
            Ok::<_, ExperimentError>((course, calibration, chip.chip_time()))
        })?;
        let (regulated, calibration, chip_time) = regulated;
        let (control, _, _) = control;
        self.write_tables(context, &calibration, &regulated)?;
        if regulated.counts.len() > 1 {
            self.draw(context, &regulated, &control)?;
        }
        Ok(self.evaluate(&regulated, &control, chip_time))
    }
}

impl Homeostasis {
    fn check(&self) -> Result<(), ExperimentError> {
        let refuse = |option, reason| Err(ExperimentError::Option { option, reason });
        if !(2..=COLUMNS).contains(&self.neurons) {
            return refuse("neurons", format!("{} is not within 2..=256", self.neurons));
        }
        if !(8..=RECORD_CAPACITY).contains(&self.steps) {
            return refuse("steps", format!("{} is not within 8..={RECORD_CAPACITY}", self.steps));
        }
        if !(self.strength > 0.0 && self.strength.is_finite()) {
            return refuse("strength", format!("{} is not above 0", self.strength));
        }
        if self.control_weight > 63 {
            return refuse("control-weight", format!("{} is not within 0..=63", self.control_weight));
        }
        Ok(())
    }

    /// The first step that counts for the evaluation.
    fn settled(&self) -> usize {
        SETTLED.min(self.steps * 3 / 4)
    }

    /// The first regulated column.
    fn first_column(&self) -> usize {
        (COLUMNS - self.neurons) / 2
    }

    /// Starts the chip, calibrates the neurons, and wires each background source to the synapse row of its hemisphere. The
    /// sources are silent yet, the weights 0.
    fn prepare(&self, chip: &mut Hardware, context: &Context) -> Result<QuickCalibration, ExperimentError> {
        let mut bench = Bench::new(chip);
        bench.bring_up().during("starting the chip")?;
        let columns = self.first_column()..self.first_column() + self.neurons;
        let neurons = Hemisphere::ALL
            .into_iter()
            .flat_map(|hemisphere| columns.clone().map(move |column| Neuron::new(hemisphere, column as u8)));
        let targets = Targets { strength: Some(self.strength), ..Targets::spiking(neurons.collect()) };
        let task = context.task("calibrating", 100, "%");
        let mut done = 0;
        let calibration = calibrate(&mut bench, &targets, |step, fraction| {
            task.message(step);
            let percent = (100.0 * fraction) as u64;
            task.advance(percent - done);
            done = percent;
        })
        .during("calibrating")?;

        bench
            .with(|program| {
                let driver = SynapseDriverConfig {
                    en_receiver: true,
                    en_exc_bottom: true,
                    ..SynapseDriverConfig::default()
                };
                for hemisphere in Hemisphere::ALL {
                    bench::write(program, coordinates::synapse_driver(hemisphere, DRIVER), &driver);
                    bench::write_row(program, hemisphere, ROW, RowView::Labels, |_| LABEL);
                    bench::write_row(program, hemisphere, ROW, RowView::Weights, |_| 0);
                }
                program.barrier_omnibus();
            })
            .during("wiring the network")?;
        Ok(calibration)
    }

    /// The experiment: weights from 0, learning.
    fn regulate(&self, chip: &mut Hardware, context: &Context) -> Result<Course, ExperimentError> {
        let task = context.task("regulating", self.steps as u64, "steps");
        self.run_processors(chip, true, self.steps, context, &task).during("regulating")
    }

    /// The control: the same weight for all, no learning.
    fn control(&self, chip: &mut Hardware, context: &Context) -> Result<Course, ExperimentError> {
        let mut bench = Bench::new(chip);
        bench
            .with(|program| {
                for hemisphere in Hemisphere::ALL {
                    bench::write_row(program, hemisphere, ROW, RowView::Weights, |_| self.control_weight);
                }
                program.barrier_omnibus();
            })
            .during("writing the weights of the control")?;
        let task = context.task("control", CONTROL_STEPS as u64, "steps");
        self.run_processors(chip, false, CONTROL_STEPS, context, &task).during("control")
    }

    /// Switches the sources on, lets both processors do their steps, and fetches what they recorded.
    fn run_processors(
        &self,
        chip: &mut Hardware,
        learn: bool,
        steps: usize,
        context: &Context,
        task: &Task,
    ) -> Result<Course, PpuError> {
        let mut bench = Bench::new(chip);
        let mut sessions = Vec::new();
        for hemisphere in Hemisphere::ALL {
            let mut session = PpuSession::load(&mut bench, hemisphere, &bss2_firmware::HOMEOSTASIS)?;
            let parameters = firmware::Parameters {
                synapse_row: ROW.into(),
                first_column: self.first_column() as u32,
                columns: self.neurons as u32,
                steps: steps as u32,
                period: PERIOD_CYCLES,
                target: TARGET,
                learn: learn.into(),
                record_address: RECORDS[hemisphere.index()],
                record_capacity: RECORD_CAPACITY as u32,
            };
            session.write(&mut bench, PARAMETERS, &parameters)?;
            session.start(&mut bench)?;
            sessions.push(session);
        }

        bench.with(|program| {
            program.event_recording(false);
            SOURCES.into_iter().for_each(|source| write_background(program, source));
            sessions.iter_mut().for_each(|session| session.command_in(program, firmware::COMMAND_RUN));
            program.barrier_omnibus();
        })?;
        for _ in 0..steps {
            if context.cancelled() {
                break;
            }
            bench.with(|program| {
                program.wait(PERIOD);
            })?;
            task.advance(1);
        }
        let mut finished = Vec::new();
        for session in &sessions {
            let mut control = session.poll(&mut bench, SimTime::ZERO)?;
            while control.is_none() && !context.cancelled() {
                control = session.poll(&mut bench, SimTime::from_us(500))?;
            }
            finished.push(match control {
                Some(control) => session.checked(firmware::COMMAND_RUN, control)?,
                None => session.read(&mut bench, bss2_firmware::control::CONTROL)?,
            });
        }

        // Both processors have done the same steps, unless the run was cancelled between two of them.
        let records = finished.iter().map(|control| control.records as usize).min().unwrap_or(0);
        let mut course = Course { counts: vec![Vec::new(); records], weights: vec![Vec::new(); records] };
        for first in RECORDS {
            let Some(address) = shared_word(first) else { continue };
            let words = firmware::Record::SIZE / 4;
            let (results, tickets) = bench.with(|program| {
                (0..records as u32)
                    .map(|record| program.read_block(address + record * words as u32, words))
                    .collect::<Vec<_>>()
            })?;
            for (step, ticket) in tickets.into_iter().enumerate() {
                let record: firmware::Record = PpuSession::decode(&results, ticket)?;
                let columns = self.first_column()..self.first_column() + self.neurons;
                course.counts[step].extend_from_slice(&firmware::by_column(&record.counts)[columns.clone()]);
                course.weights[step].extend_from_slice(&firmware::by_column(&record.weights)[columns]);
            }
        }
        Ok(course)
    }
}

impl Homeostasis {
    fn write_tables(
        &self,
        context: &Context,
        calibration: &QuickCalibration,
        course: &Course,
    ) -> Result<(), ExperimentError> {
        let mut table = context.csv("steps", &["time_ms", "hemisphere", "column", "weight", "rate_khz"])?;
        for (step, (counts, weights)) in course.counts.iter().zip(&course.weights).enumerate() {
            let time = (step + 1) as f64 * PERIOD.as_secs_f64() * 1e3;
            for ((neuron, &count), &weight) in calibration.targets.neurons.iter().zip(counts).zip(weights) {
                table.row(&[
                    time,
                    neuron.hemisphere().index() as f64,
                    f64::from(neuron.column()),
                    f64::from(weight),
                    KHZ_PER_SPIKE * f64::from(count),
                ])?;
            }
        }
        Ok(())
    }

    fn draw(&self, context: &Context, course: &Course, control: &Course) -> Result<(), ExperimentError> {
        let times: Vec<f64> =
            (1..=course.counts.len()).map(|step| step as f64 * PERIOD.as_secs_f64() * 1e3).collect();
        let bundle = |title: &str, y, label: &str, values, hue, references| Bundle {
            title: title.into(),
            x: Axis::new("chip time (ms)"),
            y,
            times: times.clone(),
            groups: vec![Traces { label: label.into(), values, hue }],
            singles: 5,
            references,
        };
        let rates = bundle(
            "Homeostasis: firing rates",
            Axis::new("rate over 10 ms (kHz)"),
            "median rate",
            Course::traces(&course.counts, KHZ_PER_SPIKE),
            Hue::Blue,
            vec![Reference::new(TARGET_KHZ, "target")],
        );
        let weights = bundle(
            "Homeostasis: weights",
            Axis::new("weight"),
            "median weight",
            Course::traces(&course.weights, 1.0),
            Hue::Orange,
            Vec::new(),
        );
        context.plot("rates", &rates)?;
        context.plot("weights", &weights)?;

        let (regulated, fixed) = (course.rates(self.settled()), control.rates(0));
        let top = regulated.iter().chain(&fixed).fold(2.0 * TARGET_KHZ, |top, rate| rate.max(top));
        let distributions = vec![
            Distribution {
                label: format!("control: weight {} for all", self.control_weight),
                values: fixed,
                hue: Hue::Grey,
            },
            Distribution {
                label: format!("regulated, from {} ms on", 10 * self.settled()),
                values: regulated,
                hue: Hue::Blue,
            },
        ];
        if course.counts.len() > self.settled() {
            context.plot(
                "rate-distribution",
                &Histogram {
                    title: "Rates of all neurons".into(),
                    x: Axis::from_to("mean rate (kHz)", 0.0, top.ceil()),
                    y: "neurons".into(),
                    bins: 48,
                    distributions,
                    target: Some(Reference::new(TARGET_KHZ, "target")),
                },
            )?;
        }
        let last = course.weights.last().into_iter().flatten().map(|&weight| f64::from(weight)).collect();
        context.plot(
            "weight-distribution",
            &Histogram {
                title: "Weights in the last step".into(),
                x: Axis::from_to("weight", 0.0, 64.0),
                y: "neurons".into(),
                bins: 64,
                distributions: vec![Distribution {
                    label: "final weights".into(),
                    values: last,
                    hue: Hue::Orange,
                }],
                target: None,
            },
        )?;
        Ok(())
    }

    fn evaluate(&self, course: &Course, control: &Course, chip_time: SimTime) -> Report {
        let rates = course.rates(self.settled());
        let fixed = control.rates(0);
        let single: Vec<f64> = course
            .counts
            .iter()
            .skip(self.settled())
            .flatten()
            .map(|&count| KHZ_PER_SPIKE * f64::from(count))
            .collect();
        let weights: Vec<f64> =
            course.weights.last().into_iter().flatten().map(|&weight| f64::from(weight)).collect();
        let near = |rate: f64| (rate - TARGET_KHZ).abs() <= 1.5;
        let reached = Course::traces(&course.counts, KHZ_PER_SPIKE)
            .iter()
            .filter_map(|trace| trace.iter().position(|&rate| rate >= TARGET_KHZ))
            .map(|step| (step + 1) as f64 * PERIOD.as_secs_f64() * 1e3)
            .collect::<Vec<_>>();

        let mut report = Report::new();
        report.chip_time = chip_time;
        report.figure("neurons_within_1_5_khz", share(&rates, near)).at_least(0.95);
        report.figure("mean_rate", mean(&rates)).unit("kHz");
        report.figure("rate_deviation", deviation(&rates)).unit("kHz");
        report.figure("single_counts_within_1_5_khz", share(&single, near));
        report.figure("first_at_target_median", median(&reached)).unit("ms");
        report.figure("final_weight_mean", mean(&weights));
        report.figure("final_weight_deviation", deviation(&weights)).within(1.5, 6.0);
        let extreme = |pick: fn(f64, f64) -> f64| weights.iter().copied().reduce(pick).unwrap_or(f64::NAN);
        report.figure("final_weight_least", extreme(f64::min));
        report.figure("final_weight_greatest", extreme(f64::max));
        report.figure("control_mean_rate", mean(&fixed)).unit("kHz");
        report.figure("control_rate_deviation", deviation(&fixed)).unit("kHz");
        report.figure("control_deviation_ratio", deviation(&fixed) / deviation(&rates)).at_least(3.0);
        report
    }
}

/// A background source that sends [`LABEL`] to row select address 0 at 120.19 kHz. Enabled last, with the seed in place.
fn write_background(program: &mut ProgramBuilder, source: u32) {
    let settings = BackgroundSpikeSource {
        enable: true,
        enable_random: true,
        period: 64,
        seed: 0x2545_f491 ^ source,
        mask: 0,
        rate: 7,
        neuron_label: LABEL.into(),
    };
    for word in [1, 2, 0] {
        let register = Register { block: BackgroundSpikeSource::BLOCK, instance: source, word };
        if let Some(address) = register.address() {
            program.write(address, settings.to_words()[usize::from(word)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strong synapses need smaller weights, which are reached sooner. (Beyond 12 the strength of the input is at its end.)
    fn short() -> Homeostasis {
        Homeostasis { neurons: 6, steps: 36, strength: 12.0, control_weight: 24 }
    }

    #[test]
    fn a_few_neurons_find_their_weights_and_would_differ_without() {
        let folder = tempfile::tempdir().unwrap();
        let report = short().run(&Context::quiet(1, folder.path()).unwrap()).unwrap();
        let figure = |name: &str| report.figures().iter().find(|figure| figure.name() == name).unwrap();
        for name in ["neurons_within_1_5_khz", "control_deviation_ratio"] {
            assert_eq!(figure(name).met(), Some(true), "{:?}", report.figures());
        }
        let steps = std::fs::read_to_string(folder.path().join("steps.csv")).unwrap();
        assert_eq!(steps.lines().count(), 1 + 36 * 12);
        assert!(steps.lines().nth(1).unwrap().starts_with("10,0,125,0,0"), "weights and rates begin at 0");
    }

    #[test]
    fn numbers_outside_their_range_are_refused_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::quiet(1, folder.path()).unwrap();
        for (experiment, option) in [
            (Homeostasis { neurons: 257, ..short() }, "neurons"),
            (Homeostasis { steps: 129, ..short() }, "steps"),
            (Homeostasis { control_weight: 64, ..short() }, "control-weight"),
            (Homeostasis { strength: -1.0, ..short() }, "strength"),
        ] {
            match experiment.run(&context) {
                Err(ExperimentError::Option { option: refused, .. }) => assert_eq!(refused, option),
                other => panic!("{other:?}"),
            }
        }
    }
}
