//! The pictures of the book are what the commands below them make.
//!
//! Every line `bss2 plot ...` of the page is run into another folder, and the tables that the repository keeps are compared.
//! `UPDATE_PAGES=1 cargo test --release -p bss2 --test figures` makes pictures and tables again, after a change of the model.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = "docs/concepts/analog-core.md";
const FIGURES: &str = "docs/figures/analog";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of the page that draw, without their program's name.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let drawing = page.lines().filter_map(|line| line.strip_prefix("bss2 "));
    drawing.filter(|line| line.starts_with("plot ")).map(|line| line.split_whitespace().collect()).collect()
}

fn run(arguments: &[&str]) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_bss2")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether both tables tell the same story: the same words, and numbers that differ by at most a tenth of what their column spans. A
/// change of the model that only moves noise passes.
fn compare(kept: &str, made: &str) -> Result<(), String> {
    let rows = |table: &str| -> Vec<Vec<String>> {
        table.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let (kept, made) = (rows(kept), rows(made));
    if kept.len() != made.len() {
        return Err(format!("{} rows, not {}", made.len(), kept.len()));
    }
    let spans: Vec<f64> = (0..kept[0].len())
        .map(|column| {
            let values = kept.iter().filter_map(|row| row.get(column)?.parse::<f64>().ok());
            let ends =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            (ends.1 - ends.0).max(0.0)
        })
        .collect();
    for (number, (kept, made)) in kept.iter().zip(&made).enumerate() {
        if kept.len() != made.len() {
            return Err(format!("line {}: {} cells, not {}", number + 1, made.len(), kept.len()));
        }
        for ((kept, made), span) in kept.iter().zip(made).zip(&spans) {
            let near = match (kept.parse::<f64>(), made.parse::<f64>()) {
                (Ok(kept), Ok(made)) => (kept - made).abs() <= 0.1 * span,
                _ => kept == made,
            };
            if !near {
                return Err(format!("line {}: '{made}', not '{kept}'", number + 1));
            }
        }
    }
    Ok(())
}

#[test]
fn every_picture_of_the_page_is_what_its_command_makes() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let commands = commands(&page);
    let pictures: Vec<&str> = page
        .lines()
        .filter_map(|line| line.split_once("](../figures/analog/")?.1.strip_suffix(".png)"))
        .collect();
    assert_eq!(pictures, commands.iter().map(|command| command[1]).collect::<Vec<_>>());
    let update = std::env::var_os("UPDATE_PAGES").is_some();
    let mut compared = 0;
    for command in &commands {
        let kind = command[1];
        assert_eq!(command[2..], ["--format", "png", "--output", FIGURES], "{kind}");
        if update {
            run(command);
            continue;
        }
        assert!(root().join(FIGURES).join(format!("{kind}.png")).exists(), "{kind}.png");
        let folder = tempfile::tempdir().unwrap();
        run(&["plot", kind, "--format", "svg", "--output", folder.path().to_str().unwrap()]);
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // Large tables are not kept; where somebody has made them they are compared as well.
            let Ok(kept) = fs::read_to_string(root().join(FIGURES).join(&name)) else { continue };
            if let Err(difference) = compare(&kept, &fs::read_to_string(&path).unwrap()) {
                panic!(
                    "{FIGURES}/{name}: {difference}; UPDATE_PAGES=1 cargo test --release -p bss2 --test figures renews it"
                );
            }
            compared += 1;
        }
    }
    assert!(update || compared >= 7, "{compared} tables");
}

#[test]
fn a_table_that_tells_another_story_is_noticed() {
    let kept = "neuron,rate\n0,1.0\n1,2.0\n";
    assert_eq!(compare(kept, "neuron,rate\n0,1.05\n1,1.95\n"), Ok(()));
    for other in [
        "neuron,rate\n0,1.0\n",
        "neuron,rate\n0,1.0\n1,2.2\n",
        "neuron,current\n0,1.0\n1,2.0\n",
        "neuron,rate\n0,1.0\n1\n",
    ] {
        assert!(compare(kept, other).is_err(), "{other}");
    }
}
