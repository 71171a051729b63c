/* Structural plasticity: synapses that choose what to listen to (experiments E03).
 *
 * Each synapse row carries several candidate sources, told apart by their labels. A synapse has room for one: its label says
 * which it listens to. After every trial
 *
 *     dw = stdp * f - homeostasis * n * w + noise * xi,        xi uniform in -1..1, stochastic rounding, 0..63
 *
 * with f the fall of the causal reading below its baseline and n the spikes of the neuron in the trial. Every `structure_interval`
 * trials a synapse whose weight stayed below `prune_below` gets a random candidate's label and the weight `new_weight`.
 *
 * The host presents samples: for each trial the events of the receptors on their rows and labels, and, while training, of the teacher
 * (on rows outside this game). Trial k lies at t_0 + k * period, t_0 `start_delay` cycles after the command was noticed (at most 1 us after
 * it was written):
 *
 *      t_k         + stimulus_start             + stimulus_end           + period = t_(k+1)
 *       |  prepare  |     stimulus by the host    |  update               |
 *
 * Both processors run this image, each with its own neurons on its own hemisphere.
 */
#include "bss2/control.h"
#include "bss2/correlation.h"
#include "bss2/fixed_point.h"
#include "bss2/neurons.h"
#include "bss2/random.h"

#define MAXIMAL_ROWS       32u
#define MAXIMAL_NEURONS    8u
#define MAXIMAL_CANDIDATES 16u
#define RING               64u
#define NO_WINNER          255u

enum {
	COMMAND_INITIALISE = COMMAND_FIRST_OF_PROGRAM, /* seed, take the baseline */
	COMMAND_RANDOMISE,                             /* random labels and weights */
	COMMAND_TRAIN,                                 /* `trials` trials with plasticity */
	COMMAND_EVALUATE,                              /* `trials` trials without */
};

/* Lengths in processor cycles. */
volatile struct parameters {
	uint32_t seed;                /* of both random generators, not 0 */
	uint32_t rows;                /* 1..32 */
	uint32_t first_row;           /* row k of the game is synapse row first_row + k * row_stride */
	uint32_t row_stride;
	uint32_t neurons;             /* label neurons, 1..8 */
	uint32_t first_column;        /* neuron i is column first_column + 2 i: all of one parity */
	uint32_t candidates;          /* labels per row, 1..16 */
	uint32_t labels[MAXIMAL_CANDIDATES]; /* 0..63, the same for all rows */
	uint32_t trials;              /* of one train or evaluate command */
	uint32_t start_delay;
	uint32_t period;
	uint32_t stimulus_start;      /* from the start of a trial: preparation must be done */
	uint32_t stimulus_end;        /* from the start of a trial: the update begins */
	uint32_t baseline_readings;   /* readings averaged for the baseline, 1..128 */
	int32_t stdp;                 /* 1/256 weight LSB per 2 LSB of the correlation reading, 0..255 */
	int32_t homeostasis;          /* Q16.16: share of its weight a synapse loses per spike of its neuron, 0..1 */
	int32_t noise;                /* 1/256 weight LSB: largest random change, 0..32767 */
	uint32_t structure_interval;  /* trials between changes of structure; 0 switches them off */
	uint32_t prune_below;         /* weight */
	uint32_t new_weight;          /* of a reassigned synapse */
	uint32_t initial_weight_mean; /* of COMMAND_RANDOMISE */
	uint32_t initial_weight_deviation;
	uint32_t record_address;      /* byte address of the ring of records; 0: `records` in SRAM */
	uint32_t record_capacity;
} parameters = {
    .seed = 1,
    .rows = 16,
    .first_row = 0,
    .row_stride = 1,
    .neurons = 3,
    .first_column = 0,
    .candidates = 4,
    .labels = {0, 1, 2, 3},
    .trials = 75,
    .start_delay = 5000,
    .period = 100000,
    .stimulus_start = 15000,
    .stimulus_end = 67500,
    .baseline_readings = 8,
    .stdp = 128,
    .homeostasis = 131,
    .noise = 128,
    .structure_interval = 25,
    .prune_below = 4,
    .new_weight = 12,
    .initial_weight_mean = 10,
    .initial_weight_deviation = 5,
    .record_address = 0,
    .record_capacity = RING,
};

