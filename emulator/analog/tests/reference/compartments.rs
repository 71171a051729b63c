//! Compartments: attenuation, propagation of potentials, merging, plateaus (T-MC1 to T-MC6).

use crate::common::{at, bottom, charge_for, fires, firing, ideal, leaky, top, with_current, with_input};
use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Linearisation, Options, Quantity, Simulation};
use bss2_base::{Neuron, SimTime};

/// Capacitance in F of a compartment of [`chain`]: two circuits, the second without its capacitor bank.
const COMPARTMENT: f64 = 63.0 * 38.1e-15 + 2.0 * 0.176e-12;

/// The first circuit of a compartment of a chain: leak, input, and the conductance toward the predecessor's line.
fn body(number: usize) -> Neuron {
    top(2 * number as u8)
}

/// A chain of compartments of two circuits each (analog-core 4.2, last row of the table), time constants in s.
fn chain(count: usize, tau_m: f64, tau_s: f64, tau_icc: f64) -> Vec<(Neuron, Circuit)> {
    let mut circuits = Vec::new();
    for number in 0..count {
        let mut first = with_input(leaky(tau_m), tau_s);
        first.leak.conductance = COMPARTMENT / tau_m;
        first.compartment.conductance = COMPARTMENT / tau_icc;
        first.bits.compartments.conductance = number > 0;
        first.bits.compartments.membrane_right = true;
        let mut second = leaky(tau_m);
        second.leak.conductance = 0.0;
        second.bits.membrane_capacitor_size = 0;
        if number + 1 < count {
            second.bits.compartments.soma = true;
            second.bits.compartments.somata = true;
        }
        circuits.push((body(number), first));
        circuits.push((top(2 * number as u8 + 1), second));
    }
    circuits
}

fn membrane(simulation: &Simulation, neuron: Neuron) -> f64 {
    simulation.value(neuron, Quantity::Membrane).unwrap()
}

#[test]
fn two_compartments_divide_a_constant_current_by_their_conductances() {
    let mut circuits = chain(2, 10e-6, 10e-6, 10e-6);
    circuits[0].1 = with_current(circuits[0].1, 30e-9);
    for (_, circuit) in &mut circuits {
        circuit.compartment.conductance = 1.6e-6;
        if circuit.leak.conductance > 0.0 {
            circuit.leak.conductance = 0.258e-6;
        }
    }
    let mut simulation = ideal(circuits);
    simulation.advance(SimTime::from_ms(1)).unwrap();
    let [v1, v2] = [0, 1].map(|number| membrane(&simulation, body(number)) - 0.42);
    assert!((v2 / v1 - 1.6 / (1.6 + 0.258)).abs() < 1e-7, "{}", v2 / v1);
    assert!((v2 / v1 - 0.8611).abs() < 5e-5);
    assert!((v1 + v2 - 30e-9 / 0.258e-6).abs() < 1e-7);
}

#[test]
fn a_long_chain_attenuates_by_the_factor_of_the_infinite_chain() {
    for (ratio, alpha) in [(0.1, 0.72984), (1.0, 0.38197), (0.16125, 0.67105)] {
        let mut circuits = chain(24, 10e-6, 10e-6, 10e-6 * ratio);
        circuits[0].1 = with_current(circuits[0].1, 50e-9);
        let mut simulation = ideal(circuits);
        simulation.advance(SimTime::from_us(300)).unwrap();
        let exact = 0.5 * (2.0 + ratio - ((2.0 + ratio) * (2.0f64 + ratio) - 4.0).sqrt());
        assert!((exact - alpha).abs() < 5e-6);
        for number in 0..5 {
            let [here, next] = [number, number + 1].map(|n| membrane(&simulation, body(n)) - 0.42);
            // The far end reflects alpha^(2 * (24 - n)).
            assert!((next / here - exact).abs() < 3e-6, "{ratio} {number}: {} {exact}", next / here);
        }
    }
}

/// Peaks in V at all compartments for an input to each, by (injected, seen).
pub(crate) fn peaks(tau_m: f64, tau_s: f64, tau_icc: f64) -> [[f64; 4]; 4] {
    [0, 1, 2, 3].map(|injected| {
        let mut simulation = ideal(chain(4, tau_m, tau_s, tau_icc));
        let charge = Input::Charge { line: Line::Excitatory, charge: charge_for(48.5e-9) };
        simulation.input(SimTime::ZERO, body(injected), charge).unwrap();
        let period = SimTime::from_ns(20);
        let probes = [0, 1, 2, 3].map(|seen| {
            simulation.probe(body(seen), Quantity::Membrane, SimTime::ZERO, period, 2000).unwrap()
        });
        simulation.advance(SimTime::from_us(40)).unwrap();
        probes.map(|probe| simulation.samples(probe).iter().copied().fold(0.0, f64::max) - 0.42)
    })
}

