//! `bss2 inspect chip`: the individuality of a chip in numbers and histograms.

use std::path::PathBuf;

use bss2_analog::mismatch::ParameterSummary;
use bss2_chip::physics::ChipSummary;
use clap::Args;

use super::histograms;
use crate::artefacts::{ArtefactError, Artefacts};
use crate::hardware::Variations;
use crate::text;
use crate::{Failure, Outcome};

/// Show how the parameters of a virtual chip deviate: mean, spread and range of each over its instances, and the defects
///
/// This is the ground truth that no host can see; what calibrates a chip has to find it out.
#[derive(Args, Debug)]
pub(super) struct InspectChip {
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    variations: Variations,
    /// Write the table, the summary and a histogram of every parameter to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl InspectChip {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let failure = |error: ArtefactError| Failure::from_error(&error);
        let artefacts = self.out.as_ref().map(Artefacts::in_folder).transpose().map_err(failure)?;
        let individual = self.variations.options(self.seed).individual();
        let summary = ChipSummary::of(&individual);
        if let Some(artefacts) = &artefacts {
            write_table(&summary, artefacts).map_err(failure)?;
            let document = serde_json::to_string_pretty(&summary)
                .map_err(|error| Failure::new(format!("summary.json: {error}")))?;
            artefacts.bytes("summary.json", (document + "\n").as_bytes()).map_err(failure)?;
            histograms::write(&individual, artefacts).map_err(failure)?;
        }
        if json {
            text::print_json(&summary);
            return Ok(Outcome::Success);
        }
        text::print(&describe(&summary));
        if let Some(artefacts) = &artefacts {
            let (files, folder) = (artefacts.written().len(), artefacts.folder().display());
            text::print(&format!("{files} files written to {folder}\n"));
        }
        Ok(Outcome::Success)
    }
}

const HEADER: [&str; 8] = ["parameter", "unit", "nominal", "mean", "sigma", "min", "max", "values"];

fn describe(summary: &ChipSummary) -> String {
    let row = |row: &ParameterSummary| {
        let numbers = [row.nominal, row.all.mean, row.all.sigma, row.all.min, row.all.max];
        let mut cells = vec![row.path.to_owned(), row.unit.to_owned()];
        cells.extend(numbers.map(text::number));
        cells.push(row.count.to_string());
        cells
    };
    let rows: Vec<_> = summary.parameters.iter().map(row).collect();
    let dead: Vec<String> = summary.dead_neurons.iter().map(|neuron| neuron.index().to_string()).collect();
    let dead = if dead.is_empty() { "none".to_owned() } else { dead.join(", ") };
    format!(
        "chip {}\n\n{}\ndead neurons: {dead}\ndead correlation sensors: {} of 131072\n",
        summary.seed,
        text::table(&HEADER, &rows),
        summary.dead_sensors
    )
}

/// `parameters.csv`, with the means of the quadrants in the order of their numbers.
fn write_table(summary: &ChipSummary, artefacts: &Artefacts) -> Result<(), ArtefactError> {
    let quadrants = ["mean_quadrant_0", "mean_quadrant_1", "mean_quadrant_2", "mean_quadrant_3"];
    let mut table = artefacts.csv("parameters", &[&HEADER[..], &quadrants].concat())?;
    for row in &summary.parameters {
        let mut cells = vec![row.path.to_owned(), row.unit.to_owned()];
        let numbers = [row.nominal, row.all.mean, row.all.sigma, row.all.min, row.all.max];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.push(row.count.to_string());
        match row.quadrant_means {
            Some(means) => cells.extend(means.map(|mean| mean.to_string())),
            None => cells.extend(quadrants.map(|_| String::new())),
        }
        table.row(&cells)?;
    }
    Ok(())
}
