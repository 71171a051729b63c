//! Profiles, coverage and pins of built-in programs. The expected texts are those of the timing model `cycle`, whose cycles are checked
//! against the golden records.

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::{Chip, ChipOptions};
use bss2_debug::coverage::Coverage;
use bss2_debug::pins::{PinLog, Serial, received_text};
use bss2_debug::profile::{Profile, Profiler, flame_graph, page};
use bss2_debug::source::SourceMap;
use bss2_firmware::{HELLO, HELLO_EXTERNAL, Program, RSTDP, TIMERS, UART};
use bss2_host::device::{Device, SharedMemory};
use bss2_host::ppu_program::{PpuMemory, PpuProgram};
use ppu_isa::{Counters, Observer, TimingModel};

/// Omnibus word addresses (register-map 5.11) of SRAM and control register of the top processor.
const SRAM: u32 = 0x0280_0000;
const CONTROL: u32 = 0x02a0_0000;

/// A chip on which the top processor has run a program for a time, watched.
fn run(program: &Program, model: TimingModel, time: SimTime, mut observer: &mut dyn Observer) -> Chip {
    let program = PpuProgram::parse(program.image).expect("built-in programs can be loaded");
    let mut options = ChipOptions::default();
    options.ppu.model = model;
    let mut chip = Chip::with_options(options);
    for (word, value) in program.internal_words().into_iter().enumerate() {
        chip.write(SRAM + word as u32, value, 0xf);
    }
    if let Some(image) = program.image(PpuMemory::External) {
        for (word, bytes) in image.as_chunks::<4>().0.iter().enumerate() {
            chip.write_shared(SharedMemory::Sram, word as u32, u32::from_be_bytes(*bytes), 0xf);
        }
    }
    chip.write(CONTROL, 1, 0xf);
    assert_eq!(chip.advance_observed(time, &mut observer, &mut ()), None);
    chip
}

fn map(program: &Program) -> SourceMap {
    SourceMap::parse(program.image).expect("built-in programs have debug information")
}

fn end_of(chip: &Chip) -> u64 {
    chip.ppu(Hemisphere::Top).core.asleep_since().expect("the program has ended")
}

fn profiled(program: &Program, model: TimingModel) -> (Profile, u64) {
    let map = map(program);
    let mut profiler = Profiler::new(&map);
    let chip = run(program, model, SimTime::from_ms(1), &mut profiler);
    let end = end_of(&chip);
    (profiler.finish(end, Some(end)), end)
}

#[test]
fn a_profile_accounts_for_every_cycle_by_function_line_and_path() {
    for program in [HELLO, HELLO_EXTERNAL, TIMERS, UART] {
        for model in [TimingModel::Flat, TimingModel::Scoreboard, TimingModel::Cycle] {
            let (profile, end) = profiled(&program, model);
            assert_eq!(profile.cycles, end, "{} {model:?}", program.name);
            let awake = end - profile.asleep;
            assert_eq!(profile.functions.iter().map(|function| function.cycles).sum::<u64>(), awake);
            assert_eq!(profile.functions.iter().map(|function| function.asleep).sum::<u64>(), profile.asleep);
            assert_eq!(profile.lines.iter().map(|line| line.cycles + line.asleep).sum::<u64>(), end);
            assert_eq!(profile.stacks.iter().map(|stack| stack.cycles).sum::<u64>(), end);
            let main = profile.functions.iter().find(|function| function.name == "main").expect("it runs");
            assert_eq!(main.calls, 1);
            assert!(main.total <= awake && main.cycles <= main.total);
        }
    }
}