#[test]
fn psps_spread_along_a_chain_as_the_tables_say() {
    for (taus, table) in [
        ((10.4e-6, 12.2e-6, 1.7e-6), [[1.0, 0.6546, 0.4801, 0.4087], [0.6546, 0.7701, 0.5640, 0.4801]]),
        ((10e-6, 10e-6, 2e-6), [[1.0, 0.6071, 0.4156, 0.3410], [0.6071, 0.7442, 0.5069, 0.4156]]),
    ] {
        let found = peaks(taus.0, taus.1, taus.2);
        for (i, row) in table.iter().enumerate() {
            for (j, expected) in row.iter().enumerate() {
                let ratio = found[i][j] / found[0][0];
                assert!((ratio - expected).abs() < 6e-5, "{taus:?} {i} {j}: {ratio} {expected}");
            }
        }
        for i in 0..4 {
            for j in 0..4 {
                let scale = found[0][0];
                assert!((found[i][j] - found[j][i]).abs() < 1e-6 * scale, "symmetric {i} {j}");
                assert!((found[i][j] - found[3 - i][3 - j]).abs() < 1e-6 * scale, "mirrored {i} {j}");
            }
        }
    }
}

#[test]
fn merged_membranes_add_their_capacitances() {
    let slope = |circuits: Vec<(Neuron, Circuit)>| ideal(circuits).linearised(top(4)).unwrap().slope[0];
    let plain = || {
        let mut circuit = with_current(leaky(10e-6), 100e-9);
        circuit.leak.conductance = 0.0;
        circuit
    };
    let silent = || {
        let mut circuit = leaky(10e-6);
        circuit.leak.conductance = 0.0;
        circuit
    };
    let single = slope(vec![(top(4), plain())]);
    // Over the right switch, over the line, and over both rows.
    let mut right = plain();
    right.bits.compartments.membrane_right = true;
    assert!((slope(vec![(top(4), right), (top(5), silent())]) * 2.0 / single - 1.0).abs() < 1e-12);
    let (mut first, mut second) = (plain(), silent());
    first.bits.compartments.soma = true;
    first.bits.compartments.somata = true;
    second.bits.compartments.soma = true;
    assert!((slope(vec![(top(4), first), (top(5), second)]) * 2.0 / single - 1.0).abs() < 1e-12);
    let (mut first, mut second) = (plain(), silent());
    first.bits.compartments.bottom = true;
    second.bits.compartments.bottom = true;
    assert!((slope(vec![(top(4), first), (bottom(4), second)]) * 2.0 / single - 1.0).abs() < 1e-12);
}

#[test]
fn two_equal_compartments_relax_with_the_rate_that_the_calibration_defines() {
    // 1 / tau = 2 / tau_icc + 1 / tau_leak (analog-core 4.3), of the difference of both.
    let (tau_m, tau_icc) = (10e-6, 1.7e-6);
    let mut simulation = ideal(chain(2, tau_m, 10e-6, tau_icc));
    simulation.set_membrane(body(0), 0.52).unwrap();
    let difference = |simulation: &Simulation| membrane(simulation, body(0)) - membrane(simulation, body(1));
    let before = difference(&simulation);
    simulation.advance(SimTime::from_us(2)).unwrap();
    let rate = (before / difference(&simulation)).ln() / 2e-6;
    assert!((rate / (2.0 / tau_icc + 1.0 / tau_m) - 1.0).abs() < 1e-7);
}

#[test]
fn parasitics_of_line_and_switches_add_to_the_capacitance() {
    let mut first = with_current(leaky(10e-6), 100e-9);
    first.leak.conductance = 0.0;
    first.bits.compartments.soma = true;
    first.bits.compartments.somata = true;
    let mut second = leaky(10e-6);
    second.leak.conductance = 0.0;
    second.bits.compartments.soma = true;
    let circuits = vec![(top(4), first), (top(5), second)];
    let simulation = Simulation::new(circuits, Options::default()).unwrap();
    let slope = simulation.linearised(top(4)).unwrap().slope;
    // Two membranes: one switch of 10 fF. Two line segments of 50 fF.
    let capacitance = 2.0 * first.capacitance() + 10e-15 + 2.0 * 50e-15;
    assert!((slope[0] * capacitance / 100e-9 - 1.0).abs() < 1e-12);
}

#[test]
fn a_line_without_membranes_couples_by_star_to_mesh_conductances() {
    // Three circuits on one line by their conductances: 1, 2 and 3 uS.
    let mut circuits = Vec::new();
    for number in 0..3u8 {
        let mut circuit = leaky(10e-6);
        circuit.leak.potential = 0.4 + 0.1 * f64::from(number);
        circuit.compartment.conductance = 1e-6 * f64::from(number + 1);
        circuit.bits.compartments.conductance = true;
        circuit.bits.compartments.somata = number < 2;
        circuits.push((top(10 + number), circuit));
    }
    let capacitance = circuits[0].1.capacitance();
    let simulation = ideal(circuits);
    let Linearisation { nets, jacobian, .. } = simulation.linearised(top(10)).unwrap();
    assert_eq!(nets.iter().map(|(_, net)| *net).collect::<Vec<_>>(), [0, 1, 2]);
    for (i, j) in [(0usize, 1usize), (0, 2), (1, 2)] {
        let expected = (i + 1) as f64 * (j + 1) as f64 / 6.0 * 1e-6;
        let found = jacobian[(i, j)] * capacitance;
        assert!((found / expected - 1.0).abs() < 1e-9, "{i} {j}: {found:e} {expected:e}");
    }
}

