//! Which bytes text is, against the GNU assembler.
//!
//! Instructions one by one: every mnemonic that we accept with random operands. Then short programs with labels,
//! directives, macros and conditions ([`super::snippets`]), and expressions made at random. The same text has to be the
//! same bytes; what only one of the two accepts has to have a reason in `RULES`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use ppu_isa::assembler::{Mnemonic, mnemonics};
use ppu_isa::table::Class;
use ppu_isa::{Instruction, Op, Spr, assemble};

use super::questions::{Stuck, fixed_bits, free_bits};
use super::snippets::SNIPPETS;
use super::{OracleError, Random, Report, Tool, scalar_rows};

const PACKAGE: &str = "binutils-powerpc-linux-gnu";
const AS: Tool = Tool { name: "powerpc-linux-gnu-as", package: PACKAGE };
const LD: Tool = Tool { name: "powerpc-linux-gnu-ld", package: PACKAGE };

/// Where single instructions are: within reach of absolute branches from everywhere near.
const ORIGIN: u32 = 0x1000;

/// Processors whose assembler knows mnemonics that not all have.
const DIALECTS: &[(&str, &[&str])] = &[
    ("booke", &["rfci", "msync"]),
    ("440", &["rfmci"]),
    ("booke", &["mfdear", "mtdear", "mfesr", "mtesr", "mftsr", "mttsr", "mftcr", "mttcr"]),
    ("booke", &["mfdecar", "mtdecar", "mfcsrr0", "mfcsrr1", "mtcsrr0", "mtcsrr1"]),
    ("440", &["mfmcsrr0", "mtmcsrr0", "mfmcsrr1", "mtmcsrr1"]),
    ("power5", &["popcntb"]),
    ("power6", &["prtyw"]),
    ("e500mc", &["wait", "waitrsv", "waitimpl"]),
    ("power4", &["hwsync", "ptesync", "lwsync"]),
];

/// A reason why GNU as refuses what we accept.
struct Rule {
    name: &'static str,
    reason: &'static str,
    applies: fn(&Mnemonic, &Instruction) -> bool,
}

const RULES: &[Rule] = &[
    Rule {
        name: "invalid operands",
        reason: "forms that the Power ISA calls invalid and this processor executes (ppu-isa 4.2)",
        applies: |_, i| {
            let field = |name: &str| i.field(name).unwrap_or(0);
            match i.class() {
                Class::LoadUpdate => field("RA") == 0 || field("RA") == field("RT"),
                Class::StoreUpdate => field("RA") == 0,
                Class::Branch if i.op() == Op::Bcctr && field("BO") & 4 == 0 => true,
                Class::Branch => i.field("BO").is_some_and(has_reserved_bits),
                _ => match i.op() {
                    Op::Lmw => field("RA") >= field("RT"),
                    Op::Mfcr | Op::Mtcrf => field("ONE") == 1 && field("FXM").count_ones() != 1,
                    _ => false,
                },
            }
        },
    },
    Rule {
        name: "comparison of 64 bits",
        reason: "L is not examined here (ppu-isa 4.2), and must be 0 for a 32-bit processor",
        applies: |_, i| i.field("L") == Some(1),
    },
    Rule {
        name: "our names of special registers",
        reason: "the decrementer's reload value can be moved in both directions here",
        applies: |m, _| ["mfdecar", "mtdecar"].contains(&m.name),
    },
    Rule {
        name: "kinds of sync and wait",
        reason: "numbers that the Power ISA reserves",
        applies: |m, _| ["sync", "wait"].contains(&m.name),
    },
];

/// BO with a bit that has to be zero: those called z in 001zy, 011zy, 1z00y, 1z01y, 1z1zz (Power ISA, for processors
/// without the newer hints).
fn has_reserved_bits(bo: u32) -> bool {
    match (bo & 0b10000 != 0, bo & 0b00100 != 0) {
        (false, true) => bo & 0b00010 != 0,
        (true, false) => bo & 0b01000 != 0,
        (true, true) => bo != 0b10100,
        (false, false) => false,
    }
}

/// A line for both.
#[derive(Debug, Clone)]
struct Line {
    mnemonic: Mnemonic,
    text: String,
    dialect: &'static str,
}