/* What a trial came to. Record n lies at ring position n mod record_capacity; control.records counts those written. */
struct record {
	uint32_t trial;                   /* number of the trial */
	uint8_t winner;                   /* neuron with most spikes, the first of equals; 255: no spikes at all */
	uint8_t training;                 /* 1: with plasticity */
	uint16_t reassigned;              /* synapses that got a new label after this trial */
	uint8_t counts[MAXIMAL_NEURONS];  /* spikes */
};

struct record records[RING];
volatile uint32_t reassignments; /* since initialisation */

static struct bytes baseline[MAXIMAL_ROWS]; /* half the mean reading */
static struct bytes mask;                   /* 1 in lanes of neurons */
static struct bytes buffer, weights;
static struct halfwords loss_left, loss_right; /* homeostasis * n as a fraction, in the order of unpacked vectors */
static uint8_t counts[MAXIMAL_NEURONS];
static uint32_t scalar_random;
static uint32_t initialised;

#define ZERO  V19
#define LIMIT V20 /* the largest weight */
#define STDP  V21 /* fractions, halfwords */
#define NOISE V22
#define LEFT_LOSS  V23
#define RIGHT_LOSS V24

static uint32_t parity(void)
{
	return parameters.first_column & 1u;
}

static uint32_t lane(uint32_t neuron)
{
	return parameters.first_column / 2u + neuron;
}

static uint32_t synapse_row(uint32_t row)
{
	return parameters.first_row + row * parameters.row_stride;
}

static uint32_t parameters_are_usable(void)
{
	uint32_t usable = parameters.seed != 0 && parameters.rows - 1u < MAXIMAL_ROWS && parameters.neurons - 1u < MAXIMAL_NEURONS &&
	                  parameters.candidates - 1u < MAXIMAL_CANDIDATES && parameters.first_row < ROWS && parameters.row_stride < ROWS &&
	                  synapse_row(parameters.rows - 1u) < ROWS && parameters.first_column < COLUMNS &&
	                  lane(parameters.neurons - 1u) < LANES && parameters.baseline_readings - 1u < 128u &&
	                  parameters.stdp >= 0 && parameters.stdp <= 255 && parameters.homeostasis >= 0 &&
	                  parameters.homeostasis <= Q16_ONE && parameters.noise >= 0 && parameters.noise <= 32767 &&
	                  parameters.new_weight <= 63u && parameters.record_capacity != 0 &&
	                  (parameters.record_address != 0 || parameters.record_capacity <= RING);
	for (uint32_t candidate = 0; usable && candidate < parameters.candidates; ++candidate) {
		usable = parameters.labels[candidate] <= 63u;
	}
	return usable;
}

/* The order matters: resetting a neuron is a spike, which sensors and counters see. */
static void prepare(void)
{
	vector_load(V2, &mask);
	fxv_cmpb(V2);
	neuron_reset_if(IF_GREATER, parity());
	vector_fill(V3, RESET_CAUSAL | RESET_ACAUSAL);
	fxv_mulbm(V2, V2, V3);
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		correlation_reset(V2, synapse_row(row), parity());
	}
	sync();
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		spike_count_reset(ppu_index, parameters.first_column + 2u * neuron);
	}
	sync();
}

static void read_counts(void)
{
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		counts[neuron] = (uint8_t) spike_count(ppu_index, parameters.first_column + 2u * neuron);
	}
}

/* Unpacking a vector of bytes gives two vectors of halfwords: bytes 0..7 of each slice of 16 go left, 8..15 right (ppu-isa 5.7). */
static void spread_loss(void)
{
	for (uint32_t index = 0; index < LANES / 2u; ++index) {
		loss_left.lane[index] = loss_right.lane[index] = 0;
	}
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		uint32_t const at = lane(neuron);
		struct halfwords *const half = (at & 8u) ? &loss_right : &loss_left;
		int32_t const fraction = clamp(parameters.homeostasis * counts[neuron] / 2, 0, 32767);
		half->lane[at / 16u * 8u + at % 8u] = (int16_t) fraction;
	}
}

