/* The synapse array of the own hemisphere: 256 rows x 256 columns, 128 columns of one parity an access (ppu-isa 6.4).
 * Lane e of parity p is column 2e + p. */
#pragma once

#include "bss2/vectors.h"

enum parity { EVEN_COLUMNS = 0, ODD_COLUMNS = 1 };

/* Parallel-bus address of one row of a view. */
FXV_INLINE uint32_t row_address(uint32_t view, uint32_t row, uint32_t parity)
{
	return view + 2u * row + parity;
}

/* Reads a row of a view into a register; `view` is one of `enum vector_view`, for CADC views see cadc.h. */
FXV_INLINE void fxv_in(enum vector_register vt, uint32_t view, uint32_t row, uint32_t parity)
{
	fxv_inx(vt, row_address(view, row, parity));
}

/* Writes a register to a row of a view: weights and labels 0..63, one byte a column. */
FXV_INLINE void fxv_out(enum vector_register vs, uint32_t view, uint32_t row, uint32_t parity)
{
	fxv_outx(vs, row_address(view, row, parity));
}

/* The same for the lanes selected by the last compare; the others keep their value. */
FXV_INLINE void fxv_out_if(enum condition condition, enum vector_register vs, uint32_t view, uint32_t row, uint32_t parity)
{
	fxv_outx_if(condition, vs, row_address(view, row, parity));
}
