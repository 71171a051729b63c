/* Generated from the instruction table by `cargo run -p bss2-firmware --bin generate-macros`; do not edit. */

/* The 53 instructions of the vector unit as C functions (ppu-isa 5.2 to 5.9).
 *
 * The compiler knows nothing of vector registers: every operand is named (V0 .. V31), it allocates none and saves none. All of
 * these are volatile, so they stay in program order among each other. ACC and VCR are what the previous instruction left.
 * A function `..._if` works on the lanes selected by its condition.
 */
#pragma once

#include <stdint.h>

#include "bss2/vector_registers.h"

__asm__(".include \"bss2/fxv.inc\"");

#define FXV_INLINE static inline __attribute__((always_inline))

/* VRT := low16(ACC + s(a)*s(b)) */
FXV_INLINE void fxv_mahm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmahm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mahm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmahm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low8(ACC + s(a)*s(b)) */
FXV_INLINE void fxv_mabm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmabm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mabm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmabm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := sext16(a) */
FXV_INLINE void fxv_mtacb(enum vector_register vra)
{
	__asm__ volatile("fxvmtacb %0" : : "n"(vra));
}
FXV_INLINE void fxv_mtacb_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvmtacb %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := sext32(a) */
FXV_INLINE void fxv_mtach(enum vector_register vra)
{
	__asm__ volatile("fxvmtach %0" : : "n"(vra));
}
FXV_INLINE void fxv_mtach_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvmtach %0, %1" : : "n"(vra), "n"(condition));
}

