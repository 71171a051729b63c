/* Correlation sensors and the column ADC that reads them (ppu-isa 6.4, register-map 6.5, 6.6).
 *
 * The reading falls as the sensor accumulates pairs: correlation = baseline - reading. */
#pragma once

#include "bss2/synapses.h"

#define RESET_CAUSAL  1
#define RESET_ACAUSAL 2

/* Resets sensors of one row: lanes of `payload` hold RESET_CAUSAL | RESET_ACAUSAL, 0 leaves a synapse alone. The store is posted;
 * the pulse lasts reset_duration + 3 + reset_fall_time cycles (208 by default) and holds off the next access to this
 * hemisphere's array (settled O5). */
FXV_INLINE void correlation_reset(enum vector_register payload, uint32_t row, uint32_t parity)
{
	fxv_out(payload, CORRELATION_RESET, row, parity);
}

/* Starts a conversion of all 512 channels of the hemisphere with the sensors of `row` connected, and returns the causal result
 * of one parity after about 385 cycles (settled 3). */
FXV_INLINE void cadc_convert_causal(enum vector_register vt, uint32_t row, uint32_t parity)
{
	fxv_in(vt, CADC_CAUSAL, row, parity);
}

/* Results of the last conversion, about 10 cycles each. */
FXV_INLINE void cadc_buffered_causal(enum vector_register vt, uint32_t row, uint32_t parity)
{
	fxv_in(vt, CADC_CAUSAL | CADC_BUFFERED, row, parity);
}
FXV_INLINE void cadc_buffered_acausal(enum vector_register vt, uint32_t row, uint32_t parity)
{
	fxv_in(vt, CADC_ACAUSAL | CADC_BUFFERED, row, parity);
}
