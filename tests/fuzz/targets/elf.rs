//! See [`bss2_fuzz::elf`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::elf::check(data));
