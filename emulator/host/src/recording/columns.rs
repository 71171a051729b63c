//! The columns of a recording.
//!
//! Times are system times in FPGA cycles of 8 ns, as the host software sees them: `fpga_time` is when the FPGA emitted the
//! message, `chip_time` when the event left the chip (event-routing 2.3). Without synchronised system time (host-interface
//! 2.8) the FPGA sends no times, and `fpga_time` merely counts messages from 1.

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// Everything a program answered, in columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Spikes by `chip_time`; simultaneous ones in the order of arrival.
    pub spikes: Spikes,
    /// Samples of the membrane ADC by `chip_time`.
    pub madc: MadcSamples,
    /// Omnibus reads in the order of the program.
    pub reads: ReadWords,
    /// Kept JTAG shifts in the order of the program.
    pub jtag: JtagWords,
    /// Markers in the order of the program.
    pub markers: Markers,
    /// Notifications of the eight links.
    pub links: LinkNotifications,
}

/// Recorded spikes; all columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spikes {
    /// System time at which the spike left the chip, FPGA cycles of 8 ns.
    pub chip_time: Vec<u64>,
    /// System time at which the FPGA sent it on, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
    /// The chip's 8-bit stamp in cycles of 4 ns; bit 0 is the half cycle missing in `chip_time`.
    pub stamp: Vec<u8>,
    /// SPL1 address `[15:14]`, neuron label `[13:0]`.
    pub label: Vec<u16>,
}

/// Recorded samples of the membrane ADC; all columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcSamples {
    /// System time at which the sample left the chip, FPGA cycles of 8 ns.
    pub chip_time: Vec<u64>,
    /// System time at which the FPGA sent it on, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
    /// The chip's 8-bit stamp in cycles of 4 ns.
    pub stamp: Vec<u8>,
    /// Sample `[9:0]` in LSB, channel bit 10; 14 bits are kept (event-routing 3.3).
    pub value: Vec<u16>,
}

/// Answers to Omnibus reads; both columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadWords {
    /// System time of the answer, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
    /// The word.
    pub value: Vec<u32>,
}

/// Kept JTAG shifts; both columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JtagWords {
    /// System time of the answer, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
    /// Up to 33 bits.
    pub value: Vec<u64>,
}

/// Markers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markers {
    /// System time of each marker, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
}

/// Notifications of the links; both columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkNotifications {
    /// System time, FPGA cycles of 8 ns.
    pub fpga_time: Vec<u64>,
    /// Check error 0, CRC recovered 1, CRC error 2, decode error 3, link up 4, PHY `[7:5]` (host-interface 2.10).
    pub payload: Vec<u8>,
}

/// Moves the entries of a column to the order given by `order`.
fn permute<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
    *column = order.iter().map(|&index| column[index]).collect();
}

macro_rules! event_columns {
    ($columns:ident, $payload:ident) => {
        impl $columns {
            /// Number of events.
            pub fn len(&self) -> usize {
                self.chip_time.len()
            }
            /// Whether there is none.
            pub fn is_empty(&self) -> bool {
                self.chip_time.is_empty()
            }
            /// Time of event `index` on the chip to the full 4 ns of its stamp, as system time.
            pub fn time(&self, index: usize) -> SimTime {
                let half = u64::from(self.stamp[index] & 1);
                SimTime::from_cycles(2 * self.chip_time[index] + half, SimTime::FABRIC_CYCLE)
            }
            pub(crate) fn push(&mut self, fpga_time: u64, stamp: u8, payload: u16) {
                self.chip_time.push(chip_time(fpga_time, stamp));
                self.fpga_time.push(fpga_time);
                self.stamp.push(stamp);
                self.$payload.push(payload);
            }
            pub(crate) fn sort_by_chip_time(&mut self) {
                if self.chip_time.is_sorted() {
                    return;
                }
                let mut order: Vec<usize> = (0..self.len()).collect();
                order.sort_by_key(|&index| self.chip_time[index]);
                permute(&mut self.chip_time, &order);
                permute(&mut self.fpga_time, &order);
                permute(&mut self.stamp, &order);
                permute(&mut self.$payload, &order);
            }
            pub(crate) fn lengths(&self) -> [usize; 4] {
                [self.chip_time.len(), self.fpga_time.len(), self.stamp.len(), self.$payload.len()]
            }
        }
    };
}

event_columns!(Spikes, label);
event_columns!(MadcSamples, value);

/// Bits of the system time (event-routing 2.2).
pub(crate) const SYSTIME_MASK: u64 = (1 << 43) - 1;

/// Time on the chip from the time of the FPGA's message and the stamp (event-routing 2.3).
pub(crate) fn chip_time(fpga_time: u64, stamp: u8) -> u64 {
    let time = (fpga_time & !127) + u64::from(stamp >> 1);
    if time > fpga_time { time.wrapping_sub(128) & SYSTIME_MASK } else { time }
}
