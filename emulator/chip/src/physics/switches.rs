//! The configuration bits that shape analog circuits, decoded: what the translation needs besides the cells.
//!
//! Field meanings are those of analog-core 3.11 and register-map 5.5 to 5.7; inverted and split register fields have been
//! straightened by whoever fills these structs in. The default of each is "all bits 0", not the state of any register.

use bss2_analog::circuit::Bits;
use bss2_base::{RowMode, SimTime};
use serde::{Deserialize, Serialize};

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
    /// Length of the adaptation pulse, one period of its clock; `None` without `en_adapt_pulse` or while the clocks
    /// of the block are off.
    pub adaptation_pulse: Option<SimTime>,
}

/// All bits of one neuron circuit (registers NeuronConfig, NeuronBackendConfig and the common back-end).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronSwitches {
    /// The analog side. Its fire lines stay open: they are digital (event-routing 9.5).
    pub bits: Bits,
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
