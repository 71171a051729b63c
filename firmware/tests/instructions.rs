//! Every instruction of every image exists on the processor and does there what the compiler believes.

use std::collections::BTreeSet;

use bss2_firmware::PROGRAMS;
use object::{Object, ObjectSection, SectionFlags};
use ppu_isa::{Instruction, Op, Spr};

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

fn check(holds: impl Fn(&Instruction) -> bool) {
    for program in PROGRAMS {
        for (address, instruction) in code(program.image) {
            let word = instruction.word();
            assert!(
                holds(&instruction),
                "{:?} {word:08x} at {address:#x} of {}",
                instruction.op(),
                program.name
            );
        }
    }
}

#[test]
fn every_word_is_an_instruction_of_the_processor() {
    check(|instruction| instruction.op() != Op::Unknown);
}

#[test]
fn no_shift_has_a_variable_amount() {
    // Amounts from 32 act as amount - 32, while compiled 64-bit shifts count on 0 (ppu-isa 4.2).
    check(|instruction| !matches!(instruction.op(), Op::Slw | Op::Srw | Op::Sraw));
}

#[test]
fn no_halfword_load_has_a_negative_displacement() {
    // The hardware description zero-extends it (ppu-isa 4.2).
    let negative = |instruction: &Instruction| instruction.field("D").unwrap() & 0x8000 != 0;
    check(|instruction| !matches!(instruction.op(), Op::Lha | Op::Lhau) || !negative(instruction));
}

#[test]
fn every_special_register_exists() {
    let number = |word: u32| ((word >> 16 & 31) | (word >> 11 & 31) << 5) as u16;
    check(|instruction| {
        !matches!(instruction.op(), Op::Mfspr | Op::Mtspr)
            || Spr::from_number(number(instruction.word())).is_some()
    });
}

#[test]
fn every_wait_sleeps() {
    check(|instruction| instruction.op() != Op::Wait || instruction.word() == 0x7c00_007c);
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
        let path = format!("{}/include/bss2/{name}", env!("CARGO_MANIFEST_DIR"));
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            written == text,
            "run `cargo run -p bss2-firmware --bin generate-macros`: {name} is not up to date"
        );
    }
}
