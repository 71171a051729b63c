//! The FPGA's behaviour as the specification describes it, in front of the loopback device.

use bss2_base::{Hemisphere, SimTime};
use bss2_host::connection::{Connection, RunControl};
use bss2_host::device::{Device, EventPayload};
use bss2_host::executor::{Emission, Executor, ExecutorConfig, Network};
use bss2_host::loopback::Loopback;
use bss2_host::message::Response;
use bss2_host::playback::*;
use bss2_host::recording::{Completion, Results};
use std::sync::atomic::{AtomicBool, Ordering};

fn executor() -> Executor<Loopback> {
    Executor::new(Loopback::new(), ExecutorConfig::default())
}

fn run(executor: &mut Executor<Loopback>, build: impl FnOnce(&mut ProgramBuilder)) -> Results {
    let mut builder = ProgramBuilder::new();
    build(&mut builder);
    executor.run(&builder.finish().expect("a valid program")).expect("in-process runs never fail")
}

fn emissions(executor: &mut Executor<Loopback>, program: &Program) -> Vec<Emission> {
    let mut emissions = Vec::new();
    let mut sink = |emission| emissions.push(emission);
    executor.feed(program.instructions(), &mut RunControl::default(), &mut sink);
    executor.feed(&[Instruction::HALT], &mut RunControl::default(), &mut sink);
    emissions
}

#[test]
fn one_instruction_takes_one_cycle_and_a_write_takes_two() {
    let mut markers = Vec::new();
    let results = run(&mut executor(), |builder| {
        markers.push(builder.marker());
        markers.push(builder.marker());
        builder.spike(1).spike_pack(&[1, 2, 3]);
        markers.push(builder.marker());
        builder.write(0x1000, 7);
        markers.push(builder.marker());
    });
    let times: Vec<u64> = markers.iter().map(|&marker| results.marker_time(marker).unwrap()).collect();
    assert_eq!(times, [0, 1, 4, 7]);
}

#[test]
fn a_wait_ends_in_its_cycle_and_the_next_instruction_follows() {
    let mut markers = Vec::new();
    let results = run(&mut executor(), |builder| {
        markers.push(builder.marker());
        builder.setup().wait_until(FpgaCycles(100));
        markers.push(builder.marker());
        // The timer is beyond 50 already: one cycle.
        builder.wait_until(FpgaCycles(50));
        markers.push(builder.marker());
    });
    let times: Vec<u64> = markers.iter().map(|&marker| results.marker_time(marker).unwrap()).collect();
    // Setup in cycle 1: timer 0; it is 100 in cycle 101.
    assert_eq!(times, [0, 102, 104]);
}

#[test]
fn a_read_is_answered_after_one_round_trip_and_in_order() {
    let mut executor = executor();
    executor.device_mut().slow_reads.insert(0x2000, SimTime::from_us(1));
    let mut tickets = Vec::new();
    let results = run(&mut executor, |builder| {
        builder.write(0x1000, 0xAFFE).write(0x2000, 0xBEEF);
        for address in [0x1000, 0x2000, 0x1000, FPGA_TIMER] {
            tickets.push(builder.read(address));
        }
        builder.barrier_omnibus();
    });
    let words: Vec<u32> = tickets.iter().map(|&ticket| results.word(ticket).unwrap()).collect();
    assert_eq!(words[..3], [0xAFFE, 0xBEEF, 0xAFFE]);
    // Issued in cycles 4 to 7. The slow target (125 cycles more) holds up the access behind it; the FPGA's own answer
    // comes after those of earlier reads.
    assert_eq!(results.recording.reads.fpga_time, [54, 180, 181, 182]);
    assert_eq!(words[3], 7);
}

#[test]
fn byte_enables_select_bytes() {
    let mut ticket = None;
    let results = run(&mut executor(), |builder| {
        builder.write(0x1000, 0x1122_3344).write_bytes(0x1000, 0xAABB_CCDD, 0b0101);
        ticket = Some(builder.read(0x1000));
    });
    assert_eq!(results.word(ticket.unwrap()), Ok(0x11BB_33DD));
}

