//! One run: calibrate, load the firmware, play and learn for some epochs, read the results.

use bss2_base::{Hemisphere, SimTime};
use bss2_calibration::bench::{SETTLING, neuron_of_label};
use bss2_calibration::{Bench, calibrate};
use bss2_firmware::block::Block;
use bss2_firmware::control::{self, Control, from_q16, q16};
use bss2_firmware::rstdp::{COMMAND_INITIALISE, COMMAND_RUN, NO_WINNER, Parameters, Record};
use bss2_host::playback::Timeline;
use bss2_host::recording::Results;
use bss2_host::registers::permute_weight;

use super::ROWS;
use super::network::{self, NOISE_ROW};
use crate::experiments::ppu_session::{PpuError, PpuSession};
use crate::experiments::{Context, During, ExperimentError};

/// Processor cycles from the run command to the first trial.
const START_DELAY: u32 = 1_000;
/// Trials recorded with all their spikes: this one of the first and of the last epoch.
pub(super) const SHOWN_TRIAL: usize = ROWS / 2;

/// What an epoch came to, by game (hemisphere).
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    /// Share of trials whose winner was at most one position off.
    pub(super) success: [f64; 2],
    /// Mean reward of a trial.
    pub(super) reward: [f64; 2],
    /// Spikes of each neuron in the trial of each row.
    pub(super) counts: [Vec<[u8; ROWS]>; 2],
}

/// Spikes of the shown trial: time in us from the start of its stimulus, position.
pub(super) type Spikes = Vec<(f64, usize)>;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) epochs: Vec<Epoch>,
    /// Weights of each game before and after, row by row.
    pub(super) weights: [[Vec<f64>; 2]; 2],
    /// Spikes of the shown trial of each game, in the first and in the last epoch.
    pub(super) rasters: [[Spikes; 2]; 2],
    /// Mean |weight change| in a trial by the reward rule, of a synapse of the ball's row; the other rows hardly change.
    pub(super) mean_weight_change: f64,
    /// Deadlines that the processors missed, and the least time they had left, in cycles.
    pub(super) overruns: u32,
    pub(super) slack: u32,
    pub(super) chip_time: SimTime,
}

impl Outcome {
    /// The last 30 % of the epochs.
    fn late(&self) -> &[Epoch] {
        &self.epochs[self.epochs.len() * 7 / 10..]
    }

    /// Mean success of each game over the last 30 % of the epochs.
    pub(super) fn success_by_game(&self) -> Vec<f64> {
        [0, 1].map(|game| mean(self.late().iter().map(|epoch| epoch.success[game]))).to_vec()
    }

    /// The same over both games.
    pub(super) fn late_success(&self) -> f64 {
        mean(self.success_by_game())
    }

    /// Mean reward over the last 30 % of the epochs.
    pub(super) fn late_reward(&self) -> f64 {
        mean(self.late().iter().flat_map(|epoch| epoch.reward))
    }

    /// Mean weight of the synapses from each row to its own position, and of all others, at the end.
    pub(super) fn diagonal_and_others(&self) -> (f64, f64) {
        let of = |wanted: bool| {
            let games = self.weights.iter().flat_map(|game| game[1].iter().enumerate());
            mean(
                games
                    .filter(|(index, _)| (index / ROWS == index % ROWS) == wanted)
                    .map(|(_, weight)| *weight),
            )
        };
        (of(true), of(false))
    }

    /// How many times stronger the diagonal is.
    pub(super) fn diagonal_ratio(&self) -> f64 {
        let (diagonal, others) = self.diagonal_and_others();
        diagonal / others
    }
}

pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / f64::from(count)
}

