//! The translation from codes to physics against the numbers of the specification.

mod bench;
mod capmem;
mod core;
mod individuals;
mod neuron;
mod signs;
mod synapses;
