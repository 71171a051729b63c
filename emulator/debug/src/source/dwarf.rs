//! Debug information, flattened into the tables of a [`SourceMap`].
//!
//! The linker leaves debug information of functions that it has dropped, with their address set to 0; that is a valid address
//! here, the reset vector. What claims to begin there counts only if the symbol table agrees.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use gimli::{
    AttributeValue, DebuggingInformationEntry, Dwarf, EndianSlice, LineProgramHeader, RunTimeEndian, Unit,
};
use object::{Object, ObjectSection};

use super::symbols::Symbols;
use super::{Inlined, Row, SourceError, SourceMap};

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// How often a name may refer to another entry; a loop is damage.
const REFERENCES: usize = 16;

/// Adds everything the debug information knows to the map.
pub(super) fn read(
    file: &object::File<'_>,
    symbols: &Symbols,
    map: &mut SourceMap,
) -> Result<(), SourceError> {
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, gimli::Error> {
        let data = file.section_by_name(id.name()).and_then(|section| section.uncompressed_data().ok());
        Ok(data.unwrap_or_default())
    };
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let sections = gimli::DwarfSections::load(load)?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, endian));
    let mut files = BTreeMap::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        let mut reader = Reader { dwarf: &dwarf, unit: &unit, symbols, map, files: &mut files };
        let claims = reader.functions()?;
        reader.lines(&claims)?;
    }
    Ok(())
}

/// What the functions of a unit say about address 0.
#[derive(Default)]
struct Claims {
    /// Some function has an address.
    any: bool,
    /// The extent of the one that really begins there.
    at_zero: Option<Range<u32>>,
}

struct Reader<'r, 'a> {
    dwarf: &'r Dwarf<Slice<'a>>,
    unit: &'r Unit<Slice<'a>>,
    symbols: &'r Symbols,
    map: &'r mut SourceMap,
    /// Numbers of files by their paths.
    files: &'r mut BTreeMap<String, u32>,
}

