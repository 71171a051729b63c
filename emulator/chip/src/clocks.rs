//! The clocks that the phase-locked loops make (register-map 5.2), and the time of each of their cycles.
//!
//! Plasticity processors, event fabric and membrane ADC follow their clocks from the moment of the write on: locking takes no time. The
//! model's own time stays what it is, picoseconds; a period that is no whole number of them is rounded.

use crate::registers::clocks::{ADPLL, PLLClockOutputBlock, PLLSelfTest, REFERENCE_MHZ};
use crate::shared::Shared;
use bss2_base::SimTime;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// A clock: which of its cycles begins when. Its cycles count on when the period changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// When cycle `cycle` begins.
    time: SimTime,
    cycle: u64,
    #[serde(deserialize_with = "some_time")]
    period: SimTime,
}

fn some_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SimTime, D::Error> {
    let period = SimTime::deserialize(deserializer)?;
    if period == SimTime::ZERO {
        return Err(D::Error::custom("a clock with a period of zero"));
    }
    Ok(period)
}

impl Clock {
    /// Cycle 0 begins at `time`; the period is the nominal one of fabric and processors.
    pub(crate) fn nominal(time: SimTime) -> Self {
        Self { time, cycle: 0, period: SimTime::FABRIC_CYCLE }
    }

    pub(crate) fn period(&self) -> SimTime {
        self.period
    }

    /// When a cycle begins.
    pub(crate) fn time_of(&self, cycle: u64) -> SimTime {
        let span = |cycles: u64| SimTime::from_ps(cycles.saturating_mul(self.period.as_ps()));
        match cycle.checked_sub(self.cycle) {
            Some(later) => self.time.saturating_add(span(later)),
            None => self.time.saturating_sub(span(self.cycle - cycle)),
        }
    }

    /// The first cycle that does not begin before `time`, which is not before the last change of the clock.
    pub(crate) fn cycle_at(&self, time: SimTime) -> u64 {
        self.cycle + time.saturating_sub(self.time).as_ps().div_ceil(self.period.as_ps())
    }

    /// The first edge that is not before `time`.
    pub(crate) fn edge(&self, time: SimTime) -> SimTime {
        self.time_of(self.cycle_at(time))
    }

    /// From its next edge on the clock has another period.
    pub(crate) fn set_period(&mut self, now: SimTime, period: SimTime) {
        let cycle = self.cycle_at(now);
        *self = Self { time: self.time_of(cycle), cycle, period };
    }

    /// The next edge becomes the beginning of cycle 0.
    pub(crate) fn restart(&mut self, now: SimTime) {
        *self = Self { time: self.edge(now), cycle: 0, period: self.period };
    }

    /// The clock stood still for `pause`.
    pub(crate) fn shift(&mut self, pause: SimTime) {
        self.time = self.time.saturating_add(pause);
    }
}

/// Periods of the clocks of a chip, as its registers set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockPeriods {
    /// Event fabric and Omnibus. `None` if that clock is off, which the model does not follow: they go on as before.
    pub fabric: Option<SimTime>,
    /// The plasticity processors; `None` if they stand still.
    pub ppu: Option<SimTime>,
    /// The membrane ADC, 2 ns nominally; `None` if it is off.
    pub madc: Option<SimTime>,
}

/// The clocks of a chip and their self test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Clocks {
    pub(crate) fabric: Clock,
    pub(crate) periods: ClockPeriods,
    test: SelfTest,
}

/// The last self test.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct SelfTest {
    /// Whether its clock enable is set: the next edge starts a test.
    enabled: bool,
    /// When it is or was done, and what it gives: the word of the status register.
    done: Option<(SimTime, u32)>,
}

impl Default for Clocks {
    fn default() -> Self {
        let nominal = Some(SimTime::FABRIC_CYCLE);
        Self {
            fabric: Clock::nominal(SimTime::ZERO),
            periods: ClockPeriods { fabric: nominal, ppu: nominal, madc: Some(SimTime::from_ns(2)) },
            test: SelfTest::default(),
        }
    }
}

