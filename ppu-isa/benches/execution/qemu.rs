//! The scalar kernel side by side with qemu-ppc, which translates it to host code: the same object file, linked once for
//! the plasticity processor and once as a Linux program.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Kernel, Model, clock, fastest, instructions};

/// Rounds for us.
const ROUNDS: u32 = 4_000;
/// How many times as many for qemu, whose time is known less exactly and contains its start.
const FACTOR: u32 = 20;

pub(crate) fn side_by_side() -> Result<(), String> {
    let (sum, _) = qemu(ROUNDS)?;
    let (_, took) = qemu(FACTOR * ROUNDS)?;
    let instructions = instructions(Kernel::Scalar, ROUNDS) as f64;
    let theirs = instructions * f64::from(FACTOR) / took.as_secs_f64();
    println!("scalar kernel, {ROUNDS} rounds, {:.1} million instructions", instructions / 1e6);
    println!("{:12} {:>17} {:>10}", "", "M instructions/s", "of qemu");
    println!("{:12} {:17.1} {:9.1}%", "qemu-ppc", theirs / 1e6, 100.0);
    for model in Model::ALL {
        let run = fastest(Kernel::Scalar, model, ROUNDS);
        if run.result != sum {
            return Err(format!("{}: check sum {:#x}, but {sum:#x} with qemu-ppc", model.name(), run.result));
        }
        let ours = instructions / run.took.as_secs_f64();
        println!("{:12} {:17.1} {:9.1}%", model.name(), ours / 1e6, 100.0 * ours / theirs);
    }
    Ok(())
}

/// Check sum, and the time of the fastest execution.
fn qemu(rounds: u32) -> Result<(u32, Duration), String> {
    let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/kernels/scalar-linux.elf"));
    let once = || {
        let (start, children) = (Instant::now(), clock::of_children());
        let output = Command::new("qemu-ppc").arg(&program).arg(rounds.to_string()).output().map_err(|error| {
            format!("qemu-ppc does not run ({error}). It is in the package qemu-user of Debian: apt install qemu-user")
        })?;
        let took = match (children, clock::of_children()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => start.elapsed(),
        };
        let sum: [u8; 4] = output.stdout.as_slice().try_into().map_err(|_| {
            format!("{} under qemu-ppc: {}", program.display(), String::from_utf8_lossy(&output.stderr))
        })?;
        Ok((u32::from_be_bytes(sum), took))
    };
    let runs: Result<Vec<_>, String> = (0..3).map(|_| once()).collect();
    runs?.into_iter().min_by_key(|run| run.1).ok_or_else(|| "nothing was run".into())
}
