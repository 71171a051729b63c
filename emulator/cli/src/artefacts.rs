//! The files that an experiment leaves behind: tables, figures, pictures, the summary.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::plots::{Formats, Plot, PlotError, Rendered};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// The output folder cannot be made or written to; found before any work starts.
    #[error("output folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in it cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A row does not fit below the header of its table.
    #[error("{}: a row of {found} cells below a header of {expected}", path.display())]
    Row {
        /// The table.
        path: PathBuf,
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A figure cannot be drawn.
    #[error("figure {}: {source}", path.display())]
    Plot {
        /// The figure, without extension.
        path: PathBuf,
        /// Why.
        source: PlotError,
    },
}

/// A folder that can be written to, and what was put into it.
#[derive(Debug)]
pub struct Artefacts {
    folder: PathBuf,
    formats: Formats,
    written: Mutex<Vec<PathBuf>>,
}

impl Artefacts {
    /// Makes the folder with its parents and writes a file to it for a trial.
    ///
    /// # Errors
    /// [`ArtefactError::Folder`] if that is impossible.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Result<Self, ArtefactError> {
        let folder = folder.into();
        let probe = folder.join(".bss2-probe");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|source| ArtefactError::Folder { path: folder.clone(), source })?;
        Ok(Self { folder, formats: Formats::default(), written: Mutex::default() })
    }

    /// The same with figures in other formats than both.
    pub fn with_formats(self, formats: Formats) -> Self {
        Self { formats, ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything written so far, in the order of writing.
    pub fn written(&self) -> Vec<PathBuf> {
        self.written.lock().map(|w| w.clone()).unwrap_or_default()
    }

    /// Starts the table `name.csv` with this header. Rows reach the file as they are written, so that an interrupted run
    /// keeps them.
    ///
    /// # Errors
    /// [`ArtefactError::File`].
    pub fn csv(&self, name: &str, header: &[&str]) -> Result<CsvTable, ArtefactError> {
        let path = self.folder.join(format!("{name}.csv"));
        let file =
            fs::File::create(&path).map_err(|source| ArtefactError::File { path: path.clone(), source })?;
        let mut table = CsvTable { writer: csv::Writer::from_writer(file), columns: header.len(), path };
        table.row(header)?;
        self.note(&table.path);
        Ok(table)
    }

    /// Draws a figure into `name.png` and `name.svg`, or one of them.
    ///
    /// # Errors
    /// [`ArtefactError::Plot`] if its data cannot be drawn, [`ArtefactError::File`] if it cannot be written.
    pub fn plot(&self, name: &str, plot: &dyn Plot) -> Result<(), ArtefactError> {
        let Rendered { png, svg } = Rendered::of(plot, self.formats)
            .map_err(|source| ArtefactError::Plot { path: self.folder.join(name), source })?;
        if let Some(png) = png {
            self.bytes(&format!("{name}.png"), &png)?;
        }
        if let Some(svg) = svg {
            self.bytes(&format!("{name}.svg"), svg.as_bytes())?;
        }
        Ok(())
    }

    /// Writes a whole file, `name` with its extension. It appears under its name only when it is complete.
    ///
    /// # Errors
    /// [`ArtefactError::File`].
    pub fn bytes(&self, name: &str, content: &[u8]) -> Result<(), ArtefactError> {
        let path = self.folder.join(name);
        let partial = self.folder.join(format!("{name}.partial"));
        fs::File::create(&partial)
            .and_then(|mut file| file.write_all(content).and_then(|()| file.flush()))
            .and_then(|()| fs::rename(&partial, &path))
            .map_err(|source| ArtefactError::File { path: path.clone(), source })?;
        self.note(&path);
        Ok(())
    }

    fn note(&self, path: &Path) {
        if let Ok(mut written) = self.written.lock()
            && !written.iter().any(|known| known == path)
        {
            written.push(path.to_owned());
        }
    }
}

/// A table on disk that grows row by row.
#[derive(Debug)]
pub struct CsvTable {
    writer: csv::Writer<fs::File>,
    columns: usize,
    path: PathBuf,
}

impl CsvTable {
    /// Appends a row of anything that prints. Floating-point numbers print with as many digits as they need to be read back
    /// exactly.
    ///
    /// # Errors
    /// [`ArtefactError::Row`] if the number of cells is not that of the header, [`ArtefactError::File`] if the disk refuses.
    pub fn row<T: ToString>(&mut self, cells: &[T]) -> Result<(), ArtefactError> {
        if cells.len() != self.columns {
            return Err(ArtefactError::Row {
                path: self.path.clone(),
                expected: self.columns,
                found: cells.len(),
            });
        }
        self.writer
            .write_record(cells.iter().map(ToString::to_string))
            .map_err(io::Error::from)
            .and_then(|()| self.writer.flush())
            .map_err(|source| ArtefactError::File { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reaches_the_disk_before_the_table_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts::in_folder(folder.path().join("a/b")).unwrap();
        let mut table = artefacts.csv("curve", &["epoch", "success"]).unwrap();
        table.row(&[1.0, 0.25]).unwrap();
        let text = fs::read_to_string(folder.path().join("a/b/curve.csv")).unwrap();
        assert_eq!(text, "epoch,success\n1,0.25\n");
        assert!(matches!(table.row(&[1.0]), Err(ArtefactError::Row { expected: 2, found: 1, .. })));
    }

    #[test]
    fn a_folder_below_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"x").unwrap();
        let error = Artefacts::in_folder(file.join("out")).unwrap_err();
        assert!(error.to_string().starts_with("output folder "), "{error}");
    }
}
