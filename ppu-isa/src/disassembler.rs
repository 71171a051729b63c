//! From words to text, in the notation of binutils.

use crate::instruction::{Instruction, NOP};
use crate::syntax::{BRANCH_CONDITIONS, NAMED_SPRS, Part, TRAP_CONDITIONS, assembler_name, parts};
use crate::table::{Op, OpInfo, Operand, Role};

/// The text of a word at an address: simplified mnemonics where they are usual, branch targets as addresses, and
/// `.long` for words that are no instruction, or that have bits set which the text could not express.
///
/// What this writes, [`crate::assemble`] turns into the same word.
pub fn disassemble(word: u32, address: u32) -> String {
    let i = Instruction::decode(word);
    let Some(info) = i.op().info() else { return raw(word) };
    if word & !expressed(&i, info) != info.matching {
        return raw(word);
    }
    simplified(&i, address).unwrap_or_else(|| plain(&i, info, address))
}

fn raw(word: u32) -> String {
    format!(".long 0x{word:08x}")
}

/// The bits that the text stands for beside the opcode.
fn expressed(i: &Instruction, info: &OpInfo) -> u32 {
    let record = u32::from(i.record && info.record == crate::table::Record::Selected);
    let overflow = u32::from(i.overflow) << 10;
    info.operands.iter().fold(record | overflow, |bits, o| bits | o.mask())
}

fn signed(operand: &Operand, word: u32) -> i64 {
    let value = i64::from(operand.extract(word));
    if value >> (operand.width() - 1) != 0 { value - (1 << operand.width()) } else { value }
}

/// The endings of variants: `o`, `.`, `l`, `a`.
fn mnemonic(i: &Instruction, info: &OpInfo) -> String {
    let mut name = assembler_name(info).to_owned();
    if i.overflow {
        name.push('o');
    }
    if i.record && info.record == crate::table::Record::Selected {
        name.push('.');
    }
    let has = |field: &str| info.operands.iter().any(|o| o.name == field);
    if has("LK") && i.link() {
        name.push('l');
    }
    if has("AA") && i.absolute() {
        name.push('a');
    }
    match i.op() {
        Op::Mfcr if i.field("ONE") == Some(1) => "mfocrf".to_owned(),
        Op::Mtcrf if i.field("ONE") == Some(1) => "mtocrf".to_owned(),
        _ => name,
    }
}

fn join(mnemonic: &str, operands: &[String]) -> String {
    if operands.is_empty() { mnemonic.to_owned() } else { format!("{mnemonic:<7} {}", operands.join(",")) }
}

fn plain(i: &Instruction, info: &'static OpInfo, address: u32) -> String {
    let mut operands = Vec::new();
    for part in parts(info) {
        match part {
            // The plain form of mfcr reads all fields.
            Part::Field(o) if i.op() == Op::Mfcr && o.name == "FXM" && i.field("ONE") == Some(0) => {
                if o.extract(i.word()) != 0 {
                    return raw(i.word());
                }
            }
            Part::Field(o) => operands.push(operand_text(i, o, address)),
            Part::Displaced(d, base) => {
                operands.push(format!("{}({})", signed(d, i.word()), operand_text(i, base, address)));
            }
            Part::Optional(o) => {
                if o.extract(i.word()) != 0 {
                    operands.push(o.extract(i.word()).to_string());
                }
            }
        }
    }
    join(&mnemonic(i, info), &operands)
}

fn operand_text(i: &Instruction, o: &Operand, address: u32) -> String {
    let field = o.extract(i.word());
    match o.role {
        Role::GprReadOrZero if field == 0 => "0".to_owned(),
        Role::GprRead
        | Role::GprReadOrZero
        | Role::GprWrite
        | Role::GprReadWrite
        | Role::GprReadRange
        | Role::GprWriteRange => format!("r{field}"),
        Role::VectorRead | Role::VectorWrite => format!("v{field}"),
        Role::CrFieldRead | Role::CrFieldWrite => format!("cr{field}"),
        Role::Signed => signed(o, i.word()).to_string(),
        Role::SignedWords => format!("0x{:x}", target(i, address)),
        Role::SprSwappedHalves => i.immediate.to_string(),
        _ => field.to_string(),
    }
}

