//! Recordings as files: a text form for eyes and scripts, and a compact binary one.
//!
//! # Text
//!
//! Lines of words separated by blanks; empty lines and whatever follows a `#` are ignored.
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
use crate::text::{Line, Lines, TextError};
use core::fmt::{self, Write};
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
    /// The text can't be understood.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Neither the one nor the other.
    #[error("neither a binary file of this emulator nor text")]
    NotText,
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

    /// From a file of either form.
    pub fn from_file(bytes: &[u8]) -> Result<Self, RecordingError> {
        if archive::is_archive(bytes) {
            return Self::from_bytes(bytes);
        }
        Self::from_text(core::str::from_utf8(bytes).map_err(|_| RecordingError::NotText)?)
    }

    /// From a text file.
    pub fn from_text(text: &str) -> Result<Self, RecordingError> {
        let mut lines = Lines::new(text);
        lines.title(TITLE, VERSION)?;
        let mut results = Self { completion: Completion::Halted, recording: Recording::default() };
        let Recording { spikes, madc, reads, jtag, markers, links } = &mut results.recording;

        let mut line = lines.expect("`completion`")?;
        line.keyword("completion")?;
        let word = line.word("`halted`, `cancelled` or `timed-out`")?;
        results.completion = match word.text {
            "halted" => Completion::Halted,
            "cancelled" => Completion::Cancelled { instruction: line.number("an instruction")? },
            "timed-out" => Completion::TimedOut(TimeoutNotification {
                instruction: line.number("an instruction")?,
                trace_stall: line.number("a stall count")?,
                reads_in_flight: line.number("a number of reads")?,
            }),
            _ => return Err(line.unexpected(word, "`halted`, `cancelled` or `timed-out`").into()),
        };
        line.end()?;

        table(&mut lines, "spikes", |line| {
            spikes.chip_time.push(line.number("a chip time")?);
            spikes.fpga_time.push(line.number("an FPGA time")?);
            spikes.stamp.push(line.number("a stamp")?);
            spikes.label.push(line.number("a label")?);
            Ok(())
        })?;
        table(&mut lines, "madc", |line| {
            madc.chip_time.push(line.number("a chip time")?);
            madc.fpga_time.push(line.number("an FPGA time")?);
            madc.stamp.push(line.number("a stamp")?);
            madc.value.push(line.number("a sample")?);
            Ok(())
        })?;
        table(&mut lines, "reads", |line| {
            reads.fpga_time.push(line.number("an FPGA time")?);
            reads.value.push(line.number("a word")?);
            Ok(())
        })?;
        table(&mut lines, "jtag", |line| {
            jtag.fpga_time.push(line.number("an FPGA time")?);
            jtag.value.push(line.number("a word")?);
            Ok(())
        })?;
        table(&mut lines, "markers", |line| {
            markers.fpga_time.push(line.number("an FPGA time")?);
            Ok(())
        })?;
        table(&mut lines, "links", |line| {
            links.fpga_time.push(line.number("an FPGA time")?);
            links.payload.push(line.number("a payload")?);
            Ok(())
        })?;
        match lines.next() {
            None => Ok(results),
            Some(mut line) => {
                let word = line.word("the end of the file")?;
                Err(line.unexpected(word, "the end of the file").into())
            }
        }
    }
}

/// A table: its name, the number of rows, the rows.
fn table(
    lines: &mut Lines<'_>,
    name: &'static str,
    mut row: impl FnMut(&mut Line<'_>) -> Result<(), TextError>,
) -> Result<(), TextError> {
    let mut line = lines.expect(name)?;
    line.keyword(name)?;
    let rows: usize = line.number("a number of rows")?;
    line.end()?;
    for _ in 0..rows {
        let mut line = lines.expect("a row")?;
        row(&mut line)?;
        line.end()?;
    }
    Ok(())
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
