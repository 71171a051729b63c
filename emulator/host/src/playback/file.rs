//! Programs as files: a text form for people and scripts, and a compact binary one.
//!
//! # Text
//!
//! One instruction a line; whatever follows a `#` is a comment. Numbers are decimal, or hexadecimal with `0x`. Times are FPGA
//! cycles of 8 ns, addresses count words. The final halt is not written: every connection appends it.
//!
//! ```text
//! bss2-program 1
//! write 0x00110001 0x00000003         # address, value
//! write 0x02800000 0x12000000 bytes 8 # only the bytes whose bit is set: bit k covers data bits 8k+7..8k
//! timer-reset
//! wait-until 1250
//! spikes 0x4005 0x4006                # one to three labels in one cycle
//! marker
//! read 0x00130079
//! barrier omnibus                     # any of omnibus jtag systime multi-fpga systime-correction
//! ```
//!
//! | line | instruction (host-interface 2.2) |
//! |---|---|
//! | `timer-reset` | timer to 0 |
//! | `wait-until TIME` | stall until the timer shows TIME |
//! | `write ADDRESS VALUE [bytes MASK]` | Omnibus write, two instructions |
//! | `read ADDRESS [bytes MASK]` | Omnibus read |
//! | `spikes LABEL [LABEL [LABEL]]` | labels to the chip |
//! | `marker` | its time comes back |
//! | `barrier [WHAT ...]` | stall until these are idle |
//! | `poll equal`, `poll different` | read the polling address until it compares so (2.7) |
//! | `systime synchronise`, `systime report` | system time (2.8) |
//! | `reset on`, `reset off` | level of the chip reset line |
//! | `jtag-init`, `jtag-scaler N`, `jtag-instruction N` | JTAG master (2.5) |
//! | `jtag-data VALUE BITS [keep]` | shift 3 to 33 bits; `keep`: what comes out is an answer |
//! | `write-address ADDRESS [bytes MASK]`, `write-data VALUE` | halves of a write that stand alone |
//! | `halt` | a halt in the middle of a program |
//!
//! # Binary
//!
//! The words of the instructions (host-interface 4.2) in an [`archive`] of kind `PROG`.

use super::{Barrier, Instruction, Labels, Program};
use crate::archive::{self, ArchiveError, Kind};
use crate::message::{DecodeError, decode_instruction, encode_instruction};
use crate::text::{Line, Lines, TextError};
use core::fmt::{self, Write};
use thiserror::Error;

const KIND: Kind = Kind { name: *b"PROG", version: 1 };
const TITLE: &str = "bss2-program";
const VERSION: u32 = 1;

const BARRIERS: [(&str, Barrier); 5] = [
    ("omnibus", Barrier::OMNIBUS),
    ("jtag", Barrier::JTAG),
    ("systime", Barrier::SYSTIME),
    ("multi-fpga", Barrier::MULTI_FPGA),
    ("systime-correction", Barrier::SYSTIME_CORRECTION),
];

/// Why a file is no program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// The binary container is damaged or of another kind.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A word of a binary file is no instruction.
    #[error("word {index}: {error}")]
    Word {
        /// Its index.
        index: usize,
        /// Why.
        error: DecodeError,
    },
    /// The text can't be understood.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Neither the one nor the other.
    #[error("neither a binary file of this emulator nor text")]
    NotText,
}

