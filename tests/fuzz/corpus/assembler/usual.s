# comment
        .set size, 3
start:  li      r3, size
        mtctr   r3 /* c */
1:      bdnz+   1b
        beq     cr7, 1f; nop
        lis     r4, table@ha
        lwz     r5, table@l(r4)
1:      b       start
        .section .rodata
        .balign 8
table:  .long   start, . - table, 1<<4|2, -1
        .byte   'a', 0x10, 010
        .asciz  "hi\n\x41\101"
