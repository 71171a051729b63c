//! Results of a run and how tickets are redeemed.

use super::Recording;
use crate::playback::{Epoch, FpgaCycles, JtagTicket, MarkerTicket, ReadTicket};
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a program gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// How it ended.
    pub completion: Completion,
    /// What it answered until then.
    pub recording: Recording,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Completion {
    /// All instructions were executed.
    Halted,
    /// A barrier or poll stalled for longer than the instruction timeout; the rest was skipped (host-interface 2.7).
    TimedOut(TimeoutNotification),
    /// The caller cancelled before this instruction; the rest was skipped.
    Cancelled {
        /// Index of the first instruction that was not executed.
        instruction: usize,
    },
}

/// The FPGA's word about a blocking instruction that took too long (host-interface 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeoutNotification {
    /// Index of the instruction in the program.
    pub instruction: u32,
    /// Stall count of the trace, 7 bits.
    pub trace_stall: u8,
    /// Omnibus reads that were under way, 6 bits.
    pub reads_in_flight: u8,
}

/// A program did not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Incomplete {
    /// See [`Completion::TimedOut`].
    #[error("instruction {} stalled for longer than the instruction timeout, {} reads in flight", .0.instruction, .0.reads_in_flight)]
    TimedOut(TimeoutNotification),
    /// See [`Completion::Cancelled`].
    #[error("cancelled before instruction {0}")]
    Cancelled(usize),
}

/// A ticket has nothing to show: the program ended too early, or the ticket is of another program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no {kind} response number {index}: the program gave {available}")]
pub struct MissingResponse {
    /// Which kind of response.
    pub kind: &'static str,
    /// Its number among those of its kind.
    pub index: usize,
    /// How many there are.
    pub available: usize,
}

impl Results {
    /// Itself if the program ran to its end.
    pub fn complete(self) -> Result<Self, Incomplete> {
        match self.completion {
            Completion::Halted => Ok(self),
            Completion::TimedOut(notification) => Err(Incomplete::TimedOut(notification)),
            Completion::Cancelled { instruction } => Err(Incomplete::Cancelled(instruction)),
        }
    }

    /// The words of a read ticket, in the order of its addresses.
    pub fn words(&self, ticket: ReadTicket) -> Result<&[u32], MissingResponse> {
        let values = &self.recording.reads.value;
        let missing = || MissingResponse {
            kind: "Omnibus",
            index: values.len().max(ticket.first),
            available: values.len(),
        };
        ticket
            .first
            .checked_add(ticket.count)
            .and_then(|end| values.get(ticket.first..end))
            .ok_or_else(missing)
    }

    /// The first word of a read ticket.
    pub fn word(&self, ticket: ReadTicket) -> Result<u32, MissingResponse> {
        self.words(ticket)?.first().copied().ok_or(MissingResponse {
            kind: "Omnibus",
            index: ticket.first,
            available: self.recording.reads.value.len(),
        })
    }

    /// System time of the answers to a read ticket, FPGA cycles.
    pub fn read_times(&self, ticket: ReadTicket) -> Result<&[u64], MissingResponse> {
        self.words(ticket).map(|_| &self.recording.reads.fpga_time[ticket.first..ticket.first + ticket.count])
    }

    /// The bits of a JTAG ticket.
    pub fn jtag(&self, ticket: JtagTicket) -> Result<u64, MissingResponse> {
        let values = &self.recording.jtag.value;
        values.get(ticket.index).copied().ok_or(MissingResponse {
            kind: "JTAG",
            index: ticket.index,
            available: values.len(),
        })
    }

    /// System time of a marker, FPGA cycles.
    pub fn marker_time(&self, ticket: MarkerTicket) -> Result<u64, MissingResponse> {
        let times = &self.recording.markers.fpga_time;
        times.get(ticket.index).copied().ok_or(MissingResponse {
            kind: "marker",
            index: ticket.index,
            available: times.len(),
        })
    }

    /// System time of an epoch's time 0, FPGA cycles.
    pub fn zero(&self, epoch: Epoch) -> Result<FpgaCycles, MissingResponse> {
        Ok(FpgaCycles(self.marker_time(epoch.marker)? + epoch.zero_after.0))
    }

    /// Spikes since an epoch as (time since then, label), earlier ones left out; resolution 4 ns.
    ///
    /// Times are those of leaving the chip. A label injected at time `t` enters the chip one link latency after `t`.
    pub fn spikes_since(
        &self,
        epoch: Epoch,
    ) -> Result<impl Iterator<Item = (SimTime, u16)> + '_, MissingResponse> {
        let zero = self.zero(epoch)?.to_sim();
        let spikes = &self.recording.spikes;
        Ok((0..spikes.len())
            .map(move |index| (spikes.time(index), spikes.label[index]))
            .filter(move |&(time, _)| time >= zero)
            .map(move |(time, label)| (time - zero, label)))
    }

    /// Samples of the membrane ADC since an epoch as (time since then, value), earlier ones left out; resolution 4 ns.
    pub fn madc_since(
        &self,
        epoch: Epoch,
    ) -> Result<impl Iterator<Item = (SimTime, u16)> + '_, MissingResponse> {
        let zero = self.zero(epoch)?.to_sim();
        let samples = &self.recording.madc;
        Ok((0..samples.len())
            .map(move |index| (samples.time(index), samples.value[index]))
            .filter(move |&(time, _)| time >= zero)
            .map(move |(time, value)| (time - zero, value)))
    }
}
