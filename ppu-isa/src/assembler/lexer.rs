//! Characters to tokens.

use super::{AssembleError, Problem, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    line: usize,
    column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Mnemonics (with `.` and hint at the end), symbols, directives, registers; also `.` alone.
    Name(String),
    Number(i64),
    Text(Vec<u8>),
    Operator(&'static str),
    Comma,
    Colon,
    /// `@l`, `@h`, `@ha`.
    Half(&'static str),
    /// End of a statement.
    End,
}

impl Token {
    pub(super) fn error(&self, problem: Problem) -> AssembleError {
        AssembleError { line: self.line, column: self.column, problem }
    }
}

/// Longer ones first.
const OPERATORS: [&str; 14] = ["<<", ">>", "(", ")", "+", "-", "*", "/", "%", "&", "|", "^", "~", "="];

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
}

pub(super) fn tokens(source: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { rest: source, line: 1, column: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '.' || c == '$'
}

impl Lexer<'_> {
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        for c in skipped.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
    }

    fn error(&self, problem: Problem) -> AssembleError {
        AssembleError { line: self.line, column: self.column, problem }
    }

    fn token(&mut self, kind: TokenKind, bytes: usize) -> Option<Token> {
        let token = Token { kind, line: self.line, column: self.column };
        self.skip(bytes);
        Some(token)
    }

    fn next(&mut self) -> Result<Option<Token>> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r']).len();
            self.skip(blank);
            if self.rest.starts_with('#') || self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                let end = self.rest.find("*/").ok_or_else(|| self.error(Problem::Open("comment")))?;
                self.skip(end + 2);
            } else {
                break;
            }
        }
        let Some(c) = self.rest.chars().next() else { return Ok(None) };
        Ok(match c {
            '\n' | ';' => self.token(TokenKind::End, 1),
            ',' => self.token(TokenKind::Comma, 1),
            ':' => self.token(TokenKind::Colon, 1),
            '"' => return self.string().map(Some),
            '@' => return self.half().map(Some),
            '0'..='9' => return self.number().map(Some),
            '%' if self.rest[1..].starts_with(['r', 'c', 'v']) => {
                // `%r3` is r3.
                self.skip(1);
                self.name()
            }
            c if begins_name(c) => self.name(),
            c => match OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator)) {
                Some(operator) => self.token(TokenKind::Operator(operator), operator.len()),
                None => return Err(self.error(Problem::Character(c))),
            },
        })
    }

    fn name(&mut self) -> Option<Token> {
        let inside = |c: char| begins_name(c) || c.is_ascii_digit();
        let mut end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        // Branch hints belong to the mnemonic: `bne+ target`.
        if self.rest.starts_with('b') && self.rest[end..].starts_with(['+', '-']) {
            let behind = &self.rest[end + 1..];
            if behind.is_empty() || behind.starts_with([' ', '\t', '\n']) {
                end += 1;
            }
        }
        let name = self.rest[..end].to_owned();
        self.token(TokenKind::Name(name), end)
    }

    fn number(&mut self) -> Result<Token> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let text = self.rest[..end].replace('_', "");
        let lower = text.to_ascii_lowercase();
        let value = if let Some(digits) = lower.strip_prefix("0x") {
            i64::from_str_radix(digits, 16)
        } else if let Some(digits) = lower.strip_prefix("0b") {
            i64::from_str_radix(digits, 2)
        } else {
            lower.parse()
        };
        match value {
            Ok(value) if value <= i64::from(u32::MAX) => {
                let token = Token { kind: TokenKind::Number(value), line: self.line, column: self.column };
                self.skip(end);
                Ok(token)
            }
            _ => Err(self.error(Problem::Number(text))),
        }
    }

    fn half(&mut self) -> Result<Token> {
        for (text, half) in [("@ha", "ha"), ("@h", "h"), ("@l", "l")] {
            if self.rest.starts_with(text) {
                let token = Token { kind: TokenKind::Half(half), line: self.line, column: self.column };
                self.skip(text.len());
                return Ok(token);
            }
        }
        Err(self.error(Problem::Expected("@l, @h or @ha")))
    }

    fn string(&mut self) -> Result<Token> {
        let mut bytes = Vec::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    let token = Token { kind: TokenKind::Text(bytes), line: self.line, column: self.column };
                    self.skip(at + 1);
                    return Ok(token);
                }
                '\n' => break,
                '\\' => match characters.next().map(|(_, c)| c) {
                    Some('n') => bytes.push(b'\n'),
                    Some('t') => bytes.push(b'\t'),
                    Some('r') => bytes.push(b'\r'),
                    Some('0') => bytes.push(0),
                    Some(c @ ('\\' | '"')) => bytes.push(c as u8),
                    _ => return Err(self.error(Problem::Expected("one of \\n \\t \\r \\0 \\\\ \\\""))),
                },
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(self.error(Problem::Open("string")))
    }
}
