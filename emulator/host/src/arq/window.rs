//! One end of the reliable transport: sequence numbers, windows, acknowledgements, retransmission.

use super::frame::{DataFrame, Datagram, FrameError, MAX_WORDS};
use core::time::Duration;
use std::collections::VecDeque;
use thiserror::Error;

/// Frames that may be under way in one direction.
const WINDOW: usize = 128;

/// Parameters of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArqConfig {
    /// Wait before a frame is sent again; doubled with every further transmission up to 32 times.
    pub retransmit_after: Duration,
    /// Transmissions of a frame after which the peer counts as gone.
    pub transmissions: u32,
}

impl Default for ArqConfig {
    fn default() -> Self {
        Self { retransmit_after: Duration::from_millis(1), transmissions: 1000 }
    }
}

/// The peer does not acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the peer has not acknowledged frame {sequence} after {transmissions} transmissions")]
pub struct PeerGone {
    /// Sequence number of the frame.
    pub sequence: u8,
    /// How often it was sent.
    pub transmissions: u32,
}

#[derive(Clone, Debug)]
struct Outgoing {
    sequence: u8,
    packet: u16,
    words: Vec<u64>,
    transmissions: u32,
    due: Duration,
}

/// One end of a HostARQ connection, without sockets: time is a [`Duration`] since any moment of the caller's choice.
///
/// Frames carry 8-bit sequence numbers and nothing else that tells them apart. A duplicate is known as one as long as the
/// receiver has gone on by at most 128 frames since; one that is delayed by 129 to 256 frames has the number of a frame
/// that is yet to come and is taken for it. The protocol offers no remedy (host-interface 5.1); networks that keep datagrams
/// in order, as those between a host and its FPGA do, never deliver one.
#[derive(Clone, Debug)]
pub struct Arq {
    config: ArqConfig,
    /// Frames that have not been sent yet.
    queue: VecDeque<(u16, Vec<u64>)>,
    /// Frames that have not been acknowledged, oldest first, up to [`WINDOW`].
    outgoing: VecDeque<Outgoing>,
    next_sequence: u8,
    /// The next sequence number to be received in order.
    expected: u8,
    /// Frames of the receive window by distance from `expected`, which itself is never there.
    early: VecDeque<Option<(u16, Vec<u64>)>>,
    received: VecDeque<(u16, Vec<u64>)>,
    ack_due: bool,
}

impl Arq {
    /// Both directions at their beginning.
    pub fn new(config: ArqConfig) -> Self {
        Self {
            config,
            queue: VecDeque::new(),
            outgoing: VecDeque::new(),
            next_sequence: 0,
            expected: 0,
            early: VecDeque::new(),
            received: VecDeque::new(),
            ack_due: false,
        }
    }

    /// Queues words, in as many frames as they need.
    pub fn send(&mut self, packet: u16, words: &[u64]) {
        self.queue.extend(words.chunks(MAX_WORDS).map(|words| (packet, words.to_vec())));
    }

    /// The next frame received in order: what it carries, and its words.
    pub fn receive(&mut self) -> Option<(u16, Vec<u64>)> {
        self.received.pop_front()
    }

