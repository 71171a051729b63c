//! Spike counters (O8).

use crate::error::Result;
use crate::routine::Session;
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::{Block, Register, coordinates};

/// What an overflown counter counts as: more than any count (calibration 3, O8).
pub const OVERFLOW: f64 = 255.0 * 255.0;

fn address(block: Block, neuron: Neuron) -> u32 {
    Register { block, instance: coordinates::neuron_backend(neuron), word: 0 }
        .address()
        .expect("every neuron has a spike counter")
}

/// Counts the spikes of the neurons concerned during `span`.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn count(session: &mut Session<'_>, span: SimTime) -> Result<Vec<f64>> {
    count_during(session, |program| {
        program.wait(span);
    })
}

/// Counts the spikes of the neurons concerned during what is written. Every reset of a counter is written twice with a barrier after
/// each, so that resets take as long as reads and all neurons are watched for the same time.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn count_during(session: &mut Session<'_>, write: impl FnOnce(&mut ProgramBuilder)) -> Result<Vec<f64>> {
    let neurons = session.neurons().to_vec();
    let (results, ticket) = session.link.run(|program| {
        for &neuron in &neurons {
            for _ in 0..2 {
                program.write(address(Block::SpikeCounterReset, neuron), 0).barrier_omnibus();
            }
        }
        write(program);
        program.read_all(neurons.iter().map(|&neuron| address(Block::SpikeCounterRead, neuron)))
    })?;
    let value = |word: &u32| if word >> 8 & 1 == 1 { OVERFLOW } else { f64::from(word & 0xff) };
    Ok(results.words(ticket)?.iter().map(value).collect())
}
