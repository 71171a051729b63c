//! The reference page of the instructions, made from the table.

use std::fmt::Write as _;
use std::path::Path;

use ppu_isa::INSTRUCTIONS;
use ppu_isa::table::{OpInfo, Overflow, Record, Role};

/// The endings that make variants of a mnemonic.
fn endings(info: &OpInfo) -> String {
    let has = |name: &str| info.operands.iter().any(|o| o.name == name);
    let endings = [
        (info.overflow == Overflow::Selected).then_some("`o`"),
        (info.record == Record::Selected).then_some("`.`"),
        has("LK").then_some("`l`"),
        has("AA").then_some("`a`"),
    ];
    endings.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The fields with their bits, bit 0 the most significant.
fn fields(info: &OpInfo) -> String {
    let text = info.operands.iter().map(|o| {
        let bits = if o.first == o.last { o.first.to_string() } else { format!("{}..{}", o.first, o.last) };
        let remark = match o.role {
            Role::Ignored => " (ignored)",
            Role::GprReadOrZero => " (0: zero)",
            _ => "",
        };
        format!("{} {bits}{remark}", o.name)
    });
    text.collect::<Vec<_>>().join(", ")
}

fn section(page: &mut String, title: &str, vector: bool) {
    let rows: Vec<_> = INSTRUCTIONS.iter().filter(|info| info.class.is_vector() == vector).collect();
    let _ = write!(page, "\n## {title}\n\n{} instructions.\n\n", rows.len());
    page.push_str(
        "| mnemonic | endings | match / mask | fields | class | meaning |\n|---|---|---|---|---|---|\n",
    );
    for info in rows {
        let _ = writeln!(
            page,
            "| `{}` | {} | `{:08x}` / `{:08x}` | {} | {} | `{}` |",
            info.mnemonic,
            endings(info),
            info.matching,
            info.mask,
            fields(info),
            info.class.name(),
            info.meaning.replace('|', "\\|"),
        );
    }
}

fn page() -> String {
    let mut page = "# Instructions of the plasticity processor

Made from the instruction table in `ppu-isa/src/table/rows.rs` (the test `the_reference_page_is_current` of `ppu-isa` \
renews it). Bit 0 is the most significant bit of a word; `word & mask == match` selects an instruction, every other word \
is a no-operation. Endings: `o` writes XER.OV and XER.SO, `.` writes CR0, `l` writes LR, `a` takes an absolute target.

Meaning: `x := e` assigns, with all right-hand sides from before the instruction; `sext`, `zext` extend; `lowN`, `hiN` \
take bits; `satN` clamps to N bits; `fmulN` is the fractional product 2ab, clamped for (-1)(-1); `a`, `b` are lanes of \
VRA and VRB; `ACC` is the accumulator of the lane; `RA|0` is zero if the field is zero.
"
    .to_owned();
    section(&mut page, "Scalar", false);
    section(&mut page, "Vector", true);
    page
}

/// Set `UPDATE_PAGES=1` to renew the page.
#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/ppu-instructions.md");
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &page).expect("writable page");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "ppu-instructions.md is out of date: run `UPDATE_PAGES=1 cargo test -p ppu-isa --test reference`"
    );
}
