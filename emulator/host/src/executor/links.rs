//! The eight high-speed links between FPGA and chip (host-interface 2.4, 2.10, register-map 8.3).

use serde::{Deserialize, Serialize};

/// Which links are up, and the counters of what went over them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Links {
    fpga_enable: u8,
    chip_enable: u8,
    /// Cycle in which each link is up.
    up_at: [Option<u64>; 8],
    /// Words handed to the reliable transport at the FPGA and at the chip.
    pub(super) writes: u32,
    pub(super) reads: u32,
    /// Words of these accesses on the wire in either direction; none is ever repeated.
    pub(super) tx: u32,
    pub(super) rx: u32,
    /// Events on the wire in either direction, which bypass the reliable transport.
    events_to_chip: u32,
    events_from_chip: u32,
}

/// A link that will be up: its number and from which cycle on.
pub(super) type LinkUp = (u8, u64);

impl Links {
    pub(super) const UP_FLAG: u8 = 1 << 4;

    pub(super) fn new(fpga_enable: u8) -> Self {
        Self { fpga_enable, ..Self::default() }
    }

    /// All links up from cycle 0.
    pub(super) fn started() -> Self {
        Self { fpga_enable: 0xFF, chip_enable: 0xFF, up_at: [Some(0); 8], ..Self::default() }
    }

    /// Cycle from which on the chip can be reached.
    pub(super) fn up_at(&self) -> Option<u64> {
        self.up_at.iter().copied().flatten().min()
    }

    pub(super) fn is_up(&self, cycle: u64) -> bool {
        self.up_at().is_some_and(|up| up <= cycle)
    }

    /// The links that are up, one bit each.
    pub(super) fn mask_up(&self, cycle: u64) -> u8 {
        let up = |(_, up_at): &(u8, &Option<u64>)| up_at.is_some_and(|up| up <= cycle);
        (0..).zip(&self.up_at).filter(up).fold(0, |mask, (link, _)| mask | 1 << link)
    }

    pub(super) fn enable_fpga(&mut self, mask: u8, cycle: u64, training: u64) -> Vec<LinkUp> {
        self.fpga_enable = mask;
        self.retrain(cycle, training)
    }

    /// The chip counts its links from the other end: link p is bit 7 - p (register-map 5.1).
    pub(super) fn enable_chip(&mut self, mask: u8, cycle: u64, training: u64) -> Vec<LinkUp> {
        self.chip_enable = mask.reverse_bits();
        self.retrain(cycle, training)
    }

    fn retrain(&mut self, cycle: u64, training: u64) -> Vec<LinkUp> {
        let enabled = self.fpga_enable & self.chip_enable;
        let mut coming = Vec::new();
        for (link, up_at) in (0_u8..).zip(&mut self.up_at) {
            if enabled >> link & 1 == 0 {
                *up_at = None;
            } else if up_at.is_none() {
                *up_at = Some(cycle + training);
                coming.push((link, cycle + training));
            }
        }
        coming
    }

    /// Cycles since link `link` is up.
    pub(super) fn online_time(&self, link: usize, cycle: u64) -> u32 {
        self.up_at[link].map_or(0, |up| cycle.saturating_sub(up) as u32)
    }

    /// Words that link `link` has sent to the chip.
    pub(super) fn sent_by(&self, link: u32) -> u32 {
        Self::share(self.tx.wrapping_add(self.events_to_chip), link)
    }

    /// Words that link `link` has received from the chip.
    pub(super) fn received_by(&self, link: u32) -> u32 {
        Self::share(self.rx.wrapping_add(self.events_from_chip), link)
    }

    /// Share of link `link` in `total` words; which link carries a word is not observable, they take turns.
    fn share(total: u32, link: u32) -> u32 {
        total / 8 + u32::from(total % 8 > link)
    }

    /// So many events went to the chip.
    pub(super) fn count_events_to_chip(&mut self, count: usize) {
        self.events_to_chip = self.events_to_chip.wrapping_add(count as u32);
    }

    /// An event came from the chip.
    pub(super) fn count_event_from_chip(&mut self) {
        self.events_from_chip = self.events_from_chip.wrapping_add(1);
    }

    /// A write went over the links as address and data word, and its acknowledgement came back; it is counted before the
    /// FPGA filters it out.
    pub(super) fn count_write(&mut self) {
        self.count(2, 1);
    }

    /// A read went over the links, and its answer came back.
    pub(super) fn count_read(&mut self) {
        self.count(1, 1);
    }

    fn count(&mut self, to_chip: u32, from_chip: u32) {
        self.writes = self.writes.wrapping_add(to_chip);
        self.tx = self.tx.wrapping_add(to_chip);
        self.reads = self.reads.wrapping_add(from_chip);
        self.rx = self.rx.wrapping_add(from_chip);
    }
}