/// The target of b and bc.
fn target(i: &Instruction, address: u32) -> u32 {
    if i.absolute() { i.immediate } else { address.wrapping_add(i.immediate) }
}

/// The simplified form, if the instruction has a usual one.
fn simplified(i: &Instruction, address: u32) -> Option<String> {
    let (t, a, b) = (i.t, i.a, i.b);
    let dot = if i.record { "." } else { "" };
    let field = |n: u8| if n >> 2 == 0 { String::new() } else { format!("cr{},", n >> 2) };
    Some(match i.op() {
        Op::Ori if i.word() == NOP => "nop".to_owned(),
        Op::Addi if a == 0 => format!("li      r{t},{}", i.immediate as i32),
        Op::Addis if a == 0 => format!("lis     r{t},{}", i.immediate as i32),
        Op::Or if t == b => format!("{:<7} r{a},r{t}", format!("mr{dot}")),
        Op::Nor if t == b => format!("{:<7} r{a},r{t}", format!("not{dot}")),
        Op::Cmpi if t & 3 == 0 => format!("cmpwi   {}r{a},{}", field(t), i.immediate as i32),
        Op::Cmpli if t & 3 == 0 => format!("cmplwi  {}r{a},{}", field(t), i.immediate),
        Op::Cmp if t & 3 == 0 => format!("cmpw    {}r{a},r{b}", field(t)),
        Op::Cmpl if t & 3 == 0 => format!("cmplw   {}r{a},r{b}", field(t)),
        Op::Mfspr => format!("{:<7} r{t}", format!("mf{}", named_spr(i.immediate)?)),
        Op::Mtspr => format!("{:<7} r{t}", format!("mt{}", named_spr(i.immediate)?)),
        Op::Tw if i.word() == 0x7fe0_0008 => "trap".to_owned(),
        Op::Tw => format!("{:<7} r{a},r{b}", format!("tw{}", trap_condition(t)?)),
        Op::Twi => format!("{:<7} r{a},{}", format!("tw{}i", trap_condition(t)?), i.immediate as i32),
        Op::Bc | Op::Bclr | Op::Bcctr => return branch(i, address),
        _ => return None,
    })
}

fn named_spr(number: u32) -> Option<&'static str> {
    NAMED_SPRS.iter().find(|(_, n)| u32::from(*n) == number).map(|(name, _)| *name)
}

fn trap_condition(to: u8) -> Option<&'static str> {
    TRAP_CONDITIONS.iter().find(|(_, n)| *n == to).map(|(name, _)| *name)
}

fn branch(i: &Instruction, address: u32) -> Option<String> {
    if i.field("BH").unwrap_or(0) != 0 {
        return None;
    }
    let (suffix, place) = match i.op() {
        Op::Bc => ("", Some(target(i, address))),
        Op::Bclr => ("lr", None),
        _ => ("ctr", None),
    };
    let l = if i.link() { "l" } else { "" };
    let absolute = if i.op() == Op::Bc && i.absolute() { "a" } else { "" };
    let condition = BRANCH_CONDITIONS.iter().find(|(_, bo, bit)| *bo == i.t && *bit == i.a & 3);
    let name = match (i.t, condition) {
        (20, _) if place.is_none() && i.a == 0 => "b".to_owned(),
        (16, _) if i.a == 0 && i.op() != Op::Bcctr => "bdnz".to_owned(),
        (18, _) if i.a == 0 && i.op() != Op::Bcctr => "bdz".to_owned(),
        (_, Some((name, ..))) => format!("b{name}"),
        _ => return None,
    };
    let mut operands = Vec::new();
    if condition.is_some() && i.a >> 2 != 0 {
        operands.push(format!("cr{}", i.a >> 2));
    }
    operands.extend(place.map(|target| format!("0x{target:x}")));
    Some(join(&format!("{name}{suffix}{l}{absolute}"), &operands))
}
