//! Checks the model against golden data: `golden PATH...`, files or folders.
//!
//! Ends with 0 if everything agrees, 1 if something differs, 2 if a file cannot be checked.

use std::path::PathBuf;
use std::process::ExitCode;

use bss2_tests::golden::{FileReport, GoldenError, check_file, find_files};
use clap::Parser;

/// Compare what the model computes with golden data.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files (.jsonl, .jsonl.gz) or folders, which are searched recursively.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Compare results only: cycle counts are reported but never a failure.
    #[arg(long)]
    functional: bool,
    /// Smallest share of timed cases, in each file, whose cycle counts must all be equal.
    #[arg(long, default_value_t = 1.0, value_name = "SHARE")]
    cycle_equal_share: f64,
    /// Relative error of a cycle count that counts as failure even if the share is met.
    #[arg(long, value_name = "ERROR")]
    cycle_error: Option<f64>,
    /// How many differing cases to print for each file.
    #[arg(long, default_value_t = 3, value_name = "N")]
    first: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match check_all(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn check_all(arguments: &Arguments) -> Result<bool, GoldenError> {
    let mut good = true;
    for path in &arguments.paths {
        for file in find_files(path)? {
            let report = check_file(&file)?;
            print(&report, arguments.first);
            good &= report.failed.is_empty() && (arguments.functional || timing_is_good(&report, arguments));
        }
    }
    Ok(good)
}

fn timing_is_good(report: &FileReport, arguments: &Arguments) -> bool {
    let worst = report.worst_cycles().map_or(0.0, |(_, _, cycles)| cycles.relative_error());
    report.cycle_equal_share() >= arguments.cycle_equal_share
        && arguments.cycle_error.is_none_or(|limit| worst <= limit)
}

fn print(report: &FileReport, first: usize) {
    let FileReport { path, format, cases, failed, .. } = report;
    println!(
        "{}: {format}: {cases} cases, {} passed, {} failed",
        path.display(),
        cases - failed.len(),
        failed.len()
    );
    for (line, check) in failed.iter().take(first) {
        println!("  line {line}, {}:", check.name);
        for difference in check.differences.iter().take(first) {
            println!("    {difference}");
        }
    }
    if report.timed > 0 {
        println!(
            "  cycles: {} of {} cases equal ({:.1} %)",
            report.cycle_equal,
            report.timed,
            100.0 * report.cycle_equal_share()
        );
        if let Some((line, name, cycles)) = report.worst_cycles() {
            println!(
                "  largest relative error {:.1} %: line {line}, {name}: {} {} instead of {}",
                100.0 * cycles.relative_error(),
                cycles.what,
                cycles.actual,
                cycles.expected
            );
        }
        for (line, name, cycles) in report.cycle_different.iter().take(first) {
            println!(
                "  line {line}, {name}: {} {} instead of {}",
                cycles.what, cycles.actual, cycles.expected
            );
        }
    }
}
