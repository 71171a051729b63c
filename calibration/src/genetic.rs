//! A genetic algorithm on integer knobs (calibration 16.4).
//!
//! Knows nothing of chips: genes go out in batches, one per generation, and a fitness for each comes back, the lower the better.
//! Every generation is evaluated as a whole, elites included, because what is noisy must not live on its luck.

use crate::routine::uniform_integer;
use bss2_base::random::{Level, SequentialRng, Stream, path_hash, uniform};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How a population evolves. Default: the published configuration (calibration 16.4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Genetic {
    /// Individuals of a generation.
    pub individuals: usize,
    /// Generations after the first, random one.
    pub generations: usize,
    /// Individuals that compete to be a parent.
    pub tournament: usize,
    /// Probability that two parents exchange genes.
    pub crossover: f64,
    /// Probability that an individual mutates.
    pub mutation: f64,
    /// Probability that a gene of a mutating individual changes.
    pub gene_mutation: f64,
    /// The best individuals of a generation, which enter the next one unchanged.
    pub elites: usize,
}

impl Default for Genetic {
    fn default() -> Self {
        Self {
            individuals: 50,
            generations: 30,
            tournament: 3,
            crossover: 0.5,
            mutation: 0.1,
            gene_mutation: 0.5,
            elites: 5,
        }
    }
}

impl Genetic {
    /// The variant of the demonstration (calibration 16.4), which has no elites.
    pub fn demonstration() -> Self {
        Self {
            individuals: 25,
            generations: 10,
            tournament: 2,
            crossover: 0.3,
            mutation: 0.2,
            gene_mutation: 0.5,
            elites: 0,
        }
    }

    /// How many evaluations a run takes.
    pub fn evaluations(&self) -> usize {
        self.individuals * (self.generations + 1)
    }

    /// Evolves individuals with one gene in each of `genes`, starting from a uniform population. `evaluate` is told the number of
    /// the generation and the genes of all its individuals. Equal seeds give equal runs.
    ///
    /// # Errors
    /// The first error of `evaluate`.
    pub fn run<E>(
        &self,
        genes: &[RangeInclusive<i32>],
        seed: u64,
        mut evaluate: impl FnMut(usize, &[Vec<i32>]) -> Result<Vec<f64>, E>,
    ) -> Result<Evolution, E> {
        let mut random = SequentialRng::new(Stream::new(seed, path_hash("genetic"), Level::Noise, 0));
        let mut population: Vec<Vec<i32>> = (0..self.individuals)
            .map(|_| genes.iter().map(|gene| draw(&mut random, gene)).collect())
            .collect();
        let mut evolution = Evolution { generations: Vec::with_capacity(self.generations + 1) };
        for generation in 0..=self.generations {
            let fitness = evaluate(generation, &population)?;
            // What was not measured is the worst there is.
            let fitness = fitness.into_iter().chain(std::iter::repeat(f64::NAN));
            let individuals: Vec<Individual> = population
                .drain(..)
                .zip(fitness)
                .map(|(genes, fitness)| Individual { genes, fitness })
                .collect();
            if generation < self.generations {
                population = self.offspring(&individuals, genes, &mut random);
            }
            evolution.generations.push(individuals);
        }
        Ok(evolution)
    }

    fn offspring(
        &self,
        parents: &[Individual],
        genes: &[RangeInclusive<i32>],
        random: &mut SequentialRng,
    ) -> Vec<Vec<i32>> {
        if parents.is_empty() {
            return Vec::new();
        }
        let mut ranked: Vec<&Individual> = parents.iter().collect();
        ranked.sort_by(|a, b| a.order(b));
        let elites = self.elites.min(parents.len());
        let mut next: Vec<Vec<i32>> = ranked[..elites].iter().map(|elite| elite.genes.clone()).collect();
        let mut children: Vec<Vec<i32>> = (elites..self.individuals)
            .map(|_| {
                let competitors = (0..self.tournament.max(1)).map(|_| &parents[pick(random, parents.len())]);
                let winner = competitors.min_by(|a, b| a.order(b));
                winner.map_or_else(Vec::new, |winner| winner.genes.clone())
            })
            .collect();
        for pair in children.chunks_exact_mut(2) {
            if chance(random, self.crossover)
                && let [a, b] = pair
            {
                cross(random, a, b);
            }
        }
        for child in &mut children {
            if chance(random, self.mutation) {
                for (gene, range) in child.iter_mut().zip(genes) {
                    if chance(random, self.gene_mutation) {
                        *gene = mutate(random, *gene, range);
                    }
                }
            }
        }
        next.append(&mut children);
        next
    }
}

/// One setting and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    /// The knobs.
    pub genes: Vec<i32>,
    /// The lower the better; NaN is worse than anything.
    pub fitness: f64,
}

