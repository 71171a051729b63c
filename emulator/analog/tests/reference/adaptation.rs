//! Adaptation (T-AD1, T-AD2).

use crate::common::{ideal, leaky, top, with_current};
use bss2_analog::reference::{Circuit, Input, Linearisation, Quantity};
use bss2_base::SimTime;

/// The circuit of T-AD1: g_l 0.18 uS, g_w 0.127 uS, k 0.76, tau_w 167 us, everything linear.
fn adapting() -> Circuit {
    let mut circuit = leaky(10e-6);
    circuit.leak.conductance = 0.18e-6;
    let adaptation = &mut circuit.adaptation;
    adaptation.leak_conductance = adaptation.capacitance / 167e-6;
    adaptation.coupling = 0.76 * adaptation.leak_conductance;
    adaptation.coupling_range = f64::INFINITY;
    adaptation.output_range = f64::INFINITY;
    adaptation.output_conductance = 0.127e-6;
    adaptation.leak_potential = 0.42;
    adaptation.reference = 0.5;
    circuit.bits.adaptation = true;
    circuit
}

#[test]
fn a_current_step_settles_with_the_eigenvalues_and_the_steady_state_of_the_table() {
    let circuit = with_current(adapting(), 40e-9);
    let mut simulation = ideal(vec![(top(7), circuit)]);
    let Linearisation { slope, jacobian, .. } = simulation.linearised(top(7)).unwrap();
    assert!((slope[0] - 40e-9 / circuit.capacitance()).abs() < 1e-3);
    // Membrane and adaptation voltage: a two by two matrix.
    let (a, b, c, d) = (jacobian[(0, 0)], jacobian[(0, 3)], jacobian[(3, 0)], jacobian[(3, 3)]);
    let (half_trace, determinant) = (0.5 * (a + d), a * d - b * c);
    let root = (half_trace * half_trace - determinant).sqrt();
    // per us; the table has four digits.
    assert!(((half_trace - root) * 1e-6 + 0.06614).abs() < 5e-6, "{}", (half_trace - root) * 1e-6);
    assert!(((half_trace + root) * 1e-6 + 0.009718).abs() < 5e-7, "{}", (half_trace + root) * 1e-6);

    simulation.advance(SimTime::from_ms(3)).unwrap();
    let v = simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42;
    let w = simulation.value(top(7), Quantity::Adaptation).unwrap() - 0.5;
    assert!((v - 144.65e-3).abs() < 5e-6, "{v}");
    assert!((w - 109.94e-3).abs() < 5e-6, "{w}");
    let exact = 40e-9 / (0.18e-6 + 0.127e-6 * 0.76);
    assert!((v - exact).abs() < 1e-8);
}

#[test]
fn the_way_to_the_steady_state_is_the_sum_of_two_exponentials() {
    let circuit = with_current(adapting(), 40e-9);
    let mut simulation = ideal(vec![(top(7), circuit)]);
    let period = SimTime::from_us(5);
    let trace = simulation.probe(top(7), Quantity::Membrane, SimTime::ZERO, period, 60).unwrap();
    simulation.advance(SimTime::from_us(300)).unwrap();
    let (g, gw, k, c) = (0.18e-6, 0.127e-6, 0.76, circuit.capacitance());
    let (a, b) = (-g / c, -gw / c);
    let (e, d) = (k / 167e-6, -1.0 / 167e-6);
    let (half, det) = (0.5 * (a + d), a * d - b * e);
    let root: f64 = (half * half - det).sqrt();
    let (fast, slow) = (half - root, half + root);
    let steady = 40e-9 / (g + gw * k);
    // v(0) = 0, v'(0) = I / C.
    let rise = 40e-9 / c;
    let fast_part = (rise + slow * steady) / (fast - slow);
    let slow_part = -steady - fast_part;
    for (number, sample) in simulation.samples(trace).iter().enumerate() {
        let t = number as f64 * 5e-6;
        let expected = 0.42 + steady + fast_part * (fast * t).exp() + slow_part * (slow * t).exp();
        assert!((sample - expected).abs() < 1e-7, "{number}: {:e}", sample - expected);
    }
}

/// Change of the adaptation voltage in V by one fire with a pulse of `length`.
fn step(length: SimTime, invert: bool) -> f64 {
    let mut circuit = adapting();
    circuit.adaptation.leak_conductance = 0.0;
    circuit.adaptation.coupling = 0.0;
    circuit.adaptation.pulse_current = 0.978e-9 * 200.0;
    circuit.adaptation.pulse_length = Some(length);
    circuit.bits.invert_adaptation_b = invert;
    circuit.bits.fire = true;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.input(SimTime::from_us(1), top(7), Input::Fire).unwrap();
    simulation.advance(SimTime::from_us(50)).unwrap();
    simulation.value(top(7), Quantity::Adaptation).unwrap() - 0.5
}

#[test]
fn a_fire_moves_the_adaptation_voltage_by_current_times_pulse_over_capacitance() {
    // b = 200 codes, 1.02 us: 77 mV (analog-core 3.9).
    let found = step(SimTime::from_ns(1020), false);
    assert!((found - 0.978e-9 * 200.0 * 1.02e-6 / 2.6e-12).abs() < 1e-8, "{found}");
    assert!((found - 77e-3).abs() < 1e-3);
    assert!((step(SimTime::from_ns(2040), false) / found - 2.0).abs() < 1e-6);
    assert!((step(SimTime::from_ns(1020), true) + found).abs() < 1e-8);
}

#[test]
fn a_disabled_adaptation_still_moves_its_voltage() {
    let mut circuit = with_current(adapting(), 40e-9);
    circuit.bits.adaptation = false;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.advance(SimTime::from_ms(3)).unwrap();
    let v = simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42;
    let w = simulation.value(top(7), Quantity::Adaptation).unwrap() - 0.5;
    assert!((v - 40e-9 / 0.18e-6).abs() < 1e-7);
    assert!((w - 0.76 * v).abs() < 1e-7);
}

#[test]
fn the_adaptation_voltage_stops_at_its_soft_limits() {
    let mut circuit = adapting();
    circuit.adaptation.leak_conductance = 0.0;
    circuit.adaptation.coupling = 1e-6;
    circuit.adaptation.coupling_range = 0.5;
    circuit.bits.adaptation = false;
    circuit.leak.potential = 0.9;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.advance(SimTime::from_ms(1)).unwrap();
    let w = simulation.value(top(7), Quantity::Adaptation).unwrap();
    assert!(w > 1.2 && w < 1.25, "{w}");
    circuit.bits.invert_adaptation_a = true;
    simulation.configure(top(7), &circuit).unwrap();
    simulation.advance(SimTime::from_ms(3)).unwrap();
    let w = simulation.value(top(7), Quantity::Adaptation).unwrap();
    assert!(w < 0.0 && w > -0.05, "{w}");
}
