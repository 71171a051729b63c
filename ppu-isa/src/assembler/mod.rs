//! From text to words: labels, expressions, the common directives, and the simplified mnemonics of binutils.
//!
//! A statement is `label: mnemonic operand, operand` or `.directive operand, ...`; statements end at a line end or
//! `;`. Comments are `# ...`, `// ...` and `/* ... */`. Expressions know numbers, symbols, `.` (the present address),
//! `+ - * / % << >> & | ^ ~`, parentheses, and the halves `@l`, `@h`, `@ha`.
//!
//! Directives: `.org`, `.align` and `.p2align` (power of two), `.balign`, `.long .word .4byte`, `.short .half .2byte`,
//! `.byte`, `.ascii`, `.asciz .string`, `.space .skip .zero`, `.set .equ`; `.text .data .section .globl .global .type
//! .size .machine .file` are accepted without effect: there is one section.

mod expression;
mod lexer;
mod mnemonic;

use std::collections::BTreeMap;

use crate::encode::EncodeError;
use expression::Expression;
use lexer::{Token, TokenKind};

/// Assembled code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Address of the first byte.
    pub origin: u32,
    /// The bytes, big endian; gaps are zero.
    pub bytes: Vec<u8>,
    /// Labels and symbols.
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

/// What is wrong with assembly text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A character that begins nothing.
    #[error("unexpected character `{0}`")]
    Character(char),
    /// A number that is none, or too large.
    #[error("`{0}` is not a number of at most 32 bits")]
    Number(String),
    /// A string or comment without end.
    #[error("{0} is not closed")]
    Open(&'static str),
    /// Something else should be here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// No such instruction.
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
    /// `.org` into what is already assembled, or code beyond the address space or 256 MiB.
    #[error("cannot go to address 0x{0:x}")]
    Place(i64),
}

type Result<T> = std::result::Result<T, AssembleError>;

/// The longest program, in bytes.
const LONGEST: i64 = 1 << 28;

/// Assembles text that begins at address `origin`.
///
/// # Errors
/// The first mistake, with its place.
pub fn assemble(source: &str, origin: u32) -> Result<Program> {
    let statements = split(lexer::tokens(source)?);
    let mut first = Pass::new(origin, None);
    for statement in &statements {
        first.statement(statement)?;
    }
    let mut second = Pass::new(origin, Some(first.symbols));
    for statement in &statements {
        second.statement(statement)?;
    }
    Ok(Program { origin, bytes: second.bytes, symbols: second.symbols })
}

