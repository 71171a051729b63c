//! One way through the text: statements, symbols, sections.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{self, Direction, Expression, Scope};
use super::lexer::{self, Token, TokenKind};
use super::macros::{self, Macro};
use super::{Options, Problem, Program, Result, mnemonic};
use crate::instruction::NOP;

/// A line of the source, or of an expansion.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// In the source, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// Where everything is, as one pass leaves it to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// First address of each section.
    bases: BTreeMap<String, i64>,
    symbols: BTreeMap<String, i64>,
    numbered: BTreeMap<u32, Vec<i64>>,
}

/// A part of the program that stays together.
#[derive(Clone, Debug)]
struct Section {
    name: String,
    base: i64,
    size: i64,
    /// Present in the last pass.
    bytes: Vec<u8>,
    alignment: i64,
    code: bool,
    zeros: bool,
    /// When something was first put there.
    order: Option<usize>,
}

/// One `.if` that is open.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Whether its present branch counts.
    pub(super) active: bool,
    /// Whether an earlier branch, or nothing around it, has counted.
    pub(super) done: bool,
    /// Whether `.else` has come.
    pub(super) last: bool,
}

/// Deepest nesting of macros and repetitions.
const DEEPEST: usize = 32;
/// Most words of `nop` that fill a gap in code; before more there is a branch.
const LONGEST_SLIDE: i64 = 4;

