//! What the processor needs from the outside: instruction memory, data buses, the parallel vector port.
//!
//! All values are big endian and all times are PPU clock cycles since the core left reset. An access takes effect in
//! the cycle `at` in which its instruction issues: the bus sees the accesses of one processor in program order
//! (ppu-isa 5.10 calls that a legal refinement). Only the *result* arrives later, by the latency in the response.

use serde::{Deserialize, Serialize};

use crate::vector::{LaneMask, Vector};

/// What a bus answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Response<T> {
    /// The access has been done.
    Done {
        /// What was read; `()` for writes.
        value: T,
        /// Cycles by which the answer comes later than from local SRAM. For the parallel port: the response time L
        /// of the port (ppu-timing 2.4).
        latency: u32,
    },
    /// Nothing has happened: the rest of the system must catch up with the cycle `at` first, then ask again.
    Wait,
}

impl<T> Response<T> {
    /// An answer as fast as local SRAM.
    pub const fn now(value: T) -> Self {
        Self::Done { value, latency: 0 }
    }
}

/// Byte enables of a word access: bit 3 is the most significant byte (lowest address), bit 0 the least significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ByteEnables(u8);

impl ByteEnables {
    /// The whole word.
    pub const WORD: Self = Self(0b1111);

    /// From the low four bits.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }
    /// The bytes of an access of `size` bytes at `address`, as far as they lie in the word of that address.
    pub const fn for_access(address: u32, size: u32) -> Self {
        let bytes = (0b1111_0000_u32 >> size) & 0b1111;
        Self((bytes >> (address & 3)) as u8)
    }
    /// Bit 3 is the byte at the lowest address.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// The enabled bits of the word.
    pub const fn mask(self) -> u32 {
        const MASKS: [u32; 16] = {
            let mut masks = [0; 16];
            let mut bit = 0;
            while bit < 64 {
                if (bit / 4) >> (bit % 4) & 1 != 0 {
                    masks[bit / 4] |= 0xff << (8 * (bit % 4));
                }
                bit += 1;
            }
            masks
        };
        MASKS[(self.0 & 0b1111) as usize]
    }
    /// `new` in the enabled bytes, `old` elsewhere.
    pub const fn merge(self, old: u32, new: u32) -> u32 {
        (old & !self.mask()) | (new & self.mask())
    }
}

/// The buses of one processor (ppu-isa 6).
pub trait Bus {
    /// Fills `line` with the instruction words from the aligned `address` on, in the instruction view (ppu-isa 6.3).
    /// `line` is a whole line of the instruction cache. The value is the number of cycles between two words of the
    /// burst, 1 for local SRAM.
    fn fetch(&mut self, at: u64, address: u32, line: &mut [u32]) -> Response<u32>;

    /// Reads the word at the aligned `address` in the data view (ppu-isa 6.2).
    fn load(&mut self, at: u64, address: u32, enables: ByteEnables) -> Response<u32>;

    /// Writes the enabled bytes of the word at the aligned `address` in the data view (ppu-isa 6.2).
    fn store(&mut self, at: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()>;

    /// Reads 32 words from `address` on, addresses wrapping at 2^32, in the data view (`fxvlax`, ppu-isa 5.8).
    /// The latency is that of the last word beyond the one cycle per word of local SRAM.
    fn load_vector(&mut self, at: u64, address: u32) -> Response<Vector>;

    /// Writes the enabled bytes of 32 words from `address` on (`fxvstax`, ppu-isa 5.8).
    fn store_vector(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()>;

    /// Reads a row of the parallel port (`fxvinx`, ppu-isa 5.9, 6.4). Lanes outside `lanes` are not requested; what
    /// comes back in them is not used.
    fn vector_in(&mut self, at: u64, address: u32, lanes: LaneMask) -> Response<Vector>;

    /// Writes the lanes `lanes` of a row of the parallel port (`fxvoutx`, ppu-isa 5.9, 6.4).
    fn vector_out(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()>;
}

/// A borrowed bus is a bus.
impl<B: Bus + ?Sized> Bus for &mut B {
    fn fetch(&mut self, at: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        (**self).fetch(at, address, line)
    }
    fn load(&mut self, at: u64, address: u32, enables: ByteEnables) -> Response<u32> {
        (**self).load(at, address, enables)
    }
    fn store(&mut self, at: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        (**self).store(at, address, value, enables)
    }
    fn load_vector(&mut self, at: u64, address: u32) -> Response<Vector> {
        (**self).load_vector(at, address)
    }
    fn store_vector(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        (**self).store_vector(at, address, value, lanes)
    }
    fn vector_in(&mut self, at: u64, address: u32, lanes: LaneMask) -> Response<Vector> {
        (**self).vector_in(at, address, lanes)
    }
    fn vector_out(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        (**self).vector_out(at, address, value, lanes)
    }
}
