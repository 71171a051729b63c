//! What is special about a chip, in numbers that can be printed or stored.

use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches, ParameterSummary};
use bss2_base::{Column, Hemisphere, Neuron, Row};
use serde::Serialize;

/// The individuality of a chip at a glance: statistics of every parameter, and the defects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChipSummary {
    /// The seed it follows from.
    pub seed: u64,
    /// Which deviations it has.
    pub switches: MismatchSwitches,
    /// One entry for each parameter: mean, spread and range over its instances, means of the quadrants.
    pub parameters: Vec<ParameterSummary>,
    /// Neuron circuits that are stuck in reset.
    pub dead_neurons: Vec<Neuron>,
    /// Number of correlation sensors without amplitude, of 131072.
    pub dead_sensors: usize,
}

impl ChipSummary {
    /// The summary of an individual. Takes some 100 ms: every value of every instance is drawn.
    pub fn of(individual: &ChipMismatch) -> Self {
        let dead_in = |hemisphere| {
            (0..=Row::MAX)
                .flat_map(|row| (0..=Column::MAX).map(move |column| (row, column)))
                .filter(|&(row, column)| individual.is_dead_sensor(hemisphere, row, column))
                .count()
        };
        Self {
            seed: individual.seed(),
            switches: individual.switches(),
            parameters: individual.summary(),
            dead_neurons: Neuron::all().filter(|&neuron| individual.is_dead(neuron)).collect(),
            dead_sensors: Hemisphere::ALL.into_iter().map(dead_in).sum(),
        }
    }
}
