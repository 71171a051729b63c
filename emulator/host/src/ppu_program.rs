//! Programs for the plasticity processors: what an ELF file puts where, by the rules of the host software (ppu-isa 7.1).
//!
//! A section goes to a memory by its *name*, and within that memory by its address:
//!
//! | section | memory |
//! |---|---|
//! | name starts with `int`, or is `.text .data .rodata .bss .init .fini` | the processor's own SRAM |
//! | name starts with `ext`, address from 0x9000_0000 | FPGA DRAM, code view |
//! | `ext`, from 0x8000_0000 | FPGA memory, code view |
//! | `ext`, from 0x5000_0000 | FPGA DRAM, data view |
//! | `ext`, from 0x4000_0000 | FPGA memory, data view |
//! | anything else (debug information) | nowhere |
//!
//! Program headers and the entry point play no part: a processor always starts at address 0 of its SRAM.

use std::collections::BTreeMap;
use std::fmt;

use object::elf::{self, FileHeader32};
use object::read::elf::{FileHeader, SectionHeader, Sym};
use object::{BigEndian, ReadRef};

/// Byte address in SRAM where the exit routine leaves the return code (ppu-isa 6.7).
pub const RETURN_CODE: u32 = 0x2ffc;
/// Byte address in SRAM of the text window of firmware (ppu-isa 6.7).
pub const MAILBOX: u32 = 0x3000;
/// Length of the mailbox, bytes.
pub const MAILBOX_SIZE: u32 = 0x1000;

/// A memory that a program can occupy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PpuMemory {
    /// The processor's own SRAM, 16 KiB (ppu-isa 6.1).
    Internal,
    /// FPGA memory, 128 KiB, shared by both processors (ppu-isa 6.2).
    External,
    /// FPGA DRAM, 256 MiB, shared by both processors (ppu-isa 6.2).
    ExternalDram,
}

impl PpuMemory {
    /// Size in bytes.
    pub const fn size(self) -> u32 {
        match self {
            Self::Internal => 0x4000,
            Self::External => 0x2_0000,
            Self::ExternalDram => 0x1000_0000,
        }
    }

    /// The memory a section goes to, and the address at which that memory begins in the section's view.
    fn of_section(name: &str, address: u32) -> Result<Option<(Self, u32)>, Misplaced> {
        const PLAIN: [&str; 6] = [".text", ".data", ".rodata", ".bss", ".init", ".fini"];
        if name.starts_with("int") || PLAIN.contains(&name) {
            return Ok(Some((Self::Internal, 0)));
        }
        if !name.starts_with("ext") {
            return Ok(None);
        }
        match address {
            0x9000_0000.. => Ok(Some((Self::ExternalDram, 0x9000_0000))),
            0x8000_0000.. => Ok(Some((Self::External, 0x8000_0000))),
            0x5000_0000.. => Ok(Some((Self::ExternalDram, 0x5000_0000))),
            0x4000_0000.. => Ok(Some((Self::External, 0x4000_0000))),
            _ => Err(Misplaced),
        }
    }
}

/// An `ext` section below every external memory.
struct Misplaced;

impl fmt::Display for PpuMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Internal => "PPU memory",
            Self::External => "FPGA memory",
            Self::ExternalDram => "FPGA DRAM",
        })
    }
}

/// What fills a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// These bytes, in order of address.
    Bytes(Vec<u8>),
    /// That many zero bytes (a NOBITS section: .bss).
    Zeros(u32),
}

/// A stretch of one memory that a program occupies: one section of the ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Name of the section.
    pub section: String,
    /// First byte, counted from the start of the memory.
    pub offset: u32,
    /// What to write there.
    pub contents: Contents,
    /// Whether the processor may execute it.
    pub executable: bool,
}

impl Segment {
    /// Number of bytes.
    pub fn size(&self) -> u32 {
        match &self.contents {
            // A section's size is a 32-bit field of the file.
            Contents::Bytes(bytes) => bytes.len() as u32,
            Contents::Zeros(size) => *size,
        }
    }

    /// The byte behind the last one. A segment lies within its memory, so this does not overflow.
    pub fn end(&self) -> u32 {
        self.offset + self.size()
    }
}

/// What a symbol names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// Code.
    Function,
    /// A variable.
    Object,
    /// A label of hand-written assembly with a size but without a type.
    Other,
}

