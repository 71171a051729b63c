//! What instructions look like in assembly text, for assembler and disassembler alike (binutils syntax).

use crate::table::{Op, OpInfo, Operand, Role};

/// How an operand is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A field by itself.
    Field(&'static Operand),
    /// `D(RA)`.
    Displaced(&'static Operand, &'static Operand),
    /// A last field that is left out when it is zero.
    Optional(&'static Operand),
}

/// The operands of an instruction in the order of the text.
pub(crate) fn parts(info: &'static OpInfo) -> Vec<Part> {
    let of = |name: &str| info.operands.iter().find(|o| o.name == name);
    let first = info.operands.first();
    let written_ra = of("RA").filter(|ra| matches!(ra.role, Role::GprWrite | Role::GprReadWrite));
    // Logic, shifts and rotates name the target RA before the source RS.
    let target_first =
        written_ra.filter(|_| first.is_some_and(|o| o.name == "RS") && of("D").is_none() && !is_store(info));
    let mut order: Vec<&'static Operand> = Vec::new();
    order.extend(target_first);
    match info.op {
        Op::Mtspr => order.extend(of("SPR")),
        Op::Mtcrf => order.extend(of("FXM")),
        _ => {}
    }
    for operand in info.operands {
        if !order.contains(&operand) {
            order.push(operand);
        }
    }
    let mut parts = Vec::new();
    for operand in order {
        match (operand.name, operand.role) {
            ("D", _) => {
                if let (Some(Part::Field(_)), Some(base)) = (parts.last(), of("RA")) {
                    parts.pop();
                    parts.push(Part::Displaced(operand, base));
                }
            }
            (_, Role::Flag | Role::FormSelect) => {}
            ("BH" | "COND" | "C" | "WC", _) => parts.push(Part::Optional(operand)),
            _ => parts.push(Part::Field(operand)),
        }
    }
    parts
}

fn is_store(info: &OpInfo) -> bool {
    matches!(info.class.name(), "store" | "store_update" | "multiple")
}

/// The name assemblers know an instruction by, where it differs from the processor's documentation (ppu-isa 11).
pub(crate) fn assembler_name(info: &OpInfo) -> &'static str {
    match info.op {
        Op::Fxvaddactacb => "fxvaddactacbm",
        Op::Fxvaddtachm => "fxvaddtach",
        _ => info.mnemonic,
    }
}

/// Condition bits by name, in the order LT, GT, EQ, SO.
pub(crate) const CONDITION_BITS: [&str; 4] = ["lt", "gt", "eq", "so"];

/// A simplified mnemonic for a conditional branch: name, BO without hint, bit in the field.
pub(crate) const BRANCH_CONDITIONS: [(&str, u8, u8); 8] = [
    ("lt", 12, 0),
    ("gt", 12, 1),
    ("eq", 12, 2),
    ("so", 12, 3),
    ("ge", 4, 0),
    ("le", 4, 1),
    ("ne", 4, 2),
    ("ns", 4, 3),
];

/// Names of trap conditions by TO.
pub(crate) const TRAP_CONDITIONS: [(&str, u8); 11] = [
    ("lgt", 1),
    ("llt", 2),
    ("eq", 4),
    ("lge", 5),
    ("lle", 6),
    ("gt", 8),
    ("ge", 12),
    ("lt", 16),
    ("le", 20),
    ("ne", 24),
    ("u", 31),
];

/// Special registers with a move mnemonic of their own: `mflr` and so on. The time base is not among them: `mftb`
/// means another instruction, which this processor does not have (ppu-isa 3.2).
pub(crate) const NAMED_SPRS: [(&str, u16); 8] = [
    ("xer", 1),
    ("lr", 8),
    ("ctr", 9),
    ("dec", 22),
    ("srr0", 26),
    ("srr1", 27),
    ("csrr0", 58),
    ("csrr1", 59),
];
