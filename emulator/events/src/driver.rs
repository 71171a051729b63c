//! Synapse drivers: which of them take an event, and what their synapses see of it (event-routing 7).

use crate::coordinates::{Driver, PadiBus};
use crate::label::PadiLabel;
use bss2_base::{Hemisphere, Row, RowMode};
use serde::{Deserialize, Serialize};

/// The digital part of a driver's configuration (event-routing 7.2). Default: all register words zero, nothing fires.
///
/// Pulse length, hagen modulation and short-term plasticity are analog and not seen here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverConfig {
    /// Whether the driver listens to its bus at all.
    pub enable_receiver: bool,
    /// Five bits: which bits of the row select must equal the driver's position on the bus.
    pub compare_mask: u8,
    /// Whether the low five label bits reach the synapses; off in hagen mode, where only bit 5 does.
    pub enable_address_out: bool,
    /// Mode of row `2d + 1`.
    pub top: RowMode,
    /// Mode of row `2d`.
    pub bottom: RowMode,
}

impl Default for DriverConfig {
    fn default() -> Self {
        Self {
            enable_receiver: false,
            compare_mask: 0,
            enable_address_out: true,
            top: RowMode::Disabled,
            bottom: RowMode::Disabled,
        }
    }
}

impl DriverConfig {
    /// Whether the driver at `position` on its bus takes an event with this row select (event-routing 7.3).
    pub const fn receives(&self, position: u8, row_select: u8) -> bool {
        self.enable_receiver && (row_select ^ position) & self.compare_mask & 31 == 0
    }
    /// What the synapses see of a label (event-routing 7.5).
    pub const fn address(&self, synapse_label: u8) -> u8 {
        if self.enable_address_out { synapse_label & 63 } else { synapse_label & 32 }
    }
    /// The mode of a row; rows alternate bottom, top.
    pub const fn row_mode(&self, row: Row) -> RowMode {
        if row % 2 == 1 { self.top } else { self.bottom }
    }
}

/// A pulse that starts at a synapse driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DriverPulse {
    /// Fabric cycle of the leading edge.
    pub cycle: u64,
    /// The hemisphere of the driver.
    pub hemisphere: Hemisphere,
    /// The driver.
    pub driver: Driver,
    /// The six label bits as received; in hagen mode the low five encode the activation
    /// ([`crate::label::HagenLabel::decode`]).
    pub label: u8,
    /// The six label bits as both rows' synapses see them.
    pub address: u8,
}

/// The configuration of all drivers, with an index of who receives what.
///
/// A driver's configuration acts on pulses whose leading edge comes at or after the cycle of the write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<DriverConfig>", into = "Vec<DriverConfig>")]
pub struct Drivers {
    configs: [[DriverConfig; Driver::COUNT]; 2],
    /// `[hemisphere][bus][row select]`: bit `r` is set if the driver at position `r` receives.
    receivers: [[[u32; 32]; PadiBus::COUNT]; 2],
}

/// A list of driver configurations that does not fit the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} synapse driver configurations instead of 256")]
pub struct WrongDriverCount(pub usize);

impl Default for Drivers {
    fn default() -> Self {
        Self {
            configs: [[DriverConfig::default(); Driver::COUNT]; 2],
            receivers: [[[0; 32]; PadiBus::COUNT]; 2],
        }
    }
}

impl Drivers {
    /// The configuration of a driver.
    pub fn config(&self, hemisphere: Hemisphere, driver: Driver) -> &DriverConfig {
        &self.configs[hemisphere.index()][driver.index()]
    }
    /// Replaces the configuration of a driver.
    pub fn set_config(&mut self, hemisphere: Hemisphere, driver: Driver, config: DriverConfig) {
        self.configs[hemisphere.index()][driver.index()] = config;
        let position = driver.position();
        let of_bus = &mut self.receivers[hemisphere.index()][driver.bus().index()];
        for (row_select, receivers) in (0..).zip(of_bus) {
            *receivers =
                *receivers & !(1 << position) | u32::from(config.receives(position, row_select)) << position;
        }
    }
    /// Whether any driver of the bus can take an event.
    pub(crate) fn listens(&self, hemisphere: Hemisphere, bus: PadiBus) -> bool {
        self.receivers[hemisphere.index()][bus.index()].iter().any(|&receivers| receivers != 0)
    }
    /// Appends the pulses that an event on a bus gives, in order of position.
    pub(crate) fn pulses(
        &self,
        cycle: u64,
        hemisphere: Hemisphere,
        bus: PadiBus,
        label: PadiLabel,
        pulses: &mut Vec<DriverPulse>,
    ) {
        let mut receivers = self.receivers[hemisphere.index()][bus.index()][usize::from(label.row_select())];
        while receivers != 0 {
            let driver = bus.driver(receivers.trailing_zeros() as u8);
            receivers &= receivers - 1;
            let address = self.config(hemisphere, driver).address(label.synapse_label());
            pulses.push(DriverPulse { cycle, hemisphere, driver, label: label.synapse_label(), address });
        }
    }
}

