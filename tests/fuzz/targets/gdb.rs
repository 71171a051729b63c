//! See [`bss2_fuzz::gdb`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bss2_fuzz::gdb::check(data));
