//! Which function, file and line an instruction belongs to: symbols and debug information of an image.
//!
//! Addresses are those of the processor's instruction view (ppu-isa 6.3), at which programs are linked (ppu-isa 7.1). Functions come from the
//! debug information and, where there is none, from the symbol table. An image without both has an empty map, in which nothing is found.

mod dwarf;
mod symbols;

use std::ops::Range;

/// An image of which no map can be made.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is no ELF file, or a damaged one.
    #[error("not an ELF file that can be read: {0}")]
    Elf(#[from] object::Error),
    /// Its debug information is damaged.
    #[error("the debug information is damaged: {0}")]
    Dwarf(#[from] gimli::Error),
}

/// A function, by its number in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(u32);

/// A line of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location<'a> {
    /// Path as the compiler wrote it, joined with the folder it ran in; relative if that was.
    pub file: &'a str,
    /// Counts from 1.
    pub line: u32,
}

/// A function that is being executed at some address: the one that was called, or one that the compiler has put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its name.
    pub function: &'a str,
    /// Where in it: the place of the instruction for the innermost frame, that of the call for the others.
    pub location: Option<Location<'a>>,
}

/// A stretch of instructions made from one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange<'a> {
    /// The line.
    pub location: Location<'a>,
    /// First address.
    pub start: u32,
    /// Address behind the last.
    pub end: u32,
    /// Whether the compiler recommends the first address as the beginning of a statement.
    pub statement: bool,
}

#[derive(Debug)]
struct Function {
    name: String,
    entry: u32,
}

/// A contiguous part of a function.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: u32,
    end: u32,
    function: FunctionId,
}

/// A contiguous part of a function's body within another.
#[derive(Clone, Debug)]
struct Inlined {
    start: u32,
    end: u32,
    /// How many inlined functions it lies in, itself included.
    depth: u32,
    name: String,
    /// Where it was called: number of the file, and line.
    call: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    start: u32,
    end: u32,
    file: u32,
    line: u32,
    statement: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<String>,
    functions: Vec<Function>,
    /// Without overlap, in the order of addresses; likewise `rows`.
    parts: Vec<Part>,
    inlined: Vec<Inlined>,
    rows: Vec<Row>,
}

impl SourceMap {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`SourceError`] if it is none, or if its debug information cannot be decoded.
    pub fn parse(image: &[u8]) -> Result<Self, SourceError> {
        let file = object::File::parse(image)?;
        let symbols = symbols::Symbols::of(&file);
        let mut map = Self::default();
        dwarf::read(&file, &symbols, &mut map)?;
        for (name, range) in symbols.functions() {
            map.add_symbol(name, range.clone());
        }
        map.parts.sort_by_key(|part| part.start);
        map.inlined.sort_by_key(|inlined| (inlined.depth, inlined.start));
        map.rows.sort_by_key(|row| (row.start, row.end));
        map.rows.dedup_by_key(|row| row.start);
        Ok(map)
    }

    fn add_function(&mut self, name: String, ranges: &[Range<u32>]) {
        let Some(entry) = ranges.first().map(|range| range.start) else { return };
        let function = FunctionId(self.functions.len() as u32);
        let free = |part: &Range<u32>| !self.parts.iter().any(|p| p.start < part.end && part.start < p.end);
        let parts: Vec<Part> = ranges
            .iter()
            .filter(|range| free(range))
            .map(|&Range { start, end }| Part { start, end, function })
            .collect();
        if !parts.is_empty() {
            self.parts.extend(parts);
            self.functions.push(Function { name, entry });
        }
    }

    /// A function of the symbol table: fills what the debug information has left open.
    pub(crate) fn add_symbol(&mut self, name: &str, range: Range<u32>) {
        let end = self
            .parts
            .iter()
            .filter(|part| part.start >= range.start)
            .fold(range.end, |end, part| end.min(part.start));
        if range.start < end {
            self.add_function(name.to_owned(), std::slice::from_ref(&(range.start..end)));
        }
    }

    /// The function that an address lies in, and the contiguous part of it there.
    pub fn function_at(&self, address: u32) -> Option<(FunctionId, Range<u32>)> {
        let behind = self.parts.partition_point(|part| part.start <= address);
        let part = self.parts[..behind].last().filter(|part| address < part.end)?;
        Some((part.function, part.start..part.end))
    }

    /// The stretch of addresses around one that lies in no function.
    pub fn gap_around(&self, address: u32) -> Range<u32> {
        let behind = self.parts.partition_point(|part| part.start <= address);
        let start = self.parts[..behind].last().map_or(0, |part| part.end);
        start..self.parts.get(behind).map_or(u32::MAX, |part| part.start)
    }

    /// Name of a function.
    pub fn name(&self, function: FunctionId) -> &str {
        &self.functions[function.0 as usize].name
    }

    /// Address of its first instruction.
    pub fn entry(&self, function: FunctionId) -> u32 {
        self.functions[function.0 as usize].entry
    }

    /// All functions with an address of their own, in no particular order.
    pub fn functions(&self) -> impl Iterator<Item = FunctionId> {
        (0..self.functions.len() as u32).map(FunctionId)
    }

    fn location(&self, (file, line): (u32, u32)) -> Location<'_> {
        Location { file: &self.files[file as usize], line }
    }

    /// The line that an instruction was made from.
    pub fn location_of(&self, address: u32) -> Option<Location<'_>> {
        let behind = self.rows.partition_point(|row| row.start <= address);
        let row = self.rows[..behind].last().filter(|row| address < row.end)?;
        Some(self.location((row.file, row.line)))
    }

    /// All lines with instructions, in the order of addresses.
    pub fn lines(&self) -> impl Iterator<Item = LineRange<'_>> {
        self.rows.iter().map(|row| LineRange {
            location: self.location((row.file, row.line)),
            start: row.start,
            end: row.end,
            statement: row.statement,
        })
    }

    /// The functions executed at an address, from the one that was called to the innermost inlined one; empty if there is no
    /// function.
    pub fn frames(&self, address: u32) -> Vec<Frame<'_>> {
        let Some((function, _)) = self.function_at(address) else { return Vec::new() };
        let inlined: Vec<&Inlined> =
            self.inlined.iter().filter(|part| (part.start..part.end).contains(&address)).collect();
        let names = std::iter::once(self.name(function)).chain(inlined.iter().map(|part| part.name.as_str()));
        let calls = inlined.iter().map(|part| part.call.map(|call| self.location(call)));
        let places = calls.chain(std::iter::once(self.location_of(address)));
        names.zip(places).map(|(function, location)| Frame { function, location }).collect()
    }
}