/// A named stretch of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Where it lies.
    pub memory: PpuMemory,
    /// First byte, counted from the start of the memory. In SRAM this is the processor's own byte address.
    pub offset: u32,
    /// Number of bytes, at least 1.
    pub size: u32,
    /// What it names.
    pub kind: SymbolKind,
}

impl Symbol {
    /// The 32-bit words it touches, counted from the start of the memory: what a host reads and writes.
    pub fn words(&self) -> std::ops::Range<u32> {
        self.offset / 4..(self.offset + self.size).div_ceil(4)
    }
}

/// A program, ready to be written to the memories.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PpuProgram {
    /// Segments in SRAM, ascending and disjoint.
    pub internal: Vec<Segment>,
    /// Segments in FPGA memory, ascending and disjoint; code and data views are the same cells.
    pub external: Vec<Segment>,
    /// Segments in FPGA DRAM, ascending and disjoint.
    pub external_dram: Vec<Segment>,
    /// Functions and variables of non-zero size by name. Where files have local symbols of the same name, the first is kept; a global one
    /// goes before any local one.
    pub symbols: BTreeMap<String, Symbol>,
}

/// Why a file is not a program for a plasticity processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PpuProgramError {
    /// The first four bytes are not those of an ELF file, or the file ends within its header.
    #[error("not an ELF file ({0} bytes)")]
    NotElf(usize),
    /// An ELF file of the 64-bit class.
    #[error("a 64-bit ELF file, while the processor has 32 bits")]
    Class64,
    /// An ELF file in little-endian byte order.
    #[error("a little-endian ELF file, while the processor is big-endian")]
    LittleEndian,
    /// An ELF file for another processor.
    #[error("an ELF file for machine {0}, not for PowerPC (20)")]
    Machine(u16),
    /// A relocatable or shared object.
    #[error("an ELF file of type {0}; only a statically linked executable (type 2) can be loaded")]
    NotExecutable(u16),
    /// A table or section reaches beyond the end of the file, or contradicts itself.
    #[error("malformed or truncated ELF file: {context}: {reason}")]
    Malformed {
        /// Which part of the file.
        context: String,
        /// What the reader said.
        reason: String,
    },
    /// A section to be loaded does not fit into its memory.
    #[error("section {section} occupies {size} bytes from {address:#010x}, beyond the {} bytes of {memory}", memory.size())]
    OutsideMemory {
        /// Name of the section.
        section: String,
        /// Its address as linked.
        address: u32,
        /// Its size in bytes.
        size: u32,
        /// The memory its name and address select.
        memory: PpuMemory,
    },
    /// A section whose name asks for external memory, at an address that is none.
    #[error(
        "section {section} is named as external, but its address {address:#010x} is below all external memory"
    )]
    NotExternal {
        /// Name of the section.
        section: String,
        /// Its address as linked.
        address: u32,
    },
    /// Two sections claim the same bytes.
    #[error("sections {first} and {second} overlap at byte {offset:#x} of {memory}")]
    Overlap {
        /// The section with the lower start.
        first: String,
        /// The section that starts within it.
        second: String,
        /// First common byte, counted from the start of the memory.
        offset: u32,
        /// Where they collide.
        memory: PpuMemory,
    },
    /// A symbol reaches out of the section it belongs to.
    #[error("symbol {symbol} ({size} bytes at {address:#010x}) lies outside its section {section}")]
    SymbolOutsideSection {
        /// Name of the symbol.
        symbol: String,
        /// Its address as linked.
        address: u32,
        /// Its size in bytes.
        size: u32,
        /// Name of the section.
        section: String,
    },
}

fn malformed(context: impl Into<String>) -> impl FnOnce(object::read::Error) -> PpuProgramError {
    let context = context.into();
    move |error| PpuProgramError::Malformed { context, reason: error.to_string() }
}

