//! Inference on a problem with a closed solution: observables are linear in the parameters, noise is Gaussian, the prior is so wide that
//! it does not matter. The posterior is then Gaussian with mean `A^-1 x` and covariance `σ² (AᵀA)^-1`.

use bss2_base::random::{Level, Stream, path_hash};
use bss2_calibration::inference::{Coverage, Distance, Pool, Posterior, Prior, Sequential, Simulator, Table};
use proptest::prelude::*;
use std::convert::Infallible;

/// x = (2 a + b, a - b) + noise.
#[derive(Clone, Debug)]
struct Linear {
    seed: u64,
    noise: f64,
}

impl Linear {
    const NOISE: f64 = 0.3;
    const TRUTH: [f64; 2] = [1.0, -0.5];
    /// The observables at the truth, without noise.
    const OBSERVATION: [f64; 2] = [1.5, 1.5];

    /// Variances of the parameters: the diagonal of (AᵀA)^-1 times the variance of an observable. That is the noise, and if whatever is
    /// nearer than a tolerance counts as equal, a quarter of the tolerance squared: the variance of a disc along an axis.
    fn variances(tolerance: f64) -> [f64; 2] {
        // AᵀA = [[5, 1], [1, 2]].
        let s = (Self::NOISE * Self::NOISE + tolerance * tolerance / 4.0) / 9.0;
        [2.0 * s, 5.0 * s]
    }

    fn pool(seed: u64, threads: usize) -> Pool<Self> {
        Pool::new(vec![Self { seed, noise: Self::NOISE }; 4], threads)
    }
}

impl Simulator for Linear {
    type Error = Infallible;

    fn simulate(&mut self, parameters: &[f64], number: u64) -> Result<Vec<f64>, Infallible> {
        let noise = Stream::new(self.seed, path_hash("test.linear"), Level::Noise, 0).normal_block(number);
        let (a, b) = (parameters[0], parameters[1]);
        Ok(vec![2.0 * a + b + self.noise * noise[0], a - b + self.noise * noise[1]])
    }
}

fn prior() -> Prior {
    Prior::uniform(vec![-3.0..=3.0, -3.0..=3.0]).unwrap()
}

fn assert_is_the_known_posterior(posterior: &Posterior, tolerance: f64, relative: f64, bias: f64) {
    let mean = posterior.mean();
    for (p, variance) in Linear::variances(tolerance).into_iter().enumerate() {
        let deviation = variance.sqrt();
        // Standard error of the mean, four times.
        let error = bias + 4.0 * deviation / posterior.effective_samples().sqrt();
        assert!((mean[p] - Linear::TRUTH[p]).abs() < error, "mean {mean:?}, allowed {error}");
        let found = posterior.deviation()[p];
        assert!((found / deviation - 1.0).abs() < relative, "deviation {found}, expected {deviation}");
    }
    let correlation = -1.0 / 10.0_f64.sqrt();
    assert!((posterior.correlation(0, 1) - correlation).abs() < 0.15, "{}", posterior.correlation(0, 1));
}

#[test]
fn rejection_gives_the_known_posterior_widened_by_the_tolerance() {
    let Ok(table) = Table::simulate(&prior(), &mut Linear::pool(1, 1), 100_000, 2);
    for count in [200, 1000] {
        let posterior = table.nearest(&Linear::OBSERVATION, &Distance::plain(2), count);
        let tolerance = posterior.distances[count - 1];
        assert_is_the_known_posterior(&posterior, tolerance, 0.12, 0.0);
        assert_eq!(table.within(&Linear::OBSERVATION, &Distance::plain(2), tolerance), posterior);
    }
}

#[test]
fn regression_takes_the_tolerance_out() {
    let Ok(table) = Table::simulate(&prior(), &mut Linear::pool(3, 1), 30_000, 4);
    let wide = table.nearest(&Linear::OBSERVATION, &Distance::plain(2), 1200);
    assert!(wide.deviation()[0] > 2.0 * Linear::variances(0.0)[0].sqrt(), "{:?}", wide.deviation());
    // Logits bend what is linear, which slopes can't follow to the end.
    assert_is_the_known_posterior(&wide.adjusted(&Linear::OBSERVATION, &prior()), 0.0, 0.12, 0.02);
}

