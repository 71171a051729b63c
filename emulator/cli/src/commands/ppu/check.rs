//! `bss2 ppu check`: whether a program is for this processor.

use std::path::PathBuf;

use bss2_debug::source::SourceMap;
use bss2_firmware::check;
use clap::Args;
use serde::Serialize;

use super::disasm::sections;
use super::image::Image;
use crate::text;
use crate::{Failure, Outcome};

/// Look for instructions that the processor lacks, or executes otherwise than compilers believe
///
/// Such words run without a trap, and do something else. Exit code 0: there are none; 1: there are some.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// An ELF file, or the name of a built-in program (bss2 ppu list)
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
}

/// A word that is wrong.
#[derive(Serialize)]
struct Trouble {
    address: u32,
    word: u32,
    text: String,
    file: Option<String>,
    line: Option<u32>,
    finding: String,
}

impl Check {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let image = Image::open(&self.program)?;
        let program = image.program()?;
        let map = SourceMap::parse(&image.bytes)
            .map_err(|error| Failure::new(format!("{}: {error}", self.program.display())))?;
        let mut words = 0;
        let mut found = Vec::new();
        for line in sections(&program).into_iter().flat_map(|section| section.lines) {
            words += 1;
            if let Some(finding) = check::check(line.word) {
                let place = map.location_of(line.address);
                found.push(Trouble {
                    address: line.address,
                    word: line.word,
                    text: line.text,
                    file: place.map(|place| place.file.to_owned()),
                    line: place.map(|place| place.line),
                    finding: finding.to_string(),
                });
            }
        }
        if json {
            text::print_json(&serde_json::json!({ "program": self.program, "words": words, "found": found }));
        } else {
            let mut shown = String::new();
            for Trouble { address, word, text, file, line, finding } in &found {
                let place = match (file, line) {
                    (Some(file), Some(line)) => format!("{file}:{line}: "),
                    _ => String::new(),
                };
                shown.push_str(&format!("{place}{address:08x}: {word:08x}  {text}: {finding}\n"));
            }
            let (program, number) = (self.program.display(), found.len());
            shown.push_str(&format!("{program}: {words} words, {number} of them wrong\n"));
            text::print(&shown);
        }
        Ok(if found.is_empty() { Outcome::Success } else { Outcome::NotMet })
    }
}
