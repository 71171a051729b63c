//! UT messages: the 64-bit words between host and FPGA (host-interface 4).

mod annotation;
mod from_fpga;
mod to_fpga;

pub use annotation::{Annotator, HostClock};
pub use from_fpga::{EventPack, Response, ResponseDecoder, ResponseEncoder, Stamped};
pub use to_fpga::{decode_instruction, encode_instruction, encode_program};

use thiserror::Error;

/// A word that is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The header names no message of this direction.
    #[error("word {word:#018x}: no message has the number {id}")]
    UnknownId {
        /// The word with the header.
        word: u64,
        /// The 7-bit number.
        id: u8,
    },
    /// A word to the FPGA begins with the comma bit, which only the other direction uses.
    #[error("word {0:#018x}: begins with the comma bit, which no instruction has")]
    Comma(u64),
    /// A JTAG shift of fewer than 3 or more than 33 bits.
    #[error("word {word:#018x}: a JTAG shift takes 3 to 33 bits, not {bits}")]
    JtagBits {
        /// The word.
        word: u64,
        /// The number of bits it asks for.
        bits: u8,
    },
}
