//! See [`bss2_fuzz::golden`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::golden::check(data));
