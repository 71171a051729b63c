//! See [`bss2_fuzz::assembler`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::assembler::check(data));
