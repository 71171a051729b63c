//! The performance test of the links (register-map 8.3): the FPGA sends words with a running number over all links that are up, as
//! fast as they take them; the chip sends them back. Playback goes on meanwhile.

use super::config::ExecutorConfig;
use serde::{Deserialize, Serialize};

/// Bits of a word that count (the official test counts 59).
const PAYLOAD_BITS: u64 = 59;

/// One run of the test: which links, and when.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Run {
    links: u8,
    begin: u64,
    /// Not yet over: the last cycle of all.
    end: u64,
}

impl Run {
    /// Words that have gone over the links by `cycle`.
    fn words(&self, cycle: u64, config: &ExecutorConfig) -> u64 {
        let cycles = cycle.min(self.end).saturating_sub(self.begin);
        let of_a_link = u128::from(cycles) * u128::from(config.link_rate) / u128::from(PAYLOAD_BITS * 1000);
        of_a_link as u64 * u64::from(self.links.count_ones().min(config.links_at_full_rate))
    }

    /// The share of link `link` in them.
    fn words_of(&self, link: u32, cycle: u64, config: &ExecutorConfig) -> u64 {
        match u64::from(self.links.count_ones()) {
            count if self.links >> link & 1 == 1 => self.words(cycle, config) / count,
            _ => 0,
        }
    }
}

/// Control and status of the test. Counters begin anew when the test is switched on; the links that are up then take part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct PerformanceTest {
    run: Run,
    enabled: bool,
    /// Words of earlier runs, by link.
    before: [u32; 8],
}

impl PerformanceTest {
    /// The enable bit is written in `cycle` with the links `links` up.
    pub(super) fn enable(&mut self, enable: bool, links: u8, cycle: u64, config: &ExecutorConfig) {
        match (self.enabled, enable) {
            (false, true) => {
                for (link, before) in (0..).zip(&mut self.before) {
                    *before = before.wrapping_add(self.run.words_of(link, u64::MAX, config) as u32);
                }
                self.run = Run { links, begin: cycle, end: u64::MAX };
            }
            (true, false) => self.run.end = cycle,
            _ => {}
        }
        self.enabled = enable;
    }

    /// Words sent by `cycle`.
    pub(super) fn sent(&self, cycle: u64, config: &ExecutorConfig) -> u32 {
        self.run.words(cycle, config) as u32
    }

    /// Words that were back by `cycle`, all of them in order.
    pub(super) fn received(&self, cycle: u64, config: &ExecutorConfig) -> u32 {
        self.run.words(cycle.saturating_sub(config.chip_access), config) as u32
    }

    /// Words of the test that link `link` has sent by `cycle`.
    pub(super) fn sent_by(&self, link: u32, cycle: u64, config: &ExecutorConfig) -> u32 {
        self.before[link as usize].wrapping_add(self.run.words_of(link, cycle, config) as u32)
    }

    /// Words of the test that link `link` has received by `cycle`.
    pub(super) fn received_by(&self, link: u32, cycle: u64, config: &ExecutorConfig) -> u32 {
        self.sent_by(link, cycle.saturating_sub(config.chip_access), config)
    }
}