impl<'a> Reader<'_, 'a> {
    /// Reads subprograms and what is inlined in them.
    fn functions(&mut self) -> Result<Claims, SourceError> {
        let unit = self.unit;
        let mut claims = Claims::default();
        // Depths of the function, and of inlined functions within it, that the cursor is in.
        let mut dropped: Option<isize> = None;
        let mut inlined: Vec<isize> = Vec::new();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let depth = entry.depth();
            if dropped.is_some_and(|outer| depth > outer) {
                continue;
            }
            dropped = None;
            inlined.retain(|outer| *outer < depth);
            match entry.tag() {
                gimli::DW_TAG_subprogram => {
                    let name = self.name(entry)?;
                    let (Some(name), ranges) = (name, self.ranges(entry)?) else { continue };
                    claims.any |= !ranges.is_empty();
                    let real = self.without_dropped(&name, ranges, &mut claims);
                    if real.is_empty() {
                        dropped = Some(depth);
                    }
                    self.map.add_function(name, &real);
                }
                gimli::DW_TAG_inlined_subroutine => {
                    inlined.push(depth);
                    let name = self.name(entry)?.unwrap_or_else(|| "[unnamed]".to_owned());
                    let call = self.call(entry)?;
                    for Range { start, end } in self.ranges(entry)? {
                        let depth = inlined.len() as u32;
                        self.map.inlined.push(Inlined { start, end, depth, name: name.clone(), call });
                    }
                }
                _ => {}
            }
        }
        Ok(claims)
    }

    /// Parts of a function that are in the image.
    fn without_dropped(&self, name: &str, ranges: Vec<Range<u32>>, claims: &mut Claims) -> Vec<Range<u32>> {
        let real = |range: &Range<u32>| {
            range.start != 0 || self.symbols.at_zero(name).is_some_and(|symbol| symbol.end >= range.end)
        };
        let real: Vec<Range<u32>> = ranges.into_iter().filter(real).collect();
        if let Some(range) = real.iter().find(|range| range.start == 0) {
            claims.at_zero = Some(range.clone());
        }
        real
    }

    fn ranges(&self, entry: &Entry<'a>) -> Result<Vec<Range<u32>>, SourceError> {
        let mut ranges = Vec::new();
        let mut iterator = self.dwarf.die_ranges(self.unit, entry)?;
        while let Some(range) = iterator.next()? {
            let (Ok(start), Ok(end)) = (u32::try_from(range.begin), u32::try_from(range.end)) else {
                continue;
            };
            // Instructions are aligned; linkers use 1, too, for what they have dropped.
            if start < end && start % 4 == 0 {
                ranges.push(start..end);
            }
        }
        Ok(ranges)
    }

    /// The name of a function, from wherever its entry says it is.
    fn name(&self, entry: &Entry<'a>) -> Result<Option<String>, SourceError> {
        let mut entry = entry.clone();
        for _ in 0..REFERENCES {
            if let Some(value) = entry.attr_value(gimli::DW_AT_name) {
                return Ok(Some(self.text(value)?));
            }
            let origin = entry
                .attr_value(gimli::DW_AT_abstract_origin)
                .or_else(|| entry.attr_value(gimli::DW_AT_specification));
            match origin {
                Some(AttributeValue::UnitRef(offset)) => entry = self.unit.entry(offset)?,
                // Link-time optimisation refers to other units.
                Some(AttributeValue::DebugInfoRef(offset)) => return self.name_elsewhere(offset),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The name of an entry of any unit.
    fn name_elsewhere(&self, offset: gimli::DebugInfoOffset) -> Result<Option<String>, SourceError> {
        let mut headers = self.dwarf.units();
        while let Some(header) = headers.next()? {
            if let Some(offset) = offset.to_unit_offset(&header) {
                let unit = self.dwarf.unit(header)?;
                let entry = unit.entry(offset)?;
                let Some(value) = entry.attr_value(gimli::DW_AT_name) else { return Ok(None) };
                return Ok(Some(self.dwarf.attr_string(&unit, value)?.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }

    fn text(&self, value: AttributeValue<Slice<'a>>) -> Result<String, SourceError> {
        Ok(self.dwarf.attr_string(self.unit, value)?.to_string_lossy().into_owned())
    }

    /// File and line of the call of an inlined function.
    fn call(&mut self, entry: &Entry<'a>) -> Result<Option<(u32, u32)>, SourceError> {
        let number = |attribute| entry.attr_value(attribute).and_then(|value| value.udata_value());
        let file = match entry.attr_value(gimli::DW_AT_call_file) {
            Some(AttributeValue::FileIndex(index)) => Some(index),
            other => other.and_then(|value| value.udata_value()),
        };
        let unit = self.unit;
        let (Some(file), Some(line), Some(program)) =
            (file, number(gimli::DW_AT_call_line), &unit.line_program)
        else {
            return Ok(None);
        };
        let file = self.file(program.header(), file)?;
        Ok(file.zip(u32::try_from(line).ok()))
    }

    /// The number of a file in the map.
    fn file(
        &mut self,
        header: &LineProgramHeader<Slice<'a>>,
        index: u64,
    ) -> Result<Option<u32>, SourceError> {
        let Some(entry) = header.file(index) else { return Ok(None) };
        let mut path = String::new();
        if let Some(folder) = self.unit.comp_dir {
            join(&mut path, &folder.to_string_lossy());
        }
        if let Some(folder) = entry.directory(header) {
            join(&mut path, &self.text(folder)?);
        }
        join(&mut path, &self.text(entry.path_name())?);
        let next = self.files.len() as u32;
        let number = *self.files.entry(path.clone()).or_insert(next);
        if number == next {
            self.map.files.push(path);
        }
        Ok(Some(number))
    }

    /// Reads the line table.
    fn lines(&mut self, claims: &Claims) -> Result<(), SourceError> {
        let unit = self.unit;
        let Some(program) = unit.line_program.clone() else { return Ok(()) };
        let mut rows = program.rows();
        let mut sequence: Vec<Row> = Vec::new();
        let mut broken = false;
        while let Some((header, row)) = rows.next_row()? {
            let Ok(address) = u32::try_from(row.address()) else {
                broken = true;
                continue;
            };
            if let Some(last) = sequence.last_mut() {
                last.end = address;
            }
            if row.end_sequence() {
                let rows = std::mem::take(&mut sequence);
                if !std::mem::take(&mut broken) && self.is_real(&rows, address, claims)? {
                    self.map.rows.extend(rows.into_iter().filter(|row| row.start < row.end && row.line != 0));
                }
                continue;
            }
            // Line 0: code that belongs to no line.
            let line = row.line().map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
            let file = self.file(header, row.file_index())?;
            let (file, line) = file.map_or((0, 0), |file| (file, line));
            sequence.push(Row { start: address, end: address, file, line, statement: row.is_stmt() });
        }
        Ok(())
    }

    /// Whether a stretch of code is in the image.
    fn is_real(&self, rows: &[Row], end: u32, claims: &Claims) -> Result<bool, SourceError> {
        let Some(first) = rows.first().filter(|first| first.start % 4 == 0) else { return Ok(false) };
        if first.start != 0 {
            return Ok(true);
        }
        if claims.any {
            return Ok(claims.at_zero.as_ref().is_some_and(|function| function.end <= end));
        }
        // Assembly code may have no functions; then the unit says what it covers.
        let mut ranges = self.dwarf.unit_ranges(self.unit)?;
        while let Some(range) = ranges.next()? {
            if range.begin == 0 && range.end == u64::from(end) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Appends a path to another, which it replaces if it is absolute.
fn join(path: &mut String, more: &str) {
    if more.starts_with('/') {
        path.clear();
        path.push('/');
    }
    for part in more.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." && !path.is_empty() && !path.ends_with("..") {
            path.truncate(path.rfind('/').map_or(0, |slash| slash.max(usize::from(path.starts_with('/')))));
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_joined_without_detours() {
        let joined = |parts: &[&str]| {
            let mut path = String::new();
            parts.iter().for_each(|part| join(&mut path, part));
            path
        };
        assert_eq!(joined(&[".", "programs", "hello.c"]), "programs/hello.c");
        assert_eq!(joined(&["/sources/me", "src", "../include/a.h"]), "/sources/me/include/a.h");
        assert_eq!(joined(&["/sources/me", "/usr/include", "./b.h"]), "/usr/include/b.h");
        assert_eq!(joined(&["..", "c.c"]), "../c.c");
        assert_eq!(joined(&["/", "d.c"]), "/d.c");
    }
}
