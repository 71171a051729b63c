//! A neuron under the hands of a host: physical values to codes, switches, events.

use crate::bench::{ideal_chip, run, write};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::Chip;
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};
use bss2_chip::registers::{coordinates, default_chip};

/// The neuron of most tests.
pub(crate) const NEURON: Neuron = Neuron::new(Hemisphere::Top, 6);

/// Clock of the adaptation pulse: 256 cycles of 4 ns.
const ADAPTATION_PULSE_SCALE: u8 = 7;
/// Length of the adaptation pulse in s.
pub(crate) const ADAPTATION_PULSE: f64 = 1.024e-6;

/// A chip after the default configuration of the host.
pub(crate) fn chip() -> Chip {
    configured(ideal_chip())
}

/// The same of a chip with other options.
pub(crate) fn configured(mut chip: Chip) -> Chip {
    // Those of the FPGA are not for the chip.
    let own = default_chip().filter(|(address, _)| address >> 31 == 0);
    own.for_each(|(address, value)| chip.write(address, value, 0xf));
    for side in 0..2 {
        let mut common: CommonNeuronBackendConfig = chip.registers().get(side).expect("it exists");
        common.clock_scale_adapt_pulse = ADAPTATION_PULSE_SCALE;
        write(&mut chip, side, &common);
    }
    run(&mut chip, 1_000);
    chip
}

/// Writes an analog cell.
pub(crate) fn set(chip: &mut Chip, neuron: Neuron, cell: Cell, code: f64) {
    let value = code.round();
    assert!((0.0..=1022.0).contains(&value), "{cell:?} = {code}");
    let instance = coordinates::capmem_cell(neuron.quadrant(), cell.row(), neuron.column() % 128);
    write(chip, instance, &CapMemCell { value: value as u16 });
}

/// Writes a shared cell of all quadrants that have it.
pub(crate) fn set_shared(chip: &mut Chip, cell: SharedParameter, value: u16) {
    let (column, row) = cell.place();
    for &quadrant in cell.blocks() {
        write(chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value });
    }
}

/// Switches that every neuron here has: full capacitor, readout.
pub(crate) fn passive() -> NeuronConfig {
    NeuronConfig { mem_cap_size: 63, en_readout_amp: true, en_readout: true, ..NeuronConfig::default() }
}

/// Writes the switches of a neuron.
pub(crate) fn switch(chip: &mut Chip, neuron: Neuron, config: &NeuronConfig) {
    write(chip, coordinates::neuron_config(neuron), config);
}

/// Writes the back-end: so many ticks of 8 ns, reset for all but the last, events with the column as their address.
pub(crate) fn back_end(chip: &mut Chip, neuron: Neuron, ticks: u8) {
    let config = NeuronBackendConfig {
        en_bayesian_extension: true,
        en_spike_out: true,
        en_adapt_pulse: true,
        reset_holdoff_1: 3,
        reset_holdoff_2: 3,
        ..NeuronBackendConfig::default()
    };
    let config = config.with_refractory_time(ticks).with_address_out(neuron.column());
    write(chip, coordinates::neuron_backend(neuron), &config);
}

/// The code of a transconductor with this strength per code and knee (analog-core 3.1) that has this conductance in S.
pub(crate) fn transconductance(conductance: f64, strength: f64, knee: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1022.0f64);
    for _ in 0..60 {
        let n = 0.5 * (low + high);
        if strength * n * 2.0 / (1.0 + (1.0 + 4.0 * n / knee).sqrt()) < conductance {
            low = n
        } else {
            high = n
        }
    }
    low
}

/// Leak with this conductance in S toward this potential in V; the bias moves it (analog-core 3.2).
pub(crate) fn leak(chip: &mut Chip, neuron: Neuron, conductance: f64, potential: f64) {
    let bias = transconductance(conductance, 2.5e-9, 950.0).round();
    set(chip, neuron, Cell::IBiasLeak, bias);
    set(chip, neuron, Cell::VLeak, followed(potential + 35e-6 * (bias - 150.0)));
}

/// The same with an eighth of the conductance of its code (`en_leak_div`).
pub(crate) fn divided_leak(chip: &mut Chip, neuron: Neuron, conductance: f64, potential: f64) {
    leak(chip, neuron, 8.0 * conductance, potential);
}

/// The code of a cell behind a follower (analog-core 2.4, SF).
pub(crate) fn followed(volts: f64) -> f64 {
    (volts + 0.525) / 1.5e-3
}

/// The code of one of the two potentials of the adaptation (analog-core 2.4, SFA).
pub(crate) fn adaptation_followed(volts: f64) -> f64 {
    (volts + 0.250) / 1.5e-3
}

/// The code of a threshold (analog-core 2.4, direct).
pub(crate) fn direct(volts: f64) -> f64 {
    (volts - 0.019) / 1.875e-3
}

/// The code of an offset current in A (analog-core 3.10).
pub(crate) fn offset(ampere: f64) -> f64 {
    ampere / 0.137e-9
}

/// Strong reset toward this potential in V.
pub(crate) fn reset(chip: &mut Chip, neuron: Neuron, potential: f64) {
    set(chip, neuron, Cell::VReset, followed(potential));
    set(chip, neuron, Cell::IBiasReset, 1022.0);
}

/// Exponential with this slope and this threshold in V for this leak in S (analog-core 3.8).
pub(crate) fn exponential(chip: &mut Chip, neuron: Neuron, slope: f64, threshold: f64, conductance: f64) {
    set(chip, neuron, Cell::IBiasExp, 10.5 / slope);
    let onset = threshold + 0.415 - slope * (conductance * slope / 2.5e-12).ln();
    set(chip, neuron, Cell::VExp, followed(onset));
}

/// Times in s after `since` at which a neuron has sent an event.
pub(crate) fn events(chip: &mut Chip, neuron: Neuron, since: SimTime) -> Vec<f64> {
    let mut events = Vec::new();
    chip.take_events(&mut events);
    events
        .iter()
        .filter(|event| event.time >= since && event.label.neuron_label().address_out() == neuron.column())
        .map(|event| (event.time - since).as_secs_f64())
        .collect()
}

/// The membrane voltage in V now.
pub(crate) fn membrane(chip: &Chip, neuron: Neuron) -> f64 {
    chip.analog().membrane(neuron)
}
