/* What the plasticity processor sees: memories, buses and blocks.
 *
 * Three address spaces (ppu-isa 6.2 to 6.4): scalar data and fxv_lax/fxv_stax share one byte-addressed space, instruction
 * fetch has its own, and fxv_inx/fxv_outx address rows on the parallel bus of the own hemisphere.
 */
#pragma once

/* --- scalar data, fxv_lax, fxv_stax: byte addresses (ppu-isa 6.2, register-map 7.1) --- */
#define SRAM_SIZE             0x00004000u
#define STACK_TOP             0x00002FF0u /* ppu-isa 6.7 */
#define RETURN_CODE           0x00002FFCu
#define MAILBOX               0x00003000u
#define MAILBOX_SIZE          0x00001000u
#define FPGA_MEMORY           0x40000000u
#define FPGA_MEMORY_SIZE      0x00020000u
#define FPGA_DRAM             0x50000000u
#define FPGA_DRAM_SIZE        0x10000000u

/* Byte address of a 32-bit word of the on-chip Omnibus, given by the word address the register map lists. */
#define OMNIBUS(word)         (0x80000000u | ((word) << 2))

/* Words of the on-chip Omnibus. Those with an argument differ between the hemispheres (0 top, 1 bottom), and those
 * of neurons also between the halves of a hemisphere (columns 0..127 and 128..255). Register-map 5.5, 5.6. */
#define PADI_EVENT(hemisphere)                0x00110000u + 0x8000u * (hemisphere)
#define NEURON_WORD(base, hemisphere, column) ((base) + 0x8000u * ((column) >> 7) + 0x200u * (hemisphere) + 4u * ((column) & 127u))
#define SPIKE_COUNTER_READ                    0x00122800u
#define SPIKE_COUNTER_RESET                   0x00122C00u

/* --- fxv_inx, fxv_outx: row addresses (ppu-isa 6.4, register-map 6.4) --- */
enum vector_view {
	WEIGHTS = 0x00000,            /* rw, bits 5..0 */
	TIME_CALIBRATION = 0x10000,   /* rw, bits 1..0: upper bits of the even raw row */
	AMPLITUDE_CALIBRATION = 0x20000, /* rw, bits 1..0: upper bits of the odd raw row */
	LABELS = 0x40000,             /* rw, bits 5..0 */
	CADC_CAUSAL = 0x80000,        /* r: starts one conversion of both channels of all columns */
	CORRELATION_RESET = 0x80000,  /* w: bit 0 causal, bit 1 acausal (settled 1) */
	CADC_ACAUSAL = 0xC0000,       /* r: likewise */
	RANDOM = 0xE0000,             /* r: random bytes, w: seeds (settled 19) */
	RAW = 0xF0000,                /* rw, raw rows */
	NEURON_RESET = 0x90000,       /* w, row 256: enabled bytes reset their neuron, payload ignored (settled 2) */
};
#define CADC_BUFFERED         0x00200000u /* or'ed to a CADC view: the last conversion's result, no new conversion */
#define NEURON_RESET_ROW      256u
#define ROWS                  256u
#define COLUMNS               256u
#define LANES                 128u

/* FPGA memory on the parallel bus, in units of 16 bytes. A vector arrives there with its 32-bit words in reverse
 * order (ppu-isa 6.4); fxv_stax to FPGA_MEMORY keeps the order, so results for the host go that way. */
#define VECTOR_FPGA_MEMORY(byte_offset) (0x80000000u + ((byte_offset) >> 4))
#define VECTOR_FPGA_DRAM(byte_offset)   (0x81000000u + ((byte_offset) >> 4))
