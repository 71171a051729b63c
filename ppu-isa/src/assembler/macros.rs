//! Macros, repetitions and conditions: text that is run several times or not at all.

use super::lexer::{Token, TokenKind, begins_name, continues_name};
use super::pass::{Condition, Line, Pass, place};
use super::{Problem, Result, lexer};

/// A macro.
#[derive(Clone, Debug)]
pub(super) struct Macro {
    name: String,
    parameters: Vec<Parameter>,
    body: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    default: String,
    required: bool,
    /// It takes all that is left.
    rest: bool,
}

/// Longest line after expansion, bytes.
const LONGEST_LINE: usize = 4096;

/// The directive or instruction a line begins with, behind labels.
pub(super) fn first_word(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let end = text.find(|c| !continues_name(c)).unwrap_or(text.len());
        match text[end..].trim_start().strip_prefix(':') {
            Some(rest) if end > 0 => text = rest.trim_start(),
            _ => return &text[..end],
        }
    }
}

/// Whether a line with this word begins lines that belong together.
pub(super) fn begins_block(word: &str) -> bool {
    [".macro", ".rept", ".irp"].contains(&word)
}

/// The index of the line that ends the block beginning in line `begin`.
pub(super) fn end_of_block(lines: &[Line], begin: usize) -> Result<usize> {
    let is_macro = |word: &str| word == ".macro";
    let outermost = is_macro(first_word(&lines[begin].text));
    let mut depth = 0_usize;
    for (index, line) in lines.iter().enumerate().skip(begin) {
        let word = first_word(&line.text);
        // Macros and repetitions may be within each other; only the same kind counts.
        let same = is_macro(word) == outermost;
        if begins_block(word) && same {
            depth += 1;
        } else if word == if outermost { ".endm" } else { ".endr" } {
            depth -= 1;
            if depth == 0 {
                return Ok(index);
            }
        }
    }
    let what = if outermost { "a macro" } else { "a repetition" };
    Err(place(&lines[begin]).error(Problem::Open(what)))
}

/// The text of a line from behind a token to the end of its statement.
fn text_behind(line: &Line, token: &Token, rest: &[Token]) -> String {
    let length = match &token.kind {
        TokenKind::Name(name) => name.chars().count(),
        _ => 0,
    };
    let from = token.column - 1 + length;
    let to = match rest.last() {
        // The lexer cuts comments; what is behind the last token is one, or the next statement.
        Some(_) => end_of_statement(&line.text, from),
        None => from,
    };
    line.text.chars().skip(from).take(to.saturating_sub(from)).collect()
}

/// The column, from 0, in which the statement around column `from` ends.
fn end_of_statement(text: &str, from: usize) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let mut before = ' ';
    for (at, c) in text.chars().enumerate().skip(from) {
        match c {
            '"' if !escaped => quoted = !quoted,
            ';' | '#' if !quoted => return at,
            '/' if !quoted && before == '/' => return at - 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        before = c;
    }
    text.chars().count()
}

/// Operands of a macro: separated by commas, or by blanks between two words.
fn split(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    let mut operand = String::new();
    let (mut quoted, mut depth) = (false, 0_u32);
    let mut characters = text.trim().chars().peekable();
    let ends_word = |c: char| continues_name(c) || c == ')' || c == '"';
    let begins_word = |c: char| continues_name(c) || c == '"' || c == '\\' || c == '%';
    let mut before = ' ';
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                quoted = !quoted;
                operand.push(c);
            }
            _ if quoted => operand.push(c),
            '(' => {
                depth += 1;
                operand.push(c);
            }
            ')' => {
                depth = depth.saturating_sub(1);
                operand.push(c);
            }
            ',' => list.push(std::mem::take(&mut operand).trim().to_owned()),
            c if c.is_whitespace() => {
                while characters.next_if(|c| c.is_whitespace()).is_some() {}
                let splits = ends_word(before) && characters.peek().is_some_and(|c| begins_word(*c));
                if splits && depth == 0 {
                    list.push(std::mem::take(&mut operand));
                } else {
                    operand.push(' ');
                }
                continue;
            }
            c => operand.push(c),
        }
        before = c;
    }
    let operand = operand.trim().to_owned();
    if !operand.is_empty() || !list.is_empty() {
        list.push(operand);
    }
    list
}

