//! How the game lies on the chip: rows, labels, neurons, spikes.

use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::Targets;
use bss2_calibration::bench::{
    BoardVoltage, ColumnReadout, RowView, connect_columns, set_board_voltage, write, write_row,
    write_shared_cell,
};
use bss2_host::playback::{ProgramBuilder, Timeline};
use bss2_host::registers::capmem::SharedParameter;
use bss2_host::registers::coordinates;
use bss2_host::registers::padi::SynapseDriverConfig;
use bss2_host::registers::spl1::CrossbarNode;

use super::ROWS;

/// The row of random weights, behind those of the ball.
pub(super) const NOISE_ROW: usize = ROWS;
/// Weight of every synapse at the start (catalogue: 12).
const INITIAL_WEIGHT: u8 = 12;
/// A label that no spike carries: synapses outside of the game.
const UNUSED_LABEL: u8 = 63;
/// Rise of the membrane in CADC codes for weight 1 and one spike a microsecond; with time constants of 10 us that is 0.65
/// codes for each weight unit of the catalogue's membrane.
const STRENGTH: f64 = 6.5;
/// Threshold of the catalogue's reference, in its weight units.
const THRESHOLD: f64 = 50.0;

/// Events in the ball's row, and their distance (catalogue: 70 events, 294 us).
const EVENTS: u64 = 70;
const INTERVAL_NS: u64 = 4_200;
/// Distance of noise spikes.
const NOISE_INTERVAL_NS: u64 = 3_500;
/// Rate of the rows at distance 0, 1, 2, 3 from the ball.
const DISTRIBUTION: [f64; 4] = [1.0, 0.3, 0.05, 0.05];

/// The neuron of paddle position `position`: the even columns from the left.
pub(super) fn neuron(hemisphere: Hemisphere, position: usize) -> Neuron {
    Neuron::new(hemisphere, 2 * position as u8)
}

/// What the neurons of both games shall do.
pub(super) fn targets() -> Targets {
    let neurons = Hemisphere::ALL.into_iter().flat_map(|half| (0..ROWS).map(move |i| neuron(half, i)));
    let leak = 80.0;
    // 10 us of membrane time constant turn a spike a microsecond into 10 weight units.
    let threshold = leak + THRESHOLD * STRENGTH / 10.0;
    Targets { leak, threshold, strength: Some(STRENGTH), ..Targets::spiking(neurons.collect()) }
}

/// Label of the spikes of an input row: its PADI bus, the position of its driver there, and a synapse label of its own, since
/// a driver serves two rows (event-routing 3.1, 7.1).
fn label(row: usize) -> u16 {
    let driver = row / 2;
    ((driver % 4) << 14 | (driver / 4) << 6 | usize::from(synapse_label(row))) as u16
}

const fn synapse_label(row: usize) -> u8 {
    row as u8 + 1
}

/// Writes drivers, labels, initial weights, event routing and the sensors' settings. Analog cells and board voltages need
/// to settle afterwards.
pub(super) fn configure(program: &mut ProgramBuilder) {
    write_shared_cell(program, SharedParameter::SynIBiasStore, 18);
    write_shared_cell(program, SharedParameter::SynIBiasRamp, 80);
    set_board_voltage(program, BoardVoltage::ResMeas, 0.9);
    set_board_voltage(program, BoardVoltage::CorrelationReset, 1.85);
    connect_columns(program, ColumnReadout::Correlation);
    // A spike from the host reaches the PADI bus of its link in both hemispheres, and nothing else.
    for link in 0..4 {
        for output in 0..9 {
            let wanted = output < 8 && output % 4 == link;
            let target = if wanted { 0 } else { 1 };
            write(program, 24 + 9 * link + output, &CrossbarNode { target, ..CrossbarNode::default() });
        }
    }
    for hemisphere in Hemisphere::ALL {
        for driver in 0..=NOISE_ROW as u8 / 2 {
            let config = SynapseDriverConfig {
                en_receiver: true,
                en_exc_bottom: true,
                en_exc_top: true,
                ..SynapseDriverConfig::default()
            };
            write(program, coordinates::synapse_driver(hemisphere, driver), &config);
        }
        for row in 0..=NOISE_ROW {
            let in_game = |column: u8| column.is_multiple_of(2) && usize::from(column / 2) < ROWS;
            let weight = if row == NOISE_ROW { 0 } else { INITIAL_WEIGHT };
            write_row(program, hemisphere, row as u8, RowView::Labels, |column| {
                if in_game(column) { synapse_label(row) } else { UNUSED_LABEL }
            });
            write_row(program, hemisphere, row as u8, RowView::Weights, |column| {
                if in_game(column) { weight } else { 0 }
            });
        }
    }
}

/// Puts the spikes of a trial with the ball in `row` on a timeline, from `start` on.
pub(super) fn stimulate(timeline: &mut Timeline, row: usize, start: SimTime) {
    for input in 0..ROWS {
        let Some(&rate) = DISTRIBUTION.get(input.abs_diff(row)) else { continue };
        let interval = (INTERVAL_NS as f64 / rate) as u64;
        let events = EVENTS * INTERVAL_NS / interval;
        // Rows start apart, so that no two of their spikes ever coincide.
        let first = start + SimTime::from_ns(1_000 + 40 * input as u64);
        timeline.spike_train((0..events).map(|k| first + SimTime::from_ns(k * interval)), label(input));
    }
    let noise = EVENTS * INTERVAL_NS / NOISE_INTERVAL_NS;
    let first = start + SimTime::from_ns(500);
    timeline
        .spike_train((0..noise).map(|k| first + SimTime::from_ns(k * NOISE_INTERVAL_NS)), label(NOISE_ROW));
}

/// The weights of the game of a hemisphere, read over the Omnibus: addresses, and the column order of the answer.
pub(super) fn weight_addresses(hemisphere: Hemisphere) -> impl Iterator<Item = u32> {
    let array = match hemisphere {
        Hemisphere::Top => 0x02c0_0000,
        Hemisphere::Bottom => 0x03c0_0000,
    };
    // Quads 0..4 hold the even columns 0 to 30.
    (0..ROWS as u32).flat_map(move |row| (0..4).map(move |quad| array + 64 * row + quad))
}
