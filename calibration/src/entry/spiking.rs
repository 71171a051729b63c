//! Spiking neurons, from a chip of which nothing is known to one that does what it is told (calibration 5.4).

use super::adex;
use super::target::{SpikingOptions, SpikingTarget, Strength};
use crate::algorithms::Search;
use crate::base_state;
use crate::cadc::{self, CadcTarget, Reference};
use crate::error::Result;
use crate::neuron::dac_bias::SynapseDacBias;
use crate::neuron::membrane::{MembraneCadc, MembraneMadc};
use crate::neuron::potential::{LeakPotential, ResetPotential};
use crate::neuron::reference::SynapticReference;
use crate::neuron::strength::SynapticStrength;
use crate::neuron::synaptic::SynapticTimeConstant;
use crate::neuron::threshold::ThresholdCadc;
use crate::neuron::{Polarity, refractory};
use crate::primitives::cadc::{Repeated, mean};
use crate::program::{SETTLING, write_shared_cell};
use crate::result::{InstanceKind, Record};
use crate::routine::{Outcome, Routine, Session};
use crate::{correlation, driver};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared, shared_parameter};
use bss2_host::registers::coordinates::capmem_cell_of;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::{Block, Location, decode};
use serde::{Deserialize, Serialize};

/// Leak potential while the inputs are calibrated, codes.
const INPUT_LEAK: f64 = 120.0;
/// `syn_i_bias_dac` while the drivers are calibrated (calibration 5.3).
const LINES_DAC_BIAS: u16 = 800;
/// Synaptic and membrane time constants while the inputs are calibrated, microseconds.
const INPUT_TAU_SYN: f64 = 1.5;
const INPUT_TAU_MEM: f64 = 60.0;

/// The parts, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Ramps and offsets of the column ADC.
    ColumnAdc,
    /// Time constants of the inputs.
    SynapticTimeConstants,
    /// Equal synaptic currents in the quadrants.
    DacBias,
    /// Thresholds.
    Threshold,
    /// Slow membranes and fast inputs, for the next two.
    InputPreparation,
    /// Strengths of the inputs.
    Strengths,
    /// References of the inputs.
    References,
    /// Membrane time constants.
    Membrane,
    /// Leak and reset potentials.
    Potentials,
    /// Offsets of the synapse drivers for short-term plasticity.
    Plasticity,
    /// The column ADC and all potentials once more, with inputs on.
    Refinement,
    /// Adaptation and exponential term.
    Adex,
    /// Correlation sensors, which disturb everything else.
    Correlation,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Self; 13] = [
        Self::ColumnAdc,
        Self::SynapticTimeConstants,
        Self::DacBias,
        Self::Threshold,
        Self::InputPreparation,
        Self::Strengths,
        Self::References,
        Self::Membrane,
        Self::Potentials,
        Self::Plasticity,
        Self::Refinement,
        Self::Adex,
        Self::Correlation,
    ];

    /// What it takes on the chip for this many neurons with the default target, about: for estimates of the time left.
    pub fn chip_time(self, neurons: usize) -> SimTime {
        // Milliseconds whatever the number of neurons, and for all 512 of them.
        let (constant, each) = match self {
            Self::ColumnAdc => (700, 0),
            Self::SynapticTimeConstants => (600, 11_700),
            Self::DacBias => (300, 0),
            Self::Threshold => (300, 0),
            Self::InputPreparation => (5_600, 7_900),
            Self::Strengths => (9_400, 0),
            Self::References => (600, 0),
            Self::Membrane => (600, 13_000),
            Self::Potentials => (600, 0),
            Self::Plasticity => (2_500, 0),
            Self::Refinement => (1_600, 0),
            Self::Adex => (3_500, 34_000),
            Self::Correlation => (275_000, 0),
        };
        SimTime::from_ms(constant + each * neurons as u64 / 512)
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ColumnAdc => "column ADC",
            Self::SynapticTimeConstants => "synaptic time constants",
            Self::DacBias => "synapse DAC bias",
            Self::Threshold => "thresholds",
            Self::InputPreparation => "slow membranes, fast inputs",
            Self::Strengths => "synaptic strengths",
            Self::References => "synaptic references",
            Self::Membrane => "membrane time constants",
            Self::Potentials => "leak and reset potentials",
            Self::Plasticity => "drivers, short-term plasticity",
            Self::Refinement => "refinement",
            Self::Adex => "adaptation, exponential term",
            Self::Correlation => "correlation sensors",
        }
    }
}

