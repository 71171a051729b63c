//! Directives: data, room, symbols, sections.

use super::expression::{self, Scope};
use super::lexer::{Token, TokenKind};
use super::pass::Pass;
use super::{Problem, Result};

/// Directives that say nothing about the bytes.
const WITHOUT_EFFECT: [&str; 18] = [
    ".globl",
    ".global",
    ".extern",
    ".local",
    ".hidden",
    ".protected",
    ".internal",
    ".type",
    ".size",
    ".machine",
    ".file",
    ".ident",
    ".loc",
    ".gnu_attribute",
    ".abiversion",
    ".addrsig",
    ".set_register",
    ".title",
];

impl Pass<'_> {
    pub(super) fn directive(&mut self, head: &Token, name: &str, rest: &[Token]) -> Result<()> {
        match name {
            ".byte" => self.data(head, rest, 1),
            ".short" | ".half" | ".hword" | ".2byte" | ".value" | ".word" => self.data(head, rest, 2),
            ".long" | ".int" | ".4byte" => self.data(head, rest, 4),
            ".quad" | ".8byte" | ".llong" => self.data(head, rest, 8),
            ".ascii" => self.string(rest, false),
            ".asciz" | ".string" => self.string(rest, true),
            ".space" | ".skip" | ".zero" => {
                let [size, byte] = self.numbers(head, rest)?;
                let size = size.ok_or_else(|| head.error(Problem::Expected("a size")))?;
                self.fill(head, size, byte.unwrap_or(0) as u8)
            }
            ".fill" => self.repeated(head, rest),
            ".org" => {
                let [address, byte] = self.numbers(head, rest)?;
                let address = address.ok_or_else(|| head.error(Problem::Expected("an address")))?;
                let distance = address.wrapping_sub(self.here());
                if distance < 0 {
                    return Err(head.error(Problem::Place(address)));
                }
                self.fill(head, distance, byte.unwrap_or(0) as u8)
            }
            ".align" | ".p2align" => {
                let [power, byte, most] = self.numbers(head, rest)?;
                let power = power.unwrap_or(0);
                if !(0..=28).contains(&power) {
                    return Err(head.error(Problem::Data(power, 5)));
                }
                self.align(head, 1 << power, byte.map(|byte| byte as u8), most_or_all(most))
            }
            ".balign" => {
                let [size, byte, most] = self.numbers(head, rest)?;
                let size = size.unwrap_or(1).max(1);
                if size > 1 << 28 || size.count_ones() != 1 {
                    return Err(head.error(Problem::Expected("a power of two")));
                }
                self.align(head, size, byte.map(|byte| byte as u8), most_or_all(most))
            }
            ".comm" | ".lcomm" => self.common(head, rest),
            ".set" | ".equ" | ".equiv" => match rest {
                [
                    token @ Token { kind: TokenKind::Name(symbol), .. },
                    Token { kind: TokenKind::Comma, .. },
                    value @ ..,
                ] => {
                    if name == ".equiv" && self.is_defined(symbol) {
                        return Err(token.error(Problem::Redefined(symbol.clone())));
                    }
                    let value = self.alias(head, value)?;
                    self.set(token, symbol, value)
                }
                _ => Err(head.error(Problem::Expected("a name, a comma and a value"))),
            },
            ".weak" => {
                let names = rest.iter().filter_map(|token| match &token.kind {
                    TokenKind::Name(name) => Some(name.clone()),
                    _ => None,
                });
                self.weak.extend(names);
                Ok(())
            }
            ".text" | ".data" | ".bss" => self.go_to(name, None, false),
            ".section" | ".pushsection" => self.named_section(head, name, rest),
            ".popsection" => match self.stack.pop() {
                Some((current, previous)) => {
                    (self.current, self.previous) = (current, previous);
                    Ok(())
                }
                None => Err(head.error(Problem::Unopened(name.to_owned()))),
            },
            ".previous" => {
                (self.current, self.previous) = (self.previous, self.current);
                Ok(())
            }
            ".endm" | ".endr" => Err(head.error(Problem::Unopened(name.to_owned()))),
            ".exitm" => {
                self.leaving = true;
                Ok(())
            }
            ".purgem" => match rest {
                [Token { kind: TokenKind::Name(symbol), .. }] if self.macros.remove(symbol).is_some() => {
                    Ok(())
                }
                _ => Err(head.error(Problem::Expected("the name of a macro"))),
            },
            ".else" | ".elseif" | ".endif" => self.condition(head, name, rest),
            ".error" | ".err" => {
                let text = match rest {
                    [Token { kind: TokenKind::Text(text), .. }] => String::from_utf8_lossy(text).into_owned(),
                    _ => format!("`{name}`"),
                };
                Err(head.error(Problem::Demanded(text)))
            }
            ".end" => {
                self.ended = true;
                Ok(())
            }
            _ if name.starts_with(".if") => self.condition(head, name, rest),
            _ if WITHOUT_EFFECT.contains(&name) || name.starts_with(".cfi_") => Ok(()),
            _ => Err(head.error(Problem::Directive(name.to_owned()))),
        }
    }

    /// Up to `N` constants, each of which may be left out.
    fn numbers<const N: usize>(&self, head: &Token, rest: &[Token]) -> Result<[Option<i64>; N]> {
        let list = expression::optional_list(head, rest)?;
        if list.len() > N {
            return Err(head.error(Problem::Expected("fewer operands")));
        }
        let mut numbers = [None; N];
        for (number, expression) in numbers.iter_mut().zip(list) {
            *number = expression.map(|e| self.constant(&e)).transpose()?;
        }
        Ok(numbers)
    }

    fn data(&mut self, head: &Token, rest: &[Token], size: usize) -> Result<()> {
        for operand in expression::list(head, rest)? {
            let value = if self.last { self.value(&operand)? } else { 0 };
            let bits = 8 * size as u32;
            if bits < 64 && (value < -(1i64 << (bits - 1)) || value >= 1i64 << bits) {
                return Err(operand.token.error(Problem::Data(value, bits)));
            }
            self.append(head, &value.to_be_bytes()[8 - size..])?;
        }
        Ok(())
    }

    fn string(&mut self, rest: &[Token], terminated: bool) -> Result<()> {
        for token in rest.iter().filter(|t| t.kind != TokenKind::Comma) {
            let TokenKind::Text(text) = &token.kind else {
                return Err(token.error(Problem::Expected("a string")));
            };
            self.append(token, text)?;
            if terminated {
                self.append(token, &[0])?;
            }
        }
        Ok(())
    }

    /// `.fill repeat, size, value`: the value has at most four bytes, zeros stand behind it.
    fn repeated(&mut self, head: &Token, rest: &[Token]) -> Result<()> {
        let [repeat, size, value] = self.numbers(head, rest)?;
        let repeat = repeat.ok_or_else(|| head.error(Problem::Expected("a number of repetitions")))?.max(0);
        let size = size.unwrap_or(1).clamp(0, 8);
        let value = value.unwrap_or(0) as u32;
        if value == 0 || size == 0 {
            let total = repeat.checked_mul(size).ok_or_else(|| head.error(Problem::Place(i64::MAX)))?;
            return self.fill(head, total, 0);
        }
        let mut bytes = [0; 8];
        let width = size.min(4) as usize;
        bytes[..width].copy_from_slice(&value.to_be_bytes()[4 - width..]);
        for _ in 0..repeat {
            self.append(head, &bytes[..size as usize])?;
        }
        Ok(())
    }

    /// `.comm symbol, size, alignment`: zeros in `.bss`.
    fn common(&mut self, head: &Token, rest: &[Token]) -> Result<()> {
        let [
            token @ Token { kind: TokenKind::Name(symbol), .. },
            Token { kind: TokenKind::Comma, .. },
            rest @ ..,
        ] = rest
        else {
            return Err(head.error(Problem::Expected("a name, a comma and a size")));
        };
        let [size, alignment] = self.numbers(head, rest)?;
        let alignment = alignment.unwrap_or(4).max(1);
        if alignment > 1 << 28 || alignment.count_ones() != 1 {
            return Err(head.error(Problem::Expected("a power of two")));
        }
        let place = (self.current, self.previous);
        self.go_to(".bss", None, true)?;
        self.align(head, alignment, Some(0), i64::MAX)?;
        let here = self.here();
        self.define_symbol(token, symbol, here)?;
        self.fill(head, size.unwrap_or(0), 0)?;
        (self.current, self.previous) = place;
        Ok(())
    }

    fn go_to(&mut self, name: &str, code: Option<bool>, zeros: bool) -> Result<()> {
        let section = self.section(name, code, zeros);
        (self.previous, self.current) = (self.current, section);
        Ok(())
    }

    /// `.section name, "flags", @type`.
    fn named_section(&mut self, head: &Token, directive: &str, rest: &[Token]) -> Result<()> {
        let name = match rest.first().map(|token| &token.kind) {
            Some(TokenKind::Name(name)) => name.clone(),
            Some(TokenKind::Text(name)) => String::from_utf8_lossy(name).into_owned(),
            _ => return Err(head.error(Problem::Expected("the name of a section"))),
        };
        // Names may have hyphens, `.note.GNU-stack`; none of the sections that are needed has.
        let flags = rest.iter().skip(1).find_map(|token| match &token.kind {
            TokenKind::Text(flags) => Some(flags.contains(&b'x')),
            _ => None,
        });
        if directive == ".pushsection" {
            if self.stack.len() >= 64 {
                return Err(head.error(Problem::TooMuch("sections within sections")));
            }
            self.stack.push((self.current, self.previous));
        }
        self.go_to(&name, flags, false)
    }
}

fn most_or_all(most: Option<i64>) -> i64 {
    most.filter(|most| *most > 0).unwrap_or(i64::MAX)
}
