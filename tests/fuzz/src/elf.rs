//! Program files for the plasticity processors.

use bss2_host::ppu_program::{PpuMemory, PpuProgram};

/// Loads the bytes as an ELF file; what was loaded fits its memories.
pub fn check(data: &[u8]) {
    let Ok(program) = PpuProgram::parse(data) else { return };
    for memory in [PpuMemory::Internal, PpuMemory::External, PpuMemory::ExternalDram] {
        for segment in program.segments(memory) {
            assert!(segment.end() <= memory.size(), "a segment reaches out of {memory}");
            assert!(
                program
                    .symbol_at(memory, segment.end() - 1)
                    .is_none_or(|(name, _)| { program.symbol(name).is_some() })
            );
        }
        if memory == PpuMemory::Internal {
            assert!(program.image(memory).is_none_or(|image| image.len() <= memory.size() as usize));
        }
    }
    assert!(4 * program.internal_words().len() <= PpuMemory::Internal.size() as usize);
    for name in program.symbols.keys() {
        let symbol = program.symbol(name).expect("listed");
        let size = program.initial_words(name).map_or(0, |words| words.len());
        assert!(size <= symbol.words().len(), "{name}");
    }
}
