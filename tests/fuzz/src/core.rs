//! Any memory image as a program for the processor.
//!
//! Two promises. A processor computes the same whether it runs in one go or in slices, with a bus that answers at once
//! or only when asked again, cycle counts included. And the three timing models agree, up to the first fault, in everything that does not
//! depend on time: code that does not change, no timers, precise faults.

use std::collections::BTreeMap;

use ppu_isa::timing::{CycleModel, Flat, Scoreboard, Timing};
use ppu_isa::{
    Bus, ByteEnables, CacheGeometry, Config, Core, Instruction, LaneMask, Op, Quirks, Response, Spr, State,
    Stop, Vector, VectorInit,
};

use crate::Input;

/// Words of memory; addresses wrap.
const WORDS: u32 = 1024;
/// Slots in one go.
const CYCLES: u64 = 3000;
/// Instructions that are compared between models.
const STEPS: usize = 1000;

/// Memory that may have the code in a place of its own, and may want to be asked twice.
#[derive(Clone, Debug, PartialEq)]
struct Memory {
    words: Vec<u32>,
    /// Code that stores do not reach.
    code: Option<Vec<u32>>,
    port: BTreeMap<u32, Vector>,
    hesitates: bool,
    asked: bool,
}

impl Memory {
    fn new(words: Vec<u32>) -> Self {
        Self { words, code: None, port: BTreeMap::new(), hesitates: false, asked: false }
    }
    fn place(address: u32) -> usize {
        (address / 4 % WORDS) as usize
    }
    /// Latency by address, so that answers overtake each other.
    fn answer<T>(&self, address: u32, value: T) -> Response<T> {
        Response::Done { value, latency: if address & 0x4000 == 0 { 0 } else { address >> 8 & 31 } }
    }
    fn waits(&mut self) -> bool {
        self.asked = self.hesitates && !self.asked;
        self.asked
    }
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        if self.waits() {
            return Response::Wait;
        }
        let words = self.code.as_ref().unwrap_or(&self.words);
        for (n, word) in line.iter_mut().enumerate() {
            *word = words[Self::place(address.wrapping_add(4 * n as u32))];
        }
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        if self.waits() {
            return Response::Wait;
        }
        self.answer(address, self.words[Self::place(address)])
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        if self.waits() {
            return Response::Wait;
        }
        let word = &mut self.words[Self::place(address)];
        *word = enables.merge(*word, value);
        self.answer(address, ())
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        if self.waits() {
            return Response::Wait;
        }
        let mut value = Vector::ZERO;
        for k in 0..32 {
            value.set_word(k, self.words[Self::place(address.wrapping_add(4 * k as u32))]);
        }
        self.answer(address, value)
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        if self.waits() {
            return Response::Wait;
        }
        for k in 0..32 {
            let enabled = (0..4).filter(|b| lanes.contains(4 * k + b)).map(|b| 8 >> b).sum();
            let word = &mut self.words[Self::place(address.wrapping_add(4 * k as u32))];
            *word = ByteEnables::from_bits(enabled).merge(*word, value.word(k));
        }
        self.answer(address, ())
    }
    fn vector_in(&mut self, _: u64, address: u32, _: LaneMask) -> Response<Vector> {
        if self.waits() {
            return Response::Wait;
        }
        self.answer(address, self.port.get(&(address % 64)).copied().unwrap_or_default())
    }
    fn vector_out(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        if self.waits() {
            return Response::Wait;
        }
        let row = self.port.entry(address % 64).or_default();
        *row = row.merge(value, lanes);
        self.answer(address, ())
    }
}

