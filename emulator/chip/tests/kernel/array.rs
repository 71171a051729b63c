//! The synapse array as processors and host see it (register-map 6, ppu-isa 9.7).

use crate::bench::{ARRAY, enable_sensors, ideal_chip, load, run, run_to_sleep, start, word};
use bss2_base::SimTime;
use bss2_chip::Chip;
use bss2_chip::external_memory::Bank;
use bss2_chip::registers::default_chip;

/// A program of one processor; answers when it sleeps.
fn execute(chip: &mut Chip, ppu: usize, source: &str) {
    chip.write(crate::bench::CONTROL[ppu], 0, 0xf);
    load(chip, ppu, source);
    start(chip, &[ppu]);
    run_to_sleep(chip, &[ppu]);
}

/// Cycles between two readings of the time base around an operation and a sync, less one, in the second pass (ppu-isa 9.7).
fn cycles(chip: &mut Chip, set_up: &str, operation: &str) -> u32 {
    execute(
        chip,
        0,
        &format!(
            "{set_up}
             li r20, 2
             mtctr r20
             .balign 64
             again: sync
             mfspr r10, 284
             {operation}
             sync
             mfspr r11, 284
             bdnz again
             sub r12, r11, r10
             stw r12, 0x400(0)
             wait
             b ."
        ),
    );
    word(chip, 0, 0x400) - 1
}

#[test]
fn the_port_takes_as_long_as_the_software_of_the_chip_expects() {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    chip.write(0x0240_1000, 1 | 100 << 4 | 20 << 12, 0xf);
    let within = |name: &str, cycles: u32, expected: u32, tolerance: u32| {
        println!("{name}: {cycles} cycles");
        assert!(
            cycles.abs_diff(expected) <= tolerance,
            "{name}: {cycles} instead of {expected} +- {tolerance}"
        );
    };
    within("fxvoutx", cycles(&mut chip, "li r3, 6", "fxvoutx v1, 0, r3"), 20, 2);
    within("fxvinx", cycles(&mut chip, "li r3, 6", "fxvinx v1, 0, r3"), 20, 2);
    // The second pass must not find the reset pulse of the first.
    let wait = "lis r3, 0xc9\n ori r3, r3, 512";
    let reset = "fxvoutx v1, 0, r3";
    let once = format!(
        "li r21, 600\n pause: addi r21, r21, -1\n cmpwi r21, 0\n bne pause\n sync\n mfspr r10, 284\n {reset}"
    );
    within("neuron reset", cycles(&mut chip, wait, &once), 20, 2);
    let pair = "fxvinx v1, 0, r3\n fxvinx v2, 0, r4";
    within(
        "conversion and buffered read",
        cycles(&mut chip, "lis r3, 8\n lis r4, 0x28\n ori r4, r4, 1", pair),
        410,
        41,
    );
    within("fxvoutx to the FPGA", cycles(&mut chip, "lis r3, 0x8000", "fxvoutx v1, 0, r3"), 38, 4);
    within("fxvinx from the FPGA", cycles(&mut chip, "lis r3, 0x8000", "fxvinx v1, 0, r3"), 344, 35);
    within("fxvstax", cycles(&mut chip, "li r3, 0x800", "fxvstax v1, 0, r3"), 47, 5);
    within("fxvlax", cycles(&mut chip, "li r3, 0x800", "fxvlax v1, 0, r3"), 49, 5);
}

#[test]
fn weights_are_logical_in_a_vector_and_permuted_on_the_omnibus() {
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        // 37 to all odd columns of row 17, and back as raw bytes.
        execute(
            &mut chip,
            ppu,
            "li r3, 37
             fxvsplatb v1, r3
             li r4, 35
             fxvoutx v1, 0, r4
             lis r5, 0xf
             ori r5, r5, 69
             fxvinx v2, 0, r5
             sync
             li r6, 0x400
             fxvstax v2, 0, r6
             fxvinx v3, 0, r4
             sync
             li r6, 0x480
             fxvstax v3, 0, r6
             wait
             b .",
        );
        assert_eq!(chip.read(ARRAY[ppu] + 64 * 17 + 32).0, 0x3434_3434);
        assert_eq!(chip.read(ARRAY[ppu] + 64 * 17).0, 0);
        assert_eq!(chip.read(ARRAY[1 - ppu] + 64 * 17 + 32).0, 0);
        assert_eq!(word(&mut chip, ppu, 0x480), 0x2525_2525);
        // The raw view of row 34 is the even one; index 69 was raw row 34, odd columns.
        assert_eq!(word(&mut chip, ppu, 0x400), 0x3434_3434);
        // What the host writes permuted, the processor reads logically.
        chip.write(ARRAY[ppu] + 64 * 17 + 33, 0x3410_1008, 0xf);
        execute(
            &mut chip,
            ppu,
            "li r4, 35\n fxvinx v3, 0, r4\n sync\n li r6, 0x480\n fxvstax v3, 0, r6\n wait\n b .",
        );
        assert_eq!(word(&mut chip, ppu, 0x484), 0x2501_0102);
    }
}

