//! Quirk switches (ppu-isa 10): each one in both positions, on the shortest program that tells them apart.

mod bench;

use bench::Bench;
use ppu_isa::timing::CycleModel;
use ppu_isa::{Config, Core, Counters, Effect, Quirks, Stop, Vector, VectorInit, assemble};

/// A processor with these quirks that has run a program up to its `wait`.
fn ran(quirks: Quirks, text: &str) -> (Core<CycleModel>, Bench) {
    let program = assemble(text, 0).unwrap_or_else(|error| panic!("{error}\n{text}")).words();
    let mut bench = Bench::new(&program);
    let mut core = Core::new(Config { quirks, ..Config::default() });
    let stop = core.run(&mut bench, 10_000, &mut ());
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    (core, bench)
}

/// The same with one switch changed from its default.
fn with(change: impl Fn(&mut Quirks), text: &str) -> (Core<CycleModel>, Bench) {
    let mut quirks = Quirks::default();
    change(&mut quirks);
    ran(quirks, text)
}

/// A program behind vectors that lead to a handler, which sleeps.
fn faulting(text: &str) -> String {
    let vectors = "b start\n".to_owned() + &"b handler\n".repeat(15);
    format!("{vectors}handler:\nli r31, 1\nwait\nstart:\n{text}\nli r30, 1\nwait\n")
}

#[test]
fn unknown_words_of_opcode_31_may_write_condition_and_exception_register() {
    // Extended opcode 532 (ldbrx) is beyond 511, so it touches both registers, and its last bit records.
    let text = "li r4, -1\n.long 0x7c642429\nmfcr r5\nwait\n";
    let (on, _) = ran(Quirks::default(), text);
    assert_ne!(on.state().cr, 0, "CR0 gets the sign of RA + RB");
    let (off, _) = with(|quirks| quirks.illegal_side_effects = false, text);
    assert_eq!((off.state().cr, off.state().xer), (0, 0));
}

#[test]
fn shifts_use_five_or_six_bits_of_their_amount() {
    let text = "li r4, 33\nli r5, 3\nslw r6, r5, r4\nsrw r7, r5, r4\nli r5, -8\nsraw r8, r5, r4\nwait\n";
    let (on, _) = ran(Quirks::default(), text);
    assert_eq!(on.state().gpr[6..9], [6, 1, -4_i32 as u32]);
    let (off, _) = with(|quirks| quirks.shift_mod32 = false, text);
    assert_eq!(off.state().gpr[6..9], [0, 0, -1_i32 as u32]);
}

#[test]
fn lha_reads_64_kib_higher_with_an_unsigned_displacement() {
    let loaded = |lha_zext| {
        let words = assemble("li r4, 0x2000\nlha r5, -2(r4)\nwait\n", 0).expect("a program").words();
        let quirks = Quirks { lha_zext, ..Quirks::default() };
        let mut core = Core::<CycleModel>::new(Config { quirks, ..Config::default() });
        let mut bench = Bench::new(&words);
        core.step(&mut bench, 1000).expect("li");
        let step = core.step(&mut bench, 1000).expect("lha");
        step.effects.iter().find_map(|effect| match effect {
            Effect::Load { address, .. } => Some(*address),
            _ => None,
        })
    };
    assert_eq!(loaded(false), Some(0x1ffe));
    assert_eq!(loaded(true), Some(0x1_1ffe));
}

/// Register 1 holds 7 everywhere, and no lane satisfies the condition "greater".
const NO_LANE: &str = "li r3, 7\nfxvsplatb v1, r3\nli r4, 0\nfxvsplatb v2, r4\nfxvcmpb v2\nli r5, 9\n";

#[test]
fn a_conditional_fxvinx_zeroes_or_keeps_the_other_lanes() {
    let text = format!("{NO_LANE}fxvinx v1, 0, r5, 1\nsync\nwait\n");
    assert_eq!(ran(Quirks::default(), &text).0.state().vr[1], Vector::ZERO);
    let (merging, _) = with(|quirks| quirks.fxvinx_merge = true, &text);
    assert_eq!(merging.state().vr[1], Vector([7; 128]));
}

#[test]
fn fxvlax_may_heed_its_condition() {
    // The condition is in the last two bits, which the assembler does not accept for this instruction.
    let load = assemble("fxvlax v1, 0, r6\n", 0).expect("an instruction").words()[0] | 1;
    let text = format!("{NO_LANE}li r6, 0x1000\n.long {load}\nsync\nwait\n");
    assert_eq!(ran(Quirks::default(), &text).0.state().vr[1], Vector::ZERO);
    let (heeding, _) = with(|quirks| quirks.lsu_cond_ignored = false, &text);
    assert_eq!(heeding.state().vr[1], Vector([7; 128]));
}

