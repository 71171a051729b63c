//! Random programs of scalar instructions, and what the model computes with them.
//!
//! A program is a row of pieces: one instruction with what prepares its operands, a branch over a few instructions,
//! or a short loop. Control always leaves a piece at its end, so that any number of leading pieces is a program too.
//! Each piece is tried on the model first, and thrown away if an instruction in it would deviate from the Power ISA
//! ([`super::deviation`]); the model decides only what is asked, never what the answer is.

use std::collections::BTreeMap;
use std::ops::Range;

use ppu_isa::table::{Class, OpInfo, implicit};
use ppu_isa::timing::{Flat, Timing};
use ppu_isa::{
    Bus, ByteEnables, CacheGeometry, Config, Core, Instruction, LaneMask, Observer, Op, Quirks, Response,
    State, Stop, Vector, encode,
};

use super::deviation::{ENDLESS, EXCLUDED_ROWS, USER_SPRS, access_size, deviation};
use super::faults::Fault;
use super::{Random, random_word, scalar_rows};

/// The addresses of a program: initial registers, dump and window, code.
pub const IMAGE: Range<u32> = 0x1000..0x8000;
/// Initial values: 32 general purpose registers, CR, XER, LR, CTR.
const INITIAL: u32 = IMAGE.start;
/// Where the last instructions of a program write the registers, in the same order; the window follows.
pub const DUMP: u32 = WINDOW.start - 4 * REGISTERS as u32;
/// Memory that the instructions may read and write.
pub const WINDOW: Range<u32> = 0x1400..0x1800;
/// The first instruction. All code is within reach of absolute conditional branches.
pub const ENTRY: u32 = 0x2000;
/// What is compared beside the registers: the window, and behind it what a program writes down about its course.
pub const COMPARED: Range<u32> = WINDOW.start..ENTRY;
/// Registers that are compared.
pub const REGISTERS: usize = 36;
/// Room for the code between [`ENTRY`] and the end of the image, without the end of the program.
const CODE: u32 = IMAGE.end - ENTRY - 4 * 64;
/// XER bits that exist (ppu-isa 3.1).
const XER: u32 = 0xe000_0000;

/// A program, and how it came about.
#[derive(Debug, Clone)]
pub struct Program {
    initial: [u32; REGISTERS],
    window: Vec<u32>,
    pieces: Vec<Vec<u32>>,
    /// Whether slw, srw, sraw use five bits of the amount, as this processor does, or six (ppu-isa 4.2).
    pub quirks: Quirks,
    /// How often each row of the table was executed.
    pub executed: BTreeMap<&'static str, usize>,
    /// How many pieces were thrown away for which deviation.
    pub refused: BTreeMap<&'static str, usize>,
}

/// What is compared: 32 general purpose registers, CR, XER, LR, CTR, then the window.
pub type Outcome = Vec<u32>;

impl Program {
    /// A program of about `length` pieces.
    pub fn random(mut random: Random, length: usize, quirks: Quirks) -> Self {
        let mut initial = [0; REGISTERS];
        initial.iter_mut().for_each(|value| *value = random.value());
        initial[33] &= XER;
        let window = (0..WINDOW.len() / 4).map(|_| random.value()).collect();
        let (executed, refused) = (BTreeMap::new(), BTreeMap::new());
        let empty = Self { initial, window, pieces: Vec::new(), quirks, executed, refused };
        Generator::new(random, empty).generate(length)
    }

