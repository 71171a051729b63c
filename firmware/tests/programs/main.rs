//! The programs, executed on the processor with a bench instead of a chip around it.

mod bench;
mod homeostasis;
mod learning;
mod pong;
mod receptive_fields;
mod stdp;
mod structural;

use bench::Bench;
use bss2_firmware::control::{COMMAND_EXIT, result};

/// The text in the mailbox.
fn mailbox(bench: &Bench) -> String {
    bench.world.sram[0x3000..].iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

#[test]
fn hello_returns_42_and_leaves_its_text_and_stack_pointer() {
    for program in [bss2_firmware::HELLO, bss2_firmware::HELLO_EXTERNAL] {
        let mut bench = Bench::new(&program, 0);
        assert_eq!(bench.run_to_exit(100_000), 42, "{}", program.name);
        assert_eq!(mailbox(&bench), "Hello from the plasticity processor\n");
        assert_eq!(bench.word(0x2ff0), 0x2ff0);
        assert!(bench.world.unmapped.is_empty());
    }
}

#[test]
fn timer_interrupts_keep_their_period_and_toggle_a_pin() {
    let mut bench = Bench::new(&bss2_firmware::TIMERS, 0);
    bench.run_to(3500);
    assert_eq!((bench.core.state().gout, bench.core.state().goe), (1, 0), "three ticks");
    bench.run_to(4500);
    assert_eq!(bench.core.state().gout, 0);
    assert_eq!(bench.run_to_exit(100_000), 16);
    let times: Vec<u32> = (0..16).map(|tick| bench.word(bench.address("tick_times") + 4 * tick)).collect();
    // The first ticks run from a cold instruction cache.
    assert!(times[4..].windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(1000) <= 2), "{times:?}");
    assert_eq!(mailbox(&bench), format!("16 ticks in {} cycles\n", times[15] - times[0]));
}

#[test]
fn every_vector_instruction_executes() {
    let mut bench = Bench::new(&bss2_firmware::VECTOR_INSTRUCTIONS, 0);
    assert_eq!(bench.run_to_exit(100_000), 0);
}

#[test]
fn every_interactive_program_refuses_unknown_commands_and_ends_on_request() {
    for program in
        [bss2_firmware::RSTDP, bss2_firmware::HOMEOSTASIS, bss2_firmware::STRUCTURAL, bss2_firmware::STDP]
    {
        let mut bench = Bench::new(&program, 1);
        assert_eq!(bench.finish(99, 10_000), result::UNKNOWN_COMMAND);
        assert_eq!(bench.control().command, 0);
        bench.command(COMMAND_EXIT);
        assert_eq!(bench.run_to_exit(10_000), 0, "{}", program.name);
    }
}

/// A deterministic stand-in for what the neurons do in a trial.
fn scramble(a: usize, b: usize, c: usize) -> u32 {
    let parts = [(a, 0x9e37_79b9), (b, 0x85eb_ca6b), (c, 0xc2b2_ae35)];
    let mut x = parts.iter().fold(0, |x, (part, factor)| x ^ (*part as u32).wrapping_mul(*factor));
    x ^= x >> 15;
    x = x.wrapping_mul(0x2c1b_3c6d);
    x ^ x >> 13
}
