//! Why bits have no effect on the model: a line for every field that is not modelled.

use super::{Block, Field, Status};

/// Why the fields of a block, or of several, have no effect; no fields are all fields. The first row that fits counts.
struct Row(&'static [Block], &'static [&'static str], &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(&[Block::ADPLL], &[], "the loop has locked as soon as it is configured: nothing of how it locks can be seen from outside (register-map 15, 17)"),
    Row(&[Block::MADCControl, Block::MADCConfig], &[
        "enable_iconv_amplifier", "iconv_sampling_window_start", "iconv_sampling_window_end", "connect_iconv_neuron_n",
        "connect_iconv_neuron_s", "connect_iconv_synapse_i", "connect_iconv_synapse_x", "signal_selection_connect_current_meter",
    ], "the converter's path for currents: no document gives its gain"),
    Row(&[Block::MADCConfig], &["enable_pseudo_differential_reference_n", "enable_pseudo_differential_reference_s"],
        "debug paths of the converter that no host software uses"),
    Row(&[Block::MADCConfig], &[], "a sample is taken at one moment: the sequence within a conversion can't be seen (register-map 5.3, settled O20)"),
    Row(&[Block::PadMultiplexerConfig], &[], "reference voltages of the cells, which no document gives"),
    Row(&[Block::ReferenceGeneratorConfig], &[], "not in the model of the references: slope and reference current scale the cells (analog-core 2.4)"),
    Row(&[Block::SynapseDriverConfig], &[], "does not work in silicon (event-routing 7.2)"),
    Row(&[
        Block::SynapseDriverSRAMTimingConfig, Block::NeuronSRAMTimingConfig, Block::NeuronBackendSRAMTimingConfig,
        Block::CapMemSRAMTimingConfig, Block::CADCOffsetSRAMTimingConfig, Block::CommonSynramConfig,
    ], &[], "timing of an SRAM, which has no functional effect (register-map 15, 12)"),
    Row(&[Block::NeuronConfig], &[], "a stronger driver of the fire pulse: none on the model (analog-core 3.4)"),
    Row(&[Block::NeuronBackendConfig], &["connect_fire_from_right"], "broken in silicon: no connection (event-routing 9.5)"),
    Row(&[Block::CommonNeuronBackendConfig], &["sample_pos_edge_0", "sample_pos_edge_1", "sample_pos_edge_2", "sample_pos_edge_3"],
        "half a cycle of a latency that is not known to a cycle (event-routing 9.3)"),
    Row(&[Block::CommonNeuronBackendConfig], &["wait_spike_counter_read"],
        "counters are read in a pipeline: the wait is part of the latency of the bus (event-routing 9.6)"),
    Row(&[Block::CommonNeuronBackendConfig], &[], "length of a pulse of which the leading edge counts (settled 5, O11)"),
    Row(&[Block::CapMemBlockConfig], &["debug_v_ref_select"], "reference voltages of the cells, which no document gives"),
    Row(&[Block::CapMemBlockConfig], &[], "timing, pulses and biases of the controller have no effect on the values of cells (analog-core 2.4)"),
    Row(&[Block::PPUControlRegister], &["cache_controller_enable"],
        "no effect is known; the option `fetch_needs_cache_controller` of a chip lets fetches from FPGA memory depend on it"),
    Row(&[Block::ExecutorUndocumented], &[], "no layout is published (host-interface 3, register-map 15, 15)"),
    Row(&[Block::FPGASystimeSyncNumRetries], &[], "a synchronisation succeeds at the first try (settled 14)"),
    Row(&[Block::PhyConfigFPGA, Block::PhyConfigChip], &[], "levels and training of a link: the model begins at its words, which arrive"),
    Row(&[Block::I2CPrescaler], &[], "no layout is published; accesses take no time"),
    Row(&[Block::EventSwitch], &[],
        "for FPGA images with an Extoll network, and without container in the host library; storage as in event-routing 13 (with the documented reset no spike of the host would reach the chip)"),
    Row(&[Block::EventSwitchUndocumented], &[], "no layout is published (register-map 8.4)"),
];

/// Why a field of a block has no effect; `None` if it has one, or if nobody has said why.
pub(crate) fn reason(block: Block, field: &Field) -> Option<&'static str> {
    if block.description().status_of(field) == Status::Modelled {
        return None;
    }
    let fits = |Row(blocks, fields, _): &&Row| {
        blocks.contains(&block) && (fields.is_empty() || fields.contains(&field.name))
    };
    ROWS.iter().find(fits).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_without_effect_has_a_reason() {
        for &block in Block::ALL.iter().filter(|block| block.description().space.is_stored()) {
            let description = block.description();
            for field in description.words.iter().flat_map(|word| word.fields) {
                let modelled = description.status_of(field) == Status::Modelled;
                assert_eq!(reason(block, field).is_none(), modelled, "{block}.{}", field.name);
            }
        }
    }

    #[test]
    fn reasons_name_fields_that_exist() {
        for Row(blocks, fields, _) in ROWS {
            for field in *fields {
                let has = |block: &Block| {
                    block.description().words.iter().flat_map(|word| word.fields).any(|f| f.name == *field)
                };
                assert!(blocks.iter().any(has), "{field}");
            }
        }
    }
}
