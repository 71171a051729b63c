//! Expressions in operands, with the operators and precedences of GNU as.

use super::lexer::{Token, TokenKind};
use super::{Problem, Result};

/// An expression with the token that errors point to.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    node: Node,
    pub(super) token: Token,
}

#[derive(Clone, Debug)]
enum Node {
    Number(i64),
    Symbol(String),
    /// `1b`, `1f`.
    Numbered(u32, Direction),
    Here,
    Unary(&'static str, Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Half(&'static str, Box<Expression>),
}

/// Where a numbered label is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Backward,
    Forward,
}

/// What expressions refer to.
pub(super) trait Scope {
    /// The present address.
    fn here(&self) -> i64;
    /// The value of a symbol.
    fn symbol(&self, name: &str) -> Option<i64>;
    /// The address of a numbered label.
    fn numbered(&self, number: u32, direction: Direction) -> Option<i64>;
}

/// Deepest nesting of parentheses and signs.
const DEEPEST: usize = 64;

/// Most binary operators in a statement: evaluation is recursive.
const MOST_OPERATORS: usize = 256;

impl Expression {
    /// The name, if the expression is nothing but a name: perhaps a register.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.node {
            Node::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is one of the halves `@l`, `@h`, `@ha`.
    pub(super) fn is_half(&self) -> bool {
        matches!(self.node, Node::Half(..))
    }

    pub(super) fn evaluate(&self, scope: &dyn Scope) -> Result<i64> {
        let undefined = |name: String| self.token.error(Problem::Undefined(name));
        let value = match &self.node {
            Node::Number(value) => *value,
            Node::Here => scope.here(),
            Node::Symbol(name) => scope.symbol(name).ok_or_else(|| undefined(name.clone()))?,
            Node::Numbered(number, direction) => scope.numbered(*number, *direction).ok_or_else(|| {
                undefined(format!("{number}{}", if *direction == Direction::Forward { 'f' } else { 'b' }))
            })?,
            Node::Unary("-", e) => e.evaluate(scope)?.wrapping_neg(),
            Node::Unary("!", e) => i64::from(e.evaluate(scope)? == 0),
            Node::Unary(_, e) => !e.evaluate(scope)?,
            Node::Half(half, e) => {
                let value = e.evaluate(scope)?;
                match *half {
                    "l" => i64::from(value as i16),
                    "h" => value >> 16 & 0xffff,
                    _ => value.wrapping_add(0x8000) >> 16 & 0xffff,
                }
            }
            Node::Binary(operator, a, b) => {
                let (a, b) = (a.evaluate(scope)?, b.evaluate(scope)?);
                let quotient = |f: fn(i64, i64) -> Option<i64>| match b {
                    0 => Err(self.token.error(Problem::DivisionByZero)),
                    // The one overflow: the result wraps.
                    _ => Ok(f(a, b).unwrap_or(if *operator == "/" { a } else { 0 })),
                };
                // True is -1, as in GNU as, except for && and ||.
                let truth = |holds: bool| -i64::from(holds);
                match *operator {
                    "+" => a.wrapping_add(b),
                    "-" => a.wrapping_sub(b),
                    "*" => a.wrapping_mul(b),
                    "/" => quotient(i64::checked_div)?,
                    "%" => quotient(i64::checked_rem)?,
                    "<<" => a.checked_shl(b.clamp(0, 64) as u32).unwrap_or(0),
                    // Logical, on 64 bits.
                    ">>" => (a as u64).checked_shr(b.clamp(0, 64) as u32).unwrap_or(0) as i64,
                    "&" => a & b,
                    "^" => a ^ b,
                    "|" => a | b,
                    "!" => a | !b,
                    "==" => truth(a == b),
                    "!=" | "<>" => truth(a != b),
                    "<" => truth(a < b),
                    "<=" => truth(a <= b),
                    ">" => truth(a > b),
                    ">=" => truth(a >= b),
                    "&&" => i64::from(a != 0 && b != 0),
                    _ => i64::from(a != 0 || b != 0),
                }
            }
        };
        Ok(value)
    }
}

/// How tightly a binary operator binds. Unlike in C, `|`, `&`, `^` bind tighter than `+` and `-`, and shifts as
/// tightly as `*`.
fn binding(operator: &str) -> Option<u8> {
    Some(match operator {
        "||" => 1,
        "&&" => 2,
        "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" => 3,
        "+" | "-" => 4,
        "|" | "&" | "^" | "!" => 5,
        "*" | "/" | "%" | "<<" | ">>" => 6,
        _ => return None,
    })
}

