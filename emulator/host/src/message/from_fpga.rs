//! FPGA to host: messages of 64 or 80 bits, one after the other without alignment to words (host-interface 4.1, 4.3).

use super::DecodeError;
use crate::recording::TimeoutNotification;
use serde::{Deserialize, Serialize};

/// A message of the FPGA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// A kept JTAG shift, 33 bits.
    JtagData(u64),
    /// An Omnibus read.
    OmnibusData(u32),
    /// The echo of a loopback instruction: `true` tick, `false` halt.
    Loopback(bool),
    /// State of a link: check error 0, CRC recovered 1, CRC error 2, decode error 3, link up 4, PHY `[7:5]`.
    LinkNotification(u8),
    /// A blocking instruction took too long.
    Timeout(TimeoutNotification),
    /// The system time, 43 bits.
    Systime(u64),
    /// An increment of the system time.
    Sysdelta(u8),
    /// Samples of the membrane ADC.
    Madc(EventPack),
    /// Spikes.
    Spikes(EventPack),
}

/// An event as the link carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// Low 8 bits of the chip's system time, cycles of 4 ns.
    pub stamp: u8,
    /// Spike label or sample.
    pub value: u16,
}

/// One to three events of one message, in order.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPack {
    events: [Stamped; 3],
    count: u8,
}

impl EventPack {
    /// Most events in a message.
    pub const MAX: usize = 3;

    /// A pack of these events, `None` unless there are one to three.
    pub fn new(events: &[Stamped]) -> Option<Self> {
        if events.is_empty() || events.len() > Self::MAX {
            return None;
        }
        let mut pack = Self { events: [Stamped::default(); 3], count: events.len() as u8 };
        pack.events[..events.len()].copy_from_slice(events);
        Some(pack)
    }

    /// The events, first one first.
    pub fn as_slice(&self) -> &[Stamped] {
        &self.events[..usize::from(self.count.clamp(1, 3))]
    }

    fn bits(&self) -> u128 {
        let word = |event: &Stamped| u128::from(event.stamp) << 16 | u128::from(event.value);
        self.as_slice().iter().fold(0, |bits, event| bits << 24 | word(event))
    }

    /// `count` is 1..=3.
    fn from_bits(bits: u128, count: u8) -> Self {
        let mut pack = Self { events: [Stamped::default(); 3], count };
        for (index, event) in pack.events[..usize::from(count)].iter_mut().rev().enumerate() {
            let bits = bits >> (24 * index);
            *event = Stamped { stamp: (bits >> 16) as u8, value: bits as u16 };
        }
        pack
    }
}

impl core::fmt::Debug for EventPack {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

const JTAG_DATA: u8 = 0;
const OMNIBUS_DATA: u8 = 1;
const LOOPBACK: u8 = 2;
const LINK_NOTIFICATION: u8 = 3;
const TIMEOUT_NOTIFICATION: u8 = 4;
const SYSTIME: u8 = 5;
const SYSDELTA: u8 = 6;
const MADC_PACK_1: u8 = 7;
const MADC_PACK_3: u8 = 9;
const SPIKE_PACK_1: u8 = 10;
const SPIKE_PACK_3: u8 = 12;

/// Bytes of the message with this number, header included; `None` for numbers that name no message.
const fn message_bytes(id: u8) -> Option<u32> {
    match id {
        MADC_PACK_3 | SPIKE_PACK_3 => Some(10),
        0..=SPIKE_PACK_3 => Some(8),
        _ => None,
    }
}

impl Response {
    fn number_and_payload(&self) -> (u8, u128) {
        match self {
            Self::JtagData(data) => (JTAG_DATA, u128::from(data & ((1 << 33) - 1))),
            Self::OmnibusData(data) => (OMNIBUS_DATA, u128::from(*data)),
            Self::Loopback(tick) => (LOOPBACK, u128::from(*tick)),
            Self::LinkNotification(payload) => (LINK_NOTIFICATION, u128::from(*payload)),
            Self::Timeout(timeout) => (
                TIMEOUT_NOTIFICATION,
                u128::from(timeout.instruction)
                    | u128::from(timeout.trace_stall & 0x7F) << 32
                    | u128::from(timeout.reads_in_flight & 0x3F) << 39,
            ),
            Self::Systime(time) => (SYSTIME, u128::from(time & ((1 << 43) - 1))),
            Self::Sysdelta(delta) => (SYSDELTA, u128::from(*delta)),
            Self::Madc(pack) => (MADC_PACK_1 + pack.as_slice().len() as u8 - 1, pack.bits()),
            Self::Spikes(pack) => (SPIKE_PACK_1 + pack.as_slice().len() as u8 - 1, pack.bits()),
        }
    }

