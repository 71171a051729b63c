//! The configuration bits that shape analog circuits, decoded: what the translation needs besides the cells.
//!
//! Field meanings are those of analog-core 3.11 and register-map 5.5 to 5.7; inverted and split register fields have been
//! straightened by whoever fills these structs in. The default of each is "all bits 0", not the state of any register.

use bss2_analog::ReadoutSource;
use bss2_base::{RowMode, SimTime};
use serde::{Deserialize, Serialize};

/// Range bits of a transconductor (`enable_*_{multiplication, division, degeneration}`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeSwitches {
    /// Conductance times 8.
    pub multiply: bool,
    /// Conductance divided by 8; together with `multiply` nothing changes.
    pub divide: bool,
    /// Source degeneration: half the conductance, twice the linear range.
    pub degenerate: bool,
}

/// Bits of one synaptic input of a neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSwitches {
    /// `enable_synaptic_input_*`: the transconductor reaches the membrane.
    pub enable: bool,
    /// `enable_synaptic_input_*_coba_mode`. Not modelled yet.
    pub coba: bool,
    /// `enable_synaptic_input_*_small_capacitance`.
    pub small_capacitance: bool,
    /// `enable_synaptic_input_*_high_resistance`.
    pub high_resistance: bool,
    /// `enable_bypass_*`. Not modelled yet.
    pub bypass: bool,
}

/// Bits of the adaptation circuit. Not modelled yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdaptationSwitches {
    /// `enable_adaptation`.
    pub enable: bool,
    /// `invert_adaptation_a`.
    pub invert_a: bool,
    /// `invert_adaptation_b`.
    pub invert_b: bool,
}

/// Bits that join membranes (analog-core 4). Not modelled yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompartmentSwitches {
    /// `connect_soma`.
    pub soma: bool,
    /// `connect_membrane_right`.
    pub membrane_right: bool,
    /// `connect_bottom`.
    pub bottom: bool,
    /// `connect_somata`.
    pub somata: bool,
    /// `enable_multicomp_conductance`.
    pub conductance: bool,
    /// `enable_multicomp_conductance_multiplication`.
    pub conductance_multiply: bool,
    /// `enable_multicomp_conductance_division`.
    pub conductance_divide: bool,
}

/// What the digital back-end contributes to the analog behaviour of a neuron (analog-core 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendSwitches {
    /// Period of the refractory clock that the neuron selects; `None` while the clocks of its block are off.
    pub refractory_clock: Option<SimTime>,
    /// `refractory_time`, 0..=255 ticks.
    pub refractory_time: u8,
    /// `reset_holdoff`, 0..=15.
    pub reset_holdoff: u8,
    /// Whether a fire sends a post pulse into the column: not with `post_overwrite`, and only if the Bayesian extension or the
    /// fire connection supplies one (event-routing 9.5).
    pub post_pulse: bool,
    /// `force_reset` of the block.
    pub force_reset: bool,
}

/// All bits of one neuron circuit (registers NeuronConfig, NeuronBackendConfig and the common back-end).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronSwitches {
    /// Range bits outside of the reset.
    pub leak: RangeSwitches,
    /// Range bits during the reset.
    pub reset: RangeSwitches,
    /// `enable_pause`: synaptic inputs are cut off during the reset.
    pub pause: bool,
    /// `enable_strong_fire`: no effect in the model (analog-core 3.4).
    pub strong_fire: bool,
    /// `enable_readout`: the amplifier drives the shared readout line of the MADC.
    pub readout: bool,
    /// `readout_source`.
    pub readout_source: ReadoutSource,
    /// `enable_readout_amplifier`.
    pub readout_amplifier: bool,
    /// `enable_unbuffered_access`: the membrane is on the stimulation line of its row.
    pub unbuffered_access: bool,
    /// Excitatory, then inhibitory input.
    pub inputs: [InputSwitches; 2],
    /// The adaptation.
    pub adaptation: AdaptationSwitches,
    /// `enable_exponential`. Not modelled yet.
    pub exponential: bool,
    /// `enable_membrane_offset`.
    pub membrane_offset: bool,
    /// `invert_membrane_offset`: the offset current flows out of the membrane.
    pub invert_membrane_offset: bool,
    /// `membrane_capacitor_size`, 0..=63.
    pub capacitor: u8,
    /// `enable_fire`.
    pub fire: bool,
    /// `enable_threshold_comparator`.
    pub threshold_comparator: bool,
    /// Connections to other circuits.
    pub compartments: CompartmentSwitches,
    /// The digital side.
    pub backend: BackendSwitches,
}

