/* Interrupts and pins: a periodic decrementer interrupt toggles output pin 0, while the program sleeps in between. */
#include "bss2/gpio.h"
#include "bss2/interrupts.h"
#include "bss2/mailbox.h"
#include "bss2/time.h"

#define TICKS  16u
#define PERIOD 1000u

volatile uint32_t ticks;
volatile uint32_t tick_times[TICKS];

void isr_decrementer(void)
{
	write_spr(SPR_TSR, TSR_DECREMENTER);
	tick_times[ticks] = now();
	++ticks;
	gpio_write(ticks & 1u);
	end_sleep();
}

int main(void)
{
	mailbox_clear();
	gpio_enable();
	write_spr(SPR_DECAR, PERIOD);
	write_spr(SPR_DEC, PERIOD);
	write_spr(SPR_TCR, TCR_DECREMENTER | TCR_AUTO_RELOAD);
	while (ticks < TICKS) {
		sleep_with_interrupts();
	}
	write_spr(SPR_TCR, 0);
	mailbox_unsigned(ticks);
	mailbox_string(" ticks in ");
	mailbox_unsigned(tick_times[TICKS - 1u] - tick_times[0]);
	mailbox_string(" cycles\n");
	return (int) ticks;
}
