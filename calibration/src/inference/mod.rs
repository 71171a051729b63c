//! Approximate Bayesian inference: which parameters may have produced an observation, by simulation alone (calibration 16.5).
//!
//! | step | here |
//! |---|---|
//! | what is known beforehand | [`Prior`] |
//! | parameters to observables, on as many chips as there are | [`Simulator`], [`Pool`] |
//! | simulations whose observables are near | [`Table::nearest`], [`Table::within`] |
//! | the same in rounds that close in | [`Sequential`] |
//! | the result | [`Posterior`] |
//! | can it be trusted? | [`Coverage`] |
//!
//! Everything follows from its seed; nothing depends on the number of threads.

mod coverage;
mod distance;
mod posterior;
mod prior;
mod rejection;
mod sequential;
mod simulator;

pub use coverage::Coverage;
pub use distance::Distance;
pub use posterior::Posterior;
pub use prior::Prior;
pub use rejection::Table;
pub use sequential::{Round, Sequential, SequentialOutcome};
pub use simulator::{Pool, Simulator};
