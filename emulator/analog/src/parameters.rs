//! What a circuit is told about itself: physical parameters in SI units.
//!
//! The chip crate computes these structs from CapMem codes, configuration bits and the mismatch of the individual. Nothing
//! here is a code or a register field. Where a default is given it is the neutral state: nothing enabled, nothing connected.

use bss2_base::{RowMode, SimTime};
use serde::{Deserialize, Serialize};

/// Resting voltage of a synaptic line in V; an event pulls the line below it (analog-core 3.6).
pub const LINE_REST: f64 = 1.2;

/// A transconductor that pulls the membrane toward a potential: the leak, or the same circuit in reset mode
/// (analog-core 3.2, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transconductor {
    /// Small-signal conductance in S, range bits and degeneration included. 0 switches it off.
    pub conductance: f64,
    /// The potential in V at which it draws no current, follower and offsets included.
    pub potential: f64,
    /// Half width of the linear range in V: the current saturates as `conductance * linear_range * tanh(...)`.
    pub linear_range: f64,
}

impl Default for Transconductor {
    fn default() -> Self {
        Self { conductance: 0.0, potential: 0.0, linear_range: 0.5 }
    }
}

/// One current-based synaptic input: the RC line and the transconductor that reads it (analog-core 3.6).
///
/// The line is always there and always integrates; `enabled` says whether its transconductor reaches the membrane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynapticInput {
    /// Whether the transconductor is connected to the membrane (`enable_synaptic_input_*`).
    pub enabled: bool,
    /// Decay time constant of the line in s, floating lines included (200 us or 1 ms).
    pub time_constant: f64,
    /// Capacitance of the line in F; a charge `Q` moves the line by `Q / line_capacitance`.
    pub line_capacitance: f64,
    /// Small-signal transconductance line -> membrane in S (`g_x`).
    pub transconductance: f64,
    /// Input offset in V (`o_x`, shift and mismatch together); acts like a constant line swing.
    pub offset: f64,
    /// Saturation current of the transconductor in A (`I_gm`).
    pub saturation_current: f64,
    /// Output conductance of the transconductor in S, the pseudo-leak.
    pub output_conductance: f64,
    /// The potential in V toward which the output conductance pulls.
    pub output_potential: f64,
}

impl Default for SynapticInput {
    fn default() -> Self {
        Self {
            enabled: false,
            time_constant: 200e-6,
            line_capacitance: 2.5e-12,
            transconductance: 0.0,
            offset: 0.0,
            saturation_current: 0.0,
            output_conductance: 0.0,
            output_potential: 0.6,
        }
    }
}

/// The threshold comparator (analog-core 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparator {
    /// Threshold in V, comparator offset included.
    pub threshold: f64,
    /// Delay in s from the crossing to the output.
    pub delay: f64,
}

/// Refractory counter of the digital back-end, as far as it acts on the membrane (analog-core 3.3, event-routing 9.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refractory {
    /// Period of the clock that the neuron selects; `None` while the clocks of its block are off: the counter stands still and a
    /// refractory neuron stays refractory.
    pub clock: Option<SimTime>,
    /// Length of the refractory period in ticks; 0 counts as 1.
    pub ticks: u16,
    /// The reset switch opens this number of ticks before the period ends: `2 * (15 - reset_holdoff) + 1`. If the period is
    /// shorter than that the match is missed and reset lasts the whole period.
    pub holdoff_ticks: u16,
}

impl Default for Refractory {
    fn default() -> Self {
        Self { clock: None, ticks: 0, holdoff_ticks: 31 }
    }
}

/// What the readout amplifier of a neuron shows (analog-core 7.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadoutSource {
    /// The membrane, gain 1.
    #[default]
    Membrane,
    /// The excitatory synaptic line behind its follower.
    ExcitatoryLine,
    /// The inhibitory synaptic line behind its follower.
    InhibitoryLine,
    /// The adaptation capacitor.
    Adaptation,
}

/// The readout amplifier of a neuron (analog-core 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readout {
    /// The node that is read.
    pub source: ReadoutSource,
    /// Whether the amplifier is on; off, it drives neither CADC nor MADC.
    pub amplifier: bool,
    /// Offset in V of the amplifier, added to every source.
    pub offset: f64,
    /// Gain of the source follower before a synaptic line.
    pub line_gain: f64,
    /// Offset in V of the source follower before a synaptic line.
    pub line_offset: f64,
}

