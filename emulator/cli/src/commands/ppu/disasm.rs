//! `bss2 ppu disasm`: from an image to text.

use std::path::PathBuf;

use bss2_host::ppu_program::{PpuMemory, PpuProgram, Segment};
use clap::Args;
use serde::Serialize;

use super::image::{Image, check_extent};
use super::listing::Line;
use super::symbols::{Symbols, code_base};
use crate::commands::values::word_address;
use crate::text;
use crate::{Failure, Outcome};

/// Disassemble a program: address, word and instruction
///
/// Of an ELF file: all sections that the processor may execute, with labels and the names of branch targets. Any other file is
/// taken as big-endian words.
#[derive(Args, Debug)]
pub(super) struct Disassemble {
    /// An ELF file, a raw image, or the name of a built-in program (bss2 ppu list)
    #[arg(value_name = "FILE")]
    image: PathBuf,
    /// Address of the first word of a raw image, a multiple of 4 [default: 0]
    #[arg(long, value_name = "ADDRESS", value_parser = word_address)]
    origin: Option<u32>,
}

/// A stretch of instructions.
#[derive(Serialize)]
pub(super) struct Section {
    #[serde(rename = "section")]
    name: String,
    memory: String,
    bytes: u32,
    pub(super) lines: Vec<Line>,
}

impl Disassemble {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let image = Image::open(&self.image)?;
        if !image.is_elf() {
            let lines = self.raw(&image)?;
            if json {
                text::print_json(&lines);
            } else {
                text::print(&lines.iter().map(Line::to_string).collect::<String>());
            }
            return Ok(Outcome::Success);
        }
        let path = self.image.display();
        if self.origin.is_some() {
            return Err(Failure::new(format!("{path}: an ELF file has its own addresses"))
                .hint("--origin is for raw images"));
        }
        let sections = sections(&image.program()?);
        if sections.is_empty() {
            return Err(Failure::new(format!("{path}: an ELF file without executable sections")));
        }
        if json {
            text::print_json(&sections);
        } else {
            let show = |Section { name, memory, bytes, lines }: &Section| {
                let lines: String = lines.iter().map(Line::to_string).collect();
                format!("section {name}: {bytes} bytes in {memory}\n{lines}")
            };
            text::print(&sections.iter().map(show).collect::<Vec<_>>().join("\n"));
        }
        Ok(Outcome::Success)
    }

    fn raw(&self, image: &Image) -> Result<Vec<Line>, Failure> {
        let origin = self.origin.unwrap_or(0);
        check_extent(&self.image, origin, image.bytes.len())?;
        let (words, rest) = image.bytes.as_chunks::<4>();
        if !rest.is_empty() {
            let (path, bytes) = (self.image.display(), image.bytes.len());
            return Err(Failure::new(format!("{path}: {bytes} bytes are not a whole number of words")));
        }
        let symbols = Symbols::default();
        let lines = words.iter().zip((origin..).step_by(4));
        Ok(lines.map(|(word, address)| Line::new(u32::from_be_bytes(*word), address, &symbols)).collect())
    }
}

/// The executable sections of all memories, each at its addresses in the instruction view.
pub(super) fn sections(program: &PpuProgram) -> Vec<Section> {
    let symbols = Symbols::of(program);
    let section = |memory: PpuMemory, segment: &Segment| {
        // A section of zeros (NOBITS) has no instructions worth a listing.
        let bss2_host::ppu_program::Contents::Bytes(bytes) = &segment.contents else { return None };
        // Instructions are whole words; what does not begin on one is no instruction.
        let skipped = (segment.offset.next_multiple_of(4) - segment.offset) as usize;
        let words = bytes.get(skipped..).unwrap_or_default().as_chunks::<4>().0;
        let first = code_base(memory) + segment.offset + skipped as u32;
        let lines = words.iter().zip((first..).step_by(4));
        let line = |(word, address): (&[u8; 4], u32)| Line::new(u32::from_be_bytes(*word), address, &symbols);
        Some(Section {
            name: segment.section.clone(),
            memory: memory.to_string(),
            bytes: segment.size(),
            lines: lines.map(line).collect(),
        })
    };
    [PpuMemory::Internal, PpuMemory::External, PpuMemory::ExternalDram]
        .into_iter()
        .flat_map(|memory| program.segments(memory).iter().map(move |segment| (memory, segment)))
        .filter(|(_, segment)| segment.executable)
        .filter_map(|(memory, segment)| section(memory, segment))
        .collect()
}
