//! Writes the assembler macros and C functions (and a program that tries them) of the vector instructions from the instruction table:
//! `cargo run -p bss2-firmware --bin generate-macros`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    for (name, text) in bss2_firmware::vector_macros::files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}
