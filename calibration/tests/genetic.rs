//! The genetic algorithm on problems whose best solution is known.

use bss2_calibration::genetic::Genetic;
use proptest::prelude::*;
use std::convert::Infallible;

/// Sum of squared distances from a point in the middle of nowhere.
fn sphere(genes: &[i32]) -> f64 {
    genes.iter().zip([511, 130, 900]).map(|(gene, best)| f64::from(gene - best).powi(2)).sum()
}

fn fitness(generation: &[Vec<i32>], of: impl Fn(&[i32]) -> f64) -> Result<Vec<f64>, Infallible> {
    Ok(generation.iter().map(|genes| of(genes)).collect())
}

#[test]
fn all_ones_are_found() {
    let genes = vec![0..=1; 24];
    let zeros = |genes: &[i32]| genes.iter().filter(|gene| **gene == 0).count() as f64;
    for seed in 0..5 {
        let genetic = Genetic { generations: 60, mutation: 0.4, gene_mutation: 0.05, ..Genetic::default() };
        let Ok(evolution) = genetic.run(&genes, seed, |_, individuals| fitness(individuals, zeros));
        assert_eq!(evolution.best().unwrap().fitness, 0.0, "seed {seed}");
    }
}

#[test]
fn the_published_configuration_comes_near_the_centre_of_a_sphere() {
    let genes = vec![0..=1022; 3];
    let genetic = Genetic::default();
    for seed in 0..5 {
        let Ok(evolution) = genetic.run(&genes, seed, |_, individuals| fitness(individuals, sphere));
        let distance = evolution.best().unwrap().fitness.sqrt();
        // A random search with as many evaluations stays at (1022^3 / 1550 * 3 / 4π)^(1/3) = 55 on average.
        assert!(distance < 30.0, "seed {seed}: {distance}");
        assert_eq!(evolution.evaluations(), 1550);
        assert_eq!(genetic.evaluations(), 1550);
    }
}

#[test]
fn elites_never_get_lost_where_nothing_is_noisy() {
    let Ok(evolution) = Genetic::default()
        .run(&[0..=1022, 0..=1022, 0..=1022], 3, |_, individuals| fitness(individuals, sphere));
    let best: Vec<f64> = (0..31).map(|generation| evolution.best_of(generation).unwrap().fitness).collect();
    assert!(best.windows(2).all(|pair| pair[1] <= pair[0]), "{best:?}");
}

#[test]
fn what_could_not_be_measured_dies_out() {
    let genes = [0..=1022, 0..=1022];
    let half = |genes: &[i32]| if genes[0] < 511 { f64::NAN } else { f64::from(genes[1]) };
    let Ok(evolution) = Genetic::default().run(&genes, 1, |_, individuals| fitness(individuals, half));
    let measured = |generation: usize| {
        evolution.generations[generation].iter().filter(|individual| individual.fitness.is_finite()).count()
    };
    assert!((10..=40).contains(&measured(0)), "{}", measured(0));
    assert!(measured(10) >= 40, "{}", measured(10));
    assert!(evolution.best().unwrap().fitness < 5.0);
}

#[test]
fn the_first_error_ends_a_run() {
    let result = Genetic::default().run(&[0..=9], 1, |generation, individuals| {
        if generation == 2 { Err("broken") } else { Ok(vec![0.0; individuals.len()]) }
    });
    assert_eq!(result, Err("broken"));
}

proptest! {
    #[test]
    fn genes_stay_in_their_ranges_and_seeds_decide_everything(
        lower in -2000..2000_i32,
        span in 0..2000_i32,
        seed: u64,
        elites in 0..12_usize,
        individuals in 0..12_usize,
        tournament in 0..5_usize,
    ) {
        let genetic = Genetic {
            individuals, generations: 4, tournament, crossover: 0.7, mutation: 0.9, gene_mutation: 0.9, elites,
        };
        let genes = [lower..=lower + span, 0..=1];
        let run = || genetic.run(&genes, seed, |_, individuals| fitness(individuals, |genes| f64::from(genes[0])));
        let Ok(evolution) = run();
        for individual in evolution.generations.iter().flatten() {
            prop_assert!(individual.genes.iter().zip(&genes).all(|(gene, range)| range.contains(gene)));
        }
        prop_assert_eq!(evolution.evaluations(), genetic.evaluations());
        prop_assert_eq!(run(), Ok(evolution));
    }
}
