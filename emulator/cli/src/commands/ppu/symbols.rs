//! Names for the addresses at which a processor executes.

use bss2_host::ppu_program::{PpuMemory, PpuProgram, SymbolKind};

/// Address of a memory's first byte in the processor's instruction view (ppu-isa 6.3).
pub(super) const fn code_base(memory: PpuMemory) -> u32 {
    match memory {
        PpuMemory::Internal => 0,
        PpuMemory::External => 0x8000_0000,
        PpuMemory::ExternalDram => 0x9000_0000,
    }
}

/// The symbols of a program by address; of several at one address functions come first, then the alphabet decides.
#[derive(Debug, Default)]
pub(super) struct Symbols(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    address: u32,
    size: u32,
    name: String,
}

impl Symbols {
    pub(super) fn of(program: &PpuProgram) -> Self {
        let mut symbols: Vec<_> = program.symbols.iter().collect();
        symbols.sort_by_key(|(name, symbol)| {
            (code_base(symbol.memory) + symbol.offset, symbol.kind != SymbolKind::Function, name.as_str())
        });
        let entry = |(name, symbol): (&String, &bss2_host::ppu_program::Symbol)| Entry {
            address: code_base(symbol.memory) + symbol.offset,
            size: symbol.size,
            name: name.clone(),
        };
        Self(symbols.into_iter().map(entry).collect())
    }

    /// The names that begin at an address.
    pub(super) fn starting_at(&self, address: u32) -> impl Iterator<Item = &str> {
        let first = self.0.partition_point(|entry| entry.address < address);
        self.0[first..].iter().take_while(move |entry| entry.address == address).map(|e| e.name.as_str())
    }

    /// The symbol that contains an address, and how far behind its start that is.
    pub(super) fn containing(&self, address: u32) -> Option<(&str, u32)> {
        let behind = self.0.partition_point(|entry| entry.address <= address);
        let inside = |entry: &&Entry| address - entry.address < entry.size;
        let found = self.0[..behind].iter().rev().find(inside)?;
        // The first of those at the same address.
        let name = self.starting_at(found.address).next().unwrap_or(&found.name);
        Some((name, address - found.address))
    }

    /// `main+0x10`.
    pub(super) fn describe(&self, address: u32) -> Option<String> {
        self.containing(address).map(|(name, offset)| match offset {
            0 => name.to_owned(),
            _ => format!("{name}+{offset:#x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_host::ppu_program::Symbol;

    #[test]
    fn the_innermost_symbol_names_an_address() {
        let symbol = |offset, size, kind| Symbol { memory: PpuMemory::Internal, offset, size, kind };
        let mut program = PpuProgram::default();
        program.symbols.insert("outer".into(), symbol(0x10, 0x40, SymbolKind::Function));
        program.symbols.insert("alias".into(), symbol(0x20, 8, SymbolKind::Object));
        program.symbols.insert("inner".into(), symbol(0x20, 8, SymbolKind::Function));
        let symbols = Symbols::of(&program);
        assert_eq!(symbols.describe(0x0c), None);
        assert_eq!(symbols.describe(0x10).as_deref(), Some("outer"));
        assert_eq!(symbols.describe(0x24).as_deref(), Some("inner+0x4"));
        assert_eq!(symbols.describe(0x28).as_deref(), Some("outer+0x18"));
        assert_eq!(symbols.describe(0x50), None);
        assert_eq!(symbols.starting_at(0x20).collect::<Vec<_>>(), ["inner", "alias"]);
    }
}
