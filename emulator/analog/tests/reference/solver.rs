//! The integrator alone: orders of convergence, stiff systems, crossings.

use bss2_analog::reference::solver::{Crossing, Integrator, Method, Settings, Stop, System};
use nalgebra::DMatrix;

/// The pendulum: `x'' = -sin x`, non-linear and smooth.
struct Pendulum;

impl System for Pendulum {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        derivative.copy_from_slice(&[y[1], -y[0].sin()]);
    }
    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        jacobian[(0, 1)] = 1.0;
        jacobian[(1, 0)] = -y[0].cos();
    }
}

/// Robertson's reactions, the classic of stiff systems.
struct Robertson;

impl System for Robertson {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        let (slow, fast, back) = (0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]);
        derivative.copy_from_slice(&[back - slow, slow - back - fast, fast]);
    }
    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        let rows = [
            [-0.04, 1e4 * y[2], 1e4 * y[1]],
            [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
            [0.0, 6e7 * y[1], 0.0],
        ];
        for (i, row) in rows.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                jacobian[(i, j)] = *value;
            }
        }
    }
}

fn settings(method: Method, tolerance: f64) -> Settings {
    Settings { relative: tolerance, absolute: tolerance, method, ..Settings::default() }
}

/// The energy of a pendulum that starts at 2 with speed 0 stays at -cos 2; its period is 4 K(sin 1).
fn pendulum(method: Method, tolerance: f64) -> (f64, u64) {
    let mut integrator = Integrator::new(settings(method, tolerance));
    let mut y = [2.0, 0.0];
    // K(sin 1) by the arithmetic-geometric mean.
    let (mut a, mut g) = (1.0f64, 1.0f64.cos());
    for _ in 0..6 {
        (a, g) = (0.5 * (a + g), (a * g).sqrt());
    }
    let period = 2.0 * core::f64::consts::PI / a;
    integrator.advance(&Pendulum, &mut y, period, false, &[], |_, _| {}).unwrap();
    let steps = integrator.statistics.explicit_steps + integrator.statistics.implicit_steps;
    ((y[0] - 2.0).abs().max(y[1].abs()), steps)
}

#[test]
fn errors_follow_the_tolerance_and_steps_the_order_of_the_method() {
    for (method, order) in [(Method::DormandPrince, 5.0), (Method::Rosenbrock, 4.0)] {
        let (coarse, few) = pendulum(method, 1e-6);
        let (fine, many) = pendulum(method, 1e-11);
        assert!(coarse < 1e-4 && fine < 1e-9, "{method:?}: {coarse:e} {fine:e}");
        // 1e5 times the precision for 1e5^(1/order) times the steps.
        let growth = (many as f64 / few as f64).ln() / 1e5f64.ln();
        assert!((growth * order - 1.0).abs() < 0.3, "{method:?}: {few} {many} {growth}");
        // And the error really falls with the order of the solution.
        let observed = (coarse / fine).ln() / (many as f64 / few as f64).ln();
        assert!(observed > order - 0.7, "{method:?}: order {observed}");
    }
}

#[test]
fn a_stiff_system_is_recognised_and_solved() {
    let mut integrator = Integrator::new(Settings { stiff_step: 1e-2, ..settings(Method::Automatic, 1e-10) });
    let mut y = [1.0, 0.0, 0.0];
    integrator.advance(&Robertson, &mut y, 40.0, false, &[], |_, _| {}).unwrap();
    // Reference solution of the test set of Mazzia and Magherini at t = 40.
    assert!((y[0] - 0.715_827_068_7).abs() < 1e-8, "{}", y[0]);
    assert!((y[1] - 0.918_553_476_456_e-5).abs() < 1e-12, "{:e}", y[1]);
    assert!((y[2] - 0.284_163_745_7).abs() < 1e-8, "{}", y[2]);
    assert!(integrator.statistics.implicit_steps > integrator.statistics.explicit_steps);
}

#[test]
fn crossings_are_found_at_maxima_inside_of_steps_too() {
    // The pendulum rises to exactly 2 from -2: a level just below is reached just before.
    for method in [Method::DormandPrince, Method::Rosenbrock] {
        for below in [1e-2, 1e-5, 1e-8] {
            let mut integrator = Integrator::new(settings(method, 1e-11));
            let mut y = [-2.0, 0.0];
            let crossing = Crossing { component: 0, level: 2.0 - below };
            let stop = integrator.advance(&Pendulum, &mut y, 20.0, false, &[crossing], |_, _| {}).unwrap();
            let Stop::Crossed { which: 0, after } = stop else { panic!("{stop:?}") };
            // Before the maximum by sqrt(2 below / sin 2), half a period after the start.
            let (mut a, mut g) = (1.0f64, 1.0f64.cos());
            for _ in 0..6 {
                (a, g) = (0.5 * (a + g), (a * g).sqrt());
            }
            let expected = core::f64::consts::PI / a - (2.0 * below / 2.0f64.sin()).sqrt();
            assert!((after - expected).abs() < 2.0 * below + 1e-6, "{method:?} {below}: {after} {expected}");
            assert!((y[0] - crossing.level).abs() < 1e-11, "{:e}", y[0] - crossing.level);
        }
        let mut integrator = Integrator::new(settings(method, 1e-11));
        let mut y = [-2.0, 0.0];
        let crossing = Crossing { component: 0, level: 2.0 + 1e-8 };
        let stop = integrator.advance(&Pendulum, &mut y, 20.0, false, &[crossing], |_, _| {}).unwrap();
        assert_eq!(stop, Stop::End);
    }
}

#[test]
fn the_dense_output_is_the_solution_between_the_steps() {
    for method in [Method::DormandPrince, Method::Rosenbrock] {
        let mut samples = Vec::new();
        let mut integrator = Integrator::new(settings(method, 1e-9));
        let mut y = [1.0, 0.0];
        integrator
            .advance(&Pendulum, &mut y, 10.0, false, &[], |start, step| {
                for theta in [0.25, 0.5, 0.75] {
                    samples.push((start + theta * step.length, step.value(0, theta), step.value(1, theta)));
                }
            })
            .unwrap();
        assert!(samples.len() > 100);
        for (t, x, v) in samples {
            // The energy is conserved between the steps as well.
            let energy = 0.5 * v * v - x.cos();
            assert!((energy + 1.0f64.cos()).abs() < 3e-7, "{method:?} {t}: {:e}", energy + 1.0f64.cos());
        }
    }
}

/// A pole at t = 1.
struct Pole;

impl System for Pole {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        derivative[0] = y[0] * y[0];
    }
    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        jacobian[(0, 0)] = 2.0 * y[0];
    }
}

#[test]
fn a_pole_is_an_error_and_not_an_endless_loop() {
    for method in [Method::Automatic, Method::DormandPrince, Method::Rosenbrock] {
        let mut integrator = Integrator::new(settings(method, 1e-9));
        let mut y = [1.0];
        let error = integrator.advance(&Pole, &mut y, 2.0, false, &[], |_, _| {});
        assert!(error.is_err(), "{method:?}");
    }
}