#[test]
fn memories_shared_with_the_ppus_and_fpga_registers_store_words() {
    let mut ticket = None;
    let results = run(&mut executor(), |builder| {
        builder.write(0x8000_0003, 1).write(0x8400_0003, 2).write_bytes(0x8000_0003, 0xFF00, 0b0010);
        builder.write(0x8802_FFFF, 0x1234);
        ticket = Some(builder.read_all([0x8000_0003, 0x8400_0003, 0x8802_FFFF, 0x8800_0003, 0x8800_0004]));
    });
    assert_eq!(results.words(ticket.unwrap()), Ok(&[0xFF01, 2, 0x34, 0x0015_0000, 0x5D][..]));
}

#[test]
fn a_looped_back_spike_has_one_link_latency_in_its_chip_time() {
    let mut epoch = None;
    let mut executor = executor();
    let results = run(&mut executor, |builder| {
        let mut timeline = Timeline::new();
        timeline.spike(SimTime::from_us(10), 0x4005).spike(SimTime::from_us(20), 0x8003);
        timeline.end(SimTime::from_us(30));
        epoch = Some(builder.play(&timeline).epoch);
    });
    let spikes: Vec<_> = results.spikes_since(epoch.unwrap()).unwrap().collect();
    // 200 ns down the link, 16 ns through the device.
    let delay = SimTime::from_ns(216);
    assert_eq!(spikes, [(SimTime::from_us(10) + delay, 0x4005), (SimTime::from_us(20) + delay, 0x8003)]);
    let recorded = &results.recording.spikes;
    assert_eq!(recorded.fpga_time[0] - recorded.chip_time[0], 25);
}

#[test]
fn three_labels_of_one_cycle_share_an_instruction_and_a_fourth_is_late() {
    let mut builder = ProgramBuilder::new();
    let mut timeline = Timeline::new();
    timeline.spike_columns(&[FpgaCycles(5); 4], &[1, 2, 3, 4]).spike(FpgaCycles(6), 5);
    let played = builder.play(&timeline);
    assert_eq!(played.statistics.late, 1);
    assert_eq!(played.statistics.worst_delay, 1);
    let packs: Vec<_> = builder
        .finish()
        .unwrap()
        .instructions()
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::SpikePack(labels) => Some(labels.as_slice().to_vec()),
            _ => None,
        })
        .collect();
    assert_eq!(packs, [vec![1, 2, 3], vec![4, 5]]);
}

#[test]
fn a_strict_timeline_refuses_to_be_late() {
    let mut builder = ProgramBuilder::new();
    let mut timeline = Timeline::new();
    timeline.late(Late::Refuse(0)).spike_columns(&[FpgaCycles(5); 4], &[1, 2, 3, 4]);
    builder.play(&timeline);
    let error = builder.finish().unwrap_err();
    assert_eq!(error.kind, BuildErrorKind::Late { due: 5, earliest: 6, tolerance: 0 });
}

#[test]
fn an_action_at_an_absolute_time_follows_a_wait_for_the_cycle_before() {
    let mut builder = ProgramBuilder::new();
    let mut timeline = Timeline::new();
    timeline.spike(FpgaCycles(0), 1).write(FpgaCycles(100), 0x10, 1).spike(FpgaCycles(102), 2);
    let read = timeline.read(FpgaCycles(103), 0x10);
    let played = builder.play(&timeline);
    assert_eq!(played.statistics.late, 0);
    let program = builder.finish().unwrap();
    let spike = |label| Instruction::SpikePack(Labels::one(label));
    assert_eq!(
        program.instructions()[3..],
        [
            // Timer 1 is the timeline's 0.
            spike(1),
            Instruction::WaitUntil(100),
            Instruction::OmnibusAddress { address: 0x10, enables: 0xF, read: false },
            Instruction::OmnibusData(1),
            spike(2),
            Instruction::OmnibusAddress { address: 0x10, enables: 0xF, read: true },
        ]
    );
    let results = executor().run(&program).unwrap();
    assert_eq!(results.word(played.read(read)), Ok(1));
}

