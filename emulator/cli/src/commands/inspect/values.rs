//! `bss2 inspect values`: the values of an individual, in the form that `--individuals` reads.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::play;
use crate::hardware::Variations;
use crate::text;
use crate::{Failure, Outcome};

/// Show what is special about a chip value by value, as a file that --individuals reads
///
/// A value is called by its parameter and its place: neuron.leak.a.17 (a neuron), correlation.tau.top.12.34.causal (a synapse),
/// driver.stp.comparator_offset.bottom.3, cadc.channel_offset.top.causal.7, capmem.current.cell_eps.0.5.12 (block, column, row),
/// capmem.voltage.gain.2 (a quadrant), madc.lsb (the chip). What is in front of the end of such a name stands for everything behind it.
#[derive(Args, Debug)]
pub(super) struct InspectValues {
    /// What to show: a parameter, a group of them, some of their values [default: everything, 16 MB]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Seed of the virtual chip: which individual it is
    #[arg(long, alias = "seed", value_name = "N", default_value_t = 1)]
    chip_seed: u64,
    #[command(flatten)]
    variations: Variations,
    /// File for the values instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl InspectValues {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let individual = self.variations.options(self.chip_seed).individual();
        let mut values = format!("# chip {}\n", self.chip_seed);
        let names = self.names.iter().map(|name| Some(name.as_str()));
        let names: Vec<Option<&str>> = if self.names.is_empty() { vec![None] } else { names.collect() };
        for name in names {
            let failure = |error| {
                Failure::from_error(&error)
                    .hint("bss2 inspect chip lists the parameters; the book, \"Individuals\", the places")
            };
            values += &individual.to_toml(name).map_err(failure)?;
        }
        match &self.output {
            Some(file) => {
                play::write(file, values.as_bytes())?;
                match json {
                    true => text::print_json(&json!({ "file": file, "bytes": values.len() })),
                    false => text::print(&format!("written to {}\n", file.display())),
                }
            }
            None if json => {
                let values: toml::Table =
                    values.parse().map_err(|error: toml::de::Error| Failure::from_error(&error))?;
                text::print_json(&values);
            }
            None => text::print(&values),
        }
        Ok(Outcome::Success)
    }
}
