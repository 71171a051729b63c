//! The register rows against the machine-readable register map, and against themselves.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use bss2_base::{Hemisphere, Neuron, Quadrant};
use bss2_chip::registers::capmem::{CapMemBlockConfig, CapMemSRAMTimingConfig};
use bss2_chip::registers::coordinates::*;
use bss2_chip::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_chip::registers::padi::SynapseDriverConfig;
use bss2_chip::registers::readout::CurrentDAC;
use bss2_chip::registers::synapse_memory::SynapseWeightQuad;
use bss2_chip::registers::*;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::Value;

/// The machine-readable register map.
fn register_map() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/host/register-map.json.gz");
    serde_json::from_reader(GzDecoder::new(File::open(path).unwrap())).unwrap()
}

/// A number that may be written as hexadecimal text.
fn number(value: &Value) -> u32 {
    match value {
        Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap(),
        other => other.as_u64().unwrap().try_into().unwrap(),
    }
}

/// Blocks that the machine-readable map does not list: words without published layout.
const OWN_BLOCKS: [Block; 3] =
    [Block::ExecutorUndocumented, Block::I2CPrescaler, Block::EventSwitchUndocumented];

fn encoding_name(encoding: Encoding) -> Option<&'static str> {
    Some(match encoding {
        Encoding::Plain => return None,
        Encoding::Inverted => "inverted",
        Encoding::MinusOne => "value-1",
        Encoding::Excess128 => "excess-128",
        Encoding::BitReversed => "bit-reversed",
        Encoding::OneHotReversed => "one-hot reversed",
        Encoding::Thermometer => "thermometer",
        Encoding::PermutedWeight => "p6",
    })
}

fn access_name(access: Access) -> &'static str {
    match access {
        Access::ReadWrite => "rw",
        Access::ReadOnly => "ro",
        Access::WriteOnly => "wo",
    }
}

/// `enable_phy[7]` and `even SRAM row 2*row` as identifiers.
fn identifier(name: &Value) -> String {
    let name = name.as_str().unwrap().split(' ').next().unwrap();
    name.replace('[', "_").replace(']', "")
}

/// The address that the map's formula gives for coordinates.
fn mapped_address(formula: &Value, coordinates: &BTreeMap<&str, u32>) -> u32 {
    let terms = formula["terms"].as_array().unwrap().iter().map(|term| {
        let value = coordinates[term["coord"].as_str().unwrap()];
        match term.get("table") {
            Some(table) => number(&table[value as usize]),
            None => number(&term["stride"]) * value,
        }
    });
    number(&formula["base"]) + terms.sum::<u32>()
}

