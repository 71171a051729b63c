//! A chip on which everything moves: a recurrent noisy network, Poisson sources, events from the host, both processors busy with
//! what they share, analog cells that settle, conversions and resets.

use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_chip::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};
use bss2_chip::registers::spl1::{BackgroundSpikeSource, CrossbarOutputConfig};
use bss2_chip::registers::{Register, TypedBlock, cadc, coordinates, default_chip};
use bss2_chip::{Chip, ChipOptions, LinkEvent};
use bss2_events::SpikeLabel;
use bss2_firmware::block::Block;
use bss2_firmware::control::{CONTROL, PARAMETERS};
use bss2_firmware::{homeostasis, rstdp, stdp};
use bss2_host::ppu_program::PpuProgram;

/// How long the scene lasts once it is set.
pub(crate) const LENGTH: SimTime = SimTime::from_us(400);

const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
const CONTROL_REGISTER: [u32; 2] = [0x02a0_0000, 0x03a0_0000];
const ARRAY: [u32; 2] = [0x02c0_0000, 0x03c0_0000];

/// Something that happens to the chip from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    Write(u32, u32),
    Read(u32),
    Inject(u16),
}

/// What came out of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) reads: Vec<(u32, u32)>,
    pub(crate) events: Vec<LinkEvent>,
    /// The chip afterwards, serialised.
    pub(crate) state: Vec<u8>,
}

/// Which programs run, top and bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    HomeostasisAndStdp,
    RstdpAndHomeostasis,
}

/// A chip and what is going to happen to it.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) chip: Chip,
    /// In order of time.
    pub(crate) script: Vec<(SimTime, Access)>,
}

/// Small numbers without meaning, the same everywhere.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// The bytes of a chip's state.
pub(crate) fn state(chip: &Chip) -> Vec<u8> {
    bincode::serde::encode_to_vec(chip, bincode::config::standard()).expect("a chip can be serialised")
}

/// The bytes of a chip's options, which its state contains.
pub(crate) fn option_bytes(options: &ChipOptions) -> Vec<u8> {
    bincode::serde::encode_to_vec(options, bincode::config::standard()).expect("options can be serialised")
}

fn write<T: TypedBlock>(chip: &mut Chip, instance: u32, values: &T) {
    for (word, &value) in (0..).zip(values.to_words().as_ref()) {
        let register = Register { block: T::BLOCK, instance, word };
        chip.write(register.address().expect("it has an address"), value, 0xf);
    }
}

/// Shared cells of a calibrated chip (analog-core 2.3), as far as the default chip leaves them elsewhere.
const SHARED_CELLS: [(SharedParameter, u16); 15] = [
    (SharedParameter::CadcVRampOffset, 31),
    (SharedParameter::CadcVBiasRampBuf, 400),
    (SharedParameter::NeuronVBiasCascN, 250),
    (SharedParameter::SynIBiasDac, 600),
    (SharedParameter::SynIBiasRamp, 80),
    (SharedParameter::SynIBiasStore, 70),
    (SharedParameter::SynIBiasCorout, 600),
    (SharedParameter::CadcIRampSlope, 369),
    (SharedParameter::CadcIBiasComp, 1022),
    (SharedParameter::CadcIBiasVresetBuf, 1022),
    (SharedParameter::NeuronIBiasReadoutAmp, 110),
    (SharedParameter::NeuronIBiasLeakSourceFollower, 100),
    (SharedParameter::NeuronIBiasSpikeComparator, 200),
    (SharedParameter::NeuronIBiasSyninDrop, 300),
    (SharedParameter::StpIBiasComparator, 1022),
];

/// A neuron that listens, and may fire or not.
fn neuron_config(en_fire: bool) -> NeuronConfig {
    NeuronConfig {
        en_fire,
        en_thresh_comp: true,
        en_readout_amp: true,
        en_synin_exc: true,
        en_synin_inh: true,
        en_reset_mul: true,
        mem_cap_size: 63,
        ..NeuronConfig::default()
    }
}