/// Compares `lines` lines of each mnemonic, and the programs.
///
/// # Errors
/// A tool is absent or does not work, or files cannot be written.
pub fn compare(seed: u64, lines: usize) -> Result<Report, OracleError> {
    AS.require()?;
    LD.require()?;
    let mut report = Report { what: "text against GNU as", ..Report::default() };
    let answers = ask(seed, lines)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (n, (line, theirs)) in answers.iter().enumerate() {
        report.checked += 1;
        let ours = assemble(&line.text, ORIGIN + 4 * n as u32).map(|program| program.words());
        match (&ours, theirs) {
            (Ok(words), Ok(word)) if words[..] == [*word] => drop(names.insert(line.mnemonic.name)),
            (Ok(words), Err(_)) if words.len() == 1 => {
                let i = Instruction::decode(words[0]);
                match RULES.iter().find(|rule| (rule.applies)(&line.mnemonic, &i)) {
                    Some(rule) => *counts.entry(rule.name).or_default() += 1,
                    None => {
                        report.mismatches.push(format!("`{}`: {ours:08x?}, GNU as: {theirs:08x?}", line.text))
                    }
                }
            }
            // Both refuse.
            (Err(_), Err(_)) => *counts.entry("both refuse").or_default() += 1,
            _ => report.mismatches.push(format!("`{}`: {ours:08x?}, GNU as: {theirs:08x?}", line.text)),
        }
    }
    let all: BTreeSet<&str> = answers.iter().map(|(line, _)| line.mnemonic.name).collect();
    report.notes.push(format!("{} of {} mnemonics agree in at least one line", names.len(), all.len()));
    let silent: Vec<&str> = all.difference(&names).copied().collect();
    report.notes.push(format!("no line of these is accepted by GNU as: {}", silent.join(" ")));
    for (name, reason) in RULES.iter().map(|rule| (rule.name, rule.reason)) {
        let count = counts.get(name).copied().unwrap_or(0);
        report.notes.push(format!("only we accept {count} lines: {name}: {reason}"));
    }
    report.notes.push(format!("both refuse {} lines", counts.get("both refuse").copied().unwrap_or(0)));
    programs(seed, lines, &mut report)?;
    Ok(report)
}

/// How many wrong bits would be noticed: for each row, each operand bit of our words stuck at 0 or 1 and each bit of
/// the opcode inverted.
///
/// # Errors
/// As [`compare`].
pub fn sensitivity(seed: u64, lines: usize) -> Result<Report, OracleError> {
    let mut report = Report { what: "planted faults that GNU as notices", ..Report::default() };
    let mut agreed: BTreeMap<Op, Vec<u32>> = BTreeMap::new();
    for (n, (line, theirs)) in ask(seed, lines)?.into_iter().enumerate() {
        let ours = assemble(&line.text, ORIGIN + 4 * n as u32).map(|program| program.words());
        if let (Ok(words), Ok(word)) = (ours, theirs)
            && words[..] == [word]
        {
            agreed.entry(line.mnemonic.op).or_default().push(word);
        }
    }
    for info in scalar_rows() {
        let words = agreed.get(&info.op).map_or(&[][..], Vec::as_slice);
        let opcode = (0..32).filter(|bit| fixed_bits(info) >> bit & 1 != 0).map(Stuck::Inverted);
        for fault in Stuck::all(free_bits(info)).chain(opcode) {
            report.checked += 1;
            if !words.iter().any(|word| fault.apply(*word) != *word) {
                report.mismatches.push(format!("{}: {fault:?}", info.mnemonic));
            }
        }
    }
    Ok(report)
}

type Answers = Vec<(Line, Result<u32, String>)>;

/// Lines with the word of GNU as, or why there is none.
fn ask(seed: u64, lines: usize) -> Result<Answers, OracleError> {
    AS.require()?;
    LD.require()?;
    let mut random = Random::new(seed, 3);
    let scalar = |m: &Mnemonic| m.op.info().is_some_and(|info| !info.class.is_vector());
    let questions: Vec<Line> = mnemonics()
        .filter(scalar)
        .flat_map(|mnemonic| {
            // A mnemonic without operands says everything at once.
            let count = if mnemonic.operands.is_empty() { 1 } else { lines };
            (0..count).map(|_| line(&mnemonic, &mut random)).collect::<Vec<_>>()
        })
        .collect();
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("text.s");
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    // Each question takes three lines, of which the second is the question; errors name lines.
    for attempt in 0..6 {
        let mut text = String::new();
        for (n, question) in questions.iter().enumerate() {
            let line = if refused.contains_key(&n) { "nop" } else { &question.text };
            let _ = write!(text, ".machine \"{}\"\n{line}\n.machine ppc\n", question.dialect);
        }
        std::fs::write(&source, text)?;
        let mut command = AS.command();
        command.args(["-mregnames", "-o"]).arg(folder.path().join("text.o")).arg(&source);
        let output = command.output().map_err(|error| AS.cannot_start(error))?;
        if output.status.success() {
            let words = linked(folder.path(), ORIGIN)?;
            let word = |n: usize| words.get(n).copied().ok_or_else(|| "no word".to_owned());
            let answer =
                |(n, question)| (question, refused.get(&n).map_or_else(|| word(n), |why| Err(why.clone())));
            return Ok(questions.into_iter().enumerate().map(answer).collect());
        }
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        for error in errors.lines() {
            // `text.s:17: Error: operand out of range`
            let Some((place, message)) = error.split_once(": Error: ") else { continue };
            let line: Option<usize> = place.rsplit(':').next().and_then(|line| line.parse().ok());
            if let Some(line) = line {
                refused.insert((line - 1) / 3, message.to_owned());
            }
        }
        if attempt == 5 {
            return Err(OracleError::Tool {
                tool: AS.name,
                problem: errors.lines().filter(|line| line.contains("Error")).take(5).collect(),
            });
        }
    }
    Ok(Vec::new())
}

