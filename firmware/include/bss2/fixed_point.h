/* Numbers with a fraction, without floating point: Q16.16, i.e. value = x / 65536.
 *
 * Shifts on this core use only the lower five bits of the amount (ppu-isa 4.2), but compilers build 64-bit shifts by a *variable*
 * amount from 32-bit shifts by 32 and more. So: no `long long` shifted by a variable anywhere; constant amounts are safe,
 * and so are 64-bit products. A 64-bit division would need a library routine, and none is linked. */
#pragma once

#include <stdint.h>

#define Q16_ONE 65536

static inline int32_t q16_multiply(int32_t a, int32_t b)
{
	return (int32_t) (((int64_t) a * b) >> 16);
}

/* The integer part, rounded towards zero. */
static inline int32_t q16_truncate(int32_t a)
{
	return a / Q16_ONE;
}

static inline int32_t clamp(int32_t value, int32_t low, int32_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* The point `step` of a straight line from `first` (step 0) to `last` (step `steps` and beyond). */
static inline int32_t ramp(int32_t first, int32_t last, uint32_t step, uint32_t steps)
{
	if (step >= steps) {
		return last;
	}
	return first + (last - first) / (int32_t) steps * (int32_t) step;
}
