/* Output pins (ppu-isa 3.6): bit 0 of GOUT reaches a pin. GOE is inverted on this chip: 0 enables the outputs. */
#pragma once

#include "bss2/special_registers.h"

static inline void gpio_enable(void)
{
	write_spr(SPR_GOE, 0);
}

static inline void gpio_write(uint32_t pins)
{
	write_spr(SPR_GOUT, pins);
}
