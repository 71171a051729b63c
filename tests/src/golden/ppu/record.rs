//! The fields that records have in common: initial state, final state, cycle counts.

use ppu_isa::timing::Timing;
use std::collections::BTreeMap;

use ppu_isa::{Condition, Core, LaneMask, State, Vector};
use serde_json::{Map, Value};

use super::bench::{SRAM_WORDS, TestBench};
use crate::golden::BadRecord;

type Result<T> = std::result::Result<T, BadRecord>;

fn bad(field: &str, problem: impl ToString) -> BadRecord {
    BadRecord { field: field.to_owned(), problem: problem.to_string() }
}

/// A field of an object as hexadecimal number.
fn hex_number(object: &Value, field: &str) -> Result<Option<u32>> {
    match object.get(field) {
        None => Ok(None),
        Some(value) => {
            let text = value.as_str().ok_or_else(|| bad(field, "not a string"))?;
            u32::from_str_radix(text, 16).map(Some).map_err(|e| bad(field, e))
        }
    }
}

/// A field of an object as plain number.
pub(super) fn number(object: &Value, field: &str) -> Result<Option<u64>> {
    match object.get(field) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| bad(field, "not a number")),
    }
}

pub(super) fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    object.get(field).and_then(Value::as_str).ok_or_else(|| bad(field, "missing or not a string"))
}

fn object<'a>(value: &'a Value, field: &str) -> Result<Option<&'a Map<String, Value>>> {
    match value.get(field) {
        None => Ok(None),
        Some(map) => map.as_object().map(Some).ok_or_else(|| bad(field, "not an object")),
    }
}

/// Consecutive words in hexadecimal.
fn words(text: &str, field: &str) -> Result<Vec<u32>> {
    let digits = text.as_bytes();
    if !digits.is_ascii() || !digits.len().is_multiple_of(8) {
        return Err(bad(field, "not a whole number of words"));
    }
    let word = |chunk: &[u8]| {
        let text = std::str::from_utf8(chunk).map_err(|e| bad(field, e))?;
        u32::from_str_radix(text, 16).map_err(|e| bad(field, e))
    };
    digits.chunks(8).map(word).collect()
}

fn vector(value: &Value, field: &str) -> Result<Vector> {
    let words = words(value.as_str().ok_or_else(|| bad(field, "not a string"))?, field)?;
    if words.len() != 32 {
        return Err(bad(field, "not 32 words"));
    }
    let mut vector = Vector::ZERO;
    for (k, word) in words.into_iter().enumerate() {
        vector.set_word(k, word);
    }
    Ok(vector)
}

/// Number of a register or row, in the given radix.
fn index(key: &str, radix: u32, below: u32, field: &str) -> Result<u32> {
    match u32::from_str_radix(key, radix) {
        Ok(n) if n < below => Ok(n),
        _ => Err(bad(field, format!("no such index: {key}"))),
    }
}

/// Memory words at byte address `address`.
fn place(sram: &mut [u32], address: &str, content: &str, field: &str) -> Result<()> {
    let address = u32::from_str_radix(address, 16).map_err(|e| bad(field, e))?;
    for (n, word) in words(content, field)?.into_iter().enumerate() {
        let at = (address >> 2) as usize + n;
        *sram.get_mut(at).ok_or_else(|| bad(field, "beyond the SRAM"))? = word;
    }
    Ok(())
}

/// A lane mask whose most significant bit is byte lane 0.
fn lanes(object: &Value, field: &str) -> Result<Option<LaneMask>> {
    match object.get(field) {
        None => Ok(None),
        Some(value) => {
            let text = value.as_str().ok_or_else(|| bad(field, "not a string"))?;
            let mask = u128::from_str_radix(text, 16).map_err(|e| bad(field, e))?;
            Ok(Some(LaneMask(mask.reverse_bits())))
        }
    }
}

/// Applies the listed state to a processor and its surroundings: the initial state of a record, or, on a copy of
/// that, its outputs.
pub(super) fn apply(record: &Value, state: &mut State, bench: &mut TestBench) -> Result<()> {
    for (key, _) in object(record, "g")?.into_iter().flatten() {
        let value = hex_number(&record["g"], key)?.unwrap_or(0);
        state.gpr[index(key, 10, 32, "g")? as usize] = value;
    }
    let [srr0, srr1] = &mut state.srr;
    let registers: [(&str, &mut u32); 6] = [
        ("cr", &mut state.cr),
        ("lr", &mut state.lr),
        ("ctr", &mut state.ctr),
        ("msr", &mut state.msr),
        ("srr0", srr0),
        ("srr1", srr1),
    ];
    for (field, register) in registers {
        if let Some(value) = hex_number(record, field)? {
            *register = value;
        }
    }
    if let Some(flags) = number(record, "xer")? {
        state.xer = (flags as u32 & 7) << 29;
    }
    for (key, value) in object(record, "v")?.into_iter().flatten() {
        state.vr[index(key, 10, 32, "v")? as usize] = vector(value, "v")?;
    }
    if let Some(text) = record.get("acc").and_then(Value::as_str) {
        let acc = words(text, "acc")?;
        state.acc.0 = acc.try_into().map_err(|_| bad("acc", "not 64 words"))?;
    }
    for (field, condition) in [("eq", Condition::Equal), ("gt", Condition::Greater), ("lt", Condition::Less)]
    {
        if let Some(lanes) = lanes(record, field)? {
            state.vcr.set_lanes(condition, lanes);
        }
    }
    for (address, content) in object(record, "m")?.into_iter().flatten() {
        place(&mut bench.sram, address, content.as_str().ok_or_else(|| bad("m", "not a string"))?, "m")?;
    }
    for (row, value) in object(record, "io")?.into_iter().flatten() {
        bench.port.insert(index(row, 16, 1024, "io")?, vector(value, "io")?);
    }
    Ok(())
}