    /// `id` names a message; payload bits outside the fields are ignored.
    fn from_number_and_payload(id: u8, payload: u128) -> Self {
        match id {
            JTAG_DATA => Self::JtagData(payload as u64 & ((1 << 33) - 1)),
            OMNIBUS_DATA => Self::OmnibusData(payload as u32),
            LOOPBACK => Self::Loopback(payload & 1 == 1),
            LINK_NOTIFICATION => Self::LinkNotification(payload as u8),
            TIMEOUT_NOTIFICATION => Self::Timeout(TimeoutNotification {
                instruction: payload as u32,
                trace_stall: (payload >> 32) as u8 & 0x7F,
                reads_in_flight: (payload >> 39) as u8 & 0x3F,
            }),
            SYSTIME => Self::Systime(payload as u64 & ((1 << 43) - 1)),
            SYSDELTA => Self::Sysdelta(payload as u8),
            MADC_PACK_1..=MADC_PACK_3 => Self::Madc(EventPack::from_bits(payload, id - MADC_PACK_1 + 1)),
            _ => Self::Spikes(EventPack::from_bits(payload, (id - SPIKE_PACK_1).min(2) + 1)),
        }
    }
}

/// Packs messages into words.
#[derive(Clone, Debug, Default)]
pub struct ResponseEncoder {
    words: Vec<u64>,
    /// The word being filled, left-aligned, and how many of its bytes are taken (0..=7).
    partial: u64,
    taken: u32,
}

impl ResponseEncoder {
    /// Nothing packed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a message.
    pub fn push(&mut self, response: &Response) {
        let (id, payload) = response.number_and_payload();
        let bytes = message_bytes(id).unwrap_or(8);
        let message = u128::from(id) << (8 * bytes - 8) | payload;
        // 7 taken bytes and 10 new ones would be 17: the first 8 bytes and the other 2 go separately.
        self.push_bytes((message >> (8 * (bytes - 8))) as u64, 8);
        if bytes > 8 {
            self.push_bytes(message as u64 & ((1 << (8 * (bytes - 8))) - 1), bytes - 8);
        }
    }

    /// `count` bytes, right-aligned in `value`.
    fn push_bytes(&mut self, value: u64, count: u32) {
        let bits = u128::from(value) << (128 - 8 * (self.taken + count)) | u128::from(self.partial) << 64;
        self.taken += count;
        self.partial = (bits >> 64) as u64;
        if self.taken >= 8 {
            self.words.push(self.partial);
            self.partial = bits as u64;
            self.taken -= 8;
        }
    }

    /// Completes the word being filled: a comma bit, then zeros.
    pub fn flush(&mut self) {
        if self.taken > 0 {
            self.words.push(self.partial | 1 << (63 - 8 * self.taken));
            self.partial = 0;
            self.taken = 0;
        }
    }

    /// Number of complete words that wait to be taken.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether no complete word waits.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes the complete words.
    pub fn take_words(&mut self) -> Vec<u64> {
        core::mem::take(&mut self.words)
    }
}

/// Unpacks messages from words, one word at a time.
#[derive(Clone, Debug, Default)]
pub struct ResponseDecoder {
    /// Bytes of a begun message, right-aligned, and how many.
    pending: u128,
    held: u32,
}

impl ResponseDecoder {
    /// Between two messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a message has begun and needs more words.
    pub fn is_inside_message(&self) -> bool {
        self.held > 0
    }

    /// Takes a word and hands complete messages to `sink`.
    ///
    /// After an error the rest of the word is lost and decoding can go on with the next one.
    pub fn push(&mut self, word: u64, mut sink: impl FnMut(Response)) -> Result<(), DecodeError> {
        // Up to 9 bytes are held back (of a message of 10) and 16 bytes fit: the word is taken in two halves.
        for half in [(word >> 32) as u32, word as u32] {
            self.pending = self.pending << 32 | u128::from(half);
            self.held += 4;
            while self.held > 0 {
                let id = (self.pending >> (8 * (self.held - 1))) as u8;
                if id & 0x80 != 0 {
                    // A comma: the rest of this word is padding.
                    *self = Self::default();
                    return Ok(());
                }
                let Some(bytes) = message_bytes(id) else {
                    *self = Self::default();
                    return Err(DecodeError::UnknownId { word, id });
                };
                if self.held < bytes {
                    break;
                }
                let rest = 8 * (self.held - bytes);
                let payload = self.pending >> rest & ((1 << (8 * (bytes - 1))) - 1);
                self.pending &= (1 << rest) - 1;
                self.held -= bytes;
                sink(Response::from_number_and_payload(id, payload));
            }
        }
        Ok(())
    }
}
