//! Pages about calibrations: what was required, wanted and reached, with histograms (calibration 15).
//!
//! A page is one file of HTML with its pictures in it. [`acceptance`] shows many chips before and after, [`calibration`] a
//! single result file; [`tables`] are those of an acceptance run for a page of the documentation.

mod histogram;
mod markdown;
mod page;

use crate::evaluation::{ChipReport, Judgement, Parameter};
use crate::result::CalibrationResult;
use histogram::{Histogram, Series};
pub use markdown::tables;
use page::{Page, number, percent};

/// The page about an acceptance run over chips.
pub fn acceptance(chips: &[ChipReport]) -> String {
    let mut page = Page::new("Acceptance of the calibration");
    let seeds: Vec<String> = chips.iter().map(|chip| chip.seed.to_string()).collect();
    page.paragraph(&format!(
        "{} virtual chips (seeds {}), {} neurons each. Spreads are standard deviations without 5 % at either end; \
         before means that all instances have the median of the calibrated settings. A dash says that the specification asks for nothing.",
        chips.len(),
        seeds.join(", "),
        chips.first().map_or(0, |chip| chip.neurons)
    ));
    let mut rows = Vec::new();
    for parameter in parameters(chips) {
        let own: Vec<&Parameter> = of_all(chips, &parameter);
        let judgements: Vec<Judgement> = own.iter().map(|parameter| parameter.judge()).collect();
        let Some(first) = own.first() else { continue };
        let worst = |value: fn(&Judgement) -> f64| {
            judgements.iter().map(value).filter(|value| !value.is_nan()).fold(f64::NAN, f64::max)
        };
        let median = |value: fn(&Judgement) -> f64| {
            crate::evaluation::median(&judgements.iter().map(value).collect::<Vec<_>>())
        };
        let verdict = |passed: fn(&Judgement) -> Option<bool>| {
            let known: Vec<bool> = judgements.iter().filter_map(passed).collect();
            match known.iter().filter(|passed| **passed).count() {
                _ if known.is_empty() => ("–".to_owned(), ""),
                good if good == known.len() => (format!("{good} of {}", known.len()), "good"),
                good => (format!("{good} of {}", known.len()), "bad"),
            }
        };
        let pair =
            |value: fn(&Judgement) -> f64| format!("{} / {}", number(worst(value)), number(median(value)));
        rows.push(vec![
            (format!("{} ({})", first.name, first.unit), ""),
            (first.criteria.must_text(), ""),
            (first.criteria.goal_text(), ""),
            (pair(|j| j.before), ""),
            (pair(|j| j.after), ""),
            (pair(|j| j.ratio), ""),
            (pair(|j| j.bias.abs()), ""),
            (format!("{} / {}", percent(worst(|j| j.failed)), percent(median(|j| j.failed))), ""),
            verdict(|j| j.must),
            verdict(|j| j.goal),
        ]);
    }
    page.heading("Required, wanted, reached");
    page.table(
        &[
            "parameter",
            "required",
            "goal",
            "spread before: worst / median",
            "spread after: worst / median",
            "ratio: worst / median",
            "bias: worst / median",
            "failing: worst / median",
            "required",
            "goal",
        ],
        &rows,
    );
    page.heading("Recovery of the truth");
    page.paragraph(
        "What routines found, against what is true of the virtual chip. Routines can't see it; only this report can.",
    );
    let truths: Vec<Vec<(String, &str)>> = truth_names(chips)
        .into_iter()
        .map(|name| {
            let own: Vec<_> =
                chips.iter().filter_map(|chip| chip.truths.iter().find(|truth| truth.name == name)).collect();
            let values: Vec<f64> = own.iter().map(|truth| truth.value).collect();
            let good = own.iter().filter(|truth| truth.passed()).count();
            let worst = if own.first().is_some_and(|truth| truth.at_least) {
                values.iter().copied().fold(f64::NAN, f64::min)
            } else {
                values.iter().copied().fold(f64::NAN, f64::max)
            };
            vec![
                (name, ""),
                (own.first().map_or(String::new(), |truth| truth.wanted_text()), ""),
                (format!("{} / {}", number(worst), number(crate::evaluation::median(&values))), ""),
                (format!("{good} of {}", own.len()), if good == own.len() { "good" } else { "bad" }),
            ]
        })
        .collect();
    page.table(&["figure", "wanted", "worst / median", "chips"], &truths);
    page.heading("Before and after");
    for parameter in parameters(chips) {
        let own = of_all(chips, &parameter);
        let Some(first) = own.first() else { continue };
        let all = |values: fn(&Parameter) -> &Vec<f64>| -> Vec<f64> {
            own.iter().flat_map(|parameter| values(parameter).iter().copied()).collect()
        };
        page.figure(
            &Histogram {
                title: first.name.clone(),
                axis: first.unit.clone(),
                mark: first.target,
                series: vec![
                    Series { name: "before", values: all(|p| &p.before) },
                    Series { name: "after", values: all(|p| &p.after) },
                ],
            }
            .svg(),
        );
    }
    page.heading("Time");
    let times: Vec<Vec<(String, &str)>> = chips
        .iter()
        .map(|chip| {
            let parts = chip.seconds.iter().map(|(name, seconds)| format!("{name} {seconds:.0} s"));
            vec![
                (chip.seed.to_string(), ""),
                (parts.collect::<Vec<_>>().join(", "), ""),
                (format!("{:.1} s", chip.chip_seconds), ""),
            ]
        })
        .collect();
    page.table(&["chip", "computing time", "time on the chip"], &times);
    page.finish()
}

