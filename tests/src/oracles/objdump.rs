//! What words mean as text, against GNU objdump.
//!
//! Objdump's text has to say what ours says, and ours has to mean the word: assembled again, both give the word. Where
//! they may differ is the table `RULES`; every rule checks that its reason holds for the word at hand.

use std::collections::BTreeMap;

use ppu_isa::table::{Class, OpInfo};
use ppu_isa::{Instruction, Op, assemble, disassemble};

use super::questions::{Stuck, fixed_bits, free_bits, sampled_words};
use super::{OracleError, Random, Report, Tool, scalar_rows};

const OBJDUMP: Tool = Tool { name: "powerpc-linux-gnu-objdump", package: "binutils-powerpc-linux-gnu" };

/// Address of the first word: room for backward branches.
const ORIGIN: u32 = 0x0800_0000;

/// A processor that has nothing but what Power processors of 32 bits have in common.
const COMMON: &str = "ppc";

/// The processors whose objdump names know the instructions that not all have.
const DIALECTS: &[(Op, &str)] = &[
    (Op::Rfci, "booke"),
    (Op::Rfmci, "440"),
    (Op::Popcntb, "power5"),
    (Op::Prtyw, "power6"),
    (Op::Wait, "e500mc"),
];

/// A word with what both say about it.
#[derive(Debug, Clone)]
struct Answer {
    address: u32,
    word: u32,
    theirs: String,
}

/// A reason for two texts of a word to differ.
struct Rule {
    name: &'static str,
    reason: &'static str,
    /// Whether it is the reason, for a word, our text and theirs.
    applies: fn(&Instruction, &str, &str) -> bool,
}

/// Where our text differs from objdump's on purpose.
const RULES: &[Rule] = &[
    Rule {
        name: "expected direction",
        reason: "objdump writes `-` or `+` on all conditional branches, also where they say nothing new",
        applies: |i, ours, theirs| {
            let (mnemonic, operands) = theirs.split_once(' ').unwrap_or((theirs, ""));
            let without = mnemonic.trim_end_matches(['-', '+']);
            let nothing_new = i.field("BO").is_some_and(|bo| bo & 1 == 0) || without.starts_with("bc");
            nothing_new && without != mnemonic && ours == format!("{without} {operands}").trim_end()
        },
    },
    Rule {
        name: "newer hints",
        reason: "objdump writes the hints of newer processors, which are reserved here, as it writes the older ones",
        applies: |i, ours, theirs| {
            let newer = i.field("BO").is_some_and(|bo| matches!(bo, 6 | 7 | 14 | 15 | 24..=27));
            let meaning = assemble(theirs, ORIGIN).ok().and_then(|program| program.words().first().copied());
            // The same but for the hint. Relative targets are beyond reach from here; absolute ones are not.
            let differs = meaning.map_or(0, |word| (word ^ i.word()) & !(0x01f0_0000 | 0xfffc));
            newer && ours.starts_with("bc") && differs == 0
        },
    },
    Rule {
        name: "prediction of targets",
        reason: "objdump writes BH behind simplified mnemonics, too",
        applies: |i, _, theirs| {
            let bh = i.field("BH").unwrap_or(0);
            let without = single_spaced(&disassemble(i.word() & !0x1800, ORIGIN));
            let (mnemonic, operands) = theirs.split_once(' ').unwrap_or((theirs, ""));
            let operands = operands.strip_suffix(&bh.to_string()).unwrap_or("").trim_end_matches(',');
            // Field 0 is only written where something follows.
            let operands = if operands == "cr0" { "" } else { operands };
            let plain = format!("{} {operands}", mnemonic.trim_end_matches(['-', '+']));
            let plus = format!("{mnemonic} {operands}");
            bh != 0 && (without == plain.trim_end() || without == plus.trim_end())
        },
    },
    Rule {
        name: "no instruction here",
        reason: "objdump knows instructions that this processor does not have (ppu-isa 4.1)",
        applies: |i, ours, theirs| {
            i.op() == Op::Unknown && is_data(ours) && (same_data(ours, theirs) || !is_ours(theirs))
        },
    },
    Rule {
        name: "invalid operands",
        reason: "forms that the Power ISA calls invalid and this processor executes (ppu-isa 4.2)",
        applies: |i, _, theirs| is_data(theirs) && is_invalid_form(i),
    },
    Rule {
        name: "register 0 of eciwx and ecowx",
        reason: "there is no unit behind them (ppu-isa 4.1), so that nobody can tell whether 0 is a register",
        applies: |i, ours, theirs| {
            matches!(i.op(), Op::Eciwx | Op::Ecowx) && ours.replacen(",r0,", ",0,", 1) == theirs
        },
    },
    Rule {
        name: "special registers of others",
        reason: "objdump has names for special registers of many processors",
        applies: |i, ours, theirs| {
            let register = format!("r{}", i.field("RT").or(i.field("RS")).unwrap_or(0));
            let named = theirs.split([' ', ',']).skip(1).any(|operand| operand == register);
            let stem = if i.op() == Op::Mfspr { "mf" } else { "mt" };
            let one_general = [ours, theirs].iter().any(|text| text.starts_with(&format!("{stem}spr")));
            matches!(i.op(), Op::Mfspr | Op::Mtspr) && one_general && named && theirs.starts_with(stem)
        },
    },
    Rule {
        name: "kinds of wait",
        reason: "WC is optional in our text, and has names in objdump's",
        applies: |i, ours, theirs| {
            i.op() == Op::Wait
                && matches!(
                    (ours, theirs),
                    ("wait 1", "waitrsv") | ("wait 2", "waitimpl") | ("wait 3", ".long 0x7c60007c")
                )
        },
    },
    Rule {
        name: "kinds of sync",
        reason: "one of them is only in 64-bit processors",
        applies: |i, ours, theirs| i.op() == Op::Sync && ours == "ptesync" && is_data(theirs),
    },
    Rule {
        name: "bits without meaning",
        reason: "words with bits that text does not express are data here; objdump ignores some of them",
        applies: |i, ours, theirs| {
            is_data(ours) && i.op() != Op::Unknown && has_stray_bits(i) && !is_data(theirs)
        },
    },
];