#[test]
fn recording_acts_at_the_moment_of_arrival() {
    // Leaves the FPGA in cycle 0, comes back in cycle 0 + 25 + 2 + 25 = 52.
    for (switch, expected) in [(51, 0), (52, 0), (53, 1)] {
        let results = run(&mut executor(), |builder| {
            // The spike is executed in cycle 0, timer 1 is cycle 2.
            builder.spike(7).setup().wait_until(FpgaCycles(switch - 3));
            // The wait ends in cycle switch - 2: the data word is executed in cycle `switch`.
            builder.event_recording(false);
            builder.wait(SimTime::from_us(1));
        });
        assert_eq!(results.recording.spikes.len(), expected, "switched off in cycle {switch}");
    }
}

#[test]
fn events_in_flight_at_the_halt_come_with_the_next_program() {
    let mut executor = executor();
    let results = run(&mut executor, |builder| {
        builder.spike(0x1234);
    });
    assert!(results.recording.spikes.is_empty());
    let results = run(&mut executor, |_| {});
    assert_eq!(results.recording.spikes.label, [0x1234]);
    assert_eq!(results.recording.spikes.chip_time, [27]);
}

#[test]
fn more_reads_than_fit_on_the_link_stall() {
    let mut executor = executor();
    executor.device_mut().slow_reads.insert(0, SimTime::from_us(8));
    let mut marker = None;
    let results = run(&mut executor, |builder| {
        builder.read_all([0; 53]);
        marker = Some(builder.marker());
    });
    // The first answer comes in cycle 50 + 1000 and makes room for the 53rd read, after which the marker follows.
    assert_eq!(results.marker_time(marker.unwrap()), Ok(1051));
}

#[test]
fn polling_ends_when_the_word_changes() {
    let mut executor = executor();
    executor.device_mut().schedule_word(SimTime::from_us(100), 0x0280_0000, 0xAB12);
    let mut marker = None;
    let results = run(&mut executor, |builder| {
        builder.poll(0x0280_0000, 0xFF00, 0xAB00, true);
        marker = Some(builder.marker());
    });
    assert_eq!(results.completion, Completion::Halted);
    let cycles = results.marker_time(marker.unwrap()).unwrap();
    // 100 µs are 12500 cycles; one poll takes 50.
    assert!((12_500..12_600).contains(&cycles), "{cycles}");
}

#[test]
fn a_poll_that_never_succeeds_times_out_and_the_rest_is_skipped() {
    let mut executor = executor();
    let mut late = None;
    let results = run(&mut executor, |builder| {
        builder.poll(0x0280_0000, u32::MAX, 1, true);
        late = Some(builder.read(0));
        builder.write(0x3000, 1);
    });
    let Completion::TimedOut(notification) = results.completion else { panic!("{:?}", results.completion) };
    // Three writes of two words, the barrier, then the block.
    assert_eq!(notification.instruction, 7);
    assert!(results.word(late.unwrap()).is_err());
    assert_eq!(executor.device().word(0x3000), 0);
    // 10 ms and what comes before and after.
    assert!((1_250_000..1_252_000).contains(&executor.fpga().cycle()));
    // The system stays usable.
    let mut ticket = None;
    let results = run(&mut executor, |builder| {
        ticket = Some(builder.write(0x3000, 2).read(0x3000));
    });
    assert_eq!(results.word(ticket.unwrap()), Ok(2));
}

#[test]
fn waiting_is_exempt_from_the_instruction_timeout() {
    let results = run(&mut executor(), |builder| {
        builder.instruction_timeout(FpgaCycles(1000)).wait(SimTime::from_ms(100));
    });
    assert_eq!(results.completion, Completion::Halted);
}

#[test]
fn the_official_startup_brings_the_chip_up() {
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    let results = executor.run(&startup_program()).unwrap();
    assert_eq!(results.completion, Completion::Halted);
    assert_eq!(results.recording.links.payload, [0x10, 0x30, 0x50, 0x70, 0x90, 0xB0, 0xD0, 0xF0]);
    assert!(executor.fpga().systime().is_some());
    for (register, value) in (0..).zip(STARTUP_PLL) {
        assert_eq!(executor.device().word(0x0008_0000 + register), value);
    }
    assert_eq!(executor.device().word(REFERENCE_GENERATOR), 0x1000);
    assert!(!executor.device().in_reset());
    // 1.2 V supplies: channel 1 of the second converter is 0x82A of 4096.
    assert!((executor.device().board_voltage(1, 1) - 1.2 * f64::from(0x82A) / 4096.0).abs() < 1e-12);
    assert_eq!(executor.device().board_voltage(0, 7), 0.0);

    let mut id = None;
    let results = run(&mut executor, |builder| {
        id = Some(builder.jtag_id());
        builder.barrier(Barrier::JTAG);
    });
    assert_eq!(results.jtag(id.unwrap()), Ok(0x3485_80AF));
}