pub(super) struct Pass<'a> {
    options: &'a Options,
    known: &'a Layout,
    /// Nothing is known yet: any address will do.
    first: bool,
    /// Values count and bytes are made.
    pub(super) last: bool,
    sections: Vec<Section>,
    pub(super) current: usize,
    pub(super) previous: usize,
    pub(super) stack: Vec<(usize, usize)>,
    symbols: BTreeMap<String, i64>,
    labels: BTreeSet<String>,
    pub(super) weak: BTreeSet<String>,
    numbered: BTreeMap<u32, Vec<i64>>,
    pub(super) macros: BTreeMap<String, Macro>,
    pub(super) expansions: usize,
    depth: usize,
    executed: u32,
    pub(super) conditions: Vec<Condition>,
    /// `.exitm` in the present expansion.
    pub(super) leaving: bool,
    /// `.end`.
    pub(super) ended: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(options: &'a Options, known: &'a Layout, first: bool, last: bool) -> Self {
        let mut pass = Self {
            options,
            known,
            first,
            last,
            sections: Vec::new(),
            current: 0,
            previous: 0,
            stack: Vec::new(),
            symbols: BTreeMap::new(),
            labels: BTreeSet::new(),
            weak: BTreeSet::new(),
            numbered: BTreeMap::new(),
            macros: BTreeMap::new(),
            expansions: 0,
            depth: 0,
            executed: 0,
            conditions: Vec::new(),
            leaving: false,
            ended: false,
        };
        pass.section(".text", Some(true), false);
        pass
    }

    /// All of the text.
    pub(super) fn source(&mut self, lines: &[Line]) -> Result<()> {
        self.lines(lines)
    }

    /// The index of a section, which is made if it is new.
    pub(super) fn section(&mut self, name: &str, code: Option<bool>, zeros: bool) -> usize {
        if let Some(index) = self.sections.iter().position(|section| section.name == name) {
            return index;
        }
        let code = code.unwrap_or_else(|| name == ".text" || name.starts_with(".text."));
        let zeros = zeros || [".bss", ".sbss"].iter().any(|bss| name.starts_with(bss));
        let base = self.known.bases.get(name).copied().unwrap_or(i64::from(self.options.origin));
        self.sections.push(Section {
            name: name.to_owned(),
            base,
            size: 0,
            bytes: Vec::new(),
            alignment: 1,
            code,
            zeros,
            order: None,
        });
        self.sections.len() - 1
    }

    /// Runs lines one after the other, with the blocks that begin among them.
    pub(super) fn lines(&mut self, lines: &[Line]) -> Result<()> {
        let open = self.conditions.len();
        let mut next = 0;
        while let Some(line) = lines.get(next) {
            if self.ended || self.leaving {
                break;
            }
            next += 1;
            self.executed += 1;
            if self.executed > self.options.lines {
                return Err(place(line).error(Problem::TooMuch("lines in repetitions and macros")));
            }
            let word = macros::first_word(&line.text);
            if self.active() && macros::begins_block(word) {
                let end = macros::end_of_block(lines, next - 1)?;
                self.block(line, &lines[next..end])?;
                next = end + 1;
                continue;
            }
            if !self.active() && !word.starts_with(".if") && ![".else", ".elseif", ".endif"].contains(&word) {
                continue;
            }
            self.line(line)?;
        }
        match lines.last() {
            Some(line) if self.conditions.len() != open && !self.ended && !self.leaving => {
                Err(place(line).error(Problem::Open("a condition")))
            }
            _ => {
                self.conditions.truncate(open);
                Ok(())
            }
        }
    }

    /// Runs the lines of an expansion for `call`.
    pub(super) fn expansion(&mut self, call: &Token, what: &str, lines: &[Line]) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(call.error(Problem::TooMuch("macros within macros")));
        }
        self.lines(lines).map_err(|error| {
            let (line, problem) = (error.line, Box::new(error.problem));
            call.error(Problem::Inside { what: what.to_owned(), line, problem })
        })?;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn active(&self) -> bool {
        self.conditions.last().is_none_or(|condition| condition.active)
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let tokens = lexer::tokens(&line.text, line.number)?;
        for statement in tokens.split(|token| token.kind == TokenKind::End) {
            let statement = self.labels(statement)?;
            if let Some((head, rest)) = statement.split_first() {
                self.statement(line, head, rest)?;
            }
            if self.ended || self.leaving {
                break;
            }
        }
        Ok(())
    }

    /// Defines the labels at the beginning of a statement and gives the rest.
    fn labels<'t>(&mut self, mut statement: &'t [Token]) -> Result<&'t [Token]> {
        while let [label, colon, rest @ ..] = statement {
            if colon.kind != TokenKind::Colon {
                break;
            }
            if self.active() {
                let here = self.here();
                match &label.kind {
                    TokenKind::Name(name) => self.define_symbol(label, name, here)?,
                    TokenKind::Number(number @ 0..=0xffff_ffff) => {
                        self.numbered.entry(*number as u32).or_default().push(here);
                    }
                    _ => return Err(label.error(Problem::Expected("a label"))),
                }
                self.touch();
            }
            statement = rest;
        }
        Ok(statement)
    }

    fn statement(&mut self, line: &Line, head: &Token, rest: &[Token]) -> Result<()> {
        let TokenKind::Name(name) = &head.kind else {
            return Err(head.error(Problem::Expected("a label, a directive or an instruction")));
        };
        if !self.active() {
            return self.condition(head, name, rest);
        }
        if rest.first().is_some_and(|t| t.kind == TokenKind::Operator("=")) {
            // `==` defines once in GNU as; here it is no statement.
            let value = self.alias(head, &rest[1..])?;
            return self.set(head, name, value);
        }
        if let Some(called) = self.macros.get(name).cloned() {
            return self.call(line, head, &called, rest);
        }
        if name.starts_with('.') {
            return self.directive(head, name, rest);
        }
        let here = self.here();
        if here & 3 != 0 {
            return Err(head.error(Problem::Misaligned(here)));
        }
        let word = match self.last {
            // Every instruction has four bytes; what they are needs the addresses.
            false => mnemonic::check(head, name).map(|()| 0),
            true => mnemonic::instruction(head, name, rest, self),
        }?;
        self.append(head, &word.to_be_bytes())
    }

    pub(super) fn define_symbol(&mut self, token: &Token, name: &str, value: i64) -> Result<()> {
        if !self.labels.insert(name.to_owned()) || self.symbols.insert(name.to_owned(), value).is_some() {
            return Err(token.error(Problem::Redefined(name.to_owned())));
        }
        Ok(())
    }

    /// Gives a symbol a value, again if need be.
    pub(super) fn set(&mut self, token: &Token, name: &str, value: i64) -> Result<()> {
        if self.labels.contains(name) {
            return Err(token.error(Problem::Redefined(name.to_owned())));
        }
        self.symbols.insert(name.to_owned(), value);
        Ok(())
    }

    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.symbols.contains_key(name)
    }

    /// The section has something in it, be it a label.
    fn touch(&mut self) {
        let order = self.sections.iter().filter(|section| section.order.is_some()).count();
        self.sections[self.current].order.get_or_insert(order);
    }

    /// Makes room for bytes in the present section.
    fn grow(&mut self, token: &Token, size: i64) -> Result<()> {
        let total = self.sections.iter().map(|section| section.size).sum::<i64>().saturating_add(size);
        let end = self.here().saturating_add(size);
        if size < 0 || total > i64::from(self.options.longest) || end > 1 << 32 {
            return Err(token.error(Problem::Place(end)));
        }
        self.touch();
        self.sections[self.current].size += size;
        Ok(())
    }

    /// Bytes in the present section.
    pub(super) fn append(&mut self, token: &Token, bytes: &[u8]) -> Result<()> {
        self.grow(token, bytes.len() as i64)?;
        if self.last {
            self.sections[self.current].bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// The same byte many times.
    pub(super) fn fill(&mut self, token: &Token, size: i64, byte: u8) -> Result<()> {
        self.grow(token, size)?;
        if self.last {
            let section = &mut self.sections[self.current];
            section.bytes.resize(section.size as usize, byte);
        }
        Ok(())
    }

    /// Goes on at a multiple of `size`, a power of two, unless that takes more than `most` bytes. Gaps in code without
    /// `byte` are filled with instructions that do nothing.
    pub(super) fn align(&mut self, token: &Token, size: i64, byte: Option<u8>, most: i64) -> Result<()> {
        let gap = (size - self.here() % size) % size;
        let section = &mut self.sections[self.current];
        section.alignment = section.alignment.max(size);
        if gap > most {
            return Ok(());
        }
        // GNU as doesn't begin with instructions in the middle of a word either.
        let zeros = !section.code || gap % 4 != 0;
        if let Some(byte) = byte.or(zeros.then_some(0)) {
            return self.fill(token, gap, byte);
        }
        let words = gap / 4;
        for n in 0..words {
            // `b` over the others.
            let word = if n == 0 && words > LONGEST_SLIDE {
                0x4800_0000 | (4 * words) as u32 & 0x03ff_fffc
            } else {
                NOP
            };
            self.append(token, &word.to_be_bytes())?;
        }
        Ok(())
    }

    /// The value of an expression.
    pub(super) fn value(&self, e: &Expression) -> Result<i64> {
        e.evaluate(self)
    }

    /// A value that shapes the program and must not depend on later definitions.
    pub(super) fn constant(&self, e: &Expression) -> Result<i64> {
        e.evaluate(&Earlier(self))
    }

    /// The constant that tokens are.
    pub(super) fn constant_of(&self, head: &Token, tokens: &[Token]) -> Result<i64> {
        self.constant(&expression::parse_all(head, tokens)?)
    }

    /// The value of a symbol: a number, or that of a register.
    pub(super) fn alias(&self, head: &Token, tokens: &[Token]) -> Result<i64> {
        let e = expression::parse_all(head, tokens)?;
        let register = e.name().filter(|name| !self.is_defined(name)).and_then(mnemonic::register_number);
        match register {
            Some(number) => Ok(number),
            // A symbol may be set to what comes later.
            None => e.evaluate(self),
        }
    }

    /// Where everything is after this pass.
    pub(super) fn layout(self) -> Result<Layout> {
        let mut order: Vec<&Section> = self.sections.iter().collect();
        order.sort_by_key(|s| (s.zeros, !s.code, s.order.unwrap_or(usize::MAX)));
        let mut address = i64::from(self.options.origin);
        let mut bases = BTreeMap::new();
        for section in order {
            // The first section begins at the origin, whatever it wants.
            let alignment =
                if address == i64::from(self.options.origin) { 1 } else { section.alignment.max(4) };
            if section.size > 0 {
                address += (alignment - address % alignment) % alignment;
            }
            bases.insert(section.name.clone(), address);
            address += section.size;
        }
        Ok(Layout { bases, symbols: self.symbols, numbered: self.numbered })
    }

    /// The bytes of all sections.
    pub(super) fn program(self) -> Program {
        let origin = self.options.origin;
        let end = self.sections.iter().map(|s| s.base + s.size).max().unwrap_or(0);
        let mut bytes = vec![0; (end - i64::from(origin)).max(0) as usize];
        for section in &self.sections {
            let start = (section.base - i64::from(origin)) as usize;
            bytes[start..start + section.bytes.len()].copy_from_slice(&section.bytes);
        }
        let symbols = self.symbols.into_iter().map(|(name, value)| (name, value as u32)).collect();
        Program { origin, bytes, symbols }
    }
}

/// The beginning of a line.
pub(super) fn place(line: &Line) -> Token {
    let column = line.text.chars().take_while(|c| c.is_whitespace()).count() + 1;
    Token { kind: TokenKind::End, line: line.number, column }
}

impl Scope for Pass<'_> {
    fn here(&self) -> i64 {
        let section = &self.sections[self.current];
        section.base + section.size
    }
    fn symbol(&self, name: &str) -> Option<i64> {
        let found = self.symbols.get(name).or_else(|| self.known.symbols.get(name)).copied();
        let anything = || (!self.last).then(|| self.here());
        found.or_else(|| self.weak.contains(name).then_some(0)).or_else(anything)
    }
    fn numbered(&self, number: u32, direction: Direction) -> Option<i64> {
        let defined = self.numbered.get(&number).map_or(0, Vec::len);
        match direction {
            Direction::Backward => self.numbered.get(&number)?.last().copied(),
            Direction::Forward if self.first => Some(self.here()),
            Direction::Forward => self.known.numbered.get(&number)?.get(defined).copied(),
        }
    }
}

/// What has been defined up to here.
struct Earlier<'p, 'a>(&'p Pass<'a>);

impl Scope for Earlier<'_, '_> {
    fn here(&self) -> i64 {
        self.0.here()
    }
    fn symbol(&self, name: &str) -> Option<i64> {
        self.0.symbols.get(name).copied()
    }
    fn numbered(&self, number: u32, direction: Direction) -> Option<i64> {
        match direction {
            Direction::Backward => self.0.numbered(number, direction),
            Direction::Forward => None,
        }
    }
}