/// All bits of one synapse driver (registers SynapseDriverConfig, CommonSTPConfig, CommonPADIBusConfig).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverSwitches {
    /// Bottom row, then top row.
    pub rows: [RowMode; 2],
    /// `enable_stp`; without it every pulse is full, in hagen mode too (haldls `synapse_driver.h`).
    pub stp: bool,
    /// `enable_hagen_dac`.
    pub hagen_dac: bool,
    /// `enable_hagen_modulation`.
    pub hagen_modulation: bool,
    /// `enable_recovery` of the driver.
    pub recovery_enable: bool,
    /// `utilization`, 0..=15.
    pub utilization: u8,
    /// `recovery`, 0..=15.
    pub recovery: u8,
    /// `offset`, 0..=15.
    pub offset: u8,
    /// `hagen_dac_offset`, 0..=63.
    pub hagen_dac_offset: u8,
    /// `select_target_voltages`: pair 1 instead of 0.
    pub second_target_voltages: bool,
    /// Period of the divided STP clock, of which a recovery tick takes 16; `None` while `enable_recovery_clock` is 0.
    pub recovery_clock: Option<SimTime>,
    /// `dacen_pulse_extension` of its PADI bus, 0..=15.
    pub pulse_extension: u8,
    /// `enable_readout`. Not modelled yet.
    pub readout: bool,
    /// `enable_renewing`: broken in silicon, no effect.
    pub renewing: bool,
    /// `enable_charge_sharing`: broken in silicon, no effect.
    pub charge_sharing: bool,
}

/// Which biases of the synapses of a quadrant come from the CapMem (register SynapseBiasSelection); the others are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynapseBiases {
    /// `int_output`: correlation readout.
    pub output: bool,
    /// `int_store`: correlation amplitude.
    pub store: bool,
    /// `int_ramp`: correlation time constant.
    pub ramp: bool,
    /// `int_dac`: synapse DAC.
    pub dac: bool,
}

impl SynapseBiases {
    /// All internal, as the official default chip has it.
    pub const INTERNAL: Self = Self { output: true, store: true, ramp: true, dac: true };
    /// All external: the synapses have no bias.
    pub const EXTERNAL: Self = Self { output: false, store: false, ramp: false, dac: false };
}

/// Voltages of the board that reach the chip (settled rows 8 and 9). The official start-up sets all of them to 0 V.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardVoltages {
    /// `v_res_meas` in V (DAC 0 channel 1): scales the correlation amplitude, nominal at 0.9 V.
    pub v_res_meas: f64,
    /// `mux_dac_25` in V (DAC 0 channel 7): the accumulator reset voltage, nominal at 1.85 V.
    pub mux_dac_25: f64,
}

impl BoardVoltages {
    /// What correlation experiments set.
    pub const NOMINAL: Self = Self { v_res_meas: 0.9, mux_dac_25: 1.85 };
}

/// What one CADC channel is configured to (registers CADCChannelConfig, CommonCorrelationConfig).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CadcSwitches {
    /// Digital offset, -128..=127.
    pub digital_offset: i8,
    /// `select_voltage_left/right` of this half: the ramp starts at the voltage of the other quadrant of the hemisphere.
    pub ramp_of_other_side: bool,
}
