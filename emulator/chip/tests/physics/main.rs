//! The translation from codes to physics against the numbers of the specification.

mod bench;
mod capmem;
mod individuals;
mod neuron;
mod signs;
mod synapses;
