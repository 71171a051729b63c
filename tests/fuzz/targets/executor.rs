//! See [`bss2_fuzz::executor`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::executor::check(data));
