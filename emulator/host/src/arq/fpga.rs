//! The FPGA's role: reset handshake, loopback echo, UT words.

use super::frame::{FrameError, MAX_WORDS, packet_id};
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
}

impl FpgaTransport {
    /// Waits for a reset.
    pub fn new(config: ArqConfig, bitfile: BitfileInfo) -> Self {
        Self { config, bitfile, arq: None, words: VecDeque::new() }
    }

    /// The host has sent the reset datagram: a new connection, which begins with the configuration.
    pub fn reset(&mut self) {
        let mut arq = Arq::new(self.config.clone());
        for frame in self.bitfile.frames() {
            arq.send(packet_id::CONFIGURATION, &frame);
        }
        self.arq = Some(arq);
        self.words.clear();
    }

    /// Takes a datagram of the frame port.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        let Some(arq) = &mut self.arq else { return Ok(()) };
        arq.accept(bytes)?;
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

    /// The next datagram to the host. A host that is gone ends the connection.
    pub fn transmit(&mut self, now: Duration) -> Result<Option<Vec<u8>>, PeerGone> {
        let Some(arq) = &mut self.arq else { return Ok(None) };
        arq.transmit(now).inspect_err(|_| self.arq = None)
    }

    /// When there will be something to transmit if nothing happens until then.
    pub fn next_transmission(&self) -> Option<Duration> {
        self.arq.as_ref()?.next_transmission()
    }

    /// Whether a host is connected.
    pub fn is_connected(&self) -> bool {
        self.arq.is_some()
    }
}