impl PpuProgram {
    /// Reads an ELF file: 32-bit, big-endian, PowerPC, statically linked.
    ///
    /// # Errors
    ///
    /// [`PpuProgramError`] for everything that is not such a file or does not fit the memories. Never panics, and
    /// allocates no more than the memories hold.
    pub fn parse(file: &[u8]) -> Result<Self, PpuProgramError> {
        let header = checked_header(file)?;
        let endian = BigEndian;
        let sections = header.sections(endian, file).map_err(malformed("section table"))?;
        let mut program = Self::default();

        // Where each section begins in its memory; index as in the file, for the symbols.
        let mut placed = Vec::with_capacity(sections.len());
        for (index, section) in sections.enumerate() {
            let place = if section.sh_size(endian) == 0 || section.sh_type(endian) == elf::SHT_NULL {
                None
            } else {
                let name = sections
                    .section_name(endian, section)
                    .map_err(malformed(format!("name of section {}", index.0)))?;
                let name = String::from_utf8_lossy(name).into_owned();
                program.place(file, section, &name)?.map(|memory| (memory, name))
            };
            placed.push(place);
        }

        let table = sections.symbols(endian, file, elf::SHT_SYMTAB).map_err(malformed("symbol table"))?;
        let mut locals = BTreeMap::new();
        for symbol in table.iter() {
            // Absolute, undefined and section-less symbols name no memory.
            let section_index = symbol.st_shndx(endian).0;
            if symbol.st_size(endian) == 0 || section_index >= elf::SHN_LORESERVE {
                continue;
            }
            let Some(Some((memory, section_name))) = placed.get(usize::from(section_index)) else {
                continue;
            };
            let kind = match symbol.st_type() {
                elf::STT_FUNC => SymbolKind::Function,
                elf::STT_OBJECT => SymbolKind::Object,
                elf::STT_NOTYPE => SymbolKind::Other,
                _ => continue,
            };
            let name = symbol.name(endian, table.strings()).map_err(malformed("name of a symbol"))?;
            let name = String::from_utf8_lossy(name).into_owned();
            let address = symbol.st_value(endian);
            let size = symbol.st_size(endian);
            let section = sections
                .section(object::SectionIndex(usize::from(section_index)))
                .map_err(malformed("section of a symbol"))?;
            let start = section.sh_addr(endian);
            let inside = address
                .checked_sub(start)
                .filter(|from| u64::from(*from) + u64::from(size) <= u64::from(section.sh_size(endian)));
            let Some(from) = inside else {
                return Err(PpuProgramError::SymbolOutsideSection {
                    symbol: name,
                    address,
                    size,
                    section: section_name.clone(),
                });
            };
            let offset = memory.1 + from;
            let symbol_found = Symbol { memory: memory.0, offset, size, kind };
            let scope = if symbol.st_bind() == elf::STB_LOCAL { &mut locals } else { &mut program.symbols };
            scope.entry(name).or_insert(symbol_found);
        }
        for (name, symbol) in locals {
            program.symbols.entry(name).or_insert(symbol);
        }
        Ok(program)
    }

    /// Adds a section to the memory it belongs to; answers which one, and where in it the section begins.
    fn place(
        &mut self,
        file: &[u8],
        section: &elf::SectionHeader32<BigEndian>,
        name: &str,
    ) -> Result<Option<(PpuMemory, u32)>, PpuProgramError> {
        let endian = BigEndian;
        let address = section.sh_addr(endian);
        let size = section.sh_size(endian);
        let (memory, base) = match PpuMemory::of_section(name, address) {
            Ok(Some(place)) => place,
            Ok(None) => return Ok(None),
            Err(Misplaced) => return Err(PpuProgramError::NotExternal { section: name.into(), address }),
        };
        let offset = address - base;
        if u64::from(offset) + u64::from(size) > u64::from(memory.size()) {
            return Err(PpuProgramError::OutsideMemory { section: name.into(), address, size, memory });
        }
        let position = self.free_position(memory, name, offset, size)?;
        let contents = if section.sh_type(endian) == elf::SHT_NOBITS {
            Contents::Zeros(size)
        } else {
            let bytes =
                file.read_bytes_at(u64::from(section.sh_offset(endian)), u64::from(size)).map_err(|()| {
                    PpuProgramError::Malformed {
                        context: format!("contents of section {name}"),
                        reason: format!(
                            "{size} bytes at {:#x} reach beyond the file",
                            section.sh_offset(endian)
                        ),
                    }
                })?;
            Contents::Bytes(bytes.to_vec())
        };
        let executable = section.sh_flags(endian).0 & elf::SHF_EXECINSTR.0 != 0;
        let segment = Segment { section: name.into(), offset, contents, executable };
        self.segments_mut(memory).insert(position, segment);
        Ok(Some((memory, offset)))
    }

