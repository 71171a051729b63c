//! The past, as snapshots from which it is replayed.
//!
//! Chip time is cut into slices of [`SLICE`]. At the end of a slice nothing is under way in the kernel, and the chip is in the same state
//! however it came there ([`Chip::advance`]); so a snapshot of that moment, run again slice by slice, passes the same instructions in the
//! same order each time. Their number is bounded: when there are [`SNAPSHOTS`], every other one goes and the distance doubles.

use bss2_base::SimTime;
use bss2_chip::Chip;

/// Chip time between two looks at the connection, and the grid on which snapshots lie.
pub const SLICE: SimTime = SimTime::from_us(10);
/// How many snapshots are kept at the most.
pub const SNAPSHOTS: usize = 32;
/// Slices between snapshots at first.
const FIRST_DISTANCE: u64 = 10;

/// The end of the slice in which `time` lies.
pub(crate) fn end_of_slice(time: SimTime) -> SimTime {
    SimTime::from_cycles(time.cycles(SLICE) + 1, SLICE)
}

/// The chip at one time.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) chip: Chip,
    /// Slots that each processor had issued since the debugger took over.
    pub(crate) slots: [u64; 2],
}

/// Snapshots in the order of time; the first one is where the past begins.
#[derive(Clone, Debug)]
pub(crate) struct History {
    snapshots: Vec<Snapshot>,
    distance: u64,
}

impl History {
    pub(crate) fn beginning(chip: Chip, slots: [u64; 2]) -> Self {
        Self { snapshots: vec![Snapshot { chip, slots }], distance: FIRST_DISTANCE }
    }

    pub(crate) fn get(&self, index: usize) -> &Snapshot {
        &self.snapshots[index]
    }

    /// The last snapshot that is not after `time`; the first one if there is none.
    pub(crate) fn before(&self, time: SimTime) -> usize {
        self.snapshots.partition_point(|snapshot| snapshot.chip.now() <= time).saturating_sub(1)
    }

    /// At the end of a slice: keeps the chip if it is time to, and if this is not the past that is already known.
    pub(crate) fn offer(&mut self, chip: &Chip, slots: [u64; 2]) {
        let due = |distance: u64| chip.now().cycles(SLICE).is_multiple_of(distance);
        if !due(self.distance) || self.snapshots.last().is_some_and(|last| last.chip.now() >= chip.now()) {
            return;
        }
        if self.snapshots.len() == SNAPSHOTS {
            self.distance *= 2;
            let (distance, mut first) = (self.distance, true);
            self.snapshots.retain(|snapshot| {
                std::mem::take(&mut first) || snapshot.chip.now().cycles(SLICE).is_multiple_of(distance)
            });
            if !due(self.distance) {
                return;
            }
        }
        self.snapshots.push(Snapshot { chip: chip.clone(), slots });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_snapshots_is_bounded_and_the_beginning_stays() {
        let mut chip = Chip::new(1);
        chip.advance(SimTime::from_ns(100));
        let mut history = History::beginning(chip.clone(), [0; 2]);
        for slice in 1..=(3 * SNAPSHOTS as u64 * FIRST_DISTANCE) {
            chip.advance(SimTime::from_cycles(slice, SLICE));
            history.offer(&chip, [slice; 2]);
            assert!(history.snapshots.len() <= SNAPSHOTS);
        }
        assert_eq!(history.get(0).chip.now(), SimTime::from_ns(100));
        assert_eq!(history.distance, 4 * FIRST_DISTANCE);
        assert_eq!(history.before(SimTime::from_us(399)), 0);
        assert_eq!(history.get(history.before(SimTime::from_us(401))).slots, [40; 2]);
    }
}
