//! The searches on plants made for them (calibration 18.1, 15 last sentence).

use bss2_base::random::{Level, Stream, path_hash};
use bss2_calibration::algorithms::{
    Found, KnobRange, LinearSearch, Multiplicative, Prediction, ProbabilisticBisection, Problem, Search,
    SearchError,
};
use proptest::prelude::*;
use std::convert::Infallible;

type Error = SearchError<Infallible>;

/// Runs a search on a plant that gives the result of (instance, setting).
fn search(algorithm: &Search, problem: &Problem, plant: impl Fn(usize, i32) -> f64) -> Result<Found, Error> {
    algorithm.find(problem, &mut |knobs: &[i32]| {
        Ok(knobs.iter().enumerate().map(|(instance, &knob)| plant(instance, knob)).collect())
    })
}

/// A number of an instance, from 0 to 1.
fn draw(instance: usize, draw: u64) -> f64 {
    Stream::new(7, path_hash("test"), Level::Instance, instance as u32).uniform(draw)
}

/// Targets inside of a range, for identity plants.
fn targets(instances: usize, range: KnobRange) -> Vec<f64> {
    (0..instances)
        .map(|i| (f64::from(range.lower()) + draw(i, 0) * f64::from(range.settings() - 1)).round())
        .collect()
}

#[test]
fn identity_and_mirrored_plants_are_recovered_exactly() {
    for instances in [16, 511, 1024] {
        let range = KnobRange::CAPMEM;
        let wanted = targets(instances, range);
        let noisy = (1..30).map(|amplitude| Search::NoisyBinary { amplitude });
        for algorithm in noisy.chain([Search::Binary]) {
            let found =
                search(&algorithm, &Problem::new(range, wanted.clone()), |_, knob| f64::from(knob)).unwrap();
            assert_eq!(found.results, wanted, "{algorithm:?}, {instances} instances");
            let problem = Problem::new(range, wanted.clone()).inverted();
            let found = search(&algorithm, &problem, |_, knob| f64::from(1022 - knob)).unwrap();
            assert_eq!(found.results, wanted, "{algorithm:?} mirrored, {instances} instances");
        }
    }
}

#[test]
fn the_number_of_measurements_is_that_of_the_official_search() {
    for (upper, plain, noisy) in [(1022, 12, 13), (255, 10, 11), (63, 8, 9), (15, 6, 7)] {
        let problem = Problem::new(KnobRange::new(0, upper).unwrap(), vec![3.0]);
        let count = |algorithm| search(&algorithm, &problem, |_, knob| f64::from(knob)).unwrap().measurements;
        assert_eq!(count(Search::Binary), plain);
        assert_eq!(count(Search::NoisyBinary { amplitude: 3 }), noisy);
    }
}

#[test]
fn more_noise_than_the_first_move_is_an_error() {
    let problem = Problem::new(KnobRange::new(0, 15).unwrap(), vec![3.0]);
    let result = search(&Search::NoisyBinary { amplitude: 5 }, &problem, |_, knob| f64::from(knob));
    assert_eq!(result, Err(SearchError::ExcessiveNoise { amplitude: 5, first_increment: 4 }));
}

#[test]
fn an_instance_at_the_end_of_its_range_fails_and_is_clipped() {
    let problem = Problem::new(KnobRange::CAPMEM, vec![5000.0, -3.0, 1022.0, 0.0, 1.0]);
    let found = search(&Search::Binary, &problem, |_, knob| f64::from(knob)).unwrap();
    assert_eq!(found.knobs, [1022, 0, 1022, 0, 1]);
    assert_eq!(found.success, [false, false, false, false, true]);
}

#[test]
fn masked_instances_stay_in_the_middle_and_those_without_result_fail() {
    let problem = Problem::new(KnobRange::CAPMEM, vec![100.0; 3]).masked(vec![true, false, true]);
    let found =
        search(&Search::NOISY, &problem, |i, knob| if i == 2 { f64::NAN } else { f64::from(knob) }).unwrap();
    assert_eq!((found.knobs[0], found.knobs[1]), (100, 511));
    assert_eq!(found.success, [true, false, false]);
    assert!(found.residuals[2].is_nan());
}

