//! What a routine changes besides its knob, as it was before.

use crate::error::Result;
use crate::program::SETTLING;
use crate::routine::Session;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::NeuronConfig;

/// Analog configurations of the neurons concerned, and some of their cells.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) configs: Vec<NeuronConfig>,
    cells: Vec<(Cell, Vec<i32>)>,
}

impl Before {
    /// As they are now.
    pub(super) fn of(session: &Session<'_>, cells: &[Cell]) -> Self {
        let cells = cells.iter().map(|&cell| (cell, session.cells(cell))).collect();
        Self { configs: session.configs(), cells }
    }

    /// As they were.
    pub(super) fn put_back(self, session: &mut Session<'_>) -> Result<()> {
        self.put_back_but(session, |_, own| own)
    }

    /// As they were, but for what `keep` takes from the configuration as it is now: it is given that and the one from before.
    pub(super) fn put_back_but(
        self,
        session: &mut Session<'_>,
        keep: impl Fn(&NeuronConfig, NeuronConfig) -> NeuronConfig,
    ) -> Result<()> {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |index, config| *config = keep(config, self.configs[index]));
        for (cell, codes) in &self.cells {
            session.write_cells(&mut program, *cell, codes);
        }
        if !self.cells.is_empty() {
            program.barrier_omnibus().wait(SETTLING);
        }
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}
