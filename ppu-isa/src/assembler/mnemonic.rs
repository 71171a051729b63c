//! Instructions in text: plain mnemonics from the table, simplified ones from the lists here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::expression::{Expression, Parser};
use super::lexer::{Token, TokenKind};
use super::{Problem, Result};
use crate::encode::encode;
use crate::spr::Spr;
use crate::syntax::{
    BRANCH_CONDITIONS, CONDITION_BITS, NAMED_SPRS, Part, TRAP_CONDITIONS, assembler_name, parts,
};
use crate::table::{INSTRUCTIONS, Op, OpInfo, Operand, Overflow, Record, Role};

/// How the operands of a mnemonic become fields.
#[derive(Clone, Debug)]
struct Form {
    op: Op,
    slots: Vec<Slot>,
    /// Fields that the mnemonic itself stands for.
    fixed: Vec<(&'static str, i64)>,
    /// Bits outside all fields.
    extra: u32,
}

/// SH, MB and ME for an amount.
type RotateFields = fn(i64) -> [i64; 3];

#[derive(Clone, Copy, Debug)]
enum Slot {
    Field(&'static str),
    /// May be left out at the end.
    Optional(&'static str),
    /// One operand for two fields.
    Twice(&'static str, &'static str),
    /// One operand for three fields.
    Thrice(&'static str, &'static str, &'static str),
    /// `displacement(base)`.
    Displaced(&'static str, &'static str),
    /// The negative of a field.
    Negated(&'static str),
    /// A condition field that may be left out at the front; the field gets `4 * cr + bit`, or `cr` without bit.
    Cr(&'static str, Option<i64>),
    /// An amount from which SH, MB and ME of rlwinm follow.
    Rotate(RotateFields),
}
use Slot::{Cr, Displaced, Field, Negated, Optional, Rotate, Thrice, Twice};

static FORMS: LazyLock<BTreeMap<String, Form>> = LazyLock::new(forms);

fn forms() -> BTreeMap<String, Form> {
    let mut forms = BTreeMap::new();
    let mut add = |name: String, op: Op, slots: &[Slot], fixed: &[(&'static str, i64)], extra: u32| {
        forms.insert(name, Form { op, slots: slots.to_vec(), fixed: fixed.to_vec(), extra });
    };
    for info in &INSTRUCTIONS {
        plain(info, &mut add);
    }
    simplified(&mut add);
    branches(&mut add);
    forms
}

type Add<'a> = dyn FnMut(String, Op, &[Slot], &[(&'static str, i64)], u32) + 'a;

/// The mnemonics of a row with all its endings.
fn plain(info: &'static OpInfo, add: &mut Add<'_>) {
    let slots: Vec<Slot> = parts(info)
        .into_iter()
        .map(|part| match part {
            Part::Field(o) => Field(o.name),
            Part::Optional(o) => Optional(o.name),
            Part::Displaced(d, base) => Displaced(d.name, base.name),
        })
        .collect();
    match info.op {
        Op::Mfcr => {
            add("mfcr".into(), info.op, &[Field("RT")], &[], 0);
            return add("mfocrf".into(), info.op, &slots, &[("ONE", 1)], 0);
        }
        Op::Mtcrf => {
            add("mtcr".into(), info.op, &[Field("RS")], &[("FXM", 255)], 0);
            add("mtocrf".into(), info.op, &slots, &[("ONE", 1)], 0);
        }
        _ => {}
    }
    let has = |name: &str| info.operands.iter().any(|o| o.name == name);
    let overflow = info.overflow == Overflow::Selected;
    let record = info.record == Record::Selected;
    let endings = |text: &'static str, field: &'static str, present: bool| {
        if present { vec![("", None), (text, Some((field, 1)))] } else { vec![("", None)] }
    };
    for name in [assembler_name(info), info.mnemonic] {
        for (o, oe) in endings("o", "OE", overflow) {
            for (dot, rc) in endings(".", "Rc", record) {
                for (l, lk) in endings("l", "LK", has("LK")) {
                    for (a, aa) in endings("a", "AA", has("AA")) {
                        let fixed: Vec<_> = [oe, rc, lk, aa].into_iter().flatten().collect();
                        add(format!("{name}{o}{l}{a}{dot}"), info.op, &slots, &fixed, 0);
                    }
                }
            }
        }
    }
}

fn simplified(add: &mut Add<'_>) {
    let base = [Field("RT"), Field("RA"), Negated("SI")];
    add("nop".into(), Op::Ori, &[], &[], 0);
    add("li".into(), Op::Addi, &[Field("RT"), Field("SI")], &[], 0);
    add("lis".into(), Op::Addis, &[Field("RT"), Field("SI")], &[], 0);
    add("la".into(), Op::Addi, &[Field("RT"), Displaced("SI", "RA")], &[], 0);
    add("subi".into(), Op::Addi, &base, &[], 0);
    add("subis".into(), Op::Addis, &base, &[], 0);
    add("subic".into(), Op::Addic, &base, &[], 0);
    add("subic.".into(), Op::AddicRecord, &base, &[], 0);
    for (name, op) in [("cmpw", Op::Cmp), ("cmplw", Op::Cmpl)] {
        add(name.into(), op, &[Cr("BF", None), Field("RA"), Field("RB")], &[], 0);
    }
    add("cmpwi".into(), Op::Cmpi, &[Cr("BF", None), Field("RA"), Field("SI")], &[], 0);
    add("cmplwi".into(), Op::Cmpli, &[Cr("BF", None), Field("RA"), Field("UI")], &[], 0);
    for (dot, rc) in [("", 0), (".", 1)] {
        let rc = ("Rc", rc);
        let copy = [Field("RA"), Twice("RS", "RB")];
        add(format!("mr{dot}"), Op::Or, &copy, &[rc], 0);
        add(format!("not{dot}"), Op::Nor, &copy, &[rc], 0);
        let swapped = [Field("RT"), Field("RB"), Field("RA")];
        for (o, oe) in [("", 0), ("o", 1)] {
            add(format!("sub{o}{dot}"), Op::Subf, &swapped, &[rc, ("OE", oe)], 0);
            add(format!("subc{o}{dot}"), Op::Subfc, &swapped, &[rc, ("OE", oe)], 0);
        }
        let rotations: [(&str, RotateFields); 6] = [
            ("slwi", |n| [n, 0, 31 - n]),
            ("srwi", |n| [(32 - n) & 31, n, 31]),
            ("rotlwi", |n| [n, 0, 31]),
            ("rotrwi", |n| [(32 - n) & 31, 0, 31]),
            ("clrlwi", |n| [0, n, 31]),
            ("clrrwi", |n| [0, 0, 31 - n]),
        ];
        for (name, fields) in rotations {
            add(format!("{name}{dot}"), Op::Rlwinm, &[Field("RA"), Field("RS"), Rotate(fields)], &[rc], 0);
        }
        let rotlw = [Field("RA"), Field("RS"), Field("RB")];
        add(format!("rotlw{dot}"), Op::Rlwnm, &rotlw, &[rc, ("ME", 31)], 0);
    }
    add("crclr".into(), Op::Crxor, &[Thrice("BT", "BA", "BB")], &[], 0);
    add("crset".into(), Op::Creqv, &[Thrice("BT", "BA", "BB")], &[], 0);
    add("crmove".into(), Op::Cror, &[Field("BT"), Twice("BA", "BB")], &[], 0);
    add("crnot".into(), Op::Crnor, &[Field("BT"), Twice("BA", "BB")], &[], 0);
    for (name, number) in NAMED_SPRS {
        add(format!("mf{name}"), Op::Mfspr, &[Field("RT")], &[("SPR", i64::from(number))], 0);
        add(format!("mt{name}"), Op::Mtspr, &[Field("RS")], &[("SPR", i64::from(number))], 0);
    }
    add("trap".into(), Op::Tw, &[], &[("TO", 31)], 0);
    for (name, to) in TRAP_CONDITIONS {
        let to = ("TO", i64::from(to));
        add(format!("tw{name}"), Op::Tw, &[Field("RA"), Field("RB")], &[to], 0);
        add(format!("tw{name}i"), Op::Twi, &[Field("RA"), Field("SI")], &[to], 0);
    }
    for (name, level) in [("hwsync", 0), ("msync", 0), ("lwsync", 1), ("ptesync", 2)] {
        add(name.into(), Op::Sync, &[], &[], level << 21);
    }
}

fn branches(add: &mut Add<'_>) {
    // The hint, bit 4 of BO, is kept as `+` and `-` say for forward branches.
    for (l, lk) in [("", 0), ("l", 1)] {
        let lk = ("LK", lk);
        add(format!("blr{l}"), Op::Bclr, &[], &[("BO", 20), lk], 0);
        add(format!("bctr{l}"), Op::Bcctr, &[], &[("BO", 20), lk], 0);
        for (name, bo) in [("bdnz", 16), ("bdz", 18)] {
            for (a, aa) in [("", 0), ("a", 1)] {
                add(format!("{name}{l}{a}"), Op::Bc, &[Field("BD")], &[("BO", bo), lk, ("AA", aa)], 0);
            }
            add(format!("{name}lr{l}"), Op::Bclr, &[], &[("BO", bo), lk], 0);
        }
        let other_names = [("nl", 4, 0), ("ng", 4, 1), ("un", 12, 3), ("nu", 4, 3)];
        for (name, bo, bit) in BRANCH_CONDITIONS.into_iter().chain(other_names) {
            for (hint, bits) in [("", 0), ("+", 3), ("-", 2)] {
                let fixed = [("BO", i64::from(bo | bits)), ("BI", i64::from(bit)), lk];
                let cr = Cr("BI", Some(i64::from(bit)));
                for (a, aa) in [("", 0), ("a", 1)] {
                    let fixed = [fixed[0], fixed[1], fixed[2], ("AA", aa)];
                    add(format!("b{name}{l}{a}{hint}"), Op::Bc, &[cr, Field("BD")], &fixed, 0);
                }
                add(format!("b{name}lr{l}{hint}"), Op::Bclr, &[cr], &fixed, 0);
                add(format!("b{name}ctr{l}{hint}"), Op::Bcctr, &[cr], &fixed, 0);
            }
        }
    }
}

fn form(head: &Token, name: &str) -> Result<&'static Form> {
    FORMS
        .get(name)
        .or_else(|| FORMS.get(&name.to_ascii_lowercase()))
        .ok_or_else(|| head.error(Problem::Mnemonic(name.to_owned())))
}

/// Whether there is such an instruction.
pub(super) fn check(head: &Token, name: &str) -> Result<()> {
    form(head, name).map(|_| ())
}

/// An operand as written.
struct Argument {
    value: Expression,
    base: Option<Expression>,
}

fn arguments(head: &Token, tokens: &[Token]) -> Result<Vec<Argument>> {
    let mut parser = Parser::new(head, tokens);
    let mut arguments = Vec::new();
    while !parser.at_end() {
        if !arguments.is_empty() {
            parser.expect(&TokenKind::Comma, "a comma")?;
        }
        let value = parser.expression()?;
        let mut base = None;
        if parser.skip(&TokenKind::Operator("(")) {
            base = Some(parser.expression()?);
            parser.expect(&TokenKind::Operator(")"), "`)`")?;
        }
        arguments.push(Argument { value, base });
    }
    Ok(arguments)
}

/// Evaluates an expression with the symbols of the program.
pub(super) type Evaluate<'a> = dyn Fn(&Expression) -> Result<i64> + 'a;

/// The word of an instruction at address `here`.
pub(super) fn instruction(
    head: &Token,
    name: &str,
    tokens: &[Token],
    here: u32,
    evaluate: &Evaluate<'_>,
) -> Result<u32> {
    let form = form(head, name)?;
    let arguments = arguments(head, tokens)?;
    let wrong = || {
        let usage = form.slots.iter().map(|slot| slot.usage()).collect::<Vec<_>>().join(",");
        head.error(Problem::Operands(name.to_owned(), if usage.is_empty() { "none".into() } else { usage }))
    };
    let least = form.slots.iter().filter(|slot| !matches!(slot, Optional(_) | Cr(..))).count();
    if arguments.len() < least || arguments.len() > form.slots.len() {
        return Err(wrong());
    }
    let omit_cr = arguments.len() < form.slots.len();
    let mut fields = form.fixed.clone();
    let context = Context { op: form.op, here, absolute: form.fixed.contains(&("AA", 1)), evaluate };
    let mut arguments = arguments.into_iter();
    for slot in &form.slots {
        if matches!(slot, Cr(..)) && omit_cr {
            continue;
        }
        let argument = match (slot, arguments.next()) {
            (_, Some(argument)) => argument,
            (Optional(_), None) => break,
            (_, None) => return Err(wrong()),
        };
        if argument.base.is_some() != matches!(slot, Displaced(..)) {
            return Err(wrong());
        }
        context.fill(*slot, &argument, &mut fields)?;
    }
    let word = encode(form.op, &fields).map_err(|e| head.error(Problem::Encode(e)))?;
    Ok(word | form.extra)
}

impl Slot {
    fn usage(&self) -> String {
        match self {
            Field(name) | Twice(name, _) | Thrice(name, ..) => (*name).to_owned(),
            Negated(name) => format!("-{name}"),
            Optional(name) => format!("[{name}]"),
            Displaced(d, base) => format!("{d}({base})"),
            Cr(..) => "[CR]".to_owned(),
            Rotate(_) => "n".to_owned(),
        }
    }
}

struct Context<'a> {
    op: Op,
    here: u32,
    absolute: bool,
    evaluate: &'a Evaluate<'a>,
}

impl Context<'_> {
    fn fill(&self, slot: Slot, argument: &Argument, fields: &mut Vec<(&'static str, i64)>) -> Result<()> {
        let value = &argument.value;
        match slot {
            Field(name) | Optional(name) => fields.push((name, self.field(name, value)?)),
            Twice(a, b) => fields.extend([(a, self.field(a, value)?), (b, self.field(b, value)?)]),
            Thrice(a, b, c) => {
                let bit = self.field(a, value)?;
                fields.extend([(a, bit), (b, bit), (c, bit)]);
            }
            Displaced(d, base) => {
                fields.push((d, self.field(d, value)?));
                if let Some(register) = &argument.base {
                    fields.push((base, self.field(base, register)?));
                }
            }
            Negated(name) => fields.push((name, self.field(name, value)?.wrapping_neg())),
            Cr(name, bit) => {
                let cr = self.register(value, &["cr"])?;
                fields.push((name, bit.map_or(cr, |bit| cr.wrapping_mul(4).wrapping_add(bit))));
            }
            Rotate(f) => {
                let amount = (self.evaluate)(value)?;
                if !(0..32).contains(&amount) {
                    return Err(value.token.error(Problem::Data(amount, 5)));
                }
                let [sh, mb, me] = f(amount);
                fields.extend([("SH", sh), ("MB", mb), ("ME", me)]);
            }
        }
        Ok(())
    }

    fn operand(&self, name: &str) -> Option<&'static Operand> {
        self.op.info()?.operands.iter().find(|o| o.name == name)
    }

