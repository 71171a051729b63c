//! ELF files for the plasticity processors, as the host's loader extracts them.

use base64::Engine;
use bss2_host::ppu_program::{PpuMemory, PpuProgram, Symbol, SymbolKind};
use serde_json::{Value, json};

use super::{bad, first_difference, ints, list, text};
use crate::golden::{BadRecord, Check, Format};

/// PPU programs.
pub(super) struct PpuElf;

impl Format for PpuElf {
    fn name(&self) -> &'static str {
        "PPU programs"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("elf_base64").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let mut check = Check { name: text(record, "name")?.to_owned(), ..Check::default() };
        let file = base64::engine::general_purpose::STANDARD
            .decode(text(record, "elf_base64")?)
            .map_err(|error| bad("elf_base64", error))?;
        let program = match PpuProgram::parse(&file) {
            Ok(program) => program,
            Err(error) => {
                check.differences.push(error.to_string());
                return Ok(check);
            }
        };
        let words: Vec<u32> = ints(record, "internal_words")?;
        check.differences.extend(first_difference("internal word", &program.internal_words(), &words));
        for (field, memory) in
            [("external_bytes", PpuMemory::External), ("external_dram_bytes", PpuMemory::ExternalDram)]
        {
            let ours = program.image(memory).unwrap_or_default();
            let theirs = match &record[field] {
                Value::Null => Vec::new(),
                Value::String(hex) => bytes(hex).ok_or_else(|| bad(field, "not bytes in hexadecimal"))?,
                _ => return Err(bad(field, "neither text nor null")),
            };
            check.differences.extend(first_difference(field, &ours, &theirs));
        }
        let ours: Vec<Value> = program.symbols.iter().map(|(name, symbol)| notation(name, symbol)).collect();
        check.differences.extend(first_difference("symbol", &ours, list(record, "symbols")?));
        Ok(check)
    }
}

/// Bytes out of hexadecimal digits.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    digits
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
}

/// A symbol as the host prints it.
fn notation(name: &str, symbol: &Symbol) -> Value {
    let kind = match symbol.kind {
        SymbolKind::Function => "function",
        SymbolKind::Object => "object",
        SymbolKind::Other => "other",
    };
    let (first, last) = (symbol.offset, symbol.offset + symbol.size - 1);
    let block = |memory: &str, unit: &str, first: u32, last: u32| {
        format!("{memory}([{unit}({first}), {unit}({last})])")
    };
    let coordinate = match symbol.memory {
        PpuMemory::Internal => block("PPUMemoryBlockOnPPU", "PPUMemoryWordOnPPU", first / 4, last / 4),
        PpuMemory::External => {
            block("ExternalPPUMemoryBlockOnFPGA", "ExternalPPUMemoryByteOnFPGA", first, last)
        }
        PpuMemory::ExternalDram => {
            block("ExternalPPUDRAMMemoryBlockOnFPGA", "ExternalPPUDRAMMemoryByteOnFPGA", first, last)
        }
    };
    json!({"name": name, "type": kind, "coordinate": coordinate})
}
