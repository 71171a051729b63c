//! Keeps the analog core told: which circuits have to learn new parameters, and when.
//!
//! The translation itself is in [`crate::physics`]. Here it is decided what to translate: circuits whose registers were
//! written, and, while analog cells settle, those whose cells move.

use crate::physics::{
    BoardVoltages, CadcSwitches, CapMem, CellAddress, ChipPhysics, ReferenceGenerator, SynapseBiases,
    Warnings,
};
use crate::readout_chain;
use crate::registers::coordinates::{self, CadcChannelType};
use crate::registers::{Block, cadc, capmem, chip_level, neuron, padi, readout, synapse_memory};
use crate::shared::Shared;
use crate::switches;
use crate::{ChipOptions, diagnostics::Diagnostics};
use bss2_analog::{AnalogCore, Branch, ChipMismatch, Line};
use bss2_base::{
    COLUMNS, Column, DRIVERS_PER_HEMISPHERE, Hemisphere, NEURONS, Neuron, Quadrant, ROWS, Row, SimTime,
};
use serde::{Deserialize, Serialize};

/// The individual, its analog cells, and what the analog core has not been told yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(crate) struct Binding {
    pub(crate) physics: ChipPhysics,
    pub(crate) capmem: CapMem,
    board: BoardVoltages,
    /// Neurons, drivers (hemisphere first) and quadrants whose parameters are stale.
    neurons: Vec<bool>,
    drivers: Vec<bool>,
    /// CADC channels, synapse charge and correlation sensors.
    quadrants: [bool; 4],
    anything: bool,
    /// When parameters were last translated while cells moved.
    followed: SimTime,
    /// When they are next; `None` if that has to be worked out, because cells were written or followed at this moment.
    ///
    /// Kept, because the answer of [`CapMem::next_update`] depends on when it is asked: slices grow while cells settle.
    due: Option<SimTime>,
    warnings: Warnings,
}

/// What a snapshot keeps of a [`Binding`]: the rest follows from the seed.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    individual: ChipMismatch,
    capmem: CapMem,
    board: BoardVoltages,
    neurons: Vec<bool>,
    drivers: Vec<bool>,
    quadrants: [bool; 4],
    anything: bool,
    followed: SimTime,
    due: Option<SimTime>,
    warnings: Warnings,
}

/// A snapshot does not hold the marks of all circuits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snapshot marks {neurons} neurons and {drivers} synapse drivers instead of 512 and 256")]
pub(crate) struct WrongMarks {
    neurons: usize,
    drivers: usize,
}

impl TryFrom<Stored> for Binding {
    type Error = WrongMarks;

    fn try_from(stored: Stored) -> Result<Self, WrongMarks> {
        let Stored {
            individual,
            capmem,
            board,
            neurons,
            drivers,
            quadrants,
            anything,
            followed,
            due,
            warnings,
        } = stored;
        if neurons.len() != NEURONS || drivers.len() != 2 * DRIVERS_PER_HEMISPHERE {
            return Err(WrongMarks { neurons: neurons.len(), drivers: drivers.len() });
        }
        let physics = ChipPhysics::new(individual);
        Ok(Self { physics, capmem, board, neurons, drivers, quadrants, anything, followed, due, warnings })
    }
}

impl From<Binding> for Stored {
    fn from(binding: Binding) -> Self {
        let Binding {
            physics,
            capmem,
            board,
            neurons,
            drivers,
            quadrants,
            anything,
            followed,
            due,
            warnings,
        } = binding;
        let individual = physics.individual().clone();
        Self { individual, capmem, board, neurons, drivers, quadrants, anything, followed, due, warnings }
    }
}

impl Binding {
    pub(crate) fn new(options: &ChipOptions) -> Self {
        let individual = options.individual();
        let mut binding = Self {
            physics: ChipPhysics::new(individual.clone()),
            capmem: CapMem::new(individual, options.capmem),
            board: BoardVoltages::default(),
            neurons: vec![false; NEURONS],
            drivers: vec![false; 2 * DRIVERS_PER_HEMISPHERE],
            quadrants: [false; 4],
            anything: false,
            followed: SimTime::ZERO,
            due: None,
            warnings: Warnings::default(),
        };
        binding.mark_all();
        binding
    }

    /// Gives every synapse its individuality.
    pub(crate) fn install_synapses(&self, analog: &mut AnalogCore) {
        for hemisphere in Hemisphere::ALL {
            let synapses = self.physics.individual().synapses(hemisphere);
            for (index, synapse) in synapses.iter().enumerate() {
                let (row, column) = ((index / COLUMNS) as Row, (index % COLUMNS) as Column);
                debug_assert!(index < ROWS * COLUMNS);
                analog.set_synapse_mismatch(hemisphere, row, column, synapse);
            }
        }
    }