#[test]
fn without_links_a_barrier_times_out() {
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    let results = run(&mut executor, |builder| {
        builder.write(0x1000, 1).barrier_omnibus();
    });
    assert!(matches!(results.completion, Completion::TimedOut(_)));
    assert_eq!(executor.device().word(0x1000), 0);
}

#[test]
fn accesses_queued_before_the_links_are_up_complete_afterwards() {
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    let mut ticket = None;
    let results = run(&mut executor, |builder| {
        builder.write(0x1000, 42);
        ticket = Some(builder.read(0x1000));
        builder.jtag_write(CHIP_PHY_ENABLE, 0xFF);
        builder.barrier_omnibus();
    });
    assert_eq!(results.completion, Completion::Halted);
    assert_eq!(results.word(ticket.unwrap()), Ok(42));
}

#[test]
fn before_synchronisation_responses_are_counted_without_time_messages() {
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    let count = |executor: &mut Executor<Loopback>, build: &dyn Fn(&mut ProgramBuilder)| {
        let mut builder = ProgramBuilder::new();
        build(&mut builder);
        let emissions = emissions(executor, &builder.finish().unwrap());
        assert!(emissions.iter().all(|emission| !emission.synchronised));
        emissions.len()
    };
    assert_eq!(count(&mut executor, &|_| {}), 1);
    assert_eq!(
        count(&mut executor, &|builder| {
            builder.marker();
        }),
        2
    );
    let reads = |builder: &mut ProgramBuilder| {
        for _ in 0..5 {
            builder.jtag_id();
        }
    };
    assert_eq!(count(&mut executor, &reads), 6);
}

#[test]
fn synchronisation_sets_the_system_time_to_its_base() {
    let mut executor = executor();
    let mut tickets = None;
    let results = run(&mut executor, |builder| {
        builder.wait(SimTime::from_us(50));
        builder.write_block(SYSTIME_SYNC_BASE[0], &[0x1_0000, 0x1]).barrier_omnibus().synchronise_systime();
        tickets = Some((builder.marker(), builder.read(0x8800_2005)));
        builder.spike(9).wait(SimTime::from_us(1));
    });
    let base = 0x1_0001_0000;
    let (marker, active) = tickets.unwrap();
    assert_eq!(results.word(active), Ok(1));
    // Synchronised in the cycle of the base, the barrier ends in it, the marker follows.
    let time = results.marker_time(marker).unwrap();
    assert_eq!(time, base + 1);
    // The marker is followed by the read, then the spike: 2 cycles later, plus 27 to leave the chip.
    assert_eq!(results.recording.spikes.chip_time, [base + 1 + 2 + 27]);
}

#[test]
fn a_flood_of_events_loses_nothing_and_keeps_every_time() {
    let mut executor = executor();
    // Eight events per FPGA cycle for 10 µs: far more than three per message and one message per cycle.
    let mut expected = Vec::new();
    for half_cycle in 0..2500_u64 {
        let time = SimTime::from_us(1) + SimTime::from_cycles(half_cycle, SimTime::FABRIC_CYCLE);
        for channel in 0..4_u16 {
            let payload = EventPayload::Spike(channel << 14 | half_cycle as u16);
            executor.device_mut().emit(time, payload);
            expected.push((time.cycles(SimTime::FPGA_CYCLE), channel << 14 | half_cycle as u16));
        }
    }
    let results = run(&mut executor, |builder| {
        builder.wait(SimTime::from_us(100));
    });
    let spikes = &results.recording.spikes;
    let recorded: Vec<_> = spikes.chip_time.iter().copied().zip(spikes.label.iter().copied()).collect();
    assert_eq!(recorded, expected);
}

