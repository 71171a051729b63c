//! Forwards and backwards without GDB, on the built-in programs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::Chip;
use bss2_debug::{Debugger, Ending, Event, Listener};
use bss2_firmware::{HELLO, Program};
use bss2_host::ppu_program::PpuProgram;

/// Omnibus word addresses (register-map 5.11) of SRAM and control register of both processors.
const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
const CONTROL: [u32; 2] = [0x02a0_0000, 0x03a0_0000];

fn loaded(program: &Program) -> PpuProgram {
    PpuProgram::parse(program.image).expect("built-in programs can be loaded")
}

/// A chip on which both processors are about to run a program.
fn chip_with(program: &Program) -> Chip {
    let words = loaded(program).internal_words();
    let mut chip = Chip::new(1);
    for hemisphere in Hemisphere::ALL.map(Hemisphere::index) {
        for (word, value) in words.iter().enumerate() {
            chip.write(SRAM[hemisphere] + word as u32, *value, 0xf);
        }
        chip.write(CONTROL[hemisphere], 1, 0xf);
    }
    chip
}

fn address_of(program: &Program, symbol: &str) -> u32 {
    loaded(program).symbol(symbol).unwrap_or_else(|| panic!("no {symbol}")).offset
}

#[test]
fn steps_back_pass_the_states_of_the_steps_forward_in_reverse() {
    let mut debugger = Debugger::new(chip_with(&HELLO));
    debugger.add_breakpoint(address_of(&HELLO, "main"));
    assert!(matches!(debugger.run(None, || false), Some(Event::Breakpoint(_))));
    debugger.remove_breakpoint(address_of(&HELLO, "main"));
    let hemisphere = Hemisphere::Bottom;
    let mut states = Vec::new();
    for _ in 0..200 {
        let event = debugger.run(Some((hemisphere, 0..0)), || false);
        assert_eq!(event, Some(Event::Stepped(hemisphere)));
        states.push((debugger.state(hemisphere).clone(), debugger.chip().ppu(hemisphere).sram.clone()));
    }
    states.pop();
    while let Some((state, sram)) = states.pop() {
        assert_eq!(debugger.step_back(hemisphere, || false), Some(Event::Stepped(hemisphere)));
        assert_eq!(debugger.state(hemisphere), &state);
        assert_eq!(debugger.chip().ppu(hemisphere).sram, sram);
    }
}

#[test]
fn stops_do_not_change_what_a_chip_does() {
    let mut free = chip_with(&HELLO);
    free.advance(SimTime::from_us(100));
    let mut debugger = Debugger::new(chip_with(&HELLO));
    let mut steps = 0;
    while debugger.run(Some((Hemisphere::Top, 0..0)), || false) != Some(Event::StandsStill) {
        steps += 1;
    }
    assert!(steps >= 36, "the text has 36 characters: {steps} steps");
    let mut chip = debugger.into_chip();
    chip.advance(SimTime::from_us(100));
    for hemisphere in Hemisphere::ALL {
        assert_eq!(chip.ppu(hemisphere).core.state(), free.ppu(hemisphere).core.state());
        assert_eq!(chip.ppu(hemisphere).core.asleep_since(), free.ppu(hemisphere).core.asleep_since());
        assert_eq!(chip.ppu(hemisphere).sram, free.ppu(hemisphere).sram);
    }
}

#[test]
fn running_back_finds_all_stops_in_reverse_and_then_the_beginning() {
    let mut debugger = Debugger::new(chip_with(&HELLO));
    assert_eq!(debugger.run(None, || false), Some(Event::StandsStill));
    debugger.add_breakpoint(address_of(&HELLO, "main"));
    assert!(matches!(debugger.run_back(|| false), Some(Event::Breakpoint(_))));
    assert!(matches!(debugger.run_back(|| false), Some(Event::Breakpoint(_))));
    assert_eq!(debugger.run_back(|| false), Some(Event::Beginning));
    assert_eq!(debugger.run_back(|| false), Some(Event::Beginning));
    assert_eq!(debugger.step_back(Hemisphere::Top, || false), Some(Event::Beginning));
    assert_eq!(debugger.state(Hemisphere::Top).pc, 0);
    // What was the future is found again.
    assert!(matches!(debugger.run(None, || false), Some(Event::Breakpoint(_))));
}

