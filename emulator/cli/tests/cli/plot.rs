//! `bss2 plot`: pictures with their data, and what is refused.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::common::{bss2, failure, json, text};

const KINDS: [&str; 9] = ["traces", "fi", "psp", "stp", "stdp", "madc", "mismatch", "patterns", "phase"];

/// Runs a picture into a folder and returns what it says as JSON.
#[track_caller]
fn draw(kind: &str, folder: &Path, options: &[&str]) -> serde_json::Value {
    let folder = folder.to_str().unwrap();
    let output = bss2(&[&["plot", kind, "--json", "--output", folder], options].concat());
    assert_eq!(output.status.code(), Some(0), "{kind} {options:?}: {output:?}");
    json(&output)
}

/// A column of a table, as numbers.
fn column(folder: &Path, table: &str, name: &str) -> Vec<f64> {
    let table = fs::read_to_string(folder.join(table)).unwrap();
    let mut lines = table.lines();
    let index = lines.next().unwrap().split(',').position(|cell| cell == name).unwrap();
    lines.map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
}

#[test]
fn every_kind_describes_itself_with_examples() {
    let all = text(&bss2(&["plot", "--help"]).stdout);
    assert!(all.starts_with("Draw what the analog circuits of a virtual chip do"), "{all}");
    for kind in KINDS {
        assert!(all.contains(kind), "{kind}");
        let help = text(&bss2(&["plot", kind, "--help"]).stdout);
        for word in ["Examples:", "--output", "--format", &format!("bss2 plot {kind}")] {
            assert!(help.contains(word), "{kind}: {word}");
        }
    }
}

#[test]
fn a_picture_comes_in_the_formats_that_are_asked_for_with_its_data() {
    for (format, png, svg) in [("png", true, false), ("svg", false, true), ("both", true, true)] {
        let folder = tempfile::tempdir().unwrap();
        let said = draw("phase", folder.path(), &["--format", format, "--duration", "20"]);
        assert_eq!(folder.path().join("phase.png").exists(), png);
        assert_eq!(folder.path().join("phase.svg").exists(), svg);
        assert!(
            folder.path().join("phase.csv").exists() && folder.path().join("phase-nullclines.csv").exists()
        );
        assert_eq!(said["files"].as_array().unwrap().len(), 2 + usize::from(png) + usize::from(svg));
    }
}

#[test]
fn the_typical_chip_fires_as_the_closed_form_or_level_r_says() {
    let options = ["--ideal", "--neuron", "0,300", "--from", "440", "--to", "760", "--points", "5"];
    let draw = |level: &str| {
        let folder = tempfile::tempdir().unwrap();
        draw("fi", folder.path(), &[&options[..], &["--level", level]].concat());
        ["code", "rate_khz", "closed_form_khz"].map(|name| column(folder.path(), "fi.csv", name))
    };
    let ([codes, rates, theory], [_, reference, _]) = (draw("chip"), draw("reference"));
    assert_eq!(codes, [440.0, 520.0, 600.0, 680.0, 760.0].repeat(2));
    assert!(rates[..5].is_sorted() && rates[0] > 10.0, "{rates:?}");
    assert_eq!(rates[..5], rates[5..], "without mismatch all neurons are the same");
    // A core whose leak is linear fires as T-FI1 says, one whose leak saturates as level R does; the phase of the refractory clock adds
    // up to 8 ns of 7 us.
    for ((rate, theory), reference) in rates.iter().zip(theory).zip(reference) {
        let near = |expected: f64| (rate / expected - 1.0).abs() < 3e-3;
        assert!(near(theory) || near(reference), "{rate} kHz, closed form {theory}, level R {reference}");
    }
}

