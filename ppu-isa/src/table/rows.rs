//! The instruction table (ppu-instructions.toml): the one place where instructions are listed.
//!
//! Columns: variant of [`Op`], mnemonic, format, `match / mask`, operands in order of their fields, record form
//! (`rc` bit 31 selects it, `dot` always, `-` never), overflow form (`oe` bit 21 selects it), timing [`Class`],
//! what is read and written beside the operands, lanes, meaning.
//!
//! Operand names with a suffix differ in role from the plain field: `RA_0` reads as zero for field 0, `RA_W` is
//! written, `RA_RW` both, `RT_31` and `RS_31` stand for the registers up to 31, `COND_X` is ignored by the hardware.
//!
//! Meaning: `x := e` assignment with all right-hand sides from before the instruction; `sext`, `zext` extension;
//! `lowN`, `hiN` bits; `satN` clamps to N bits; `fmulN` is the fractional product 2ab, clamped for (-1)(-1);
//! `a`, `b` lanes of VRA, VRB; `ACC` the accumulator of the lane; `RA|0` zero if the field is zero.

use super::operands::*;
use super::{Class, Format, Lanes, OpInfo, Overflow, Record, implicit};

macro_rules! record {
    (-) => {
        Record::Never
    };
    (rc) => {
        Record::Selected
    };
    (dot) => {
        Record::Always
    };
}
macro_rules! overflow {
    (-) => {
        Overflow::Never
    };
    (oe) => {
        Overflow::Selected
    };
}
macro_rules! lanes {
    (-) => {
        Lanes::None
    };
    (half) => {
        Lanes::Halfwords
    };
    (byte) => {
        Lanes::Bytes
    };
    (slice) => {
        Lanes::Slices
    };
    (word) => {
        Lanes::Words
    };
    (port) => {
        Lanes::Port
    };
}

macro_rules! instructions {
    ($($variant:ident $name:literal $format:ident $matching:literal / $mask:literal [$($operand:ident)*]
       $record:tt $overflow:tt $class:ident r[$($read:ident)*] w[$($write:ident)*] $lanes:tt $meaning:literal;)*) => {
        /// Which instruction a word is. The variants are those of the table [`INSTRUCTIONS`], in its order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = concat!("`", $name, "`: `", $meaning, "`")] $variant,)*
            /// A word that matches no row: a no-operation with side effects (ppu-isa 4.1).
            Unknown,
        }

        /// All instructions of the processor, indexed by `Op as usize`.
        pub static INSTRUCTIONS: [OpInfo; Op::Unknown as usize] = [$(OpInfo {
            op: Op::$variant,
            mnemonic: $name,
            format: Format::$format,
            matching: $matching,
            mask: $mask,
            operands: &[$($operand),*],
            record: record!($record),
            overflow: overflow!($overflow),
            class: Class::$class,
            reads: 0 $(| implicit::$read)*,
            writes: 0 $(| implicit::$write)*,
            lanes: lanes!($lanes),
            meaning: $meaning,
        }),*];
    };
}

use serde::{Deserialize, Serialize};

