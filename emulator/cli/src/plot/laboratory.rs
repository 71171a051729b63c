//! A chip on the table, brought up and wired for pictures, driven through its host interface alone.

use bss2_analog::mismatch::{ChipMismatch, Parameter, constants};
use bss2_analog::{AnalogOptions, Line, MismatchSwitches, NeuronParameters};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::bench::{self, ColumnReadout, RowView, SETTLING};
use bss2_calibration::quick::{NeuronCodes, Targets, calibrate, write_shared_cells};
use bss2_calibration::{Bench, BenchError};
use bss2_chip::physics::{CellAddress, NeuronRow, SharedCell};
use bss2_chip::{Chip, ChipOptions};
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter};
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::padi::{CommonPADIBusConfig, CommonSTPConfig, SynapseDriverConfig};
use bss2_host::registers::spl1::CrossbarNode;

use super::options::Individual;
use crate::experiments::{Context, During, ExperimentError};

/// Labels of the two rows of a driver: the first drives excitatory inputs, the second inhibitory ones.
const LABELS: [u8; 2] = [1, 2];

/// The analog parameters of a neuron, by code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Codes {
    /// `v_leak`, `v_reset`, `v_threshold`.
    pub(super) potentials: [u16; 3],
    /// `i_bias_leak`.
    pub(super) leak: u16,
    /// `i_bias_synin_*_tau`, excitatory first.
    pub(super) tau: [u16; 2],
    /// `i_bias_synin_*_shift`.
    pub(super) shift: [u16; 2],
    /// `i_bias_synin_*_gm`.
    pub(super) strength: [u16; 2],
    /// `i_mem_offset`.
    pub(super) offset: u16,
}

impl Codes {
    /// Those that give the typical neuron the default spiking targets (experiments 2.2): time constants of 10 us, leak 0.42 V,
    /// reset 0.375 V, threshold 0.62 V.
    pub(super) const TYPICAL: Self = Self {
        potentials: [630, 600, 322],
        leak: 115,
        tau: [50, 48],
        shift: [310; 2],
        strength: [500; 2],
        offset: 0,
    };

    /// With what a calibration found.
    pub(super) fn calibrated(self, found: &NeuronCodes) -> Self {
        Self {
            potentials: [found.leak, found.reset, found.threshold],
            shift: found.shift,
            strength: found.strength,
            ..self
        }
    }
}

/// What of a neuron is switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    /// The comparator.
    pub(super) fires: bool,
    /// Excitatory and inhibitory input.
    pub(super) inputs: [bool; 2],
    /// The offset current.
    pub(super) offset: bool,
    /// The readout amplifier on its line to the membrane ADC.
    pub(super) observed: bool,
}

impl Switches {
    /// The register block.
    pub(super) fn config(self) -> NeuronConfig {
        NeuronConfig {
            en_fire: self.fires,
            en_thresh_comp: self.fires,
            en_readout_amp: true,
            en_readout: self.observed,
            en_synin_exc: self.inputs[0],
            en_synin_inh: self.inputs[1],
            en_mem_off: self.offset,
            en_reset_mul: true,
            mem_cap_size: 63,
            ..NeuronConfig::default()
        }
    }
}

/// The short-term plasticity of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plasticity {
    /// Which pair of target voltages: false facilitates, true depresses (analog-core 5.4).
    pub(super) depresses: bool,
    /// Code of the utilisation, 0..=15.
    pub(super) utilization: u8,
    /// Code of the recovery, 0..=15.
    pub(super) recovery: u8,
    /// Divider of the recovery clock, 0..=15.
    pub(super) clock: u8,
}

impl Individual {
    /// The chip in this process, at power-up.
    pub(super) fn chip(&self) -> Executor<Chip> {
        self.chip_at(bss2_analog::Level::Fast)
    }

    /// The same with circuits that are followed at this level.
    fn chip_at(&self, level: bss2_analog::Level) -> Executor<Chip> {
        let mut options = ChipOptions { seed: self.chip_seed, ..ChipOptions::default() };
        if self.ideal {
            options.mismatch = MismatchSwitches::IDEAL;
            options.analog = AnalogOptions::noiseless();
            (options.capmem.write_noise, options.capmem.drift) = (false, false);
        }
        options.analog.level = level;
        Executor::new(Chip::with_options(options), ExecutorConfig::power_up())
    }

    /// Its fixed pattern.
    fn mismatch(&self) -> ChipMismatch {
        let switches = if self.ideal { MismatchSwitches::IDEAL } else { MismatchSwitches::default() };
        ChipMismatch::new(self.chip_seed, switches)
    }
}

/// A chip in this process.
pub(super) struct Laboratory {
    chip: Executor<Chip>,
    individual: Individual,
}