#[test]
fn every_block_is_as_the_register_map_says() {
    let map = register_map();
    let blocks = map["blocks"].as_array().unwrap();
    for block in blocks {
        let name = block["name"].as_str().unwrap();
        let ours: Block = name.parse().unwrap_or_else(|error| panic!("{error}"));
        let description = ours.description();
        let title = block["title"].as_str().unwrap().trim_end_matches(" (legacy)");
        assert!(description.title().starts_with(title), "{name}: {}", description.title());
        let space = match description.space {
            Space::Chip | Space::SynapseArray | Space::PpuMemory => "chip",
            Space::Fpga | Space::FpgaMemory => "fpga",
            Space::Jtag => "jtag",
            Space::FpgaLegacy => "fpga-legacy",
        };
        assert_eq!(space, block["space"], "{name}");

        // Coordinates and addresses. The map leaves out the flags in the address of the I2C master.
        let axes: Vec<(&str, u32)> = (block["coordinates"].as_array().unwrap().iter())
            .map(|axis| (axis["name"].as_str().unwrap(), number(&axis["size"])))
            .collect();
        let flags = usize::from(ours == Block::I2CMaster);
        let our_axes: Vec<_> =
            description.axes[flags..].iter().map(|axis| (axis.name, axis.steps.count())).collect();
        assert_eq!(our_axes, axes, "{name}");
        // (Not the listed number of instances: the serial masters count as one there, whatever their clients.)
        let instances = axes.iter().map(|&(_, size)| size).product::<u32>();
        assert_eq!(description.instances(), instances << (2 * flags), "{name}");
        for instance in (0..instances).step_by(if instances > 1 << 20 { 99_991 } else { 1 }) {
            let coordinates =
                axes.iter().map(|&(axis, _)| axis).zip(description.coordinates(instance).split_off(flags));
            let coordinates = coordinates.collect();
            for (number_of_word, word) in block["words"].as_array().unwrap().iter().enumerate() {
                let expected = match word.get("address") {
                    Some(own) => mapped_address(own, &coordinates),
                    None => mapped_address(&block["address"], &coordinates) + number(&word["address_offset"]),
                };
                assert_eq!(
                    description.address_of(instance, number_of_word as u8),
                    Some(expected),
                    "{name} {instance}"
                );
            }
        }

        // Words and fields.
        let words = block["words"].as_array().unwrap();
        assert_eq!(description.words.len(), words.len(), "{name}");
        for (index, (ours, word)) in description.words.iter().zip(words).enumerate() {
            let name = format!("{name}.{}", ours.name);
            assert_eq!(ours.name, identifier(&word["name"]), "{name}");
            assert_eq!(access_name(ours.access), word["access"], "{name}");
            assert_eq!(ours.used_mask(), number(&word["used_mask"]), "{name}");
            if !word["host_default"].is_null() {
                assert_eq!(description.host_default(index), number(&word["host_default"]), "{name}");
            }
            let reset = if word["reset"].is_null() { 0 } else { number(&word["reset"]) };
            assert_eq!(description.reset(index), reset, "{name}");
            let fields = word["fields"].as_array().unwrap();
            assert_eq!(ours.fields.len(), fields.len(), "{name}");
            for (ours, field) in ours.fields.iter().zip(fields) {
                let name = format!("{name}.{}", ours.name);
                assert_eq!(ours.register_name, identifier(&field["name"]), "{name}");
                assert_eq!(u32::from(ours.bits.lsb), number(&field["lsb"]), "{name}");
                assert_eq!(u32::from(ours.bits.width), number(&field["width"]), "{name}");
                assert_eq!(encoding_name(ours.bits.encoding), field["encoding"].as_str(), "{name}");
                let accepts = field.get("host_accepts").map(|range| (number(&range[0]), number(&range[1])));
                assert_eq!(ours.host_accepts, accepts, "{name}");
                let raw_default =
                    ours.bits.extract(description.word_encoding.encode(ours.host_default_bits()));
                if description.word_encoding == WordEncoding::Plain && !field["host_default"].is_null() {
                    assert_eq!(raw_default, number(&field["host_default"]), "{name}");
                }
            }
        }

        // Properties of the block.
        let order =
            block.get("host_word_order").map(|order| order.as_array().unwrap().iter().map(number).collect());
        let our_order =
            description.host_word_order.map(|order| order.iter().map(|&word| word.into()).collect());
        assert_eq!(our_order, order as Option<Vec<u32>>, "{name}");
        assert_eq!(
            description.word_encoding == WordEncoding::Gray,
            block.get("word_encoding").is_some(),
            "{name}"
        );
        for (connection, target) in
            [(Connection::Hardware, "hardware"), (Connection::Simulation, "simulation")]
        {
            let refused = block.get("host_read_unsupported_on").and_then(Value::as_array);
            let refused = refused.is_some_and(|targets| targets.contains(&target.into()));
            assert_eq!(description.host_refuses_reads_on.contains(&connection), refused, "{name}");
        }
    }
    assert_eq!(Block::ALL.len(), blocks.len() + OWN_BLOCKS.len());
}

