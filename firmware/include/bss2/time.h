/* Time: the time base counts processor clocks (4 ns at the nominal 250 MHz), also during sleep (ppu-isa 3.4, 3.7). */
#pragma once

#include <stdint.h>

#include "bss2/special_registers.h"

#define CYCLES_PER_MICROSECOND 250u /* at the nominal clock */

/* The lower half of the time base; wraps every 17.2 s at 250 MHz. Compare times by `time_until`. */
static inline uint32_t now(void)
{
	return read_spr(SPR_TBL);
}

/* Cycles from now until `time`, negative if it has passed; good for distances below 2^31 cycles (8.6 s). */
static inline int32_t time_until(uint32_t time)
{
	return (int32_t) (time - now());
}

/* Sleeps until `time`; returns within a few cycles of it, at once if it has passed.
 *
 * External interrupts stay disabled (MSR.EE = 0), so the core continues behind the `wait` instead of taking the decrementer
 * interrupt (ppu-isa 3.7). An expiry between `mtspr` and `wait` is not lost: the wake-up looks at TSR, a level. */
static inline void sleep_until(uint32_t time)
{
	int32_t const cycles = time_until(time);
	if (cycles <= 0) {
		return;
	}
	write_spr(SPR_TSR, TSR_DECREMENTER);
	write_spr(SPR_TCR, TCR_DECREMENTER);
	write_spr(SPR_DEC, cycles);
	wait_for_wake_up();
	write_spr(SPR_TCR, 0);
	write_spr(SPR_TSR, TSR_DECREMENTER);
}

static inline void sleep_for(uint32_t cycles)
{
	sleep_until(now() + cycles);
}

/* Busy-waits until `time`, for distances too short to fall asleep; leaves at most 10 cycles late. */
static inline void spin_until(uint32_t time)
{
	while (time_until(time) > 0) {
	}
}