/// Plays `epochs` epochs on a fresh chip with this learning rate.
pub(super) fn play(
    context: &Context,
    name: &'static str,
    epochs: u32,
    learning_rate: f64,
) -> Result<Outcome, ExperimentError> {
    let mut hardware = context.chip()?;
    let mut outcome = Outcome::default();
    let task = context.task(name, epochs.into(), "epochs");
    {
        let mut bench = Bench::new(&mut hardware);
        let mut sessions = prepare(&mut bench, context, &task, learning_rate)?;
        for (game, hemisphere) in Hemisphere::ALL.into_iter().enumerate() {
            outcome.weights[game][0] = weights(&mut bench, hemisphere)?;
        }
        let mut changes = 0.0;
        for epoch in 0..epochs {
            if context.cancelled() {
                break;
            }
            let shown = [epoch == 0, epoch + 1 == epochs];
            let played =
                play_epoch(&mut bench, &mut sessions, shown.contains(&true)).during("playing an epoch")?;
            changes += played.weight_change;
            outcome.overruns = played.overruns;
            outcome.slack = played.slack;
            for (stage, _) in shown.into_iter().enumerate().filter(|(_, shown)| *shown) {
                for game in 0..2 {
                    outcome.rasters[game][stage] = played.rasters[game].clone();
                }
            }
            task.advance(1);
            task.message(format!(
                "success {:.2} | reward {:+.2}",
                mean(played.epoch.success),
                mean(played.epoch.reward)
            ));
            outcome.epochs.push(played.epoch);
        }
        outcome.mean_weight_change = changes / (f64::from(epochs) * (2 * ROWS * ROWS) as f64);
        for (game, hemisphere) in Hemisphere::ALL.into_iter().enumerate() {
            outcome.weights[game][1] = weights(&mut bench, hemisphere)?;
        }
    }
    outcome.chip_time = hardware.chip_time();
    Ok(outcome)
}

/// Start-up, calibration, network, firmware on both processors.
fn prepare(
    bench: &mut Bench<'_>,
    context: &Context,
    task: &crate::progress::Task,
    learning_rate: f64,
) -> Result<[PpuSession; 2], ExperimentError> {
    task.message("starting up the chip");
    bench.bring_up().during("starting up the chip")?;
    calibrate(bench, &network::targets(), |step, _| task.message(format!("calibrating: {step}")))
        .during("calibrating the neurons")?;
    bench
        .with(|program| {
            network::configure(program);
            program.barrier_omnibus().wait(SETTLING).event_recording(false);
        })
        .during("configuring the network")?;
    task.message("loading the firmware");
    let mut session = |hemisphere: Hemisphere| {
        start(bench, context.seed(), hemisphere, learning_rate).during("starting the plasticity program")
    };
    Ok([session(Hemisphere::Top)?, session(Hemisphere::Bottom)?])
}

fn start(
    bench: &mut Bench<'_>,
    seed: u64,
    hemisphere: Hemisphere,
    learning_rate: f64,
) -> Result<PpuSession, PpuError> {
    let mut session = PpuSession::load(bench, hemisphere, &bss2_firmware::RSTDP)?;
    let defaults: Parameters = session.initial(control::PARAMETERS)?;
    let parameters = Parameters {
        // The two games have different random numbers; 0 is no seed.
        seed: 2 * seed as u32 + 1 + hemisphere.index() as u32,
        rows: ROWS as u32,
        neurons: ROWS as u32,
        noise_row: NOISE_ROW as u32,
        trials: ROWS as u32,
        start_delay: START_DELAY,
        learning_rate: q16(learning_rate),
        ..defaults
    };
    session.write(bench, control::PARAMETERS, &parameters)?;
    session.start(bench)?;
    session.execute(bench, COMMAND_INITIALISE, SimTime::from_ms(2))?;
    Ok(session)
}

struct Played {
    epoch: Epoch,
    rasters: [Spikes; 2],
    /// Sum over all synapses and trials.
    weight_change: f64,
    overruns: u32,
    slack: u32,
}

