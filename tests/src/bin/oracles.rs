//! Compares the scalar instruction set with independent tools: `oracles qemu`, `oracles objdump`, `oracles gas`,
//! `oracles all`. With `--planted` each is asked how many faults on purpose it notices.
//!
//! Ends with 0 if everything agrees (with `--planted`, if 95 % are noticed), 1 if not, 2 if a tool is absent or cannot be used. Nothing is
//! installed.

use std::process::ExitCode;

use bss2_tests::oracles::qemu::Extent;
use bss2_tests::oracles::{OracleError, Report, gas, objdump, qemu};
use clap::{Parser, Subcommand};

/// Compare the scalar instruction set with independent tools.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Which tool.
    #[command(subcommand)]
    oracle: Oracle,
    /// Seed of all random questions.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// How many random programs to run on qemu-ppc.
    #[arg(long, global = true, default_value_t = 100, value_name = "N")]
    programs: usize,
    /// Length of a program in pieces of one to six instructions.
    #[arg(long, global = true, default_value_t = 400, value_name = "N")]
    length: usize,
    /// How many random words of each instruction, or lines of each mnemonic, to ask objdump and as about.
    #[arg(long, global = true, default_value_t = 50, value_name = "N")]
    words: usize,
    /// Plant faults, one at a time, and count those that are noticed.
    #[arg(long, global = true)]
    planted: bool,
    /// How many differences to print for each tool.
    #[arg(long, global = true, default_value_t = 5, value_name = "N")]
    first: usize,
    /// Print what was left out and why, too.
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Subcommand, Clone, Copy, PartialEq, Eq)]
enum Oracle {
    /// Random programs on qemu-ppc (Debian package qemu-user).
    Qemu,
    /// Text of words in GNU objdump (Debian package binutils-powerpc-linux-gnu).
    Objdump,
    /// Words of text in GNU as (Debian package binutils-powerpc-linux-gnu).
    Gas,
    /// All of them.
    All,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { seed, programs, length, words, planted, .. } = arguments;
    type Question = Box<dyn Fn() -> Result<Report, OracleError>>;
    let extent = Extent { seed, programs, length };
    let questions: [(Oracle, Question); 3] = [
        (
            Oracle::Qemu,
            Box::new(move || if planted { qemu::sensitivity(extent) } else { qemu::compare(extent) }),
        ),
        (
            Oracle::Objdump,
            Box::new(
                move || {
                    if planted { objdump::sensitivity(seed, words) } else { objdump::compare(seed, words) }
                },
            ),
        ),
        (
            Oracle::Gas,
            Box::new(move || if planted { gas::sensitivity(seed, words) } else { gas::compare(seed, words) }),
        ),
    ];
    let mut code = 0;
    for (oracle, question) in questions {
        if arguments.oracle != oracle && arguments.oracle != Oracle::All {
            continue;
        }
        match question() {
            Ok(report) => {
                print(&report, &arguments);
                let failed = if planted { report.is_blind() } else { !report.mismatches.is_empty() };
                code = code.max(u8::from(failed));
            }
            Err(error) => {
                eprintln!("{error}");
                code = 2;
            }
        }
    }
    ExitCode::from(code)
}

fn print(report: &Report, arguments: &Arguments) {
    let Report { what, checked, mismatches, notes } = report;
    match arguments.planted {
        false => {
            println!("{what} (seed {}): {checked} compared, {} differ", arguments.seed, mismatches.len())
        }
        true => println!("{what} (seed {}): {} of {checked}", arguments.seed, checked - mismatches.len()),
    }
    for mismatch in mismatches.iter().take(arguments.first) {
        println!("  {mismatch}");
    }
    for note in notes.iter().filter(|_| arguments.verbose) {
        println!("  {note}");
    }
}
