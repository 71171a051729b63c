//! The figures: posteriors with the truth, coverage, predictions.

use bss2_calibration::inference::{Posterior, SequentialOutcome};

use super::{Finding, LARGEST};
use crate::artefacts::ArtefactError;
use crate::experiments::Context;
use crate::experiments::statistics::quantile;
use crate::plots::{Axis, Distribution, Histogram, Hue, Mark, Plot, Reference, Sheet, XyPlot, XySeries};

/// Names of the parameters on axes.
fn name(parameter: usize, parameters: usize) -> String {
    let compartments = parameters.div_ceil(2);
    match (parameters, parameter) {
        (2, 0) => "leak (LSB)".into(),
        (2, _) => "conductance (LSB)".into(),
        (_, leak) if leak < compartments => format!("leak {leak} (LSB)"),
        (_, link) => {
            let first = link - compartments;
            format!("conductance {first} to {} (LSB)", first + 1)
        }
    }
}

/// Two parameters of a posterior against one another.
fn pair(title: String, posterior: &Posterior, [x, y]: [usize; 2], truth: &[f64], hue: Hue) -> XyPlot {
    // Samples that the regression has given hardly any weight would only blur the picture.
    let largest = posterior.weights.iter().copied().fold(0.0, f64::max);
    let kept =
        posterior.samples.iter().zip(&posterior.weights).filter(|(_, weight)| **weight > 0.05 * largest);
    let points = kept.map(|(sample, _)| (sample[x], sample[y])).collect();
    XyPlot {
        title,
        x: Axis::from_to(name(x, truth.len()), 0.0, LARGEST),
        y: Axis::from_to(name(y, truth.len()), 0.0, LARGEST),
        series: vec![
            XySeries::new("posterior", points, Mark::Dots, hue),
            XySeries::new("truth", vec![(truth[x], truth[y])], Mark::Dots, Hue::Vermilion),
        ],
        ..XyPlot::default()
    }
}

/// How a parameter is distributed under each observable.
fn marginal(findings: &[Finding], closed: &Posterior, parameter: usize, truth: &[f64]) -> Histogram {
    let values = |posterior: &Posterior| posterior.samples.iter().map(|sample| sample[parameter]).collect();
    let mut distributions: Vec<Distribution> = findings
        .iter()
        .enumerate()
        .map(|(number, finding)| Distribution {
            label: format!("given {}", finding.observable.name()),
            values: values(&finding.posterior),
            hue: Hue::of_group(number),
        })
        .collect();
    let label = "given H, sequentially".to_owned();
    distributions.push(Distribution { label, values: values(closed), hue: Hue::Purple });
    Histogram {
        title: String::new(),
        x: Axis::from_to(name(parameter, truth.len()), 0.0, LARGEST),
        y: "samples".into(),
        bins: 30,
        distributions,
        target: Some(Reference::new(truth[parameter], "truth")),
    }
}

/// Pairs of the first leak and the first conductance for every observable, and their distributions.
pub(super) fn posteriors(
    context: &Context,
    findings: &[Finding],
    closed: &Posterior,
    truth: &[f64],
) -> Result<(), ArtefactError> {
    let shown = [0, if truth.len() == 2 { 1 } else { truth.len().div_ceil(2) }];
    let titles = findings.iter().map(|finding| format!("Given {}", finding.observable.name()));
    let mut pairs: Vec<XyPlot> = titles
        .zip(findings)
        .enumerate()
        .map(|(number, (title, finding))| {
            pair(title, &finding.posterior, shown, truth, Hue::of_group(number))
        })
        .collect();
    pairs.push(pair("Given H, sequentially".into(), closed, shown, truth, Hue::Purple));
    let marginals = shown.map(|parameter| marginal(findings, closed, parameter, truth));
    let sheet = Sheet::new("What the codes may be")
        .row(pairs[..2].iter().map(|plot| plot as &dyn Plot))
        .row(pairs[2..].iter().map(|plot| plot as &dyn Plot))
        .row(marginals.iter().map(|plot| plot as &dyn Plot));
    context.plot("posteriors", &sheet)
}

