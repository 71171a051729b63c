/* Input events made by the processor itself: the event register of the four PADI buses (register-map 5.5, event-routing 12). */
#pragma once

#include <stdint.h>

#include "bss2/addresses.h"

/* The word that fires an event on the buses of the mask `buses` (bit b: bus b), for the drivers whose row select matches. */
static inline uint32_t padi_event(uint32_t buses, uint32_t row_select, uint32_t label)
{
	return (buses & 0xFu) | (label & 0x3Fu) << 16 | (row_select & 0x1Fu) << 22;
}

/* Fires. Only buses whose enable_spl1 is 0 listen to this register. */
static inline void padi_fire(uint32_t hemisphere, uint32_t event)
{
	*(volatile uint32_t *) OMNIBUS(PADI_EVENT(hemisphere)) = event;
}
