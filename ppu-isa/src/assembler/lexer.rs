//! Characters to tokens, line by line.

use super::expression::Direction;
use super::{AssembleError, Problem, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Mnemonics (with `.` and hint at the end), symbols, directives, registers; also `.` alone.
    Name(String),
    Number(i64),
    /// A numbered label with a direction: `1b`, `2f`.
    Numbered(u32, Direction),
    Text(Vec<u8>),
    Operator(&'static str),
    Comma,
    Colon,
    /// `@l`, `@h`, `@ha`; also `@function` and the like, which mean nothing here.
    Half(&'static str),
    Annotation,
    /// End of a statement.
    End,
}

impl Token {
    pub(super) fn error(&self, problem: Problem) -> AssembleError {
        AssembleError { line: self.line, column: self.column, problem }
    }
}

/// Longer ones first.
const OPERATORS: [&str; 23] = [
    "<<", ">>", "<=", ">=", "<>", "==", "!=", "&&", "||", "(", ")", "+", "-", "*", "/", "%", "&", "|", "^",
    "~", "=", "<", ">",
];

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
}

/// The tokens of one line of text.
pub(super) fn tokens(text: &str, line: usize) -> Result<Vec<Token>> {
    let mut lexer = Lexer { rest: text, line, column: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// The lines of a source with blanks instead of `/* ... */`, so that places stay what they are.
pub(super) fn lines_without_comments(source: &str) -> Result<Vec<String>> {
    let mut lines = vec![String::new()];
    let (mut line, mut column) = (1, 1);
    let mut characters = source.chars().peekable();
    let (mut quoted, mut escaped, mut to_end) = (false, false, false);
    let mut opened: Option<(usize, usize)> = None;
    let mut star = false;
    while let Some(c) = characters.next() {
        let mut shown = c;
        if c == '\n' {
            (quoted, escaped, to_end) = (false, false, false);
        } else if opened.is_some() {
            shown = if c == '\t' { '\t' } else { ' ' };
            if c == '/' && star {
                opened = None;
            }
            star = c == '*';
        } else if to_end {
        } else if quoted {
            (quoted, escaped) = (c != '"' || escaped, c == '\\' && !escaped);
        } else {
            match c {
                '"' => quoted = true,
                // A character constant, perhaps of one of these.
                '\'' => {
                    if let (Some(next), Some(last)) =
                        (characters.next_if(|next| *next != '\n'), lines.last_mut())
                    {
                        last.push(c);
                        column += 1;
                        shown = next;
                    }
                }
                '#' => to_end = true,
                '/' if characters.peek() == Some(&'/') => to_end = true,
                '/' if characters.peek() == Some(&'*') => {
                    opened = Some((line, column));
                    characters.next();
                    if let Some(last) = lines.last_mut() {
                        last.push(' ');
                    }
                    column += 1;
                    (shown, star) = (' ', false);
                }
                _ => {}
            }
        }
        match (shown, lines.last_mut()) {
            ('\n', _) => {
                lines.push(String::new());
                (line, column) = (line + 1, 1);
            }
            (shown, Some(last)) => {
                last.push(shown);
                column += 1;
            }
            (_, None) => {}
        }
    }
    match opened {
        Some((line, column)) => Err(AssembleError { line, column, problem: Problem::Open("comment") }),
        None => Ok(lines),
    }
}

pub(super) fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '.' || c == '$'
}

pub(super) fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit()
}

impl Lexer<'_> {
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at(bytes);
        self.column += skipped.chars().count();
        self.rest = rest;
    }

    fn error(&self, problem: Problem) -> AssembleError {
        AssembleError { line: self.line, column: self.column, problem }
    }

    fn token(&mut self, kind: TokenKind, bytes: usize) -> Token {
        let token = Token { kind, line: self.line, column: self.column };
        self.skip(bytes);
        token
    }

    fn next(&mut self) -> Result<Option<Token>> {
        let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\x0c']).len();
        self.skip(blank);
        if self.rest.starts_with('#') || self.rest.starts_with("//") {
            return Ok(None);
        }
        let Some(c) = self.rest.chars().next() else { return Ok(None) };
        Ok(Some(match c {
            ';' => self.token(TokenKind::End, 1),
            ',' => self.token(TokenKind::Comma, 1),
            ':' => self.token(TokenKind::Colon, 1),
            '"' => self.string()?,
            '\'' => self.character()?,
            '@' => self.annotation(),
            '0'..='9' => self.number()?,
            '%' if self.rest[1..].starts_with(['r', 'c', 'v']) => {
                // `%r3` is r3.
                self.skip(1);
                self.name()
            }
            c if begins_name(c) => self.name(),
            // Not `!=`, which is below.
            '!' if !self.rest.starts_with("!=") => self.token(TokenKind::Operator("!"), 1),
            c => match OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator)) {
                Some(operator) => self.token(TokenKind::Operator(operator), operator.len()),
                None => return Err(self.error(Problem::Character(c))),
            },
        }))
    }

    fn name(&mut self) -> Token {
        let mut end = self.rest.find(|c| !continues_name(c)).unwrap_or(self.rest.len());
        // Branch hints belong to the mnemonic: `bne+ target`.
        if self.rest.starts_with(['b', 'B']) && self.rest[end..].starts_with(['+', '-']) {
            let behind = &self.rest[end + 1..];
            if behind.is_empty() || behind.starts_with([' ', '\t', ';', '#']) {
                end += 1;
            }
        }
        let name = self.rest[..end].to_owned();
        self.token(TokenKind::Name(name), end)
    }

    fn number(&mut self) -> Result<Token> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let text = &self.rest[..end];
        let lower = text.to_ascii_lowercase().replace('_', "");
        for (ending, direction) in [('b', Direction::Backward), ('f', Direction::Forward)] {
            let digits =
                lower.strip_suffix(ending).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
                return Ok(self.token(TokenKind::Numbered(number, direction), end));
            }
        }
        let value = if let Some(digits) = lower.strip_prefix("0x") {
            u64::from_str_radix(digits, 16)
        } else if let Some(digits) = lower.strip_prefix("0b") {
            u64::from_str_radix(digits, 2)
        } else if let Some(digits) = lower.strip_prefix('0').filter(|digits| !digits.is_empty()) {
            u64::from_str_radix(digits, 8)
        } else {
            lower.parse()
        };
        match value {
            Ok(value) => Ok(self.token(TokenKind::Number(value as i64), end)),
            Err(_) => Err(self.error(Problem::Number(text.to_owned()))),
        }
    }

    fn annotation(&mut self) -> Token {
        let word = &self.rest[1..];
        let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        let kind = match word[..end].to_ascii_lowercase().as_str() {
            "ha" => TokenKind::Half("ha"),
            "h" => TokenKind::Half("h"),
            "l" => TokenKind::Half("l"),
            _ => TokenKind::Annotation,
        };
        self.token(kind, 1 + end)
    }

    /// `'a`, also with a second quotation mark.
    fn character(&mut self) -> Result<Token> {
        let mut characters = self.rest.char_indices().skip(1);
        let (value, mut end) = match characters.next() {
            Some((_, '\\')) => {
                let escaped = characters.next().ok_or_else(|| self.error(Problem::Open("character")))?;
                let value = simple_escape(escaped.1).unwrap_or(escaped.1 as u32 as u8);
                (i64::from(value), escaped.0 + escaped.1.len_utf8())
            }
            Some((at, c)) if c.is_ascii() => (i64::from(c as u32), at + 1),
            _ => return Err(self.error(Problem::Open("character"))),
        };
        if self.rest[end..].starts_with('\'') {
            end += 1;
        }
        Ok(self.token(TokenKind::Number(value), end))
    }

    fn string(&mut self) -> Result<Token> {
        let mut bytes = Vec::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => return Ok(self.token(TokenKind::Text(bytes), at + 1)),
                '\\' => match characters.next().map(|(_, c)| c) {
                    Some(c @ '0'..='7') => {
                        let mut value = c as u32 - '0' as u32;
                        for _ in 0..2 {
                            let Some((_, c)) = characters.next_if(|(_, c)| matches!(c, '0'..='7')) else {
                                break;
                            };
                            value = 8 * value + c as u32 - '0' as u32;
                        }
                        bytes.push(value as u8);
                    }
                    Some('x' | 'X') => {
                        let mut value = 0_u8;
                        while let Some(digit) = characters.peek().and_then(|(_, c)| c.to_digit(16)) {
                            value = value << 4 | digit as u8;
                            characters.next();
                        }
                        bytes.push(value);
                    }
                    Some(c) => match simple_escape(c) {
                        Some(byte) => bytes.push(byte),
                        None => {
                            return Err(self.error(Problem::Expected(
                                "one of \\b \\f \\n \\r \\t \\\\ \\\" \\x41 \\101 in a string",
                            )));
                        }
                    },
                    None => break,
                },
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(self.error(Problem::Open("string")))
    }
}

/// The character that a letter behind a backslash stands for.
fn simple_escape(c: char) -> Option<u8> {
    Some(match c {
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '\\' | '"' | '\'' => c as u8,
        _ => return None,
    })
}
