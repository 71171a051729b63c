//! Pages about calibrations.

use bss2_calibration::evaluation::{ChipReport, Criteria, Limit, Must, Parameter, Truth};
use bss2_calibration::link::BoardState;
use bss2_calibration::report;
use bss2_calibration::result::{CalibrationResult, ChipIdentity, Header, InstanceKind, Record};
use bss2_calibration::routine::Outcome;

fn chip(seed: u64, spread: f64) -> ChipReport {
    ChipReport {
        seed,
        neurons: 64,
        parameters: vec![Parameter {
            name: "leak <potential>".into(),
            unit: "CADC codes".into(),
            target: Some(80.0),
            before: (0..64).map(|k| 80.0 + 10.0 * (f64::from(k) / 32.0 - 1.0)).collect(),
            after: (0..64).map(|k| 80.0 + spread * (f64::from(k) / 32.0 - 1.0)).chain([f64::NAN]).collect(),
            failing: Some(0.0),
            criteria: Criteria {
                must: Must::Ratio(0.3),
                spread: Some(Limit::Absolute(1.0)),
                bias: Some(Limit::Absolute(0.5)),
                failing: Some(0.01),
            },
        }],
        truths: vec![Truth { name: "leak offset".into(), value: 0.97, wanted: 0.95, at_least: true }],
        seconds: vec![("spiking".into(), 12.3)],
        chip_seconds: 80.0,
    }
}

#[test]
fn an_acceptance_page_says_what_was_required_and_reached() {
    let chips = [chip(1, 1.0), chip(2, 6.0)];
    let page = report::acceptance(&chips);
    for wanted in [
        "<!DOCTYPE html>",
        "leak &lt;potential&gt;",
        "ratio &lt; 0.3",
        "spread ≤ 1, bias ≤ 0.5, failing ≤ 1 %",
        "<td class=\"bad\">1 of 2</td>",
        "<td class=\"good\">2 of 2</td>",
        "before (128)",
        "after (128)",
        "≥ 0.95",
    ] {
        assert!(page.contains(wanted), "{wanted} is missing");
    }
    assert!(!page.contains("src=") && !page.contains("href="), "the page needs nothing else");
    // Nothing at all is a page too.
    assert!(report::acceptance(&[]).contains("0 virtual chips"));
}

#[test]
fn tables_have_a_column_for_each_chip_and_show_what_is_missed() {
    let tables = report::tables(&[chip(1, 1.0), chip(2, 6.0)]);
    for wanted in [
        "| parameter | required | 1 | 2 |",
        "| leak <potential> | ratio < 0.3 | 0.1 | **0.6** |",
        "| leak offset | ≥ 0.95 | 0.97 | 0.97 |",
    ] {
        assert!(tables.contains(wanted), "{wanted} is missing in\n{tables}");
    }
}

#[test]
fn a_report_of_a_chip_survives_its_file() {
    let text = serde_json::to_string(&chip(1, 1.0)).unwrap();
    let back: ChipReport = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    assert!(back.parameters[0].after[64].is_nan());
}

#[test]
fn the_page_of_a_calibration_names_what_is_not_to_be_used() {
    let outcome = Outcome {
        routine: "leak potential".into(),
        knob: "v_leak".into(),
        targets: vec![80.0; 8],
        parameters: vec![600, 610, 620, 630, 640, 650, 660, 1022],
        success: vec![true, true, true, true, true, true, true, false],
        residuals: vec![0.1, 0.0, -0.1, 0.2, 0.0, 0.0, 0.0, f64::NAN],
    };
    let result = CalibrationResult {
        header: Header::new(ChipIdentity::emulated(3, "model"), "spiking", &80, &(), 1).unwrap(),
        records: vec![Record::new(InstanceKind::Neuron, 10..18, outcome)],
        writes: Vec::new(),
        board: BoardState::default(),
    };
    let page = report::calibration(&result);
    assert!(page.contains("emulator-seed-3") && page.contains("17 (leak potential)"), "{page}");
    assert!(page.contains("leak potential: reached") && page.contains("leak potential: settings"));
}
