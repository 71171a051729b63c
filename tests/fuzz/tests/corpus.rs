//! The bytes in `corpus/`: seeds of the fuzz targets and everything that was once found.

use std::fs;
use std::path::Path;

use bss2_fuzz::TARGETS;

#[test]
fn every_input_of_the_corpus_is_survived() {
    for (name, check) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "no bytes for {name}");
        for file in files {
            eprintln!("{}", file.display());
            check(&fs::read(&file).expect("a file"));
        }
    }
}
