/* Reward-modulated plasticity: learns to play Pong (experiments E02; the trial schedule of settled 20).
 *
 * The task: `rows` positions of the ball, one input row each; `neurons` positions of the paddle, one neuron each. In trial k the host
 * sends input spikes of row k mod rows (and, weaker, of its neighbours) and noise spikes on the noise row. The neuron that
 * fires most says where the paddle goes. Everything else happens here, in each trial:
 *
 *   prepare   random weights into the noise row, reset neurons, correlation sensors and spike counters
 *   (stimulus: the processor sleeps)
 *   learn     read counters -> reward; w += eligibility * (reward - expected reward) * learning rate;
 *             at the end of an epoch (all rows once): homeostasis
 *
 *      t_k         + stimulus_start             + stimulus_end           + period = t_(k+1)
 *       |  prepare  |     stimulus by the host    |  learn                |
 *
 * t_0 is `start_delay` cycles after the command was noticed (at most 1 us after it was written). The eligibility of a synapse is half the
 * fall of its causal reading below its baseline, which is taken once after a sensor reset.
 *
 * Both processors run this image; each plays its own game on its own hemisphere.
 */
#include "bss2/control.h"
#include "bss2/correlation.h"
#include "bss2/fixed_point.h"
#include "bss2/neurons.h"
#include "bss2/random.h"

#define MAXIMAL_ROWS     32u
#define MAXIMAL_NEURONS  64u
#define BASELINE_VECTORS 32u /* rows x parities */
#define RING             16u
#define NO_WINNER        255u

enum { COMMAND_INITIALISE = COMMAND_FIRST_OF_PROGRAM, COMMAND_RUN };

/* Lengths in processor cycles, Q16.16 where stated. The initial values are those of the reduced task. */
volatile struct parameters {
	uint32_t seed;                     /* of both random generators, not 0 */
	uint32_t rows;                     /* input rows = positions of the ball, 1..32 */
	uint32_t first_row;                /* row k of the game is synapse row first_row + k * row_stride */
	uint32_t row_stride;
	uint32_t noise_row;                /* synapse row that gets the noise weights */
	uint32_t neurons;                  /* positions of the paddle, 1..64 */
	uint32_t first_column;             /* neuron i is column first_column + i * column_stride */
	uint32_t column_stride;            /* 2: one parity of columns; 1: all columns, if rows <= 16 */
	uint32_t trials;                   /* trials of one run command */
	uint32_t start_delay;              /* from noticing the run command to the first trial */
	uint32_t period;                   /* of trials */
	uint32_t stimulus_start;           /* from the start of a trial: preparation must be done */
	uint32_t stimulus_end;             /* from the start of a trial: learning begins */
	uint32_t baseline_readings;        /* readings averaged for the baseline, 1..128 */
	int32_t learning_rate;             /* Q16.16; an update of 1 means that a synapse's eligibility is its weight change */
	uint32_t epochs_without_learning;  /* at the start of training */
	int32_t mean_decay_first;          /* Q16.16: share of the newest reward in the expected reward, first epoch */
	int32_t mean_decay_last;           /* Q16.16: the same after mean_decay_epochs, linear in between */
	uint32_t mean_decay_epochs;
	int32_t noise_first;               /* Q16.16: standard deviation of the noise weights in LSB, first epoch, below 32 */
	int32_t noise_last;                /* Q16.16: the same after noise_epochs, linear in between */
	uint32_t noise_epochs;
	int32_t noise_offset;              /* mean of the noise before scaling, in 1/32 of its standard deviation */
	int32_t homeostasis_target;        /* spikes of a neuron in one epoch */
	int32_t homeostasis_rate;          /* Q16.16: weight LSB per missing spike, below 8; 0 switches it off */
	int32_t reward[8];                 /* Q16.16 per spike, by distance between neuron and row; [7] for all beyond */
	uint32_t record_address;           /* byte address of the ring of records; 0: `records` in SRAM */
	uint32_t record_capacity;          /* records in the ring */
} parameters = {
    .seed = 1,
    .rows = 16,
    .first_row = 0,
    .row_stride = 1,
    .noise_row = 16,
    .neurons = 16,
    .first_column = 0,
    .column_stride = 2,
    .trials = 1600,
    .start_delay = 5000,
    .period = 125000,
    .stimulus_start = 20000,
    .stimulus_end = 97500,
    .baseline_readings = 8,
    .learning_rate = Q16_ONE / 5,
    .epochs_without_learning = 10,
    .mean_decay_first = Q16_ONE,
    .mean_decay_last = Q16_ONE / 2,
    .mean_decay_epochs = 10,
    .noise_first = 15 * Q16_ONE,
    .noise_last = 4 * Q16_ONE,
    .noise_epochs = 40,
    .noise_offset = -4,
    .homeostasis_target = 48,
    .homeostasis_rate = Q16_ONE / 48,
    .reward = {4 * Q16_ONE / 100, Q16_ONE / 100, 0, -Q16_ONE / 100, -Q16_ONE / 100, -Q16_ONE / 100, -Q16_ONE / 100, -Q16_ONE / 100},
    .record_address = 0,
    .record_capacity = RING,
};

