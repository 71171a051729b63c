//! The FPGA's role: reset handshake, loopback echo, UT words.

use super::frame::{Datagram, FrameError, MAX_WORDS, packet_id};
use super::window::{Arq, ArqConfig, PeerGone};
use core::time::Duration;
use std::collections::VecDeque;

/// What the FPGA says about its bitfile after a reset: YAML text.
///
/// The host software demands the keys `version` and `compatible_until` (at most 2 for cube boards).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitfileInfo {
    /// ASCII text without NUL; anything else is replaced by `?`.
    pub text: String,
}

impl Default for BitfileInfo {
    fn default() -> Self {
        Self { text: "version: 10\ncompatible_until: 2\n".into() }
    }
}

impl BitfileInfo {
    /// The frames of the answer to a reset: sequence numbers, window, words per frame, length of the text in words, then
    /// the text, terminated and padded with NUL.
    fn frames(&self) -> Vec<Vec<u64>> {
        let printable =
            |character: char| if matches!(character, '\n' | ' '..='~') { character as u8 } else { b'?' };
        let mut bytes: Vec<u8> = self.text.chars().map(printable).collect();
        bytes.resize((bytes.len() / 8 + 1) * 8, 0);
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let mut words = vec![256, 128, MAX_WORDS as u64, (bytes.len() / 8) as u64];
        words.extend(bytes.chunks_exact(8).map(word));
        words.chunks(MAX_WORDS).map(<[u64]>::to_vec).collect()
    }
}

/// The FPGA's end of a connection. Until the first reset it ignores everything.
#[derive(Debug)]
pub struct FpgaTransport {
    config: ArqConfig,
    bitfile: BitfileInfo,
    arq: Option<Arq>,
    words: VecDeque<Vec<u64>>,
    /// Sequence number of the last frame of the configuration, until the host has acknowledged it.
    greeting: Option<u8>,
    /// The host has not acknowledged anything for long; nothing is sent until it is heard again.
    silent: bool,
}

impl FpgaTransport {
    /// Waits for a reset.
    pub fn new(config: ArqConfig, bitfile: BitfileInfo) -> Self {
        Self { config, bitfile, arq: None, words: VecDeque::new(), greeting: None, silent: false }
    }

    /// The host has sent the reset datagram: a new connection, which begins with the configuration.
    pub fn reset(&mut self) {
        let mut arq = Arq::new(self.config.clone());
        let frames = self.bitfile.frames();
        self.greeting = Some((frames.len() - 1) as u8);
        for frame in frames {
            arq.send(packet_id::CONFIGURATION, &frame);
        }
        self.arq = Some(arq);
        self.words.clear();
        self.silent = false;
    }

    /// Takes a datagram of the frame port.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        let Some(arq) = &mut self.arq else { return Ok(()) };
        // The host speaks only once it has the configuration: a frame that does not acknowledge it is of an earlier
        // connection.
        if let Some(greeting) = self.greeting
            && let Datagram::Data(frame) = Datagram::decode(bytes)?
            && frame.ack != greeting
        {
            return Err(FrameError::Stale);
        }
        arq.accept(bytes)?;
        self.greeting = self.greeting.filter(|&greeting| !arq.has_acknowledged(greeting));
        if core::mem::take(&mut self.silent) {
            arq.revive();
        }
        while let Some((packet, words)) = arq.receive() {
            match packet {
                packet_id::UT => self.words.push_back(words),
                packet_id::LOOPBACK => arq.send(packet_id::LOOPBACK, &words),
                packet_id::FLUSH => tracing::debug!("the host closes the connection"),
                _ => tracing::debug!("packet {packet:#06x} ignored"),
            }
        }
        Ok(())
    }

    /// UT words from the host, frame by frame.
    pub fn receive(&mut self) -> Option<Vec<u64>> {
        self.words.pop_front()
    }

    /// UT words to the host.
    pub fn send(&mut self, words: &[u64]) {
        if let Some(arq) = &mut self.arq {
            arq.send(packet_id::UT, words);
        }
    }

    /// The next datagram to the host. The error comes once when the host has been silent for too long; the connection then
    /// rests until the host is heard again, or another one resets it.
    pub fn transmit(&mut self, now: Duration) -> Result<Option<Vec<u8>>, PeerGone> {
        let Some(arq) = self.arq.as_mut().filter(|_| !self.silent) else { return Ok(None) };
        arq.transmit(now).inspect_err(|_| self.silent = true)
    }

    /// When there will be something to transmit if nothing happens until then.
    pub fn next_transmission(&self) -> Option<Duration> {
        self.arq.as_ref().filter(|_| !self.silent)?.next_transmission()
    }

    /// Frames waiting to be sent for the first time.
    pub fn queued_frames(&self) -> usize {
        self.arq.as_ref().map_or(0, Arq::queued_frames)
    }

    /// Whether a host is connected.
    pub fn is_connected(&self) -> bool {
        self.arq.is_some()
    }
}
