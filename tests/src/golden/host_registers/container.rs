//! What the host writes for a container, and what it means by it.

use bss2_chip::registers::{Block, decode, default_chip};
use serde_json::Value;

use super::{fields, is_omnibus, list, name, number, pairs, stray_bits, text, words_of};
use crate::golden::host_link::{messages, of_backend};
use crate::golden::{BadRecord, Check, Format};

/// Encoded containers, simple and composite.
pub(super) struct Container;

impl Format for Container {
    fn name(&self) -> &'static str {
        "host containers"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("container").is_some() && record.get("access").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let mut check = Check { name: name(record)?, ..Check::default() };
        let access = list(record, "access")?.iter().find(|access| access.get("writes").is_some());
        let Some(access) = access else {
            check.nothing_compared = true;
            return Ok(check);
        };
        let omnibus = is_omnibus(text(access, "backend")?);
        let container = text(record, "container")?;
        if access.get("ut").is_some() {
            check.differences = messages_of(access)?;
        }
        let Ok(block) = container.parse::<Block>() else {
            if omnibus {
                check.differences = composite(record, &pairs(access, "writes")?);
            }
            return Ok(check);
        };
        let pairs = pairs(access, "writes")?;
        if pairs.is_empty() {
            // Containers that can only be read.
            check.nothing_compared = true;
            return Ok(check);
        }
        let words = if omnibus {
            words_of(block, number(&record["coordinate"]["enum"], "coordinate.enum")?, &pairs)
        } else {
            // Over JTAG the address is the number of the register coordinate; the words come in order.
            Ok(pairs.iter().map(|&(_, word)| word).collect())
        };
        match words {
            Err(difference) => check.differences.push(difference),
            Ok(words) => {
                check.differences.extend(simple(block, &words));
                let host = fields::host(container, &record["fields"])?;
                check.differences.extend(fields::differences(block, &fields::decoded(block, &words), host));
                if record["kind"] == "default" {
                    check.differences.extend(default(block, &words));
                }
            }
        }
        Ok(check)
    }
}

/// The messages of an access that is not an Omnibus access: through the codec, and as the playback builder makes them.
fn messages_of(access: &Value) -> Result<Vec<String>, BadRecord> {
    let (expected, mut differences) = messages::instructions(access, "ut")?;
    if let Some(built) = of_backend(text(access, "backend")?, access)?
        && built.instructions() != expected
    {
        differences.push(format!("built: {:x?} instead of {expected:x?}", built.instructions()));
    }
    Ok(differences)
}

/// Bits outside of fields, and words that do not come back from their values.
fn simple(block: Block, words: &[u32]) -> Vec<String> {
    let rows = block.description().words;
    let mut differences = Vec::new();
    for (row, word) in rows.iter().zip(words) {
        let stray = word & !row.used_mask();
        if stray != 0 {
            differences.push(format!("{block}.{} has no bits {stray:#x}", row.name));
        }
    }
    let back = fields::encoded(block, &fields::decoded(block, words));
    if back != words {
        differences.push(format!("{block}: {words:x?} comes back as {back:x?}"));
    }
    differences
}

fn default(block: Block, words: &[u32]) -> Option<String> {
    let ours: Vec<u32> = (0..words.len()).map(|word| block.description().host_default(word)).collect();
    (ours != words).then(|| format!("{block}: default is {ours:x?}, expected {words:x?}"))
}

/// Composite containers: all words go somewhere; the whole chip is our default configuration.
fn composite(record: &Value, writes: &[(u32, u32)]) -> Vec<String> {
    let mut differences: Vec<String> =
        writes.iter().filter_map(|&(address, value)| stray_bits(address, value)).take(10).collect();
    if record["container"] == "Chip" && record["kind"] == "default" {
        let ours: Vec<_> = default_chip().collect();
        if ours.len() != writes.len() {
            differences.push(format!("default chip: {} words, expected {}", ours.len(), writes.len()));
        }
        if let Some(((address, value), expected)) =
            ours.into_iter().zip(writes).find(|(ours, theirs)| ours != *theirs)
        {
            let (ours, theirs) = (decode(address), decode(expected.0));
            differences.push(format!(
                "default chip: {ours:?} = {value:#x}, expected {theirs:?} = {:#x}",
                expected.1
            ));
        }
    }
    differences
}
