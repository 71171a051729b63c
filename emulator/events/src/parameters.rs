//! Every number of the event network that nobody has published, with its default and where the default comes from.

use core::num::NonZeroU16;
use serde::{Deserialize, Serialize};

/// The undocumented numbers of the event network. All times are fabric cycles of 4 ns unless the name says otherwise.
///
/// Reads from any serde format; what is left out keeps its default, a name that does not exist is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Crossbar (event-routing 4.5).
    pub crossbar: CrossbarParameters,
    /// PADI buses (event-routing 6.2, 14).
    pub padi: PadiParameters,
    /// Synapse drivers (event-routing 14).
    pub driver: DriverParameters,
    /// Neuron back-ends (event-routing 9.4).
    pub backend: BackendParameters,
    /// Fire lines between neurons (event-routing 9.5).
    pub fire_lines: FireLineParameters,
    /// Background sources (event-routing 11).
    pub background: BackgroundParameters,
    /// The link between chip and FPGA (event-routing 5).
    pub link: LinkParameters,
}

/// Arbitration, buffering and transit of the crossbar (event-routing 4.5, all U).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossbarParameters {
    /// Shortest distance of two events at a neuron input. Default 2: 125 MEvent/s.
    pub neuron_interval: NonZeroU16,
    /// Shortest distance of two events at a link input. Default 1.
    pub link_interval: NonZeroU16,
    /// Shortest distance of two events at a background input. Default 2: the published 125 MEvent/s per source.
    pub background_interval: NonZeroU16,
    /// Shortest distance of two events at an output to a PADI bus, before the bus's own occupancy. Default 1.
    pub padi_interval: NonZeroU16,
    /// Shortest distance of two events at an output to the link. Default 2.
    pub link_output_interval: NonZeroU16,
    /// Factor by which `enable_slow` lengthens that distance. Default 2.
    pub slow_factor: NonZeroU16,
    /// Entries of the FIFO of every node. Default 4.
    pub fifo_depth: NonZeroU16,
    /// Cycles from an input to an output that is free. Default 2.
    pub transit: u16,
}

/// Timing of the PADI buses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PadiParameters {
    /// Cycles for which an event occupies its bus. Default 2 (`padi.occupancy`, settled O13).
    pub occupancy: NonZeroU16,
    /// The same with extended timing. Default 4.
    pub occupancy_extended: NonZeroU16,
    /// Cycles from the crossbar output (or the trigger register) to the drivers. Default 1 (event-routing 14).
    pub latency: u16,
    /// Length of the DAC-enable pulse without extension. Default 1 cycle, 4 ns (event-routing 6.2).
    pub dacen_pulse: u16,
    /// What one step of `dacen_pulse_extension` adds. Default 1 cycle.
    pub dacen_extension_step: u16,
}

/// Timing of the synapse drivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriverParameters {
    /// Cycles from the event at the driver to the leading edge of its pulse. Default 1 (event-routing 14).
    pub latency: u16,
}

/// Timing of the neuron back-ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackendParameters {
    /// Cycles from the refractory onset on the fabric's grid to the request at the event output. Default 4
    /// (event-routing 9.4; settled O9: adds to the comparator delay and the rounding). Not zero: the conservative
    /// windows of [`crate::EventNetwork::look_ahead`] live from it.
    pub digitisation_latency: NonZeroU16,
}

/// How the connections of the fire lines are read (event-routing 9.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FireLineParameters {
    /// What `connect_fire_bottom` needs.
    pub vertical: VerticalFireLine,
    /// Whether `connect_fire_to_right` leads from column 127 to 128, into the other back-end block. Default true: the
    /// documentation names no exception.
    pub crosses_blocks: bool,
}

/// Two readings of `connect_fire_bottom`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerticalFireLine {
    /// The bit of one of the two neurons joins their lines.
    #[default]
    OneBit,
    /// Both neurons must have it set, as with the membranes (analog-core 4.1).
    BothBits,
}

/// How the documentation of the background sources is read (event-routing 11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundParameters {
    /// What the field `period` means.
    pub period: PeriodReading,
    /// What the field `rate` means.
    pub rate: RateReading,
}

/// Two readings of the field `period` of a background source (event-routing 11, 17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeriodReading {
    /// The distance of two events (or bins) is period + 1 cycles, as PyNN computes.
    #[default]
    PlusOne,
    /// It is period cycles as haldls documents; 0 counts as 1.
    Exact,
}

/// Two readings of rate 0 in random mode; any other rate emits when an 8-bit random number is not above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateReading {
    /// Rate 0 is silent, as haldls documents.
    #[default]
    ZeroIsSilent,
    /// The comparison holds for rate 0 too: one bin in 256 emits.
    ZeroIsOneIn256,
}

/// The link between chip and FPGA. The event network ends at the link; who moves events over it applies these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkParameters {
    /// Fabric cycles from the FPGA's instruction to the crossbar input. Default 50 = 25 FPGA cycles = 200 ns.
    pub latency_to_chip: u16,
    /// Fabric cycles from the crossbar output to the FPGA. Default 50.
    pub latency_to_fpga: u16,
}

/// A default that is not zero.
const fn cycles(count: u16) -> NonZeroU16 {
    match NonZeroU16::new(count) {
        Some(count) => count,
        None => NonZeroU16::MIN,
    }
}

impl Default for CrossbarParameters {
    fn default() -> Self {
        Self {
            neuron_interval: cycles(2),
            link_interval: cycles(1),
            background_interval: cycles(2),
            padi_interval: cycles(1),
            link_output_interval: cycles(2),
            slow_factor: cycles(2),
            fifo_depth: cycles(4),
            transit: 2,
        }
    }
}
impl Default for PadiParameters {
    fn default() -> Self {
        Self {
            occupancy: cycles(2),
            occupancy_extended: cycles(4),
            latency: 1,
            dacen_pulse: 1,
            dacen_extension_step: 1,
        }
    }
}
impl Default for DriverParameters {
    fn default() -> Self {
        Self { latency: 1 }
    }
}
impl Default for BackendParameters {
    fn default() -> Self {
        Self { digitisation_latency: cycles(4) }
    }
}
impl Default for FireLineParameters {
    fn default() -> Self {
        Self { vertical: VerticalFireLine::OneBit, crosses_blocks: true }
    }
}
impl Default for LinkParameters {
    fn default() -> Self {
        Self { latency_to_chip: 50, latency_to_fpga: 50 }
    }
}

impl Parameters {
    /// Cycles from an event on a PADI bus to the leading edge of the driver's pulse.
    pub const fn pulse_latency(&self) -> u64 {
        self.padi.latency as u64 + self.driver.latency as u64
    }
    /// Cycles from a refractory onset to the leading edge of a driver pulse along an idle path.
    pub const fn feedback_latency(&self) -> u64 {
        self.backend.digitisation_latency.get() as u64 + self.crossbar.transit as u64 + self.pulse_latency()
    }
}
