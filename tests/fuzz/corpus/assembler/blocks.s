.macro save from, to=31, kind:req
.if \from <= \to
        st\kind r\from, 4*\from(r1)
        save "(\from+1)", \to, \kind
.else
.exitm
.endif
.endm
        save 29, 31, w
.rept 3
l\@: nop
.endr
.irp r, 3, 4
        li r\r, 1
.endr
.ifdef x
.error "no"
.elseif 1 == 1
        fxvaddhm v1,v2,v3,1
.endif
