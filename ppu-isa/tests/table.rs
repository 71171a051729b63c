//! The table against that of the specification, field by field.

use std::collections::BTreeSet;
use std::path::Path;

use ppu_isa::instruction::identify;
use ppu_isa::spr::SprAccess;
use ppu_isa::table::{Format, Lanes, OpInfo, Overflow, Record, Role, implicit};
use ppu_isa::{Class, INSTRUCTIONS, Interrupt, Op, Spr, assemble};
use toml::{Table, Value};

fn specification() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/ppu/instructions.toml");
    std::fs::read_to_string(path).expect("readable table").parse().expect("valid TOML")
}

fn rows<'a>(specification: &'a Table, name: &str) -> Vec<&'a Table> {
    specification[name]
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| row.as_table().expect("a table"))
        .collect()
}

fn text<'a>(row: &'a Table, field: &str) -> &'a str {
    row[field].as_str().expect("a string")
}

fn texts(row: &Table, field: &str) -> Vec<String> {
    let list = row.get(field).and_then(Value::as_array).into_iter().flatten();
    list.map(|value| value.as_str().expect("a string").to_owned()).collect()
}

fn number(row: &Table, field: &str) -> u32 {
    row[field].as_integer().expect("a number") as u32
}

fn ours(row: &Table) -> &'static OpInfo {
    let name = text(row, "mnemonic");
    INSTRUCTIONS.iter().find(|info| info.mnemonic == name).unwrap_or_else(|| panic!("{name} is missing"))
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::GprRead => "gpr_r",
        Role::GprReadOrZero => "gpr_r0",
        Role::GprWrite => "gpr_w",
        Role::GprReadWrite => "gpr_rw",
        Role::GprReadRange => "gpr_r_range",
        Role::GprWriteRange => "gpr_w_range",
        Role::Signed => "simm",
        Role::Unsigned => "uimm",
        Role::SignedWords => "simm_words",
        Role::CrFieldRead => "crf_r",
        Role::CrFieldWrite => "crf_w",
        Role::CrBitRead => "crb_r",
        Role::CrBitWrite => "crb_w",
        Role::CrFieldMask => "cr_field_mask",
        Role::FormSelect => "form_select",
        Role::SprSwappedHalves => "spr_swapped_halves",
        Role::BranchOption => "branch_option",
        Role::TrapCondition => "trap_cond",
        Role::WaitCondition => "wait_condition",
        Role::Flag => "flag",
        Role::VectorRead => "vr_r",
        Role::VectorWrite => "vr_w",
        Role::Condition => "condition",
        Role::ShiftCount => "shift_count",
        Role::Ignored => "ignored",
    }
}

fn format_name(format: Format) -> String {
    format!("{format:?}")
}

