//! Compares the scalar instruction set with an independent tool: `oracles qemu` or `oracles all`.
//!
//! Ends with 0 if everything agrees, 1 if something differs, 2 if a tool is absent or cannot be used. Nothing is
//! installed.

use std::process::ExitCode;

use bss2_tests::oracles::qemu::Extent;
use bss2_tests::oracles::{OracleError, Report, qemu};
use clap::{Parser, Subcommand};

/// Compare the scalar instruction set with an independent tool.
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
    /// All of them.
    All,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { seed, programs, length, .. } = arguments;
    type Question = Box<dyn Fn() -> Result<Report, OracleError>>;
    let questions: [(Oracle, Question); 1] =
        [(Oracle::Qemu, Box::new(move || qemu::compare(Extent { seed, programs, length })))];
    let mut code = 0;
    for (oracle, question) in questions {
        if arguments.oracle != oracle && arguments.oracle != Oracle::All {
            continue;
        }
        match question() {
            Ok(report) => {
                print(&report, &arguments);
                code = code.max(u8::from(!report.mismatches.is_empty()));
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
    println!("{what} (seed {}): {checked} compared, {} differ", arguments.seed, mismatches.len());
    for mismatch in mismatches.iter().take(arguments.first) {
        println!("  {mismatch}");
    }
    for note in notes.iter().filter(|_| arguments.verbose) {
        println!("  {note}");
    }
}
