//! Recordings as files: a text form for eyes and scripts, and a compact binary one.
//!
//! # Text
//!
//! Lines of words separated by blanks; empty lines and lines that begin with `#` are ignored.
//!
//! ```text
//! bss2-recording 1
//! completion halted
//! spikes 1
//! # chip_time fpga_time stamp label
//! 1277 1302 255 0x4005
//! madc 0
//! # chip_time fpga_time stamp value
//! reads 1
//! # fpga_time value
//! 54 0x0000002a
//! jtag 0
//! # fpga_time value
//! markers 1
//! # fpga_time
//! 3
//! links 0
//! # fpga_time payload
//! ```
//!
//! Times are FPGA cycles of 8 ns, stamps cycles of 4 ns; labels, register words and payloads are hexadecimal, everything
//! else is decimal. The completion is `halted`, `cancelled INSTRUCTION`, or `timed-out INSTRUCTION STALL READS`.
//!
//! # Binary
//!
//! The [`Results`] in an [`archive`] of kind `RECO`.

use super::{Completion, Recording, Results, TimeoutNotification};
use crate::archive::{self, ArchiveError, Kind};
use core::fmt::{self, Display, Write};
use core::str::FromStr;
use thiserror::Error;

const KIND: Kind = Kind { name: *b"RECO", version: 1 };
const TITLE: &str = "bss2-recording";
const VERSION: u32 = 1;

/// Why a file is no recording.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordingError {
    /// The binary container is damaged or of another kind.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The columns of a table differ in length.
    #[error("the columns of the table `{0}` differ in length")]
    Ragged(&'static str),
    /// A line of a text file can't be understood.
    #[error("line {line}: expected {expected}, found `{found}`")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A text file ends too early.
    #[error("the file ends where {0} is expected")]
    End(&'static str),
}

impl Results {
    /// As a binary file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordingError> {
        Ok(archive::encode(KIND, self)?)
    }

    /// From a binary file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordingError> {
        let results: Self = archive::decode(KIND, bytes)?;
        results.recording.check_columns()?;
        Ok(results)
    }

    /// As a text file.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> fmt::Result {
        let Recording { spikes, madc, reads, jtag, markers, links } = &self.recording;
        writeln!(text, "{TITLE} {VERSION}")?;
        match self.completion {
            Completion::Halted => writeln!(text, "completion halted")?,
            Completion::Cancelled { instruction } => writeln!(text, "completion cancelled {instruction}")?,
            Completion::TimedOut(TimeoutNotification { instruction, trace_stall, reads_in_flight }) => {
                writeln!(text, "completion timed-out {instruction} {trace_stall} {reads_in_flight}")?;
            }
        }
        writeln!(text, "spikes {}\n# chip_time fpga_time stamp label", spikes.len())?;
        for n in 0..spikes.len() {
            let (chip, fpga) = (spikes.chip_time[n], spikes.fpga_time[n]);
            writeln!(text, "{chip} {fpga} {} {:#06x}", spikes.stamp[n], spikes.label[n])?;
        }
        writeln!(text, "madc {}\n# chip_time fpga_time stamp value", madc.len())?;
        for n in 0..madc.len() {
            let (chip, fpga) = (madc.chip_time[n], madc.fpga_time[n]);
            writeln!(text, "{chip} {fpga} {} {}", madc.stamp[n], madc.value[n])?;
        }
        writeln!(text, "reads {}\n# fpga_time value", reads.value.len())?;
        for (time, value) in reads.fpga_time.iter().zip(&reads.value) {
            writeln!(text, "{time} {value:#010x}")?;
        }
        writeln!(text, "jtag {}\n# fpga_time value", jtag.value.len())?;
        for (time, value) in jtag.fpga_time.iter().zip(&jtag.value) {
            writeln!(text, "{time} {value:#011x}")?;
        }
        writeln!(text, "markers {}\n# fpga_time", markers.fpga_time.len())?;
        for time in &markers.fpga_time {
            writeln!(text, "{time}")?;
        }
        writeln!(text, "links {}\n# fpga_time payload", links.payload.len())?;
        for (time, payload) in links.fpga_time.iter().zip(&links.payload) {
            writeln!(text, "{time} {payload:#04x}")?;
        }
        Ok(())
    }

    /// From a text file.
    pub fn from_text(text: &str) -> Result<Self, RecordingError> {
        let mut lines = Lines { lines: text.lines().enumerate() };
        let mut line = lines.next("the title `bss2-recording 1`")?;
        line.keyword(TITLE)?;
        let version: u32 = line.number("the version 1")?;
        if version != VERSION {
            return Err(line.error("the version 1", &version));
        }
        line.end()?;
        let mut results = Self { completion: Completion::Halted, recording: Recording::default() };
        let Recording { spikes, madc, reads, jtag, markers, links } = &mut results.recording;

        let mut line = lines.next("`completion`")?;
        line.keyword("completion")?;
        let word = line.word("`halted`, `cancelled` or `timed-out`")?;
        results.completion = match word {
            "halted" => Completion::Halted,
            "cancelled" => Completion::Cancelled { instruction: line.number("an instruction")? },
            "timed-out" => Completion::TimedOut(TimeoutNotification {
                instruction: line.number("an instruction")?,
                trace_stall: line.number("a stall count")?,
                reads_in_flight: line.number("a number of reads")?,
            }),
            other => return Err(line.error("`halted`, `cancelled` or `timed-out`", &other)),
        };
        line.end()?;

        lines.table("spikes", |line| {
            spikes.chip_time.push(line.number("a chip time")?);
            spikes.fpga_time.push(line.number("an FPGA time")?);
            spikes.stamp.push(line.number("a stamp")?);
            spikes.label.push(line.number("a label")?);
            Ok(())
        })?;
        lines.table("madc", |line| {
            madc.chip_time.push(line.number("a chip time")?);
            madc.fpga_time.push(line.number("an FPGA time")?);
            madc.stamp.push(line.number("a stamp")?);
            madc.value.push(line.number("a sample")?);
            Ok(())
        })?;
        lines.table("reads", |line| {
            reads.fpga_time.push(line.number("an FPGA time")?);
            reads.value.push(line.number("a word")?);
            Ok(())
        })?;
        lines.table("jtag", |line| {
            jtag.fpga_time.push(line.number("an FPGA time")?);
            jtag.value.push(line.number("a word")?);
            Ok(())
        })?;
        lines.table("markers", |line| {
            markers.fpga_time.push(line.number("an FPGA time")?);
            Ok(())
        })?;
        lines.table("links", |line| {
            links.fpga_time.push(line.number("an FPGA time")?);
            links.payload.push(line.number("a payload")?);
            Ok(())
        })?;
        match lines.next("") {
            Err(_) => Ok(results),
            Ok(line) => Err(line.error("the end of the file", &line.rest.trim())),
        }
    }
}

