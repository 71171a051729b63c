//! Every instruction of every image exists on the processor and does there what the compiler believes.

use std::collections::BTreeSet;

use bss2_firmware::PROGRAMS;
use object::{Object, ObjectSection, SectionFlags};
use ppu_isa::Instruction;
use ppu_isa::table::{Format, Role};

/// Address and instruction of every word of the executable sections.
fn code(image: &[u8]) -> Vec<(u64, Instruction)> {
    let file = object::File::parse(image).unwrap();
    let mut code = Vec::new();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { panic!("not an ELF section") };
        if sh_flags.0 & object::elf::SHF_EXECINSTR.0 == 0 {
            continue;
        }
        for (index, word) in section.data().unwrap().chunks_exact(4).enumerate() {
            let word = u32::from_be_bytes(word.try_into().unwrap());
            code.push((section.address() + 4 * index as u64, Instruction::decode(word)));
        }
    }
    assert!(!code.is_empty());
    code
}

#[test]
fn every_word_is_an_instruction_and_does_what_the_compiler_believes() {
    for program in PROGRAMS {
        for (address, instruction) in code(program.image) {
            let word = instruction.word();
            let finding = bss2_firmware::check::check(word);
            assert_eq!(finding, None, "{word:08x} at {address:#x} of {}", program.name);
        }
    }
}

#[test]
fn the_programs_use_the_vector_unit() {
    let used: BTreeSet<&str> = PROGRAMS
        .iter()
        .flat_map(|program| code(program.image))
        .filter_map(|(_, instruction)| instruction.op().info().map(|row| row.mnemonic))
        .filter(|mnemonic| mnemonic.starts_with("fxv"))
        .collect();
    for expected in ["fxvinx", "fxvoutx", "fxvlax", "fxvstax", "fxvmulbfs", "fxvcmpb", "fxvsel", "fxvupckbl"]
    {
        assert!(used.contains(expected), "{expected} is not among {used:?}");
    }
}

#[test]
fn the_vector_macros_are_those_of_the_instruction_table() {
    for (name, text) in bss2_firmware::vector_macros::files() {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            written == text,
            "run `cargo run -p bss2-firmware --bin generate-macros`: {name} is not up to date"
        );
    }
}

#[test]
fn every_vector_function_is_the_instruction_of_its_name() {
    let mut found = code(bss2_firmware::VECTOR_INSTRUCTIONS.image)
        .into_iter()
        .map(|(_, instruction)| instruction)
        .filter(|instruction| instruction.op().info().is_some_and(|row| row.format == Format::FXV));
    for row in bss2_firmware::vector_macros::instructions() {
        let conditional = row.operands.iter().any(|operand| operand.role == Role::Condition);
        for condition in if conditional { vec![0, 2] } else { vec![0] } {
            let instruction = found.next().unwrap();
            assert_eq!(instruction.op(), row.op);
            let mut registers = 1..;
            for operand in row.operands {
                let value = instruction.field(operand.name).unwrap();
                let expected = match operand.role {
                    Role::VectorRead | Role::VectorWrite => registers.next().unwrap(),
                    Role::GprReadOrZero | Role::Ignored => 0,
                    Role::Condition => condition,
                    Role::ShiftCount => 2,
                    Role::Signed => 31, // -1 in five bits
                    Role::GprRead => {
                        assert_ne!(value, 0, "the compiler must not choose register 0");
                        continue;
                    }
                    other => panic!("{other:?} is no operand of a vector instruction"),
                };
                assert_eq!(
                    value,
                    expected,
                    "{} of {} {:08x}",
                    operand.name,
                    row.mnemonic,
                    instruction.word()
                );
            }
        }
    }
    assert_eq!(found.next(), None);
}
