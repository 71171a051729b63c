//! The way out of the FPGA: one message per cycle (host-interface 2.8, 2.9).

use crate::message::{EventPack, Response, Stamped};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An event on its way from the chip to the host.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct ArrivingEvent {
    /// Cycle in which it left the chip.
    pub(super) left: u64,
    /// Cycle in which it reaches the FPGA.
    pub(super) arrival: u64,
    pub(super) event: Stamped,
    pub(super) is_spike: bool,
}

/// Responses and events that wait for their cycle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    /// By cycle; equal cycles in order of creation.
    replies: VecDeque<(u64, Response)>,
    /// Events still on the link, by arrival.
    arriving: VecDeque<ArrivingEvent>,
    /// Events that arrived while recording was on.
    accepted: VecDeque<ArrivingEvent>,
    /// First cycle without a message.
    free: u64,
}

impl Outbox {
    /// The host reconstructs an event's time from a message at most this many cycles later (event-routing 2.3).
    const LONGEST_DELAY: u64 = 127;

    pub(super) fn reply(&mut self, cycle: u64, response: Response) {
        let after = self.replies.iter().rev().take_while(|reply| reply.0 > cycle).count();
        self.replies.insert(self.replies.len() - after, (cycle, response));
    }

    pub(super) fn event(&mut self, event: ArrivingEvent) {
        self.arriving.push_back(event);
    }

    /// Arrival and label of the spikes that are still on the link.
    pub(super) fn spikes_on_the_link(&self) -> impl Iterator<Item = (u64, u16)> {
        self.arriving.iter().filter(|event| event.is_spike).map(|event| (event.arrival, event.event.value))
    }

    /// Decides about the events that arrive before `cycle`.
    pub(super) fn accept_before(&mut self, cycle: u64, recording: bool) {
        let arrived = self.arriving.partition_point(|event| event.arrival < cycle);
        let arrived = self.arriving.drain(..arrived);
        if recording {
            self.accepted.extend(arrived);
        }
    }

    /// Emits everything whose cycle is before `limit`.
    ///
    /// Replies have priority, so that the time of a marker is exact even under a flood of events. An event whose turn comes
    /// so late that the host would misplace it is emitted with an earlier time: none is lost, and the time of leaving the
    /// chip is always right.
    pub(super) fn emit_before(&mut self, limit: u64, mut emit: impl FnMut(u64, Response)) {
        loop {
            let reply = self.replies.front().map(|reply| reply.0.max(self.free));
            let event = self.accepted.front().map(|event| event.arrival.max(self.free));
            let Some(cycle) = reply.into_iter().chain(event).min().filter(|&cycle| cycle < limit) else {
                return;
            };
            if reply == Some(cycle) {
                if let Some((_, response)) = self.replies.pop_front() {
                    emit(cycle, response);
                }
            } else if let Some((time, pack)) = self.pack(cycle) {
                emit(time, pack);
            }
            self.free = cycle + 1;
        }
    }

    /// Emits everything that waits, then `last` in a cycle not before `cycle`, and returns that cycle.
    pub(super) fn emit_all(
        &mut self,
        cycle: u64,
        last: Response,
        mut emit: impl FnMut(u64, Response),
    ) -> u64 {
        self.emit_before(u64::MAX, &mut emit);
        let cycle = cycle.max(self.free);
        emit(cycle, last);
        self.free = cycle + 1;
        cycle
    }

    /// Up to three waiting events of one kind in one message.
    fn pack(&mut self, cycle: u64) -> Option<(u64, Response)> {
        let first = *self.accepted.front()?;
        let time = cycle.min(first.left + Self::LONGEST_DELAY);
        let fits = |event: &&ArrivingEvent| {
            event.is_spike == first.is_spike
                && event.arrival <= cycle
                && (event.left..=event.left + Self::LONGEST_DELAY).contains(&time)
        };
        let mut events = [Stamped::default(); EventPack::MAX];
        let count = self.accepted.iter().take(EventPack::MAX).take_while(fits).count();
        for (slot, event) in events.iter_mut().zip(self.accepted.drain(..count)) {
            *slot = event.event;
        }
        let pack = EventPack::new(&events[..count])?;
        Some((time, if first.is_spike { Response::Spikes(pack) } else { Response::Madc(pack) }))
    }
}
