//! The one clock of record: integer picoseconds of chip time (design section 4).

use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use serde::{Deserialize, Serialize};

/// A point on, or a span of, the chip's time axis in integer picoseconds.
///
/// 64 bits last 213 days of chip time. Nothing in the emulator looks at the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SimTime(u64);

impl SimTime {
    /// The beginning: the moment in which the chip was made.
    pub const ZERO: Self = Self(0);
    /// The end of the axis, used as "never".
    pub const MAX: Self = Self(u64::MAX);
    /// One cycle of the event fabric and the PPUs at their nominal 250 MHz (event-routing 2.1).
    pub const FABRIC_CYCLE: Self = Self(4_000);
    /// One cycle of the FPGA at 125 MHz (event-routing 2.1).
    pub const FPGA_CYCLE: Self = Self(8_000);

    /// From picoseconds.
    pub const fn from_ps(ps: u64) -> Self {
        Self(ps)
    }
    /// From nanoseconds.
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns * 1_000)
    }
    /// From microseconds.
    pub const fn from_us(us: u64) -> Self {
        Self(us * 1_000_000)
    }
    /// From milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000_000_000)
    }
    /// From a number of periods of `period`.
    pub const fn from_cycles(cycles: u64, period: Self) -> Self {
        Self(cycles * period.0)
    }
    /// From seconds, rounded to the nearest picosecond; negative values and NaN become zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e12).round() as u64)
    }

    /// Picoseconds.
    pub const fn as_ps(self) -> u64 {
        self.0
    }
    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 * 1e-12
    }
    /// Microseconds.
    pub fn as_us_f64(self) -> f64 {
        self.0 as f64 * 1e-6
    }
    /// Whole periods of `period` that have passed at this time.
    pub const fn cycles(self, period: Self) -> u64 {
        self.0 / period.0
    }
    /// The first multiple of `period` that is not before this time.
    pub const fn round_up(self, period: Self) -> Self {
        Self(self.0.div_ceil(period.0) * period.0)
    }
    /// `self - other`, or zero where that would be negative.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    /// `self + other`, or [`SimTime::MAX`] where that would overflow.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Add for SimTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign for SimTime {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl Sub for SimTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for SimTime {
    /// The time in the unit that fits: `12.5 us`, `3 ms`, `0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ps = self.0 as f64;
        match self.0 {
            0 => write!(f, "0 s"),
            1..1_000_000 => write!(f, "{} ns", ps * 1e-3),
            1_000_000..1_000_000_000 => write!(f, "{} us", ps * 1e-6),
            1_000_000_000..1_000_000_000_000 => write!(f, "{} ms", ps * 1e-9),
            _ => write!(f, "{} s", ps * 1e-12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_in_the_unit_that_fits() {
        assert_eq!(SimTime::from_ns(12_500).to_string(), "12.5 us");
        assert_eq!(SimTime::from_ms(20).to_string(), "20 ms");
        assert_eq!(SimTime::ZERO.to_string(), "0 s");
    }

    #[test]
    fn rounding_up_to_the_fabric_grid_keeps_grid_points() {
        let cycle = SimTime::FABRIC_CYCLE;
        assert_eq!(SimTime::from_ps(8_000).round_up(cycle), SimTime::from_ps(8_000));
        assert_eq!(SimTime::from_ps(8_001).round_up(cycle), SimTime::from_ps(12_000));
    }
}
