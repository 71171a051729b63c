//! The register rows against what the official host libraries write and understand.

mod registers_support;

use std::collections::BTreeMap;

use bss2_chip::registers::{Block, Connection, Location, Register, Space, decode, default_chip};
use registers_support::*;
use serde_json::Value;

/// The address list of an access: `(block address, word)` pairs or bare addresses.
fn addresses(list: &Value) -> Vec<u32> {
    list.as_array().unwrap().iter().map(|entry| number(entry.get(0).unwrap_or(entry))).collect()
}

fn is_omnibus(backend: &Value) -> bool {
    matches!(backend.as_str().unwrap(), "Omnibus" | "OmnibusChipOverJTAG")
}

#[test]
fn every_coordinate_of_every_container_is_where_the_host_finds_it() {
    let mut compared = BTreeMap::new();
    for record in records("address-map.jsonl.gz") {
        let container = record["container"].as_str().unwrap();
        if !is_omnibus(&record["backend"]) {
            continue;
        }
        let block: Option<Block> = container.parse().ok();
        if let Some(block) = block {
            assert_eq!(u64::from(block.description().instances()), record["coordinate_size"], "{container}");
        }
        for entry in record["entries"].as_array().unwrap() {
            let instance = entry[0].as_u64().unwrap();
            let writes = addresses(&entry[1]);
            let reads = entry.get(2).map_or_else(|| writes.clone(), addresses);
            let Some(block) = block else {
                // A part or a group of other containers: its words must be somewhere all the same.
                for address in writes.iter().chain(&reads) {
                    assert!(decode(*address).is_some(), "{container} {instance}: nothing at {address:#010x}");
                }
                continue;
            };
            let expected: Vec<u32> = (host_word_order(block).iter())
                .map(|&word| Register { block, instance: instance as u32, word }.address().unwrap())
                .collect();
            let (writable, readable) = host_access(block);
            assert_eq!(writes, if writable { &expected[..] } else { &[] }, "{container} {instance}");
            if readable && !reads.is_empty() {
                assert_eq!(reads, expected, "{container} {instance}");
            }
            for (&address, &word) in expected.iter().zip(&host_word_order(block)) {
                let found = decode(address).unwrap_or_else(|| panic!("{container}: hole at {address:#010x}"));
                match (block.description().space, found) {
                    (Space::Chip | Space::Fpga, Location::Register(register)) => {
                        assert_eq!(register, Register { block, instance: instance as u32, word });
                    }
                    (Space::SynapseArray, Location::SynapseArray { hemisphere, offset }) => {
                        assert_eq!(address, [0x02c0_0000, 0x03c0_0000][hemisphere.index()] + offset);
                    }
                    (Space::PpuMemory, Location::PpuMemory { hemisphere, word }) => {
                        assert_eq!(instance, 4096 * hemisphere.index() as u64 + u64::from(word));
                    }
                    (Space::FpgaLegacy, Location::ExternalDram { .. }) => {}
                    (_, found) => panic!("{container} at {address:#010x}: {found:?}"),
                }
            }
            *compared.entry(block).or_insert(0) += expected.len();
        }
    }
    let words: usize = compared.values().sum();
    assert!(compared.len() >= 72 && words > 250_000, "{} blocks, {words} words", compared.len());
}

/// `[address, word]` pairs to the words of the block in its own order.
fn words_of(block: Block, instance: u32, pairs: &Value) -> Vec<u32> {
    let description = block.description();
    let mut words = vec![None; description.words.len()];
    for pair in pairs.as_array().unwrap() {
        let address = number(&pair[0]);
        let word =
            (0..words.len() as u8).find(|&word| description.address_of(instance, word) == Some(address));
        let word = word.unwrap_or_else(|| panic!("{block} {instance}: no word at {address:#010x}"));
        words[usize::from(word)] = Some(number(&pair[1]));
    }
    let missing = || panic!("{block} {instance}: not all words are there");
    words.into_iter().map(|word| word.unwrap_or_else(missing)).collect()
}

#[test]
fn what_the_host_writes_holds_the_values_it_means() {
    let schemas = schemas();
    let mut compared = BTreeMap::new();
    for record in records("registers.jsonl.gz") {
        let container = record["container"].as_str().unwrap();
        let Ok(block) = container.parse::<Block>() else { continue };
        let description = block.description();
        let access =
            record["access"].as_array().unwrap().iter().find(|access| access.get("writes").is_some());
        let access = access.unwrap();
        let pairs = &access["writes"];
        if pairs.as_array().unwrap().is_empty() {
            continue;
        }
        let instance = number(&record["coordinate"]["enum"]);
        let words = if is_omnibus(&access["backend"]) {
            words_of(block, instance, pairs)
        } else {
            // Over JTAG the address is the number of the register coordinate; the words come in order.
            pairs.as_array().unwrap().iter().map(|pair| number(&pair[1])).collect()
        };
        for (word, row) in words.iter().zip(description.words) {
            assert_eq!(word & !row.used_mask(), 0, "{container}.{}: {word:#010x}", row.name);
        }
        let ours = decoded(block, &words);
        assert_eq!(encoded(block, &ours), words, "{container}: does not encode back");
        let mut host = flat(&schemas[container], &record["fields"]);
        remove_unsent(block, &mut host);
        assert_eq!(host_values(block, &ours, &host), host, "{container} {} {words:x?}", record["kind"]);
        if record["kind"] == "default" {
            let defaults: Vec<u32> = (0..words.len()).map(|word| description.host_default(word)).collect();
            assert_eq!(words, defaults, "{container}: default");
        }
        *compared.entry(block).or_insert(0) += 1;
    }
    let records: usize = compared.values().sum();
    assert!(compared.len() >= 60 && records > 5000, "{} blocks, {records} records", compared.len());
}

