//! Playback programs: messages, words, what the builder makes of the same operations, what the executor answers.

use bss2_host::connection::Connection;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::loopback::Loopback;
use bss2_host::message::{decode_instruction, encode_instruction, encode_program};
use bss2_host::playback::{Instruction, Program, startup_program};
use bss2_host::recording::Completion;
use serde_json::Value;

use super::{bad, first_difference, int, ints, list, messages, operations, text};
use crate::golden::{BadRecord, Check, Format};

/// Playback programs of all three files: instructions, containers, initialisations.
pub(super) struct HostProgram;

impl Format for HostProgram {
    fn name(&self) -> &'static str {
        "host programs"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("messages").is_some() && record.get("n_expected_responses").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let mut check = Check { name: text(record, "name")?.to_owned(), ..Check::default() };
        let (instructions, differences) = messages::instructions(record, "messages")?;
        check.differences = differences;
        let words: Vec<u64> = ints(record, "words")?;
        let mut compare = |difference: Option<String>| check.differences.extend(difference);

        let encoded: Vec<u64> = instructions.iter().copied().map(encode_instruction).collect();
        compare(first_difference("word", &encoded, &words));
        let decoded: Result<Vec<Instruction>, _> =
            words.iter().map(|&word| decode_instruction(word)).collect();
        match decoded {
            Ok(decoded) => compare(first_difference("decoded message", &decoded, &instructions)),
            Err(error) => compare(Some(error.to_string())),
        }
        let program = Program::from_instructions(instructions);
        if record.get("words_with_halt").is_some() {
            let with_halt: Vec<u64> = ints(record, "words_with_halt")?;
            compare(first_difference(
                "word with halt",
                &encode_program(&program).collect::<Vec<_>>(),
                &with_halt,
            ));
        }

        // The host's own summary of its program, through our builder.
        let summary = ["program", "operations"].into_iter().find(|field| record.get(field).is_some());
        if let Some(field) = summary
            && let Some(built) = operations::build(list(record, field)?)?
        {
            let built: Vec<u64> = built.instructions().iter().copied().map(encode_instruction).collect();
            compare(first_difference("built word", &built, &words));
        }
        if record["name"] == "SystemInit/cube_defaults" {
            let startup = startup_program();
            let startup: Vec<u64> = startup.instructions().iter().copied().map(encode_instruction).collect();
            compare(first_difference("word of our start-up", &startup, &words));
        }

        let expected: usize = int(record, "n_expected_responses")?;
        let kinds: Vec<&str> = program.instructions().iter().filter_map(response_kind).collect();
        if kinds.len() != expected || program.expected_responses() != expected {
            compare(Some(format!("{} responses, expected {expected}", program.expected_responses())));
        }
        if record.get("expected_responses").is_some() {
            let theirs = list(record, "expected_responses")?.iter();
            let theirs: Option<Vec<&str>> = theirs.map(Value::as_str).collect();
            let theirs = theirs.ok_or_else(|| bad("expected_responses", "not names"))?;
            compare(first_difference("response", &kinds, &theirs));
        }
        compare(executed(&program, expected));
        Ok(check)
    }
}

/// The response that an instruction gives, by the host's name for it.
fn response_kind(instruction: &Instruction) -> Option<&'static str> {
    match instruction {
        Instruction::OmnibusAddress { read: true, .. } => Some("omnibus_from_fpga::Data"),
        Instruction::JtagData { keep_response: true, .. } => Some("jtag_from_hicann::Data"),
        Instruction::Loopback(true) => Some("from_fpga_system::Loopback(tick)"),
        _ => None,
    }
}

/// Whether our FPGA gives that many responses, with a chip behind it that only stores words.
fn executed(program: &Program, expected: usize) -> Option<String> {
    // What writes to the instruction timeout may make a poll stall for half a minute; the start-up sets 10 ms.
    let start =
        if program.instructions().iter().any(|instruction| matches!(instruction, Instruction::Reset(_))) {
            ExecutorConfig::power_up()
        } else {
            ExecutorConfig::default()
        };
    let mut executor = Executor::new(Loopback::new(), start);
    let results = match executor.run(program) {
        Ok(results) => results,
        Err(error) => return Some(error.to_string()),
    };
    match results.completion {
        Completion::Halted => {
            let recording = results.recording;
            let responses =
                recording.reads.value.len() + recording.jtag.value.len() + recording.markers.fpga_time.len();
            (responses != expected).then(|| format!("executed: {responses} responses, expected {expected}"))
        }
        // Only a poll, or a barrier on links that nobody has brought up, may end a program early.
        Completion::TimedOut(timeout) => {
            let stalled = program.instructions().get(timeout.instruction as usize);
            let may_stall =
                matches!(stalled, Some(Instruction::PollingOmnibusBlock(_) | Instruction::Barrier(_)));
            (!may_stall).then(|| format!("executed: timed out in instruction {}", timeout.instruction))
        }
        Completion::Cancelled { instruction } => Some(format!("executed: cancelled in {instruction}")),
    }
}
