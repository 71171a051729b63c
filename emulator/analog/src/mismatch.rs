//! Chips are individuals: the fixed pattern of deviations and defects that follows from a seed (analog-core 8).
//!
//! A [`ChipMismatch`] is two words, a seed and its switches. Every value is a pure function of these and of what is asked
//! for, so any parameter of any instance can be asked alone, in any order and from any thread:
//!
//! ```
//! use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches, Parameter};
//!
//! let chip = ChipMismatch::new(42, MismatchSwitches::default());
//! let volts = chip.value(Parameter::ThresholdOffset, 17);
//! assert!(volts.abs() < 4.0 * 0.027);
//! let ideal = ChipMismatch::new(42, MismatchSwitches::IDEAL);
//! assert_eq!(ideal.value(Parameter::ThresholdOffset, 17), 0.0);
//! ```
//!
//! [`Measured`] values take the place of drawn ones; [`mod@file`] reads and writes them.
//!
//! A value is composed of the nominal one and independent deviations of the chip, the quadrant and the instance, as
//! factors or as summands; [`table`] lists their widths. Some rows share their deviations (leak and reset are one
//! transconductor), and one latent variable per quadrant moves the time constants and the strengths of the synaptic
//! inputs together.

pub mod file;
mod instances;
mod measured;
mod neuron;
mod summary;
pub mod table;

use crate::parameters::{BranchMismatch, SynapseMismatch};
use bss2_base::random::{Level, Stream, path_hash};
use bss2_base::{COLUMNS, Column, Hemisphere, Neuron, ROWS, Row, math};
use serde::{Deserialize, Serialize};

pub use measured::{Measured, ValueError};
pub use neuron::NeuronMismatch;
pub use summary::{ParameterSummary, Statistics};
pub use table::{Distribution, Kind, Parameter, Quantity, constants};

/// Which deviations a chip has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchSwitches {
    /// Deviations common to the chip.
    pub chip: bool,
    /// Deviations common to a quadrant.
    pub quadrant: bool,
    /// Deviations of single instances, and the gradients of the correlation sensors.
    pub instance: bool,
    /// 0.2 % of the neuron circuits are stuck in reset.
    pub dead_neurons: bool,
    /// 1 % of the correlation sensors have no amplitude.
    pub dead_sensors: bool,
    /// The synapse charge falls by 3 % over 256 rows away from the neurons (analog-core 5.2).
    pub synapse_position_gradient: bool,
}

impl MismatchSwitches {
    /// No deviation and no defect: the analytical reference chip.
    pub const IDEAL: Self = Self {
        chip: false,
        quadrant: false,
        instance: false,
        dead_neurons: false,
        dead_sensors: false,
        synapse_position_gradient: false,
    };

    /// With the fixed pattern of all levels on or off; defects stay as they are.
    pub const fn with_fixed_pattern(self, on: bool) -> Self {
        Self { chip: on, quadrant: on, instance: on, ..self }
    }

    /// With all defects on or off; the fixed pattern stays as it is.
    pub const fn with_defects(self, on: bool) -> Self {
        Self { dead_neurons: on, dead_sensors: on, ..self }
    }

    const fn level(self, level: Level) -> bool {
        match level {
            Level::Chip => self.chip,
            Level::Quadrant => self.quadrant,
            Level::Instance => self.instance,
            Level::Noise => false,
        }
    }
}

impl Default for MismatchSwitches {
    /// The defaults of the parameter file: fixed pattern and dead sensors on, dead neurons and position gradient off.
    fn default() -> Self {
        Self { dead_sensors: true, ..Self::IDEAL.with_fixed_pattern(true) }
    }
}

/// The individuality of one chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChipMismatch {
    seed: u64,
    switches: MismatchSwitches,
    measured: Measured,
}

impl ChipMismatch {
    /// The chip that this seed stands for.
    pub const fn new(seed: u64, switches: MismatchSwitches) -> Self {
        Self { seed, switches, measured: Measured::NOTHING }
    }

    /// With measured values in the place of drawn ones.
    pub fn with_measured(self, measured: Measured) -> Self {
        Self { measured, ..self }
    }

    /// The values that are not drawn.
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// What deviates.
    pub const fn switches(&self) -> MismatchSwitches {
        self.switches
    }

    /// The value of a parameter of one instance (draw 0), in the unit of its row. [`Kind`] says how instances are
    /// numbered; numbers beyond the last are instances that no chip has, but give values all the same.
    pub fn value(&self, parameter: Parameter, instance: usize) -> f64 {
        self.value_of(parameter, instance, 0)
    }

