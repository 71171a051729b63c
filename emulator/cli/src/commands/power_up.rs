//! A chip as it is after power-up.

use bss2_base::SimTime;
use bss2_chip::{Chip, ChipOptions};
use tracing::Level;
use tracing::subscriber::NoSubscriber;

/// The individual `seed` one cycle after power-up: what follows from the reset values of all registers is worked out. That
/// nothing is configured yet needs no warning, unless the user wants to know more (`-v`).
pub(super) fn chip(seed: u64) -> Chip {
    chip_with(ChipOptions { seed, ..ChipOptions::default() })
}

/// The same for a chip with options.
pub(super) fn chip_with(options: ChipOptions) -> Chip {
    let make = || {
        let mut chip = Chip::with_options(options);
        chip.advance(SimTime::FABRIC_CYCLE);
        chip
    };
    match tracing::enabled!(target: "chip", Level::INFO) {
        true => make(),
        false => tracing::subscriber::with_default(NoSubscriber::default(), make),
    }
}
