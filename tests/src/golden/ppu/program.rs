//! Whole programs: random programs, exceptions and corner cases, micro-benchmarks, kernels.

use ppu_isa::timing::CycleModel;
use std::collections::{BTreeMap, BTreeSet};

use ppu_isa::timing::Slot;
use ppu_isa::{Class, Core, Effect, Instruction, Observer, Stop};
use serde_json::Value;

use super::bench::TestBench;
use super::{record, trace};
use crate::golden::{BadRecord, Check, Cycles, Format};

/// No golden program takes longer, in cycles.
const LIMIT: u64 = 1_000_000;

/// What is recorded while a program runs.
#[derive(Default)]
struct Trace {
    /// Cycle and address of everything that reached a unit.
    issues: Vec<(u64, u32)>,
    /// Values written to each general purpose register.
    writes: BTreeMap<u8, Vec<u32>>,
}

impl Observer for Trace {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        if slot.instruction.reaches_unit() {
            self.issues.push((at, slot.address));
        }
    }
    fn effect(&mut self, _: u64, effect: Effect) {
        if let Effect::Gpr { index, value } = effect {
            self.writes.entry(index).or_default().push(value);
        }
    }
}

/// A finished run.
struct Run {
    core: Core<CycleModel>,
    bench: TestBench,
    trace: Trace,
    initial: (Core<CycleModel>, TestBench),
    differences: Vec<String>,
    /// Cycles until everything had come to rest.
    cycles: u64,
}

/// Runs a record's program until the processor sleeps for good, at least until its `minc`.
fn run(record: &Value) -> Result<Run, BadRecord> {
    let (mut core, mut bench) = record::initial(record)?;
    record::load_program(record, &mut bench)?;
    if let Some(latch) = unrecorded_latch(record, &bench)? {
        core.state_mut().address_latch = latch;
    }
    let initial = (core.clone(), bench.clone());
    let mut trace = Trace::default();
    let mut differences = Vec::new();
    let mut cycles = 0;
    if let Some(bell) = record::number(record, "bell")? {
        core.run(&mut bench, bell, &mut trace);
        core.set_doorbell(bell, true);
        core.run(&mut bench, bell + 2, &mut trace);
        core.set_doorbell(bell + 2, false);
    }
    if let Some(least) = record::number(record, "minc")? {
        core.run(&mut bench, least, &mut trace);
        cycles = least;
    }
    // Cycle by cycle: the record ends with the first sleep, even if a timer would end that.
    let stop = loop {
        match core.run(&mut bench, core.cycle() + 1, &mut trace) {
            Stop::Limit if core.cycle() < LIMIT => {}
            stop => break stop,
        }
    };
    match stop {
        Stop::Asleep { .. } => cycles = core.asleep_since().unwrap_or(LIMIT).max(cycles),
        other => differences.push(format!("stopped with {other:?}")),
    }
    Ok(Run { core, bench, trace, initial, differences, cycles })
}

/// The initial address latch of a record that depends on it.
///
/// A store with update and RA = 0 writes to r0 what the latch holds, and no reset clears the latch: in the measurement
/// it held an address of whatever ran before. The record does not state it, so it is taken from the outcome; that the
/// latch goes to r0, and that nothing else changes, is still compared.
fn unrecorded_latch(record: &Value, bench: &TestBench) -> Result<Option<u32>, BadRecord> {
    let depends = bench.sram.iter().any(|&word| {
        let instruction = Instruction::decode(word);
        instruction.class() == Class::StoreUpdate && instruction.field("RA") == Some(0)
    });
    if !depends || record["o"]["g"].get("0").is_none() {
        return Ok(None);
    }
    record::hex(&record["o"]["g"], "0").map(Some)
}

impl Run {
    /// Compares the final state with the record's outputs; memory as far as `compared` says.
    fn compare(&mut self, output: &Value, compared: impl Fn(u32) -> bool) -> Result<(), BadRecord> {
        let (core, bench) = &mut self.initial;
        record::apply(output, core.state_mut(), bench)?;
        record::compare_scalar_states(core.state(), self.core.state(), &mut self.differences);
        record::compare_memory(bench, &self.bench, compared, &mut self.differences);
        record::compare_port(bench, &self.bench, &mut self.differences);
        Ok(())
    }

    /// Compares the order in which instructions issued.
    fn compare_path(&mut self, output: &Value) -> Result<(), BadRecord> {
        let Some(expected) = record::numbers(output, "ip")? else { return Ok(()) };
        let actual: Vec<u64> = self.trace.issues.iter().map(|(_, address)| u64::from(*address)).collect();
        if let Some(n) = (0..expected.len().max(actual.len())).find(|&n| expected.get(n) != actual.get(n)) {
            let hex =
                |path: &[u64]| path.get(n).map_or("nothing".to_owned(), |address| format!("{address:04x}"));
            let (actual, expected) = (hex(&actual), hex(&expected));
            self.differences.push(format!("issue number {n} is of {actual}, should be of {expected}"));
        }
        Ok(())
    }