    /// As [`ChipMismatch::value`] for parameters that an instance has several of (`draws` of the row).
    pub fn value_of(&self, parameter: Parameter, instance: usize, draw: u64) -> f64 {
        let row = parameter.quantity();
        if let Some(measured) = self.measured.get(parameter, instance * row.draws as usize + draw as usize) {
            return measured;
        }
        let deviation =
            self.common_deviation(parameter, instance, draw) + self.own_deviation(row, instance, draw);
        compose(row, deviation)
    }

    /// Drift of an analog cell ([`Kind::Cell`]) without refresh in codes per ms: drawn whether or not there is a fixed pattern, because
    /// drift has a switch of its own (analog-core 8.3).
    pub fn cell_drift(&self, cell: usize) -> f64 {
        let switches = self.switches.with_fixed_pattern(true);
        Self { switches, ..self.clone() }.value(Parameter::CellDrift, cell)
    }

    /// The part of the deviation that the chip and the quadrant of this instance have in common.
    fn common_deviation(&self, parameter: Parameter, instance: usize, draw: u64) -> f64 {
        let row = parameter.quantity();
        let chip = self.deviate(row.chip, row.stream_hash(), Level::Chip, 0, draw);
        let (stream, sign) = row.quadrant_stream();
        let quadrant = row.kind.quadrant(instance).index();
        chip + sign * self.deviate(row.quadrant, stream, Level::Quadrant, quadrant, draw)
    }

    fn own_deviation(&self, row: &Quantity, instance: usize, draw: u64) -> f64 {
        self.deviate(row.instance, row.stream_hash(), Level::Instance, instance, draw)
    }

    fn deviate(&self, sigma: f64, stream: u32, level: Level, instance: usize, draw: u64) -> f64 {
        if sigma == 0.0 || !self.switches.level(level) {
            return 0.0;
        }
        sigma * Stream::new(self.seed, stream, level, instance as u32).normal(draw)
    }

    /// Everything that is special about one neuron circuit.
    pub fn neuron(&self, neuron: Neuron) -> NeuronMismatch {
        NeuronMismatch::of(self, neuron)
    }

    /// Whether this circuit is stuck in reset.
    pub fn is_dead(&self, neuron: Neuron) -> bool {
        self.measured.dead_neuron(neuron.index()).unwrap_or_else(|| {
            let stream = path_hash("defects.neuron_dead_fraction");
            self.switches.dead_neurons && self.defect(stream, neuron.index(), constants::DEAD_NEURONS)
        })
    }

    /// Whether the correlation sensor of this synapse has no amplitude.
    pub fn is_dead_sensor(&self, hemisphere: Hemisphere, row: Row, column: Column) -> bool {
        let synapse = synapse_index(hemisphere, row, column);
        self.measured.dead_sensor(synapse).unwrap_or_else(|| {
            let stream = path_hash("defects.synapse_correlation_dead_fraction");
            self.switches.dead_sensors && self.defect(stream, synapse, constants::DEAD_SENSORS)
        })
    }

    fn defect(&self, stream: u32, instance: usize, fraction: f64) -> bool {
        Stream::new(self.seed, stream, Level::Instance, instance as u32).bernoulli(0, fraction)
    }

    /// The individuality of one synapse: factors on the nominal charge, time constant and amplitude.
    pub fn synapse(&self, hemisphere: Hemisphere, row: Row, column: Column) -> SynapseMismatch {
        SynapseCommon::of(self, hemisphere, column).synapse(self, hemisphere, row, column)
    }

    /// All synapses of a hemisphere, row by row: element `256 * row + column`.
    pub fn synapses(&self, hemisphere: Hemisphere) -> Vec<SynapseMismatch> {
        let common = [0, 128].map(|column| SynapseCommon::of(self, hemisphere, column));
        let mut all = Vec::with_capacity(ROWS * COLUMNS);
        for row in 0..=Row::MAX {
            for column in 0..=Column::MAX {
                all.push(common[usize::from(column) / 128].synapse(self, hemisphere, row, column));
            }
        }
        all
    }
}

/// Number of a synapse among the instances of [`Kind::Synapse`].
pub const fn synapse_index(hemisphere: Hemisphere, row: Row, column: Column) -> usize {
    (ROWS * hemisphere.index() + row as usize) * COLUMNS + column as usize
}