impl TryFrom<Vec<DriverConfig>> for Drivers {
    type Error = WrongDriverCount;
    fn try_from(configs: Vec<DriverConfig>) -> Result<Self, WrongDriverCount> {
        if configs.len() != 2 * Driver::COUNT {
            return Err(WrongDriverCount(configs.len()));
        }
        let mut drivers = Self::default();
        let mut configs = configs.into_iter();
        for hemisphere in Hemisphere::ALL {
            for (driver, config) in Driver::all().zip(configs.by_ref()) {
                drivers.set_config(hemisphere, driver, config);
            }
        }
        Ok(drivers)
    }
}
impl From<Drivers> for Vec<DriverConfig> {
    fn from(drivers: Drivers) -> Self {
        drivers.configs.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_mask_selects_sixteen_rows() {
        // E3: row select 6 under mask 0b00011 on bus 1.
        let mut drivers = Drivers::default();
        let bus = PadiBus::new(1).unwrap();
        for position in 0..32 {
            let config = DriverConfig { enable_receiver: true, compare_mask: 0b00011, ..Default::default() };
            drivers.set_config(Hemisphere::Top, bus.driver(position), config);
        }
        let mut pulses = Vec::new();
        drivers.pulses(7, Hemisphere::Top, bus, PadiLabel::new(6, 12), &mut pulses);
        let hit: Vec<usize> = pulses.iter().map(|pulse| pulse.driver.index()).collect();
        assert_eq!(hit, [9, 25, 41, 57, 73, 89, 105, 121]);
        let mut rows: Vec<Row> =
            pulses.iter().flat_map(|pulse| [pulse.driver.bottom_row(), pulse.driver.top_row()]).collect();
        rows.dedup();
        assert_eq!(rows.len(), 16);
    }

    #[test]
    fn the_index_of_receivers_agrees_with_the_comparison() {
        let mut drivers = Drivers::default();
        for driver in Driver::all() {
            let number = driver.index() as u8;
            let config = DriverConfig {
                enable_receiver: !number.is_multiple_of(3),
                compare_mask: number.wrapping_mul(7) & 31,
                enable_address_out: number.is_multiple_of(2),
                ..Default::default()
            };
            drivers.set_config(Hemisphere::Bottom, driver, DriverConfig { compare_mask: 0, ..config });
            drivers.set_config(Hemisphere::Bottom, driver, config);
        }
        for bus in PadiBus::all() {
            for row_select in 0..32 {
                let mut pulses = Vec::new();
                let label = PadiLabel::new(row_select, 0x2B);
                drivers.pulses(0, Hemisphere::Bottom, bus, label, &mut pulses);
                let hit: Vec<Driver> = pulses.iter().map(|pulse| pulse.driver).collect();
                let expected: Vec<Driver> = Driver::all()
                    .filter(|driver| driver.bus() == bus)
                    .filter(|&driver| {
                        drivers.config(Hemisphere::Bottom, driver).receives(driver.position(), row_select)
                    })
                    .collect();
                assert_eq!(hit, expected);
                for pulse in pulses {
                    let full = drivers.config(Hemisphere::Bottom, pulse.driver).enable_address_out;
                    assert_eq!((pulse.label, pulse.address), (0x2B, if full { 0x2B } else { 0x20 }));
                }
            }
        }
        assert!(!drivers.listens(Hemisphere::Top, PadiBus::new(0).unwrap()));
    }
}
