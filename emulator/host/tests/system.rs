//! A system in the hand of the caller: what goes in and comes out, and when.

use bss2_analog::{AnalogOptions, MismatchSwitches};
use bss2_base::{Hemisphere, SimTime};
use bss2_chip::registers::default_chip;
use bss2_chip::{Chip, ChipOptions};
use bss2_firmware as firmware;
use bss2_host::connection::Connection;
use bss2_host::executor::ExecutorConfig;
use bss2_host::playback::{FPGA_SPI, ProgramBuilder, startup_program};
use bss2_host::ppu_program::PpuProgram;
use bss2_host::system::{System, SystemError};

fn us(time: u64) -> SimTime {
    SimTime::from_us(time)
}

/// Nothing passes the crossbar: the target of every node is a label that its mask excludes (register-map 5.7).
fn system() -> System {
    let mut system = System::new(ChipOptions::default());
    for node in 0..76 {
        system.write(0x0013_0019 + node, 0x0001_0000).unwrap();
    }
    system
}

#[test]
fn things_happen_at_their_time_and_those_of_one_moment_in_the_order_of_asking() {
    let mut system = system();
    let register = 0x0013_0019;
    let before = system.read_at(us(5), register).unwrap();
    system.write_at(us(5), register, 7).unwrap();
    let after = system.read_at(us(5), register).unwrap();
    system.write_at(us(4), register, 6).unwrap();
    system.write_at(us(9), register, 9).unwrap();
    system.advance(us(8));
    let answers = system.take_answers();
    assert_eq!(
        answers.iter().map(|answer| (answer.ticket, answer.value)).collect::<Vec<_>>(),
        [(before, 6), (after, 7)]
    );
    assert!(answers.iter().all(|answer| answer.time == us(5)));
    assert_eq!(system.pending(), 1);
    assert_eq!(system.read(register), Ok(7));
    system.advance(us(9));
    assert_eq!(system.read(register), Ok(9));
}

#[test]
fn the_past_and_registers_of_the_fpga_are_out_of_reach() {
    let mut system = system();
    system.advance(us(3));
    assert_eq!(system.spike_at(us(2), 1), Err(SystemError::Past { at: us(2), now: us(3) }));
    assert_eq!(system.write(0x8800_0005, 1), Err(SystemError::FpgaRegister(0x8800_0005)));
    assert_eq!(system.write(0x8000_0003, 0xAFFE), Ok(()));
    assert_eq!(system.read(0x8000_0003), Ok(0xAFFE));
    let outside = system.ppu_words(Hemisphere::Top, 4000, 97);
    assert_eq!(outside, Err(SystemError::PpuWord { word: 4096 }));
}

#[test]
fn a_processor_is_loaded_started_and_heard() {
    for hemisphere in Hemisphere::ALL {
        for program in [firmware::HELLO, firmware::HELLO_EXTERNAL] {
            let mut system = system();
            system.load_ppu(hemisphere, &PpuProgram::parse(program.image).unwrap());
            assert_eq!(system.mailbox(hemisphere), "");
            system.start_ppu(hemisphere);
            while !system.ppu_sleeps(hemisphere) {
                assert!(system.now() < us(10_000), "{} does not end", program.name);
                system.advance(system.now() + us(10));
            }
            assert_eq!(system.ppu_words(hemisphere, 3071, 1), Ok(vec![42]));
            assert!(system.mailbox(hemisphere).to_lowercase().contains("hello"));
        }
    }
}

#[test]
fn a_program_begins_at_the_present_moment_and_what_is_due_meanwhile_happens() {
    let mut system = system();
    // Any time that is no cycle of the FPGA.
    system.advance(SimTime::from_ps(123_456_789));
    let register = 0x0013_0019;
    let mut builder = ProgramBuilder::new();
    let first = builder.read(register);
    builder.wait(us(10));
    let second = builder.read(register);
    let program = builder.finish().unwrap();
    let begin = system.now();
    system.write_at(begin + us(5), register, 55).unwrap();
    system.write_at(begin + us(100), register, 66).unwrap();
    let results = system.run(&program).unwrap();
    assert_eq!((results.word(first), results.word(second)), (Ok(0x0001_0000), Ok(55)));
    assert!(system.now() > begin + us(10));
    assert_eq!(system.pending(), 1);
}

#[test]
fn a_reset_at_its_moment_loses_what_comes_while_it_is_held() {
    let mut system = system();
    let register = 0x0013_0019;
    system.reset_at(us(2), true).unwrap();
    system.write_at(us(3), register, 3).unwrap();
    system.reset_at(us(4), false).unwrap();
    system.advance(us(5));
    assert_eq!(system.read(register), Ok(0));
    system.write(register, 5).unwrap();
    assert_eq!(system.read(register), Ok(5));
}

