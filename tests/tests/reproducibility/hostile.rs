//! Snapshots whose checksum is right and whose contents are not: they are refused, or become some system that runs.

use crate::SCENE;
use crate::scene::{Access, Numbers};
use bss2_base::SimTime;
use bss2_host::archive::ArchiveError;
use bss2_host::executor::ExecutorConfig;
use bss2_host::system::System;

const HEADER: usize = 28;

/// The bytes of a snapshot with a checksum that fits its body (the documented FNV-1a).
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = bytes[HEADER..].iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    bytes[20..28].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn snapshot() -> Vec<u8> {
    let mut system = System::with_config(SCENE.chip.clone(), ExecutorConfig::default());
    for (time, access) in SCENE.script.iter().take(100) {
        if let Access::Inject(label) = access {
            system.spike_at(*time, *label).expect("not past");
        }
    }
    system.advance(system.now() + SimTime::from_us(17));
    system.save().expect("a system can be saved")
}

/// What becomes of a snapshot: refused, or a system that runs. Neither panics.
fn try_it(bytes: &[u8], span: SimTime) -> bool {
    match System::restore(bytes) {
        Err(error) => {
            assert!(matches!(error, ArchiveError::Body(_)), "{error}");
            false
        }
        Ok(mut system) => {
            system.advance(system.now().saturating_add(span));
            true
        }
    }
}

#[test]
fn damage_behind_a_right_checksum_is_refused_or_becomes_a_system_that_runs() {
    let whole = snapshot();
    let mut random = Numbers(7);
    for _ in 0..40 {
        let mut bytes = whole.clone();
        let position = HEADER + random.next((bytes.len() - HEADER) as u64) as usize;
        bytes[position] = random.next(256) as u8;
        try_it(&sealed(bytes), SimTime::from_us(5));
    }
}

/// bincode writes numbers from 251 to 65535 as 251 and two bytes; the tables of the chip have such lengths. With one entry
/// less, everything behind a table is read one entry early.
#[test]
fn tables_of_a_wrong_length_are_refused() {
    let whole = snapshot();
    // 256 columns or rows, 512 neurons, 4096 words of a processor, 32768 words of the FPGA.
    let mut refused = 0;
    for high in [1, 2, 16, 128] {
        let length = [251, 0, high];
        let places: Vec<usize> =
            (HEADER..whole.len() - 3).filter(|&at| whole[at..].starts_with(&length)).collect();
        // The same bytes may be data, where another value does no harm.
        for &place in places.iter().take(5).chain(places.last()) {
            let mut bytes = whole.clone();
            bytes[place + 1..place + 3].copy_from_slice(&[255, high - 1]);
            refused += usize::from(!try_it(&sealed(bytes), SimTime::from_us(1)));
        }
    }
    assert!(refused > 0);
}
