//! The parameter storage in time (analog-core 2.4).

use crate::bench::close;
use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches};
use bss2_base::{Quadrant, SimTime};
use bss2_chip::physics::cells::{CELLS, CODE_REFRESH_OFF};
use bss2_chip::physics::{CapMem, CapMemOptions, CellAddress, ReferenceGenerator};
use proptest::prelude::*;

const QUIET: CapMemOptions = CapMemOptions {
    instant: false,
    write_noise: false,
    drift: false,
    settling_slice: SimTime::from_us(500),
    slice_tolerance: 0.1,
};

fn capmem(options: CapMemOptions) -> CapMem {
    let mut capmem = CapMem::new(ChipMismatch::new(5, MismatchSwitches::default()), options);
    for block in Quadrant::ALL {
        capmem.set_refresh(block, true, SimTime::ZERO);
    }
    capmem
}

fn cell(row: u8) -> CellAddress {
    CellAddress::new(Quadrant::SouthWest, 77, row).unwrap()
}

#[test]
fn addresses_cover_the_memory_once() {
    let numbers: Vec<usize> = CellAddress::all().map(CellAddress::index).collect();
    assert_eq!(numbers, (0..CELLS).collect::<Vec<_>>());
    assert_eq!(CellAddress::new(Quadrant::NorthWest, 130, 0), None);
    assert_eq!(CellAddress::new(Quadrant::NorthWest, 0, 24), None);
    assert_eq!(cell(9).to_string(), "CapMem cell block 2 column 77 row 9");
}

#[test]
fn a_cell_approaches_its_code_with_three_milliseconds() {
    let mut capmem = capmem(QUIET);
    capmem.write(cell(3), 1000, SimTime::from_ms(1));
    assert_eq!(capmem.code(cell(3)), 1000);
    assert_eq!(capmem.value(cell(3), SimTime::from_ms(1)), 0.0);
    close(capmem.value(cell(3), SimTime::from_ms(4)), 1000.0 * (1.0 - (-1.0_f64).exp()), 1e-12);
    // Rewritten on the way, it starts from where it is.
    let half = capmem.value(cell(3), SimTime::from_ms(4));
    capmem.write(cell(3), 100, SimTime::from_ms(4));
    close(capmem.value(cell(3), SimTime::from_ms(7)), 100.0 + (half - 100.0) * (-1.0_f64).exp(), 1e-12);
    assert_eq!(capmem.value(cell(3), SimTime::from_ms(60)), 100.0);
}

#[test]
fn instant_cells_take_their_value_at_once() {
    let mut capmem = capmem(CapMemOptions { instant: true, ..QUIET });
    capmem.write(cell(3), 1000, SimTime::from_ms(1));
    assert_eq!(capmem.value(cell(3), SimTime::from_ms(1)), 1000.0);
    assert_eq!(capmem.next_update(SimTime::from_ms(1)), None);
}

#[test]
fn without_refresh_cells_keep_what_they_hold_and_drift_slowly() {
    let mut capmem = capmem(CapMemOptions { drift: true, instant: true, ..QUIET });
    capmem.write(cell(3), 500, SimTime::ZERO);
    capmem.write(cell(3), CODE_REFRESH_OFF, SimTime::from_ms(1));
    assert_eq!(capmem.code(cell(3)), CODE_REFRESH_OFF);
    assert_eq!(capmem.value(cell(3), SimTime::from_ms(1)), 500.0);
    let after_100_ms = capmem.value(cell(3), SimTime::from_ms(101)) - 500.0;
    assert!(after_100_ms != 0.0 && after_100_ms.abs() <= 20.0, "{after_100_ms}");
    // Linear until the end of the range, and no further.
    close(capmem.value(cell(3), SimTime::from_ms(201)) - 500.0, 2.0 * after_100_ms, 1e-9);
    assert!((0.0..=1022.0).contains(&capmem.value(cell(3), SimTime::from_ms(10_000_000))));
    assert!(capmem.next_update(SimTime::from_ms(1)).is_some());
    // A write brings it back.
    capmem.write(cell(3), 400, SimTime::from_ms(300));
    assert_eq!(capmem.value(cell(3), SimTime::from_ms(300)), 400.0);
    assert_eq!(capmem.next_update(SimTime::from_ms(300)), None);
}

#[test]
fn a_block_without_refresh_freezes_and_settles_once_it_is_enabled() {
    let mut capmem = CapMem::new(ChipMismatch::new(5, MismatchSwitches::default()), QUIET);
    assert!(!capmem.refresh(Quadrant::SouthWest));
    capmem.write(cell(8), 300, SimTime::ZERO);
    assert_eq!(capmem.value(cell(8), SimTime::from_ms(50)), 0.0);
    capmem.set_refresh(Quadrant::SouthWest, true, SimTime::from_ms(50));
    close(capmem.value(cell(8), SimTime::from_ms(53)), 300.0 * (1.0 - (-1.0_f64).exp()), 1e-12);
    capmem.set_refresh(Quadrant::SouthWest, false, SimTime::from_ms(53));
    assert_eq!(capmem.value(cell(8), SimTime::from_ms(53)), capmem.value(cell(8), SimTime::from_ms(99)));
}

