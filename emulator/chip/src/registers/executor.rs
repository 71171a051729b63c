//! FPGA: memories for the plasticity processors, playback executor, system time (register-map 8.1, 8.2).

use super::macros::*;

register_block! {
    /// External PPU memory (FPGA SRAM/BRAM) (register-map 8.1).
    ///
    /// 128 KiB, shared by both PPUs and the host. Byte b of the memory is word b div 4, bits 31-8*(b mod
    /// 4)..24-8*(b mod 4); byte enable bit i covers data bits 8i+7..8i.
    ExternalPPUMemory {
        space: FpgaMemory,
        address: 0x8000_0000, [word: stride(32768, 1)],
    }
    word word (ReadWrite) {
        /// Memory byte 4*word+3.
        byte_3: u8 [0..=7] = 0;
        /// Memory byte 4*word+2.
        byte_2: u8 [8..=15] = 0;
        /// Memory byte 4*word+1.
        byte_1: u8 [16..=23] = 0;
        /// Memory byte 4*word+0.
        byte_0: u8 [24..=31] = 0;
    }
}

register_block! {
    /// External PPU memory (FPGA DRAM) (register-map 8.1).
    ///
    /// 256 MiB, same byte order. haldls also defines the vector generators at 0x84000000/0x84001000: the
    /// ranges collide. The halco revision matching this document no longer has vector-generator coordinates,
    /// so DRAM is the current meaning; model the DRAM.
    ExternalPPUDRAM {
        space: FpgaMemory,
        address: 0x8400_0000, [word: stride(67108864, 1)],
    }
    word word (ReadWrite) {
        /// Memory byte 4*word+3.
        byte_3: u8 [0..=7] = 0;
        /// Memory byte 4*word+2.
        byte_2: u8 [8..=15] = 0;
        /// Memory byte 4*word+1.
        byte_1: u8 [16..=23] = 0;
        /// Memory byte 4*word+0.
        byte_0: u8 [24..=31] = 0;
    }
}

register_block! {
    /// Executor words that no container describes (register-map 8.2).
    ///
    /// Bit 0 of word 0 may control write responses.
    ExecutorUndocumented {
        space: Fpga,
        address: 0x8800_0000, [],
        status: Tagged,
    }
    word w0 (ReadWrite) {
        /// Stored.
        word_0: u32 [0..=31];
    }
    word w1 (ReadWrite) {
        /// Stored.
        word_1: u32 [0..=31];
    }
    word w2 (ReadWrite) {
        /// Stored.
        word_2: u32 [0..=31];
    }
    word w10 + 0xa (ReadWrite) {
        /// Stored.
        word_10: u32 [0..=31];
    }
}

register_block! {
    /// FPGA device DNA (register-map 8.2).
    ///
    /// High word first. RTL simulation value 0x15000000000005D (haldls,
    /// tests/hw/stadls/vx/v3/common/test-fpga_device_dna.cpp).
    FPGADeviceDNA {
        space: Fpga,
        address: 0x8800_0003, [],
        status: Modelled,
    }
    word high (ReadOnly) {
        /// Bits 56..32.
        high: u32 [0..=24];
    }
    word low (ReadOnly) {
        /// Bits 31..0.
        low: u32 [0..=31];
    }
}

register_block! {
    /// Event recording (register-map 8.2).
    ///
    /// 0 = the FPGA drops spikes and MADC samples instead of forwarding them to the host. Host init writes 1.
    /// Reset value 1 is inferred: the fisch event test receives events without writing this register.
    EventRecordingConfig {
        space: Fpga,
        address: 0x8800_0005, [],
        status: Modelled,
    }
    word config (ReadWrite, reset = Value(0x1)) {
        /// Forward events to the host.
        enable_event_recording: bool [0] = false;
    }
}

