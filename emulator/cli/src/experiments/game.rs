//! The game of Pong that the chip plays (experiments E01).
//!
//! A ball moves in the unit square, is reflected by three walls and, on the right, by a paddle. A [`Player`] sees the row of the ball
//! and names the cell to which the paddle should go; which row the ball is in is all that the network is told. A game depends on
//! its [`Rules`], its seed and its player alone.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Sizes and speeds, as shares of the side of the square; speeds per iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Rows into which the height is divided, from the bottom.
    pub rows: usize,
    /// Radius of the ball.
    pub ball_radius: f64,
    /// Way of the ball, |x| + |y|.
    pub ball_step: f64,
    /// Way of the paddle.
    pub paddle_step: f64,
    /// Length of the paddle.
    pub paddle_length: f64,
}

impl Rules {
    /// The rules of the published experiment: 32 rows, a paddle of length 0.07 (experiments E01, "Task").
    pub const PUBLISHED: Self =
        Self { rows: 32, ball_radius: 0.02, ball_step: 0.025, paddle_step: 0.05, paddle_length: 0.07 };

    /// The published rules on another number of rows. The paddle keeps its length measured in rows (2.24): a paddle whose
    /// centre is in the row of the ball always reflects it.
    pub fn with_rows(rows: usize) -> Self {
        let rows = rows.max(1);
        let published = Self::PUBLISHED;
        Self {
            rows,
            paddle_length: published.paddle_length * published.rows as f64 / rows as f64,
            ..published
        }
    }

    /// The row at height `y`; heights outside the square belong to the outermost rows.
    pub fn row_of(&self, y: f64) -> usize {
        ((y.max(0.0) * self.rows as f64) as usize).min(self.rows.saturating_sub(1))
    }
}

/// What decides where the paddle should go.
pub trait Player {
    /// The cell (0 at the bottom) to which the paddle should move while the ball is in `row`.
    fn target(&mut self, row: usize) -> usize;
}

impl<F: FnMut(usize) -> usize> Player for F {
    fn target(&mut self, row: usize) -> usize {
        self(row)
    }
}

/// A player that lets measured spike counts decide: the neuron with most spikes wins, ties at random (experiments E01,
/// "Action"). Where several trials of a row were measured, one of them is drawn for each decision.
#[derive(Clone, Debug)]
pub struct SpikeCounts {
    trials: Vec<Vec<Vec<u32>>>,
    random: Pcg64Mcg,
}

impl SpikeCounts {
    /// `trials[row]` holds the measured trials of that row, each with one spike count for every neuron; neuron `j` stands for
    /// cell `j`. `seed` decides ties and the choice among trials. A row without trials or without neurons goes to cell 0.
    pub fn new(trials: Vec<Vec<Vec<u32>>>, seed: u64) -> Self {
        Self { trials, random: Pcg64Mcg::seed_from_u64(seed) }
    }
}

impl Player for SpikeCounts {
    fn target(&mut self, row: usize) -> usize {
        let Some(trials) = self.trials.get(row).filter(|trials| !trials.is_empty()) else { return 0 };
        let counts = &trials[self.random.random_range(0..trials.len())];
        winner(counts, &mut self.random).unwrap_or(0)
    }
}

/// The index of the largest count, drawn evenly among equals; `None` without counts.
pub fn winner(counts: &[u32], random: &mut impl rand::Rng) -> Option<usize> {
    let most = *counts.iter().max()?;
    let winners: Vec<usize> = (0..counts.len()).filter(|&index| counts[index] == most).collect();
    Some(winners[random.random_range(0..winners.len())])
}

/// What the ball met in an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing, or a wall.
    Flight,
    /// The paddle reflected it.
    Hit,
    /// It passed the paddle; the next frame begins a new game.
    Miss,
}

/// The game before an iteration and what happened in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Centre of the ball.
    pub ball: (f64, f64),
    /// Centre of the paddle, at x = 1.
    pub paddle: f64,
    /// The cell that the player named.
    pub target: usize,
    /// What happened.
    pub event: Event,
    /// Balls reflected by the paddle until now, this iteration included.
    pub hits: u32,
    /// Balls missed until now, this iteration included.
    pub misses: u32,
}

/// A game in progress.
#[derive(Clone, Debug)]
pub struct Game {
    rules: Rules,
    random: Pcg64Mcg,
    ball: (f64, f64),
    velocity: (f64, f64),
    paddle: f64,
    hits: u32,
    misses: u32,
}

impl Game {
    /// A game whose serves are decided by `seed`.
    pub fn new(rules: Rules, seed: u64) -> Self {
        let mut game = Self {
            rules,
            random: Pcg64Mcg::seed_from_u64(seed),
            ball: (0.5, 0.5),
            velocity: (0.0, 0.0),
            paddle: 0.5,
            hits: 0,
            misses: 0,
        };
        game.serve();
        game
    }

    /// The row of the ball.
    pub fn row(&self) -> usize {
        self.rules.row_of(self.ball.1)
    }

