//! A test bench for programs: one processor, and as much of a chip around it as firmware can see.
//!
//! Memories, the synapse array with its correlation sensors and ADC, spike counters, neuron resets, the random generator
//! and the PADI event register answer with the latencies of ppu-isa 9.7. There are no neurons: a test decides what they do.

use object::{Object, ObjectSection, ObjectSymbol};
use ppu_isa::{Bus, ByteEnables, Config, Core, LaneMask, Response, Stop, Vector};

use bss2_firmware::Program;
use bss2_firmware::block::Block;
use bss2_firmware::control::{self, Control};

/// Cycles of an access to the synapse array.
const ARRAY: u32 = 8;
/// Cycles of a conversion of the column ADC (settled 3).
const CONVERSION: u32 = 377;
/// Cycles for which a reset occupies the array (settled O5).
const RESET_PULSE: u64 = 208;
/// Cycles of an Omnibus load beyond one from SRAM (settled O14).
const OMNIBUS: u32 = 33;
/// Cycles of a load from FPGA memory beyond one from SRAM (ppu-isa 9.7).
const FPGA: u32 = 330;
/// Reading of a sensor without correlation.
pub(crate) const BASELINE: u8 = 181;

/// Something that reached the array or the event register, in the cycle given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    NeuronReset { at: u64, parity: usize, lanes: u128 },
    CorrelationReset { at: u64, row: usize, parity: usize },
    Padi { at: u64, word: u32 },
}

/// Everything outside the processor.
pub(crate) struct World {
    pub(crate) sram: Vec<u8>,
    pub(crate) fpga: Vec<u8>,
    /// By row and column.
    pub(crate) weights: Vec<[u8; 256]>,
    pub(crate) labels: Vec<[u8; 256]>,
    /// What the sensors have accumulated, in LSB of the reading.
    pub(crate) causal: Vec<[u8; 256]>,
    pub(crate) acausal: Vec<[u8; 256]>,
    pub(crate) counters: [u32; 256],
    pub(crate) events: Vec<Event>,
    /// Accesses that no memory or register answers.
    pub(crate) unmapped: Vec<u32>,
    hemisphere: u32,
    random: [u16; 256],
    converted: [[u8; 256]; 2],
    port_free: u64,
    array_free: u64,
}

/// A processor with a program, and its surroundings.
pub(crate) struct Bench {
    pub(crate) core: Core,
    pub(crate) world: World,
    symbols: Vec<(String, usize)>,
}

impl Bench {
    /// Loads a program, as the host does, on the processor of that hemisphere.
    pub(crate) fn new(program: &Program, hemisphere: u32) -> Self {
        let mut world = World {
            sram: vec![0; 0x4000],
            fpga: vec![0; 0x2_0000],
            weights: vec![[0; 256]; 256],
            labels: vec![[0; 256]; 256],
            causal: vec![[0; 256]; 256],
            acausal: vec![[0; 256]; 256],
            counters: [0; 256],
            events: Vec::new(),
            unmapped: Vec::new(),
            hemisphere,
            random: std::array::from_fn(|column| 0xace1 ^ (column as u16 * 77)),
            converted: [[0; 256]; 2],
            port_free: 0,
            array_free: 0,
        };
        let file = object::File::parse(program.image).unwrap();
        for section in file.sections() {
            let name = section.name().unwrap();
            let memory = match name {
                _ if name.starts_with("int") => &mut world.sram,
                _ if name.starts_with("ext") => &mut world.fpga,
                _ => continue,
            };
            let start = section.address() as usize & 0xf_ffff;
            let data = section.data().unwrap();
            memory[start..start + data.len()].copy_from_slice(data);
        }
        let symbols =
            file.symbols().map(|symbol| (symbol.name().unwrap().into(), symbol.address() as usize)).collect();
        let mut bench = Self { core: Core::new(Config::default()), world, symbols };
        if bench.has(control::PPU_INDEX) {
            bench.write_words(control::PPU_INDEX, &[hemisphere]);
        }
        bench
    }

    fn has(&self, name: &str) -> bool {
        self.symbols.iter().any(|(symbol, _)| symbol == name)
    }

    pub(crate) fn address(&self, name: &str) -> usize {
        self.symbols.iter().find(|(symbol, _)| symbol == name).unwrap_or_else(|| panic!("no symbol {name}")).1
    }

    pub(crate) fn word(&self, address: usize) -> u32 {
        u32::from_be_bytes(self.world.sram[address..address + 4].try_into().unwrap())
    }

    pub(crate) fn read<B: Block>(&self, symbol: &str) -> B {
        B::from_bytes(&self.world.sram[self.address(symbol)..]).unwrap()
    }

