//! The tables of an acceptance run as Markdown, chip by chip.

use super::page::{number, percent};
use super::{of_all, parameters, truth_names};
use crate::evaluation::{ChipReport, Judgement, Must, Parameter};
use std::fmt::Write;

/// The tables of required, wanted and reached figures, with a column for each chip; what is missed is bold.
pub fn tables(chips: &[ChipReport]) -> String {
    let mut text = String::new();
    let seeds: Vec<String> = chips.iter().map(|chip| chip.seed.to_string()).collect();
    let neurons = chips.first().map_or(0, |chip| chip.neurons);
    let _ = writeln!(
        text,
        "{} virtual chips, {neurons} neurons each. A column is a chip, by its seed; **bold** is missed.\n",
        chips.len()
    );
    let head = |text: &mut String, columns: &[&str]| {
        let _ = writeln!(text, "| {} | {} |", columns.join(" | "), seeds.join(" | "));
        let _ = writeln!(text, "|{}", "---|".repeat(columns.len() + seeds.len()));
    };
    let _ = writeln!(text, "### Required of the parameters\n");
    head(&mut text, &["parameter", "required"]);
    for name in parameters(chips) {
        let Some(first) = of_all(chips, &name).first().copied() else { continue };
        if first.criteria.must != Must::Nothing {
            let reached = |parameter: &Parameter, judgement: &Judgement| {
                mark(number(figure(parameter, judgement)), judgement.must != Some(false))
            };
            row(&mut text, chips, &name, &[name.as_str(), &first.criteria.must_text()], reached);
        }
    }
    let _ = writeln!(
        text,
        "\nRatio: spread with the calibrated settings by spread with the median of the settings everywhere. Spreads are standard \
         deviations; those of ratios without 5 % at either end, those of cores without 10 %.\n\n### Goals of the parameters\n"
    );
    head(&mut text, &["parameter", "goal"]);
    for name in parameters(chips) {
        let Some(first) = of_all(chips, &name).first().copied() else { continue };
        let criteria = &first.criteria;
        if criteria.spread.is_none() && criteria.bias.is_none() && criteria.failing.is_none() {
            continue;
        }
        let reached = |parameter: &Parameter, judgement: &Judgement| {
            let criteria = &parameter.criteria;
            let parts = [
                criteria.spread.map(|_| number(judgement.after)),
                criteria.bias.map(|_| number(judgement.bias.abs())),
                criteria.failing.map(|_| percent(judgement.failed)),
            ];
            mark(parts.into_iter().flatten().collect::<Vec<_>>().join(", "), judgement.goal != Some(false))
        };
        let title = format!("{name} ({})", first.unit);
        row(&mut text, chips, &name, &[title.as_str(), &criteria.goal_text()], reached);
    }
    let _ = writeln!(text, "\n### Reference tests, and the truth\n");
    head(&mut text, &["figure", "wanted"]);
    for name in truth_names(chips) {
        let own = |chip: &ChipReport| chip.truths.iter().find(|truth| truth.name == name).cloned();
        let wanted = chips.iter().find_map(own).map_or(String::new(), |truth| truth.wanted_text());
        let cells: Vec<String> = chips
            .iter()
            .map(|chip| own(chip).map_or("–".into(), |truth| mark(number(truth.value), truth.passed())))
            .collect();
        let _ = writeln!(text, "| {name} | {wanted} | {} |", cells.join(" | "));
    }
    text
}

/// The figure that the requirement is about.
fn figure(parameter: &Parameter, judgement: &Judgement) -> f64 {
    use crate::evaluation::{standard_deviation, trimmed};
    match parameter.criteria.must {
        Must::Nothing => f64::NAN,
        Must::Ratio(_) => judgement.ratio,
        Must::Spread(_) => standard_deviation(&parameter.after),
        Must::Core(_) => standard_deviation(&trimmed(&parameter.after, 0.1)),
    }
}

fn mark(text: String, good: bool) -> String {
    if good { text } else { format!("**{text}**") }
}

fn row(
    text: &mut String,
    chips: &[ChipReport],
    name: &str,
    first: &[&str],
    cell: impl Fn(&Parameter, &Judgement) -> String,
) {
    let cells: Vec<String> = chips
        .iter()
        .map(|chip| {
            let own = chip.parameters.iter().find(|parameter| parameter.name == name);
            own.map_or("–".into(), |parameter| cell(parameter, &parameter.judge()))
        })
        .collect();
    let _ = writeln!(text, "| {} | {} |", first.join(" | "), cells.join(" | "));
}
