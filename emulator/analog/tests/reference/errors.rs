//! What can't be is refused, with the circuit and the value.

use crate::common::{leaky, top};
use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Options, Quantity, ReferenceError, Simulation, Stimulus};
use bss2_base::{Hemisphere, SimTime};

fn refused(change: impl FnOnce(&mut Circuit)) -> String {
    let mut circuit = leaky(10e-6);
    change(&mut circuit);
    Simulation::new(vec![(top(7), circuit)], Options::default()).unwrap_err().to_string()
}

#[test]
fn values_that_no_circuit_can_have_are_named_with_their_circuit() {
    let is = |message: String, expected: &str| assert_eq!(message, expected);
    is(
        refused(|c| c.leak.conductance = f64::NAN),
        "neuron 7, leak: conductance = NaN is outside of what a circuit can have (not negative)",
    );
    is(
        refused(|c| c.membrane.parasitic = 0.0),
        "neuron 7, membrane: parasitic = 0e0 is outside of what a circuit can have (positive)",
    );
    is(
        refused(|c| c.bits.membrane_capacitor_size = 64),
        "neuron 7, membrane: membrane_capacitor_size = 6.4e1 is outside of what a circuit can have (0 to 63)",
    );
    is(
        refused(|c| c.inputs[1].resistance = Some(-1.0)),
        "neuron 7, inhibitory synaptic input: resistance = -1e0 is outside of what a circuit can have (positive)",
    );
    is(
        refused(|c| c.exponential.slope = Some(0.0)),
        "neuron 7, exponential: slope = 0e0 is outside of what a circuit can have (positive)",
    );
    is(
        refused(|c| c.adaptation.limits = [1.0, 0.0]),
        "neuron 7, adaptation: limits[1] = 0e0 is outside of what a circuit can have (above limits[0])",
    );
    is(
        refused(|c| c.refractory.clock = Some(SimTime::ZERO)),
        "neuron 7, refractory counter: clock = 0e0 is outside of what a circuit can have (positive, or none)",
    );
    is(
        refused(|c| c.comparator.delay = f64::INFINITY),
        "neuron 7, threshold comparator: delay = inf is outside of what a circuit can have (not negative)",
    );
}

#[test]
fn every_number_of_a_circuit_is_checked_for_nan() {
    let changes: [fn(&mut Circuit); 45] = [
        |c| c.membrane.bank_step = f64::NAN,
        |c| c.membrane.parasitic = f64::NAN,
        |c| c.membrane.leakage = f64::NAN,
        |c| c.membrane.clamp_low = f64::NAN,
        |c| c.membrane.clamp_high = f64::NAN,
        |c| c.membrane.clamp_conductance = f64::NAN,
        |c| c.leak.potential = f64::NAN,
        |c| c.leak.linear_range = f64::NAN,
        |c| c.reset.conductance = f64::NAN,
        |c| c.release_charge = f64::NAN,
        |c| c.inputs[0].capacitance = f64::NAN,
        |c| c.inputs[0].small_capacitance = f64::NAN,
        |c| c.inputs[0].resistance = Some(f64::NAN),
        |c| c.inputs[0].high_resistance = f64::NAN,
        |c| c.inputs[0].floating[1] = f64::NAN,
        |c| c.inputs[0].headroom = f64::NAN,
        |c| c.inputs[0].follower_gain = f64::NAN,
        |c| c.inputs[0].transconductance = f64::NAN,
        |c| c.inputs[0].offset = f64::NAN,
        |c| c.inputs[0].saturation_current = f64::NAN,
        |c| c.inputs[0].output_conductance = f64::NAN,
        |c| c.inputs[0].output_potential = f64::NAN,
        |c| c.inputs[0].coba_reference = f64::NAN,
        |c| c.inputs[0].coba_modulation = f64::NAN,
        |c| c.inputs[0].coba_limit = f64::NAN,
        |c| c.inputs[0].bypass_level = f64::NAN,
        |c| c.inputs[0].debug_resistance = f64::NAN,
        |c| c.exponential.prefactor = f64::NAN,
        |c| c.exponential.onset = f64::NAN,
        |c| c.exponential.limit = f64::NAN,
        |c| c.adaptation.capacitance = f64::NAN,
        |c| c.adaptation.leak_conductance = f64::NAN,
        |c| c.adaptation.reference = f64::NAN,
        |c| c.adaptation.coupling = f64::NAN,
        |c| c.adaptation.coupling_range = f64::NAN,
        |c| c.adaptation.pulse_current = f64::NAN,
        |c| c.adaptation.output_conductance = f64::NAN,
        |c| c.adaptation.output_range = f64::NAN,
        |c| c.adaptation.limit_conductance = f64::NAN,
        |c| c.offset_current = f64::NAN,
        |c| c.comparator.threshold = f64::NAN,
        |c| c.compartment.conductance = f64::NAN,
        |c| c.compartment.offset = f64::NAN,
        |c| c.readout.offset = f64::NAN,
        |c| c.readout.line_gain = f64::NAN,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut circuit = leaky(10e-6);
        change(&mut circuit);
        let error = circuit.check(top(7)).expect_err(&number.to_string());
        assert!(matches!(error, ReferenceError::Parameter { value, .. } if value.is_nan()), "{error}");
    }
}

