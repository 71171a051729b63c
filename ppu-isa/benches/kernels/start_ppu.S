/* Reset: the number of rounds is in r3, where whoever starts the processor puts it; the check sum ends up there too. */

	.section .text.start, "ax"
	.global start
start:
	lis	%r1, stack_top@ha
	addi	%r1, %r1, stack_top@l
	li	%r0, 0
	stwu	%r0, -8(%r1)
	bl	workload
	.long	0x7c00007c	/* wait, whose encoding the assembler knows differs */