#[test]
fn causes_of_stalls_add_up_to_the_counters() {
    let map = map(&TIMERS);
    let mut both = (Profiler::new(&map), Counters::new(0x4000));
    struct Both<'a, 'm>(&'a mut (Profiler<'m>, Counters));
    impl Observer for Both<'_, '_> {
        fn issued(&mut self, at: u64, slot: ppu_isa::timing::Slot<'_>) {
            self.0.0.issued(at, slot);
            self.0.1.issued(at, slot);
        }
        fn wants_account(&self) -> bool {
            true
        }
        fn account(&mut self, at: u64, slot: ppu_isa::timing::Slot<'_>, account: &ppu_isa::timing::Account) {
            self.0.0.account(at, slot, account);
            self.0.1.account(at, slot, account);
        }
        fn effect(&mut self, at: u64, effect: ppu_isa::Effect) {
            self.0.0.effect(at, effect.clone());
            self.0.1.effect(at, effect);
        }
    }
    let chip = run(&TIMERS, TimingModel::Cycle, SimTime::from_ms(1), &mut Both(&mut both));
    let end = end_of(&chip);
    let (profiler, counters) = both;
    let profile = profiler.finish(end, Some(end));
    assert_eq!(profile.instructions, counters.instructions);
    assert_eq!(profile.asleep, counters.stalls.sleep);
    for (cause, cycles) in counters.stalls.list().into_iter().filter(|(cause, _)| *cause != "sleep") {
        assert_eq!(profile.stalls.get(cause).copied().unwrap_or(0), cycles, "{cause}");
    }
}

#[test]
fn the_profile_of_a_small_program_has_this_text() {
    insta::assert_snapshot!("hello.profile", profiled(&HELLO, TimingModel::Cycle).0.to_string());
}

#[test]
fn folded_stacks_show_inlined_functions_interrupts_and_sleep() {
    insta::assert_snapshot!("timers.folded", profiled(&TIMERS, TimingModel::Cycle).0.folded());
}

#[test]
fn flame_graph_and_page_are_the_same_each_time_and_name_every_function() {
    let draw = || {
        let (profile, _) = profiled(&TIMERS, TimingModel::Cycle);
        let read = |file: &str| std::fs::read_to_string(format!("../../firmware/{file}")).ok();
        let flame = flame_graph(&profile, "timers <1>").expect("there are cycles");
        (flame, page(&profile, "timers <1>", read).expect("there are cycles"))
    };
    let (flame, html) = draw();
    assert_eq!((&flame, &html), (&draw().0, &draw().1));
    for function in ["main", "isr_decrementer", "mailbox_unsigned", "[interrupt decrementer]", "[asleep]"] {
        assert!(flame.contains(function), "{function}");
    }
    assert!(html.contains("timers &lt;1&gt;") && html.contains("while (ticks &lt; TICKS) {"), "{html}");
    assert!(flame_graph(&Profile::default(), "nothing").is_err());
}

#[test]
fn coverage_knows_what_was_executed_and_what_was_not() {
    let map = map(&TIMERS);
    let program = PpuProgram::parse(TIMERS.image).expect("built-in programs can be loaded");
    let words = program.internal_words();
    let mut coverage = Coverage::new();
    run(&TIMERS, TimingModel::Flat, SimTime::from_ms(1), &mut coverage);
    let word = |address: u32| words.get(address as usize / 4).copied();
    let lcov = coverage.lcov(&map, word, |file| format!("/src/{file}"));
    let record = |file: &str| {
        let start = lcov.find(&format!("SF:/src/{file}\n")).unwrap_or_else(|| panic!("no {file} in {lcov}"));
        let end = lcov[start..].find("end_of_record").expect("records end");
        lcov[start..start + end].to_owned()
    };
    let timers = record("programs/timers.c");
    // The interrupt handler, sixteen times; the loop that waits for it looks seventeen times.
    assert!(timers.contains("FNDA:16,isr_decrementer\n") && timers.contains("FNDA:1,main\n"), "{timers}");
    assert!(timers.contains("DA:15,16\n"), "{timers}");
    let runtime = record("runtime/start.S");
    assert!(runtime.contains("FNDA:16,enter_decrementer\n"), "{runtime}");
    assert!(runtime.contains("FNDA:0,enter_doorbell\n"), "{runtime}");
    // Functions that the linker has dropped are not in the program.
    assert!(!lcov.contains("mailbox_hexadecimal"), "{lcov}");

    for block in lcov.split("end_of_record\n").filter(|block| !block.is_empty()) {
        let count = |prefix: &str| block.lines().filter(|line| line.starts_with(prefix)).count();
        let value = |key: &str| {
            let line = block.lines().find(|line| line.starts_with(key)).expect("every record has it");
            line[key.len()..].parse::<usize>().expect("a number")
        };
        assert_eq!(count("DA:"), value("LF:"), "{block}");
        assert_eq!(count("FN:"), value("FNF:"));
        assert_eq!(count("BRDA:"), value("BRF:"));
        let hit = block.lines().filter(|line| line.starts_with("DA:") && !line.ends_with(",0")).count();
        assert_eq!(hit, value("LH:"));
    }
    let mut twice = coverage.clone();
    twice.merge(&coverage);
    assert_eq!(twice.executions(0), 2 * coverage.executions(0));
}

