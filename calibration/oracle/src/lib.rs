//! The truth about virtual chips, which no calibration routine may know (calibration 12, P4).
//!
//! A [`VirtualChip`] is a chip in this process: [`VirtualChip::executor`] is what routines talk to, everything else looks into
//! the model. This crate depends on the calibration; a test checks that the calibration depends neither on it nor on the
//! model.

pub mod acceptance;
pub mod adex;
pub mod truth;

use bss2_calibration::result::ChipIdentity;
use bss2_chip::{Chip, ChipOptions};
use bss2_host::executor::{Executor, ExecutorConfig};

/// A chip in this process behind an FPGA after power-up.
pub struct VirtualChip {
    /// What routines talk to.
    pub executor: Executor<Chip>,
}

impl VirtualChip {
    /// The individual that this seed stands for, with everything that a virtual chip has.
    pub fn new(seed: u64) -> Self {
        Self::with_options(ChipOptions { seed, ..ChipOptions::default() })
    }

    /// A chip with other options.
    pub fn with_options(options: ChipOptions) -> Self {
        Self { executor: Executor::new(Chip::with_options(options), ExecutorConfig::power_up()) }
    }

    /// Who it is, for headers of results.
    pub fn identity(&self) -> ChipIdentity {
        ChipIdentity::emulated(self.chip().options().seed, env!("CARGO_PKG_VERSION"))
    }

    /// The chip.
    pub fn chip(&self) -> &Chip {
        self.executor.device()
    }
}
