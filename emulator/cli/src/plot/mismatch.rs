//! `bss2 plot mismatch`: how the circuits of chips differ.

use bss2_analog::mismatch::{ChipMismatch, Kind, MismatchSwitches, Parameter, Statistics};
use clap::Args;

use super::Picture;
use super::options::{self, Seeds};
use crate::experiments::{Context, ExperimentError, Report};
use crate::plots::{Axis, Distribution, Histogram, Hue, Plot, Reference, Resized, Sheet};

/// Distributions of the parameters of chips, as they come
///
/// Ground truth, before any calibration: what nobody can look up on silicon. The dashed line is the value of the typical
/// chip.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  bss2 plot mismatch\n  \
                        bss2 plot mismatch --parameter neuron.leak.a --chip-seed 1,2,3\n  \
                        bss2 plot mismatch --list")]
pub(crate) struct Mismatch {
    /// Seeds of the chips
    #[arg(long, alias = "seed", value_name = "N,...", default_value = "1,2", value_parser = options::seeds)]
    chip_seed: Seeds,
    /// Parameters by path, all of a circuit by its beginning [default: six that matter]
    #[arg(long, value_name = "PATH", value_delimiter = ',', value_parser = parameters)]
    parameter: Vec<Chosen>,
    /// Print the paths of all parameters, and draw nothing
    #[arg(long)]
    list: bool,
    /// Bars of a histogram
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(5..=200))]
    bins: u32,
}

/// The parameters that a path stands for.
#[derive(Clone, Debug)]
struct Chosen(Vec<Parameter>);

/// What is shown if nothing is asked for: what calibrations fight with.
const DEFAULT: [Parameter; 6] = [
    Parameter::ThresholdOffset,
    Parameter::LeakStrength,
    Parameter::ExcitatoryStrength,
    Parameter::ExcitatoryOffset,
    Parameter::RampComparatorOffset,
    Parameter::CadcOffset,
];

/// Most histograms of a picture.
const MOST: usize = 12;
/// Width and height of one of them in points.
const SIZE: (u32, u32) = (410, 220);

/// The parameters whose path is `text` or begins with it, dot by dot.
fn parameters(text: &str) -> Result<Chosen, String> {
    let begins = |parameter: &Parameter| {
        let rest = parameter.quantity().path.strip_prefix(text);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let list: Vec<Parameter> = Parameter::ALL.iter().copied().filter(begins).collect();
    if list.is_empty() || text.is_empty() {
        let word = text.rsplit('.').next().unwrap_or(text);
        let near = |parameter: &&Parameter| !word.is_empty() && parameter.quantity().path.contains(word);
        let near: Vec<&str> = Parameter::ALL.iter().filter(near).map(|p| p.quantity().path).take(5).collect();
        return Err(match near.as_slice() {
            [] => "no such parameter; --list shows them".to_owned(),
            near => format!("no such parameter; there are {}", near.join(", ")),
        });
    }
    Ok(Chosen(list))
}

impl Picture for Mismatch {
    const NAME: &'static str = "mismatch";

    fn chip_seed(&self) -> u64 {
        self.chip_seed.0.first().copied().unwrap_or_default()
    }

    fn draw(&self, context: &Context) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        if self.list {
            for parameter in Parameter::ALL {
                report
                    .figure(parameter.quantity().path, parameter.quantity().nominal)
                    .unit(parameter.quantity().unit);
            }
            return Ok(report);
        }
        let mut chosen: Vec<Parameter> =
            self.parameter.iter().flat_map(|chosen| chosen.0.iter().copied()).collect();
        if chosen.is_empty() {
            chosen.extend(DEFAULT);
        }
        chosen.retain(|parameter| parameter.quantity().kind.instances() >= LEAST_VALUES);
        if chosen.is_empty() {
            return super::refuse(
                "parameter",
                "a chip has too few of these for a distribution; see bss2 inspect chip",
            );
        }
        if chosen.len() > MOST {
            let reason = format!("{} parameters; a picture holds {MOST}", chosen.len());
            return super::refuse("parameter", reason);
        }
        let chips: Vec<ChipMismatch> = self
            .chip_seed
            .0
            .iter()
            .map(|seed| ChipMismatch::new(*seed, MismatchSwitches::default()))
            .collect();
        let header = ["parameter", "unit", "chip", "nominal", "mean", "sigma", "min", "max", "values"];
        let mut summary = context.csv("mismatch", &header)?;
        let mut values = context.csv("mismatch-values", &["parameter", "chip", "instance", "value"])?;
        let mut histograms = Vec::new();
        let task = context.task("drawing", chosen.len() as u64, "parameters");
        for parameter in &chosen {
            let row = parameter.quantity();
            for chip in &chips {
                let all: Vec<f64> =
                    (0..row.kind.instances()).map(|instance| chip.value(*parameter, instance)).collect();
                let statistics = Statistics::of(all.iter().copied());
                let seed = chip.seed();
                let Statistics { mean, sigma, min, max } = statistics;
                let mut cells = vec![row.path.to_owned(), row.unit.to_owned(), seed.to_string()];
                cells.extend([row.nominal, mean, sigma, min, max].map(|value| format!("{value:.5e}")));
                cells.push(all.len().to_string());
                summary.row(&cells)?;
                report.figure(format!("{} sigma, chip {seed}", row.path), sigma).unit(row.unit);
                // A quarter of a million synapses are no table.
                if all.len() <= 2048 {
                    for (instance, value) in all.iter().enumerate() {
                        values.row(&[
                            row.path.to_owned(),
                            seed.to_string(),
                            instance.to_string(),
                            format!("{value:.5e}"),
                        ])?;
                    }
                }
            }
            histograms.push(self.histogram(*parameter, &chips));
            task.advance(1);
        }
        let size = if histograms.len() == 1 { (560, 340) } else { SIZE };
        let cells: Vec<Resized<'_>> = histograms.iter().map(|plot| Resized { plot, size }).collect();
        let title = match chips.as_slice() {
            [one] => format!("Circuits of chip {} before calibration", one.seed()),
            _ => "Circuits of some chips before calibration".to_owned(),
        };
        let sheet = cells
            .chunks(2)
            .fold(Sheet::new(title), |sheet, row| sheet.row(row.iter().map(|part| part as &dyn Plot)));
        context.plot(Self::NAME, &sheet)?;
        Ok(report)
    }
}

