//! The processor against everything that was measured on its hardware description.

use std::path::{Path, PathBuf};

use bss2_tests::golden::{FileReport, check_file};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/ppu").join(file)
}

#[track_caller]
fn all_pass(file: &str, cases: usize) -> FileReport {
    let report = check_file(&golden(file)).expect("readable golden data");
    assert_eq!(report.cases, cases, "number of records in {file}");
    if let Some((line, check)) = report.failed.first() {
        let (count, name) = (report.failed.len(), &check.name);
        panic!(
            "{count} of {cases} cases of {file} fail; first line {line}, {name}: {:#?}",
            check.differences
        );
    }
    report
}

/// Every recorded cycle count and every issue cycle.
#[track_caller]
fn all_equal_to_the_cycle(file: &str, cases: usize) {
    let report = all_pass(file, cases);
    if let Some((line, name, cycles)) = report.cycle_different.first() {
        let different = report.timed - report.cycle_equal;
        panic!(
            "{different} of {} timed cases of {file} differ; line {line}, {name}: {cycles:?}",
            report.timed
        );
    }
}

#[test]
fn every_event_of_the_micro_benchmarks_happens_in_its_cycle() {
    let report = all_pass("timing.jsonl.gz", 171);
    let events: usize = report.traces.iter().map(|trace| trace.events).sum();
    assert_eq!(report.traces.len(), 4);
    assert_eq!(events, 6133 + 521 + 1425 + 1301);
    assert_eq!(report.trace_different, []);
}

#[test]
fn every_scalar_instruction_computes_what_was_measured() {
    all_pass("scalar.jsonl.gz", 10_496);
}

#[test]
fn every_vector_instruction_computes_what_was_measured() {
    all_pass("fxv.jsonl.gz", 3_392);
}

#[test]
fn unimplemented_encodings_have_the_measured_side_effects() {
    all_pass("absent.jsonl.gz", 320);
}

#[test]
fn random_programs_end_in_the_measured_state_and_cycle() {
    all_equal_to_the_cycle("programs.jsonl.gz", 150);
}

#[test]
fn exceptions_leave_the_measured_state_in_the_measured_cycles() {
    all_equal_to_the_cycle("exceptions.jsonl.gz", 22);
}

#[test]
fn corner_cases_leave_the_measured_state_in_the_measured_cycles() {
    all_equal_to_the_cycle("corner.jsonl.gz", 28);
}

#[test]
fn kernels_compute_the_measured_results_in_the_measured_cycles() {
    all_equal_to_the_cycle("kernels.jsonl.gz", 13);
}

#[test]
fn micro_benchmarks_issue_in_the_measured_cycles() {
    all_equal_to_the_cycle("timing.jsonl.gz", 171);
}
