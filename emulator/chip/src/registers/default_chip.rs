//! The default configuration of a whole chip, as every official flow writes it after start-up (settled: 10).
//!
//! It consists of the default containers of all blocks in the order in which the host's composite chip
//! container writes them, with two exceptions: some shared CapMem parameters have a value
//! ([`SharedParameter::chip_default`]), and neurons use the small capacitance of their synaptic inputs.

use bss2_base::{Hemisphere, Neuron, Quadrant};

use super::capmem::{CapMemCell, NeuronParameter, SharedParameter, shared_parameter};
use super::coordinates;
use super::neuron::NeuronConfig;
use super::{Block, Register, TypedBlock};

/// Omnibus address and word of each of the 126,842 writes, in the host's order.
pub fn default_chip() -> impl Iterator<Item = (u32, u32)> {
    let mut chip = Writes(Vec::with_capacity(126_842));
    chip.event_network();
    chip.capmem();
    Hemisphere::ALL.into_iter().for_each(|hemisphere| chip.synapse_drivers(hemisphere));
    Hemisphere::ALL.into_iter().for_each(|hemisphere| chip.synapses(hemisphere));
    chip.neurons();
    Hemisphere::ALL.into_iter().for_each(|hemisphere| chip.cadc(hemisphere));
    chip.readout();
    chip.memories();
    chip.0.into_iter()
}

/// The writes so far.
struct Writes(Vec<(u32, u32)>);

impl Writes {
    /// The host default of one instance.
    fn one(&mut self, block: Block, instance: u32) {
        let description = block.description();
        let ascending: Vec<u8> = (0..description.words.len() as u8).collect();
        for &word in description.host_word_order.unwrap_or(&ascending) {
            self.word(Register { block, instance, word }, description.host_default(usize::from(word)));
        }
    }

    /// The host default of all instances.
    fn all(&mut self, block: Block) {
        (0..block.description().instances()).for_each(|instance| self.one(block, instance));
    }

    /// The host default of the instances of a hemisphere, for blocks that count by hemisphere first.
    fn half(&mut self, block: Block, hemisphere: Hemisphere) {
        let half = block.description().instances() / 2;
        let first = half * hemisphere.index() as u32;
        (first..first + half).for_each(|instance| self.one(block, instance));
    }

    fn typed<T: TypedBlock>(&mut self, instance: u32, values: &T) {
        for (word, &value) in (0..).zip(values.to_words().as_ref()) {
            self.word(Register { block: T::BLOCK, instance, word }, value);
        }
    }

    fn word(&mut self, register: Register, value: u32) {
        self.0.extend(register.address().map(|address| (address, value)));
    }

    /// A shared parameter in the blocks that have it among `blocks`.
    fn shared(&mut self, parameter: SharedParameter, blocks: &[Quadrant]) {
        let (column, row) = parameter.place();
        for &block in parameter.blocks().iter().filter(|block| blocks.contains(block)) {
            let cell = coordinates::capmem_cell(block, row, column);
            self.typed(cell, &CapMemCell { value: parameter.chip_default() });
        }
    }

    /// Some shared parameters, block by block.
    fn shared_by_block(&mut self, parameters: &[SharedParameter], blocks: &[Quadrant]) {
        for &block in blocks {
            parameters.iter().for_each(|&parameter| self.shared(parameter, &[block]));
        }
    }

    fn event_network(&mut self) {
        self.all(Block::CrossbarOutputConfig);
        self.all(Block::CrossbarNode);
        self.all(Block::BackgroundSpikeSource);
    }

    fn capmem(&mut self) {
        self.all(Block::CapMemBlockConfig);
        self.all(Block::SynapseBiasSelection);
        self.all(Block::ReferenceGeneratorConfig);
        // Unused cells: those of column 128, then those of column 129.
        let unused = |block, column| {
            let rows = 0..coordinates::CAPMEM_ROWS as u8;
            rows.filter(move |&row| shared_parameter(block, row, column).is_none())
                .map(move |row| (block, row, column))
        };
        let blocks = [Quadrant::NorthEast, Quadrant::SouthEast, Quadrant::SouthWest];
        let first = blocks.into_iter().flat_map(|block| unused(block, 128));
        let second = Quadrant::ALL.into_iter().flat_map(|block| unused(block, 129));
        for (block, row, column) in first.chain(second) {
            self.one(Block::CapMemCell, coordinates::capmem_cell(block, row, column));
        }
    }