    pub(crate) fn mark_neuron(&mut self, neuron: Neuron) {
        self.neurons[neuron.index()] = true;
        self.anything = true;
    }

    pub(crate) fn mark_driver(&mut self, hemisphere: Hemisphere, driver: u8) {
        self.drivers[DRIVERS_PER_HEMISPHERE * hemisphere.index() + usize::from(driver)] = true;
        self.anything = true;
    }

    fn mark_quadrant(&mut self, quadrant: Quadrant) {
        self.quadrants[quadrant.index()] = true;
        self.anything = true;
    }

    /// A shared cell of a quadrant concerns all of its circuits.
    fn mark_circuits(&mut self, quadrant: Quadrant) {
        self.mark_quadrant(quadrant);
        for neuron in Neuron::all().filter(|neuron| neuron.quadrant() == quadrant) {
            self.neurons[neuron.index()] = true;
        }
        for (index, stale) in self.drivers.iter_mut().enumerate() {
            *stale |= driver_quadrant(index) == quadrant;
        }
    }

    pub(crate) fn mark_all(&mut self) {
        Quadrant::ALL.into_iter().for_each(|quadrant| self.mark_circuits(quadrant));
    }

    /// When circuits have to be told anew because cells move; [`SimTime::MAX`] when all have arrived.
    pub(crate) fn next_update(&mut self, now: SimTime) -> SimTime {
        *self.due.get_or_insert_with(|| self.capmem.next_update(now).unwrap_or(SimTime::MAX))
    }

    pub(crate) fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        // register-map 10.1, settled 9.
        match (dac, channel) {
            (0, 1) => self.board.v_res_meas = volts,
            (0, 7) => self.board.mux_dac_25 = volts,
            _ => return,
        }
        Quadrant::ALL.into_iter().for_each(|quadrant| self.mark_quadrant(quadrant));
    }

    /// Marks the circuits that depend on cells of these columns.
    fn mark_column(&mut self, block: Quadrant, column: u8) {
        if column < 128 {
            let side = (block.index() % 2) as u8;
            self.mark_neuron(Neuron::new(Hemisphere::from_index(block.index() / 2), 128 * side + column));
        } else {
            self.mark_circuits(block);
            // The hagen DAC of a hemisphere has its bias in one of the two blocks.
            self.drivers.fill(true);
        }
    }
}

/// The quadrant whose cells a driver uses (by its number: hemisphere first): west for even, east for odd ones.
fn driver_quadrant(index: usize) -> Quadrant {
    Quadrant::ALL[2 * (index / DRIVERS_PER_HEMISPHERE) + index % 2]
}

impl Shared {
    /// A register that the event network does not know.
    pub(crate) fn configure_physics(&mut self, block: Block, instance: u32) {
        let now = self.now();
        match block {
            Block::NeuronConfig => {
                if let Some(neuron) = coordinates::neuron_of_config(instance) {
                    self.binding.mark_neuron(neuron);
                    let config: neuron::NeuronConfig = self.typed(instance);
                    self.readout.follow_neuron(neuron, [config.en_readout, config.en_unbuf_access]);
                }
            }
            Block::CapMemBlockConfig => {
                let config: capmem::CapMemBlockConfig = self.typed(instance);
                let block = Quadrant::ALL[instance as usize % 4];
                self.warn_of_debug_cell(block, &config);
                self.readout.mark();
                if self.binding.capmem.refresh(block) != config.enable_capmem {
                    self.binding.capmem.set_refresh(block, config.enable_capmem, now);
                    self.readout.mark();
                    self.binding.due = None;
                    self.binding.mark_circuits(block);
                }
            }
            Block::ReferenceGeneratorConfig => {
                let config: readout::ReferenceGeneratorConfig = self.typed(instance);
                let reference = ReferenceGenerator {
                    reference_control: config.reference_control,
                    slope: config.capmem_slope(),
                };
                if self.binding.capmem.reference() != reference {
                    self.binding.capmem.set_reference(reference, now);
                    self.readout.mark();
                    self.binding.due = None;
                    self.binding.mark_all();
                }
            }
            Block::CommonSTPConfig => {
                let hemisphere = Hemisphere::from_index(instance as usize);
                (0..DRIVERS_PER_HEMISPHERE as u8).for_each(|d| self.binding.mark_driver(hemisphere, d));
            }
            Block::SynapseBiasSelection | Block::CommonCorrelationConfig => {
                Quadrant::ALL.into_iter().for_each(|quadrant| self.binding.mark_quadrant(quadrant));
            }
            Block::CADCChannelConfig => {
                let (hemisphere, _, column) = coordinates::cadc_channel_of(instance);
                self.binding.mark_quadrant(Quadrant::of(hemisphere, column));
            }
            block if readout_chain::configures(block) => self.readout.mark(),
            _ => {}
        }
    }