/* One half of a row: weights (V3) and eligibilities (V4) as halfwords in 1/256 in, new weights in 1/256 in V5 out. `fxv_in` of
 * random numbers left V8 (noise) and V9 (rounding). */
#define UPDATE_HALF(unpack, result, loss)                                                                   \
	do {                                                                                                \
		unpack(V10, V3, ZERO, 0);     /* weight * 256 */                                            \
		unpack(result, V3, V9, 0);    /* the same plus 0..255: stochastic rounding */               \
		unpack(V11, V4, ZERO, 0);     /* eligibility * 256 */                                       \
		fxv_mulhfs(V11, V11, STDP);                                                                 \
		fxv_addhfs(result, result, V11);                                                            \
		fxv_mulhfs(V10, V10, loss);                                                                 \
		fxv_subhfs(result, result, V10);                                                            \
		unpack(V11, V8, ZERO, 0);     /* uniform in -32768..32512 */                                \
		fxv_mulhfs(V11, V11, NOISE);                                                                \
		fxv_addhfs(result, result, V11);                                                            \
		fxv_cmph(result);                                                                           \
		fxv_sel_if(IF_LESS, result, result, ZERO);                                                  \
	} while (0)

static void update_weights(void)
{
	spread_loss();
	vector_load(LEFT_LOSS, &loss_left);
	vector_load(RIGHT_LOSS, &loss_right);
	fxv_splath(STDP, parameters.stdp * 128);
	fxv_splath(NOISE, parameters.noise);
	vector_load(V2, &mask);
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		vector_load(V4, &baseline[row]);
		cadc_convert_causal(V5, synapse_row(row), parity());
		fxv_in(V3, WEIGHTS, synapse_row(row), parity());
		random_bytes(V8, parity());
		random_bytes(V9, parity());
		fxv_shb(V5, V5, -1);
		fxv_subbfs(V4, V4, V5);
		UPDATE_HALF(fxv_upckbl, V5, LEFT_LOSS);
		UPDATE_HALF(fxv_upckbr, V6, RIGHT_LOSS);
		fxv_pckbu(V5, V5, V6, 0);
		vector_clip_high(V5, LIMIT);
		fxv_cmpb(V2);
		fxv_out_if(IF_GREATER, V5, WEIGHTS, synapse_row(row), parity());
	}
}

/* Weak synapses turn to another source. */
static uint32_t change_structure(void)
{
	uint32_t changed = 0;
	vector_load(V2, &mask);
	fxv_cmpb(V2);
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		uint32_t const before = changed;
		fxv_in(V3, WEIGHTS, synapse_row(row), parity());
		fxv_in(V4, LABELS, synapse_row(row), parity());
		vector_store(V3, &weights);
		vector_store(V4, &buffer);
		for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
			if (weights.lane[lane(neuron)] < parameters.prune_below) {
				uint32_t const candidate = random_below(&scalar_random, parameters.candidates);
				buffer.lane[lane(neuron)] = (uint8_t) parameters.labels[candidate];
				weights.lane[lane(neuron)] = (uint8_t) parameters.new_weight;
				++changed;
			}
		}
		if (changed != before) {
			vector_load(V3, &weights);
			vector_load(V4, &buffer);
			fxv_out_if(IF_GREATER, V3, WEIGHTS, synapse_row(row), parity());
			fxv_out_if(IF_GREATER, V4, LABELS, synapse_row(row), parity());
		}
	}
	sync();
	return changed;
}

static void finish_trial(uint32_t training, uint32_t reassigned)
{
	struct record record = {
	    .trial = control.trials,
	    .winner = NO_WINNER,
	    .training = (uint8_t) training,
	    .reassigned = (uint16_t) reassigned,
	};
	uint32_t best = 0;
	for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
		record.counts[neuron] = counts[neuron];
		if (counts[neuron] > best) {
			best = counts[neuron];
			record.winner = (uint8_t) neuron;
		}
	}
	reassignments += reassigned;
	write_record(&record, sizeof record, parameters.record_address ? parameters.record_address : (uint32_t) records,
	             parameters.record_capacity);
	++control.trials;
}

