//! Homeostasis steps every weight as experiments E04 demands.

use crate::bench::Bench;
use bss2_firmware::block::Block;
use bss2_firmware::control::PARAMETERS;
use bss2_firmware::homeostasis;

#[test]
fn homeostasis_steps_every_weight_towards_the_target() {
    for hemisphere in [0, 1] {
        let mut bench = Bench::new(&bss2_firmware::HOMEOSTASIS, hemisphere);
        let mut parameters: homeostasis::Parameters = bench.read(PARAMETERS);
        (parameters.synapse_row, parameters.first_column, parameters.columns) = (7, 3, 250);
        (parameters.period, parameters.steps, parameters.target) = (50_000, 40, 61);
        (parameters.record_address, parameters.record_capacity) = (0x4000_8000, 64);
        bench.write(PARAMETERS, &parameters);
        bench.world.weights[7] = [31; 256];
        let mut weights = [31i32; 256];
        bench.run_to(5000);
        bench.command(homeostasis::COMMAND_RUN);
        bench.run_to(40_000);
        for step in 0..40 {
            for (column, weight) in weights.iter().enumerate() {
                // A rate in proportion to the weight, with a gain by column, up to more than a counter holds.
                bench.world.counters[column] = *weight as u32 * (1 + column as u32 % 11);
            }
            let counters = bench.world.counters;
            bench.run_while(100_000, |bench| bench.control().trials == step);
            let record =
                homeostasis::Record::from_bytes(&bench.world.fpga[0x8000 + 512 * step as usize..]).unwrap();
            let (counts, before) =
                (homeostasis::by_column(&record.counts), homeostasis::by_column(&record.weights));
            for (column, weight) in weights.iter_mut().enumerate() {
                let regulated = (3..253).contains(&column);
                let count = if regulated { counters[column].min(255) as i32 } else { 0 };
                assert_eq!(i32::from(counts[column]), count, "column {column} in step {step}");
                assert_eq!(i32::from(before[column]), *weight);
                if regulated {
                    *weight = (*weight + (61 - count).signum()).clamp(0, 63);
                }
            }
            assert_eq!(bench.world.weights[7].map(i32::from), weights, "step {step}");
        }
        bench.run_to(5000 + 42 * 50_000);
        assert!(bench.control().slack > 20_000, "reading takes less than 30000 cycles");
        assert_eq!((bench.control().completed, bench.control().overruns), (1, 0));
        assert!(bench.world.unmapped.is_empty());
    }
}