#[test]
fn a_switch_that_leads_out_of_the_simulation_is_named() {
    let error = refused(|c| c.bits.compartments.membrane_right = true);
    assert_eq!(
        error,
        "neuron 7: connect_membrane_right leads to neuron 8, which is not part of the simulation"
    );
    let error = refused(|c| c.bits.compartments.bottom = true);
    assert_eq!(error, "neuron 7: connect_bottom leads to neuron 263, which is not part of the simulation");
    let error = refused(|c| {
        c.bits.fire_lines =
            bss2_analog::reference::FireBits { master: true, connect_to_right: true, ..Default::default() }
    });
    assert_eq!(
        error,
        "neuron 7: connect_fire_to_right leads to neuron 8, which is not part of the simulation"
    );
    let twice = Simulation::new(vec![(top(7), leaky(1e-6)), (top(7), leaky(1e-6))], Options::default());
    assert_eq!(twice.unwrap_err(), ReferenceError::DuplicateNeuron(top(7)));
}

#[test]
fn a_change_that_is_refused_leaves_the_simulation_as_it_was() {
    let mut simulation = Simulation::new(vec![(top(7), leaky(10e-6))], Options::default()).unwrap();
    let mut wrong = leaky(10e-6);
    wrong.bits.compartments.somata = true;
    assert!(simulation.configure(top(7), &wrong).is_err());
    assert_eq!(simulation.circuit(top(7)).unwrap(), &leaky(10e-6));
    simulation.advance(SimTime::from_us(1)).unwrap();
    assert!((simulation.value(top(7), Quantity::Membrane).unwrap() - 0.42).abs() < 1e-12);
}

#[test]
fn inputs_of_the_past_and_of_nobody_are_refused() {
    let mut simulation = Simulation::new(vec![(top(7), leaky(10e-6))], Options::default()).unwrap();
    simulation.advance(SimTime::from_us(1)).unwrap();
    let error = simulation.input(SimTime::from_ns(999), top(7), Input::Fire).unwrap_err();
    assert_eq!(error.to_string(), "input at 999 ns lies before the present of the simulation, 1 us");
    let unknown = simulation.input(SimTime::from_us(2), top(8), Input::Fire).unwrap_err();
    assert_eq!(unknown, ReferenceError::UnknownNeuron(top(8)));
    let negative = Input::Charge { line: Line::Excitatory, charge: -1e-15 };
    assert!(simulation.input(SimTime::from_us(2), top(7), negative).is_err());
    assert!(simulation.set_stimulus(Hemisphere::Top, Stimulus::Voltage(f64::NAN)).is_err());
    assert!(simulation.set_debug_line(top(7), Line::Excitatory, Some(f64::INFINITY)).is_err());
    assert!(simulation.set_low_pass(top(7), Some(0.0)).is_err());
    let probe = |simulation: &mut Simulation, quantity, period| {
        simulation.probe(top(7), quantity, SimTime::from_us(2), period, 10)
    };
    assert!(probe(&mut simulation, Quantity::Membrane, SimTime::ZERO).is_err());
    assert!(probe(&mut simulation, Quantity::FilteredReadout, SimTime::from_ns(1)).is_err());
    let mut options = Options::default();
    options.solver.relative = -1.0;
    assert!(Simulation::new(vec![(top(7), leaky(10e-6))], options).is_err());
}

#[test]
fn an_allowance_of_steps_that_is_used_up_is_an_error() {
    let mut options = Options::default();
    options.solver.maximum_steps = 3;
    let mut circuit = leaky(10e-6);
    circuit.leak.conductance = 1e-6;
    let mut simulation = Simulation::new(vec![(top(7), circuit)], options).unwrap();
    simulation.set_membrane(top(7), 1.0).unwrap();
    let error = simulation.advance(SimTime::from_ms(1)).unwrap_err();
    assert_eq!(error.to_string(), "the group of neuron 7 at 0 s: more than 3 steps");
}

#[test]
fn lines_of_a_core_are_driven_by_numbers_alone() {
    use bss2_analog::{AnalogCore, AnalogOptions, Branch};
    let mut core = AnalogCore::new(1, AnalogOptions::noiseless());
    let message = |refused: Result<(), ReferenceError>| refused.unwrap_err().to_string();
    for bad in [f64::NAN, f64::INFINITY] {
        for stimulus in [Stimulus::Voltage(bad), Stimulus::Current(bad)] {
            let said = message(core.set_stimulus(Hemisphere::Top, stimulus));
            assert!(said.starts_with("stimulation line: source = "), "{said}");
        }
        let said = message(core.set_debug_line(top(3), Line::Inhibitory, Some(bad)));
        assert!(said.starts_with("debug line: source = "), "{said}");
        let said = message(core.set_cadc_debug_line(Branch::Causal, Some(bad)));
        assert!(said.starts_with("CADC debug line: source = "), "{said}");
    }
    assert_eq!(core, AnalogCore::new(1, AnalogOptions::noiseless()));
}
