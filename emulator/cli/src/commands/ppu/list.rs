//! `bss2 ppu list`: the programs that need no file.

use bss2_firmware::{PROGRAMS, Program};
use bss2_host::ppu_program::PpuMemory;

use super::image::Image;
use crate::text;
use crate::{Failure, Outcome};

pub(super) fn run(json: bool) -> Result<Outcome, Failure> {
    let rows = PROGRAMS.iter().map(describe).collect::<Result<Vec<_>, _>>()?;
    if json {
        let object = |(program, internal, external): &(&Program, u32, u32)| {
            serde_json::json!({
                "name": program.name, "description": program.description,
                "internal_bytes": internal, "external_bytes": external,
            })
        };
        text::print_json(&rows.iter().map(object).collect::<Vec<_>>());
    } else {
        let row = |(program, internal, external): &(&Program, u32, u32)| {
            vec![
                program.name.to_owned(),
                internal.to_string(),
                external.to_string(),
                program.description.to_owned(),
            ]
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        text::print(&text::table(&["program", "SRAM bytes", "external bytes", "what it does"], &rows));
    }
    Ok(Outcome::Success)
}

/// A program with the bytes it occupies in the processor's SRAM and beside it.
fn describe(program: &'static Program) -> Result<(&'static Program, u32, u32), Failure> {
    let image = Image { path: program.name.into(), bytes: program.image.into() };
    let contents = image.program()?;
    let bytes =
        |memory| contents.segments(memory).iter().map(bss2_host::ppu_program::Segment::size).sum::<u32>();
    let external = bytes(PpuMemory::External) + bytes(PpuMemory::ExternalDram);
    Ok((program, bytes(PpuMemory::Internal), external))
}
