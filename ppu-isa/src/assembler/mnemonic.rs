//! Instructions in text: plain mnemonics from the table, simplified ones from the lists here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::expression::{Direction, Expression, Parser, Scope};
use super::lexer::{Token, TokenKind};
use super::{AssembleError, Problem, Result};
use crate::encode::{EncodeError, encode};
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
    /// `+` or `-` behind a branch.
    hint: Option<bool>,
}

/// SH, MB and ME for amounts. What is out of range makes a field that does not fit.
type RotateFields = fn(&[i64]) -> [i64; 3];

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
    /// That many amounts from which SH, MB and ME of a rotation follow.
    Rotate(usize, RotateFields),
    /// A mask from which MB and ME of a rotation follow.
    Mask,
    /// May be left out; a number of so many bits whose lowest is the given one from the right.
    Bits(u32, u32),
}
use Slot::{Bits, Cr, Displaced, Field, Mask, Negated, Optional, Rotate, Thrice, Twice};

impl Slot {
    /// Most operands it takes.
    fn most(&self) -> usize {
        if let Rotate(count, _) = self { *count } else { 1 }
    }
    /// Fewest operands it takes.
    fn least(&self) -> usize {
        if matches!(self, Optional(_) | Cr(..) | Bits(..)) { 0 } else { self.most() }
    }
}

/// Some mnemonics have several forms, which differ in the number of operands.
static FORMS: LazyLock<BTreeMap<String, Vec<Form>>> = LazyLock::new(forms);

