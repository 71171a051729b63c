//! Synapse drivers: pulse ramp, short-term plasticity and the hagen DAC (analog-core 5.3 to 5.5).

use super::{Cells, DriverSwitches, GlobalCell, PhysicsWarning, SharedCell, Warnings};
use bss2_analog::mismatch::{ChipMismatch, Kind, Parameter, constants, driver_index};
use bss2_analog::{DriverParameters, PulseControl, PulseRamp, ShortTermPlasticity};
use bss2_base::{Hemisphere, SimTime};

/// Ramp bias to which the swing refers.
const RAMP_REFERENCE: f64 = 600.0;

/// Comparator offset in V that no ramp reaches.
const OUT_OF_REACH: f64 = 10.0;

/// The individual values of a driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DriverMismatch {
    /// Codes that the ramp covers in 4 ns at bias 600.
    swing: f64,
    /// Codes of comparator offset.
    comparator_offset: f64,
    utilization: f64,
    recovery: f64,
    /// Codes of the hagen DAC from activation 31 to 0 at its default bias.
    hagen_span: f64,
}

impl DriverMismatch {
    /// Of all drivers of a chip, `128 * hemisphere + driver`.
    pub(super) fn all(individual: &ChipMismatch) -> Vec<Self> {
        let of = |index| {
            let value = |parameter| individual.value(parameter, index);
            Self {
                swing: value(Parameter::RampSwing),
                comparator_offset: value(Parameter::RampComparatorOffset),
                utilization: value(Parameter::Utilization),
                recovery: value(Parameter::Recovery),
                hagen_span: value(Parameter::HagenSpan),
            }
        };
        (0..Kind::Driver.instances()).map(of).collect()
    }
}

impl Cells<'_> {
    /// Everything a synapse driver (0..=127) is told. Its voltages come from the west CapMem block of its hemisphere if its
    /// number is even, from the east block if it is odd (analog-core 5.3).
    ///
    /// Control voltages leave out the 19 mV that a voltage cell has at code 0, as the formulas of analog-core 5.4 do.
    pub fn driver(
        &self,
        hemisphere: Hemisphere,
        driver: u8,
        switches: &DriverSwitches,
        warnings: &mut Warnings,
    ) -> DriverParameters {
        let index = driver_index(hemisphere, driver & 0x7f);
        let own = &self.physics.drivers[index];
        let quadrant = Kind::Driver.quadrant(index);
        if switches.stp {
            self.warn_if_low(SharedCell::StpIBiasComparator, quadrant, warnings);
        }
        let volts = |codes: f64| codes * constants::VOLTAGE_CELL_LSB;
        let target = |pair: [SharedCell; 2]| {
            volts(self.shared(pair[usize::from(switches.second_target_voltages)], quadrant))
        };
        let fraction = |per_code: f64, code: u8| (per_code * (f64::from(code.min(15)) + 1.0)).min(1.0);
        DriverParameters {
            rows: switches.rows,
            control: self.pulse_control(hemisphere, index, switches, warnings),
            ramp: self.pulse_ramp(index, switches),
            plasticity: ShortTermPlasticity {
                charge_potential: target([SharedCell::StpVCharge0, SharedCell::StpVCharge1]),
                recovery_potential: target([SharedCell::StpVRecover0, SharedCell::StpVRecover1]),
                utilization: fraction(own.utilization, switches.utilization),
                recovery: fraction(own.recovery, switches.recovery),
                recovery_period: switches
                    .recovery_clock
                    .filter(|_| switches.recovery_enable)
                    .map(|clock| SimTime::from_cycles(constants::RECOVERY_TICK_CYCLES as u64, clock)),
            },
            extension: f64::from(switches.pulse_extension.min(15)) * constants::PULSE_EXTENSION
                / constants::PULSE,
        }
    }

    fn pulse_control(
        &self,
        hemisphere: Hemisphere,
        index: usize,
        switches: &DriverSwitches,
        warnings: &mut Warnings,
    ) -> PulseControl {
        if !switches.stp {
            return PulseControl::Full;
        }
        if !(switches.hagen_modulation && switches.hagen_dac) {
            return PulseControl::ShortTermPlasticity;
        }
        let cell = match hemisphere {
            Hemisphere::Top => GlobalCell::HagenIbiasDacTop,
            Hemisphere::Bottom => GlobalCell::HagenIbiasDacBottom,
        };
        let default = f64::from(cell.default_code());
        if f64::from(self.capmem.code(cell.address())) < constants::BIAS_GATE * default {
            warnings.note(PhysicsWarning::GlobalBiasTooLow { cell });
        }
        let works = self.global_works(cell, constants::BIAS_GATE);
        let bias = if works { self.current_code(cell.address()) } else { 0.0 };
        let offset = f64::from(switches.hagen_dac_offset.min(63)) - constants::HAGEN_OFFSET_CENTER;
        let span = bias / default * self.physics.drivers[index].hagen_span;
        PulseControl::Hagen {
            base: (constants::HAGEN_BASE + offset * constants::HAGEN_STEP) * constants::VOLTAGE_CELL_LSB,
            step: span / 31.0 * constants::VOLTAGE_CELL_LSB,
        }
    }

    fn pulse_ramp(&self, index: usize, switches: &DriverSwitches) -> PulseRamp {
        let quadrant = Kind::Driver.quadrant(index);
        let own = &self.physics.drivers[index];
        // A comparator without bias never trips: the ramp stands still, below a level out of reach.
        let works = self.works(SharedCell::StpIBiasComparator, quadrant);
        let per_code = own.swing / constants::PULSE / RAMP_REFERENCE * constants::VOLTAGE_CELL_LSB;
        let per_code = if works { per_code } else { 0.0 };
        let ramp = self.shared(SharedCell::StpIRamp, quadrant);
        let taken = constants::STP_OFFSET_STEP
            * f64::from(switches.offset.min(15))
            * self.shared(SharedCell::StpICalib, quadrant);
        PulseRamp {
            slope: per_code * ramp,
            early_slope: per_code * (ramp - taken).max(0.0),
            early_time: constants::STP_OFFSET_WINDOW,
            window: constants::PULSE,
            comparator_offset: if works { volts_of_offset(own) } else { OUT_OF_REACH },
        }
    }
}

fn volts_of_offset(own: &DriverMismatch) -> f64 {
    own.comparator_offset * constants::VOLTAGE_CELL_LSB
}
