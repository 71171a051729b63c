//! Parameter files.

use bss2_chip::ChipOptions;
use bss2_events::Parameters;
use bss2_host::executor::ExecutorConfig;
use ppu_isa::{Config, TimingConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the text as each kind of parameters; what can be read is the same after writing.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    same_after_writing::<ChipOptions>(text);
    same_after_writing::<Parameters>(text);
    same_after_writing::<ExecutorConfig>(text);
    same_after_writing::<Config>(text);
    same_after_writing::<TimingConfig>(text);
}

fn same_after_writing<T: Serialize + DeserializeOwned>(text: &str) {
    let Ok(value) = toml::from_str::<T>(text) else { return };
    // Numbers above 2^63 have no place in TOML.
    let Ok(written) = toml::to_string(&value) else { return };
    let again: T = toml::from_str(&written).unwrap_or_else(|error| panic!("{written}\n{error}"));
    assert_eq!(toml::to_string(&again).expect("it could be written before"), written);
}
