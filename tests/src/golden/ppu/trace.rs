//! What happens behind the issue stage, event by event: the traces `gw`, `st`, `vq` and `vw` of the micro-benchmarks.

use ppu_isa::Core;
use ppu_isa::timing::CycleReference;
use serde_json::Value;

use super::record;
use crate::golden::{Agreement, BadRecord};

/// Cycle of an event, and which it is.
type Event = (u64, u64);

/// No micro-benchmark takes longer, in cycles.
const LIMIT: u64 = 1_000_000;
/// A pass begins with a read of the time base into this register.
const PASS_REGISTER: u64 = 28;

/// For each trace of a record, the number of passes in which the exact model does the same in the same cycles. What
/// comes before the first pass counts with it.
pub(super) fn compare(record: &Value) -> Result<Vec<Agreement>, BadRecord> {
    let (mut core, mut bench) = record::initial::<CycleReference>(record)?;
    record::load_program(record, &mut bench)?;
    core.timing_mut().begin_trace();
    run(&mut core, &mut bench);
    let ours = core.timing().traces();
    let output = &record["o"];
    let writes = events(output, "gw")?;
    let mut begins: Vec<u64> =
        writes.iter().filter(|event| event.1 == PASS_REGISTER).map(|event| event.0).collect();
    if let Some(first) = begins.first_mut() {
        *first = 0;
    }
    // A store in one cycle is as good as another here: addresses and data are compared elsewhere.
    let anonymous = |(cycle, _)| (cycle, 0);
    let stores: Vec<Event> = events(output, "st")?.into_iter().map(anonymous).collect();
    let wide = |(cycle, register): (u64, u8)| (cycle, u64::from(register));
    let pairs: [(&'static str, Vec<Event>, Vec<Event>); 4] = [
        ("register writes", writes, ours.register_writes.into_iter().map(wide).collect()),
        ("stores", stores, ours.stores.into_iter().map(|cycle| (cycle, 0)).collect()),
        (
            "vector dispatch",
            events(output, "vq")?,
            ours.dispatched.into_iter().map(|(cycle, code)| (cycle, u64::from(code))).collect(),
        ),
        ("vector writes", events(output, "vw")?, ours.vector_writes.into_iter().map(wide).collect()),
    ];
    Ok(pairs
        .into_iter()
        .map(|(what, expected, actual)| agreement(what, &begins, &expected, &actual))
        .collect())
}

fn run(core: &mut Core<CycleReference>, bench: &mut super::TestBench) {
    // Whether it sleeps in time is compared elsewhere.
    let _ = core.run(bench, LIMIT, &mut ());
}

/// Compares pass by pass. Passes in which nothing of the kind was recorded or happened do not count.
fn agreement(what: &'static str, begins: &[u64], expected: &[Event], actual: &[Event]) -> Agreement {
    let mut agreement = Agreement { what, passes: 0, equal: 0, events: expected.len() };
    for (n, &begin) in begins.iter().enumerate() {
        let end = begins.get(n + 1).copied().unwrap_or(u64::MAX);
        let part = |events: &[Event]| -> Vec<Event> {
            events.iter().copied().filter(|event| (begin..end).contains(&event.0)).collect()
        };
        let (expected, actual) = (part(expected), part(actual));
        if expected.is_empty() && actual.is_empty() {
            continue;
        }
        agreement.passes += 1;
        agreement.equal += usize::from(expected == actual);
    }
    agreement
}

/// A list of `[cycle, number or hexadecimal text, ...]`.
fn events(output: &Value, field: &str) -> Result<Vec<Event>, BadRecord> {
    let list = output[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let event = |event: &Value| {
        let which = match &event[1] {
            Value::String(text) => u64::from_str_radix(text, 16).ok(),
            other => other.as_u64(),
        };
        let both = event[0].as_u64().zip(which);
        both.ok_or_else(|| record::malformed(field, "not [cycle, which]"))
    };
    list.iter().map(event).collect()
}