#[test]
fn populations_that_close_in_give_the_known_posterior() {
    let sequential =
        Sequential { samples: 500, first: 1000, rounds: 7, budget: 60_000, ..Sequential::default() };
    let mut pool = Linear::pool(5, 2);
    let Ok(outcome) = sequential.run(&prior(), &mut pool, &Linear::OBSERVATION, &Distance::plain(2), 6);
    assert_eq!(pool.simulations(), outcome.simulations as u64);
    assert!(outcome.rounds.windows(2).all(|pair| pair[1].tolerance < pair[0].tolerance));
    assert_eq!(outcome.rounds.len(), 8);
    let posterior = outcome.posterior().unwrap();
    assert!(posterior.distances.iter().all(|away| *away <= outcome.rounds[7].tolerance));
    let tolerance = outcome.rounds[7].tolerance;
    assert!(tolerance < 0.5, "{tolerance}");
    assert_is_the_known_posterior(posterior, tolerance, 0.15, 0.0);
}

#[test]
fn a_budget_ends_with_the_last_finished_round() {
    let sequential =
        Sequential { samples: 50, first: 100, rounds: 50, budget: 1000, ..Sequential::default() };
    let Ok(outcome) =
        sequential.run(&prior(), &mut Linear::pool(1, 1), &Linear::OBSERVATION, &Distance::plain(2), 1);
    assert!(outcome.simulations <= 1000);
    assert!(outcome.rounds.len() > 1 && outcome.rounds.len() < 50);
    assert_eq!(outcome.posterior().unwrap().len(), 50);
}

#[test]
fn no_result_depends_on_the_number_of_threads() {
    let sequential = Sequential { samples: 60, first: 120, rounds: 3, ..Sequential::default() };
    let run = |threads| {
        sequential.run(&prior(), &mut Linear::pool(9, threads), &Linear::OBSERVATION, &Distance::plain(2), 8)
    };
    let Ok(one) = run(1);
    for threads in [2, 3, 7] {
        let Ok(more) = run(threads);
        assert_eq!(more, one, "{threads} threads");
    }
}

#[test]
fn a_simulator_with_a_history_has_the_same_history_on_any_number_of_threads() {
    /// Answers with how often it was asked.
    struct Counter(f64);
    impl Simulator for Counter {
        type Error = f64;
        fn simulate(&mut self, parameters: &[f64], number: u64) -> Result<Vec<f64>, f64> {
            self.0 += 1.0;
            if parameters[0] < 0.0 { Err(parameters[0]) } else { Ok(vec![self.0, number as f64]) }
        }
    }
    let batch: Vec<Vec<f64>> = (0..50).map(|value| vec![f64::from(value)]).collect();
    let run = |threads| {
        let mut pool = Pool::new((0..6).map(|_| Counter(0.0)).collect(), threads);
        let first = pool.simulate(&batch).unwrap();
        (first, pool.simulate(&batch).unwrap())
    };
    assert_eq!(run(1), run(4));
    assert_eq!(run(1).1[49], vec![18.0, 99.0]);
    // Of several failures the first one counts.
    let mut pool = Pool::new(vec![Counter(0.0), Counter(0.0)], 2);
    assert_eq!(pool.simulate(&[vec![1.0], vec![-2.0], vec![-3.0], vec![1.0]]), Err(-2.0));
}

/// Posteriors of test cases out of a table, each case with the others as simulations.
fn coverage(table: &Table, cases: usize, posterior_of: impl Fn(&Table, &[f64]) -> Posterior) -> Coverage {
    let inner = |row: &usize| table.parameters[*row].iter().all(|value| value.abs() < 2.0);
    Coverage::new((0..table.len()).filter(inner).take(cases).map(|row| {
        let others = table.without(row);
        posterior_of(&others, &table.observables[row]).credibility(&table.parameters[row])
    }))
}

#[test]
fn regions_of_some_probability_contain_the_truth_that_often() {
    let Ok(table) = Table::simulate(&prior(), &mut Linear::pool(11, 1), 6000, 12);
    let distance = Distance::by_spread(&table.observables);
    let coverage = coverage(&table, 200, |others, observation| {
        others.nearest(observation, &distance, 200).adjusted(observation, &prior())
    });
    assert_eq!(coverage.cases(), 200);
    assert!(coverage.worst(&[0.5, 0.8, 0.95]) < 0.1, "{coverage:?}");
}

