//! From codes and configuration bits to physics: what each analog circuit of this individual chip is told.
//!
//! Three things determine a circuit: the analog cells ([`CapMem`], which moves in time), its configuration bits ([`switches`],
//! plain structs that the register blocks fill in) and the individual ([`ChipPhysics`], constant for a seed). The translation
//! is a pure function of them:
//!
//! ```
//! use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches};
//! use bss2_base::{Neuron, SimTime};
//! use bss2_chip::physics::{CapMem, CapMemOptions, CellAddress, ChipPhysics, NeuronRow, NeuronSwitches, Warnings};
//!
//! let individual = ChipMismatch::new(1, MismatchSwitches::default());
//! let physics = ChipPhysics::new(individual.clone());
//! let mut capmem = CapMem::new(individual, CapMemOptions { instant: true, ..CapMemOptions::default() });
//! capmem.write_defaults(SimTime::ZERO);
//! let neuron = Neuron::from_index(17).unwrap();
//! capmem.write(CellAddress::of_neuron(neuron, NeuronRow::VThreshold), 400, SimTime::ZERO);
//!
//! let mut warnings = Warnings::default();
//! let cells = physics.cells(&capmem, SimTime::ZERO);
//! let biases = cells.biases(neuron.quadrant());
//! let mut switches = NeuronSwitches::default();
//! switches.bits.threshold_comparator = true;
//! let circuit = cells.neuron(neuron, &biases, &switches, &mut warnings);
//! assert!((circuit.comparator.threshold - 0.769).abs() < 0.3);
//! ```
//!
//! # What settles
//! After writes to the CapMem, parameters change for some 30 ms. [`CapMem::next_update`] says when to translate again and
//! [`CapMem::may_have_changed`] for which columns; between two updates parameters are constant.
//!
//! # What is not modelled
//! Refresh ripple and crosstalk of equal codes (both off by default in analog-core 2.4), the reference voltages on
//! the debug output of the CapMem, and all its timing registers.

pub mod capmem;
pub mod cells;
mod driver;
mod inspect;
mod neuron;
mod readout;
pub mod switches;
mod synapses;
mod warnings;

pub use capmem::{CapMem, CapMemOptions, ReferenceGenerator};
pub use cells::{CellAddress, GlobalCell, NeuronRow, SharedCell};
pub use inspect::ChipSummary;
pub use readout::MadcParameters;
pub use switches::{
    BackendSwitches, BoardVoltages, CadcSwitches, DriverSwitches, NeuronSwitches, SynapseBiases,
};
pub use warnings::{PhysicsWarning, RangedCircuit, Warnings};

use bss2_analog::mismatch::{ChipMismatch, NeuronMismatch, Parameter, constants};
use bss2_base::{NEURONS, Neuron, Quadrant, SimTime};
use cells::CELLS;
use driver::DriverMismatch;
use readout::ReadoutMismatch;

/// The constants of one individual, worked out once so that translating is cheap.
#[derive(Clone, Debug)]
pub struct ChipPhysics {
    individual: ChipMismatch,
    neurons: Vec<NeuronMismatch>,
    drivers: Vec<DriverMismatch>,
    readout: ReadoutMismatch,
    /// κ_V of the quadrants.
    voltage_gain: [f64; 4],
    /// κ_I of the quadrant times 1 + ε of the cell, for every cell; 1 for voltage cells.
    current_gain: Vec<f64>,
}

impl ChipPhysics {
    /// Works out the constants of this individual.
    pub fn new(individual: ChipMismatch) -> Self {
        let by_quadrant = |parameter| [0, 1, 2, 3].map(|quadrant| individual.value(parameter, quadrant));
        let kappa = by_quadrant(Parameter::CurrentCellGain);
        let gain = |cell: CellAddress| {
            if cell.is_voltage() {
                return 1.0;
            }
            kappa[cell.block().index()] * individual.value(Parameter::CurrentCell, cell.index())
        };
        let mut current_gain = vec![1.0; CELLS];
        for cell in CellAddress::all() {
            current_gain[cell.index()] = gain(cell);
        }
        Self {
            neurons: Neuron::all().map(|neuron| individual.neuron(neuron)).collect(),
            drivers: DriverMismatch::all(&individual),
            readout: ReadoutMismatch::new(&individual),
            voltage_gain: by_quadrant(Parameter::VoltageCellGain),
            current_gain,
            individual,
        }
    }

    /// The individual.
    pub fn individual(&self) -> &ChipMismatch {
        &self.individual
    }

    /// The individual values of a neuron.
    pub fn neuron_mismatch(&self, neuron: Neuron) -> &NeuronMismatch {
        debug_assert!(self.neurons.len() == NEURONS);
        &self.neurons[neuron.index()]
    }

    /// The cells as the circuits see them at time `now`.
    pub fn cells<'a>(&'a self, capmem: &'a CapMem, now: SimTime) -> Cells<'a> {
        Cells { physics: self, capmem, now }
    }
}

/// The outputs of all cells at one moment, gains and mismatch included, and the translation of circuits from them.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    physics: &'a ChipPhysics,
    capmem: &'a CapMem,
    now: SimTime,
}

