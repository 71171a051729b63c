//! The vector instructions for a tool chain that does not know them: GNU assembler macros and C functions, made from the
//! instruction table (ppu-isa 5.2).

use ppu_isa::table::{Format, INSTRUCTIONS, OpInfo, Operand, Role};

/// Names that the vendor's assembler uses instead of those of the table (ppu-isa 11).
const OTHER_NAMES: [(&str, &str); 2] = [("fxvaddactacb", "fxvaddactacbm"), ("fxvaddtachm", "fxvaddtach")];

const NOTICE: &str = "Generated from the instruction table by `cargo run -p bss2-firmware --bin generate-macros`; do not edit.";

/// The generated files: path within the firmware's folder, and content.
pub fn files() -> [(&'static str, String); 3] {
    [
        ("include/bss2/fxv.inc", assembler_macros()),
        ("include/bss2/fxv.h", c_functions()),
        ("programs/vector_instructions.c", program()),
    ]
}

/// The vector instructions in the order of their codes.
pub fn instructions() -> Vec<&'static OpInfo> {
    let mut rows: Vec<_> = INSTRUCTIONS.iter().filter(|row| row.format == Format::FXV).collect();
    rows.sort_by_key(|row| row.matching);
    rows
}

/// The operands that a programmer writes.
fn written(row: &OpInfo) -> impl Iterator<Item = &'static Operand> {
    row.operands.iter().filter(|operand| operand.role != Role::Ignored)
}

/// Whether an operand may be left out, and is 0 then.
fn optional(operand: &Operand) -> bool {
    matches!(operand.role, Role::Condition | Role::ShiftCount)
}

fn assembler_macros() -> String {
    let mut text = format!(
        "# {NOTICE}\n#\n# The {} instructions of the vector unit as macros for an assembler that does not know them \
         (ppu-isa 5.2).\n# Registers are plain numbers; sources that pass through the C preprocessor get names from \
         bss2/assembly.h.\n",
        instructions().len()
    );
    for row in instructions() {
        let mut parameters = Vec::new();
        let mut word = vec![format!("{:#010x}", row.matching)];
        for operand in written(row) {
            let name = operand.name.to_lowercase();
            let mask = (1u32 << operand.width()) - 1;
            word.push(format!("((\\{name}) & {mask}) << {}", 31 - operand.last));
            parameters.push(if optional(operand) { format!("{name}=0") } else { name });
        }
        let other = OTHER_NAMES.iter().filter(|(name, _)| *name == row.mnemonic).map(|(_, other)| *other);
        text += &format!("\n# {}\n", row.meaning);
        for name in std::iter::once(row.mnemonic).chain(other) {
            text +=
                &format!(".macro {name} {}\n\t.long {}\n.endm\n", parameters.join(", "), word.join(" | "));
        }
    }
    text
}

fn c_functions() -> String {
    let mut text = format!(
        "/* {NOTICE} */\n
/* The {} instructions of the vector unit as C functions (ppu-isa 5.2 to 5.9).
 *
 * The compiler knows nothing of vector registers: every operand is named (V0 .. V31), it allocates none and saves none. All of
 * these are volatile, so they stay in program order among each other. ACC and VCR are what the previous instruction left.
 * A function `..._if` works on the lanes selected by its condition.
 */
#pragma once

#include <stdint.h>

#include \"bss2/vector_registers.h\"

__asm__(\".include \\\"bss2/fxv.inc\\\"\");

#define FXV_INLINE static inline __attribute__((always_inline))
",
        instructions().len()
    );
    for row in instructions() {
        text += &format!("\n/* {} */\n", row.meaning);
        text += &c_function(row, false);
        if written(row).any(|operand| operand.role == Role::Condition) {
            text += &c_function(row, true);
        }
    }
    text
}

/// One wrapper. Accesses to memory and ports take a pointer or an address, with RA = 0.
fn c_function(row: &OpInfo, conditional: bool) -> String {
    let stem = row.mnemonic.trim_start_matches("fxv");
    let mut parameters = Vec::new();
    let mut template = Vec::new();
    let mut inputs = Vec::new();
    let mut memory = "";
    for operand in written(row) {
        let name = operand.name.to_lowercase();
        let (parameter, constraint, name) = match operand.role {
            Role::VectorRead | Role::VectorWrite => (format!("enum vector_register {name}"), "n", name),
            Role::GprReadOrZero => {
                template.push("0".to_owned());
                memory = " : \"memory\"";
                continue;
            }
            // The scalar operand of a splat: not register 0, whose hazard check the hardware skips (ppu-isa 4.2).
            Role::GprRead if memory.is_empty() => ("int32_t value".into(), "b", "value".into()),
            Role::GprRead => match row.mnemonic {
                "fxvlax" => ("const void *address".into(), "r", "address".into()),
                "fxvstax" => ("void *address".into(), "r", "address".into()),
                _ => ("uint32_t address".into(), "r", "address".into()),
            },
            Role::Condition if conditional => {
                parameters.insert(0, "enum condition condition".into());
                template.push(format!("%{}", inputs.len()));
                inputs.push("\"n\"(condition)".to_owned());
                continue;
            }
            Role::Condition => continue,
            Role::ShiftCount => ("int count".into(), "n", "count".into()),
            // The amount of a shift is the only operand left.
            _ => ("int amount".into(), "n", "amount".into()),
        };
        template.push(format!("%{}", inputs.len()));
        inputs.push(format!("\"{constraint}\"({name})"));
        parameters.push(parameter);
    }
    let suffix = if conditional { "_if" } else { "" };
    format!(
        "FXV_INLINE void fxv_{stem}{suffix}({})\n{{\n\t__asm__ volatile(\"{} {}\" : : {}{memory});\n}}\n",
        parameters.join(", "),
        row.mnemonic,
        template.join(", "),
        inputs.join(", ")
    )
}

/// A program that calls every function once: with V1, V2, V3, amount -1, count 2, and `IF_LESS` behind the form without a condition.
fn program() -> String {
    let mut text = format!(
        "/* {NOTICE} */\n
/* Executes every vector instruction once: a check of the macros rather than an example. */
#include \"bss2/vectors.h\"

static struct bytes memory;

int main(void)
{{
"
    );
    for row in instructions() {
        let mut registers = ["V1", "V2", "V3"].into_iter();
        let arguments: Vec<&str> = written(row)
            .filter_map(|operand| match operand.role {
                Role::VectorRead | Role::VectorWrite => registers.next(),
                Role::GprReadOrZero | Role::Condition => None,
                Role::GprRead => Some(match row.mnemonic {
                    "fxvlax" | "fxvstax" => "&memory",
                    "fxvinx" | "fxvoutx" => "0x40000",
                    _ => "0x1234",
                }),
                Role::ShiftCount => Some("2"),
                _ => Some("-1"),
            })
            .collect();
        let stem = row.mnemonic.trim_start_matches("fxv");
        let arguments = arguments.join(", ");
        text += &format!("\tfxv_{stem}({arguments});\n");
        if written(row).any(|operand| operand.role == Role::Condition) {
            text += &format!("\tfxv_{stem}_if(IF_LESS, {arguments});\n");
        }
    }
    text + "\treturn 0;\n}\n"
}
