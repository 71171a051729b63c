//! How the host converts between its coordinate types.
//!
//! Each type is described by where its values are on the chip, through the same functions that give the emulator its
//! instance numbers. A conversion is right if source and target agree in everything that both say.

use bss2_base::{Hemisphere, Neuron, Quadrant};
use bss2_chip::registers::coordinates::*;
use bss2_chip::synapse_array::{column_of_quad, quad_of_column};
use bss2_events::SpikeLabel;
use serde_json::Value;

use super::{list, number, text};
use crate::golden::{BadRecord, Check, Format};

/// Conversion tables and the views of spike labels. Tables between coordinates of boards and of other machines are not
/// compared.
pub(super) struct Conversion;

impl Format for Conversion {
    fn name(&self) -> &'static str {
        "host coordinates"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("spike_label").is_some() || record.get("from").is_some() && record.get("map").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        if record.get("spike_label").is_some() {
            return spike_label(record);
        }
        let (from, to) = (text(record, "from")?, text(record, "to")?);
        let nothing_compared = !covers(record);
        let mut check = Check { name: format!("{from} to {to}"), nothing_compared, ..Check::default() };
        for (source, target) in (0..).zip(list(record, "map")?) {
            // Coordinates without a counterpart.
            if target.is_null() {
                continue;
            }
            let target = number(target, "map")?;
            let (Some(place), Some(found)) = (place(from, source), place(to, target)) else { continue };
            for (what, value) in &place {
                if let Some((_, other)) = found.iter().find(|(name, other)| name == what && other != value) {
                    let difference = format!("{from} {source} has {what} {value}, {to} {target} has {other}");
                    check.differences.push(difference);
                }
            }
        }
        check.differences.truncate(20);
        Ok(check)
    }
}

/// How a label splits (event-routing 3.1).
fn spike_label(record: &Value) -> Result<Check, BadRecord> {
    let word = number(&record["spike_label"], "spike_label")?;
    let mut check = Check { name: format!("spike label {word:#06x}"), ..Check::default() };
    let label = SpikeLabel::from_word(word as u16);
    let neuron = label.neuron_label();
    let padi = neuron.padi();
    for (view, ours) in [
        ("neuron_label", u32::from(neuron.word())),
        ("spl1_address", label.spl1_address().index() as u32),
        ("row_select_address", padi.row_select().into()),
        ("synapse_label", padi.synapse_label().into()),
        ("neuron_backend_address_out", neuron.address_out().into()),
        // These two accessors of the library lose bit 10, which a neuron's label has (event-routing 3.1 and 9.1).
        ("neuron_event_output", neuron.event_output().index() as u32 & 3),
        ("padi_label", u32::from(padi.word() & 0x3FF)),
    ] {
        let theirs = number(&record[view], view)?;
        if theirs != ours {
            check.differences.push(format!("{view} {ours:#x}, expected {theirs:#x}"));
        }
    }
    if SpikeLabel::new(label.spl1_address(), neuron) != label {
        check.differences.push(format!("does not come together again from {:#x}", neuron.word()));
    }
    Ok(check)
}

/// Whether a table is between two types that have something in common.
pub fn covers(record: &Value) -> bool {
    let of = |end: &str| place(record[end].as_str()?, 0);
    let (Some(from), Some(to)) = (of("from"), of("to")) else { return false };
    from.iter().any(|(what, _)| to.iter().any(|(other, _)| what == other))
}

