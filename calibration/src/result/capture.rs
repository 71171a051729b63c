//! Taking the words of a calibration out of what was written to a chip.

use super::{CalibrationResult, Header, Record};
use crate::link::{ChipState, Write};
use bss2_host::registers::{Block, Location, decode};

/// Which part of a chip's state belongs to a calibration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The correction bits of the correlation sensors too (calibration 7.1).
    pub synapse_corrections: bool,
}

impl Scope {
    /// Whether a word belongs to it. Weights and labels never do: they are the network. Link, clock, and event routing
    /// configuration is that of whoever runs the experiment.
    fn has(self, write: &Write) -> bool {
        match decode(write.address) {
            Some(Location::Register(register)) => matches!(
                register.block,
                Block::CapMemCell
                    | Block::CADCConfig
                    | Block::CADCChannelConfig
                    | Block::NeuronConfig
                    | Block::NeuronBackendConfig
                    | Block::CommonNeuronBackendConfig
                    | Block::SynapseDriverConfig
                    | Block::CommonSTPConfig
                    | Block::CommonCorrelationConfig
                    | Block::CommonSynramConfig
            ),
            // Bits 19..16 select the view: 1 and 2 hold correction bits beside column switches (rows 256 and above).
            Some(Location::SynapseArray { offset, .. }) => {
                let switches = offset >> 16 & 0xf == 0xf || offset & 0xffff >= 0x4000;
                switches || (self.synapse_corrections && matches!(offset >> 16 & 0xf, 1 | 2))
            }
            _ => false,
        }
    }
}

impl CalibrationResult {
    /// A result out of everything that a chip was told: of every word of the scope its last value, in the order of last
    /// writes. Words that were only written by the start-up are included, so that a replay undoes changes to them.
    pub fn capture(header: Header, records: Vec<Record>, state: &ChipState, scope: Scope) -> Self {
        let mut writes = state.writes();
        writes.retain(|write| scope.has(write));
        Self { header, records, writes, board: state.board.clone() }
    }
}
