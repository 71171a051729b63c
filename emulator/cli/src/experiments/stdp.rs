//! Correlation sensors: what 256 synapses remember of pairs of spikes (experiments E16; calibration 3.3, 4.5).
//!
//! # The experiment
//!
//! Every synapse measures how closely its input events and the spikes of its neuron follow each other. A pair of "pre" and "post"
//! at a distance dt adds `A exp(-|dt| / tau)` to one of two accumulators: the causal one if pre came first, the acausal one
//! otherwise. The plasticity processor reads both through the column ADC. The reading *falls* with correlation, so what is reported is
//! (reading after a reset - reading after the pairs).
//!
//! The plasticity processor makes the pairs by itself (program `stdp`): an input event by the event register of PADI bus 0, which
//! reaches rows 0 and 1, and an artificial spike of all 128 neurons in even columns. All weights are 0: a synapse of an enabled
//! row takes notice of its events all the same, but no neuron is disturbed.
//!
//! # What is done
//!
//! 1. **Curves as the chip comes**: for each of 12 distances reset, read, 30 pairs, read; a fit gives each sensor's A and tau.
//! 2. **Calibration**: A is inversely proportional to the shared bias `syn_i_bias_store`, tau to `syn_i_bias_ramp`. Both are moved,
//!    in each quadrant, until the medians are 0.5 CADC codes and 5 us; then the curves are measured again. The sensors of
//!    a quadrant have no other knob in common: the spread between synapses and the asymmetry of the branches stay.
//! 3. **Correction bits**: every synapse has two bits that make its A smaller and two that make its tau shorter, both to 1/1.75 when
//!    all are set.
//! 4. **Saturation**: up to 1000 pairs without a reset.
//! 5. **Leakage**: the same accumulators, left alone for 300 ms.
//!
//! # Choices
//!
//! Pairs follow each other after 500 us, ten times the longest distance, because a trace that has not been used waits for its
//! partner (calibration 3.3). A time constant is fitted only where a sensor answers with 5 codes or more. The 1 % of dead sensors count in
//! all shares and medians of amplitudes.

use bss2_base::{Hemisphere, Neuron, Quadrant, SimTime};
use bss2_calibration::bench::{self, BoardVoltage, ColumnReadout, RowView, SETTLING};
use bss2_calibration::quick::write_shared_cells;
use bss2_calibration::{Bench, BenchError};
use bss2_firmware::control::PARAMETERS;
use bss2_firmware::stdp as firmware;
use bss2_host::registers::capmem::SharedParameter;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};

use super::ppu_session::{PpuError, PpuSession, shared_word};
use super::statistics::{median, quantile, share};
use super::{Context, During, Experiment, ExperimentError, Report};
use crate::hardware::Hardware;
use crate::plots::{
    Axis, Bundle, Distribution, Histogram, Hue, Mark, Plot, Reference, Sheet, Traces, XyPlot, XySeries,
};
use crate::progress::Task;

/// Synapses answer to the order and distance of spikes.
#[derive(clap::Args, Debug)]
pub(super) struct Stdp {
    /// Pairs of spikes at each distance, 5..=200
    #[arg(long, default_value_t = 30, value_name = "N")]
    pairs: u32,
}

const HEMISPHERE: Hemisphere = Hemisphere::Top;
/// Rows 0 and 1 belong to driver 0, which listens to PADI bus 0.
const ROWS: usize = 2;
const DRIVER: u8 = 0;
const LABEL: u8 = 15;
/// Neurons of one parity of columns.
pub(crate) const LANES: usize = 128;
/// Synapses: index `128 * row + lane`, in column `2 * lane`.
pub(crate) const SYNAPSES: usize = ROWS * LANES;

/// Distances from pre to post, us.
const DELAYS: [f64; 12] = [-50.0, -10.0, -5.0, -2.5, -1.0, -0.5, 0.5, 1.0, 2.5, 5.0, 10.0, 50.0];
/// The steps of the correlation axis that fit into figures.
const SHOWN: std::ops::Range<usize> = 1..11;

/// Processor cycles in a microsecond.
const CYCLES_PER_US: f64 = 250.0;
/// Time between pairs of a curve, and of the saturation experiment, us.
const PERIOD_US: f64 = 500.0;
const FAST_PERIOD_US: f64 = 100.0;
/// The saturation experiment: readings, pairs between them, their distance in us.
const SATURATION_READINGS: usize = 10;
const SATURATION_PAIRS: u32 = 100;
const SATURATION_DELAY: f64 = 1.0;
/// The leakage experiment: readings, time between them.
const LEAKAGE_READINGS: usize = 6;
const LEAKAGE_STEP: SimTime = SimTime::from_ms(50);

