//! How time is cut does not matter: single causes. The whole of it is in the reproducibility tests of the project.

use crate::bench::write;
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::Chip;
use bss2_chip::registers::capmem::{CapMemBlockConfig, CapMemCell, NeuronParameter};
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::readout::ReferenceGeneratorConfig;

#[test]
fn settling_cells_are_followed_at_the_same_moments_however_often_somebody_looks() {
    let mut settling = Chip::new(1);
    let neuron = Neuron::new(Hemisphere::Bottom, 3);
    write(&mut settling, neuron.quadrant() as u32, &CapMemBlockConfig::default());
    write(&mut settling, 0, &ReferenceGeneratorConfig::default());
    // The offset current, 300 codes away.
    let cell = coordinates::capmem_cell(neuron.quadrant(), NeuronParameter::IMemOffset.row(), 3);
    write(&mut settling, cell, &CapMemCell { value: 300 });
    let config =
        NeuronConfig { en_mem_off: true, mem_cap_size: 63, en_reset_mul: true, ..NeuronConfig::default() };
    write(&mut settling, coordinates::neuron_config(neuron), &config);
    settling.advance(SimTime::from_ms(17));
    // From here on, the slices in which parameters stand still double several times.
    let followed = |end: SimTime, step: SimTime| {
        let mut chip = settling.clone();
        while chip.now() < end {
            let next = chip.now() + step;
            chip.advance(next.min(end));
        }
        chip.analog().neuron(neuron).constant_current
    };
    let mut values = Vec::new();
    for end in (34..64).map(|half_ms| SimTime::from_us(500 * half_ms + 130)) {
        let value = followed(end, end);
        assert_eq!(followed(end, SimTime::from_ps(61_234_567)), value, "at {end}");
        values.push(value.to_bits());
    }
    values.dedup();
    assert!((4..29).contains(&values.len()), "{} different values", values.len());
}