impl Program {
    /// As a binary file.
    ///
    /// # Errors
    /// [`ProgramError::Archive`] if the words can't be serialised, which they always can.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProgramError> {
        let words: Vec<u64> = self.instructions().iter().copied().map(encode_instruction).collect();
        Ok(archive::encode(KIND, &words)?)
    }

    /// From a binary file.
    ///
    /// # Errors
    /// [`ProgramError::Archive`], [`ProgramError::Word`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        let words: Vec<u64> = archive::decode(KIND, bytes)?;
        let decode = |(index, &word): (usize, &u64)| {
            decode_instruction(word).map_err(|error| ProgramError::Word { index, error })
        };
        Ok(Self::from_instructions(words.iter().enumerate().map(decode).collect::<Result<_, _>>()?))
    }

    /// From a file of either form.
    ///
    /// # Errors
    /// All of [`ProgramError`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, ProgramError> {
        if archive::is_archive(bytes) {
            return Self::from_bytes(bytes);
        }
        Self::from_text(core::str::from_utf8(bytes).map_err(|_| ProgramError::NotText)?)
    }

    /// As a text file.
    pub fn to_text(&self) -> String {
        let mut text = format!("{TITLE} {VERSION}\n");
        // Writing to a string never fails.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> fmt::Result {
        let bytes = |enables: u8| if enables == 0xF { String::new() } else { format!(" bytes {enables}") };
        let mut instructions = self.instructions().iter().copied().peekable();
        while let Some(instruction) = instructions.next() {
            match instruction {
                Instruction::JtagInit => writeln!(text, "jtag-init"),
                Instruction::JtagScaler(scaler) => writeln!(text, "jtag-scaler {scaler}"),
                Instruction::JtagInstruction(register) => writeln!(text, "jtag-instruction {register}"),
                Instruction::JtagData { data, bits, keep_response } => {
                    writeln!(text, "jtag-data {data:#x} {bits}{}", if keep_response { " keep" } else { "" })
                }
                Instruction::Setup => writeln!(text, "timer-reset"),
                Instruction::WaitUntil(time) => writeln!(text, "wait-until {time}"),
                Instruction::SystimeInit(true) => writeln!(text, "systime synchronise"),
                Instruction::SystimeInit(false) => writeln!(text, "systime report"),
                Instruction::Barrier(mask) => {
                    text.push_str("barrier");
                    for (name, _) in BARRIERS.iter().filter(|(_, barrier)| mask.contains(*barrier)) {
                        write!(text, " {name}")?;
                    }
                    writeln!(text)
                }
                Instruction::PollingOmnibusBlock(true) => writeln!(text, "poll equal"),
                Instruction::PollingOmnibusBlock(false) => writeln!(text, "poll different"),
                Instruction::Reset(true) => writeln!(text, "reset on"),
                Instruction::Reset(false) => writeln!(text, "reset off"),
                Instruction::Loopback(true) => writeln!(text, "marker"),
                Instruction::Loopback(false) => writeln!(text, "halt"),
                Instruction::OmnibusAddress { address, enables, read: true } => {
                    writeln!(text, "read {address:#010x}{}", bytes(enables))
                }
                Instruction::OmnibusAddress { address, enables, read: false } => {
                    match instructions.next_if(|next| matches!(next, Instruction::OmnibusData(_))) {
                        Some(Instruction::OmnibusData(value)) => {
                            writeln!(text, "write {address:#010x} {value:#010x}{}", bytes(enables))
                        }
                        _ => writeln!(text, "write-address {address:#010x}{}", bytes(enables)),
                    }
                }
                Instruction::OmnibusData(value) => writeln!(text, "write-data {value:#010x}"),
                Instruction::SpikePack(labels) => {
                    text.push_str("spikes");
                    for label in labels.as_slice() {
                        write!(text, " {label:#06x}")?;
                    }
                    writeln!(text)
                }
            }?;
        }
        Ok(())
    }

    /// From a text file.
    ///
    /// # Errors
    /// [`ProgramError::Text`] with line and column.
    pub fn from_text(text: &str) -> Result<Self, ProgramError> {
        let mut lines = Lines::new(text);
        lines.title(TITLE, VERSION)?;
        let mut instructions = Vec::new();
        while let Some(line) = lines.next() {
            read_line(line, &mut instructions)?;
        }
        Ok(Self::from_instructions(instructions))
    }
}