/// What the calibration aims at: CADC codes per pair, us (calibration 4.5).
const TARGET_AMPLITUDE: f64 = 0.5;
const TARGET_TAU: f64 = 5.0;
/// Answers below are too small for the fit of a time constant, CADC codes.
const FAINT: f64 = 5.0;

/// Where the program writes readings: 512 bytes for each row.
const RESULTS: u32 = 0x4000_0000;

pub(crate) const BRANCHES: [&str; 2] = ["causal", "acausal"];
pub(crate) const HUES: [Hue; 2] = [Hue::Blue, Hue::Orange];

/// From the command to the first pair, us: the trace of a spike before the reset has faded by then.
const START_DELAY_US: f64 = 250.0;

/// What the program is told: `delay` and `period` in us.
fn parameters(pairs: u32, delay: f64, period: f64) -> firmware::Parameters {
    firmware::Parameters {
        first_row: 0,
        rows: ROWS as u32,
        result_address: RESULTS,
        start_delay: (START_DELAY_US * CYCLES_PER_US) as u32,
        pairs,
        period: (period * CYCLES_PER_US) as u32,
        interval: (delay * CYCLES_PER_US) as i32,
        padi_buses: 1,
        row_select: 0,
        label: LABEL.into(),
        parity: 0,
    }
}

/// One value for each synapse, in both branches.
type Reading = [Vec<f64>; 2];

/// Answers of all synapses to pairs at all distances.
pub(crate) struct Curves {
    /// By branch, then synapse, then distance: CADC codes for all pairs together.
    pub(crate) answers: [Vec<Vec<f64>>; 2],
    /// Readings right after the resets, of all distances.
    baselines: Vec<f64>,
    /// The distances as the processor made them, us.
    pub(crate) delays: Vec<f64>,
    pairs: f64,
}

/// `A exp(-t / tau)` for each synapse: CADC codes per pair, us. A time constant that cannot be told is not a number.
pub(crate) struct Fits {
    pub(crate) amplitude: Vec<f64>,
    pub(crate) tau: Vec<f64>,
}

/// Shared biases of the west and the east quadrant.
#[derive(Clone, Copy, Debug)]
struct Biases {
    store: [u16; 2],
    ramp: [u16; 2],
}

impl Experiment for Stdp {
    const NAME: &'static str = "stdp";
    const ABOUT: &'static str = "Measures how synapses answer to the order and distance of spikes";
    const REFERENCE: &'static str = "experiments E16; calibration 3.3, 4.5";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        if !(5..=200).contains(&self.pairs) {
            let reason = format!("{} is not within 5..=200", self.pairs);
            return Err(ExperimentError::Option { option: "pairs", reason });
        }
        let mut chip = context.chip()?;
        let mut report = Report::new();
        self.measure_all(&mut chip, context, &mut report)?;
        report.chip_time = chip.chip_time();
        Ok(report)
    }
}

impl Stdp {
    /// The five parts; leaves early if the user wants to stop.
    fn measure_all(
        &self,
        chip: &mut Hardware,
        context: &Context,
        report: &mut Report,
    ) -> Result<(), ExperimentError> {
        let mut lab = Laboratory::set_up(Bench::new(chip)).during("setting up the chip")?;
        let task = context.task("measuring curves", 4 * DELAYS.len() as u64, "distances");
        let curves = |lab: &mut Laboratory<'_>| {
            lab.curves(&DELAYS, self.pairs, context, &task).during("measuring curves")
        };

        let Some(raw) = curves(&mut lab)? else { return Ok(()) };
        let nominal = Biases { store: [70; 2], ramp: [80; 2] };
        let raw_fits = raw.fits();
        let biases = nominal.towards_targets(&raw_fits);
        lab.write_biases(&biases).during("writing biases")?;
        let Some(calibrated) = curves(&mut lab)? else { return Ok(()) };
        let fits = calibrated.fits();
        write_curves(context, &calibrated, &fits)?;
        draw_curves(context, &calibrated, &fits)?;
        evaluate_curves(report, &calibrated, &fits, &raw_fits, &biases);

