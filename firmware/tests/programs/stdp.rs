//! Readings of correlation sensors, and spike pairs.

use crate::bench::{BASELINE, Bench, Event};
use crate::scramble;
use bss2_firmware::block::Block;
use bss2_firmware::control::{PARAMETERS, result};
use bss2_firmware::stdp;

#[test]
fn readings_arrive_row_by_row_with_all_four_vectors() {
    let mut bench = Bench::new(&bss2_firmware::STDP, 1);
    let mut parameters: stdp::Parameters = bench.read(PARAMETERS);
    (parameters.first_row, parameters.rows, parameters.result_address) = (30, 5, 0x4000_0400);
    bench.write(PARAMETERS, &parameters);
    for row in 0..256 {
        bench.world.causal[row] = std::array::from_fn(|column| (scramble(row, column, 0) % 180) as u8);
        bench.world.acausal[row] = std::array::from_fn(|column| (scramble(row, column, 1) % 180) as u8);
    }
    assert_eq!(bench.finish(stdp::COMMAND_READ, 200_000), result::DONE);
    for row in 0..5 {
        let reading = stdp::Reading::from_bytes(&bench.world.fpga[0x400 + 512 * row..]).unwrap();
        for lane in 0..128 {
            let causal = [reading.causal_even[lane], reading.causal_odd[lane]];
            let acausal = [reading.acausal_even[lane], reading.acausal_odd[lane]];
            for parity in 0..2 {
                assert_eq!(causal[parity], BASELINE - bench.world.causal[30 + row][2 * lane + parity]);
                assert_eq!(acausal[parity], BASELINE - bench.world.acausal[30 + row][2 * lane + parity]);
            }
        }
    }
    let untouched = bench.world.causal[29];
    assert_eq!(bench.finish(stdp::COMMAND_RESET, 100_000), result::DONE);
    for row in 30..35 {
        assert_eq!((bench.world.causal[row], bench.world.acausal[row]), ([0; 256], [0; 256]));
    }
    assert_eq!(bench.world.causal[29], untouched);
}

#[test]
fn pairs_keep_their_interval_and_period() {
    for interval in [1000, 100, -100, -2000] {
        let mut bench = Bench::new(&bss2_firmware::STDP, 1);
        let mut parameters: stdp::Parameters = bench.read(PARAMETERS);
        (parameters.pairs, parameters.period, parameters.interval) = (20, 5000, interval);
        (parameters.row_select, parameters.label, parameters.padi_buses) = (21, 42, 0b0110);
        bench.write(PARAMETERS, &parameters);
        assert_eq!(bench.finish(stdp::COMMAND_PAIR, 200_000), result::DONE);
        let (mut inputs, mut spikes) = (Vec::new(), Vec::new());
        for event in &bench.world.events {
            match *event {
                Event::Padi { at, word } => {
                    assert_eq!(word, 0b0110 | 42 << 16 | 21 << 22);
                    inputs.push(at as i64);
                }
                Event::NeuronReset { at, parity, lanes } => {
                    assert_eq!((parity, lanes), (0, u128::MAX));
                    spikes.push(at as i64);
                }
                Event::CorrelationReset { .. } => panic!("no reset was asked for"),
            }
        }
        assert_eq!((inputs.len(), spikes.len()), (20, 20));
        // The first pair runs from a cold instruction cache.
        for pair in 1..20 {
            let found = spikes[pair] - inputs[pair];
            assert!((found - i64::from(interval)).abs() <= 12, "pair {pair}: {found} instead of {interval}");
            if pair > 1 {
                assert!((inputs[pair] - inputs[pair - 1] - 5000).abs() <= 12, "{inputs:?}");
            }
        }
        assert_eq!(bench.control().overruns, 0);
    }
}
