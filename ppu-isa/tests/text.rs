//! Assembler and disassembler: round trips, and text from the tool chain's documentation.

use ppu_isa::{INSTRUCTIONS, Instruction, assemble, disassemble, encode};
use proptest::prelude::*;

#[track_caller]
fn assembles(text: &str, words: &[u32]) {
    match assemble(text, 0x100) {
        Ok(program) => assert_eq!(program.words(), words, "{text}"),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[track_caller]
fn fails(text: &str, message: &str) {
    assert_eq!(assemble(text, 0).expect_err("an error").to_string(), message);
}

/// Words as binutils assembles them.
#[test]
fn usual_text_gives_the_words_of_binutils() {
    assembles("nop", &[0x6000_0000]);
    assembles("li r3,-1; lis r4,0x8044", &[0x3860_ffff, 0x3c80_8044]);
    assembles("mr r3,r4; not. r5,r6", &[0x7c83_2378, 0x7cc5_30f9]);
    assembles("addo. r3,r4,r5", &[0x7c64_2e15]);
    assembles("sub r3,r4,r5", &[0x7c65_2050]);
    assembles("lwz r3,8(r1); stwu r1,-16(r1); lmw r29,4(0)", &[0x8061_0008, 0x9421_fff0, 0xbba0_0004]);
    assembles("slwi r3,r4,8; srwi r3,r4,8", &[0x5483_402e, 0x5483_c23e]);
    assembles("rlwinm r3,r4,8,24,31", &[0x5483_463e]);
    assembles("cmpwi r3,5; cmpwi cr7,r31,0; cmplw r3,r4", &[0x2c03_0005, 0x2f9f_0000, 0x7c03_2040]);
    assembles("crclr 4*cr1+eq; crand 0,lt,so", &[0x4cc6_3182, 0x4c00_1a02]);
    assembles("blr; bctrl; beqlr cr7; bnectr", &[0x4e80_0020, 0x4e80_0421, 0x4d9e_0020, 0x4c82_0420]);
    assembles(
        "mflr r0; mtctr r9; mfspr r3,284; mtspr TCR,r3",
        &[0x7c08_02a6, 0x7d29_03a6, 0x7c7c_42a6, 0x7c74_53a6],
    );
    assembles("sync; wait; trap; twnei r3,5", &[0x7c00_04ac, 0x7c00_007c, 0x7fe0_0008, 0x0f03_0005]);
    assembles("mfocrf r3,0x80; mtcrf 0xff,r3; mfcr r3", &[0x7c78_0026, 0x7c6f_f120, 0x7c60_0026]);
}

#[test]
fn vector_text_has_the_encoding_of_the_extension() {
    assembles("fxvmahm v8,v6,v12", &[0x1106_6030]);
    assembles("fxvmahm 31,3,6,3", &[0x13e3_3033]);
    assembles("fxvlax v0,0,r9; fxvstax v2,r9,r10", &[0x1000_4fb0, 0x1049_57f0]);
    assembles("fxvshb v1,v2,-1", &[0x1022_fcf4]);
    assembles("fxvaddactacbm v3; fxvaddtach v1,v2", &[0x1003_05b4, 0x1001_16b0]);
    assembles("fxvsplatb v1,r3; fxvcmpb v1", &[0x1023_0434, 0x1001_04b4]);
}

#[test]
fn labels_and_directives_make_a_program() {
    let program = assemble(
        "
        .set size, 3            # a constant
start:  li      r3, size
        mtctr   r3
1_not_a_label = 7
        ",
        0,
    );
    assert!(program.is_err(), "names do not begin with digits");
    let program = assemble(
        "
        .set size, 3            # a constant
start:  li      r3, size
        mtctr   r3
loop:   bdnz    loop            // backwards
        b       end
table:  .long   start, table+4, 1 << 4, -1
        .byte   1, ? & 0
end:    wait
",
        0,
    );
    assert_eq!(program.expect_err("an error").to_string(), "8:20: unexpected character `?`");
    let program = assemble(
        "start: li r3, table@l\n lis r3, table@ha\n b end /* over */\n.balign 16\ntable: .asciz \"hi\\n\"\n.align 2\nend: wait\n",
        0x8000,
    )
    .expect("a program");
    assert_eq!(program.symbols["table"], 0x8010);
    assert_eq!(program.symbols["end"], 0x8014);
    assert_eq!(
        program.words(),
        [0x3860_8010, 0x3c60_0001, 0x4800_000c, 0x6000_0000, 0x6869_0a00, 0x7c00_007c]
    );
}

#[test]
fn mistakes_are_reported_with_their_place() {
    fails("nop\n  frob r3", "2:3: unknown instruction `frob`");
    fails("addi r3,r4", "1:1: `addi` takes other operands: RT,RA,SI");
    fails("li r3, 40000", "1:8: 40000 does not fit field SI of `addi` (-32768..=32767)");
    fails("b nowhere", "1:3: undefined symbol `nowhere`");
    fails("a: nop\na: nop", "2:1: `a` is already defined");
    fails("lwz v3,0(r1)", "1:5: expected a register, not this");
    fails("fxvmtach r3", "1:10: expected a register, not this");
    fails("b 2", "1:3: branch displacement 2 is no multiple of 4");
    fails(".long 1/0", "1:8: division by zero");
    fails(".org 16\n.org 8", "2:1: cannot go to address 0x8");
    fails(".ascii \"open", "1:8: string is not closed");
}

#[test]
fn words_disassemble_to_the_notation_of_binutils() {
    let text = |word| disassemble(word, 0x100);
    assert_eq!(text(0x6000_0000), "nop");
    assert_eq!(text(0x3860_ffff), "li      r3,-1");
    assert_eq!(text(0x7c83_2378), "mr      r3,r4");
    assert_eq!(text(0x8061_0008), "lwz     r3,8(r1)");
    assert_eq!(text(0x409e_ffec), "bne     cr7,0xec");
    assert_eq!(text(0x4e80_0020), "blr");
    assert_eq!(text(0x1106_6030), "fxvmahm v8,v6,v12");
    assert_eq!(text(0x13e3_3033), "fxvmahm v31,v3,v6,3");
    assert_eq!(text(0x1003_05b4), "fxvaddactacbm v3");
    assert_eq!(text(0x0000_0000), ".long 0x00000000");
}

/// Any word, with instructions of the table frequent.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        (0..INSTRUCTIONS.len(), any::<u32>()).prop_map(|(row, bits)| {
            let info = &INSTRUCTIONS[row];
            info.matching | bits & !info.mask
        }),
    ]
}

