//! Snapshots of a chip: bytes from which it goes on to the bit as if nothing had been.

use crate::archive::{self, ArchiveError, Kind};
use bss2_chip::Chip;

/// Raised whenever the serialised state of a chip changes.
const KIND: Kind = Kind { name: *b"CHIP", version: 5 };

/// The complete state of a chip, its options and external memory included.
///
/// # Errors
/// [`ArchiveError::Value`] if the state can't be serialised, which a chip that runs never is.
pub fn save(chip: &Chip) -> Result<Vec<u8>, ArchiveError> {
    archive::encode(KIND, chip)
}

/// The chip that was saved.
///
/// # Errors
/// Why the bytes are no snapshot of a chip of this version: damaged, cut short, or something else.
pub fn restore(bytes: &[u8]) -> Result<Chip, ArchiveError> {
    archive::decode(KIND, bytes)
}