#[test]
fn the_typical_chip_has_the_potentials_of_the_closed_form_on_both_levels() {
    for level in ["chip", "reference"] {
        let folder = tempfile::tempdir().unwrap();
        let options = ["--ideal", "--weight", "20,63", "--repeat", "8", "--level", level];
        let said = draw("psp", folder.path(), &options);
        for line in ["excitatory", "inhibitory"] {
            for weight in [20, 63] {
                let figure = |name: &str| {
                    said["figures"][format!("{name}_{line}_weight_{weight}_mv")].as_f64().unwrap()
                };
                let (peak, expected) = (figure("peak"), figure("closed_form"));
                // The chip's is read by codes of 1.5 mV; level R knows saturation.
                let bound = if level == "chip" { 0.8 } else { 0.02 * expected.abs() + 0.1 };
                assert!((peak - expected).abs() < bound, "{level} {line} {weight}: {peak} {expected}");
                assert_eq!(peak > 0.0, line == "excitatory");
            }
        }
    }
}

#[test]
fn the_typical_driver_depresses_and_facilitates_to_its_fixed_points() {
    let folder = tempfile::tempdir().unwrap();
    let said = draw("stp", folder.path(), &["--ideal", "--repeat", "2", "--spikes", "20"]);
    let figure = |name: &str| said["figures"][name].as_f64().unwrap();
    assert!(figure("depression_first_mv") > 1.5 * figure("depression_last_of_train_mv"));
    assert!(figure("facilitation_last_of_train_mv") > 2.0 * figure("facilitation_first_mv"));
    for kind in ["depression", "facilitation"] {
        let (last, fixed) =
            (figure(&format!("{kind}_last_of_train_mv")), figure(&format!("{kind}_fixed_point_mv")));
        assert!((last - fixed).abs() < 0.8, "{kind}: {last} {fixed}");
    }
}

#[test]
fn the_levels_show_the_same_neuron() {
    let spikes = |level: &str, seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let options = [
            "--neuron",
            "5",
            "--level",
            level,
            "--chip-seed",
            seed,
            "--stimulus",
            "step",
            "--current",
            "600",
        ];
        draw("traces", folder.path(), &options)["figures"]["spikes_neuron_5"].as_u64().unwrap()
    };
    let (chip, reference) = (spikes("chip", "3"), spikes("reference", "3"));
    assert!(chip > 3 && chip.abs_diff(reference) <= 1, "{chip} {reference}");
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_seed_another_chip() {
    let draw = |seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        draw("madc", folder.path(), &["--points", "4", "--samples", "20", "--chip-seed", seed]);
        ["madc.csv", "madc.png", "madc.svg"].map(|file| fs::read(folder.path().join(file)).unwrap())
    };
    let (first, second, other) = (draw("1"), draw("1"), draw("2"));
    assert!(first == second);
    assert_ne!(first[0], other[0]);
}