        lab.write_corrections(RowView::AmplitudeCalibration, 3).during("writing amplitude corrections")?;
        let Some(small) = curves(&mut lab)? else { return Ok(()) };
        lab.write_corrections(RowView::AmplitudeCalibration, 0).during("writing amplitude corrections")?;
        lab.write_corrections(RowView::TimeCalibration, 3).during("writing time corrections")?;
        let Some(short) = curves(&mut lab)? else { return Ok(()) };
        lab.write_corrections(RowView::TimeCalibration, 0).during("writing time corrections")?;
        evaluate_corrections(report, &fits, &small.fits(), &short.fits());
        draw_corrections(context, [&calibrated, &small, &short])?;

        let filling = lab.saturation().during("filling the accumulators")?;
        let leaking = lab.leakage().during("waiting for the accumulators to leak")?;
        evaluate_accumulators(report, &filling, &leaking);
        draw_accumulators(context, &filling, &leaking)
    }
}

/// The chip with the program on its processor.
pub(crate) struct Laboratory<'c> {
    bench: Bench<'c>,
    session: PpuSession,
}

impl<'c> Laboratory<'c> {
    /// Brings the chip up, supplies the sensors, connects them to the ADC, and starts the program.
    pub(crate) fn set_up(mut bench: Bench<'c>) -> Result<Self, PpuError> {
        bench.bring_up()?;
        bench.with(|program| {
            bench::set_board_voltage(program, BoardVoltage::ResMeas, 0.9);
            bench::set_board_voltage(program, BoardVoltage::CorrelationReset, 1.85);
            write_shared_cells(program);
            bench::connect_columns(program, ColumnReadout::Correlation);
            // Neurons that spike when they are told to, and then rest for 2 us: no comparator, no inputs.
            let config = NeuronConfig { en_fire: true, ..NeuronConfig::default() };
            let backend = NeuronBackendConfig::default().with_refractory_time(255);
            for lane in 0..LANES {
                let neuron = Neuron::new(HEMISPHERE, 2 * lane as u8);
                // A neuron that may fire before its back-end is set would be warned of.
                bench::write(program, coordinates::neuron_backend(neuron), &backend);
                bench::write(program, coordinates::neuron_config(neuron), &config);
            }
            // The bus listens to the event register of the processor, its driver to the row select address 0.
            bench::write(program, HEMISPHERE.index() as u32, &CommonPADIBusConfig::default());
            let driver = SynapseDriverConfig {
                en_receiver: true,
                en_exc_bottom: true,
                en_exc_top: true,
                ..SynapseDriverConfig::default()
            };
            bench::write(program, coordinates::synapse_driver(HEMISPHERE, DRIVER), &driver);
            for row in 0..ROWS as u8 {
                bench::write_row(program, HEMISPHERE, row, RowView::Weights, |_| 0);
                bench::write_row(program, HEMISPHERE, row, RowView::Labels, |_| LABEL);
            }
            program.barrier_omnibus().wait(SETTLING);
        })?;
        let mut session = PpuSession::load(&mut bench, HEMISPHERE, &bss2_firmware::STDP)?;
        // Resets and readings take their rows from here as well.
        session.write(&mut bench, PARAMETERS, &parameters(0, 1.0, PERIOD_US))?;
        session.start(&mut bench)?;
        Ok(Self { bench, session })
    }

