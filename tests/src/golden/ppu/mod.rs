//! Golden data of the plasticity processor: states and cycles measured on its published hardware description.

mod bench;
mod instruction;
mod program;
mod record;
mod trace;

pub use bench::TestBench;

use super::Format;

/// The formats of this family. The more specific come first.
pub fn formats() -> Vec<Box<dyn Format>> {
    vec![
        Box::new(instruction::SingleInstruction),
        Box::new(program::Exceptional),
        Box::new(program::Kernel),
        Box::new(program::MicroBenchmark),
        Box::new(program::RandomProgram),
    ]
}
