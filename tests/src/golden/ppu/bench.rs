//! The surroundings of the processor in the measurements: one SRAM, an omnibus of zeros, a parallel port.

use std::collections::BTreeMap;

use ppu_isa::{Bus, ByteEnables, LaneMask, Response, Vector};

/// Words of SRAM.
pub(super) const SRAM_WORDS: usize = 4096;
/// Vectors behind the parallel port, and words behind the omnibus port.
const STAND_IN: usize = 1024;

/// The test bench of the golden data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestBench {
    /// SRAM by word.
    pub sram: Vec<u32>,
    omnibus: Vec<u32>,
    /// What is behind the parallel port; rows not listed are zero.
    pub port: BTreeMap<u32, Vector>,
    /// Latency of the omnibus stand-in, in cycles.
    pub omnibus_latency: u32,
    /// Latency of the port stand-in, in cycles.
    pub port_latency: u32,
}

impl Default for TestBench {
    fn default() -> Self {
        Self {
            sram: vec![0; SRAM_WORDS],
            omnibus: vec![0; STAND_IN],
            port: BTreeMap::new(),
            omnibus_latency: 4,
            port_latency: 4,
        }
    }
}

impl TestBench {
    fn word(&mut self, address: u32) -> &mut u32 {
        let word = (address >> 2) as usize;
        match self.sram.get_mut(word) {
            Some(place) => place,
            None => &mut self.omnibus[word % STAND_IN],
        }
    }

    /// The latency beyond SRAM of an access. The omnibus stand-in does one transaction at a time; the timing model
    /// knows that from its configuration.
    fn latency(&self, address: u32) -> u32 {
        if (address >> 2) < SRAM_WORDS as u32 { 0 } else { self.omnibus_latency }
    }
}

impl Bus for TestBench {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        for (n, word) in line.iter_mut().enumerate() {
            *word = *self.word(address.wrapping_add(4 * n as u32));
        }
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        let latency = self.latency(address);
        Response::Done { value: *self.word(address), latency }
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let latency = self.latency(address);
        let word = self.word(address);
        *word = enables.merge(*word, value);
        Response::Done { value: (), latency }
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        let mut value = Vector::ZERO;
        let mut latency = 0;
        for k in 0..32 {
            let address = address.wrapping_add(4 * k);
            latency = latency.max(self.latency(address));
            value.set_word(k as usize, *self.word(address));
        }
        Response::Done { value, latency }
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        let mut latency = 0;
        for k in 0..32 {
            let address = address.wrapping_add(4 * k);
            latency = latency.max(self.latency(address));
            let enabled = (0..4).filter(|b| lanes.contains(4 * k as usize + b)).map(|b| 8 >> b).sum();
            let word = self.word(address);
            *word = ByteEnables::from_bits(enabled).merge(*word, value.word(k as usize));
        }
        Response::Done { value: (), latency }
    }
    fn vector_in(&mut self, _: u64, address: u32, lanes: LaneMask) -> Response<Vector> {
        let row = self.port.get(&(address % STAND_IN as u32)).copied().unwrap_or_default();
        Response::Done { value: Vector::ZERO.merge(&row, lanes), latency: self.port_latency }
    }
    fn vector_out(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        let row = self.port.entry(address % STAND_IN as u32).or_default();
        *row = row.merge(value, lanes);
        Response::Done { value: (), latency: self.port_latency }
    }
}
