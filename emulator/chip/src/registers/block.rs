//! All blocks by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::BlockDescription;

macro_rules! blocks {
    ($($file:ident: $($name:ident),+;)+) => {
        /// A block of registers, by the name of its host container.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Block {
            $($(
                #[doc = concat!("See [`", stringify!($name), "`](super::", stringify!($file), "::", stringify!($name), ").")]
                $name,
            )+)+
        }

        impl Block {
            /// All blocks.
            pub const ALL: &[Self] = &[$($(Self::$name),+),+];

            /// The group of blocks it is described with: the name of the module, e.g. `spl1`.
            pub const fn group(self) -> &'static str {
                match self {
                    $($(Self::$name)|+ => stringify!($file),)+
                }
            }

            /// Where it lives and what its bits mean.
            pub const fn description(self) -> &'static BlockDescription {
                const DESCRIPTIONS: &[BlockDescription] = &[$($(super::$file::$name::DESCRIPTION),+),+];
                &DESCRIPTIONS[self as usize]
            }
        }
    };
}

blocks! {
    chip_level: SystimeSyncBase, CommonPhyConfigChip, SynapseBiasSelection;
    clocks: ADPLL, PLLClockOutputBlock, PLLSelfTest, PLLSelfTestStatus;
    readout: MADCControl, MADCConfig, CurrentDAC, ReadoutSourceSelection, PadMultiplexerConfig,
        ReferenceGeneratorConfig;
    padi: PADIEvent, CommonPADIBusConfig, CommonSTPConfig, SynapseDriverConfig, SynapseDriverSRAMTimingConfig;
    neuron: NeuronReset, BlockPostPulse, SpikeCounterRead, SpikeCounterReset, NeuronConfig,
        NeuronSRAMTimingConfig, NeuronBackendConfig, NeuronBackendSRAMTimingConfig, CommonNeuronBackendConfig,
        NeuronResetQuad;
    spl1: CrossbarOutputConfig, BackgroundSpikeSource, CrossbarNode, CrossbarInputDropCounter,
        CrossbarOutputEventCounter;
    capmem: CapMemCell, CapMemSRAMTimingConfig, CapMemBlockConfig;
    synapse_memory: CommonSynramConfig, CommonCorrelationConfig, SynapseWeightQuad, SynapseLabelQuad,
        SynapseCorrelationCalibQuad, SynapseQuad, ColumnCurrentQuad, ColumnCorrelationQuad, CorrelationReset;
    cadc: CADCChannelConfig, CADCOffsetSRAMTimingConfig, CADCConfig, CADCSampleQuad;
    ppu: PPUMemoryWord, PPUControlRegister, PPUStatusRegister;
    executor: ExternalPPUMemory, ExternalPPUDRAM, ExecutorUndocumented, FPGADeviceDNA, EventRecordingConfig,
        PollingOmnibusBlockConfig, InstructionTimeoutConfig, SystimeCorrectionBarrierConfig, TimerReadout,
        FPGASystimeSyncNumRetries, FPGASystimeSyncLastRTT, FPGASystimeSyncLastAsicSystime,
        FPGASystimeSyncActiveState;
    link: CommonPhyConfigFPGA, PhyStatus, PhyConfigFPGA, HicannARQStatus, PerfTest, PerfTestStatus,
        JTAGIdCode, PhyConfigChip;
    board: SPIMaster, I2CMaster, I2CPrescaler, EventSwitch, EventSwitchUndocumented;
    spike_io: SpikeIOOutputRoute, SpikeIOInputRoute, SpikeIOConfig, InputRoutingTableEntry,
        OutputRoutingTableEntry;
    vector_generator: VectorGeneratorControl, VectorGeneratorNotificationAddress, VectorGeneratorTrigger,
        VectorGeneratorLUTEntry, VectorGeneratorFIFOWord;
}

impl Block {
    /// The official name.
    pub const fn name(self) -> &'static str {
        self.description().name
    }
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// There is no block of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no register block named `{0}`")]
pub struct UnknownBlock(pub String);

impl FromStr for Block {
    type Err = UnknownBlock;

    fn from_str(name: &str) -> Result<Self, UnknownBlock> {
        let found = Self::ALL.iter().copied().find(|block| block.name() == name);
        found.ok_or_else(|| UnknownBlock(name.to_owned()))
    }
}