/// The share of cases in which regions contain the truth.
pub(super) fn coverage(context: &Context, findings: &[Finding]) -> Result<(), ArtefactError> {
    let levels: Vec<f64> = (0..=50).map(|k| f64::from(k) / 50.0).collect();
    let mut table = context.csv("coverage", &["observable", "level", "coverage", "chance"])?;
    let mut series =
        vec![XySeries::new("as it should be", vec![(0.0, 0.0), (1.0, 1.0)], Mark::Dashed, Hue::Grey)];
    for (number, finding) in findings.iter().enumerate() {
        let points: Vec<(f64, f64)> =
            levels.iter().map(|level| (*level, finding.coverage.at(*level))).collect();
        for (level, coverage) in &points {
            table.row(&[
                finding.observable.key().to_owned(),
                level.to_string(),
                coverage.to_string(),
                finding.coverage.chance(*level).to_string(),
            ])?;
        }
        let chance = levels.iter().map(|level| finding.coverage.chance(*level)).collect();
        series.push(
            XySeries::new(
                format!("given {}", finding.observable.name()),
                points,
                Mark::Line,
                Hue::of_group(number),
            )
            .with_deviation(chance),
        );
    }
    let cases = findings.first().map_or(0, |finding| finding.coverage.cases());
    context.plot(
        "coverage",
        &XyPlot {
            title: format!("Regions that contain the truth, of {cases} cases"),
            x: Axis::from_to("probability of the region", 0.0, 1.0),
            y: Axis::from_to("share that contains the truth", 0.0, 1.0),
            series,
            ..XyPlot::default()
        },
    )
}

/// Heights that were observed, single volleys at the target, and what codes from the posterior do.
pub(super) fn predictions(
    context: &Context,
    observation: &[f64],
    trials: &[Vec<f64>],
    predictions: &[Vec<f64>],
) -> Result<(), ArtefactError> {
    let spread = |all: &[Vec<f64>], place: f64, hue, label: &str| {
        let of =
            |height: usize, share| quantile(&all.iter().map(|one| one[height]).collect::<Vec<_>>(), share);
        let points = (0..observation.len()).map(|k| (k as f64 + place, of(k, 0.5))).collect();
        let half = (0..observation.len()).map(|k| 0.5 * (of(k, 0.95) - of(k, 0.05))).collect();
        XySeries::new(label, points, Mark::Dots, hue).with_deviation(half)
    };
    let observed = observation.iter().enumerate().map(|(k, height)| (k as f64, *height)).collect();
    context.plot(
        "predictions",
        &XyPlot {
            title: "Heights that the posterior predicts (bars: half of the middle 90 %)".into(),
            x: Axis::new("compartment seen x compartments + compartment injected"),
            y: Axis::new("height (LSB)"),
            series: vec![
                XySeries::new("observed", observed, Mark::DotsAndLine, Hue::Black),
                spread(trials, -0.2, Hue::Grey, "single volleys at the target"),
                spread(predictions, 0.2, Hue::Blue, "codes from the posterior"),
            ],
            ..XyPlot::default()
        },
    )
}

/// All samples as a table.
pub(super) fn samples(
    context: &Context,
    findings: &[Finding],
    outcome: &SequentialOutcome,
) -> Result<(), ArtefactError> {
    let mut table =
        context.csv("samples", &["posterior", "round", "parameter", "value", "weight", "distance"])?;
    let rejected = findings.iter().map(|finding| (finding.observable.key(), 0, &finding.posterior));
    let rounds = outcome.rounds.iter().enumerate().map(|(round, one)| ("sequential", round, &one.posterior));
    for (key, round, posterior) in rejected.chain(rounds) {
        for (number, sample) in posterior.samples.iter().enumerate() {
            for (parameter, value) in sample.iter().enumerate() {
                table.row(&[
                    key.to_owned(),
                    round.to_string(),
                    parameter.to_string(),
                    value.to_string(),
                    posterior.weights[number].to_string(),
                    posterior.distances[number].to_string(),
                ])?;
            }
        }
    }
    Ok(())
}