register_block! {
    /// Polling block configuration (register-map 8.2).
    ///
    /// Used by the PollingOmnibusBlock instruction: the executor repeatedly reads address and continues when
    /// ((data & mask) == target) equals the instruction's 1-bit payload. Times out by
    /// InstructionTimeoutConfig.
    PollingOmnibusBlockConfig {
        space: Fpga,
        address: 0x8800_0006, [],
        host_refuses_reads_on: [Hardware, Simulation],
        status: Modelled,
    }
    word address (ReadWrite) {
        /// Omnibus word address to poll.
        address: u32 [0..=31] = 0;
    }
    word target (ReadWrite) {
        /// Compare value.
        target: u32 [0..=31] = 0;
    }
    word mask (ReadWrite) {
        /// Compare mask.
        mask: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Instruction timeout (register-map 8.2).
    InstructionTimeoutConfig {
        space: Fpga,
        address: 0x8800_0009, [],
        status: Modelled,
    }
    word timeout (ReadWrite, reset = HostDefault) {
        /// Timeout of a blocking playback instruction. Unit: FPGA clock cycles (8 ns).
        value: u32 [0..=31] = 0x1312d0;
    }
}

register_block! {
    /// Systime-correction barrier (register-map 8.2).
    ///
    /// Only an FPGA image with an Extoll network waits for the interrupt; in any other the barrier returns immediately, armed or
    /// not (haldls, include/haldls/vx/fpga.h). So it does here.
    SystimeCorrectionBarrierConfig {
        space: Fpga,
        address: 0x8800_000b, [],
        status: Modelled,
    }
    word config (ReadWrite) {
        /// Arm the barrier (multi-FPGA systems); unarmed it returns immediately.
        enable_interrupt: bool [0] = false;
    }
}

register_block! {
    /// Playback timer read (register-map 8.2).
    ///
    /// Resetting the timer is a playback instruction (Setup), not a register write.
    TimerReadout {
        space: Fpga,
        address: 0x8800_000c, [],
        status: Modelled,
    }
    word timer (ReadOnly) {
        /// Cycles since the last timer setup. Unit: FPGA clock cycles (8 ns).
        value: u32 [0..=31];
    }
}

register_block! {
    /// Systime sync retries (register-map 8.2).
    FPGASystimeSyncNumRetries {
        space: Fpga,
        address: 0x8800_2000, [],
    }
    word num (ReadWrite, reset = HostDefault) {
        /// Number of tries of a synchronisation.
        value: u8 [0..=3] = 3;
    }
}

register_block! {
    /// Round-trip time of the last synchronisation (register-map 8.2).
    ///
    /// High word first.
    FPGASystimeSyncLastRTT {
        space: Fpga,
        address: 0x8800_2001, [],
        status: Modelled,
    }
    word high (ReadOnly) {
        /// Bits 42..32. Unit: system-time ticks.
        high: u16 [0..=10];
    }
    word low (ReadOnly) {
        /// Bits 31..0. Unit: system-time ticks.
        low: u32 [0..=31];
    }
}

register_block! {
    /// Last chip system time received (register-map 8.2).
    ///
    /// High word first.
    FPGASystimeSyncLastAsicSystime {
        space: Fpga,
        address: 0x8800_2003, [],
        status: Modelled,
    }
    word high (ReadOnly) {
        /// Bits 42..32. Unit: system-time ticks.
        high: u16 [0..=10];
    }
    word low (ReadOnly) {
        /// Bits 31..0. Unit: system-time ticks.
        low: u32 [0..=31];
    }
}

register_block! {
    /// Systime synchronised flag (register-map 8.2).
    FPGASystimeSyncActiveState {
        space: Fpga,
        address: 0x8800_2005, [],
        status: Modelled,
    }
    word state (ReadOnly) {
        /// State of the synchronisation state machine.
        active: bool [0];
    }
}

impl FPGADeviceDNA {
    /// The 57-bit number.
    pub const fn value(&self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

impl FPGASystimeSyncLastRTT {
    /// The 43-bit time. Unit: system-time ticks.
    pub const fn value(&self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

impl FPGASystimeSyncLastAsicSystime {
    /// The 43-bit time. Unit: system-time ticks.
    pub const fn value(&self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}
