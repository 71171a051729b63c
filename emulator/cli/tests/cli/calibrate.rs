//! `bss2 calibrate`: what can be wrong with its arguments, and a calibration of one neuron from start to report.

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
