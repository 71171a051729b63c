//! The adaptive exponential neuron: the eight firing patterns of Naud et al. 2008 (T-NAUD, analog-core 10.1), as standard equations
//! in biological units, and on a chip circuit.

use crate::common::{leaky, top};
use crate::golden::{Pattern, golden};
use bss2_analog::Refractory;
use bss2_analog::reference::solver::{Crossing, Integrator, Method, Settings, Stop, System};
use bss2_analog::reference::{Circuit, Options, Quantity, Simulation};
use bss2_base::SimTime;
use nalgebra::DMatrix;

/// The table of analog-core 10.1: name, number of spikes, first spike times in ms.
const TABLE: [(&str, usize, &[f64]); 8] = [
    ("tonic", 51, &[14.2229, 23.1518, 32.2421, 41.4576]),
    ("adaptation", 10, &[14.9040, 26.1718, 40.5479, 60.1580]),
    ("initial burst", 10, &[5.4635, 8.8826, 16.2016, 70.9485]),
    ("regular bursting", 9, &[16.1580, 19.0756, 24.1984, 155.956]),
    ("delayed accelerating", 36, &[33.5737, 54.1675, 73.2470, 91.1826]),
    ("delayed bursting", 26, &[57.1796, 60.3942, 64.7032, 72.1244]),
    ("transient", 1, &[30.2899]),
    ("irregular", 28, &[15.6446, 19.0897, 23.5576, 30.2655]),
];

/// The standard equations: pF, nS, mV, pA, ms.
struct Biological {
    c: f64,
    g_l: f64,
    e_l: f64,
    v_t: f64,
    delta_t: f64,
    a: f64,
    tau_w: f64,
    current: f64,
}

impl System for Biological {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        let exponential = self.g_l * self.delta_t * ((y[0] - self.v_t) / self.delta_t).exp();
        derivative[0] = (-self.g_l * (y[0] - self.e_l) + exponential - y[1] + self.current) / self.c;
        derivative[1] = (self.a * (y[0] - self.e_l) - y[1]) / self.tau_w;
    }
    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        let steep = self.g_l * ((y[0] - self.v_t) / self.delta_t).exp();
        jacobian[(0, 0)] = (steep - self.g_l) / self.c;
        jacobian[(0, 1)] = -1.0 / self.c;
        jacobian[(1, 0)] = self.a / self.tau_w;
        jacobian[(1, 1)] = -1.0 / self.tau_w;
    }
}

/// Spike times in ms of 500 ms.
fn spikes(pattern: &Pattern, method: Method) -> Vec<f64> {
    let [c, g_l, e_l, v_t, delta_t, a, tau_w, b, v_r, current] = pattern.parameters;
    let system = Biological { c, g_l, e_l, v_t, delta_t, a, tau_w, current };
    // Level R in mV and ms: 1e-9 V is 1e-6 mV, with the scale of the chip in between.
    let settings =
        Settings { relative: 1e-10, absolute: 1e-8, crossing: 1e-12, method, ..Settings::default() };
    let mut integrator = Integrator::new(settings);
    let mut y = [e_l, 0.0];
    let (mut t, mut spikes) = (0.0, Vec::new());
    let cut = Crossing { component: 0, level: 0.0 };
    while let Stop::Crossed { after, .. } =
        integrator.advance(&system, &mut y, 500.0 - t, false, &[cut], |_, _| {}).unwrap()
    {
        t += after;
        spikes.push(t);
        y = [v_r, y[1] + b];
    }
    spikes
}

#[test]
fn all_eight_patterns_have_the_spikes_of_the_table() {
    for (name, count, first) in TABLE {
        let found = spikes(&golden().patterns[name], Method::Automatic);
        assert_eq!(found.len(), count, "{name}");
        for (spike, expected) in found.iter().zip(first) {
            // Six digits are given.
            assert!((spike / expected - 1.0).abs() < 4e-6, "{name}: {spike} {expected}");
        }
    }
}

#[test]
fn every_spike_of_every_pattern_is_that_of_an_independent_solver() {
    for (name, pattern) in &golden().patterns {
        for method in [Method::Automatic, Method::Rosenbrock] {
            let found = spikes(pattern, method);
            // The irregular pattern is chaotic: only the first four compare.
            let (count, tolerance) =
                if name == "irregular" { (4, 1e-6) } else { (pattern.spikes.len(), 1e-5) };
            assert!(found.len() == pattern.spikes.len() || name == "irregular", "{name}");
            for (spike, expected) in found.iter().zip(&pattern.spikes).take(count) {
                assert!((spike - expected).abs() < tolerance, "{name} {method:?}: {spike} {expected}");
            }
        }
    }
}