proptest! {
    #[test]
    fn text_of_a_word_assembles_to_the_word(word in word(), address in any::<u32>().prop_map(|a| a & !3)) {
        let text = disassemble(word, address);
        let program = assemble(&text, address).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(program.words(), vec![word], "{}", text);
    }

    #[test]
    fn fields_of_a_word_encode_to_the_word(row in 0..INSTRUCTIONS.len(), bits in any::<u32>()) {
        let info = &INSTRUCTIONS[row];
        let fields = info.operands.iter().fold(0, |mask, o| mask | o.mask());
        let rc = u32::from(info.record == ppu_isa::table::Record::Selected);
        let oe = u32::from(info.overflow == ppu_isa::table::Overflow::Selected) << 10;
        let word = info.matching | bits & (fields | rc | oe);
        let i = Instruction::decode(word);
        prop_assert_eq!(i.op(), info.op);
        let mut values = Vec::new();
        for o in info.operands {
            use ppu_isa::table::Role;
            let field = i64::from(o.extract(word));
            let sign = if field >> (o.width() - 1) != 0 { 1i64 << o.width() } else { 0 };
            values.push((o.name, match o.role {
                Role::Signed => field - sign,
                Role::SignedWords => 4 * (field - sign),
                Role::SprSwappedHalves => field >> 5 | (field & 31) << 5,
                _ => field,
            }));
        }
        if rc != 0 { values.push(("Rc", i64::from(word & 1))); }
        if oe != 0 { values.push(("OE", i64::from(word >> 10 & 1))); }
        prop_assert_eq!(encode(info.op, &values), Ok(word));
    }

    #[test]
    fn a_word_is_known_exactly_if_it_matches_a_row(word in word()) {
        let row = INSTRUCTIONS.iter().find(|info| word & info.mask == info.matching);
        prop_assert_eq!(Instruction::decode(word).op().info().map(|i| i.mnemonic), row.map(|i| i.mnemonic));
    }

    #[test]
    fn any_text_gives_a_program_or_an_error(text in "[ -~\\n]{0,200}") {
        let _ = assemble(&text, 0);
    }

    #[test]
    fn text_made_of_assembly_gives_a_program_or_an_error(
        text in "((addi|lwz|b|bne\\+|\\.long|\\.org|fxvlax|mtspr|a:|\\.align|li) (r1|v2|cr3|a|4|-|\\(|,|@ha|<<|~| ){0,8}\\n){0,8}",
    ) {
        let _ = assemble(&text, 0);
    }
}

