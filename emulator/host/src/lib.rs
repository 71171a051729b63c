//! What surrounds a chip: playback programs, FPGA executor, message codec, PPU programs, recordings.
