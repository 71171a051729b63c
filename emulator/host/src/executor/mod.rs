//! The FPGA: executes playback programs in front of a chip (host-interface 2).
