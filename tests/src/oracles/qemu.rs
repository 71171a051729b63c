//! What programs compute, against the user-mode emulation of QEMU.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ppu_isa::timing::{Flat, Scoreboard};
use ppu_isa::{Op, Quirks, disassemble, encode};

use super::deviation::{DEVIATIONS, EXCLUDED_ROWS};
use super::faults::faults;
use super::program::{COMPARED, DUMP, ENTRY, IMAGE, Outcome, Program, REGISTERS, WINDOW, place};
use super::{OracleError, Random, Report, Tool, scalar_rows};

const QEMU: Tool = Tool { name: "qemu-ppc", package: "qemu-user" };
const QEMU_64: Tool = Tool { name: "qemu-ppc64", package: "qemu-user" };

/// A processor of the classic 32-bit instruction set.
const PROCESSOR: &str = "7457";
/// A processor with popcntb and prtyw.
const PROCESSOR_64: &str = "POWER8";
/// Longer than this no program takes, unless it does not end.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much to ask.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Seed of all programs.
    pub seed: u64,
    /// Number of programs.
    pub programs: usize,
    /// Pieces in each, about two instructions long.
    pub length: usize,
}

/// Compares random programs.
///
/// Every second program runs with the switch `shift_mod32` off, so that shifts by 32 and more are compared too.
///
/// # Errors
/// QEMU is absent, or files cannot be written.
pub fn compare(extent: Extent) -> Result<Report, OracleError> {
    QEMU.require()?;
    QEMU_64.require()?;
    let folder = tempfile::tempdir()?;
    let mut report = Report { what: "programs against qemu-ppc", ..Report::default() };
    let mut executed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..extent.programs {
        let random = Random::new(extent.seed, number as u64);
        let quirks = Quirks { shift_mod32: number % 2 == 0, ..Quirks::default() };
        let program = Program::random(random, extent.length, quirks);
        for (counts, from) in [(&mut executed, &program.executed), (&mut refused, &program.refused)] {
            from.iter().for_each(|(name, count)| *counts.entry(name).or_default() += count);
        }
        report.checked += 1;
        let file = folder.path().join("program");
        if let Some(difference) = difference(&program, &file)? {
            let piece = locate(&program, &file)?;
            report.mismatches.push(format!(
                "program {number} of seed {} (shift_mod32 {}): {difference}\n{piece}",
                extent.seed, quirks.shift_mod32
            ));
        }
    }
    byte_counts(extent.seed, &folder.path().join("program64"), &mut report)?;
    report.notes.push(format!("{} instructions executed", executed.values().sum::<usize>()));
    for info in scalar_rows() {
        let excluded = EXCLUDED_ROWS.iter().find(|(op, _)| *op == info.op);
        match (executed.get(info.mnemonic), excluded) {
            (_, Some((_, why))) => report.notes.push(format!("not in programs: {}: {why}", info.mnemonic)),
            (None, None) => report.notes.push(format!("never reached: {}", info.mnemonic)),
            (Some(_), None) => {}
        }
    }
    for deviation in DEVIATIONS {
        let count = refused.get(deviation.name).copied().unwrap_or(0);
        report.notes.push(format!("left out {count} times: {}: {}", deviation.name, deviation.reason));
    }
    Ok(report)
}

/// How many faults in what an instruction computes would be noticed: each fault of each row, planted in the model
/// until one program ends differently.
///
/// # Errors
/// As [`compare`].
pub fn sensitivity(extent: Extent) -> Result<Report, OracleError> {
    QEMU.require()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("program");
    let mut report = Report { what: "planted faults that qemu-ppc notices", ..Report::default() };
    let mut answered = Vec::new();
    for number in 0..extent.programs {
        let quirks = Quirks { shift_mod32: number % 2 == 0, ..Quirks::default() };
        let program = Program::random(Random::new(extent.seed, number as u64), extent.length, quirks);
        let elf = elf(Kind::Bits32, ENTRY, &program.image());
        if let Ok(theirs) = run(QEMU, PROCESSOR, &file, &elf)? {
            answered.push((program, theirs));
        }
    }
    let rows = scalar_rows().filter(|info| !EXCLUDED_ROWS.iter().any(|(op, _)| *op == info.op));
    for fault in rows.flat_map(faults) {
        report.checked += 1;
        let noticed = answered.iter().any(|(program, theirs)| match program.run_with_fault(&fault) {
            Ok(ours) => ours.is_some_and(|ours| ours != *theirs),
            Err(_) => true,
        });
        if !noticed {
            report.mismatches.push(format!("{}: {:?}, {:?}", fault.info.mnemonic, fault.harm, fault.when));
        }
    }
    Ok(report)
}

/// The first difference between model and oracle.
fn difference(program: &Program, file: &Path) -> Result<Option<String>, OracleError> {
    let elf = elf(Kind::Bits32, ENTRY, &program.image());
    let theirs = match run(QEMU, PROCESSOR, file, &elf)? {
        Ok(outcome) => outcome,
        Err(problem) => return Ok(Some(format!("qemu-ppc {problem}"))),
    };
    let ours = match program.run_on_model::<Scoreboard>() {
        Ok(outcome) => outcome,
        Err(problem) => return Ok(Some(problem)),
    };
    if program.run_on_model::<Flat>().as_ref() != Ok(&ours) {
        return Ok(Some("the two timing models compute different results".to_owned()));
    }
    let differing: Vec<String> = ours
        .iter()
        .zip(&theirs)
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(n, (a, b))| format!("{} 0x{a:08x}, qemu 0x{b:08x}", place(n)))
        .collect();
    Ok(match differing.len() {
        0 => None,
        n => Some(format!("{n} differ: {}", differing[..n.min(4)].join("; "))),
    })
}

