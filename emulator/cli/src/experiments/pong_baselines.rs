//! The yardstick for the Pong experiments: what players without a chip achieve.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::game::{Game, Player, Recording, Rules};
use super::{Context, Experiment, ExperimentError, Report};
use crate::artefacts::ArtefactError;
use crate::plots::{PlotError, PongSide, PongStill, pong_animation};

/// Three players without a chip: one follows the ball, one draws its target, one stays where it is.
#[derive(clap::Args, Debug)]
pub(super) struct PongBaselines {
    /// Rows of the grid
    #[arg(long, default_value_t = 16, value_name = "N")]
    rows: usize,
    /// Iterations of each player
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    iterations: u64,
    /// Length of the paddle in rows [default: 2.24, as in the published game]
    #[arg(long, value_name = "ROWS")]
    paddle: Option<f64>,
}

/// Iterations between two looks at the cancel flag.
const CHUNK: u64 = 1_000;
/// Iterations shown in the animation.
const SHOWN: usize = 400;

impl Experiment for PongBaselines {
    const NAME: &'static str = "pong-baselines";
    const ABOUT: &'static str = "Plays Pong without a chip: what a perfect and a random player achieve";
    const REFERENCE: &'static str = "experiments E01, task; yardstick for pong";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        context.need_chip_here("this experiment needs no chip")?;
        let rules = self.rules()?;
        let mut draw = Pcg64Mcg::seed_from_u64(context.seed());
        let mut random = |_| draw.random_range(0..rules.rows);
        let mut follow = |row| row;
        let mut stay = |_| rules.rows / 2;
        let players: [(&'static str, &mut dyn Player); 3] =
            [("perfect", &mut follow), ("random", &mut random), ("motionless", &mut stay)];

        let mut table = context.csv("players", &["player", "iterations", "hits", "misses"])?;
        let mut report = Report::new();
        for (name, player) in players {
            if context.cancelled() {
                break;
            }
            let task = context.task(name, self.iterations, "iterations");
            let mut game = Game::new(rules, context.seed());
            let mut played = 0;
            let mut score = (0u32, 0u32);
            while played < self.iterations && !context.cancelled() {
                let chunk = CHUNK.min(self.iterations - played);
                for _ in 0..chunk {
                    let frame = game.step(player);
                    score = (frame.hits, frame.misses);
                }
                played += chunk;
                task.advance(chunk);
            }
            table.row(&[name.to_owned(), played.to_string(), score.0.to_string(), score.1.to_string()])?;
            let rate = f64::from(score.0) / f64::from(score.0 + score.1);
            let figure = report.figure(format!("{name}_hit_rate"), rate);
            match name {
                "perfect" => figure.at_least(1.0),
                "random" => figure.at_most(0.5),
                _ => figure,
            };
        }
        if !context.cancelled() {
            self.draw(context, rules)?;
        }
        Ok(report)
    }
}

impl PongBaselines {
    /// The random player beside the one that follows the ball.
    fn draw(&self, context: &Context, rules: Rules) -> Result<(), ExperimentError> {
        let mut draw = Pcg64Mcg::seed_from_u64(context.seed());
        let mut random = |_| draw.random_range(0..rules.rows);
        let iterations = usize::try_from(self.iterations).unwrap_or(usize::MAX).clamp(1, SHOWN);
        let seed = context.seed();
        let sides = [
            ("random player", Recording::play(rules, seed, &mut random, iterations)),
            ("follows the ball", Recording::play(rules, seed, &mut |row| row, iterations)),
        ];
        let sides = sides.map(|(title, recording)| PongSide { title: title.into(), recording });
        let animation = pong_animation(&sides, 2, 4).map_err(|source: PlotError| ArtefactError::Plot {
            path: context.folder().join("pong"),
            source,
        })?;
        context.bytes("pong.gif", &animation)?;
        let still =
            PongStill { title: String::new(), sides: sides.to_vec(), iteration: SHOWN / 2, trail: 30 };
        context.plot("pong", &still)?;
        Ok(())
    }

    fn rules(&self) -> Result<Rules, ExperimentError> {
        let refuse = |option, reason: &str| ExperimentError::Option { option, reason: reason.to_owned() };
        if !(2..=256).contains(&self.rows) {
            return Err(refuse("rows", &format!("{} is not within 2..=256", self.rows)));
        }
        let mut rules = Rules::with_rows(self.rows);
        if let Some(length) = self.paddle {
            if !(length > 0.0 && length <= self.rows as f64) {
                return Err(refuse(
                    "paddle",
                    &format!("{length} is not above 0 and at most the {} rows", self.rows),
                ));
            }
            rules.paddle_length = length / self.rows as f64;
        }
        Ok(rules)
    }
}
