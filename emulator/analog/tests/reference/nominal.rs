//! The typical chip without mismatch: what codes mean (analog-core 2.4 and 3). For comparison with measurements, whose settings are
//! codes.

use bss2_analog::Refractory;
use bss2_analog::mismatch::{Parameter, constants as c};
use bss2_analog::reference::Circuit;
use bss2_base::SimTime;

fn nominal(parameter: Parameter) -> f64 {
    parameter.quantity().nominal
}

/// A voltage cell in V.
pub(crate) fn cell(code: f64) -> f64 {
    (c::VOLTAGE_CELL_LSB * code + c::VOLTAGE_CELL_OFFSET).min(c::VOLTAGE_CELL_MAX)
}

/// Leak, reset, CoBa reference, exponential potential in V.
pub(crate) fn follower(code: f64) -> f64 {
    (c::FOLLOWER_GAIN * cell(code) + c::FOLLOWER_OFFSET).clamp(0.0, 1.2)
}

/// A bias code as the small-signal conductance in S of a transconductor of this strength and knee.
pub(crate) fn conductance(strength: f64, code: f64, knee: f64) -> f64 {
    strength * code * 2.0 / (1.0 + (1.0 + 4.0 * code / knee).sqrt())
}

/// Leak conductance in S.
pub(crate) fn leak(code: f64) -> f64 {
    conductance(nominal(Parameter::LeakStrength), code, c::LEAK_KNEE)
}

/// Offset current in A.
pub(crate) fn offset_current(code: f64) -> f64 {
    let excess = (code - c::OFFSET_COMPRESSION_START).max(0.0) / (1022.0 - c::OFFSET_COMPRESSION_START);
    nominal(Parameter::OffsetCurrent) * code * (1.0 - c::OFFSET_COMPRESSION * excess)
}

/// Charge in C of an event with this weight and DAC bias, full pulse.
pub(crate) fn charge(weight: f64, dac: f64) -> f64 {
    nominal(Parameter::SynapseCharge) * weight * dac / c::SYNAPSE_DAC_REFERENCE
}

/// A membrane with this capacitor code, potentials by code, leak bias by code, and the strongest reset.
pub(crate) fn neuron(capacitor: u8, v_leak: f64, v_threshold: f64, v_reset: f64, leak_bias: f64) -> Circuit {
    let mut circuit = Circuit::default();
    circuit.bits.membrane_capacitor_size = capacitor;
    circuit.leak.conductance = leak(leak_bias);
    circuit.leak.potential = follower(v_leak) + nominal(Parameter::LeakOffsetPerBias) * (leak_bias - 150.0);
    circuit.reset.conductance = conductance(nominal(Parameter::ResetStrength), 1022.0, c::RESET_KNEE);
    circuit.reset.potential = follower(v_reset);
    circuit.bits.reset.multiplication = true;
    circuit.release_charge = nominal(Parameter::ReleaseCharge);
    circuit.comparator.threshold = cell(v_threshold);
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory = Refractory { clock: Some(SimTime::from_ns(16)), ticks: 125, holdoff_ticks: 1 };
    circuit
}

/// With the excitatory input on: time constant of the line in s, gm by code.
pub(crate) fn with_input(mut circuit: Circuit, tau: f64, gm: f64) -> Circuit {
    let input = &mut circuit.inputs[0];
    input.resistance = Some(tau / input.capacitance);
    input.transconductance = conductance(nominal(Parameter::ExcitatoryStrength), gm, c::SYNAPTIC_KNEE);
    input.saturation_current = c::SYNAPTIC_SATURATION * gm;
    input.output_conductance = c::OUTPUT_CONDUCTANCE * input.transconductance;
    circuit.bits.inputs[0].enable = true;
    circuit
}

/// With an offset current by code.
pub(crate) fn with_offset(mut circuit: Circuit, code: f64) -> Circuit {
    circuit.offset_current = offset_current(code);
    circuit.bits.membrane_offset = true;
    circuit
}
