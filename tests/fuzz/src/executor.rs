//! Playback programs on the FPGA.

use bss2_host::connection::RunControl;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::loopback::Loopback;
use bss2_host::message::decode_instruction;
use bss2_host::playback::Instruction;

use crate::Input;

/// Executes the words as instructions, at once and one by one, with the same answers.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let config = if input.byte() & 1 == 0 { ExecutorConfig::default() } else { ExecutorConfig::power_up() };
    let mut instructions = Vec::new();
    while !input.is_empty() {
        match decode_instruction(input.long()) {
            // Waiting is not what is tested.
            Ok(Instruction::WaitUntil(time)) => instructions.push(Instruction::WaitUntil(time & 0xff_ffff)),
            Ok(instruction) => instructions.push(instruction),
            Err(_) => {}
        }
    }
    instructions.push(Instruction::HALT);
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    let mut executor = Executor::new(Loopback::new(), config.clone());
    executor.feed(&instructions, &mut RunControl::default(), &mut |emission| {
        whole.push((emission.time, emission.synchronised, emission.response));
    });
    let mut executor = Executor::new(Loopback::new(), config);
    for instruction in instructions {
        executor.feed(&[instruction], &mut RunControl::default(), &mut |emission| {
            pieces.push((emission.time, emission.synchronised, emission.response));
        });
    }
    assert_eq!(whole, pieces, "answers depend on how the program is cut");
}