/// What the specification says about flags, from the columns of the table.
fn flags(info: &OpInfo) -> String {
    let lanes = match info.lanes {
        Lanes::None => None,
        Lanes::Halfwords => Some("lanes: 64 halfword"),
        Lanes::Bytes => Some("lanes: 128 byte"),
        Lanes::Slices => Some("lanes: per 16-byte slice"),
        Lanes::Words => Some("lanes: 32 words"),
        Lanes::Port if info.op == Op::Fxvinx => Some("lanes: one parallel-bus read"),
        Lanes::Port => Some("lanes: one parallel-bus write"),
    };
    if let Some(lanes) = lanes {
        return lanes.to_owned();
    }
    let carry = info.writes & implicit::CA != 0;
    let parts = [
        (carry && info.record == Record::Always).then_some("XER.CA, CR0 always"),
        (carry && info.record != Record::Always).then_some("XER.CA always"),
        (!carry && info.record == Record::Always).then_some("CR0 always"),
        (info.record == Record::Selected).then_some("CR0 if Rc"),
        (info.overflow == Overflow::Selected).then_some("XER.OV,SO if OE"),
        (info.class == Class::AluCr).then_some("CR[BF]"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The names of variants, from the columns of the table.
fn variants(info: &OpInfo) -> BTreeSet<String> {
    let has = |field: &str| info.operands.iter().any(|o| o.name == field);
    let endings = |ending: &'static str, present: bool| if present { vec!["", ending] } else { vec![""] };
    let mut names = BTreeSet::new();
    for o in endings("o", info.overflow == Overflow::Selected) {
        for dot in endings(".", info.record == Record::Selected) {
            for l in endings("l", has("LK")) {
                for a in endings("a", has("AA")) {
                    names.insert(format!("{}{o}{l}{a}{dot}", info.mnemonic));
                }
            }
        }
    }
    names
}

/// The implicit state that an entry of `reads` or `writes` names, or 0 if it names an operand of the instruction.
fn implicit_state(info: &OpInfo, entry: &str) -> u32 {
    let name = entry.split(" (").next().unwrap_or(entry);
    let operand = match name {
        "GPR RA" => "RA",
        "GPR[RS..31]" => "RS",
        "GPR[RT..31]" => "RT",
        "CR[fields]" => "FXM",
        _ => name.strip_prefix("CR[").and_then(|n| n.strip_suffix(']')).unwrap_or(name),
    };
    if let Some(operand) = info.operands.iter().find(|o| o.name == operand) {
        let zero = entry == "RA (if field != 0)";
        assert_eq!(zero, operand.role == Role::GprReadOrZero, "{}: {entry}", info.mnemonic);
        return 0;
    }
    if entry == "VCR (if COND != 0)" {
        assert!(info.operands.iter().any(|o| o.role == Role::Condition), "{}: {entry}", info.mnemonic);
        return 0;
    }
    match name {
        "CR0" => implicit::CR0,
        "CR" => implicit::CR,
        "XER.CA" => implicit::CA,
        "XER.SO" => implicit::SO,
        "LR" => implicit::LR,
        "CTR" => implicit::CTR,
        "MSR" => implicit::MSR,
        "SRR0" => implicit::SRR0,
        "SRR1" => implicit::SRR1,
        "CSRR0" => implicit::CSRR0,
        "CSRR1" => implicit::CSRR1,
        "MCSRR0" => implicit::MCSRR0,
        "MCSRR1" => implicit::MCSRR1,
        "PC" => implicit::PC,
        "ACC" => implicit::ACC,
        "VCR" => implicit::VCR,
        "mem" => implicit::MEM,
        "synapse array / mapped device" => implicit::PORT,
        "(SRR0,SRR1,ESR,MSR on trap)" => implicit::TRAP,
        _ => panic!("{}: unknown state {entry}", info.mnemonic),
    }
}

#[test]
fn the_table_lists_the_instructions_of_the_specification() {
    let specification = specification();
    let theirs = rows(&specification, "instruction");
    assert_eq!(theirs.len(), 163);
    assert_eq!(INSTRUCTIONS.len(), 163);
    for (n, info) in INSTRUCTIONS.iter().enumerate() {
        assert_eq!(info.op as usize, n, "{} is at its index", info.mnemonic);
    }
}

#[test]
fn every_column_is_that_of_the_specification() {
    let specification = specification();
    for row in rows(&specification, "instruction") {
        let info = ours(row);
        let name = info.mnemonic;
        assert_eq!(info.matching, number(row, "match"), "{name} match");
        assert_eq!(info.mask, number(row, "mask"), "{name} mask");
        assert_eq!(info.matching >> 26, number(row, "opcd"), "{name} opcd");
        assert_eq!(format_name(info.format), text(row, "format"), "{name} format");
        assert_eq!(info.class.name(), text(row, "timing"), "{name} timing class");
        assert_eq!(info.class.unit().name(), text(row, "unit"), "{name} unit");
        assert_eq!(info.meaning, text(row, "semantics"), "{name} semantics");
        assert_eq!(flags(info), text(row, "flags"), "{name} flags");
        let record = match info.record {
            Record::Never => "none",
            Record::Selected => "bit31",
            Record::Always => "always",
        };
        assert_eq!(record, text(row, "rc"), "{name} rc");
        assert_eq!(Some(info.overflow == Overflow::Selected), row["oe_bit21"].as_bool(), "{name} oe");
        assert_eq!(variants(info), texts(row, "variants").into_iter().collect(), "{name} variants");
    }
}

#[test]
fn extended_opcodes_lie_where_the_specification_says() {
    let specification = specification();
    for row in rows(&specification, "instruction").into_iter().filter(|row| row.contains_key("xo")) {
        let info = ours(row);
        let bits = row["xo_bits"].as_array().expect("two bits");
        let (first, last) = (bits[0].as_integer().expect("a bit"), bits[1].as_integer().expect("a bit"));
        let mask = (u32::MAX >> first) & (u32::MAX << (31 - last));
        assert_eq!(info.mask, 0xfc00_0000 | mask, "{}", info.mnemonic);
        assert_eq!((info.matching & mask) >> (31 - last), number(row, "xo"), "{}", info.mnemonic);
    }
}

#[test]
fn operands_have_the_fields_and_roles_of_the_specification() {
    let specification = specification();
    for row in rows(&specification, "instruction") {
        let info = ours(row);
        let theirs: Vec<(String, i64, i64, String)> = row["operands"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|o| {
                let o = o.as_table().expect("a table");
                let bits = o["bits"].as_array().expect("two bits");
                let bit = |n: usize| bits[n].as_integer().expect("a bit");
                (text(o, "name").to_owned(), bit(0), bit(1), text(o, "role").to_owned())
            })
            .collect();
        let ours: Vec<_> = info
            .operands
            .iter()
            .map(|o| (o.name.to_owned(), i64::from(o.first), i64::from(o.last), role_name(o.role).to_owned()))
            .collect();
        assert_eq!(ours, theirs, "{}", info.mnemonic);
    }
}

#[test]
fn implicit_reads_and_writes_are_those_of_the_specification() {
    let specification = specification();
    for row in rows(&specification, "instruction") {
        let info = ours(row);
        let set = |field| texts(row, field).iter().fold(0, |set, entry| set | implicit_state(info, entry));
        // Comparisons and recorded results copy SO; the specification lists it for some of them.
        let copies_so =
            if info.class == Class::AluCr || info.record == Record::Always { implicit::SO } else { 0 };
        // It leaves out that loads read memory and fxvinx the port.
        let loads = match info.class {
            Class::Load | Class::LoadUpdate => implicit::MEM,
            Class::Multiple if info.op == Op::Lmw => implicit::MEM,
            Class::VecPlsIn => implicit::PORT,
            _ => 0,
        };
        assert_eq!(info.reads | copies_so, set("reads") | copies_so | loads, "{} reads", info.mnemonic);
        assert_eq!(info.writes, set("writes"), "{} writes", info.mnemonic);
    }
}

#[test]
fn names_that_assemblers_use_are_understood() {
    let specification = specification();
    for row in rows(&specification, "instruction") {
        for alias in texts(row, "assembler_aliases") {
            let operands = [
                "", "r3", "r3,r4", "r3,r4,r5", "r3,4", "r3,r4,5", "r3,0(r4)", "r3,0x80", "0x80,r3", "v3",
                "v3,v4",
            ];
            let known = operands.iter().any(|operands| {
                let assembled = assemble(&format!("{alias} {operands}"), 0);
                assembled.is_ok_and(|program| identify(program.words()[0]) == ours(row).op)
            });
            assert!(known, "{alias} for {}", text(row, "mnemonic"));
        }
    }
}

#[test]
fn a_word_matches_at_most_one_row() {
    for a in &INSTRUCTIONS {
        for b in INSTRUCTIONS.iter().filter(|b| b.op != a.op) {
            let common = a.mask & b.mask;
            assert_ne!(a.matching & common, b.matching & common, "{} and {}", a.mnemonic, b.mnemonic);
        }
    }
}

#[test]
fn special_registers_are_those_of_the_specification() {
    let specification = specification();
    let theirs = rows(&specification, "spr");
    assert_eq!(theirs.len(), Spr::ALL.len());
    for row in theirs {
        let spr = Spr::from_number(number(row, "number") as u16).expect("known register");
        assert_eq!(spr.name(), text(row, "name"));
        assert_eq!(spr.mask(), number(row, "implemented_mask"), "{}", spr.name());
        let access = match spr.access() {
            SprAccess::ReadWrite => "rw",
            SprAccess::Read => "r",
            SprAccess::Write => "w",
            SprAccess::WriteOneToClear => "rw1c",
        };
        assert_eq!(access, text(row, "access"), "{}", spr.name());
        let n = u32::from(spr.number());
        assert_eq!(number(row, "raw_field"), (n & 31) << 5 | n >> 5, "{}", spr.name());
    }
}

#[test]
fn interrupt_vectors_are_those_of_the_specification() {
    let specification = specification();
    let ours = [
        ("external_input", Interrupt::ExternalInput),
        ("alignment", Interrupt::Alignment),
        ("program", Interrupt::Program),
        ("doorbell", Interrupt::Doorbell),
        ("fit", Interrupt::FixedInterval),
        ("decrementer", Interrupt::Decrementer),
    ];
    let reachable =
        rows(&specification, "interrupt").into_iter().filter(|row| row["reachable"].as_bool() == Some(true));
    let mut found = 0;
    for row in reachable.filter(|row| text(row, "name") != "reset") {
        let interrupt = ours.iter().find(|(name, _)| *name == text(row, "name")).expect("known interrupt").1;
        assert_eq!(interrupt.vector(), number(row, "vector"), "{interrupt:?}");
        found += 1;
    }
    assert_eq!(found, ours.len());
}