/// A string without its quotation marks; anything else as it is.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Body lines with the values of parameters in their places.
fn substitute(
    body: &[Line],
    values: &[(&str, &str)],
    number: usize,
) -> std::result::Result<Vec<Line>, Problem> {
    let mut lines = Vec::with_capacity(body.len());
    for line in body {
        let mut text = String::with_capacity(line.text.len());
        let mut rest = line.text.as_str();
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            let end = behind.find(|c| !continues_name(c)).unwrap_or(behind.len());
            let name = if behind.starts_with(begins_name) { &behind[..end] } else { "" };
            // A parameter may be followed by a dot, which could be part of a name.
            let found =
                values.iter().find(|(parameter, _)| *parameter == name).map(|found| (found.1, name.len()));
            let up_to_dot = || {
                let short = name.split('.').next().filter(|short| !short.is_empty())?;
                values.iter().find(|(parameter, _)| *parameter == short).map(|found| (found.1, short.len()))
            };
            rest = match found.or_else(up_to_dot) {
                Some((value, length)) => {
                    text.push_str(value);
                    &behind[length..]
                }
                None if behind.starts_with('@') => {
                    text.push_str(&number.to_string());
                    &behind[1..]
                }
                None if behind.starts_with("()") => &behind[2..],
                None => {
                    text.push('\\');
                    behind
                }
            };
            if text.len() > LONGEST_LINE {
                return Err(Problem::TooMuch("text in one line of an expansion"));
            }
        }
        text.push_str(rest);
        lines.push(Line { number: line.number, text });
    }
    Ok(lines)
}