impl Scene {
    /// Sets the scene on a new chip.
    pub(crate) fn set(seed: u64, idle_fast_forward: bool, cast: Cast) -> Self {
        let mut options = ChipOptions { seed, idle_fast_forward, ..ChipOptions::default() };
        // Cells settle in many small steps.
        options.capmem.settling_slice = SimTime::from_us(100);
        let mut chip = Chip::with_options(options);
        default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
        chip.set_board_voltage(0, 1, 0.9);
        chip.set_board_voltage(0, 7, 1.85);
        for hemisphere in 0..2 {
            write(&mut chip, hemisphere, &cadc::CADCConfig { enable: true, ..Default::default() });
        }
        Self::network(&mut chip);
        chip.advance(SimTime::from_ms(10));
        // Only now may neurons fire.
        for neuron in Neuron::all() {
            write(&mut chip, coordinates::neuron_config(neuron), &neuron_config(true));
        }

        let programs = match cast {
            Cast::HomeostasisAndStdp => [&bss2_firmware::HOMEOSTASIS, &bss2_firmware::STDP],
            Cast::RstdpAndHomeostasis => [&bss2_firmware::RSTDP, &bss2_firmware::HOMEOSTASIS],
        };
        let loaded = [0, 1].map(|ppu| load(&mut chip, ppu, programs[ppu].image));
        for control in CONTROL_REGISTER {
            chip.write(control, 1, 0xf);
        }
        chip.advance(chip.now() + SimTime::from_us(100));
        for (ppu, program) in loaded.iter().enumerate() {
            let words = parameters(programs[ppu].name, program);
            write_symbol(&mut chip, ppu, program, PARAMETERS, &words);
        }
        let commands = loaded.map(|program| symbol_word(&program, CONTROL));
        chip.take_events(&mut Vec::new());
        let start = chip.now();
        let script = Self::script(start, cast, commands);
        Self { chip, script }
    }

