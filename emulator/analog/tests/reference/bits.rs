//! Every configuration bit of analog-core 3.11 has its effect, and the sign that Appendix B demands.

use crate::common::{bottom, charge_for, ideal, leaky, top, with_current, with_input};
use bss2_analog::reference::{Bits, Circuit, Input, Linearisation, Options, Quantity, Simulation, Stimulus};
use bss2_analog::{Line, ReadoutSource};
use bss2_base::{Hemisphere, SimTime};

/// Jacobian and slope of one circuit at rest.
fn linear(circuit: Circuit) -> Linearisation {
    ideal(vec![(top(7), circuit)]).linearised(top(7)).unwrap()
}

/// The conductance in S that pulls on the membrane at rest.
fn conductance(circuit: Circuit) -> f64 {
    -linear(circuit).jacobian[(0, 0)] * circuit.capacitance()
}

/// Where the membrane of a circuit stands after `time`, in V.
fn membrane(circuit: Circuit, time: SimTime) -> f64 {
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.advance(time).unwrap();
    simulation.value(top(7), Quantity::Membrane).unwrap()
}

/// The membrane 10 us after a charge on both lines, in V.
fn response(change: impl FnOnce(&mut Circuit)) -> f64 {
    let mut circuit = with_input(leaky(10e-6), 10e-6);
    circuit.inputs[0].saturation_current = 489e-9;
    circuit.inputs[1] = circuit.inputs[0];
    change(&mut circuit);
    let mut simulation = ideal(vec![(top(7), circuit)]);
    let charge = charge_for(20e-9);
    simulation.input(SimTime::ZERO, top(7), Input::Charge { line: Line::Excitatory, charge }).unwrap();
    let inhibitory = Input::Charge { line: Line::Inhibitory, charge: 0.5 * charge };
    simulation.input(SimTime::ZERO, top(7), inhibitory).unwrap();
    simulation.advance(SimTime::from_us(10)).unwrap();
    simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42
}

#[test]
fn multiplication_division_and_degeneration_scale_the_leak() {
    let base = conductance(leaky(10e-6));
    for (multiplication, division, degeneration, factor) in [
        (true, false, false, 8.0),
        (false, true, false, 0.125),
        (true, true, false, 1.0),
        (false, false, true, 0.5),
        (true, false, true, 4.0),
    ] {
        let mut circuit = leaky(10e-6);
        circuit.bits.leak.multiplication = multiplication;
        circuit.bits.leak.division = division;
        circuit.bits.leak.degeneration = degeneration;
        assert!((conductance(circuit) / base - factor).abs() < 1e-12);
    }
}

#[test]
fn the_leak_saturates_like_a_hyperbolic_tangent_and_degeneration_widens_it() {
    let slope = |degeneration, distance: f64| {
        let mut circuit = leaky(10e-6);
        circuit.leak.linear_range = 0.5;
        circuit.bits.leak.degeneration = degeneration;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        simulation.set_membrane(top(7), 0.42 + distance).unwrap();
        -simulation.linearised(top(7)).unwrap().slope[0] * 10e-6
    };
    assert!((slope(false, 0.26) - 0.5 * (0.26f64 / 0.5).tanh()).abs() < 1e-12);
    // Linear within 8 % at 0.26 V (analog-core 3.2).
    assert!((slope(false, 0.26) / 0.26 - 0.92).abs() < 0.01);
    assert!((slope(true, 0.26) - 0.5 * (0.26f64 / 1.0).tanh()).abs() < 1e-12);
}

#[test]
fn the_reset_has_its_own_range_bits_and_no_leak_beside_it() {
    let rate = |change: fn(&mut Circuit)| {
        let mut circuit = leaky(10e-6);
        circuit.reset.conductance = 1e-6;
        circuit.reset.potential = 0.2;
        circuit.held_in_reset = true;
        circuit.bits.leak.multiplication = true;
        change(&mut circuit);
        conductance(circuit)
    };
    assert!((rate(|_| {}) - 1e-6).abs() < 1e-15);
    assert!((rate(|c| c.bits.reset.multiplication = true) - 8e-6).abs() < 1e-15);
    assert!((rate(|c| c.bits.reset.division = true) - 0.125e-6).abs() < 1e-15);
    assert!((rate(|c| c.bits.reset.degeneration = true) - 0.5e-6).abs() < 1e-15);
}