/* VRT := hi16(sat32(ACC + fmul16(a,b))) */
FXV_INLINE void fxv_mahfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmahfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mahfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmahfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := hi8(sat16(ACC + fmul8(a,b))) */
FXV_INLINE void fxv_mabfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmabfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mabfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmabfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := a << 8 */
FXV_INLINE void fxv_mtacbf(enum vector_register vra)
{
	__asm__ volatile("fxvmtacbf %0" : : "n"(vra));
}
FXV_INLINE void fxv_mtacbf_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvmtacbf %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := a << 16 */
FXV_INLINE void fxv_mtachf(enum vector_register vra)
{
	__asm__ volatile("fxvmtachf %0" : : "n"(vra));
}
FXV_INLINE void fxv_mtachf_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvmtachf %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := low32(ACC + s(a)*s(b)) */
FXV_INLINE void fxv_matachm(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatachm %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_matachm_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatachm %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := low16(ACC + s(a)*s(b)) */
FXV_INLINE void fxv_matacbm(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatacbm %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_matacbm_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatacbm %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := sat32(ACC + fmul16(a,b)) */
FXV_INLINE void fxv_matachfs(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatachfs %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_matachfs_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatachfs %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := sat16(ACC + fmul8(a,b)) */
FXV_INLINE void fxv_matacbfs(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatacbfs %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_matacbfs_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmatacbfs %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low16(s(a)*s(b)) */
FXV_INLINE void fxv_mulhm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulhm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mulhm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulhm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low8(s(a)*s(b)) */
FXV_INLINE void fxv_mulbm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulbm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mulbm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulbm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := hi16(fmul16(a,b)) */
FXV_INLINE void fxv_mulhfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulhfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mulhfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulhfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := hi8(fmul8(a,b)) */
FXV_INLINE void fxv_mulbfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulbfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_mulbfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmulbfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := s(a)*s(b) (32 bit) */
FXV_INLINE void fxv_multachm(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultachm %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_multachm_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultachm %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := s(a)*s(b) (16 bit) */
FXV_INLINE void fxv_multacbm(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultacbm %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_multacbm_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultacbm %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := fmul16(a,b) */
FXV_INLINE void fxv_multachfs(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultachfs %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_multachfs_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultachfs %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := fmul8(a,b) */
FXV_INLINE void fxv_multacbfs(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultacbfs %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_multacbfs_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvmultacbfs %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* EA := (RA|0) + RB; VRT := pbus_read(EA, byte_enable = mask(COND)); lanes not enabled read as 0 (see text) */
FXV_INLINE void fxv_inx(enum vector_register vrt, uint32_t address)
{
	__asm__ volatile("fxvinx %0, 0, %1" : : "n"(vrt), "r"(address) : "memory");
}
FXV_INLINE void fxv_inx_if(enum condition condition, enum vector_register vrt, uint32_t address)
{
	__asm__ volatile("fxvinx %0, 0, %1, %2" : : "n"(vrt), "r"(address), "n"(condition) : "memory");
}

/* for i in 0..8: y[i] := a[2i] >> C; y[8+i] := b[2i] >> C (logical) */
FXV_INLINE void fxv_pckbu(enum vector_register vrt, enum vector_register vra, enum vector_register vrb, int count)
{
	__asm__ volatile("fxvpckbu %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(count));
}

/* EA := (RA|0) + RB; pbus_write(EA, VRS, byte_enable = mask(COND)) */
FXV_INLINE void fxv_outx(enum vector_register vrs, uint32_t address)
{
	__asm__ volatile("fxvoutx %0, 0, %1" : : "n"(vrs), "r"(address) : "memory");
}
FXV_INLINE void fxv_outx_if(enum condition condition, enum vector_register vrs, uint32_t address)
{
	__asm__ volatile("fxvoutx %0, 0, %1, %2" : : "n"(vrs), "r"(address), "n"(condition) : "memory");
}

/* for i in 0..8: y[i] := ((a[2i] & (2^C-1)) << (8-2C)) | (a[2i+1] >> 2C); y[8+i] := the same from b */
FXV_INLINE void fxv_pckbl(enum vector_register vrt, enum vector_register vra, enum vector_register vrb, int count)
{
	__asm__ volatile("fxvpckbl %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(count));
}

/* every halfword := low16(GPR[RA]) */
FXV_INLINE void fxv_splath(enum vector_register vrt, int32_t value)
{
	__asm__ volatile("fxvsplath %0, %1" : : "n"(vrt), "b"(value));
}

/* every byte := low8(GPR[RA]) */
FXV_INLINE void fxv_splatb(enum vector_register vrt, int32_t value)
{
	__asm__ volatile("fxvsplatb %0, %1" : : "n"(vrt), "b"(value));
}

/* for i in 0..8: p := a[8+i], r := b[8+i]; y[2i] := low8(p << C) | ((r >> (8-2C)) & (2^C-1)); y[2i+1] := low8(r << 2C) */
FXV_INLINE void fxv_upckbr(enum vector_register vrt, enum vector_register vra, enum vector_register vrb, int count)
{
	__asm__ volatile("fxvupckbr %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(count));
}

/* for i in 0..8: p := a[i], r := b[i]; y[2i] := low8(p << C) | ((r >> (8-2C)) & (2^C-1)); y[2i+1] := low8(r << 2C) */
FXV_INLINE void fxv_upckbl(enum vector_register vrt, enum vector_register vra, enum vector_register vrb, int count)
{
	__asm__ volatile("fxvupckbl %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(count));
}

/* VCR lane := {eq: a == 0, gt: s(a) > 0, lt: s(a) < 0}, same value for both bytes of the lane */
FXV_INLINE void fxv_cmph(enum vector_register vra)
{
	__asm__ volatile("fxvcmph %0" : : "n"(vra));
}

/* VCR lane := {eq: a == 0, gt: s(a) > 0, lt: s(a) < 0} */
FXV_INLINE void fxv_cmpb(enum vector_register vra)
{
	__asm__ volatile("fxvcmpb %0" : : "n"(vra));
}

/* n := SI5; n >= 0: VRT := low16(a << n); n < 0: VRT := a >> -n (logical); |n| >= 16 gives 0 */
FXV_INLINE void fxv_shh(enum vector_register vrt, enum vector_register vra, int amount)
{
	__asm__ volatile("fxvshh %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(amount));
}

/* n := SI5; n >= 0: VRT := low8(a << n); n < 0: VRT := a >> -n (logical); |n| >= 8 gives 0 */
FXV_INLINE void fxv_shb(enum vector_register vrt, enum vector_register vra, int amount)
{
	__asm__ volatile("fxvshb %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(amount));
}

/* byte := (COND == 0 or VCR satisfies COND) ? b : a */
FXV_INLINE void fxv_sel(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsel %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_sel_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsel %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low16(a - b) */
FXV_INLINE void fxv_subhm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubhm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_subhm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubhm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low8(a - b) */
FXV_INLINE void fxv_subbm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubbm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_subbm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubbm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := sat16(s(a) - s(b)) */
FXV_INLINE void fxv_subhfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubhfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_subhfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubhfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := sat8(s(a) - s(b)) */
FXV_INLINE void fxv_subbfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubbfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_subbfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvsubbfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := low32(ACC + sext32(a)) */
FXV_INLINE void fxv_addactachm(enum vector_register vra)
{
	__asm__ volatile("fxvaddactachm %0" : : "n"(vra));
}
FXV_INLINE void fxv_addactachm_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvaddactachm %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := low16(ACC + sext16(a)) */
FXV_INLINE void fxv_addactacb(enum vector_register vra)
{
	__asm__ volatile("fxvaddactacb %0" : : "n"(vra));
}
FXV_INLINE void fxv_addactacb_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvaddactacb %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := sat32(ACC + (a << 16)) */
FXV_INLINE void fxv_addactachf(enum vector_register vra)
{
	__asm__ volatile("fxvaddactachf %0" : : "n"(vra));
}
FXV_INLINE void fxv_addactachf_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvaddactachf %0, %1" : : "n"(vra), "n"(condition));
}

/* ACC := sat16(ACC + (a << 8)) */
FXV_INLINE void fxv_addactacbf(enum vector_register vra)
{
	__asm__ volatile("fxvaddactacbf %0" : : "n"(vra));
}
FXV_INLINE void fxv_addactacbf_if(enum condition condition, enum vector_register vra)
{
	__asm__ volatile("fxvaddactacbf %0, %1" : : "n"(vra), "n"(condition));
}

/* VRT := low16(ACC + sext32(a)) */
FXV_INLINE void fxv_addachm(enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddachm %0, %1" : : "n"(vrt), "n"(vra));
}
FXV_INLINE void fxv_addachm_if(enum condition condition, enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddachm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(condition));
}

/* VRT := low8(ACC + sext16(a)) */
FXV_INLINE void fxv_addacbm(enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddacbm %0, %1" : : "n"(vrt), "n"(vra));
}
FXV_INLINE void fxv_addacbm_if(enum condition condition, enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddacbm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(condition));
}

/* VRT := hi16(sat32(ACC + (a << 16))) */
FXV_INLINE void fxv_addachfs(enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddachfs %0, %1" : : "n"(vrt), "n"(vra));
}
FXV_INLINE void fxv_addachfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddachfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(condition));
}

/* VRT := hi8(sat16(ACC + (a << 8))) */
FXV_INLINE void fxv_addacbfs(enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddacbfs %0, %1" : : "n"(vrt), "n"(vra));
}
FXV_INLINE void fxv_addacbfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra)
{
	__asm__ volatile("fxvaddacbfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(condition));
}

/* ACC := sext32(a) + sext32(b) */
FXV_INLINE void fxv_addtachm(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddtachm %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addtachm_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddtachm %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* ACC := sext16(a) + sext16(b) */
FXV_INLINE void fxv_addtacb(enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddtacb %0, %1" : : "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addtacb_if(enum condition condition, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddtacb %0, %1, %2" : : "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low16(a + b) */
FXV_INLINE void fxv_addhm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddhm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addhm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddhm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := low8(a + b) */
FXV_INLINE void fxv_addbm(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddbm %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addbm_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddbm %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := sat16(s(a) + s(b)) */
FXV_INLINE void fxv_addhfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddhfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addhfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddhfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* VRT := sat8(s(a) + s(b)) */
FXV_INLINE void fxv_addbfs(enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddbfs %0, %1, %2" : : "n"(vrt), "n"(vra), "n"(vrb));
}
FXV_INLINE void fxv_addbfs_if(enum condition condition, enum vector_register vrt, enum vector_register vra, enum vector_register vrb)
{
	__asm__ volatile("fxvaddbfs %0, %1, %2, %3" : : "n"(vrt), "n"(vra), "n"(vrb), "n"(condition));
}

/* EA := ((RA|0) + RB) & ~3; for k in 0..32: VRT word k := mem32[EA + 4k] */
FXV_INLINE void fxv_lax(enum vector_register vrt, const void *address)
{
	__asm__ volatile("fxvlax %0, 0, %1" : : "n"(vrt), "r"(address) : "memory");
}

/* EA := ((RA|0) + RB) & ~3; for k in 0..32: mem32[EA + 4k] := VRS word k */
FXV_INLINE void fxv_stax(enum vector_register vrs, void *address)
{
	__asm__ volatile("fxvstax %0, 0, %1" : : "n"(vrs), "r"(address) : "memory");
}
