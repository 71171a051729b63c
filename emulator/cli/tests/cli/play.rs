//! `bss2 play` and `bss2 convert`: programs and recordings in files.

use std::fs;
use std::path::Path;

use bss2_host::playback::{FpgaCycles, Program, ProgramBuilder};
use bss2_host::recording::Results;
use tempfile::TempDir;

use crate::common::{bss2, failure, json, text};

const PROGRAM: &str = "
    bss2-program 1
    write 0x001a121e 0xffffffac
    read 0x001a121e
    barrier omnibus
    timer-reset
    wait-until 1250
    spikes 0x4005 0x8006   # two labels at once
    marker
    wait-until 3000
";

fn folder_with_program() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = path(folder.path(), "program.txt");
    fs::write(&program, PROGRAM).unwrap();
    (folder, program)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn results(file: &str) -> Results {
    Results::from_file(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_program_in_a_file_is_played_and_its_recording_written_in_either_form() {
    let (folder, program) = folder_with_program();
    let [binary, words] = ["recording.bss2", "recording.txt"].map(|name| path(folder.path(), name));
    for file in [&binary, &words] {
        let output = bss2(&["play", &program, "--startup", "--output", file]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(text(&output.stdout).contains("2 spikes"), "{output:?}");
    }
    let recording = results(&binary).recording;
    assert_eq!(recording.reads.value, [0xac]);
    assert_eq!(recording.spikes.label, [0x4005, 0x8006]);
    assert_eq!(results(&words), results(&binary));
    // On standard output it is the same text.
    let output = bss2(&["play", &program, "--startup"]);
    assert_eq!(text(&output.stdout), fs::read_to_string(&words).unwrap());
    let document = json(&bss2(&["play", &program, "--startup", "--json"]));
    assert_eq!(document["recording"]["reads"]["value"][0], 0xac);
}

#[test]
fn files_are_converted_there_and_back() {
    let (folder, program) = folder_with_program();
    let [binary, again] = ["program.bss2", "again.txt"].map(|name| path(folder.path(), name));
    for arguments in [["convert", &program, &binary], ["convert", &binary, &again]] {
        assert_eq!(bss2(&arguments).status.code(), Some(0));
    }
    let read = |file: &str| Program::from_file(&fs::read(file).unwrap()).unwrap();
    assert_eq!(read(&binary), read(&program));
    assert_eq!(read(&again), read(&program));
    assert_eq!(text(&bss2(&["convert", &binary]).stdout), fs::read_to_string(&again).unwrap());
}

#[test]
fn a_mistake_is_named_with_file_line_and_column() {
    let (_folder, program) = folder_with_program();
    fs::write(&program, PROGRAM.replace("marker", "marker 1")).unwrap();
    let lines = failure(&["play", &program]);
    assert!(lines[0].contains(&program) && lines[0].contains("line 9, column 12"), "{lines:?}");
    let lines = failure(&["play", "/nowhere/program"]);
    assert!(lines[0].contains("/nowhere/program"), "{lines:?}");
    let lines = failure(&["play", &program, "--connect", "127.0.0.1", "--save", "x"]);
    assert!(lines[0].contains("--connect") || lines[0].contains("--save"), "{lines:?}");
}

#[test]
fn a_program_that_times_out_is_a_result_that_was_not_wanted() {
    let (_folder, program) = folder_with_program();
    // Without start-up there are no links, so that the read is never answered.
    let output = bss2(&["play", &program]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("completion timed-out"), "{output:?}");
}

#[test]
fn a_saved_system_goes_on() {
    let (folder, program) = folder_with_program();
    let [snapshot, second, damaged] =
        ["system.bss2", "second.txt", "damaged.bss2"].map(|name| path(folder.path(), name));
    let output = bss2(&["play", &program, "--startup", "--chip-seed", "4", "--save", &snapshot]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut builder = ProgramBuilder::new();
    builder.read(0x1a_121e);
    builder.marker();
    builder.wait(FpgaCycles(100));
    fs::write(&second, builder.finish().unwrap().to_text()).unwrap();
    let document = json(&bss2(&["play", &second, "--restore", &snapshot, "--json"]));
    // Links and system time are up, and the register is as it was.
    assert_eq!(document["recording"]["reads"]["value"][0], 0xac);
    assert!(document["recording"]["markers"]["fpga_time"][0].as_u64().unwrap() > 3000);
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes[100] ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    let lines = failure(&["play", &second, "--restore", &damaged]);
    assert!(lines[0].contains("checksum"), "{lines:?}");
}
