//! Golden data of the official host libraries on what travels between host and FPGA: playback programs, responses,
//! frames of the transport, PPU programs.

mod frames;
pub(super) mod messages;
mod operations;
mod ppu_elf;
mod program;
mod responses;

use serde_json::Value;

use super::{BadRecord, Format};

pub(super) use operations::of_backend;

/// The formats of this family.
pub fn formats() -> Vec<Box<dyn Format>> {
    vec![
        Box::new(program::HostProgram),
        Box::new(responses::Responses),
        Box::new(frames::Frames),
        Box::new(ppu_elf::PpuElf),
    ]
}

fn bad(field: &str, problem: impl ToString) -> BadRecord {
    BadRecord { field: field.to_owned(), problem: problem.to_string() }
}

/// A text field of an object.
fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str, BadRecord> {
    object[field].as_str().ok_or_else(|| bad(field, "missing or not a string"))
}

/// A field of an object that is a list.
fn list<'a>(object: &'a Value, field: &str) -> Result<&'a [Value], BadRecord> {
    object[field].as_array().map(Vec::as_slice).ok_or_else(|| bad(field, "missing or not a list"))
}

/// A field of an object that is a truth value, plain or as 0 and 1.
fn truth(object: &Value, field: &str) -> Result<bool, BadRecord> {
    match &object[field] {
        Value::Bool(truth) => Ok(*truth),
        _ => Ok(int::<u8>(object, field)? == 1),
    }
}

/// A field of an object that is an unsigned number of this type, plain or as hexadecimal text.
fn int<T: TryFrom<u64>>(object: &Value, field: &str) -> Result<T, BadRecord> {
    to_int(&object[field], field)
}

/// An unsigned number of this type, plain or as hexadecimal text.
fn to_int<T: TryFrom<u64>>(value: &Value, field: &str) -> Result<T, BadRecord> {
    let number = match value {
        Value::String(text) => {
            text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok())
        }
        other => other.as_u64(),
    };
    let fits = number.and_then(|number| number.try_into().ok());
    fits.ok_or_else(|| bad(field, format!("not a number in range: {value}")))
}

/// A list of numbers.
fn ints<T: TryFrom<u64>>(object: &Value, field: &str) -> Result<Vec<T>, BadRecord> {
    list(object, field)?.iter().map(|value| to_int(value, field)).collect()
}

/// Where two sequences first differ; `None` if they don't.
fn first_difference<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: &[T],
    expected: &[T],
) -> Option<String> {
    let place = ours.iter().zip(expected).position(|(ours, expected)| ours != expected);
    match place {
        Some(place) => Some(format!("{what} {place}: {:x?} instead of {:x?}", ours[place], expected[place])),
        None if ours.len() != expected.len() => {
            Some(format!("{what}: {} instead of {}", ours.len(), expected.len()))
        }
        None => None,
    }
}