#[test]
fn a_conversion_samples_all_channels_and_buffered_reads_return_it() {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x0_4000 + quad, 0x2020_2020, 0xf));
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x4_4000 + quad, 0x2020_2020, 0xf));
    // Offsets tell the channels apart: causal of column 3 and acausal of column 200.
    run(&mut chip, 1_000);
    assert_eq!(chip.read(ARRAY[0] + 0x8_0000), (0, 0), "the converter is off");
    chip.write(0x0240_1000, 1 | 100 << 4 | 20 << 12, 0xf);
    let (_, wait) = chip.read(ARRAY[0] + 0x8_0000 + 64 * 5 + 32);
    assert_eq!(wait, 1 + 256 + 20 + 100, "settled 3");
    let quads = |chip: &mut Chip, base: u32| (0..64).map(|quad| chip.read(base + quad)).collect::<Vec<_>>();
    let causal = quads(&mut chip, ARRAY[0] + 0x28_0000);
    assert!(causal.iter().all(|&(_, wait)| wait == 0));
    // The buffer does not follow what happens since, the row of a buffered read is irrelevant.
    chip.write(0x0240_0802, 0xc0, 0xf);
    run(&mut chip, 1_000_000);
    assert_eq!(quads(&mut chip, ARRAY[0] + 0x28_0000 + 64 * 77), causal);
    // The other hemisphere has not converted anything.
    assert!(quads(&mut chip, ARRAY[1] + 0x28_0000).iter().all(|&(word, _)| word == 0));
    // With auto-calibrating resets a conversion never ends on silicon; here it reads 0.
    chip.write(0x0220_0003, 1, 0xf);
    assert_eq!(chip.read(ARRAY[0] + 0x8_0000), (0, 0));
}

#[test]
fn masked_neuron_resets_of_both_views_count_once_each() {
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
        for neuron in 0..512 {
            // en_fire of all neurons, word w6 of their slot.
            let block = [0x0016_0000, 0x0016_8000, 0x0017_0000, 0x0017_8000][neuron as usize / 128];
            chip.write(block + 8 * (neuron % 128) + 6, 0x04, 0xf);
        }
        run(&mut chip, 1_000);
        let count = |chip: &mut Chip, column: u32| {
            let block = [0x0012_2800, 0x0012_a800][column as usize / 128];
            chip.read(block + 4 * (128 * ppu as u32 + column % 128)).0
        };
        // View 9, row 256, odd columns: the payload is ignored.
        execute(&mut chip, ppu, "lis r3, 0xc9\n ori r3, r3, 513\n fxvoutx v1, 0, r3\n sync\n wait\n b .");
        run(&mut chip, 10_000);
        assert_eq!((0..256).map(|column| count(&mut chip, column)).collect::<Vec<_>>(), [0, 1].repeat(128));
        // View 8, row 256, even columns: bytes with bit 1.
        execute(
            &mut chip,
            ppu,
            "lis r3, 8\n ori r3, r3, 512\n li r4, 2\n fxvsplatb v1, r4\n fxvoutx v1, 0, r3\n sync
             li r4, 1\n fxvsplatb v1, r4\n fxvoutx v1, 0, r3\n sync\n wait\n b .",
        );
        run(&mut chip, 10_000);
        assert_eq!((0..256).map(|column| count(&mut chip, column)).collect::<Vec<_>>(), [1; 256]);
        // The host, by byte enables: entries 0 and 3 of quad 2, columns 16 and 22.
        chip.write(ARRAY[ppu] + 0x9_4000 + 2, 0, 0b1001);
        run(&mut chip, 10_000);
        let twice: Vec<u32> = (0..256).filter(|&column| count(&mut chip, column) == 2).collect();
        assert_eq!(twice, [16, 22]);
    }
}

#[test]
fn a_second_neuron_reset_waits_for_the_pulse_of_the_first() {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    for column in [0, 1] {
        chip.write(0x0016_0000 + 8 * column + 6, 0x04, 0xf);
        chip.write(0x001a_1000 + 4 * column + 3, 0x10, 0xf);
    }
    run(&mut chip, 1_000);
    execute(
        &mut chip,
        0,
        "lis r3, 0xc9\n ori r3, r3, 512\n addi r4, r3, 1\n fxvoutx v1, 0, r3\n fxvoutx v1, 0, r4\n wait\n b .",
    );
    run(&mut chip, 10_000);
    let mut events = Vec::new();
    chip.take_events(&mut events);
    assert_eq!(events.len(), 2);
    // reset_duration + 3 + reset_fall_time = 208 cycles, and the access itself.
    let apart = events[1].time.saturating_sub(events[0].time).cycles(SimTime::FABRIC_CYCLE);
    assert!((208..=220).contains(&apart), "{apart}");
}

