//! Analog circuits as a host meets them: registers and analog cells in, events, samples and codes out (analog-core 10).
//!
//! All on the analytical reference chip. Physical values are turned into codes by the inverse of the mappings of analog-core 2.4 and 3,
//! so that a code that is not what it should be shows.

mod adaptation;
mod anything;
#[path = "../kernel/bench.rs"]
#[allow(dead_code)]
mod bench;
#[path = "../../../analog/tests/reference/comparison.rs"]
mod comparison;
mod compartments;
mod determinism;
mod individuals;
mod inputs;
mod integration;
mod lines;
mod nets;
mod neuron;
mod patterns;
mod reference;
mod synapses;
mod validation;
