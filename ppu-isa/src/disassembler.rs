//! From words to text, in the notation of binutils.

use crate::instruction::{Instruction, NOP};
use crate::syntax::{
    BRANCH_CONDITIONS, CONDITION_BITS, NAMED_SPRS, Part, TRAP_CONDITIONS, assembler_name, parts,
};
use crate::table::{Op, OpInfo, Operand, Role};

/// The text of a word at an address: simplified mnemonics where they are usual, branch targets as addresses, and
/// `.long` for words that are no instruction, or that have bits set which the text could not express.
///
/// What this writes, [`crate::assemble`] turns into the same word.
pub fn disassemble(word: u32, address: u32) -> String {
    let i = Instruction::decode(word);
    let Some(info) = i.op().info() else { return raw(word) };
    if word & !expressed(&i, info) != info.matching {
        return barrier(&i).map_or_else(|| raw(word), str::to_owned);
    }
    simplified(&i, address).unwrap_or_else(|| plain(&i, info, address))
}

fn raw(word: u32) -> String {
    format!(".long 0x{word:08x}")
}

/// The kinds of `sync`, which differ in bits without a field of their own.
fn barrier(i: &Instruction) -> Option<&'static str> {
    let level = match i.word() ^ i.op().info()?.matching {
        0x0020_0000 => "lwsync",
        0x0040_0000 => "ptesync",
        _ => return None,
    };
    (i.op() == Op::Sync).then_some(level)
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
        Role::CrBitRead | Role::CrBitWrite => condition_bit(field as u8),
        Role::Signed => signed(o, i.word()).to_string(),
        Role::SignedWords => format!("0x{:x}", target(i, address)),
        Role::SprSwappedHalves => i.immediate.to_string(),
        _ => field.to_string(),
    }
}

/// A bit of the condition register: `eq`, `4*cr1+eq`.
fn condition_bit(number: u8) -> String {
    let name = CONDITION_BITS[usize::from(number & 3)];
    if number >> 2 == 0 { name.to_owned() } else { format!("4*cr{}+{name}", number >> 2) }
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
        Op::Xori if i.word() == 0x6800_0000 => "xnop".to_owned(),
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
        Op::Mtcrf if i.field("ONE") == Some(0) && i.field("FXM") == Some(255) => format!("mtcr    r{t}"),
        Op::Rlwinm => return rotation(i),
        Op::Rlwnm if (i.field("MB"), i.field("ME")) == (Some(0), Some(31)) => {
            format!("{:<7} r{a},r{t},r{b}", format!("rotlw{dot}"))
        }
        Op::Crxor if t == a && a == b => format!("crclr   {}", condition_bit(t)),
        Op::Creqv if t == a && a == b => format!("crset   {}", condition_bit(t)),
        Op::Cror if a == b => format!("crmove  {},{}", condition_bit(t), condition_bit(a)),
        Op::Crnor if a == b => format!("crnot   {},{}", condition_bit(t), condition_bit(a)),
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

/// The common shapes of rlwinm.
fn rotation(i: &Instruction) -> Option<String> {
    let (sh, mb, me) = (i.field("SH")?, i.field("MB")?, i.field("ME")?);
    let (name, amount) = match (sh, mb, me) {
        (_, 0, 31) => ("rotlwi", sh),
        (0, _, 31) => ("clrlwi", mb),
        (0, 0, _) => ("clrrwi", 31 - me),
        (_, 0, _) if me == 31 - sh => ("slwi", sh),
        (_, _, 31) if sh + mb == 32 => ("srwi", mb),
        _ => return None,
    };
    let dot = if i.record { "." } else { "" };
    Some(format!("{:<7} r{},r{},{amount}", format!("{name}{dot}"), i.a, i.t))
}

/// Branches that do not look at a condition field in a way with a name: BO without the hint, what stands behind `b`,
/// and whether they look at a bit.
const COUNTING: [(u8, &str, bool); 6] = [
    (16, "dnz", false),
    (18, "dz", false),
    (8, "dnzt", true),
    (0, "dnzf", true),
    (10, "dzt", true),
    (2, "dzf", true),
];

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
    if i.t == 20 && i.a == 0 && place.is_none() {
        return Some(format!("b{suffix}{l}"));
    }
    let bo = i.t & !1;
    let mut operands = Vec::new();
    let name = if let Some((name, ..)) =
        BRANCH_CONDITIONS.iter().find(|(_, known, bit)| *known == bo && *bit == i.a & 3)
    {
        if i.a >> 2 != 0 {
            operands.push(format!("cr{}", i.a >> 2));
        }
        name
    } else {
        let (_, name, looks) = COUNTING.iter().find(|(known, ..)| *known == bo)?;
        if i.op() == Op::Bcctr || !looks && i.a != 0 {
            return None;
        }
        if *looks {
            operands.push(condition_bit(i.a));
        }
        name
    };
    // The last bit of BO: it does what is not expected by itself, which is to go backwards.
    let backwards = i.op() == Op::Bc && i.immediate >> 31 != 0;
    let hint = match (i.t & 1, backwards) {
        (0, _) => "",
        (_, false) => "+",
        (_, true) => "-",
    };
    operands.extend(place.map(|target| format!("0x{target:x}")));
    Some(join(&format!("b{name}{suffix}{l}{absolute}{hint}"), &operands))
}