/// Number of a synapse driver among the instances of [`Kind::Driver`], `driver` = 0..=127.
pub const fn driver_index(hemisphere: Hemisphere, driver: u8) -> usize {
    128 * hemisphere.index() + driver as usize
}

fn compose(row: &Quantity, deviation: f64) -> f64 {
    let value = match row.distribution {
        Distribution::Additive => row.nominal + deviation,
        Distribution::Multiplicative => row.nominal * math::exp(deviation),
    };
    if value < row.floor { row.floor } else { value }
}

/// What the synapses of a quadrant have in common.
struct SynapseCommon {
    /// Logarithm of the charge factor.
    charge: f64,
    /// Logarithms of the time constant factors, causal and acausal.
    tau: [f64; 2],
    /// Logarithms of the amplitude factors, causal and acausal.
    amplitude: [f64; 2],
    /// Factors on the amplitudes of the whole chip, causal and acausal.
    asymmetry: [f64; 2],
}

impl SynapseCommon {
    fn of(chip: &ChipMismatch, hemisphere: Hemisphere, column: Column) -> Self {
        let instance = synapse_index(hemisphere, 0, column);
        let both = |parameter| [0, 1].map(|draw| chip.common_deviation(parameter, instance, draw));
        Self {
            charge: chip.common_deviation(Parameter::SynapseCharge, instance, 0),
            tau: both(Parameter::CorrelationTau),
            amplitude: both(Parameter::CorrelationAmplitude),
            asymmetry: [0, 1].map(|draw| chip.value_of(Parameter::CorrelationAsymmetry, 0, draw)),
        }
    }

    fn synapse(
        &self,
        chip: &ChipMismatch,
        hemisphere: Hemisphere,
        row: Row,
        column: Column,
    ) -> SynapseMismatch {
        let instance = synapse_index(hemisphere, row, column);
        // Both values of an instance at once: they come from one block of random numbers.
        let factors = |parameter: Parameter, common: [f64; 2]| {
            let quantity = parameter.quantity();
            let mut own = [0.0; 2];
            if chip.switches.instance && quantity.instance != 0.0 {
                let stream = Stream::new(chip.seed, quantity.stream_hash(), Level::Instance, instance as u32);
                let [first, second, ..] = stream.block(0);
                own = [first, second].map(|word| quantity.instance * bss2_base::random::normal(word));
            }
            let draws = quantity.draws as usize;
            [0, 1].map(|draw| {
                let measured =
                    if draw < draws { chip.measured.get(parameter, instance * draws + draw) } else { None };
                let value = measured.unwrap_or_else(|| compose(quantity, common[draw] + own[draw]));
                value / quantity.nominal
            })
        };
        let [mut charge, _] = factors(Parameter::SynapseCharge, [self.charge; 2]);
        if chip.switches.synapse_position_gradient {
            charge *= 1.0 + constants::SYNAPSE_POSITION_GRADIENT * f64::from(row) / 256.0;
        }
        let tau = factors(Parameter::CorrelationTau, self.tau);
        let amplitude = factors(Parameter::CorrelationAmplitude, self.amplitude);
        let alive = if chip.is_dead_sensor(hemisphere, row, column) { 0.0 } else { 1.0 };
        let gradient = alive * chip.correlation_gradient(hemisphere, row, column);
        let branch = |i: usize| BranchMismatch {
            time_constant: tau[i] as f32,
            amplitude: (gradient * (self.asymmetry[i] * amplitude[i])) as f32,
        };
        SynapseMismatch { charge: charge as f32, causal: branch(0), acausal: branch(1) }
    }
}

impl ChipMismatch {
    /// Systematic factor on the correlation amplitude by position (analog-core 6).
    ///
    /// The specification gives the size only; chosen here: it acts on the amplitude, grows to the right and to the bottom on
    /// every chip alike, linear, 1 in the middle, with row 0 of either hemisphere next to the neurons in the middle.
    fn correlation_gradient(&self, hemisphere: Hemisphere, row: Row, column: Column) -> f64 {
        if !self.switches.instance {
            return 1.0;
        }
        let right = (f64::from(column) - 127.5) / 127.5;
        let from_middle = (f64::from(row) + 0.5) / 255.5;
        let down = match hemisphere {
            Hemisphere::Top => -from_middle,
            Hemisphere::Bottom => from_middle,
        };
        (1.0 + constants::CORRELATION_GRADIENT_RIGHT * right)
            * (1.0 + constants::CORRELATION_GRADIENT_DOWN * down)
    }
}
