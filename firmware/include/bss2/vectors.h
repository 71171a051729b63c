/* Vectors in memory, constants and the few operations the vector unit lacks. */
#pragma once

#include <stdint.h>

#include "bss2/addresses.h"
#include "bss2/fxv.h"
#include "bss2/special_registers.h"

/* One vector in memory: byte lane e of the register is `lane[e]` (ppu-isa 5.1, 5.8). Four-byte alignment suffices. */
struct bytes {
	uint8_t lane[LANES];
} __attribute__((aligned(4)));

/* The same memory as 64 halfword lanes. */
struct halfwords {
	int16_t lane[LANES / 2];
} __attribute__((aligned(4)));

/* Memory -> register. Waits for earlier scalar stores, which the vector port would overtake. */
FXV_INLINE void vector_load(enum vector_register vt, const void *source)
{
	sync();
	fxv_lax(vt, source);
}

/* Register -> memory, complete on return, so that scalar loads see it. */
FXV_INLINE void vector_store(enum vector_register vs, void *target)
{
	fxv_stax(vs, target);
	sync();
}

/* Every byte lane := value. */
FXV_INLINE void vector_fill(enum vector_register vt, int8_t value)
{
	fxv_splatb(vt, value);
}

FXV_INLINE void vector_copy(enum vector_register vt, enum vector_register vs)
{
	fxv_sel(vt, vs, vs);
}

/* Lanes of `vt` below 0 := 0. `zero` holds zeros. Changes VCR. */
FXV_INLINE void vector_clip_low(enum vector_register vt, enum vector_register zero)
{
	fxv_cmpb(vt);
	fxv_sel_if(IF_LESS, vt, vt, zero);
}

/* Lanes of `vt` above `limit` := limit; both signed, no lane so far apart that the difference leaves -128..127 (it
 * saturates). Changes VCR and V0 (scratch). */
FXV_INLINE void vector_clip_high(enum vector_register vt, enum vector_register limit)
{
	fxv_subbfs(V0, vt, limit);
	fxv_cmpb(V0);
	fxv_sel_if(IF_GREATER, vt, vt, limit);
}
