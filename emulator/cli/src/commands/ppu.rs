//! `bss2 ppu`: tools for programs of the plasticity processor.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::Serialize;

use crate::text;
use crate::{Failure, Outcome};

/// Assemble a source file into an image: big-endian words, the first at the origin
#[derive(Args, Debug)]
struct Assemble {
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

/// Disassemble an image: address, word and instruction
#[derive(Args, Debug)]
struct Disassemble {
    /// The image, big-endian words
    #[arg(value_name = "FILE.bin")]
    image: PathBuf,
    /// Address of the first word, a multiple of 4
    #[arg(long, value_name = "ADDRESS", default_value = "0", value_parser = word_address)]
    origin: u32,
}

pub(super) fn command() -> Command {
    Command::new("ppu")
        .about("Assemble and disassemble programs of the plasticity processor")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Assemble::augment_args(Command::new("asm")))
        .subcommand(Disassemble::augment_args(Command::new("disasm")))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match matches.subcommand() {
        Some(("asm", matches)) => Assemble::from_arg_matches(matches)?.run(json),
        Some(("disasm", matches)) => Disassemble::from_arg_matches(matches)?.run(json),
        _ => Err(Failure::new("no command given").hint("bss2 ppu --help lists them")),
    }
}

/// An address in decimal or, after `0x`, in hexadecimal.
fn word_address(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    match parsed {
        Ok(address) if address % 4 == 0 => Ok(address),
        Ok(_) => Err("not a multiple of 4".to_owned()),
        Err(_) => Err("not a number of 32 bits, decimal or 0x...".to_owned()),
    }
}

/// The words must lie below 2^32, and there must be any.
fn check_extent(path: &Path, origin: u32, bytes: usize) -> Result<(), Failure> {
    if bytes == 0 {
        return Err(Failure::new(format!("{}: no instructions", path.display())));
    }
    if bytes as u64 > (1 << 32) - u64::from(origin) {
        return Err(Failure::new(format!(
            "{}: {bytes} bytes from {origin:#010x} reach beyond the address space",
            path.display()
        )));
    }
    Ok(())
}

fn about_file(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::new(format!("{}: {error}", path.display()))
}

impl Assemble {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let source = fs::read(&self.source).map_err(about_file(&self.source))?;
        let source = String::from_utf8(source).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            Failure::new(format!("{}: not text: byte {valid} is not UTF-8", self.source.display()))
        })?;
        // The mistake begins with line and column, as compilers print it.
        let program = ppu_isa::assemble(&source, self.origin)
            .map_err(|mistake| Failure::new(format!("{}:{mistake}", self.source.display())))?;
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

/// A line of a listing.
#[derive(Serialize)]
struct Line {
    address: u32,
    word: u32,
    text: String,
}

impl Disassemble {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let image = fs::read(&self.image).map_err(about_file(&self.image))?;
        check_extent(&self.image, self.origin, image.len())?;
        let (words, rest) = image.as_chunks::<4>();
        if !rest.is_empty() {
            let (path, bytes) = (self.image.display(), image.len());
            return Err(Failure::new(format!("{path}: {bytes} bytes are not a whole number of words")));
        }
        let lines = words.iter().zip((self.origin..).step_by(4)).map(|(word, address)| {
            let word = u32::from_be_bytes(*word);
            Line { address, word, text: ppu_isa::disassemble(word, address) }
        });
        if json {
            text::print_json(&lines.collect::<Vec<_>>());
        } else {
            let line = |line: Line| format!("{:08x}:  {:08x}  {}\n", line.address, line.word, line.text);
            text::print(&lines.map(line).collect::<String>());
        }
        Ok(Outcome::Success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decimal_or_hexadecimal_multiples_of_four() {
        assert_eq!(word_address("16"), Ok(16));
        assert_eq!(word_address("0xFFFFFFFC"), Ok(0xffff_fffc));
        for text in ["2", "0x", "-4", "0x100000000", "four"] {
            assert!(word_address(text).is_err(), "{text}");
        }
    }
}
