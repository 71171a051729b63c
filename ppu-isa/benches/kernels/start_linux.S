/* A Linux program around the workload: the first argument is the number of rounds, the check sum is written as four
 * bytes, most significant first. No library. */

	.text
	.global _start
_start:
	mr	%r9, %r1
	clrrwi	%r1, %r1, 4
	li	%r0, 0
	stwu	%r0, -32(%r1)
	/* argc, argv[0], argv[1]: decimal digits. */
	lwz	%r4, 8(%r9)
	li	%r3, 0
digit:	lbz	%r5, 0(%r4)
	cmpwi	%r5, 0
	beq	run
	mulli	%r3, %r3, 10
	addi	%r5, %r5, -48
	add	%r3, %r3, %r5
	addi	%r4, %r4, 1
	b	digit
run:	bl	workload
	stw	%r3, 16(%r1)
	li	%r0, 4		/* write */
	li	%r3, 1
	addi	%r4, %r1, 16
	li	%r5, 4
	sc
	li	%r0, 1		/* exit */
	li	%r3, 0
	sc
