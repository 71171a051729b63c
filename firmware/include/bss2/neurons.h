/* Neurons of the own hemisphere: artificial spikes (resets) and spike counters (register-map 5.6, event-routing 9.6). */
#pragma once

#include "bss2/synapses.h"

/* Resets the neurons of the lanes selected by the last compare. A reset is a complete artificial spike: it counts, starts
 * the refractory period, pairs with the correlation sensors and emits an event if enabled (settled 4). Changes no register. */
FXV_INLINE void neuron_reset_if(enum condition condition, uint32_t parity)
{
	fxv_out_if(condition, V0, NEURON_RESET, NEURON_RESET_ROW, parity);
}

FXV_INLINE void neuron_reset_all(uint32_t parity)
{
	fxv_out(V0, NEURON_RESET, NEURON_RESET_ROW, parity);
}

/* Spikes of a neuron since its counter was reset, 0..255; 255 also if it has overflowed. About 40 cycles. */
static inline uint32_t spike_count(uint32_t hemisphere, uint32_t column)
{
	uint32_t const word =
	    *(volatile uint32_t *) OMNIBUS(NEURON_WORD(SPIKE_COUNTER_READ, hemisphere, column));
	return (word & 0x100u) ? 255u : (word & 0xFFu);
}

static inline void spike_count_reset(uint32_t hemisphere, uint32_t column)
{
	*(volatile uint32_t *) OMNIBUS(NEURON_WORD(SPIKE_COUNTER_RESET, hemisphere, column)) = 0;
}
