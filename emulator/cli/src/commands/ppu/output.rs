//! Files that a run leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

use bss2_base::{Hemisphere, SimTime};
use bss2_debug::pins::{self, PinChange};
use bss2_debug::profile::{self, FlameError, Profile};
use serde::Serialize;

use super::image::about_file;
use super::report::name;
use crate::Failure;

/// Functions and lines below this share of all cycles are left out of the table on the terminal, in thousandths.
const SHOWN_PERMILLE: u64 = 10;
/// Length of a cycle in nanoseconds.
const NS_PER_CYCLE: u32 = (SimTime::FABRIC_CYCLE.as_ps() / 1000) as u32;

/// Writes files, and remembers which.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) files: Vec<PathBuf>,
    /// One for each processor: names get its name.
    pub(super) both: bool,
}

impl Output {
    /// `trace.log`, or `trace-top.log` if both processors write one.
    pub(super) fn path(&self, path: &Path, hemisphere: Hemisphere) -> PathBuf {
        if !self.both {
            return path.to_owned();
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut file = format!("{stem}-{}", name(hemisphere));
        if let Some(extension) = path.extension() {
            file = format!("{file}.{}", extension.to_string_lossy());
        }
        path.with_file_name(file)
    }

    pub(super) fn write(&mut self, path: PathBuf, content: impl AsRef<[u8]>) -> Result<(), Failure> {
        fs::write(&path, content).map_err(about_file(&path))?;
        self.files.push(path);
        Ok(())
    }

    pub(super) fn write_json(&mut self, path: PathBuf, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        self.write(path, text + "\n")
    }

    /// Tables, folded stacks, flame graph and page into a folder.
    pub(super) fn profile(
        &mut self,
        folder: &Path,
        title: &str,
        profile: &Profile,
        sources: &Path,
    ) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(about_file(folder))?;
        let failure = |error: FlameError| Failure::new(format!("{}: {error}", folder.display()));
        let read = |file: &str| fs::read_to_string(sources.join(file)).ok();
        self.write(folder.join("profile.txt"), profile.to_string())?;
        self.write_json(folder.join("profile.json"), profile)?;
        self.write(folder.join("stacks.folded"), profile.folded())?;
        self.write(folder.join("flame.svg"), profile::flame_graph(profile, title).map_err(failure)?)?;
        self.write(folder.join("profile.html"), profile::page(profile, title, read).map_err(failure)?)
    }

    /// Changes of the output pins: a wave form if the name ends in `.vcd`, otherwise text.
    pub(super) fn pins(&mut self, path: PathBuf, changes: &[PinChange], end: u64) -> Result<(), Failure> {
        let is_wave = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("vcd"));
        let text = if is_wave { pins::vcd(changes, NS_PER_CYCLE, end) } else { pins::text(changes) };
        self.write(path, text)
    }
}

/// What the terminal shows of a profile.
pub(super) fn short(profile: &Profile) -> String {
    profile.without_less_than(SHOWN_PERMILLE).to_string()
}