#[test]
fn the_crossbar_nodes_are_those_of_the_register_map() {
    let map = register_map();
    let nodes = map["crossbar"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 76);
    let mut joined = 0;
    for node in nodes {
        let instance = number(&node["enum"]);
        let (input, output) = (number(&node["input"]) as u8, number(&node["output"]) as u8);
        assert_eq!(crossbar_node(input, output), Some(instance));
        assert_eq!(crossbar_input_output(instance), Some((input, output)));
        let register = Register { block: Block::CrossbarNode, instance, word: 0 };
        assert_eq!(register.address(), Some(number(&node["address"])));
    }
    for input in 0..=255 {
        joined += (0..=255).filter(|&output| crossbar_node(input, output).is_some()).count();
    }
    assert_eq!((joined, crossbar_input_output(76)), (76, None));
}

#[test]
fn no_description_contradicts_itself() {
    let mut addresses = BTreeMap::new();
    for &block in Block::ALL {
        let description = block.description();
        assert_eq!(block.name().parse(), Ok(block));
        assert!(!description.title().is_empty() && !description.words.is_empty(), "{block}");
        for word in description.words {
            let mut used = 0;
            for field in word.fields {
                let name = format!("{block}.{}.{}", word.name, field.name);
                assert!(
                    field.bits.width >= 1 && field.bits.lsb + field.bits.width <= 32,
                    "{name} leaves the word"
                );
                assert_eq!(used & field.bits.mask(), 0, "{name} overlaps");
                used |= field.bits.mask();
                assert!(!field.doc.is_empty(), "{name} has no documentation");
                let default = field.host_default.unwrap_or(field.bits.decode(0));
                assert_eq!(
                    field.bits.decode(field.bits.encode(default)),
                    default,
                    "{name}: default does not fit"
                );
                let raw = field.bits.extract(field.host_default_bits());
                assert!(
                    word.access == Access::ReadOnly || field.host_accepts().contains(&raw),
                    "{name}: host default"
                );
            }
        }
        if description.space.is_stored() || description.space == Space::PpuMemory {
            for instance in 0..description.instances() {
                for word in 0..description.words.len() as u8 {
                    let register = Register { block, instance, word };
                    let address = register.address().unwrap();
                    let jtag = description.space == Space::Jtag;
                    let before = addresses.insert((jtag, address), register);
                    assert_eq!(before, None, "{register} shares {address:#010x}");
                }
            }
        }
    }
    for ((jtag, address), register) in addresses {
        match decode(address) {
            _ if jtag => {
                assert_eq!(link::jtag_register(address as u8), Some(register));
            }
            Some(Location::Register(found)) => assert_eq!(found, register),
            Some(Location::PpuMemory { hemisphere, word }) => {
                assert_eq!(register.instance, 4096 * hemisphere.index() as u32 + word);
            }
            other => panic!("{register} at {address:#010x}: {other:?}"),
        }
    }
}

#[test]
fn holes_are_holes() {
    // Unused words of slots, the end of arrays, constants of earlier chips (register-map 3, 5.8, 7.5).
    for address in [
        0x0000_0002,
        0x0004_0001,
        0x0008_0006,
        0x000a_0000,
        0x000c_001b,
        0x0011_0403,
        0x0011_0600,
        0x0012_2001,
        0x0013_0085,
        0x0014_0018,
        0x0014_1040,
        0x0016_0000,
        0x0016_0009,
        0x001a_1400,
        0x0240_0100,
        0x0280_1000,
        0x02a0_0002,
        0x1e00_0000,
        0x8000_8000,
        0x8800_0003 + 0x10,
        0x8800_4003,
        0x8800_5000,
        0x8803_0100,
        0xffff_ffff,
    ] {
        assert_eq!(decode(address), None, "{address:#010x}");
    }
    assert_eq!(
        decode(0x8800_c00f),
        Some(Location::Register(Register { block: Block::PhyStatus, instance: 7, word: 4 }))
    );
    assert_eq!(decode(0x8400_0000), Some(Location::ExternalDram { word: 0 }));
    assert_eq!(decode(0x87ff_ffff), Some(Location::ExternalDram { word: 0x3ff_ffff }));
    assert_eq!(decode(0x8000_7fff), Some(Location::ExternalMemory { word: 0x7fff }));
    let stop = Register { block: Block::I2CMaster, instance: 128 + 0x4c, word: 0 };
    assert_eq!(decode(0x8800_78cc), Some(Location::Register(stop)));
}

