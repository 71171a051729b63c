//! Accesses to the synapse array of a hemisphere through its two ports: quads over the Omnibus, whole vectors from the
//! plasticity processor (register-map 6).

use crate::registers::coordinates::CadcChannelType;
use crate::shared::Shared;
use crate::synapse_array::{
    ArrayAccess, Direction, LANES, ResetPayload, column_of_quad, quad_bytes, quad_entries_enabled,
};
use bss2_base::{Column, ColumnMask, Hemisphere, Neuron, Row, SimTime};
use ppu_isa::{ByteEnables, LaneMask, Vector};

/// A reset shorter than this number of PPU cycles leaves a residue (analog-core 6).
const COMPLETE_RESET: u32 = 20;
/// Decay constant of that residue in PPU cycles.
const RESIDUE_CYCLES: f64 = 5.0;

impl Shared {
    /// A vector from the array (`fxvinx`); the second value is the response time of the port in PPU cycles.
    pub(crate) fn array_vector_in(&mut self, hemisphere: Hemisphere, address: u32) -> (Vector, u32) {
        let wait = self.array_wait(hemisphere) + self.latencies().synapse_array;
        let (access, parity) = ArrayAccess::of_vector(address, Direction::Read);
        let h = hemisphere.index();
        match access {
            ArrayAccess::Cells { view, row } => (Vector(self.arrays[h].read_vector(view, row, parity)), wait),
            ArrayAccess::RandomGenerator => (Vector(self.random[h].draw(parity)), wait),
            ArrayAccess::Cadc { channel, row, buffered } => {
                let conversion = if buffered { 0 } else { self.convert(hemisphere, row) };
                let codes = self.codes(hemisphere, channel);
                let vector = std::array::from_fn(|lane: usize| codes[2 * lane + usize::from(parity)]);
                (Vector(vector), wait + conversion)
            }
            _ => {
                self.diagnostics.unmapped(hemisphere, "vector load", address);
                (Vector::ZERO, wait)
            }
        }
    }

    /// A vector to the array (`fxvoutx`); the value is the response time of the port in PPU cycles.
    pub(crate) fn array_vector_out(
        &mut self,
        hemisphere: Hemisphere,
        address: u32,
        vector: &Vector,
        lanes: LaneMask,
    ) -> u32 {
        let wait = self.array_wait(hemisphere) + self.latencies().synapse_array;
        let (access, parity) = ArrayAccess::of_vector(address, Direction::Write);
        let h = hemisphere.index();
        let bytes = |lane: usize| {
            let column = (2 * lane + usize::from(parity)) as Column;
            (column, lanes.contains(lane).then_some(vector.0[lane]))
        };
        match access {
            ArrayAccess::Cells { view, row } => {
                self.arrays[h].write_vector(view, row, parity, &vector.0, lanes.0);
            }
            ArrayAccess::RandomGenerator => self.random[h].seed(parity, &vector.0, lanes.0),
            ArrayAccess::CorrelationReset { row, payload } => {
                self.reset_correlation(hemisphere, row, payload, (0..LANES).map(bytes));
            }
            ArrayAccess::NeuronReset { payload } => {
                self.reset_neurons(hemisphere, payload, (0..LANES).map(bytes));
            }
            _ => self.diagnostics.unmapped(hemisphere, "vector store", address),
        }
        wait
    }

    /// A quad over the Omnibus; the second value is what the target adds to the latency of the bus, in PPU cycles.
    pub(crate) fn array_read_quad(&mut self, hemisphere: Hemisphere, offset: u32) -> (u32, u32) {
        let wait = self.array_wait(hemisphere);
        let (access, quad) = ArrayAccess::of_quad(offset, Direction::Read);
        match access {
            ArrayAccess::Cells { view, row } => {
                (self.arrays[hemisphere.index()].read_quad(view, row, quad), wait)
            }
            ArrayAccess::Cadc { channel, row, buffered } => {
                let conversion = if buffered { 0 } else { self.convert(hemisphere, row) };
                let codes = self.codes(hemisphere, channel);
                let word = std::array::from_fn(|entry| codes[usize::from(column_of_quad(quad, entry as u8))]);
                (u32::from_be_bytes(word), wait + conversion)
            }
            _ => {
                self.diagnostics.once(format!("{hemisphere:?} array: read at offset {offset:#x} reads 0"));
                (0, wait)
            }
        }
    }