/// The first piece after which model and oracle differ, in text.
fn locate(program: &Program, file: &Path) -> Result<String, OracleError> {
    let (mut good, mut bad) = (0, program.pieces());
    while good + 1 < bad {
        let middle = (good + bad) / 2;
        match difference(&program.truncated(middle), file)? {
            Some(_) => bad = middle,
            None => good = middle,
        }
    }
    let shortest = program.truncated(bad);
    let why = difference(&shortest, file)?.unwrap_or_default();
    let (address, words) = shortest.last_piece();
    let text = words.iter().enumerate().map(|(n, word)| {
        let address = address + 4 * n as u32;
        format!("    0x{address:x}: {word:08x}  {}\n", disassemble(*word, address))
    });
    Ok(format!("  first after piece {bad}: {why}\n{}", text.collect::<String>()))
}

/// What a program of the oracle wrote, or how it ended instead.
fn run(tool: Tool, cpu: &str, file: &Path, elf: &[u8]) -> Result<Result<Outcome, String>, OracleError> {
    std::fs::write(file, elf)?;
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let mut command: Command = tool.command();
    command.args(["-cpu", cpu]).arg(file).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| tool.cannot_start(error))?;
    let begin = Instant::now();
    // The output is shorter than what a pipe holds, so that nobody has to read until the end.
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if begin.elapsed() > PATIENCE => {
                child.kill()?;
                child.wait()?;
                return Ok(Err(format!("did not end within {} s", PATIENCE.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let mut bytes = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut bytes)?;
    }
    if !status.success() || bytes.len() != 4 * REGISTERS + COMPARED.len() {
        return Ok(Err(format!("ended with {status} after {} bytes", bytes.len())));
    }
    Ok(Ok(bytes.chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]])).collect()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bits32,
    Bits64,
}

/// An executable of one segment, [`IMAGE`], readable, writable and executable (System V ABI, PowerPC supplements).
fn elf(kind: Kind, entry: u32, image: &[u32]) -> Vec<u8> {
    const EXECUTABLE: u16 = 2;
    const LOADED: u32 = 1;
    const READ_WRITE_EXECUTE: u32 = 7;
    let long = kind == Kind::Bits64;
    let (header, segment): (u16, u16) = if long { (64, 56) } else { (52, 32) };
    // ABI version 2 of the 64-bit supplement: the entry is code, not a descriptor.
    let (machine, flags): (u16, u32) = if long { (21, 2) } else { (20, 0) };
    let mut elf = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(long), 2, 1];
    elf.resize(16, 0);
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend(value.to_be_bytes());
    let word = |elf: &mut Vec<u8>, value: u32| elf.extend(value.to_be_bytes());
    let address = |elf: &mut Vec<u8>, value: u32| {
        elf.resize(elf.len() + if long { 4 } else { 0 }, 0);
        elf.extend(value.to_be_bytes());
    };
    half(&mut elf, EXECUTABLE);
    half(&mut elf, machine);
    word(&mut elf, 1);
    address(&mut elf, entry);
    address(&mut elf, u32::from(header));
    address(&mut elf, 0);
    word(&mut elf, flags);
    for value in [header, segment, 1, 0, 0, 0] {
        half(&mut elf, value);
    }
    let size = 4 * image.len() as u32;
    word(&mut elf, LOADED);
    if long {
        word(&mut elf, READ_WRITE_EXECUTE);
    }
    for value in [IMAGE.start, IMAGE.start, IMAGE.start, size, size] {
        address(&mut elf, value);
    }
    if !long {
        word(&mut elf, READ_WRITE_EXECUTE);
    }
    address(&mut elf, 0x1000);
    elf.resize(IMAGE.start as usize, 0);
    elf.extend(image.iter().flat_map(|word| word.to_be_bytes()));
    elf
}

/// popcntb and prtyw, which only 64-bit processors of QEMU have: the lower halves of what they compute are those of a
/// 32-bit processor.
fn byte_counts(seed: u64, file: &Path, report: &mut Report) -> Result<(), OracleError> {
    let mut random = Random::new(seed, u64::MAX);
    let inputs: Vec<u32> = (0..WINDOW.len() / 4).map(|_| random.value()).collect();
    let word = |op, fields: &[(&str, i64)]| {
        encode(op, fields).unwrap_or_else(|error| panic!("{op:?} {fields:?}: {error}"))
    };
    for op in [Op::Popcntb, Op::Prtyw] {
        let mut code = Vec::new();
        for address in WINDOW.step_by(4).map(i64::from) {
            code.extend([
                word(Op::Lwz, &[("RT", 3), ("D", address)]),
                word(op, &[("RS", 3), ("RA", 4)]),
                word(Op::Stw, &[("RS", 4), ("D", address)]),
            ]);
        }
        let program = Program::of_code(&inputs, code);
        let theirs = match run(QEMU_64, PROCESSOR_64, file, &elf(Kind::Bits64, ENTRY, &program.image()))? {
            Ok(outcome) => outcome,
            Err(problem) => {
                report.mismatches.push(format!("{op:?}: qemu-ppc64 {problem}"));
                continue;
            }
        };
        let ours = match program.run_on_model::<Scoreboard>() {
            Ok(outcome) => outcome,
            Err(problem) => {
                report.mismatches.push(format!("{op:?}: {problem}"));
                continue;
            }
        };
        for ((input, a), b) in inputs.iter().zip(&ours[REGISTERS..]).zip(&theirs[REGISTERS..]) {
            report.checked += 1;
            if a != b {
                report.mismatches.push(format!("{op:?} of 0x{input:08x}: 0x{a:08x}, qemu 0x{b:08x}"));
            }
        }
    }
    debug_assert_eq!(DUMP as usize + 4 * REGISTERS, WINDOW.start as usize);
    Ok(())
}
