//! The host's role: handshake, then UT words.

use super::frame::{FrameError, MAX_WORDS, packet_id};
use super::window::{Arq, ArqConfig, PeerGone};
use core::time::Duration;
use thiserror::Error;

/// The far end does not greet like an FPGA.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// The first frame is no configuration.
    #[error("expected the configuration after a reset, got packet {0:#06x}")]
    NotConfiguration(u16),
    /// Sequence numbers, window or frame size are not those of this protocol.
    #[error("the peer uses {0:?} sequence numbers, window and words per frame instead of [256, 128, 180]")]
    Parameters(Vec<u64>),
    /// The text is longer than anything sensible.
    #[error("the peer announces {0} words of bitfile information")]
    TextLength(u64),
}

/// Longest bitfile information that is accepted, in words.
const LONGEST_TEXT: u64 = 65_536;

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Words of the configuration so far, and how many there will be.
    Configuration {
        words: Vec<u64>,
        total: Option<usize>,
    },
    Echo,
    Ready,
}

/// The host's end of a connection; the reset datagram has to be sent by the caller.
#[derive(Debug)]
pub struct HostTransport {
    arq: Arq,
    phase: Phase,
    check: u64,
    bitfile: String,
}

impl HostTransport {
    /// Just after the reset. `check` is the word that has to come back.
    pub fn new(config: ArqConfig, check: u64) -> Self {
        let phase = Phase::Configuration { words: Vec::new(), total: None };
        Self { arq: Arq::new(config), phase, check, bitfile: String::new() }
    }

    /// Takes a datagram. `Err` of the outer result is a datagram that was dropped, of the inner one a wrong greeting.
    pub fn accept(&mut self, bytes: &[u8]) -> Result<Result<(), HandshakeError>, FrameError> {
        self.arq.accept(bytes)?;
        Ok(self.advance())
    }

    fn advance(&mut self) -> Result<(), HandshakeError> {
        loop {
            match &mut self.phase {
                Phase::Configuration { words, total } => {
                    let Some((packet, new)) = self.arq.receive() else { return Ok(()) };
                    if packet != packet_id::CONFIGURATION {
                        return Err(HandshakeError::NotConfiguration(packet));
                    }
                    words.extend(new);
                    let total = match *total {
                        Some(total) => total,
                        None => {
                            let head = words.get(..4).unwrap_or(words);
                            let [256, 128, words_per_frame, text] = *head else {
                                return Err(HandshakeError::Parameters(head.to_vec()));
                            };
                            if words_per_frame != MAX_WORDS as u64 {
                                return Err(HandshakeError::Parameters(head.to_vec()));
                            }
                            if text > LONGEST_TEXT {
                                return Err(HandshakeError::TextLength(text));
                            }
                            *total.insert(4 + text as usize)
                        }
                    };
                    if words.len() >= total {
                        let bytes = words[4..total].iter().flat_map(|word| word.to_be_bytes());
                        self.bitfile = bytes.take_while(|&byte| byte != 0).map(char::from).collect();
                        self.arq.send(packet_id::LOOPBACK, &[self.check]);
                        self.phase = Phase::Echo;
                    }
                }
                Phase::Echo => {
                    // Everything else is left over from before and dropped.
                    let Some((packet, words)) = self.arq.receive() else { return Ok(()) };
                    if packet == packet_id::LOOPBACK && words == [self.check] {
                        self.phase = Phase::Ready;
                    }
                }
                Phase::Ready => return Ok(()),
            }
        }
    }

    /// Whether the handshake is complete.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// The bitfile information of the FPGA.
    pub fn bitfile(&self) -> &str {
        &self.bitfile
    }

    /// UT words from the FPGA, once the handshake is complete; other packets are dropped.
    pub fn receive(&mut self) -> Option<Vec<u64>> {
        if !self.is_ready() {
            return None;
        }
        loop {
            let (packet, words) = self.arq.receive()?;
            if packet == packet_id::UT {
                return Some(words);
            }
        }
    }

    /// UT words to the FPGA.
    pub fn send(&mut self, words: &[u64]) {
        self.arq.send(packet_id::UT, words);
    }

    /// Asks the FPGA for a sign of life, which it gives by its acknowledgement; one that gives none is gone at last
    /// ([`PeerGone`]). Nothing is asked while another frame waits for its acknowledgement anyway.
    pub fn probe(&mut self) {
        if self.arq.is_idle() {
            self.arq.send(packet_id::LOOPBACK, &[self.check]);
        }
    }

    /// Says goodbye.
    pub fn close(&mut self) {
        self.arq.send(packet_id::FLUSH, &[0]);
    }

    /// Frames waiting to be sent for the first time.
    pub fn queued_frames(&self) -> usize {
        self.arq.queued_frames()
    }

    /// The next datagram to the FPGA.
    pub fn transmit(&mut self, now: Duration) -> Result<Option<Vec<u8>>, PeerGone> {
        self.arq.transmit(now)
    }

    /// When there will be something to transmit if nothing happens until then.
    pub fn next_transmission(&self) -> Option<Duration> {
        self.arq.next_transmission()
    }
}