#[test]
fn every_write_has_its_own_small_error() {
    let mut capmem = capmem(CapMemOptions { write_noise: true, instant: true, ..QUIET });
    let mut errors = [0.0_f64; 2];
    let n = 2000;
    for _ in 0..n {
        for (cell, sum) in [cell(2), cell(20)].into_iter().zip(&mut errors) {
            capmem.write(cell, 400, SimTime::ZERO);
            *sum += (capmem.value(cell, SimTime::ZERO) - 400.0).powi(2) / f64::from(n);
        }
    }
    assert!((errors[0].sqrt() - 0.5).abs() < 0.03, "{}", errors[0].sqrt());
    assert!((errors[1].sqrt() - 0.7).abs() < 0.04, "{}", errors[1].sqrt());
    capmem.write(cell(20), 0, SimTime::ZERO);
    assert_eq!(capmem.value(cell(20), SimTime::ZERO), 0.0);
}

#[test]
fn the_reference_generator_scales_linearly() {
    let mut reference = ReferenceGenerator::default();
    assert_eq!(reference.scale(Quadrant::NorthEast), 1.0);
    reference.slope[1] = 22;
    assert_eq!([1, 2].map(|i| reference.scale(Quadrant::ALL[i])), [2.0, 1.0]);
    reference.reference_control = 5;
    assert_eq!(reference.scale(Quadrant::SouthEast), 0.5);
    let mut capmem = capmem(QUIET);
    capmem.set_reference(reference, SimTime::from_ms(200));
    assert!(capmem.may_have_changed(Quadrant::NorthWest, 0, SimTime::from_ms(200)));
}

#[test]
fn a_wait_of_twenty_milliseconds_takes_few_updates() {
    let mut capmem = capmem(QUIET);
    for cell in CellAddress::all() {
        capmem.write(cell, 700, SimTime::from_us(10));
    }
    let (mut now, mut updates) = (SimTime::from_us(10), 0);
    while let Some(next) = capmem.next_update(now) {
        assert!(next > now);
        now = next;
        updates += 1;
    }
    assert!(updates <= 64, "{updates}");
    assert_eq!(now, capmem.settles_at());
    assert!((25..40).contains(&(now.as_us_f64() as u64 / 1000)), "{now}");
    for cell in CellAddress::all() {
        assert_eq!(capmem.value(cell, now), 700.0);
    }
    assert!(!capmem.may_have_changed(Quadrant::NorthWest, 3, now + SimTime::from_us(1)));
}

#[test]
fn only_columns_with_moving_cells_need_an_update() {
    let mut capmem = capmem(QUIET);
    let late = SimTime::from_ms(100);
    capmem.write(cell(4), 500, late);
    let changed = |since| {
        let all = Quadrant::ALL.into_iter().flat_map(|block| (0..130).map(move |column| (block, column)));
        all.filter(|&(block, column)| capmem.may_have_changed(block, column, since)).collect::<Vec<_>>()
    };
    assert_eq!(changed(late), [(Quadrant::SouthWest, 77)]);
    assert_eq!(changed(late + SimTime::from_ms(40)), []);
}

#[test]
fn a_restored_memory_continues_alike() {
    let mut original = capmem(CapMemOptions { write_noise: true, drift: true, ..QUIET });
    original.write(cell(4), 500, SimTime::from_ms(1));
    original.write(cell(5), CODE_REFRESH_OFF, SimTime::from_ms(1));
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&original, config).unwrap();
    let (mut restored, _): (CapMem, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert!(restored == original);
    for capmem in [&mut original, &mut restored] {
        capmem.write(cell(4), 600, SimTime::from_ms(2));
    }
    assert!(restored == original);
}

proptest! {
    #[test]
    fn between_updates_no_settled_column_moves(
        writes in prop::collection::vec((0_u8..4, 0_u8..130, 0_u8..24, 0_u16..1024, 0_u64..30_000), 1..40),
        probe in 0_u64..200_000,
    ) {
        let mut writes = writes;
        writes.sort_by_key(|write| write.4);
        let mut capmem = capmem(CapMemOptions { write_noise: true, ..QUIET });
        for &(block, column, row, code, us) in &writes {
            let cell = CellAddress::new(Quadrant::ALL[usize::from(block)], column, row).unwrap();
            capmem.write(cell, code, SimTime::from_us(us));
        }
        let last = SimTime::from_us(writes.last().unwrap().4);
        let now = last + SimTime::from_us(probe);
        let later = now + SimTime::from_ms(1);
        for cell in CellAddress::all() {
            let value = capmem.value(cell, now);
            prop_assert!((0.0..=1022.0).contains(&value));
            if !capmem.may_have_changed(cell.block(), cell.column(), now) {
                prop_assert_eq!(value, capmem.value(cell, later));
            }
        }
        match capmem.next_update(now) {
            Some(next) => prop_assert!(next > now && next <= capmem.settles_at()),
            None => prop_assert!(capmem.settles_at() <= now),
        }
    }
}