/// The words of `text.o` in a folder, at an address; sections behind each other as our assembler does.
fn linked(folder: &Path, origin: u32) -> Result<Vec<u32>, OracleError> {
    let bytes = linked_bytes(folder, origin)?;
    Ok(bytes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn linked_bytes(folder: &Path, origin: u32) -> Result<Vec<u8>, OracleError> {
    let script = folder.join("script");
    let layout = format!(
        "SECTIONS {{ . = 0x{origin:x}; .text : {{ *(.text) *(.text.*) }} .data ALIGN(4) : {{ *(.data) }} \
         .rodata ALIGN(4) : {{ *(.rodata) }} .zeros ALIGN(4) : {{ *(.bss) BYTE(0) }} /DISCARD/ : {{ *(.gnu.attributes) *(.eh_frame) *(.comment) }} }}"
    );
    std::fs::write(&script, layout)?;
    let mut command = LD.command();
    command.args(["--entry=0", "--oformat=binary", "--no-warn-rwx-segments", "-T"]);
    command.arg(&script).arg("-o").arg(folder.join("binary")).arg(folder.join("text.o"));
    LD.run(&mut command)?;
    Ok(std::fs::read(folder.join("binary"))?)
}

/// A line of a mnemonic with random operands.
fn line(mnemonic: &Mnemonic, random: &mut Random) -> Line {
    let dialect =
        DIALECTS.iter().find(|(_, names)| names.contains(&mnemonic.name)).map_or("ppc", |(name, _)| name);
    let absolute = mnemonic.name.trim_end_matches(['+', '-']).ends_with('a')
        && mnemonic.operands.contains("BD")
        || ["ba", "bla"].contains(&mnemonic.name);
    let mut operands = Vec::new();
    let mut parts: Vec<&str> = mnemonic.operands.split(',').filter(|part| !part.is_empty()).collect();
    let rotation = parts.ends_with(&["n", "b"]);
    if rotation {
        parts.truncate(parts.len() - 2);
    }
    for part in parts {
        if part.starts_with('[') && random.below(2) == 0 {
            if part == "[CR]" {
                continue;
            }
            break;
        }
        operands.push(operand(part.trim_matches(['[', ']']), mnemonic.op, absolute, random));
    }
    if rotation {
        operands.extend(run(mnemonic.name.trim_end_matches('.'), random));
    }
    let text = format!("{} {}", mnemonic.name, operands.join(","));
    Line { mnemonic: mnemonic.clone(), text: text.trim_end().to_owned(), dialect }
}

/// Length and place of a run of bits, as a mnemonic wants them.
fn run(name: &str, random: &mut Random) -> [String; 2] {
    let (n, b) = match name {
        // b - n has to be a place.
        "clrlslwi" => {
            let b = random.below(32);
            (b, random.below(b + 1))
        }
        "inslwi" | "insrwi" => {
            let n = 1 + random.below(31);
            (n, random.below(33 - n))
        }
        _ => {
            let n = 1 + random.below(31);
            (n, random.below(32 - n))
        }
    };
    [n.to_string(), b.to_string()]
}

/// A random operand of a field.
fn operand(name: &str, op: Op, absolute: bool, random: &mut Random) -> String {
    let number = random.value();
    let register = |random: &mut Random| match random.below(8) {
        0 => random.below(32).to_string(),
        1 => format!("%r{}", random.below(32)),
        _ => format!("r{}", random.below(32)),
    };
    match name {
        "RT" | "RS" | "RA" | "RB" => register(random),
        "D(RA)" | "SI(RA)" => format!("{}({})", number as u16 as i16, register(random)),
        "SI" if matches!(op, Op::Addis) && random.below(4) == 0 => format!("{:#x}", number & 0xffff),
        "SI" => match random.below(6) {
            0 => format!("0x{number:x}@l"),
            1 => format!("0x{number:x}@ha+{}", random.below(9)),
            2 => format!("{}-0x{:x}@l", random.below(9), number & 0xffff),
            _ => (number as u16 as i16).to_string(),
        },
        // The negative has to fit, too.
        "-SI" => (i32::from(number as u16 as i16).max(-0x7fff)).to_string(),
        "UI" => match random.below(4) {
            0 => format!("0x{number:x}@h"),
            1 => format!("0{:o}", number & 0xffff),
            _ => (number & 0xffff).to_string(),
        },
        "SH" | "MB" | "ME" | "n" | "TO" => random.below(32).to_string(),
        "BO" => random.below(32).to_string(),
        "MASK" => {
            let run = u32::MAX << random.below(32) >> random.below(32);
            let mask = if run == 0 { 1 } else { run };
            format!("{:#x}", if random.below(3) == 0 && mask != u32::MAX { !mask } else { mask })
        }
        "BF" | "BFA" | "CR" => format!("cr{}", random.below(8)),
        "BT" | "BA" | "BB" | "BI" => {
            let bit = random.pick(&["lt", "gt", "eq", "so", "un"]);
            match random.below(4) {
                0 => random.below(32).to_string(),
                1 => bit.to_owned(),
                2 => format!("cr{}*4+{bit}", random.below(8)),
                _ => format!("4*cr{}+{bit}", random.below(8)),
            }
        }
        "BD" if absolute => {
            ((number & 0x7ffc) as i32 - if random.below(2) == 0 { 0 } else { 0x8000 }).to_string()
        }
        "LI" if absolute => (number & 0x01ff_fffc).to_string(),
        "BD" => format!(".{:+}", i32::from(number as u16 as i16) & !3),
        "LI" => format!(".{:+}", (number << 6) as i32 >> 6 & !3),
        "SPR" => match random.below(2) {
            0 => random.pick(Spr::ALL).number().to_string(),
            _ => random.below(1024).to_string(),
        },
        "FXM" => match random.below(3) {
            0 => random.below(256).to_string(),
            _ => (1_u32 << random.below(8)).to_string(),
        },
        "BH" | "WC" => random.below(4).to_string(),
        "L" => random.below(2).to_string(),
        other => format!("?{other}"),
    }
}

/// Programs that are more than one line, and data with random expressions.
fn programs(seed: u64, expressions: usize, report: &mut Report) -> Result<(), OracleError> {
    let mut random = Random::new(seed, 4);
    let mut data = String::new();
    for _ in 0..40 * expressions {
        let _ = writeln!(data, ".quad {}", expression(&mut random, 3));
    }
    let folder = tempfile::tempdir()?;
    for (name, text) in SNIPPETS.iter().copied().chain([("random expressions", data.as_str())]) {
        report.checked += 1;
        std::fs::write(folder.path().join("text.s"), text)?;
        let mut command = AS.command();
        command.args(["-mppc", "-mregnames", "-o"]).arg(folder.path().join("text.o"));
        AS.run(command.arg(folder.path().join("text.s")))?;
        let mut theirs = linked_bytes(folder.path(), 0)?;
        // The script ends zeros with a byte, since a binary would not have them.
        theirs.pop();
        let ours = match assemble(text, 0) {
            Ok(program) => program.bytes,
            Err(error) => {
                report.mismatches.push(format!("{name}: {}", error.explain(name, text)));
                continue;
            }
        };
        let length = ours.len().max(theirs.len());
        theirs.resize(length, 0);
        let mut padded = ours.clone();
        padded.resize(length, 0);
        if let Some(at) = (0..length).find(|at| padded[*at] != theirs[*at]) {
            let place = at & !7;
            let show = |bytes: &[u8]| format!("{:02x?}", &bytes[place..(place + 8).min(length)]);
            let mut problem = format!("{name}: at 0x{place:x} {}, GNU as {}", show(&padded), show(&theirs));
            if name == "random expressions" {
                problem += &format!(" for `{}`", data.lines().nth(place / 8).unwrap_or(""));
            }
            report.mismatches.push(problem);
        }
    }
    Ok(())
}

/// A random constant expression. Divisors are small numbers, not 0.
fn expression(random: &mut Random, depth: u32) -> String {
    if depth == 0 || random.below(6) == 0 {
        let value = random.value() & 0x7fff_ffff;
        return match random.below(5) {
            0 => format!("{value:#x}"),
            1 => format!("0{value:o}"),
            2 => format!("0b{:b}", value & 0xff),
            3 => "'A".to_owned(),
            _ => value.to_string(),
        };
    }
    let a = expression(random, depth - 1);
    match random.below(8) {
        0 => format!("({a})"),
        1 => format!("-({a})"),
        2 => format!("~({a})"),
        3 => format!("({a}) {} {}", random.pick(&["/", "%", "<<", ">>"]), 1 + random.below(30)),
        _ => {
            let b = expression(random, depth - 1);
            let operators =
                ["+", "-", "*", "|", "&", "^", "==", "!=", "<>", "<", "<=", ">", ">=", "&&", "||"];
            format!("{a} {} {b}", random.pick(&operators))
        }
    }
}
