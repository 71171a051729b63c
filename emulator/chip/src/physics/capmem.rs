//! The analog parameter storage: what the cells really hold, and how it moves (analog-core 2.4).
//!
//! A cell is written as a code and holds a charge. The charge approaches the code, plus the error of that one write, with a time
//! constant of 3 ms; it drifts while the cell is not refreshed. Both are closed forms in time, so nothing is stepped: a cell
//! remembers where it was when its fate last changed, and [`CapMem::value`] tells what it holds at any later time.
//!
//! Circuits don't follow a settling cell continuously. [`CapMem::next_update`] names the next moment at which parameters should
//! be computed anew; between two of them they are constant.

use super::cells::{
    CELL_COLUMNS, CELL_ROWS, CELLS, CODE_MAX, CODE_REFRESH_OFF, CellAddress, GlobalCell, SharedCell,
};
use bss2_analog::mismatch::{ChipMismatch, constants};
use bss2_base::random::{Level, Stream, path_hash};
use bss2_base::{Quadrant, SimTime, math};
use serde::{Deserialize, Serialize};

/// A cell closer than this (in codes) to its final value has arrived.
const ARRIVED: f64 = 0.02;
/// Time after which every refreshed cell has arrived, wherever it came from: 1022 codes shrink to 0.017 in eleven time constants.
const LONGEST_SETTLING: SimTime = SimTime::from_ms(33);
/// Longest slice as a power of two of the shortest.
const SLICE_DOUBLINGS: u32 = 10;

/// How the cells behave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapMemOptions {
    /// Cells take their new value at once (`instant_capmem`).
    pub instant: bool,
    /// Every write has an error: 0.5 codes for voltages, 0.7 for currents (standard deviations).
    pub write_noise: bool,
    /// Cells without refresh drift.
    pub drift: bool,
    /// Shortest time in which parameters are held constant while cells settle.
    ///
    /// The specification allows 50 us (analog-core 9.2). The default is 500 us, a sixth of the time constant: nobody can use a
    /// chip whose cells settle, official software waits 20 ms without looking, and a tenth of the slices costs a tenth of the time.
    /// Slices lie on the multiples of their length, so they don't depend on how time is advanced.
    pub settling_slice: SimTime,
    /// Slices are doubled as long as no cell moves by more than this many codes within one.
    pub slice_tolerance: f64,
}

impl Default for CapMemOptions {
    fn default() -> Self {
        Self {
            instant: false,
            write_noise: true,
            drift: true,
            settling_slice: SimTime::from_us(500),
            slice_tolerance: 0.1,
        }
    }
}

/// The reference currents that scale all cells (analog-core 2.4; register ReferenceGeneratorConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceGenerator {
    /// `reference_control`, 0..=63.
    pub reference_control: u8,
    /// `cm_i_slope` of the quadrants, 0..=63.
    pub slope: [u8; 4],
}

impl Default for ReferenceGenerator {
    fn default() -> Self {
        Self { reference_control: 10, slope: [11; 4] }
    }
}

