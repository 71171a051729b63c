//! Host to FPGA: one instruction is one word (host-interface 4.2).
//!
//! Comma bit 0 `[63]`, number `[62:56]`, payload right-aligned in `[55:0]`.

use super::DecodeError;
use crate::playback::{Barrier, Instruction, Labels, Program};

const JTAG_INIT: u8 = 0;
const JTAG_SCALER: u8 = 1;
const JTAG_INSTRUCTION: u8 = 2;
const JTAG_DATA: u8 = 3;
const SETUP: u8 = 4;
const WAIT_UNTIL: u8 = 5;
const SYSTIME_INIT: u8 = 6;
const BARRIER: u8 = 7;
const POLLING_OMNIBUS_BLOCK: u8 = 8;
const RESET: u8 = 9;
const LOOPBACK: u8 = 10;
const OMNIBUS_ADDRESS: u8 = 11;
const OMNIBUS_DATA: u8 = 12;
const SPIKE_PACK_1: u8 = 13;
const SPIKE_PACK_3: u8 = 15;

const JTAG_DATA_MASK: u64 = (1 << 33) - 1;

/// The word of an instruction. Values wider than their field are cut.
pub fn encode_instruction(instruction: Instruction) -> u64 {
    let (id, payload) = match instruction {
        Instruction::JtagInit => (JTAG_INIT, 0),
        Instruction::JtagScaler(value) => (JTAG_SCALER, u64::from(value)),
        Instruction::JtagInstruction(register) => (JTAG_INSTRUCTION, u64::from(register & 0x7F)),
        Instruction::JtagData { data, bits, keep_response } => {
            (JTAG_DATA, data & JTAG_DATA_MASK | u64::from(bits) << 40 | u64::from(keep_response) << 48)
        }
        Instruction::Setup => (SETUP, 0),
        Instruction::WaitUntil(time) => (WAIT_UNTIL, u64::from(time)),
        Instruction::SystimeInit(synchronise) => (SYSTIME_INIT, u64::from(synchronise)),
        Instruction::Barrier(mask) => (BARRIER, u64::from(mask.bits())),
        Instruction::PollingOmnibusBlock(equal) => (POLLING_OMNIBUS_BLOCK, u64::from(equal)),
        Instruction::Reset(level) => (RESET, u64::from(level)),
        Instruction::Loopback(tick) => (LOOPBACK, u64::from(tick)),
        Instruction::OmnibusAddress { address, enables, read } => {
            (OMNIBUS_ADDRESS, u64::from(address) | u64::from(enables & 0xF) << 32 | u64::from(read) << 36)
        }
        Instruction::OmnibusData(value) => (OMNIBUS_DATA, u64::from(value)),
        Instruction::SpikePack(labels) => {
            let labels = labels.as_slice();
            let payload = labels.iter().fold(0, |payload, &label| payload << 16 | u64::from(label));
            (SPIKE_PACK_1 + labels.len() as u8 - 1, payload)
        }
    };
    u64::from(id) << 56 | payload
}

/// The instruction of a word. Bits outside the fields are ignored.
pub fn decode_instruction(word: u64) -> Result<Instruction, DecodeError> {
    if word >> 63 == 1 {
        return Err(DecodeError::Comma(word));
    }
    let bit = |position: u32| word >> position & 1 == 1;
    let id = (word >> 56) as u8;
    Ok(match id {
        JTAG_INIT => Instruction::JtagInit,
        JTAG_SCALER => Instruction::JtagScaler(word as u8),
        JTAG_INSTRUCTION => Instruction::JtagInstruction(word as u8 & 0x7F),
        JTAG_DATA => {
            let bits = (word >> 40) as u8;
            if !(3..=33).contains(&bits) {
                return Err(DecodeError::JtagBits { word, bits });
            }
            Instruction::JtagData { data: word & JTAG_DATA_MASK, bits, keep_response: bit(48) }
        }
        SETUP => Instruction::Setup,
        WAIT_UNTIL => Instruction::WaitUntil(word as u32),
        SYSTIME_INIT => Instruction::SystimeInit(bit(0)),
        BARRIER => Instruction::Barrier(Barrier::from_bits(word as u8)),
        POLLING_OMNIBUS_BLOCK => Instruction::PollingOmnibusBlock(bit(0)),
        RESET => Instruction::Reset(bit(0)),
        LOOPBACK => Instruction::Loopback(bit(0)),
        OMNIBUS_ADDRESS => Instruction::OmnibusAddress {
            address: word as u32,
            enables: (word >> 32) as u8 & 0xF,
            read: bit(36),
        },
        OMNIBUS_DATA => Instruction::OmnibusData(word as u32),
        SPIKE_PACK_1..=SPIKE_PACK_3 => {
            let labels = [(word >> 32) as u16, (word >> 16) as u16, word as u16];
            let count = usize::from(id - SPIKE_PACK_1 + 1);
            match Labels::new(&labels[Labels::MAX - count..]) {
                Some(labels) => Instruction::SpikePack(labels),
                None => return Err(DecodeError::UnknownId { word, id }),
            }
        }
        _ => return Err(DecodeError::UnknownId { word, id }),
    })
}

/// What a connection sends for a program: its words and the final halt.
pub fn encode_program(program: &Program) -> impl Iterator<Item = u64> + '_ {
    program.instructions().iter().copied().chain([Instruction::HALT]).map(encode_instruction)
}
