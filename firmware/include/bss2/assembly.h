/* Register names for .S files: the assembler itself takes plain numbers only. */
#pragma once
#ifdef __ASSEMBLER__
#define r0 0
#define r1 1
#define r2 2
#define r3 3
#define r4 4
#define r5 5
#define r6 6
#define r7 7
#define r8 8
#define r9 9
#define r10 10
#define r11 11
#define r12 12
#define r13 13
#define r14 14
#define r30 30
#define r31 31
#endif
