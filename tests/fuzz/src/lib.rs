//! Hostile input for everything that parses or listens.
//!
//! Each module has one function `check`, which gives bytes to a part of the project and panics if a promise is broken:
//! whatever comes, there is a value or a typed error, memory stays within bounds, and what can be compared with itself
//! (written and read back, cut in pieces, another timing model) agrees. The binaries in `targets/`, behind the feature
//! `libfuzzer`, let libFuzzer look for such bytes: `tests/fuzz/run`. An ordinary `cargo test` gives the bytes in
//! `corpus/` to the same functions, among them everything that was once found.

pub mod assembler;
pub mod core;
pub mod disassembler;
pub mod elf;
pub mod executor;
pub mod frames;
pub mod gdb;
pub mod golden;
pub mod messages;
pub mod options;
pub mod recording;
pub mod snapshot;
pub mod transport;

mod input;

pub use input::Input;

/// The function of a target.
pub type Check = fn(&[u8]);

/// All targets by name, which is also that of the folder with their bytes.
pub const TARGETS: [(&str, Check); 13] = [
    ("assembler", assembler::check),
    ("core", core::check),
    ("disassembler", disassembler::check),
    ("elf", elf::check),
    ("executor", executor::check),
    ("frames", frames::check),
    ("gdb", gdb::check),
    ("golden", golden::check),
    ("messages", messages::check),
    ("options", options::check),
    ("recording", recording::check),
    ("snapshot", snapshot::check),
    ("transport", transport::check),
];
