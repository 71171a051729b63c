//! The chip: three label neurons, sixteen rows of synapses with four candidates each, a teacher, and the processor that learns.

use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::bench::{self, BoardVoltage, ColumnReadout, RowView, SETTLING};
use bss2_calibration::{Bench, BenchError, Targets, calibrate};
use bss2_firmware::block::Block;
use bss2_firmware::control::PARAMETERS;
use bss2_firmware::structural::{self as firmware, Parameters, Record};
use bss2_host::playback::{ProgramBuilder, Timeline};
use bss2_host::registers::capmem::SharedParameter;
use bss2_host::registers::padi::SynapseDriverConfig;
use bss2_host::registers::spl1::CrossbarNode;
use thiserror::Error;

use super::stimulus::{CLASSES, DURATION, Receptors, Sample, Spike};
use crate::experiments::ppu_session::{PpuError, PpuSession, shared_word};
use crate::hardware::Hardware;

/// Synapse rows of the game, each the lower row of a driver of its own.
pub(super) const ROWS: usize = 16;
/// Sources that a row carries, told apart by their labels.
pub(super) const CANDIDATES: usize = Receptors::COUNT / ROWS;
/// Of the label neurons. One parity of columns, as the firmware wants it.
const COLUMNS: [u8; CLASSES.len()] = [0, 2, 4];
const HEMISPHERE: Hemisphere = Hemisphere::Top;

/// Rise of the membrane in CADC codes for a weight of 1 and one spike a microsecond.
const STRENGTH: f64 = 9.0;
/// Weight of the synapses of the teacher, of which a neuron has one on each bus.
const TEACHER_WEIGHT: u8 = 50;
/// The teacher speaks every 20 us, beginning at 10 us.
const TEACHER_PULSES: u64 = 10;
/// Drivers of the teacher begin at this position of the buses.
const TEACHER_POSITION: u16 = 4;
/// Label of the teacher; no candidate has it.
const TEACHER_LABEL: u8 = 63;

/// Codes of `syn_i_bias_store` (amplitude of the correlation sensors) and `syn_i_bias_ramp` (their time constant).
const STORE: u16 = 35;
const RAMP: u16 = 40;
/// Board voltages of the sensors in V: amplitude, and level after a reset.
const V_RES_MEAS: f64 = 1.19;
const V_RESET: f64 = 1.85;

/// Cycles of the processor from the start of a trial to the stimulus, and to its end: 20 us to prepare, a few to spare.
const STIMULUS_START: u32 = 5_000;
const STIMULUS_END: u32 = STIMULUS_START + 52_500;
/// Trials with and without an update.
const TRAIN_PERIOD: u32 = STIMULUS_END + 27_500;
const EVALUATE_PERIOD: u32 = STIMULUS_END + 2_500;
/// From noticing a command to the first trial.
const START_DELAY: u32 = 5_000;
/// Readings averaged for the baseline of a sensor.
const BASELINE_READINGS: u32 = 32;
/// The processor notices a command within a microsecond: this much behind the earliest start of the stimulus it has begun.
const MARGIN: SimTime = SimTime::from_us(3);
/// Where the records go: the beginning of FPGA memory, as the processor sees it.
const RECORDS: u32 = 0x4000_0000;
/// Trials that have room there.
const RING: u32 = 128;

/// Why the network does not do what it should.
#[derive(Debug, Error)]
pub(super) enum NetworkError {
    /// Configuration or calibration failed.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// The program on the processor failed.
    #[error(transparent)]
    Ppu(#[from] PpuError),
    /// The processor did not keep up with the trials.
    #[error("the processor was not ready with command {command} at the end of the last trial")]
    Late {
        /// What it was doing.
        command: u32,
    },
    /// It kept up in the end, but not in every trial.
    #[error("the processor missed {overruns} deadlines")]
    Overrun {
        /// How many.
        overruns: u32,
    },
}

/// What is known of a chip that is calibrated, connected and loaded: its processor and its parameters.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    session: PpuSession,
    parameters: Parameters,
}

impl Prepared {
    /// Brings a chip up, calibrates it, and gives it random weights and labels.
    pub(super) fn new(hardware: &mut Hardware, processor_seed: u32) -> Result<Self, NetworkError> {
        let mut bench = Bench::new(hardware);
        bench.bring_up()?;
        let neurons = COLUMNS.map(|column| Neuron::new(HEMISPHERE, column)).to_vec();
        let targets =
            Targets { reset: 80.0, strength: Some(STRENGTH), inhibitory: true, ..Targets::spiking(neurons) };
        calibrate(&mut bench, &targets, |_, _| ())?;
        configure(&mut bench)?;

        let mut session = PpuSession::load(&mut bench, HEMISPHERE, &bss2_firmware::STRUCTURAL)?;
        let parameters = Parameters {
            seed: processor_seed,
            first_column: COLUMNS[0].into(),
            first_row: 0,
            row_stride: 2,
            start_delay: START_DELAY,
            period: TRAIN_PERIOD,
            stimulus_start: STIMULUS_START,
            stimulus_end: STIMULUS_END,
            baseline_readings: BASELINE_READINGS,
            record_address: RECORDS,
            record_capacity: RING,
            ..session.initial(PARAMETERS)?
        };
        session.write(&mut bench, PARAMETERS, &parameters)?;
        session.start(&mut bench)?;
        session.execute(&mut bench, firmware::COMMAND_INITIALISE, SimTime::from_ms(5))?;
        session.execute(&mut bench, firmware::COMMAND_RANDOMISE, SimTime::from_ms(1))?;
        Ok(Self { session, parameters })
    }