fn read_line(mut line: Line<'_>, instructions: &mut Vec<Instruction>) -> Result<(), TextError> {
    let name = line.word("an instruction")?;
    let instruction = match name.text {
        "timer-reset" => Instruction::Setup,
        "wait-until" => Instruction::WaitUntil(line.number("a time below 2^32")?),
        "marker" => Instruction::TICK,
        "halt" => Instruction::HALT,
        "read" => {
            let address = address(&mut line)?;
            Instruction::OmnibusAddress { address, enables: enables(&mut line)?, read: true }
        }
        "write" => {
            let address = address(&mut line)?;
            let value = value(&mut line)?;
            let enables = enables(&mut line)?;
            instructions.push(Instruction::OmnibusAddress { address, enables, read: false });
            Instruction::OmnibusData(value)
        }
        "write-address" => {
            let address = address(&mut line)?;
            Instruction::OmnibusAddress { address, enables: enables(&mut line)?, read: false }
        }
        "write-data" => Instruction::OmnibusData(value(&mut line)?),
        "spikes" => {
            let mut labels = vec![line.number("a label of 16 bits")?];
            while let Some(word) = line.next() {
                if labels.len() == Labels::MAX {
                    return Err(line.unexpected(word, "at most three labels"));
                }
                labels.push(line.number_of(word, "a label of 16 bits")?);
            }
            // One to three of them: never without a pack.
            Labels::new(&labels)
                .map_or(Instruction::SpikePack(Labels::one(labels[0])), Instruction::SpikePack)
        }
        "barrier" => {
            let mut mask = Barrier::NONE;
            while let Some(word) = line.next() {
                let found = BARRIERS.iter().find(|(name, _)| *name == word.text);
                let expected = "omnibus, jtag, systime, multi-fpga or systime-correction";
                mask = mask | found.ok_or_else(|| line.unexpected(word, expected))?.1;
            }
            Instruction::Barrier(mask)
        }
        "poll" => {
            Instruction::PollingOmnibusBlock(either(&mut line, "equal", "different", "equal or different")?)
        }
        "systime" => {
            Instruction::SystimeInit(either(&mut line, "synchronise", "report", "synchronise or report")?)
        }
        "reset" => Instruction::Reset(either(&mut line, "on", "off", "on or off")?),
        "jtag-init" => Instruction::JtagInit,
        "jtag-scaler" => Instruction::JtagScaler(line.number("a scaler of 8 bits")?),
        "jtag-instruction" => Instruction::JtagInstruction(line.up_to(0x7F, "a number of 7 bits")? as u8),
        "jtag-data" => {
            let data = line.up_to((1 << 33) - 1, "a value of 33 bits")?;
            let word = line.word("a number of bits, 3 to 33")?;
            let bits: u8 = line.number_of(word, "a number of bits, 3 to 33")?;
            if !(3..=33).contains(&bits) {
                return Err(line.unexpected(word, "a number of bits, 3 to 33"));
            }
            let keep_response = match line.next() {
                None => false,
                Some(word) if word.text == "keep" => true,
                Some(word) => return Err(line.unexpected(word, "keep or end of line")),
            };
            Instruction::JtagData { data, bits, keep_response }
        }
        _ => return Err(line.unexpected(name, "an instruction")),
    };
    line.end()?;
    instructions.push(instruction);
    Ok(())
}

fn address(line: &mut Line<'_>) -> Result<u32, TextError> {
    line.number("an address of 32 bits")
}

fn value(line: &mut Line<'_>) -> Result<u32, TextError> {
    line.number("a value of 32 bits")
}

/// `bytes MASK`, or all of them.
fn enables(line: &mut Line<'_>) -> Result<u8, TextError> {
    match line.next() {
        None => Ok(0xF),
        Some(word) if word.text == "bytes" => Ok(line.up_to(0xF, "a mask of four bytes, 0 to 15")? as u8),
        Some(word) => Err(line.unexpected(word, "`bytes` or end of line")),
    }
}

fn either(line: &mut Line<'_>, yes: &str, no: &str, expected: &'static str) -> Result<bool, TextError> {
    let word = line.word(expected)?;
    match word.text {
        text if text == yes => Ok(true),
        text if text == no => Ok(false),
        _ => Err(line.unexpected(word, expected)),
    }
}
