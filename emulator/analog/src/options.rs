//! Which noise there is, and how open questions of the specification are decided.

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// Settings of a whole core that never change while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalogOptions {
    /// How faithfully neuron circuits are followed.
    #[serde(default)]
    pub level: Level,
    /// Temporal noise.
    pub noise: Noise,
    /// `correlation.consume_on_use` (settled O1): a trace serves one pairing. `false`: the latest pre (post) pulse pairs with
    /// every later post (pre) pulse.
    pub consume_on_use: bool,
    /// `backend.clock_phase` (settled O8).
    pub refractory_phase: ClockPhase,
    /// Time from the driver event to the step on the line and the pre pulse at the sensor (analog-core 5.3: 20 ns).
    pub synapse_latency: SimTime,
}

impl Default for AnalogOptions {
    fn default() -> Self {
        Self {
            level: Level::default(),
            noise: Noise::default(),
            consume_on_use: true,
            refractory_phase: ClockPhase::default(),
            synapse_latency: SimTime::from_ns(20),
        }
    }
}

impl AnalogOptions {
    /// The defaults without any temporal noise.
    pub fn noiseless() -> Self {
        Self { noise: Noise::OFF, ..Self::default() }
    }
}

/// How neuron circuits are followed (analog-core 9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Level F, all circuits with all their non-linearities: exact propagators along tangents for integrate-and-fire neurons with
    /// current-based inputs, steps in `f32` lanes for every other circuit.
    #[default]
    Fast,
    /// Level R, all circuits with all their non-linearities, integrated to nine digits in `f64`: slow, and without the noise of membranes,
    /// thresholds and comparators. Joined circuits are one system of equations, of which a step costs the cube of their number.
    Reference,
    /// The linear part of every circuit alone: cheap, but without exponential, adaptation, conductance-based inputs, bypass, saturation
    /// and joined membranes.
    Linear,
}

/// Phase of the refractory clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockPhase {
    /// Ticks fall on the multiples of the period since time zero; a fire is counted at the first tick not before it, so that
    /// the refractory period lasts `n` to `n + 1` ticks.
    #[default]
    FreeRunning,
    /// The clock starts with the fire: exactly `n` ticks (event-routing 9.4).
    FromFire,
}

/// Magnitudes of the temporal noise (analog-core 8.3). Every one is a standard deviation unless it says otherwise; 0 switches
/// that noise off.
///
/// Driver jitter (50 ps) is left out: it is equivalent to a relative charge noise of 50 ps / tau_syn, two orders of magnitude below
/// the charge noise, and would take the line steps off the 4 ns grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Growth of the membrane variance in V^2/s at [`Noise::reference_capacitance`]; a white current, so that it scales with
    /// `1 / C^2`.
    pub membrane_rate: f64,
    /// Capacitance in F to which `membrane_rate` refers.
    pub reference_capacitance: f64,
    /// Threshold in V, drawn at every arming of the comparator.
    pub threshold: f64,
    /// Comparator delay in s, drawn at every crossing.
    pub comparator_jitter: f64,
    /// Charge of a synaptic event, relative.
    pub charge_relative: f64,
    /// Charge of a synaptic event in C, added to the relative part in quadrature.
    pub charge_absolute: f64,
    /// Step of a correlation accumulator, relative.
    pub correlation: f64,
    /// CADC code per conversion and channel.
    pub cadc: f64,
    /// MADC code per sample.
    pub madc: f64,
}

impl Noise {
    /// No noise at all.
    pub const OFF: Self = Self {
        membrane_rate: 0.0,
        reference_capacitance: 2.576e-12,
        threshold: 0.0,
        comparator_jitter: 0.0,
        charge_relative: 0.0,
        charge_absolute: 0.0,
        correlation: 0.0,
        cadc: 0.0,
        madc: 0.0,
    };
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            membrane_rate: 0.05,
            reference_capacitance: 2.576e-12,
            threshold: 1e-3,
            comparator_jitter: 2e-9,
            charge_relative: 0.01,
            charge_absolute: 0.03e-15,
            correlation: 0.03,
            cadc: 1.0,
            madc: 1.0,
        }
    }
}
