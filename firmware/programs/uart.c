/* Text over a serial line on the output pin; returns the number of characters. */
#include "bss2/uart.h"

volatile uint32_t cycles_per_bit = 217; /* 1152000 baud at 250 MHz */

static const char text[] = "The plasticity processor speaks.\n";

int main(void)
{
	uint32_t const cycles = cycles_per_bit;
	uart_begin(cycles);
	uart_string(text, cycles);
	return (int) sizeof text - 1;
}
