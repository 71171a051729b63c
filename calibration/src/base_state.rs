//! The states from which routines start (calibration 2).

use crate::error::Result;
use crate::program::{RowView, SETTLING, write, write_row, write_shared_cell};
use crate::routine::Session;
use bss2_base::{Hemisphere, RowMode, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::cadc::CADCConfig;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared};
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig};
use bss2_host::registers::padi::CommonSTPConfig;
use bss2_host::registers::synapse_memory::CommonCorrelationConfig;

use crate::primitives::padi;
use crate::program::{ColumnReadout, connect_columns};

/// Synapse rows of each hemisphere that stimulate, and their weight (calibration 2.1).
pub const STIMULUS_ROWS: u8 = 8;
/// Weight of the synapses of stimulating rows.
pub const STIMULUS_WEIGHT: u8 = 10;
/// Label that stimulating rows listen to.
pub const STIMULUS_LABEL: u8 = 0;
/// Largest synaptic weight.
pub const MAXIMUM_WEIGHT: u8 = 63;

/// Synapse weights and labels of both hemispheres: `rows` rows, from the first on, that listen to [`STIMULUS_LABEL`] with this
/// weight; the others have weight 0 and another label.
pub fn write_synapses(program: &mut ProgramBuilder, rows: u16, weight: u8) {
    for hemisphere in Hemisphere::ALL {
        for row in 0..=u8::MAX {
            let (weight, label) =
                if u16::from(row) < rows { (weight, STIMULUS_LABEL) } else { (0, STIMULUS_LABEL + 1) };
            write_row(program, hemisphere, row, RowView::Weights, |_| weight);
            write_row(program, hemisphere, row, RowView::Labels, |_| label);
        }
    }
}

/// Static biases and enables of the column ADC (calibration 2.3). Ramps and channel offsets are left alone.
pub fn write_cadc(program: &mut ProgramBuilder) {
    for hemisphere in 0..2 {
        write(program, hemisphere, &CADCConfig { enable: true, ..CADCConfig::default() });
    }
    write_shared_cell(program, Shared::CadcVBiasRampBuf, 400);
    write_shared_cell(program, Shared::CadcIBiasComp, 1022);
    write_shared_cell(program, Shared::CadcIBiasVresetBuf, 1022);
}

/// Nominal ramps of the column ADC: codes 20 to 220 for 0.15 V to 1.05 V (analog-core 7.1). A calibration of the ADC
/// replaces them.
pub fn write_nominal_ramps(program: &mut ProgramBuilder) {
    write_shared_cell(program, Shared::CadcVRampOffset, 31);
    write_shared_cell(program, Shared::CadcIRampSlope, 369);
}

/// Biases of the membrane ADC (calibration 2.2).
pub fn write_madc(program: &mut ProgramBuilder) {
    write_shared_cell(program, Shared::ReadoutAcMuxIBias, 500);
    write_shared_cell(program, Shared::ReadoutMadcIn500na, 500);
    write_shared_cell(program, Shared::ReadoutScAmpIBias, 500);
    write_shared_cell(program, Shared::ReadoutPseudoDiffVRef, 400);
    write_shared_cell(program, Shared::ReadoutScAmpVRef, 400);
}

/// Shared biases of the neurons (calibration 2.1).
pub fn write_neuron_biases(program: &mut ProgramBuilder) {
    write_shared_cell(program, Shared::NeuronVBiasCascN, 250);
    write_shared_cell(program, Shared::NeuronIBiasReadoutAmp, 110);
    write_shared_cell(program, Shared::NeuronIBiasLeakSourceFollower, 100);
    write_shared_cell(program, Shared::NeuronIBiasSpikeComparator, 200);
    write_shared_cell(program, Shared::NeuronIBiasSyninDrop, 300);
    write_shared_cell(program, Shared::ReadoutOutAmpIBias0, 1022);
    write_shared_cell(program, Shared::ReadoutOutAmpIBias1, 1022);
}

/// The integration base state (calibration 2.1), where all neuron routines begin: every column's ADC channels see the neuron, both
/// synaptic inputs on, leak divided, resets fast, comparators off, 8 stimulating rows.
///
/// Differs from the official one in this: the correlation sensors are not connected to the channels besides the neurons, and
/// drivers are off until a routine needs them.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn integration(session: &mut Session<'_>) -> Result<()> {
    session.link.establish(|program| {
        connect_columns(program, ColumnReadout::Neurons);
        for hemisphere in 0..2 {
            let common = CommonNeuronBackendConfig {
                clock_scale_slow: 9,
                clock_scale_fast: 2,
                ..CommonNeuronBackendConfig::default()
            };
            write(program, hemisphere, &common);
            write(program, hemisphere, &CommonSTPConfig::default());
            let correlation =
                CommonCorrelationConfig { reset_duration: 5, ..CommonCorrelationConfig::default() };
            write(program, hemisphere, &correlation);
        }
        padi::drivers(program, RowMode::Disabled);
        write_synapses(program, STIMULUS_ROWS.into(), STIMULUS_WEIGHT);
        write_cadc(program);
        write_madc(program);
        write_neuron_biases(program);
        write_shared_cell(program, Shared::SynIBiasDac, 1022);
    })?;
    let mut program = ProgramBuilder::new();
    // The refractory time first: a neuron that may fire without one is a mistake.
    session.change_backends(&mut program, |_, _| {
        NeuronBackendConfig { select_input_clock: true, ..NeuronBackendConfig::default() }
            .with_refractory_time(70)
            .with_reset_holdoff(15)
    });
    session.change_neurons(&mut program, |_, config| {
        *config = bss2_host::registers::neuron::NeuronConfig {
            en_readout_amp: true,
            mem_cap_size: 63,
            en_synin_exc: true,
            en_synin_inh: true,
            en_leak_div: true,
            en_fire: true,
            en_reset_mul: true,
            ..Default::default()
        };
    });
    for (cell, code) in [
        (Cell::IBiasSyninExcGm, 0),
        (Cell::IBiasSyninInhGm, 0),
        (Cell::IBiasLeak, 200),
        (Cell::VLeak, 700),
        (Cell::VReset, 700),
        (Cell::IBiasReset, 1012),
        (Cell::IBiasSyninExcCoba, 0),
        (Cell::IBiasSyninInhCoba, 0),
        (Cell::IBiasSyninExcShift, 310),
        (Cell::IBiasSyninInhShift, 310),
        (Cell::IBiasSyninExcTau, 1017),
        (Cell::IBiasSyninInhTau, 1017),
    ] {
        session.write_cells_noisy(&mut program, cell, code);
    }
    // Everything at once changes a lot (calibration 0.2).
    program.barrier_omnibus().wait(SimTime::from_ps(5 * SETTLING.as_ps()));
    session.link.run_program(&program.finish()?)?;
    Ok(())
}
