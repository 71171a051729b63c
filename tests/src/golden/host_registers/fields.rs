//! The host's names and values for the fields of a block.
//!
//! The names in the rows are those of the register layout, the host's properties sometimes have others, and a few of
//! its properties join fields or read them in another way.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bss2_chip::registers::Block;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::bad;
use crate::golden::BadRecord;

/// Field values by name, as numbers.
pub(super) type Values = BTreeMap<String, i64>;

/// The schemas of all containers by name: they say what the enumerators in the records mean.
static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let file = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/host/schema.jsonl.gz"));
    let schemas = serde_json::Deserializer::from_reader(GzDecoder::new(&file[..])).into_iter::<Value>();
    let named = schemas.map(|schema| {
        let schema = schema.expect("the built-in schemas are JSON");
        (schema["container"].as_str().unwrap_or_default().to_owned(), schema)
    });
    named.collect()
});

/// The host's field values of a container as flat numbers: `buffer_0.debug_plus`, `weights_3`.
pub(super) fn host(container: &str, fields: &Value) -> Result<Values, BadRecord> {
    let schema = SCHEMAS.get(container).ok_or_else(|| bad("container", "no schema for it"))?;
    let mut values = Values::new();
    flatten(&schema["fields"], fields, String::new(), &mut values)?;
    Ok(values)
}

fn flatten(schema: &Value, value: &Value, name: String, into: &mut Values) -> Result<(), BadRecord> {
    match value {
        Value::Object(members) => {
            for field in schema["fields"].as_array().into_iter().flatten() {
                let member = field["name"].as_str().unwrap_or_default();
                let inner = if name.is_empty() { member.to_owned() } else { format!("{name}.{member}") };
                if let Some(value) = members.get(member) {
                    flatten(&field["schema"], value, inner, into)?;
                }
            }
        }
        // The schema of an indexed field is that of its elements.
        Value::Array(values) => {
            let element = if schema["k"] == "list" { &schema["of"] } else { schema };
            for (index, value) in values.iter().enumerate() {
                flatten(element, value, format!("{name}_{index}"), into)?;
            }
        }
        // Enumerators by name where they have one; truth values in either notation.
        _ => {
            let number = match value {
                Value::String(enumerator) => schema["values"][enumerator].as_i64(),
                Value::Bool(truth) => Some((*truth).into()),
                other => other.as_i64(),
            };
            let number = number.ok_or_else(|| bad("fields", format!("{name} = {value}")))?;
            into.insert(name, number);
        }
    }
    Ok(())
}

/// The field values in raw words of a block, by our names.
pub(super) fn decoded(block: Block, words: &[u32]) -> Values {
    let description = block.description();
    let mut values = Values::new();
    for (row, &word) in description.words.iter().zip(words) {
        let word = description.word_encoding.decode(word);
        values.extend(row.fields.iter().map(|field| (field.name.to_owned(), field.bits.decode(word))));
    }
    values
}

/// The raw words for field values by our names.
pub(super) fn encoded(block: Block, values: &Values) -> Vec<u32> {
    let description = block.description();
    let words = description.words.iter().map(|row| {
        let bits = row.fields.iter().fold(0, |word, field| {
            word | field.bits.encode(values.get(field.name).copied().unwrap_or_default())
        });
        description.word_encoding.encode(bits)
    });
    words.collect()
}

/// Differences between the host's values and those that follow from ours.
pub(super) fn differences(block: Block, ours: &Values, mut host: Values) -> Vec<String> {
    match block {
        // The coordinate is not written while the debug readout is off.
        Block::CapMemBlockConfig if host.get("debug_readout_enable") == Some(&0) => {
            host.remove("debug_capmem_coord");
        }
        // Byte enables of the access, not bits of the word.
        Block::VectorGeneratorFIFOWord => host.retain(|name, _| !name.starts_with("enable_")),
        _ => {}
    }
    let difference = |(name, expected): (&String, &i64)| match host_value(block, ours, name) {
        None => Some(format!("{block}: no field for `{name}`")),
        Some(value) if value != *expected => Some(format!("{block}.{name} is {value}, expected {expected}")),
        Some(_) => None,
    };
    host.iter().filter_map(difference).collect()
}

