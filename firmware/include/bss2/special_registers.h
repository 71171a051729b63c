/* Special purpose registers and single instructions of the core (ppu-isa 3.2 to 3.7). */
#pragma once

#include <stdint.h>

#define SPR_DEC   22
#define SPR_SRR0  26
#define SPR_SRR1  27
#define SPR_DECAR 54
#define SPR_GIN   65
#define SPR_GOUT  66
#define SPR_GOE   67
#define SPR_ICCR  68
#define SPR_TBL   284 /* read and written under this number; the mftb shorthand (268) does nothing on this core */
#define SPR_TBU   285
#define SPR_TSR   336
#define SPR_TCR   340

#define MSR_EE                 0x00008000u
#define TSR_DECREMENTER        0x08000000u
#define TSR_FIXED_INTERVAL     0x04000000u
#define TCR_DECREMENTER        0x04000000u
#define TCR_FIXED_INTERVAL     0x00800000u
#define TCR_AUTO_RELOAD        0x00400000u
#define TCR_FIXED_PERIOD(n)    ((uint32_t) (n) << 24) /* every 2^9, 2^13, 2^17, 2^21 cycles for n = 0..3 */

#define read_spr(number)                                                             \
	({                                                                           \
		uint32_t value_;                                                     \
		__asm__ volatile("mfspr %0, %1" : "=r"(value_) : "n"(number));       \
		value_;                                                              \
	})
#define write_spr(number, value) __asm__ volatile("mtspr %0, %1" : : "n"(number), "r"((uint32_t) (value)) : "memory")

static inline uint32_t read_msr(void)
{
	uint32_t value;
	__asm__ volatile("mfmsr %0" : "=r"(value));
	return value;
}

static inline void write_msr(uint32_t value)
{
	__asm__ volatile("mtmsr %0" : : "r"(value) : "memory");
}

/* Waits until every memory access of every port and every vector instruction is complete. The three ports (scalar,
 * fxv_lax/fxv_stax, fxv_inx/fxv_outx) have no order among each other but this (ppu-isa 6.8). */
static inline void sync(void)
{
	__asm__ volatile("sync" : : : "memory");
}

/* Sleeps until a wake-up condition holds; the code the assembler knows for `wait` is a no-operation here. */
static inline void wait_for_wake_up(void)
{
	__asm__ volatile(".long 0x7C00007C" : : : "memory");
}