#[test]
fn pause_disconnects_inputs_and_exponential_while_the_reset_is_closed_and_lines_keep_integrating() {
    let run = |pause| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        circuit.reset.conductance = 1e-6;
        circuit.reset.potential = 0.42;
        circuit.exponential.slope = Some(0.1);
        circuit.exponential.onset = 0.9;
        circuit.bits.exponential = true;
        circuit.held_in_reset = true;
        circuit.bits.pause = pause;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        let charge = charge_for(20e-9);
        simulation.input(SimTime::ZERO, top(7), Input::Charge { line: Line::Excitatory, charge }).unwrap();
        simulation.advance(SimTime::from_us(3)).unwrap();
        [Quantity::Membrane, Quantity::Line(Line::Excitatory)].map(|q| simulation.value(top(7), q).unwrap())
    };
    let ([paused, line], [driven, same_line]) = (run(true), run(false));
    assert!((paused - 0.42).abs() < 1e-9 && driven > 0.43);
    assert!((line - same_line).abs() < 1e-9 && line < 1.2);
}

#[test]
fn inputs_reach_the_membrane_with_their_sign_only_if_enabled() {
    let both = response(|c| c.bits.inputs[1].enable = true);
    let excitatory = response(|_| {});
    let inhibitory = response(|c| {
        c.bits.inputs[0].enable = false;
        c.bits.inputs[1].enable = true;
    });
    assert!(excitatory > 0.02 && inhibitory < -0.01 && both > 0.0 && both < excitatory);
    assert!(response(|c| c.bits.inputs[0].enable = false).abs() < 1e-12);
}

#[test]
fn high_resistance_and_small_capacitance_change_time_constant_and_step_of_a_line() {
    let line = |change: fn(&mut Circuit)| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        change(&mut circuit);
        let mut simulation = ideal(vec![(top(7), circuit)]);
        let charge = Input::Charge { line: Line::Excitatory, charge: 25e-15 };
        simulation.input(SimTime::ZERO, top(7), charge).unwrap();
        simulation.advance(SimTime::ZERO).unwrap();
        let swing = 1.2 - simulation.value(top(7), Quantity::Line(Line::Excitatory)).unwrap();
        (swing, -1.0 / simulation.linearised(top(7)).unwrap().jacobian[(1, 1)])
    };
    let close = |(swing, tau): (f64, f64), (s, t): (f64, f64)| {
        assert!((swing / s - 1.0).abs() < 1e-9 && (tau / t - 1.0).abs() < 1e-9, "{swing} {tau}");
    };
    close(line(|_| {}), (10e-3, 10e-6));
    close(line(|c| c.bits.inputs[0].high_resistance = true), (10e-3, 40e-6));
    close(line(|c| c.bits.inputs[0].small_capacitance = true), (25e-3 / 1.5, 6e-6));
    // Without bias the line floats.
    close(line(|c| c.inputs[0].resistance = None), (10e-3, 200e-6));
    close(
        line(|c| {
            c.inputs[0].resistance = None;
            c.bits.inputs[0].high_resistance = true;
        }),
        (10e-3, 1e-3),
    );
}

#[test]
fn coba_mode_makes_the_amplitude_fall_linearly_toward_the_reversal_potential() {
    // Gm code 180, reversal 0.675 V above the reference (analog-core 3.7).
    let saturation = 0.978e-9 * 180.0;
    let slope = |v: f64| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        circuit.leak.conductance = 0.0;
        let input = &mut circuit.inputs[0];
        input.saturation_current = saturation;
        input.coba_reference = 0.3;
        input.coba_modulation = saturation / 0.675;
        circuit.bits.inputs[0].coba_mode = true;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        simulation.set_membrane(top(7), v).unwrap();
        let charge = Input::Charge { line: Line::Excitatory, charge: charge_for(20e-9) };
        simulation.input(SimTime::ZERO, top(7), charge).unwrap();
        simulation.advance(SimTime::ZERO).unwrap();
        simulation.linearised(top(7)).unwrap().slope[0]
    };
    let at_reference = slope(0.3);
    for v in [0.1, 0.5, 0.7, 0.9] {
        let expected = 1.0 - (v - 0.3) / 0.675;
        assert!((slope(v) / at_reference - expected).abs() < 1e-12, "{v}");
    }
    // Beyond the reversal potential the synapse vanishes and does not invert.
    assert_eq!(slope(1.1), 0.0);
    // And below by more than the distance the modulation stops at twice the current.
    let mut circuit = with_input(leaky(10e-6), 10e-6);
    circuit.inputs[0].saturation_current = saturation;
    circuit.inputs[0].coba_reference = 1.1;
    circuit.inputs[0].coba_modulation = saturation / 0.3;
    circuit.inputs[0].offset = 1e-3;
    let plain = linear(circuit).slope[0];
    circuit.bits.inputs[0].coba_mode = true;
    assert!((linear(circuit).slope[0] / plain - 2.0).abs() < 1e-9);
}

