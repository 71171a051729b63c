/* Random numbers: a scalar generator, and the hardware generator of the vector port.
 *
 * The hardware keeps a 16-bit shift register per column, each with a polynomial of its own (settled 19). A write sets the low
 * byte and clears the high one; a read returns the low byte and shifts by one bit, so two reads in a row share seven bits.
 * Independent numbers need RANDOM_STRIDE reads for each one used. */
#pragma once

#include "bss2/synapses.h"

#define RANDOM_STRIDE      14  /* reads per number: one used, 13 discarded */
#define RANDOM_WARM_UP     234 /* reads discarded after seeding */

/* xorshift32; the state must not be 0. */
static inline uint32_t random_next(uint32_t *state)
{
	uint32_t x = *state;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

/* Uniform in 0..below-1. */
static inline uint32_t random_below(uint32_t *state, uint32_t below)
{
	return (uint32_t) (((uint64_t) random_next(state) * below) >> 32);
}

/* Discards `count` reads of one parity. Changes V0 (scratch). */
FXV_INLINE void random_discard(uint32_t parity, uint32_t count)
{
	while (count--) {
		fxv_inx(V0, RANDOM + parity);
	}
}

/* Uniform bytes in all lanes, independent of the previous ones. Changes V0 (scratch). */
FXV_INLINE void random_bytes(enum vector_register vt, uint32_t parity)
{
	fxv_inx(vt, RANDOM + parity);
	random_discard(parity, RANDOM_STRIDE - 1);
}

/* Seeds the hardware generators of both parities, every column from its own byte of the scalar generator, and warms them up.
 * `buffer` is working space. Changes V0 (scratch). */
static inline void random_seed_vectors(uint32_t *state, struct bytes *buffer)
{
	for (uint32_t parity = 0; parity < 2; ++parity) {
		for (uint32_t lane = 0; lane < LANES; ++lane) {
			buffer->lane[lane] = (uint8_t) (random_next(state) >> 24);
		}
		vector_load(V0, buffer);
		fxv_outx(V0, RANDOM + parity);
		random_discard(parity, RANDOM_WARM_UP);
	}
	sync();
}
