//! `bss2 calibrate`: what can be wrong with arguments and files, and a calibration of a few neurons from start to report.

use std::path::Path;

use bss2_calibration::link::{BoardState, Write};
use bss2_calibration::result::{CalibrationResult, ChipIdentity, Header, InstanceKind, Record, load, save};
use bss2_calibration::routine::Outcome;

use crate::common::{bss2, failure, json, text};

#[test]
fn mistakes_in_the_arguments_are_named_before_anything_is_calibrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let output = path("out.json");
    let calibrate = |arguments: &[&str]| {
        let all: Vec<&str> = ["calibrate", "--output", &output].iter().chain(arguments).copied().collect();
        failure(&all)[0].clone()
    };
    assert_eq!(calibrate(&["--chip-seed", "5-3"]), "error: --chip-seed 5-3: no list of seeds");
    assert!(calibrate(&["--chip-seed", "1-3"]).contains("one file for 3 chips"));
    assert!(calibrate(&["--target", "spike"]).starts_with("error: --target spike: "));

    let target = path("target.toml");
    std::fs::write(&target, "entry = \"spiking\"\n[target]\nleek = 80\n").unwrap();
    let message = calibrate(&["--target", &target]);
    assert!(message.starts_with(&format!("error: {target}: ")) && message.contains("leek"), "{message}");
    // Neurons are counted when the target is spread over them.
    std::fs::write(&target, "entry = \"spiking\"\n[target]\nleak = [80, 81]\n").unwrap();
    let message = calibrate(&["--target", &target, "--neurons", "3"]);
    assert_eq!(message, format!("error: {target}: target: 2 values for 3 instances"));
    // What is no number, and codes that no cell takes: file, parameter, value.
    for (line, words) in [
        ("leak = nan", ["leak", "NaN"]),
        ("leak = [80, inf, 80]", ["leak", "inf"]),
        ("tau_syn = [10, nan]", ["tau_syn (inhibitory)", "NaN"]),
        ("refractory_time = -1", ["refractory_time", "-1"]),
        ("membrane_capacitance = 64", ["membrane_capacitance", "64"]),
        ("synapse_dac_bias = 5000", ["synapse_dac_bias", "5000"]),
        ("strength = { mode = \"matching\", gm = 1023 }", ["strength.gm", "1023"]),
        ("strength = { mode = \"uncalibrated\", gm = [500, [1, -2, 3]] }", ["strength.gm", "-2"]),
    ] {
        std::fs::write(&target, format!("entry = \"spiking\"\n[target]\n{line}\n")).unwrap();
        let message = calibrate(&["--target", &target, "--neurons", "3"]);
        assert!(message.starts_with(&format!("error: {target}: ")), "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{line}: {message}");
    }
    assert!(!std::path::Path::new(&output).exists());

    let lines = failure(&["calibrate", "report", &output]);
    assert!(lines[0].starts_with(&format!("error: {output}: ")), "{lines:?}");
}

#[test]
#[ignore = "takes some ten seconds of processor time"]
fn a_calibration_ends_in_a_file_that_can_be_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chip.json").to_str().unwrap().to_owned();
    let arguments = ["calibrate", "--chip-seed", "4", "--neurons", "8", "--output", &file, "--json"];
    let output = bss2(&arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = json(&output);
    assert_eq!((&said[0]["chip_seed"], &said[0]["neurons"]), (&4.into(), &8.into()));
    assert!(!std::path::Path::new(&format!("{file}.checkpoint")).exists());
    let report = bss2(&["calibrate", "report", &file]);
    assert_eq!(report.status.code(), Some(0));
    assert!(text(&report.stdout).contains("leak potential"));
}

/// A small result: two neurons, one routine.
fn example(seed: u64, codes: [i32; 2]) -> CalibrationResult {
    let outcome = Outcome {
        routine: "leak potential".into(),
        knob: "v_leak".into(),
        targets: vec![80.0; 2],
        residuals: vec![0.5, -0.5],
        parameters: codes.to_vec(),
        success: vec![true; 2],
    };
    CalibrationResult {
        header: Header::new(ChipIdentity::emulated(seed, "test"), "spiking", &1, &2, 0).unwrap(),
        records: vec![Record::new(InstanceKind::Neuron, [4, 7], outcome)],
        writes: vec![Write { address: 0x0002_0000, value: codes[0] as u32, enables: 0xf }],
        board: BoardState::default(),
    }
}

