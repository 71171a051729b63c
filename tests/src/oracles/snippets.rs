//! Short programs in assembly text that use what firmware uses: labels, directives, macros, conditions, sections.

/// Name and text.
pub const SNIPPETS: &[(&str, &str)] = &[
    (
        "labels",
        "
start:  b       end
1:      bdnz    1b
        beq     1f
1:      bne     cr3, 1b
        b       2f
        b       1b
2: 3:   nop
        b       2b
        b       3b
        b       start + 4
        bl      . - 8
end:    blr
        .long   start, end, end - start, . - start, ., .
        .long   1b, 1f - 2b
1:
",
    ),
    (
        "halves",
        "
        .set    big, 0x12348765
        lis     r3, big@ha
        addi    r3, r3, big@l
        lis     r3, big@h
        ori     r3, r3, big@l
        lwz     r4, big@l(r3)
        stw     r4, big@l+4(r3)
        lis     r5, (big+0x10000)@ha
        lis     r5, big+4@ha
        addi    r5, r5, big+4@l
        lis     r6, table@ha
        lwz     r6, table@l(r6)
        lwz     r6, table+4@l(r6)
        la      r7, table@l(r6)
        .short  big@l, big@h, big@ha
        .balign 8
table:  .long   1, 2
",
    ),
    (
        "data",
        "
        .byte   1, 2, -1, 255, 'a', 'b'+1, 0x7f, 017
        .short  1, -1, 65535
        .hword  0x1234
        .2byte  5
        .word   1, -1, 0xffff
        .4byte  7
        .int    8
        .quad   1, -1, 0x123456789abcdef0
        .8byte  9
        .ascii  \"no end\", \"two\"
        .asciz  \"an end\"
        .string \"esc \\n \\t \\\\ \\\" \\x41 \\101 \\7 \\b \\f \\r\"
        .byte   1
        .balign 4
        .space  5
        .space  3, 0xaa
        .skip   2, 1
        .zero   6
        .fill   3
        .fill   3, 2, 0x1234
        .fill   2, 8, 0x12345678
        .fill   2, 4, -1
        .byte   0
        .p2align 3
        .long   .
",
    ),
    (
        "gaps",
        "
        nop
        .align  4
        blr
        .balign 8
        nop
        .p2align 6
        li      r3, 1
        .byte   1
        .balign 4
        nop
        .byte   1, 2
        .balign 32
        nop
        .balign 16, 0xff
        nop
        .balign 16, , 4
        nop
        .p2align 4, 0, 15
        .org    0x100
        blr
        .org    . + 12, 0x55
        .data
        .byte   1
        .balign 16
        .byte   2
",
    ),
    (
        "symbols",
        "
        .set    a, 5
        .equ    b, a * 2
        c = a + b
        .equiv  d, c << 2
        li      r3, a
        .set    a, 6
        li      r3, a
        li      r4, b
        li      r5, c
        li      r6, d
        li      r7, -a
        .set    negative, -3
        addi    r1, r1, negative
        cmpwi   r3, negative
        .long   later, negative
        .set    later, 77
        .set    temporary, 12
        add     temporary, r3, temporary
        crset   4*cr1+eq
        .set    bit, 9
        bt      bit, . + 8
        .globl  a
        .type   a, @object
        .size   a, 4
        .long   (1 + 2) * 3 - 4 / 2 | 1 << 3, 7 & 5 + 1, ~0, -5 % 3, !0, 1 == 1, 2 < 1
",
    ),
    (
        "macros",
        "
        .macro  save from, to = 31
        .if     \\from <= \\to
        stw     \\from, 4 * \\from - 128(r1)
        save    \"(\\from + 1)\", \\to
        .endif
        .endm
        save    29
        save    25, 26
        .macro  load register:req, value
        lis     \\register, (\\value)@h
        ori     \\register, \\register, (\\value)@l
        .endm
        load    r3, 0x12345678
        load    value = 0xffff8000 + 4, register = r4
        load    r5 0x100
        .macro  entry name
handle_\\name:
        b       handle_\\name\\()_end
handle_\\name\\()_end:
        nop
        .endm
        entry   one
        entry   two
        b       handle_one
        .macro  unique
local\\@:
        b       local\\@
        .endm
        unique
        unique
        .macro  leave when
        nop
        .if     \\when
        .exitm
        .endif
        trap
        .endm
        leave   1
        leave   0
        .macro  all first, others:vararg
        .long   \\first
        .ifnb   \\others
        all     \\others
        .endif
        .endm
        all     1, 2, 3
        .rept   3
        nop
        .endr
        .irp    register, 3, 4, 5
        mr      r\\register, r\\register
        .endr
        .rept   2
        .rept   2
        .byte   1, 2
        .endr
        .endr
        .purgem unique
",
    ),
    (
        "conditions",
        "
        .set    here, 1
        .if     here
        li      r3, 1
        .else
        li      r3, 2
        .endif
        .ifdef  there
        li      r4, 1
        .elseif here == 1
        li      r4, 2
        .else
        li      r4, 3
        .endif
        .ifndef there
        .if     here - 1
        li      r5, 1
        .else
        li      r5, 2
        .endif
        .else
        .error  \"not here\"
        .endif
        .ifeq   here - 1
        nop
        .endif
        .ifgt   here
        nop
        .endif
        .iflt   here
        trap
        .if     1
        trap
        .endif
        .endif
",
    ),
    (
        "sections",
        "
        .section .text
        .globl  f
        .type   f, @function
f:      lis     r3, value@ha
        lwz     r3, value@l(r3)
        lis     r4, message@ha
        addi    r4, r4, message@l
        lis     r5, room@h
        ori     r5, r5, room@l
        blr
        .size   f, . - f
        .data
        .align  2
value:  .long   f, message, room
        .section .rodata
message: .string \"hello\"
        .text
        b       f
        .pushsection .data
        .long   5
        .popsection
        b       f
        .bss
room:   .space  16
more:   .space  4
        .previous
        .long   more
        .section .text
        bl      f
        .ident  \"a compiler\"
",
    ),
    (
        "a compiler's output",
        "
        .file   \"sum.c\"
        .machine ppc
        .section \".text\"
        .align 2
        .globl sum
        .type   sum, @function
sum:
.LFB0:
        .cfi_startproc
        mr. 9,4
        blelr- 0
        mtctr 9
        addi 10,3,-4
        li 3,0
        .p2align 4,,15
.L3:
        lwzu 9,4(10)
        rlwinm 9,9,0,0xff
        rlwinm 8,9,3,24,28
        cmpwi 7,8,0
        add 3,3,9
        bdnz .L3
        beq- 7,.L4
        cmplwi 0,3,255
        bgt 0,.L4
        crnot 2,30
        slwi 3,3,2
        stwu 1,-16(1)
        mflr 0
        stw 0,20(1)
        lmw 29,4(1)
        lis 9,.LC0@ha
        la 9,.LC0@l(9)
.L4:
        blr
        .cfi_endproc
.LFE0:
        .size   sum,.-sum
        .section        .rodata
        .align 2
.LC0:
        .string \"text\"
        .gnu_attribute 4, 1
",
    ),
    (
        "comments and separators",
        "
# a comment
        nop; nop # another
        li r3, 1 /* one */ ; li r4, 2
/* several
   lines with \" and ' and # */ nop
        .ascii \"# /* not one */ ; \"
        .byte ';', '\"'
        .byte 1 ; .balign 4 ; nop
",
    ),
];
