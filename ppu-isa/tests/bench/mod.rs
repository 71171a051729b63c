//! A processor on a test bench: 16 KiB of SRAM, words behind the omnibus port, rows behind the parallel port.
#![allow(dead_code)]

use ppu_isa::{Bus, ByteEnables, LaneMask, Response, Vector};

/// What the processor is connected to.
#[derive(Clone, PartialEq)]
pub(crate) struct Bench {
    pub(crate) words: Vec<u32>,
    /// Cycles by which everything beyond SRAM answers later.
    pub(crate) omnibus: u32,
    /// Response time of the parallel port.
    pub(crate) port: u32,
}

impl Bench {
    pub(crate) fn new(program: &[u32]) -> Self {
        let mut words = vec![0; 4096];
        words[..program.len()].copy_from_slice(program);
        Self { words, omnibus: 12, port: 8 }
    }
    fn word(&mut self, address: u32) -> (&mut u32, u32) {
        let latency = if address < 0x4000 { 0 } else { self.omnibus };
        (&mut self.words[(address >> 2) as usize & 4095], latency)
    }
}

impl Bus for Bench {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        for (k, word) in line.iter_mut().enumerate() {
            *word = self.words[((address >> 2) as usize + k) & 4095];
        }
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        let (word, latency) = self.word(address);
        Response::Done { value: *word, latency }
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let (word, latency) = self.word(address);
        *word = enables.merge(*word, value);
        Response::Done { value: (), latency }
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        let latency = if address < 0x4000 { 0 } else { self.omnibus };
        let mut value = Vector::ZERO;
        for k in 0..32 {
            value.set_word(k, self.words[((address >> 2) as usize + k) & 4095]);
        }
        Response::Done { value, latency }
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, _: LaneMask) -> Response<()> {
        let latency = if address < 0x4000 { 0 } else { self.omnibus };
        for k in 0..32 {
            self.words[((address >> 2) as usize + k) & 4095] = value.word(k);
        }
        Response::Done { value: (), latency }
    }
    fn vector_in(&mut self, _: u64, address: u32, _: LaneMask) -> Response<Vector> {
        Response::Done { value: Vector([address as u8; 128]), latency: self.port }
    }
    fn vector_out(&mut self, _: u64, _: u32, _: &Vector, _: LaneMask) -> Response<()> {
        Response::Done { value: (), latency: self.port }
    }
}