    /// Where in the ascending list of segments a new one goes, if nothing lies there yet.
    fn free_position(
        &self,
        memory: PpuMemory,
        name: &str,
        offset: u32,
        size: u32,
    ) -> Result<usize, PpuProgramError> {
        let segments = self.segments(memory);
        let position = segments.partition_point(|segment| segment.offset < offset);
        let overlap = |first: &str, second: &str, offset| PpuProgramError::Overlap {
            first: first.into(),
            second: second.into(),
            offset,
            memory,
        };
        if let Some(before) = position.checked_sub(1).map(|index| &segments[index])
            && before.end() > offset
        {
            return Err(overlap(&before.section, name, offset));
        }
        match segments.get(position) {
            Some(behind) if behind.offset < offset + size => {
                Err(overlap(name, &behind.section, behind.offset))
            }
            _ => Ok(position),
        }
    }

    /// The segments of one memory, ascending and disjoint.
    pub fn segments(&self, memory: PpuMemory) -> &[Segment] {
        match memory {
            PpuMemory::Internal => &self.internal,
            PpuMemory::External => &self.external,
            PpuMemory::ExternalDram => &self.external_dram,
        }
    }

    fn segments_mut(&mut self, memory: PpuMemory) -> &mut Vec<Segment> {
        match memory {
            PpuMemory::Internal => &mut self.internal,
            PpuMemory::External => &mut self.external,
            PpuMemory::ExternalDram => &mut self.external_dram,
        }
    }

    /// The bytes of one memory from its start to the end of the last segment, gaps zero, rounded up to whole words; `None` if the
    /// program leaves that memory alone.
    ///
    /// For DRAM this can be 256 MiB of zeros; use [`Self::segments`] there.
    pub fn image(&self, memory: PpuMemory) -> Option<Vec<u8>> {
        let segments = self.segments(memory);
        let mut image = vec![0; segments.last()?.end().next_multiple_of(4) as usize];
        for segment in segments {
            if let Contents::Bytes(bytes) = &segment.contents {
                image[segment.offset as usize..][..bytes.len()].copy_from_slice(bytes);
            }
        }
        Some(image)
    }

    /// The image of SRAM as the words a host writes, from word 0: numeric word = big-endian bytes (ppu-isa 6.6).
    pub fn internal_words(&self) -> Vec<u32> {
        let bytes = self.image(PpuMemory::Internal).unwrap_or_default();
        bytes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect()
    }

    /// The symbol of that name.
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.get(name)
    }

    /// The words that a symbol in SRAM has before the program runs: initial values of a parameter block. `None` if there is no such symbol
    /// or it lies elsewhere.
    pub fn initial_words(&self, name: &str) -> Option<Vec<u32>> {
        let symbol = self.symbol(name).filter(|symbol| symbol.memory == PpuMemory::Internal)?;
        let words = symbol.words();
        self.internal_words().get(words.start as usize..words.end as usize).map(<[u32]>::to_vec)
    }

    /// The function or variable that contains a byte of a memory, for messages and profiles.
    pub fn symbol_at(&self, memory: PpuMemory, offset: u32) -> Option<(&str, &Symbol)> {
        self.symbols
            .iter()
            .find(|(_, symbol)| {
                symbol.memory == memory
                    && offset.checked_sub(symbol.offset).is_some_and(|byte| byte < symbol.size)
            })
            .map(|(name, symbol)| (name.as_str(), symbol))
    }
}

/// The text in the words of a mailbox: up to the first zero byte; what is not UTF-8 is replaced.
pub fn mailbox_text(words: &[u32]) -> String {
    let bytes: Vec<u8> =
        words.iter().flat_map(|word| word.to_be_bytes()).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn checked_header(file: &[u8]) -> Result<&FileHeader32<BigEndian>, PpuProgramError> {
    // The identification goes first, so that a wrong file is named as what it is.
    const CLASS: usize = 4;
    const DATA: usize = 5;
    let ident = file
        .get(..16)
        .filter(|ident| ident[..4] == elf::ELFMAG)
        .ok_or(PpuProgramError::NotElf(file.len()))?;
    if ident[CLASS] == elf::ELFCLASS64.0 {
        return Err(PpuProgramError::Class64);
    }
    if ident[DATA] == elf::ELFDATA2LSB.0 {
        return Err(PpuProgramError::LittleEndian);
    }
    let header = FileHeader32::<BigEndian>::parse(file).map_err(malformed("file header"))?;
    let endian = BigEndian;
    match (header.e_machine(endian), header.e_type(endian)) {
        (elf::EM_PPC, elf::ET_EXEC) => Ok(header),
        (elf::EM_PPC, other) => Err(PpuProgramError::NotExecutable(other.0)),
        (machine, _) => Err(PpuProgramError::Machine(machine.0)),
    }
}
