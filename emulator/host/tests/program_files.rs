//! Programs survive their files, and mistakes in them are named with their place.

use bss2_host::archive::ArchiveError;
use bss2_host::playback::*;
use bss2_host::text::TextError;
use proptest::prelude::*;

fn any_instruction() -> impl Strategy<Value = Instruction> {
    let address = (any::<u32>(), 0..16_u8, any::<bool>());
    prop_oneof![
        Just(Instruction::JtagInit),
        Just(Instruction::Setup),
        any::<u8>().prop_map(Instruction::JtagScaler),
        (0..128_u8).prop_map(Instruction::JtagInstruction),
        (0..1_u64 << 33, 3..34_u8, any::<bool>())
            .prop_map(|(data, bits, keep_response)| Instruction::JtagData { data, bits, keep_response }),
        any::<u32>().prop_map(Instruction::WaitUntil),
        any::<bool>().prop_map(Instruction::SystimeInit),
        (0..32_u8).prop_map(|mask| Instruction::Barrier(Barrier::from_bits(mask))),
        any::<bool>().prop_map(Instruction::PollingOmnibusBlock),
        any::<bool>().prop_map(Instruction::Reset),
        any::<bool>().prop_map(Instruction::Loopback),
        address.prop_map(|(address, enables, read)| Instruction::OmnibusAddress { address, enables, read }),
        any::<u32>().prop_map(Instruction::OmnibusData),
        prop::collection::vec(any::<u16>(), 1..4)
            .prop_map(|labels| Instruction::SpikePack(Labels::new(&labels).unwrap())),
    ]
}

fn any_program() -> impl Strategy<Value = Program> {
    prop::collection::vec(any_instruction(), 0..60).prop_map(Program::from_instructions)
}

proptest! {
    #[test]
    fn text_and_binary_files_give_the_same_program_back(program in any_program()) {
        let (text, bytes) = (program.to_text(), program.to_bytes().unwrap());
        prop_assert_eq!(Program::from_text(&text), Ok(program.clone()));
        prop_assert_eq!(Program::from_bytes(&bytes), Ok(program.clone()));
        prop_assert_eq!(Program::from_file(text.as_bytes()), Ok(program.clone()));
        prop_assert_eq!(Program::from_file(&bytes), Ok(program));
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Program::from_file(&bytes).is_err());
    }

    #[test]
    fn a_damaged_text_is_refused_or_another_program(
        program in any_program(), position: prop::sample::Index, character in any::<char>(),
    ) {
        let mut text: Vec<char> = program.to_text().chars().collect();
        let position = position.index(text.len());
        text[position] = character;
        let text: String = text.into_iter().collect();
        if let Ok(read) = Program::from_text(&text) {
            prop_assert_eq!(Program::from_text(&read.to_text()), Ok(read));
        }
    }
}

#[test]
fn the_example_of_the_documentation_is_understood() {
    let text = "
        # what it is
        bss2-program 1
        write 0x00110001 0x00000003         # address, value
        write 0x02800000 0x12000000 bytes 8
        timer-reset
        wait-until 1250
        spikes 0x4005 0x4006                # one to three labels in one cycle
        marker
        read 0x00130079
        barrier omnibus jtag";
    let mut builder = ProgramBuilder::new();
    builder.write(0x0011_0001, 3).write_bytes(0x0280_0000, 0x1200_0000, 8).setup();
    builder.wait_until(FpgaCycles(1250)).spike_pack(&[0x4005, 0x4006]);
    builder.marker();
    builder.read(0x0013_0079);
    builder.barrier(Barrier::OMNIBUS | Barrier::JTAG);
    assert_eq!(Program::from_text(text), Ok(builder.finish().unwrap()));
}

#[test]
fn a_mistake_is_named_with_line_and_column() {
    let errors = [
        ("spikes 1 2 3 4", 14, "at most three labels", "4"),
        ("spikes", 7, "a label of 16 bits", "end of line"),
        ("spikes 65536", 8, "a label of 16 bits", "65536"),
        ("  wait-until 4294967296", 14, "a time below 2^32", "4294967296"),
        ("write 1 2 byte 3", 11, "`bytes` or end of line", "byte"),
        ("write 1 2 bytes 16", 17, "a mask of four bytes, 0 to 15", "16"),
        ("reset up", 7, "on or off", "up"),
        ("barrier omnibus ppu", 17, "omnibus, jtag, systime, multi-fpga or systime-correction", "ppu"),
        ("jtag-data 0 34", 13, "a number of bits, 3 to 33", "34"),
        ("jtag-data 0x200000000 33", 11, "a value of 33 bits", "0x200000000"),
        ("marker now", 8, "end of line", "now"),
        ("wait 3", 1, "an instruction", "wait"),
    ];
    for (line, column, expected, found) in errors {
        let error = Program::from_text(&format!("bss2-program 1\n# comment\n{line}\n")).unwrap_err();
        let place = TextError::Unexpected { line: 3, column, expected, found: found.into() };
        assert_eq!(error, ProgramError::Text(place), "{line}");
    }
    let error = Program::from_text("bss2-program 2").unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 14: expected a version that this program reads, found `2`");
}

#[test]
fn a_word_that_is_no_instruction_and_another_kind_of_file_are_refused() {
    use bss2_host::recording::{Completion, Recording, Results};
    let results = Results { completion: Completion::Halted, recording: Recording::default() };
    let error = Program::from_file(&results.to_bytes().unwrap()).unwrap_err();
    assert_eq!(error, ProgramError::Archive(ArchiveError::OtherKind { found: *b"RECO", expected: *b"PROG" }));
}