    /// Whether all that was sent has been acknowledged.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.outgoing.is_empty()
    }

    /// Frames waiting to be sent for the first time.
    pub fn queued_frames(&self) -> usize {
        self.queue.len()
    }

    /// Last sequence number received in order, 255 before the first.
    pub fn acknowledged(&self) -> u8 {
        self.expected.wrapping_sub(1)
    }

    /// Whether the peer has acknowledged frame `last`, one of the latest 128.
    pub fn has_acknowledged(&self, last: u8) -> bool {
        match self.outgoing.front() {
            Some(oldest) => usize::from(last.wrapping_sub(oldest.sequence)) >= WINDOW,
            None => self.next_sequence == last.wrapping_add(1),
        }
    }

    /// Begins anew with what is not acknowledged, as if it had never been sent: a peer that was silent is back.
    pub fn revive(&mut self) {
        for frame in &mut self.outgoing {
            frame.transmissions = 0;
            frame.due = Duration::ZERO;
        }
    }

    /// Takes a datagram from the peer.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        match Datagram::decode(bytes)? {
            Datagram::Ack(ack) => self.accept_ack(ack),
            Datagram::Data(DataFrame { ack, sequence, packet, words }) => {
                self.accept_ack(ack);
                self.accept_data(sequence, packet, words);
            }
        }
        Ok(())
    }

    fn accept_ack(&mut self, ack: u8) {
        let Some(oldest) = self.outgoing.front() else { return };
        let count = usize::from(ack.wrapping_sub(oldest.sequence)) + 1;
        // Anything else is an acknowledgement of the past: 255 means that nothing new was received.
        if count <= self.outgoing.len() {
            self.outgoing.drain(..count);
        }
    }

    fn accept_data(&mut self, sequence: u8, packet: u16, words: Vec<u64>) {
        // Duplicates get the present acknowledgement as well: theirs may have been lost.
        self.ack_due = true;
        let distance = usize::from(sequence.wrapping_sub(self.expected));
        if distance >= WINDOW {
            return;
        }
        if distance > 0 {
            if self.early.len() < distance {
                self.early.resize(distance, None);
            }
            self.early[distance - 1].get_or_insert((packet, words));
            return;
        }
        self.received.push_back((packet, words));
        self.expected = self.expected.wrapping_add(1);
        while let Some(Some(frame)) = self.early.front_mut().map(Option::take) {
            self.received.push_back(frame);
            self.expected = self.expected.wrapping_add(1);
            self.early.pop_front();
        }
        // The gap in front of what is still early has become the expected frame.
        self.early.pop_front();
    }

    /// The next datagram to send at `now`: frames whose time has come, new frames as the window allows, and an
    /// acknowledgement if one is due and nothing else carries it.
    pub fn transmit(&mut self, now: Duration) -> Result<Option<Vec<u8>>, PeerGone> {
        let ack = self.acknowledged();
        if let Some(frame) = self.outgoing.iter_mut().find(|frame| frame.due <= now) {
            if frame.transmissions >= self.config.transmissions {
                return Err(PeerGone { sequence: frame.sequence, transmissions: frame.transmissions });
            }
            let bytes = frame.transmit(now, ack, &self.config);
            self.ack_due = false;
            return Ok(Some(bytes));
        }
        let room = self.outgoing.len() < WINDOW;
        if let Some((packet, words)) = self.queue.pop_front_if(|_| room) {
            let sequence = self.next_sequence;
            self.next_sequence = sequence.wrapping_add(1);
            let mut frame = Outgoing { sequence, packet, words, transmissions: 0, due: now };
            let bytes = frame.transmit(now, ack, &self.config);
            self.outgoing.push_back(frame);
            self.ack_due = false;
            return Ok(Some(bytes));
        }
        Ok(core::mem::take(&mut self.ack_due).then(|| Datagram::Ack(ack).encode()))
    }

    /// When [`transmit`](Arq::transmit) will have something to do if nothing happens until then.
    pub fn next_transmission(&self) -> Option<Duration> {
        self.outgoing.iter().map(|frame| frame.due).min()
    }
}

impl Outgoing {
    fn transmit(&mut self, now: Duration, ack: u8, config: &ArqConfig) -> Vec<u8> {
        self.due = now + config.retransmit_after * (1 << self.transmissions.min(5));
        self.transmissions += 1;
        let frame = DataFrame {
            ack,
            sequence: self.sequence,
            packet: self.packet,
            words: core::mem::take(&mut self.words),
        };
        let datagram = Datagram::Data(frame);
        let bytes = datagram.encode();
        if let Datagram::Data(frame) = datagram {
            self.words = frame.words;
        }
        bytes
    }
}