#[rustfmt::skip]
instructions! {
    // Integer arithmetic (ppu-isa 4.4).
    Mulli         "mulli"         D   0x1C000000 / 0xFC000000 [RT RA SI]           -   -  Mul         r[]              w[]          -     "RT := low32(signed(RA) * sext(SI))";
    Subfic        "subfic"        D   0x20000000 / 0xFC000000 [RT RA SI]           -   -  AluXer      r[]              w[CA]        -     "RT := ~RA + sext(SI) + 1; CA := carry_out";
    Addic         "addic"         D   0x30000000 / 0xFC000000 [RT RA SI]           -   -  AluXer      r[]              w[CA]        -     "RT := RA + sext(SI); CA := carry_out";
    AddicRecord   "addic."        D   0x34000000 / 0xFC000000 [RT RA SI]           dot -  AluXer      r[SO]            w[CA CR0]    -     "RT := RA + sext(SI); CA := carry_out; CR0 := cmps(RT, 0) | SO";
    Addi          "addi"          D   0x38000000 / 0xFC000000 [RT RA_0 SI]         -   -  Alu         r[]              w[]          -     "RT := (RA field == 0 ? 0 : RA) + sext(SI)";
    Addis         "addis"         D   0x3C000000 / 0xFC000000 [RT RA_0 SI]         -   -  Alu         r[]              w[]          -     "RT := (RA field == 0 ? 0 : RA) + (SI << 16)";
    Subfc         "subfc"         XO  0x7C000010 / 0xFC0003FE [RT RA RB]           rc  oe AluXer      r[]              w[CA]        -     "RT := ~RA + RB + 1; CA := carry_out";
    Addc          "addc"          XO  0x7C000014 / 0xFC0003FE [RT RA RB]           rc  oe AluXer      r[]              w[CA]        -     "RT := RA + RB; CA := carry_out";
    Subf          "subf"          XO  0x7C000050 / 0xFC0003FE [RT RA RB]           rc  oe Alu         r[]              w[]          -     "RT := ~RA + RB + 1";
    Neg           "neg"           XO  0x7C0000D0 / 0xFC0003FE [RT RA]              rc  oe Alu         r[]              w[]          -     "RT := ~RA + 1";
    Subfe         "subfe"         XO  0x7C000110 / 0xFC0003FE [RT RA RB]           rc  oe AluXer      r[CA]            w[CA]        -     "RT := ~RA + RB + CA; CA := carry_out";
    Adde          "adde"          XO  0x7C000114 / 0xFC0003FE [RT RA RB]           rc  oe AluXer      r[CA]            w[CA]        -     "RT := RA + RB + CA; CA := carry_out";
    Subfze        "subfze"        XO  0x7C000190 / 0xFC0003FE [RT RA]              rc  oe AluXer      r[CA]            w[CA]        -     "RT := ~RA + CA; CA := carry_out";
    Addze         "addze"         XO  0x7C000194 / 0xFC0003FE [RT RA]              rc  oe AluXer      r[CA]            w[CA]        -     "RT := RA + CA; CA := carry_out";
    Subfme        "subfme"        XO  0x7C0001D0 / 0xFC0003FE [RT RA]              rc  oe AluXer      r[CA]            w[CA]        -     "RT := ~RA + 0xFFFFFFFF + CA; CA := carry_out";
    Addme         "addme"         XO  0x7C0001D4 / 0xFC0003FE [RT RA]              rc  oe AluXer      r[CA]            w[CA]        -     "RT := RA + 0xFFFFFFFF + CA; CA := carry_out";
    Add           "add"           XO  0x7C000214 / 0xFC0003FE [RT RA RB]           rc  oe Alu         r[]              w[]          -     "RT := RA + RB";
    Mulhwu        "mulhwu"        XO  0x7C000016 / 0xFC0003FE [RT RA RB]           rc  -  Mul         r[]              w[]          -     "RT := high32(unsigned RA * unsigned RB)";
    Mulhw         "mulhw"         XO  0x7C000096 / 0xFC0003FE [RT RA RB]           rc  -  Mul         r[]              w[]          -     "RT := high32(signed RA * signed RB)";
    Mullw         "mullw"         XO  0x7C0001D6 / 0xFC0003FE [RT RA RB]           rc  oe Mul         r[]              w[]          -     "RT := low32(RA * RB); OV (if OE) := product not representable in 32 signed bits";
    Divwu         "divwu"         XO  0x7C000396 / 0xFC0003FE [RT RA RB]           rc  oe Div         r[]              w[]          -     "RT := RB == 0 ? 0xFFFFFFFF : unsigned RA / RB; OV (if OE) := (RB == 0)";
    Divw          "divw"          XO  0x7C0003D6 / 0xFC0003FE [RT RA RB]           rc  oe Div         r[]              w[]          -     "RB == 0: RT := RA >= 0 ? 0xFFFFFFFF : 0; RA == 0x80000000 and RB == -1: RT := 0x80000000; else truncating quotient; OV (if OE) := one of the two special cases";
    // Logic.
    Ori           "ori"           D   0x60000000 / 0xFC000000 [RS RA_W UI]         -   -  Alu         r[]              w[]          -     "RA := RS | zext(UI)";
    Oris          "oris"          D   0x64000000 / 0xFC000000 [RS RA_W UI]         -   -  Alu         r[]              w[]          -     "RA := RS | (UI << 16)";
    Xori          "xori"          D   0x68000000 / 0xFC000000 [RS RA_W UI]         -   -  Alu         r[]              w[]          -     "RA := RS ^ zext(UI)";
    Xoris         "xoris"         D   0x6C000000 / 0xFC000000 [RS RA_W UI]         -   -  Alu         r[]              w[]          -     "RA := RS ^ (UI << 16)";
    AndiRecord    "andi."         D   0x70000000 / 0xFC000000 [RS RA_W UI]         dot -  Alu         r[SO]            w[CR0]       -     "RA := RS & zext(UI); CR0 := cmps(RA, 0) | SO";
    AndisRecord   "andis."        D   0x74000000 / 0xFC000000 [RS RA_W UI]         dot -  Alu         r[SO]            w[CR0]       -     "RA := RS & (UI << 16); CR0 := cmps(RA, 0) | SO";
    And           "and"           X   0x7C000038 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := RS & RB";
    Andc          "andc"          X   0x7C000078 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := RS & ~RB";
    Nor           "nor"           X   0x7C0000F8 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := ~(RS | RB)";
    Eqv           "eqv"           X   0x7C000238 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := ~(RS ^ RB)";
    Xor           "xor"           X   0x7C000278 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := RS ^ RB";
    Orc           "orc"           X   0x7C000338 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := RS | ~RB";
    Or            "or"            X   0x7C000378 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := RS | RB";
    Nand          "nand"          X   0x7C0003B8 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "RA := ~(RS & RB)";
    Cntlzw        "cntlzw"        X   0x7C000034 / 0xFC0007FE [RS RA_W]            rc  -  Alu         r[]              w[]          -     "RA := number of leading zero bits of RS (32 if RS = 0)";
    Popcntb       "popcntb"       X   0x7C0000F4 / 0xFC0007FE [RS RA_W]            -   -  Alu         r[]              w[]          -     "each byte of RA := population count of the same byte of RS";
    Prtyw         "prtyw"         X   0x7C000134 / 0xFC0007FE [RS RA_W]            -   -  Alu         r[]              w[]          -     "RA := RS[7] ^ RS[15] ^ RS[23] ^ RS[31] (xor of the byte LSBs), 0 or 1";
    Extsh         "extsh"         X   0x7C000734 / 0xFC0007FE [RS RA_W]            rc  -  Alu         r[]              w[]          -     "RA := sext(low16(RS))";
    Extsb         "extsb"         X   0x7C000774 / 0xFC0007FE [RS RA_W]            rc  -  Alu         r[]              w[]          -     "RA := sext(low8(RS))";
    // Rotation and shift.
    Rlwimi        "rlwimi"        M   0x50000000 / 0xFC000000 [RS RA_RW SH MB ME]  rc  -  Alu         r[]              w[]          -     "r := rotl(RS,SH); m := mask(MB,ME); RA := (r & m) | (RA & ~m)";
    Rlwinm        "rlwinm"        M   0x54000000 / 0xFC000000 [RS RA_W SH MB ME]   rc  -  Alu         r[]              w[]          -     "RA := rotl(RS,SH) & mask(MB,ME)";
    Rlwnm         "rlwnm"         M   0x5C000000 / 0xFC000000 [RS RA_W RB MB ME]   rc  -  Alu         r[]              w[]          -     "RA := rotl(RS, RB[27:31]) & mask(MB,ME)";
    Slw           "slw"           X   0x7C000030 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "n := RB[27:31]; RA := RS << n";
    Srw           "srw"           X   0x7C000430 / 0xFC0007FE [RS RA_W RB]         rc  -  Alu         r[]              w[]          -     "n := RB[27:31]; RA := RS >> n (logical)";
    Sraw          "sraw"          X   0x7C000630 / 0xFC0007FE [RS RA_W RB]         rc  -  AluXer      r[]              w[CA]        -     "n := RB[27:31]; RA := RS >> n (arithmetic); CA := RS<0 and any 1 bit shifted out";
    Srawi         "srawi"         X   0x7C000670 / 0xFC0007FE [RS RA_W SH]         rc  -  AluXer      r[]              w[CA]        -     "RA := RS >> SH (arithmetic); CA := RS<0 and any 1 bit shifted out";
    // Comparisons and condition register (ppu-isa 4.4).
    Cmpli         "cmpli"         D   0x28000000 / 0xFC000000 [BF L RA UI]         -   -  AluCr       r[SO]            w[]          -     "CR[BF] := cmpu(RA, zext(UI)) | SO";
    Cmpi          "cmpi"          D   0x2C000000 / 0xFC000000 [BF L RA SI]         -   -  AluCr       r[SO]            w[]          -     "CR[BF] := cmps(RA, sext(SI)) | SO";
    Mcrf          "mcrf"          XL  0x4C000000 / 0xFC0007FE [BF BFA]             -   -  CrOp        r[]              w[]          -     "CR[BF] := CR[BFA]";
    Crnor         "crnor"         XL  0x4C000042 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := !(a | b) with a = CR bit BA, b = CR bit BB";
    Crandc        "crandc"        XL  0x4C000102 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := a & !b with a = CR bit BA, b = CR bit BB";
    Crxor         "crxor"         XL  0x4C000182 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := a ^ b with a = CR bit BA, b = CR bit BB";
    Crnand        "crnand"        XL  0x4C0001C2 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := !(a & b) with a = CR bit BA, b = CR bit BB";
    Crand         "crand"         XL  0x4C000202 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := a & b with a = CR bit BA, b = CR bit BB";
    Creqv         "creqv"         XL  0x4C000242 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := !(a ^ b) with a = CR bit BA, b = CR bit BB";
    Crorc         "crorc"         XL  0x4C000342 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := a | !b with a = CR bit BA, b = CR bit BB";
    Cror          "cror"          XL  0x4C000382 / 0xFC0007FE [BT BA BB]           -   -  CrOp        r[]              w[]          -     "CR bit BT := a | b with a = CR bit BA, b = CR bit BB";
    Cmp           "cmp"           X   0x7C000000 / 0xFC0007FE [BF L RA RB]         -   -  AluCr       r[SO]            w[]          -     "CR[BF] := cmps(RA, RB) | SO";
    Cmpl          "cmpl"          X   0x7C000040 / 0xFC0007FE [BF L RA RB]         -   -  AluCr       r[SO]            w[]          -     "CR[BF] := cmpu(RA, RB) | SO";
    Mfcr          "mfcr"          XFX 0x7C000026 / 0xFC0007FE [RT ONE FXM]         -   -  SprRead     r[CR]            w[]          -     "if bit 11 == 0: RT := CR; else: for each field i with FXM bit i set: RT[4i:4i+3] := CR[i], other bits of RT keep their old value";
    Mtcrf         "mtcrf"         XFX 0x7C000120 / 0xFC0007FE [RS ONE FXM]         -   -  CrOp        r[]              w[]          -     "for each field i with FXM bit i set: CR[i] := RS[4i:4i+3]";
    // Branches and traps (ppu-isa 4.4).
    Twi           "twi"           D   0x0C000000 / 0xFC000000 [TO RA SI]           -   -  Trap        r[]              w[TRAP]      -     "if trap_cond(TO, RA, sext(SI)) raise PROGRAM(ESR=PTR)";
    Bc            "bc"            B   0x40000000 / 0xFC000000 [BO BI BD AA LK]     -   -  Branch      r[CTR]           w[PC CTR LR] -     "if !BO[2]: CTR := CTR - 1; ok := (BO[2] | ((CTR != 0) ^ BO[3])) & (BO[0] | (CR[BI] == BO[1])); if LK: LR := CIA + 4; if ok: PC := (AA ? 0 : CIA) + sext(BD << 2)";
    B             "b"             I   0x48000000 / 0xFC000000 [LI AA LK]           -   -  Branch      r[]              w[PC LR]     -     "if LK: LR := CIA + 4; PC := (AA ? 0 : CIA) + sext(LI << 2)";
    Bclr          "bclr"          XL  0x4C000020 / 0xFC0007FE [BO BI BH LK]        -   -  Branch      r[LR CTR]        w[PC CTR LR] -     "as bc, target := LR & ~3 (LR read before it is rewritten)";
    Bcctr         "bcctr"         XL  0x4C000420 / 0xFC0007FE [BO BI BH LK]        -   -  Branch      r[CTR]           w[PC LR]     -     "as bc, target := CTR & ~3; if BO[2]=0 the test uses CTR-1 but CTR is NOT written (invalid form in the Power ISA)";
    Rfmci         "rfmci"         XL  0x4C00004C / 0xFC0007FE []                   -   -  Branch      r[MCSRR0 MCSRR1] w[PC MSR]    -     "PC := MCSRR0 & ~3; MSR := MCSRR1 (masked by the implemented bits)";
    Rfi           "rfi"           XL  0x4C000064 / 0xFC0007FE []                   -   -  Branch      r[SRR0 SRR1]     w[PC MSR]    -     "PC := SRR0 & ~3; MSR := SRR1 (masked by the implemented bits)";
    Rfci          "rfci"          XL  0x4C000066 / 0xFC0007FE []                   -   -  Branch      r[CSRR0 CSRR1]   w[PC MSR]    -     "PC := CSRR0 & ~3; MSR := CSRR1 (masked by the implemented bits)";
    Tw            "tw"            X   0x7C000008 / 0xFC0007FE [TO RA RB]           -   -  Trap        r[]              w[TRAP]      -     "if trap_cond(TO, RA, RB) raise PROGRAM(ESR=PTR)";
    // Memory access (ppu-isa 4.3).
    Lwz           "lwz"           D   0x80000000 / 0xFC000000 [RT RA_0 D]          -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + sext(D); RT := mem32[EA]";
    Lwzu          "lwzu"          D   0x84000000 / 0xFC000000 [RT RA_RW D]         -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + sext(D); RT := mem32[EA]; RA := EA";
    Lbz           "lbz"           D   0x88000000 / 0xFC000000 [RT RA_0 D]          -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + sext(D); RT := zext(mem8)[EA]";
    Lbzu          "lbzu"          D   0x8C000000 / 0xFC000000 [RT RA_RW D]         -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + sext(D); RT := zext(mem8)[EA]; RA := EA";
    Lhz           "lhz"           D   0xA0000000 / 0xFC000000 [RT RA_0 D]          -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + sext(D); RT := zext(mem16)[EA]";
    Lhzu          "lhzu"          D   0xA4000000 / 0xFC000000 [RT RA_RW D]         -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + sext(D); RT := zext(mem16)[EA]; RA := EA";
    Lha           "lha"           D   0xA8000000 / 0xFC000000 [RT RA_0 D]          -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + sext(D); RT := sext(mem16)[EA]";
    Lhau          "lhau"          D   0xAC000000 / 0xFC000000 [RT RA_RW D]         -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + sext(D); RT := sext(mem16)[EA]; RA := EA";
    Stw           "stw"           D   0x90000000 / 0xFC000000 [RS RA_0 D]          -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + sext(D); mem32[EA] := low32(RS)";
    Stwu          "stwu"          D   0x94000000 / 0xFC000000 [RS RA_RW D]         -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + sext(D); mem32[EA] := low32(RS); RA := EA";
    Stb           "stb"           D   0x98000000 / 0xFC000000 [RS RA_0 D]          -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + sext(D); mem8[EA] := low8(RS)";
    Stbu          "stbu"          D   0x9C000000 / 0xFC000000 [RS RA_RW D]         -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + sext(D); mem8[EA] := low8(RS); RA := EA";
    Sth           "sth"           D   0xB0000000 / 0xFC000000 [RS RA_0 D]          -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + sext(D); mem16[EA] := low16(RS)";
    Sthu          "sthu"          D   0xB4000000 / 0xFC000000 [RS RA_RW D]         -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + sext(D); mem16[EA] := low16(RS); RA := EA";
    Lmw           "lmw"           D   0xB8000000 / 0xFC000000 [RT_31 RA_0 D]       -   -  Multiple    r[MEM]           w[]          -     "for k in 0..=31-RT: GPR[RT+k] := mem32[(RA|0) + sext(D) + 4*k]";
    Stmw          "stmw"          D   0xBC000000 / 0xFC000000 [RS_31 RA_0 D]       -   -  Multiple    r[]              w[MEM]       -     "for k in 0..=31-RS: mem32[(RA|0) + sext(D) + 4*k] := GPR[RS+k]";
    Lwzx          "lwzx"          X   0x7C00002E / 0xFC0007FE [RT RA_0 RB]         -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + RB; RT := mem32[EA]";
    Lbzx          "lbzx"          X   0x7C0000AE / 0xFC0007FE [RT RA_0 RB]         -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + RB; RT := zext(mem8)[EA]";
    Lhzx          "lhzx"          X   0x7C00022E / 0xFC0007FE [RT RA_0 RB]         -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + RB; RT := zext(mem16)[EA]";
    Lhax          "lhax"          X   0x7C0002AE / 0xFC0007FE [RT RA_0 RB]         -   -  Load        r[MEM]           w[]          -     "EA := (RA|0) + RB; RT := sext(mem16)[EA]";
    Lwzux         "lwzux"         X   0x7C00006E / 0xFC0007FE [RT RA_RW RB]        -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + RB; RT := mem32[EA]; RA := EA";
    Lbzux         "lbzux"         X   0x7C0000EE / 0xFC0007FE [RT RA_RW RB]        -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + RB; RT := zext(mem8)[EA]; RA := EA";
    Lhzux         "lhzux"         X   0x7C00026E / 0xFC0007FE [RT RA_RW RB]        -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + RB; RT := zext(mem16)[EA]; RA := EA";
    Lhaux         "lhaux"         X   0x7C0002EE / 0xFC0007FE [RT RA_RW RB]        -   -  LoadUpdate  r[MEM]           w[]          -     "EA := RA + RB; RT := sext(mem16)[EA]; RA := EA";
    Stwx          "stwx"          X   0x7C00012E / 0xFC0007FE [RS RA_0 RB]         -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + RB; mem32[EA] := low32(RS)";
    Stbx          "stbx"          X   0x7C0001AE / 0xFC0007FE [RS RA_0 RB]         -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + RB; mem8[EA] := low8(RS)";
    Sthx          "sthx"          X   0x7C00032E / 0xFC0007FE [RS RA_0 RB]         -   -  Store       r[]              w[MEM]       -     "EA := (RA|0) + RB; mem16[EA] := low16(RS)";
    Stwux         "stwux"         X   0x7C00016E / 0xFC0007FE [RS RA_RW RB]        -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + RB; mem32[EA] := low32(RS); RA := EA";
    Stbux         "stbux"         X   0x7C0001EE / 0xFC0007FE [RS RA_RW RB]        -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + RB; mem8[EA] := low8(RS); RA := EA";
    Sthux         "sthux"         X   0x7C00036E / 0xFC0007FE [RS RA_RW RB]        -   -  StoreUpdate r[]              w[MEM]       -     "EA := RA + RB; mem16[EA] := low16(RS); RA := EA";
    // System (ppu-isa 3).
    Wait          "wait"          X   0x7C00007C / 0xFC0007FE [WC]                 -   -  Wait        r[]              w[]          -     "if WC == 0: sync; sleep until wake-up; else: nop";
    Mfmsr         "mfmsr"         X   0x7C0000A6 / 0xFC0007FE [RT]                 -   -  SprRead     r[MSR]           w[]          -     "RT := MSR";
    Mtmsr         "mtmsr"         X   0x7C000124 / 0xFC0007FE [RS]                 -   -  Mtmsr       r[]              w[MSR]       -     "MSR := RS & 0x00029230";
    Sync          "sync"          X   0x7C0004AC / 0xFC0007FE []                   -   -  Sync        r[]              w[]          -     "wait until all earlier instructions, memory accesses and vector instructions are complete";
    Eciwx         "eciwx"         X   0x7C00026C / 0xFC0007FE [RT RA RB]           -   -  Io          r[]              w[]          -     "read from the optional IO bus";
    Ecowx         "ecowx"         X   0x7C00036C / 0xFC0007FE [RS RA RB]           -   -  Io          r[]              w[]          -     "write to the optional IO bus";
    Mfspr         "mfspr"         XFX 0x7C0002A6 / 0xFC0007FE [RT SPR]             -   -  SprRead     r[]              w[]          -     "RT := SPR[n]; n = (bits 16..20 << 5) | bits 11..15";
    Mtspr         "mtspr"         XFX 0x7C0003A6 / 0xFC0007FE [RS SPR]             -   -  SprWrite    r[]              w[]          -     "SPR[n] := RS";
    // Vector: multiply, add, accumulate (ppu-isa 5.4).
    Fxvmahm       "fxvmahm"       FXV 0x10000030 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[ACC]           w[]          half  "VRT := low16(ACC + s(a)*s(b))";
    Fxvmabm       "fxvmabm"       FXV 0x10000034 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[ACC]           w[]          byte  "VRT := low8(ACC + s(a)*s(b))";
    Fxvmtach      "fxvmtach"      FXV 0x1000003C / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[]              w[ACC]       half  "ACC := sext32(a)";
    Fxvmtacb      "fxvmtacb"      FXV 0x10000038 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[]              w[ACC]       byte  "ACC := sext16(a)";
    Fxvmahfs      "fxvmahfs"      FXV 0x10000070 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[ACC]           w[]          half  "VRT := hi16(sat32(ACC + fmul16(a,b)))";
    Fxvmabfs      "fxvmabfs"      FXV 0x10000074 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[ACC]           w[]          byte  "VRT := hi8(sat16(ACC + fmul8(a,b)))";
    Fxvmtachf     "fxvmtachf"     FXV 0x1000007C / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[]              w[ACC]       half  "ACC := a << 16";
    Fxvmtacbf     "fxvmtacbf"     FXV 0x10000078 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[]              w[ACC]       byte  "ACC := a << 8";
    Fxvmatachm    "fxvmatachm"    FXV 0x100000B0 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[ACC]           w[ACC]       half  "ACC := low32(ACC + s(a)*s(b))";
    Fxvmatacbm    "fxvmatacbm"    FXV 0x100000B4 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[ACC]           w[ACC]       byte  "ACC := low16(ACC + s(a)*s(b))";
    Fxvmatachfs   "fxvmatachfs"   FXV 0x100000F0 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[ACC]           w[ACC]       half  "ACC := sat32(ACC + fmul16(a,b))";
    Fxvmatacbfs   "fxvmatacbfs"   FXV 0x100000F4 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[ACC]           w[ACC]       byte  "ACC := sat16(ACC + fmul8(a,b))";
    Fxvmulhm      "fxvmulhm"      FXV 0x10000130 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := low16(s(a)*s(b))";
    Fxvmulbm      "fxvmulbm"      FXV 0x10000134 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := low8(s(a)*s(b))";
    Fxvmulhfs     "fxvmulhfs"     FXV 0x10000170 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := hi16(fmul16(a,b))";
    Fxvmulbfs     "fxvmulbfs"     FXV 0x10000174 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := hi8(fmul8(a,b))";
    Fxvmultachm   "fxvmultachm"   FXV 0x100001B0 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       half  "ACC := s(a)*s(b) (32 bit)";
    Fxvmultacbm   "fxvmultacbm"   FXV 0x100001B4 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       byte  "ACC := s(a)*s(b) (16 bit)";
    Fxvmultachfs  "fxvmultachfs"  FXV 0x100001F0 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       half  "ACC := fmul16(a,b)";
    Fxvmultacbfs  "fxvmultacbfs"  FXV 0x100001F4 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       byte  "ACC := fmul8(a,b)";
    Fxvsubhm      "fxvsubhm"      FXV 0x10000530 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := low16(a - b)";
    Fxvsubbm      "fxvsubbm"      FXV 0x10000534 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := low8(a - b)";
    Fxvsubhfs     "fxvsubhfs"     FXV 0x10000570 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := sat16(s(a) - s(b))";
    Fxvsubbfs     "fxvsubbfs"     FXV 0x10000574 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := sat8(s(a) - s(b))";
    Fxvaddactachm "fxvaddactachm" FXV 0x100005B0 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[ACC]           w[ACC]       half  "ACC := low32(ACC + sext32(a))";
    Fxvaddactacb  "fxvaddactacb"  FXV 0x100005B4 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[ACC]           w[ACC]       byte  "ACC := low16(ACC + sext16(a))";
    Fxvaddactachf "fxvaddactachf" FXV 0x100005F0 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[ACC]           w[ACC]       half  "ACC := sat32(ACC + (a << 16))";
    Fxvaddactacbf "fxvaddactacbf" FXV 0x100005F4 / 0xFC0007FC [VRA COND]           -   -  VecMadd1    r[ACC]           w[ACC]       byte  "ACC := sat16(ACC + (a << 8))";
    Fxvaddachm    "fxvaddachm"    FXV 0x10000630 / 0xFC0007FC [VRT VRA COND]       -   -  VecMadd1    r[ACC]           w[]          half  "VRT := low16(ACC + sext32(a))";
    Fxvaddacbm    "fxvaddacbm"    FXV 0x10000634 / 0xFC0007FC [VRT VRA COND]       -   -  VecMadd1    r[ACC]           w[]          byte  "VRT := low8(ACC + sext16(a))";
    Fxvaddachfs   "fxvaddachfs"   FXV 0x10000670 / 0xFC0007FC [VRT VRA COND]       -   -  VecMadd1    r[ACC]           w[]          half  "VRT := hi16(sat32(ACC + (a << 16)))";
    Fxvaddacbfs   "fxvaddacbfs"   FXV 0x10000674 / 0xFC0007FC [VRT VRA COND]       -   -  VecMadd1    r[ACC]           w[]          byte  "VRT := hi8(sat16(ACC + (a << 8)))";
    Fxvaddtachm   "fxvaddtachm"   FXV 0x100006B0 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       half  "ACC := sext32(a) + sext32(b)";
    Fxvaddtacb    "fxvaddtacb"    FXV 0x100006B4 / 0xFC0007FC [VRA VRB COND]       -   -  VecMadd2    r[]              w[ACC]       byte  "ACC := sext16(a) + sext16(b)";
    Fxvaddhm      "fxvaddhm"      FXV 0x10000730 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := low16(a + b)";
    Fxvaddbm      "fxvaddbm"      FXV 0x10000734 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := low8(a + b)";
    Fxvaddhfs     "fxvaddhfs"     FXV 0x10000770 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          half  "VRT := sat16(s(a) + s(b))";
    Fxvaddbfs     "fxvaddbfs"     FXV 0x10000774 / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecMadd2    r[]              w[]          byte  "VRT := sat8(s(a) + s(b))";
    // Vector: comparison with zero (ppu-isa 5.3).
    Fxvcmph       "fxvcmph"       FXV 0x100004B0 / 0xFC0007FC [VRA COND_X]         -   -  VecCmp      r[]              w[VCR]       half  "VCR lane := {eq: a == 0, gt: s(a) > 0, lt: s(a) < 0}, same value for both bytes of the lane";
    Fxvcmpb       "fxvcmpb"       FXV 0x100004B4 / 0xFC0007FC [VRA COND_X]         -   -  VecCmp      r[]              w[VCR]       byte  "VCR lane := {eq: a == 0, gt: s(a) > 0, lt: s(a) < 0}";
    // Vector: permutation (ppu-isa 5.3, 5.7).
    Fxvsel        "fxvsel"        FXV 0x100004FC / 0xFC0007FC [VRT VRA VRB COND]   -   -  VecPerm2    r[]              w[]          byte  "byte := (COND == 0 or VCR satisfies COND) ? b : a";
    Fxvshh        "fxvshh"        FXV 0x100004F0 / 0xFC0007FC [VRT VRA SI5 COND_X] -   -  VecPerm1    r[]              w[]          half  "n := SI5; n >= 0: VRT := low16(a << n); n < 0: VRT := a >> -n (logical); |n| >= 16 gives 0";
    Fxvshb        "fxvshb"        FXV 0x100004F4 / 0xFC0007FC [VRT VRA SI5 COND_X] -   -  VecPerm1    r[]              w[]          byte  "n := SI5; n >= 0: VRT := low8(a << n); n < 0: VRT := a >> -n (logical); |n| >= 8 gives 0";
    Fxvsplath     "fxvsplath"     FXV 0x10000430 / 0xFC0007FC [VRT RA COND_X]      -   -  VecPerm0    r[]              w[]          half  "every halfword := low16(GPR[RA])";
    Fxvsplatb     "fxvsplatb"     FXV 0x10000434 / 0xFC0007FC [VRT RA COND_X]      -   -  VecPerm0    r[]              w[]          byte  "every byte := low8(GPR[RA])";
    Fxvpckbu      "fxvpckbu"      FXV 0x100003BC / 0xFC0007FC [VRT VRA VRB C]      -   -  VecPerm2    r[]              w[]          slice "for i in 0..8: y[i] := a[2i] >> C; y[8+i] := b[2i] >> C (logical)";
    Fxvpckbl      "fxvpckbl"      FXV 0x100003FC / 0xFC0007FC [VRT VRA VRB C]      -   -  VecPerm2    r[]              w[]          slice "for i in 0..8: y[i] := ((a[2i] & (2^C-1)) << (8-2C)) | (a[2i+1] >> 2C); y[8+i] := the same from b";
    Fxvupckbr     "fxvupckbr"     FXV 0x1000043C / 0xFC0007FC [VRT VRA VRB C]      -   -  VecPerm2    r[]              w[]          slice "for i in 0..8: p := a[8+i], r := b[8+i]; y[2i] := low8(p << C) | ((r >> (8-2C)) & (2^C-1)); y[2i+1] := low8(r << 2C)";
    Fxvupckbl     "fxvupckbl"     FXV 0x1000047C / 0xFC0007FC [VRT VRA VRB C]      -   -  VecPerm2    r[]              w[]          slice "for i in 0..8: p := a[i], r := b[i]; y[2i] := low8(p << C) | ((r >> (8-2C)) & (2^C-1)); y[2i+1] := low8(r << 2C)";
    // Vector: memory and parallel port (ppu-isa 5.8, 5.9).
    Fxvlax        "fxvlax"        FXV 0x100007B0 / 0xFC0007FC [VRT RA_0 RB COND_X] -   -  VecLsLoad   r[MEM]           w[]          word  "EA := ((RA|0) + RB) & ~3; for k in 0..32: VRT word k := mem32[EA + 4k]";
    Fxvstax       "fxvstax"       FXV 0x100007F0 / 0xFC0007FC [VRS RA_0 RB COND_X] -   -  VecLsStore  r[]              w[MEM]       word  "EA := ((RA|0) + RB) & ~3; for k in 0..32: mem32[EA + 4k] := VRS word k";
    Fxvinx        "fxvinx"        FXV 0x100003B0 / 0xFC0007FC [VRT RA_0 RB COND]   -   -  VecPlsIn    r[PORT]          w[]          port  "EA := (RA|0) + RB; VRT := pbus_read(EA, byte_enable = mask(COND)); lanes not enabled read as 0 (see text)";
    Fxvoutx       "fxvoutx"       FXV 0x100003F0 / 0xFC0007FC [VRS RA_0 RB COND]   -   -  VecPlsOut   r[]              w[PORT]      port  "EA := (RA|0) + RB; pbus_write(EA, VRS, byte_enable = mask(COND))";
}
