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

#[test]
#[ignore = "needs gdb-multiarch"]
fn try_it() {
    gdb(&HELLO, &[0], &std::fs::read_to_string("/tmp/try.gdb").unwrap());
}
#[test]
#[ignore = "needs gdb-multiarch"]
fn try_vec() {
    gdb(&VECTOR_INSTRUCTIONS, &[0, 1], &std::fs::read_to_string("/tmp/tryv.gdb").unwrap());
}
#[test]
#[ignore = "needs gdb-multiarch"]
fn try_ext() {
    gdb(&HELLO_EXTERNAL, &[0], &std::fs::read_to_string("/tmp/trye.gdb").unwrap());
}
