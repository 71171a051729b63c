//! Snapshots of a system as files.

use std::path::Path;

use bss2_host::system::System;

use crate::Failure;
use crate::commands::play::{self, in_file};

pub(super) fn read(file: &Path) -> Result<System, Failure> {
    System::restore(&play::read(file)?).map_err(|error| in_file(file, &error))
}

pub(super) fn write(file: &Path, system: &System) -> Result<(), Failure> {
    play::write(file, &system.save().map_err(|error| in_file(file, &error))?)
}