/// A time constant of an input as it was found: codes and whether in high-resistance mode, by neuron.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FoundTimeConstant {
    codes: Vec<i32>,
    high_resistance: Vec<bool>,
}

/// What later parts need to know from earlier ones. With the state of the chip, all that is needed to go on after a break.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Findings {
    time_constants: [FoundTimeConstant; 2],
    threshold: Vec<i32>,
    dac_bias: Vec<i32>,
    rest: Vec<f64>,
    adc_reference: Option<Reference>,
}

/// A calibration of spiking neurons under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Spiking {
    target: SpikingTarget,
    options: SpikingOptions,
    pub(super) findings: Findings,
}

impl Spiking {
    /// A calibration that has not begun.
    pub fn new(target: SpikingTarget, options: SpikingOptions) -> Self {
        Self { target, options, findings: Findings::default() }
    }

    /// The parts of this calibration.
    pub fn stages(&self) -> Vec<Stage> {
        let wanted = |stage: &Stage| match stage {
            Stage::Refinement => self.options.refine_potentials,
            Stage::Adex => self.target.adaptation.is_some() || self.target.exponential.is_some(),
            Stage::Correlation => self.target.correlation.is_some(),
            _ => true,
        };
        Stage::ALL.into_iter().filter(wanted).collect()
    }

    /// Runs one part on a chip on which the earlier ones were run.
    ///
    /// # Errors
    /// What the routines fail with.
    pub fn run(&mut self, session: &mut Session<'_>, stage: Stage) -> Result<Vec<Record>> {
        let count = session.neurons().len();
        match stage {
            Stage::ColumnAdc => {
                for warning in self.target.check(count)? {
                    session.note(&warning);
                }
                let records = self.calibrate_adc(session)?;
                base_state::integration(session)?;
                quiet(session)?;
                Ok(records)
            }
            Stage::SynapticTimeConstants => {
                let mut records = Vec::new();
                for polarity in Polarity::ALL {
                    let target = self.target.tau_syn[polarity.index()].spread(count)?;
                    let mut routine = SynapticTimeConstant::new(polarity);
                    records.push(neurons(session, &mut routine, Some(&target))?);
                }
                self.findings.time_constants = Polarity::ALL.map(|polarity| found(session, polarity));
                Ok(records)
            }
            Stage::DacBias => {
                let bias = self.target.synapse_dac_bias.clamp(0, 1022) as u16;
                session.link.configure(|program| write_shared_cell(program, Shared::SynIBiasDac, bias))?;
                let outcome = session.calibrate(&mut SynapseDacBias::default(), &Search::Binary, None)?;
                self.findings.dac_bias = outcome.parameters.clone();
                Ok(vec![Record::of_all(InstanceKind::Quadrant, outcome)])
            }
            Stage::Threshold => {
                let record = self.calibrate_threshold(session)?;
                Ok(vec![record])
            }
            Stage::InputPreparation => self.prepare_inputs(session),
            Stage::Strengths => self.calibrate_strengths(session),
            Stage::References => self.calibrate_references(session),
            Stage::Membrane => self.calibrate_membrane(session),
            Stage::Potentials => {
                let reset = self.calibrate_reset(session)?;
                let leak = self.calibrate_leak(session)?;
                self.finish(session)?;
                Ok(vec![reset, leak])
            }
            Stage::Correlation => match &self.target.correlation {
                Some(target) => {
                    Ok(correlation::calibrate(session, target, &self.options.correlation)?.records)
                }
                None => Ok(Vec::new()),
            },
            Stage::Adex => adex::calibrate(session, &self.target, self.options.reads),
            Stage::Plasticity => self.calibrate_plasticity(session),
            Stage::Refinement => {
                let mut records = self.calibrate_adc(session)?;
                let threshold = self.calibrate_threshold(session)?;
                comparators(session, false)?;
                let reset = self.calibrate_reset(session)?;
                let leak = self.calibrate_leak(session)?;
                comparators(session, true)?;
                records.extend([threshold, reset, leak]);
                Ok(records)
            }
        }
    }

    /// The column ADC over the range of membranes.
    fn calibrate_adc(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let adc = cadc::calibrate(
            session,
            &self.target.cadc,
            &self.options.cadc,
            self.findings.adc_reference.as_ref(),
        )?;
        self.findings.adc_reference = Some(adc.reference);
        Ok(adc.records)
    }