#[test]
fn vector_registers_may_hold_anything_after_power_up() {
    let (zero, _) = ran(Quirks::default(), "wait\n");
    assert!(zero.state().vr.iter().all(|register| *register == Vector::ZERO));
    let random = |seed| with(|quirks| quirks.vrf_init = VectorInit::Random(seed), "wait\n").0.state().vr;
    assert!(random(1).iter().all(|register| *register != Vector::ZERO));
    assert!(random(1) == random(1));
    assert!(random(1) != random(2));
}

#[test]
fn an_unknown_special_register_reads_as_configured() {
    let text = "li r3, -1\nmfspr r3, 999\nwait\n";
    assert_eq!(ran(Quirks::default(), text).0.state().gpr[3], 0);
    let (other, _) = with(|quirks| quirks.spr_unknown_read = 0xdead, text);
    assert_eq!(other.state().gpr[3], 0xdead);
}

#[test]
fn a_store_behind_a_taken_trap_happens_or_not() {
    let text = faulting("li r3, 5\ntwi 31, r3, 0\nstw r3, 0x1000(0)");
    for performed in [false, true] {
        let (core, bench) = with(|quirks| quirks.trap_shadow_store = performed, &text);
        assert_eq!((core.state().gpr[31], core.state().gpr[30]), (1, 0), "the handler ran");
        assert_eq!(bench.words[0x400], if performed { 5 } else { 0 });
        assert_eq!(core.state().srr[0], 4 * 19, "the address of the trap");
    }
}

#[test]
fn instructions_behind_a_misaligned_access_partly_take_effect_or_not_at_all() {
    let text = faulting("li r3, 5\nli r6, 6\nlwz r4, 0x1001(0)\nstw r3, 0x1000(0)\nadd r6, r3, r3");
    for shadow in [false, true] {
        let (core, bench) = with(|quirks| quirks.alignment_shadow = shadow, &text);
        assert_eq!((core.state().gpr[31], core.state().gpr[30]), (1, 0), "the handler ran");
        assert_eq!(bench.words[0x400], if shadow { 5 } else { 0 }, "stores are not cancelled");
        assert_eq!(core.state().gpr[6], 6, "results of the arithmetic unit are");
        assert_eq!(core.state().srr[0], 4 * 20);
    }
}

#[test]
fn of_two_misaligned_accesses_in_sequence_the_first_is_lost() {
    let text = faulting("lwz r4, 0x1001(0)\nlwz r5, 0x1002(0)");
    for (shadow, address) in [(true, 4 * 19), (false, 4 * 18)] {
        let mut config = Config::default();
        config.quirks.alignment_shadow = shadow;
        let mut core = Core::<CycleModel>::new(config);
        let mut counters = Counters::new(0x4000);
        let mut bench = Bench::new(&assemble(&text, 0).expect("a program").words());
        core.run(&mut bench, 10_000, &mut counters);
        assert_eq!(counters.interrupts, 1);
        assert_eq!(core.state().srr[0], address, "shadow {shadow}");
        assert_eq!((core.state().gpr[31], core.state().gpr[30]), (1, 0));
    }
}

#[test]
fn two_misaligned_accesses_begin_the_interrupt_of_the_first() {
    let first_of_handler = |text: &str| {
        let mut core = Core::<CycleModel>::new(Config::default());
        let mut bench = Bench::new(&assemble(&faulting(text), 0).expect("a program").words());
        let mut first = 0;
        while let Ok(step) = core.step(&mut bench, 10_000) {
            if step.address == 4 * 6 {
                first = step.at;
            }
        }
        first
    };
    let one = first_of_handler("lwz r4, 0x1001(0)\nnop");
    let two = first_of_handler("lwz r4, 0x1001(0)\nlwz r5, 0x1002(0)");
    assert!(one > 0);
    assert_eq!(one, two);
}

#[test]
fn an_interrupt_loses_an_instruction_or_is_precise() {
    let additions = "addi r3, r3, 1\n".repeat(100);
    let vectors = "b start\n".to_owned() + &"rfi\n".repeat(15);
    let text = format!("{vectors}start:\nli r4, 0\nori r4, r4, 0x8000\nmtmsr r4\n{additions}wait\n");
    let program = assemble(&text, 0).expect("a program").words();
    for (shadow, sum) in [(false, 100), (true, 99)] {
        let mut config = Config::default();
        config.quirks.interrupt_shadow = shadow;
        let mut core = Core::<CycleModel>::new(config);
        let mut bench = Bench::new(&program);
        // In the middle of a line, with no fill in sight.
        while core.state().pc < 4 * 68 {
            core.step(&mut bench, 10_000).expect("an instruction");
        }
        let now = core.cycle();
        core.run(&mut bench, now + 2, &mut ());
        core.set_doorbell(now + 2, true);
        core.run(&mut bench, now + 4, &mut ());
        core.set_doorbell(now + 4, false);
        core.run(&mut bench, 10_000, &mut ());
        assert!(core.is_asleep());
        assert_eq!(core.state().gpr[3], sum, "shadow {shadow}");
    }
}
