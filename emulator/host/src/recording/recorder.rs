//! Sorting responses into columns.

use super::{Completion, Recording, Results, SYSTIME_MASK};
use crate::message::Response;

/// Builds [`Results`] from stamped responses, in the order in which the FPGA emits them.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    recording: Recording,
    completion: Option<Completion>,
    halted: bool,
}

impl Recorder {
    /// Nothing recorded yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A response that the host stamps with `time`, FPGA cycles. Time messages and the halt leave no trace.
    pub fn push(&mut self, time: u64, response: &Response) {
        let time = time & SYSTIME_MASK;
        let recording = &mut self.recording;
        match response {
            Response::JtagData(data) => {
                recording.jtag.fpga_time.push(time);
                recording.jtag.value.push(*data);
            }
            Response::OmnibusData(data) => {
                recording.reads.fpga_time.push(time);
                recording.reads.value.push(*data);
            }
            Response::Loopback(true) => recording.markers.fpga_time.push(time),
            Response::Loopback(false) => self.halted = true,
            Response::LinkNotification(payload) => {
                recording.links.fpga_time.push(time);
                recording.links.payload.push(*payload);
            }
            Response::Timeout(notification) => {
                self.completion.get_or_insert(Completion::TimedOut(*notification));
            }
            Response::Systime(_) | Response::Sysdelta(_) => {}
            Response::Madc(pack) => {
                for event in pack.as_slice() {
                    recording.madc.push(time, event.stamp, event.value & 0x3FFF);
                }
            }
            Response::Spikes(pack) => {
                for event in pack.as_slice() {
                    recording.spikes.push(time, event.stamp, event.value);
                }
            }
        }
    }

    /// Whether the halt has come.
    pub fn is_halted(&self) -> bool {
        self.halted
    }

    /// The program was cut short before this instruction.
    pub fn cancelled(&mut self, instruction: usize) {
        self.completion.get_or_insert(Completion::Cancelled { instruction });
    }

    /// The results, events sorted by the time at which they left the chip.
    pub fn finish(mut self) -> Results {
        self.recording.spikes.sort_by_chip_time();
        self.recording.madc.sort_by_chip_time();
        Results { completion: self.completion.unwrap_or(Completion::Halted), recording: self.recording }
    }
}
