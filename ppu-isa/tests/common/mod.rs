//! A memory for programs.

use ppu_isa::{Bus, ByteEnables, LaneMask, Response, Vector};

/// 16 KiB of memory everywhere, and a bus that may ask to wait.
#[derive(Clone, PartialEq)]
pub(crate) struct Memory {
    pub(crate) words: Vec<u32>,
    pub(crate) port: Vec<Vector>,
    /// Every n-th access is put off once; 0 never.
    pub(crate) reluctant: u32,
    pub(crate) asked: u32,
    pub(crate) latency: u32,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = &self.words
            [..self.words[1..].windows(4).position(|w| w == &self.words[..4]).map_or(100, |n| n + 1)];
        write!(f, "Memory {{ words: {code:08x?}, reluctant: {}, latency: {} }}", self.reluctant, self.latency)
    }
}

impl Memory {
    pub(crate) fn new(words: &[u32]) -> Self {
        let mut memory = vec![0; 4096];
        for (n, word) in memory.iter_mut().enumerate() {
            *word = words.get(n % words.len().max(1)).copied().unwrap_or(0);
        }
        Self { words: memory, port: vec![Vector::ZERO; 16], reluctant: 0, asked: 0, latency: 0 }
    }
    fn index(address: u32) -> usize {
        (address >> 2) as usize % 4096
    }
    fn puts_off(&mut self) -> bool {
        self.asked += 1;
        self.reluctant != 0 && self.asked.is_multiple_of(self.reluctant)
    }
    fn answer<T>(&self, value: T) -> Response<T> {
        Response::Done { value, latency: self.latency }
    }
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        if self.puts_off() {
            return Response::Wait;
        }
        for (n, word) in line.iter_mut().enumerate() {
            *word = self.words[Self::index(address.wrapping_add(4 * n as u32))];
        }
        self.answer(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        if self.puts_off() {
            return Response::Wait;
        }
        self.answer(self.words[Self::index(address)])
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        if self.puts_off() {
            return Response::Wait;
        }
        let word = &mut self.words[Self::index(address)];
        *word = enables.merge(*word, value);
        self.answer(())
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        if self.puts_off() {
            return Response::Wait;
        }
        let mut value = Vector::ZERO;
        for k in 0..32 {
            value.set_word(k, self.words[Self::index(address.wrapping_add(4 * k as u32))]);
        }
        self.answer(value)
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, _: LaneMask) -> Response<()> {
        if self.puts_off() {
            return Response::Wait;
        }
        for k in 0..32 {
            self.words[Self::index(address.wrapping_add(4 * k as u32))] = value.word(k);
        }
        self.answer(())
    }
    fn vector_in(&mut self, _: u64, address: u32, _: LaneMask) -> Response<Vector> {
        if self.puts_off() {
            return Response::Wait;
        }
        self.answer(self.port[address as usize % 16])
    }
    fn vector_out(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        if self.puts_off() {
            return Response::Wait;
        }
        let row = &mut self.port[address as usize % 16];
        *row = row.merge(value, lanes);
        self.answer(())
    }
}