impl ReferenceGenerator {
    /// Factor on voltages and currents of a quadrant: 1 at the reset values, linear in both settings. All other fields of the
    /// register have no effect in the model.
    pub fn scale(&self, quadrant: Quadrant) -> f64 {
        f64::from(self.slope[quadrant.index()]) / 11.0 * (f64::from(self.reference_control) / 10.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cell {
    /// As written.
    code: u16,
    /// Number of writes so far: the draw index of their errors.
    writes: u32,
    /// When the cell began to do what it does.
    since: SimTime,
    /// What it held then, in codes.
    start: f64,
    /// What it is going to hold if it is refreshed: the code with its write error.
    target: f64,
    /// Drift in codes per ms without refresh; 0 until the cell was refreshed for the first time.
    drift: f64,
}

/// The state of the parameter storage of a chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapMem {
    options: CapMemOptions,
    mismatch: ChipMismatch,
    reference: ReferenceGenerator,
    cells: Vec<Cell>,
    refresh: [bool; 4],
    /// When the cells of each column have arrived, [`SimTime::MAX`] while one drifts.
    column_settles: Vec<SimTime>,
    /// Bound of the distance in codes of all refreshed cells from their targets at `bound_since`.
    bound: f64,
    bound_since: SimTime,
    /// Bound of the drift in codes per ms.
    drift_bound: f64,
}

impl CapMem {
    /// After power-up: all cells empty, refresh off (settled O4), at time zero.
    pub fn new(mismatch: ChipMismatch, options: CapMemOptions) -> Self {
        let empty = Cell { code: 0, writes: 0, since: SimTime::ZERO, start: 0.0, target: 0.0, drift: 0.0 };
        Self {
            options,
            mismatch,
            reference: ReferenceGenerator::default(),
            cells: vec![empty; CELLS],
            refresh: [false; 4],
            column_settles: vec![SimTime::ZERO; 4 * CELL_COLUMNS],
            bound: 0.0,
            bound_since: SimTime::ZERO,
            drift_bound: 0.0,
        }
    }

    /// How the cells behave.
    pub fn options(&self) -> &CapMemOptions {
        &self.options
    }

    /// The code a cell was last written with, 0..=1023.
    pub fn code(&self, cell: CellAddress) -> u16 {
        self.cells[cell.index()].code
    }

    /// Writes a cell at time `now`. Only the low ten bits of `code` count; 1023 switches its refresh off.
    pub fn write(&mut self, cell: CellAddress, code: u16, now: SimTime) {
        let code = code & 0x3ff;
        let index = cell.index();
        let held = self.value(cell, now);
        let target = if code == CODE_REFRESH_OFF {
            held
        } else {
            (f64::from(code) + self.write_error(cell, code)).clamp(0.0, f64::from(CODE_MAX))
        };
        let instant = self.options.instant && self.refresh[cell.block().index()] && code != CODE_REFRESH_OFF;
        let state = &mut self.cells[index];
        state.code = code;
        state.writes = state.writes.wrapping_add(1);
        state.since = now;
        state.start = if instant { target } else { held };
        state.target = target;
        self.account(cell, now);
    }

    /// Switches the refresh of all blocks on and writes every shared and chip-global cell with its default code (analog-core 2.3):
    /// a chip whose circuits have their biases. Cells of neurons are left alone.
    pub fn write_defaults(&mut self, now: SimTime) {
        for block in Quadrant::ALL {
            self.set_refresh(block, true, now);
            for cell in SharedCell::ALL {
                self.write(cell.address(block), cell.default_codes()[block.index()], now);
            }
        }
        for cell in GlobalCell::ALL {
            self.write(cell.address(), cell.default_code(), now);
        }
    }

    /// The error of the next write of a cell in codes. An empty cell (code 0) is discharged and has none: "bias 0" means that a
    /// circuit is off.
    fn write_error(&self, cell: CellAddress, code: u16) -> f64 {
        const VOLTAGE: u32 = path_hash("capmem.voltage.write_noise");
        const CURRENT: u32 = path_hash("capmem.current.write_noise");
        if !self.options.write_noise || code == 0 {
            return 0.0;
        }
        let (stream, sigma) = if cell.is_voltage() {
            (VOLTAGE, constants::VOLTAGE_WRITE_NOISE)
        } else {
            (CURRENT, constants::CURRENT_WRITE_NOISE)
        };
        let writes = u64::from(self.cells[cell.index()].writes);
        sigma * Stream::new(self.mismatch.seed(), stream, Level::Noise, cell.index() as u32).normal(writes)
    }

    /// Whether the cells of a block are refreshed (`enable_capmem`).
    pub fn refresh(&self, block: Quadrant) -> bool {
        self.refresh[block.index()]
    }

    /// Switches the refresh of a block (`enable_capmem`). Off, its cells keep what they hold and drift; on, they approach their
    /// codes again.
    pub fn set_refresh(&mut self, block: Quadrant, on: bool, now: SimTime) {
        if self.refresh[block.index()] == on {
            return;
        }
        let cells = CellAddress::all().filter(|cell| cell.block() == block);
        let held: Vec<(CellAddress, f64)> = cells.map(|cell| (cell, self.value(cell, now))).collect();
        self.refresh[block.index()] = on;
        for (cell, value) in held {
            let instant = self.options.instant && self.refreshed(cell);
            let state = &mut self.cells[cell.index()];
            state.since = now;
            state.start = if instant { state.target } else { value };
            self.account(cell, now);
        }
    }

    /// The reference generator.
    pub fn reference(&self) -> ReferenceGenerator {
        self.reference
    }

    /// Sets the reference generator. The model scales all cells at once.
    pub fn set_reference(&mut self, reference: ReferenceGenerator, now: SimTime) {
        if self.reference != reference {
            self.reference = reference;
            for settles in &mut self.column_settles {
                *settles = (*settles).max(now);
            }
        }
    }

    fn refreshed(&self, cell: CellAddress) -> bool {
        self.refresh[cell.block().index()] && self.cells[cell.index()].code != CODE_REFRESH_OFF
    }

    /// What a cell holds at time `now` (not before its last change) in codes, before any gain: 0.0..=1022.0.
    #[inline]
    pub fn value(&self, cell: CellAddress, now: SimTime) -> f64 {
        let state = &self.cells[cell.index()];
        let elapsed = now.saturating_sub(state.since);
        if self.refresh[cell.block().index()] && state.code != CODE_REFRESH_OFF {
            let distance = state.start - state.target;
            // Nearly all cells of a chip have arrived, and need no exponential to say so.
            if elapsed >= LONGEST_SETTLING || distance.abs() < ARRIVED {
                return state.target;
            }
            let distance = distance * decay(elapsed.as_secs_f64());
            if distance.abs() < ARRIVED { state.target } else { state.target + distance }
        } else {
            (state.start + state.drift * (elapsed.as_secs_f64() * 1e3)).clamp(0.0, f64::from(CODE_MAX))
        }
    }

    /// Books a cell that changed at `now`: its drift, the time its column settles, the bounds of all motion.
    fn account(&mut self, cell: CellAddress, now: SimTime) {
        let refreshed = self.refreshed(cell);
        if refreshed && self.options.drift && self.cells[cell.index()].drift == 0.0 {
            // A cell that once was charged can drift from now on.
            let drift = self.mismatch.cell_drift(cell.index());
            self.cells[cell.index()].drift = drift;
        }
        let state = &self.cells[cell.index()];
        let distance = (state.start - state.target).abs();
        let settles = if !refreshed {
            self.drift_bound = self.drift_bound.max(state.drift.abs());
            if state.drift == 0.0 { now } else { SimTime::MAX }
        } else {
            self.bound = self.distance_bound(now).max(distance);
            self.bound_since = now;
            arrival(distance, now)
        };
        let column = CELL_COLUMNS * cell.block().index() + usize::from(cell.column());
        let before = self.column_settles[column];
        // A drifting column becomes quiet again only when a whole pass over its cells says so.
        self.column_settles[column] =
            if before == SimTime::MAX { self.column_arrival(column) } else { before.max(settles) };
    }

    fn column_arrival(&self, column: usize) -> SimTime {
        let block = Quadrant::ALL[column / CELL_COLUMNS];
        let cells = &self.cells[column * CELL_ROWS..(column + 1) * CELL_ROWS];
        let arrivals = cells.iter().map(|state| {
            if self.refresh[block.index()] && state.code != CODE_REFRESH_OFF {
                arrival((state.start - state.target).abs(), state.since)
            } else if state.drift == 0.0 {
                state.since
            } else {
                SimTime::MAX
            }
        });
        arrivals.max().unwrap_or(SimTime::ZERO)
    }

    fn distance_bound(&self, now: SimTime) -> f64 {
        self.bound * decay(now.saturating_sub(self.bound_since).as_secs_f64())
    }

    /// When all refreshed cells have arrived, as far as writes up to now say.
    pub fn settles_at(&self) -> SimTime {
        arrival(self.bound, self.bound_since)
    }

    /// The next time after `now` at which circuits should be told their parameters anew; `None` if no cell moves any more.
    ///
    /// A multiple of the slice in force, or the moment in which the last cell arrives.
    pub fn next_update(&self, now: SimTime) -> Option<SimTime> {
        let settles = self.settles_at();
        let settling = settles > now && self.bound > 0.0;
        let drifting = self.column_settles.contains(&SimTime::MAX);
        if !settling && !drifting {
            return None;
        }
        let distance = if settling { self.distance_bound(now) } else { 0.0 };
        let drift = if drifting { self.drift_bound } else { 0.0 };
        let mut slice = self.options.settling_slice.max(SimTime::from_ps(1));
        for _ in 0..SLICE_DOUBLINGS {
            let doubled = SimTime::from_ps(2 * slice.as_ps());
            let seconds = doubled.as_secs_f64();
            let moved = distance * (1.0 - decay(seconds)) + drift * seconds * 1e3;
            if moved > self.options.slice_tolerance {
                break;
            }
            slice = doubled;
        }
        let next = SimTime::from_ps((now.as_ps() / slice.as_ps() + 1) * slice.as_ps());
        Some(if settling { next.min(settles) } else { next })
    }

    /// Whether parameters from this column (0..=129) of a block, computed last at time `since`, may be stale now.
    ///
    /// Columns 128 and 129 matter to all circuits of the quadrant, and cells of [`GlobalCell`] to others.
    pub fn may_have_changed(&self, block: Quadrant, column: u8, since: SimTime) -> bool {
        self.column_settles
            .get(CELL_COLUMNS * block.index() + usize::from(column))
            .is_some_and(|&settles| settles >= since)
    }
}

/// Remaining fraction of a distance after this time in s.
fn decay(seconds: f64) -> f64 {
    math::exp(-seconds / constants::SETTLING_TAU)
}

/// When a cell that was this far away (in codes) at `since` has arrived.
fn arrival(distance: f64, since: SimTime) -> SimTime {
    if distance <= ARRIVED {
        return since;
    }
    // One nanosecond more than the logarithm says, so that `value` has certainly snapped to the target.
    let seconds = constants::SETTLING_TAU * math::ln(distance / ARRIVED);
    since.saturating_add(SimTime::from_secs_f64(seconds)).saturating_add(SimTime::from_ns(1))
}