#[test]
fn the_bypass_fires_when_a_line_rises_through_a_hundred_millivolts() {
    let run = |bypass, fire, charge: f64| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        circuit.reset.conductance = 1e-6;
        circuit.reset.potential = 0.3;
        circuit.refractory.clock = Some(SimTime::from_ns(8));
        circuit.refractory.ticks = 250;
        circuit.bits.inputs[0].bypass = bypass;
        circuit.bits.fire = fire;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        let input = Input::Charge { line: Line::Excitatory, charge };
        simulation.input(SimTime::from_us(1), top(7), input).unwrap();
        // Above the level already: no second edge.
        simulation.input(SimTime::from_us(4), top(7), input).unwrap();
        simulation.advance(SimTime::from_us(10)).unwrap();
        simulation.take_fires().iter().map(|fire| fire.reset).collect::<Vec<_>>()
    };
    assert_eq!(run(true, true, 0.15 * 2.5e-12), [1e-6]);
    assert!(run(true, true, 0.05 * 2.5e-12).is_empty());
    assert!(run(false, true, 0.15 * 2.5e-12).is_empty());
    assert!(run(true, false, 0.15 * 2.5e-12).is_empty());
}

#[test]
fn a_line_that_a_debug_line_pulls_down_fires_the_bypass_when_it_gets_there() {
    let mut circuit = with_input(leaky(10e-6), 10e-6);
    circuit.bits.inputs[0].bypass = true;
    circuit.bits.fire = true;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.set_debug_line(top(7), Line::Excitatory, Some(0.9)).unwrap();
    simulation.advance(SimTime::from_us(1)).unwrap();
    // u' = (0.3 - u) / (10 kOhm * 2.5 pF) - u / 10 us.
    let rate: f64 = 1.0 / (10e3 * 2.5e-12) + 1.0 / 10e-6;
    let rest = 0.3 / (10e3 * 2.5e-12) / rate;
    let expected = -(1.0 - 0.1 / rest).ln() / rate;
    assert!((simulation.fires()[0].reset - expected).abs() < 1e-14);
    // At 1.2 V the debug line holds the line at rest (hagen integration).
    simulation.set_debug_line(top(7), Line::Excitatory, Some(1.2)).unwrap();
    simulation.advance(SimTime::from_us(2)).unwrap();
    assert!((simulation.value(top(7), Quantity::Line(Line::Excitatory)).unwrap() - 1.2).abs() < 1e-9);
}

#[test]
fn the_exponential_and_the_adaptation_act_only_if_enabled() {
    let mut circuit = leaky(10e-6);
    circuit.exponential.slope = Some(0.1);
    circuit.exponential.onset = 0.9;
    let without = linear(circuit).slope[0];
    circuit.bits.exponential = true;
    // I_00 exp((V - V_e + V_x) / Delta_T) on the capacitance.
    let raw = 2.5e-12 * ((0.42 - 0.9 + 0.415) / 0.1f64).exp();
    let expected = raw / (1.0 + raw / 5e-6) / circuit.capacitance();
    assert!((without.abs() < 1e-9) && (linear(circuit).slope[0] / expected - 1.0).abs() < 1e-12);
    circuit.exponential.slope = None;
    assert!(linear(circuit).slope[0].abs() < 1e-9);

    let mut circuit = leaky(10e-6);
    circuit.adaptation.coupling = 1e-9;
    circuit.adaptation.leak_potential = 0.3;
    assert_eq!(linear(circuit).jacobian[(0, 3)], 0.0);
    circuit.bits.adaptation = true;
    let ahead = linear(circuit);
    assert!((ahead.jacobian[(0, 3)] * circuit.capacitance() / -0.127e-6 - 1.0).abs() < 1e-12);
    circuit.bits.invert_adaptation_a = true;
    let inverted = linear(circuit);
    assert!(ahead.slope[3] > 0.0 && inverted.slope[3] == -ahead.slope[3]);
    assert_eq!(inverted.jacobian[(3, 0)], -ahead.jacobian[(3, 0)]);
}

