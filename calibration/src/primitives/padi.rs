//! Events on synapse rows without the crossbar (O6).

use crate::program::write;
use bss2_base::{Hemisphere, RowMode};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::padi::{CommonPADIBusConfig, PADIEvent, SynapseDriverConfig};
use bss2_host::registers::{Register, TypedBlock};

/// Address and word of an event on all four buses of a hemisphere, for timelines.
pub fn event_write(hemisphere: Hemisphere, label: u8) -> (u32, u32) {
    let event = PADIEvent {
        fire_bus_0: true,
        fire_bus_1: true,
        fire_bus_2: true,
        fire_bus_3: true,
        event_address: label & 0x3f,
        ..PADIEvent::default()
    };
    let register = Register { block: PADIEvent::BLOCK, instance: hemisphere as u32, word: 0 };
    (register.address().expect("every hemisphere has a PADI event register"), event.to_words()[0])
}

/// One event on all four buses of a hemisphere: hits every row once whose driver receives ([`drivers`]).
pub fn event(program: &mut ProgramBuilder, hemisphere: Hemisphere, label: u8) {
    let (address, word) = event_write(hemisphere, label);
    program.write(address, word);
}

/// Gives the PADI buses of both hemispheres to [`event`] and sets all 256 drivers: both rows of each in this mode, receiving
/// whatever row is selected, without short-term plasticity.
pub fn drivers(program: &mut ProgramBuilder, mode: RowMode) {
    let config = SynapseDriverConfig {
        en_receiver: mode.is_enabled(),
        row_address_compare_mask: 0,
        en_exc_bottom: mode.is_excitatory(),
        en_exc_top: mode.is_excitatory(),
        en_inh_bottom: mode.is_inhibitory(),
        en_inh_top: mode.is_inhibitory(),
        ..SynapseDriverConfig::default()
    };
    for hemisphere in 0..2 {
        write(program, hemisphere, &CommonPADIBusConfig::default());
    }
    for driver in 0..256 {
        write(program, driver, &config);
    }
}
