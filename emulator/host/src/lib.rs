//! What surrounds a chip: playback programs, FPGA executor, message codec, PPU programs, recordings.

pub mod ppu_program;
