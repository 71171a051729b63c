/* A scalar workload of the kind embedded benchmarks are made of: linked lists, a matrix product, a state machine over
 * text, and a cyclic redundancy check over all results. It uses neither a library nor the processor's own registers, so
 * that the same object code runs on the plasticity processor and, under an emulator, as a Linux program.
 *
 * Call it with a number of rounds; it returns a check sum that depends on every result of every round. */

#include <stdint.h>

#define NODES 32
#define SIDE 8

struct node {
	struct node *next;
	int16_t key;
	int16_t value;
};

static struct node nodes[NODES];
static int16_t factor_a[SIDE][SIDE], factor_b[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static const char text[] = "5012,0.5e3,-122,T0.3e-1F,+0.11,35.54400,-110.700,0xff,.12e5,1e,7,--874,+78e-3,64.";

static uint16_t crc_byte(uint16_t crc, uint8_t byte)
{
	for (int bit = 0; bit < 8; bit++) {
		uint16_t feedback = (crc ^ byte) & 1;
		crc >>= 1;
		if (feedback)
			crc ^= 0xa001;
		byte >>= 1;
	}
	return crc;
}

static uint16_t crc_word(uint16_t crc, uint32_t word)
{
	crc = crc_byte(crc, (uint8_t)word);
	crc = crc_byte(crc, (uint8_t)(word >> 8));
	crc = crc_byte(crc, (uint8_t)(word >> 16));
	return crc_byte(crc, (uint8_t)(word >> 24));
}

/* ---- lists ---- */

static struct node *list_make(uint32_t seed)
{
	for (int n = 0; n < NODES; n++) {
		seed = seed * 1103515245u + 12345u;
		nodes[n].key = (int16_t)(seed >> 16);
		nodes[n].value = (int16_t)n;
		nodes[n].next = n + 1 < NODES ? &nodes[n + 1] : 0;
	}
	return nodes;
}

static struct node *list_reverse(struct node *list)
{
	struct node *reversed = 0;
	while (list) {
		struct node *next = list->next;
		list->next = reversed;
		reversed = list;
		list = next;
	}
	return reversed;
}

static struct node *list_find(struct node *list, int16_t value)
{
	while (list && list->value != value)
		list = list->next;
	return list;
}

/* Merge sort, bottom up, by key. */
static struct node *list_sort(struct node *list)
{
	for (int size = 1;; size *= 2) {
		struct node *p = list, *tail = 0;
		int merges = 0;
		list = 0;
		while (p) {
			struct node *q = p;
			int left = 0, right = size;
			merges++;
			while (left < size && q) {
				left++;
				q = q->next;
			}
			while (left > 0 || (right > 0 && q)) {
				struct node *taken;
				if (left > 0 && (right == 0 || !q || p->key <= q->key)) {
					taken = p;
					p = p->next;
					left--;
				} else {
					taken = q;
					q = q->next;
					right--;
				}
				if (tail)
					tail->next = taken;
				else
					list = taken;
				tail = taken;
			}
			p = q;
		}
		tail->next = 0;
		if (merges <= 1)
			return list;
	}
}

static uint16_t lists(uint16_t crc, uint32_t seed)
{
	struct node *list = list_make(seed);
	for (int16_t value = 0; value < NODES; value += 5) {
		struct node *found = list_find(list, value);
		crc = crc_word(crc, (uint32_t)(found ? found->key : -1));
		list = list_reverse(list);
	}
	list = list_sort(list);
	for (struct node *n = list; n; n = n->next)
		crc = (uint16_t)(crc + (n->key ^ n->value));
	return crc;
}

/* ---- matrices ---- */

static uint16_t matrices(uint16_t crc, uint32_t seed)
{
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			seed = seed * 1103515245u + 12345u;
			factor_a[i][j] = (int16_t)(seed >> 20);
			factor_b[i][j] = (int16_t)(seed >> 12 & 0x7ff);
		}
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			int32_t sum = 0;
			for (int k = 0; k < SIDE; k++)
				sum += factor_a[i][k] * factor_b[k][j];
			product[i][j] = sum;
		}
	int32_t last = 0, count = 0;
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			count += product[i][j] > last ? 10 : 1;
			last = product[i][j] >> 3;
		}
	return crc_word(crc, (uint32_t)(count ^ last));
}

/* ---- numbers in text ---- */

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum state follow(enum state state, char c)
{
	switch (state) {
	case START:
		return is_digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID;
	case SIGN:
		return is_digit(c) ? INTEGER : c == '.' ? FRACTION : INVALID;
	case INTEGER:
		return is_digit(c) ? INTEGER : c == '.' ? FRACTION : INVALID;
	case FRACTION:
		return is_digit(c) ? FRACTION : c == 'e' || c == 'E' ? EXPONENT : INVALID;
	case EXPONENT:
		return c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? SCIENTIFIC : INVALID;
	case EXPONENT_SIGN:
	case SCIENTIFIC:
		return is_digit(c) ? SCIENTIFIC : INVALID;
	default:
		return INVALID;
	}
}

static uint16_t states(uint16_t crc, uint32_t seed)
{
	uint32_t counts[STATES] = { 0 };
	enum state state = START;
	for (const char *c = text; *c; c++) {
		if (*c == ',') {
			counts[state]++;
			state = START;
		} else {
			state = follow(state, (char)(*c ^ ((seed & 0x1f) == 3)));
		}
	}
	for (int n = 0; n < STATES; n++)
		crc = crc_byte(crc, (uint8_t)counts[n]);
	return crc;
}

uint32_t workload(uint32_t rounds)
{
	uint16_t crc = 0xffff;
	for (uint32_t round = 0; round < rounds; round++) {
		crc = lists(crc, round + crc);
		crc = matrices(crc, round + crc);
		crc = states(crc, round);
	}
	return crc;
}