    /// Neurons in loops through crossbar, PADI buses and synapses; sources in both hemispheres.
    fn network(chip: &mut Chip) {
        let mut numbers = Numbers(11);
        for neuron in Neuron::all() {
            for (cell, code) in [
                (Cell::VLeak, 630),
                (Cell::VReset, 610),
                (Cell::VThreshold, 310 + numbers.next(60) as u16),
                (Cell::IBiasLeak, 115),
                (Cell::IBiasReset, 1022),
                (Cell::IBiasSyninExcTau, 50),
                (Cell::IBiasSyninInhTau, 48),
                (Cell::IBiasSyninExcShift, 310),
                (Cell::IBiasSyninInhShift, 310),
                (Cell::IBiasSyninExcGm, 500),
                (Cell::IBiasSyninInhGm, 500),
            ] {
                let instance = coordinates::capmem_cell(neuron.quadrant(), cell.row(), neuron.column() % 128);
                write(chip, instance, &CapMemCell { value: code });
            }
            let backend = NeuronBackendConfig { en_spike_out: true, ..NeuronBackendConfig::default() }
                .with_address_out(neuron.column())
                .with_refractory_time(250)
                .with_reset_holdoff(15);
            write(chip, coordinates::neuron_config(neuron), &neuron_config(false));
            write(chip, coordinates::neuron_backend(neuron), &backend);
        }
        for (parameter, code) in SHARED_CELLS {
            let (column, row) = parameter.place();
            for &quadrant in parameter.blocks() {
                write(chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: code });
            }
        }
        for hemisphere in Hemisphere::ALL {
            // Three buses take events from the crossbar, the fourth those of the processors.
            let padi = CommonPADIBusConfig {
                enable_spl1_0: true,
                enable_spl1_1: true,
                enable_spl1_2: true,
                dacen_pulse_extension_1: 3,
                ..CommonPADIBusConfig::default()
            };
            write(chip, hemisphere.index() as u32, &padi);
            for driver in 0..128 {
                let config = SynapseDriverConfig {
                    en_receiver: true,
                    row_address_compare_mask: 31,
                    en_exc_bottom: true,
                    en_exc_top: driver % 4 != 0,
                    en_inh_top: driver % 4 == 0,
                    ..SynapseDriverConfig::default()
                };
                write(chip, coordinates::synapse_driver(hemisphere, driver), &config);
            }
            let array = ARRAY[hemisphere.index()];
            for row in 0..256 {
                for quad in 0..64 {
                    let weights = numbers.next(1 << 31) as u32 & 0x0c0c_0c0c;
                    let labels = (numbers.next(1 << 31) as u32 * 2) & 0x3f3f_3f3f;
                    chip.write(array + 64 * row + quad, weights, 0xf);
                    chip.write(array + 0x4_0000 + 64 * row + quad, labels, 0xf);
                }
            }
            for quad in 0..64 {
                chip.write(array + 0x1_4000 + quad, 0x0303_0303, 0xf);
                chip.write(array + 0xf_8080 + quad, 0xc0c0_c0c0, 0xf);
                // Some columns show the mean of sensor and neuron.
                chip.write(array + 0x0_4000 + quad, 0x2000_2000, 0xf);
            }
        }
        let counters = CrossbarOutputConfig { enable_slow: 4, enable_event_counter: 0xfff };
        write(chip, 0, &counters);
        for source in 0..8 {
            let config = BackgroundSpikeSource {
                enable: true,
                enable_random: source != 3,
                period: 700 + 37 * source as u16,
                seed: 1234 + source,
                mask: 0xff,
                rate: 200,
                neuron_label: 0x100 * source as u16,
            };
            let words = config.to_words();
            for word in [1, 2, 0] {
                let block = bss2_chip::registers::Block::BackgroundSpikeSource;
                let register = Register { block, instance: source, word };
                chip.write(register.address().expect("it has an address"), words[usize::from(word)], 0xf);
            }
        }
    }

    /// What the host does: it starts the programs, sends events at odd moments, looks, and writes.
    fn script(start: SimTime, cast: Cast, commands: [u32; 2]) -> Vec<(SimTime, Access)> {
        let mut numbers = Numbers(5);
        let mut script = Vec::new();
        let mut at = |us: f64, access| script.push((start + SimTime::from_secs_f64(us * 1e-6), access));
        let (top, bottom) = (SRAM[0] + commands[0], SRAM[1] + commands[1]);
        match cast {
            Cast::HomeostasisAndStdp => {
                at(1.0, Access::Write(top, homeostasis::COMMAND_RUN));
                at(3.0, Access::Write(bottom, stdp::COMMAND_PAIR));
                at(250.0, Access::Write(bottom, stdp::COMMAND_READ));
                at(310.0, Access::Write(bottom, stdp::COMMAND_RESET));
                at(350.0, Access::Write(bottom, stdp::COMMAND_READ));
            }
            Cast::RstdpAndHomeostasis => {
                at(2.0, Access::Write(bottom, homeostasis::COMMAND_RUN));
                at(4.0, Access::Write(top, rstdp::COMMAND_INITIALISE));
            }
        }
        for _ in 0..300 {
            let us = numbers.next(400_000_000) as f64 * 1e-6;
            at(us, Access::Inject(numbers.next(1 << 16) as u16));
        }
        for step in 0..20 {
            let us = numbers.next(400_000_000) as f64 * 1e-6;
            let neuron = numbers.next(256) as u32;
            let block = numbers.next(2) as u32;
            match step % 5 {
                // An analog cell, which settles from then on: v_leak.
                0 => at(us, Access::Write(leak_cell(neuron), 600 + step)),
                1 => at(us, Access::Read(0x0012_2800 + 0x8000 * block + 4 * neuron)),
                // A conversion, and a buffered read.
                2 => at(us, Access::Read(ARRAY[block as usize] + 0x8_0000 + 64 * neuron)),
                3 => at(us, Access::Read(ARRAY[block as usize] + 0x2c_0000 + neuron % 64)),
                _ => at(us, Access::Write(0x0012_2000 + 0x8000 * block + 4 * neuron, 0)),
            }
        }
        at(60.0, Access::Write(ARRAY[0] + 0x9_0000 + 64 * 7, 0));
        at(90.0, Access::Write(ARRAY[1] + 0x9_4000 + 5, 0));
        at(120.0, Access::Write(0x0012_2400, 0));
        // A driver and a crossbar node change while events are under way.
        at(140.0, Access::Write(0x0011_0400 + 4 * 9 + 1, 0x3f60));
        at(141.0, Access::Write(0x0013_0019 + 6, 0x2000));
        // At last, how much the programs have done: word 4 of the control block counts trials.
        at(399.9, Access::Read(top + 4));
        at(399.9, Access::Read(bottom + 4));
        script.sort_by_key(|(time, _)| *time);
        script
    }

    /// Plays the scene, with the time cut at `cuts` (in any order, relative to its start) besides.
    pub(crate) fn play(self, cuts: &[SimTime]) -> Outcome {
        let start = self.chip.now();
        let cuts = cuts.iter().map(|&cut| start + cut);
        self.play_with(cuts, |chip| chip)
    }

    /// Plays the scene; at each of the `moments` `interrupt` has the chip for itself.
    pub(crate) fn play_with(
        self,
        moments: impl Iterator<Item = SimTime>,
        mut interrupt: impl FnMut(Chip) -> Chip,
    ) -> Outcome {
        let Self { mut chip, script } = self;
        let end = chip.now() + LENGTH;
        let mut moments: Vec<SimTime> = moments.filter(|&moment| moment < end).collect();
        moments.sort();
        let mut moments = moments.into_iter().peekable();
        let mut reads = Vec::new();
        for (time, access) in
            script.into_iter().map(|(time, access)| (time, Some(access))).chain([(end, None)])
        {
            while let Some(moment) = moments.next_if(|&moment| moment <= time) {
                chip.advance(moment);
                chip = interrupt(chip);
            }
            chip.advance(time);
            match access {
                Some(Access::Write(address, value)) => chip.write(address, value, 0xf),
                Some(Access::Read(address)) => reads.push(chip.read(address)),
                Some(Access::Inject(label)) => chip.inject(time, SpikeLabel::from_word(label)),
                None => {}
            }
        }
        let state = state(&chip);
        let mut events = Vec::new();
        chip.take_events(&mut events);
        Outcome { reads, events, state }
    }
}