/// The host's value of a field that follows from ours; `None` if it has no counterpart.
fn host_value(block: Block, ours: &Values, name: &str) -> Option<i64> {
    let own = |name: &str| ours.get(name).copied();
    let joined = |high: &str, low: &str, bits: u32| Some(own(high)? << bits | own(low)?);
    match (block, name) {
        (
            Block::SystimeSyncBase
            | Block::FPGADeviceDNA
            | Block::FPGASystimeSyncLastRTT
            | Block::FPGASystimeSyncLastAsicSystime,
            "value",
        ) => joined("high", "low", 32),
        (Block::NeuronBackendConfig, "address_out") => joined("address_out_msbs", "address_out_lsbs", 2),
        (Block::NeuronBackendConfig, "refractory_time") => {
            joined("refractory_time_1", "refractory_time_2", 4)
        }
        (Block::NeuronBackendConfig, "reset_holdoff") => joined("reset_holdoff_2", "reset_holdoff_1", 2),
        (Block::CurrentDAC, "current") => joined("thermometer_code", "binary_code", 6),
        (Block::CrossbarOutputConfig, _) => {
            let (mask, bit) = name.rsplit_once('_')?;
            Some(own(mask)? >> bit.parse::<u32>().ok()? & 1)
        }
        // Hagen mode is another reading of the label.
        (Block::PADIEvent, "hagen_address") => Some(own("event_address")? >> 5),
        (Block::PADIEvent, "hagen_activation") => Some(own("event_address")? & 0x1f),
        (Block::SynapseDriverConfig, "row_mode_bottom") => joined("en_inh_bottom", "en_exc_bottom", 1),
        (Block::SynapseDriverConfig, "row_mode_top") => joined("en_inh_top", "en_exc_top", 1),
        (Block::CapMemBlockConfig, "debug_readout_enable") => Some((own("hotbit_capmem_row")? >= 0).into()),
        (Block::CapMemBlockConfig, "debug_capmem_coord") => {
            Some(130 * own("hotbit_capmem_row")? + own("capmem_column")?)
        }
        // The host names the clock output: 1 PHY reference, 3 MADC.
        (Block::PLLClockOutputBlock, "spl1_source") => Some(1 + 2 * own("switch_spl1_to_madc")?),
        // 0 disabled, 1 notification, 2 trigger and notification.
        (Block::VectorGeneratorControl, "signal") => {
            Some(own("enable_trigger")? + own("enable_notification")?)
        }
        // The host counts quadrants (0 left, 1 right), the bit says "the other one".
        (Block::CommonCorrelationConfig, "cadc_v_offset_assignment_0") => own("select_voltage_left"),
        (Block::CommonCorrelationConfig, "cadc_v_offset_assignment_1") => {
            Some(1 - own("select_voltage_right")?)
        }
        _ => own(&our_name(block, name)),
    }
}

/// Our name of a host field that is one field of ours.
fn our_name(block: Block, host: &str) -> String {
    for &(container, theirs, ours) in RENAMED {
        if container != block.name() {
            continue;
        }
        for index in '0'..='9' {
            let digit = index.to_string();
            let (theirs, ours) = (theirs.replace('#', &digit), ours.replace('#', &digit));
            match theirs.strip_suffix('*') {
                None if host == theirs => return ours,
                None => {}
                Some(prefix) => {
                    if let Some(rest) = host.strip_prefix(prefix) {
                        return ours.replace('*', rest);
                    }
                }
            }
        }
    }
    host.to_owned()
}

