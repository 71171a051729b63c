/* Reset, interrupt vectors, entry and exit (ppu-isa 3.5, 7.2). Lies at address 0 of SRAM. */

	.section int.start, "ax", @progbits
	.global _start
	.type _start, @function
_start:                         /* vectors are one instruction apart */
	b reset                 /* 0x00 reset */
	b _start                /* 0x04 machine check: no cause */
	b _start                /* 0x08 critical input: not connected */
	b _start                /* 0x0C data storage: no cause */
	b _start                /* 0x10 instruction storage: no cause */
	b enter_external_input  /* 0x14 */
	b enter_alignment       /* 0x18 */
	b enter_program         /* 0x1C */
	b _start                /* 0x20 system call: absent */
	b enter_doorbell        /* 0x24 */
	b _start                /* 0x28 critical doorbell: no cause */
	b enter_fixed_interval  /* 0x2C */
	b enter_decrementer     /* 0x30 */
	.size _start, . - _start

/* The host clears .bss when it loads the program (section 7.1), and a restart keeps the variables: the host sets some of
 * them before it releases the reset. */
	.type reset, @function
reset:
	lis   r1, stack_top@h
	ori   r1, r1, stack_top@l
	li    r0, 0
	stwu  r0, -16(r1)       /* end of the back chain */
	lis   r12, main@h       /* may lie in FPGA memory, out of reach of a relative branch */
	ori   r12, r12, main@l
	mtctr r12
	bctrl
	addi  r1, r1, 16
	/* fall through */
	.size reset, . - reset

/* exit(code): leaves stack pointer and return code where hosts look for them, and sleeps. */
	.global exit
	.type exit, @function
exit:
	lis   r12, stack_top@h
	ori   r12, r12, stack_top@l
	stw   r1, 0(r12)
	stw   r3, 12(r12)
	.long 0x7C00007C        /* wait: the code for which the assembler has a mnemonic does nothing here */
	b     . - 4
	.size exit, . - exit

	.macro entry name
	.weak isr_\name
	.type enter_\name, @function
enter_\name:
	stwu  r1, -80(r1)
	stw   r0, 8(r1)
	stw   r12, 12(r1)
	lis   r12, isr_\name@h
	ori   r12, r12, isr_\name@l
	b     call_handler
	.size enter_\name, . - enter_\name
	.endm

	entry external_input
	entry alignment
	entry program
	entry doorbell
	entry fixed_interval
	entry decrementer

/* Saves what a C function may change, calls the handler in r12; an undefined handler is address 0 and restarts. */
	.type call_handler, @function
call_handler:
	stw   r3, 16(r1)
	stw   r4, 20(r1)
	stw   r5, 24(r1)
	stw   r6, 28(r1)
	stw   r7, 32(r1)
	stw   r8, 36(r1)
	stw   r9, 40(r1)
	stw   r10, 44(r1)
	stw   r11, 48(r1)
	mflr  r3
	stw   r3, 52(r1)
	mfcr  r3
	stw   r3, 56(r1)
	mfctr r3
	stw   r3, 60(r1)
	mfxer r3
	stw   r3, 64(r1)
	mtctr r12
	bctrl
	lwz   r3, 64(r1)
	mtxer r3
	lwz   r3, 60(r1)
	mtctr r3
	lwz   r3, 56(r1)
	mtcr  r3
	lwz   r3, 52(r1)
	mtlr  r3
	lwz   r11, 48(r1)
	lwz   r10, 44(r1)
	lwz   r9, 40(r1)
	lwz   r8, 36(r1)
	lwz   r7, 32(r1)
	lwz   r6, 28(r1)
	lwz   r5, 24(r1)
	lwz   r4, 20(r1)
	lwz   r3, 16(r1)
	lwz   r12, 12(r1)
	lwz   r0, 8(r1)
	addi  r1, r1, 80
	rfi
	.size call_handler, . - call_handler