    fn total_cycles(&self, output: &Value) -> Result<Vec<Cycles>, BadRecord> {
        let expected = record::number(output, "cyc")?;
        Ok(expected
            .map(|expected| Cycles { what: "cycles until halted", expected, actual: self.cycles })
            .into_iter()
            .collect())
    }

    fn finish(self, name: String, timing: Vec<Cycles>) -> Check {
        Check { name, differences: self.differences, timing, ..Check::default() }
    }
}

/// Every issue in its cycle: the sharpest comparison of timing.
fn issue_cycles(run: &Run, output: &Value) -> Result<Option<Cycles>, BadRecord> {
    let Some(expected) = record::numbers(output, "ic")? else { return Ok(None) };
    let different = expected.iter().zip(&run.trace.issues).find(|(e, (at, _))| *e != at);
    Ok(different.map(|(e, (at, _))| Cycles { what: "first wrong issue", expected: *e, actual: *at }))
}

/// Exceptions and corner cases: the program is a memory map, the final state is complete.
pub(super) struct Exceptional;

impl Format for Exceptional {
    fn name(&self) -> &'static str {
        "ppu exceptions"
    }
    fn recognises(&self, record: &Value) -> bool {
        record.get("p").is_some_and(Value::is_object) && record["o"].get("srr0").is_some()
    }
    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let output = &record["o"];
        let mut run = run(record)?;
        run.compare(output, |_| true)?;
        record::compare_exception_state(run.initial.0.state(), run.core.state(), &mut run.differences);
        let mut timing = run.total_cycles(output)?;
        timing.extend(issue_cycles(&run, output)?);
        Ok(run.finish(record::text(record, "n")?.to_owned(), timing))
    }
}

/// Random programs with their final state.
pub(super) struct RandomProgram;

impl Format for RandomProgram {
    fn name(&self) -> &'static str {
        "ppu program"
    }
    fn recognises(&self, record: &Value) -> bool {
        record.get("p").is_some_and(Value::is_string) && record.get("o").is_some()
    }
    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let output = &record["o"];
        let mut run = run(record)?;
        run.compare(output, |_| true)?;
        record::compare_vector_states(run.initial.0.state(), run.core.state(), &mut run.differences);
        run.compare_path(output)?;
        let mut timing = run.total_cycles(output)?;
        timing.extend(issue_cycles(&run, output)?);
        Ok(run.finish(record::text(record, "n")?.to_owned(), timing))
    }
}

/// Compiled and hand-written kernels.
pub(super) struct Kernel;

/// Where kernels store differences of the time base.
const KERNEL_TIMES: std::ops::Range<u32> = 0x3f20..0x3f40;
/// Where C kernels store results, and where they say that they have finished.
const KERNEL_RESULTS: u32 = 0x3f00;
const KERNEL_DONE: (u32, u32) = (0x3f40, 0x600d);
/// C kernels have their stack somewhere above; the record lists only what is below the stack.
const KERNEL_STACK: std::ops::Range<u32> = 0x3000..0x3f00;

impl Format for Kernel {
    fn name(&self) -> &'static str {
        "ppu kernel"
    }
    fn recognises(&self, record: &Value) -> bool {
        record["o"].get("iss").is_some()
    }
    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let output = &record["o"];
        let mut run = run(record)?;
        // The registers at the end are not part of the record.
        let (core, bench) = &mut run.initial;
        record::apply(output, core.state_mut(), bench)?;
        let compiled = record::text(record, "c")? == "c";
        if compiled {
            let results = output["res"].as_array().ok_or_else(|| record::malformed("o.res", "missing"))?;
            for (n, result) in results.iter().enumerate().take(8) {
                let text = result.as_str().unwrap_or_default();
                let value = u32::from_str_radix(text, 16).map_err(|e| record::malformed("o.res", e))?;
                bench.sram[KERNEL_RESULTS as usize / 4 + n] = value;
            }
            bench.sram[KERNEL_DONE.0 as usize / 4] = KERNEL_DONE.1;
        }
        let listed = run.initial.1.clone();
        record::compare_memory(
            &listed,
            &run.bench,
            |address| !(KERNEL_TIMES.contains(&address) || compiled && KERNEL_STACK.contains(&address)),
            &mut run.differences,
        );
        record::compare_port(&listed, &run.bench, &mut run.differences);
        let issued = record::number(output, "iss")?.unwrap_or(0);
        if run.trace.issues.len() as u64 != issued {
            run.differences
                .push(format!("{} instructions issued, should be {issued}", run.trace.issues.len()));
        }
        let mut timing = run.total_cycles(output)?;
        for (n, expected) in record::numbers(output, "tb")?.unwrap_or_default().into_iter().enumerate() {
            let actual = u64::from(run.bench.sram[KERNEL_TIMES.start as usize / 4 + n]);
            timing.push(Cycles { what: "time-base difference", expected, actual });
        }
        Ok(run.finish(record::text(record, "n")?.to_owned(), timing))
    }
}