impl Default for Readout {
    fn default() -> Self {
        Self {
            source: ReadoutSource::Membrane,
            amplifier: false,
            offset: 0.0,
            line_gain: 0.85,
            line_offset: -0.42,
        }
    }
}

/// Which of the two synaptic lines of a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// Depolarises.
    Excitatory = 0,
    /// Hyperpolarises.
    Inhibitory = 1,
}

impl Line {
    /// Both, excitatory first.
    pub const ALL: [Self; 2] = [Self::Excitatory, Self::Inhibitory];
    /// Sign of the membrane current for a line swing.
    pub const fn sign(self) -> f64 {
        match self {
            Self::Excitatory => 1.0,
            Self::Inhibitory => -1.0,
        }
    }
}

/// The linear part of a neuron circuit, with its bits applied (analog-core 3): what the linear class takes from a
/// [`Circuit`](crate::circuit::Circuit).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuronParameters {
    /// Membrane capacitance in F, parasitics included.
    pub capacitance: f64,
    /// The transconductor outside of the reset.
    pub leak: Transconductor,
    /// The transconductor while the reset switch is closed; the leak is absent then.
    pub reset: Transconductor,
    /// Charge in C that opening the reset switch injects on the membrane (about -8 fC).
    pub release_charge: f64,
    /// Constant membrane current in A: offset current and parasitic leakage.
    pub constant_current: f64,
    /// Excitatory, then inhibitory input.
    pub inputs: [SynapticInput; 2],
    /// Disconnect the synaptic inputs while the reset switch is closed (`enable_pause`).
    pub pause_in_reset: bool,
    /// The comparator, `None` if it is disabled or without bias.
    pub comparator: Option<Comparator>,
    /// Whether the fire line reaches the back-end; gates the comparator and artificial fire alike (`enable_fire`).
    pub enable_fire: bool,
    /// Refractory period and hold-off.
    pub refractory: Refractory,
    /// Whether a fire of this neuron sends a post pulse into its column (not so with `post_overwrite`).
    pub post_pulse: bool,
    /// The reset switch is closed for good: `force_reset` of the block, or a dead circuit.
    pub held_in_reset: bool,
    /// The readout amplifier.
    pub readout: Readout,
}

impl Default for NeuronParameters {
    fn default() -> Self {
        Self {
            capacitance: 0.176e-12,
            leak: Transconductor::default(),
            reset: Transconductor::default(),
            release_charge: 0.0,
            constant_current: 0.0,
            inputs: [SynapticInput::default(); 2],
            pause_in_reset: false,
            comparator: None,
            enable_fire: false,
            refractory: Refractory::default(),
            post_pulse: true,
            held_in_reset: false,
            readout: Readout::default(),
        }
    }
}

/// Ramp of a synapse driver: the pulse starts when the ramp reaches the control voltage and ends with the window
/// (analog-core 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PulseRamp {
    /// Slope of the ramp in V/s after the early part.
    pub slope: f64,
    /// Slope in V/s during the first `early_time`, where the offset DAC takes part of the ramp current away.
    pub early_slope: f64,
    /// Length of the early part in s (2 ns).
    pub early_time: f64,
    /// Length of the window in s (4 ns).
    pub window: f64,
    /// Comparator offset in V.
    pub comparator_offset: f64,
}

/// Short-term plasticity of a driver (analog-core 5.4). The state, one voltage, lives in the core.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShortTermPlasticity {
    /// Target in V that an event moves the voltage toward.
    pub charge_potential: f64,
    /// Target in V that recovery moves the voltage toward.
    pub recovery_potential: f64,
    /// Fraction of the way that one event moves it, 0..=1.
    pub utilization: f64,
    /// Fraction of the way that one recovery tick moves it, 0..=1.
    pub recovery: f64,
    /// Period of the recovery ticks, which fall on its multiples; `None` if recovery or its clock is off.
    pub recovery_period: Option<SimTime>,
}

/// How a driver gets the control voltage of its ramp (analog-core 5.4, 5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum PulseControl {
    /// No modulation: the pulse fills the window.
    #[default]
    Full,
    /// The short-term plasticity voltage.
    ShortTermPlasticity,
    /// The DAC of the hagen mode: `base + step * (k - 1)` volts, `k` the five low label bits of the event.
    Hagen {
        /// Control voltage in V at `k = 1` (activation 31), driver offset included.
        base: f64,
        /// Control voltage per code in V.
        step: f64,
    },
}