    /// Offsets of the drivers, with the ADC in the range of the synaptic lines; everything else is put back.
    fn calibrate_plasticity(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let before = session.link.written().clone();
        let reference = self.findings.adc_reference.as_ref();
        cadc::calibrate(session, &CadcTarget::lines(), &self.options.cadc, reference)?;
        session.link.configure(|program| write_shared_cell(program, Shared::SynIBiasDac, LINES_DAC_BIAS))?;
        let record =
            driver::calibrate_plasticity(session, &self.target.plasticity, &self.options.plasticity)?;
        session.link.restore_some(&before, |address| !of_plasticity(address))?;
        Ok(vec![record])
    }

    fn calibrate_threshold(&mut self, session: &mut Session<'_>) -> Result<Record> {
        let target = self.target.threshold.spread(session.neurons().len())?;
        let mut routine =
            if self.options.thorough_thresholds { ThresholdCadc::default() } else { ThresholdCadc::quick() };
        let record = neurons(session, &mut routine, Some(&target))?;
        self.findings.threshold = record.outcome.parameters.clone();
        Ok(record)
    }

    fn calibrate_leak(&self, session: &mut Session<'_>) -> Result<Record> {
        let target = self.target.leak.spread(session.neurons().len())?;
        neurons(session, &mut LeakPotential { reads: self.options.reads }, Some(&target))
    }

    fn calibrate_reset(&self, session: &mut Session<'_>) -> Result<Record> {
        let target = self.target.reset.spread(session.neurons().len())?;
        let mut routine = ResetPotential::default();
        routine.reads = self.options.reads;
        neurons(session, &mut routine, Some(&target))
    }

    /// The base state again, with what is known already; long membrane and short synaptic time constants.
    fn prepare_inputs(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        base_state::integration(session)?;
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::VThreshold, &self.findings.threshold);
        session.write_quadrants(&mut program, Shared::SynIBiasDac, &self.findings.dac_bias);
        session.change_neurons(&mut program, |_, config| {
            (config.en_synin_exc, config.en_synin_inh) = (false, false);
        });
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let leak = |session: &mut Session<'_>| {
            session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&[INPUT_LEAK]))
        };
        leak(session)?;
        for polarity in Polarity::ALL {
            let mut routine = SynapticTimeConstant::new(polarity);
            session.calibrate(&mut routine, &Search::NOISY, Some(&[INPUT_TAU_SYN]))?;
        }
        let mut membrane = MembraneCadc::default();
        membrane.leak = Some(INPUT_LEAK);
        session.calibrate(&mut membrane, &Search::NOISY, Some(&[INPUT_TAU_MEM]))?;
        leak(session)?;
        let reads = Repeated { reads: 16, after_reset: None, wait: SimTime::from_us(100) };
        self.findings.rest = mean(session, reads)?;
        Ok(Vec::new())
    }

    fn calibrate_strengths(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let count = session.neurons().len();
        let codes = match &self.target.strength {
            Strength::Matching { gm } => [*gm; 2],
            Strength::Calibrated { gm } => *gm,
            Strength::Uncalibrated { gm } => {
                let mut program = ProgramBuilder::new();
                for polarity in Polarity::ALL {
                    let values = gm[polarity.index()].spread(count)?;
                    let codes: Vec<i32> = values.iter().map(|value| value.round() as i32).collect();
                    session.write_cells(&mut program, polarity.gm(), &codes);
                }
                program.barrier_omnibus().wait(SETTLING);
                session.link.run_program(&program.finish()?)?;
                return Ok(Vec::new());
            }
        };
        let matching = matches!(self.target.strength, Strength::Matching { .. });
        let mut excitatory = SynapticStrength::spiking(Polarity::Excitatory, codes[0]);
        excitatory.rest.clone_from(&self.findings.rest);
        let first = neurons(session, &mut excitatory, None)?;
        let mut inhibitory = SynapticStrength::spiking(Polarity::Inhibitory, codes[1]);
        inhibitory.rest.clone_from(&self.findings.rest);
        if matching {
            inhibitory.events = excitatory.events;
        }
        let target = first.outcome.targets.clone();
        let second = neurons(session, &mut inhibitory, matching.then_some(target.as_slice()))?;
        Ok(vec![first, second])
    }

    fn calibrate_references(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            (config.en_synin_exc, config.en_synin_inh) = (false, false);
        });
        session.link.run_program(&program.finish()?)?;
        let mut records = Vec::new();
        for polarity in [Polarity::Inhibitory, Polarity::Excitatory] {
            let mut routine = SynapticReference::new(polarity);
            records.push(neurons(session, &mut routine, Some(&self.findings.rest))?);
        }
        Ok(records)
    }

    /// The user's synaptic time constants again, capacitors, refractory times; then the membrane time constant, with inputs and
    /// comparators off.
    fn calibrate_membrane(&mut self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let count = session.neurons().len();
        let capacitance = self.target.membrane_capacitance.spread(count)?;
        let refractory = refractory::settings(
            &self.target.refractory_time.spread(count)?,
            &self.target.holdoff_time.spread(count)?,
        )?;
        for warning in &refractory.warnings {
            session.note(warning);
        }
        let mut program = ProgramBuilder::new();
        for polarity in Polarity::ALL {
            session.write_cells(
                &mut program,
                polarity.tau(),
                &self.findings.time_constants[polarity.index()].codes,
            );
        }
        let [excitatory, inhibitory] = &self.findings.time_constants;
        session.change_neurons(&mut program, |index, config| {
            *config = NeuronConfig {
                en_synin_exc_high_res: excitatory.high_resistance[index],
                en_synin_inh_high_res: inhibitory.high_resistance[index],
                en_synin_exc: false,
                en_synin_inh: false,
                en_thresh_comp: false,
                mem_cap_size: capacitance[index].round() as u8,
                ..*config
            };
        });
        refractory.write(session, &mut program);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        self.calibrate_leak(session)?;
        let target = self.target.tau_mem.spread(count)?;
        Ok(vec![neurons(session, &mut MembraneMadc::default(), Some(&target))?])
    }

    /// Inputs and comparators on: the neurons as they shall be.
    fn finish(&self, session: &mut Session<'_>) -> Result<()> {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig {
                en_synin_exc: true,
                en_synin_inh: true,
                en_thresh_comp: true,
                en_fire: true,
                ..*config
            };
        });
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}