    /// The value of an operand for a field.
    fn field(&self, name: &str, value: &Expression) -> Result<i64> {
        let Some(operand) = self.operand(name) else { return (self.evaluate)(value) };
        match operand.role {
            Role::GprRead
            | Role::GprReadOrZero
            | Role::GprWrite
            | Role::GprReadWrite
            | Role::GprReadRange
            | Role::GprWriteRange => self.register(value, &["r"]),
            Role::VectorRead | Role::VectorWrite => self.register(value, &["v", "vr"]),
            Role::CrFieldRead | Role::CrFieldWrite => self.register(value, &["cr"]),
            Role::CrBitRead | Role::CrBitWrite => self.condition_bit(value),
            Role::SprSwappedHalves => match value.name().and_then(named_spr) {
                Some(number) => Ok(number),
                None => (self.evaluate)(value),
            },
            Role::SignedWords => {
                let target = (self.evaluate)(value)?;
                let from = if self.absolute { 0 } else { i64::from(self.here) };
                Ok(i64::from(target.wrapping_sub(from) as i32))
            }
            // lis takes the upper half of an address as it is.
            Role::Signed if self.op == Op::Addis => {
                let value = (self.evaluate)(value)?;
                Ok(if (0x8000..=0xffff).contains(&value) { value - 0x1_0000 } else { value })
            }
            // `symbol@l` is signed, but means the same bits here.
            Role::Unsigned if operand.width() == 16 => {
                let value = (self.evaluate)(value)?;
                Ok(if (-0x8000..0).contains(&value) { value & 0xffff } else { value })
            }
            _ => (self.evaluate)(value),
        }
    }

