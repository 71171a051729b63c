//! Where this processor is not the one that the other tools know, and what is therefore not compared.

use ppu_isa::table::Class;
use ppu_isa::{Instruction, Op, Quirks, State};

use super::program::COMPARED;

/// A reason not to compare what an instruction computes.
#[derive(Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Name for reports.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
}

macro_rules! deviations {
    ($($(#[$doc:meta])* $constant:ident $name:literal $reason:literal;)*) => {
        $($(#[$doc])* pub const $constant: Deviation = Deviation { name: $name, reason: $reason };)*
        /// All of them.
        pub const DEVIATIONS: &[Deviation] = &[$($constant),*];
    };
}

deviations! {
    /// slw, srw, sraw.
    SHIFT_AMOUNT "shift amount"
        "slw, srw and sraw use five bits of the amount, the Power ISA six (ppu-isa 4.2); compared with the switch off";
    /// divw, divwu.
    DIVISION "division without result"
        "the Power ISA leaves quotients of x / 0 and 0x80000000 / -1 undefined (ppu-isa 4.2)";
    /// mfocrf.
    MFOCRF "mfocrf merges"
        "the bits of RT outside one selected field are undefined in the Power ISA, kept here (ppu-isa 4.2)";
    /// mtocrf.
    MTOCRF "mtocrf of several fields"
        "undefined in the Power ISA, writes all selected fields here (ppu-isa 4.2)";
    /// bcctr.
    BCCTR "bcctr that counts"
        "invalid in the Power ISA, tests CTR - 1 without writing it here (ppu-isa 4.2)";
    /// Loads and stores with update.
    UPDATE "update without distinct base"
        "update forms with RA = 0, and loads with RA = RT, are invalid in the Power ISA (ppu-isa 4.2)";
    /// lmw.
    LMW "lmw over its base"
        "lmw with RA among its targets is invalid in the Power ISA, re-reads RA here (ppu-isa 4.2)";
    /// Alignment.
    ALIGNMENT "misaligned access"
        "an access that crosses a word interrupts here (ppu-isa 4.3), user-mode emulation completes it";
    /// Outside of the window.
    OUTSIDE "access outside of the window"
        "only the memory window is compared, and the program must not change itself";
    /// mtxer.
    XER_WIDTH "mtxer of a byte count"
        "29 bits of XER do not exist here (ppu-isa 3.1); in the Power ISA seven of them are the string byte count";
    /// cmp with L = 1.
    COMPARE_LONG "64-bit comparison"
        "L is not examined here (ppu-isa 4.2), and L = 1 is invalid in a 32-bit Power ISA processor";
    /// tw, twi.
    TRAP "taken trap"
        "ends the process in user-mode emulation; interrupts are covered by golden data";
    /// Programs only.
    ENDLESS "loop without end"
        "a random loop that the model did not leave soon";
}

/// Rows that are never part of a compared program, with the reason.
pub const EXCLUDED_ROWS: &[(Op, &str)] = &[
    (Op::Rfi, "privileged: no user-mode emulation"),
    (Op::Rfci, "privileged: no user-mode emulation"),
    (Op::Rfmci, "privileged: no user-mode emulation"),
    (Op::Mfmsr, "privileged: no user-mode emulation"),
    (Op::Mtmsr, "privileged: no user-mode emulation"),
    (Op::Wait, "sleeps; the code point means something else on other processors"),
    (Op::Eciwx, "no unit behind it (ppu-isa 4.1)"),
    (Op::Ecowx, "no unit behind it (ppu-isa 4.1)"),
    (Op::Popcntb, "in no 32-bit processor of QEMU: compared with qemu-ppc64 by itself"),
    (Op::Prtyw, "in no 32-bit processor of QEMU: compared with qemu-ppc64 by itself"),
];

/// Special registers that a user-mode program may move: XER, LR, CTR. The others are privileged or do not exist.
pub const USER_SPRS: [u16; 3] = [1, 8, 9];

/// Why the result of an instruction in a state is not to be compared, if there is a reason.
pub fn deviation(i: &Instruction, state: &State, quirks: &Quirks) -> Option<&'static Deviation> {
    let field = |name: &str| i.field(name).unwrap_or(0);
    let gpr = |name: &str| state.gpr[field(name) as usize];
    let fields_selected = field("FXM").count_ones();
    Some(match i.op() {
        Op::Slw | Op::Srw | Op::Sraw if quirks.shift_mod32 && gpr("RB") & 32 != 0 => &SHIFT_AMOUNT,
        Op::Divw | Op::Divwu if gpr("RB") == 0 => &DIVISION,
        Op::Divw if gpr("RA") == 0x8000_0000 && gpr("RB") == u32::MAX => &DIVISION,
        Op::Mfcr if field("ONE") != 0 => {
            let kept = !(0xf << (4 * field("FXM").trailing_zeros().min(7)));
            if fields_selected == 1 && gpr("RT") & kept == 0 {
                return None;
            }
            &MFOCRF
        }
        Op::Mtcrf if field("ONE") != 0 && fields_selected != 1 => &MTOCRF,
        Op::Bcctr if field("BO") & 4 == 0 => &BCCTR,
        Op::Mtspr if i.field("SPR") == Some(1 << 5) && gpr("RS") & 0x1fff_ffff != 0 => &XER_WIDTH,
        Op::Tw if traps(field("TO"), gpr("RA"), gpr("RB")) => &TRAP,
        Op::Twi if traps(field("TO"), gpr("RA"), field("SI") as u16 as i16 as u32) => &TRAP,
        Op::Cmp | Op::Cmpi | Op::Cmpl | Op::Cmpli if field("L") != 0 => &COMPARE_LONG,
        _ => return access(i, state),
    })
}

/// Whether one of the relations that TO selects holds (ppu-isa 4.4).
fn traps(to: u32, a: u32, b: u32) -> bool {
    let (signed_a, signed_b) = (a as i32, b as i32);
    let relations = [signed_a < signed_b, signed_a > signed_b, a == b, a < b, a > b];
    relations.into_iter().enumerate().any(|(n, holds)| holds && to & (16 >> n) != 0)
}

fn access(i: &Instruction, state: &State) -> Option<&'static Deviation> {
    let class = i.class();
    let load = matches!(class, Class::Load | Class::LoadUpdate) || i.op() == Op::Lmw;
    let update = matches!(class, Class::LoadUpdate | Class::StoreUpdate);
    if !load && !update && !matches!(class, Class::Store | Class::Multiple) {
        return None;
    }
    let base = i.field("RA").unwrap_or(0);
    let target = i.field("RT").or(i.field("RS")).unwrap_or(0);
    if update && (base == 0 || load && base == target) {
        return Some(&UPDATE);
    }
    if i.op() == Op::Lmw && base >= target {
        return Some(&LMW);
    }
    let size = access_size(i.op());
    let address = effective_address(i, state);
    let words = if class == Class::Multiple { 32 - target } else { 1 };
    if (address & 3) + size > 4 {
        return Some(&ALIGNMENT);
    }
    let end = u64::from(address) + u64::from(size.max(4 * words * u32::from(words > 1)));
    let inside = address >= COMPARED.start && end <= u64::from(COMPARED.end);
    (!inside).then_some(&OUTSIDE)
}

/// The address that a load or store uses.
fn effective_address(i: &Instruction, state: &State) -> u32 {
    let base = i.field("RA").unwrap_or(0);
    let base = if base == 0 { 0 } else { state.gpr[base as usize] };
    let offset = match i.field("RB") {
        Some(index) => state.gpr[index as usize],
        None => i.field("D").unwrap_or(0) as u16 as i16 as u32,
    };
    base.wrapping_add(offset)
}

/// Bytes of an access.
pub fn access_size(op: Op) -> u32 {
    let name = op.info().map_or("", |info| info.mnemonic);
    match name.as_bytes() {
        [b'l', b'b', ..] | [b's', b't', b'b', ..] => 1,
        [b'l', b'h', ..] | [b's', b't', b'h', ..] => 2,
        _ => 4,
    }
}
