//! The synaptic lines as integrators, and drivers seen through them (calibration 3.2, O7).
//!
//! Lines without resistor bias float: charge of synapses stays on them for 200 us and is read by the column ADC through the
//! neurons' readout. Where the official measurement discharges the lines through the debug line, which has no counterpart in
//! the emulated chip, this one waits until they have come back by themselves, and subtracts a reading from directly before.
//!
//! Events go to the drivers by the PADI registers, not by the crossbar: the drivers see the same.

use crate::error::Result;
use crate::primitives::cadc::{self, HemisphereTicket};
use crate::program::{
    ColumnReadout, RowView, SETTLING, connect_columns, write, write_cell, write_row, write_shared_cell,
};
use crate::routine::Session;
use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};
use bss2_host::playback::{FpgaCycles, ProgramBuilder};
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared};
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::padi::{CommonPADIBusConfig, CommonSTPConfig, PADIEvent, SynapseDriverConfig};

/// Drivers of a hemisphere and of the chip.
pub const PER_HEMISPHERE: usize = 128;
/// Drivers of a chip: `128 · hemisphere + driver`.
pub const DRIVERS: usize = 2 * PER_HEMISPHERE;
/// Largest activation of a hagen event (calibration 3.2).
pub const MAXIMUM_ACTIVATION: u8 = 31;
/// Weight of the measurement.
const WEIGHT: u8 = 63;
/// Repetitions of a vector (`num_sends`).
const SENDS: usize = 3;
/// Distance of events on the same bus.
const SPACING: FpgaCycles = FpgaCycles(5);
/// From the last event to the reading.
const DELAY: SimTime = SimTime::from_us(2);
/// Until a floating line has come back: 6 time constants of 200 us.
const RECOVERY: SimTime = SimTime::from_us(1200);
/// Readings before and after a vector; a program has this many at most.
const VECTORS_PER_PROGRAM: usize = 64;

/// The quadrant whose analog cells feed a driver (calibration 0.3).
pub const fn quadrant(driver: usize) -> usize {
    2 * (driver / PER_HEMISPHERE) + driver % 2
}

/// Lets the lines of all 512 neurons float and the ADC see the excitatory ones: drivers are seen through all columns, whichever
/// neurons are concerned. Synaptic inputs are off.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn prepare(session: &mut Session<'_>) -> Result<()> {
    let mut program = ProgramBuilder::new();
    connect_columns(&mut program, ColumnReadout::Neurons);
    for cell in [Cell::IBiasSyninExcTau, Cell::IBiasSyninInhTau, Cell::IBiasSyninExcGm, Cell::IBiasSyninInhGm]
    {
        Neuron::all().for_each(|neuron| write_cell(&mut program, neuron, cell, 0));
    }
    let config = NeuronConfig {
        en_readout_amp: true,
        readout_select: 1,
        mem_cap_size: 63,
        en_leak_div: true,
        ..NeuronConfig::default()
    };
    Neuron::all().for_each(|neuron| write(&mut program, coordinates::neuron_config(neuron), &config));
    for hemisphere in 0..2 {
        write(&mut program, hemisphere, &CommonPADIBusConfig::default());
        // Recovery on: without it, what a driver does would depend on all events before.
        let plasticity = CommonSTPConfig { enable_recovery_clock: true, ..CommonSTPConfig::default() };
        write(&mut program, hemisphere, &plasticity);
    }
    write_shared_cell(&mut program, Shared::StpIBiasComparator, 1022);
    write_shared_cell(&mut program, Shared::HagenIbiasDacTop, 820);
    write_shared_cell(&mut program, Shared::HagenIbiasDacBottom, 820);
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

/// A driver as it is used on the lines: both rows excitatory, pulses by the hagen DAC.
pub fn hagen_driver(dac_offset: i32, plasticity_offset: u8) -> SynapseDriverConfig {
    SynapseDriverConfig {
        en_hagen: true,
        en_hagen_modulation: true,
        hagen_dac_offset: dac_offset.clamp(0, 63) as u8,
        ..plastic_driver(plasticity_offset)
    }
}

/// The same with pulses by short-term plasticity, which recovers within a microsecond.
pub fn plastic_driver(plasticity_offset: u8) -> SynapseDriverConfig {
    SynapseDriverConfig {
        en_receiver: true,
        row_address_compare_mask: 31,
        enable_address_out: false,
        en_exc_bottom: true,
        en_exc_top: true,
        en_stp: true,
        en_recovery: true,
        recovery: 15,
        utilization: 7,
        offset: plasticity_offset.min(15),
        ..SynapseDriverConfig::default()
    }
}

/// Gives every driver its own columns: of `parallel` drivers with successive numbers, each drives the synapses (both rows) of
/// every `parallel`-th column and no others, so that they can be measured at once. Columns of one driver are spread over the
/// whole array, which cancels gradients.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn write_weights(session: &mut Session<'_>, parallel: usize) -> Result<()> {
    session.link.establish(|program| {
        for hemisphere in Hemisphere::ALL {
            for row in 0..=u8::MAX {
                let slot = usize::from(row / 2) % parallel;
                let weight = |column: u8| if usize::from(column) % parallel == slot { WEIGHT } else { 0 };
                write_row(program, hemisphere, row, RowView::Weights, weight);
                write_row(program, hemisphere, row, RowView::Labels, |_| 0);
            }
        }
    })
}

