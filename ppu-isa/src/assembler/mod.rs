//! From text to words: the syntax of GNU as for PowerPC, with the simplified mnemonics of binutils and the vector
//! instructions.
//!
//! A statement is `label: mnemonic operand, operand` or `.directive operand, ...`; statements end at a line end or
//! `;`. Comments are `# ...`, `// ...` and `/* ... */`. Labels are names, or numbers that may be defined again and are
//! meant as `1b` (the last one before) and `1f` (the next one). Expressions know numbers (also `0x`, `0b`, octal with
//! `0`, `'c'`), symbols, `.` (the present address), the operators of GNU as with *its* precedences (`* / % << >>`, then
//! `| & ^ !`, then `+ -`, comparisons, `&&`, `||`), parentheses, and `@l`, `@h`, `@ha` for the whole expression.
//!
//! | directives | |
//! |---|---|
//! | data | `.byte`, `.short .half .hword .2byte .value .word` (two bytes for PowerPC), `.long .int .4byte`, `.quad .8byte .llong`, `.ascii`, `.asciz .string` |
//! | room | `.space .skip`, `.zero`, `.fill`, `.org`, `.align .p2align` (power of two), `.balign`, `.comm`, `.lcomm` |
//! | symbols | `.set .equ`, `=`, `.equiv`, `.weak` |
//! | sections | `.text`, `.data`, `.bss`, `.section`, `.pushsection`, `.popsection`, `.previous` |
//! | conditions | `.if`, `.ifeq .ifne .iflt .ifle .ifgt .ifge`, `.ifdef`, `.ifndef .ifnotdef`, `.elseif`, `.else`, `.endif` |
//! | repetition | `.macro` (with `:req`, `:vararg`, defaults, `\@`, `\()`), `.exitm`, `.endm`, `.purgem`, `.rept`, `.irp`, `.endr` |
//! | other | `.error`, `.err`, `.end` |
//!
//! `.globl .global .extern .local .hidden .type .size .machine .file .ident .loc .cfi_... .gnu_attribute` are accepted
//! without effect.
//!
//! Nothing is linked: sections follow each other from the origin on, those with code first, then those with data,
//! those for zeros last, each in the order of the text. Two things differ from GNU as on purpose: `.org` takes an
//! address, not a distance from the start of the section (the same for one section at 0), and a value that does not fit
//! is a mistake, not a warning.

mod directive;
mod error;
mod expression;
mod lexer;
mod macros;
mod mnemonic;
mod pass;

use std::collections::BTreeMap;

pub use error::{AssembleError, Problem};
pub use mnemonic::{Mnemonic, mnemonics};
use pass::{Layout, Line, Pass};

/// Assembled code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Address of the first byte.
    pub origin: u32,
    /// The bytes, big endian; gaps are zero.
    pub bytes: Vec<u8>,
    /// Labels and symbols; those of `.set` are cut to 32 bits.
    pub symbols: BTreeMap<String, u32>,
}

impl Program {
    /// The bytes as words, the last one filled up with zero.
    pub fn words(&self) -> Vec<u32> {
        self.bytes
            .chunks(4)
            .map(|chunk| {
                let mut word = [0; 4];
                word[..chunk.len()].copy_from_slice(chunk);
                u32::from_be_bytes(word)
            })
            .collect()
    }
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Address of the first byte.
    pub origin: u32,
    /// The longest program, in bytes.
    pub longest: u32,
    /// Most lines to execute, with those of repetitions and macros.
    pub lines: u32,
}

impl Default for Options {
    /// From address 0; up to 256 MiB, the largest memory that holds code (ppu-isa 6.3); a million lines.
    fn default() -> Self {
        Self { origin: 0, longest: 1 << 28, lines: 1_000_000 }
    }
}

type Result<T> = std::result::Result<T, AssembleError>;

/// Times that addresses may move before they have to stay.
const MOST_PASSES: usize = 16;

/// Assembles text that begins at address `origin`.
///
/// # Errors
/// The first mistake, with its place.
pub fn assemble(source: &str, origin: u32) -> Result<Program> {
    assemble_with(source, &Options { origin, ..Options::default() })
}

/// Assembles text.
///
/// # Errors
/// The first mistake, with its place.
pub fn assemble_with(source: &str, options: &Options) -> Result<Program> {
    let lines: Vec<Line> = lexer::lines_without_comments(source)?
        .into_iter()
        .enumerate()
        .map(|(index, text)| Line { number: index + 1, text })
        .collect();
    // Passes over the text find out where everything is, until nothing moves any more; then one makes the bytes.
    let mut known = Layout::default();
    for number in 0..MOST_PASSES {
        let mut pass = Pass::new(options, &known, number == 0, false);
        pass.source(&lines)?;
        let layout = pass.layout()?;
        let settled = number > 0 && layout == known;
        known = layout;
        if settled {
            let mut last = Pass::new(options, &known, false, true);
            last.source(&lines)?;
            return Ok(last.program());
        }
    }
    Err(AssembleError { line: 1, column: 1, problem: Problem::Unsettled })
}