    /// The same, but synapses keep their labels.
    pub(super) fn without_rewiring(mut self) -> Self {
        self.parameters.structure_interval = 0;
        self
    }
}

/// A chip at work.
pub(super) struct Network {
    hardware: Hardware,
    session: PpuSession,
    parameters: Parameters,
}

impl Network {
    /// The chip that was prepared like this.
    pub(super) fn new(hardware: Hardware, Prepared { session, parameters }: Prepared) -> Self {
        Self { hardware, session, parameters }
    }

    /// How long the chip has lived.
    pub(super) fn age(&mut self) -> SimTime {
        self.hardware.chip_time()
    }

    /// Shows samples with teacher and plasticity.
    pub(super) fn train(
        &mut self,
        samples: &[Sample],
        receptors: &mut Receptors,
    ) -> Result<Vec<Trial>, NetworkError> {
        self.show(samples, receptors, true)
    }

    /// Shows samples and lets the label neurons answer; nothing changes.
    pub(super) fn evaluate(
        &mut self,
        samples: &[Sample],
        receptors: &mut Receptors,
    ) -> Result<Vec<Trial>, NetworkError> {
        self.show(samples, receptors, false)
    }

    fn show(
        &mut self,
        samples: &[Sample],
        receptors: &mut Receptors,
        training: bool,
    ) -> Result<Vec<Trial>, NetworkError> {
        let (command, period) = if training {
            (firmware::COMMAND_TRAIN, TRAIN_PERIOD)
        } else {
            (firmware::COMMAND_EVALUATE, EVALUATE_PERIOD)
        };
        self.parameters.trials = samples.len() as u32;
        self.parameters.period = period;
        let begin = |trial: usize| cycles(START_DELAY + STIMULUS_START + trial as u32 * period) + MARGIN;

        let mut timeline = Timeline::new();
        let mut trials = Vec::new();
        for (number, sample) in samples.iter().enumerate() {
            let receptors = receptors.look(sample);
            for &(time, receptor) in &receptors {
                timeline.spike(begin(number) + time, receptor_label(receptor));
            }
            if training {
                for pulse in 0..TEACHER_PULSES {
                    let time = begin(number) + SimTime::from_us(10 + 20 * pulse);
                    (0..4).for_each(|bus| {
                        timeline.spike(time, teacher_label(sample.class, bus));
                    });
                }
            }
            trials.push(Trial {
                sample: *sample,
                receptors,
                record: Record { trial: 0, winner: 0, training: 0, reassigned: 0, counts: [0; 8] },
                neurons: Vec::new(),
            });
        }
        timeline.end(begin(samples.len()));

        let mut bench = Bench::new(&mut self.hardware);
        self.session.write(&mut bench, PARAMETERS, &self.parameters)?;
        let (results, played) = bench.with(|program| {
            self.session.command_in(program, command);
            program.play(&timeline)
        })?;
        // The timeline ends behind the last trial.
        let done = self.session.poll(&mut bench, MARGIN)?.ok_or(NetworkError::Late { command })?;
        let control = self.session.checked(command, done)?;
        if control.overruns > 0 {
            return Err(NetworkError::Overrun { overruns: control.overruns });
        }
        for (trial, record) in
            trials.iter_mut().zip(read_records(&mut bench, control.records, samples.len())?)
        {
            trial.record = record;
        }
        for (time, label) in results.spikes_since(played.epoch).map_err(BenchError::from)? {
            // The neurons' label is their column: event output 0, link 0.
            let neuron = COLUMNS.iter().position(|column| u16::from(*column) == label);
            let Some(neuron) = neuron.filter(|_| time >= begin(0)) else { continue };
            let number = time.saturating_sub(begin(0)).as_ps() / cycles(period).as_ps();
            let since = time.saturating_sub(begin(number as usize));
            if since < DURATION
                && let Some(trial) = trials.get_mut(number as usize)
            {
                trial.neurons.push((since, neuron));
            }
        }
        Ok(trials)
    }

    /// The synapses of the game: of each row those of the label neurons.
    pub(super) fn synapses(&mut self) -> Result<Vec<[Synapse; CLASSES.len()]>, NetworkError> {
        let (results, tickets) = Bench::new(&mut self.hardware).with(|program| {
            let mut read = |row, view| bench::read_row(program, HEMISPHERE, synapse_row(row), view);
            (0..ROWS)
                .map(|row| [RowView::Weights, RowView::Labels].map(|view| read(row, view)))
                .collect::<Vec<_>>()
        })?;
        tickets
            .into_iter()
            .map(|[weights, labels]| {
                let weights =
                    bench::row_values(&results, weights, RowView::Weights).map_err(BenchError::from)?;
                let labels =
                    bench::row_values(&results, labels, RowView::Labels).map_err(BenchError::from)?;
                Ok(COLUMNS.map(|column| Synapse {
                    weight: weights[usize::from(column)],
                    label: labels[usize::from(column)],
                }))
            })
            .collect()
    }
}