    /// The program of one piece, with zero in all registers.
    pub(super) fn of_code(window: &[u32], code: Vec<u32>) -> Self {
        Self {
            initial: [0; REGISTERS],
            window: window.to_vec(),
            pieces: vec![code],
            quirks: Quirks::default(),
            executed: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Number of pieces.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// The program without its pieces from `count` on.
    pub fn truncated(&self, count: usize) -> Self {
        Self { pieces: self.pieces[..count].to_vec(), ..self.clone() }
    }

    /// Address and words of the last piece.
    pub fn last_piece(&self) -> (u32, &[u32]) {
        let last = self.pieces.last().map_or(&[][..], Vec::as_slice);
        (self.end() - 4 * last.len() as u32, last)
    }

    /// Where the pieces begin.
    fn start() -> u32 {
        ENTRY + 4 * prologue().len() as u32
    }

    /// Where the pieces end and the dump begins.
    fn end(&self) -> u32 {
        Self::start() + 4 * self.pieces.iter().map(Vec::len).sum::<usize>() as u32
    }

    /// The words of [`IMAGE`].
    pub fn image(&self) -> Vec<u32> {
        let mut image = vec![0; IMAGE.len() / 4];
        let mut put = |address: u32, words: &[u32]| {
            let at = (address - IMAGE.start) as usize / 4;
            image[at..at + words.len()].copy_from_slice(words);
        };
        put(INITIAL, &self.initial);
        put(WINDOW.start, &self.window);
        let code: Vec<u32> =
            prologue().into_iter().chain(self.pieces.iter().flatten().copied()).chain(epilogue()).collect();
        put(ENTRY, &code);
        image
    }

    /// What the model computes, with a timing model and its cache.
    ///
    /// # Errors
    /// What happened instead of reaching the end.
    pub fn run_on_model<T: Timing>(&self) -> Result<Outcome, String> {
        let mut core: Core<T> =
            Core::new(Config { quirks: self.quirks, cache: CacheGeometry::default(), ..Config::default() });
        core.state_mut().pc = ENTRY;
        let mut memory = Memory { words: self.image() };
        let limit = 1000 * u64::from(IMAGE.end);
        match core.run(&mut memory, limit, &mut Until(self.end())) {
            Stop::Breakpoint { .. } => Ok(outcome(core.state(), &memory)),
            other => Err(format!("the model stopped at 0x{:x}: {other:?}", core.state().pc)),
        }
    }
}

impl Program {
    /// What the model computes if the harness plants a fault; `None` if the fault never strikes.
    ///
    /// # Errors
    /// What happened instead of reaching the end.
    pub fn run_with_fault(&self, fault: &Fault) -> Result<Option<Outcome>, String> {
        if !self.executed.contains_key(fault.info.mnemonic) {
            return Ok(None);
        }
        let mut core: Core<Flat> = Core::new(Config { quirks: self.quirks, ..Config::default() });
        core.state_mut().pc = ENTRY;
        let mut memory = Memory { words: self.image() };
        let mut struck = false;
        for _ in 0..IMAGE.end {
            let pc = core.state().pc;
            if pc == self.end() {
                return Ok(struck.then(|| outcome(core.state(), &memory)));
            }
            let i = Instruction::decode(memory.read(pc));
            // What prepares the registers is not part of the question.
            let strikes = pc >= Self::start() && fault.strikes(&i, core.state());
            let report = core.step(&mut memory, u64::MAX).map_err(|stop| format!("{stop:?}"))?;
            if strikes {
                struck = true;
                fault.strike(&i, &report, core.state_mut(), &mut |address| {
                    memory.write(address, memory.read(address) ^ 0x0101_0101);
                });
            }
        }
        Err("no end".to_owned())
    }
}

/// The name of a place in an [`Outcome`].
pub fn place(index: usize) -> String {
    match index {
        0..32 => format!("r{index}"),
        32 => "cr".to_owned(),
        33 => "xer".to_owned(),
        34 => "lr".to_owned(),
        35 => "ctr".to_owned(),
        _ => format!("memory 0x{:x}", WINDOW.start as usize + 4 * (index - REGISTERS)),
    }
}

fn outcome(state: &State, memory: &Memory) -> Outcome {
    let special = [state.cr, state.xer, state.lr, state.ctr];
    let window = COMPARED.step_by(4).map(|address| memory.read(address));
    state.gpr.into_iter().chain(special).chain(window).collect()
}

/// The word of an instruction; the callers give fields that exist and values that fit.
fn word(op: Op, fields: &[(&str, i64)]) -> u32 {
    encode(op, fields).unwrap_or_else(|error| panic!("{op:?} {fields:?}: {error}"))
}

fn load(register: usize, address: u32) -> u32 {
    word(Op::Lwz, &[("RT", register as i64), ("D", i64::from(address))])
}

fn store(register: usize, address: u32) -> u32 {
    word(Op::Stw, &[("RS", register as i64), ("D", i64::from(address))])
}

/// Two instructions that load a register with a value.
fn constant(register: u32, value: u32) -> [u32; 2] {
    let (upper, lower) = (i64::from((value >> 16) as u16 as i16), i64::from(value & 0xffff));
    let register = i64::from(register);
    [
        word(Op::Addis, &[("RT", register), ("SI", upper)]),
        word(Op::Ori, &[("RS", register), ("RA", register), ("UI", lower)]),
    ]
}

/// Loads all registers.
fn prologue() -> Vec<u32> {
    let initial = |n: usize| INITIAL + 4 * n as u32;
    let mut code = vec![load(0, initial(32)), word(Op::Mtcrf, &[("FXM", 255), ("RS", 0)])];
    for (n, spr) in USER_SPRS.into_iter().enumerate() {
        code.extend([load(0, initial(33 + n)), word(Op::Mtspr, &[("SPR", i64::from(spr)), ("RS", 0)])]);
    }
    code.extend((0..32).map(|n| load(n, initial(n))));
    code
}

/// Stores all registers, writes them with the window to file 1 and ends the process, by the calling convention of
/// Linux for PowerPC: number in r0, arguments from r3 on.
fn epilogue() -> Vec<u32> {
    const SYSTEM_CALL: u32 = 0x4400_0002;
    let dump = |n: usize| DUMP + 4 * n as u32;
    let mut code: Vec<u32> = (0..32).map(|n| store(n, dump(n))).collect();
    code.extend([word(Op::Mfcr, &[("RT", 0)]), store(0, dump(32))]);
    for (n, spr) in USER_SPRS.into_iter().enumerate() {
        code.extend([word(Op::Mfspr, &[("SPR", i64::from(spr)), ("RT", 0)]), store(0, dump(33 + n))]);
    }
    let small = |register: i64, value: u32| word(Op::Addi, &[("RT", register), ("SI", i64::from(value))]);
    code.extend([small(0, 4), small(3, 1), small(4, DUMP), small(5, COMPARED.end - DUMP), SYSTEM_CALL]);
    code.extend([small(0, 1), small(3, 0), SYSTEM_CALL]);
    code
}

/// The image as memory of the model.
#[derive(Clone)]
struct Memory {
    words: Vec<u32>,
}

impl Memory {
    fn index(address: u32) -> usize {
        (address.wrapping_sub(IMAGE.start) / 4) as usize
    }
    fn read(&self, address: u32) -> u32 {
        self.words.get(Self::index(address)).copied().unwrap_or(0)
    }
    fn write(&mut self, address: u32, value: u32) {
        if let Some(word) = self.words.get_mut(Self::index(address)) {
            *word = value;
        }
    }
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        for (n, word) in line.iter_mut().enumerate() {
            *word = self.read(address.wrapping_add(4 * n as u32));
        }
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        Response::now(self.read(address))
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        self.write(address, enables.merge(self.read(address), value));
        Response::now(())
    }
    // Programs have no vector instructions.
    fn load_vector(&mut self, _: u64, _: u32) -> Response<Vector> {
        Response::now(Vector::ZERO)
    }
    fn store_vector(&mut self, _: u64, _: u32, _: &Vector, _: LaneMask) -> Response<()> {
        Response::now(())
    }
    fn vector_in(&mut self, _: u64, _: u32, _: LaneMask) -> Response<Vector> {
        Response::now(Vector::ZERO)
    }
    fn vector_out(&mut self, _: u64, _: u32, _: &Vector, _: LaneMask) -> Response<()> {
        Response::now(())
    }
}

/// Stops at an address.
struct Until(u32);

impl Observer for Until {
    fn breaks_at(&mut self, address: u32) -> bool {
        address == self.0
    }
}

/// How many instructions a piece may execute.
const LONGEST_PIECE: usize = 200;

struct Generator {
    random: Random,
    program: Program,
    core: Core<Flat>,
    memory: Memory,
    rows: Vec<&'static OpInfo>,
    /// Rows that need no preparation and jump nowhere.
    simple: Vec<&'static OpInfo>,
    /// Where the next note goes.
    note: u32,
}

impl Generator {
    fn new(random: Random, program: Program) -> Self {
        // One word of cache, since code appears behind the processor's back.
        let cache = CacheGeometry { lines_log2: 0, words_log2: 0 };
        let mut core: Core<Flat> = Core::new(Config { quirks: program.quirks, cache, ..Config::default() });
        let state = core.state_mut();
        state.gpr.copy_from_slice(&program.initial[..32]);
        [state.cr, state.xer, state.lr, state.ctr] =
            [program.initial[32], program.initial[33], program.initial[34], program.initial[35]];
        state.pc = Program::start();
        let rows: Vec<_> =
            scalar_rows().filter(|info| !EXCLUDED_ROWS.iter().any(|(op, _)| *op == info.op)).collect();
        let simple = rows.iter().copied().filter(|info| is_simple(info)).collect();
        let memory = Memory { words: program.image() };
        Self { random, program, core, memory, rows, simple, note: WINDOW.end }
    }

