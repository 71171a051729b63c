//! Text files of the project: lines of words, and errors that name the place.

use core::fmt::Display;
use core::str::FromStr;
use thiserror::Error;

/// Why a text can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// Something else than what should be there.
    #[error("line {line}, column {column}: expected {expected}, found `{found}`")]
    Unexpected {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the character in the line, from 1.
        column: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The text ends too early.
    #[error("the file ends where {0} is expected")]
    End(&'static str),
}

/// Lines that say something: neither empty nor only a comment, which begins with `#`.
pub(crate) struct Lines<'a> {
    lines: core::iter::Enumerate<core::str::Lines<'a>>,
}

/// The words of a line that have not been read yet.
pub(crate) struct Line<'a> {
    number: usize,
    /// All of it but a comment.
    whole: &'a str,
    rest: &'a str,
}

/// A word and where it begins: byte in its line.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate() }
    }

    pub(crate) fn next(&mut self) -> Option<Line<'a>> {
        self.lines.by_ref().find_map(|(index, line)| {
            let whole = line.split_once('#').map_or(line, |(before, _)| before);
            (!whole.trim().is_empty()).then_some(Line { number: index + 1, whole, rest: whole })
        })
    }

    pub(crate) fn expect(&mut self, expected: &'static str) -> Result<Line<'a>, TextError> {
        self.next().ok_or(TextError::End(expected))
    }

    /// The first line: what the file is, and in which version.
    pub(crate) fn title(&mut self, title: &'static str, version: u32) -> Result<(), TextError> {
        let mut line = self.expect(title)?;
        line.keyword(title)?;
        let word = line.word("the version of the format")?;
        if word.text.parse() != Ok(version) {
            return Err(line.unexpected(word, "a version that this program reads"));
        }
        line.end()
    }
}

impl<'a> Line<'a> {
    fn error(&self, at: usize, expected: &'static str, found: &dyn Display) -> TextError {
        let column = self.whole[..at].chars().count() + 1;
        TextError::Unexpected { line: self.number, column, expected, found: found.to_string() }
    }

    pub(crate) fn unexpected(&self, word: Word<'_>, expected: &'static str) -> TextError {
        self.error(word.at, expected, &word.text)
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Option<Word<'a>> {
        let trimmed = self.rest.trim_start();
        let at = self.whole.len() - trimmed.len();
        let (text, rest) = trimmed.split_at(trimmed.find(char::is_whitespace).unwrap_or(trimmed.len()));
        self.rest = rest;
        (!text.is_empty()).then_some(Word { text, at })
    }

    pub(crate) fn word(&mut self, expected: &'static str) -> Result<Word<'a>, TextError> {
        self.next().ok_or_else(|| self.error(self.whole.trim_end().len(), expected, &"end of line"))
    }

    pub(crate) fn keyword(&mut self, keyword: &'static str) -> Result<(), TextError> {
        let word = self.word(keyword)?;
        if word.text == keyword { Ok(()) } else { Err(self.unexpected(word, keyword)) }
    }

    /// Decimal, or hexadecimal with `0x`.
    pub(crate) fn number<T: FromStr + TryFrom<u64>>(
        &mut self,
        expected: &'static str,
    ) -> Result<T, TextError> {
        let word = self.word(expected)?;
        self.number_of(word, expected)
    }

    pub(crate) fn number_of<T: FromStr + TryFrom<u64>>(
        &self,
        word: Word<'_>,
        expected: &'static str,
    ) -> Result<T, TextError> {
        let value = match word.text.strip_prefix("0x") {
            Some(digits) if !digits.starts_with('+') => {
                u64::from_str_radix(digits, 16).ok().and_then(|value| value.try_into().ok())
            }
            Some(_) => None,
            None => word.text.parse().ok(),
        };
        value.ok_or_else(|| self.unexpected(word, expected))
    }

    /// A number up to `most`.
    pub(crate) fn up_to(&mut self, most: u64, expected: &'static str) -> Result<u64, TextError> {
        let word = self.word(expected)?;
        let value = self.number_of(word, expected)?;
        if value <= most { Ok(value) } else { Err(self.unexpected(word, expected)) }
    }

    pub(crate) fn end(mut self) -> Result<(), TextError> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(self.unexpected(word, "end of line")),
        }
    }
}
