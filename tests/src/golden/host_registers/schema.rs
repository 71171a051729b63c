//! What the host knows about its containers: number of instances, ranges, what it refuses to read.

use bss2_chip::registers::{Access, Block, Connection};
use serde_json::Value;

use super::{bad, list, text};
use crate::golden::{BadRecord, Check, Format};

/// Container schemas.
pub(super) struct Schema;

impl Format for Schema {
    fn name(&self) -> &'static str {
        "host container schemas"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("container").is_some() && record.get("default_backend").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let container = text(record, "container")?;
        let mut check = Check { name: container.to_owned(), ..Check::default() };
        let Ok(block) = container.parse::<Block>() else {
            check.nothing_compared = true;
            return Ok(check);
        };
        let description = block.description();
        let (ours, theirs) = (description.instances(), &record["coordinate_size"]);
        if *theirs != ours {
            check.differences.push(format!("{ours} instances, expected {theirs}"));
        }
        // A container that can only be written is refused nowhere, as it has nothing to read.
        if description.words[0].access != Access::WriteOnly {
            let targets = list(record, "unsupported_read_targets")?;
            for (connection, target) in
                [(Connection::Hardware, "hardware"), (Connection::Simulation, "simulation")]
            {
                let refused = description.host_refuses_reads_on.contains(&connection);
                if refused != targets.contains(&target.into()) {
                    check.differences.push(format!("reading on {target} is not as the host has it"));
                }
            }
        }
        for field in list(&record["fields"], "fields")? {
            let name = text(field, "name")?;
            let rows = description.words.iter().flat_map(|word| word.fields);
            let Some(row) = rows.into_iter().find(|row| row.name == name) else { continue };
            if field["schema"]["k"] != "int" {
                continue;
            }
            for bound in ["min", "max"] {
                let value = field["schema"][bound].as_i64().ok_or_else(|| bad(bound, "not a number"))?;
                let raw = row.bits.encoding.encode(value, row.bits.width);
                let fits = row.bits.encoding.decode(raw, row.bits.width) == value;
                if !fits || !row.host_accepts().contains(&raw) {
                    check.differences.push(format!("{container}.{name}: {bound} {value} is out of range"));
                }
            }
        }
        Ok(check)
    }
}