/// The period of a frequency in MHz, rounded to whole picoseconds; `None` if it is 0.
fn period(mhz: f64) -> Option<SimTime> {
    (mhz > 0.0).then(|| SimTime::from_ps(((1e6 / mhz).round() as u64).max(1)))
}

impl Shared {
    /// The frequencies in MHz that the registers set for the four clock outputs, and which of them feeds the fabric.
    fn clock_outputs(&self) -> ([f64; 4], usize) {
        let loops = [0, 1].map(|adpll| {
            let config: ADPLL = self.typed(adpll);
            let runs = config.enable && config.enable_output_clock;
            config.frequencies().filter(|_| runs)
        });
        let block: PLLClockOutputBlock = self.typed(0);
        let fabric = if block.switch_spl1_to_madc { 3 } else { 1 };
        (block.outputs().map(|output| output.frequency(loops)), fabric)
    }

    /// A register of the clocks was written: they change now. The processors have to be told by the caller.
    pub(crate) fn program_clocks(&mut self) {
        let (outputs, fabric) = self.clock_outputs();
        // The event fabric and the Omnibus run at half of their output.
        let programmed = ClockPeriods {
            fabric: period(outputs[fabric] / 2.0),
            ppu: period(outputs[2]),
            madc: period(outputs[3]),
        };
        let before = core::mem::replace(&mut self.clocks.periods, programmed);
        match programmed.fabric {
            Some(period) if period != self.clocks.fabric.period() => {
                self.clocks.fabric.set_period(self.now(), period);
                self.diagnostics.once(format!(
                    "clock of the event fabric is programmed to {} MHz: crossbar, event sources and buses follow, the clocks of the neuron back-ends and the pulses of synapse drivers stay nominal",
                    outputs[fabric] / 2.0
                ));
            }
            None if before.fabric.is_some() => {
                self.diagnostics
                    .once("clock of the event fabric is off; not modelled, it goes on as before".into());
            }
            _ => {}
        }
        if programmed.madc != before.madc {
            self.readout.mark();
            self.update_readout();
        }
    }

    /// The register of the self test was written. A rising clock enable counts the selected output for 2^(p + 2) periods
    /// of the reference clock (register-map 5.2).
    pub(crate) fn self_test(&mut self) {
        let config: PLLSelfTest = self.typed(0);
        if config.clock_enable && !self.clocks.test.enabled {
            let window = f64::from(1_u32 << (u32::from(config.pre_scaler_p) + 2));
            let mhz = self.clock_outputs().0[usize::from(config.select_source & 3)];
            let count = (window * mhz / REFERENCE_MHZ).round() as u32 & 0xF_FFFF;
            let success = count.abs_diff(config.check_value) <= u32::from(config.check_range);
            let done = self.now() + SimTime::from_secs_f64(window / REFERENCE_MHZ * 1e-6);
            self.clocks.test.done = Some((done, count | 1 << 20 | u32::from(success) << 21));
        }
        self.clocks.test.enabled = config.clock_enable;
    }

    /// The status register of the self test: 0 until one is done.
    pub(crate) fn self_test_status(&self) -> u32 {
        self.clocks.test.done.filter(|&(done, _)| done <= self.now()).map_or(0, |(_, word)| word)
    }

    /// Length of a cycle of the processors; the nominal one while they stand still.
    pub(crate) fn ppu_cycle(&self) -> SimTime {
        self.clocks.periods.ppu.unwrap_or(SimTime::FABRIC_CYCLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_count_on_when_the_period_changes() {
        let mut clock = Clock::nominal(SimTime::from_ns(100));
        assert_eq!(clock.cycle_at(SimTime::from_ns(101)), 1);
        // In the middle of cycle 2; the new period begins with cycle 3 at 112 ns.
        clock.set_period(SimTime::from_ns(109), SimTime::from_ns(10));
        assert_eq!(
            [2, 3, 4, 5].map(|cycle| clock.time_of(cycle)),
            [102, 112, 122, 132].map(SimTime::from_ns)
        );
        assert_eq!([110, 112, 113, 132].map(|ns| clock.cycle_at(SimTime::from_ns(ns))), [3, 3, 4, 5]);
    }
}
