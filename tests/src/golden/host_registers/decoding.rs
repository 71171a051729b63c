//! What the host understands when it reads raw words.

use bss2_chip::registers::Block;
use serde_json::Value;

use super::{fields, is_omnibus, name, number, pairs, stray_bits, text, words_of};
use crate::golden::{BadRecord, Check, Format};

/// Decoded reads.
pub(super) struct Decoding;

impl Format for Decoding {
    fn name(&self) -> &'static str {
        "host reads"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("container").is_some() && record["kind"] == "decode"
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let mut check = Check { name: name(record)?, ..Check::default() };
        let backend = text(record, "backend")?;
        let container = text(record, "container")?;
        let Ok(block) = container.parse::<Block>() else {
            if is_omnibus(backend) {
                let read = pairs(record, "read")?;
                check.differences = read.iter().filter_map(|&(address, _)| stray_bits(address, 0)).collect();
            } else {
                check.nothing_compared = true;
            }
            return Ok(check);
        };
        let read = pairs(record, "read")?;
        let words = match backend {
            // Cannot be read: the host leaves its fields alone.
            "JTAGPLLRegister" | "JTAGPhyRegister" => {
                check.nothing_compared = true;
                return Ok(check);
            }
            _ if is_omnibus(backend) => {
                words_of(block, number(&record["coordinate"]["enum"], "coordinate.enum")?, &read)
            }
            _ => Ok(read.iter().map(|&(_, word)| word).collect()),
        };
        match words {
            Err(difference) => check.differences.push(difference),
            Ok(words) => {
                let mut ours = fields::decoded(block, &words);
                if block == Block::PPUStatusRegister {
                    // Any bit counts as asleep for the host; the chip sets none but bit 0.
                    ours.insert("sleep".to_owned(), words.iter().any(|&word| word != 0).into());
                }
                check.differences =
                    fields::differences(block, &ours, fields::host(container, &record["fields"])?);
            }
        }
        Ok(check)
    }
}
