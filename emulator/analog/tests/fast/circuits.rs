//! The circuits of these tests: the default spiking calibration, with and without exponential and adaptation.

use bss2_analog::Refractory;
use bss2_analog::reference::Circuit;
use bss2_base::{Hemisphere, Neuron, SimTime};

/// A column of the upper row.
pub(crate) fn top(column: u8) -> Neuron {
    Neuron::new(Hemisphere::Top, column)
}

/// Time constants of 10 us, threshold 0.2 V above rest, 2 us refractory.
pub(crate) fn integrate_and_fire() -> Circuit {
    let mut circuit = Circuit::default();
    circuit.bits.membrane_capacitor_size = 63;
    circuit.leak.conductance = circuit.capacitance() / 10e-6;
    circuit.leak.potential = 0.42;
    circuit.reset.conductance = 15.8e-6;
    circuit.reset.potential = 0.375;
    circuit.release_charge = -8e-15;
    for (input, bits) in circuit.inputs.iter_mut().zip(&mut circuit.bits.inputs) {
        bits.enable = true;
        input.resistance = Some(10e-6 / input.capacitance);
        input.transconductance = 5.22e-6;
        input.saturation_current = 489e-9;
        input.output_conductance = 0.026e-6;
    }
    circuit.comparator.threshold = 0.6225;
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory = Refractory { clock: Some(SimTime::from_ns(64)), ticks: 32, holdoff_ticks: 1 };
    circuit
}

/// The same with exponential and adaptation.
pub(crate) fn adaptive() -> Circuit {
    let mut circuit = integrate_and_fire();
    let conductance = circuit.leak.conductance;
    circuit.exponential.slope = Some(0.02);
    circuit.exponential.onset = 0.55;
    circuit.exponential.onset += 0.55 - circuit.exponential.threshold(conductance).expect("a slope");
    circuit.comparator.threshold = 0.7;
    circuit.bits.exponential = true;
    circuit.bits.pause = true;
    let adaptation = &mut circuit.adaptation;
    adaptation.leak_conductance = adaptation.capacitance / 100e-6;
    adaptation.coupling = 0.5 * adaptation.leak_conductance;
    adaptation.leak_potential = 0.42;
    adaptation.pulse_current = 50e-9;
    adaptation.pulse_length = Some(SimTime::from_ns(504));
    circuit.bits.adaptation = true;
    circuit
}

/// A constant current in A, drawn or given.
pub(crate) fn with_current(mut circuit: Circuit, current: f64) -> Circuit {
    circuit.offset_current = current.abs();
    circuit.bits.membrane_offset = true;
    circuit.bits.invert_membrane_offset = current < 0.0;
    circuit
}

/// All circuits of a chip, a little different from each other, some of them joined.
pub(crate) fn chip() -> Vec<(Neuron, Circuit)> {
    let circuit = |neuron: Neuron| {
        let number = neuron.index();
        let mut circuit = if number.is_multiple_of(3) { integrate_and_fire() } else { adaptive() };
        circuit.leak.potential += 0.02 * ((number * 37 % 101) as f64 / 101.0 - 0.5);
        circuit.comparator.threshold += 0.03 * ((number * 53 % 97) as f64 / 97.0 - 0.5);
        circuit = with_current(circuit, 140e-9 * ((number * 71 % 89) as f64 / 89.0));
        // Chains of two compartments, in both rows, and a merged pair.
        match number {
            100 | 230..270 if number.is_multiple_of(2) => {
                (circuit.bits.compartments.soma, circuit.bits.compartments.somata) = (true, true)
            }
            101 | 231..270 => {
                circuit.bits.compartments.conductance = true;
                circuit.compartment.conductance = 1.6e-6;
            }
            200 => circuit.bits.compartments.membrane_right = true,
            _ => {}
        }
        circuit
    };
    Neuron::all().map(|neuron| (neuron, circuit(neuron))).collect()
}
