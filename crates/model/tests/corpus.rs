//! What the fuzzer found interesting is tried with every test run; see `fuzz/` at the root.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test ends where something fails, and tells")]

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/checks.rs"]
#[expect(unreachable_pub, reason = "a library's file, where the fuzzer uses it")]
mod checks;

fn corpus(name: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::read(&path).unwrap();
        // A failure below is told with the file that it comes from.
        println!("{}", path.display());
        check(&data);
        tried += 1;
    }
    assert!(tried > 0, "the corpus is empty");
}

#[test]
fn host_lists() {
    corpus("host_list", checks::host_list);
}

#[test]
fn marks() {
    corpus("mark", checks::mark);
}

#[test]
fn rows() {
    corpus("row", checks::row);
}