#[test]
fn correlation_resets_go_by_payload_in_view_8_and_by_lane_in_view_9() {
    use bss2_analog::Branch;
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    enable_sensors(&mut chip);
    for (address, value) in [(0x0011_0400, 0xbe00), (0x0011_0401, 0x3f60), (0x0011_0402, 0x0040)] {
        chip.write(address, value, 0xf);
    }
    (0..256).for_each(|column| {
        chip.write(0x0016_0000 + 0x8000 * (column / 128) + 8 * (column % 128) + 6, 0x04, 0xf)
    });
    run(&mut chip, 1_000);
    // Post, pre, post: both sensors of row 0 and 1 have something.
    let fire = |chip: &mut Chip| {
        (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x9_4000 + quad, 0, 0xf));
        run(chip, 10_000);
    };
    let accumulated = |chip: &Chip, column, branch| {
        chip.analog().correlation(bss2_base::Hemisphere::Top, 0, column, branch) > 0.0
    };
    let charge = |chip: &mut Chip| {
        fire(chip);
        chip.write(0x0011_0000, 1, 0xf);
        run(chip, 1_000);
        fire(chip);
        assert!((0..=255).all(|c| Branch::ALL.iter().all(|&branch| accumulated(chip, c, branch))));
    };
    charge(&mut chip);
    // View 8, quad 0 (columns 0, 2, 4, 6): causal, acausal, both, nothing.
    chip.write(ARRAY[0] + 0x8_0000, 0x0102_0300, 0xf);
    run(&mut chip, 2_000);
    let [causal, acausal] =
        Branch::ALL.map(|branch| [0, 2, 4, 6].map(|column| accumulated(&chip, column, branch)));
    assert_eq!((causal, acausal), ([false, true, false, true], [true, false, false, true]));
    // View 9 through the port: every lane, whatever the payload.
    execute(&mut chip, 0, "lis r3, 9\n fxvoutx v1, 0, r3\n sync\n wait\n b .");
    run(&mut chip, 2_000);
    for branch in Branch::ALL {
        assert!((0..=255).all(|column| accumulated(&chip, column, branch) == (column % 2 == 1)));
    }
}

#[test]
fn random_numbers_follow_their_seed() {
    let mut draws = Vec::new();
    for _ in 0..2 {
        let mut chip = ideal_chip();
        execute(
            &mut chip,
            0,
            "lis r3, 0xe\n li r4, 0x5a\n fxvsplatb v1, r4\n fxvoutx v1, 0, r3\n fxvinx v2, 0, r3\n fxvinx v3, 0, r3\n sync
             li r6, 0x400\n fxvstax v2, 0, r6\n li r6, 0x480\n fxvstax v3, 0, r6\n wait\n b .",
        );
        let vectors =
            [0x400, 0x480].map(|byte| (0..32).map(|k| word(&mut chip, 0, byte + 4 * k)).collect::<Vec<_>>());
        draws.push(vectors);
    }
    assert_eq!(draws[0], draws[1]);
    assert_eq!(draws[0][0], [0x5a5a_5a5a; 32]);
    // One new bit per draw, and not the same one in all columns.
    assert!(draws[0][1].iter().all(|word| word >> 1 & 0x7f7f_7f7f == 0x5a5a_5a5a & 0x7f7f_7f7f));
    assert!(draws[0][1].iter().any(|word| *word != draws[0][1][0]));
}

#[test]
fn fpga_memory_has_its_words_reversed_through_the_port_only() {
    let mut chip = ideal_chip();
    (0..32)
        .for_each(|k| chip.external_memory_mut().write(Bank::Sram, k, k as u32, ppu_isa::ByteEnables::WORD));
    execute(
        &mut chip,
        1,
        "lis r3, 0x8000\n fxvinx v1, 0, r3\n sync\n li r6, 0x400\n fxvstax v1, 0, r6
         lis r4, 0x4000\n fxvlax v2, 0, r4\n sync\n li r6, 0x480\n fxvstax v2, 0, r6
         ori r3, r3, 8\n fxvoutx v1, 0, r3\n sync\n wait\n b .",
    );
    for k in 0..32 {
        assert_eq!(word(&mut chip, 1, 0x400 + 4 * k), 31 - k);
        assert_eq!(word(&mut chip, 1, 0x480 + 4 * k), k);
        assert_eq!(chip.external_memory().read(Bank::Sram, 32 + k as usize), k);
    }
}