/// Reads expressions off a list of tokens.
pub(super) struct Parser<'a> {
    head: &'a Token,
    tokens: &'a [Token],
    depth: usize,
    operators: usize,
    /// The `@l`, `@h` or `@ha` of the present expression. It counts for all of it, wherever it stands.
    half: Option<&'static str>,
}

impl<'a> Parser<'a> {
    /// `head` is what errors at the end of the statement point to.
    pub(super) fn new(head: &'a Token, tokens: &'a [Token]) -> Self {
        Self { head, tokens, depth: 0, operators: 0, half: None }
    }
    pub(super) fn at_end(&self) -> bool {
        self.tokens.is_empty()
    }
    fn peek(&self) -> Option<&'a TokenKind> {
        self.tokens.first().map(|t| &t.kind)
    }
    fn take(&mut self, expected: &'static str) -> Result<&'a Token> {
        match self.tokens.split_first() {
            Some((token, rest)) => {
                self.tokens = rest;
                Ok(token)
            }
            None => Err(self.head.error(Problem::Expected(expected))),
        }
    }
    /// Takes the given token if it is next.
    pub(super) fn skip(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == Some(kind);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
    pub(super) fn expect(&mut self, kind: &TokenKind, expected: &'static str) -> Result<()> {
        if self.skip(kind) {
            return Ok(());
        }
        Err(self.tokens.first().unwrap_or(self.head).error(Problem::Expected(expected)))
    }

    /// An expression with at most one half.
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.half = None;
        let whole = self.binary(0)?;
        Ok(match self.half.take() {
            Some(half) => {
                let token = whole.token.clone();
                Expression { node: Node::Half(half, Box::new(whole)), token }
            }
            None => whole,
        })
    }

    fn binary(&mut self, least: u8) -> Result<Expression> {
        let mut left = self.unary()?;
        while let Some(TokenKind::Operator(operator)) = self.peek() {
            let Some(strength) = binding(operator).filter(|strength| *strength > least) else { break };
            let token = self.take("an operator")?.clone();
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(token.error(Problem::TooMuch("operators in a statement")));
            }
            let right = self.binary(strength)?;
            left = Expression { node: Node::Binary(operator, Box::new(left), Box::new(right)), token };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression> {
        let token = self.take("a value")?.clone();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(token.error(Problem::TooMuch("nesting in an expression")));
        }
        let node = match &token.kind {
            TokenKind::Number(value) => Node::Number(*value),
            TokenKind::Numbered(number, direction) => Node::Numbered(*number, *direction),
            TokenKind::Name(name) if name == "." => Node::Here,
            TokenKind::Name(name) => Node::Symbol(name.clone()),
            TokenKind::Operator(sign @ ("-" | "~" | "!")) => Node::Unary(sign, Box::new(self.unary()?)),
            TokenKind::Operator("+") => self.unary()?.node,
            TokenKind::Operator("(") => {
                let inner = self.binary(0)?;
                self.expect(&TokenKind::Operator(")"), "`)`")?;
                inner.node
            }
            _ => return Err(token.error(Problem::Expected("a value"))),
        };
        self.depth -= 1;
        if let Some(TokenKind::Half(half)) = self.peek() {
            let place = self.take("a half")?;
            if self.half.replace(half).is_some() {
                return Err(place.error(Problem::Expected("one of @l, @h, @ha for all of it")));
            }
        }
        Ok(Expression { node, token })
    }
}

/// The one expression that `tokens` are.
pub(super) fn parse_all(head: &Token, tokens: &[Token]) -> Result<Expression> {
    let mut parser = Parser::new(head, tokens);
    let expression = parser.expression()?;
    match parser.tokens.first() {
        Some(token) => Err(token.error(Problem::Expected("the end of the statement"))),
        None => Ok(expression),
    }
}

/// Expressions with commas between; none of no tokens.
pub(super) fn list(head: &Token, tokens: &[Token]) -> Result<Vec<Expression>> {
    Ok(optional_list(head, tokens)?.into_iter().flatten().collect())
}

/// Expressions with commas between, some of which may be empty.
pub(super) fn optional_list(head: &Token, tokens: &[Token]) -> Result<Vec<Option<Expression>>> {
    let mut parser = Parser::new(head, tokens);
    let mut list = Vec::new();
    while !parser.at_end() {
        if parser.skip(&TokenKind::Comma) {
            list.push(None);
            continue;
        }
        list.push(Some(parser.expression()?));
        if !parser.at_end() {
            parser.expect(&TokenKind::Comma, "a comma")?;
        }
    }
    Ok(list)
}