#[test]
fn a_wrong_number_of_results_is_an_error() {
    let problem = Problem::new(KnobRange::CAPMEM, vec![1.0; 4]);
    let result = Search::Binary.find(&problem, &mut |_: &[i32]| Ok::<_, Infallible>(vec![0.0; 3]));
    assert_eq!(result, Err(SearchError::WrongCount { measurement: 0, results: 3, instances: 4 }));
}

#[test]
fn a_linear_search_walks_from_its_start() {
    let range = KnobRange::CAPMEM;
    let near: Vec<i32> = (0..511).map(|i| 200 + (draw(i, 1) * 40.0) as i32).collect();
    let linear = LinearSearch { start: Some(near), ..LinearSearch::default() };
    let found =
        search(&Search::Linear(linear), &Problem::new(range, vec![221.2; 511]), |_, k| f64::from(k)).unwrap();
    assert!(found.knobs.iter().all(|&knob| knob == 221), "{:?}", found.knobs);
}

#[test]
fn a_prediction_takes_the_shift_of_every_instance_into_account() {
    let range = KnobRange::new(-128, 127).unwrap();
    let shift = |i: usize| (draw(i, 2) * 50.0).floor() - 25.0;
    let prediction = Search::Predictive(Prediction::linear(1.0, 0, 1024));
    let found =
        search(&prediction, &Problem::new(range, vec![128.0; 1024]), |i, k| 120.0 + shift(i) + f64::from(k))
            .unwrap();
    assert_eq!(found.measurements, 2);
    assert!(found.residuals.iter().all(|&residual| residual == 0.0));
    // From data: 3 settings per code.
    let fitted = Prediction::from_data(&[10.0, 20.0, 30.0], &[30, 60, 90], 1, 1024).unwrap();
    let found =
        search(&Search::Predictive(fitted), &Problem::new(KnobRange::CAPMEM, vec![100.0; 1024]), |i, k| {
            (f64::from(k) + 3.0 * shift(i)) / 3.0
        })
        .unwrap();
    assert!(found.residuals.iter().all(|residual| residual.abs() < 0.2));
}

#[test]
fn a_multiplicative_update_finds_the_rate_of_the_lab_course() {
    // 100 neurons, rate in proportion to the bias with 15 % spread, 30 kHz wanted (calibration 16.2).
    let gain = |i: usize| 60.0 * (0.85 + 0.3 * draw(i, 3));
    let problem = Problem::new(KnobRange::CAPMEM, vec![30e3; 100]);
    let found =
        search(&Search::Multiplicative(Multiplicative::default()), &problem, |i, k| gain(i) * f64::from(k))
            .unwrap();
    assert_eq!(found.measurements, 20);
    assert!(found.residuals.iter().all(|residual| residual.abs() <= 35.0), "{:?}", found.residuals);
}

/// Root of the mean squared distance of the chosen settings from the best ones, and measurements, on a noisy plant:
/// a slope of 0.33 per setting under noise.
fn noisy_plant(algorithm: &Search, noise: f64, repetitions: usize) -> (f64, usize) {
    let best = |i: usize| 100.0 + 800.0 * draw(i, 4);
    let problem = Problem::new(KnobRange::CAPMEM, vec![0.0; 512]);
    let mut count = 0_u64;
    let found = algorithm
        .find(&problem, &mut |knobs: &[i32]| {
            let results = knobs.iter().enumerate().map(|(i, &knob)| {
                let stream = Stream::new(3, path_hash("noise"), Level::Noise, i as u32);
                let clean = 0.33 * (f64::from(knob) - best(i));
                let mean = (0..repetitions).map(|r| stream.normal(count + r as u64)).sum::<f64>();
                clean + noise * mean / repetitions as f64
            });
            let results = results.collect();
            count += repetitions as u64;
            Ok::<_, Infallible>(results)
        })
        .unwrap();
    let square: f64 = found.knobs.iter().enumerate().map(|(i, &k)| (f64::from(k) - best(i)).powi(2)).sum();
    ((square / 512.0).sqrt(), found.measurements * repetitions)
}

