//! Expressions in operands.

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
    Here,
    Unary(&'static str, Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Half(&'static str, Box<Expression>),
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

    pub(super) fn evaluate(&self, here: i64, symbol: &dyn Fn(&str) -> Option<i64>) -> Result<i64> {
        let value = match &self.node {
            Node::Number(value) => *value,
            Node::Here => here,
            Node::Symbol(name) => {
                symbol(name).ok_or_else(|| self.token.error(Problem::Undefined(name.clone())))?
            }
            Node::Unary("-", e) => e.evaluate(here, symbol)?.wrapping_neg(),
            Node::Unary(_, e) => !e.evaluate(here, symbol)?,
            Node::Half(half, e) => {
                let value = e.evaluate(here, symbol)?;
                match *half {
                    "l" => i64::from(value as i16),
                    "h" => value >> 16 & 0xffff,
                    _ => value.wrapping_add(0x8000) >> 16 & 0xffff,
                }
            }
            Node::Binary(operator, a, b) => {
                let (a, b) = (a.evaluate(here, symbol)?, b.evaluate(here, symbol)?);
                let quotient = |f: fn(i64, i64) -> Option<i64>| {
                    f(a, b).ok_or_else(|| self.token.error(Problem::DivisionByZero))
                };
                match *operator {
                    "+" => a.wrapping_add(b),
                    "-" => a.wrapping_sub(b),
                    "*" => a.wrapping_mul(b),
                    "/" => quotient(i64::checked_div)?,
                    "%" => quotient(i64::checked_rem)?,
                    "<<" => a.checked_shl(b.clamp(0, 64) as u32).unwrap_or(0),
                    ">>" => a.checked_shr(b.clamp(0, 64) as u32).unwrap_or(0),
                    "&" => a & b,
                    "^" => a ^ b,
                    _ => a | b,
                }
            }
        };
        Ok(value)
    }
}

/// How tightly a binary operator binds.
fn binding(operator: &str) -> Option<u8> {
    Some(match operator {
        "|" => 1,
        "^" => 2,
        "&" => 3,
        "<<" | ">>" => 4,
        "+" | "-" => 5,
        "*" | "/" | "%" => 6,
        _ => return None,
    })
}

/// Reads expressions off a list of tokens.
pub(super) struct Parser<'a> {
    head: &'a Token,
    tokens: &'a [Token],
    depth: usize,
    operators: usize,
}

impl<'a> Parser<'a> {
    /// `head` is what errors at the end of the statement point to.
    pub(super) fn new(head: &'a Token, tokens: &'a [Token]) -> Self {
        Self { head, tokens, depth: 0, operators: 0 }
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

    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.binary(0)
    }

    fn binary(&mut self, least: u8) -> Result<Expression> {
        let mut left = self.unary()?;
        while let Some(TokenKind::Operator(operator)) = self.peek() {
            let Some(strength) = binding(operator).filter(|strength| *strength > least) else { break };
            let token = self.take("an operator")?.clone();
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(token.error(Problem::Expected("a simpler statement")));
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
            return Err(token.error(Problem::Expected("a simpler expression")));
        }
        let node = match &token.kind {
            TokenKind::Number(value) => Node::Number(*value),
            TokenKind::Name(name) if name == "." => Node::Here,
            TokenKind::Name(name) => Node::Symbol(name.clone()),
            TokenKind::Operator("-") => Node::Unary("-", Box::new(self.unary()?)),
            TokenKind::Operator("~") => Node::Unary("~", Box::new(self.unary()?)),
            TokenKind::Operator("+") => self.unary()?.node,
            TokenKind::Operator("(") => {
                let inner = self.expression()?;
                self.expect(&TokenKind::Operator(")"), "`)`")?;
                inner.node
            }
            _ => return Err(token.error(Problem::Expected("a value"))),
        };
        self.depth -= 1;
        let expression = Expression { node, token: token.clone() };
        match self.peek() {
            Some(TokenKind::Half(half)) => {
                self.take("a half")?;
                Ok(Expression { node: Node::Half(half, Box::new(expression)), token })
            }
            _ => Ok(expression),
        }
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

/// Expressions with commas between.
pub(super) fn list(head: &Token, tokens: &[Token]) -> Result<Vec<Expression>> {
    let mut parser = Parser::new(head, tokens);
    let mut list = vec![parser.expression()?];
    while !parser.at_end() {
        parser.expect(&TokenKind::Comma, "a comma")?;
        list.push(parser.expression()?);
    }
    Ok(list)
}