fn forms() -> BTreeMap<String, Vec<Form>> {
    let mut forms: BTreeMap<String, Vec<Form>> = BTreeMap::new();
    let mut add = |name: String, op: Op, slots: &[Slot], fixed: &[(&'static str, i64)], extra: u32| {
        let hint = match name.as_bytes() {
            [b'b', .., b'+'] => Some(true),
            [b'b', .., b'-'] => Some(false),
            _ => None,
        };
        let form = Form { op, slots: slots.to_vec(), fixed: fixed.to_vec(), extra, hint };
        forms.entry(name).or_default().push(form);
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
        // With an operand: which kind of barrier, for which there is no field here.
        Op::Sync => return add("sync".into(), info.op, &[Bits(21, 2)], &[], 0),
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
    let names = [assembler_name(info), info.mnemonic];
    for name in &names[..if names[0] == names[1] { 1 } else { 2 }] {
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
    add("xnop".into(), Op::Xori, &[], &[], 0);
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
    // The full mnemonics without L.
    add("cmpi".into(), Op::Cmpi, &[Field("BF"), Field("RA"), Field("SI")], &[], 0);
    add("cmpli".into(), Op::Cmpli, &[Field("BF"), Field("RA"), Field("UI")], &[], 0);
    add("cmp".into(), Op::Cmp, &[Field("BF"), Field("RA"), Field("RB")], &[], 0);
    add("cmpl".into(), Op::Cmpl, &[Field("BF"), Field("RA"), Field("RB")], &[], 0);
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
        let rotations: [(&str, usize, RotateFields); 9] = [
            ("slwi", 1, |n| [n[0], 0, 31 - n[0]]),
            ("srwi", 1, |n| [32 - n[0], n[0], 31]),
            ("rotlwi", 1, |n| [n[0], 0, 31]),
            ("rotrwi", 1, |n| [32 - n[0], 0, 31]),
            ("clrlwi", 1, |n| [0, n[0], 31]),
            ("clrrwi", 1, |n| [0, 0, 31 - n[0]]),
            ("extlwi", 2, |n| [n[1], 0, n[0] - 1]),
            ("extrwi", 2, |n| [n[0] + n[1], 32 - n[0], 31]),
            ("clrlslwi", 2, |n| [n[1], n[0] - n[1], 31 - n[1]]),
        ];
        for (name, count, fields) in rotations {
            let slots = [Field("RA"), Field("RS"), Rotate(count, fields)];
            add(format!("{name}{dot}"), Op::Rlwinm, &slots, &[rc], 0);
        }
        let insertions: [(&str, RotateFields); 2] = [
            ("inslwi", |n| [32 - n[1], n[1], n[0] + n[1] - 1]),
            ("insrwi", |n| [32 - (n[0] + n[1]), n[1], n[0] + n[1] - 1]),
        ];
        for (name, fields) in insertions {
            add(format!("{name}{dot}"), Op::Rlwimi, &[Field("RA"), Field("RS"), Rotate(2, fields)], &[rc], 0);
        }
        for (name, op, amount) in
            [("rlwinm", Op::Rlwinm, "SH"), ("rlwimi", Op::Rlwimi, "SH"), ("rlwnm", Op::Rlwnm, "RB")]
        {
            let slots = [Field("RA"), Field("RS"), Field(amount), Mask];
            add(format!("{name}{dot}"), op, &slots, &[rc], 0);
        }
        let rotlw = [Field("RA"), Field("RS"), Field("RB")];
        add(format!("rotlw{dot}"), Op::Rlwnm, &rotlw, &[rc, ("ME", 31)], 0);
    }
    add("crclr".into(), Op::Crxor, &[Thrice("BT", "BA", "BB")], &[], 0);
    add("crset".into(), Op::Creqv, &[Thrice("BT", "BA", "BB")], &[], 0);
    add("crmove".into(), Op::Cror, &[Field("BT"), Twice("BA", "BB")], &[], 0);
    add("crnot".into(), Op::Crnor, &[Field("BT"), Twice("BA", "BB")], &[], 0);
    for (name, number) in NAMED_SPRS.into_iter().chain(OTHER_SPRS) {
        // `mftb` is another instruction, which this processor does not have (ppu-isa 3.2).
        if !name.starts_with("tb") {
            add(format!("mf{name}"), Op::Mfspr, &[Field("RT")], &[("SPR", i64::from(number))], 0);
        }
        add(format!("mt{name}"), Op::Mtspr, &[Field("RS")], &[("SPR", i64::from(number))], 0);
    }
    add("trap".into(), Op::Tw, &[], &[("TO", 31)], 0);
    let other_names = [("lnl", 5), ("lng", 6), ("nl", 12), ("ng", 20)];
    for (name, to) in TRAP_CONDITIONS.into_iter().chain(other_names) {
        let to = ("TO", i64::from(to));
        add(format!("tw{name}"), Op::Tw, &[Field("RA"), Field("RB")], &[to], 0);
        add(format!("tw{name}i"), Op::Twi, &[Field("RA"), Field("SI")], &[to], 0);
    }
    for (name, level) in [("hwsync", 0), ("msync", 0), ("lwsync", 1), ("ptesync", 2)] {
        add(name.into(), Op::Sync, &[], &[], level << 21);
    }
    add("waitrsv".into(), Op::Wait, &[], &[("WC", 1)], 0);
    add("waitimpl".into(), Op::Wait, &[], &[("WC", 2)], 0);
}

/// More names for moves of special registers, which the disassembler does not use.
const OTHER_SPRS: [(&str, u16); 9] = [
    ("decar", 54),
    ("dear", 61),
    ("esr", 62),
    ("tsr", 336),
    ("tcr", 340),
    ("mcsrr0", 570),
    ("mcsrr1", 571),
    ("tbl", 284),
    ("tbu", 285),
];

/// Branches by condition: what stands behind `b`, BO, and where BI comes from.
fn branches(add: &mut Add<'_>) {
    add("blr".into(), Op::Bclr, &[], &[("BO", 20)], 0);
    add("blrl".into(), Op::Bclr, &[], &[("BO", 20), ("LK", 1)], 0);
    add("bctr".into(), Op::Bcctr, &[], &[("BO", 20)], 0);
    add("bctrl".into(), Op::Bcctr, &[], &[("BO", 20), ("LK", 1)], 0);
    let synonyms = [("nl", 4, 0), ("ng", 4, 1), ("un", 12, 3), ("nu", 4, 3)];
    let mut kinds: Vec<(&str, u8, Option<Slot>, bool)> = BRANCH_CONDITIONS
        .into_iter()
        .chain(synonyms)
        .map(|(name, bo, bit)| (name, bo, Some(Cr("BI", Some(i64::from(bit)))), true))
        .collect();
    kinds.extend([("t", 12, Some(Field("BI")), true), ("f", 4, Some(Field("BI")), true)]);
    kinds.extend([("dnz", 16, None, false), ("dz", 18, None, false)]);
    let counting = [("dnzt", 8), ("dnzf", 0), ("dzt", 10), ("dzf", 2)];
    kinds.extend(counting.map(|(name, bo)| (name, bo, Some(Field("BI")), false)));
    for (name, bo, slot, to_ctr) in kinds {
        let bit = if let Some(Cr(_, Some(bit))) = slot { bit } else { 0 };
        for (l, lk) in [("", 0), ("l", 1)] {
            for hint in ["", "+", "-"] {
                let fixed = [("BO", i64::from(bo)), ("BI", bit), ("LK", lk)];
                let slots: Vec<Slot> = slot.into_iter().collect();
                for (a, aa) in [("", 0), ("a", 1)] {
                    let fixed = [fixed[0], fixed[1], fixed[2], ("AA", aa)];
                    let slots = [&slots[..], &[Field("BD")]].concat();
                    add(format!("b{name}{l}{a}{hint}"), Op::Bc, &slots, &fixed, 0);
                }
                add(format!("b{name}lr{l}{hint}"), Op::Bclr, &slots, &fixed, 0);
                if to_ctr {
                    add(format!("b{name}ctr{l}{hint}"), Op::Bcctr, &slots, &fixed, 0);
                }
            }
        }
    }
}

fn form(head: &Token, name: &str) -> Result<&'static [Form]> {
    FORMS
        .get(name)
        .or_else(|| FORMS.get(&name.to_ascii_lowercase()))
        .map(Vec::as_slice)
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

/// The word of an instruction.
pub(super) fn instruction(head: &Token, name: &str, tokens: &[Token], scope: &dyn Scope) -> Result<u32> {
    let forms = form(head, name)?;
    let arguments = arguments(head, tokens)?;
    let count = arguments.len();
    let suitable = forms.iter().find(|form| {
        let least: usize = form.slots.iter().map(Slot::least).sum();
        let most: usize = form.slots.iter().map(Slot::most).sum();
        (least..=most).contains(&count)
    });
    let wrong = || {
        let usages: Vec<String> = forms.iter().map(Form::usage).collect();
        head.error(Problem::Operands(name.to_owned(), usages.join(" or ")))
    };
    let form = suitable.ok_or_else(wrong)?;
    let most: usize = form.slots.iter().map(Slot::most).sum();
    let context = Context { op: form.op, absolute: form.fixed.contains(&("AA", 1)), scope };
    let mut filled = Filled { fields: form.fixed.clone(), places: Vec::new(), extra: form.extra };
    let mut rest = &arguments[..];
    for slot in &form.slots {
        if count < most && matches!(slot, Cr(..)) || rest.is_empty() && slot.least() == 0 {
            continue;
        }
        let (taken, behind) = rest.split_at_checked(slot.most()).ok_or_else(wrong)?;
        rest = behind;
        if taken[0].base.is_some() != matches!(slot, Displaced(..)) {
            return Err(wrong());
        }
        context.fill(*slot, taken, &mut filled)?;
    }
    form.apply_hint(&mut filled.fields);
    let word = encode(form.op, &filled.fields).map_err(|error| filled.explain(head, error))?;
    Ok(word | filled.extra)
}

impl Form {
    fn usage(&self) -> String {
        let usage = self.slots.iter().map(|slot| slot.usage()).collect::<Vec<_>>().join(",");
        if usage.is_empty() { "none".to_owned() } else { usage }
    }

    /// `+` and `-` as the last bit of BO: it says that the branch does what is not expected by itself, which is to be
    /// taken backwards and not forwards.
    fn apply_hint(&self, fields: &mut [(&'static str, i64)]) {
        let Some(taken) = self.hint else { return };
        let backwards = fields.iter().any(|(name, value)| *name == "BD" && *value < 0);
        if let Some((_, bo)) = fields.iter_mut().find(|(name, _)| *name == "BO") {
            *bo |= i64::from(taken != backwards);
        }
    }
}

/// What operands have become.
struct Filled {
    fields: Vec<(&'static str, i64)>,
    /// Where the values of fields stand in the text.
    places: Vec<(&'static str, Token)>,
    extra: u32,
}

impl Filled {
    fn push(&mut self, name: &'static str, value: i64, from: &Expression) {
        self.fields.push((name, value));
        self.places.push((name, from.token.clone()));
    }

    /// The error at the operand that causes it.
    fn explain(&self, head: &Token, error: EncodeError) -> AssembleError {
        let place = |field: &str| self.places.iter().find(|(name, _)| *name == field).map(|(_, token)| token);
        let token = match &error {
            EncodeError::OutOfRange { field, .. } => place(field),
            EncodeError::Unaligned { .. } => place("BD").or(place("LI")),
            _ => None,
        };
        token.unwrap_or(head).error(Problem::Encode(error))
    }
}

impl Slot {
    fn usage(&self) -> String {
        match self {
            Field(name) | Twice(name, _) | Thrice(name, ..) => (*name).to_owned(),
            Negated(name) => format!("-{name}"),
            Optional(name) => format!("[{name}]"),
            Displaced(d, base) => format!("{d}({base})"),
            Cr(..) => "[CR]".to_owned(),
            Rotate(1, _) => "n".to_owned(),
            Rotate(..) => "n,b".to_owned(),
            Mask => "MASK".to_owned(),
            Bits(..) => "[L]".to_owned(),
        }
    }
}

struct Context<'a> {
    op: Op,
    absolute: bool,
    scope: &'a dyn Scope,
}

impl Context<'_> {
    /// `arguments` are as many as the slot takes.
    fn fill(&self, slot: Slot, arguments: &[Argument], filled: &mut Filled) -> Result<()> {
        let value = &arguments[0].value;
        match slot {
            Field(name) | Optional(name) => filled.push(name, self.field(name, value)?, value),
            Twice(a, b) => {
                filled.push(a, self.field(a, value)?, value);
                filled.push(b, self.field(b, value)?, value);
            }
            Thrice(a, b, c) => {
                let bit = self.field(a, value)?;
                [a, b, c].into_iter().for_each(|name| filled.push(name, bit, value));
            }
            Displaced(d, base) => {
                filled.push(d, self.field(d, value)?, value);
                if let Some(register) = &arguments[0].base {
                    filled.push(base, self.field(base, register)?, register);
                }
            }
            Negated(name) => filled.push(name, self.field(name, value)?.wrapping_neg(), value),
            Cr(name, bit) => {
                let cr = self.register(value, &["cr"])?;
                let field = bit.map_or(cr, |bit| cr.wrapping_mul(4).wrapping_add(bit));
                filled.push(name, field, value);
            }
            Rotate(_, f) => {
                let mut amounts = Vec::new();
                for argument in arguments {
                    let amount = argument.value.evaluate(self.scope)?;
                    if !(0..=32).contains(&amount) {
                        return Err(argument.value.token.error(Problem::Data(amount, 5)));
                    }
                    amounts.push(amount);
                }
                let [sh, mb, me] = f(&amounts);
                // Rotating by 32 is not rotating.
                filled.push("SH", if sh == 32 { 0 } else { sh }, value);
                filled.push("MB", mb, value);
                filled.push("ME", me, value);
            }
            Mask => {
                let mask = value.evaluate(self.scope)?;
                let bits = u32::try_from(mask).or(i32::try_from(mask).map(|mask| mask as u32));
                let run = bits.ok().and_then(mask_bounds);
                let (mb, me) =
                    run.ok_or_else(|| value.token.error(Problem::Expected("a mask of one run of ones")))?;
                filled.push("MB", i64::from(mb), value);
                filled.push("ME", i64::from(me), value);
            }
            Bits(shift, width) => {
                let bits = value.evaluate(self.scope)?;
                if !(0..1 << width).contains(&bits) {
                    return Err(value.token.error(Problem::Data(bits, width)));
                }
                filled.extra |= (bits as u32) << shift;
            }
        }
        Ok(())
    }

    fn operand(&self, name: &str) -> Option<&'static Operand> {
        self.op.info()?.operands.iter().find(|o| o.name == name)
    }

    /// The value of an operand for a field.
    fn field(&self, name: &str, value: &Expression) -> Result<i64> {
        let Some(operand) = self.operand(name) else { return value.evaluate(self.scope) };
        match operand.role {
            Role::GprRead
            | Role::GprReadOrZero
            | Role::GprWrite
            | Role::GprReadWrite
            | Role::GprReadRange
            | Role::GprWriteRange => self.register(value, &["r"]),
            Role::VectorRead | Role::VectorWrite => self.register(value, &["v", "vr"]),
            Role::CrFieldRead | Role::CrFieldWrite => self.register(value, &["cr"]),
            Role::CrBitRead | Role::CrBitWrite => value.evaluate(&ConditionBits(self.scope)),
            Role::SprSwappedHalves => match value.name().and_then(named_spr) {
                Some(number) => Ok(number),
                None => value.evaluate(self.scope),
            },
            Role::SignedWords => {
                let target = value.evaluate(self.scope)?;
                let from = if self.absolute { 0 } else { self.scope.here() };
                Ok(i64::from(target.wrapping_sub(from) as i32))
            }
            // A half means its bits, whatever the sign.
            Role::Signed if operand.width() == 16 && value.is_half() => {
                Ok(i64::from(value.evaluate(self.scope)? as i16))
            }
            // lis takes the upper half of an address as it is.
            Role::Signed if self.op == Op::Addis => {
                let value = value.evaluate(self.scope)?;
                Ok(if (0x8000..=0xffff).contains(&value) { value - 0x1_0000 } else { value })
            }
            Role::Unsigned if operand.width() == 16 => {
                let value = value.evaluate(self.scope)?;
                Ok(if (-0x8000..0).contains(&value) { value & 0xffff } else { value })
            }
            _ => value.evaluate(self.scope),
        }
    }

    /// A register by name or number.
    fn register(&self, value: &Expression, prefixes: &[&str]) -> Result<i64> {
        let Some(name) = value.name() else { return value.evaluate(self.scope) };
        let lower = name.to_ascii_lowercase();
        let named = prefixes.iter().find_map(|prefix| lower.strip_prefix(prefix)?.parse::<u8>().ok());
        if let Some(number) = named {
            return Ok(i64::from(number));
        }
        if lower == "sp" && prefixes == ["r"] {
            return Ok(1);
        }
        if register_number(name).is_some() {
            return Err(value.token.error(Problem::Register));
        }
        value.evaluate(self.scope)
    }
}

/// Names of condition fields and bits beside the symbols: `4*cr7+eq`.
struct ConditionBits<'a>(&'a dyn Scope);

impl Scope for ConditionBits<'_> {
    fn here(&self) -> i64 {
        self.0.here()
    }
    fn symbol(&self, name: &str) -> Option<i64> {
        let field = name.strip_prefix("cr").and_then(|n| n.parse::<u8>().ok()).filter(|n| *n < 8);
        let bit = CONDITION_BITS.iter().position(|bit| *bit == name).or((name == "un").then_some(3));
        field.map(i64::from).or(bit.map(|bit| bit as i64)).or_else(|| self.0.symbol(name))
    }
    fn numbered(&self, number: u32, direction: Direction) -> Option<i64> {
        self.0.numbered(number, direction)
    }
}

/// First and last bit of a run of ones, which may go around.
fn mask_bounds(mask: u32) -> Option<(u32, u32)> {
    if mask == 0 {
        return None;
    }
    let around = mask & 1 != 0 && mask >> 31 != 0 && mask != u32::MAX;
    let run = if around { !mask } else { mask };
    let (first, last) = (run.leading_zeros(), 31 - run.trailing_zeros());
    let full = crate::instruction::rotate_mask(first, last) == run;
    match (full, around) {
        (false, _) => None,
        (true, false) => Some((first, last)),
        (true, true) => Some((last + 1, first - 1)),
    }
}

/// The number of a register of any kind, by its name.
pub(super) fn register_number(name: &str) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = &name[..name.len() - digits.len()];
    let most = match prefix {
        "r" | "v" | "vr" => 31,
        "cr" => 7,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= most)
}

fn named_spr(name: &str) -> Option<i64> {
    Spr::ALL.iter().find(|spr| spr.name().eq_ignore_ascii_case(name)).map(|spr| i64::from(spr.number()))
}

/// A mnemonic that the assembler accepts, with one way to write its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnemonic {
    /// As it is written.
    pub name: &'static str,
    /// What it stands for.
    pub op: Op,
    /// Names of fields in the order of the text; `[CR]`, `[L]` and fields in brackets may be left out, `D(RA)` is
    /// written like that, `-SI` is negated, `n`, `n,b` and `MASK` stand for the fields of a rotation.
    pub operands: String,
}

/// All mnemonics, by name; those with several forms several times.
pub fn mnemonics() -> impl Iterator<Item = Mnemonic> {
    FORMS.iter().flat_map(|(name, forms)| {
        let usage = |form: &Form| form.slots.iter().map(Slot::usage).collect::<Vec<_>>().join(",");
        forms.iter().map(move |form| Mnemonic { name, op: form.op, operands: usage(form) })
    })
}
