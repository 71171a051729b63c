//! Artificial spikes: resets by command (O11). They need `en_fire` of the neuron.

use bss2_base::{Hemisphere, Neuron};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::{Block, Register, coordinates};

/// Address of the reset of a quad of neurons (register-map 5.6, NeuronResetQuad).
pub(crate) const fn quad_address(hemisphere: Hemisphere, quad: u32) -> u32 {
    let base = match hemisphere {
        Hemisphere::Top => 0x02c9_4000,
        Hemisphere::Bottom => 0x03c9_4000,
    };
    base + quad
}

/// Resets all neurons of a hemisphere, quad by quad, within about 1 us.
pub fn hemisphere(program: &mut ProgramBuilder, hemisphere: Hemisphere) {
    for quad in 0..64 {
        program.write(quad_address(hemisphere, quad), 0);
    }
}

/// Resets one neuron.
pub fn neuron(program: &mut ProgramBuilder, neuron: Neuron) {
    program.write(address(neuron), 0);
}

/// Address of the reset of one neuron.
pub fn address(neuron: Neuron) -> u32 {
    Register { block: Block::NeuronReset, instance: coordinates::neuron_backend(neuron), word: 0 }
        .address()
        .expect("every neuron has a reset")
}
