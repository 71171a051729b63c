//! Pong: a virtual chip learns to play, with firmware on its own processors (experiments E02, reduced task).
//!
//! # The task
//! 16 positions of the ball are 16 inputs, 16 positions of the paddle are 16 neurons, all joined to all. In a trial the input of
//! the ball's row fires (and its neighbours, more weakly); the neuron that fires most says where the paddle goes. Both
//! plasticity processors run the program `rstdp`, each with its own game on its own half of the chip. A processor sets random
//! weights on a noise row, resets neurons, sensors and counters, sleeps while the host plays the spikes, then reads the spike
//! counters, works out the reward, and changes every weight by *correlation x (reward - expected reward) x learning rate*; after
//! each epoch of 16 trials it pushes the firing rates to a target. The host sends spikes and reads results, no more. The control
//! is the same with a learning rate of 0.
//!
//! # What was chosen for the chip
//! The catalogue's constants come from an idealised sensor (settled 20, O1, O2). Here:
//!
//! | what | value | why |
//! |---|---|---|
//! | correlation sensor | 2 LSB per pair, 5 us (`syn_i_bias_store` 18, `syn_i_bias_ramp` 80) | upper end of what sensors do; eligibility is half the reading, so 1 per pair |
//! | learning rate | 0.4 | half the amplitude of the catalogue's reference, twice its rate; weights of the ball's row then change by 0.2 to 0.4 LSB in a trial |
//! | trial | 500 us: 80 us preparation, 310 us stimulus, 110 us learning | preparation takes 28 us, learning 53 us, 65 us at the end of an epoch |
//! | neurons | leak 80, reset 70 CADC codes, threshold so that 50 weight units on the membrane reach it | catalogue: 40 to 60 |
//! | homeostasis | 48 spikes an epoch, rate 1/48, fractions carried over | catalogue: 3 x 16 |
//!
//! Potentials, input offsets and synaptic strength are calibrated through the host interface first
//! ([`bss2_calibration::quick`]); time constants and sensors keep their mismatch, which learning has to live with.

mod figures;
mod network;
mod player;

use bss2_base::SimTime;

use super::parallel::both;
use super::{Context, Experiment, ExperimentError, Report};
use player::{Outcome, play};

/// Positions of the ball, and of the paddle.
pub(super) const ROWS: usize = 16;

/// Two games on one chip, learned with reward-modulated plasticity, and the same without learning.
#[derive(clap::Args, Debug)]
pub(super) struct Pong {
    /// Epochs of 16 trials each
    #[arg(long, default_value_t = 100, value_name = "N")]
    epochs: u32,
    /// Learning rate; an update of 1 changes a weight by its eligibility
    #[arg(long, default_value_t = 0.4, value_name = "RATE")]
    learning_rate: f64,
}

impl Experiment for Pong {
    const NAME: &'static str = "pong";
    const ABOUT: &'static str = "Learns to play Pong by reward, with firmware on both processors";
    const REFERENCE: &'static str =
        "experiments E02, reduced task; BrainScaleS-2 demo ts_07; Wunderlich et al. 2019";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        let refuse = |option, reason: String| Err(ExperimentError::Option { option, reason });
        if !(1..=10_000).contains(&self.epochs) {
            return refuse("epochs", format!("{} is not within 1..=10000", self.epochs));
        }
        if !(0.0..=100.0).contains(&self.learning_rate) {
            return refuse("learning-rate", format!("{} is not within 0..=100", self.learning_rate));
        }
        let rates = [("learning", self.learning_rate), ("control", 0.0)];
        let [learned, control] =
            both(context.threads(), rates, |&(name, rate)| play(context, name, self.epochs, rate))?;
        figures::write(context, &learned, &control)?;
        Ok(report(&learned, &control))
    }
}

fn report(learned: &Outcome, control: &Outcome) -> Report {
    let mut report = Report::new();
    report.chip_time = learned.chip_time + control.chip_time;
    report.figure("success", learned.late_success()).at_least(0.6);
    report.figure("control_success", control.late_success()).at_most(0.3);
    report.figure("diagonal_ratio", learned.diagonal_ratio()).at_least(1.5);
    report.figure("success_by_game", learned.success_by_game());
    report.figure("reward", learned.late_reward());
    report.figure("control_reward", control.late_reward());
    report.figure("diagonal_weight", learned.diagonal_and_others().0).unit("LSB");
    report.figure("other_weight", learned.diagonal_and_others().1).unit("LSB");
    report.figure("control_diagonal_ratio", control.diagonal_ratio());
    report.figure("mean_weight_change", learned.mean_weight_change).unit("LSB/trial");
    report.figure("epochs", learned.epochs.len());
    report.figure("deadlines_missed", u64::from(learned.overruns + control.overruns)).at_most(0.0);
    report
        .figure("slack", SimTime::from_cycles(learned.slack.into(), SimTime::FABRIC_CYCLE).as_us_f64())
        .unit("us");
    report
}
