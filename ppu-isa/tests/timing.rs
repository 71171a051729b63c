//! The cycle model beside the golden data: configurations, and closed forms of ppu-timing 2 under other parameters.

use ppu_isa::{Bus, ByteEnables, Config, Core, LaneMask, Response, Stop, TimingConfig, Vector, assemble};

/// A memory that answers `latency` cycles later than SRAM beyond 16 KiB.
struct Memory {
    words: Vec<u32>,
    latency: u32,
}

impl Memory {
    fn word(&mut self, address: u32) -> (&mut u32, u32) {
        let latency = if address < 0x4000 { 0 } else { self.latency };
        (&mut self.words[(address >> 2) as usize & 4095], latency)
    }
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        let first = (address >> 2) as usize & 4095;
        line.copy_from_slice(&self.words[first..first + line.len()]);
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        let (word, latency) = self.word(address);
        Response::Done { value: *word, latency }
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let (word, latency) = self.word(address);
        *word = enables.merge(*word, value);
        Response::Done { value: (), latency }
    }
    fn load_vector(&mut self, _: u64, _: u32) -> Response<Vector> {
        Response::now(Vector::ZERO)
    }
    fn store_vector(&mut self, _: u64, _: u32, _: &Vector, _: LaneMask) -> Response<()> {
        Response::now(())
    }
    fn vector_in(&mut self, _: u64, _: u32, _: LaneMask) -> Response<Vector> {
        Response::Done { value: Vector::ZERO, latency: 8 }
    }
    fn vector_out(&mut self, _: u64, _: u32, _: &Vector, _: LaneMask) -> Response<()> {
        Response::Done { value: (), latency: 8 }
    }
}

/// Cycles between two reads of the time base around `body`, in the second pass of a loop.
fn warm_cycles(timing: TimingConfig, latency: u32, body: &str) -> u32 {
    let text = format!(
        "lis r10, 1\nli r9, 3\nloop:\nmfspr r28, 284\n{body}\nmfspr r29, 284\naddi r9, r9, -1\ncmpwi r9, 0\n\
         bne loop\nsync\nwait\n"
    );
    let mut memory = Memory { words: vec![0; 4096], latency };
    let program = assemble(&text, 0).expect("a program").words();
    memory.words[..program.len()].copy_from_slice(&program);
    let mut core = Core::<ppu_isa::timing::CycleModel>::new(Config { timing, ..Config::nux_reference() });
    let stop = core.run(&mut memory, 100_000, &mut ());
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    core.state().gpr[29] - core.state().gpr[28]
}

#[test]
fn a_load_can_be_used_seven_cycles_later() {
    assert_eq!(warm_cycles(TimingConfig::nux_reference(), 0, "lwz r3, 0x2000(0)\nadd r4, r3, r3"), 9);
}

#[test]
fn omnibus_loads_follow_each_other_one_by_one_or_overlap_as_configured() {
    let loads = "lwz r3, 0(r10)\nlwz r4, 4(r10)\nadd r5, r3, r4";
    let alone = warm_cycles(TimingConfig::nux_reference(), 20, "lwz r3, 0(r10)\nadd r5, r3, r3");
    let serial = warm_cycles(TimingConfig::nux_reference(), 20, loads);
    let overlapping = warm_cycles(TimingConfig::hicann_x(), 20, loads);
    assert_eq!(alone, 9 + 20);
    assert_eq!(serial, alone + 20 + 2);
    assert_eq!(overlapping, alone + 1);
}

#[test]
fn a_slower_multiplier_delays_its_dependents() {
    let body = "mullw r3, r4, r4\nadd r5, r3, r3";
    let fast = warm_cycles(TimingConfig::nux_reference(), 0, body);
    let slow = warm_cycles(TimingConfig { multiplier: 6, ..TimingConfig::nux_reference() }, 0, body);
    assert_eq!((fast, slow), (6, 8));
}

#[test]
fn a_timing_file_may_leave_out_what_it_does_not_change() {
    let read: TimingConfig = toml::from_str("omnibus_in_flight = 4").expect("a configuration");
    assert_eq!(read, TimingConfig { omnibus_in_flight: 4, ..TimingConfig::hicann_x() });
    assert!(toml::from_str::<TimingConfig>("omnibus = 4").is_err());
    assert_eq!(TimingConfig::named("nux-reference"), Some(TimingConfig::nux_reference()));
    assert_eq!(TimingConfig::named("unknown"), None);
}

#[test]
fn the_named_configurations_are_the_files() {
    for (name, text) in [
        ("nux-reference", include_str!("../timing/nux-reference.toml")),
        ("hicann-x", include_str!("../timing/hicann-x.toml")),
    ] {
        let read: TimingConfig = toml::from_str(text).expect("a configuration");
        assert_eq!(Some(read), TimingConfig::named(name));
        assert_eq!(read.check(), Ok(()));
    }
}

#[test]
fn values_out_of_range_are_named_and_do_not_break_the_model() {
    let zero: TimingConfig = toml::from_str("answers = 0").expect("a configuration");
    assert_eq!(
        zero.check().expect_err("out of range").to_string(),
        "timing constant answers is 0, and may be 1 to 8"
    );
    let mut odd = TimingConfig::hicann_x();
    odd.stations.compare = 3;
    assert_eq!(odd.check().expect_err("out of range").name, "stations.compare");
    // A model made with them takes what is nearest.
    assert_eq!(warm_cycles(odd, 0, "fxvcmpb v1\nlwz r3, 0x2000(0)\nadd r4, r3, r3"), 10);
}
