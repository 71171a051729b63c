//! Post-synaptic potentials (T-LIN1 to T-LIN4).

use crate::common::{CAPACITANCE, at, charge_for, ideal, leaky, top, with_input};
use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Options, Quantity, Simulation};
use bss2_base::SimTime;

/// The potential in V, `t` s after an initial current `i`.
fn potential(i: f64, tau_m: f64, tau_s: f64, t: f64) -> f64 {
    let scale = i / CAPACITANCE;
    if tau_m == tau_s {
        return scale * t * (-t / tau_m).exp();
    }
    scale * tau_m * tau_s / (tau_m - tau_s) * ((-t / tau_m).exp() - (-t / tau_s).exp())
}

/// (tau_m, tau_s, peak in V, time of the peak in s) of analog-core 10.
const PEAKS: [(f64, f64, f64, f64); 4] = [
    (10e-6, 5e-6, 47.064e-3, 6.9315e-6),
    (10e-6, 10e-6, 69.255e-3, 10.000e-6),
    (6e-6, 6e-6, 41.553e-3, 6.000e-6),
    (60e-6, 0.32e-6, 5.857e-3, 1.684e-6),
];

fn trace(circuit: Circuit, options: Options, count: usize, period: SimTime) -> (Simulation, Vec<f64>) {
    let mut simulation = Simulation::new(vec![(top(7), circuit)], options).unwrap();
    let charge = Input::Charge { line: Line::Excitatory, charge: charge_for(48.5e-9) };
    simulation.input(SimTime::ZERO, top(7), charge).unwrap();
    let probe = simulation.probe(top(7), Quantity::Membrane, SimTime::ZERO, period, count).unwrap();
    simulation.advance(SimTime::from_cycles(count as u64, period)).unwrap();
    let samples = simulation.samples(probe).to_vec();
    (simulation, samples)
}

#[test]
fn psps_follow_the_closed_form_to_a_tenth_of_a_microvolt() {
    for (tau_m, tau_s, ..) in PEAKS {
        let (_, samples) =
            trace(with_input(leaky(tau_m), tau_s), Options::ideal(), 500, SimTime::from_ns(100));
        assert_eq!(samples.len(), 500);
        for (number, sample) in samples.iter().enumerate() {
            let expected = 0.42 + potential(48.5e-9, tau_m, tau_s, number as f64 * 1e-7);
            assert!((sample - expected).abs() < 1e-7, "{tau_m} {tau_s} {number}: {:e}", sample - expected);
        }
    }
}

#[test]
fn psps_peak_where_and_as_high_as_the_table_says() {
    for (tau_m, tau_s, peak, when) in PEAKS {
        let time =
            if tau_m == tau_s { tau_m } else { tau_m * tau_s / (tau_m - tau_s) * (tau_m / tau_s).ln() };
        assert!((time / when - 1.0).abs() < 5e-4, "{time:e} instead of {when:e}");
        let mut simulation = ideal(vec![(top(7), with_input(leaky(tau_m), tau_s))]);
        let charge = Input::Charge { line: Line::Excitatory, charge: charge_for(48.5e-9) };
        simulation.input(SimTime::ZERO, top(7), charge).unwrap();
        let mut height = |time: f64| {
            simulation.advance(at(time)).unwrap();
            simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42
        };
        let before = height(time * 0.99);
        let top = height(time);
        let after = height(time * 1.01);
        assert!(top > before && top > after);
        // The table gives the height to 1 uV for C = 2.5763 pF; here it is 2.5763.
        assert!((top - peak).abs() < 1e-6, "{top:e} instead of {peak:e}");
    }
}

#[test]
fn both_methods_of_the_solver_find_the_same_psp() {
    use bss2_analog::reference::solver::Method;
    let with = |method| {
        let mut options = Options::ideal();
        options.solver.method = method;
        trace(with_input(leaky(10e-6), 5e-6), options, 200, SimTime::from_ns(100))
    };
    let (explicit, first) = with(Method::DormandPrince);
    let (implicit, second) = with(Method::Rosenbrock);
    assert!(explicit.statistics().implicit_steps == 0 && implicit.statistics().explicit_steps == 0);
    for (a, b) in first.iter().zip(&second) {
        assert!((a - b).abs() < 1e-7, "{a} {b}");
    }
}

#[test]
fn an_event_moves_the_line_by_charge_over_capacitance_up_to_the_headroom() {
    let mut simulation = ideal(vec![(top(7), with_input(leaky(10e-6), 10e-6))]);
    let line = Quantity::Line(Line::Excitatory);
    let charge = |charge| Input::Charge { line: Line::Excitatory, charge };
    simulation.input(SimTime::ZERO, top(7), charge(0.375e-15 * 63.0)).unwrap();
    simulation.advance(SimTime::ZERO).unwrap();
    let step = 1.2 - simulation.value(top(7), line).unwrap();
    assert!((step - 63.0 * 0.15e-3).abs() < 1e-15);
    simulation.input(SimTime::ZERO, top(7), charge(1e-9)).unwrap();
    simulation.advance(SimTime::ZERO).unwrap();
    assert!((simulation.value(top(7), line).unwrap() - 0.6).abs() < 1e-15);
}

#[test]
fn the_transconductor_of_an_input_compresses_by_seven_percent_at_46_millivolts() {
    // 10 inputs of weight 31 (46.5 mV) against ten times one of them (analog-core 3.6).
    let height = |charge: f64| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        circuit.inputs[0].saturation_current = 489e-9;
        circuit.bits.inputs[0].enable = true;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        simulation.input(SimTime::ZERO, top(7), Input::Charge { line: Line::Excitatory, charge }).unwrap();
        simulation.advance(SimTime::from_us(10)).unwrap();
        simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42
    };
    let single = height(31.0 * 0.375e-15);
    let stacked = height(310.0 * 0.375e-15);
    let compression = 1.0 - stacked / (10.0 * single);
    // At the peak, after the largest swing is over: less than the 7.6 % of the first moment.
    assert!(compression > 0.02 && compression < 0.08, "{compression}");
}