#[test]
fn probabilistic_bisection_needs_less_measurements_for_the_same_residual() {
    let probabilistic =
        Search::Probabilistic(ProbabilisticBisection { noise: Some(2.0), limit: 30, ..Default::default() });
    let (residual, cost) = noisy_plant(&probabilistic, 2.0, 1);
    // The plain search with as many averages as it needs to come as near.
    let needed = (1..40)
        .map(|repetitions| noisy_plant(&Search::NOISY, 2.0, repetitions))
        .find(|&(other, _)| other <= residual)
        .map_or(usize::MAX, |(_, cost)| cost);
    println!(
        "probabilistic: {residual:.2} settings rms in {cost} measurements; binary with averages: {needed}"
    );
    assert!(10 * cost <= 7 * needed, "{cost} against {needed}");
}

proptest! {
    #[test]
    fn without_noise_the_best_setting_of_every_monotone_plant_is_reached(
        lower in -300i32..300,
        settings in 2i32..700,
        steps in proptest::collection::vec(0.0f64..3.0, 700),
        target in -50.0f64..1000.0,
        inverted: bool,
        amplitude in 0u32..6,
        seed: u64,
    ) {
        let range = KnobRange::new(lower, lower + settings - 1).unwrap();
        let mut plant = vec![0.0];
        for step in &steps[..settings as usize] {
            // A third of the steps are plateaus.
            plant.push(plant.last().unwrap() + (step - 1.0).max(0.0));
        }
        let at = |knob: i32| {
            let k = (knob - lower) as usize;
            if inverted { plant[settings as usize - 1 - k] } else { plant[k] }
        };
        let problem = Problem { inverted, seed, ..Problem::new(range, vec![target; 3]) };
        let algorithm = Search::NoisyBinary { amplitude };
        match search(&algorithm, &problem, |_, knob| at(knob)) {
            Ok(found) => {
                let best = (lower..lower + settings).map(|k| (at(k) - target).abs()).fold(f64::INFINITY, f64::min);
                for residual in found.residuals {
                    prop_assert_eq!(residual.abs(), best);
                }
            }
            Err(error) => prop_assert!(matches!(error, SearchError::ExcessiveNoise { .. }), "{}", error),
        }
    }

    #[test]
    fn no_plant_makes_a_search_panic_or_leave_its_range(
        lower in -5000i32..5000,
        span in 1i32..5000,
        results in proptest::collection::vec(prop_oneof![
            any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)], 1..50),
        target: f64,
        gain in 0.1f64..2.0,
    ) {
        let range = KnobRange::new(lower, lower + span).unwrap();
        let problem = Problem::new(range, vec![target; 2]);
        for algorithm in [
            Search::Binary,
            Search::NOISY,
            Search::Linear(LinearSearch { step: 7, ..LinearSearch::default() }),
            Search::Predictive(Prediction::linear(gain, lower, 2)),
            Search::Probabilistic(ProbabilisticBisection { limit: 10, noise: Some(gain), ..Default::default() }),
            Search::Multiplicative(Multiplicative { gain, ..Multiplicative::default() }),
        ] {
            let mut next = results.iter().cycle();
            let found = algorithm.find(&problem, &mut |knobs: &[i32]| {
                assert!(knobs.iter().all(|&k| k >= range.lower() && k <= range.upper()));
                Ok::<_, Infallible>(vec![*next.next().unwrap(), *next.next().unwrap()])
            });
            if let Ok(found) = found {
                prop_assert!(found.knobs.iter().all(|&k| k >= range.lower() && k <= range.upper()));
            }
        }
    }
}