/* What a trial came to. Record n lies at ring position n mod record_capacity; control.records counts those written. */
struct record {
	uint16_t trial;            /* number of the trial, modulo 65536 */
	uint8_t row;               /* position of the ball */
	uint8_t winner;            /* neuron with most spikes, ties at random; 255: no spikes at all */
	uint8_t success;           /* 1 if the winner's reward is not negative */
	int8_t update;             /* (reward - expected) * learning rate, in 1/128, limited to -127..127 */
	uint16_t weight_change;    /* sum of |weight change| by the reward rule over all synapses, before limiting, at most 65535 */
	int32_t reward;            /* Q16.16 */
	int32_t expected;          /* Q16.16: expected reward of this row, after this trial */
	uint8_t counts[16];        /* spikes of neurons 0..15 */
};

struct record records[RING];

/* Where the learning stands. Readable by the host at any time. */
volatile int32_t expected_reward[MAXIMAL_ROWS];
volatile uint32_t epoch_counts[MAXIMAL_NEURONS];

static struct bytes baseline[BASELINE_VECTORS]; /* half the mean reading, [row * parities + index of the parity] */
static struct bytes mask[2];                    /* 1 in lanes of neurons, by parity */
static struct bytes buffer;
static uint8_t counts[MAXIMAL_NEURONS];
static int32_t carried[MAXIMAL_NEURONS]; /* Q16.16, see rate_correction */
static uint32_t scalar_random;
static uint32_t initialised;

/* --- geometry --- */

static uint32_t parities(void)
{
	return parameters.column_stride == 1 ? 2 : 1;
}

static uint32_t parity_at(uint32_t index)
{
	return parities() == 2 ? index : parameters.first_column & 1u;
}

static uint32_t synapse_row(uint32_t row)
{
	return parameters.first_row + row * parameters.row_stride;
}

static uint32_t column(uint32_t neuron)
{
	return parameters.first_column + neuron * parameters.column_stride;
}

static uint32_t parameters_are_usable(void)
{
	return parameters.seed != 0 && parameters.rows - 1u < MAXIMAL_ROWS && parameters.neurons - 1u < MAXIMAL_NEURONS &&
	       parameters.column_stride - 1u < 2u && parameters.rows * parities() <= BASELINE_VECTORS &&
	       parameters.first_row < ROWS && parameters.row_stride < ROWS && synapse_row(parameters.rows - 1u) < ROWS &&
	       parameters.noise_row < ROWS && parameters.first_column < COLUMNS && column(parameters.neurons - 1u) < COLUMNS &&
	       parameters.baseline_readings - 1u < 128u && parameters.record_capacity != 0 &&
	       (parameters.record_address != 0 || parameters.record_capacity <= RING);
}

/* Registers that keep their value throughout. */
#define ZERO  V19
#define ONE   V20
#define LIMIT V21 /* the largest weight */

