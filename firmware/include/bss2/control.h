/* How host and program talk: the host finds `control`, `parameters`, `ppu_index` (and what else the program names) by their ELF
 * symbols, and reads and writes words of SRAM while the processor runs.
 *
 *   1. load the image, write `ppu_index` (0 top, 1 bottom) and `parameters`, release the reset
 *   2. write control.command; the program notices within COMMAND_POLL_CYCLES plus a few instructions
 *   3. poll control.completed (or control.command == 0), then look at control.result
 *
 * All fields are 32-bit words, so that each is written at once.
 */
#pragma once

#include <stdint.h>

#include "bss2/time.h"

#define COMMAND_POLL_CYCLES 250u /* 1 us at the nominal clock */

enum command { COMMAND_NONE = 0, COMMAND_EXIT = 1, COMMAND_FIRST_OF_PROGRAM = 2 };
enum state { STATE_STARTING = 0, STATE_IDLE = 1, STATE_BUSY = 2, STATE_STOPPED = 3 };
enum result { RESULT_DONE = 0, RESULT_UNKNOWN_COMMAND = 1, RESULT_BAD_PARAMETERS = 2, RESULT_NOT_INITIALISED = 3 };

struct control {
	uint32_t command;   /* host: what to do next; program: 0 when it is done */
	uint32_t state;     /* program: enum state */
	uint32_t completed; /* program: number of commands done */
	uint32_t result;    /* program: enum result of the last command */
	uint32_t trials;    /* program: trials (or steps) done since initialisation */
	uint32_t overruns;  /* program: deadlines missed since initialisation */
	uint32_t slack;     /* program: smallest number of cycles left before a deadline since initialisation */
	uint32_t records;   /* program: records written since initialisation */
};

extern volatile struct control control;
extern volatile uint32_t ppu_index; /* host: hemisphere of this processor, 0 top, 1 bottom */

/* Sleeps until the host has written a command, and answers it. */
uint32_t await_command(void);

/* Reports the command as done. */
void finish_command(enum result result);

/* Clears the counters of a run: trials, overruns, slack, records. */
void reset_progress(void);

/* Notes how much time was left until `deadline`; one that has passed counts as an overrun. */
void check_deadline(uint32_t deadline);

/* The same, and sleeps until then. */
void meet_deadline(uint32_t deadline);

/* Appends a record to a ring of `capacity` records of `size` bytes (a multiple of 4) at the byte address `ring`, in SRAM or
 * FPGA memory: record n goes to position n mod capacity, then control.records counts it. */
void write_record(const void *record, uint32_t size, uint32_t ring, uint32_t capacity);