    pub(crate) fn write<B: Block>(&mut self, symbol: &str, block: &B) {
        self.write_words(symbol, &block.to_words());
    }

    fn write_words(&mut self, symbol: &str, words: &[u32]) {
        let start = self.address(symbol);
        for (index, word) in words.iter().enumerate() {
            self.world.sram[start + 4 * index..][..4].copy_from_slice(&word.to_be_bytes());
        }
    }

    pub(crate) fn control(&self) -> Control {
        self.read(control::CONTROL)
    }

    /// Runs up to a cycle.
    pub(crate) fn run_to(&mut self, cycle: u64) {
        match self.core.run(&mut self.world, cycle, &mut ()) {
            Stop::Limit | Stop::Asleep { .. } => {}
            other => panic!("{other:?} at {:#x}", self.core.state().pc),
        }
    }

    /// Runs in steps of a microsecond until `done` holds; answers the cycle.
    pub(crate) fn run_while(&mut self, limit: u64, mut running: impl FnMut(&Self) -> bool) -> u64 {
        let mut cycle = self.core.cycle();
        let end = cycle + limit;
        while running(self) {
            assert!(cycle < end, "not done within {limit} cycles: {:?}", self.control());
            cycle += 250;
            self.run_to(cycle);
        }
        cycle
    }

    /// Writes a command; the program notices it a little later.
    pub(crate) fn command(&mut self, command: u32) {
        self.write_words(control::CONTROL, &[command]);
    }

    /// Writes a command, runs until it is done, answers its result.
    pub(crate) fn finish(&mut self, command: u32, limit: u64) -> u32 {
        self.run_while(100_000, |bench| bench.control().state != control::state::IDLE);
        let before = self.control().completed;
        self.command(command);
        self.run_while(limit, |bench| bench.control().completed == before);
        self.control().result
    }

    /// Runs until the program has ended; answers the return code.
    pub(crate) fn run_to_exit(&mut self, limit: u64) -> u32 {
        let mut cycle = self.core.cycle();
        let end = cycle + limit;
        loop {
            cycle += 1000;
            self.run_to(cycle);
            if self.core.is_asleep() && self.word(0x2ff0) != 0 {
                return self.word(0x2ffc);
            }
            assert!(cycle < end, "the program has not ended; at {:#x}", self.core.state().pc);
        }
    }
}

impl World {
    fn cell(&mut self, address: u32) -> Option<&mut [u8]> {
        let (memory, start) = match address {
            0..0x4000 => (&mut self.sram, address as usize),
            0x4000_0000..0x4002_0000 => (&mut self.fpga, address as usize - 0x4000_0000),
            _ => return None,
        };
        Some(&mut memory[start..start + 4])
    }

    fn latency(address: u32) -> u32 {
        match address >> 30 {
            0 => 0,
            1 => FPGA,
            _ => OMNIBUS,
        }
    }

    /// Column of a per-neuron register from its offset to the first one of the west half (register-map 5.6).
    fn neuron(&self, word: u32, base: u32) -> Option<usize> {
        let offset = word.checked_sub(base)?;
        let (side, rest) = (offset / 0x8000, offset % 0x8000);
        let fits = side < 2 && rest / 0x200 == self.hemisphere && rest % 4 == 0;
        fits.then(|| (128 * side + rest % 0x200 / 4) as usize)
    }

    fn read(&mut self, address: u32) -> u32 {
        if let Some(cell) = self.cell(address) {
            return u32::from_be_bytes(cell.try_into().unwrap());
        }
        let counter =
            (address >> 31 != 0).then(|| self.neuron((address & 0x7fff_ffff) >> 2, 0x12_2800)).flatten();
        match counter {
            Some(column) => self.counters[column] & 0xff | u32::from(self.counters[column] > 0xff) << 8,
            None => {
                self.unmapped.push(address);
                0
            }
        }
    }

    fn write(&mut self, at: u64, address: u32, value: u32, mask: u32) {
        if let Some(cell) = self.cell(address) {
            let old = u32::from_be_bytes((&*cell).try_into().unwrap());
            cell.copy_from_slice(&(old & !mask | value & mask).to_be_bytes());
            return;
        }
        let word = (address & 0x7fff_ffff) >> 2;
        if let Some(column) = self.neuron(word, 0x12_2c00) {
            self.counters[column] = 0;
        } else if word == 0x11_0000 + 0x8000 * self.hemisphere {
            self.events.push(Event::Padi { at, word: value });
        } else {
            self.unmapped.push(address);
        }
    }