/// Runs the bytes as a program: switches, general purpose registers, slices, then words from address 0 on.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let switches = input.half();
    let on = |bit: u32| switches >> bit & 1 != 0;
    let mut config = Config {
        quirks: Quirks {
            illegal_nop: !on(0),
            illegal_side_effects: !on(1),
            shift_mod32: !on(2),
            lha_zext: on(3),
            fxvinx_merge: on(4),
            lsu_cond_ignored: !on(5),
            vrf_init: if on(6) { VectorInit::Random(1) } else { VectorInit::Zero },
            trap_shadow_store: on(7),
            alignment_shadow: !on(8),
            interrupt_shadow: !on(9),
            ..Quirks::default()
        },
        cache: CacheGeometry {
            lines_log2: (switches >> 10 & 7) as u8,
            words_log2: (switches >> 13 & 7) as u8,
        },
        ..Config::default()
    };
    let slice = u64::from(input.byte());
    let registers: [u32; 8] = std::array::from_fn(|_| input.word());
    let mut words: Vec<u32> = std::iter::from_fn(|| (!input.is_empty()).then(|| input.word())).collect();
    words.resize(WORDS as usize, 0);

    let start = |state: &mut State| state.gpr[24..].copy_from_slice(&registers);
    slices_make_no_difference::<Scoreboard>(config, &words, slice, start);
    slices_make_no_difference::<CycleModel>(config, &words, slice, start);

    config.quirks.alignment_shadow = false;
    config.quirks.interrupt_shadow = false;
    config.quirks.trap_shadow_store = false;
    let code: Vec<u32> = words
        .iter()
        .map(|word| if depends_on_time(*word) { ppu_isa::instruction::NOP } else { *word })
        .collect();
    let memory = Memory { code: Some(code), ..Memory::new(words) };
    let flat = trace::<Flat>(config, memory.clone(), start);
    compare("scoreboard", &flat, &trace::<Scoreboard>(config, memory.clone(), start));
    compare("cycle model", &flat, &trace::<CycleModel>(config, memory, start));
}

/// Moves of the timers, and what lets interrupts in.
fn depends_on_time(word: u32) -> bool {
    let i = Instruction::decode(word);
    let number = i.field("SPR").map(|field| (field & 31) << 5 | field >> 5);
    let timer = [Spr::Tbl, Spr::Tbu, Spr::Dec, Spr::Decar, Spr::Tsr, Spr::Tcr, Spr::Iccr];
    let moves = matches!(i.op(), Op::Mfspr | Op::Mtspr);
    moves && timer.iter().any(|spr| Some(u32::from(spr.number())) == number)
}

fn slices_make_no_difference<T: Timing>(
    config: Config,
    words: &[u32],
    slice: u64,
    start: impl Fn(&mut State),
) {
    let mut one = Core::<T>::new(config);
    start(one.state_mut());
    let mut other = one.clone();
    let (mut at_once, mut asked_twice) = (Memory::new(words.to_vec()), Memory::new(words.to_vec()));
    asked_twice.hesitates = true;
    let first = one.run(&mut at_once, CYCLES, &mut ());
    let mut until = 0;
    let mut last;
    loop {
        until = (until + 1 + slice).min(CYCLES);
        last = other.run(&mut asked_twice, until, &mut ());
        while last == Stop::Wait {
            last = other.run(&mut asked_twice, until, &mut ());
        }
        if until == CYCLES || matches!(last, Stop::Illegal { .. }) {
            break;
        }
    }
    asked_twice.hesitates = false;
    asked_twice.asked = false;
    assert_eq!(first, last, "how it ends depends on slices");
    assert_eq!(one.state(), other.state(), "registers depend on slices");
    assert_eq!(one.cycle(), other.cycle(), "the cycle depends on slices");
    assert!(at_once == asked_twice, "memory depends on slices");
}

/// What had effects: address, word, effects.
type Trace = Vec<(u32, u32, Vec<ppu_isa::Effect>)>;

/// What happened before the first fault, without when, and whether it came to an end. How many instructions issue behind
/// a fault, and so where its interrupt returns to, depends on time.
fn trace<T: Timing>(config: Config, mut memory: Memory, start: impl Fn(&mut State)) -> (Trace, Option<Stop>) {
    let mut core = Core::<T>::new(config);
    start(core.state_mut());
    let mut trace = Trace::new();
    for _ in 0..STEPS {
        match core.step(&mut memory, u64::MAX / 2) {
            Ok(report) if report.effects.iter().any(|e| matches!(e, ppu_isa::Effect::Interrupt { .. })) => {
                break;
            }
            Ok(report) if report.effects.is_empty() => {}
            Ok(report) => trace.push((report.address, report.word, report.effects)),
            Err(stop) => return (trace, Some(stop)),
        }
    }
    (trace, None)
}

fn compare(model: &str, (flat, end): &(Trace, Option<Stop>), (other, other_end): &(Trace, Option<Stop>)) {
    for (n, (a, b)) in flat.iter().zip(other).enumerate() {
        assert_eq!(a, b, "instruction {n} of the {model}");
    }
    if let (Some(_), Some(_)) = (end, other_end) {
        assert_eq!(flat.len(), other.len(), "instructions of the {model}");
    }
}