#[test]
fn nonsense_is_refused_by_name_in_one_line() {
    for (arguments, words) in [
        (&["nothing"][..], &["nothing"][..]),
        (&["traces", "--neuron", "512"], &["--neuron", "512", "0..=511"]),
        (&["traces", "--neuron", "1,1"], &["--neuron", "twice"]),
        (&["traces", "--neuron", "0-9"], &["--neuron", "6"]),
        (&["traces", "--rate", "-1"], &["--rate"]),
        (&["traces", "--rate", "NaN"], &["--rate"]),
        (&["traces", "--duration", "0"], &["--duration", "20..=2000"]),
        (&["traces", "--weight", "64"], &["--weight", "0..=63"]),
        (&["traces", "--stimulus", "light"], &["--stimulus", "light"]),
        (&["fi", "--from", "500", "--to", "500"], &["--to", "--from"]),
        (&["fi", "--to", "1023"], &["--to", "1023"]),
        (&["fi", "--points", "1"], &["--points"]),
        (&["psp", "--weight", "0"], &["--weight"]),
        (&["psp", "--level", "transistor"], &["--level", "transistor"]),
        (&["stp", "--driver", "128"], &["--driver", "0..=127"]),
        (&["stp", "--interval", "1"], &["--interval"]),
        (&["stdp", "--longest", "1e9"], &["--longest"]),
        (&["stdp", "--longest", "inf"], &["--longest"]),
        (&["madc", "--from", "-0.1"], &["--from"]),
        (&["madc", "--from", "1", "--to", "0.5"], &["--to", "--from"]),
        (&["madc", "--to", "NaN"], &["--to"]),
        (&["mismatch", "--parameter", "neuron.lek"], &["--parameter", "neuron.lek"]),
        (&["mismatch", "--parameter", "neuron"], &["--parameter", "12"]),
        (&["mismatch", "--chip-seed", "1,1"], &["--chip-seed", "twice"]),
        (&["phase", "--pattern", "waltz"], &["--pattern", "waltz", "tonic"]),
        (&["patterns", "--format", "jpg"], &["--format", "jpg"]),
        (&["patterns", "--output", "/proc/nowhere"], &["/proc/nowhere"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let mut full = vec!["plot"];
        if !arguments.contains(&"--output") && arguments.len() > 1 {
            full.extend([arguments[0], "--output", folder]);
            full.extend(&arguments[1..]);
        } else {
            full.extend(arguments);
        }
        let lines = failure(&full);
        let error: Vec<_> = lines.iter().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(error.len(), 1, "{arguments:?}: {lines:?}");
        for word in words {
            assert!(error[0].contains(word), "{arguments:?}: '{word}' is not in '{}'", error[0]);
        }
        assert!(lines.len() <= 2, "{arguments:?}: {lines:?}");
    }
}

/// Options of each kind that take a value.
const OPTIONS: [(&str, &[&str]); 9] = [
    (
        "traces",
        &[
            "neuron",
            "duration",
            "rate",
            "inhibitory-rate",
            "weight",
            "inhibitory-weight",
            "current",
            "stimulus",
            "level",
        ],
    ),
    ("fi", &["neuron", "from", "to", "points", "duration", "level"]),
    ("psp", &["neuron", "weight", "repeat", "level"]),
    ("stp", &["neuron", "driver", "utilization", "recovery-clock", "interval", "spikes", "repeat"]),
    ("stdp", &["pairs", "longest", "distances"]),
    ("madc", &["from", "to", "points", "samples"]),
    ("mismatch", &["chip-seed", "parameter", "bins"]),
    ("patterns", &["duration", "level", "format"]),
    ("phase", &["pattern", "duration", "level", "format"]),
];

/// Values that no option takes.
fn garbage() -> impl Strategy<Value = String> {
    prop_oneof![
        // Numbers far out of every range, of every shape.
        prop::sample::select(vec![
            "-1",
            "-0.5",
            "1e400",
            "NaN",
            "-inf",
            "99999999999999999999999",
            "0x",
            "",
            " ",
            "--",
            "1..2",
            "1,,2",
            "5-",
            "\u{0661}",
        ])
        .prop_map(str::to_owned),
        // Words that are no name of anything.
        "[!-,:-@\\[-`{-~]{1,12}",
        "[xyz]{9,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever stands behind an option: either one line that names the option and exit code 2, and no picture, or success.
    #[test]
    fn a_value_that_no_option_takes_is_refused_with_the_name_of_the_option(
        place in 0_usize..9, option: prop::sample::Index, value in garbage(),
    ) {
        let (kind, options) = OPTIONS[place];
        let option = options[option.index(options.len())];
        let folder = tempfile::tempdir().unwrap();
        let argument = format!("--{option}={value}");
        let output = bss2(&["plot", kind, "--output", folder.path().to_str().unwrap(), &argument]);
        prop_assert_eq!(output.status.code(), Some(2), "{} {}: {:?}", kind, argument, output);
        let said = text(&output.stderr);
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        prop_assert_eq!(errors.len(), 1, "{}", said);
        prop_assert!(errors[0].contains(&format!("--{option}")), "{} {}: {}", kind, argument, said);
        prop_assert!(!said.contains("panicked"));
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