#[test]
fn every_instruction_of_the_images_has_its_function() {
    for program in bss2_firmware::PROGRAMS {
        let map = map(program);
        let loaded = PpuProgram::parse(program.image).expect("built-in programs can be loaded");
        for (memory, base) in [(PpuMemory::Internal, 0), (PpuMemory::External, 0x8000_0000)] {
            for segment in loaded.segments(memory).iter().filter(|segment| segment.executable) {
                for address in (base + segment.offset..base + segment.end()).step_by(4) {
                    let frames = map.frames(address);
                    assert!(!frames.is_empty(), "{address:#x} of {}", program.name);
                    let symbol = loaded.symbols.iter().find(|(_, symbol)| {
                        symbol.memory == memory
                            && address - base >= symbol.offset
                            && address - base < symbol.offset + symbol.size
                    });
                    // The symbol table is another witness.
                    assert_eq!(
                        Some(frames[0].function),
                        symbol.map(|(name, _)| name.as_str()),
                        "{address:#x}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_serial_line_says_what_the_program_sends() {
    let mut pins = PinLog::default();
    let chip = run(&UART, TimingModel::Scoreboard, SimTime::from_ms(1), &mut pins);
    let received = Serial { pin: 0, cycles_per_bit: 217 }.decode(&pins.changes, end_of(&chip));
    assert!(received.iter().all(|received| received.byte.is_ok()), "{received:?}");
    assert_eq!(received_text(&received), "The plasticity processor speaks.\n");
    // At another speed it is nonsense, and known to be.
    let received = Serial { pin: 0, cycles_per_bit: 130 }.decode(&pins.changes, end_of(&chip));
    assert!(received.iter().any(|received| received.byte.is_err()));
}

#[test]
fn a_program_that_never_ends_is_profiled_up_to_its_last_cycle() {
    let map = map(&RSTDP);
    let mut profiler = Profiler::new(&map);
    run(&RSTDP, TimingModel::Cycle, SimTime::from_us(100), &mut profiler);
    let profile = profiler.finish(25_000, None);
    assert_eq!(profile.cycles, 25_000);
    // It waits for commands most of the time.
    assert!(profile.asleep > 15_000, "{profile}");
}

#[test]
fn what_is_no_image_or_a_damaged_one_has_no_map() {
    assert!(SourceMap::parse(b"").is_err());
    assert!(SourceMap::parse(b"\x7fELF").is_err());
    let image = RSTDP.image;
    for length in (0..image.len()).step_by(997) {
        let _ = SourceMap::parse(&image[..length]).is_ok();
    }
    // Every byte of the debug information in turn is another one.
    for at in (0..image.len()).step_by(101) {
        let mut damaged = image.to_vec();
        damaged[at] ^= 0xff;
        let _ = SourceMap::parse(&damaged).map(|map| map.frames(0x200).len()).is_ok();
    }
}
