//! How time is cut does not matter: single causes. The whole of it is in the reproducibility tests of the project.

use crate::bench::{state, write};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::Chip;
use bss2_chip::registers::capmem::{CapMemBlockConfig, CapMemCell};
use bss2_chip::registers::coordinates;

#[test]
fn settling_cells_are_followed_at_the_same_moments_however_often_somebody_looks() {
    let run = |step: SimTime| {
        let mut chip = Chip::new(1);
        let neuron = Neuron::new(Hemisphere::Bottom, 3);
        write(&mut chip, neuron.quadrant() as u32, &CapMemBlockConfig::default());
        write(&mut chip, coordinates::capmem_cell(neuron.quadrant(), 0, 3), &CapMemCell { value: 300 });
        // Slices in which parameters stand still double several times on the way.
        while chip.now() < SimTime::from_ms(34) {
            let next = chip.now() + step;
            chip.advance(next.min(SimTime::from_ms(34)));
        }
        state(&chip)
    };
    let expected = run(SimTime::from_ms(34));
    assert!(run(SimTime::from_ps(61_234_567)) == expected);
    assert!(run(SimTime::from_ps(1_600_000_011)) == expected);
}
