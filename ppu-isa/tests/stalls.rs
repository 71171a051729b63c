//! Causes of stalls and counters, against the costs of ppu-timing 2.

mod bench;

use bench::Bench;
use ppu_isa::timing::{CycleModel, Drain, Operand, Stall, VectorStation, VectorWait};
use ppu_isa::{Config, Core, Counters, StepReport, Stop, assemble};

/// The steps of the second pass over `body`, with everything in the cache and the predictor trained.
fn warm_steps(body: &str) -> Vec<StepReport> {
    let text = format!("lis r10, 1\nli r9, 3\nloop:\n{body}\naddi r9, r9, -1\ncmpwi r9, 0\nbne loop\nwait\n");
    let program = assemble(&text, 0).expect("a program").words();
    let mut core = Core::<CycleModel>::new(Config::nux_reference());
    let mut bench = Bench::new(&program);
    let mut steps = Vec::new();
    while let Ok(step) = core.step(&mut bench, 100_000) {
        steps.push(step);
    }
    let starts: Vec<_> = (0..steps.len()).filter(|&n| steps[n].address == 8).collect();
    steps[starts[1]..starts[2]].to_vec()
}

/// The causes in front of the instruction number `n` of `body` in the second pass.
fn causes(body: &str, n: usize) -> Vec<(Stall, u64)> {
    warm_steps(body)[n].stalls.iter().collect()
}

/// The main cause in front of each instruction.
fn most(body: &str) -> Vec<Option<Stall>> {
    warm_steps(body).iter().map(|step| step.stalls.dominant()).collect()
}

#[test]
fn a_dependent_instruction_names_the_register_it_waits_for() {
    assert_eq!(causes("lwz r3, 0x2000(0)\nadd r4, r3, r3", 1), [(Stall::Load(3), 6)]);
    assert_eq!(causes("mullw r3, r4, r4\nadd r5, r3, r3", 1), [(Stall::Multiplier(3), 3)]);
    assert_eq!(causes("stwu r11, 0x2000(0)\nadd r5, r0, r0", 1), [(Stall::Operand(Operand::Gpr(0)), 1)]);
    assert_eq!(causes("cmpwi cr3, r4, 1\nmcrf cr1, cr3", 1), [(Stall::Operand(Operand::Condition(3)), 1)]);
    assert_eq!(causes("mtlr r4\nmflr r5", 1), [(Stall::Operand(Operand::Special), 1)]);
    assert_eq!(causes("add r4, r3, r3\nadd r5, r4, r4", 1), []);
}

#[test]
fn units_that_are_busy_are_named() {
    assert_eq!(causes("divwu r3, r4, r9\nadd r5, r6, r6", 1), [(Stall::Divider, 31)]);
    assert_eq!(causes("addic r3, r4, 1\nadd r5, r6, r6", 1), [(Stall::ExceptionRegister, 2)]);
    assert_eq!(causes("mullw r3, r4, r4\nnop\nnop\nadd r5, r6, r6", 3), [(Stall::ResultBus, 1)]);
}

#[test]
fn an_unpredicted_jump_costs_four_cycles() {
    let steps = warm_steps("b next\nnext:\nnop\ncmpwi r9, 2\nbeq there\nnop\nthere:\nnop");
    let landing = steps.iter().position(|step| step.address == 8 + 20).expect("the landing");
    let before: Vec<_> = steps[landing].stalls.iter().collect();
    assert_eq!(before, [(Stall::Mispredict, 4)]);
}

#[test]
fn a_synchronisation_names_what_it_waits_for() {
    let steps = warm_steps("stw r4, 0x2000(0)\nsync\nnop");
    let last = steps[2].stalls.iter().last().map(|(stall, _)| stall);
    assert_eq!(last, Some(Stall::Synchronise(Drain::Pipeline)));
    assert!(steps[2].stalls.iter().any(|(stall, _)| stall == Stall::Synchronise(Drain::Memory)));
    assert_eq!(steps[2].at - steps[0].at, 9, "ppu-timing 2.1");
    let steps = warm_steps("li r8, 0x2000\nfxvlax v1, 0, r8\nsync\nnop");
    assert!(steps[3].stalls.iter().any(|(stall, _)| stall == Stall::Synchronise(Drain::Vector)));
}

