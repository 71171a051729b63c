/* Interrupts (ppu-isa 3.5, 7.2). Define any of these functions and the start-up code calls it; an undefined one restarts the
 * program. The entry code saves all scalar registers a C function may change (r0, r3..r12, LR, CR, CTR, XER), but no vector
 * state: a handler must not use the vector unit.
 *
 * Take maskable interrupts only asleep, with `sleep_with_interrupts`: one that hits the core awake destroys results of the instructions
 * before it. Without a handler, `sleep_until` of time.h wakes by itself and is the simpler choice. */
#pragma once

#include "bss2/special_registers.h"

void isr_external_input(void); /* pins; vector 0x14 */
void isr_alignment(void);      /* 0x18; SRR0 is the faulting instruction, not maskable */
void isr_program(void);        /* trap; 0x1C; likewise */
void isr_doorbell(void);       /* 0x24 */
void isr_fixed_interval(void); /* 0x2C; clear TSR_FIXED_INTERVAL before returning */
void isr_decrementer(void);    /* 0x30; clear TSR_DECREMENTER before returning */

/* Sleeps with interrupts enabled until a handler has called `end_sleep`. Interrupts are disabled before and after. */
void sleep_with_interrupts(void);

/* In a handler: return behind `sleep_with_interrupts`, while an interrupt otherwise goes back to sleep (its return address is the
 * `wait` itself). Also right if the interrupt came just before the core fell asleep. */
static inline void end_sleep(void)
{
	extern const char sleep_begin[], sleep_end[];
	uint32_t const begin = (uint32_t) sleep_begin, end = (uint32_t) sleep_end;
	if (read_spr(SPR_SRR0) - begin < end - begin) {
		write_spr(SPR_SRR0, end);
	}
}