/// The circuit of the pattern on the chip.
pub(crate) fn circuit(pattern: &Pattern) -> Circuit {
    let p = &pattern.chip.parameters;
    let mut circuit = leaky(10e-6);
    circuit.membrane.bank_step = (p.capacitance - circuit.membrane.parasitic) / 63.0;
    circuit.leak.conductance = p.leak;
    circuit.leak.potential = p.rest;
    circuit.leak.linear_range = p.linear_range;
    circuit.reset.conductance = p.reset;
    circuit.reset.potential = p.reset_potential;
    circuit.reset.linear_range = p.linear_range;
    circuit.release_charge = p.release;
    circuit.offset_current = p.current;
    circuit.bits.membrane_offset = true;
    circuit.exponential.prefactor = p.prefactor;
    circuit.exponential.onset = p.onset;
    circuit.exponential.shift = p.shift;
    circuit.exponential.slope = Some(p.slope);
    circuit.exponential.limit = p.limit;
    circuit.bits.exponential = true;
    circuit.bits.pause = true;
    let adaptation = &mut circuit.adaptation;
    adaptation.capacitance = p.c_w;
    adaptation.leak_conductance = p.g_tau;
    adaptation.reference = p.reference;
    adaptation.coupling = p.g_a;
    adaptation.leak_potential = p.rest;
    adaptation.output_conductance = p.g_w;
    adaptation.pulse_current = p.i_b;
    adaptation.pulse_length = Some(SimTime::from_secs_f64(p.pulse));
    circuit.bits.adaptation = true;
    circuit.bits.invert_adaptation_a = p.invert_a;
    circuit.comparator.threshold = p.threshold;
    circuit.comparator.delay = p.delay;
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory =
        Refractory { clock: Some(SimTime::from_secs_f64(p.clock)), ticks: p.ticks, holdoff_ticks: p.holdoff };
    circuit
}

#[test]
fn the_patterns_on_a_chip_circuit_are_those_of_an_independent_solver() {
    // The tolerances of analog-core 9.5: 10 ps, here for each interval between spikes, and 0.1 uV. A voltage that moves by volts per microsecond turns the one into the
    // other, hence their sum; 20 ps, since a pattern has up to 50 intervals that each add a little.
    for (name, pattern) in &golden().patterns {
        let mut simulation = Simulation::new(vec![(top(7), circuit(pattern))], Options::ideal()).unwrap();
        let count = pattern.chip.samples.len();
        let probes = [Quantity::Membrane, Quantity::Adaptation].map(|quantity| {
            [SimTime::ZERO, SimTime::from_ns(1)]
                .map(|start| simulation.probe(top(7), quantity, start, SimTime::from_us(10), count).unwrap())
        });
        simulation.advance(SimTime::from_us(500)).unwrap();
        let resets: Vec<f64> = simulation.fires().iter().map(|fire| fire.reset).collect();
        // In the irregular pattern errors grow from spike to spike.
        let (spikes, until) = if name == "irregular" { (4, 3) } else { (resets.len(), count) };
        assert!(resets.len() == pattern.chip.resets.len() || name == "irregular", "{name}: {}", resets.len());
        let mut late = 0.0;
        for (number, (found, expected)) in resets.iter().zip(&pattern.chip.resets).take(spikes).enumerate() {
            let added = found - expected - late;
            late += added;
            assert!(added.abs() < 10e-12, "{name} {number}: {added:e}");
        }
        for (which, probes) in probes.into_iter().enumerate() {
            let [now, soon] = probes.map(|probe| simulation.samples(probe));
            for number in 0..until {
                let deviation = now[number] - pattern.chip.samples[number][which];
                let slope = (soon[number] - now[number]).abs() / 1e-9;
                assert!(deviation.abs() < 1e-7 + 20e-12 * slope, "{name} {which} {number}: {deviation:e}");
            }
        }
    }
}

/// What distinguishes the patterns, from spike times in biological ms of a step of 500 ms.
#[derive(Debug, PartialEq, Eq)]
struct Class {
    /// The first spike comes after 25 ms.
    delayed: bool,
    /// Silent in the second half.
    transient: bool,
    /// The longest interval is at least 3 times the shortest.
    bursts: bool,
    /// No bursts, and the last interval is longer than the first by a fifth.
    slows: bool,
    /// No bursts, and it is shorter by a fifth.
    speeds_up: bool,
}

fn class(spikes: &[f64]) -> Class {
    let intervals: Vec<f64> = spikes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let longest = intervals.iter().copied().fold(0.0, f64::max);
    let shortest = intervals.iter().copied().fold(f64::INFINITY, f64::min);
    let first = intervals.first().copied().unwrap_or(0.0);
    let last = intervals.last().copied().unwrap_or(0.0);
    let bursts = longest > 3.0 * shortest;
    Class {
        delayed: spikes[0] > 25.0,
        transient: *spikes.last().unwrap() < 250.0,
        bursts,
        slows: !bursts && last > 1.2 * first,
        speeds_up: !bursts && last < 0.8 * first,
    }
}

#[test]
fn the_patterns_on_a_chip_circuit_keep_their_class() {
    for (name, pattern) in &golden().patterns {
        let mut simulation = Simulation::new(vec![(top(7), circuit(pattern))], Options::default()).unwrap();
        simulation.advance(SimTime::from_us(500)).unwrap();
        let found: Vec<f64> = simulation.fires().iter().map(|fire| fire.reset * 1e6).collect();
        assert_eq!(class(&found), class(&pattern.spikes), "{name}: {found:?}");
    }
}