#[test]
fn instance_numbers_follow_the_nesting_of_each_block() {
    for neuron in Neuron::all() {
        assert_eq!(neuron_of_config(neuron_config(neuron)), Some(neuron));
        assert_eq!(neuron_of_backend(neuron_backend(neuron)), Some(neuron));
        let column = u32::from(neuron.column());
        let quadrant = neuron.quadrant().index() as u32;
        let config = Block::NeuronConfig.description().instance(&[quadrant, column % 128]);
        assert_eq!(config, Some(neuron_config(neuron)));
        let hemisphere = neuron.hemisphere().index() as u32;
        let backend =
            Block::NeuronBackendConfig.description().instance(&[column / 128, hemisphere, column % 128]);
        assert_eq!(backend, Some(neuron_backend(neuron)));
    }
    assert_eq!((neuron_of_backend(512), neuron_of_config(512)), (None, None));
    for instance in 0..12480 {
        let (block, row, column) = capmem_cell_of(instance).unwrap();
        assert_eq!(capmem_cell(block, row, column), instance);
        let coordinates = [block.index() as u32, row.into(), column.into()];
        assert_eq!(Block::CapMemCell.description().coordinates(instance), coordinates);
    }
    assert_eq!(capmem_cell_of(12480), None);
    assert_eq!(capmem_cell(Quadrant::SouthWest, 16, 67), 8387);
    for instance in 0..1024 {
        let (hemisphere, channel_type, column) = cadc_channel_of(instance);
        assert_eq!(cadc_channel(hemisphere, channel_type, column), instance);
        let coordinates =
            [hemisphere.index() as u32, channel_type as u32, column as u32 / 128, column as u32 % 128];
        assert_eq!(Block::CADCChannelConfig.description().coordinates(instance), coordinates);
    }
    for instance in 0..256 {
        let (hemisphere, driver) = driver_of(instance);
        assert_eq!(synapse_driver(hemisphere, driver), instance);
    }
    assert_eq!(synapse_driver(Hemisphere::Bottom, 127), 255);
}

/// Register-map 17.
#[test]
fn the_worked_encodings_hold() {
    let weights = SynapseWeightQuad { value_0: 1, value_1: 2, value_2: 3, value_3: 63 };
    assert_eq!(weights.to_words(), [0x1008_183f]);
    assert_eq!(permute_weight(37), 0x34);

    let backend = NeuronBackendConfig::default();
    assert_eq!(backend.to_words(), [0xff, 0xff, 0xbc, 0]);
    assert_eq!((backend.address_out(), backend.refractory_time(), backend.reset_holdoff()), (0, 0, 15));
    let backend = backend.with_address_out(0x2a).with_refractory_time(0x64);
    assert_eq!(backend.to_words(), [0xf5, 0xd9, 0xac, 0]);
    assert_eq!((backend.address_out(), backend.refractory_time()), (0x2a, 0x64));
    assert_eq!(backend.with_reset_holdoff(6).reset_holdoff(), 6);

    let driver = SynapseDriverConfig::default();
    assert_eq!(driver.to_words(), [0x3e00, 0x3f00, 0x40]);
    assert_eq!(SynapseDriverConfig { recovery: 1, ..driver }.to_words()[1] & 0xf, 0b1000);
    assert_eq!(SynapseDriverConfig { hagen_dac_offset: 10, ..driver }.to_words()[1] >> 8 & 0x3f, 53);

    let offset = cadc::CADCChannelConfig { offset: -3 };
    assert_eq!(offset.to_words(), [0x7d]);
    assert_eq!(CurrentDAC::default().with_current(200).to_words(), [0x708]);
    assert_eq!(CurrentDAC::from_words(&[0x708]).current(), 200);

    let timing = CapMemSRAMTimingConfig { read_delay: 8, ..Default::default() };
    assert_eq!(timing.to_words()[0], 0x0f);
    assert_eq!(CapMemSRAMTimingConfig::from_words(&[0x0f, 0]).read_delay, 8);
    let debug = CapMemBlockConfig { hotbit_capmem_row: Some(5), ..Default::default() };
    assert_eq!(debug.to_words()[0], 1 << 18);
    assert_eq!(CapMemBlockConfig::default().hotbit_capmem_row, None);

    let drop_all = spl1::CrossbarNode { mask: 0, target: 1, enable_drop_counter: false };
    assert_eq!(drop_all.to_words(), [0x0001_0000]);
    let source = spl1::BackgroundSpikeSource { enable: true, period: 1000, ..Default::default() };
    assert_eq!(source.to_words()[0], 0x03e8_0001);
    assert_eq!(clocks::ADPLL::default().pre_div_p0, 2);
    assert_eq!(clocks::ADPLL::default().to_words(), [0x2a20_a902, 0xc0cb_f200]);
}

