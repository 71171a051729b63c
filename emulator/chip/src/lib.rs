//! HICANN-X v3: register map, CapMem codes to physics, two plasticity processors, the time kernel.

pub mod randgen;
pub mod registers;
pub mod synapse_array;