/// Wakes the membrane ADC of a default chip and lets it count samples; a recording without end begins at the present.
fn record_dummy_data(system: &mut System) {
    for (address, value) in default_chip() {
        system.write(address, value).unwrap();
    }
    // enable_dummy_data beside sample_on_positive_edge; wake-up, then start, both with the preamplifier.
    system.write(0x000c_0007, 3).unwrap();
    system.write(0x000c_0000, 0x21).unwrap();
    system.advance(system.now() + us(1));
    system.write(0x000c_0000, 0x32).unwrap();
}

#[test]
fn samples_come_out_with_the_time_at_which_they_were_taken() {
    let mut system = system();
    record_dummy_data(&mut system);
    let begin = system.now();
    system.advance(begin + us(2));
    let first = system.take_samples();
    let bytes = system.save().unwrap();
    let mut copy = System::restore(&bytes).unwrap();
    for system in [&mut system, &mut copy] {
        system.advance(begin + us(3));
        let mut samples = first.clone();
        samples.extend(system.take_samples());
        // 34 ns apart, the last one at 3 us - 8 ns.
        let expected = (0..89).map(|number| (begin + SimTime::from_ns(34 * number), number as u16));
        let found: Vec<_> = samples.iter().map(|sample| (sample.time, sample.value)).collect();
        assert_eq!(found, expected.collect::<Vec<_>>());
        assert!(system.take_samples().is_empty());
    }
}

#[test]
fn a_program_finds_samples_in_its_recording_with_the_stamp_of_their_4_nanoseconds() {
    let mut system = system();
    record_dummy_data(&mut system);
    let mut builder = ProgramBuilder::new();
    builder.wait(us(50));
    let results = system.run(&builder.finish().unwrap()).unwrap();
    let samples = &results.recording.madc;
    assert!((1_400..1_600).contains(&samples.len()), "{}", samples.len());
    for index in 1..samples.len() {
        assert_eq!(samples.value[index], (samples.value[index - 1] + 1) & 0x3ff);
        let interval = samples.time(index) - samples.time(index - 1);
        // 34 ns on a grid of 4.
        assert!([32, 36].map(SimTime::from_ns).contains(&interval), "{interval:?}");
    }
}

/// Frames of the board's SPI master (register-map 10.1): the last byte closes one.
fn spi(builder: &mut ProgramBuilder, client: u32, bytes: &[u8]) {
    for (index, byte) in (1..).zip(bytes) {
        let last = u32::from(index == bytes.len()) << 31;
        builder.write(FPGA_SPI + client, last | u32::from(*byte));
    }
}

#[test]
fn a_host_measures_the_transfer_line_of_the_membrane_adc_with_the_dac_of_the_board() {
    // T-MADC (analog-core 10): 0.1 to 1.0 V, code line within 0.5. From power-up on, by programs alone.
    let mut options = ChipOptions { mismatch: MismatchSwitches::IDEAL, ..ChipOptions::default() };
    options.analog = AnalogOptions::noiseless();
    (options.capmem.instant, options.capmem.write_noise, options.capmem.drift) = (true, false, false);
    let mut system = System::with_config(Chip::with_options(options), ExecutorConfig::power_up());
    system.run(&startup_program()).unwrap();
    let mut builder = ProgramBuilder::new();
    builder.write_all(default_chip());
    // Pad 0 to the debug line plus, that to multiplexer 0; enable_dac_to_readout_0 on the board; wake up.
    builder.write(0x000c_000f, 1 << 14).write(0x000c_000c, 1).write(0x000c_0000, 0x21);
    spi(&mut builder, 1, &[0xff, 0x9d, 0x40]);
    system.run(&builder.finish().unwrap()).unwrap();
    for step in 1..=10 {
        // Channel 5 (ana_readout_debug_0), 2.5 V at code 4096; then "update once".
        let code = (0.1 * f64::from(step) / 2.5 * 4096.0).round() as u16;
        let mut builder = ProgramBuilder::new();
        spi(&mut builder, 2, &(5 << 12 | code).to_be_bytes());
        spi(&mut builder, 2, &[0xa0, 2]);
        // Continuous, with the preamplifier; the start is cleared at once.
        builder.wait(us(100)).write(0x000c_0000, 0x32).write(0x000c_0000, 0x30);
        builder.wait(us(20)).write(0x000c_0000, 0x24).wait(us(10));
        let results = system.run(&builder.finish().unwrap()).unwrap();
        let samples = &results.recording.madc;
        assert!((580..610).contains(&samples.len()), "{} samples", samples.len());
        let expected = 25.0 + 2.5 * f64::from(code) / 4096.0 / 1.548e-3;
        for &value in &samples.value[samples.len() - 200..] {
            assert!((f64::from(value) - expected).abs() <= 0.5, "step {step}: {value}, not {expected}");
        }
    }
}
