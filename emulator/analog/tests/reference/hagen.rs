//! One event of the hagen mode from its activation to the line and the membrane (T-HAG).

use crate::common::{ideal, leaky, top, with_input};
use crate::nominal::charge;
use bss2_analog::mismatch::{Parameter, constants};
use bss2_analog::reference::{Input, Quantity};
use bss2_analog::{Line, PulseRamp, ReadoutSource};
use bss2_base::SimTime;

/// Pulse length for an activation 1..=31: ramp 600, offsets 7 and 31, hagen DAC bias 820 (analog-core 5.4, 5.5).
pub(crate) fn pulse(activation: f64) -> f64 {
    let slope = Parameter::RampSwing.quantity().nominal / constants::PULSE;
    let ramp = PulseRamp {
        slope,
        early_slope: slope * (1.0 - 7.0 * constants::STP_OFFSET_STEP),
        early_time: constants::STP_OFFSET_WINDOW,
        window: constants::PULSE,
        comparator_offset: 0.0,
    };
    let span = Parameter::HagenSpan.quantity().nominal;
    // Everything in codes of the STP cells.
    ramp.pulse(constants::HAGEN_BASE + span * (31.0 - activation) / 31.0)
}

/// What an event of activation 31 does to a line of 2.5 pF, in V.
pub(crate) fn line_step(weight: f64, dac: f64) -> f64 {
    charge(weight, dac) * pulse(31.0) / Parameter::LineCapacitance.quantity().nominal
}

#[test]
fn an_event_makes_the_line_step_of_the_specification() {
    // 0.899 of the full pulse; 11.33 mV on the line at DAC 800, 9.63 mV behind the follower (analog-core 10).
    assert!((pulse(31.0) - 0.899).abs() < 5e-4, "{}", pulse(31.0));
    assert!((line_step(63.0, 600.0) - 0.15e-3 * 63.0 * pulse(31.0)).abs() < 1e-12);
    let mut circuit = with_input(leaky(10e-6), 10e-6);
    circuit.bits.readout_amplifier = true;
    circuit.bits.readout_source = ReadoutSource::ExcitatoryLine;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    let shown = |simulation: &bss2_analog::reference::Simulation| {
        simulation.value(top(7), Quantity::Readout).unwrap()
    };
    let rest = shown(&simulation);
    let charge = charge(63.0, 800.0) * pulse(31.0);
    simulation.input(SimTime::ZERO, top(7), Input::Charge { line: Line::Excitatory, charge }).unwrap();
    simulation.advance(SimTime::ZERO).unwrap();
    let line = 1.2 - simulation.value(top(7), Quantity::Line(Line::Excitatory)).unwrap();
    assert!((line - 11.33e-3).abs() < 0.01e-3, "{line}");
    assert!((rest - shown(&simulation) - 9.63e-3).abs() < 0.01e-3);
}

#[test]
fn a_membrane_without_leak_integrates_an_event_to_transconductance_times_charge() {
    // g_x u tau_s / C for a linear input.
    let mut circuit = with_input(leaky(10e-6), 0.32e-6);
    circuit.leak.conductance = 0.0;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    let charge = charge(63.0, 1022.0) * pulse(31.0);
    simulation.input(SimTime::ZERO, top(7), Input::Charge { line: Line::Excitatory, charge }).unwrap();
    simulation.advance(SimTime::from_us(20)).unwrap();
    let found = simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42;
    let expected = 5.22e-6 * (charge / 2.5e-12) * 0.32e-6 / circuit.capacitance();
    assert!((found - expected).abs() < 1e-7, "{found} {expected}");
}
