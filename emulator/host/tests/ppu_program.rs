//! ELF files for the plasticity processors: the host software's own answers as the oracle, and hostile files.

use base64::Engine;
use bss2_host::ppu_program::{Contents, PpuMemory, PpuProgram, PpuProgramError, SymbolKind, mailbox_text};
use proptest::prelude::*;
use serde_json::Value;

/// Files and what the official host library made of them.
fn golden() -> Vec<(Vec<u8>, Value)> {
    include_str!("../../../tests/golden/host/ppu-elf.jsonl")
        .lines()
        .map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let text = record["elf_base64"].as_str().unwrap();
            (base64::engine::general_purpose::STANDARD.decode(text).unwrap(), record)
        })
        .collect()
}

fn valid() -> Vec<u8> {
    golden().swap_remove(0).0
}

/// A symbol in the notation of the golden data.
fn coordinate(memory: PpuMemory, offset: u32, size: u32) -> String {
    let last = offset + size - 1;
    match memory {
        PpuMemory::Internal => format!(
            "PPUMemoryBlockOnPPU([PPUMemoryWordOnPPU({}), PPUMemoryWordOnPPU({})])",
            offset / 4,
            last / 4
        ),
        PpuMemory::External => format!(
            "ExternalPPUMemoryBlockOnFPGA([ExternalPPUMemoryByteOnFPGA({offset}), ExternalPPUMemoryByteOnFPGA({last})])"
        ),
        PpuMemory::ExternalDram => unreachable!("no golden record has symbols in DRAM"),
    }
}

#[test]
fn memory_images_are_those_of_the_host_library() {
    for (file, record) in golden() {
        let program = PpuProgram::parse(&file).unwrap();
        let words: Vec<String> =
            program.internal_words().iter().map(|word| format!("{word:#010x}")).collect();
        assert_eq!(Value::from(words), record["internal_words"], "{}", record["name"]);
        let hex = |memory| {
            program
                .image(memory)
                .map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        };
        assert!(
            Value::from(hex(PpuMemory::External)) == record["external_bytes"],
            "FPGA memory of {}",
            record["name"]
        );
        assert_eq!(Value::from(hex(PpuMemory::ExternalDram)), record["external_dram_bytes"]);
    }
}

#[test]
fn symbols_are_those_of_the_host_library() {
    for (file, record) in golden() {
        let program = PpuProgram::parse(&file).unwrap();
        let found: Vec<Value> = program
            .symbols
            .iter()
            .map(|(name, symbol)| {
                let kind = match symbol.kind {
                    SymbolKind::Function => "function",
                    SymbolKind::Object => "object",
                    SymbolKind::Other => "other",
                };
                let place = coordinate(symbol.memory, symbol.offset, symbol.size);
                serde_json::json!({"name": name, "type": kind, "coordinate": place})
            })
            .collect();
        assert_eq!(Value::from(found), record["symbols"], "{}", record["name"]);
    }
}

#[test]
fn a_variable_is_found_by_name_and_by_place() {
    let program = PpuProgram::parse(&valid()).unwrap();
    let half = program.symbol("half").unwrap();
    assert_eq!((half.memory, half.size, half.words()), (PpuMemory::Internal, 2, 34..35));
    assert_eq!(program.symbol_at(PpuMemory::Internal, half.offset + 1).unwrap().0, "half");
    assert_eq!(program.symbol_at(PpuMemory::External, 19).unwrap().0, "far_function");
    assert_eq!(program.symbol_at(PpuMemory::Internal, 0x3fff), None);
    assert!(program.symbol("nothing").is_none());
}

#[test]
fn uninitialised_variables_are_zeros_without_bytes_in_the_file() {
    let program = PpuProgram::parse(&valid()).unwrap();
    let bss = program.internal.iter().find(|segment| segment.section == "int.bss").unwrap();
    assert_eq!(bss.contents, Contents::Zeros(20));
    assert!(!bss.executable && program.internal[0].executable);
}

#[test]
fn files_for_other_machines_are_named_as_such() {
    let with = |position: usize, value: u8| {
        let mut file = valid();
        file[position] = value;
        PpuProgram::parse(&file).unwrap_err()
    };
    assert_eq!(with(0, 0), PpuProgramError::NotElf(valid().len()));
    assert_eq!(with(4, 2), PpuProgramError::Class64);
    assert_eq!(with(5, 1), PpuProgramError::LittleEndian);
    assert_eq!(with(19, 3), PpuProgramError::Machine(3));
    assert_eq!(with(17, 1), PpuProgramError::NotExecutable(1));
    assert_eq!(PpuProgram::parse(b"").unwrap_err(), PpuProgramError::NotElf(0));
}

/// Offset of the header of a section in a file, by its position in the section table.
fn section_header(file: &[u8], index: usize) -> usize {
    u32::from_be_bytes(file[32..36].try_into().unwrap()) as usize + 40 * index
}

/// Words of a section header.
const ADDRESS: usize = 3;
const OFFSET: usize = 4;

/// Sections of the golden file, by their position in its section table.
const INT_TEXT: usize = 1;
const INT_RODATA: usize = 2;
const INT_BSS: usize = 4;
const EXT_TEXT: usize = 5;

/// The golden file with one word of a section header replaced.
fn with_section_word(index: usize, word: usize, value: u32) -> Vec<u8> {
    let mut file = valid();
    let at = section_header(&file, index) + 4 * word;
    file[at..at + 4].copy_from_slice(&value.to_be_bytes());
    file
}

