//! Spikes and actions at absolute times.

use super::builder::BuildErrorKind;
use super::{Epoch, FpgaCycles, Instruction, Labels, MarkerTicket, ProgramBuilder, ReadTicket};
use serde::{Deserialize, Serialize};

/// Spikes and actions at absolute times, in any order; [`ProgramBuilder::play`] merges them into a program.
///
/// Time 0 is the cycle after the timer's reset, so that an action at 0 is punctual. Times are rounded to FPGA cycles of
/// 8 ns. The rule is that of the official absolute-time builder (host-interface 2.3): an action at `t` is preceded by a
/// wait for the cycle before, unless the program arrives there without one. Spikes of one cycle travel three to an
/// instruction. Among things due in the same cycle spikes go first, then actions in the order of insertion; what does not
/// fit goes to the next free cycle and is counted in [`TimelineStatistics`].
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    spikes: Vec<(u64, u16)>,
    actions: Vec<(u64, Action)>,
    reads: usize,
    markers: usize,
    late: Late,
    error: Option<BuildErrorKind>,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Write { address: u32, value: u32, enables: u8 },
    Read { address: u32, id: usize },
    Marker { id: usize },
    Nothing,
}

/// What happens to an action that can't be executed in its cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Late {
    /// It is executed as early as possible, and counted.
    #[default]
    Count,
    /// Building fails if it is delayed by more than this many cycles.
    Refuse(u64),
}

/// Read placed on a timeline; [`Played::read`] gives its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineRead(usize);

/// Marker placed on a timeline; [`Played::marker`] gives its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMarker(usize);

/// What became of a timeline in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Moment of the timeline's time 0.
    pub epoch: Epoch,
    /// How punctual it is.
    pub statistics: TimelineStatistics,
    reads: Vec<ReadTicket>,
    markers: Vec<MarkerTicket>,
}

impl Played {
    /// Ticket of a read. Panics if the read is not from this timeline.
    pub fn read(&self, read: TimelineRead) -> ReadTicket {
        self.reads[read.0]
    }
    /// Ticket of a marker. Panics if the marker is not from this timeline.
    pub fn marker(&self, marker: TimelineMarker) -> MarkerTicket {
        self.markers[marker.0]
    }
}

/// How a timeline fitted into the one instruction per cycle of the FPGA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineStatistics {
    /// Labels injected.
    pub spikes: usize,
    /// Other actions.
    pub actions: usize,
    /// Instructions that are executed later than asked for.
    pub late: usize,
    /// Largest delay in FPGA cycles.
    pub worst_delay: u64,
}

impl Timeline {
    /// Timer value at the timeline's time 0.
    const LEAD: u64 = 1;

    /// Nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do about actions that can't be punctual.
    pub fn late(&mut self, late: Late) -> &mut Self {
        self.late = late;
        self
    }

    /// One spike.
    pub fn spike(&mut self, at: impl Into<FpgaCycles>, label: u16) -> &mut Self {
        self.spikes.push((at.into().0, label));
        self
    }

    /// One label at many times.
    pub fn spike_train<T: Into<FpgaCycles>>(
        &mut self,
        times: impl IntoIterator<Item = T>,
        label: u16,
    ) -> &mut Self {
        self.spikes.extend(times.into_iter().map(|time| (time.into().0, label)));
        self
    }

    /// Spikes as two columns of the same length.
    pub fn spike_columns<T: Into<FpgaCycles> + Copy>(&mut self, times: &[T], labels: &[u16]) -> &mut Self {
        if times.len() != labels.len() {
            self.error
                .get_or_insert(BuildErrorKind::ColumnsDiffer { times: times.len(), labels: labels.len() });
        }
        self.spikes.extend(times.iter().zip(labels).map(|(&time, &label)| (time.into().0, label)));
        self
    }

    /// A register write; it takes effect in the cycle after `at`, when its data word is executed.
    pub fn write(&mut self, at: impl Into<FpgaCycles>, address: u32, value: u32) -> &mut Self {
        self.write_bytes(at, address, value, 0xF)
    }

    /// A register write with byte enables.
    pub fn write_bytes(
        &mut self,
        at: impl Into<FpgaCycles>,
        address: u32,
        value: u32,
        enables: u8,
    ) -> &mut Self {
        self.actions.push((at.into().0, Action::Write { address, value, enables }));
        self
    }

