//! The cycle model beside the golden data: configurations, and closed forms of ppu-timing 2 under other parameters.

mod bench;

use bench::Bench;
use ppu_isa::{Config, Core, Stop, TimingConfig, assemble};

/// Cycles between two reads of the time base around `body`, in the second pass of a loop.
fn warm_cycles(timing: TimingConfig, latency: u32, body: &str) -> u32 {
    let text = format!(
        "lis r10, 1\nli r9, 3\nloop:\nmfspr r28, 284\n{body}\nmfspr r29, 284\naddi r9, r9, -1\ncmpwi r9, 0\n\
         bne loop\nsync\nwait\n"
    );
    let program = assemble(&text, 0).expect("a program").words();
    let mut memory = Bench { omnibus: latency, ..Bench::new(&program) };
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
fn every_constant_of_the_scalar_units_reaches_the_model() {
    let with = |change: fn(&mut TimingConfig), body: &str| {
        let mut timing = TimingConfig::nux_reference();
        change(&mut timing);
        let cycles = |timing| i64::from(warm_cycles(timing, 0, body));
        cycles(timing) - cycles(TimingConfig::nux_reference())
    };
    assert_eq!(with(|t| t.simple = 3, "add r3, r4, r4\nadd r5, r3, r3"), 2);
    assert_eq!(with(|t| t.base_update = 4, "stwu r3, 0(r10)\nadd r5, r10, r10"), 2);
    assert_eq!(with(|t| t.command = 6, "lwz r3, 0x2000(0)\nadd r5, r3, r3"), 2);
    // The product takes the place of a load that issues in the next cycle.
    let product = "mullw r3, r4, r4\nlwz r5, 0x2000(0)\ncmpwi r4, 0\ncmpwi r4, 0";
    assert_eq!(with(|t| t.load_place = 4, product), -1);
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