/// Named properties of a place.
type Place = Vec<(&'static str, u32)>;

fn of_column(column: u8) -> Place {
    let (quad, entry) = quad_of_column(column);
    let column = u32::from(column);
    vec![
        ("column", column),
        ("side", column / 128),
        ("column in side", column % 128),
        ("event output", column / 32),
        ("quad", quad.into()),
        ("entry", entry.into()),
    ]
}

fn of_hemisphere(hemisphere: Hemisphere) -> Place {
    vec![("hemisphere", hemisphere.index() as u32)]
}

fn of_quadrant(quadrant: Quadrant) -> Place {
    let quadrant = quadrant.index() as u32;
    vec![("quadrant", quadrant), ("hemisphere", quadrant / 2), ("side", quadrant % 2)]
}

fn of_neuron(neuron: Neuron) -> Place {
    [of_quadrant(neuron.quadrant()), of_column(neuron.column())].concat()
}

fn of_driver(driver: u8) -> Place {
    let driver = u32::from(driver);
    vec![("driver", driver), ("bus", driver % 4), ("driver on bus", driver / 4)]
}

fn of_row(row: u32) -> Place {
    [vec![("row", row)], of_driver((row / 2) as u8)].concat()
}

/// Where a value of a host coordinate type is; `None` for types without a place on the chip and values beyond the last.
fn place(coordinate: &str, value: u32) -> Option<Place> {
    let byte = u8::try_from(value).ok();
    let hemisphere = |value: u32| (value < 2).then(|| of_hemisphere(Hemisphere::from_index(value as usize)));
    Some(match coordinate {
        "AtomicNeuronOnDLS" => of_neuron(Neuron::from_index(value as usize)?),
        "NeuronConfigOnDLS" => of_neuron(neuron_of_config(value)?),
        "NeuronBackendConfigOnDLS"
        | "NeuronResetOnDLS"
        | "SpikeCounterReadOnDLS"
        | "SpikeCounterResetOnDLS" => of_neuron(neuron_of_backend(value)?),
        "NeuronBackendConfigOnNeuronBackendConfigBlock" | "SpikeCounterReadOnSpikeCounterReadBlock" => {
            [hemisphere(value / 128)?, vec![("column in side", value % 128)]].concat()
        }
        "NeuronConfigOnNeuronConfigBlock" => vec![("column in side", value)],
        "NeuronBackendConfigBlockOnDLS"
        | "CommonNeuronBackendConfigOnDLS"
        | "BlockPostPulseOnDLS"
        | "NeuronResetBlockOnDLS"
        | "SpikeCounterResetBlockOnDLS"
        | "CapMemBlockOnHemisphere" => vec![("side", value)],
        "NeuronConfigBlockOnDLS"
        | "CapMemBlockOnDLS"
        | "CapMemBlockConfigOnDLS"
        | "CapMemSRAMTimingConfigOnDLS" => of_quadrant(*Quadrant::ALL.get(value as usize)?),
        "NeuronColumnOnDLS" | "CADCChannelColumnOnSynram" | "SynapseOnSynapseRow" => of_column(byte?),
        "NeuronEventOutputOnDLS" => {
            let in_side = ("event output in side", value % 4);
            vec![("event output", value), ("side", value / 4), in_side, ("crossbar input", value)]
        }
        "NeuronEventOutputOnNeuronBackendBlock" => vec![("event output in side", value)],
        "SynapseQuadColumnOnDLS" | "ColumnCorrelationQuadOnSynram" => vec![("quad", value)],
        "ColumnCorrelationQuadOnDLS" | "ColumnCurrentQuadOnDLS" | "NeuronResetQuadOnDLS" => {
            let quad = value % 64;
            // Four columns share a quad, all on the same side.
            let side = u32::from(column_of_quad(quad as u8, 0) / 128);
            [hemisphere(value / 64)?, vec![("quad", quad), ("side", side)]].concat()
        }
        "EntryOnQuad" => vec![("entry", value)],
        "CADCChannelConfigOnDLS" => {
            let (half, channel_type, column) = cadc_channel_of(value);
            let quadrant = of_quadrant(Quadrant::of(half, column));
            [quadrant, vec![("type", channel_type as u32)], of_column(column)].concat()
        }
        "CADCChannelConfigOnSynram" => [vec![("type", value / 256)], of_column(value as u8)].concat(),
        "SynapseDriverOnDLS" => {
            let (half, driver) = driver_of(value);
            [of_hemisphere(half), of_driver(driver)].concat()
        }
        "SynapseDriverOnSynapseDriverBlock" => of_driver(byte?),
        "SynapseDriverOnPADIBus" => vec![("driver on bus", value)],
        "SynapseRowOnSynram" => of_row(value),
        "SynapseRowOnDLS"
        | "SynapseWeightRowOnDLS"
        | "SynapseLabelRowOnDLS"
        | "SynapseCorrelationCalibRowOnDLS"
        | "CADCSampleRowOnDLS"
        | "CorrelationResetRowOnDLS" => [hemisphere(value / 256)?, of_row(value % 256)].concat(),
        "PADIBusOnDLS" => [
            hemisphere(value / 4)?,
            vec![("bus", value % 4), ("crossbar output", value), ("PADI output", value)],
        ]
        .concat(),
        "PADIBusOnPADIBusBlock" => vec![("bus", value)],
        "CrossbarOutputOnDLS" => vec![("crossbar output", value)],
        "CrossbarInputOnDLS" => vec![("crossbar input", value)],
        "CrossbarNodeOnDLS" => {
            let (input, output) = crossbar_input_output(value)?;
            vec![("crossbar input", input.into()), ("crossbar output", output.into())]
        }
        "CrossbarL2OutputOnDLS" => vec![("link output", value)],
        "BackgroundSpikeSourceOnDLS" => {
            // The two crossbar nodes behind the source lead to a PADI bus and to a link.
            let input = 12 + byte?;
            let padi = (0..8).find(|&output| crossbar_node(input, output).is_some())?;
            let link = (8..12).find(|&output| crossbar_node(input, output).is_some())?;
            vec![
                ("crossbar input", input.into()),
                ("PADI output", padi.into()),
                ("link output", u32::from(link) - 8),
            ]
        }
        "CapMemCellOnDLS" => {
            let (block, row, column) = capmem_cell_of(value)?;
            let cell = vec![("CapMem row", row.into()), ("CapMem column", column.into())];
            [of_quadrant(block), cell].concat()
        }
        "CapMemCellOnCapMemBlock" => {
            let (_, row, column) = capmem_cell_of(value)?;
            vec![("CapMem row", row.into()), ("CapMem column", column.into())]
        }
        "CapMemColumnOnCapMemBlock" => vec![("CapMem column", value)],
        "HemisphereOnDLS"
        | "NeuronRowOnDLS"
        | "SynramOnDLS"
        | "SynapseBlockOnDLS"
        | "SynapseDriverBlockOnDLS"
        | "SynapseDriverSRAMTimingConfigOnDLS"
        | "SynapseWeightMatrixOnDLS"
        | "SynapseLabelMatrixOnDLS"
        | "SynapseCorrelationCalibMatrixOnDLS"
        | "ColumnCorrelationRowOnDLS"
        | "ColumnCurrentRowOnDLS"
        | "CADCOnDLS"
        | "CADCConfigOnDLS"
        | "CommonCorrelationConfigOnDLS"
        | "CommonPADIBusConfigOnDLS"
        | "CommonSTPConfigOnDLS"
        | "CommonSynapseDriverConfigOnDLS"
        | "CommonSynramConfigOnDLS"
        | "PADIBusBlockOnDLS"
        | "PADIEventOnDLS"
        | "PPUOnDLS"
        | "PPUMemoryOnDLS"
        | "PPUControlRegisterOnDLS"
        | "PPUStatusRegisterOnDLS" => hemisphere(value)?,
        _ => return None,
    })
}