static void load_constants(void)
{
	vector_fill(ZERO, 0);
	vector_fill(ONE, 1);
	vector_fill(LIMIT, 63);
}

/* --- prepare --- */

static void reset_correlation(void)
{
	for (uint32_t index = 0; index < parities(); ++index) {
		uint32_t const parity = parity_at(index);
		vector_load(V2, &mask[parity]);
		vector_fill(V3, RESET_CAUSAL | RESET_ACAUSAL);
		fxv_mulbm(V2, V2, V3);
		for (uint32_t row = 0; row < parameters.rows; ++row) {
			correlation_reset(V2, synapse_row(row), parity);
		}
	}
}

/* Random weights for the noise row. The sum of 12 numbers of -16..15 is nearly normal, with standard deviation 32 and mean -6;
 * its fractional product with four times the wanted deviation has that deviation in LSB. Negative ones become 0. */
static void draw_noise_weights(uint32_t epoch)
{
	int32_t const deviation = ramp(parameters.noise_first, parameters.noise_last, epoch, parameters.noise_epochs);
	vector_fill(V5, (int8_t) clamp(deviation / (Q16_ONE / 4), 0, 127));
	vector_fill(V4, -16);
	for (uint32_t index = 0; index < parities(); ++index) {
		uint32_t const parity = parity_at(index);
		vector_fill(V2, (int8_t) clamp(parameters.noise_offset + 6, -128, 127));
		for (uint32_t draw = 0; draw < 12; ++draw) {
			random_bytes(V3, parity);
			fxv_shb(V3, V3, -3);
			fxv_addbfs(V3, V3, V4);
			fxv_addbfs(V2, V2, V3);
		}
		fxv_mulbfs(V2, V2, V5);
		vector_clip_low(V2, ZERO);
		vector_clip_high(V2, LIMIT);
		vector_load(V3, &mask[parity]);
		fxv_cmpb(V3);
		fxv_out_if(IF_GREATER, V2, WEIGHTS, parameters.noise_row, parity);
	}
}

/* The order matters: resetting a neuron is a spike, which sensors and counters see. */
static void prepare(uint32_t trial)
{
	draw_noise_weights(trial / parameters.rows);
	for (uint32_t index = 0; index < parities(); ++index) {
		uint32_t const parity = parity_at(index);
		vector_load(V2, &mask[parity]);
		fxv_cmpb(V2);
		neuron_reset_if(IF_GREATER, parity);
	}
	reset_correlation();
	sync();
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		spike_count_reset(ppu_index, column(neuron));
	}
	sync();
}

/* --- learn --- */

static uint32_t distance(uint32_t neuron, uint32_t row)
{
	return neuron < row ? row - neuron : neuron - row;
}

static int32_t reward_at(uint32_t neuron, uint32_t row)
{
	uint32_t const far = distance(neuron, row);
	return parameters.reward[far < 7u ? far : 7u];
}

static int32_t read_counts(uint32_t row)
{
	int32_t reward = 0;
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		uint32_t const count = spike_count(ppu_index, column(neuron));
		counts[neuron] = (uint8_t) count;
		epoch_counts[neuron] += count;
		reward += reward_at(neuron, row) * (int32_t) count;
	}
	return reward;
}

static uint32_t winner(void)
{
	uint32_t best = NO_WINNER;
	uint32_t ties = 1;
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		uint32_t const leading = best == NO_WINNER ? 0 : counts[best];
		if (counts[neuron] > leading) {
			best = neuron;
			ties = 1;
		} else if (counts[neuron] == leading && leading != 0 && random_below(&scalar_random, ++ties) == 0) {
			best = neuron;
		}
	}
	return best;
}