    /// One iteration: the player names a target for the row of the ball, then reflection is tested, then paddle and ball move
    /// (experiments E01, order within an iteration). At a corner both walls reflect.
    pub fn step(&mut self, player: &mut (impl Player + ?Sized)) -> Frame {
        let Rules { rows, ball_radius, ball_step, paddle_step, paddle_length } = self.rules;
        let target = player.target(self.row()).min(rows.saturating_sub(1));
        let (x, y) = self.ball;
        let (before, paddle) = (self.ball, self.paddle);

        let mut event = Event::Flight;
        if y + ball_radius >= 1.0 || y - ball_radius <= 0.0 {
            self.velocity.1 = -self.velocity.1;
        }
        if x - ball_radius <= 0.0 {
            self.velocity.0 = -self.velocity.0;
        } else if x + ball_radius >= 1.0 {
            if (paddle - y).abs() <= 0.5 * paddle_length {
                self.velocity.0 = -self.velocity.0;
                event = Event::Hit;
                self.hits += 1;
            } else {
                event = Event::Miss;
                self.misses += 1;
            }
        }

        if event == Event::Miss {
            self.serve();
        } else {
            let cell = self.rules.row_of(paddle);
            let direction = (target > cell) as i32 - (target < cell) as i32;
            self.paddle = (paddle + f64::from(direction) * paddle_step).clamp(0.0, 1.0);
            self.ball = (x + ball_step * self.velocity.0, y + ball_step * self.velocity.1);
        }
        Frame { ball: before, paddle, target, event, hits: self.hits, misses: self.misses }
    }

    /// Ball and paddle to the middle, a direction with |x| + |y| = 1 and |x| from 0.5 to 1.
    fn serve(&mut self) {
        self.ball = (0.5, 0.5);
        self.paddle = 0.5;
        let x = self.random.random_range(0.5..1.0);
        let y = 1.0 - x;
        let mut sign = || if self.random.random_bool(0.5) { 1.0 } else { -1.0 };
        self.velocity = (sign() * x, sign() * y);
    }
}

/// A played game.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its rules.
    pub rules: Rules,
    /// One frame for every iteration.
    pub frames: Vec<Frame>,
}

impl Recording {
    /// Lets `player` play `iterations` iterations of the game with this seed.
    pub fn play(rules: Rules, seed: u64, player: &mut (impl Player + ?Sized), iterations: usize) -> Self {
        let mut game = Game::new(rules, seed);
        Self { rules, frames: (0..iterations).map(|_| game.step(player)).collect() }
    }

    /// Share of balls that the paddle reflected among those that came to it; `None` before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let last = self.frames.last()?;
        let balls = last.hits + last.misses;
        (balls > 0).then(|| f64::from(last.hits) / f64::from(balls))
    }

    /// Most hits in a row.
    pub fn longest_rally(&self) -> u32 {
        let (mut longest, mut current) = (0, 0);
        for frame in &self.frames {
            match frame.event {
                Event::Hit => current += 1,
                Event::Miss => current = 0,
                Event::Flight => {}
            }
            longest = longest.max(current);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_player_that_follows_the_ball_never_misses_on_sixteen_rows() {
        let recording = Recording::play(Rules::with_rows(16), 1, &mut |row| row, 20_000);
        assert_eq!(recording.frames.last().unwrap().misses, 0);
        assert!(recording.longest_rally() > 100);
    }

    #[test]
    fn the_published_rules_come_back_for_thirty_two_rows() {
        assert_eq!(Rules::with_rows(32), Rules::PUBLISHED);
    }

    #[test]
    fn a_ball_beside_the_paddle_is_missed_and_served_again() {
        let mut game = Game::new(Rules::PUBLISHED, 5);
        game.ball = (0.985, 0.6);
        game.paddle = 0.5;
        let mut stay = |_| 16;
        let frame = game.step(&mut stay);
        assert_eq!((frame.event, frame.misses), (Event::Miss, 1));
        assert_eq!(game.ball, (0.5, 0.5));
        game.ball = (0.985, 0.53);
        game.velocity = (0.5, 0.5);
        assert_eq!(game.step(&mut stay).event, Event::Hit);
        assert_eq!(game.velocity, (-0.5, 0.5));
    }

    #[test]
    fn equal_counts_are_decided_evenly() {
        let mut player = SpikeCounts::new(vec![vec![vec![3, 1, 3]]], 9);
        let mut wins = [0; 3];
        for _ in 0..1000 {
            wins[player.target(0)] += 1;
        }
        assert_eq!(wins[1], 0);
        assert!((400..600).contains(&wins[0]), "{wins:?}");
        assert_eq!(player.target(17), 0);
    }

    proptest! {
        #[test]
        fn the_ball_stays_in_the_square(rows in 1usize..64, seed: u64, target in 0usize..80) {
            let recording = Recording::play(Rules::with_rows(rows), seed, &mut |row: usize| row.max(target), 400);
            for frame in &recording.frames {
                let (x, y) = frame.ball;
                prop_assert!((-0.01..=1.01).contains(&x) && (-0.01..=1.01).contains(&y), "{frame:?}");
                prop_assert!((0.0..=1.0).contains(&frame.paddle) && frame.target < rows);
            }
        }

        #[test]
        fn the_same_seed_plays_the_same_game(seed: u64) {
            let rules = Rules::with_rows(16);
            let play = || Recording::play(rules, seed, &mut |row| row / 2, 200);
            prop_assert_eq!(play(), play());
        }
    }
}
