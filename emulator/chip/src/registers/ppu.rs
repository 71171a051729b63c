//! The plasticity processors (register-map 5.11).

use super::macros::*;

register_block! {
    /// PPU SRAM (register-map 5.11).
    ///
    /// 16 KiB per PPU, big endian: byte address 4w+k is word bits 31-8k..24-8k.
    PPUMemoryWord {
        space: PpuMemory,
        address: 0x0, [hemisphere: table(&[0x280_0000, 0x380_0000]), word: stride(4096, 1)],
    }
    word word (ReadWrite) {
        /// Memory word.
        value: u32 [0..=31] = 0;
    }
}

register_block! {
    /// PPU control (register-map 5.11).
    ///
    /// The PPU is held in reset while inhibit_reset = 0 (reset value 0 inferred from the host start sequence:
    /// load memory, then set the bit). A 0->1 transition starts execution at address 0.
    PPUControlRegister {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x2a0_0000, 0x3a0_0000])],
        status: Modelled,
    }
    word control (ReadWrite) {
        /// 1 = run, 0 = hold in reset.
        inhibit_reset: bool [0] = false;
        /// Keep the clock running while asleep (wins over force_clock_off).
        force_clock_on: bool [1] = false;
        /// Stop the clock.
        force_clock_off: bool [2] = false;
        /// Enable the instruction cache controller (needed to execute from external memory).
        cache_controller_enable: bool [3] = false, StoredOnly;
    }
}

register_block! {
    /// PPU status (register-map 5.11).
    ///
    /// Host treats any non-zero value as sleep = true; keep bits 31..1 at 0.
    PPUStatusRegister {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x2a0_0001, 0x3a0_0001])],
        status: Modelled,
    }
    word status (ReadOnly) {
        /// 1 = PPU asleep (wait instruction executed).
        sleep: bool [0];
    }
}