fn of_all<'c>(chips: &'c [ChipReport], name: &str) -> Vec<&'c Parameter> {
    chips.iter().filter_map(|chip| chip.parameters.iter().find(|parameter| parameter.name == name)).collect()
}

fn parameters(chips: &[ChipReport]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in chips.iter().flat_map(|chip| chip.parameters.iter().map(|parameter| &parameter.name)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn truth_names(chips: &[ChipReport]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in chips.iter().flat_map(|chip| chip.truths.iter().map(|truth| &truth.name)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The page about one calibration: outcome of every routine, settings and what is left, and what can't be used.
pub fn calibration(result: &CalibrationResult) -> String {
    let header = &result.header;
    let mut page = Page::new(&format!("Calibration of {}", header.chip.identifier));
    page.paragraph(&format!(
        "Entry point {}, seed {}, {}. {} words.",
        header.entry,
        header.seed,
        header.software,
        result.writes.len()
    ));
    page.preformatted(&serde_json::to_string_pretty(&header.target).unwrap_or_default());
    let rows: Vec<Vec<(String, &str)>> = result
        .records
        .iter()
        .map(|record| {
            let outcome = &record.outcome;
            let knobs: Vec<f64> = outcome.parameters.iter().map(|&knob| f64::from(knob)).collect();
            let failures = outcome.failures();
            vec![
                (outcome.routine.clone(), ""),
                (outcome.knob.clone(), ""),
                (outcome.len().to_string(), ""),
                (failures.to_string(), if failures == 0 { "good" } else { "bad" }),
                (number(crate::evaluation::median(&outcome.targets)), ""),
                (number(crate::evaluation::mean(&outcome.residuals)), ""),
                (number(crate::evaluation::trimmed_spread(&outcome.residuals)), ""),
                (number(crate::evaluation::median(&knobs)), ""),
                (number(crate::evaluation::standard_deviation(&knobs)), ""),
            ]
        })
        .collect();
    page.heading("Routines");
    page.table(
        &[
            "routine",
            "knob",
            "instances",
            "failing",
            "target (median)",
            "residual (mean)",
            "residual (spread)",
            "setting (median)",
            "setting (spread)",
        ],
        &rows,
    );
    for record in result.records.iter().filter(|record| record.outcome.len() > 4) {
        let outcome = &record.outcome;
        let reached: Vec<f64> = outcome
            .targets
            .iter()
            .zip(&outcome.residuals)
            .map(|(target, residual)| target + residual)
            .collect();
        let target = crate::evaluation::median(&outcome.targets);
        page.figure(
            &Histogram {
                title: format!("{}: reached", outcome.routine),
                axis: "observable".into(),
                mark: Some(target).filter(|target| target.is_finite()),
                series: vec![Series { name: "after", values: reached }],
            }
            .svg(),
        );
        page.figure(
            &Histogram {
                title: format!("{}: settings", outcome.routine),
                axis: outcome.knob.clone(),
                mark: None,
                series: vec![Series {
                    name: "setting",
                    values: outcome.parameters.iter().map(|&knob| f64::from(knob)).collect(),
                }],
            }
            .svg(),
        );
    }
    page.heading("Not to be used");
    use crate::result::InstanceKind;
    for kind in [InstanceKind::Neuron, InstanceKind::Driver, InstanceKind::Channel, InstanceKind::Quadrant] {
        let records = result.last_records(kind);
        let mut failing: Vec<(u32, Vec<&str>)> = Vec::new();
        for number in 0..kind.count() as u32 {
            if let Some(report) = result.instance(kind, number).filter(|report| !report.success) {
                failing.push((number, report.failing));
            }
        }
        if records.is_empty() {
            continue;
        }
        let shown: Vec<String> =
            failing.iter().take(200).map(|(number, why)| format!("{number} ({})", why.join(", "))).collect();
        let name = format!("{kind:?}").to_lowercase();
        page.paragraph(&format!("{name}: {} of {}. {}", failing.len(), kind.count(), shown.join("; ")));
    }
    page.finish()
}
