//! Functions of the symbol table.

use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind};

/// Symbols of executable sections with their extents, in the order of addresses.
#[derive(Debug)]
pub(super) struct Symbols(Vec<(String, Range<u32>)>);

impl Symbols {
    pub(super) fn of(file: &object::File<'_>) -> Self {
        let mut code: Vec<(object::SectionIndex, Range<u32>)> = Vec::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if sh_flags.0 & object::elf::SHF_EXECINSTR.0 != 0 {
                let start = section.address() as u32;
                code.push((section.index(), start..start.saturating_add(section.size() as u32)));
            }
        }
        let mut symbols: Vec<(String, Range<u32>)> = Vec::new();
        for symbol in file.symbols() {
            let wanted = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label);
            let section = code.iter().find(|(index, _)| symbol.section_index() == Some(*index));
            let (Some((_, section)), Ok(name), true) = (section, symbol.name(), wanted) else { continue };
            let start = symbol.address() as u32;
            // A symbol of assembly code may have no size: it reaches to the next one, which is cut below.
            let end = match symbol.size() as u32 {
                0 => section.end,
                size => start.saturating_add(size),
            };
            if section.contains(&start) && !name.is_empty() && !name.starts_with('.') {
                symbols.push((name.to_owned(), start..end.min(section.end)));
            }
        }
        // The longest first at one address, then the alphabet.
        symbols.sort_by(|(a, x), (b, y)| (x.start, y.end, a).cmp(&(y.start, x.end, b)));
        symbols.dedup_by_key(|(_, range)| range.start);
        // Labels within a function are no functions.
        let mut end = 0;
        symbols.retain(|(_, range)| {
            let outside = range.start >= end;
            end = end.max(if outside { range.end } else { 0 });
            outside
        });
        Self(symbols)
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &Range<u32>)> {
        self.0.iter().map(|(name, range)| (name.as_str(), range))
    }

    /// The extent of the symbol at address 0, if it has that name.
    pub(super) fn at_zero(&self, name: &str) -> Option<&Range<u32>> {
        self.0.iter().find(|(symbol, range)| range.start == 0 && symbol == name).map(|(_, range)| range)
    }
}
