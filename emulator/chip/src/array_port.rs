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

/// When and how fast the parallel port has served an access.
struct Served {
    /// When the port turned to it.
    start: SimTime,
    /// Its response time in PPU cycles.
    response: u32,
}

impl Shared {
    /// A vector from the array (`fxvinx`); the second value is the response time of the port in PPU cycles.
    pub(crate) fn array_vector_in(&mut self, hemisphere: Hemisphere, address: u32) -> (Vector, u32) {
        let (access, parity) = ArrayAccess::of_vector(address, Direction::Read);
        let h = hemisphere.index();
        let mut conversion = 0;
        let vector = match access {
            ArrayAccess::Cells { view, row } => self.arrays[h].read_vector(view, row, parity),
            ArrayAccess::RandomGenerator => self.random[h].draw(parity),
            ArrayAccess::Cadc { channel, row, buffered } => {
                if !buffered {
                    conversion = self.convert(hemisphere, row);
                }
                let codes = self.codes(hemisphere, channel);
                std::array::from_fn(|lane: usize| codes[2 * lane + usize::from(parity)])
            }
            _ => {
                self.diagnostics.unmapped(hemisphere, "vector load", address);
                Vector::ZERO.0
            }
        };
        (Vector(vector), self.serve_vector(hemisphere, conversion, 0).response)
    }

    /// A vector to the array (`fxvoutx`); the value is the response time of the port in PPU cycles.
    pub(crate) fn array_vector_out(
        &mut self,
        hemisphere: Hemisphere,
        address: u32,
        vector: &Vector,
        lanes: LaneMask,
    ) -> u32 {
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
                return self.serve_vector(hemisphere, 0, self.reset_cycles(hemisphere)).response;
            }
            ArrayAccess::NeuronReset { payload } => {
                let served = self.serve_vector(hemisphere, 0, self.reset_cycles(hemisphere));
                // Spikes are not read back through the port: they may come when the port is free, as firmware expects
                // that resets even and odd columns one after the other. All else takes effect at issue, in program order.
                self.reset_neurons(served.start, hemisphere, payload, (0..LANES).map(bytes));
                return served.response;
            }
            _ => self.diagnostics.unmapped(hemisphere, "vector store", address),
        }
        self.serve_vector(hemisphere, 0, 0).response
    }

    /// An access through the parallel port takes its turn. It needs `conversion` cycles of the ADC and starts a reset pulse
    /// of `reset` cycles.
    ///
    /// The port serves one access after the other, and none while a reset pulse lasts (settled O5). The response time
    /// counts from the moment in which the port turns to this access, which is when the one before has been answered.
    fn serve_vector(&mut self, hemisphere: Hemisphere, conversion: u32, reset: u32) -> Served {
        let cycle = self.ppu_cycle();
        let latency = self.latencies().synapse_array;
        let now = self.now();
        let port = &mut self.ports[hemisphere.index()];
        let before = port.free_from;
        let start = port.free_from.max(port.resets_until).max(now);
        port.free_from = start + SimTime::from_cycles((latency + conversion).into(), cycle);
        if reset > 0 {
            port.resets_until = port.free_from + SimTime::from_cycles(reset.into(), cycle);
        }
        // The core counts from the answer to the access before, or from now if that is later.
        let response = port.free_from.saturating_sub(before.max(now));
        Served { start, response: response.as_ps().div_ceil(cycle.as_ps()) as u32 }
    }

    /// A quad over the Omnibus; the second value is what the target adds to the latency of the bus, in PPU cycles.
    pub(crate) fn array_read_quad(&mut self, hemisphere: Hemisphere, offset: u32) -> (u32, u32) {
        let wait = self.quad_wait(hemisphere);
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
                self.pulse_from_now(hemisphere);
            }
            ArrayAccess::NeuronReset { payload } => {
                self.reset_neurons(self.now(), hemisphere, payload, (0..4).map(bytes));
                self.pulse_from_now(hemisphere);
            }
            _ => self.diagnostics.once(format!("{hemisphere:?} array: write at offset {offset:#x} is lost")),
        }
    }

    /// How many PPU cycles an access over the Omnibus has to wait for the end of reset pulses.
    fn quad_wait(&self, hemisphere: Hemisphere) -> u32 {
        let rest = self.ports[hemisphere.index()].resets_until.saturating_sub(self.now());
        rest.as_ps().div_ceil(self.ppu_cycle().as_ps()) as u32
    }

    /// A reset pulse that was asked for over the Omnibus starts now, or after the one that lasts.
    fn pulse_from_now(&mut self, hemisphere: Hemisphere) {
        let length = SimTime::from_cycles(self.reset_cycles(hemisphere).into(), self.ppu_cycle());
        let now = self.now();
        let port = &mut self.ports[hemisphere.index()];
        port.resets_until = port.resets_until.max(now) + length;
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
        self.warn_of_cadc(hemisphere);
        let timing = self.conversion_timing(hemisphere);
        let Some(cycles) = timing else {
            self.diagnostics.once(format!(
                "{hemisphere:?} CADC is read, but is not enabled or calibrates its resets: results are 0"
            ));
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
        let cycles = self.reset_cycles(hemisphere);
        let residue = if cycles < COMPLETE_RESET {
            bss2_base::math::exp(-f64::from(cycles) / RESIDUE_CYCLES)
        } else {
            0.0
        };
        self.analog.reset_correlation(self.now(), hemisphere, row, causal, acausal, residue);
    }

    /// Makes the neurons of the enabled columns fire artificially at `time`.
    fn reset_neurons(
        &mut self,
        time: SimTime,
        hemisphere: Hemisphere,
        payload: ResetPayload,
        bytes: impl Iterator<Item = (Column, Option<u8>)>,
    ) {
        for (column, byte) in bytes {
            if byte.is_some_and(|byte| payload.resets_acausal_or_neuron(byte)) {
                self.fire_artificially(time, Neuron::new(hemisphere, column));
            }
        }
    }
}
