//! The individual values of one neuron circuit in one struct.

use super::{ChipMismatch, Parameter};
use bss2_base::Neuron;
use serde::{Deserialize, Serialize};

/// Everything that is special about one neuron circuit (analog-core 3 and 8.2): values, not deviations. Two-element arrays
/// hold the excitatory and the inhibitory input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuronMismatch {
    /// F per code of the capacitor bank.
    pub capacitance_per_code: f64,
    /// F without the bank.
    pub parasitic_capacitance: f64,
    /// A into the membrane.
    pub residual_leakage: f64,
    /// S per code of the leak.
    pub leak_strength: f64,
    /// V on the leak potential, shared and own offset together.
    pub leak_offset: f64,
    /// V per code of the leak bias, zero at code 150.
    pub leak_offset_per_bias: f64,
    /// S per code of the reset.
    pub reset_strength: f64,
    /// V on the reset potential, shared and own offset together.
    pub reset_offset: f64,
    /// C on the membrane when the reset is released.
    pub release_charge: f64,
    /// V on the threshold.
    pub threshold_offset: f64,
    /// s of comparator delay at the default bias.
    pub comparator_delay: f64,
    /// s times code of the line time constant.
    pub line_tau: [f64; 2],
    /// F of a line.
    pub line_capacitance: [f64; 2],
    /// F of a line in small-capacitance mode.
    pub small_line_capacitance: [f64; 2],
    /// S per code of the synaptic transconductor.
    pub synaptic_strength: [f64; 2],
    /// V of input offset of the synaptic transconductor.
    pub synaptic_offset: [f64; 2],
    /// 1/V of conductance-based modulation.
    pub coba_strength: [f64; 2],
    /// V on the reference potential of the conductance-based mode.
    pub coba_reference_offset: [f64; 2],
    /// A, pre-factor of the exponential current.
    pub exponential_current: f64,
    /// V times code of the exponential slope.
    pub exponential_slope: f64,
    /// V on the exponential onset.
    pub exponential_offset: f64,
    /// S per code of the adaptation leak.
    pub adaptation_leak: f64,
    /// S per code of the sub-threshold adaptation.
    pub adaptation_coupling: f64,
    /// A per code of the spike-triggered adaptation.
    pub adaptation_pulse: f64,
    /// S from the adaptation voltage to the membrane.
    pub adaptation_output: f64,
    /// V on the adaptation reference.
    pub adaptation_reference_offset: f64,
    /// V on the adaptation leak potential.
    pub adaptation_leak_offset: f64,
    /// A per code of the offset current.
    pub offset_current: f64,
    /// V at the readout amplifier.
    pub readout_offset: f64,
    /// S per code of the inter-compartment conductance.
    pub compartment_strength: f64,
    /// V at the inter-compartment transconductor.
    pub compartment_offset: f64,
    /// The circuit is stuck in reset.
    pub dead: bool,
}

impl NeuronMismatch {
    pub(super) fn of(chip: &ChipMismatch, neuron: Neuron) -> Self {
        let index = neuron.index();
        let value = |parameter| chip.value(parameter, index);
        let both = |parameter| [0, 1].map(|draw| chip.value_of(parameter, index, draw));
        Self {
            capacitance_per_code: value(Parameter::MembraneCapacitance),
            parasitic_capacitance: value(Parameter::ParasiticCapacitance),
            residual_leakage: value(Parameter::ResidualLeakage),
            leak_strength: value(Parameter::LeakStrength),
            leak_offset: value(Parameter::LeakSharedOffset) + value(Parameter::LeakOwnOffset),
            leak_offset_per_bias: value(Parameter::LeakOffsetPerBias),
            reset_strength: value(Parameter::ResetStrength),
            reset_offset: value(Parameter::ResetSharedOffset) + value(Parameter::ResetOwnOffset),
            release_charge: value(Parameter::ReleaseCharge),
            threshold_offset: value(Parameter::ThresholdOffset),
            comparator_delay: value(Parameter::ComparatorDelay),
            line_tau: [value(Parameter::ExcitatoryTau), value(Parameter::InhibitoryTau)],
            line_capacitance: both(Parameter::LineCapacitance),
            small_line_capacitance: both(Parameter::SmallLineCapacitance),
            synaptic_strength: [value(Parameter::ExcitatoryStrength), value(Parameter::InhibitoryStrength)],
            synaptic_offset: [value(Parameter::ExcitatoryOffset), value(Parameter::InhibitoryOffset)],
            coba_strength: both(Parameter::CobaStrength),
            coba_reference_offset: both(Parameter::CobaReferenceOffset),
            exponential_current: value(Parameter::ExponentialCurrent),
            exponential_slope: value(Parameter::ExponentialSlope),
            exponential_offset: value(Parameter::ExponentialOffset),
            adaptation_leak: value(Parameter::AdaptationLeak),
            adaptation_coupling: value(Parameter::AdaptationCoupling),
            adaptation_pulse: value(Parameter::AdaptationPulse),
            adaptation_output: value(Parameter::AdaptationOutput),
            adaptation_reference_offset: value(Parameter::AdaptationReferenceOffset),
            adaptation_leak_offset: value(Parameter::AdaptationLeakOffset),
            offset_current: value(Parameter::OffsetCurrent),
            readout_offset: value(Parameter::ReadoutOffset),
            compartment_strength: value(Parameter::CompartmentStrength),
            compartment_offset: value(Parameter::CompartmentOffset),
            dead: chip.is_dead(neuron),
        }
    }
}