    fn generate(mut self, length: usize) -> Program {
        // Most pieces are kept; the bound is for a model that does not work at all.
        for _ in 0..4 * length {
            if self.program.pieces.len() >= length || self.core.state().pc + 4 * 16 >= ENTRY + CODE {
                break;
            }
            let mut piece = self.piece();
            self.prepare(&mut piece);
            self.take_notes(&mut piece);
            self.try_piece(piece);
        }
        self.program
    }

    /// Executes a piece, and keeps it if nothing in it deviates.
    fn try_piece(&mut self, piece: Vec<u32>) {
        let (core, memory) = (self.core.clone(), self.memory.clone());
        let start = core.state().pc;
        for (n, word) in piece.iter().enumerate() {
            self.memory.write(start + 4 * n as u32, *word);
        }
        let mut executed = Vec::new();
        match self.execute(start + 4 * piece.len() as u32, &mut executed) {
            Ok(()) => {
                self.program.pieces.push(piece);
                executed.into_iter().for_each(|name| *self.program.executed.entry(name).or_default() += 1);
            }
            Err(name) => {
                *self.program.refused.entry(name).or_default() += 1;
                (self.core, self.memory) = (core, memory);
            }
        }
    }

    fn execute(&mut self, end: u32, executed: &mut Vec<&'static str>) -> Result<(), &'static str> {
        for _ in 0..LONGEST_PIECE {
            let pc = self.core.state().pc;
            if pc == end {
                return Ok(());
            }
            let i = Instruction::decode(self.memory.read(pc));
            if let Some(deviation) = deviation(&i, self.core.state(), &self.program.quirks) {
                return Err(deviation.name);
            }
            executed.extend(i.op().info().map(|info| info.mnemonic));
            if self.core.step(&mut self.memory, u64::MAX).is_err() {
                return Err(ENDLESS.name);
            }
        }
        Err(ENDLESS.name)
    }

    fn register(&mut self) -> u32 {
        self.random.below(32)
    }

    /// Gives the registers that a piece of one instruction reads values that matter, half of the time.
    fn prepare(&mut self, piece: &mut Vec<u32>) {
        let [only] = piece[..] else { return };
        let i = Instruction::decode(only);
        let arithmetic =
            matches!(i.class(), Class::Alu | Class::AluXer | Class::AluCr | Class::Mul | Class::Trap);
        if !arithmetic || self.random.below(2) == 0 {
            return;
        }
        for register in (0..32).filter(|n| i.reads().gpr >> n & 1 != 0) {
            let value = self.random.value();
            piece.splice(0..0, constant(register, value));
        }
    }

    /// Writes down what the last instruction of a piece has changed, before something else hides it.
    fn take_notes(&mut self, piece: &mut Vec<u32>) {
        let Some(i) = piece.last().map(|word| Instruction::decode(*word)) else { return };
        let mut note = |piece: &mut Vec<u32>, register: usize| {
            if self.note < COMPARED.end {
                piece.push(store(register, self.note));
                self.note += 4;
            }
        };
        let written = i.writes();
        if written.gpr != 0 {
            note(piece, written.gpr.trailing_zeros() as usize);
        }
        let special = written.other & (implicit::CR | implicit::XER) != 0;
        if special && self.random.below(2) == 0 {
            let scratch = self.random.below(32);
            let read = match written.other & implicit::XER != 0 && self.random.below(2) == 0 {
                true => word(Op::Mfspr, &[("RT", i64::from(scratch)), ("SPR", 1)]),
                false => word(Op::Mfcr, &[("RT", i64::from(scratch))]),
            };
            piece.push(read);
            note(piece, scratch as usize);
        }
    }

    /// The next instruction, with what prepares it.
    fn piece(&mut self) -> Vec<u32> {
        let random = &mut self.random;
        match random.below(16) {
            0 => return constant(random.below(32), random.value()).to_vec(),
            1 => return self.counted_loop(),
            _ => {}
        }
        let info = random.pick(&self.rows);
        let word = random_word(info, random);
        let i = Instruction::decode(word);
        let field = |name: &str| i.field(name).unwrap_or(0);
        match info.class {
            Class::Load | Class::LoadUpdate | Class::Store | Class::StoreUpdate | Class::Multiple => {
                self.access(info, word)
            }
            Class::Branch => self.branch(info, word),
            Class::SprRead | Class::SprWrite if matches!(info.op, Op::Mfspr | Op::Mtspr) => {
                self.special_register(info)
            }
            Class::Div if self.core.state().gpr[field("RB") as usize] == 0 => {
                let divisor = self.random.value().max(1);
                [&constant(field("RB"), divisor)[..], &[word]].concat()
            }
            _ if info.op == Op::Mfcr && field("ONE") != 0 => {
                // Only the defined case: one field, the rest of RT zero.
                let rt = i64::from(field("RT"));
                let fxm = 1 << self.random.below(8);
                let zero = self::word(Op::Addi, &[("RT", rt), ("SI", 0)]);
                vec![zero, self::word(Op::Mfcr, &[("RT", rt), ("ONE", 1), ("FXM", fxm)])]
            }
            _ if info.op == Op::Mtcrf && field("ONE") != 0 => {
                let fxm = 1 << self.random.below(8);
                vec![self::word(Op::Mtcrf, &[("RS", i64::from(field("RS"))), ("ONE", 1), ("FXM", fxm)])]
            }
            _ if matches!(info.op, Op::Slw | Op::Srw | Op::Sraw) && self.program.quirks.shift_mod32 => {
                let rb = i64::from(field("RB"));
                let amount = self::word(Op::AndiRecord, &[("RS", rb), ("RA", rb), ("UI", 31)]);
                vec![amount, word]
            }
            _ if info.class == Class::AluCr => vec![word & !(1 << 21)],
            _ => vec![word],
        }
    }

    /// mfspr and mtspr of the registers that a user-mode program has.
    fn special_register(&mut self, info: &OpInfo) -> Vec<u32> {
        let spr = self.random.pick(&USER_SPRS);
        let register = i64::from(self.register());
        if info.op == Op::Mfspr {
            return vec![word(Op::Mfspr, &[("RT", register), ("SPR", i64::from(spr))])];
        }
        let move_to = word(Op::Mtspr, &[("RS", register), ("SPR", i64::from(spr))]);
        // Three bits of XER exist.
        let bits = word(Op::Rlwinm, &[("RA", register), ("RS", register), ("MB", 0), ("ME", 2)]);
        if spr == 1 { vec![bits, move_to] } else { vec![move_to] }
    }

    /// A load or store with registers such that it reaches the window.
    fn access(&mut self, info: &OpInfo, word: u32) -> Vec<u32> {
        let i = Instruction::decode(word);
        let target = i.field("RT").or(i.field("RS")).unwrap_or(0);
        let words = if info.class == Class::Multiple { 32 - target } else { 1 };
        let size = access_size(info.op);
        let range = WINDOW.len() as u32 - 4 * words;
        let mut address = WINDOW.start + self.random.below(range + 1);
        if size == 4 {
            address &= !3;
        }
        let ra = i.field("RA").unwrap_or(0);
        let zero_base = ra == 0 && !matches!(info.class, Class::LoadUpdate | Class::StoreUpdate);
        if let Some(rb) = i.field("RB") {
            let base = if zero_base { 0 } else { self.random.value() };
            let index = address.wrapping_sub(base);
            // With one register for both only the sum of two equal halves reaches the window.
            if ra == rb && !zero_base {
                return [&constant(rb, address / 2)[..], &[word]].concat();
            }
            return [&constant(ra, base)[..], &constant(rb, index), &[word]].concat();
        }
        let displacement = if zero_base { address } else { self.random.word() & 0xffff };
        let base = address.wrapping_sub(displacement as u16 as i16 as u32);
        let word = word & 0xffff_0000 | displacement;
        if zero_base { vec![word] } else { [&constant(ra, base)[..], &[word]].concat() }
    }

    /// One to three instructions that may be jumped over.
    fn filler(&mut self) -> Vec<u32> {
        let count = 1 + self.random.below(3);
        (0..count)
            .map(|_| {
                let info = self.random.pick(&self.simple);
                random_word(info, &mut self.random)
            })
            .collect()
    }

    /// A branch forwards over a few instructions.
    fn branch(&mut self, info: &OpInfo, random_fields: u32) -> Vec<u32> {
        let here = self.core.state().pc;
        let filler = self.filler();
        let distance = 4 + 4 * filler.len() as u32;
        let mut piece = Vec::new();
        match info.op {
            Op::B | Op::Bc => {
                let absolute = random_fields & 2 != 0;
                let target = if absolute { here + distance } else { distance };
                let displacement = if info.op == Op::B { 0x03ff_fffc } else { 0xfffc };
                piece.push(random_fields & !displacement | target);
            }
            _ => {
                // The two low bits of the target do not count.
                let register = self.register();
                let target = (here + 8 + 4 + distance) | self.random.below(4);
                let spr = if info.op == Op::Bclr { 8 } else { 9 };
                piece.extend(constant(register, target));
                piece.push(word(Op::Mtspr, &[("RS", i64::from(register)), ("SPR", spr)]));
                piece.push(random_fields);
            }
        }
        piece.extend(filler);
        piece
    }

    /// A loop of a few rounds.
    fn counted_loop(&mut self) -> Vec<u32> {
        let register = i64::from(self.register());
        let rounds = i64::from(1 + self.random.below(5));
        let body = self.filler();
        // Any branch that counts, whatever else it tests.
        let bo = i64::from(self.random.word() & 0b11011);
        let bi = i64::from(self.register());
        let back = -4 * body.len() as i64;
        let mut piece = vec![
            word(Op::Addi, &[("RT", register), ("SI", rounds)]),
            word(Op::Mtspr, &[("RS", register), ("SPR", 9)]),
        ];
        piece.extend(body);
        piece.push(word(Op::Bc, &[("BO", bo), ("BI", bi), ("BD", back)]));
        piece
    }
}

/// Whether any word of the row can stand in a loop: defined for all operands, except those that [`deviation`] sees.
fn is_simple(info: &OpInfo) -> bool {
    let class = matches!(info.class, Class::Alu | Class::AluXer | Class::Mul | Class::CrOp);
    class && !matches!(info.op, Op::Mfcr | Op::Mtcrf)
}