/// All rows once: a run command to both processors, the spikes of 16 trials, the records.
fn play_epoch(
    bench: &mut Bench<'_>,
    sessions: &mut [PpuSession; 2],
    record_spikes: bool,
) -> Result<Played, PpuError> {
    let parameters: Parameters = sessions[0].initial(control::PARAMETERS)?;
    let cycles = |count: u32| SimTime::from_cycles(count.into(), SimTime::FABRIC_CYCLE);
    // The processors notice the command within a microsecond.
    let first = cycles(START_DELAY) + SimTime::from_us(1);
    let stimulus =
        |trial: usize| first + cycles(parameters.period * trial as u32 + parameters.stimulus_start);
    let mut timeline = Timeline::new();
    for row in 0..ROWS {
        network::stimulate(&mut timeline, row, stimulus(row));
    }
    timeline.end(first + cycles(parameters.period * ROWS as u32));

    let size = Record::SIZE * ROWS;
    let records = [sessions[0].word(control::RECORDS, size)?, sessions[1].word(control::RECORDS, size)?];
    let (results, (played, tickets)) = bench.with(|program| {
        program.event_recording(record_spikes);
        for session in sessions.iter_mut() {
            session.command_in(program, COMMAND_RUN);
        }
        let played = program.play(&timeline);
        program.event_recording(false).barrier_omnibus();
        let tickets = [0, 1].map(|game| {
            let control = sessions[game].read_in::<Control>(program, control::CONTROL);
            (control, program.read_block(records[game], size / 4))
        });
        (played, tickets)
    })?;

    let mut epoch = Epoch { success: [0.0; 2], reward: [0.0; 2], counts: [Vec::new(), Vec::new()] };
    let (mut weight_change, mut overruns, mut slack) = (0.0, 0, u32::MAX);
    for (game, (control, records)) in tickets.into_iter().enumerate() {
        let control: Control = PpuSession::decode(&results, control?)?;
        let control = sessions[game].checked(COMMAND_RUN, control)?;
        overruns += control.overruns;
        slack = slack.min(control.slack);
        for words in
            results.words(records).map_err(bss2_calibration::BenchError::from)?.chunks(Record::SIZE / 4)
        {
            let Some(record) = Record::from_words(words) else { continue };
            let hit = record.winner != NO_WINNER && record.winner.abs_diff(record.row) <= 1;
            epoch.success[game] += f64::from(u8::from(hit)) / ROWS as f64;
            epoch.reward[game] += from_q16(record.reward) / ROWS as f64;
            epoch.counts[game].push(record.counts);
            weight_change += f64::from(record.weight_change);
        }
    }
    let rasters = spikes(&results, played.epoch, stimulus(SHOWN_TRIAL))?;
    Ok(Played { epoch, rasters, weight_change, overruns, slack })
}

/// The spikes of the shown trial, by game, among those that were recorded.
fn spikes(
    results: &Results,
    epoch: bss2_host::playback::Epoch,
    start: SimTime,
) -> Result<[Spikes; 2], PpuError> {
    let mut rasters = [Spikes::new(), Spikes::new()];
    let end = start + SimTime::from_us(310);
    for (time, label) in results.spikes_since(epoch).map_err(bss2_calibration::BenchError::from)? {
        let Some(neuron) = neuron_of_label(label).filter(|_| (start..end).contains(&time)) else { continue };
        let position = usize::from(neuron.column()) / 2;
        rasters[neuron.hemisphere().index()].push(((time - start).as_us_f64(), position));
    }
    Ok(rasters)
}

/// The weights of a game, row by row, read over the Omnibus.
fn weights(bench: &mut Bench<'_>, hemisphere: Hemisphere) -> Result<Vec<f64>, ExperimentError> {
    let (results, ticket) = bench
        .with(|program| program.read_all(network::weight_addresses(hemisphere)))
        .during("reading the weights")?;
    let words = results.words(ticket).during("reading the weights")?;
    Ok(words
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .map(|cell| f64::from(permute_weight(cell & 0x3f)))
        .collect())
}