/// Puts the program into memory: words from address 0, or a memory map.
pub(super) fn load_program(record: &Value, bench: &mut TestBench) -> Result<()> {
    match record.get("p") {
        Some(Value::String(program)) => place(&mut bench.sram, "0", program, "p"),
        Some(Value::Object(map)) => {
            for (address, content) in map {
                place(
                    &mut bench.sram,
                    address,
                    content.as_str().ok_or_else(|| bad("p", "not a string"))?,
                    "p",
                )?;
            }
            Ok(())
        }
        _ => Err(bad("p", "missing")),
    }
}

/// Latencies of the stand-ins.
pub(super) fn configure(record: &Value, bench: &mut TestBench) -> Result<()> {
    if let Some(cfg) = record.get("cfg") {
        bench.omnibus_latency = number(cfg, "omni")?.unwrap_or(4) as u32;
        bench.port_latency = number(cfg, "pio")?.unwrap_or(4) as u32;
    }
    Ok(())
}

/// Lists where the scalar parts of two states differ.
pub(super) fn compare_scalar_states(expected: &State, actual: &State, differences: &mut Vec<String>) {
    let mut word = |what: String, expected: u32, actual: u32| {
        if expected != actual {
            differences.push(format!("{what} is {actual:08x}, should be {expected:08x}"));
        }
    };
    for n in 0..32 {
        word(format!("r{n}"), expected.gpr[n], actual.gpr[n]);
    }
    word("cr".into(), expected.cr, actual.cr);
    word("xer".into(), expected.xer, actual.xer);
    word("lr".into(), expected.lr, actual.lr);
    word("ctr".into(), expected.ctr, actual.ctr);
}

/// Lists where the states of the vector unit differ.
pub(super) fn compare_vector_states(expected: &State, actual: &State, differences: &mut Vec<String>) {
    let mut word = |what: String, expected: u32, actual: u32| {
        if expected != actual {
            differences.push(format!("{what} is {actual:08x}, should be {expected:08x}"));
        }
    };
    for h in 0..64 {
        word(format!("acc[{h}]"), expected.acc.0[h], actual.acc.0[h]);
    }
    for (n, (expected, actual)) in expected.vr.iter().zip(&actual.vr).enumerate() {
        for k in 0..32 {
            word(format!("v{n} word {k}"), expected.word(k), actual.word(k));
        }
    }
    for condition in [Condition::Equal, Condition::Greater, Condition::Less] {
        let (expected, actual) = (expected.vcr.lanes(condition), actual.vcr.lanes(condition));
        if expected != actual {
            differences.push(format!("vcr {condition:?} is {actual:?}, should be {expected:?}"));
        }
    }
}

/// The registers that only some records state in full.
pub(super) fn compare_exception_state(expected: &State, actual: &State, differences: &mut Vec<String>) {
    let registers = [
        ("msr", expected.msr, actual.msr),
        ("srr0", expected.srr[0], actual.srr[0]),
        ("srr1", expected.srr[1], actual.srr[1]),
    ];
    for (name, expected, actual) in registers {
        if expected != actual {
            differences.push(format!("{name} is {actual:08x}, should be {expected:08x}"));
        }
    }
}

/// Lists where memories differ, as far as `compared` says that the word counts.
pub(super) fn compare_memory(
    expected: &TestBench,
    actual: &TestBench,
    compared: impl Fn(u32) -> bool,
    differences: &mut Vec<String>,
) {
    for word in 0..SRAM_WORDS {
        let (e, a) = (expected.sram[word], actual.sram[word]);
        if e != a && compared(4 * word as u32) {
            differences.push(format!("memory {:04x} is {a:08x}, should be {e:08x}", 4 * word));
        }
    }
}

/// Lists where what is behind the parallel port differs.
pub(super) fn compare_port(expected: &TestBench, actual: &TestBench, differences: &mut Vec<String>) {
    let rows: BTreeMap<_, _> = expected.port.iter().chain(&actual.port).map(|(row, _)| (row, ())).collect();
    for row in rows.keys() {
        let of = |bench: &TestBench| bench.port.get(row).copied().unwrap_or_default();
        if of(expected) != of(actual) {
            differences.push(format!("port row {row:x} is {:?}, should be {:?}", of(actual), of(expected)));
        }
    }
}

/// A processor and its surroundings in the initial state of a record.
pub(super) fn initial<T: Timing>(record: &Value) -> Result<(Core<T>, TestBench)> {
    let mut core = Core::<T>::new(ppu_isa::Config::nux_reference());
    let mut bench = TestBench::default();
    configure(record, &mut bench)?;
    apply(record, core.state_mut(), &mut bench)?;
    Ok((core, bench))
}

/// A list of numbers.
pub(super) fn numbers(object: &Value, field: &str) -> Result<Option<Vec<u64>>> {
    let Some(list) = object.get(field) else { return Ok(None) };
    let list = list.as_array().ok_or_else(|| bad(field, "not an array"))?;
    let numbers = list.iter().map(|n| n.as_u64().ok_or_else(|| bad(field, "not a number")));
    numbers.collect::<Result<Vec<_>>>().map(Some)
}

pub(super) fn malformed(field: &str, problem: impl ToString) -> BadRecord {
    bad(field, problem)
}

pub(super) fn hex(object: &Value, field: &str) -> Result<u32> {
    hex_number(object, field)?.ok_or_else(|| bad(field, "missing"))
}