/* --- commands --- */

static enum result initialise(void)
{
	initialised = 0;
	if (!parameters_are_usable()) {
		return RESULT_BAD_PARAMETERS;
	}
	reset_progress();
	reassignments = 0;
	scalar_random = parameters.seed;
	random_seed_vectors(&scalar_random, &buffer);
	for (uint32_t at = 0; at < LANES; ++at) {
		mask.lane[at] = at - lane(0) < parameters.neurons;
	}
	vector_fill(ZERO, 0);
	vector_fill(LIMIT, 63);

	prepare();
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		static uint16_t sum[LANES];
		for (uint32_t at = 0; at < LANES; ++at) {
			sum[at] = 0;
		}
		for (uint32_t reading = 0; reading < parameters.baseline_readings; ++reading) {
			cadc_convert_causal(V2, synapse_row(row), parity());
			vector_store(V2, &buffer);
			for (uint32_t at = 0; at < LANES; ++at) {
				sum[at] = (uint16_t) (sum[at] + buffer.lane[at]);
			}
		}
		for (uint32_t at = 0; at < LANES; ++at) {
			baseline[row].lane[at] = (uint8_t) (sum[at] / parameters.baseline_readings / 2u);
		}
	}
	initialised = 1;
	return RESULT_DONE;
}

/* Nearly normal: the sum of 12 numbers uniform in 0..1 has standard deviation 1. */
static uint32_t random_weight(void)
{
	int32_t sum = -6 * Q16_ONE;
	for (uint32_t draw = 0; draw < 12; ++draw) {
		sum += (int32_t) (random_next(&scalar_random) >> 16);
	}
	int32_t const scaled = sum * (int32_t) (parameters.initial_weight_deviation & 63u) + Q16_ONE / 2;
	return (uint32_t) clamp((int32_t) (parameters.initial_weight_mean & 63u) + (scaled >> 16), 0, 63);
}

static enum result randomise(void)
{
	if (!initialised) {
		return RESULT_NOT_INITIALISED;
	}
	for (uint32_t row = 0; row < parameters.rows; ++row) {
		for (uint32_t neuron = 0; neuron < parameters.neurons; ++neuron) {
			weights.lane[lane(neuron)] = (uint8_t) random_weight();
			buffer.lane[lane(neuron)] = (uint8_t) parameters.labels[random_below(&scalar_random, parameters.candidates)];
		}
		vector_load(V2, &mask);
		fxv_cmpb(V2);
		vector_load(V3, &weights);
		vector_load(V4, &buffer);
		fxv_out_if(IF_GREATER, V3, WEIGHTS, synapse_row(row), parity());
		fxv_out_if(IF_GREATER, V4, LABELS, synapse_row(row), parity());
	}
	sync();
	return RESULT_DONE;
}

static enum result run(uint32_t training)
{
	if (!initialised) {
		return RESULT_NOT_INITIALISED;
	}
	uint32_t start = now() + parameters.start_delay;
	for (uint32_t left = parameters.trials; left; --left) {
		uint32_t reassigned = 0;
		sleep_until(start);
		prepare();
		check_deadline(start + parameters.stimulus_start);
		sleep_until(start + parameters.stimulus_end);
		read_counts();
		if (training) {
			update_weights();
			uint32_t const interval = parameters.structure_interval;
			if (interval && (control.trials + 1u) % interval == 0) {
				reassigned = change_structure();
			}
		}
		finish_trial(training, reassigned);
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
		case COMMAND_RANDOMISE:
			finish_command(randomise());
			break;
		case COMMAND_TRAIN:
			finish_command(run(1));
			break;
		case COMMAND_EVALUATE:
			finish_command(run(0));
			break;
		default:
			finish_command(RESULT_UNKNOWN_COMMAND);
		}
	}
}
