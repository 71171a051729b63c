//! Temporal noise has the statistics of analog-core 8.3.

use crate::common::{integrate_and_fire, leaky, neuron, run};
use bss2_analog::{
    AnalogCore, AnalogOptions, ClockPhase, Comparator, NeuronParameters, Noise, Refractory, Transconductor,
};
use bss2_base::SimTime;

/// Only membrane noise, D = 0.05 V^2/s at full capacitance.
fn membrane_noise() -> AnalogOptions {
    let noise = Noise { membrane_rate: 0.05, ..Noise::OFF };
    AnalogOptions { noise, refractory_phase: ClockPhase::FromFire, ..AnalogOptions::default() }
}

/// Mean, variance and lag-1 correlation of readings every `step`.
fn readings(core: &mut AnalogCore, step: SimTime, count: usize) -> (f64, f64, f64) {
    run(core, SimTime::from_ms(5));
    let values: Vec<f64> = (0..count)
        .map(|_| {
            run(core, core.now() + step);
            core.read(neuron()).unwrap()
        })
        .collect();
    let n = count as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    let lagged = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / n;
    (mean, variance, lagged / variance)
}

#[test]
fn a_resting_membrane_has_the_stationary_variance_and_correlation() {
    let mut core = AnalogCore::new(5, membrane_noise());
    core.set_neuron(neuron(), &leaky(10e-6)).unwrap();
    let (mean, variance, correlation) = readings(&mut core, SimTime::from_us(7), 20_000);
    let scale = 2.576e-12 / crate::common::CAPACITANCE;
    let expected = 0.05 * scale * scale * 10e-6 / 2.0;
    // Standard errors: of the variance sqrt(2 / N_eff), N_eff about 0.6 N.
    assert!((mean - 0.42).abs() < 2e-5, "{mean}");
    assert!((variance / expected - 1.0).abs() < 0.04, "{variance:e} instead of {expected:e}");
    assert!((correlation - (-0.7f64).exp()).abs() < 0.02, "{correlation}");
}

#[test]
fn a_watched_membrane_has_the_same_variance_as_an_unwatched_one() {
    // The threshold is near all the time, but the neuron can't fire twice in the test: live cells only.
    let mut parameters = integrate_and_fire(1e-9, 0.0);
    parameters.comparator = Some(Comparator { threshold: 0.42 + 2.6e-3, delay: 0.0 });
    let mut core = AnalogCore::new(5, membrane_noise());
    core.set_neuron(neuron(), &parameters).unwrap();
    let (mean, variance, correlation) = readings(&mut core, SimTime::from_us(2), 30_000);
    let scale = 2.576e-12 / crate::common::CAPACITANCE;
    let expected = 0.05 * scale * scale * 10e-6 / 2.0;
    assert!((mean - 0.42).abs() < 4e-5, "{mean}");
    assert!((variance / expected - 1.0).abs() < 0.06, "{variance:e} instead of {expected:e}");
    assert!((correlation - (-0.2f64).exp()).abs() < 0.02, "{correlation}");
}

#[test]
fn without_leak_the_variance_grows_linearly() {
    let scale = 2.576e-12 / crate::common::CAPACITANCE;
    let mut core = AnalogCore::new(8, membrane_noise());
    let (mut squares, count) = (0.0, 2_000);
    for _ in 0..count {
        // Back to 0.42 V, then 100 us without any conductance.
        core.set_neuron(neuron(), &leaky(1e-12)).unwrap();
        let now = core.now();
        run(&mut core, now + SimTime::from_us(1));
        let leak = Transconductor { conductance: 0.0, ..Transconductor::default() };
        core.set_neuron(neuron(), &NeuronParameters { leak, ..leaky(1.0) }).unwrap();
        run(&mut core, now + SimTime::from_us(101));
        let v = core.read(neuron()).unwrap() - 0.42;
        squares += v * v;
    }
    let variance = squares / f64::from(count);
    let expected = 0.05 * scale * scale * 100e-6;
    assert!((variance / expected - 1.0).abs() < 0.12, "{variance:e} instead of {expected:e}");
}

/// Mean first-passage time of an Ornstein-Uhlenbeck process from its mean to `level` standard deviations, in units of its time
/// constant: sqrt(pi) * integral over 0..level/sqrt(2) of exp(x^2) (1 + erf x) (Siegert 1951).
fn mean_first_passage(level: f64) -> f64 {
    let erf = |x: f64| {
        let (mut sum, mut term) = (x, x);
        for n in 1..60 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    };
    let end = level / std::f64::consts::SQRT_2;
    let steps = 2_000;
    let h = end / f64::from(steps);
    let f = |x: f64| (x * x).exp() * (1.0 + erf(x));
    let inner: f64 = (0..steps).map(|i| f((f64::from(i) + 0.5) * h)).sum();
    std::f64::consts::PI.sqrt() * inner * h
}

#[test]
fn noise_alone_fires_at_the_rate_of_siegerts_formula() {
    let tau = 10e-6;
    let scale = 2.576e-12 / crate::common::CAPACITANCE;
    let sigma = (0.05 * scale * scale * tau / 2.0).sqrt();
    for level in [1.0, 2.0, 3.0] {
        let mut parameters = integrate_and_fire(1e-12, 0.0);
        parameters.reset.potential = 0.42;
        parameters.comparator = Some(Comparator { threshold: 0.42 + level * sigma, delay: 0.0 });
        parameters.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks: 10, holdoff_ticks: 0 };
        let mut core = AnalogCore::new(11, membrane_noise());
        core.set_neuron(neuron(), &parameters).unwrap();
        let fires = run(&mut core, SimTime::from_ms([60, 150, 600][level as usize - 1]));
        let count = fires.len() - 11;
        let mean = (fires[fires.len() - 1].time - fires[10].time).as_secs_f64() / count as f64;
        // Refractory period 80 ns, rounding of the edge 2 ns on average.
        let expected = mean_first_passage(level) * tau + 82e-9;
        let error = 4.0 / (count as f64).sqrt();
        assert!(
            (mean / expected - 1.0).abs() < error + 0.01,
            "{level} sigma: {mean:e} instead of {expected:e}, {count}"
        );
    }
}

#[test]
fn threshold_noise_spreads_the_firing_periods() {
    // Slope at the threshold: 137 nA, 10.5 mV/us (analog-core T-FI1 gives 7.6 us); 1 mV of threshold noise is about 30 ns.
    let mut options = AnalogOptions::noiseless();
    options.noise.threshold = 1e-3;
    options.refractory_phase = ClockPhase::FromFire;
    let mut core = AnalogCore::new(3, options);
    core.set_neuron(neuron(), &integrate_and_fire(1e-9, 137e-9)).unwrap();
    let fires = run(&mut core, SimTime::from_ms(40));
    let periods: Vec<f64> = fires.windows(2).skip(1).map(|f| (f[1].time - f[0].time).as_secs_f64()).collect();
    let mean = periods.iter().sum::<f64>() / periods.len() as f64;
    let sigma = (periods.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / periods.len() as f64).sqrt();
    let slope = (0.42 + 137e-9 / (crate::common::CAPACITANCE / 10e-6) - 0.6225) / 10e-6;
    let expected = 1e-3 / slope;
    assert!((sigma / expected - 1.0).abs() < 0.05, "{sigma:e} instead of {expected:e}");
}
