//! A chip on the test bench: an individual, its cells, and short ways to ask.

use bss2_analog::circuit::{Bits, Circuit, InputBits};
use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches};
use bss2_analog::{DriverParameters, NeuronParameters};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::physics::{
    BackendSwitches, CapMem, CapMemOptions, CellAddress, Cells, ChipPhysics, DriverSwitches, GlobalCell,
    NeuronRow, NeuronSwitches, SharedCell, Warnings,
};

pub(crate) struct Bench {
    pub(crate) physics: ChipPhysics,
    pub(crate) capmem: CapMem,
    pub(crate) warnings: Warnings,
}

impl Bench {
    /// A chip with instant, noiseless cells and the default shared biases.
    pub(crate) fn new(seed: u64, switches: MismatchSwitches) -> Self {
        let individual = ChipMismatch::new(seed, switches);
        let options =
            CapMemOptions { instant: true, write_noise: false, drift: false, ..CapMemOptions::default() };
        let mut capmem = CapMem::new(individual.clone(), options);
        capmem.write_defaults(SimTime::ZERO);
        Self { physics: ChipPhysics::new(individual), capmem, warnings: Warnings::default() }
    }

    /// The analytical reference chip.
    pub(crate) fn ideal() -> Self {
        Self::new(0, MismatchSwitches::IDEAL)
    }

    pub(crate) fn set(&mut self, neuron: Neuron, row: NeuronRow, code: u16) {
        self.capmem.write(CellAddress::of_neuron(neuron, row), code, SimTime::ZERO);
    }

    pub(crate) fn set_shared(&mut self, cell: SharedCell, code: u16) {
        for quadrant in bss2_base::Quadrant::ALL {
            self.capmem.write(cell.address(quadrant), code, SimTime::ZERO);
        }
    }

    pub(crate) fn set_global(&mut self, cell: GlobalCell, code: u16) {
        self.capmem.write(cell.address(), code, SimTime::ZERO);
    }

    pub(crate) fn cells(&self) -> Cells<'_> {
        self.physics.cells(&self.capmem, SimTime::ZERO)
    }

    /// The whole circuit.
    pub(crate) fn circuit(&mut self, neuron: Neuron, switches: &NeuronSwitches) -> Circuit {
        let cells = self.physics.cells(&self.capmem, SimTime::ZERO);
        let circuit = cells.neuron(neuron, &cells.biases(neuron.quadrant()), switches, &mut self.warnings);
        circuit.check(neuron).unwrap();
        circuit
    }

    /// Its linear part, with all bits applied.
    pub(crate) fn neuron(&mut self, neuron: Neuron, switches: &NeuronSwitches) -> NeuronParameters {
        let parameters = NeuronParameters::from(&self.circuit(neuron, switches));
        parameters.check().unwrap();
        parameters
    }

    pub(crate) fn driver(&mut self, driver: u8, switches: &DriverSwitches) -> DriverParameters {
        let cells = self.physics.cells(&self.capmem, SimTime::ZERO);
        cells.driver(Hemisphere::Top, driver, switches, &mut self.warnings)
    }
}

/// Some neuron.
pub(crate) fn some_neuron() -> Neuron {
    Neuron::from_index(300).unwrap()
}

/// Capacitor full, both inputs and the comparator on, 2 us of refractory time.
pub(crate) fn usual() -> NeuronSwitches {
    let input = InputBits { enable: true, ..InputBits::default() };
    NeuronSwitches {
        bits: Bits {
            membrane_capacitor_size: 63,
            inputs: [input; 2],
            threshold_comparator: true,
            fire: true,
            readout_amplifier: true,
            ..Bits::default()
        },
        backend: BackendSwitches {
            refractory_clock: Some(SimTime::from_ns(64)),
            refractory_time: 32,
            reset_holdoff: 15,
            post_pulse: true,
            force_reset: false,
            adaptation_pulse: Some(SimTime::from_ns(1_024)),
        },
    }
}

/// The usual switches with other bits.
pub(crate) fn with(change: impl FnOnce(&mut Bits)) -> NeuronSwitches {
    let mut switches = usual();
    change(&mut switches.bits);
    switches
}

/// Equal to this relative precision.
#[track_caller]
pub(crate) fn close(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual / expected - 1.0).abs() <= tolerance, "{actual:e} instead of {expected:e}");
}
