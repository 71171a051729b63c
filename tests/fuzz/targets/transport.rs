//! See [`bss2_fuzz::transport`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::transport::check(data));
