/* Homeostatic rate regulation (experiments E04).
 *
 * A host-driven (or on-chip Poisson) source feeds one synapse row. Every `period` the spike counters of all regulated neurons are read and
 * cleared, and each weight of the row takes one step: w += sign(target - count), limited to 0..63. Rates meet the target
 * without anybody knowing the neurons' gains: the spread of the final weights is the mismatch that was compensated.
 *
 * The counters of the hemisphere are read one after the other, so each neuron has its own period of the same length, shifted by
 * some microseconds at most. Both processors run this image.
 */
#include "bss2/control.h"
#include "bss2/neurons.h"

enum { COMMAND_RUN = COMMAND_FIRST_OF_PROGRAM };

volatile struct parameters {
	uint32_t synapse_row;     /* the row whose weights are regulated */
	uint32_t first_column;    /* neurons of columns first_column .. first_column + columns - 1 */
	uint32_t columns;         /* 1..256 */
	uint32_t steps;           /* of one run command */
	uint32_t period;          /* cycles between readings, at least 40000 for all columns */
	uint32_t target;          /* spikes per period, 0..255 */
	uint32_t learn;           /* 0: count and record only (the control experiment) */
	uint32_t record_address;  /* byte address of the ring of records in FPGA memory or DRAM; 0: none are written */
	uint32_t record_capacity; /* records in the ring */
} parameters = {
    .synapse_row = 0,
    .first_column = 0,
    .columns = 256,
    .steps = 100,
    .period = 2500000,
    .target = 60,
    .learn = 1,
    .record_address = 0,
    .record_capacity = 1,
};

/* One step: what was counted, and the weights with which it was counted. Lane e of parity p is column 2e + p; columns that are
 * not regulated count 0. */
static struct record {
	struct bytes weights[2];
	struct bytes counts[2];
} record;

static struct bytes mask[2]; /* 1 in lanes of regulated neurons */

#define ZERO  V19
#define ONE   V20
#define LIMIT V21

static void read_and_clear_counters(void)
{
	for (uint32_t column = parameters.first_column; column < parameters.first_column + parameters.columns; ++column) {
		record.counts[column & 1u].lane[column / 2u] = (uint8_t) spike_count(ppu_index, column);
		spike_count_reset(ppu_index, column);
	}
}

/* Weights with their count below (above) the target go up (down) by one. Counts reach 255, while lanes are signed: half the
 * count decides unless the halves are equal, and then the lowest bit does. */
static void step_weights(uint32_t parity)
{
	uint32_t const target = parameters.target;
	fxv_in(V2, WEIGHTS, parameters.synapse_row, parity);
	vector_store(V2, &record.weights[parity]);
	if (!parameters.learn) {
		return;
	}
	vector_load(V3, &record.counts[parity]);
	fxv_shb(V4, V3, -1);
	vector_fill(V5, (int8_t) (target >> 1));
	fxv_subbfs(V6, V5, V4); /* difference of the halves */
	fxv_shb(V4, V4, 1);
	fxv_subbm(V3, V3, V4);
	vector_fill(V5, (int8_t) (target & 1u));
	fxv_subbfs(V3, V5, V3); /* difference of the lowest bits */
	fxv_cmpb(V6);
	fxv_sel_if(IF_EQUAL, V6, V6, V3);
	fxv_cmpb(V6);
	fxv_addbfs_if(IF_GREATER, V2, V2, ONE);
	fxv_subbfs_if(IF_LESS, V2, V2, ONE);
	vector_clip_low(V2, ZERO);
	vector_clip_high(V2, LIMIT);
	vector_load(V3, &mask[parity]);
	fxv_cmpb(V3);
	fxv_out_if(IF_GREATER, V2, WEIGHTS, parameters.synapse_row, parity);
}

static uint32_t parameters_are_usable(void)
{
	return parameters.synapse_row < ROWS && parameters.columns - 1u < COLUMNS && parameters.first_column < COLUMNS &&
	       parameters.first_column + parameters.columns <= COLUMNS && parameters.target <= 255u &&
	       parameters.record_capacity != 0;
}

static enum result run(void)
{
	if (!parameters_are_usable()) {
		return RESULT_BAD_PARAMETERS;
	}
	reset_progress();
	vector_fill(ZERO, 0);
	vector_fill(ONE, 1);
	vector_fill(LIMIT, 63);
	for (uint32_t column = 0; column < COLUMNS; ++column) {
		uint32_t const regulated = column - parameters.first_column < parameters.columns;
		mask[column & 1u].lane[column / 2u] = (uint8_t) regulated;
		record.counts[column & 1u].lane[column / 2u] = 0;
	}
	read_and_clear_counters();
	uint32_t time = now();
	for (uint32_t step = 0; step < parameters.steps; ++step) {
		time += parameters.period;
		meet_deadline(time);
		read_and_clear_counters();
		step_weights(0);
		step_weights(1);
		if (parameters.record_address) {
			write_record(&record, sizeof record, parameters.record_address, parameters.record_capacity);
		}
		++control.trials;
	}
	return RESULT_DONE;
}

int main(void)
{
	for (;;) {
		switch (await_command()) {
		case COMMAND_EXIT:
			return (int) control.trials;
		case COMMAND_RUN:
			finish_command(run());
			break;
		default:
			finish_command(RESULT_UNKNOWN_COMMAND);
		}
	}
}