    /// Names a cell that a debug output is to show and that doesn't exist.
    fn warn_of_debug_cell(&mut self, block: Quadrant, config: &capmem::CapMemBlockConfig) {
        if config.hotbit_capmem_row.is_some() && config.capmem_column > 129 {
            self.diagnostics.once(format!(
                "CapMem block {}: the debug output is to show column {}, there are 0 to 129: it shows nothing",
                block.index(),
                config.capmem_column
            ));
        }
    }

    /// A cell of the analog parameter storage has been written.
    pub(crate) fn write_capmem(&mut self, instance: u32) {
        let cell: capmem::CapMemCell = self.typed(instance);
        if let Some((block, row, column)) = coordinates::capmem_cell_of(instance)
            && let Some(address) = CellAddress::new(block, column, row)
        {
            let now = self.now();
            self.binding.capmem.write(address, cell.value, now);
            self.binding.due = None;
            if self.readout.shows_cells {
                self.readout.mark();
            }
            self.mark_column(block, column);
        }
    }

    /// Marks the circuits that depend on cells of this column.
    fn mark_column(&mut self, block: Quadrant, column: u8) {
        self.binding.mark_column(block, column);
        if column >= 128 {
            self.readout.mark();
        }
    }

    /// Analog cells have moved: marks what depends on them and tells it.
    pub(crate) fn follow_capmem(&mut self) {
        let now = self.now();
        if self.readout.shows_cells {
            self.readout.mark();
        }
        let since = std::mem::replace(&mut self.binding.followed, now);
        self.binding.due = None;
        for block in Quadrant::ALL {
            for column in 0..=129 {
                if self.binding.capmem.may_have_changed(block, column, since) {
                    self.mark_column(block, column);
                }
            }
        }
        self.update_physics();
    }

