/* Interrupts (ppu-isa 3.5, 7.2). Define any of these functions and the start-up code calls it; an undefined one
 * restarts the program. The entry code saves all scalar registers a C function may change (r0, r3..r12, LR, CR, CTR,
 * XER), but no vector state. `wait` with interrupts enabled returns to the `wait` itself, see `resume_behind_wait`. */
#pragma once

#include "bss2/special_registers.h"

void isr_external_input(void); /* pins; vector 0x14 */
void isr_alignment(void);      /* 0x18; SRR0 is the faulting instruction, not maskable */
void isr_program(void);        /* trap; 0x1C; likewise */
void isr_doorbell(void);       /* 0x24 */
void isr_fixed_interval(void); /* 0x2C; clear TSR_FIXED_INTERVAL before returning */
void isr_decrementer(void);    /* 0x30; clear TSR_DECREMENTER before returning */

static inline void enable_interrupts(void)
{
	write_msr(read_msr() | MSR_EE);
}

static inline void disable_interrupts(void)
{
	write_msr(read_msr() & ~MSR_EE);
}

/* In a handler: continue behind the instruction that was interrupted, which for a sleeping core is the `wait`. Only
 * right where the program was known to sleep, or to skip a faulting instruction. */
static inline void resume_behind_wait(void)
{
	write_spr(SPR_SRR0, read_spr(SPR_SRR0) + 4u);
}