fn saved(folder: &Path, name: &str, result: &CalibrationResult) -> String {
    let path = folder.join(name);
    save(result, &path).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn damaged_files_are_named_with_the_place_of_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "good.json", &example(1, [600, 620]));
    let text = std::fs::read_to_string(&good).unwrap();
    let damaged = folder.path().join("damaged.json").to_str().unwrap().to_owned();
    let half = &text[..text.len() / 2];
    let version = text.replacen("\"format\":", "\"format\": 9", 1);
    let success = text.replacen("\"success\"", "\"succes\"", 1);
    for content in ["", "[]", "no JSON", half, &version, &success] {
        if content == version || content == success {
            assert_ne!(content, text, "nothing was damaged");
        }
        std::fs::write(&damaged, content).unwrap();
        for command in [vec!["report", &damaged], vec!["diff", &good, &damaged], vec!["try", &damaged]] {
            let arguments: Vec<&str> = ["calibrate"].into_iter().chain(command).collect();
            let lines = failure(&arguments);
            assert!(lines[0].starts_with(&format!("error: {damaged}: ")), "{arguments:?}: {lines:?}");
        }
    }
}

#[test]
fn differences_between_calibrations_are_listed_and_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let first = saved(folder.path(), "first.json", &example(1, [600, 620]));
    let again = saved(folder.path(), "again.json", &example(1, [600, 620]));
    let other = saved(folder.path(), "other.json", &example(2, [600, 625]));
    let same = bss2(&["calibrate", "diff", &first, &again]);
    assert_eq!((same.status.code(), text(&same.stdout).as_str()), (Some(0), "no difference\n"));
    let different = bss2(&["calibrate", "diff", &first, &other, "--json"]);
    assert_eq!(different.status.code(), Some(1));
    let said = json(&different);
    assert_eq!(said["routines"][0]["changed"], 1);
    assert_eq!((&said["routines"][0]["largest"], &said["words"]), (&5.into(), &0.into()));
    assert!(said["header"].to_string().contains("chip"), "{said}");
}

#[test]
fn an_exported_calibration_is_a_program_that_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = saved(folder.path(), "chip.json", &example(1, [600, 620]));
    let program = folder.path().join("program.txt").to_str().unwrap().to_owned();
    let exported = bss2(&["calibrate", "export", &file, "--output", &program]);
    assert_eq!(exported.status.code(), Some(0), "{exported:?}");
    let played = bss2(&["play", &program, "--startup", "--json"]);
    assert_eq!(played.status.code(), Some(0), "{played:?}");
}

#[test]
fn a_result_that_is_not_for_spikes_gets_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let mut result = example(1, [600, 620]);
    result.header.entry = "hagen".into();
    let file = saved(folder.path(), "hagen.json", &result);
    let lines = failure(&["calibrate", "try", &file]);
    assert!(lines[0].contains("a calibration for hagen"), "{lines:?}");
}

#[test]
#[ignore = "takes a minute of processor time"]
fn caches_checkpoints_jobs_and_connections_all_lead_to_the_same_calibration() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let cache = path("cache");
    let calibrate = |seeds: &str, output: &str, more: &[&str]| {
        let all: Vec<&str> = ["calibrate", "--chip-seed", seeds, "--neurons", "2", "--output", output]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let begin = std::time::Instant::now();
        let found = bss2(&all);
        assert_eq!(found.status.code(), Some(0), "{found:?}");
        begin.elapsed()
    };
    // Two chips at once, kept in a cache; then one of them again, which takes no calibration.
    let slow = calibrate("1,2", &path("chip{seed}.json"), &["--jobs", "2", "--cache", &cache]);
    let quick = calibrate("2", &path("again.json"), &["--cache", &cache]);
    assert!(10 * quick < slow, "{quick:?} and {slow:?}");
    let words = |name: &str| load(Path::new(&path(name))).unwrap().writes;
    assert_eq!(words("again.json"), words("chip2.json"));
    assert_ne!(words("chip1.json"), words("chip2.json"));

    // Files in the cache that are damaged, or another chip's under this name, are no calibrations of this chip.
    let files: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    let other = std::fs::read(&files[0]).unwrap();
    std::fs::write(&files[1], &other).unwrap();
    std::fs::write(&files[0], &other[..other.len() / 2]).unwrap();
    calibrate("2", &path("anew.json"), &["--cache", &cache]);
    assert_eq!(words("anew.json"), words("chip2.json"));

    // Interrupted after some part, then gone on with.
    #[cfg(unix)]
    {
        let output = path("interrupted.json");
        let all = ["calibrate", "--chip-seed", "2", "--neurons", "2", "--output", &output];
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_bss2"))
            .args(all)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !Path::new(&format!("{output}.checkpoint")).exists() {
            assert_eq!(process.try_wait().unwrap(), None, "it ended without a checkpoint");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let identity = process.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &identity]).status().unwrap().success());
        assert_eq!(process.wait().unwrap().code(), Some(1));
        assert!(!Path::new(&output).exists());
        calibrate("2", &output, &["--resume"]);
        assert_eq!(words("interrupted.json"), words("chip2.json"));
    }

    // A damaged checkpoint is named.
    let checkpoint = path("resumed.json.checkpoint");
    std::fs::write(&checkpoint, b"no checkpoint").unwrap();
    let lines = failure(&["calibrate", "--neurons", "2", "--resume", "--output", &path("resumed.json")]);
    assert!(lines[0].starts_with(&format!("error: {checkpoint}: ")), "{lines:?}");
}