#[test]
fn a_full_vector_queue_names_the_station_in_its_way() {
    let body = "li r8, 0x2000\nfxvlax v1, 0, r8\nfxvlax v2, 0, r8\nfxvlax v3, 0, r8\nfxvlax v4, 0, r8\nfxvlax v5, 0, r8\nfxvlax v6, 0, r8";
    let full = Stall::VectorQueue(VectorWait::Station(VectorStation::LoadStore));
    assert!(most(body).contains(&Some(full)));
    let body = "fxvmahm v1, v2, v3\nfxvmahm v1, v2, v3\nfxvmahm v1, v2, v3\nfxvmahm v1, v2, v3";
    assert!(causes(body, 3).iter().any(|&(stall, _)| stall == Stall::VectorQueue(VectorWait::Written(1))));
}

#[test]
fn a_full_access_queue_is_named() {
    let body: String = (0..20).map(|n| format!("stw r3, {}(r10)\n", 4 * n)).collect();
    // Three more are on the way to the queue when it is seen full, so they are let in three by three.
    let held = most(&body).into_iter().filter(|&most| most == Some(Stall::AccessQueue)).count();
    assert_eq!(held, 20_usize.div_ceil(3));
}

#[test]
fn slots_and_stalls_add_up_to_the_cycles() {
    let text = "li r9, 5\nli r8, 0x2000\nloop:\nlmw r28, 0x2000(0)\nlwzu r3, 4(r8)\nfxvlax v1, 0, r8\n\
                fxvmahm v2, v1, v1\nsync\nmullwo r4, r3, r3\ndivw r4, r3, r9\nmtmsr r0\nstw r4, 0x2100(0)\n\
                addic. r9, r9, -1\nbne loop\nwait\n";
    let program = assemble(text, 0).expect("a program").words();
    let mut core = Core::<CycleModel>::new(Config::nux_reference());
    let mut counters = Counters::new(0x4000);
    let stop = core.run(&mut Bench::new(&program), 100_000, &mut counters);
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    assert_eq!(counters.instructions, 2 + 5 * 11 + 1);
    assert_eq!(counters.slots, counters.instructions + 5 * (3 + 1));
    assert_eq!(counters.cycles, counters.slots + counters.stalls.total());
    assert_eq!(counters.stalls.unexplained, 0);
    assert_eq!((counters.bus.sram_loads, counters.bus.sram_stores, counters.bus.vector_loads), (25, 5, 5));
    assert_eq!((counters.predictor.branches, counters.sleeps), (5, 1));
    assert_eq!(counters.vector_queue.pushes, 10);
    let text = serde_json::to_string(&counters).expect("serialises");
    let read: Counters = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(read.stalls, counters.stalls);
}

#[test]
fn slots_and_stalls_add_up_to_the_cycles_when_doorbells_ring() {
    let vectors = "b start\n".to_owned() + &"rfi\n".repeat(15);
    let text = format!(
        "{vectors}start:\nlis r14, 0\nori r14, r14, 0x8000\nmtmsr r14\nli r9, 400\nli r8, 0x2000\nloop:\n\
         lwz r3, 0(r8)\nadd r4, r3, r3\nfxvlax v1, 0, r8\nmullw r5, r9, r9\ndivwu r6, r9, r4\nsync\n\
         addi r9, r9, -1\ncmpwi r9, 0\nbgt loop\nwait\n"
    );
    let program = assemble(&text, 0).expect("a program").words();
    let mut core = Core::<CycleModel>::new(Config::default());
    let mut bench = Bench::new(&program);
    let mut counters = Counters::new(0x4000);
    // At a distance that has nothing to do with the length of the loop.
    for bell in (150..12_000).step_by(37) {
        core.run(&mut bench, bell, &mut counters);
        core.set_doorbell(bell, true);
        core.run(&mut bench, bell + 2, &mut counters);
        core.set_doorbell(bell + 2, false);
        assert_eq!(counters.cycles, counters.slots + counters.stalls.total(), "bell at {bell}");
    }
    assert!(counters.interrupts > 200 && counters.sleeps <= 1, "{}", counters.interrupts);
}
