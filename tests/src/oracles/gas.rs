//! Which words text means, against the GNU assembler.

use ppu_isa::{Instruction, assemble, disassemble};

use super::{OracleError, Random, Report, Tool, random_word, scalar_rows};

const PACKAGE: &str = "binutils-powerpc-linux-gnu";
const AS: Tool = Tool { name: "powerpc-linux-gnu-as", package: PACKAGE };
const LD: Tool = Tool { name: "powerpc-linux-gnu-ld", package: PACKAGE };

/// Where the text is assembled: far enough from 0 for every relative branch.
const ORIGIN: u32 = 0x0400_0000;

/// mfocrf and mtocrf of none or several fields: meaningful here (ppu-isa 4.2), refused by GNU as.
fn selects_other_than_one_field(word: u32) -> bool {
    let i = Instruction::decode(word);
    i.field("ONE") == Some(1) && i.field("FXM").is_some_and(|fields| fields.count_ones() != 1)
}

/// Assembles the text of `words` random words of each scalar row with both assemblers.
///
/// # Errors
/// A tool is absent or refuses the text, or files cannot be written.
pub fn compare(seed: u64, words: usize) -> Result<Report, OracleError> {
    AS.require()?;
    LD.require()?;
    let mut report = Report { what: "encodings against GNU as", ..Report::default() };
    let mut random = Random::new(seed, 1);
    let lines: Vec<String> = scalar_rows()
        .flat_map(|info| (0..words).map(|_| random_word(info, &mut random)).collect::<Vec<_>>())
        .filter(|word| !selects_other_than_one_field(*word))
        .enumerate()
        .map(|(n, word)| disassemble(word, ORIGIN + 4 * n as u32))
        .collect();
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("text.s"), lines.join("\n") + "\n")?;
    AS.run(AS.command().args(["-mregnames", "-many", "-o"]).arg(file("text.o")).arg(file("text.s")))?;
    let place = [format!("-Ttext=0x{ORIGIN:x}"), "--entry=0".to_owned(), "--oformat=binary".to_owned()];
    LD.run(LD.command().args(place).arg("-o").arg(file("binary")).arg(file("text.o")))?;
    let binary = std::fs::read(file("binary"))?;
    for (n, line) in lines.iter().enumerate() {
        report.checked += 1;
        let theirs = binary.get(4 * n..4 * n + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
        match assemble(line, ORIGIN + 4 * n as u32) {
            Ok(program) if program.words().first().copied() == theirs => {}
            ours => report.mismatches.push(format!("`{line}`: {ours:x?}, GNU as {theirs:x?}")),
        }
    }
    Ok(report)
}