#[test]
fn clock_registers_count_alike_on_omnibus_and_jtag() {
    let register = |block, instance, word| Some(Register { block, instance, word });
    assert_eq!(clocks::jtag_pll_register(0), register(Block::ADPLL, 0, 0));
    assert_eq!(clocks::jtag_pll_register(3), register(Block::ADPLL, 1, 1));
    assert_eq!(clocks::jtag_pll_register(4), register(Block::PLLClockOutputBlock, 0, 0));
    assert_eq!(clocks::jtag_pll_register(5), register(Block::PLLSelfTest, 0, 0));
    assert_eq!(clocks::jtag_pll_register(6), None);
    assert_eq!(link::jtag_register(1), register(Block::JTAGIdCode, 0, 0));
    assert_eq!(link::jtag_register(124), register(Block::PhyConfigChip, 0, 0));
    assert_eq!(link::jtag_register(68), register(Block::PhyConfigChip, 7, 0));
    assert_eq!(link::jtag_register(2), None);
}

#[test]
fn a_register_is_named_with_its_coordinates() {
    let Some(Location::Register(register)) = decode(0x0017_829e) else { panic!() };
    assert_eq!(register.to_string(), "NeuronConfig[block 3, neuron 83].w6");
    let Some(Location::Register(register)) = decode(0x0010_0000) else { panic!() };
    assert_eq!(register.to_string(), "SynapseBiasSelection.select");
}

fn register(address: u32) -> Register {
    match decode(address) {
        Some(Location::Register(register)) => register,
        other => panic!("{address:#010x}: {other:?}"),
    }
}

#[test]
fn a_file_starts_with_the_reset_values() {
    let chip = RegisterFile::chip();
    assert_eq!(chip.read(register(0x0008_0000)), 0x2a20_a902);
    assert_eq!(chip.words(Block::JTAGIdCode, 0), Some(&[0x3485_80af][..]));
    assert_eq!(chip.words(Block::NeuronBackendConfig, 511), Some(&[0; 4][..]));
    assert!(!chip.has_dirty());
    let fpga = RegisterFile::fpga();
    assert_eq!(fpga.read(register(0x8800_0005)), 1);
    assert_eq!(fpga.read(register(0x8800_0009)), 0x1312d0);
    assert_eq!(fpga.read(register(0x8802_ffff)), 0xff);
}

#[test]
fn only_bits_that_exist_are_stored() {
    let mut chip = RegisterFile::chip();
    let neuron = register(0x0016_0006);
    assert_eq!(chip.write(neuron, 0xffff_ffff), Written::Changed);
    assert_eq!(chip.read(neuron), 0xfd);
    assert_eq!(chip.write(neuron, 0xfd), Written::Unchanged);
}

