//! See [`bss2_fuzz::options`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::options::check(data));
