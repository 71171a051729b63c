//! The distributions of a chip's parameters as figures, one sheet for each circuit.

use bss2_analog::mismatch::{ChipMismatch, Kind, Parameter};

use crate::artefacts::{ArtefactError, Artefacts};
use crate::plot::mismatch::{LEAST_VALUES, axis_label, kind_name, scale};
use crate::plots::{Axis, Distribution, Histogram, Hue, Plot, Reference, Sheet};

/// Figures in a row of a sheet.
const COLUMNS: usize = 2;
const BINS: usize = 40;

/// Writes `neuron-leak.png` and `.svg` and so on: a sheet of all parameters whose paths share everything but the last part.
pub(super) fn write(individual: &ChipMismatch, artefacts: &Artefacts) -> Result<(), ArtefactError> {
    for circuit in Parameter::ALL.chunk_by(|one, next| circuit_of(*one) == circuit_of(*next)) {
        let histograms: Vec<Histogram> =
            circuit.iter().filter_map(|&parameter| histogram(individual, parameter)).collect();
        let Some(first) = circuit.first().filter(|_| !histograms.is_empty()) else { continue };
        let name = circuit_of(*first);
        let rows = histograms.chunks(COLUMNS);
        let sheet = rows.fold(Sheet::new(format!("{name} of chip {}", individual.seed())), |sheet, row| {
            sheet.row(row.iter().map(|histogram| histogram as &dyn Plot))
        });
        artefacts.plot(&name.replace(['.', '_'], "-"), &sheet)?;
    }
    Ok(())
}

/// The path of a parameter up to its last part.
fn circuit_of(parameter: Parameter) -> &'static str {
    let path = parameter.quantity().path;
    path.rsplit_once('.').map_or(path, |(circuit, _)| circuit)
}

/// What the independent values of an instance belong to.
fn draw_names(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Neuron => ["excitatory", "inhibitory"],
        _ => ["causal", "acausal"],
    }
}

/// The values of a parameter, or nothing if there are few or they are all the same.
fn histogram(individual: &ChipMismatch, parameter: Parameter) -> Option<Histogram> {
    let row = parameter.quantity();
    let instances = row.kind.instances();
    let (factor, prefix) = scale(parameter, std::slice::from_ref(individual));
    let value = |draw| move |instance| factor * individual.value_of(parameter, instance, draw);
    let values = |draw| (0..instances).map(value(draw)).collect::<Vec<f64>>();
    let hues = [Hue::Blue, Hue::Orange];
    let distributions: Vec<Distribution> = (0..row.draws)
        .zip(draw_names(row.kind))
        .zip(hues)
        .map(|((draw, name), hue)| Distribution {
            label: if row.draws > 1 { name.to_owned() } else { format!("{instances} instances") },
            values: values(draw),
            hue,
        })
        .collect();
    let first = *distributions.first()?.values.first()?;
    let all_equal = distributions.iter().flat_map(|d| &d.values).all(|&value| value == first);
    if instances < LEAST_VALUES || all_equal {
        return None;
    }
    Some(Histogram {
        title: String::new(),
        x: Axis::new(axis_label(parameter, prefix, false)),
        y: kind_name(row.kind).to_owned(),
        bins: BINS,
        distributions,
        target: Some(Reference::new(factor * row.nominal, "typical chip")),
    })
}