#[test]
fn a_section_beyond_its_memory_is_refused() {
    let error = PpuProgram::parse(&with_section_word(INT_TEXT, ADDRESS, 0x3ffc)).unwrap_err();
    let expected =
        "section int.text occupies 108 bytes from 0x00003ffc, beyond the 16384 bytes of PPU memory";
    assert_eq!(error.to_string(), expected);
    let error = PpuProgram::parse(&with_section_word(EXT_TEXT, ADDRESS, 0x8001_fff0)).unwrap_err();
    assert!(matches!(error, PpuProgramError::OutsideMemory { memory: PpuMemory::External, .. }), "{error}");
    let error = PpuProgram::parse(&with_section_word(EXT_TEXT, ADDRESS, 0x1000)).unwrap_err();
    assert!(matches!(error, PpuProgramError::NotExternal { address: 0x1000, .. }), "{error}");
    // The sum of address and size must not wrap.
    assert!(PpuProgram::parse(&with_section_word(INT_TEXT, ADDRESS, 0xffff_fffc)).is_err());
}

#[test]
fn sections_that_share_bytes_are_refused() {
    // Into int.text, and into ext.data: the code and data views of FPGA memory are the same cells.
    for (index, address) in [(INT_RODATA, 0x68), (EXT_TEXT, 0x8000_1000)] {
        let error = PpuProgram::parse(&with_section_word(index, ADDRESS, address)).unwrap_err();
        assert!(matches!(error, PpuProgramError::Overlap { .. }), "{error}");
    }
}

#[test]
fn a_section_beyond_the_end_of_the_file_is_refused() {
    let error = PpuProgram::parse(&with_section_word(INT_TEXT, OFFSET, 0xffff_fff0)).unwrap_err();
    assert!(matches!(error, PpuProgramError::Malformed { .. }), "{error}");
    // A section without bytes in the file may claim any offset.
    assert!(PpuProgram::parse(&with_section_word(INT_BSS, OFFSET, 0xffff_fff0)).is_ok());
}

#[test]
fn a_symbol_outside_its_section_is_refused() {
    let error = PpuProgram::parse(&with_section_word(EXT_TEXT, ADDRESS, 0x8000_0004)).unwrap_err();
    let PpuProgramError::SymbolOutsideSection { symbol, .. } = &error else { panic!("{error}") };
    assert_eq!(symbol, "far_function");
}

#[test]
fn every_truncation_of_a_valid_file_is_refused() {
    for (file, _) in golden() {
        for length in 0..file.len() {
            assert!(PpuProgram::parse(&file[..length]).is_err(), "cut to {length} of {} bytes", file.len());
        }
    }
}

#[test]
fn the_mailbox_is_text_up_to_the_first_zero_byte() {
    assert_eq!(mailbox_text(&[0x4869_2100, 0x4142_4344]), "Hi!");
    assert_eq!(mailbox_text(&[0x4869_ff21]), "Hi\u{fffd}!");
    assert_eq!(mailbox_text(&[]), "");
}

#[test]
fn every_program_of_the_firmware_crate_loads() {
    for program in bss2_firmware::PROGRAMS {
        let parsed = PpuProgram::parse(program.image).unwrap();
        assert_eq!(parsed.internal[0].offset, 0, "{} has code at the reset vector", program.name);
        assert!(parsed.symbol("main").is_some() && parsed.symbol("exit").is_some());
    }
}

#[test]
fn initial_values_of_variables_come_from_the_image() {
    let program = PpuProgram::parse(&valid()).unwrap();
    assert_eq!(program.initial_words("table"), Some(vec![0xdead_beef, 0xcafe, 1, 2]));
    assert_eq!(program.initial_words("zeroed"), Some(vec![0; 5]));
    assert_eq!(program.initial_words("far_function"), None);
    assert_eq!(program.initial_words("nothing"), None);

    use bss2_firmware::{block::Block, control, rstdp};
    let program = PpuProgram::parse(bss2_firmware::RSTDP.image).unwrap();
    let words = program.initial_words(control::PARAMETERS).unwrap();
    let parameters = rstdp::Parameters::from_words(&words).unwrap();
    assert_eq!((parameters.rows, parameters.period, parameters.reward[1]), (16, 125_000, 655));
}

/// Whatever comes out lies within its memory, and segments are in order and disjoint.
fn check_sound(program: &PpuProgram) {
    for memory in [PpuMemory::Internal, PpuMemory::External, PpuMemory::ExternalDram] {
        let mut free = 0;
        for segment in program.segments(memory) {
            assert!(segment.offset >= free && segment.size() > 0);
            free = segment.end();
            assert!(free <= memory.size());
        }
    }
    for symbol in program.symbols.values() {
        assert!(symbol.size > 0 && symbol.offset + symbol.size <= symbol.memory.size());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), like_elf in any::<bool>()) {
        if like_elf && bytes.len() >= 20 {
            bytes[..20].copy_from_slice(&valid()[..20]);
        }
        if let Ok(program) = PpuProgram::parse(&bytes) {
            check_sound(&program);
        }
    }

    #[test]
    fn flipped_bits_never_panic(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 0..8u32), 1..6),
        tables_only in any::<bool>(),
    ) {
        let mut file = valid();
        // Symbol table, names and section table fill the end of the file.
        let start = if tables_only { section_header(&file, 0) - 0x180 } else { 0 };
        for (position, bit) in flips {
            let position = start + position.index(file.len() - start);
            file[position] ^= 1 << bit;
        }
        if let Ok(program) = PpuProgram::parse(&file) {
            check_sound(&program);
        }
    }

    #[test]
    fn any_word_of_a_section_header_never_panics(index in 0..10usize, word in 0..10usize, value in any::<u32>()) {
        if let Ok(program) = PpuProgram::parse(&with_section_word(index, word, value)) {
            check_sound(&program);
        }
    }
}