/// E_l 50, V_th 80, V_reset 100 CADC LSB at 4.5 mV, tau_m 10 us (analog-core 4.4).
fn dendrite() -> Circuit {
    let volt = |code: f64| 0.06 + 4.5e-3 * code;
    let mut circuit = leaky(10e-6);
    circuit.leak.potential = volt(50.0);
    let mut circuit = firing(circuit, volt(80.0), volt(100.0), 1250);
    circuit.reset.conductance = 2e-6;
    circuit
}

#[test]
fn a_plateau_stands_at_the_weighted_mean_and_falls_below_threshold_in_the_time_of_the_closed_form() {
    // Through a conductance toward a soma that is held by its leak.
    let mut dendrite = dendrite();
    dendrite.compartment.conductance = 0.8e-6;
    dendrite.bits.compartments.conductance = true;
    dendrite.bits.compartments.somata = true;
    let mut soma = leaky(10e-6);
    soma.bits.compartments.soma = true;
    let mut simulation = ideal(vec![(top(20), dendrite), (top(21), soma)]);
    simulation.input(SimTime::from_us(1), top(20), Input::Fire).unwrap();
    simulation.advance(SimTime::from_us(10)).unwrap();
    assert!(simulation.is_in_reset(top(20)).unwrap());
    let [plateau, below] = [20, 21].map(|column| membrane(&simulation, top(column)));
    let (g_r, g_icc) = (2e-6, 0.8e-6);
    let expected = (g_r * dendrite.reset.potential + g_icc * below) / (g_r + g_icc);
    // The plateau follows the slower soma.
    assert!((plateau - expected).abs() < 3e-3, "{plateau} {expected}");

    // Alone: from the reset potential below the threshold in 5.108 us.
    let mut alone = self::dendrite();
    alone.reset.conductance = 1e-2;
    alone.refractory.ticks = 250;
    let hold = 10e-6 * (50.0f64 / 30.0).ln();
    assert!((hold - 5.108e-6).abs() < 1e-9);
    let volt = |code: f64| 0.06 + 4.5e-3 * code;
    let mut simulation = ideal(vec![(top(20), alone)]);
    simulation.input(SimTime::from_us(1), top(20), Input::Fire).unwrap();
    // The period ends at 3 us and the level is still high. A hold-off of 5.108 us is long enough.
    simulation.advance(SimTime::from_us(4)).unwrap();
    assert!(simulation.fires().len() > 1);
    for (ticks, count) in [(250 + 638, 2), (250 + 639, 1)] {
        let mut circuit = alone;
        circuit.refractory.ticks = ticks;
        circuit.refractory.holdoff_ticks = ticks - 250;
        let mut simulation = ideal(vec![(top(20), circuit)]);
        simulation.input(SimTime::from_us(1), top(20), Input::Fire).unwrap();
        if count == 1 {
            simulation.advance(at(3e-6 + hold)).unwrap();
            assert!((membrane(&simulation, top(20)) - volt(80.0)).abs() < 1e-7);
        }
        simulation.advance(SimTime::from_us(9)).unwrap();
        assert_eq!(simulation.fires().len(), count, "hold-off of {} ticks of 8 ns", ticks - 250);
    }
}

#[test]
fn a_fire_resets_its_own_circuit_only_unless_fire_lines_connect() {
    let mut master = firing(leaky(10e-6), 0.8, 0.2, 250);
    let mut slave = master;
    let run = |master: Circuit, slave: Circuit| {
        let mut simulation = ideal(vec![(top(6), master), (top(7), slave)]);
        simulation.input(SimTime::from_us(1), top(6), Input::Fire).unwrap();
        simulation.advance(SimTime::from_us(2)).unwrap();
        [6, 7].map(|column| membrane(&simulation, top(column)))
    };
    let [first, second] = run(master, slave);
    assert!((first - 0.2).abs() < 1e-6 && (second - 0.42).abs() < 1e-6);
    master.bits.fire_lines.master = true;
    master.bits.fire_lines.connect_to_right = true;
    slave.bits.fire_lines.slave = true;
    let [first, second] = run(master, slave);
    assert!((first - 0.2).abs() < 1e-6 && (second - 0.2).abs() < 1e-6);
    // The direction that is broken in silicon.
    master.bits.fire_lines.connect_to_right = false;
    slave.bits.fire_lines.connect_from_right = true;
    let [_, second] = run(master, slave);
    assert!((second - 0.42).abs() < 1e-6);
    // A slave doesn't look at its own comparator.
    let mut alone = with_current(slave, 200e-9);
    assert!(fires(alone, SimTime::from_us(50)).is_empty());
    alone.bits.fire_lines.slave = false;
    assert!(!fires(alone, SimTime::from_us(50)).is_empty());
}
