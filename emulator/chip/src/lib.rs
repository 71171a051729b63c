//! HICANN-X v3: register map, CapMem codes to physics, two plasticity processors, the time kernel.

pub mod physics;