/// Whether a word belongs to short-term plasticity: configurations of drivers, and the shared cells that they use.
fn of_plasticity(address: u32) -> bool {
    use Shared::{
        StpIBiasComparator, StpICalib, StpIRamp, StpVCharge0, StpVCharge1, StpVRecover0, StpVRecover1,
    };
    let Some(Location::Register(register)) = decode(address) else { return false };
    match register.block {
        Block::SynapseDriverConfig => true,
        Block::CapMemCell => capmem_cell_of(register.instance).is_some_and(|(block, row, column)| {
            let cell = shared_parameter(block, row, column);
            matches!(
                cell,
                Some(
                    StpVCharge0
                        | StpVRecover0
                        | StpVCharge1
                        | StpVRecover1
                        | StpIRamp
                        | StpICalib
                        | StpIBiasComparator
                )
            )
        }),
        _ => false,
    }
}

/// Inputs and comparators off.
fn quiet(session: &mut Session<'_>) -> Result<()> {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| {
        (config.en_synin_exc, config.en_synin_inh, config.en_thresh_comp) = (false, false, false);
    });
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

fn comparators(session: &mut Session<'_>, on: bool) -> Result<()> {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| config.en_thresh_comp = on);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

/// The time constant of an input as it is on the chip.
fn found(session: &Session<'_>, polarity: Polarity) -> FoundTimeConstant {
    let high = |config: &NeuronConfig| match polarity {
        Polarity::Excitatory => config.en_synin_exc_high_res,
        Polarity::Inhibitory => config.en_synin_inh_high_res,
    };
    FoundTimeConstant {
        codes: session.cells(polarity.tau()),
        high_resistance: session.configs().iter().map(high).collect(),
    }
}

/// Runs a routine of the neurons concerned with the usual search.
pub(super) fn neurons(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    target: Option<&[f64]>,
) -> Result<Record> {
    let outcome: Outcome = session.calibrate(routine, &Search::NOISY, target)?;
    let instances: Vec<u32> = session.neurons().iter().map(|neuron| neuron.index() as u32).collect();
    Ok(Record::new(InstanceKind::Neuron, instances, outcome))
}
