//! A chip that is set up once and begins several runs in that very state: the same chip with and without learning.

use bss2_base::SimTime;

use super::{Context, ExperimentError};
use crate::hardware::Hardware;

type SetUp<'a, S> = dyn Fn(&mut Hardware) -> Result<S, ExperimentError> + Send + Sync + 'a;

/// The state from which runs branch. A chip in this process is copied for each of them. One over the network is as after power-up
/// whenever it is asked for, and set up anew: the same commands bring the same individual to the same state, to the bit.
pub(super) struct Origin<'a, S> {
    context: &'a Context,
    seed: u64,
    set_up: Box<SetUp<'a, S>>,
    /// The chip to copy, and what `set_up` said about it.
    here: Option<(Hardware, S)>,
    age: SimTime,
}

impl<'a, S: Clone> Origin<'a, S> {
    /// The individual `seed` after `set_up`, which happens now if the chip is in this process, else in front of each run.
    ///
    /// # Errors
    /// Those of `set_up` and of [`Context::chip`].
    pub(super) fn new(
        context: &'a Context,
        seed: u64,
        set_up: impl Fn(&mut Hardware) -> Result<S, ExperimentError> + Send + Sync + 'a,
    ) -> Result<Self, ExperimentError> {
        let mut origin = Self { context, seed, set_up: Box::new(set_up), here: None, age: SimTime::ZERO };
        if context.has_chip_here() {
            let (mut hardware, about) = origin.begin()?;
            origin.age = hardware.chip_time();
            origin.here = Some((hardware, about));
        }
        Ok(origin)
    }

    fn begin(&self) -> Result<(Hardware, S), ExperimentError> {
        let mut hardware = self.context.chip_of(self.seed)?;
        let about = (self.set_up)(&mut hardware)?;
        Ok((hardware, about))
    }

    /// A chip in that state, and what the set-up said about it. Over the network the one before has to be dropped by then.
    ///
    /// # Errors
    /// Those of the set-up.
    pub(super) fn branch(&self) -> Result<(Hardware, S), ExperimentError> {
        match &self.here {
            Some((hardware, about)) if let Some(copy) = hardware.copy() => Ok((copy, about.clone())),
            _ => self.begin(),
        }
    }

    /// The chip time that all branches have in common, because they are copies; zero if each has lived it for itself.
    pub(super) fn common_age(&self) -> SimTime {
        self.age
    }
}
