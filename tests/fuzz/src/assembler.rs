//! Assembly text.

use ppu_isa::assembler::Options;
use ppu_isa::{assemble, assembler, disassemble};

/// Longest program here, bytes.
const LONGEST: u32 = 1 << 16;

/// Assembles the text. Errors point into it; the words of a program survive being disassembled and assembled again.
pub fn check(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let program = match assembler::assemble_with(&source, &Options { longest: LONGEST, ..Options::default() })
    {
        Ok(program) => program,
        Err(error) => {
            let lines = source.split('\n').count();
            assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line);
            assert!(!error.explain("text", &source).is_empty());
            return;
        }
    };
    assert!(program.bytes.len() <= LONGEST as usize);
    for (n, word) in program.words().into_iter().enumerate().take(64) {
        let address = program.origin.wrapping_add(4 * n as u32);
        let text = disassemble(word, address);
        match assemble(&text, address) {
            Ok(again) => assert_eq!(again.words(), [word], "{text}"),
            Err(error) => panic!("{text}: {error}"),
        }
    }
}
