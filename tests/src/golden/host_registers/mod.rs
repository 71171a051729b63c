//! Golden data of the official host libraries on registers: containers, their words, addresses and coordinates.

mod address_map;
mod container;
mod conversion;
mod decoding;
mod fields;
mod schema;

use bss2_chip::registers::{Block, Location, Register, decode};
use serde_json::Value;

use super::{BadRecord, Format};

pub use conversion::covers as covers_conversion;

/// The formats of this family. The more specific come first.
pub fn formats() -> Vec<Box<dyn Format>> {
    vec![
        Box::new(decoding::Decoding),
        Box::new(container::Container),
        Box::new(address_map::AddressMap),
        Box::new(schema::Schema),
        Box::new(conversion::Conversion),
    ]
}

fn bad(field: &str, problem: impl ToString) -> BadRecord {
    BadRecord { field: field.to_owned(), problem: problem.to_string() }
}

/// A text field of an object.
fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str, BadRecord> {
    object.get(field).and_then(Value::as_str).ok_or_else(|| bad(field, "missing or not a string"))
}

/// A field of an object that is a list.
fn list<'a>(object: &'a Value, field: &str) -> Result<&'a [Value], BadRecord> {
    let list = object.get(field).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| bad(field, "missing or not a list"))
}

/// A 32-bit number, plain or as hexadecimal text.
fn number(value: &Value, field: &str) -> Result<u32, BadRecord> {
    let number = match value {
        Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
        other => other.as_u64().and_then(|number| number.try_into().ok()),
    };
    number.ok_or_else(|| bad(field, format!("not a 32-bit number: {value}")))
}

/// `[address, word]` pairs; a third element gives byte enables.
fn pairs(object: &Value, field: &str) -> Result<Vec<(u32, u32)>, BadRecord> {
    let pair = |pair: &Value| Ok((number(&pair[0], field)?, number(&pair[1], field)?));
    list(object, field)?.iter().map(pair).collect()
}

/// Whether the addresses of this way of access are Omnibus addresses.
fn is_omnibus(backend: &str) -> bool {
    matches!(backend, "Omnibus" | "OmnibusChipOverJTAG")
}

/// What a container is called in a report.
fn name(record: &Value) -> Result<String, BadRecord> {
    let container = text(record, "container")?;
    let kind = record.get("kind").and_then(Value::as_str).unwrap_or_default();
    let coordinate = record["coordinate"].get("str").and_then(Value::as_str).unwrap_or_default();
    Ok([container, kind, coordinate].join(" ").trim().to_owned())
}

/// The words of a block, from `(address, word)` pairs in any order, in the order of the block.
fn words_of(block: Block, instance: u32, pairs: &[(u32, u32)]) -> Result<Vec<u32>, String> {
    let description = block.description();
    let mut words = vec![None; description.words.len()];
    for &(address, value) in pairs {
        let word =
            (0..words.len() as u8).find(|&word| description.address_of(instance, word) == Some(address));
        let word = word.ok_or_else(|| format!("{block} {instance} has no word at {address:#010x}"))?;
        words[usize::from(word)] = Some(value);
    }
    let missing = || format!("{block} {instance}: not all of its words are there");
    words.into_iter().map(|word| word.ok_or_else(missing)).collect()
}

/// What is wrong with writing `value` to `address`: nothing there, or bits that do not exist.
fn stray_bits(address: u32, value: u32) -> Option<String> {
    match decode(address) {
        None => Some(format!("nothing at {address:#010x}")),
        Some(Location::Register(Register { block, word, .. })) => {
            let stray = value & !block.description().words[usize::from(word)].used_mask();
            (stray != 0).then(|| format!("{block} at {address:#010x} has no bits {stray:#x}"))
        }
        Some(_) => None,
    }
}