impl Cells<'_> {
    /// The output of a voltage cell in V (analog-core 2.4): κ_V (1.875 mV n + 19 mV), at most 1.94 V.
    pub fn voltage(&self, cell: CellAddress) -> f64 {
        let nominal =
            constants::VOLTAGE_CELL_LSB * self.capmem.value(cell, self.now) + constants::VOLTAGE_CELL_OFFSET;
        (self.voltage_scale(cell.block()) * nominal).clamp(0.0, constants::VOLTAGE_CELL_MAX)
    }

    /// The output of a voltage cell in codes of the nominal chip, κ_V n, without the 19 mV of code 0: the measure in which the
    /// short-term plasticity is specified (analog-core 5.4).
    pub fn voltage_code(&self, cell: CellAddress) -> f64 {
        self.voltage_scale(cell.block()) * self.capmem.value(cell, self.now)
    }

    /// The output of a current cell in codes of the nominal chip, κ_I (1 + ε) n. One code is 0.978 nA.
    pub fn current_code(&self, cell: CellAddress) -> f64 {
        let scale = self.capmem.reference().scale(cell.block()) * self.physics.current_gain[cell.index()];
        scale * self.capmem.value(cell, self.now)
    }

    fn voltage_scale(&self, block: Quadrant) -> f64 {
        self.physics.voltage_gain[block.index()] * self.capmem.reference().scale(block)
    }

    /// A shared cell in codes of the nominal chip, voltage or current.
    pub fn shared(&self, cell: SharedCell, quadrant: Quadrant) -> f64 {
        let address = cell.address(quadrant);
        if address.is_voltage() { self.voltage_code(address) } else { self.current_code(address) }
    }

    /// Whether the circuit that a shared cell biases works: not below 5 % of the default (analog-core 2.3).
    pub fn works(&self, cell: SharedCell, quadrant: Quadrant) -> bool {
        self.shared(cell, quadrant) >= gate(cell, quadrant)
    }

    /// Whether the circuit that a chip-global cell biases works, `fraction` of the default being enough.
    fn global_works(&self, cell: GlobalCell, fraction: f64) -> bool {
        let address = cell.address();
        let output =
            if address.is_voltage() { self.voltage_code(address) } else { self.current_code(address) };
        output >= fraction * f64::from(cell.default_code())
    }

    /// A shared bias as a fraction of its default, at most 1: what is left of the bandwidth of its amplifier (analog-core 2.3).
    pub fn bias(&self, cell: SharedCell, quadrant: Quadrant) -> f64 {
        (self.shared(cell, quadrant) / f64::from(cell.default_codes()[quadrant.index()])).min(1.0)
    }

    /// A chip-global bias as a fraction of its default, at most 1.
    pub fn global_bias(&self, cell: GlobalCell) -> f64 {
        (self.current_code(cell.address()) / f64::from(cell.default_code())).min(1.0)
    }

    /// Warns of a shared cell that was *written* too low; one that is merely settling is no mistake.
    fn warn_if_low(&self, cell: SharedCell, quadrant: Quadrant, warnings: &mut Warnings) {
        if f64::from(self.capmem.code(cell.address(quadrant))) < gate(cell, quadrant) {
            warnings.note(PhysicsWarning::BiasTooLow { quadrant, cell });
        }
    }

    /// The shared biases that the neurons of a quadrant depend on.
    pub fn biases(&self, quadrant: Quadrant) -> QuadrantBiases {
        let works = |cell| self.works(cell, quadrant);
        let comparator = SharedCell::NeuronIBiasSpikeComparator;
        QuadrantBiases {
            follower: works(SharedCell::NeuronIBiasLeakSourceFollower),
            cascode: works(SharedCell::NeuronVBiasCascN),
            readout: works(SharedCell::NeuronIBiasReadoutAmp),
            comparator: works(comparator).then(|| self.shared(comparator, quadrant)),
            drop: works(SharedCell::NeuronIBiasSyninDrop)
                .then(|| self.shared(SharedCell::NeuronIBiasSyninDrop, quadrant)),
        }
    }
}

/// Shared biases of the neurons of a quadrant, gated by the 5 % rule (analog-core 2.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuadrantBiases {
    /// The source followers of leak, reset and other potentials work; otherwise they put out 0 V.
    pub follower: bool,
    /// The transconductors work; otherwise they draw no current.
    pub cascode: bool,
    /// The readout amplifiers work; otherwise they put out 0 V.
    pub readout: bool,
    /// Bias of the spike comparators in codes, `None` if they don't work.
    pub comparator: Option<f64>,
    /// Bias of the followers on the synaptic lines in codes, `None` if they don't work.
    pub drop: Option<f64>,
}

/// The code below which the circuit of a shared cell doesn't work. Where the default differs between the blocks (measured
/// calibrations of one chip), each block has its own.
fn gate(cell: SharedCell, quadrant: Quadrant) -> f64 {
    constants::BIAS_GATE * f64::from(cell.default_codes()[quadrant.index()])
}

/// Conductance in S of a transconductor: proportional to the bias code at first, like its square root beyond the knee
/// (analog-core 3.1).
fn transconductance(strength: f64, code: f64, knee: f64) -> f64 {
    strength * code * 2.0 / (1.0 + (1.0 + 4.0 * code / knee).sqrt())
}
