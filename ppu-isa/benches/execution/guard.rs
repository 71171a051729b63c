//! Host instructions for each emulated instruction, counted by callgrind, against their limits: the figure does not
//! depend on what else the machine does, so that it can be checked everywhere.

use std::process::Command;

use crate::{Kernel, Model, instructions};

/// Host instructions for an emulated instruction that must not be exceeded. Measured on x86-64 with Rust 1.95,
/// and a twentieth more, for what another version of the compiler may do. Lower them with every improvement.
const LIMITS: [(Kernel, Model, f64); 8] = [
    (Kernel::Scalar, Model::Flat, 47.2),
    (Kernel::Scalar, Model::Asked, 72.5),
    (Kernel::Scalar, Model::Scoreboard, 312.0),
    (Kernel::Scalar, Model::Cycle, 320.0),
    (Kernel::Vector, Model::Flat, 208.0),
    (Kernel::Vector, Model::Asked, 231.0),
    (Kernel::Vector, Model::Scoreboard, 471.0),
    (Kernel::Vector, Model::Cycle, 342.0),
];

pub(crate) fn guard() -> Result<(), String> {
    println!("{:8} {:11} {:>19} {:>7}", "kernel", "timing", "host/instruction", "limit");
    let mut worse = Vec::new();
    for (kernel, model, limit) in LIMITS {
        let (few, many) = match kernel {
            Kernel::Scalar => (2, 12),
            Kernel::Vector => (1, 4),
        };
        let host = count(kernel, model, many)? - count(kernel, model, few)?;
        let emulated = instructions(kernel, many) - instructions(kernel, few);
        let figure = host as f64 / emulated as f64;
        println!("{:8} {:11} {figure:19.2} {limit:7.1}", kernel.name(), model.name());
        if figure > limit {
            worse.push(format!("{} with {}: {figure:.2}, limit {limit}", kernel.name(), model.name()));
        }
    }
    if worse.is_empty() { Ok(()) } else { Err(format!("slower than allowed: {}", worse.join("; "))) }
}

/// Host instructions of a whole run.
fn count(kernel: Kernel, model: Model, rounds: u32) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["--measure", kernel.name(), model.name(), &rounds.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not run ({error}). On Debian: apt install valgrind"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    collected
        .and_then(|(_, number)| number.trim().parse().ok())
        .ok_or_else(|| format!("callgrind does not say how many instructions it counted:\n{report}"))
}
