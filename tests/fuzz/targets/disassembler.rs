//! See [`bss2_fuzz::disassembler`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::disassembler::check(data));