/// Sends a hagen event to every driver of a group of `parallel` ones: the label's low bits carry the activation, bit 5 is 0.
fn send(program: &mut ProgramBuilder, hemisphere: Hemisphere, first: usize, parallel: usize, activation: u8) {
    for row_select in first / 4..(first + parallel).div_ceil(4) {
        let hit = |bus: usize| (first..first + parallel).contains(&(4 * row_select + bus));
        let event = PADIEvent {
            fire_bus_0: hit(0),
            fire_bus_1: hit(1),
            fire_bus_2: hit(2),
            fire_bus_3: hit(3),
            event_address: 32 - activation.clamp(1, MAXIMUM_ACTIVATION),
            row_select_address: row_select as u8,
        };
        write(program, hemisphere as u32, &event);
    }
    program.wait(SPACING);
}

/// Drop of the lines by three full events of each driver: median over its columns, mean over `runs`, in codes of the ADC.
/// Of all 256 drivers; drivers are measured `parallel` at a time (1, 2, 4 ... 32), for which [`write_weights`] must have
/// prepared the synapses. With an activation, drivers must be hagen drivers.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn amplitudes(
    session: &mut Session<'_>,
    parallel: usize,
    activation: u8,
    runs: usize,
) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; DRIVERS];
    let groups: Vec<usize> = (0..PER_HEMISPHERE).step_by(parallel).collect();
    for _ in 0..runs.max(1) {
        for some in groups.chunks(VECTORS_PER_PROGRAM) {
            let (results, tickets) = session.link.run(|program| {
                let mut tickets: Vec<(usize, Hemisphere, [HemisphereTicket; 2])> = Vec::new();
                for &first in some {
                    for hemisphere in Hemisphere::ALL {
                        let before = cadc::read_hemisphere(program, hemisphere);
                        program.barrier_omnibus();
                        for _ in 0..SENDS {
                            send(program, hemisphere, first, parallel, activation);
                        }
                        program.wait(DELAY);
                        let after = cadc::read_hemisphere(program, hemisphere);
                        program.barrier_omnibus();
                        tickets.push((first, hemisphere, [before, after]));
                    }
                    program.wait(RECOVERY);
                }
                tickets
            })?;
            for (first, hemisphere, [before, after]) in tickets {
                let (before, after) = (before.potentials(&results)?, after.potentials(&results)?);
                for driver in first..first + parallel {
                    let drops: Vec<f64> = (driver % parallel..COLUMNS)
                        .step_by(parallel)
                        .map(|column| before[column] - after[column])
                        .collect();
                    sums[PER_HEMISPHERE * hemisphere.index() + driver] += crate::evaluation::median(&drops);
                }
            }
        }
    }
    Ok(sums.into_iter().map(|sum| sum / runs.max(1) as f64).collect())
}

/// What vectors of activations give on the lines: drop of each of the 512 columns for each vector.
///
/// `rows` says how vectors hit synapses: entry `r` of a vector (0 to 31, 0 sends nothing) goes to row `r` of both hemispheres.
/// Even rows must have label 0, odd rows label 32: bit 5 of an event tells the rows of a driver apart.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn multiply(session: &mut Session<'_>, vectors: &[Vec<u8>], sends: usize) -> Result<Vec<Vec<f64>>> {
    let mut all = Vec::with_capacity(vectors.len());
    for some in vectors.chunks(8) {
        let (results, tickets) = session.link.run(|program| {
            let mut tickets = Vec::new();
            for vector in some {
                tickets.push(Hemisphere::ALL.map(|hemisphere| {
                    let before = cadc::read_hemisphere(program, hemisphere);
                    program.barrier_omnibus();
                    for _ in 0..sends.max(1) {
                        for (row, &activation) in vector.iter().enumerate().filter(|(_, a)| **a > 0) {
                            let driver = row / 2;
                            let bus = driver % 4;
                            let event = PADIEvent {
                                fire_bus_0: bus == 0,
                                fire_bus_1: bus == 1,
                                fire_bus_2: bus == 2,
                                fire_bus_3: bus == 3,
                                event_address: 32 - activation.min(MAXIMUM_ACTIVATION) + 32 * (row % 2) as u8,
                                row_select_address: (driver / 4) as u8,
                            };
                            write(program, hemisphere as u32, &event);
                            program.wait(SPACING);
                        }
                    }
                    program.wait(DELAY);
                    let after = cadc::read_hemisphere(program, hemisphere);
                    program.barrier_omnibus();
                    [before, after]
                }));
                program.wait(RECOVERY);
            }
            tickets
        })?;
        for halves in tickets {
            let mut drops = Vec::with_capacity(2 * COLUMNS);
            for [before, after] in halves {
                let (before, after) = (before.potentials(&results)?, after.potentials(&results)?);
                drops.extend(before.iter().zip(after).map(|(before, after)| before - after));
            }
            all.push(drops);
        }
    }
    Ok(all)
}
