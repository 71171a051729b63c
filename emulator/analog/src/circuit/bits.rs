//! The configuration bits of a neuron circuit, by the names of the specification (analog-core 3.11). Reset state: all off.

use crate::parameters::ReadoutSource;
use serde::{Deserialize, Serialize};

/// Range of the leak or the reset (analog-core 3.2, 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeBits {
    /// `enable_*_multiplication`: eight times the conductance.
    pub multiplication: bool,
    /// `enable_*_division`: an eighth of the conductance. With both the factor is 1.
    pub division: bool,
    /// `enable_*_degeneration`: half the conductance, twice the linear range.
    pub degeneration: bool,
}

/// One synaptic input (analog-core 3.6, 3.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputBits {
    /// `enable_synaptic_input_*`: the transconductor reaches the membrane.
    pub enable: bool,
    /// `enable_*_coba_mode`: conductance-based.
    pub coba_mode: bool,
    /// `enable_*_small_capacitance`.
    pub small_capacitance: bool,
    /// `enable_*_high_resistance`.
    pub high_resistance: bool,
    /// `enable_bypass_*`: the line fires the neuron directly.
    pub bypass: bool,
}

/// Switches to other circuits (analog-core 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompartmentBits {
    /// `connect_soma`: the membrane to its segment of the somatic line.
    pub soma: bool,
    /// `connect_membrane_right`: the membrane to that of the right neighbour.
    pub membrane_right: bool,
    /// `connect_bottom`: the membrane to that of the other row; both circuits must have it set.
    pub bottom: bool,
    /// `connect_somata`: the line segment to that of the right neighbour.
    pub somata: bool,
    /// `enable_multicomp_conductance`: a conductance between membrane and line segment.
    pub conductance: bool,
    /// `enable_multicomp_conductance_divide`: a quarter of it.
    pub divide: bool,
    /// `enable_multicomp_conductance_multiply`: four times. With both the factor is 1.
    pub multiply: bool,
}

impl CompartmentBits {
    /// The first closed switch, in the words of the specification.
    pub(crate) fn first_closed(&self) -> Option<&'static str> {
        let switches = [
            (self.soma, "connect_soma"),
            (self.membrane_right, "connect_membrane_right"),
            (self.bottom, "connect_bottom"),
            (self.somata, "connect_somata"),
            (self.conductance, "enable_multicomp_conductance"),
        ];
        switches.into_iter().find_map(|(closed, name)| closed.then_some(name))
    }
}

/// How the fire line of the back-end reaches other circuits (event-routing 9.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireBits {
    /// `neuron_master`: the fire of this circuit goes onto its line.
    pub master: bool,
    /// `neuron_slave`: this circuit is refractory with the line, its own comparator is not looked at.
    pub slave: bool,
    /// `connect_fire_bottom`: joins the line with that of the other row; one of both circuits is enough.
    pub connect_bottom: bool,
    /// `connect_fire_to_right`: drives the line of the right neighbour.
    pub connect_to_right: bool,
    /// `connect_fire_from_right`: broken in silicon, without effect.
    pub connect_from_right: bool,
}

/// All configuration bits of a neuron circuit (analog-core 3.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    /// Range of the leak.
    pub leak: RangeBits,
    /// Range of the reset.
    pub reset: RangeBits,
    /// `enable_pause`: synaptic inputs and exponential are disconnected while the reset switch is closed.
    pub pause: bool,
    /// `enable_strong_fire`: no effect (analog-core 3.4).
    pub strong_fire: bool,
    /// `enable_readout`: the amplified signal drives the readout line of its row and column parity.
    pub readout: bool,
    /// `readout_source`.
    pub readout_source: ReadoutSource,
    /// `enable_readout_amplifier`; without it neither CADC nor MADC see the neuron.
    pub readout_amplifier: bool,
    /// `enable_unbuffered_access`: the membrane is connected to the stimulation line of its row.
    pub unbuffered_access: bool,
    /// Excitatory, then inhibitory input.
    pub inputs: [InputBits; 2],
    /// `enable_adaptation`: the adaptation current reaches the membrane. The adaptation voltage moves regardless.
    pub adaptation: bool,
    /// `invert_adaptation_a`.
    pub invert_adaptation_a: bool,
    /// `invert_adaptation_b`.
    pub invert_adaptation_b: bool,
    /// `enable_exponential`.
    pub exponential: bool,
    /// `enable_membrane_offset`.
    pub membrane_offset: bool,
    /// `invert_membrane_offset`: the offset current is a sink.
    pub invert_membrane_offset: bool,
    /// `membrane_capacitor_size`, 0..=63.
    pub membrane_capacitor_size: u8,
    /// `enable_fire`: without it no fire of any cause.
    pub fire: bool,
    /// `enable_threshold_comparator`.
    pub threshold_comparator: bool,
    /// Switches to other circuits.
    pub compartments: CompartmentBits,
    /// Fire lines of the back-end.
    pub fire_lines: FireBits,
}