impl Recording {
    fn check_columns(&self) -> Result<(), RecordingError> {
        let equal = |lengths: &[usize], table| {
            let equal = lengths.iter().all(|length| *length == lengths[0]);
            if equal { Ok(()) } else { Err(RecordingError::Ragged(table)) }
        };
        equal(&self.spikes.lengths(), "spikes")?;
        equal(&self.madc.lengths(), "madc")?;
        equal(&[self.reads.fpga_time.len(), self.reads.value.len()], "reads")?;
        equal(&[self.jtag.fpga_time.len(), self.jtag.value.len()], "jtag")?;
        equal(&[self.links.fpga_time.len(), self.links.payload.len()], "links")
    }
}

/// Lines that say something.
struct Lines<'a> {
    lines: core::iter::Enumerate<core::str::Lines<'a>>,
}

/// The words of a line that have not been read yet.
struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Lines<'a> {
    fn next(&mut self, expected: &'static str) -> Result<Line<'a>, RecordingError> {
        self.lines
            .by_ref()
            .find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(index, rest)| Line { number: index + 1, rest })
            .ok_or(RecordingError::End(expected))
    }

    fn table(
        &mut self,
        name: &'static str,
        mut row: impl FnMut(&mut Line<'a>) -> Result<(), RecordingError>,
    ) -> Result<(), RecordingError> {
        let mut line = self.next(name)?;
        line.keyword(name)?;
        let rows: usize = line.number("a number of rows")?;
        line.end()?;
        for _ in 0..rows {
            let mut line = self.next("a row")?;
            row(&mut line)?;
            line.end()?;
        }
        Ok(())
    }
}

impl<'a> Line<'a> {
    fn error(&self, expected: &'static str, found: &dyn Display) -> RecordingError {
        RecordingError::Line { line: self.number, expected, found: found.to_string() }
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, RecordingError> {
        let trimmed = self.rest.trim_start();
        let (word, rest) = trimmed.split_at(trimmed.find(char::is_whitespace).unwrap_or(trimmed.len()));
        self.rest = rest;
        if word.is_empty() { Err(self.error(expected, &"end of line")) } else { Ok(word) }
    }

    fn keyword(&mut self, keyword: &'static str) -> Result<(), RecordingError> {
        let word = self.word(keyword)?;
        if word == keyword { Ok(()) } else { Err(self.error(keyword, &word)) }
    }

    /// Decimal, or hexadecimal with `0x`.
    fn number<T: FromStr + TryFrom<u64>>(&mut self, expected: &'static str) -> Result<T, RecordingError> {
        let word = self.word(expected)?;
        let value = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().and_then(|value| value.try_into().ok()),
            None => word.parse().ok(),
        };
        value.ok_or_else(|| self.error(expected, &word))
    }

    fn end(&self) -> Result<(), RecordingError> {
        let rest = self.rest.trim();
        if rest.is_empty() { Ok(()) } else { Err(self.error("end of line", &rest)) }
    }
}