impl Mismatch {
    fn histogram(&self, parameter: Parameter, chips: &[ChipMismatch]) -> Histogram {
        let row = parameter.quantity();
        let (factor, prefix) = scale(parameter, chips);
        let distributions = chips.iter().enumerate().map(|(index, chip)| Distribution {
            label: format!("chip {}", chip.seed()),
            values: (0..row.kind.instances())
                .map(|instance| factor * chip.value(parameter, instance))
                .collect(),
            hue: Hue::of_group(index),
        });
        Histogram {
            title: String::new(),
            x: Axis::new(axis_label(parameter, prefix, true)),
            y: kind_name(row.kind).to_owned(),
            bins: self.bins as usize,
            distributions: distributions.collect(),
            target: Some(Reference::new(factor * row.nominal, "typical chip")),
        }
    }
}

/// Fewer values than this are better read in a table.
pub(crate) const LEAST_VALUES: usize = 16;

/// What the instances of a parameter are called, all together.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Chip => "chips",
        Kind::Quadrant => "quadrants",
        Kind::Neuron => "neurons",
        Kind::Driver => "drivers",
        Kind::Synapse => "synapses",
        Kind::Channel => "channels",
        Kind::Cell => "cells",
    }
}

/// What the values of a parameter are multiplied by, and the prefix of their unit, so that the largest can be read.
pub(crate) fn scale(parameter: Parameter, chips: &[ChipMismatch]) -> (f64, &'static str) {
    let row = parameter.quantity();
    let largest = chips
        .iter()
        .flat_map(|chip| (0..row.kind.instances()).map(|instance| chip.value(parameter, instance).abs()));
    prefix(row.unit, largest.fold(row.nominal.abs(), f64::max))
}

/// A name with its unit: "offset (mV)", with the circuit in front if `whole`.
pub(crate) fn axis_label(parameter: Parameter, prefix: &str, whole: bool) -> String {
    let row = parameter.quantity();
    let name = if whole { row.path } else { row.path.rsplit('.').next().unwrap_or(row.path) };
    match row.unit {
        "1" => name.to_owned(),
        unit => format!("{name} ({prefix}{})", unit.replace('*', "·")),
    }
}

/// What values of this unit are multiplied by, and the prefix of the unit, for a largest value that can be read.
fn prefix(unit: &str, largest: f64) -> (f64, &'static str) {
    const PREFIXES: [(f64, &str); 5] = [(1e3, "m"), (1e6, "µ"), (1e9, "n"), (1e12, "p"), (1e15, "f")];
    let base = unit.split(['/', '*', ' ']).next().unwrap_or_default();
    let takes_prefix = ["A", "C", "F", "S", "V", "s"].contains(&base);
    if !takes_prefix || largest >= 1.0 || largest <= 0.0 {
        return (1.0, "");
    }
    let fits = |(factor, _): &(f64, &str)| factor * largest >= 1.0;
    PREFIXES.into_iter().find(fits).unwrap_or(PREFIXES[4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_for_all_that_begin_with_it() {
        assert_eq!(parameters("neuron.leak.a").unwrap().0, [Parameter::LeakStrength]);
        assert!(parameters("neuron.leak").unwrap().0.len() > 3);
        for text in ["", "neuron.lea", "neuron.leak.", "leak"] {
            assert!(parameters(text).is_err(), "{text}");
        }
        assert!(parameters("leak").unwrap_err().contains("neuron.leak.a"));
    }

    #[test]
    fn values_get_the_prefix_that_makes_them_readable() {
        assert_eq!(prefix("V", 0.1), (1e3, "m"));
        assert_eq!(prefix("S/LSB", 2.5e-9), (1e9, "n"));
        assert_eq!(prefix("LSB", 0.1), (1.0, ""));
    }
}
