//! Where the host finds every coordinate of every container.

use bss2_base::Hemisphere;
use bss2_chip::registers::{Access, Block, Location, Register, Space, decode};
use bss2_chip::synapse_array;
use serde_json::Value;

use super::{bad, is_omnibus, list, number, stray_bits, text};
use crate::golden::{BadRecord, Check, Format};

/// Addresses by coordinate.
pub(super) struct AddressMap;

impl Format for AddressMap {
    fn name(&self) -> &'static str {
        "host address map"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("container").is_some() && record.get("entries").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let container = text(record, "container")?;
        let mut check = Check { name: container.to_owned(), ..Check::default() };
        if !is_omnibus(text(record, "backend")?) {
            // Registers of controllers behind the FPGA, counted by the host alone.
            check.nothing_compared = true;
            return Ok(check);
        }
        let block: Option<Block> = container.parse().ok();
        if let Some(block) = block {
            let (ours, theirs) = (block.description().instances(), &record["coordinate_size"]);
            if *theirs != ours {
                check.differences.push(format!("{container}: {ours} instances, expected {theirs}"));
            }
        }
        for entry in list(record, "entries")? {
            let instance = number(&entry[0], "entries")?;
            let writes = addresses(&entry[1])?;
            let reads = entry.get(2).map(addresses).transpose()?.unwrap_or_else(|| writes.clone());
            match block {
                Some(block) => check.differences.extend(entry_of(block, instance, &writes, &reads)),
                // A part or a group of other containers: its words must be somewhere all the same.
                None => {
                    let all = writes.iter().chain(&reads);
                    check.differences.extend(all.filter_map(|&address| stray_bits(address, 0)));
                }
            }
        }
        check.differences.truncate(20);
        Ok(check)
    }
}

fn addresses(value: &Value) -> Result<Vec<u32>, BadRecord> {
    let list = value.as_array().ok_or_else(|| bad("entries", "not a list of addresses"))?;
    list.iter().map(|address| number(address, "entries")).collect()
}

fn entry_of(block: Block, instance: u32, writes: &[u32], reads: &[u32]) -> Vec<String> {
    let description = block.description();
    let ascending: Vec<u8> = (0..description.words.len() as u8).collect();
    let order = description.host_word_order.unwrap_or(&ascending);
    let expected: Option<Vec<u32>> =
        order.iter().map(|&word| description.address_of(instance, word)).collect();
    let Some(expected) = expected else { return vec![format!("{block} has no instance {instance}")] };
    let access = description.words[0].access;
    let mut differences = Vec::new();
    let mut compare = |what, theirs: &[u32], ours: &[u32]| {
        if theirs != ours {
            differences.push(format!("{block} {instance}: {what} {ours:x?}, expected {theirs:x?}"));
        }
    };
    compare("writes", writes, if access == Access::ReadOnly { &[] } else { &expected });
    // What the host never reads may be readable all the same.
    if access != Access::WriteOnly && !reads.is_empty() {
        compare("reads", reads, &expected);
    }
    for (&address, &word) in expected.iter().zip(order) {
        if !leads_to(decode(address), Register { block, instance, word }, address) {
            differences.push(format!("{block} {instance}: {address:#010x} is {:?}", decode(address)));
        }
    }
    differences
}

/// Whether an address decodes to a word of a block.
fn leads_to(found: Option<Location>, register: Register, address: u32) -> bool {
    let instance = register.instance;
    match (register.block.description().space, found) {
        (Space::Chip | Space::Fpga, Some(Location::Register(found))) => found == register,
        (Space::SynapseArray, Some(Location::SynapseArray { hemisphere, offset })) => {
            synapse_array::region_offset(address) == Some((hemisphere, offset))
        }
        (Space::PpuMemory, Some(Location::PpuMemory { hemisphere, word })) => {
            (hemisphere, word) == (Hemisphere::from_index(instance as usize / 4096), instance % 4096)
        }
        (Space::FpgaMemory, Some(Location::ExternalMemory { word } | Location::ExternalDram { word })) => {
            word == instance
        }
        // The addresses of the vector generators belong to DRAM now.
        (Space::FpgaLegacy, Some(Location::ExternalDram { .. })) => true,
        _ => false,
    }
}
