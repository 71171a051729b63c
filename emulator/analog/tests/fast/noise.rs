use crate::circuits::{integrate_and_fire, with_current};
use bss2_analog::Noise;
use bss2_analog::reference::Quantity;
use bss2_analog::stepped::{Engine, Options};
use bss2_base::{Neuron, SimTime};

fn noisy(seed: u64) -> Options {
    Options { noise: Noise::default(), seed, ..Options::default() }
}

#[test]
fn a_membrane_at_rest_has_the_stationary_noise_of_the_specification_however_it_is_disturbed() {
    let mut circuit = integrate_and_fire();
    circuit.bits.fire = false;
    circuit.bits.inputs[0].enable = false;
    circuit.bits.inputs[1].enable = false;
    let circuits: Vec<_> = Neuron::all().map(|neuron| (neuron, circuit)).collect();
    // Half a millivolt at 10 us (analog-core 8.3), also if steps are cut all the time.
    let expected = (5e-8 * 10.0 / 2.0f64).sqrt();
    for interruption in [None, Some(SimTime::from_ns(37))] {
        let mut engine = Engine::new(circuits.clone(), noisy(1)).unwrap();
        let (mut sum, mut square, mut covariance, mut n) = (0.0, 0.0, 0.0, 0.0);
        let mut before = vec![0.0; 512];
        for look in 1..=8u64 {
            let at = SimTime::from_us(40 + 10 * look);
            if let Some(every) = interruption.filter(|_| look < 4) {
                while engine.now().saturating_add(every) < at {
                    engine.advance(engine.now().saturating_add(every));
                    let neuron = Neuron::from_index((engine.now().as_ps() / 37_000 % 512) as usize).unwrap();
                    engine.configure(neuron, &circuit).unwrap();
                }
            }
            engine.advance(at);
            for neuron in Neuron::all() {
                let v = engine.value(neuron, Quantity::Membrane).unwrap() - 0.42;
                sum += v;
                square += v * v;
                covariance += v * before[neuron.index()];
                before[neuron.index()] = v;
                n += 1.0;
            }
        }
        let sigma = (square / n).sqrt();
        assert!((sigma / expected - 1.0).abs() < 0.05, "{sigma} {expected}");
        assert!((sum / n).abs() < 5e-5, "{}", sum / n);
        // One time constant apart: e^-1 (the first look has nothing before it).
        let correlation = covariance / n * 8.0 / 7.0 / (sigma * sigma);
        assert!((correlation - 0.368).abs() < 0.05, "{correlation}");
    }
}

#[test]
fn fires_jitter_by_the_noise_of_threshold_and_membrane() {
    let mut circuit = with_current(integrate_and_fire(), 100e-9);
    circuit.bits.inputs[0].enable = false;
    circuit.bits.inputs[1].enable = false;
    let circuits: Vec<_> = Neuron::all().map(|neuron| (neuron, circuit)).collect();
    let spread = |options: Options| {
        let mut engine = Engine::new(circuits.clone(), options).unwrap();
        engine.advance(SimTime::from_us(30));
        let mut last = vec![None; 512];
        let (mut sum, mut square, mut n) = (0.0, 0.0, 0.0);
        for fire in engine.take_fires() {
            let now = fire.reset.as_us_f64();
            if let Some(before) = last[fire.neuron.index()].replace(now) {
                let interval: f64 = now - before;
                sum += interval;
                square += interval * interval;
                n += 1.0;
            }
        }
        let mean = sum / n;
        (mean, (square / n - mean * mean).max(0.0).sqrt())
    };
    let (quiet, none) = spread(Options::default());
    assert!(none < 0.05, "{none}");
    let (mean, jitter) = spread(noisy(5));
    assert!((mean / quiet - 1.0).abs() < 2e-3, "{mean} {quiet}");
    // The membrane rises by 17 mV/us at the threshold; 1 mV of threshold and about 0.45 mV of membrane noise.
    assert!((0.05..0.1).contains(&jitter), "{jitter}");
}

#[test]
fn another_seed_is_another_noise() {
    let circuits: Vec<_> = Neuron::all().map(|neuron| (neuron, integrate_and_fire())).collect();
    let value = |seed| {
        let mut engine = Engine::new(circuits.clone(), noisy(seed)).unwrap();
        engine.advance(SimTime::from_us(2));
        engine.value(Neuron::from_index(3).unwrap(), Quantity::Membrane).unwrap()
    };
    assert_eq!(value(1), value(1));
    assert_ne!(value(1), value(2));
}
