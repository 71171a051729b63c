//! Checks the model against golden data: `golden PATH...`, files or folders.
//!
//! Ends with 0 if everything agrees, 1 if something differs, 2 if a file cannot be checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bss2_tests::golden::{Agreement, FileReport, GoldenError, check_file, find_files};
use clap::Parser;

/// Compare what the model computes with golden data.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files (.jsonl, .jsonl.gz) or folders, which are searched recursively.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Compare results only, which is also what happens without a demand on cycles: they are reported, but no failure.
    #[arg(long, conflicts_with_all = ["cycle_equal_share", "cycle_error"])]
    functional: bool,
    /// Fail if in a file a smaller share of the timed cases has cycle counts that are all equal, or of the passes with
    /// traces of events a smaller share has all of them in their cycles.
    #[arg(long, value_name = "SHARE")]
    cycle_equal_share: Option<f64>,
    /// Fail if a cycle count has a larger relative error.
    #[arg(long, value_name = "ERROR")]
    cycle_error: Option<f64>,
    /// How many differing cases to print for each file.
    #[arg(long, default_value_t = 3, value_name = "N")]
    first: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut code = 0;
    for path in &arguments.paths {
        match find_files(path) {
            Ok(files) => files.iter().for_each(|file| code = code.max(check(file, &arguments))),
            Err(error) => code = code.max(unusable(&error)),
        }
    }
    ExitCode::from(code)
}

/// Checks one file, says what came out, and answers the exit code it calls for.
fn check(file: &Path, arguments: &Arguments) -> u8 {
    match check_file(file) {
        Ok(report) => {
            print(&report, arguments.first);
            let good =
                report.failed.is_empty() && (arguments.functional || timing_is_good(&report, arguments));
            u8::from(!good)
        }
        Err(error) => unusable(&error),
    }
}

/// The other files are checked all the same.
fn unusable(error: &GoldenError) -> u8 {
    eprintln!("{error}");
    2
}

fn timing_is_good(report: &FileReport, arguments: &Arguments) -> bool {
    let worst = report.worst_cycles().map_or(0.0, |(_, _, cycles)| cycles.relative_error());
    let least = report.traces.iter().map(Agreement::share).fold(report.cycle_equal_share(), f64::min);
    arguments.cycle_equal_share.is_none_or(|share| least >= share)
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
    if report.nothing_compared > 0 {
        println!(
            "  {} of the passed cases are about something the model has no counterpart of",
            report.nothing_compared
        );
    }
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
    for trace in &report.traces {
        println!(
            "  {}: {} of {} passes equal in every cycle ({:.1} %), {} events",
            trace.what,
            trace.equal,
            trace.passes,
            100.0 * trace.share(),
            trace.events
        );
    }
    for (line, name, what) in report.trace_different.iter().take(first) {
        println!("  line {line}, {name}: {what} differ");
    }
}
