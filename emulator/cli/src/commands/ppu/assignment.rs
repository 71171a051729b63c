//! `--set SYMBOL=VALUE`: variables of a program, written before it starts.

use bss2_host::ppu_program::{PpuMemory, PpuProgram, SymbolKind};

use crate::Failure;
use crate::commands::values::integer;

/// A value for a variable or for one element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    symbol: String,
    index: Option<u32>,
    value: i64,
}

impl Assignment {
    /// Reads `SYMBOL=VALUE` or `SYMBOL[INDEX]=VALUE`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, value) = text.split_once('=').ok_or("no '=': write SYMBOL=VALUE")?;
        let value = integer(value).ok_or_else(|| format!("'{value}' is no integer, decimal or 0x..."))?;
        let (symbol, index) = match place.strip_suffix(']').and_then(|place| place.split_once('[')) {
            None => (place, None),
            Some((symbol, index)) => {
                let number = integer(index).and_then(|index| u32::try_from(index).ok());
                (symbol, Some(number.ok_or_else(|| format!("'{index}' is no index"))?))
            }
        };
        if symbol.is_empty() {
            return Err("no name in front of '='".to_owned());
        }
        Ok(Self { symbol: symbol.to_owned(), index, value })
    }

    /// Which symbol it is for.
    pub(super) fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The bytes to write, and where. A variable consists of words if its size is a multiple of 4, of halfwords if it is one of 2, else
    /// of bytes.
    pub(super) fn resolve(&self, program: &PpuProgram) -> Result<(PpuMemory, u32, Vec<u8>), Failure> {
        let name = &self.symbol;
        let Some(symbol) = program.symbol(name) else {
            let variables = program.symbols.iter().filter(|(_, symbol)| symbol.kind == SymbolKind::Object);
            let variables: Vec<&str> = variables.map(|(name, _)| name.as_str()).collect();
            let failure = Failure::new(format!("--set: the program has no symbol '{name}'"));
            return Err(match variables.is_empty() {
                true => failure.hint("it has no variables at all"),
                false => failure.hint(format!("its variables are {}", variables.join(", "))),
            });
        };
        if symbol.kind == SymbolKind::Function {
            return Err(Failure::new(format!("--set: '{name}' is a function")));
        }
        let unit = [4, 2].into_iter().find(|unit| symbol.size % unit == 0).unwrap_or(1);
        let count = symbol.size / unit;
        let index = match self.index {
            None if count > 1 => {
                let last = count - 1;
                return Err(Failure::new(format!("--set: '{name}' has {count} elements of {unit} bytes"))
                    .hint(format!("set one of them: {name}[0] to {name}[{last}]")));
            }
            index => index.unwrap_or(0),
        };
        if index >= count {
            return Err(Failure::new(format!(
                "--set: '{name}' has {count} elements of {unit} bytes, none of index {index}"
            )));
        }
        let bits = 8 * unit;
        if !(-(1 << (bits - 1))..1 << bits).contains(&self.value) {
            return Err(Failure::new(format!(
                "--set: {} does not fit into the {bits} bits of '{name}'",
                self.value
            )));
        }
        let bytes = (self.value as u32).to_be_bytes();
        Ok((symbol.memory, symbol.offset + index * unit, bytes[4 - unit as usize..].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_host::ppu_program::Symbol;
    use proptest::prelude::*;

    fn program() -> PpuProgram {
        let symbol = |offset, size, kind| Symbol { memory: PpuMemory::Internal, offset, size, kind };
        let mut program = PpuProgram::default();
        program.symbols.insert("word".into(), symbol(0x100, 4, SymbolKind::Object));
        program.symbols.insert("table".into(), symbol(0x200, 12, SymbolKind::Object));
        program.symbols.insert("half".into(), symbol(0x302, 2, SymbolKind::Object));
        program.symbols.insert("byte".into(), symbol(0x401, 1, SymbolKind::Object));
        program.symbols.insert("main".into(), symbol(0, 0x40, SymbolKind::Function));
        program
    }

    fn resolve(text: &str) -> Option<(u32, Vec<u8>)> {
        let (_, offset, bytes) = Assignment::parse(text).ok()?.resolve(&program()).ok()?;
        Some((offset, bytes))
    }

    #[test]
    fn a_value_becomes_big_endian_bytes_at_the_place_of_its_variable() {
        assert_eq!(resolve("word=-2"), Some((0x100, vec![0xff, 0xff, 0xff, 0xfe])));
        assert_eq!(resolve("table[2]=0x01020304"), Some((0x208, vec![1, 2, 3, 4])));
        assert_eq!(resolve("half=0xffff"), Some((0x302, vec![0xff, 0xff])));
        assert_eq!(resolve("byte=-128"), Some((0x401, vec![0x80])));
    }

    #[test]
    fn what_does_not_fit_or_does_not_exist_is_refused() {
        let bad = [
            "word=4294967296",
            "table=1",
            "table[3]=1",
            "half=65536",
            "byte=-129",
            "main=1",
            "nothing=1",
            "word",
            "=1",
            "word=",
            "table[]=1",
            "table[-1]=0",
            "table[1=0",
            "word=1.5",
        ];
        for text in bad {
            assert_eq!(resolve(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = Assignment::parse(&text).map(|assignment| assignment.resolve(&program()).is_ok());
        }
    }
}