#[test]
fn read_only_words_change_from_within_only() {
    let mut chip = RegisterFile::chip();
    let counter = register(0x0012_2804);
    assert_eq!(chip.write(counter, 7), Written::Ignored);
    assert_eq!(chip.read(counter), 0);
    chip.set_word(counter, 0x103);
    assert_eq!(chip.read(counter), 0x103);
    let count: neuron::SpikeCounterRead = chip.get(counter.instance).unwrap();
    assert_eq!((count.count, count.overflow), (3, true));
    assert!(!chip.has_dirty());
}

#[test]
fn every_write_to_a_write_only_word_is_a_command() {
    let mut chip = RegisterFile::chip();
    let control = register(0x000c_0000);
    for _ in 0..2 {
        assert_eq!(chip.write(control, 0xff03), Written::Command);
        assert_eq!(chip.take_dirty(), [(Block::MADCControl, 0)]);
    }
    assert_eq!(chip.read(control), 0);
    assert_eq!(chip.words(Block::MADCControl, 0), Some(&[3][..]));
}

#[test]
fn a_register_of_the_other_file_is_not_there() {
    let mut chip = RegisterFile::chip();
    let recording = register(0x8800_0005);
    assert_eq!(chip.write(recording, 0), Written::Ignored);
    assert_eq!(chip.read(recording), 0);
    assert!(!chip.holds(Block::EventRecordingConfig) && chip.holds(Block::JTAGIdCode));
    assert_eq!(chip.words(Block::EventRecordingConfig, 0), None);
    assert_eq!(chip.words(Block::SynapseWeightQuad, 0), None);
    assert_eq!(chip.words(Block::NeuronConfig, 512), None);
    assert_eq!(chip.read(Register { block: Block::NeuronConfig, instance: 0, word: 6 }), 0);
}

#[test]
fn written_instances_are_taken_once_in_order() {
    let mut chip = RegisterFile::chip();
    for address in [0x001a_9000, 0x0016_0005, 0x0016_0006, 0x0014_0003, 0x0014_0003, 0x0016_000a] {
        chip.write(register(address), 0x24);
    }
    let expected = [
        (Block::NeuronConfig, 0),
        (Block::NeuronConfig, 1),
        (Block::NeuronBackendConfig, 256),
        (Block::CapMemCell, capmem_cell(Quadrant::NorthWest, 3, 0)),
    ];
    assert_eq!(chip.take_dirty(), expected);
    assert_eq!(chip.take_dirty(), []);
    chip.write(register(0x0014_0003), 0x24);
    assert!(!chip.has_dirty(), "the same value again");
    chip.write(register(0x0014_0003), 0x25);
    assert_eq!(chip.take_dirty(), expected[3..]);
}

#[test]
fn a_reset_restores_everything_and_makes_it_dirty() {
    let mut chip = RegisterFile::chip();
    chip.write(register(0x0016_0006), 0xff);
    chip.reset();
    assert_eq!(chip.read(register(0x0016_0006)), 0);
    let dirty = chip.take_dirty();
    let stored = |block: &&Block| chip.holds(**block);
    let instances: u32 = Block::ALL.iter().filter(stored).map(|block| block.description().instances()).sum();
    assert_eq!(dirty.len() as u32, instances);
    assert!(!chip.has_dirty());
    chip.write(register(0x0016_0006), 0xff);
    assert_eq!(chip.take_dirty(), [(Block::NeuronConfig, 0)]);
}

