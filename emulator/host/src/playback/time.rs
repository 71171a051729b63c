//! Time as playback programs count it.

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// A number of FPGA cycles of 8 ns (host-interface 2.1).
///
/// Converts from [`SimTime`] by rounding to the nearest cycle, so that builder methods take either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FpgaCycles(pub u64);

impl FpgaCycles {
    /// As a span of simulated time.
    pub const fn to_sim(self) -> SimTime {
        SimTime::from_cycles(self.0, SimTime::FPGA_CYCLE)
    }
}

impl From<SimTime> for FpgaCycles {
    fn from(time: SimTime) -> Self {
        let period = SimTime::FPGA_CYCLE.as_ps();
        Self(time.as_ps() / period + u64::from(time.as_ps() % period >= period / 2))
    }
}

impl From<FpgaCycles> for SimTime {
    fn from(cycles: FpgaCycles) -> Self {
        cycles.to_sim()
    }
}