    /// Translates what is stale and hands it to the analog core.
    pub(crate) fn update_physics(&mut self) {
        self.update_readout();
        if !std::mem::take(&mut self.binding.anything) {
            return;
        }
        let now = self.now();
        let biases: chip_level::SynapseBiasSelection = self.typed(0);
        let common: [neuron::CommonNeuronBackendConfig; 2] = [self.typed(0), self.typed(1)];
        let stp: [padi::CommonSTPConfig; 2] = [self.typed(0), self.typed(1)];
        let padi: [padi::CommonPADIBusConfig; 2] = [self.typed(0), self.typed(1)];
        let correlation: [synapse_memory::CommonCorrelationConfig; 2] = [self.typed(0), self.typed(1)];
        let Self {
            binding,
            registers,
            analog,
            fire_routing,
            diagnostics,
            readout,
            synapses_checked: checked,
            ..
        } = self;
        let Binding { physics, capmem, board, neurons, drivers, quadrants, warnings, .. } = binding;
        let cells = physics.cells(capmem, now);
        let shared_biases = Quadrant::ALL.map(|quadrant| cells.biases(quadrant));

        for neuron in Neuron::all().filter(|n| std::mem::take(&mut neurons[n.index()])) {
            let config = registers.get(coordinates::neuron_config(neuron)).unwrap_or_default();
            let backend = registers.get(coordinates::neuron_backend(neuron)).unwrap_or_default();
            let side = usize::from(neuron.column()) / 128;
            let own_post_pulses = Self::makes_own_post_pulses(fire_routing, neuron);
            let switches = switches::of_neuron(&config, &backend, &common[side], own_post_pulses);
            let quadrant_biases = &shared_biases[neuron.quadrant().index()];
            let mut circuit = cells.neuron(neuron, quadrant_biases, &switches, warnings);
            if circuit.bits.unbuffered_access {
                circuit.membrane.leakage += readout.driven.membrane_current[neuron.hemisphere().index()];
            }
            for line in Line::ALL {
                if let Some(resistance) = readout.driven.debug_resistance(line) {
                    circuit.inputs[line as usize].debug_resistance = resistance;
                }
            }
            if let Err(error) = analog.set_circuit(neuron, &circuit) {
                diagnostics.once(format!("{error}; keeps its former parameters"));
            }
            if let Some(field) = analog.unfollowed(neuron) {
                let neuron = neuron.index();
                diagnostics
                    .once(format!("neuron {neuron}: {field} has no effect at the analog level \"linear\""));
            }
        }
        if let Some(noise) = analog.unfollowed_noise() {
            diagnostics.once(format!("the analog level \"reference\" leaves out the noise of {noise}"));
        }
        for remark in analog.remarks() {
            diagnostics.once(remark.to_string());
        }
        for (index, stale) in drivers.iter_mut().enumerate().filter(|(_, stale)| **stale) {
            *stale = false;
            let (half, driver) = (index / DRIVERS_PER_HEMISPHERE, (index % DRIVERS_PER_HEMISPHERE) as u8);
            let hemisphere = Hemisphere::from_index(half);
            let config = registers.get(coordinates::synapse_driver(hemisphere, driver)).unwrap_or_default();
            let switches = switches::of_driver(&config, &stp[half], &padi[half], usize::from(driver) % 4);
            analog.set_driver(hemisphere, driver, &cells.driver(hemisphere, driver, &switches, warnings));
        }
        for quadrant in Quadrant::ALL.into_iter().filter(|q| std::mem::take(&mut quadrants[q.index()])) {
            let internal = biases.internal()[quadrant.index()];
            let synapse_biases = SynapseBiases {
                output: internal.output,
                store: internal.store,
                ramp: internal.ramp,
                dac: internal.dac,
            };
            // Biases are complained about when somebody uses the circuit: see `warn_of_cadc` and `warn_of_synapses`.
            let unit_charge = cells.unit_charge(quadrant, &synapse_biases, &mut Warnings::default());
            analog.set_unit_charge(quadrant, unit_charge);
            checked[quadrant.index() / 2] = false;
            analog.set_correlation(quadrant, &cells.correlation(quadrant, &synapse_biases, board));
            let (half, side) = (quadrant.index() / 2, quadrant.index() % 2);
            let hemisphere = Hemisphere::from_index(half);
            let ramp_of_other_side = match side {
                0 => correlation[half].select_voltage_left,
                _ => correlation[half].select_voltage_right,
            };
            for (channel_type, branch) in
                [(CadcChannelType::Causal, Branch::Causal), (CadcChannelType::Acausal, Branch::Acausal)]
            {
                for column in (0..=Column::MAX).filter(|&column| usize::from(column) / 128 == side) {
                    let instance = coordinates::cadc_channel(hemisphere, channel_type, column);
                    let config: cadc::CADCChannelConfig = registers.get(instance).unwrap_or_default();
                    let switches = CadcSwitches { digital_offset: config.offset, ramp_of_other_side };
                    let channel =
                        cells.cadc_channel(hemisphere, branch, column, &switches, &synapse_biases, board);
                    analog.set_cadc_channel(hemisphere, branch, column, &channel);
                }
            }
        }
        for failure in analog.take_failures() {
            diagnostics.once(format!("{failure}; its circuits stand still until they are configured again"));
        }
        report(warnings, diagnostics);
    }
}

impl Shared {
    /// Names the biases of the CADC of a hemisphere that were written too low; somebody reads it.
    pub(crate) fn warn_of_cadc(&mut self, hemisphere: Hemisphere) {
        let now = self.now();
        let Binding { physics, capmem, warnings, .. } = &mut self.binding;
        for side in 0..2 {
            physics.cells(capmem, now).warn_of_cadc(Quadrant::ALL[2 * hemisphere.index() + side], warnings);
        }
        report(warnings, &mut self.diagnostics);
    }

    /// Names the biases of the membrane ADC that were written too low; somebody wakes it up.
    pub(crate) fn warn_of_madc(&mut self) {
        let now = self.now();
        let Binding { physics, capmem, warnings, .. } = &mut self.binding;
        let _ = physics.cells(capmem, now).madc(warnings);
        report(warnings, &mut self.diagnostics);
    }

    /// Names the biases of the synapses of a hemisphere that were written too low; somebody sends spikes to them.
    pub(crate) fn warn_of_synapses(&mut self, hemisphere: Hemisphere) {
        if std::mem::replace(&mut self.synapses_checked[hemisphere.index()], true) {
            return;
        }
        let now = self.now();
        let Binding { physics, capmem, warnings, .. } = &mut self.binding;
        for side in 0..2 {
            let quadrant = Quadrant::ALL[2 * hemisphere.index() + side];
            // What is external is switched off on purpose; the bias of the others is what counts here.
            let _ = physics.cells(capmem, now).unit_charge(quadrant, &SynapseBiases::INTERNAL, warnings);
        }
        report(warnings, &mut self.diagnostics);
    }
}

fn report(warnings: &mut Warnings, diagnostics: &mut Diagnostics) {
    for warning in warnings.take() {
        diagnostics.once(warning.to_string());
    }
}