    /// A quad over the Omnibus.
    pub(crate) fn array_write_quad(
        &mut self,
        hemisphere: Hemisphere,
        offset: u32,
        value: u32,
        enables: ByteEnables,
    ) {
        let (access, quad) = ArrayAccess::of_quad(offset, Direction::Write);
        let enabled = quad_entries_enabled(enables.bits());
        let bytes = |entry: usize| {
            (column_of_quad(quad, entry as u8), enabled[entry].then_some(quad_bytes(value)[entry]))
        };
        match access {
            ArrayAccess::Cells { view, row } => {
                self.arrays[hemisphere.index()].write_quad(view, row, quad, value, enables.bits());
            }
            ArrayAccess::CorrelationReset { row, payload } => {
                self.reset_correlation(hemisphere, row, payload, (0..4).map(bytes));
            }
            ArrayAccess::NeuronReset { payload } => {
                self.reset_neurons(hemisphere, payload, (0..4).map(bytes));
            }
            _ => self
                .diagnostics
                .once(format!("{hemisphere:?} array: write at offset {offset:#x} is lost")),
        }
    }

    fn codes(&self, hemisphere: Hemisphere, channel: CadcChannelType) -> &[u8; 256] {
        let result = &self.conversions[hemisphere.index()];
        match channel {
            CadcChannelType::Causal => &result.causal,
            CadcChannelType::Acausal => &result.acausal,
        }
    }

    /// Starts a conversion of all channels of a hemisphere and returns its length in PPU cycles (settled 3). The voltages
    /// are those of the moment of the access.
    fn convert(&mut self, hemisphere: Hemisphere, row: u16) -> u32 {
        self.configure();
        let timing = self.conversion_timing(hemisphere);
        let Some(cycles) = timing else {
            self.diagnostics.once(format!("{hemisphere:?} CADC is read but not enabled: results are 0"));
            self.conversions[hemisphere.index()] = Default::default();
            return 0;
        };
        self.conversions[hemisphere.index()] = self.analog.convert(hemisphere, row.min(255) as Row);
        cycles
    }

    /// Resets the accumulators of the enabled columns of a row; the pulse occupies the array (settled O5).
    fn reset_correlation(
        &mut self,
        hemisphere: Hemisphere,
        row: Row,
        payload: ResetPayload,
        bytes: impl Iterator<Item = (Column, Option<u8>)>,
    ) {
        self.configure();
        let (mut causal, mut acausal) = (ColumnMask::NONE, ColumnMask::NONE);
        for (column, byte) in bytes {
            let Some(byte) = byte else { continue };
            causal.set(column, payload.resets_causal(byte));
            acausal.set(column, payload.resets_acausal_or_neuron(byte));
        }
        let cycles = self.occupy_for_reset(hemisphere);
        let residue = if cycles < COMPLETE_RESET {
            bss2_base::math::exp(-f64::from(cycles) / RESIDUE_CYCLES)
        } else {
            0.0
        };
        self.analog.reset_correlation(self.now(), hemisphere, row, causal, acausal, residue);
    }

    /// Makes the neurons of the enabled columns fire artificially.
    fn reset_neurons(
        &mut self,
        hemisphere: Hemisphere,
        payload: ResetPayload,
        bytes: impl Iterator<Item = (Column, Option<u8>)>,
    ) {
        for (column, byte) in bytes {
            if byte.is_some_and(|byte| payload.resets_acausal_or_neuron(byte)) {
                self.fire_artificially(Neuron::new(hemisphere, column));
            }
        }
        self.occupy_for_reset(hemisphere);
    }

    /// Marks the array as busy for a reset pulse that starts now (or when the one before has ended) and returns the length
    /// of the pulse in PPU cycles.
    fn occupy_for_reset(&mut self, hemisphere: Hemisphere) -> u32 {
        let cycles = self.reset_cycles(hemisphere);
        let now = self.now();
        let busy = &mut self.array_busy_until[hemisphere.index()];
        *busy = (*busy).max(now) + SimTime::from_cycles(cycles.into(), SimTime::FABRIC_CYCLE);
        cycles
    }
}
