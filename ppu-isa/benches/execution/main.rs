//! Speed of execution on two kernels with each timing model, in instructions and emulated clock cycles a second of
//! processor time.
//!
//! ```text
//! cargo bench -p ppu-isa --bench execution                 # everything, as a table
//! cargo bench -p ppu-isa --bench execution -- --qemu       # the scalar kernel side by side with qemu-ppc
//! cargo bench -p ppu-isa --bench execution -- --guard      # host instructions under callgrind, against their limits
//! ```
//!
//! The kernels are `kernels/workload.c`, compiled (lists, matrices, a state machine, a check sum), and
//! `kernels/weight_update.s` (256 x 256 synapses). `--measure KERNEL MODEL ROUNDS` runs one of them once, for a profiler.

#[path = "../../tests/common/asked.rs"]
mod asked;
mod clock;
mod guard;
mod memory;
mod qemu;

use std::time::Duration;

use asked::Asked;
use clock::Clock;
use memory::Memory;
use object::{Object, ObjectSegment};
use ppu_isa::timing::{CycleModel, Flat, Scoreboard, Slot, Timing};
use ppu_isa::{Config, Core, Observer, Stop, assemble};

/// What is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    Scalar,
    Vector,
}

/// Which timing model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Flat,
    /// `Flat`, asked for every slot: what execution costs with the models below beside the models themselves.
    Asked,
    Scoreboard,
    Cycle,
}

impl Kernel {
    pub(crate) const ALL: [Self; 2] = [Self::Scalar, Self::Vector];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
        }
    }

    /// The memory with the program at address 0; it finds the number of rounds in r3.
    fn memory(self) -> Memory {
        match self {
            Self::Scalar => {
                let elf = object::File::parse(include_bytes!("../kernels/scalar.elf").as_slice())
                    .expect("an ELF file");
                let mut memory = Memory::new();
                for segment in elf.segments() {
                    memory.write(segment.address() as u32, segment.data().expect("inside the file"));
                }
                memory
            }
            Self::Vector => {
                let program = assemble(include_str!("../kernels/weight_update.s"), 0).expect("a program");
                let mut memory = Memory::new();
                for (n, word) in program.words().into_iter().enumerate() {
                    memory.write(4 * n as u32, &word.to_be_bytes());
                }
                memory
            }
        }
    }

    /// Rounds that take some tenths of a second.
    const fn rounds(self) -> u32 {
        match self {
            Self::Scalar => 2_000,
            Self::Vector => 40,
        }
    }
}

impl Model {
    pub(crate) const ALL: [Self; 4] = [Self::Flat, Self::Asked, Self::Scoreboard, Self::Cycle];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Asked => "asked",
            Self::Scoreboard => "scoreboard",
            Self::Cycle => "cycle",
        }
    }

    fn run<O: Observer>(self, kernel: Kernel, rounds: u32, observer: &mut O) -> Run {
        match self {
            Self::Flat => run::<Flat, O>(kernel, rounds, observer),
            Self::Asked => run::<Asked, O>(kernel, rounds, observer),
            Self::Scoreboard => run::<Scoreboard, O>(kernel, rounds, observer),
            Self::Cycle => run::<CycleModel, O>(kernel, rounds, observer),
        }
    }
}

/// One execution of a kernel.
pub(crate) struct Run {
    /// Clock cycles until it slept.
    pub(crate) cycles: u64,
    /// What it left in r3.
    pub(crate) result: u32,
    /// Processor time.
    pub(crate) took: Duration,
}

fn run<T: Timing, O: Observer>(kernel: Kernel, rounds: u32, observer: &mut O) -> Run {
    let mut memory = kernel.memory();
    let mut core = Core::<T>::new(Config::default());
    core.state_mut().gpr[3] = rounds;
    let start = Clock::start();
    let stop = core.run(&mut memory, u64::MAX, observer);
    let took = start.elapsed();
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    Run { cycles: core.asleep_since().unwrap_or(0), result: core.state().gpr[3], took }
}

/// The fastest of several executions.
pub(crate) fn fastest(kernel: Kernel, model: Model, rounds: u32) -> Run {
    let runs = (0..5).map(|_| model.run(kernel, rounds, &mut ()));
    runs.min_by_key(|run| run.took).expect("there are some")
}

/// Counts instructions.
#[derive(Default)]
struct Count(u64);

impl Observer for Count {
    fn issued(&mut self, _: u64, slot: Slot<'_>) {
        self.0 += u64::from(slot.step == 0);
    }
}

/// Instructions that a kernel executes.
pub(crate) fn instructions(kernel: Kernel, rounds: u32) -> u64 {
    let mut count = Count::default();
    Model::Flat.run(kernel, rounds, &mut count);
    count.0
}

fn table(divisor: u32) {
    println!(
        "{:8} {:11} {:>15} {:>17} {:>17}",
        "kernel", "timing", "M instructions", "M instructions/s", "M cycles/s"
    );
    for kernel in Kernel::ALL {
        let rounds = kernel.rounds() / divisor;
        let instructions = instructions(kernel, rounds) as f64 / 1e6;
        for model in Model::ALL {
            let run = fastest(kernel, model, rounds);
            let seconds = run.took.as_secs_f64();
            println!(
                "{:8} {:11} {instructions:15.1} {:17.1} {:17.1}",
                kernel.name(),
                model.name(),
                instructions / seconds,
                run.cycles as f64 / 1e6 / seconds
            );
        }
    }
}

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match *arguments.as_slice() {
        ["--measure", kernel, model, rounds, ..] => measure(kernel, model, rounds),
        ["--qemu", ..] => qemu::side_by_side(),
        ["--guard", ..] => guard::guard(),
        // `cargo test` runs benchmarks without the argument that `cargo bench` gives them.
        _ if !arguments.contains(&"--bench") => {
            table(100);
            Ok(())
        }
        _ => {
            table(1);
            Ok(())
        }
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn measure(kernel: &str, model: &str, rounds: &str) -> Result<(), String> {
    let kernel = Kernel::ALL.into_iter().find(|k| k.name() == kernel).ok_or("KERNEL is scalar or vector")?;
    let model =
        Model::ALL.into_iter().find(|m| m.name() == model).ok_or("MODEL is flat, scoreboard or cycle")?;
    let rounds = rounds.parse().map_err(|_| "ROUNDS is a number")?;
    let run = model.run(kernel, rounds, &mut ());
    println!("{} cycles, result {:#x}", run.cycles, run.result);
    Ok(())
}