/// v_leak of the neuron in `column` of the top hemisphere.
fn leak_cell(column: u32) -> u32 {
    let neuron = Neuron::new(Hemisphere::Top, column as u8);
    let instance = coordinates::capmem_cell(neuron.quadrant(), Cell::VLeak.row(), column as u8 % 128);
    Register { block: CapMemCell::BLOCK, instance, word: 0 }.address().expect("it has an address")
}

fn load(chip: &mut Chip, ppu: usize, image: &[u8]) -> PpuProgram {
    let program = PpuProgram::parse(image).expect("the image is sound");
    for (word, value) in (0..).zip(program.internal_words()) {
        chip.write(SRAM[ppu] + word, value, 0xf);
    }
    program
}

fn symbol_word(program: &PpuProgram, name: &str) -> u32 {
    program.symbol(name).expect("the image has this symbol").words().start
}

fn write_symbol(chip: &mut Chip, ppu: usize, program: &PpuProgram, name: &str, words: &[u32]) {
    for (word, &value) in (symbol_word(program, name)..).zip(words) {
        chip.write(SRAM[ppu] + word, value, 0xf);
    }
}

/// Parameters with which a program has much to do within the scene.
fn parameters(name: &str, program: &PpuProgram) -> Vec<u32> {
    let initial = program.initial_words(PARAMETERS).expect("parameters have initial values");
    match name {
        "homeostasis" => {
            let mut parameters = homeostasis::Parameters::from_words(&initial).expect("same layout");
            (parameters.synapse_row, parameters.columns, parameters.steps) = (42, 48, 1000);
            (parameters.period, parameters.target) = (8000, 2);
            (parameters.record_address, parameters.record_capacity) = (0x4000_8000, 16);
            parameters.to_words()
        }
        "stdp" => {
            let mut parameters = stdp::Parameters::from_words(&initial).expect("same layout");
            (parameters.first_row, parameters.rows, parameters.result_address) = (14, 8, 0x4000_0000);
            (parameters.pairs, parameters.period, parameters.interval) = (10, 5000, 700);
            (parameters.padi_buses, parameters.row_select, parameters.parity) = (8, 3, 2);
            parameters.to_words()
        }
        _ => initial,
    }
}

/// Fails and says where two outcomes differ first.
#[track_caller]
pub(crate) fn assert_same(actual: &Outcome, expected: &Outcome, what: &str) {
    let event = actual.events.iter().zip(&expected.events).position(|(a, b)| a != b);
    assert_eq!(event, None, "{what}: events differ from this one on");
    assert_eq!(actual.events.len(), expected.events.len(), "{what}: number of events");
    assert_eq!(actual.reads, expected.reads, "{what}: answers");
    let byte = actual.state.iter().zip(&expected.state).position(|(a, b)| a != b);
    assert_eq!(byte, None, "{what}: state of {} bytes differs from this one on", expected.state.len());
    assert_eq!(actual.state.len(), expected.state.len(), "{what}: size of the state");
}
