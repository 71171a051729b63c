//! Does what the guides say: every block of commands, in order, in the top folder; and compares with what they promise.
//!
//! Blocks fenced as `sh` are commands, those fenced as `text` behind them what is to be seen: each of their lines is part of
//! a line of the output, in this order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands between the outputs of two blocks.
const MARK: &str = "@@ the next block @@";

/// Commands with what they shall show.
struct Block {
    commands: String,
    shown: Vec<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<String> = None;
    for line in guide.lines() {
        match (&fence, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                fence = Some(kind.to_owned());
                if kind == "sh" {
                    blocks.push(Block { commands: String::new(), shown: Vec::new() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some(kind), None) => {
                let Some(block) = blocks.last_mut() else { continue };
                match kind.as_str() {
                    "sh" => block.commands.push_str(&format!("{line}\n")),
                    "text" => block.shown.push(line.trim().to_owned()),
                    _ => {}
                }
            }
            (None, None) => {}
        }
    }
    blocks
}

fn follow(guide: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/guides").join(guide)).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() > 3, "{guide} has {} blocks of commands", blocks.len());
    let mut script = String::from("set -euo pipefail\nexec 2>&1\n");
    for Block { commands, .. } in &blocks {
        script.push_str(&format!("{commands}echo '{MARK}'\n"));
    }
    let mut path = PathBuf::from(env!("CARGO_BIN_EXE_bss2")).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output =
        Command::new("bash").args(["-c", &script]).current_dir(root).env("PATH", path).output().unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{guide}: {:?}\n{output_text}", output.status);
    for (block, output) in blocks.iter().zip(output_text.split(MARK)) {
        let mut lines = output.lines();
        for shown in &block.shown {
            assert!(
                lines.any(|line| line.contains(shown)),
                "{guide}: '{shown}' does not come (any more) in what these commands print:\n{}\n{output}",
                block.commands
            );
        }
    }
}

#[test]
fn what_there_is_to_see_is_seen() {
    follow("seeing.md");
}

#[test]
#[ignore = "needs powerpc-linux-gnu-gcc, make and gdb-multiarch"]
fn the_tutorial_can_be_followed_to_the_letter() {
    follow("tutorial.md");
}
