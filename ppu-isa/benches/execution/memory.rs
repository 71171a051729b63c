//! What the kernels run in.

use ppu_isa::vector::BYTES;
use ppu_isa::{Bus, ByteEnables, LaneMask, Response, Vector};

const WORDS: usize = 4096;
const ROWS: usize = 1536;
/// Response time of the parallel port in cycles.
const PORT_LATENCY: u32 = 8;

/// 16 KiB of memory everywhere, and rows of synapses behind the port.
pub(crate) struct Memory {
    words: Box<[u32; WORDS]>,
    port: Vec<Vector>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let row = |n: usize| Vector(core::array::from_fn(|e| ((n * 31 + e * 7) & 63) as u8));
        Self { words: Box::new([0; WORDS]), port: (0..ROWS).map(row).collect() }
    }

    /// Puts big-endian bytes at an address that is a multiple of four.
    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) {
        for (n, chunk) in bytes.chunks(4).enumerate() {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            self.words[address as usize / 4 + n] = u32::from_be_bytes(word);
        }
    }

    fn word(&mut self, address: u32) -> &mut u32 {
        &mut self.words[(address >> 2) as usize % WORDS]
    }
    fn row(&mut self, address: u32) -> &mut Vector {
        &mut self.port[address as usize % ROWS]
    }
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        for (n, word) in line.iter_mut().enumerate() {
            *word = *self.word(address + 4 * n as u32);
        }
        Response::now(1)
    }
    #[inline]
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        Response::now(*self.word(address))
    }
    #[inline]
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let word = self.word(address);
        *word = enables.merge(*word, value);
        Response::now(())
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        let mut value = Vector::ZERO;
        for k in 0..BYTES / 4 {
            value.set_word(k, *self.word(address + 4 * k as u32));
        }
        Response::now(value)
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, _: LaneMask) -> Response<()> {
        for k in 0..BYTES / 4 {
            *self.word(address + 4 * k as u32) = value.word(k);
        }
        Response::now(())
    }
    fn vector_in(&mut self, _: u64, address: u32, _: LaneMask) -> Response<Vector> {
        Response::Done { value: *self.row(address), latency: PORT_LATENCY }
    }
    fn vector_out(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        let row = self.row(address);
        *row = row.merge(value, lanes);
        Response::Done { value: (), latency: PORT_LATENCY }
    }
}