/* The sum over all lanes of what the accumulators of byte lanes hold: low bytes as they are, high bytes by the saturating form. */
static uint32_t sum_of_accumulators(void)
{
	uint32_t sum = 0;
	fxv_addacbm(V2, ZERO);
	fxv_addacbfs(V3, ZERO);
	vector_store(V2, &buffer);
	for (uint32_t lane = 0; lane < LANES; ++lane) {
		sum += buffer.lane[lane];
	}
	vector_store(V3, &buffer);
	for (uint32_t lane = 0; lane < LANES; ++lane) {
		sum += 256u * buffer.lane[lane];
	}
	return sum;
}

/* w += eligibility * update / 128 for all rows, rounded towards zero, limited to 0..63. Answers the sum of |change|.
 *
 * The product is taken with |update| and then added or subtracted: the hardware rounds products down, so that for the
 * non-negative eligibilities of a working sensor both signs round alike. An eligibility below zero (noise of the reading) gets 1
 * added, so that a small one changes nothing. */
static uint32_t change_weights(int32_t update)
{
	uint32_t sum = 0;
	for (uint32_t index = 0; index < parities(); ++index) {
		uint32_t const parity = parity_at(index);
		vector_load(V6, &mask[parity]);
		vector_fill(V5, (int8_t) (update < 0 ? -update : update));
		fxv_cmpb(V6);
		fxv_sel_if(IF_GREATER, V5, ZERO, V5); /* other columns keep their weights */
		fxv_mtacb(ZERO);
		for (uint32_t row = 0; row < parameters.rows; ++row) {
			vector_load(V3, &baseline[row * parities() + index]);
			cadc_convert_causal(V2, synapse_row(row), parity);
			fxv_shb(V2, V2, -1);
			fxv_subbfs(V3, V3, V2);
			fxv_mulbfs(V4, V3, V5);
			fxv_cmpb(V4);
			fxv_addbfs_if(IF_LESS, V4, V4, ONE);
			fxv_in(V2, WEIGHTS, synapse_row(row), parity);
			if (update < 0) {
				fxv_subbfs(V2, V2, V4);
			} else {
				fxv_addbfs(V2, V2, V4);
			}
			vector_clip_low(V2, ZERO);
			vector_clip_high(V2, LIMIT);
			fxv_out(V2, WEIGHTS, synapse_row(row), parity);
			fxv_cmpb(V4);
			fxv_subbfs_if(IF_LESS, V4, ZERO, V4);
			fxv_addactacb(V4);
		}
		sum += sum_of_accumulators();
	}
	return sum;
}

/* The whole LSB by which the weights of a neuron have to change; the fraction is carried over to the next epoch. */
static int32_t rate_correction(uint32_t neuron)
{
	int32_t const missing = clamp(parameters.homeostasis_target - (int32_t) epoch_counts[neuron], -4095, 4095);
	int32_t const wanted = missing * parameters.homeostasis_rate + carried[neuron];
	int32_t const change = wanted / Q16_ONE;
	carried[neuron] = wanted - change * Q16_ONE;
	return clamp(change, -63, 63);
}

/* All weights of a neuron go up or down with what its epoch's spikes miss or exceed. */
static void regulate_rates(void)
{
	for (uint32_t index = 0; index < parities(); ++index) {
		uint32_t const parity = parity_at(index);
		for (uint32_t lane = 0; lane < LANES; ++lane) {
			buffer.lane[lane] = 0;
		}
		for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
			if ((column(neuron) & 1u) == parity) {
				buffer.lane[column(neuron) / 2u] = (uint8_t) rate_correction(neuron);
			}
		}
		vector_load(V3, &buffer);
		for (uint32_t row = 0; row < parameters.rows; ++row) {
			fxv_in(V2, WEIGHTS, synapse_row(row), parity);
			fxv_addbfs(V2, V2, V3);
			vector_clip_low(V2, ZERO);
			vector_clip_high(V2, LIMIT);
			fxv_out(V2, WEIGHTS, synapse_row(row), parity);
		}
	}
	sync();
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		epoch_counts[neuron] = 0;
	}
}