/// The last `count` of `written` records.
fn read_records(bench: &mut Bench<'_>, written: u32, count: usize) -> Result<Vec<Record>, NetworkError> {
    let (results, tickets) = bench.with(|program| {
        let mut read = |number: u32| {
            let first = RECORDS + number % RING * Record::SIZE as u32;
            program.read_block(shared_word(first).unwrap_or(0), Record::SIZE / 4)
        };
        (written - count as u32..written).map(&mut read).collect::<Vec<_>>()
    })?;
    Ok(tickets.into_iter().map(|ticket| PpuSession::decode(&results, ticket)).collect::<Result<_, _>>()?)
}

/// Everything that calibration leaves open: sensors, rows, teacher.
fn configure(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    bench.with(|program| {
        bench::set_board_voltage(program, BoardVoltage::ResMeas, V_RES_MEAS);
        bench::set_board_voltage(program, BoardVoltage::CorrelationReset, V_RESET);
        bench::write_shared_cell(program, SharedParameter::SynIBiasStore, STORE);
        bench::write_shared_cell(program, SharedParameter::SynIBiasRamp, RAMP);
        bench::connect_columns(program, ColumnReadout::Correlation);
        // A label on link n goes to bus n of this hemisphere and nowhere else, not back to the host either.
        for link in 0..4 {
            for output in 0..9 {
                let target = u16::from(output != link);
                bench::write(
                    program,
                    24 + 9 * link + output,
                    &CrossbarNode { target, ..CrossbarNode::default() },
                );
            }
        }
        let own = |column: u8| COLUMNS.iter().position(|c| *c == column);
        for row in 0..ROWS {
            write_driver(
                program,
                row as u32,
                SynapseDriverConfig { en_exc_bottom: true, ..SynapseDriverConfig::default() },
            );
            // The columns without a neuron stay deaf.
            bench::write_row(program, HEMISPHERE, synapse_row(row), RowView::Labels, |_| TEACHER_LABEL);
            bench::write_row(program, HEMISPHERE, synapse_row(row), RowView::Weights, |_| 0);
        }
        for class in 0..CLASSES.len() {
            for bus in 0..4 {
                let driver = 4 * (u32::from(TEACHER_POSITION) + class as u32) + bus;
                write_driver(
                    program,
                    driver,
                    SynapseDriverConfig {
                        en_exc_bottom: true,
                        en_inh_top: true,
                        ..SynapseDriverConfig::default()
                    },
                );
                for (row, right) in [(2 * driver, true), (2 * driver + 1, false)] {
                    let label = |column| if own(column).is_some() { TEACHER_LABEL } else { 0 };
                    let weight = |column| {
                        own(column)
                            .map_or(0, |neuron| if (neuron == class) == right { TEACHER_WEIGHT } else { 0 })
                    };
                    bench::write_row(program, HEMISPHERE, row as u8, RowView::Labels, label);
                    bench::write_row(program, HEMISPHERE, row as u8, RowView::Weights, weight);
                }
            }
        }
        program.barrier_omnibus().wait(SETTLING);
    })?;
    Ok(())
}

fn write_driver(program: &mut ProgramBuilder, driver: u32, modes: SynapseDriverConfig) {
    bench::write(
        program,
        128 * HEMISPHERE.index() as u32 + driver,
        &SynapseDriverConfig { en_receiver: true, ..modes },
    );
}

/// The lower row of the driver of the same number.
fn synapse_row(row: usize) -> u8 {
    2 * row as u8
}

/// A synapse of a label neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Synapse {
    /// 0..=63.
    pub(super) weight: u8,
    /// The candidate it listens to, 0..CANDIDATES.
    pub(super) label: u8,
}

/// What happened in a trial.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// What was shown.
    pub(super) sample: Sample,
    /// What the processor wrote down.
    pub(super) record: Record,
    /// Spikes since the beginning of the stimulus: of receptors, by index.
    pub(super) receptors: Vec<Spike>,
    /// Of label neurons, by class.
    pub(super) neurons: Vec<Spike>,
}

fn cycles(processor: u32) -> SimTime {
    SimTime::from_cycles(processor.into(), SimTime::FABRIC_CYCLE)
}

/// Driver `d` of a hemisphere listens to bus `d mod 4` and row select `d div 4` (event-routing 7.1).
fn label_for(bus: u16, position: u16, synapse: u8) -> u16 {
    bus << 14 | position << 6 | u16::from(synapse)
}

fn receptor_label(receptor: usize) -> u16 {
    let (row, candidate) = ((receptor / CANDIDATES) as u16, (receptor % CANDIDATES) as u8);
    label_for(row % 4, row / 4, candidate)
}

fn teacher_label(class: usize, bus: u16) -> u16 {
    label_for(bus, TEACHER_POSITION + class as u16, TEACHER_LABEL)
}