/// Micro-benchmarks: a body between two reads of the time base, repeated.
pub(super) struct MicroBenchmark;

/// Registers that hold the time base before and behind the body.
const TIME_REGISTERS: [u8; 2] = [28, 29];

impl Format for MicroBenchmark {
    fn name(&self) -> &'static str {
        "ppu timing"
    }
    fn recognises(&self, record: &Value) -> bool {
        record["o"].get("tb").is_some() && record["o"].get("gw").is_some()
    }
    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let output = &record["o"];
        let mut run = run(record)?;
        run.compare_path(output)?;
        compare_register_writes(&mut run, output)?;
        compare_stores(&mut run, output)?;
        let mut timing = run.total_cycles(output)?;
        let reads = |register| run.trace.writes.get(&register).cloned().unwrap_or_default();
        let passes: Vec<u64> = reads(TIME_REGISTERS[0])
            .iter()
            .zip(reads(TIME_REGISTERS[1]))
            .map(|(before, behind)| u64::from(behind.wrapping_sub(*before)))
            .collect();
        for (n, expected) in record::numbers(output, "tb")?.unwrap_or_default().into_iter().enumerate() {
            let what = if n == 0 { "first (cold) pass" } else { "warm pass" };
            let actual = passes.get(n).copied().unwrap_or(0);
            timing.push(Cycles { what, expected, actual });
        }
        let traces = trace::compare(record)?;
        Ok(Check { traces, ..run.finish(record::text(record, "n")?.to_owned(), timing) })
    }
}

/// The values each register got, in order; without those that are times.
fn compare_register_writes(run: &mut Run, output: &Value) -> Result<(), BadRecord> {
    let mut expected: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    let placeholders = division_placeholders(run, output)?;
    for write in output["gw"].as_array().into_iter().flatten() {
        let (register, value) =
            (write[1].as_u64(), write[2].as_str().map(|text| u32::from_str_radix(text, 16)));
        if write[0].as_u64().zip(register).is_some_and(|at| placeholders.contains(&at)) {
            continue;
        }
        match (register, value) {
            (Some(register @ 0..32), Some(Ok(value))) => {
                expected.entry(register as u8).or_default().push(value)
            }
            _ => return Err(record::malformed("o.gw", "not [cycle, register, value]")),
        }
    }
    for register in (0..32).filter(|register| !TIME_REGISTERS.contains(register)) {
        let (expected, actual) = (expected.get(&register), run.trace.writes.get(&register));
        if expected != actual {
            run.differences.push(format!("r{register} got {actual:x?}, should get {expected:x?}"));
        }
    }
    Ok(())
}

/// Cycle and register of the port writes two cycles behind the issue of a division: the write port then carries a
/// zero, which the result replaces before anything can read it.
fn division_placeholders(run: &Run, output: &Value) -> Result<BTreeSet<(u64, u64)>, BadRecord> {
    let cycles = record::numbers(output, "ic")?.unwrap_or_default();
    let addresses = record::numbers(output, "ip")?.unwrap_or_default();
    let divisions = cycles.into_iter().zip(addresses).filter_map(|(cycle, address)| {
        let word = *run.initial.1.sram.get(address as usize / 4)?;
        let instruction = Instruction::decode(word);
        (instruction.class() == Class::Div).then_some(())?;
        Some((cycle + 2, u64::from(instruction.field("RT")?)))
    });
    Ok(divisions.collect())
}

/// The last value each memory word got.
fn compare_stores(run: &mut Run, output: &Value) -> Result<(), BadRecord> {
    for store in output["st"].as_array().into_iter().flatten() {
        let number = |n: usize| match &store[n] {
            Value::String(text) => u32::from_str_radix(text, 16).ok(),
            other => other.as_u64().map(|n| n as u32),
        };
        let (Some(address), Some(value)) = (number(1), number(2)) else {
            return Err(record::malformed("o.st", "not [cycle, address, data]"));
        };
        if let Some(word) = run.initial.1.sram.get_mut(address as usize / 4) {
            *word = value;
        }
    }
    // Stored times are compared as times.
    let times = |run: &Run| -> BTreeSet<u32> {
        TIME_REGISTERS
            .iter()
            .filter_map(|register| run.trace.writes.get(register))
            .flatten()
            .copied()
            .collect()
    };
    let ours = times(run);
    let expected = run.initial.1.clone();
    let is_time = |address: u32| ours.contains(&run.bench.sram[address as usize / 4]);
    record::compare_memory(&expected, &run.bench, |address| !is_time(address), &mut run.differences);
    Ok(())
}
