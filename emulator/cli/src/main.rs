//! The command line of the BrainScaleS-2 emulator.
fn main() {}
