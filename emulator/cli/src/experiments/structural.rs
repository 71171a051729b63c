//! Structural plasticity: synapses on a virtual chip that choose what to listen to, and so learn to tell flowers apart
//! (experiments E03, reduced definition).
//!
//! # The task
//! A sample of Iris is a point in the plane of petal length and width. 64 receptors on a grid over that plane fire the more the
//! nearer the sample is. They reach the chip on 16 synapse rows, four candidates on each, told apart by their labels. A synapse has
//! room for one label: of 64 receptors each of the three label neurons hears 16. While training, a teacher excites the right neuron
//! and inhibits the others. After every trial the plasticity processor (program `structural`) changes all weights,
//!
//! *Δw = 0.5 · causal correlation − homeostasis · spikes of the neuron · w + noise*,
//!
//! and every 25 trials it gives synapses that have stayed weak the label of another candidate and a new weight. The host sends
//! spikes and reads results, no more. Tested with other flowers than it was trained with, without teacher and without learning;
//! the neuron with most spikes answers. The control is the same chip in the same state, given the same spikes, whose synapses keep
//! their labels.
//!
//! # What was chosen for the chip
//! Rule, structure, schedule and rates of the receptors are the catalogue's to the number. What is particular to the chip:
//!
//! | what | value | why |
//! |---|---|---|
//! | correlation sensor | nominally 2.45 LSB a pair, 10 us (`syn_i_bias_store` 35, `syn_i_bias_ramp` 40, `v_res_meas` 1.19 V) | the rule counts steps of 2 LSB and wants one for a pair; the ADC has 1 LSB of noise. Above the range of the official calibration (settled O2), by the board voltage rather than by a starved bias |
//! | strength | a weight of 1 at one spike a microsecond lifts the membrane by 9 codes, a fifth of the way to the threshold | the ratio of the catalogue: 5 of 25 |
//! | potentials | leak and reset 80, threshold 125 CADC codes | the ideal neuron is reset to rest |
//! | synaptic time constant | nominally 10 us | where the calibration leaves it; the catalogue's 5 us would need another |
//! | teacher | four synapses of weight 50, excitatory for the right neuron and inhibitory for the others | the catalogue's 200 exceeds one synapse |
//! | baseline | 32 readings instead of 8 | its error acts on a synapse in every trial |
//! | trial | 340 us: 20 us preparation, 210 us stimulus, 110 us update; 240 us without update | preparation takes 14 us, an update 71 us, 98 us with a change of structure |
//!
//! A synapse that hears nothing loses weight faster here than homeostasis explains. The program rounds half the baseline's mean
//! and half of each reading down: the first loses up to 0.75, the second a quarter on average, so that a fall of nothing counts
//! as -0.25 on average. Weak synapses therefore move more often than in the ideal network (some 2000 times a run, not 850), and without
//! rewiring, where nothing makes the loss good, the label neurons end up with less to listen to.
//!
//! Potentials, input offsets and excitatory strength are calibrated through the host interface first
//! ([`bss2_calibration::quick`]). Time constants, inhibitory strength and all sensors keep their mismatch (a factor of 1.6 from
//! one sensor to the next), which learning has to live with.

mod figures;
mod network;
mod stimulus;

use bss2_base::SimTime;

use super::origin::Origin;
use super::parallel::in_parallel;
use super::{Context, During, Experiment, ExperimentError, Report};
use network::{Network, Prepared, Synapse, Trial};
use stimulus::{CLASSES, Receptors, Sample, iris};

/// Learns Iris by moving synapses, and without moving them.
#[derive(clap::Args, Debug)]
pub(super) struct Structural {
    /// Virtual chips, from --seed on; each runs with and without rewiring [default: 3, over the network 1]
    #[arg(long, value_name = "N")]
    chips: Option<u64>,
    /// Epochs of 75 trials
    #[arg(long, default_value_t = 40, value_name = "N")]
    epochs: usize,
}

/// Epochs from one check with the test set to the next.
const CHECK_INTERVAL: usize = 2;
/// The result is the mean of the last checks.
const LAST_CHECKS: usize = 3;

/// One chip that has learned, with or without rewiring.
struct Learned {
    seed: u64,
    rewiring: bool,
    /// Epochs done at each check, and the share of test samples that were right.
    checks: Vec<(usize, f64)>,
    reassignments: u32,
    /// The synapses before and after.
    synapses: [Vec<[Synapse; CLASSES.len()]>; 2],
    receptors: Receptors,
    /// The first training trials and the last test.
    training: Vec<Trial>,
    test: Vec<Trial>,
    chip_time: SimTime,
}

impl Learned {
    fn accuracy(&self) -> f64 {
        let last = &self.checks[self.checks.len().saturating_sub(LAST_CHECKS)..];
        last.iter().map(|check| check.1).sum::<f64>() / last.len() as f64
    }
}

impl Experiment for Structural {
    const NAME: &'static str = "structural";
    const ABOUT: &'static str =
        "Learns to tell flowers apart by rewiring its synapses, with firmware on the processor";
    const REFERENCE: &'static str = "experiments E03, reduced; Billaudelle et al. 2021";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        let refuse = |option, reason: String| Err(ExperimentError::Option { option, reason });
        let chips = self.chips.unwrap_or(if context.has_chip_here() { 3 } else { 1 });
        if !(1..=100).contains(&chips) {
            return refuse("chips", format!("{chips} is not within 1..=100"));
        }
        if chips > 1 && !context.has_chip_here() {
            return refuse("chips", "there is one chip behind a connection".into());
        }
        if !(1..=10_000).contains(&self.epochs) {
            return refuse("epochs", format!("{} is not within 1..=10000", self.epochs));
        }
        let (train, test) = iris().during("reading the Iris data")?;
        let seeds: Vec<u64> = (0..chips).map(|chip| context.seed().wrapping_add(chip)).collect();