/// Words of text at address 0 as GNU as and ld make them; the oracle `oracles gas` asks the same of many more.
#[test]
fn macros_conditions_and_numbered_labels_give_the_words_of_gnu_as() {
    let words = |text: &str| match assemble(text, 0) {
        Ok(program) => program.words(),
        Err(error) => panic!("{}", error.explain("text", text)),
    };
    assert_eq!(words("1: bdnz 1b\n b 1f\n 1: b 1b"), [0x4200_0000, 0x4800_0004, 0x4800_0000]);
    assert_eq!(words(".rept 2\n nop\n .endr"), [0x6000_0000; 2]);
    assert_eq!(words(".irp r, 3, 4\n li r\\r, \\r\n .endr"), [0x3860_0003, 0x3880_0004]);
    assert_eq!(words(".macro two a, b=7\n .long \\a, \\b\n .endm\n two 1\n two 1, 2"), [1, 7, 1, 2]);
    assert_eq!(words(".if 2 > 1\n .long 1\n .else\n .long 2\n .endif"), [1]);
    // The precedences are not those of C.
    assert_eq!(words(".long 1 + 2 << 3, 1 | 2 + 4, 010"), [17, 7, 8]);
    assert_eq!(words(".word 1, 2\n .fill 2, 2, 0x1234"), [0x0001_0002, 0x1234_1234]);
    // A long gap in code begins with a branch over it; hints are the last bit of BO.
    assert_eq!(words("nop; .balign 32; nop")[1..4], [0x4800_001c, 0x6000_0000, 0x6000_0000]);
    assert_eq!(words("beq+ . + 8; beq- . + 8; beq- . - 8"), [0x41a2_0008, 0x4182_0008, 0x41a2_fff8]);
    assert_eq!(words("rlwinm r3,r3,0,0xff; extrwi r3,r4,8,16"), [0x5463_063e, 0x5483_c63e]);
    assert_eq!(words("lis r3, x + 4@ha; x = 0x12348000"), [0x3c60_1235]);
}

#[test]
fn sections_follow_each_other_and_zeros_come_last() {
    let text =
        ".data\n d: .long b, t\n .bss\n b: .space 4\n .text\n t: nop\n .section .init, \"ax\"\n i: nop\n";
    let program = assemble(text, 0x100).expect("a program");
    let place = |name: &str| program.symbols[name];
    assert_eq!([place("t"), place("i"), place("d"), place("b")], [0x100, 0x104, 0x108, 0x110]);
    assert_eq!(program.words(), [0x6000_0000, 0x6000_0000, 0x110, 0x100, 0]);
}

#[test]
fn mistakes_in_blocks_are_reported() {
    fails(".if 1\nnop", "2:1: a condition is not closed");
    fails(".endif", "1:1: `.endif` without a beginning");
    fails(".macro m\nnop", "1:1: a macro is not closed");
    fails(".macro m\nfrob\n.endm\n  m", "4:3: line 2 of macro `m`: unknown instruction `frob`");
    fails(".macro m a:req\n.endm\nm", "3:1: `m` takes other operands: a");
    fails(".error \"no\"", "1:1: no");
    fails(".byte 1\nnop", "2:1: an instruction cannot begin at address 0x1");
    fails("b 3f", "1:3: undefined symbol `3f`");
    let endless = assemble(".macro m\nm\n.endm\nm", 0).expect_err("an error").to_string();
    assert!(endless.ends_with("too much: macros within macros"), "{endless}");
    let error = assemble("nop\n\tli\tr3, 1 +", 0).expect_err("an error");
    assert_eq!(
        error.explain("a.s", "nop\n\tli\tr3, 1 +"),
        "a.s:2:2: expected a value\n    \tli\tr3, 1 +\n    \t^"
    );
}