    /// A register by name or number.
    fn register(&self, value: &Expression, prefixes: &[&str]) -> Result<i64> {
        let Some(name) = value.name() else { return (self.evaluate)(value) };
        let named = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)?.parse::<u8>().ok());
        if let Some(number) = named {
            return Ok(i64::from(number));
        }
        if is_register(name) {
            return Err(value.token.error(Problem::Register));
        }
        (self.evaluate)(value)
    }

    /// A bit of the condition register: `4*cr7+eq`, `eq`, or a number.
    fn condition_bit(&self, value: &Expression) -> Result<i64> {
        value.evaluate(i64::from(self.here), &|name| {
            let field = name.strip_prefix("cr").and_then(|n| n.parse::<u8>().ok()).filter(|n| *n < 8);
            let bit = CONDITION_BITS.iter().position(|bit| *bit == name);
            field.map(i64::from).or(bit.map(|bit| bit as i64))
        })
    }
}

/// Whether a name looks like a register of any kind.
fn is_register(name: &str) -> bool {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = &name[..name.len() - digits.len()];
    ["r", "v", "vr", "cr"].contains(&prefix)
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
}

fn named_spr(name: &str) -> Option<i64> {
    Spr::ALL.iter().find(|spr| spr.name().eq_ignore_ascii_case(name)).map(|spr| i64::from(spr.number()))
}