#[test]
fn posteriors_that_are_too_narrow_are_found_out() {
    let Ok(table) = Table::simulate(&prior(), &mut Linear::pool(13, 1), 6000, 14);
    let distance = Distance::by_spread(&table.observables);
    let coverage = coverage(&table, 100, |others, observation| {
        let mut posterior = others.nearest(observation, &distance, 200).adjusted(observation, &prior());
        let mean = posterior.mean();
        for sample in &mut posterior.samples {
            sample.iter_mut().zip(&mean).for_each(|(value, mean)| *value = mean + 0.4 * (*value - mean));
        }
        posterior
    });
    assert!(coverage.at(0.5) < 0.3 && coverage.at(0.8) < 0.5, "{coverage:?}");
}

#[test]
fn credibility_is_that_of_the_ellipse_through_a_point() {
    let stream = Stream::new(1, path_hash("test.ellipse"), Level::Noise, 0);
    let samples: Vec<Vec<f64>> =
        (0..3000).map(|k| stream.normal_block(k)).map(|z| vec![z[0], 10.0 * z[1]]).collect();
    let count = samples.len();
    let posterior = Posterior {
        samples,
        weights: vec![1.0 / count as f64; count],
        observables: vec![vec![]; count],
        distances: vec![0.0; count],
    };
    // Of a Gaussian in two dimensions, the ellipse at r standard deviations contains 1 - exp(-r²/2).
    for (r, share) in [(0.3, 0.0440), (1.0, 0.3935), (2.0, 0.8647), (3.0, 0.9889)] {
        for point in [vec![r, 0.0], vec![0.0, -10.0 * r]] {
            let credibility = posterior.credibility(&point);
            assert!((credibility - share).abs() < 0.04, "{point:?}: {credibility}, expected {share}");
        }
    }
    assert!((posterior.quantile(1, 0.5)).abs() < 1.0 && (posterior.quantile(0, 0.8413) - 1.0).abs() < 0.1);
    assert!((posterior.effective_samples() - 3000.0).abs() < 1e-6);
}

#[test]
fn coverage_counts_credibilities() {
    let coverage = Coverage::new((0..100).map(|k| (f64::from(k) + 0.5) / 100.0).chain([f64::NAN]));
    assert_eq!((coverage.cases(), coverage.at(0.8)), (100, 0.8));
    assert!(coverage.worst(&[0.1, 0.5, 0.9]) < 1e-12);
    assert!((coverage.chance(0.5) - 0.05).abs() < 1e-12);
    assert!(Coverage::default().at(0.5).is_nan());
}

#[test]
fn observables_that_are_missing_are_never_near() {
    let table = Table {
        parameters: vec![vec![1.0], vec![2.0], vec![3.0]],
        observables: vec![vec![f64::NAN], vec![0.0], vec![5.0]],
    };
    let posterior = table.nearest(&[1.0], &Distance::plain(1), 3);
    assert_eq!(posterior.samples, vec![vec![2.0], vec![3.0]]);
    assert!(table.within(&[1.0], &Distance::plain(1), 0.5).is_empty());
    assert!(table.nearest(&[1.0, 2.0], &Distance::plain(1), 3).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn resampling_gives_every_sample_its_share(
        weights in prop::collection::vec(0.01..1.0_f64, 1..20),
        count in 1..200_usize,
        seed: u64,
    ) {
        use rand::SeedableRng;
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        let posterior = Posterior {
            samples: vec![vec![0.0]; weights.len()],
            observables: vec![vec![]; weights.len()],
            distances: vec![0.0; weights.len()],
            weights: weights.clone(),
        };
        let mut random = bss2_base::random::SequentialRng::seed_from_u64(seed);
        let chosen = posterior.resample(count, &mut random);
        prop_assert_eq!(chosen.len(), count);
        for (index, weight) in weights.iter().enumerate() {
            let times = chosen.iter().filter(|c| **c == index).count() as f64;
            prop_assert!((times - weight * count as f64).abs() < 1.0 + 1e-9);
        }
    }

    #[test]
    fn an_adjusted_posterior_stays_within_the_prior(seed in 0..1000_u64, x in -9.0..9.0_f64, y in -6.0..6.0_f64) {
        let Ok(table) = Table::simulate(&prior(), &mut Linear::pool(seed, 1), 300, seed);
        let adjusted = table.nearest(&[x, y], &Distance::plain(2), 60).adjusted(&[x, y], &prior());
        prop_assert_eq!(adjusted.len(), 60);
        prop_assert!(adjusted.samples.iter().all(|sample| prior().contains(sample)));
        prop_assert!((adjusted.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
