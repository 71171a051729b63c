//! The Pong experiment on the built binary: it learns, and what it finds depends on nothing but the seed.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the experiment into a folder and returns its summary.
fn pong(folder: &Path, options: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_bss2"))
        .args(["run", "pong", "--json", "--out"])
        .arg(folder)
        .args(options)
        .output()
        .expect("the binary runs");
    // 1: a bound was not met, which short runs may do.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("standard output is JSON")
}

fn tables(folder: &Path) -> [String; 2] {
    ["epochs.csv", "weights.csv"]
        .map(|name| fs::read_to_string(folder.join(name)).expect("the table is there"))
}

#[test]
fn a_chip_learns_and_the_control_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let summary = pong(folder.path(), &["--seed", "1", "--epochs", "50", "--threads", "2"]);
    let figure =
        |name: &str| summary[name].as_f64().unwrap_or_else(|| panic!("no figure {name} in {summary}"));
    assert!(figure("success") >= 0.6, "success {}", figure("success"));
    assert!(figure("control_success") <= 0.3, "control {}", figure("control_success"));
    assert!(figure("diagonal_ratio") >= 1.5, "diagonal ratio {}", figure("diagonal_ratio"));
    assert_eq!(summary["deadlines_missed"], 0);
    for file in
        ["overview.png", "success.svg", "weights_top.png", "raster_last.png", "game.gif", "summary.json"]
    {
        let size =
            fs::metadata(folder.path().join(file)).unwrap_or_else(|_| panic!("{file} is missing")).len();
        assert!(size > 500, "{file} has {size} bytes");
    }
}

#[test]
fn the_same_seed_gives_the_same_tables_on_one_thread_and_on_two() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pong(one.path(), &["--seed", "2", "--epochs", "3", "--threads", "1"]);
    pong(two.path(), &["--seed", "2", "--epochs", "3", "--threads", "2"]);
    assert_eq!(tables(one.path()), tables(two.path()));
}

#[test]
fn another_seed_is_another_chip() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pong(one.path(), &["--seed", "2", "--epochs", "2"]);
    pong(two.path(), &["--seed", "3", "--epochs", "2"]);
    assert_ne!(tables(one.path())[0], tables(two.path())[0]);
}

#[test]
fn impossible_options_are_refused_by_name() {
    for (option, value) in [("--epochs", "0"), ("--learning-rate", "-1"), ("--learning-rate", "nan")] {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_bss2"))
            .args(["run", "pong", "--out"])
            .arg(folder.path())
            .arg(format!("{option}={value}"))
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{option}={value}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(option), "{option} is not named in {error}");
    }
}
