//! What can be wrong with assembly text, and where.

use crate::encode::EncodeError;

/// A mistake in assembly text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {problem}")]
pub struct AssembleError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl AssembleError {
    /// The mistake for people: file, line and column, the line of the source and a caret under the place.
    ///
    /// ```
    /// let source = "nop\nli r3, 40000";
    /// let error = ppu_isa::assemble(source, 0).expect_err("too large");
    /// assert_eq!(
    ///     error.explain("a.s", source),
    ///     "a.s:2:8: 40000 does not fit field SI of `addi` (-32768..=32767)\n    li r3, 40000\n           ^"
    /// );
    /// ```
    pub fn explain(&self, file: &str, source: &str) -> String {
        let text = source.split('\n').nth(self.line.saturating_sub(1)).unwrap_or("").trim_end_matches('\r');
        // Tabs stay tabs, so that the caret stands under its place whatever their width.
        let before = text.chars().take(self.column.saturating_sub(1));
        let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("{file}:{self}\n    {text}\n    {indent}^")
    }
}

/// What is wrong with assembly text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A character that begins nothing.
    #[error("unexpected character `{0}`")]
    Character(char),
    /// A number that is none, or too large.
    #[error("`{0}` is not a number of at most 64 bits")]
    Number(String),
    /// A string, comment, macro or condition without end.
    #[error("{0} is not closed")]
    Open(&'static str),
    /// The end of something that has not begun.
    #[error("`{0}` without a beginning")]
    Unopened(String),
    /// Something else should be here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// No such instruction or macro.
    #[error("unknown instruction `{0}`")]
    Mnemonic(String),
    /// No such directive.
    #[error("unknown directive `{0}`")]
    Directive(String),
    /// A name without definition.
    #[error("undefined symbol `{0}`")]
    Undefined(String),
    /// A name with two definitions.
    #[error("`{0}` is already defined")]
    Redefined(String),
    /// Wrong number of operands.
    #[error("`{0}` takes other operands: {1}")]
    Operands(String, String),
    /// A register of another kind, or no register.
    #[error("expected a register, not this")]
    Register,
    /// Division by zero in an expression.
    #[error("division by zero")]
    DivisionByZero,
    /// A value that does not fit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A value that does not fit a data directive.
    #[error("{0} does not fit {1} bits")]
    Data(i64, u32),
    /// `.org` into what is already assembled, or code beyond the address space or the longest program.
    #[error("cannot go to address 0x{0:x}")]
    Place(i64),
    /// An instruction at an address that is no multiple of four.
    #[error("an instruction cannot begin at address 0x{0:x}")]
    Misaligned(i64),
    /// `.error` in the text, or `.err`.
    #[error("{0}")]
    Demanded(String),
    /// Macros call each other too deeply, or repetitions or expansions are too many.
    #[error("too much: {0}")]
    TooMuch(&'static str),
    /// Addresses depend on themselves.
    #[error("addresses do not settle")]
    Unsettled,
    /// A mistake in the expansion of a macro or repetition; the place is that of the call.
    #[error("line {line} of {what}: {problem}")]
    Inside {
        /// The macro or repetition.
        what: String,
        /// Line in the source, from 1.
        line: usize,
        /// What is wrong.
        problem: Box<Problem>,
    },
}