#[test]
fn a_snapshot_of_a_file_restores_it() {
    let mut chip = RegisterFile::chip();
    chip.write(register(0x0016_0006), 0xff);
    let text = serde_json::to_string(&chip).unwrap();
    let mut restored: RegisterFile = serde_json::from_str(&text).unwrap();
    assert_eq!(restored.read(register(0x0016_0006)), 0xfd);
    assert_eq!(restored.take_dirty(), [(Block::NeuronConfig, 0)]);
    let mut snapshot = serde_json::to_value(&chip).unwrap();
    snapshot["dirty"] = serde_json::json!([999_999_999]);
    let error = serde_json::from_value::<RegisterFile>(snapshot.clone()).unwrap_err();
    assert!(error.to_string().contains("999999999"), "{error}");
    snapshot["words"] = serde_json::json!([1, 2, 3]);
    let error = serde_json::from_value::<RegisterFile>(snapshot).unwrap_err();
    assert!(error.to_string().contains("3 words"), "{error}");
}

/// Raw words of a block to values and back, and the words of its host default.
type RoundTrip = fn(&[u32]) -> (Block, Vec<u32>, Vec<u32>);

fn round_trip<T: TypedBlock>(words: &[u32]) -> (Block, Vec<u32>, Vec<u32>) {
    let count = T::BLOCK.description().words.len();
    let Ok(words) = T::Words::try_from(&words[..count]) else { panic!("{}", T::BLOCK) };
    let back = T::from_words(&words).to_words().as_ref().to_vec();
    (T::BLOCK, back, T::default().to_words().as_ref().to_vec())
}

const ROUND_TRIPS: [RoundTrip; 24] = [
    round_trip::<chip_level::SystimeSyncBase>,
    round_trip::<chip_level::CommonPhyConfigChip>,
    round_trip::<chip_level::SynapseBiasSelection>,
    round_trip::<clocks::ADPLL>,
    round_trip::<clocks::PLLClockOutputBlock>,
    round_trip::<readout::MADCConfig>,
    round_trip::<readout::PadMultiplexerConfig>,
    round_trip::<readout::ReferenceGeneratorConfig>,
    round_trip::<padi::CommonPADIBusConfig>,
    round_trip::<SynapseDriverConfig>,
    round_trip::<NeuronConfig>,
    round_trip::<NeuronBackendConfig>,
    round_trip::<neuron::CommonNeuronBackendConfig>,
    round_trip::<spl1::BackgroundSpikeSource>,
    round_trip::<spl1::CrossbarNode>,
    round_trip::<capmem::CapMemCell>,
    round_trip::<synapse_memory::CommonCorrelationConfig>,
    round_trip::<SynapseWeightQuad>,
    round_trip::<synapse_memory::SynapseQuad>,
    round_trip::<synapse_memory::ColumnCorrelationQuad>,
    round_trip::<cadc::CADCChannelConfig>,
    round_trip::<link::PhyConfigFPGA>,
    round_trip::<link::PhyStatus>,
    round_trip::<executor::PollingOmnibusBlockConfig>,
];

proptest! {
    #[test]
    fn typed_values_keep_all_bits_that_exist(words in prop::array::uniform10(any::<u32>())) {
        for block in ROUND_TRIPS {
            let (block, back, default) = block(&words);
            let description = block.description();
            for (index, (row, &word)) in description.words.iter().zip(&words).enumerate() {
                prop_assert_eq!(back[index], word & row.used_mask(), "{}.{}", block, row.name);
                prop_assert_eq!(default[index], description.host_default(index), "{}.{}", block, row.name);
            }
        }
    }

    #[test]
    fn encodings_are_invertible(value in any::<u32>(), width in 1u8..=32) {
        use Encoding::*;
        let raw = value & u32::MAX >> (32 - u32::from(width));
        for encoding in [Plain, Inverted, MinusOne, Excess128, BitReversed] {
            prop_assert_eq!(encoding.encode(encoding.decode(raw, width), width), raw, "{:?}", encoding);
        }
        prop_assert_eq!(WordEncoding::Gray.decode(WordEncoding::Gray.encode(value)), value);
        prop_assert_eq!(permute_weight(permute_weight(value as u8)), value as u8);
        let width_value = i64::from(width);
        for value in -1..width_value {
            prop_assert_eq!(OneHotReversed.decode(OneHotReversed.encode(value, width), width), value);
        }
        for value in 0..=width_value {
            prop_assert_eq!(Thermometer.decode(Thermometer.encode(value, width), width), value);
        }
    }

    #[test]
    fn what_decode_finds_is_at_the_address(address in any::<u32>()) {
        if let Some(Location::Register(register)) = decode(address) {
            prop_assert_eq!(register.address(), Some(address));
        }
    }
}