/// A synapse driver: two rows and the pulse they share (analog-core 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriverParameters {
    /// Mode of the bottom row (`2 * driver`), then of the top row (`2 * driver + 1`).
    pub rows: [RowMode; 2],
    /// Where the control voltage comes from.
    pub control: PulseControl,
    /// The ramp; without effect under [`PulseControl::Full`].
    pub ramp: PulseRamp,
    /// The dynamics of the plasticity voltage. They run whatever `control` says.
    pub plasticity: ShortTermPlasticity,
    /// Lengthening of every pulse in units of the window (`dacen_pulse_extension`, analog-core 5.2).
    pub extension: f64,
}

impl Default for DriverParameters {
    fn default() -> Self {
        Self {
            rows: [RowMode::Disabled; 2],
            control: PulseControl::Full,
            ramp: PulseRamp {
                slope: 0.0,
                early_slope: 0.0,
                early_time: 2e-9,
                window: 4e-9,
                comparator_offset: 0.0,
            },
            plasticity: ShortTermPlasticity {
                charge_potential: 0.0,
                recovery_potential: 0.0,
                utilization: 0.0,
                recovery: 0.0,
                recovery_period: None,
            },
            extension: 0.0,
        }
    }
}

/// Static individuality of one synapse, all factors around 1 (analog-core 8.2, 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynapseMismatch {
    /// Factor on the charge of the synapse DAC.
    pub charge: f32,
    /// The causal correlation branch.
    pub causal: BranchMismatch,
    /// The acausal correlation branch.
    pub acausal: BranchMismatch,
}

/// Individuality of one correlation branch of one synapse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BranchMismatch {
    /// Factor on the time constant.
    pub time_constant: f32,
    /// Factor on the amplitude; 0 for a dead sensor.
    pub amplitude: f32,
}

impl Default for BranchMismatch {
    fn default() -> Self {
        Self { time_constant: 1.0, amplitude: 1.0 }
    }
}

impl Default for SynapseMismatch {
    fn default() -> Self {
        Self { charge: 1.0, causal: BranchMismatch::default(), acausal: BranchMismatch::default() }
    }
}

/// One branch of the correlation sensors of a quadrant, calibration bits 0 (analog-core 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrelationBranch {
    /// Time constant of the trace in s (5 us at ramp code 80).
    pub time_constant: f64,
    /// Step of the accumulator in V for a pair without delay on an empty accumulator (0.5 LSB = 2.25 mV at store code 70).
    pub amplitude: f64,
}

/// The correlation sensors of a quadrant (analog-core 6). Voltages refer to the input of the CADC.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrelationParameters {
    /// Pre before post.
    pub causal: CorrelationBranch,
    /// Post before pre.
    pub acausal: CorrelationBranch,
    /// The time constant is divided by `1 + time_calibration_step * code`, code 0..=3.
    pub time_calibration_step: f64,
    /// The amplitude is divided by `1 + amplitude_calibration_step * code`, code 0..=3.
    pub amplitude_calibration_step: f64,
    /// A step shrinks by the factor `1 - a / compression` as the accumulator voltage `a` grows; in V (200 LSB = 0.9 V).
    pub compression: f64,
    /// The accumulator stops at this voltage in V (165 LSB = 0.7425 V).
    pub saturation: f64,
    /// The accumulator leaks toward 0 at this rate in V/s (0.05 LSB/ms = 0.225 V/s).
    pub leakage: f64,
}

impl Default for CorrelationParameters {
    /// The typical sensor of analog-core 6 at 4.5 mV per CADC LSB.
    fn default() -> Self {
        let branch = CorrelationBranch { time_constant: 5e-6, amplitude: 2.25e-3 };
        Self {
            causal: branch,
            acausal: branch,
            time_calibration_step: 0.25,
            amplitude_calibration_step: 0.25,
            compression: 0.9,
            saturation: 0.7425,
            leakage: 0.225,
        }
    }
}

/// The two correlation branches of a synapse and the two CADC channels of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Branch {
    /// Pre before post.
    Causal = 0,
    /// Post before pre.
    Acausal = 1,
}

impl Branch {
    /// Both, causal first.
    pub const ALL: [Self; 2] = [Self::Causal, Self::Acausal];
}