fn is_data(text: &str) -> bool {
    text.starts_with(".long")
}

/// Whether both texts are the same number, perhaps with other leading zeros.
fn same_data(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| u32::from_str_radix(text.strip_prefix(".long 0x")?, 16).ok();
    number(ours).is_some() && number(ours) == number(theirs)
}

/// Whether a text is that of an instruction of our table, which we should then have recognised.
fn is_ours(text: &str) -> bool {
    assemble(text, ORIGIN).is_ok()
}

fn has_stray_bits(i: &Instruction) -> bool {
    i.op().info().is_some_and(|info| i.word() & !free_bits(info) != info.matching)
}

/// Operands that the Power ISA excludes.
fn is_invalid_form(i: &Instruction) -> bool {
    let field = |name: &str| i.field(name).unwrap_or(0);
    match i.class() {
        Class::LoadUpdate => field("RA") == 0 || field("RA") == field("RT"),
        Class::StoreUpdate => field("RA") == 0,
        _ => match i.op() {
            Op::Lmw => field("RA") >= field("RT"),
            Op::Mfcr | Op::Mtcrf => field("ONE") == 1 && field("FXM").count_ones() != 1,
            Op::Bcctr => field("BO") & 4 == 0 || bad_option(field("BO")),
            Op::Bc | Op::Bclr => bad_option(field("BO")),
            _ => false,
        },
    }
}

/// BO with bits that have to be zero: z of 0b1z00y, 0b1z01y, 0b1z1zz (Power ISA, books of 32-bit processors).
fn bad_option(bo: u32) -> bool {
    match (bo & 0b10000 != 0, bo & 0b00100 != 0) {
        (true, true) => bo != 0b10100,
        (true, false) => bo & 0b01000 != 0,
        _ => false,
    }
}

/// Asks objdump about all words and compares.
///
/// # Errors
/// Objdump is absent or fails, or files cannot be written.
pub fn compare(seed: u64, words: usize) -> Result<Report, OracleError> {
    let answers = ask(seed, words)?;
    let mut report = Report { what: "words against GNU objdump", ..Report::default() };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut same = 0;
    for answer in &answers {
        report.checked += 1;
        match judge(answer, answer.word) {
            Ok(None) => same += 1,
            Ok(Some(rule)) => *counts.entry(rule).or_default() += 1,
            Err(problem) => report.mismatches.push(problem),
        }
    }
    report.notes.push(format!("{same} texts are the same"));
    for rule in RULES {
        let count = counts.get(rule.name).copied().unwrap_or(0);
        report.notes.push(format!("differ {count} times: {}: {}", rule.name, rule.reason));
    }
    report
        .notes
        .push("left out: words of primary opcode 4, which is that of the vector extension".to_owned());
    Ok(report)
}

