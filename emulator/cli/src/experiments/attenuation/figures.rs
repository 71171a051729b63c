//! The figures: heights at the target, convergence, where solutions lie.

use bss2_calibration::attenuation::Heights;

use super::{Fitness, Grid, Observation, Run};
use crate::artefacts::ArtefactError;
use crate::experiments::Context;
use crate::plots::{Axis, Group, HeatMaps, Hue, LearningCurve, Mark, Matrix, Plot, Sheet, XyPlot, XySeries};

/// The matrix of heights at the target.
pub(super) fn target(context: &Context, heights: &Heights) -> Result<(), ArtefactError> {
    let mut table = context.csv("heights", &["seen", "injected", "height"])?;
    for seen in 0..heights.compartments() {
        for injected in 0..heights.compartments() {
            table.row(&[seen as f64, injected as f64, heights.at(seen, injected)])?;
        }
    }
    context.plot(
        "heights",
        &HeatMaps {
            title: "How high potentials rise".into(),
            x: "compartment that gets spikes".into(),
            y: "compartment that is recorded".into(),
            maps: vec![Matrix::new("at the target codes", heights.matrix().to_vec(), heights.compartments())],
            colour: Axis::new("height (LSB)"),
            ..HeatMaps::default()
        },
    )
}

pub(super) fn write(
    context: &Context,
    runs: &[Run],
    grid: &Grid,
    target: Observation,
    code: f64,
) -> Result<(), ArtefactError> {
    let curves = Fitness::ALL.map(|fitness| convergence(runs, fitness));
    context.plot("convergence", &Sheet::new("").row(curves.iter().map(|curve| curve as &dyn Plot)))?;
    let map = HeatMaps {
        title: "Length constant".into(),
        x: "leak, point of the grid".into(),
        y: "conductance, point of the grid".into(),
        maps: vec![Matrix::new("", grid.picture(), grid.codes.len())],
        colour: Axis::new("length constant (compartments)"),
        ..HeatMaps::default()
    };
    let codes = solutions(runs, grid, target, code);
    context.plot("codes", &Sheet::new("").row([&map as &dyn Plot, &codes as &dyn Plot]))
}

/// The best individual of every generation.
fn convergence(runs: &[Run], fitness: Fitness) -> LearningCurve {
    let own: Vec<&Run> = runs.iter().filter(|run| run.fitness == fitness).collect();
    let generations = own.iter().map(|run| run.evolution.generations.len()).max().unwrap_or(0);
    let best = |run: &&Run| {
        let of = |generation| run.evolution.best_of(generation).map_or(f64::NAN, |best| best.fitness);
        (0..run.evolution.generations.len()).map(of).collect()
    };
    let mean = |run: &&Run| {
        let of = |generation: &Vec<bss2_calibration::genetic::Individual>| {
            let finite: Vec<f64> =
                generation.iter().map(|one| one.fitness).filter(|f| f.is_finite()).collect();
            super::mean(&finite)
        };
        run.evolution.generations.iter().map(of).collect()
    };
    let (title, label) = match fitness {
        Fitness::LengthConstant => ("Search for the length constant", "f1 (compartments)"),
        Fitness::Both => ("Search for length constant and height", "f2"),
    };
    LearningCurve {
        title: title.into(),
        x: Axis::new("generation"),
        y: Axis::new(label),
        steps: (0..generations).map(|generation| generation as f64).collect(),
        groups: vec![
            Group::new("mean of a generation", own.iter().map(mean).collect(), Hue::Orange),
            Group::new("its best", own.iter().map(best).collect(), Hue::Blue),
        ],
        smoothing: 1,
        references: Vec::new(),
    }
}

/// Curves of equal length constant, and where the runs ended.
fn solutions(runs: &[Run], grid: &Grid, target: Observation, code: f64) -> XyPlot {
    let mut series: Vec<XySeries> = [0.5, 0.75, 1.5, 2.0]
        .into_iter()
        .map(|factor| XySeries::new("", grid.contour(factor * target.length), Mark::Line, Hue::Grey))
        .collect();
    series.retain(|series| !series.points.is_empty());
    series.push(XySeries::new("as at the target", grid.contour(target.length), Mark::Line, Hue::Black));
    for (fitness, hue) in [(Fitness::LengthConstant, Hue::Blue), (Fitness::Both, Hue::Vermilion)] {
        let own = runs.iter().filter(|run| run.fitness == fitness);
        let points = own.map(|run| (run.best[0], run.best[1])).collect();
        series.push(XySeries::new(format!("found with {}", fitness.name()), points, Mark::Dots, hue));
    }
    series.push(XySeries::new("target", vec![(code, code)], Mark::Dots, Hue::Green));
    XyPlot {
        title: "Codes with the same length constant".into(),
        x: Axis::from_to("leak (LSB)", 0.0, 1022.0),
        y: Axis::from_to("conductance (LSB)", 0.0, 1022.0),
        series,
        ..XyPlot::default()
    }
}
