/* Sleep from which an interrupt wakes, see bss2/interrupts.h. */

/* The core loses register results of the two instructions before an interrupt that hits it awake (the quirk
 * `interrupt_shadow` of the processor model), hence the no-operations around all places where interrupts are enabled. */
	.section .text.sleep_with_interrupts, "ax", @progbits
	.global sleep_with_interrupts
	.type sleep_with_interrupts, @function
sleep_with_interrupts:
	mfmsr r4
	ori   r3, r4, 0x8000    /* MSR.EE */
	nop
	nop
	.global sleep_begin
sleep_begin:
	mtmsr r3
	nop
	nop
	.long 0x7C00007C        /* wait */
	.global sleep_end
sleep_end:
	nop
	nop
	mtmsr r4
	blr
	.size sleep_with_interrupts, . - sleep_with_interrupts
