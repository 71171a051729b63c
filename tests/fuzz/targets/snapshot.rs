//! See [`bss2_fuzz::snapshot`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::snapshot::check(data));