/// Set `UPDATE_PAGES=1` to renew the pages.
#[test]
fn the_reference_pages_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let pages =
        [("registers.md", reference::registers_page()), ("register-coverage.md", reference::coverage_page())];
    for (name, page) in pages {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_PAGES").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == page,
            "{name} is out of date: run `UPDATE_PAGES=1 cargo test -p bss2-chip --test registers`"
        );
    }
}

#[test]
fn a_dump_names_words_and_values() {
    let mut chip = RegisterFile::chip();
    chip.write(register(0x001a_1001), 0xd9);
    let words: Vec<_> = chip.dump(&[Block::NeuronBackendConfig, Block::EventRecordingConfig]).collect();
    assert_eq!(words.len(), 2048, "the FPGA register is not in the file of a chip");
    let text = words[1].to_string();
    let expected = "\
0x001a1001  0x000000d9  NeuronBackendConfig[side 0, hemisphere 0, column_in_side 0].w1
      3..0  refractory_time_1                        6  (bits 0x9)
      5..4  address_out_lsbs                         2  (bits 0x1)
      7..6  reset_holdoff_2                          3";
    assert_eq!(text, expected);
    let json = serde_json::to_value(&words[1]).unwrap();
    assert_eq!(json["fields"][1]["value"], 2);
    assert_eq!((&json["address"], &json["reset"]), (&0x001a_1001.into(), &0.into()));
}

#[test]
fn host_defaults_can_replace_the_reset_values() {
    let mut chip = RegisterFile::chip();
    chip.load_host_defaults();
    assert_eq!(chip.get(300), Some(NeuronBackendConfig::default()));
    assert_eq!(chip.get(1023), Some(cadc::CADCChannelConfig { offset: 0 }));
    assert_eq!(chip.words(Block::JTAGIdCode, 0), Some(&[0x3485_80af][..]));
    assert!(chip.has_dirty());
}

#[test]
fn the_capmem_parameters_are_those_of_the_register_map() {
    use bss2_chip::registers::capmem::{CellKind, NeuronParameter, SharedParameter, shared_parameter};
    let map = register_map();
    let rows = map["capmem"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), NeuronParameter::ALL.len());
    for (ours, row) in NeuronParameter::ALL.into_iter().zip(rows) {
        let kind = if ours.kind() == CellKind::Voltage { "voltage" } else { "current" };
        assert_eq!(u32::from(ours.row()), number(&row["row"]));
        assert_eq!((ours.name(), kind), (row["name"].as_str().unwrap(), row["kind"].as_str().unwrap()));
    }
    let cells = map["capmem"]["shared_cells"].as_array().unwrap();
    assert_eq!(cells.len(), SharedParameter::ALL.len());
    for (ours, cell) in SharedParameter::ALL.iter().zip(cells) {
        assert_eq!(ours.name(), cell["name"]);
        assert_eq!(ours.place(), (number(&cell["column"]) as u8, number(&cell["row"]) as u8));
        let blocks = match cell["block"].as_str() {
            Some("all") => Quadrant::ALL.to_vec(),
            _ => vec![Quadrant::ALL[number(&cell["block"]) as usize]],
        };
        assert_eq!(ours.blocks(), blocks, "{}", ours.name());
    }
    let unused = (0..12480).filter(|&instance| {
        let (block, row, column) = capmem_cell_of(instance).unwrap();
        column >= 128 && shared_parameter(block, row, column).is_none()
    });
    assert_eq!(unused.count(), 90);
}
