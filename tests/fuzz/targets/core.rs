//! See [`bss2_fuzz::core`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::core::check(data));
