//! The program as its users meet it: arguments, files, exit codes, output.

mod calibrate;
mod common;
mod inspect;
mod play;
mod plot;
mod ppu;
mod serve;

use std::path::Path;
use std::process::Command;

use common::{bss2, failure, json, text};
use serde_json::Value;

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = bss2(&["--version"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), format!("bss2 {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_goes_to_standard_output_and_is_a_success() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["run", "pong-baselines", "--help"],
        &["ppu", "run", "--help"],
        &["inspect", "registers", "--help"],
        &["serve", "--help"],
    ] {
        let output = bss2(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Usage: bss2"), "{arguments:?}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn the_list_names_every_experiment_once_and_is_also_json() {
    let output = bss2(&["run", "list"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = text(&output.stdout);
    let list = json(&bss2(&["run", "list", "--json"]));
    let entries = list.as_array().unwrap();
    assert_eq!(lines.lines().count(), entries.len() + 1);
    for entry in entries {
        assert!(lines.contains(entry["name"].as_str().unwrap()));
        assert!(!entry["about"].as_str().unwrap().is_empty());
        assert!(!entry["reference"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_misspelt_experiment_is_named_with_what_was_probably_meant() {
    let lines = failure(&["run", "pong-baseline"]);
    assert_eq!(lines[0], "error: unknown experiment 'pong-baseline'");
    assert_eq!(lines[1], "hint: did you mean pong or pong-baselines? bss2 run list shows all");
    let lines = failure(&["run", "homeostatis"]);
    assert_eq!(lines[1], "hint: did you mean homeostasis? bss2 run list shows all");
    let lines = failure(&["run", "xyz"]);
    assert_eq!(lines[1], "hint: bss2 run list shows all");
}

#[test]
fn a_misspelt_command_or_option_is_named_with_what_was_probably_meant() {
    let lines = failure(&["runs"]);
    assert!(lines[0].starts_with("error: ") && lines[0].contains("'runs'"), "{lines:?}");
    assert!(lines[1].contains("'run'"), "{lines:?}");
    let lines = failure(&["run", "pong-baselines", "--sed", "4"]);
    assert!(lines[0].contains("'--sed'"), "{lines:?}");
    assert!(lines[1].contains("'--seed'"), "{lines:?}");
}

#[test]
fn an_unusable_value_is_named_with_its_option() {
    for (arguments, option, value) in [
        (&["run", "pong-baselines", "--seed", "-3"][..], "--seed", "-3"),
        (&["run", "pong-baselines", "--seed", "18446744073709551616"], "--seed", "18446744073709551616"),
        (&["run", "pong-baselines", "--threads", "0"], "--threads", "0"),
        (&["run", "pong-baselines", "--rows", "many"], "--rows", "many"),
    ] {
        let lines = failure(arguments);
        assert!(lines[0].starts_with("error: ") && lines[0].contains(value), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains(option)) || value == "-3", "{lines:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for (option, value) in
        [("rows", "1"), ("rows", "257"), ("paddle", "0"), ("paddle", "NaN"), ("paddle", "inf")]
    {
        let lines = failure(&["run", "pong-baselines", "--out", out, &format!("--{option}"), value]);
        assert!(lines[0].starts_with(&format!("error: option --{option}: {value} ")), "{lines:?}");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}

#[test]
fn without_a_command_the_help_is_shown_as_a_failure() {
    for arguments in [&[][..], &["run"], &["ppu"], &["inspect"]] {
        let lines = failure(arguments);
        assert!(lines.iter().any(|line| line.starts_with("Usage: bss2")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("error: ")), "{lines:?}");
    }
}

#[test]
fn an_unwritable_folder_is_found_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let below = file.join("out");
    // So long that the test would not end if the work began.
    let lines = failure(&[
        "run",
        "pong-baselines",
        "--iterations",
        "1000000000000",
        "--out",
        below.to_str().unwrap(),
    ]);
    assert!(lines[0].starts_with(&format!("error: output folder {}: ", below.display())), "{lines:?}");
    assert_eq!(lines[1], "hint: choose another folder with --out");
}

#[test]
fn a_failure_is_json_too_when_json_is_wanted() {
    let output = bss2(&["--json", "run", "pong-baseline"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output)["error"], "unknown experiment 'pong-baseline'");
    assert!(text(&output.stderr).starts_with("error: unknown experiment"));
}

#[test]
fn an_accepted_run_exits_with_zero_and_leaves_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made/on/the/way");
    let output = bss2(&["run", "pong-baselines", "--seed", "3", "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.starts_with("pong-baselines, chip seed 3\n"), "{shown}");
    assert!(shown.contains("accepted: every bound is met"), "{shown}");
    let summary = summary(&out);
    assert_eq!(summary["experiment"], "pong-baselines");
    assert_eq!(summary["seed"], 3);
    assert_eq!(summary["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(summary["perfect_hit_rate"], 1.0);
    assert_eq!(summary["interrupted"], false);
    assert_eq!(summary["accepted"], true);
    assert!(summary["wall_s"].as_f64().unwrap() > 0.0);
    assert!(summary["chip_time_s"].is_number());
    assert!(summary.as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array()));
    for (file, magic) in [("pong.png", &b"\x89PNG"[..]), ("pong.svg", b"<svg "), ("pong.gif", b"GIF89a")] {
        let content = std::fs::read(out.join(file)).unwrap();
        assert!(content.starts_with(magic), "{file}");
        assert!(content.len() < 2_000_000, "{file}: {} bytes", content.len());
    }
    let names =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["figures.csv", "players.csv", "pong.gif", "pong.png", "pong.svg", "summary.json"]);
}

#[test]
fn a_bound_that_is_not_met_gives_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // A paddle of a third of a row misses balls in its own row.
    let output = bss2(&["run", "pong-baselines", "--paddle", "0.3", "--out", out, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let printed = json(&output);
    assert_eq!(printed["accepted"], false);
    assert!(printed["perfect_hit_rate"].as_f64().unwrap() < 1.0);
    assert_eq!(printed, summary(folder.path()));
}

#[test]
fn the_same_seed_gives_the_same_files_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let arguments =
            ["run", "pong-baselines", "--seed", "5", "--iterations", "60", "--threads", threads, "--out"];
        let output = bss2(&[&arguments[..], &[out.to_str().unwrap()]].concat());
        assert_ne!(output.status.code(), Some(2), "{output:?}");
        ["figures.csv", "players.csv", "pong.gif", "pong.png", "pong.svg"]
            .map(|f| std::fs::read(out.join(f)).unwrap())
    };
    assert!(run("a", "1") == run("b", "2"));
}

/// Ctrl-C, as the terminal sends it.
#[cfg(unix)]
#[test]
fn an_interrupted_run_writes_what_it_has_and_says_so() {
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_bss2"))
        .args(["run", "pong-baselines", "--iterations", "1000000000000", "--out"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The table is begun after the handler is installed.
    let began = Instant::now();
    while !folder.path().join("players.csv").exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "the run did not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let summary = summary(folder.path());
    assert_eq!(summary["interrupted"], true);
    assert_eq!(summary["accepted"], false);
    assert_eq!(summary["perfect_hit_rate"], 1.0);
    assert!(summary.get("motionless_hit_rate").is_none());
    assert!(text(&output.stdout).contains("interrupted: "), "{output:?}");
}