#[test]
fn a_marker_is_exact_under_a_flood_of_events() {
    let mut executor = executor();
    for half_cycle in 0..2500_u64 {
        let time = SimTime::from_cycles(half_cycle, SimTime::FABRIC_CYCLE);
        for label in 0..4 {
            executor.device_mut().emit(time, EventPayload::Madc(label));
        }
    }
    let mut marker = None;
    let results = run(&mut executor, |builder| {
        builder.setup().wait_until(FpgaCycles(500));
        marker = Some(builder.marker());
        builder.wait_until(FpgaCycles(5000));
    });
    assert_eq!(results.marker_time(marker.unwrap()), Ok(501));
    assert_eq!(results.recording.madc.len(), 10_000);
}

#[test]
fn cancelling_keeps_what_was_recorded() {
    let mut executor = executor();
    let cancel = AtomicBool::new(false);
    let mut builder = ProgramBuilder::new();
    builder.spike(5).wait(SimTime::from_ms(10));
    let early = builder.marker();
    builder.wait(SimTime::from_ms(30_000));
    let late = builder.marker();
    let program = builder.finish().unwrap();
    let mut looks = 0;
    let mut progress = |progress: bss2_host::connection::Progress| {
        looks += 1;
        if progress.simulated > SimTime::from_ms(50) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let mut control = RunControl { cancel: Some(&cancel), progress: Some(&mut progress) };
    let results = executor.run_with(&program, &mut control).unwrap();
    assert!((50..60).contains(&looks), "{looks}");
    assert_eq!(results.completion, Completion::Cancelled { instruction: 5 });
    assert_eq!(results.recording.spikes.label, [5]);
    assert!(results.marker_time(early).is_ok());
    assert!(results.marker_time(late).is_err());
    assert!(executor.device().now() < SimTime::from_ms(60));
    // And goes on.
    let mut marker = None;
    let results = run(&mut executor, |builder| marker = Some(builder.marker()));
    assert!(results.marker_time(marker.unwrap()).is_ok());
}

#[test]
fn results_do_not_depend_on_the_slice() {
    let run_with_slice = |slice| {
        let config = ExecutorConfig { slice, ..ExecutorConfig::default() };
        let mut executor = Executor::new(Loopback::new(), config);
        executor.device_mut().slow_reads.insert(0x50, SimTime::from_us(3));
        let mut builder = ProgramBuilder::new();
        let mut timeline = Timeline::new();
        for n in 0..200 {
            timeline.spike(SimTime::from_us(7 * n), n as u16);
            timeline.write(SimTime::from_us(11 * n), 0x50, n as u32);
            timeline.read(SimTime::from_us(13 * n), 0x50);
        }
        builder.play(&timeline);
        emissions(&mut executor, &builder.finish().unwrap())
    };
    let reference = run_with_slice(SimTime::from_ms(1));
    for slice in [SimTime::from_ns(8), SimTime::from_us(1), SimTime::from_ms(100)] {
        assert_eq!(run_with_slice(slice), reference);
    }
    assert_eq!(reference.iter().filter(|e| matches!(e.response, Response::OmnibusData(_))).count(), 200);
}

#[test]
fn results_do_not_depend_on_how_a_program_is_fed() {
    let mut builder = ProgramBuilder::new();
    for n in 0..300_u32 {
        builder.write(n, n).spike(n as u16);
        builder.read(n);
        builder.wait(FpgaCycles(u64::from(n % 7)));
    }
    let mut instructions = builder.finish().unwrap().instructions().to_vec();
    instructions.push(Instruction::HALT);
    let feed = |piece: usize| {
        let mut emissions = Vec::new();
        let mut executor = executor();
        for piece in instructions.chunks(piece) {
            executor.feed(piece, &mut RunControl::default(), &mut |emission| emissions.push(emission));
        }
        emissions
    };
    let reference = feed(usize::MAX);
    assert!(reference.len() > 300);
    for piece in [1, 3, 100] {
        assert_eq!(feed(piece), reference);
    }
}

#[test]
fn a_snapshot_continues_identically() {
    let mut builder = ProgramBuilder::new();
    builder.spike(1).write(5, 5);
    builder.read(5);
    builder.instruction(Instruction::SystimeInit(true)).wait(SimTime::from_us(3)).spike(2);
    let program = builder.finish().unwrap();
    let mut original = executor();
    original.run(&program).unwrap();
    let text = serde_json::to_string(original.fpga()).unwrap();
    let mut copy = Executor::restore(
        original.device().clone(),
        serde_json::from_str(&text).unwrap(),
        original.config().clone(),
    );
    assert_eq!(original.run(&program).unwrap(), copy.run(&program).unwrap());
}

#[test]
fn the_chip_counts_its_links_from_the_other_end() {
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    let results = run(&mut executor, |builder| {
        // Links 0 and 1 of the FPGA, which are bits 7 and 6 of the chip; bit 0 of the chip is link 7.
        builder.write(FPGA_PHY_ENABLE, 0b0000_0011).jtag_write(CHIP_PHY_ENABLE, 0b1000_0001);
        builder.barrier(Barrier::JTAG).wait(SimTime::from_us(20));
    });
    let links: Vec<u8> = results.recording.links.payload.iter().map(|payload| payload >> 5).collect();
    assert_eq!(links, [0]);
}

#[test]
fn words_on_the_links_are_counted_events_included() {
    let count = |results: &Results| results.recording.reads.value.iter().sum::<u32>();
    let mut executor = executor();
    let mut counts = |direction: u32| {
        count(&run(&mut executor, |builder| {
            builder.read_all((0..8).map(|link| 0x8800_C000 + 2 * link + direction));
        }))
    };
    let before = [counts(0), counts(1)];
    run(&mut executor, |builder| {
        builder.write(0x1000, 1).spike_pack(&[1, 2, 3]).spike(4).wait(SimTime::from_us(2));
        builder.barrier_omnibus();
    });
    let mut counts = |direction: u32| {
        count(&run(&mut executor, |builder| {
            builder.read_all((0..8).map(|link| 0x8800_C000 + 2 * link + direction));
        }))
    };
    // A write is two words and one back; each of the four events is a word there and one back.
    assert_eq!([counts(0) - before[0], counts(1) - before[1]], [6, 5]);
}

#[test]
fn link_statistics_count_the_words_of_chip_accesses_only() {
    let status = |builder: &mut ProgramBuilder| {
        builder.barrier_omnibus();
        builder.read_block(0x8800_C010, 4)
    };
    let mut tickets = Vec::new();
    let results = run(&mut executor(), |builder| {
        tickets.push(status(builder));
        builder.read_block(0, 2);
        tickets.push(status(builder));
        builder.write_block(0, &[0, 0]);
        tickets.push(status(builder));
    });
    let status: Vec<&[u32]> = tickets.iter().map(|&ticket| results.words(ticket).unwrap()).collect();
    // Written, sent, received, read: two words more each for two reads; two writes are four words and two responses.
    assert_eq!(status, [[0, 0, 0, 0], [2, 2, 2, 2], [6, 6, 4, 4]]);
}

#[test]
fn ppu_programs_are_loaded_under_reset_and_started() {
    let mut executor = executor();
    let results = run(&mut executor, |builder| {
        builder.load_ppu(Hemisphere::Bottom, &[1, 2, 3]).start_ppu(Hemisphere::Bottom);
    });
    assert_eq!(results.completion, Completion::Halted);
    assert_eq!(executor.device().word(0x0380_0002), 3);
    assert_eq!(executor.device().word(0x03A0_0000), 1);
}

#[test]
fn mistakes_name_the_instruction() {
    let mut builder = ProgramBuilder::new();
    builder.write(1, 1).spike_pack(&[]).spike_pack(&[1, 2, 3, 4]);
    assert_eq!(builder.finish(), Err(BuildError { instruction: 2, kind: BuildErrorKind::PackSize(0) }));
    let mut builder = ProgramBuilder::new();
    builder.load_ppu(Hemisphere::Top, &[0; 4097]);
    assert_eq!(builder.finish(), Err(BuildError { instruction: 0, kind: BuildErrorKind::PpuImage(4097) }));
    let mut builder = ProgramBuilder::new();
    builder.wait(SimTime::from_ms(40_000));
    assert!(matches!(builder.finish().unwrap_err().kind, BuildErrorKind::TimeOutOfRange(_)));
}

/// Words of the performance test after `micros` with the links of `mask` up: sent, received, in order, first wrong one, then words
/// sent and received by link 4.
fn performance(executor: &mut Executor<Loopback>, mask: u32, micros: u64) -> [u32; 6] {
    let mut tickets = Vec::new();
    let results = run(executor, |builder| {
        builder.write(FPGA_PHY_ENABLE, mask).wait(SimTime::from_us(100));
        builder.write(0x8800_8000, 1).wait(SimTime::from_us(micros)).write(0x8800_8000, 0);
        builder.wait(SimTime::from_us(10));
        tickets.extend((0x8800_8001..=0x8800_8004).map(|address| builder.read(address)));
        tickets.extend([0x8800_C008, 0x8800_C009].map(|address| builder.read(address)));
    });
    core::array::from_fn(|word| results.word(tickets[word]).unwrap())
}

#[test]
fn the_performance_test_finds_the_rate_that_the_official_one_demands() {
    let mut executor = executor();
    let mut by_link_4 = 0;
    for mask in [0x10, 0x1F, 0xF8] {
        let [sent, received, in_order, error, ..] = performance(&mut executor, mask, 1000);
        assert_eq!((received, in_order, error), (sent, sent, 0));
        let rate = f64::from(received) * 59.0 / 1000.0;
        let expected = 595.0 * f64::from(mask.count_ones());
        assert!((rate / expected - 1.0).abs() < 0.005, "{mask:#x}: {rate} Mbit/s");
    }
    // Beyond five links the rate stays. A link counts the words of all tests.
    let [five, ..] = performance(&mut executor, 0x1F, 100);
    let [eight, ..] = performance(&mut executor, 0xFF, 100);
    assert_eq!(five, eight);
    let [sent, .., tx, rx] = performance(&mut executor, 0x10, 1000);
    for _ in 0..2 {
        by_link_4 = performance(&mut executor, 0x10, 1000)[4];
    }
    assert!(rx.abs_diff(tx) <= 1);
    assert_eq!(by_link_4 - tx, 2 * sent);
}

#[test]
fn the_performance_test_runs_beside_the_program_and_answers_come_one_round_trip_later() {
    let mut tickets = Vec::new();
    let results = run(&mut executor(), |builder| {
        builder.write(0x8800_8000, 1).wait_until(FpgaCycles(100_000));
        tickets.extend([0x8800_8001, 0x8800_8002, 0x8800_8001].map(|address| builder.read(address)));
        // Writes of what can only be read change nothing.
        builder.write(0x8800_8001, 7).write(0x8800_8000, 0).write(0x8800_8000, 1);
        tickets.push(builder.read(0x8800_8001));
    });
    let words: Vec<u32> = tickets.iter().map(|&ticket| results.word(ticket).unwrap()).collect();
    // 5 links at 4760 bits in 1000 cycles, 59 bits a word; the write takes effect in cycle 1.
    let words_after = |cycles: u32| cycles * 4760 / 59_000 * 5;
    assert_eq!(words[0], words_after(100_000));
    assert_eq!(words[1], words_after(100_001 - 50));
    assert!((words[0]..=words[0] + 5).contains(&words[2]));
    assert_eq!(words[3], 0, "the counters begin anew");
}

/// The official test of SpikeIO: labels 0, 1, 2 go out as 3, 4, 5 and come in again as 6, 7, 8, all of which the chip sends back.
fn spike_io(executor: &mut Executor<Loopback>, config: u32) -> Vec<(u64, u16)> {
    run(executor, |builder| {
        builder.write(0x8803_8000, config);
        for (label, address) in (0..3).zip(3..) {
            builder.write(0x8802_0000 + label, address);
            builder.write(0x8803_0000 + address, label + 6);
        }
        builder.barrier_omnibus();
    });
    let results = run(executor, |builder| {
        for label in 0..3 {
            builder.spike(label).wait(SimTime::from_us(2));
        }
        builder.wait(SimTime::from_us(100));
    });
    let spikes = &results.recording.spikes;
    spikes.chip_time.iter().copied().zip(spikes.label.iter().copied()).collect()
}

#[test]
fn spikes_go_round_the_serial_line_if_both_its_ends_are_enabled() {
    const LOOPBACK: u32 = 1 << 18;
    let labels = |config| -> Vec<u16> {
        spike_io(&mut executor(), config).into_iter().map(|(_, label)| label).collect()
    };
    assert_eq!(labels(LOOPBACK | 3 << 16 | 1), [0, 6, 1, 7, 2, 8]);
    for without in [LOOPBACK | 1, LOOPBACK | 1 << 16 | 1, LOOPBACK | 2 << 16 | 1, 3 << 16 | 1] {
        assert_eq!(labels(without), [0, 1, 2], "{without:#x}");
    }
}

#[test]
fn a_byte_on_the_serial_line_takes_ten_bits_of_the_divided_clock() {
    let delay = |divider: u32| {
        let spikes = spike_io(&mut executor(), 7 << 16 | divider);
        spikes[1].0 - spikes[0].0
    };
    // From chip to FPGA and back 25 cycles each, 2 in the chip.
    assert_eq!([1, 2, 10].map(delay), [62, 72, 152]);
    // Slower than the spikes come: the line takes them one after the other.
    let spikes = spike_io(&mut executor(), 7 << 16 | 100);
    let times: Vec<u64> = spikes.iter().filter(|spike| spike.1 >= 6).map(|spike| spike.0).collect();
    assert_eq!([times[1] - times[0], times[2] - times[1]], [1000, 1000]);
}

#[test]
fn the_serial_line_loses_what_it_has_no_room_for() {
    let config = ExecutorConfig { serial_fifo: 4, ..ExecutorConfig::default() };
    let mut executor = Executor::new(Loopback::new(), config);
    let results = run(&mut executor, |builder| {
        builder.write(0x8803_8000, 7 << 16 | 100).write(0x8802_0000, 9).write(0x8803_0009, 1);
        (0..10).for_each(|_| {
            builder.spike(0);
        });
        builder.wait(SimTime::from_ms(1));
    });
    let came = |label| results.recording.spikes.label.iter().filter(|&&other| other == label).count();
    assert_eq!((came(0), came(1)), (10, 4));
}

#[test]
fn relayed_spikes_do_not_depend_on_slices() {
    // A label that feeds itself for ever: 50 cycles of links, 2 in the chip, 30 on the line.
    let spikes = |slice| {
        let config = ExecutorConfig { slice, ..ExecutorConfig::default() };
        let mut executor = Executor::new(Loopback::new(), config);
        let results = run(&mut executor, |builder| {
            builder.write(0x8803_8000, 7 << 16 | 3).write(0x8802_0005, 9).write(0x8803_0009, 5);
            builder.spike(5).wait(SimTime::from_us(50)).spike(4).wait(SimTime::from_us(50));
        });
        let spikes = &results.recording.spikes;
        spikes.chip_time.iter().copied().zip(spikes.label.iter().copied()).collect::<Vec<_>>()
    };
    let all = spikes(SimTime::from_ms(1));
    assert_eq!(all.iter().filter(|spike| spike.1 == 5).count(), (12_500 - 58) / 82 + 1);
    for pair in all.iter().filter(|spike| spike.1 == 5).collect::<Vec<_>>().windows(2) {
        assert_eq!(pair[1].0 - pair[0].0, 82);
    }
    for slice in [8, 24, 400, 10_000] {
        assert_eq!(spikes(SimTime::from_ns(slice)), all, "slices of {slice} ns");
    }
}

#[test]
fn a_label_comes_back_from_the_network_as_the_routing_tables_say() {
    // The official test of a single FPGA on a network: spike 17 travels as 347 and comes in as 20.
    let labels = |network| {
        let config = ExecutorConfig { network, ..ExecutorConfig::default() };
        let results = run(&mut Executor::new(Loopback::new(), config), |builder| {
            builder.write(0x880D_0000 + 17, 347 | 1 << 15).write(0x880C_0000 + 347, 20 | 1 << 16);
            // Entries that are not enabled.
            builder.write(0x880D_0000 + 18, 347).write(0x880C_0000 + 346, 21);
            builder.write(0x880D_0000 + 19, 346 | 1 << 15).barrier_omnibus();
            builder.spike(17).wait(SimTime::from_us(10)).spike(18).spike(19).wait(SimTime::from_us(10));
        });
        results.recording.spikes.label
    };
    assert_eq!(labels(Network::Loopback), [17, 20, 18, 19]);
    assert_eq!(labels(Network::None), [17, 18, 19]);
}