static void learn(uint32_t trial)
{
	uint32_t const row = trial % parameters.rows;
	uint32_t const epoch = trial / parameters.rows;
	int32_t const reward = read_counts(row);
	int32_t const surprise = reward - expected_reward[row];
	int32_t const update = clamp(q16_multiply(surprise, parameters.learning_rate) / (Q16_ONE / 128), -127, 127);
	uint32_t const best = winner();
	uint32_t change = 0;
	if (epoch >= parameters.epochs_without_learning) {
		change = change_weights(update);
	}
	expected_reward[row] += q16_multiply(
	    surprise, ramp(parameters.mean_decay_first, parameters.mean_decay_last, epoch, parameters.mean_decay_epochs));
	if (row == parameters.rows - 1u && parameters.homeostasis_rate != 0) {
		regulate_rates();
	}

	struct record record = {
	    .trial = (uint16_t) trial,
	    .row = (uint8_t) row,
	    .winner = (uint8_t) best,
	    .success = best != NO_WINNER && reward_at(best, row) >= 0,
	    .update = (int8_t) update,
	    .weight_change = (uint16_t) (change < 0xFFFFu ? change : 0xFFFFu),
	    .reward = reward,
	    .expected = expected_reward[row],
	};
	for (uint32_t neuron = 0; neuron < 16u && neuron < parameters.neurons; ++neuron) {
		record.counts[neuron] = counts[neuron];
	}
	write_record(&record, sizeof record, parameters.record_address ? parameters.record_address : (uint32_t) records,
	             parameters.record_capacity);
}

/* --- commands --- */

static void take_baseline(void)
{
	uint32_t const readings = parameters.baseline_readings;
	static uint16_t sum[LANES];
	reset_correlation();
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		for (uint32_t index = 0; index < parities(); ++index) {
			for (uint32_t lane = 0; lane < LANES; ++lane) {
				sum[lane] = 0;
			}
			for (uint32_t reading = 0; reading < readings; ++reading) {
				cadc_convert_causal(V2, synapse_row(row), parity_at(index));
				vector_store(V2, &buffer);
				for (uint32_t lane = 0; lane < LANES; ++lane) {
					sum[lane] = (uint16_t) (sum[lane] + buffer.lane[lane]);
				}
			}
			for (uint32_t lane = 0; lane < LANES; ++lane) {
				baseline[row * parities() + index].lane[lane] = (uint8_t) (sum[lane] / readings / 2u);
			}
		}
	}
}

static enum result initialise(void)
{
	initialised = 0;
	if (!parameters_are_usable()) {
		return RESULT_BAD_PARAMETERS;
	}
	reset_progress();
	scalar_random = parameters.seed;
	random_seed_vectors(&scalar_random, &buffer);
	for (uint32_t lane = 0; lane < LANES; ++lane) {
		mask[0].lane[lane] = mask[1].lane[lane] = 0;
	}
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		mask[column(neuron) & 1u].lane[column(neuron) / 2u] = 1;
		epoch_counts[neuron] = 0;
		carried[neuron] = 0;
	}
	for (uint32_t row = 0; row < MAXIMAL_ROWS; ++row) {
		expected_reward[row] = 0;
	}
	load_constants();
	take_baseline();
	initialised = 1;
	return RESULT_DONE;
}

static enum result run(void)
{
	if (!initialised) {
		return RESULT_NOT_INITIALISED;
	}
	uint32_t start = now() + parameters.start_delay;
	for (uint32_t left = parameters.trials; left; --left) {
		sleep_until(start);
		prepare(control.trials);
		check_deadline(start + parameters.stimulus_start);
		sleep_until(start + parameters.stimulus_end);
		learn(control.trials);
		++control.trials;
		start += parameters.period;
		check_deadline(start);
	}
	return RESULT_DONE;
}

int main(void)
{
	for (;;) {
		switch (await_command()) {
		case COMMAND_EXIT:
			return (int) control.trials;
		case COMMAND_INITIALISE:
			finish_command(initialise());
			break;
		case COMMAND_RUN:
			finish_command(run());
			break;
		default:
			finish_command(RESULT_UNKNOWN_COMMAND);
		}
	}
}
