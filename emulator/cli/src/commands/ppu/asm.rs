//! `bss2 ppu asm`: from text to an image.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::image::{about_file, check_extent};
use crate::commands::values::word_address;
use crate::text;
use crate::{Failure, Outcome};

/// Assemble a source file into an image: big-endian words, the first at the origin
#[derive(Args, Debug)]
pub(super) struct Assemble {
    /// The source, in the notation of binutils
    #[arg(value_name = "FILE.s")]
    source: PathBuf,
    /// The image to write
    #[arg(short, long, value_name = "FILE.bin")]
    output: PathBuf,
    /// Address of the first word, a multiple of 4
    #[arg(long, value_name = "ADDRESS", default_value = "0", value_parser = word_address)]
    origin: u32,
}

impl Assemble {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let source = fs::read(&self.source).map_err(about_file(&self.source))?;
        let source = String::from_utf8(source).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            Failure::new(format!("{}: not text: byte {valid} is not UTF-8", self.source.display()))
        })?;
        let program = ppu_isa::assemble(&source, self.origin)
            .map_err(|mistake| Failure::new(mistake.explain(&self.source.display().to_string(), &source)))?;
        check_extent(&self.source, self.origin, program.bytes.len())?;
        let image: Vec<u8> = program.words().iter().flat_map(|word| word.to_be_bytes()).collect();
        fs::write(&self.output, &image).map_err(about_file(&self.output))?;
        if json {
            text::print_json(&serde_json::json!({
                "output": self.output, "origin": self.origin, "bytes": image.len(), "symbols": program.symbols,
            }));
        } else {
            let (output, origin) = (self.output.display(), self.origin);
            text::print(&format!("{output}: {} bytes from {origin:#010x}\n", image.len()));
        }
        Ok(Outcome::Success)
    }
}