impl Pass<'_> {
    /// A macro or repetition with its body.
    pub(super) fn block(&mut self, line: &Line, body: &[Line]) -> Result<()> {
        let head = place(line);
        let word = first_word(&line.text);
        let behind = line.text.find(word).map_or("", |at| &line.text[at + word.len()..]);
        let behind = &behind[..byte_of(behind, end_of_statement(behind, 0))];
        match word {
            ".macro" => self.define_macro(&head, behind, body),
            ".rept" => {
                let count =
                    self.constant_of(&head, &lexer::tokens(behind, line.number)?).map_err(|mut error| {
                        error.column += head.column + word.len() - 1;
                        error
                    })?;
                for _ in 0..count {
                    self.expansion(&head, "the repetition", body)?;
                }
                Ok(())
            }
            _ => {
                let mut values = split(behind).into_iter();
                let Some(symbol) = values.next().filter(|symbol| !symbol.is_empty()) else {
                    return Err(head.error(Problem::Expected("a name and values")));
                };
                let values: Vec<String> = values.collect();
                // Without values the body runs once with nothing.
                let values = if values.is_empty() { vec![String::new()] } else { values };
                for value in &values {
                    self.expansions += 1;
                    let text = substitute(body, &[(&symbol, unquoted(value))], self.expansions);
                    self.expansion(&head, "the repetition", &text.map_err(|problem| head.error(problem))?)?;
                }
                Ok(())
            }
        }
    }

    fn define_macro(&mut self, head: &Token, text: &str, body: &[Line]) -> Result<()> {
        let mut words = split(text).into_iter();
        let Some(name) = words.next().filter(|name| name.starts_with(begins_name)) else {
            return Err(head.error(Problem::Expected("the name of the macro")));
        };
        if self.macros.contains_key(&name) {
            return Err(head.error(Problem::Redefined(name)));
        }
        let parameters = words
            .map(|word| {
                let (declared, default) = word.split_once('=').unwrap_or((&word, ""));
                let (name, kind) = declared.trim().split_once(':').unwrap_or((declared.trim(), ""));
                Parameter {
                    name: name.trim().to_owned(),
                    default: unquoted(default.trim()).to_owned(),
                    required: kind.trim() == "req",
                    rest: kind.trim() == "vararg",
                }
            })
            .collect();
        self.macros.insert(name.clone(), Macro { name, parameters, body: body.to_vec() });
        Ok(())
    }

    /// Runs a macro.
    pub(super) fn call(&mut self, line: &Line, head: &Token, called: &Macro, rest: &[Token]) -> Result<()> {
        let mut values: Vec<Option<String>> = vec![None; called.parameters.len()];
        let mut next = 0;
        let text = text_behind(line, head, rest);
        for operand in split(&text) {
            let named = operand.split_once('=').and_then(|(name, value)| {
                let index = called.parameters.iter().position(|p| p.name == name.trim())?;
                Some((index, value.trim().to_owned()))
            });
            if let Some((index, value)) = named {
                values[index] = Some(unquoted(&value).to_owned());
                continue;
            }
            match (called.parameters.get(next), called.parameters.last()) {
                (Some(parameter), _) if parameter.rest => {
                    let value = values[next].get_or_insert_default();
                    if !value.is_empty() {
                        value.push(',');
                    }
                    value.push_str(&operand);
                    continue;
                }
                (Some(_), _) => values[next] = Some(unquoted(&operand).to_owned()),
                (None, _) => {
                    let names: Vec<&str> = called.parameters.iter().map(|p| p.name.as_str()).collect();
                    return Err(head.error(Problem::Operands(called.name.clone(), names.join(","))));
                }
            }
            next += 1;
        }
        let mut pairs = Vec::new();
        for (parameter, value) in called.parameters.iter().zip(&values) {
            let given = value.as_deref().filter(|value| !value.is_empty());
            if parameter.required && given.is_none() {
                return Err(head.error(Problem::Operands(called.name.clone(), parameter.name.clone())));
            }
            pairs.push((parameter.name.as_str(), given.unwrap_or(&parameter.default)));
        }
        let lines =
            substitute(&called.body, &pairs, self.expansions).map_err(|problem| head.error(problem))?;
        self.expansions += 1;
        let result = self.expansion(head, &format!("macro `{}`", called.name), &lines);
        self.leaving = false;
        result
    }

    /// `.if` and what belongs to it.
    pub(super) fn condition(&mut self, head: &Token, name: &str, rest: &[Token]) -> Result<()> {
        match name {
            ".else" | ".elseif" => {
                let outside = self.conditions.len() < 2 || self.conditions[self.conditions.len() - 2].active;
                let unopened = || head.error(Problem::Unopened(name.to_owned()));
                let condition =
                    self.conditions.last().filter(|condition| !condition.last).ok_or_else(unopened)?;
                let done = condition.done || condition.active;
                let active = outside && !done && (name == ".else" || self.constant_of(head, rest)? != 0);
                if let Some(condition) = self.conditions.last_mut() {
                    *condition = Condition { active, done: done || !outside, last: name == ".else" };
                }
                Ok(())
            }
            ".endif" => match self.conditions.pop() {
                Some(_) => Ok(()),
                None => Err(head.error(Problem::Unopened(name.to_owned()))),
            },
            _ => {
                let outside = self.active();
                let active = outside && self.holds(head, name, rest)?;
                self.conditions.push(Condition { active, done: !outside, last: false });
                Ok(())
            }
        }
    }

    fn holds(&self, head: &Token, name: &str, rest: &[Token]) -> Result<bool> {
        let defined = || match rest {
            [Token { kind: TokenKind::Name(symbol), .. }] => Ok(self.is_defined(symbol)),
            _ => Err(head.error(Problem::Expected("a symbol"))),
        };
        Ok(match name {
            ".ifdef" => defined()?,
            ".ifndef" | ".ifnotdef" => !defined()?,
            ".ifb" => rest.is_empty(),
            ".ifnb" => !rest.is_empty(),
            _ => {
                let value = self.constant_of(head, rest)?;
                match name {
                    ".if" | ".ifne" => value != 0,
                    ".ifeq" => value == 0,
                    ".iflt" => value < 0,
                    ".ifle" => value <= 0,
                    ".ifgt" => value > 0,
                    ".ifge" => value >= 0,
                    _ => return Err(head.error(Problem::Directive(name.to_owned()))),
                }
            }
        })
    }
}

/// The byte at which character `column` begins.
fn byte_of(text: &str, column: usize) -> usize {
    text.char_indices().nth(column).map_or(text.len(), |(at, _)| at)
}