        let task = context.task("calibrating", chips, "chips");
        let origins = in_parallel(context.threads(), seeds.len(), |chip| {
            let seed = seeds[chip];
            let origin = Origin::new(context, seed, move |hardware| {
                let mut receptors = Receptors::new(seed);
                let network = Prepared::new(hardware, receptors.processor_seed())
                    .during(format!("setting up chip {seed}"))?;
                Ok((network, receptors))
            });
            task.advance(1);
            origin
        })?;
        let task = context.task("training", 2 * chips * self.epochs as u64, "epochs");
        let learned = in_parallel(context.threads(), 2 * seeds.len(), |job| {
            let (seed, origin, rewiring) = (seeds[job / 2], &origins[job / 2], job % 2 == 0);
            let (hardware, (prepared, receptors)) = origin.branch()?;
            let network =
                Network::new(hardware, if rewiring { prepared } else { prepared.without_rewiring() });
            let name = if rewiring { "with" } else { "without" };
            let learned = self
                .learn(context, network, receptors, [&train, &test], || task.advance(1))
                .during(format!("training chip {seed} {name} rewiring"))?;
            // What came before both runs counts once.
            let counted = if rewiring { SimTime::ZERO } else { origin.common_age() };
            let chip_time = learned.chip_time.saturating_sub(counted);
            Ok::<_, ExperimentError>(Learned { seed, rewiring, chip_time, ..learned })
        })?;
        figures::write(context, &learned, &train)?;
        Ok(report(&learned))
    }
}

impl Structural {
    fn learn(
        &self,
        context: &Context,
        mut network: Network,
        mut receptors: Receptors,
        [train, test]: [&[Sample]; 2],
        advance: impl Fn(),
    ) -> Result<Learned, network::NetworkError> {
        let before = network.synapses()?;
        let mut answers = network.evaluate(test, &mut receptors)?;
        let mut checks = vec![(0, share_right(&answers))];
        let (mut training, mut reassignments) = (Vec::new(), 0);
        for epoch in 1..=self.epochs {
            if context.cancelled() {
                break;
            }
            let order = receptors.shuffled(train);
            let trials = network.train(&order, &mut receptors)?;
            reassignments += trials.iter().map(|trial| u32::from(trial.record.reassigned)).sum::<u32>();
            if training.is_empty() {
                training = trials;
            }
            if epoch % CHECK_INTERVAL == 0 || epoch == self.epochs {
                answers = network.evaluate(test, &mut receptors)?;
                checks.push((epoch, share_right(&answers)));
            }
            advance();
        }
        let synapses = [before, network.synapses()?];
        let chip_time = network.age();
        let (seed, rewiring) = (0, false);
        Ok(Learned {
            seed,
            rewiring,
            checks,
            reassignments,
            synapses,
            receptors,
            training,
            test: answers,
            chip_time,
        })
    }
}

fn share_right(trials: &[Trial]) -> f64 {
    let right = trials.iter().filter(|trial| usize::from(trial.record.winner) == trial.sample.class);
    right.count() as f64 / trials.len() as f64
}

fn report(learned: &[Learned]) -> Report {
    let of = |rewiring, value: fn(&Learned) -> f64| -> Vec<f64> {
        learned.iter().filter(|run| run.rewiring == rewiring).map(value).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (on, off) = (of(true, Learned::accuracy), of(false, Learned::accuracy));
    let reassignments = of(true, |run| f64::from(run.reassignments));

    let mut report = Report::new();
    report.chip_time = learned.iter().fold(SimTime::ZERO, |sum, run| sum + run.chip_time);
    report.figure("accuracy", mean(&on)).at_least(0.85);
    report.figure("accuracy_without_rewiring", mean(&off));
    report.figure("gain_by_rewiring", mean(&on) - mean(&off)).at_least(0.05);
    report.figure("reassignments", mean(&reassignments)).at_least(300.0);
    report.figure("accuracy_by_chip", on);
    report.figure("accuracy_without_rewiring_by_chip", off);
    report.figure("reassignments_by_chip", reassignments);
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Value;

    #[test]
    fn a_few_epochs_of_rewiring_name_most_flowers() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::quiet(1, folder.path()).unwrap();
        let report = Structural { chips: Some(1), epochs: 6 }.run(&context).unwrap();
        let figure = |name: &str| match report
            .figures()
            .iter()
            .find(|figure| figure.name() == name)
            .unwrap()
            .value()
        {
            Value::Number(value) => *value,
            other => panic!("{name} is {other}"),
        };
        assert!(figure("accuracy") > 0.8, "{report:?}");
        assert!(figure("gain_by_rewiring") > 0.2, "{report:?}");
        assert!(figure("reassignments") > 30.0, "{report:?}");
        for picture in ["accuracy", "receptors", "synapses", "training_trial", "test_trials"] {
            assert!(folder.path().join(format!("{picture}.png")).exists(), "{picture}");
        }
    }
}
