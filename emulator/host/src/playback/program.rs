//! A finished playback program and the tickets into its results.

use super::{FpgaCycles, Instruction};
use serde::{Deserialize, Serialize};

/// What the FPGA executes: instructions in order, without the final halt, which every connection appends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    instructions: Vec<Instruction>,
}

impl Program {
    /// Words that fit into the playback memory of the FPGA (host-interface 2.1). In-process execution has no such limit.
    pub const PLAYBACK_MEMORY_WORDS: usize = 4_194_304;

    /// From instructions, for instance decoded ones.
    pub fn from_instructions(instructions: Vec<Instruction>) -> Self {
        Self { instructions }
    }
    /// The instructions; the index of one is the index that errors and timeout notifications name.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }
    /// Number of instructions, each one 64-bit word.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }
    /// Whether there is nothing to execute.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
    /// Number of responses other than events, time and link messages that a complete run gives, halt excluded.
    pub fn expected_responses(&self) -> usize {
        let answers = |instruction: &&Instruction| {
            matches!(
                instruction,
                Instruction::OmnibusAddress { read: true, .. }
                    | Instruction::JtagData { keep_response: true, .. }
                    | Instruction::Loopback(true)
            )
        };
        self.instructions.iter().filter(answers).count()
    }
}

/// Receipt for Omnibus reads: redeem it with [`Results::words`](crate::recording::Results::words) or
/// [`Results::word`](crate::recording::Results::word).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadTicket {
    pub(crate) first: usize,
    pub(crate) count: usize,
}

impl ReadTicket {
    /// Number of words that were asked for.
    pub const fn len(self) -> usize {
        self.count
    }
    /// Whether no word was asked for.
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }
}

/// Receipt for a JTAG shift whose output was kept: [`Results::jtag`](crate::recording::Results::jtag).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JtagTicket {
    pub(crate) index: usize,
}

/// Receipt for a marker: [`Results::marker_time`](crate::recording::Results::marker_time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkerTicket {
    pub(crate) index: usize,
}

/// Receipt for the moment in which the timer was 0: translates recorded times into the program's absolute times
/// ([`Results::spikes_since`](crate::recording::Results::spikes_since)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    pub(crate) marker: MarkerTicket,
    /// From the execution of the marker to time 0.
    pub(crate) zero_after: FpgaCycles,
}
