//! Programs for the plasticity processors: C sources, headers, and the images built from them.
//!
//! The images are checked in so that no cross-compiler is needed to use them; `make -C firmware check` proves that
//! they are what the sources build to. They carry symbols and line information. How to write a program: `firmware/README.md`.

pub mod block;
pub mod check;
pub mod control;
pub mod homeostasis;
pub mod rstdp;
pub mod stdp;
pub mod structural;
pub mod vector_macros;

/// One built program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// The name it is looked up by, also the stem of its image and (without a suffix for the link script) of its source.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub description: &'static str,
    /// The ELF file: 32-bit big-endian PowerPC, linked statically.
    pub image: &'static [u8],
}

macro_rules! programs {
    ($($constant:ident $name:literal: $description:literal,)*) => {
        $(#[doc = $description]
        pub const $constant: Program = Program {
            name: $name,
            description: $description,
            image: include_bytes!(concat!("../images/", $name, ".elf")),
        };)*

        /// All programs, in the order of the documentation.
        pub const PROGRAMS: &[Program] = &[$($constant),*];
    };
}

programs! {
    HELLO "hello": "Writes a text to the mailbox and returns 42.",
    HELLO_EXTERNAL "hello_external": "The same, with its code in FPGA memory behind the instruction cache.",
    TIMERS "timers": "Toggles an output pin from a periodic timer interrupt.",
    UART "uart": "Sends a text over a serial line on an output pin.",
    RSTDP "rstdp": "Learns Pong by reward-modulated plasticity (experiments E02).",
    HOMEOSTASIS "homeostasis": "Regulates firing rates by one weight per neuron (experiments E04).",
    STRUCTURAL "structural": "Prunes synapses and lets them choose new sources by their labels (experiments E03).",
    STDP "stdp": "Makes spike pairs, resets and reads correlation sensors (experiments E16).",
    VECTOR_INSTRUCTIONS "vector_instructions": "Executes every vector instruction once, to check the macros.",
}

/// The program of that name.
pub fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}
