//! The scalar kernel side by side with qemu-ppc, which translates it to host code: the same object file, linked once for
//! the plasticity processor and once as a Linux program.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Kernel, Model, fastest, instructions};

/// Two numbers of rounds: their difference does not contain what starting a program costs.
const FEW: u32 = 200;
const MANY: u32 = 5_200;

pub(crate) fn side_by_side() -> Result<(), String> {
    let qemu_few = qemu(FEW)?;
    let qemu_many = qemu(MANY)?;
    let rounds = MANY - FEW;
    let instructions = (instructions(Kernel::Scalar, MANY) - instructions(Kernel::Scalar, FEW)) as f64;
    let qemu_rate = instructions / qemu_many.1.saturating_sub(qemu_few.1).as_secs_f64();
    println!("scalar kernel, {rounds} rounds, {:.1} million instructions", instructions / 1e6);
    println!("{:12} {:>17} {:>10}", "", "M instructions/s", "of qemu");
    println!("{:12} {:17.1} {:9.1}%", "qemu-ppc", qemu_rate / 1e6, 100.0);
    for model in Model::ALL {
        let (few, many) = (fastest(Kernel::Scalar, model, FEW), fastest(Kernel::Scalar, model, MANY));
        for (ours, (theirs, _)) in [(few.result, qemu_few), (many.result, qemu_many)] {
            if ours != theirs {
                return Err(format!("{}: check sum {ours:#x}, but {theirs:#x} with qemu-ppc", model.name()));
            }
        }
        let rate = instructions / many.took.saturating_sub(few.took).as_secs_f64();
        println!("{:12} {:17.1} {:9.1}%", model.name(), rate / 1e6, 100.0 * rate / qemu_rate);
    }
    Ok(())
}

/// Check sum and fastest time of some executions.
fn qemu(rounds: u32) -> Result<(u32, Duration), String> {
    let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/kernels/scalar-linux.elf"));
    let once = || {
        let start = Instant::now();
        let output = Command::new("qemu-ppc").arg(&program).arg(rounds.to_string()).output().map_err(|error| {
            format!("qemu-ppc does not run ({error}). It is in the package qemu-user of Debian: apt install qemu-user")
        })?;
        let took = start.elapsed();
        let sum: [u8; 4] = output.stdout.as_slice().try_into().map_err(|_| {
            format!("{} under qemu-ppc: {}", program.display(), String::from_utf8_lossy(&output.stderr))
        })?;
        Ok((u32::from_be_bytes(sum), took))
    };
    let runs: Result<Vec<_>, String> = (0..5).map(|_| once()).collect();
    runs?.into_iter().min_by_key(|run| run.1).ok_or_else(|| "nothing was run".into())
}
