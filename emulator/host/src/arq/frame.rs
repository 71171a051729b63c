//! Frames of HostARQ, all fields big-endian (host-interface 5.1).

use thiserror::Error;

/// Most words in a frame.
pub const MAX_WORDS: usize = 180;
/// What the host sends to the reset port.
pub const RESET_DATAGRAM: [u8; 4] = [0xAB; 4];

const HEADER: usize = 12;
/// The host pads its frames to this size.
const SHORTEST: usize = 20;

/// Numbers that say what a frame carries.
pub mod packet_id {
    /// UT words, both directions.
    pub const UT: u16 = 0x0010;
    /// The host closes.
    pub const FLUSH: u16 = 0x8000;
    /// Words that come back.
    pub const LOOPBACK: u16 = 0x8001;
    /// The FPGA's answer to a reset.
    pub const CONFIGURATION: u16 = 0x8002;
}

/// A frame with words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFrame {
    /// Last sequence number received in order, 255 before the first.
    pub ack: u8,
    /// Sequence number.
    pub sequence: u8,
    /// What it carries, see [`packet_id`].
    pub packet: u16,
    /// Up to [`MAX_WORDS`] words.
    pub words: Vec<u64>,
}

/// What a datagram on the frame port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datagram {
    /// A pure acknowledgement.
    Ack(u8),
    /// A frame.
    Data(DataFrame),
}

/// Why a datagram is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Neither an acknowledgement of 4 bytes nor a header of 12.
    #[error("a datagram of {0} bytes is neither an acknowledgement nor a frame")]
    Size(usize),
    /// Sequence numbers end at 255.
    #[error("sequence number {0} is above 255")]
    SequenceNumber(u32),
    /// More words than a frame may have.
    #[error("a frame takes up to 180 words, not {0}")]
    TooManyWords(usize),
    /// The words it announces are not there.
    #[error("a frame of {words} words in a datagram of {bytes} bytes")]
    Truncated {
        /// Words announced.
        words: usize,
        /// Size of the datagram.
        bytes: usize,
    },
    /// The host can't have sent it in this connection.
    #[error("a frame from before the last reset")]
    Stale,
}

fn sequence_number(bytes: &[u8]) -> Result<u8, FrameError> {
    let number = bytes.iter().take(4).fold(0, |number, &byte| number << 8 | u32::from(byte));
    u8::try_from(number).map_err(|_| FrameError::SequenceNumber(number))
}

impl Datagram {
    /// Reads a datagram. Bytes behind the last word are padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() == 4 {
            return Ok(Self::Ack(sequence_number(bytes)?));
        }
        let Some((header, payload)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(FrameError::Size(bytes.len()));
        };
        let count = usize::from(u16::from_be_bytes([header[10], header[11]]));
        if count > MAX_WORDS {
            return Err(FrameError::TooManyWords(count));
        }
        let Some(payload) = payload.get(..8 * count) else {
            return Err(FrameError::Truncated { words: count, bytes: bytes.len() });
        };
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Ok(Self::Data(DataFrame {
            ack: sequence_number(&header[..4])?,
            sequence: sequence_number(&header[4..8])?,
            packet: u16::from_be_bytes([header[8], header[9]]),
            words: payload.chunks_exact(8).map(word).collect(),
        }))
    }

    /// The bytes of a datagram; words beyond [`MAX_WORDS`] are cut.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ack(ack) => vec![0, 0, 0, *ack],
            Self::Data(frame) => {
                let words = &frame.words[..frame.words.len().min(MAX_WORDS)];
                let mut bytes = Vec::with_capacity((HEADER + 8 * words.len()).max(SHORTEST));
                bytes.extend([0, 0, 0, frame.ack, 0, 0, 0, frame.sequence]);
                bytes.extend(frame.packet.to_be_bytes());
                bytes.extend((words.len() as u16).to_be_bytes());
                for word in words {
                    bytes.extend(word.to_be_bytes());
                }
                bytes.resize(bytes.len().max(SHORTEST), 0);
                bytes
            }
        }
    }
}
