/* A serial line on output pin 0 (ppu-isa 3.6), made by software: one start bit, eight data bits from the lowest on, one stop bit. The
 * processor does nothing else meanwhile. `bss2 ppu run --uart CYCLES` shows what was sent.
 *
 * `cycles_per_bit` is the clock divided by the baud rate: 2170 for 115200 baud at 250 MHz. At least 60, as each edge may be some
 * 20 cycles late; lateness does not add up. */
#pragma once

#include "bss2/gpio.h"
#include "bss2/time.h"

/* Drives the line, which is idle for one character. Call it once. */
static inline void uart_begin(uint32_t cycles_per_bit)
{
	gpio_write(1);
	gpio_enable();
	spin_until(now() + 10u * cycles_per_bit);
}

static inline void uart_character(char character, uint32_t cycles_per_bit)
{
	uint32_t frame = (uint32_t) (unsigned char) character << 1 | 1u << 9;
	uint32_t edge = now();
	for (uint32_t bit = 0; bit < 10u; ++bit) {
		gpio_write(frame & 1u);
		frame >>= 1;
		edge += cycles_per_bit;
		spin_until(edge);
	}
}

static inline void uart_string(const char *text, uint32_t cycles_per_bit)
{
	while (*text) {
		uart_character(*text++, cycles_per_bit);
	}
}