#[test]
fn the_offset_current_is_a_source_or_a_sink_if_enabled() {
    let step = |current| membrane(with_current(leaky(10e-6), current), SimTime::from_ms(1)) - 0.42;
    let expected = 20e-9 * 10e-6 / leaky(10e-6).capacitance();
    assert!((step(20e-9) - expected).abs() < 1e-9 && (step(-20e-9) + expected).abs() < 1e-9);
    let mut circuit = with_current(leaky(10e-6), 20e-9);
    circuit.bits.membrane_offset = false;
    assert!((membrane(circuit, SimTime::from_ms(1)) - 0.42).abs() < 1e-12);
}

#[test]
fn the_capacitor_size_adds_to_the_parasitics_and_changes_without_moving_the_membrane() {
    let mut circuit = leaky(10e-6);
    circuit.bits.membrane_capacitor_size = 0;
    assert_eq!(circuit.capacitance(), 0.176e-12);
    circuit.bits.membrane_capacitor_size = 63;
    assert!((circuit.capacitance() - 2.5763e-12).abs() < 1e-18);
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.set_membrane(top(7), 0.7).unwrap();
    circuit.bits.membrane_capacitor_size = 10;
    simulation.configure(top(7), &circuit).unwrap();
    assert_eq!(simulation.value(top(7), Quantity::Membrane).unwrap(), 0.7);
}