/// Block, host name and our name where they differ; `#` stands for an index, `*` for the rest of the name.
const RENAMED: &[(&str, &str, &str)] = &[
    ("ColumnCorrelationQuad", "switch_#.*", "*_#"),
    ("ColumnCurrentQuad", "switch_#.*", "*_#"),
    ("CommonNeuronBackendConfig", "enable_event_registers", "en_event_regs"),
    ("CommonNeuronBackendConfig", "enable_clocks", "en_clocks"),
    ("CommonNeuronBackendConfig", "sample_positive_edge_#", "sample_pos_edge_#"),
    ("CommonNeuronBackendConfig", "clock_scale_adaptation_pulse", "clock_scale_adapt_pulse"),
    ("CurrentDAC", "connect_neuron_0", "mux_i_stim_top"),
    ("CurrentDAC", "connect_neuron_1", "mux_i_stim_bottom"),
    ("CurrentDAC", "connect_synapse_0", "mux_syntest_inhibitory"),
    ("CurrentDAC", "connect_synapse_1", "mux_syntest_excitatory"),
    ("CurrentDAC", "sign", "direction"),
    ("FPGASystimeSyncActiveState", "active_state", "active"),
    ("MADCConfig", "enable_pseudo_differential_reference_0", "enable_pseudo_differential_reference_n"),
    ("MADCConfig", "enable_pseudo_differential_reference_1", "enable_pseudo_differential_reference_s"),
    ("MADCConfig", "connect_iconv_neuron_0", "connect_iconv_neuron_n"),
    ("MADCConfig", "connect_iconv_neuron_1", "connect_iconv_neuron_s"),
    ("MADCConfig", "connect_iconv_synapse_0", "connect_iconv_synapse_x"),
    ("MADCConfig", "connect_iconv_synapse_1", "connect_iconv_synapse_i"),
    ("NeuronBackendConfig", "enable_adaptation_pulse", "en_adapt_pulse"),
    ("NeuronBackendConfig", "enable_bayesian_extension", "en_bayesian_extension"),
    ("NeuronBackendConfig", "enable_neuron_slave", "en_neuron_slave"),
    ("NeuronBackendConfig", "enable_spike_out", "en_spike_out"),
    ("NeuronBackendConfig", "enable_neuron_master", "en_neuron_master"),
    ("NeuronBackendConfig", "enable_bayesian_#", "en_#_bayesian"),
    ("NeuronConfig", "enable_divide_multicomp_conductance_bias", "en_comp_cond_div"),
    ("NeuronConfig", "enable_multiply_multicomp_conductance_bias", "en_comp_cond_mul"),
    ("NeuronConfig", "enable_multicomp_conductance", "en_comp_cond"),
    ("NeuronConfig", "connect_soma_right", "connect_somata"),
    ("NeuronConfig", "enable_fire", "en_fire"),
    ("NeuronConfig", "enable_strong_fire", "en_strong_fire"),
    ("NeuronConfig", "enable_threshold_comparator", "en_thresh_comp"),
    ("NeuronConfig", "enable_synaptic_input_excitatory", "en_synin_exc"),
    ("NeuronConfig", "enable_synaptic_input_inhibitory", "en_synin_inh"),
    ("NeuronConfig", "enable_synaptic_input_excitatory_coba_mode", "en_synin_coba_exc"),
    ("NeuronConfig", "enable_synaptic_input_inhibitory_coba_mode", "en_synin_coba_inh"),
    ("NeuronConfig", "enable_synaptic_input_excitatory_small_capacitance", "en_synin_exc_small_cap"),
    ("NeuronConfig", "enable_synaptic_input_inhibitory_small_capacitance", "en_synin_inh_small_cap"),
    ("NeuronConfig", "enable_synaptic_input_excitatory_high_resistance", "en_synin_exc_high_res"),
    ("NeuronConfig", "enable_synaptic_input_inhibitory_high_resistance", "en_synin_inh_high_res"),
    ("NeuronConfig", "enable_bypass_excitatory", "en_byp_exc"),
    ("NeuronConfig", "enable_bypass_inhibitory", "en_byp_inh"),
    ("NeuronConfig", "enable_membrane_offset", "en_mem_off"),
    ("NeuronConfig", "invert_membrane_offset", "invert_current"),
    ("NeuronConfig", "membrane_capacitor_size", "mem_cap_size"),
    ("NeuronConfig", "invert_adaptation_a", "invert_adapt_a"),
    ("NeuronConfig", "invert_adaptation_b", "invert_adapt_b"),
    ("NeuronConfig", "enable_adaptation", "en_adapt"),
    ("NeuronConfig", "enable_exponential", "en_exp"),
    ("NeuronConfig", "enable_unbuffered_access", "en_unbuf_access"),
    ("NeuronConfig", "enable_readout_amplifier", "en_readout_amp"),
    ("NeuronConfig", "readout_source", "readout_select"),
    ("NeuronConfig", "enable_readout", "en_readout"),
    ("NeuronConfig", "enable_reset_degeneration", "en_reset_deg"),
    ("NeuronConfig", "enable_reset_division", "en_reset_div"),
    ("NeuronConfig", "enable_reset_multiplication", "en_reset_mul"),
    ("NeuronConfig", "enable_leak_degeneration", "en_leak_deg"),
    ("NeuronConfig", "enable_leak_division", "en_leak_div"),
    ("NeuronConfig", "enable_leak_multiplication", "en_leak_mul"),
    ("NeuronConfig", "enable_pause", "en_pause"),
    ("PLLClockOutputBlock", "clock_output_#.select_adpll_output", "select_output_adpll_#"),
    ("PLLClockOutputBlock", "clock_output_#.*", "*_#"),
    ("PadMultiplexerConfig", "cadc_v_ramp_mux_#", "cadc_v_ramp_out_mux_q#"),
    ("PadMultiplexerConfig", "capmem_i_out_mux_#", "capmem_i_out_mux_q#"),
    ("PadMultiplexerConfig", "capmem_i_out_mux_to_capmem_intermediate_mux", "capmem_i_out_mux_to_inter"),
    ("PadMultiplexerConfig", "capmem_intermediate_mux_to_pad", "capmem_inter_mux_to_pad"),
    ("PadMultiplexerConfig", "capmem_v_out_mux_#", "capmem_v_out_mux_q#"),
    ("PadMultiplexerConfig", "capmem_v_out_mux_to_capmem_intermediate_mux", "capmem_v_out_mux_to_inter"),
    ("PadMultiplexerConfig", "capmem_v_ref_mux_#", "capmem_v_ref_mux_q#"),
    ("PadMultiplexerConfig", "capmem_v_ref_mux_to_capmem_intermediate_mux", "capmem_v_ref_mux_to_inter"),
    ("PadMultiplexerConfig", "neuron_i_stim_mux_0", "neuron_i_stim_mux_top"),
    ("PadMultiplexerConfig", "neuron_i_stim_mux_1", "neuron_i_stim_mux_bottom"),
    ("PadMultiplexerConfig", "cadc_debug_acausal_to_synapse_intermediate_mux", "synapse_mux_acausal"),
    ("PadMultiplexerConfig", "cadc_debug_causal_to_synapse_intermediate_mux", "synapse_mux_causal"),
    ("PadMultiplexerConfig", "synin_debug_inhibitory_to_synapse_intermediate_mux", "synapse_mux_inhibitory"),
    ("PadMultiplexerConfig", "synin_debug_excitatory_to_synapse_intermediate_mux", "synapse_mux_excitatory"),
    ("PadMultiplexerConfig", "synapse_intermediate_mux_to_pad", "synapse_mux_to_pad"),
    ("ReadoutSourceSelection", "buffer_#.current_dac", "idac_i_out_#"),
    ("ReadoutSourceSelection", "buffer_#.synin_debug_inhibitory", "synin_debug_inh_#"),
    ("ReadoutSourceSelection", "buffer_#.synin_debug_excitatory", "synin_debug_exc_#"),
    ("ReadoutSourceSelection", "buffer_#.cadc_debug_causal", "cadc_test_causal_#"),
    ("ReadoutSourceSelection", "buffer_#.cadc_debug_acausal", "cadc_test_acausal_#"),
    ("ReadoutSourceSelection", "buffer_#.synapse_driver_debug_0", "syndrv_debug_top_#"),
    ("ReadoutSourceSelection", "buffer_#.synapse_driver_debug_1", "syndrv_debug_bottom_#"),
    ("ReadoutSourceSelection", "buffer_#.neuron_odd_0", "neuron_top_odd_#"),
    ("ReadoutSourceSelection", "buffer_#.neuron_odd_1", "neuron_bottom_odd_#"),
    ("ReadoutSourceSelection", "buffer_#.neuron_even_0", "neuron_top_even_#"),
    ("ReadoutSourceSelection", "buffer_#.neuron_even_1", "neuron_bottom_even_#"),
    ("ReadoutSourceSelection", "buffer_#.*", "*_#"),
    ("ReferenceGeneratorConfig", "enable_internal_reference", "en_internal_ref"),
    ("ReferenceGeneratorConfig", "enable_reference_output", "en_out_internal_ref"),
    ("ReferenceGeneratorConfig", "enable_reference_input", "en_pad_ref"),
    ("ReferenceGeneratorConfig", "enable_reset", "en_reset"),
    ("ReferenceGeneratorConfig", "capmem_amplifier_#", "cm_i_amplifier_#"),
    ("ReferenceGeneratorConfig", "capmem_offset_#", "cm_i_offset_#"),
    ("ReferenceGeneratorConfig", "capmem_slope_#", "cm_i_slope_#"),
    ("SynapseBiasSelection", "enable_internal_dac_bias_#", "int_dac_q#"),
    ("SynapseBiasSelection", "enable_internal_ramp_bias_#", "int_ramp_q#"),
    ("SynapseBiasSelection", "enable_internal_store_bias_#", "int_store_q#"),
    ("SynapseBiasSelection", "enable_internal_output_bias_#", "int_output_q#"),
    ("SynapseCorrelationCalibQuad", "time_calibs_#", "time_calib_#"),
    ("SynapseCorrelationCalibQuad", "amp_calibs_#", "amp_calib_#"),
    ("SynapseDriverConfig", "enable_receiver", "en_receiver"),
    ("SynapseDriverConfig", "enable_hagen_dac", "en_hagen"),
    ("SynapseDriverConfig", "enable_readout", "en_readout"),
    ("SynapseDriverConfig", "enable_renewing", "en_renewing"),
    ("SynapseDriverConfig", "enable_hagen_modulation", "en_hagen_modulation"),
    ("SynapseDriverConfig", "enable_stp", "en_stp"),
    ("SynapseDriverConfig", "enable_recovery", "en_recovery"),
    ("SynapseLabelQuad", "values_#", "value_#"),
    ("SynapseQuad", "weights_#", "weight_#"),
    ("SynapseQuad", "labels_#", "label_#"),
    ("SynapseQuad", "time_calibs_#", "time_calib_#"),
    ("SynapseQuad", "amp_calibs_#", "amp_calib_#"),
    ("SynapseWeightQuad", "values_#", "value_#"),
    ("CADCSampleQuad", "samples_#", "sample_#"),
    ("VectorGeneratorControl", "source_waits_#", "source_#_wait"),
    ("VectorGeneratorControl", "sources_#", "source_#"),
    ("VectorGeneratorFIFOWord", "values_#", "value_#"),
];
