/* The yardstick of the workloads: what anybody would write to simulate the same neurons, in f32 with Euler steps of 0.1 us.
 *
 * Conductances are linear, a spike is a jump to the reset potential for a number of steps, an event acts at the next step; there is no
 * calibration bit, no saturation, no reset transconductor. Reads what workloads.rs has written (its path is the argument), prints the
 * CPU time in s and the number of spikes.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DRIVEN = 512, ROWS = 256 };

/* By neuron: units V, us, and everything in the membrane equation divided by the capacitance. */
static float *array(FILE *file, size_t count) {
    float *values = malloc(count * sizeof *values);
    if (!values || fread(values, sizeof *values, count, file) != count) exit(2);
    return values;
}

typedef struct { uint32_t step, neuron; } Spike;

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    uint32_t head[4]; /* neurons, steps, events, 1: exponential and adaptation, 2: chains */
    if (!file || fread(head, sizeof head, 1, file) != 1) return 2;
    const uint32_t n = head[0], steps = head[1], events = head[2];
    const int adaptive = head[3] & 1, chained = head[3] & 2;
    float *g_leak = array(file, n), *e_leak = array(file, n), *current = array(file, n);
    float *v_reset = array(file, n), *v_threshold = array(file, n), *refractory_steps = array(file, n);
    float *slope = array(file, n), *v_t = array(file, n);
    float *a = array(file, n), *decay_w = array(file, n), *b = array(file, n);
    float *gain_e = array(file, n), *gain_i = array(file, n), *keep_e = array(file, n), *keep_i = array(file, n);
    float *coupling = array(file, n); /* of a compartment with the next one */
    float *weights = array(file, (size_t)ROWS * n); /* below zero: inhibitory */
    uint32_t *event = malloc(2 * sizeof *event * (events + 1)); /* step, row */
    if (!event || fread(event, 2 * sizeof *event, events, file) != events) return 2;

    float *v = malloc(n * sizeof *v), *w = calloc(n, sizeof *w), *flow = calloc(n + 1, sizeof *flow);
    float *u_e = calloc(n, sizeof *u_e), *u_i = calloc(n, sizeof *u_i);
    int *refractory = calloc(n, sizeof *refractory);
    Spike *spikes = malloc(sizeof *spikes * 64u * 1024u * 1024u);
    uint32_t count = 0;
    for (uint32_t k = 0; k < n; k++) v[k] = e_leak[k];

    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    const float dt = 0.1f;
    uint32_t next = 0;
    for (uint32_t step = 0; step < steps; step++) {
        for (; next < events && event[2 * next] <= step; next++) {
            const float *row = weights + (size_t)event[2 * next + 1] * n;
            for (uint32_t k = 0; k < n; k++) {
                u_e[k] += fmaxf(row[k], 0.0f);
                u_i[k] += fmaxf(-row[k], 0.0f);
            }
        }
        if (chained) {
            for (uint32_t k = 0; k + 1 < n; k++) flow[k + 1] = coupling[k] * (v[k] - v[k + 1]);
        }
        for (uint32_t k = 0; k < n; k++) {
            float dv = g_leak[k] * (e_leak[k] - v[k]) + current[k] + gain_e[k] * u_e[k] - gain_i[k] * u_i[k];
            if (adaptive) {
                dv += g_leak[k] * slope[k] * expf((v[k] - v_t[k]) / slope[k]) - w[k];
                w[k] += dt * (a[k] * (v[k] - e_leak[k]) - w[k]) * decay_w[k];
            }
            if (chained) dv += flow[k] - flow[k + 1];
            u_e[k] *= keep_e[k];
            u_i[k] *= keep_i[k];
            if (refractory[k] > 0) {
                refractory[k]--;
                v[k] = v_reset[k];
            } else {
                v[k] += dt * dv;
                if (v[k] > v_threshold[k]) {
                    v[k] = v_reset[k];
                    w[k] += b[k];
                    refractory[k] = (int)refractory_steps[k];
                    if (count < 64u * 1024u * 1024u) spikes[count++] = (Spike){ step, k };
                }
            }
        }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    float sum = 0.0f;
    for (uint32_t k = 0; k < n; k++) sum += v[k];
    double seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    printf("%.6f %u %g\n", seconds, count, sum);
    return 0;
}
