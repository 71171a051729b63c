//! Where programs come from: a file, or the images that are part of this program.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bss2_firmware::{PROGRAMS, program};
use bss2_host::ppu_program::{PpuMemory, PpuProgram};

use crate::Failure;

/// What an argument `PROGRAM` stands for. A word that is the name of a built-in program is that program, whatever files
/// there are; `./hello` is a file.
#[derive(Debug)]
pub(super) struct Image {
    /// As the user wrote it.
    pub(super) path: PathBuf,
    /// Contents of the file.
    pub(super) bytes: Cow<'static, [u8]>,
}

impl Image {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let bytes = match path.to_str().and_then(program) {
            Some(program) => Cow::Borrowed(program.image),
            None => Cow::Owned(fs::read(path).map_err(|error| missing(path, error))?),
        };
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Whether this is an ELF file and not the words alone.
    pub(super) fn is_elf(&self) -> bool {
        self.bytes.starts_with(b"\x7fELF")
    }

    /// The program in an ELF file; there must be something to load.
    pub(super) fn program(&self) -> Result<PpuProgram, Failure> {
        let name = self.path.display();
        let program =
            PpuProgram::parse(&self.bytes).map_err(|error| Failure::new(format!("{name}: {error}")))?;
        let memories = [PpuMemory::Internal, PpuMemory::External, PpuMemory::ExternalDram];
        if memories.iter().all(|&memory| program.segments(memory).is_empty()) {
            return Err(Failure::new(format!("{name}: an ELF file without any section to load")));
        }
        Ok(program)
    }
}

/// A file that is not there may be a misspelt name.
fn missing(path: &Path, error: std::io::Error) -> Failure {
    let found = error.kind() == ErrorKind::NotFound;
    let failure = about_file(path)(error);
    if !found {
        return failure;
    }
    let names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
    failure.hint(format!("built-in programs need no file: {}", names.join(", ")))
}

/// Names the file that an error of the system is about.
pub(super) fn about_file(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::new(format!("{}: {error}", path.display()))
}

/// The words of a raw image must lie below 2^32, and there must be any.
pub(super) fn check_extent(path: &Path, origin: u32, bytes: usize) -> Result<(), Failure> {
    if bytes == 0 {
        return Err(Failure::new(format!("{}: no instructions", path.display())));
    }
    if bytes as u64 > (1 << 32) - u64::from(origin) {
        return Err(Failure::new(format!(
            "{}: {bytes} bytes from {origin:#010x} reach beyond the address space",
            path.display()
        )));
    }
    Ok(())
}
