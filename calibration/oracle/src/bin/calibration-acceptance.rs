//! Calibrates virtual chips, judges them and writes the report: `calibration-acceptance --chips 1..10 -o DIR`.

use bss2_calibration::evaluation::ChipReport;
use bss2_calibration::report;
use bss2_calibration::routine::Step;
use bss2_calibration_oracle::acceptance::{Plan, judge};
use clap::{Parser, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Calibrates virtual chips and compares with what is required, wanted and true.
#[derive(Parser)]
struct Arguments {
    /// Seeds of the chips: `3`, `1..10` (both ends included) or `1,5,7`.
    #[arg(long, default_value = "1..10")]
    chips: String,
    /// Directory for acceptance.html, acceptance.json and a file for each chip.
    #[arg(short, long)]
    output: PathBuf,
    /// Threads. Results do not depend on it.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Neurons of each chip.
    #[arg(long, default_value_t = 512)]
    neurons: usize,
    /// What is calibrated.
    #[arg(long, value_delimiter = ',', default_values_t = [Part::Spiking, Part::Rates, Part::Hagen, Part::Correlation])]
    parts: Vec<Part>,
    /// Takes chips whose files are there already from them.
    #[arg(long)]
    keep: bool,
    /// A page of Markdown whose tables are renewed, between its lines `<!-- begin of tables -->` and `<!-- end of tables -->`.
    #[arg(long)]
    page: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Spiking neurons.
    Spiking,
    /// Firing rates of spiking neurons, which take as long as all the rest.
    Rates,
    /// Drivers and integrating neurons.
    Hagen,
    /// Correlation sensors.
    Correlation,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Spiking => "spiking",
            Self::Rates => "rates",
            Self::Hagen => "hagen",
            Self::Correlation => "correlation",
        })
    }
}

fn seeds(text: &str) -> Option<Vec<u64>> {
    let mut seeds = Vec::new();
    for part in text.split(',') {
        match part.split_once("..") {
            Some((first, last)) => {
                let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
                if last < first || last - first >= 10_000 {
                    return None;
                }
                seeds.extend(first..=last);
            }
            None => seeds.push(part.trim().parse().ok()?),
        }
    }
    (!seeds.is_empty()).then_some(seeds)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("calibration-acceptance: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let seeds = seeds(&arguments.chips).ok_or_else(|| format!("`{}` are no seeds", arguments.chips))?;
    let has = |part| arguments.parts.contains(&part);
    let plan = Plan {
        neurons: arguments.neurons.clamp(4, 512),
        spiking: has(Part::Spiking) || has(Part::Rates),
        rates: has(Part::Rates),
        hagen: has(Part::Hagen),
        correlation: has(Part::Correlation),
    };
    let directory = &arguments.output;
    std::fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let next = AtomicUsize::new(0);
    let reports: Mutex<Vec<Option<ChipReport>>> = Mutex::new(vec![None; seeds.len()]);
    let problems: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.clamp(1, 64) {
            scope.spawn(|| {
                while let Some((place, &seed)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    seeds.get(place).map(|seed| (place, seed))
                } {
                    match one(seed, &plan, directory, arguments.keep) {
                        Ok(report) => {
                            if let Ok(mut reports) = reports.lock() {
                                reports[place] = Some(report);
                            }
                        }
                        Err(problem) => {
                            eprintln!("chip {seed}: {problem}");
                            if let Ok(mut problems) = problems.lock() {
                                problems.push(format!("chip {seed}: {problem}"));
                            }
                        }
                    }
                }
            });
        }
    });
    let reports = reports.into_inner().map_err(|error| error.to_string())?;
    let reports: Vec<ChipReport> = reports.into_iter().flatten().collect();
    write(&directory.join("acceptance.html"), &report::acceptance(&reports))?;
    let json = serde_json::to_string(&reports).map_err(|error| error.to_string())?;
    write(&directory.join("acceptance.json"), &json)?;
    if let Some(page) = &arguments.page {
        renew(page, &report::tables(&reports))?;
    }
    println!("{}", directory.join("acceptance.html").display());
    let problems = problems.into_inner().map_err(|error| error.to_string())?;
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn one(seed: u64, plan: &Plan, directory: &Path, keep: bool) -> Result<ChipReport, String> {
    let path = directory.join(format!("chip-{seed}.json"));
    if keep && path.exists() {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        return serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()));
    }
    let started = Instant::now();
    let mut progress = |step: Step<'_>| match step {
        Step::End { outcome, depth: 0 } => eprintln!(
            "chip {seed}, {:.0} s: {}, {} of {} failed",
            started.elapsed().as_secs_f64(),
            outcome.routine,
            outcome.failures(),
            outcome.len()
        ),
        Step::Note(text) => eprintln!("chip {seed}: {text}"),
        _ => {}
    };
    let report = judge(seed, plan, &mut progress).map_err(|error| error.to_string())?;
    let text = serde_json::to_string(&report).map_err(|error| error.to_string())?;
    write(&path, &text)?;
    Ok(report)
}

/// Replaces the tables of a page.
fn renew(path: &Path, tables: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let [begin, end] = ["<!-- begin of tables -->\n", "<!-- end of tables -->"];
    let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{}: no place for tables", path.display()))?;
    write(path, &format!("{before}{begin}\n{tables}\n{end}{after}"))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
