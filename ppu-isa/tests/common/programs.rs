//! Random programs in the form of a compiler: loops, subroutines, branches that depend on data.

use proptest::prelude::*;

/// A random instruction that keeps r8..r15 (pointers and counters).
fn instruction() -> impl Strategy<Value = String> {
    let r = 0u8..8;
    let v = 0u8..6;
    let slot = (0u32..16).prop_map(|n| 4 * n);
    prop_oneof![
        6 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("add r{t}, r{a}, r{b}")),
        2 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("mullw r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("mullw. r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("divwu r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("addic r{t}, r{a}, 3")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("srawi r{t}, r{a}, 1")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("xor. r{t}, r{a}, r{t}")),
        1 => (0u8..8, r.clone()).prop_map(|(f, a)| format!("cmpwi cr{f}, r{a}, 7")),
        1 => (0u8..32, 0u8..32, 0u8..32).prop_map(|(t, a, b)| format!("crxor {t}, {a}, {b}")),
        1 => r.clone().prop_map(|t| format!("mfcr r{t}")),
        1 => r.clone().prop_map(|t| format!("mtspr 256, r{t}")),
        1 => r.clone().prop_map(|t| format!("mfspr r{t}, 284")),
        4 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("lwz r{t}, {d}(r10)")),
        3 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("stw r{t}, {d}(r10)")),
        1 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("lwz r{t}, {d}(r11)")),
        1 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("stw r{t}, {d}(r11)")),
        1 => r.clone().prop_map(|t| format!("lwzu r{t}, 0(r10)")),
        1 => r.clone().prop_map(|t| format!("stwu r{t}, 0(r10)")),
        1 => Just("stmw r24, 64(r10)".to_owned()),
        1 => Just("lmw r24, 64(r10)".to_owned()),
        1 => Just("nop".to_owned()),
        1 => Just("sync".to_owned()),
        1 => Just("mtmsr r14".to_owned()),
        1 => Just("twi 0, r0, 0".to_owned()),
        2 => (v.clone(), v.clone(), v.clone(), 0u8..4)
            .prop_map(|(t, a, b, c)| format!("fxvmahm v{t}, v{a}, v{b}, {c}")),
        2 => (v.clone(), v.clone(), v.clone()).prop_map(|(t, a, b)| format!("fxvaddbfs v{t}, v{a}, v{b}")),
        1 => v.clone().prop_map(|a| format!("fxvmtach v{a}")),
        1 => v.clone().prop_map(|a| format!("fxvcmpb v{a}")),
        1 => (v.clone(), v.clone(), v.clone(), 0u8..4)
            .prop_map(|(t, a, b, c)| format!("fxvsel v{t}, v{a}, v{b}, {c}")),
        1 => (v.clone(), v.clone()).prop_map(|(t, a)| format!("fxvshh v{t}, v{a}, 1")),
        1 => (v.clone(), r.clone()).prop_map(|(t, a)| format!("fxvsplatb v{t}, r{a}")),
        1 => v.clone().prop_map(|t| format!("fxvlax v{t}, 0, r12")),
        1 => v.clone().prop_map(|t| format!("fxvstax v{t}, 0, r12")),
        1 => v.clone().prop_map(|t| format!("fxvinx v{t}, 0, r13")),
        1 => v.clone().prop_map(|t| format!("fxvoutx v{t}, 0, r13")),
    ]
}

/// Loops of random bodies with branches that depend on data; subroutines and interrupts come in.
pub(crate) fn program(interrupts: bool) -> impl Strategy<Value = String> {
    let body = || prop::collection::vec((instruction(), 0u8..8, 0u8..32), 1..14);
    (prop::collection::vec((body(), 2u8..40), 1..5), body(), 2u8..6).prop_map(
        move |(loops, subroutine, rounds)| {
            let mut text = String::from("b start\n");
            // The vectors: a doorbell returns at once.
            for n in 1..16 {
                text.push_str(if n == 9 { "rfi\n" } else { "nop\n" });
            }
            text.push_str(
                "start:\nlis r11, 1\nli r10, 0x2000\nli r12, 0x3000\nli r13, 5\nli r14, 0\nli r1, 77\nli r2, 3\n",
            );
            if interrupts {
                text.push_str("lis r14, 0\nori r14, r14, 0x8000\nmtmsr r14\n");
            }
            text.push_str(&format!("li r15, {rounds}\nouter:\n"));
            for (l, (body, count)) in loops.iter().enumerate() {
                text.push_str(&format!("li r9, {count}\nmtctr r9\nloop{l}:\n"));
                for (n, (instruction, kind, bit)) in body.iter().enumerate() {
                    text.push_str(instruction);
                    text.push('\n');
                    match kind {
                        0 => text.push_str(&format!("bc 12, {bit}, skip{l}_{n}\nadd r3, r3, r9\nskip{l}_{n}:\n")),
                        1 => text.push_str(&format!(
                            "andi. r7, r9, 3\nbne skip{l}_{n}\nxor r5, r5, r9\nskip{l}_{n}:\n"
                        )),
                        2 if *bit < 8 => text.push_str("bl subroutine\n"),
                        _ => {}
                    }
                }
                text.push_str(&format!("addi r9, r9, -1\nbdnz loop{l}\n"));
            }
            text.push_str("addi r15, r15, -1\ncmpwi cr7, r15, 0\nbne cr7, outer\nsync\nwait\nb outer\nsubroutine:\n");
            for (instruction, ..) in &subroutine {
                text.push_str(instruction);
                text.push('\n');
            }
            text.push_str("blr\n");
            text
        },
    )
}
