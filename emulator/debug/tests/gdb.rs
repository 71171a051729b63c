//! A stock GDB on the chip: `cargo test -p bss2-debug --test gdb -- --ignored`. Needs `gdb-multiarch` (Debian package of that name).

use std::process::{Command, Output};
use std::thread;

use bss2_chip::Chip;
use bss2_debug::{Debugger, Ending, Listener};
use bss2_firmware::{HELLO, HELLO_EXTERNAL, Program, VECTOR_INSTRUCTIONS};
use bss2_host::device::{Device, SharedMemory};
use bss2_host::ppu_program::PpuProgram;

const GDB: &str = "gdb-multiarch";

/// Omnibus word addresses (register-map 5.11) of SRAM and control register of both processors.
const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
const CONTROL: [u32; 2] = [0x02a0_0000, 0x03a0_0000];

/// A chip on which `processors` are about to run a program from their reset vectors.
fn chip_with(program: &Program, processors: &[usize]) -> Chip {
    let program = PpuProgram::parse(program.image).expect("built-in programs can be loaded");
    let mut chip = Chip::new(1);
    for &processor in processors {
        for (word, value) in program.internal_words().into_iter().enumerate() {
            chip.write(SRAM[processor] + word as u32, value, 0xf);
        }
        chip.write(CONTROL[processor], 1, 0xf);
    }
    if let Some(image) = program.image(bss2_host::ppu_program::PpuMemory::External) {
        for (word, bytes) in image.chunks_exact(4).enumerate() {
            let value = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            chip.write_shared(SharedMemory::Sram, word as u32, value, 0xf);
        }
    }
    chip
}

/// What GDB prints when it runs `script` on a chip that runs `program`, and how it left.
fn gdb(program: &Program, processors: &[usize], script: &str) -> (String, Ending) {
    let directory = tempfile::tempdir().expect("there is a temporary directory");
    let image = directory.path().join("program.elf");
    std::fs::write(&image, program.image).expect("it can be written to");
    let listener = Listener::bind(0).expect("some port is free");
    let mut commands = format!(
        "set pagination off\nset confirm off\nset width 0\nset debuginfod enabled off\ntarget remote 127.0.0.1:{}\n",
        listener.port()
    );
    commands.push_str(script);
    let file = directory.path().join("script.gdb");
    std::fs::write(&file, commands).expect("it can be written to");

    let mut debugger = Debugger::new(chip_with(program, processors));
    let session = thread::spawn(move || listener.session(&mut debugger));
    let Output { stdout, stderr, .. } = Command::new(GDB)
        .args(["-nx", "--batch", "-x"])
        .arg(&file)
        .arg(&image)
        .output()
        .unwrap_or_else(|error| panic!("{GDB} cannot be run ({error}): apt-get install {GDB}"));
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    println!("{text}");
    let ending =
        session.join().expect("sessions do not panic").unwrap_or_else(|error| panic!("{error}\n{text}"));
    (text, ending)
}

/// What GDB prints contains these texts in this order.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} does not come (any more) in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn a_program_stops_at_a_function_and_steps_over_its_lines() {
    let script = "info threads\nbreak main\ncontinue\nnext\nprintf \"after next: %#x in main+%d\\n\", $pc, (int)$pc - (int)&main\nstep\nbt\n";
    let (text, ending) = gdb(&HELLO, &[0], script);
    let parts = [
        "1.1 (top, running)",
        "1.2 (bottom, held in reset)",
        "Thread 1 hit Breakpoint 1, main () at programs/hello.c:6",
        // Line 6 is the call of mailbox_clear, line 7 that of mailbox_string.
        "after next: 0x1b0 in main+16",
        "mailbox_string (text=text@entry=0x240 \"Hello from the plasticity processor\\n\") at runtime/mailbox.c",
        "#0  mailbox_string",
        "#1  0x000001bc in main () at programs/hello.c:7",
    ];
    assert_in_order(&text, &parts);
    assert_eq!(ending, Ending::Detached);
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn a_watched_variable_stops_the_program_forwards_and_backwards() {
    let script = "break mailbox_string\ncontinue\nprint written\ndelete\nwatch written\ncontinue\nreverse-continue\nprint written\n";
    let (text, _) = gdb(&HELLO, &[0], script);
    let parts = [
        "$1 = 0",
        "Hardware watchpoint 2: written",
        "hit Hardware watchpoint 2: written",
        "Old value = 0",
        "New value = 36",
        "main () at programs/hello.c:8",
        "Old value = 36",
        "New value = 0",
        "in mailbox_string",
        "$2 = 0",
    ];
    assert_in_order(&text, &parts);
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn a_program_runs_backwards() {
    let script = "break mailbox_string\ncontinue\nstepi\nreverse-stepi\nprintf \"again %#x\\n\", $pc\n\
                  reverse-finish\nprintf \"caller %#x\\n\", $pc\ndelete\nreverse-continue\nprintf \"begin %#x\\n\", $pc\nbreak main\ncontinue\n";
    let (text, _) = gdb(&HELLO, &[0], script);
    let parts = [
        // Line information of functions that the linker dropped says that they are at 0.
        "Thread 1 hit Breakpoint 1.2, mailbox_string",
        "again 0x1e8",
        "caller 0x1b8",
        "No more reverse-execution history",
        "begin 0",
        "Thread 1 hit Breakpoint 2, main",
    ];
    assert_in_order(&text, &parts);
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn vector_registers_are_shown_changed_and_used() {
    // The second pair of instructions after line 10 multiplies the bytes of V2 and V3, without and with condition.
    let script = "break *0x1a8\ncontinue\ninfo threads\nset $kv2.u16[0] = 0x1234\nset $kv2.s8[127] = -3\nset $kv3.u16[0] = 2\n\
                  set $kv3.s8[127] = 5\nstepi\nprint/x $kv2.u16[0]\nprint $kv1.s8[127]\nprint $kv1.u8[1]\nprint $kc\nprint sizeof($ka)\n";
    let (text, _) = gdb(&VECTOR_INSTRUCTIONS, &[1], script);
    let parts = [
        "Thread 2 hit Breakpoint 1",
        "* 2    Thread 1.2 (bottom, running)",
        "$1 = 0x1234",
        "$2 = -15",
        "$3 = 104",
        "$4 = {0 <repeats 128 times>}",
        "$5 = 256",
    ];
    assert_in_order(&text, &parts);
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn code_and_data_on_the_fpga_are_reached() {
    let script = "break mailbox_string\ncontinue\nx/2i $pc\nset {unsigned int}0x40001000 = 0xcafe\nx/1xw 0x40001000\n\
                  x/1xw 0x8a800000\nx/1xw 0x00100000\n";
    let (text, _) = gdb(&HELLO_EXTERNAL, &[0], script);
    let parts = ["Breakpoint 1", "=> 0x8000", "0x40001000:\t0x0000cafe", "0x8a800000:\t0x00000001"];
    assert_in_order(&text, &parts);
    assert!(text.contains("Cannot access memory at address 0x100000"), "{text}");
}

#[test]
#[ignore = "needs gdb-multiarch"]
fn a_program_that_has_ended_stands_still_and_gdb_may_kill_it() {
    let (text, ending) = gdb(&HELLO, &[0, 1], "continue\ninfo threads\nx/s 0x3000\nkill\n");
    let parts = [
        "SIGSTOP",
        "1.1 (top, asleep)",
        "1.2 (bottom, asleep)",
        "Hello from the plasticity processor",
        "killed",
    ];
    assert_in_order(&text, &parts);
    assert_eq!(ending, Ending::Killed);
}
