//! Snapshots whose checksum is right and whose contents are not: they are refused, or become some system that runs.

use crate::SCENE;
use bss2_base::SimTime;
use bss2_host::executor::ExecutorConfig;
use bss2_host::system::System;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

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
        if let crate::scene::Access::Inject(label) = access {
            system.spike_at(*time, *label).expect("not past");
        }
    }
    system.advance(system.now() + SimTime::from_us(17));
    system.save().expect("a system can be saved")
}

#[test]
#[ignore = "exploration: says where damaged snapshots panic or hang"]
fn explore() {
    let whole = snapshot();
    let count: u64 = std::env::var("CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let first: u64 = std::env::var("FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut random = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let (mut refused, mut ran) = (0, 0);
    println!("{} bytes", whole.len());
    for case in 0..count {
        let mut bytes = whole.clone();
        let position = HEADER + next() as usize % (bytes.len() - HEADER);
        bytes[position] = next() as u8;
        let bytes = sealed(bytes);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| match System::restore(&bytes) {
                Err(_) => false,
                Ok(mut system) => {
                    let now = system.now();
                    system.advance(now.saturating_add(SimTime::from_us(20)));
                    true
                }
            }));
            let _ = sender.send(outcome);
        });
        match receiver.recv_timeout(Duration::from_secs(5)) {
            Ok(Ok(true)) => ran += 1,
            Ok(Ok(false)) => refused += 1,
            Ok(Err(_)) => println!("case {case}: PANIC at byte {position}"),
            Err(_) => println!("case {case}: HANG at byte {position}"),
        }
    }
    println!("{refused} refused, {ran} ran");
}