#[test]
fn the_host_understands_raw_words_as_the_rows_do() {
    let schemas = schemas();
    let mut compared = 0;
    for record in records("decode.jsonl.gz") {
        let container = record["container"].as_str().unwrap();
        let Ok(block) = container.parse::<Block>() else { continue };
        let instance = number(&record["coordinate"]["enum"]);
        let words = match record["backend"].as_str().unwrap() {
            // Cannot be read: the host leaves its fields alone.
            "JTAGPLLRegister" | "JTAGPhyRegister" => continue,
            "JTAGIdCode" => record["read"].as_array().unwrap().iter().map(|pair| number(&pair[1])).collect(),
            _ => words_of(block, instance, &record["read"]),
        };
        let mut ours = decoded(block, &words);
        if block == Block::PPUStatusRegister {
            // Any bit counts as asleep for the host; the chip sets none but bit 0.
            ours.insert("sleep".to_owned(), i64::from(words[0] != 0));
        }
        let mut host = flat(&schemas[container], &record["fields"]);
        remove_unsent(block, &mut host);
        assert_eq!(host_values(block, &ours, &host), host, "{container} {words:x?}");
        compared += 1;
    }
    assert!(compared > 400, "{compared} records");
}

#[test]
fn the_schemas_agree_on_instances_ranges_and_readability() {
    let mut ranges = 0;
    for (container, schema) in schemas() {
        let Ok(block) = container.parse::<Block>() else { continue };
        let description = block.description();
        assert_eq!(u64::from(description.instances()), schema["coordinate_size"], "{container}");
        let refused = |connection: Connection| description.host_refuses_reads_on.contains(&connection);
        let listed =
            |target: &str| schema["unsupported_read_targets"].as_array().unwrap().contains(&target.into());
        // A container that can only be written is refused nowhere, as it has nothing to read.
        if host_access(block).1 {
            assert_eq!(refused(Connection::Hardware), listed("hardware"), "{container}");
            assert_eq!(refused(Connection::Simulation), listed("simulation"), "{container}");
        }
        for field in schema["fields"]["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let rows = description.words.iter().flat_map(|word| word.fields);
            let Some(row) = rows.into_iter().find(|row| row.name == name) else { continue };
            if field["schema"]["k"] != "int" {
                continue;
            }
            for bound in ["min", "max"] {
                let value = field["schema"][bound].as_i64().unwrap();
                let raw = row.bits.encoding.encode(value, row.bits.width);
                assert_eq!(row.bits.encoding.decode(raw, row.bits.width), value, "{container}.{name}");
                assert!(row.host_accepts().contains(&raw), "{container}.{name}: {bound} {value}");
            }
            ranges += 1;
        }
    }
    assert!(ranges > 80, "{ranges} ranges");
}

#[test]
fn composite_containers_write_only_bits_that_exist() {
    let mut words = 0;
    for record in records("lola.jsonl.gz") {
        for access in record["access"].as_array().unwrap() {
            if !is_omnibus(&access["backend"]) || access.get("writes").is_none() {
                continue;
            }
            for pair in access["writes"].as_array().unwrap() {
                let (address, value) = (number(&pair[0]), number(&pair[1]));
                match decode(address) {
                    Some(Location::Register(Register { block, word, .. })) => {
                        let used = block.description().words[usize::from(word)].used_mask();
                        assert_eq!(value & !used, 0, "{}: {block} at {address:#010x}", record["container"]);
                    }
                    Some(_) => {}
                    None => panic!("{}: nothing at {address:#010x}", record["container"]),
                }
                words += 1;
            }
        }
    }
    assert!(words > 100_000, "{words} words");
}

#[test]
fn the_default_chip_is_the_hosts_word_by_word() {
    let mut golden = records("lola.jsonl.gz")
        .filter(|record| record["container"] == "Chip" && record["kind"] == "default");
    let golden = golden.next().unwrap();
    let golden = golden["access"][0]["writes"].as_array().unwrap();
    let expected: Vec<(u32, u32)> = golden.iter().map(|pair| (number(&pair[0]), number(&pair[1]))).collect();
    let ours: Vec<(u32, u32)> = default_chip().collect();
    for (index, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
        assert_eq!(
            ours,
            expected,
            "write {index}: {:x?} instead of {:x?}",
            decode(ours.0),
            decode(expected.0)
        );
    }
    assert_eq!((ours.len(), expected.len()), (126_842, 126_842));
}
