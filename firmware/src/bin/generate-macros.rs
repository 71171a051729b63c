//! Writes the assembler macros and C functions of the vector instructions from the instruction table:
//! `cargo run -p bss2-firmware --bin generate-macros`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/bss2");
    for (name, text) in bss2_firmware::vector_macros::files() {
        let path = include.join(name);
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}
