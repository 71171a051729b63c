//! What a run shows: curves, weights, spikes, the game itself.

use super::ROWS;
use super::player::{Epoch, Outcome, SHOWN_TRIAL};
use crate::artefacts::ArtefactError;
use crate::experiments::game::{Recording, Rules, SpikeCounts};
use crate::experiments::{Context, ExperimentError};
use crate::plots::{
    Axis, Group, HeatMaps, Hue, LearningCurve, Matrix, Plot, PongSide, PongStill, Raster, Reference, Sheet,
    Trains, pong_animation,
};

/// Epochs whose trials decide how the games before and after learning are played.
const SAMPLED: usize = 10;
/// Iterations of the animated game.
const SHOWN: usize = 600;

pub(super) fn write(context: &Context, learned: &Outcome, control: &Outcome) -> Result<(), ExperimentError> {
    table(context, learned, control)?;
    if learned.epochs.is_empty() || control.epochs.is_empty() {
        return Ok(());
    }
    let success = curves(context, learned, control)?;
    let weights = weights(context, learned)?;
    let raster = rasters(context, learned)?;
    let game = games(context, learned)?;
    let overview = Sheet::new(format!("Chip {} learns to play Pong", context.seed()))
        .row([&success as &dyn Plot, &weights])
        .row([&game as &dyn Plot, &raster]);
    Ok(context.plot("overview", &overview)?)
}

/// Every epoch as a line.
fn table(context: &Context, learned: &Outcome, control: &Outcome) -> Result<(), ExperimentError> {
    let mut table = context.csv("epochs", &["run", "epoch", "game", "success", "reward", "spikes"])?;
    for (run, outcome) in [("learning", learned), ("control", control)] {
        for (index, epoch) in outcome.epochs.iter().enumerate() {
            for game in 0..2 {
                let spikes: u32 = epoch.counts[game].iter().flatten().map(|&count| u32::from(count)).sum();
                table.row(&[
                    run.to_owned(),
                    index.to_string(),
                    ["top", "bottom"][game].to_owned(),
                    epoch.success[game].to_string(),
                    epoch.reward[game].to_string(),
                    spikes.to_string(),
                ])?;
            }
        }
    }
    let mut table = context.csv("weights", &["game", "row", "column", "before", "after"])?;
    for (game, [before, after]) in learned.weights.iter().enumerate() {
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            let place = [index / ROWS, index % ROWS].map(|number| number.to_string());
            let [row, column] = place;
            table.row(&[
                ["top", "bottom"][game].to_owned(),
                row,
                column,
                before.to_string(),
                after.to_string(),
            ])?;
        }
    }
    Ok(())
}

fn curves(context: &Context, learned: &Outcome, control: &Outcome) -> Result<LearningCurve, ExperimentError> {
    let of = |outcome: &Outcome, value: fn(&Epoch) -> [f64; 2]| -> Vec<Vec<f64>> {
        (0..2).map(|game| outcome.epochs.iter().map(|epoch| value(epoch)[game]).collect()).collect()
    };
    let curve = |title: &str, y: Axis, value: fn(&Epoch) -> [f64; 2], references| LearningCurve {
        title: title.into(),
        x: Axis::new("epoch"),
        y,
        steps: (0..learned.epochs.len().max(control.epochs.len())).map(|epoch| epoch as f64).collect(),
        groups: vec![
            Group::new("learning (two games)", of(learned, value), Hue::Blue),
            Group::new("control: learning rate 0", of(control, value), Hue::Grey),
        ],
        smoothing: 7,
        references,
    };
    let success = curve(
        "Share of balls met within one position",
        Axis::from_to("success", 0.0, 1.0),
        |epoch| epoch.success,
        vec![Reference::new(0.6, "required")],
    );
    context.plot("success", &success)?;
    let reward = curve("Reward", Axis::new("mean reward of a trial"), |epoch| epoch.reward, Vec::new());
    context.plot("reward", &reward)?;
    Ok(success)
}

/// One figure for each game; the answer is that of the top half.
fn weights(context: &Context, learned: &Outcome) -> Result<HeatMaps, ExperimentError> {
    let transposed = |values: &[f64]| {
        (0..ROWS * ROWS).map(|index| values[index % ROWS * ROWS + index / ROWS]).collect::<Vec<_>>()
    };
    let maps = ["top", "bottom"].into_iter().zip(&learned.weights).map(|(name, [before, after])| {
        let maps = HeatMaps {
            title: format!("Synaptic weights, {name} half of the chip"),
            x: "position of the ball (input row)".into(),
            y: "position of the paddle (neuron)".into(),
            maps: vec![
                Matrix::new("before learning", transposed(before), ROWS),
                Matrix::new("after learning", transposed(after), ROWS),
            ],
            colour: Axis::from_to("weight (LSB)", 0.0, 63.0),
            ..HeatMaps::default()
        };
        context.plot(&format!("weights_{name}"), &maps)?;
        Ok(maps)
    });
    let maps: Vec<_> = maps.collect::<Result<_, ExperimentError>>()?;
    Ok(maps.into_iter().next().unwrap_or_default())
}

/// One figure for each stage; the answer is that of the last epoch.
fn rasters(context: &Context, learned: &Outcome) -> Result<Raster, ExperimentError> {
    let mut shown = Raster::default();
    for (stage, title) in ["first epoch", "last epoch"].into_iter().enumerate() {
        let raster = Raster {
            title: format!("One trial with the ball in row {SHOWN_TRIAL}, {title}"),
            x: Axis::from_to("time (us)", 0.0, 310.0),
            y: "position of the paddle (neuron)".into(),
            neurons: ROWS,
            trains: vec![Trains {
                label: "top half".into(),
                spikes: learned.rasters[0][stage].clone(),
                hue: Hue::Blue,
            }],
            ..Raster::default()
        };
        context.plot(&format!("raster_{}", ["first", "last"][stage]), &raster)?;
        shown = raster;
    }
    Ok(shown)
}

/// The game, played by what the neurons of the top half answered in the first and in the last epochs.
fn games(context: &Context, learned: &Outcome) -> Result<PongStill, ExperimentError> {
    let rules = Rules::with_rows(ROWS);
    let sampled = SAMPLED.min(learned.epochs.len());
    let play = |title: &str, epochs: &[Epoch]| {
        let trials = (0..ROWS).map(|row| {
            let of_row = epochs.iter().filter_map(|epoch| epoch.counts[0].get(row));
            of_row.map(|counts| counts.iter().map(|&count| u32::from(count)).collect()).collect()
        });
        let mut player = SpikeCounts::new(trials.collect(), context.seed());
        let recording = Recording::play(rules, context.seed(), &mut player, SHOWN);
        PongSide { title: title.into(), recording }
    };
    let last = learned.epochs.len() - sampled;
    let sides = [
        play("before learning", &learned.epochs[..sampled]),
        play(&format!("after {} epochs", learned.epochs.len()), &learned.epochs[last..]),
    ];
    let animation = pong_animation(&sides, 4, 5)
        .map_err(|source| ArtefactError::Plot { path: context.folder().join("game"), source })?;
    context.bytes("game.gif", &animation)?;
    let mut table = context.csv("game", &["side", "hit_rate", "longest_rally"])?;
    for side in &sides {
        let rate = side.recording.hit_rate().unwrap_or(f64::NAN);
        table.row(&[side.title.clone(), rate.to_string(), side.recording.longest_rally().to_string()])?;
    }
    let iteration = SHOWN / 2;
    let still = PongStill { title: String::new(), sides: sides.to_vec(), iteration, trail: 30 };
    context.plot("game", &still)?;
    Ok(still)
}