/// Whether our text for `shown` agrees with objdump's for the word of the answer, and by which rule if not literally.
fn judge(answer: &Answer, shown: u32) -> Result<Option<&'static str>, String> {
    let Answer { address, word, theirs } = answer;
    let ours = single_spaced(&disassemble(shown, *address));
    let rule = if ours == *theirs {
        None
    } else {
        let i = Instruction::decode(shown);
        let rule = RULES.iter().find(|rule| (rule.applies)(&i, &ours, theirs));
        Some(rule.ok_or_else(|| format!("{word:08x} at 0x{address:x}: `{ours}`, objdump `{theirs}`"))?.name)
    };
    let meaning = assemble(&ours, *address).map(|program| program.words());
    if meaning.as_deref() != Ok(&[shown]) {
        return Err(format!("{word:08x} at 0x{address:x}: `{ours}` assembles to {meaning:08x?}"));
    }
    Ok(rule)
}

/// How many wrong bits would be noticed: for each row, each operand bit stuck at 0 or 1 and each bit of the opcode
/// inverted on the way to our disassembler.
///
/// # Errors
/// As [`compare`].
pub fn sensitivity(seed: u64, words: usize) -> Result<Report, OracleError> {
    let answers = ask(seed, words)?;
    let mut report = Report { what: "planted faults that objdump notices", ..Report::default() };
    let mut by_row: BTreeMap<Op, Vec<&Answer>> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| judge(answer, answer.word).is_ok()) {
        by_row.entry(Instruction::decode(answer.word).op()).or_default().push(answer);
    }
    for info in scalar_rows() {
        let asked = by_row.get(&info.op).map_or(&[][..], Vec::as_slice);
        let faults = Stuck::all(free_bits(info))
            .chain((0..32).filter(|bit| fixed_bits(info) >> bit & 1 != 0).map(Stuck::Inverted));
        for fault in faults {
            report.checked += 1;
            let noticed = asked.iter().any(|answer| {
                let shown = fault.apply(answer.word);
                shown != answer.word && judge(answer, shown).is_err()
            });
            if !noticed {
                report.mismatches.push(format!("{}: {fault:?}", info.mnemonic));
            }
        }
    }
    Ok(report)
}

/// The words with objdump's texts.
fn ask(seed: u64, words: usize) -> Result<Vec<Answer>, OracleError> {
    OBJDUMP.require()?;
    let mut random = Random::new(seed, 2);
    let special = |info: &OpInfo| DIALECTS.iter().find(|(op, _)| *op == info.op).map(|(_, dialect)| *dialect);
    let mut questions: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for info in scalar_rows() {
        let dialect = special(info).unwrap_or(COMMON);
        questions.entry(dialect).or_default().extend(sampled_words(info, words, &mut random));
    }
    let all = questions.entry(COMMON).or_default();
    for _ in 0..100 * words {
        let word = random.word();
        let other = Instruction::decode(word).op().info().is_some_and(|info| special(info).is_some());
        if word >> 26 != 4 && !other {
            all.push(word);
        }
    }
    let mut answers = Vec::new();
    for (dialect, words) in questions {
        answers.extend(disassembled(dialect, &words)?);
    }
    Ok(answers)
}

/// Objdump's texts of words from [`ORIGIN`] on.
fn disassembled(dialect: &str, words: &[u32]) -> Result<Vec<Answer>, OracleError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("words");
    std::fs::write(&file, words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>())?;
    let mut command = OBJDUMP.command();
    command.args(["-D", "-z", "-EB", "-b", "binary", "-m", "powerpc", "-M", dialect]);
    command.arg(format!("--adjust-vma=0x{ORIGIN:x}")).arg(&file);
    let output = OBJDUMP.run(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    // `  8000000:	60 00 00 00 	nop`
    let lines = text.lines().filter_map(|line| {
        let (address, rest) = line.trim_start().split_once(":\t")?;
        let (bytes, text) = rest.split_once('\t')?;
        let address = u32::from_str_radix(address, 16).ok()?;
        let word = u32::from_str_radix(&bytes.replace(' ', ""), 16).ok()?;
        Some(Answer { address, word, theirs: single_spaced(text) })
    });
    let answers: Vec<Answer> = lines.collect();
    if answers.len() != words.len() || answers.iter().zip(words).any(|(answer, word)| answer.word != *word) {
        let problem = format!("{} lines for {} words", answers.len(), words.len());
        return Err(OracleError::Tool { tool: OBJDUMP.name, problem });
    }
    Ok(answers)
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