#[test]
fn the_range_bits_scale_the_inter_compartment_conductance() {
    let coupling = |multiply, divide| {
        let mut first = leaky(10e-6);
        first.bits.compartments.soma = true;
        first.bits.compartments.somata = true;
        let mut second = leaky(10e-6);
        second.compartment.conductance = 1.6e-6;
        second.bits.compartments.conductance = true;
        second.bits.compartments.multiply = multiply;
        second.bits.compartments.divide = divide;
        let linear = ideal(vec![(top(1), first), (top(2), second)]).linearised(top(1)).unwrap();
        linear.jacobian[(0, 1)] * first.capacitance()
    };
    for (multiply, divide, expected) in
        [(false, false, 1.6e-6), (true, false, 6.4e-6), (false, true, 0.4e-6), (true, true, 1.6e-6)]
    {
        assert!((coupling(multiply, divide) / expected - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_comparator_needs_its_two_bits_and_its_bias() {
    let count = |change: fn(&mut Circuit)| {
        let mut circuit = with_current(leaky(10e-6), 100e-9);
        circuit.comparator.threshold = 0.6;
        circuit.reset.conductance = 10e-6;
        circuit.reset.potential = 0.3;
        circuit.refractory.clock = Some(SimTime::from_ns(8));
        circuit.refractory.ticks = 250;
        circuit.bits.threshold_comparator = true;
        circuit.bits.fire = true;
        change(&mut circuit);
        let mut simulation = ideal(vec![(top(7), circuit)]);
        simulation.advance(SimTime::from_us(100)).unwrap();
        simulation.fires().len()
    };
    assert!(count(|_| {}) > 5);
    assert_eq!(count(|c| c.bits.threshold_comparator = false), 0);
    assert_eq!(count(|c| c.bits.fire = false), 0);
    assert_eq!(count(|c| c.comparator.works = false), 0);
    assert_eq!(count(|c| c.bits.strong_fire = true), count(|_| {}));
}

#[test]
fn an_artificial_fire_needs_enable_fire() {
    let count = |fire| {
        let mut circuit = leaky(10e-6);
        circuit.bits.fire = fire;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        simulation.input(SimTime::from_us(1), top(7), Input::Fire).unwrap();
        simulation.advance(SimTime::from_us(2)).unwrap();
        simulation.fires().len()
    };
    assert_eq!((count(true), count(false)), (1, 0));
}

#[test]
fn the_readout_source_selects_what_the_amplifier_shows() {
    let shown = |source, amplifier, works| {
        let mut circuit = with_input(leaky(10e-6), 10e-6);
        circuit.bits.readout_source = source;
        circuit.bits.readout_amplifier = amplifier;
        circuit.readout.offset = 0.01;
        circuit.readout.works = works;
        let mut simulation = ideal(vec![(top(7), circuit)]);
        let charge = Input::Charge { line: Line::Excitatory, charge: 250e-15 };
        simulation.input(SimTime::ZERO, top(7), charge).unwrap();
        simulation.advance(SimTime::ZERO).unwrap();
        simulation.value(top(7), Quantity::Readout).unwrap()
    };
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    close(shown(ReadoutSource::Membrane, true, true), 0.43);
    // 0.60 V at rest, 0.85 times the swing below.
    close(shown(ReadoutSource::InhibitoryLine, true, true), 0.61);
    close(shown(ReadoutSource::ExcitatoryLine, true, true), 0.61 - 0.85 * 0.1);
    close(shown(ReadoutSource::Adaptation, true, true), 0.51);
    close(shown(ReadoutSource::Membrane, false, true), 0.0);
    close(shown(ReadoutSource::Membrane, true, false), 0.0);
}

#[test]
fn unbuffered_access_connects_the_membrane_to_the_stimulation_line_of_its_row() {
    let run = |access, stimulus| {
        let mut circuit = leaky(10e-6);
        circuit.bits.unbuffered_access = access;
        let circuits = vec![(top(7), circuit), (bottom(7), circuit)];
        let mut simulation = Simulation::new(circuits, Options::ideal()).unwrap();
        simulation.set_stimulus(Hemisphere::Top, stimulus).unwrap();
        simulation.advance(SimTime::from_ms(1)).unwrap();
        let methods = simulation.statistics();
        ([top(7), bottom(7)].map(|n| simulation.value(n, Quantity::Membrane).unwrap() - 0.42), methods)
    };
    let leak = leaky(10e-6).leak.conductance;
    let ([forced, other], statistics) = run(true, Stimulus::Voltage(0.8));
    assert!((forced - 0.38 * 1e-3 / (1e-3 + leak)).abs() < 1e-8 && other.abs() < 1e-9);
    // 2.6 ns against 1 ms: the stiff method has to take over.
    assert!(statistics.implicit_steps > 0 && statistics.explicit_steps < 2000, "{statistics:?}");
    let ([driven, _], _) = run(true, Stimulus::Current(30e-9));
    assert!((driven - 30e-9 / leak).abs() < 1e-8);
    let ([without, _], _) = run(false, Stimulus::Voltage(0.8));
    assert!(without.abs() < 1e-9);
    let ([open, _], _) = run(true, Stimulus::Open);
    assert!(open.abs() < 1e-9);
}

#[test]
fn a_membrane_is_held_softly_between_its_limits() {
    let driven = |current: f64| membrane(with_current(leaky(10e-6), current), SimTime::from_ms(1));
    let leak = leaky(10e-6).leak.conductance;
    let high = (1e-6 + 20e-6 * 1.25 + leak * 0.42) / (20e-6 + leak);
    assert!((driven(1e-6) - high).abs() < 1e-8);
    let low = (-1e-6 + leak * 0.42) / (20e-6 + leak);
    assert!((driven(-1e-6) - low).abs() < 1e-8);
}

#[test]
fn all_bits_are_off_after_reset() {
    let bits = Bits::default();
    assert!(!bits.fire && !bits.inputs[0].enable && bits.membrane_capacitor_size == 0);
    // A circuit of which nothing is enabled doesn't move, wherever its membrane is.
    let mut simulation = ideal(vec![(top(7), Circuit::default())]);
    simulation.set_membrane(top(7), 0.77).unwrap();
    simulation.advance(SimTime::from_ms(10)).unwrap();
    assert_eq!(simulation.value(top(7), Quantity::Membrane).unwrap(), 0.77);
}
