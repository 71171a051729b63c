//! Synapse drivers: pulse length and short-term plasticity (analog-core 5.3 to 5.5).

use crate::parameters::{DriverParameters, PulseControl, PulseRamp, ShortTermPlasticity};
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// Parameters of a driver and its plasticity voltage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Driver {
    parameters: DriverParameters,
    /// Plasticity voltage in V at `at`.
    voltage: f64,
    at: SimTime,
    /// Nobody has configured the driver yet; the voltage starts at the first recovery potential.
    fresh: bool,
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self { parameters: DriverParameters::default(), voltage: 0.0, at: SimTime::ZERO, fresh: true }
    }

    pub(crate) fn parameters(&self) -> &DriverParameters {
        &self.parameters
    }

    /// Replaces the parameters at `time`; the plasticity voltage is conserved.
    pub(crate) fn set_parameters(&mut self, time: SimTime, parameters: &DriverParameters) {
        self.voltage =
            if self.fresh { parameters.plasticity.recovery_potential } else { self.voltage_at(time) };
        self.at = time;
        self.fresh = false;
        self.parameters = *parameters;
    }

    /// The plasticity voltage in V at `time`: one step toward the recovery potential for every tick since.
    pub(crate) fn voltage_at(&self, time: SimTime) -> f64 {
        let ShortTermPlasticity { recovery_potential, recovery, recovery_period, .. } =
            self.parameters.plasticity;
        let Some(period) = recovery_period.filter(|period| *period > SimTime::ZERO) else {
            return self.voltage;
        };
        let ticks = time.cycles(period).saturating_sub(self.at.cycles(period));
        recovery_potential + (self.voltage - recovery_potential) * power(1.0 - recovery, ticks)
    }

    /// An event at `time` with the five low label bits `activation`: moves the plasticity voltage, then forms the pulse. Returns its
    /// length in units of the window.
    pub(crate) fn pulse(&mut self, time: SimTime, activation: u8) -> f64 {
        let plasticity = &self.parameters.plasticity;
        let voltage = self.voltage_at(time);
        self.voltage = voltage + plasticity.utilization * (plasticity.charge_potential - voltage);
        // An event may still be under way when its driver is configured.
        self.at = self.at.max(time);
        let formed = match self.parameters.control {
            PulseControl::Full => 1.0,
            PulseControl::ShortTermPlasticity => self.parameters.ramp.pulse(self.voltage),
            PulseControl::Hagen { base, step } => {
                self.parameters.ramp.pulse(base + step * (f64::from(activation & 31) - 1.0))
            }
        };
        formed + self.parameters.extension
    }
}

impl PulseRamp {
    /// The part of the window that is left, 0..=1, when the ramp has reached the control voltage `control` in V.
    pub fn pulse(&self, control: f64) -> f64 {
        let target = control + self.comparator_offset;
        let early_end = self.early_slope * self.early_time;
        let crossing = if target <= 0.0 {
            0.0
        } else if self.early_slope > 0.0 && target <= early_end {
            target / self.early_slope
        } else if self.slope > 0.0 {
            self.early_time + (target - early_end) / self.slope
        } else {
            return 0.0;
        };
        (1.0 - crossing / self.window).clamp(0.0, 1.0)
    }
}

/// `base^exponent` by repeated squaring: multiplications only, the same on every machine.
fn power(base: f64, mut exponent: u64) -> f64 {
    let mut square = base;
    let mut product = 1.0;
    while exponent > 0 && product != 0.0 {
        if exponent & 1 == 1 {
            product *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 STP LSB is 1.875 mV; U_full = 450 LSB per 4 ns at ramp 600, offset 7: k_o * 7 = 0.21 (analog-core 5.4).
    const LSB: f64 = 1.875e-3;

    fn ramp() -> PulseRamp {
        let slope = 450.0 * LSB / 4e-9;
        PulseRamp {
            slope,
            early_slope: slope * (1.0 - 0.21),
            early_time: 2e-9,
            window: 4e-9,
            comparator_offset: 0.0,
        }
    }

    #[test]
    fn pulse_lengths_follow_the_table_of_the_specification() {
        for (control, length) in [(50.0, 0.86), (100.0, 0.72), (180.0, 0.50), (330.0, 0.16), (400.0, 0.01)] {
            let pulse = ramp().pulse(control * LSB);
            assert!((pulse - length).abs() < 0.006, "{control}: {pulse} instead of {length}");
        }
    }

    #[test]
    fn hagen_activations_give_the_pulse_lengths_of_the_specification() {
        // V_h0 = 36 LSB, V_span = 366 LSB over 31 codes at DAC 820 (analog-core 5.5).
        let mut driver = Driver::new();
        let control = PulseControl::Hagen { base: 36.0 * LSB, step: 366.0 / 31.0 * LSB };
        driver.set_parameters(
            SimTime::ZERO,
            &DriverParameters { control, ramp: ramp(), ..DriverParameters::default() },
        );
        for (activation, length) in [(31, 0.90), (16, 0.42), (1, 0.028)] {
            let pulse = driver.pulse(SimTime::ZERO, 32 - activation);
            assert!((pulse - length).abs() < 0.006, "{activation}: {pulse} instead of {length}");
        }
    }

    #[test]
    fn regular_input_settles_on_the_fixed_point_of_event_and_recovery() {
        let (utilization, recovery) = (0.2, 1.0 / 64.0);
        let (charge, rest) = (330.0 * LSB, 50.0 * LSB);
        let mut driver = Driver::new();
        let plasticity = ShortTermPlasticity {
            charge_potential: charge,
            recovery_potential: rest,
            utilization,
            recovery,
            recovery_period: Some(SimTime::from_ns(128)),
        };
        driver.set_parameters(
            SimTime::ZERO,
            &DriverParameters {
                control: PulseControl::ShortTermPlasticity,
                ramp: ramp(),
                plasticity,
                ..DriverParameters::default()
            },
        );
        assert_eq!(driver.voltage_at(SimTime::ZERO), rest);
        let first = driver.pulse(SimTime::ZERO, 0);
        for event in 1..200 {
            driver.pulse(SimTime::from_ns(1280 * event), 0);
        }
        // After the event: v = w + U (charge - w), with w = rest + (v - rest) q after ten ticks.
        let q = (1.0 - recovery).powi(10);
        let fixed =
            (utilization * charge + (1.0 - utilization) * rest * (1.0 - q)) / (1.0 - (1.0 - utilization) * q);
        assert!((driver.voltage - fixed).abs() < 1e-12);
        let steady = driver.pulse(SimTime::from_ns(1280 * 200), 0);
        assert!((steady - ramp().pulse(fixed)).abs() < 1e-9);
        assert!(steady < first);
    }
}