impl Laboratory {
    /// Starts the chip up, writes the shared analog cells, and lets spikes of the host reach all synapse drivers.
    pub(super) fn bring_up(individual: Individual) -> Result<Self, ExperimentError> {
        Self::bring_up_at(individual, bss2_analog::Level::Fast)
    }

    /// The same with circuits that are followed at this level.
    pub(super) fn bring_up_at(
        individual: Individual,
        level: bss2_analog::Level,
    ) -> Result<Self, ExperimentError> {
        let mut laboratory = Self { chip: individual.chip_at(level), individual };
        laboratory.bench().bring_up().during("starting the chip")?;
        laboratory.with("configuring the chip", |program| {
            write_shared_cells(program);
            for cell in [SharedParameter::StpIRamp, SharedParameter::StpICalib] {
                bench::write_shared_cell(program, cell, 600);
            }
            bench::connect_columns(program, ColumnReadout::Neurons);
            connect_host_to_drivers(program);
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(laboratory)
    }

    /// The table with the chip.
    pub(super) fn bench(&mut self) -> Bench<'_> {
        Bench::new(&mut self.chip)
    }

    /// Runs a program that answers nothing.
    pub(super) fn with(
        &mut self,
        activity: &'static str,
        write: impl FnOnce(&mut ProgramBuilder),
    ) -> Result<(), ExperimentError> {
        self.bench().with(write).during(activity)?;
        Ok(())
    }

    /// Calibrates potentials and inputs of these neurons and returns their codes. The wiring is that of [`Self::bring_up`] again.
    pub(super) fn calibrate(
        &mut self,
        neurons: &[Neuron],
        context: &Context,
    ) -> Result<Vec<Codes>, ExperimentError> {
        let task = context.task("calibrating", 100, "%");
        let mut done = 0;
        let targets = Targets { inhibitory: true, ..Targets::spiking(neurons.to_vec()) };
        let calibration = calibrate(&mut self.bench(), &targets, |step, fraction| {
            task.message(step);
            let percent = (100.0 * fraction) as u64;
            task.advance(percent - done);
            done = percent;
        })
        .during("calibrating")?;
        self.with("wiring the chip", connect_host_to_drivers)?;
        Ok(calibration.codes.iter().map(|found| Codes::TYPICAL.calibrated(found)).collect())
    }

    /// Writes the analog cells of neurons and their configuration, and waits until they have settled.
    pub(super) fn write_neurons(
        &mut self,
        neurons: &[Neuron],
        codes: &[Codes],
        switches: Switches,
    ) -> Result<(), ExperimentError> {
        self.with("configuring neurons", |program| {
            for (&neuron, codes) in neurons.iter().zip(codes) {
                write_neuron(program, neuron, codes, switches);
            }
            program.barrier_omnibus().wait(SETTLING);
        })
    }

    /// Switches on a driver of this hemisphere with both of its rows, whose synapses get these weights in all columns.
    pub(super) fn write_driver(
        &mut self,
        hemisphere: Hemisphere,
        driver: u8,
        weights: [u8; 2],
        plasticity: Option<Plasticity>,
    ) -> Result<(), ExperimentError> {
        self.with("configuring a synapse driver", |program| {
            let mut config = SynapseDriverConfig {
                en_receiver: true,
                en_exc_bottom: true,
                en_inh_top: true,
                offset: 7,
                ..SynapseDriverConfig::default()
            };
            if let Some(plasticity) = plasticity {
                config.en_stp = true;
                config.en_recovery = true;
                config.select_target_voltages = plasticity.depresses;
                config.utilization = plasticity.utilization;
                config.recovery = plasticity.recovery;
                let clock =
                    CommonSTPConfig { enable_recovery_clock: true, recovery_clock_speed: plasticity.clock };
                bench::write(program, hemisphere.index() as u32, &clock);
            }
            bench::write(program, coordinates::synapse_driver(hemisphere, driver), &config);
            for ((row, label), weight) in (2 * driver..).zip(LABELS).zip(weights) {
                bench::write_row(program, hemisphere, row, RowView::Labels, |_| label);
                bench::write_row(program, hemisphere, row, RowView::Weights, |_| weight);
            }
            program.barrier_omnibus();
        })
    }

    /// What the circuit of a neuron really is at this moment.
    pub(super) fn circuit(&self, neuron: Neuron) -> NeuronParameters {
        *self.chip.device().analog().neuron(neuron)
    }

    /// The same with all that the linear part leaves out.
    pub(super) fn whole_circuit(&self, neuron: Neuron) -> bss2_analog::circuit::Circuit {
        *self.chip.device().analog().circuit(neuron)
    }

    /// What the circuit of a synapse driver really is at this moment.
    pub(super) fn driver(&self, hemisphere: Hemisphere, driver: u8) -> bss2_analog::DriverParameters {
        *self.chip.device().analog().driver(hemisphere, driver)
    }

    /// The charge in C that a synapse of weight 1 in this row really gives a neuron with a full pulse, up to the error of writing the
    /// bias of the DAC (analog-core 5.2).
    pub(super) fn charge(&self, neuron: Neuron, row: u8) -> f64 {
        let chip = self.individual.mismatch();
        let (hemisphere, column) = (neuron.hemisphere().index(), usize::from(neuron.column()));
        let synapse = (256 * hemisphere + usize::from(row)) * 256 + column;
        let cell = SharedCell::SynIBiasDac.address(neuron.quadrant());
        let bias = 600.0
            * chip.value(Parameter::CurrentCellGain, neuron.quadrant().index())
            * chip.value(Parameter::CurrentCell, cell.index());
        chip.value(Parameter::SynapseCharge, synapse) * bias / constants::SYNAPSE_DAC_REFERENCE
    }

    /// The offset current in A per code of its cell, for this neuron.
    pub(super) fn current_per_code(&self, neuron: Neuron) -> f64 {
        let chip = self.individual.mismatch();
        let cell = CellAddress::of_neuron(neuron, NeuronRow::IMemOffset);
        chip.value(Parameter::OffsetCurrent, neuron.index())
            * chip.value(Parameter::CurrentCellGain, neuron.quadrant().index())
            * chip.value(Parameter::CurrentCell, cell.index())
    }
}

/// The label of a spike of the host that reaches a driver's excitatory or inhibitory row: PADI bus, position on it, synapse
/// label (event-routing 3.1, 7.1).
pub(super) fn label(driver: u8, line: Line) -> u16 {
    let driver = u16::from(driver);
    (driver % 4) << 14 | (driver / 4) << 6 | u16::from(LABELS[line as usize])
}

/// A spike of the host reaches the PADI bus of its link in both hemispheres, and nothing else; those of neurons leave the chip.
fn connect_host_to_drivers(program: &mut ProgramBuilder) {
    for node in (0..24).filter(|node| node % 3 != 2) {
        bench::write(program, node, &CrossbarNode { target: 1, ..CrossbarNode::default() });
    }
    for link in 0..4 {
        for output in 0..9 {
            let wanted = output < 8 && output % 4 == link;
            let target = if wanted { 0 } else { 1 };
            bench::write(
                program,
                24 + 9 * link + output,
                &CrossbarNode { target, ..CrossbarNode::default() },
            );
        }
    }
    for hemisphere in 0..2 {
        let config = CommonPADIBusConfig {
            enable_spl1_0: true,
            enable_spl1_1: true,
            enable_spl1_2: true,
            enable_spl1_3: true,
            ..CommonPADIBusConfig::default()
        };
        bench::write(program, hemisphere, &config);
    }
    program.barrier_omnibus();
}

/// Cells, configuration and back-end of a neuron: refractory for 2 us, free again with the last tick of 8 ns.
pub(super) fn write_neuron(program: &mut ProgramBuilder, neuron: Neuron, codes: &Codes, switches: Switches) {
    for (cell, code) in [
        (Cell::VLeak, codes.potentials[0]),
        (Cell::VReset, codes.potentials[1]),
        (Cell::VThreshold, codes.potentials[2]),
        (Cell::IBiasLeak, codes.leak),
        (Cell::IBiasReset, 1022),
        (Cell::IBiasSyninExcTau, codes.tau[0]),
        (Cell::IBiasSyninInhTau, codes.tau[1]),
        (Cell::IBiasSyninExcShift, codes.shift[0]),
        (Cell::IBiasSyninInhShift, codes.shift[1]),
        (Cell::IBiasSyninExcGm, codes.strength[0]),
        (Cell::IBiasSyninInhGm, codes.strength[1]),
        (Cell::IMemOffset, codes.offset),
    ] {
        bench::write_cell(program, neuron, cell, code);
    }
    let backend = NeuronBackendConfig { en_spike_out: switches.fires, ..NeuronBackendConfig::default() }
        .with_address_out(bench::neuron_address(neuron))
        .with_refractory_time(250)
        .with_reset_holdoff(15);
    // The back-end first: a neuron that may fire without its refractory time would be warned of.
    bench::write(program, coordinates::neuron_backend(neuron), &backend);
    bench::write(program, coordinates::neuron_config(neuron), &switches.config());
}

/// Random moments within a span, `rate` of them in a microsecond, that a seed determines.
pub(super) fn poisson(seed: u64, rate: f64, span: SimTime) -> Vec<SimTime> {
    use rand::{RngExt, SeedableRng};
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
    let slot = SimTime::from_ns(80);
    // Two events in one slot are one.
    let chance = (rate * slot.as_us_f64()).min(1.0);
    let slots = span.as_ps() / slot.as_ps();
    (0..slots).filter(|_| random.random_bool(chance)).map(|index| SimTime::from_cycles(index, slot)).collect()
}

/// What a bench says, for those who only know its error.
pub(super) type Measured<T> = Result<T, BenchError>;
