/* Correlation sensors: reset them, let spikes pair up, read them (experiments E16).
 *
 * The host may make the pairs itself (with input events and artificial neuron spikes at its own times), and use this program only to
 * reset and to read; or it lets the processor make them with COMMAND_PAIR: an input event through the PADI event register, and an
 * artificial spike of all neurons of one parity, `interval` cycles later (or earlier, if negative), `pairs` times.
 *
 * A reading is written for each row: 512 bytes, as four vectors: causal even, causal odd, acausal even, acausal odd columns; all four
 * from one conversion. The reading falls with correlation: the curve of E16 is (reading after reset - reading after pairs).
 */
#include "bss2/control.h"
#include "bss2/correlation.h"
#include "bss2/neurons.h"
#include "bss2/padi.h"

enum {
	COMMAND_RESET = COMMAND_FIRST_OF_PROGRAM, /* reset both sensors of the rows, all columns */
	COMMAND_READ,                             /* write readings of the rows to result_address */
	COMMAND_PAIR,                             /* make pairs */
};

volatile struct parameters {
	uint32_t first_row;      /* rows first_row .. first_row + rows - 1 are reset and read */
	uint32_t rows;           /* 1..256 */
	uint32_t result_address; /* byte address, multiple of 4: FPGA memory from 0x40000000 or DRAM from 0x50000000; 512 bytes a row */
	uint32_t start_delay;    /* cycles from noticing COMMAND_PAIR to the first pair */
	uint32_t pairs;          /* number of pairs */
	uint32_t period;         /* cycles between pairs */
	int32_t interval;        /* cycles from input event to neuron spike, negative: spike first */
	uint32_t padi_buses;     /* mask of PADI buses that fire */
	uint32_t row_select;     /* 0..31 */
	uint32_t label;          /* 0..63 */
	uint32_t parity;         /* neurons that spike: 0 even columns, 1 odd columns, 2 all (odd 208 cycles or so behind even) */
} parameters = {
    .first_row = 0,
    .rows = 1,
    .result_address = 0x40000000,
    .start_delay = 1000,
    .pairs = 30,
    .period = 25000,
    .interval = 1250,
    .padi_buses = 0xF,
    .row_select = 0,
    .label = 0,
    .parity = 0,
};

/* Times of the last pair, in cycles of the time base just before the two stores: what the interval really was. */
volatile uint32_t last_input_time, last_spike_time;

static uint32_t rows_are_usable(void)
{
	return parameters.rows - 1u < ROWS && parameters.first_row < ROWS && parameters.first_row + parameters.rows <= ROWS;
}

static enum result reset(void)
{
	if (!rows_are_usable()) {
		return RESULT_BAD_PARAMETERS;
	}
	vector_fill(V2, RESET_CAUSAL | RESET_ACAUSAL);
	for (uint32_t row = parameters.first_row; row < parameters.first_row + parameters.rows; ++row) {
		correlation_reset(V2, row, EVEN_COLUMNS);
		correlation_reset(V2, row, ODD_COLUMNS);
	}
	sync();
	/* A store is posted; a read of the array comes back only when the last reset pulse is over. */
	fxv_in(V2, WEIGHTS, parameters.first_row, EVEN_COLUMNS);
	sync();
	return RESULT_DONE;
}

static enum result read(void)
{
	if (!rows_are_usable() || (parameters.result_address & 3u)) {
		return RESULT_BAD_PARAMETERS;
	}
	struct bytes *target = (struct bytes *) parameters.result_address;
	for (uint32_t row = parameters.first_row; row < parameters.first_row + parameters.rows; ++row) {
		cadc_convert_causal(V2, row, EVEN_COLUMNS);
		cadc_buffered_causal(V3, row, ODD_COLUMNS);
		cadc_buffered_acausal(V4, row, EVEN_COLUMNS);
		cadc_buffered_acausal(V5, row, ODD_COLUMNS);
		vector_store(V2, target++);
		vector_store(V3, target++);
		vector_store(V4, target++);
		vector_store(V5, target++);
		++control.records;
	}
	return RESULT_DONE;
}

static void fire_input(uint32_t time)
{
	uint32_t const event = padi_event(parameters.padi_buses, parameters.row_select, parameters.label);
	spin_until(time);
	last_input_time = now();
	padi_fire(ppu_index, event);
}

static void fire_neurons(uint32_t time)
{
	uint32_t const parity = parameters.parity;
	spin_until(time);
	last_spike_time = now();
	if (parity != ODD_COLUMNS) {
		neuron_reset_all(EVEN_COLUMNS);
	}
	if (parity != EVEN_COLUMNS) {
		neuron_reset_all(ODD_COLUMNS);
	}
}

static enum result pair(void)
{
	if (parameters.parity > 2u) {
		return RESULT_BAD_PARAMETERS;
	}
	int32_t const interval = parameters.interval;
	uint32_t const size = interval < 0 ? 0u - (uint32_t) interval : (uint32_t) interval;
	uint32_t time = now() + parameters.start_delay;
	for (uint32_t pair = 0; pair < parameters.pairs; ++pair) {
		sleep_until(time - 500u);
		check_deadline(time);
		if (interval >= 0) {
			fire_input(time);
			fire_neurons(time + size);
		} else {
			fire_neurons(time);
			fire_input(time + size);
		}
		time += parameters.period;
		++control.trials;
	}
	sync();
	return RESULT_DONE;
}

int main(void)
{
	reset_progress();
	for (;;) {
		switch (await_command()) {
		case COMMAND_EXIT:
			return (int) control.trials;
		case COMMAND_RESET:
			finish_command(reset());
			break;
		case COMMAND_READ:
			finish_command(read());
			break;
		case COMMAND_PAIR:
			finish_command(pair());
			break;
		default:
			finish_command(RESULT_UNKNOWN_COMMAND);
		}
	}
}
