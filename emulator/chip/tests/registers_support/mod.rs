//! What the register tests share: golden data, and the host's names for the fields.
#![allow(dead_code, reason = "each test crate uses a part")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use bss2_chip::registers::{Access, Block};
use flate2::read::GzDecoder;
use serde_json::Value;

/// Opens a file of golden host data.
fn open(name: &str) -> impl Read {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/host").join(name);
    GzDecoder::new(File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The records of a JSON Lines file.
pub(crate) fn records(name: &str) -> impl Iterator<Item = Value> {
    BufReader::new(open(name)).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// A whole JSON file.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_reader(open(name)).unwrap()
}

/// A number that may be written as hexadecimal text.
pub(crate) fn number(value: &Value) -> u32 {
    match value {
        Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap(),
        other => other.as_u64().unwrap().try_into().unwrap(),
    }
}

/// Field values by name, as numbers.
pub(crate) type Values = BTreeMap<String, i64>;

/// The schemas of all containers by name.
pub(crate) fn schemas() -> BTreeMap<String, Value> {
    records("schema.jsonl.gz")
        .map(|schema| (schema["container"].as_str().unwrap().to_owned(), schema))
        .collect()
}

/// The host's field values as flat numbers: `buffer_0.debug_plus`, `weights_3`; enumerators by their value.
pub(crate) fn flat(schema: &Value, value: &Value) -> Values {
    fn walk(schema: &Value, value: &Value, name: String, into: &mut Values) {
        // The schema of an indexed field is that of its elements.
        match (schema["k"].as_str().unwrap(), value) {
            (kind, Value::Array(values)) => {
                let element = if kind == "list" { &schema["of"] } else { schema };
                for (index, value) in values.iter().enumerate() {
                    walk(element, value, format!("{name}_{index}"), into);
                }
            }
            ("object", _) => {
                for field in schema["fields"].as_array().unwrap() {
                    let member = field["name"].as_str().unwrap();
                    let inner = if name.is_empty() { member.to_owned() } else { format!("{name}.{member}") };
                    if let Some(value) = value.get(member) {
                        walk(&field["schema"], value, inner, into);
                    }
                }
            }
            _ => {
                // Enumerators by name where they have one; truth values in either notation.
                let number = match value {
                    Value::String(enumerator) => schema["values"][enumerator].as_i64(),
                    Value::Bool(truth) => Some((*truth).into()),
                    other => other.as_i64(),
                };
                into.insert(name, number.unwrap_or_else(|| panic!("{value} for {schema}")));
            }
        }
    }
    let mut values = Values::new();
    walk(&schema["fields"], value, String::new(), &mut values);
    values
}

/// The field values in raw words of a block, by our names.
pub(crate) fn decoded(block: Block, words: &[u32]) -> Values {
    let description = block.description();
    assert_eq!(words.len(), description.words.len(), "{block}");
    let mut values = Values::new();
    for (row, &word) in description.words.iter().zip(words) {
        let word = description.word_encoding.decode(word);
        values.extend(row.fields.iter().map(|field| (field.name.to_owned(), field.bits.decode(word))));
    }
    values
}

/// The raw words that the host writes, from its field values.
pub(crate) fn encoded(block: Block, values: &Values) -> Vec<u32> {
    let description = block.description();
    let words = description.words.iter().map(|row| {
        let bits = row.fields.iter().fold(0, |word, field| word | field.bits.encode(values[field.name]));
        description.word_encoding.encode(bits)
    });
    words.collect()
}

/// Host names and ours where they differ; `#` stands for an index.
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
    ("ReadoutSourceSelection", "enable_buffer_to_pad_#", "enable_buffer_to_pad_#"),
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

/// Our name of a host field, if it is one field of ours.
fn our_name(block: Block, host: &str, ours: &Values) -> Option<String> {
    for &(container, theirs, name) in RENAMED {
        if container != block.name() {
            continue;
        }
        for index in ('0'..='9').chain([' ']) {
            let digit = index.to_string();
            let (theirs, name) = (theirs.replace('#', &digit), name.replace('#', &digit));
            let name = match theirs.strip_suffix('*') {
                Some(prefix) => host.strip_prefix(prefix).map(|rest| name.replace('*', rest)),
                None => (host == theirs).then_some(name),
            };
            if let Some(name) = name {
                return Some(name);
            }
        }
    }
    ours.contains_key(host).then(|| host.to_owned())
}

/// Removes what the host holds but does not send.
pub(crate) fn remove_unsent(block: Block, host: &mut Values) {
    match block {
        // The coordinate is not written while the debug readout is off.
        Block::CapMemBlockConfig if host["debug_readout_enable"] == 0 => {
            host.remove("debug_capmem_coord");
        }
        // Byte enables of the access, not bits of the word.
        Block::VectorGeneratorFIFOWord => host.retain(|name, _| !name.starts_with("enable_")),
        _ => {}
    }
}

/// The host's field values that follow from ours, for the fields of `host`.
///
/// Panics, naming the field, if a field of the host has no counterpart.
pub(crate) fn host_values(block: Block, ours: &Values, host: &Values) -> Values {
    host.keys().map(|name| (name.clone(), host_value(block, ours, name))).collect()
}

fn host_value(block: Block, ours: &Values, name: &str) -> i64 {
    let index = || name.rsplit('_').next().unwrap().parse::<u32>().unwrap();
    let wide = |high: &str, low: &str, bits: u32| ours[high] << bits | ours[low];
    match (block, name) {
        (
            Block::SystimeSyncBase
            | Block::FPGADeviceDNA
            | Block::FPGASystimeSyncLastRTT
            | Block::FPGASystimeSyncLastAsicSystime,
            "value",
        ) => wide("high", "low", 32),
        (Block::NeuronBackendConfig, "address_out") => wide("address_out_msbs", "address_out_lsbs", 2),
        (Block::NeuronBackendConfig, "refractory_time") => wide("refractory_time_1", "refractory_time_2", 4),
        (Block::NeuronBackendConfig, "reset_holdoff") => wide("reset_holdoff_2", "reset_holdoff_1", 2),
        (Block::CurrentDAC, "current") => wide("thermometer_code", "binary_code", 6),
        (Block::CrossbarOutputConfig, _) => ours[name.rsplit_once('_').unwrap().0] >> index() & 1,
        // Hagen mode is another reading of the label.
        (Block::PADIEvent, "hagen_address") => ours["event_address"] >> 5,
        (Block::PADIEvent, "hagen_activation") => ours["event_address"] & 0x1f,
        (Block::SynapseDriverConfig, "row_mode_bottom") => wide("en_inh_bottom", "en_exc_bottom", 1),
        (Block::SynapseDriverConfig, "row_mode_top") => wide("en_inh_top", "en_exc_top", 1),
        (Block::CapMemBlockConfig, "debug_readout_enable") => i64::from(ours["hotbit_capmem_row"] >= 0),
        (Block::CapMemBlockConfig, "debug_capmem_coord") => {
            if ours["hotbit_capmem_row"] < 0 {
                0
            } else {
                130 * ours["hotbit_capmem_row"] + ours["capmem_column"]
            }
        }
        // 0 disabled, 1 notification, 2 trigger and notification.
        (Block::VectorGeneratorControl, "signal") => ours["enable_trigger"] + ours["enable_notification"],
        // The host names the clock output: 1 PHY reference, 3 MADC.
        (Block::PLLClockOutputBlock, "spl1_source") => 1 + 2 * ours["switch_spl1_to_madc"],
        // The host counts quadrants (0 left, 1 right), the bit says "the other one".
        (Block::CommonCorrelationConfig, "cadc_v_offset_assignment_0") => ours["select_voltage_left"],
        (Block::CommonCorrelationConfig, "cadc_v_offset_assignment_1") => 1 - ours["select_voltage_right"],
        _ => {
            let own = our_name(block, name, ours).unwrap_or_else(|| panic!("{block}: no field for `{name}`"));
            *ours.get(&own).unwrap_or_else(|| panic!("{block}: no `{own}` for `{name}`"))
        }
    }
}

/// The words of a block that the host writes, in its order.
pub(crate) fn host_word_order(block: Block) -> Vec<u8> {
    let description = block.description();
    let ascending = || (0..description.words.len() as u8).collect();
    description.host_word_order.map_or_else(ascending, <[u8]>::to_vec)
}

/// Whether the host can write a block, and read it.
pub(crate) fn host_access(block: Block) -> (bool, bool) {
    let access = block.description().words[0].access;
    (access != Access::ReadOnly, access != Access::WriteOnly)
}
