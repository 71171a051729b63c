//! Single instructions: `scalar`, `fxv` and `absent` records.

use ppu_isa::Stop;
use ppu_isa::timing::CycleModel;
use serde_json::Value;

use super::record;
use crate::golden::{BadRecord, Check, Format};

/// `wait`, which ends every program.
const WAIT: u32 = 0x7c00_007c;
/// No single instruction takes longer, in cycles.
const LIMIT: u64 = 10_000;

/// One instruction followed by `wait`: state before, changes after.
pub(super) struct SingleInstruction;

impl Format for SingleInstruction {
    fn name(&self) -> &'static str {
        "ppu instruction"
    }

    fn recognises(&self, record: &Value) -> bool {
        ["i", "w", "o"].iter().all(|field| record.get(field).is_some())
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let (mut core, mut bench) = record::initial::<CycleModel>(record)?;
        let word = record::hex(record, "w")?;
        bench.sram[0] = word;
        // Branches lead away from the second word, into memory that may hold data: stop behind one instruction then.
        bench.sram[1] = WAIT;
        let mut expected_state = core.state().clone();
        let mut expected_bench = bench.clone();
        record::apply(&record["o"], &mut expected_state, &mut expected_bench)?;

        let mut differences = Vec::new();
        match core.run(&mut bench, LIMIT, &mut ()) {
            Stop::Asleep { .. } => {}
            other => differences.push(format!("stopped with {other:?}")),
        }
        record::compare_scalar_states(&expected_state, core.state(), &mut differences);
        record::compare_vector_states(&expected_state, core.state(), &mut differences);
        record::compare_memory(&expected_bench, &bench, |_| true, &mut differences);
        record::compare_port(&expected_bench, &bench, &mut differences);
        Ok(Check {
            name: format!("{} {word:08x}", record::text(record, "i")?),
            differences,
            timing: Vec::new(),
            ..Check::default()
        })
    }
}
