//! Acceptance figures of the fits (calibration 16.1).

use bss2_base::math;
use bss2_base::random::{Level, Stream, path_hash};
use bss2_calibration::fit::{
    ExponentialBounds, LeastSquares, Recipe, exponential, exponential_trace, least_squares, line, log_linear,
    membrane_decay, membrane_rise, polynomial, step_response, synaptic_line,
};
use proptest::prelude::*;

fn noise(draw: u64) -> f64 {
    Stream::new(11, path_hash("fit"), Level::Noise, 0).normal(draw)
}

#[test]
fn exponentials_without_noise_are_recovered_to_a_millionth() {
    // The grid of calibration 16.1: five points.
    let t = [0.0, 1.0, 2.0, 3.0, 4.0];
    for tau in [0.75, 1.25, 1.75] {
        for offset in [-5.0, 400.0] {
            for scale in [100.0, 200.0] {
                let y = t.map(|t: f64| scale * math::exp(-t / tau) + offset);
                let bounds = ExponentialBounds::tau(0.1, 20.0);
                for fit in
                    [exponential(&t, &y, &bounds).unwrap(), exponential_trace(1.0, &y, &bounds).unwrap()]
                {
                    for (found, wanted) in [(fit.tau, tau), (fit.scale, scale), (fit.offset, offset)] {
                        assert!((found / wanted - 1.0).abs() < 1e-6, "{found} instead of {wanted}");
                    }
                }
            }
        }
    }
}

#[test]
fn with_three_codes_of_noise_the_time_constant_is_good_to_two_percent() {
    // 300 samples over five time constants, 200 codes high: the error of 100 fits.
    let tau = 10.0;
    let spacing = 50.0 / 300.0;
    let mut squares = 0.0;
    for run in 0..100 {
        let y: Vec<f64> = (0..300)
            .map(|k| {
                200.0 * math::exp(-f64::from(k) * spacing / tau) + 300.0 + 3.0 * noise(300 * run + k as u64)
            })
            .collect();
        let fit = exponential_trace(spacing, &y, &ExponentialBounds::tau(0.1, 2000.0)).unwrap();
        squares += (fit.tau / tau - 1.0).powi(2);
    }
    let error = (squares / 100.0_f64).sqrt();
    println!("rms error of tau: {:.2} %", 100.0 * error);
    assert!(error < 0.02, "{error}");
}

#[test]
fn both_ways_to_fit_an_exponential_agree() {
    let spacing = 0.034;
    let y: Vec<f64> = (0..2000)
        .map(|k| 80.0 * math::exp(-f64::from(k) * spacing / 9.0) + 200.0 + noise(k as u64))
        .collect();
    let t: Vec<f64> = (0..2000).map(|k| f64::from(k) * spacing).collect();
    let bounds = ExponentialBounds::tau(0.1, 2000.0);
    let (a, b) = (exponential(&t, &y, &bounds).unwrap(), exponential_trace(spacing, &y, &bounds).unwrap());
    assert!((a.tau / b.tau - 1.0).abs() < 1e-7 && (a.scale / b.scale - 1.0).abs() < 1e-7, "{a:?} {b:?}");
}

#[test]
fn bounds_are_kept() {
    let t: Vec<f64> = (0..50).map(f64::from).collect();
    let y: Vec<f64> = t.iter().map(|t| -30.0 * math::exp(-t / 5.0) + 100.0).collect();
    let bounds = ExponentialBounds { scale: (0.0, f64::INFINITY), tau: (0.1, 100.0), offset: (0.0, 90.0) };
    let fit = exponential(&t, &y, &bounds).unwrap();
    assert!(fit.scale >= 0.0 && fit.offset <= 90.0 + 1e-9 && fit.tau <= 100.0 + 1e-9, "{fit:?}");
}

#[test]
fn the_recipes_recover_the_time_constants_of_drawn_traces() {
    let spacing = 0.034;
    let trace = |f: &dyn Fn(f64) -> f64, span: f64| -> Vec<f64> {
        (0..(span / spacing) as usize)
            .map(|k| (f(k as f64 * spacing) + 1.3 * noise(k as u64)).round())
            .collect()
    };
    let decay = trace(&|t| 300.0 * math::exp(-t / 10.0) + 280.0, 70.0);
    let tau = membrane_decay(Recipe { spacing, samples: &decay }).unwrap().tau;
    assert!((tau / 10.0 - 1.0).abs() < 0.01, "{tau}");
    let rise = trace(&|t| -200.0 * math::exp(-t / 6.0) + 480.0, 70.0);
    let tau = membrane_rise(Recipe { spacing, samples: &rise }).unwrap().tau;
    assert!((tau / 6.0 - 1.0).abs() < 0.01, "{tau}");
    let line = trace(&|t| if t < 2.0 { 400.0 } else { 400.0 - 120.0 * math::exp(-(t - 2.0) / 1.5) }, 50.0);
    let tau = synaptic_line(Recipe { spacing, samples: &line }).unwrap().tau;
    assert!((tau / 1.5 - 1.0).abs() < 0.03, "{tau}");
    let still = trace(&|_| 400.0, 50.0);
    assert_eq!(synaptic_line(Recipe { spacing, samples: &still }).unwrap().tau, f64::INFINITY);
    let step = trace(&|t| 300.0 + 60.0 * math::exp(-(t - 11.0).max(0.0) / 2.0), 60.0);
    let (fit, onset) = step_response(Recipe { spacing, samples: &step }, 10.0).unwrap();
    assert!((fit.tau / 2.0 - 1.0).abs() < 0.02 && (onset - 11.0).abs() < 0.1, "{fit:?} {onset}");
}

#[test]
fn levenberg_and_marquardt_find_the_valley_of_rosenbrock() {
    struct Rosenbrock;
    impl LeastSquares for Rosenbrock {
        fn residuals(&self) -> usize {
            2
        }
        fn evaluate(&self, x: &[f64], residuals: &mut [f64]) {
            residuals.copy_from_slice(&[10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]]);
        }
    }
    let free = [(f64::NEG_INFINITY, f64::INFINITY); 2];
    let found = least_squares(&Rosenbrock, &[-1.2, 1.0], &free).unwrap();
    assert!(found.parameters.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
    let bounded = least_squares(&Rosenbrock, &[-1.2, 1.0], &[(-2.0, 0.5), (-2.0, 2.0)]).unwrap();
    assert!(
        (bounded.parameters[0] - 0.5).abs() < 1e-6 && (bounded.parameters[1] - 0.25).abs() < 1e-4,
        "{bounded:?}"
    );
}

proptest! {
    #[test]
    fn no_data_makes_a_fit_panic(
        points in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..40),
        low: f64, high: f64, spacing: f64, onset: f64,
    ) {
        let (t, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let bounds = ExponentialBounds { scale: (low, high), tau: (high, low), offset: (low, f64::INFINITY) };
        for bounds in [bounds, ExponentialBounds::tau(low, high), ExponentialBounds::tau(0.1, 100.0)] {
            let fits = [exponential(&t, &y, &bounds), exponential_trace(spacing, &y, &bounds)];
            for fit in fits.into_iter().flatten() {
                prop_assert!(fit.tau >= bounds.tau.0 && fit.tau <= bounds.tau.1);
            }
        }
        let _ = (line(&t, &y), log_linear(&t, &y), polynomial(&t, &y, 3));
        for spacing in [spacing, 0.034] {
            let recipe = Recipe { spacing, samples: &y };
            let _ = (membrane_decay(recipe), membrane_rise(recipe), synaptic_line(recipe), step_response(recipe, onset));
        }
    }
}