fn say(stream: &mut TcpStream, body: &str) {
    let sum = body.bytes().fold(0_u8, u8::wrapping_add);
    write!(stream, "${body}#{sum:02x}").expect("the session listens");
}

/// Reads up to the end of a packet, and acknowledges it.
fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    while heard.len() < 3 || heard[heard.len() - 3] != b'#' {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the session answers");
        heard.push(byte[0]);
    }
    stream.write_all(b"+").expect("the session listens");
    String::from_utf8(heard).expect("replies are text")
}

#[test]
fn ctrl_c_stops_a_program_that_never_stops() {
    let mut chip = Chip::new(1);
    chip.write(SRAM[0], 0x4800_0000, 0xf); // b .
    chip.write(CONTROL[0], 1, 0xf);
    let listener = Listener::bind(0).expect("some port is free");
    let port = listener.port();
    let session = thread::spawn(move || {
        let mut debugger = Debugger::new(chip);
        let ending = listener.session(&mut debugger).expect("that is GDB's language");
        (ending, debugger.chip().now())
    });
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    say(&mut stream, "vCont;c");
    thread::sleep(Duration::from_millis(50));
    stream.write_all(&[3]).expect("the session listens");
    let reply = hear(&mut stream);
    assert!(reply.contains("$S02") || reply.contains("$T02"), "{reply}");
    say(&mut stream, "k");
    let (ending, time) = session.join().expect("sessions do not panic");
    assert_eq!(ending, Ending::Killed);
    assert!(time > SimTime::ZERO);
}

/// A chip that stops at words that are no instructions; the top processor meets one at address 8.
fn strict_chip() -> Chip {
    let mut options = bss2_chip::ChipOptions::default();
    options.ppu.quirks.illegal_nop = false;
    let mut chip = Chip::with_options(options);
    for (word, value) in [0x3860_0005, 0x3863_0001, 0, 0x3863_0001, 0x4800_0000].into_iter().enumerate() {
        chip.write(SRAM[0] + word as u32, value, 0xf); // li r3,5; addi r3,r3,1; ?; addi r3,r3,1; b .
    }
    chip.write(CONTROL[0], 1, 0xf);
    chip
}

#[test]
fn a_word_that_is_no_instruction_stops_the_program_until_somebody_changes_it() {
    let mut debugger = Debugger::new(strict_chip());
    let illegal = Some(Event::Illegal(Hemisphere::Top));
    assert_eq!(debugger.run(None, || false), illegal);
    assert_eq!((debugger.state(Hemisphere::Top).pc, debugger.state(Hemisphere::Top).gpr[3]), (8, 6));
    // It stays there.
    assert_eq!(debugger.run(None, || false), illegal);
    assert_eq!(debugger.step_back(Hemisphere::Top, || false), Some(Event::Stepped(Hemisphere::Top)));
    assert_eq!(debugger.state(Hemisphere::Top).pc, 4);
    assert_eq!(debugger.run(None, || false), illegal);
    debugger.state_mut(Hemisphere::Top).pc = 12;
    debugger.add_breakpoint(16);
    assert_eq!(debugger.run(None, || false), Some(Event::Breakpoint(Hemisphere::Top)));
    assert_eq!(debugger.state(Hemisphere::Top).gpr[3], 7);
}

#[test]
fn gdb_gets_sigill_for_a_word_that_is_no_instruction() {
    let listener = Listener::bind(0).expect("some port is free");
    let port = listener.port();
    let session = thread::spawn(move || {
        let mut debugger = Debugger::new(strict_chip());
        listener.session(&mut debugger).expect("that is GDB's language")
    });
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    say(&mut stream, "vCont;c");
    let reply = hear(&mut stream);
    // Signal 4 of GDB is SIGILL.
    assert!(reply.contains("$T04") || reply.contains("$S04"), "{reply}");
    say(&mut stream, "k");
    assert_eq!(session.join().expect("sessions do not panic"), Ending::Killed);
}