impl Individual {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |fitness: f64| if fitness.is_nan() { f64::INFINITY } else { fitness };
        key(self.fitness).total_cmp(&key(other.fitness))
    }
}

/// All generations of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evolution {
    /// The individuals of each generation, in no particular order.
    pub generations: Vec<Vec<Individual>>,
}

impl Evolution {
    /// The best individual of a generation; `None` if there is no such generation.
    pub fn best_of(&self, generation: usize) -> Option<&Individual> {
        self.generations.get(generation)?.iter().min_by(|a, b| a.order(b))
    }

    /// The best individual of the last generation: the outcome of the run.
    pub fn best(&self) -> Option<&Individual> {
        self.best_of(self.generations.len().checked_sub(1)?)
    }

    /// Evaluations made.
    pub fn evaluations(&self) -> usize {
        self.generations.iter().map(Vec::len).sum()
    }
}

fn draw(random: &mut SequentialRng, range: &RangeInclusive<i32>) -> i32 {
    uniform_integer(random, *range.start(), *range.end())
}

fn pick(random: &mut SequentialRng, count: usize) -> usize {
    uniform_integer(random, 0, count as i32 - 1) as usize
}

fn chance(random: &mut SequentialRng, probability: f64) -> bool {
    uniform(random.next_u32()) < probability
}

/// Exchanges all genes from a random one on, but not all that there are.
fn cross(random: &mut SequentialRng, a: &mut [i32], b: &mut [i32]) {
    let genes = a.len().min(b.len());
    if genes > 1 {
        let cut = uniform_integer(random, 1, genes as i32 - 1) as usize;
        a[cut..genes].swap_with_slice(&mut b[cut..genes]);
    }
}

/// Moves a gene by a power of two up or down; what would leave the range is drawn again.
fn mutate(random: &mut SequentialRng, gene: i32, range: &RangeInclusive<i32>) -> i32 {
    let span = i64::from(*range.end()) - i64::from(*range.start());
    let Some(exponents) = (span > 0).then(|| span.ilog2()) else { return gene };
    loop {
        let step = 1_i64 << uniform_integer(random, 0, exponents as i32);
        let moved = i64::from(gene) + if chance(random, 0.5) { step } else { -step };
        if (i64::from(*range.start())..=i64::from(*range.end())).contains(&moved) {
            return moved as i32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn crossing_keeps_the_genes_of_a_place_together() {
        let mut random = SequentialRng::seed_from_u64(1);
        for _ in 0..50 {
            let (mut a, mut b) = ([0; 5], [1; 5]);
            cross(&mut random, &mut a, &mut b);
            assert!((0..5).all(|place| a[place] + b[place] == 1));
            assert!((a[0], a[4]) == (0, 1), "exactly one cut, which is never at an end: {a:?}");
            assert!(a.windows(2).filter(|pair| pair[0] != pair[1]).count() == 1);
        }
    }

    #[test]
    fn a_mutation_is_one_power_of_two_within_the_range() {
        let mut random = SequentialRng::seed_from_u64(2);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            let moved = mutate(&mut random, 511, &(0..=1022));
            let step = (moved - 511).unsigned_abs();
            assert!((0..=1022).contains(&moved) && step.is_power_of_two());
            seen.insert(moved - 511);
        }
        // Both signs of 2^0 to 2^8; 2^9 leaves the range in both directions.
        assert_eq!(seen.len(), 18);
        assert_eq!(mutate(&mut random, 4, &(4..=4)), 4);
    }
}
