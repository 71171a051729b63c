//! Snapshots of chips whose header is right whatever they contain.

use std::sync::LazyLock;

use bss2_chip::Chip;
use bss2_host::snapshot::{restore, save};

use crate::Input;

/// Bytes of the header of an archive.
const HEADER: usize = 28;

/// A file of the project with a header that fits its body: kind, version, length, FNV-1a checksum.
pub fn archive(kind: [u8; 4], version: u32, body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mut bytes = b"BSS2".to_vec();
    bytes.extend(kind);
    bytes.extend(version.to_le_bytes());
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(sum.to_le_bytes());
    bytes.extend(body);
    bytes
}

/// A chip that has been used a little, saved.
static SAVED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut chip = Chip::new(1);
    // `b .` on the top processor.
    chip.write(0x0280_0000, 0x4800_0000, 0xf);
    chip.write(0x02a0_0000, 1, 0xf);
    chip.advance(bss2_base::SimTime::from_us(1));
    save(&chip).expect("a chip can be saved")
});

/// Restores a chip from the bytes as a file, as a body, and from a good file with changes: three bytes place, one
/// byte length, then what is put there.
pub fn check(data: &[u8]) {
    let _ = restore(data);
    let header: [u8; 12] = SAVED[..12].try_into().expect("long enough");
    let kind = [header[4], header[5], header[6], header[7]];
    let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    let _ = restore(&archive(kind, version, data));
    let mut body = SAVED[HEADER..].to_vec();
    let mut input = Input::new(data);
    while !input.is_empty() {
        let place = ((input.word() >> 8) as usize) % body.len();
        let length = usize::from(input.byte() & 15);
        let bytes = input.bytes(length);
        for (old, new) in body[place..].iter_mut().zip(bytes) {
            *old = *new;
        }
    }
    if let Ok(chip) = restore(&archive(kind, version, &body)) {
        let saved = save(&chip).expect("what was restored can be saved");
        let again = restore(&saved).expect("what was saved can be restored");
        assert!(save(&again).is_ok_and(|bytes| bytes == saved), "a snapshot differs from its original");
    }
}
