/* Names of the vector registers and conditions (ppu-isa 5.1, 5.3, 8.3).
 *
 * Who may change what (the vector ABI of ppu-isa 8.3, which hand-named registers have to keep by discipline):
 *   V0, V1, V15..V18   scratch: any SDK function whose comment says "scratch" may change these
 *   V2..V14            arguments: changed only where the caller named them
 *   V19..V31           belong to the program: no SDK function changes them
 *   ACC, VCR           survive no SDK function
 * Interrupt handlers save no vector state (ppu-isa 7.2): a handler must not use the vector unit at all.
 */
#pragma once

enum vector_register {
	V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15,
	V16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31,
};

/* Which lanes a conditional instruction works on, by the flags of the last fxv_cmpb / fxv_cmph. */
enum condition { ALL_LANES = 0, IF_GREATER = 1, IF_LESS = 2, IF_EQUAL = 3 };