    /// Response time of an access to the array that occupies it for `busy` cycles and is answered after `answer`. Accesses of the port follow each other, so the wait for an array that is busy
    /// counts from the end of the previous access, not from the issue of this one.
    fn array(&mut self, at: u64, busy: u64, answer: u32) -> u32 {
        let start = at.max(self.port_free);
        let granted = start.max(self.array_free);
        self.port_free = granted + u64::from(answer);
        self.array_free = granted + busy;
        (granted - start) as u32 + answer
    }
}

/// A row address of the parallel port: view, row, parity (register-map 6.4).
fn port(address: u32) -> (u32, usize, usize) {
    (address >> 16 & 0x3f, (address >> 1 & 0x3ff) as usize, (address & 1) as usize)
}

fn lanes(row: &[u8; 256], parity: usize) -> Vector {
    Vector(std::array::from_fn(|lane| row[2 * lane + parity]))
}

impl Bus for World {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        let (memory, start, latency, interval) = match address {
            0..0x4000 => (&self.sram, address as usize, 0, 1),
            0x8000_0000..0x8002_0000 => (&self.fpga, address as usize - 0x8000_0000, 300, 4),
            _ => panic!("fetch from {address:#x}"),
        };
        for (index, word) in line.iter_mut().enumerate() {
            *word = u32::from_be_bytes(memory[start + 4 * index..][..4].try_into().unwrap());
        }
        Response::Done { value: interval, latency }
    }

    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        Response::Done { value: self.read(address), latency: Self::latency(address) }
    }

    fn store(&mut self, at: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        self.write(at, address, value, enables.mask());
        Response::now(())
    }

    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        let mut value = Vector::ZERO;
        for k in 0..32 {
            value.set_word(k, self.read(address + 4 * k as u32));
        }
        Response::Done { value, latency: Self::latency(address) }
    }

    fn store_vector(&mut self, at: u64, address: u32, value: &Vector, _: LaneMask) -> Response<()> {
        for k in 0..32 {
            self.write(at, address + 4 * k as u32, value.word(k), u32::MAX);
        }
        Response::now(())
    }

    fn vector_in(&mut self, at: u64, address: u32, _: LaneMask) -> Response<Vector> {
        let (view, row, parity) = port(address);
        let (value, busy) = match view {
            0x00 => (lanes(&self.weights[row], parity), 0),
            0x04 => (lanes(&self.labels[row], parity), 0),
            0x08 | 0x0c => {
                self.converted =
                    [self.causal[row], self.acausal[row]].map(|sensors| sensors.map(|x| BASELINE - x));
                (lanes(&self.converted[usize::from(view == 0x0c)], parity), CONVERSION)
            }
            0x28 => (lanes(&self.converted[0], parity), 0),
            0x2c => (lanes(&self.converted[1], parity), 0),
            0x0e => {
                let value = Vector(std::array::from_fn(|lane| {
                    let state = &mut self.random[2 * lane + parity];
                    let value = *state as u8;
                    let bit = (*state ^ *state >> 2 ^ *state >> 3 ^ *state >> 5) & 1;
                    *state = *state >> 1 | bit << 15;
                    value
                }));
                (value, 0)
            }
            _ => panic!("read of view {view:#x}"),
        };
        Response::Done { value, latency: self.array(at, u64::from(busy), busy + ARRAY) }
    }

    fn vector_out(&mut self, at: u64, address: u32, value: &Vector, mask: LaneMask) -> Response<()> {
        let (view, row, parity) = port(address);
        let enabled =
            (0..128).filter(|lane| mask.contains(*lane)).map(|lane| (2 * lane + parity, value.0[lane]));
        let mut busy = 0;
        match (view, row) {
            (0x00, 0..256) => enabled.for_each(|(column, value)| self.weights[row][column] = value & 63),
            (0x04, 0..256) => enabled.for_each(|(column, value)| self.labels[row][column] = value & 63),
            (0x0e, 0) => enabled.for_each(|(column, value)| self.random[column] = u16::from(value.max(1))),
            (0x08, 0..256) => {
                for (column, value) in enabled {
                    if value & 1 != 0 {
                        self.causal[row][column] = 0;
                    }
                    if value & 2 != 0 {
                        self.acausal[row][column] = 0;
                    }
                }
                self.events.push(Event::CorrelationReset { at, row, parity });
                busy = RESET_PULSE;
            }
            (0x09, 256) => {
                // A reset is a spike: it counts, and it pairs.
                for (column, _) in enabled {
                    self.counters[column] += 1;
                    self.causal.iter_mut().for_each(|row| row[column] = row[column].saturating_add(3));
                }
                self.events.push(Event::NeuronReset { at, parity, lanes: mask.0 });
                busy = RESET_PULSE;
            }
            _ => panic!("write to row {row} of view {view:#x}"),
        }
        Response::Done { value: (), latency: self.array(at, busy, ARRAY) }
    }
}