    fn synapse_drivers(&mut self, hemisphere: Hemisphere) {
        use SharedParameter::*;
        self.half(Block::SynapseDriverConfig, hemisphere);
        self.half(Block::CommonPADIBusConfig, hemisphere);
        self.half(Block::CommonSTPConfig, hemisphere);
        let parameters = [
            StpVCharge0,
            StpVCharge1,
            StpVRecover0,
            StpVRecover1,
            StpIBiasComparator,
            StpIRamp,
            StpICalib,
            StpIbiasReadoutTop,
            StpIbiasReadoutBottom,
            HagenIbiasDacTop,
            HagenIbiasDacBottom,
        ];
        self.shared_by_block(&parameters, &quadrants(hemisphere));
    }

    fn synapses(&mut self, hemisphere: Hemisphere) {
        self.half(Block::SynapseQuad, hemisphere);
        self.shared(SharedParameter::SynIBiasDac, &quadrants(hemisphere));
    }

    fn neurons(&mut self) {
        use NeuronParameter::*;
        use SharedParameter::*;
        // By circuit: synaptic inputs, leak and reset, threshold, offset, adaptation, exponential, conductance.
        let parameters = [
            IBiasSyninExcTau,
            IBiasSyninExcCoba,
            IBiasSyninExcShift,
            IBiasSyninExcGm,
            ESyninExcRev,
            IBiasSyninInhTau,
            IBiasSyninInhCoba,
            IBiasSyninInhShift,
            IBiasSyninInhGm,
            ESyninInhRev,
            VLeak,
            IBiasLeak,
            VReset,
            IBiasReset,
            VThreshold,
            IMemOffset,
            VAdaptLeak,
            IBiasAdaptTau,
            IBiasAdaptA,
            IBiasAdaptB,
            VAdaptRef,
            VExp,
            IBiasExp,
            IBiasNmda,
        ];
        let config = NeuronConfig {
            en_synin_exc_small_cap: true,
            en_synin_inh_small_cap: true,
            ..NeuronConfig::default()
        };
        for neuron in Neuron::all() {
            self.typed(coordinates::neuron_config(neuron), &config);
            let column = neuron.column() % 128;
            for parameter in parameters {
                let cell = coordinates::capmem_cell(neuron.quadrant(), parameter.row(), column);
                self.one(Block::CapMemCell, cell);
            }
            self.one(Block::NeuronBackendConfig, coordinates::neuron_backend(neuron));
        }
        self.all(Block::CommonNeuronBackendConfig);
        self.all(Block::ColumnCurrentQuad);
        let shared = [
            NeuronVBiasCascN,
            NeuronIBiasReadoutAmp,
            NeuronIBiasLeakSourceFollower,
            NeuronIBiasSpikeComparator,
            NeuronIBiasSyninDrop,
        ];
        self.shared_by_block(&shared, &Quadrant::ALL);
    }

    fn cadc(&mut self, hemisphere: Hemisphere) {
        use SharedParameter::*;
        self.half(Block::CADCConfig, hemisphere);
        let parameters = [
            CadcVRampOffset,
            CadcIRampSlope,
            CadcIBiasComp,
            CadcIBiasVresetBuf,
            CadcVBiasRampBuf,
            SynIBiasRamp,
            SynIBiasStore,
            SynIBiasCorout,
        ];
        self.shared_by_block(&parameters, &quadrants(hemisphere));
        self.half(Block::CADCChannelConfig, hemisphere);
        self.half(Block::ColumnCorrelationQuad, hemisphere);
        self.half(Block::CommonCorrelationConfig, hemisphere);
    }

    fn readout(&mut self) {
        use SharedParameter::*;
        self.all(Block::ReadoutSourceSelection);
        let amplifiers = [
            ReadoutOutAmpIBias0,
            ReadoutOutAmpIBias1,
            ReadoutAcMuxIBias,
            ReadoutPseudoDiffVRef,
            ReadoutPseudoDiffBufferBias,
            ReadoutScAmpVRef,
            ReadoutScAmpIBias,
            ReadoutMadcIn500na,
        ];
        amplifiers.iter().for_each(|&parameter| self.shared(parameter, &Quadrant::ALL));
        self.all(Block::PadMultiplexerConfig);
        let current_conversion = [
            ReadoutIconvScAmpVRef,
            ReadoutIconvScAmpIBias,
            ReadoutIconvTestVoltage,
            ReadoutIconvIBiasBuffer,
            ReadoutIdacIBias,
            ReadoutIdacIBiasCasc,
        ];
        current_conversion.iter().for_each(|&parameter| self.shared(parameter, &Quadrant::ALL));
        self.all(Block::CurrentDAC);
        self.all(Block::MADCConfig);
    }

    fn memories(&mut self) {
        self.all(Block::PPUMemoryWord);
        self.all(Block::ExternalPPUMemory);
    }
}

/// The two quadrants of a hemisphere, west first.
const fn quadrants(hemisphere: Hemisphere) -> [Quadrant; 2] {
    [Quadrant::ALL[2 * hemisphere.index()], Quadrant::ALL[2 * hemisphere.index() + 1]]
}