/// The switches at the edge of a column (analog-core 3.6, 7.1). Default: all open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSwitches {
    /// Synaptic current of excitatory rows, then of inhibitory rows, reaches the line of the neuron.
    pub synaptic_current: [bool; 2],
    /// The correlation readout of the column is connected to its causal, acausal CADC channel.
    pub correlation: [bool; 2],
    /// The readout amplifier of the neuron is connected to its causal, acausal CADC channel.
    pub neuron_readout: [bool; 2],
    /// The input of its causal, acausal CADC channel is connected to the debug line that all columns share.
    pub debug: [bool; 2],
}

impl ColumnSwitches {
    /// Whether anything is connected to the input of a channel.
    pub fn selects(&self, branch: Branch) -> bool {
        let branch = branch as usize;
        self.correlation[branch] || self.neuron_readout[branch] || self.debug[branch]
    }
}

/// One of the 1024 CADC channels, with the correlation readout it sees (analog-core 7.1, 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CadcChannel {
    /// Voltage in V at which the ramp starts: code 0 without offsets.
    pub ramp_start: f64,
    /// Volts per code, channel gain included.
    pub volts_per_code: f64,
    /// Offset of the channel in codes, before rounding.
    pub offset: f64,
    /// Offset in codes that is added after conversion, -128..=127.
    pub digital_offset: i16,
    /// Whether the comparator works; without bias it never trips and the counter runs to 255.
    pub comparator: bool,
    /// Voltage in V that the correlation readout of this channel shows for an empty accumulator (code 180: 0.87 V).
    pub correlation_baseline: f64,
}

impl Default for CadcChannel {
    /// The nominal channel: 20 at 0.150 V, 4.5 mV per code.
    fn default() -> Self {
        Self {
            ramp_start: 0.060,
            volts_per_code: 4.5e-3,
            offset: 0.0,
            digital_offset: 0,
            comparator: true,
            correlation_baseline: 0.87,
        }
    }
}

/// A neuron parameter that no circuit can have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} = {value:e} is outside of what a circuit can have ({demand})")]
pub struct ParameterError {
    /// The field.
    pub name: &'static str,
    /// Its value in the unit of the field.
    pub value: f64,
    /// What would be accepted.
    pub demand: &'static str,
}

impl NeuronParameters {
    /// Whether the equations have a meaning with these values.
    ///
    /// # Errors
    /// Names the first field that is not finite, a capacitance or time constant that is not positive, or a conductance
    /// or delay that is negative.
    pub fn check(&self) -> Result<(), ParameterError> {
        positive("capacitance", self.capacitance)?;
        for (conductance, potential, circuit) in [
            ("leak.conductance", "leak.potential", &self.leak),
            ("reset.conductance", "reset.potential", &self.reset),
        ] {
            not_negative(conductance, circuit.conductance)?;
            finite(potential, circuit.potential)?;
        }
        finite("release_charge", self.release_charge)?;
        finite("constant_current", self.constant_current)?;
        for input in &self.inputs {
            positive("inputs.time_constant", input.time_constant)?;
            positive("inputs.line_capacitance", input.line_capacitance)?;
            not_negative("inputs.transconductance", input.transconductance)?;
            finite("inputs.offset", input.offset)?;
            not_negative("inputs.saturation_current", input.saturation_current)?;
            not_negative("inputs.output_conductance", input.output_conductance)?;
            finite("inputs.output_potential", input.output_potential)?;
        }
        if let Some(comparator) = &self.comparator {
            finite("comparator.threshold", comparator.threshold)?;
            not_negative("comparator.delay", comparator.delay)?;
        }
        finite("readout.offset", self.readout.offset)?;
        finite("readout.line_gain", self.readout.line_gain)?;
        finite("readout.line_offset", self.readout.line_offset)
    }
}

fn finite(name: &'static str, value: f64) -> Result<(), ParameterError> {
    demand(value.is_finite(), name, value, "finite")
}

fn positive(name: &'static str, value: f64) -> Result<(), ParameterError> {
    demand(value.is_finite() && value > 0.0, name, value, "positive")
}

fn not_negative(name: &'static str, value: f64) -> Result<(), ParameterError> {
    demand(value.is_finite() && value >= 0.0, name, value, "not negative")
}

fn demand(met: bool, name: &'static str, value: f64, demand: &'static str) -> Result<(), ParameterError> {
    if met { Ok(()) } else { Err(ParameterError { name, value, demand }) }
}