    fn write_biases(&mut self, biases: &Biases) -> Result<(), BenchError> {
        self.bench.with(|program| {
            for (side, quadrant) in [Quadrant::NorthWest, Quadrant::NorthEast].into_iter().enumerate() {
                let mut write =
                    |cell, codes: [u16; 2]| bench::write_shared_cell_of(program, quadrant, cell, codes[side]);
                write(SharedParameter::SynIBiasStore, biases.store);
                write(SharedParameter::SynIBiasRamp, biases.ramp);
            }
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// Gives all synapses the same correction.
    fn write_corrections(&mut self, view: RowView, code: u8) -> Result<(), BenchError> {
        self.bench.with(|program| {
            (0..ROWS as u8).for_each(|row| bench::write_row(program, HEMISPHERE, row, view, |_| code));
            program.barrier_omnibus();
        })?;
        Ok(())
    }

    /// Makes pairs: `delay` and `period` in us.
    fn pair(&mut self, pairs: u32, delay: f64, period: f64) -> Result<f64, PpuError> {
        self.session.write(&mut self.bench, PARAMETERS, &parameters(pairs, delay, period))?;
        let expected = SimTime::from_us((START_DELAY_US + f64::from(pairs) * period) as u64 + 20);
        self.session.execute(&mut self.bench, firmware::COMMAND_PAIR, expected)?;
        // When the last pair really came.
        let [input, spike] = firmware::LAST_TIMES.map(|symbol| self.session.word(symbol, 4));
        let (input, spike) = (input?, spike?);
        let (results, ticket) = self.bench.with(|program| program.read_all([input, spike]))?;
        let times = results.words(ticket).map_err(BenchError::from)?;
        Ok(f64::from(times[1].wrapping_sub(times[0]) as i32) / CYCLES_PER_US)
    }

    fn reset(&mut self) -> Result<(), PpuError> {
        self.session.execute(&mut self.bench, firmware::COMMAND_RESET, SimTime::from_us(10))?;
        Ok(())
    }

    /// Reads the sensors of all synapses.
    fn read(&mut self) -> Result<Reading, PpuError> {
        self.session.execute(&mut self.bench, firmware::COMMAND_READ, SimTime::from_us(20))?;
        let words = LANES as u32;
        let first = shared_word(RESULTS).unwrap_or_default();
        let (results, tickets) = self.bench.with(|program| {
            (0..ROWS as u32).map(|row| program.read_block(first + words * row, LANES)).collect::<Vec<_>>()
        })?;
        let mut codes: Reading = [Vec::with_capacity(SYNAPSES), Vec::with_capacity(SYNAPSES)];
        for ticket in tickets {
            let row: firmware::Reading = PpuSession::decode(&results, ticket)?;
            codes[0].extend(row.causal_even.map(f64::from));
            codes[1].extend(row.acausal_even.map(f64::from));
        }
        Ok(codes)
    }

    /// The curves of all synapses over these distances in us; `None` if the user wanted to stop.
    pub(crate) fn curves(
        &mut self,
        delays: &[f64],
        pairs: u32,
        context: &Context,
        task: &Task,
    ) -> Result<Option<Curves>, PpuError> {
        let empty = || vec![Vec::new(); SYNAPSES];
        let mut curves = Curves {
            answers: [empty(), empty()],
            baselines: Vec::new(),
            delays: Vec::new(),
            pairs: f64::from(pairs),
        };
        for &delay in delays {
            if context.cancelled() {
                return Ok(None);
            }
            self.reset()?;
            let before = self.read()?;
            curves.delays.push(self.pair(pairs, delay, PERIOD_US)?);
            let after = self.read()?;
            for ((answers, before), after) in curves.answers.iter_mut().zip(&before).zip(&after) {
                for ((answers, before), after) in answers.iter_mut().zip(before).zip(after) {
                    answers.push(before - after);
                }
            }
            curves.baselines.extend(before.into_iter().flatten());
            task.advance(1);
        }
        Ok(Some(curves))
    }

    /// Causal accumulators of all synapses after 0, 100, ... pairs without a reset in between.
    fn saturation(&mut self) -> Result<Vec<Vec<f64>>, PpuError> {
        self.reset()?;
        let [baseline, _] = self.read()?;
        let mut traces = vec![vec![0.0]; SYNAPSES];
        for _ in 0..SATURATION_READINGS {
            self.pair(SATURATION_PAIRS, SATURATION_DELAY, FAST_PERIOD_US)?;
            let [causal, _] = self.read()?;
            for ((trace, baseline), causal) in traces.iter_mut().zip(&baseline).zip(causal) {
                trace.push(baseline - causal);
            }
        }
        Ok(traces)
    }

    /// How much of the causal accumulators is lost after 0, 50, ... ms without events.
    fn leakage(&mut self) -> Result<Vec<Vec<f64>>, PpuError> {
        let [full, _] = self.read()?;
        let mut traces = vec![vec![0.0]; SYNAPSES];
        for _ in 0..LEAKAGE_READINGS {
            self.bench.with(|program| {
                program.wait(LEAKAGE_STEP);
            })?;
            let [causal, _] = self.read()?;
            for ((trace, full), causal) in traces.iter_mut().zip(&full).zip(causal) {
                trace.push(causal - full);
            }
        }
        Ok(traces)
    }
}

impl Biases {
    /// Moved so that the medians of the sensors reach the targets: both quantities are inversely proportional to their bias. The
    /// branches share it, so the geometric mean of their medians counts.
    fn towards_targets(self, fits: &[Fits; 2]) -> Self {
        let correct = |code: u16, side: usize, values: [&Vec<f64>; 2], target: f64| {
            let [causal, acausal] = values.map(|values| median(&of_side(values, side)));
            let factor = (causal * acausal).sqrt() / target;
            (f64::from(code) * factor).round().clamp(10.0, 1022.0) as u16
        };
        let [causal, acausal] = fits;
        let amplitudes = [&causal.amplitude, &acausal.amplitude];
        let taus = [&causal.tau, &acausal.tau];
        Self {
            store: [0, 1].map(|side| correct(self.store[side], side, amplitudes, TARGET_AMPLITUDE)),
            ramp: [0, 1].map(|side| correct(self.ramp[side], side, taus, TARGET_TAU)),
        }
    }
}

/// The values of the synapses west (0) or east (1) of the middle.
fn of_side(values: &[f64], side: usize) -> Vec<f64> {
    let lanes = side * LANES / 2..(side + 1) * LANES / 2;
    values.iter().enumerate().filter(|(index, _)| lanes.contains(&(index % LANES))).map(|(_, &v)| v).collect()
}

impl Curves {
    /// The answers of one branch at one distance.
    fn at(&self, branch: usize, delay: usize) -> Vec<f64> {
        self.answers[branch].iter().map(|answers| answers[delay]).collect()
    }

    /// The median curve of a branch.
    pub(crate) fn median(&self, branch: usize) -> Vec<(f64, f64)> {
        self.delays
            .iter()
            .enumerate()
            .map(|(index, &delay)| (delay, median(&self.at(branch, index))))
            .collect()
    }

    /// Fits each synapse's answers on the side where its branch answers.
    pub(crate) fn fits(&self) -> [Fits; 2] {
        [1.0, -1.0].map(|sign| {
            let branch = usize::from(sign < 0.0);
            let (amplitude, tau) = self.answers[branch]
                .iter()
                .map(|answers| {
                    let points = self.delays.iter().zip(answers).filter(|(delay, _)| *delay * sign > 0.0);
                    let points: Vec<_> = points.map(|(delay, answer)| (delay.abs(), *answer)).collect();
                    let (amplitude, tau) = fit_exponential(&points);
                    let faint = points.iter().all(|(_, answer)| *answer < FAINT);
                    (amplitude / self.pairs, if faint { f64::NAN } else { tau })
                })
                .unzip();
            Fits { amplitude, tau }
        })
    }
}

/// Amplitude and time constant of the exponential next to the points, by least squares: for each time constant on a fine
/// logarithmic scale from 0.3 to 60 us there is one best amplitude.
fn fit_exponential(points: &[(f64, f64)]) -> (f64, f64) {
    const STEPS: i32 = 265;
    let mut best = (f64::INFINITY, 0.0, f64::NAN);
    for step in 0..=STEPS {
        let tau = 0.3 * 1.02f64.powi(step);
        let (mut model_squared, mut product) = (0.0, 0.0);
        for (time, answer) in points {
            let model = (-time / tau).exp();
            model_squared += model * model;
            product += model * answer;
        }
        let amplitude = (product / model_squared).max(0.0);
        let error: f64 =
            points.iter().map(|(t, answer)| (answer - amplitude * (-t / tau).exp()).powi(2)).sum();
        if error < best.0 {
            best = (error, amplitude, tau);
        }
    }
    (best.1, best.2)
}

fn write_curves(context: &Context, curves: &Curves, fits: &[Fits; 2]) -> Result<(), ExperimentError> {
    let mut table = context.csv("curves", &["row", "column", "delay_us", "causal", "acausal"])?;
    for synapse in 0..SYNAPSES {
        let place = [(synapse / LANES) as f64, (2 * (synapse % LANES)) as f64];
        for (index, &delay) in curves.delays.iter().enumerate() {
            let answers = [0, 1].map(|branch: usize| curves.answers[branch][synapse][index]);
            table.row(&[place[0], place[1], delay, answers[0], answers[1]])?;
        }
    }
    let mut table = context.csv(
        "sensors",
        &["row", "column", "causal_amplitude", "causal_tau_us", "acausal_amplitude", "acausal_tau_us"],
    )?;
    let [causal, acausal] = fits;
    for synapse in 0..SYNAPSES {
        table.row(&[
            (synapse / LANES) as f64,
            (2 * (synapse % LANES)) as f64,
            causal.amplitude[synapse],
            causal.tau[synapse],
            acausal.amplitude[synapse],
            acausal.tau[synapse],
        ])?;
    }
    Ok(())
}

fn evaluate_curves(report: &mut Report, curves: &Curves, fits: &[Fits; 2], raw: &[Fits; 2], biases: &Biases) {
    // The official calibration refuses readings below 120 after a reset, on a chip whose ADC is calibrated. Here it is not, so
    // single channels may be lower.
    report.figure("reading_after_reset", median(&curves.baselines)).unit("LSB").at_least(120.0);
    let lowest = curves.baselines.iter().copied().fold(f64::INFINITY, f64::min);
    report.figure("lowest_reading_after_reset", lowest).unit("LSB");

    // A synapse is right if the branch of the order answers more than the other, at 1 and at 5 us (calibration 8).
    let index = |delay: f64| DELAYS.iter().position(|&known| known == delay).unwrap_or(0);
    let right = |delay: f64| {
        let branch = usize::from(delay < 0.0);
        let (own, other) = (curves.at(branch, index(delay)), curves.at(1 - branch, index(delay)));
        own.iter().zip(&other).filter(|(own, other)| own > other).count() as f64 / SYNAPSES as f64
    };
    let orders: Vec<f64> = [1.0, 5.0, -1.0, -5.0].into_iter().map(right).collect();
    report.figure("share_with_right_branch", orders).at_least(0.8);
    let nearer = |sign: f64| {
        let branch = usize::from(sign < 0.0);
        let (near, far) = (curves.at(branch, index(sign)), curves.at(branch, index(5.0 * sign)));
        near.iter().zip(&far).filter(|(near, far)| near > far).count() as f64 / SYNAPSES as f64
    };
    report.figure("share_stronger_when_nearer", vec![nearer(1.0), nearer(-1.0)]).at_least(0.8);
    let wrong = curves.delays.iter().enumerate().map(|(index, &delay)| {
        let branch = usize::from(delay > 0.0);
        median(&curves.at(branch, index)).abs()
    });
    report.figure("median_answer_of_wrong_branch", wrong.fold(0.0, f64::max)).unit("LSB").at_most(1.0);

    let percentiles = |values: &[f64]| [0.3, 0.5, 0.7].map(|share| quantile(values, share)).to_vec();
    for (name, (fits, raw)) in BRANCHES.into_iter().zip(fits.iter().zip(raw)) {
        report.figure(format!("{name}_amplitude_uncalibrated"), median(&raw.amplitude)).unit("LSB per pair");
        report
            .figure(format!("{name}_amplitude_percentiles_30_50_70"), percentiles(&fits.amplitude))
            .unit("LSB per pair")
            .within(TARGET_AMPLITUDE / 2.0, TARGET_AMPLITUDE * 2.0);
        report.figure(format!("{name}_tau_uncalibrated"), median(&raw.tau)).unit("us");
        report
            .figure(format!("{name}_tau_percentiles_30_50_70"), percentiles(&fits.tau))
            .unit("us")
            .within(TARGET_TAU / 2.0, TARGET_TAU * 2.0);
        report.figure(
            format!("{name}_amplitude_spread"),
            (quantile(&fits.amplitude, 0.84) / quantile(&fits.amplitude, 0.16)).ln() / 2.0,
        );
        report.figure(
            format!("{name}_tau_spread"),
            (quantile(&fits.tau, 0.84) / quantile(&fits.tau, 0.16)).ln() / 2.0,
        );
    }
    let dead = share(&fits[0].amplitude, |amplitude| amplitude < 0.02);
    report.figure("share_of_dead_causal_sensors", dead).at_most(0.05);
    let codes = |codes: [u16; 2]| codes.map(f64::from).to_vec();
    report.figure("store_bias_west_east", codes(biases.store)).unit("code");
    report.figure("ramp_bias_west_east", codes(biases.ramp)).unit("code");
}

/// What remains of a quantity, as the median of the ratios of all synapses.
fn remainder(before: &[f64], after: &[f64]) -> f64 {
    median(&before.iter().zip(after).map(|(before, after)| after / before).collect::<Vec<_>>())
}

fn evaluate_corrections(report: &mut Report, fits: &[Fits; 2], small: &[Fits; 2], short: &[Fits; 2]) {
    let ratios = |other: &[Fits; 2], quantity: fn(&Fits) -> &Vec<f64>| {
        fits.iter()
            .zip(other)
            .map(|(fits, other)| remainder(quantity(fits), quantity(other)))
            .collect::<Vec<_>>()
    };
    // 1 / 1.75 within a fifth.
    report.figure("amplitude_with_amplitude_bits", ratios(small, |f| &f.amplitude)).within(0.46, 0.69);
    report.figure("tau_with_amplitude_bits", ratios(small, |f| &f.tau)).within(0.8, 1.25);
    report.figure("tau_with_time_bits", ratios(short, |f| &f.tau)).within(0.46, 0.69);
    report.figure("amplitude_with_time_bits", ratios(short, |f| &f.amplitude)).within(0.8, 1.25);
}

fn evaluate_accumulators(report: &mut Report, filling: &[Vec<f64>], leaking: &[Vec<f64>]) {
    let at = |traces: &[Vec<f64>], index: usize| {
        median(&traces.iter().map(|trace| trace[index]).collect::<Vec<_>>())
    };
    // The accumulators end at 165 LSB of a calibrated ADC (analog-core 6), whose ramp differs by a few per cent here.
    let first = at(filling, 1);
    let last = at(filling, SATURATION_READINGS) - at(filling, SATURATION_READINGS - 1);
    report.figure("answer_to_1000_pairs", at(filling, SATURATION_READINGS)).unit("LSB").at_most(180.0);
    report.figure("last_hundred_pairs_to_first", last / first).at_most(0.5);
    let full: Vec<&Vec<f64>> =
        filling.iter().zip(leaking).filter(|(f, _)| f[SATURATION_READINGS] > 40.0).map(|(_, l)| l).collect();
    let lost = median(&full.iter().map(|trace| trace[LEAKAGE_READINGS]).collect::<Vec<_>>());
    let span = LEAKAGE_READINGS as f64 * LEAKAGE_STEP.as_secs_f64() * 1e3;
    report.figure("leakage", lost / span).unit("LSB per ms").within(0.025, 0.1);
}

fn draw_curves(context: &Context, curves: &Curves, fits: &[Fits; 2]) -> Result<(), ExperimentError> {
    let delays = Axis::new("post \u{2212} pre (µs)");
    let answer = || Axis::new(format!("answer to {} pairs (CADC LSB)", curves.pairs));
    // Nothing is known at 0: a gap in the middle of the axis.
    let with_gap = |values: &[f64], at_zero: f64| {
        let (before, behind) = values[SHOWN].split_at(SHOWN.len() / 2);
        [before, &[at_zero], behind].concat()
    };
    let group = |branch: usize| Traces {
        label: BRANCHES[branch].into(),
        values: curves.answers[branch].iter().map(|answers| with_gap(answers, f64::NAN)).collect(),
        hue: HUES[branch],
    };
    let bundle = Bundle {
        title: format!("Correlation in {SYNAPSES} synapses"),
        x: delays.clone(),
        y: answer(),
        times: with_gap(&curves.delays, 0.0),
        groups: vec![group(1), group(0)],
        singles: 4,
        references: Vec::new(),
    };
    let mut series = Vec::new();
    for (branch, fits) in fits.iter().enumerate() {
        let sign = if branch == 0 { 1.0 } else { -1.0 };
        let (amplitude, tau) = (median(&fits.amplitude) * curves.pairs, median(&fits.tau));
        let model = |time: f64| (sign * time, amplitude * (-time / tau).exp());
        let points = curves.median(branch)[SHOWN].to_vec();
        series.push(XySeries::new(
            format!("fit, τ = {tau:.1} µs"),
            (0..=110).map(|step| model(0.1 * f64::from(step))).collect(),
            Mark::Dashed,
            HUES[branch],
        ));
        series.push(XySeries::new(format!("{}, median", BRANCHES[branch]), points, Mark::Dots, HUES[branch]));
    }
    let fitted = XyPlot {
        title: "Median over synapses".into(),
        x: delays,
        y: answer(),
        series,
        references: Vec::new(),
        cross: true,
    };
    context.plot("stdp-synapses", &bundle)?;
    context.plot("stdp-median", &fitted)?;

    let histogram = |title: &str, x: Axis, target: f64, values: &dyn Fn(&Fits) -> Vec<f64>| Histogram {
        title: title.into(),
        x,
        y: "sensors".into(),
        bins: 40,
        distributions: vec![
            Distribution { label: "causal".into(), values: values(&fits[0]), hue: HUES[0] },
            Distribution { label: "acausal".into(), values: values(&fits[1]), hue: HUES[1] },
        ],
        target: Some(Reference::new(target, "target")),
    };
    let amplitudes = histogram(
        "Amplitude",
        Axis::from_to("amplitude per pair (CADC LSB)", 0.0, 2.0),
        TARGET_AMPLITUDE,
        &|fits| fits.amplitude.clone(),
    );
    let taus = histogram("Time constant", Axis::from_to("τ (µs)", 0.0, 20.0), TARGET_TAU, &|fits| {
        fits.tau.clone()
    });
    context.plot("sensors", &Sheet::new("").row([&amplitudes as &dyn Plot, &taus]))?;
    Ok(())
}

fn draw_corrections(context: &Context, curves: [&Curves; 3]) -> Result<(), ExperimentError> {
    let names = ["no corrections", "amplitude bits set", "time bits set"];
    let mut series = Vec::new();
    for (index, (name, curves)) in names.into_iter().zip(curves).enumerate() {
        for branch in [1, 0] {
            let sign = if branch == 0 { 1.0 } else { -1.0 };
            let mut points = curves.median(branch)[SHOWN].to_vec();
            points.retain(|(delay, _)| delay * sign > 0.0);
            let label = if branch == 0 { name } else { "" };
            series.push(XySeries::new(label, points, Mark::DotsAndLine, Hue::of_group(index)));
        }
    }
    context.plot(
        "corrections",
        &XyPlot {
            title: "The correction bits of the synapses".into(),
            x: Axis::new("post \u{2212} pre (µs)"),
            y: Axis::new(format!("median answer to {} pairs (CADC LSB)", curves[0].pairs)),
            series,
            references: Vec::new(),
            cross: true,
        },
    )?;
    Ok(())
}

fn draw_accumulators(
    context: &Context,
    filling: &[Vec<f64>],
    leaking: &[Vec<f64>],
) -> Result<(), ExperimentError> {
    let saturation = Bundle {
        title: "Saturation".into(),
        x: Axis::new("pairs, 1 µs apart"),
        y: Axis::new("causal answer (CADC LSB)"),
        times: (0..=SATURATION_READINGS).map(|index| index as f64 * f64::from(SATURATION_PAIRS)).collect(),
        groups: vec![Traces { label: "median synapse".into(), values: filling.to_vec(), hue: HUES[0] }],
        singles: 4,
        references: vec![Reference::new(165.0, "limit of the accumulator")],
    };
    let left = filling.iter().zip(leaking).map(|(filled, lost)| {
        let full = filled[SATURATION_READINGS];
        lost.iter().map(|lost| full - lost).collect()
    });
    let leakage = Bundle {
        title: "Leakage".into(),
        x: Axis::new("chip time (ms)"),
        y: Axis::new("causal answer (CADC LSB)"),
        times: (0..=LEAKAGE_READINGS).map(|index| index as f64 * LEAKAGE_STEP.as_secs_f64() * 1e3).collect(),
        groups: vec![Traces { label: "median synapse".into(), values: left.collect(), hue: HUES[0] }],
        singles: 4,
        references: Vec::new(),
    };
    context.plot("accumulators", &Sheet::new("").row([&saturation as &dyn Plot, &leakage]))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_finds_the_exponential_it_was_given() {
        let points: Vec<_> = [0.5, 1.0, 2.5, 5.0, 10.0].map(|t: f64| (t, 15.0 * (-t / 5.0).exp())).to_vec();
        let (amplitude, tau) = fit_exponential(&points);
        assert!((amplitude - 15.0).abs() < 0.2 && (tau - 5.0).abs() < 0.1, "{amplitude} {tau}");
    }

    #[test]
    fn few_pairs_already_show_the_curves_and_their_corrections() {
        let folder = tempfile::tempdir().unwrap();
        let report = Stdp { pairs: 20 }.run(&Context::quiet(1, folder.path()).unwrap()).unwrap();
        for figure in report.figures() {
            assert_ne!(figure.met(), Some(false), "{figure:?}");
        }
        assert!(report.figures().iter().filter(|figure| figure.met().is_some()).count() > 10);
        let sensors = std::fs::read_to_string(folder.path().join("sensors.csv")).unwrap();
        assert_eq!(sensors.lines().count(), 1 + SYNAPSES);
    }

    #[test]
    fn synapses_of_a_side_are_those_of_its_quadrant() {
        let columns: Vec<f64> = (0..SYNAPSES).map(|synapse| (2 * (synapse % LANES)) as f64).collect();
        assert!(of_side(&columns, 0).iter().all(|&column| column < 128.0));
        assert_eq!(of_side(&columns, 1).len(), SYNAPSES / 2);
    }
}