    /// A register read.
    pub fn read(&mut self, at: impl Into<FpgaCycles>, address: u32) -> TimelineRead {
        let id = self.reads;
        self.reads += 1;
        self.actions.push((at.into().0, Action::Read { address, id }));
        TimelineRead(id)
    }

    /// A marker.
    pub fn marker(&mut self, at: impl Into<FpgaCycles>) -> TimelineMarker {
        let id = self.markers;
        self.markers += 1;
        self.actions.push((at.into().0, Action::Marker { id }));
        TimelineMarker(id)
    }

    /// The program goes on after the timeline not before `at`.
    pub fn end(&mut self, at: impl Into<FpgaCycles>) -> &mut Self {
        self.actions.push((at.into().0, Action::Nothing));
        self
    }

    pub(super) fn play(&self, builder: &mut ProgramBuilder) -> Played {
        if let Some(error) = &self.error {
            builder.fail(error.clone());
        }
        let mut spikes = self.spikes.clone();
        if !spikes.is_sorted_by_key(|spike| spike.0) {
            spikes.sort_by_key(|spike| spike.0);
        }
        let mut actions = self.actions.clone();
        actions.sort_by_key(|action| action.0);

        let mut played = Played {
            epoch: Epoch { zero_after: FpgaCycles(1 + Self::LEAD), ..builder.epoch() },
            statistics: TimelineStatistics { spikes: spikes.len(), ..TimelineStatistics::default() },
            reads: vec![ReadTicket { first: 0, count: 0 }; self.reads],
            markers: vec![MarkerTicket { index: 0 }; self.markers],
        };
        // Timer value at which the next instruction will be executed: Setup was executed at 0.
        let mut cursor = Cursor { timer: 1, late: self.late };
        let mut spikes = &spikes[..];
        let mut actions = &actions[..];
        loop {
            let spike_due = spikes.first().map_or(u64::MAX, |spike| spike.0);
            let action_due = actions.first().map_or(u64::MAX, |action| action.0);
            if spikes.is_empty() && actions.is_empty() {
                return played;
            }
            if spike_due <= action_due {
                cursor.reach(spike_due, builder, &mut played.statistics);
                // Labels that were due while the program was busy ride along.
                let now = cursor.timer.saturating_sub(Self::LEAD).max(spike_due);
                let count = spikes.iter().take(Labels::MAX).take_while(|spike| spike.0 <= now).count();
                let mut labels = [0; Labels::MAX];
                for (label, spike) in labels.iter_mut().zip(&spikes[..count]) {
                    *label = spike.1;
                }
                builder.spike_pack(&labels[..count]);
                cursor.timer += 1;
                spikes = &spikes[count..];
            } else {
                let (due, action) = actions[0];
                actions = &actions[1..];
                if let Action::Nothing = action {
                    cursor.wait_for(due, builder);
                    continue;
                }
                played.statistics.actions += 1;
                cursor.reach(due, builder, &mut played.statistics);
                match action {
                    Action::Write { address, value, enables } => {
                        builder.write_bytes(address, value, enables);
                        cursor.timer += 2;
                    }
                    Action::Read { address, id } => {
                        played.reads[id] = builder.read(address);
                        cursor.timer += 1;
                    }
                    Action::Marker { id } => {
                        played.markers[id] = builder.marker();
                        cursor.timer += 1;
                    }
                    Action::Nothing => {}
                }
            }
        }
    }
}

struct Cursor {
    timer: u64,
    late: Late,
}

impl Cursor {
    /// Inserts the wait that makes the next instruction execute at timeline time `due`, if there is time for one.
    fn wait_for(&mut self, due: u64, builder: &mut ProgramBuilder) {
        let target = due.saturating_add(Timeline::LEAD);
        if target > self.timer {
            match u32::try_from(target - 1) {
                Ok(cycles) => {
                    builder.instruction(Instruction::WaitUntil(cycles));
                }
                Err(_) => builder.fail(BuildErrorKind::TimeOutOfRange(due)),
            }
            self.timer = target;
        }
    }

    fn reach(&mut self, due: u64, builder: &mut ProgramBuilder, statistics: &mut TimelineStatistics) {
        self.wait_for(due, builder);
        let earliest = self.timer - Timeline::LEAD;
        let delay = earliest.saturating_sub(due);
        if delay > 0 {
            statistics.late += 1;
            statistics.worst_delay = statistics.worst_delay.max(delay);
            match self.late {
                Late::Refuse(tolerance) if delay > tolerance => {
                    builder.fail(BuildErrorKind::Late { due, earliest, tolerance });
                }
                _ => {}
            }
        }
    }
}
