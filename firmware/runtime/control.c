#include "bss2/control.h"

volatile struct control control;
volatile uint32_t ppu_index;

uint32_t await_command(void)
{
	uint32_t command;
	control.state = STATE_IDLE;
	while ((command = control.command) == COMMAND_NONE) {
		sleep_for(COMMAND_POLL_CYCLES);
	}
	control.state = command == COMMAND_EXIT ? STATE_STOPPED : STATE_BUSY;
	return command;
}

void finish_command(enum result result)
{
	control.result = result;
	control.command = COMMAND_NONE;
	control.state = STATE_IDLE;
	++control.completed; /* last: what the host polls */
}

void reset_progress(void)
{
	control.trials = 0;
	control.overruns = 0;
	control.slack = 0xFFFFFFFFu;
	control.records = 0;
}

void check_deadline(uint32_t deadline)
{
	int32_t const left = time_until(deadline);
	if (left < 0) {
		++control.overruns;
		control.slack = 0;
	} else if ((uint32_t) left < control.slack) {
		control.slack = (uint32_t) left;
	}
}

void meet_deadline(uint32_t deadline)
{
	check_deadline(deadline);
	sleep_until(deadline);
}

void write_record(const void *record, uint32_t size, uint32_t ring, uint32_t capacity)
{
	uint32_t const number = control.records;
	uint32_t const *from = record;
	volatile uint32_t *to = (volatile uint32_t *) (ring + number % capacity * size);
	for (uint32_t word = 0; word < size / 4u; ++word) {
		to[word] = from[word];
	}
	sync();
	control.records = number + 1u;
}