/// Statements without their separators.
fn split(tokens: Vec<Token>) -> Vec<Vec<Token>> {
    let mut statements = vec![Vec::new()];
    for token in tokens {
        match token.kind {
            TokenKind::End => statements.push(Vec::new()),
            TokenKind::Colon => {
                if let Some(last) = statements.last_mut() {
                    last.push(token);
                }
                statements.push(Vec::new());
            }
            _ => {
                if let Some(last) = statements.last_mut() {
                    last.push(token);
                }
            }
        }
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

/// One way through the text. The first finds addresses, the second makes bytes.
struct Pass {
    origin: u32,
    bytes: Vec<u8>,
    symbols: BTreeMap<String, u32>,
    /// What the first pass found; `None` in the first pass.
    known: Option<BTreeMap<String, u32>>,
}

impl Pass {
    fn new(origin: u32, known: Option<BTreeMap<String, u32>>) -> Self {
        Self { origin, bytes: Vec::new(), symbols: BTreeMap::new(), known }
    }

    fn here(&self) -> u32 {
        self.origin.wrapping_add(self.bytes.len() as u32)
    }

    fn statement(&mut self, tokens: &[Token]) -> Result<()> {
        let head = &tokens[0];
        let rest = &tokens[1..];
        match &head.kind {
            TokenKind::Name(name) if rest.first().is_some_and(|t| t.kind == TokenKind::Colon) => {
                self.define(head, name, self.here())
            }
            TokenKind::Name(name) if rest.first().is_some_and(|t| t.kind == TokenKind::Operator("=")) => {
                let value = self.constant(head, &rest[1..])?;
                self.symbols.insert(name.clone(), value as u32);
                Ok(())
            }
            TokenKind::Name(name) if name.starts_with('.') => self.directive(head, name, rest),
            TokenKind::Name(name) => {
                let word = match &self.known {
                    // Every instruction has four bytes; what they are needs the addresses.
                    None => mnemonic::check(head, name).map(|()| 0),
                    Some(_) => mnemonic::instruction(head, name, rest, self.here(), &|e| self.value(e)),
                }?;
                self.append(head, &word.to_be_bytes())
            }
            _ => Err(head.error(Problem::Expected("a label, a directive or an instruction"))),
        }
    }

    fn define(&mut self, token: &Token, name: &str, value: u32) -> Result<()> {
        match self.symbols.insert(name.to_owned(), value) {
            Some(_) => Err(token.error(Problem::Redefined(name.to_owned()))),
            None => Ok(()),
        }
    }

    fn append(&mut self, token: &Token, bytes: &[u8]) -> Result<()> {
        let end = self.bytes.len() as i64 + bytes.len() as i64;
        if end > LONGEST {
            return Err(token.error(Problem::Place(i64::from(self.origin) + end)));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The value of an expression; symbols that are not known yet count as this address in the first pass.
    fn value(&self, e: &Expression) -> Result<i64> {
        e.evaluate(i64::from(self.here()), &|name| {
            let found = self.symbols.get(name).or_else(|| self.known.as_ref()?.get(name));
            match (found, &self.known) {
                (Some(value), _) => Some(i64::from(*value)),
                (None, None) => Some(i64::from(self.here())),
                (None, Some(_)) => None,
            }
        })
    }

    /// A value that shapes the program and must not depend on later definitions.
    fn constant(&self, head: &Token, tokens: &[Token]) -> Result<i64> {
        let e = expression::parse_all(head, tokens)?;
        e.evaluate(i64::from(self.here()), &|name| self.symbols.get(name).map(|value| i64::from(*value)))
    }

    fn directive(&mut self, head: &Token, name: &str, rest: &[Token]) -> Result<()> {
        match name {
            ".long" | ".word" | ".4byte" | ".int" => self.data(head, rest, 4),
            ".short" | ".half" | ".2byte" | ".hword" => self.data(head, rest, 2),
            ".byte" => self.data(head, rest, 1),
            ".ascii" => self.string(head, rest, false),
            ".asciz" | ".string" => self.string(head, rest, true),
            ".space" | ".skip" | ".zero" => {
                let size = self.constant(head, rest)?;
                self.advance(head, size)
            }
            ".org" => {
                let place = self.constant(head, rest)?;
                self.advance(head, place - i64::from(self.here()))
            }
            ".align" | ".p2align" => {
                let power = self.constant(head, rest)?;
                if !(0..=28).contains(&power) {
                    return Err(head.error(Problem::Data(power, 5)));
                }
                self.align(head, 1 << power)
            }
            ".balign" => {
                let size = self.constant(head, rest)?;
                self.align(head, size)
            }
            ".set" | ".equ" => match rest {
                [
                    Token { kind: TokenKind::Name(symbol), .. },
                    Token { kind: TokenKind::Comma, .. },
                    value @ ..,
                ] => {
                    let value = self.constant(head, value)?;
                    self.symbols.insert(symbol.clone(), value as u32);
                    Ok(())
                }
                _ => Err(head.error(Problem::Expected("a name, a comma and a value"))),
            },
            ".text" | ".data" | ".section" | ".globl" | ".global" | ".type" | ".size" | ".machine"
            | ".file" | ".end" => Ok(()),
            _ => Err(head.error(Problem::Directive(name.to_owned()))),
        }
    }

    fn data(&mut self, head: &Token, rest: &[Token], size: usize) -> Result<()> {
        for operand in expression::list(head, rest)? {
            let value = if self.known.is_some() { self.value(&operand)? } else { 0 };
            let bits = 8 * size as u32;
            if value < -(1i64 << (bits - 1)) || value >= 1i64 << bits {
                return Err(head.error(Problem::Data(value, bits)));
            }
            self.append(head, &value.to_be_bytes()[8 - size..])?;
        }
        Ok(())
    }

    fn string(&mut self, head: &Token, rest: &[Token], terminated: bool) -> Result<()> {
        for token in rest.iter().filter(|t| t.kind != TokenKind::Comma) {
            let TokenKind::Text(text) = &token.kind else {
                return Err(token.error(Problem::Expected("a string")));
            };
            self.append(head, text)?;
            if terminated {
                self.append(head, &[0])?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, head: &Token, size: i64) -> Result<()> {
        if !(0..=LONGEST).contains(&size) || self.bytes.len() as i64 + size > LONGEST {
            return Err(head.error(Problem::Place(i64::from(self.here()) + size)));
        }
        self.bytes.resize(self.bytes.len() + size as usize, 0);
        Ok(())
    }

    fn align(&mut self, head: &Token, size: i64) -> Result<()> {
        if size <= 0 {
            return Err(head.error(Problem::Place(size)));
        }
        let excess = i64::from(self.here()) % size;
        self.advance(head, if excess == 0 { 0 } else { size - excess })
    }
}
