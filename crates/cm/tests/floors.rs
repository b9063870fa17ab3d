//! The crates keep to the floors that ARCHITECTURE.md names. Its table is read here, not repeated.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where a crate lives. Later is higher; crates beside the floors are on none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Floor {
    Beside,
    /// Number, and the letter within the floor, if there is one.
    Number(u8, Option<char>),
}

impl Floor {
    fn parse(text: &str) -> Option<Self> {
        if text == "beside" {
            return Some(Self::Beside);
        }
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        Some(Self::Number(digits.parse().ok()?, text[digits.len()..].chars().next()))
    }

    fn number(&self) -> Option<u8> {
        match self {
            Self::Beside => None,
            Self::Number(number, _) => Some(*number),
        }
    }
}

struct Crate {
    floor: Floor,
    folder: String,
}

const PROGRAMS: u8 = 7;
const PROVIDERS: u8 = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The rows `| floor | `crate` | `folder` | … |` of ARCHITECTURE.md.
fn table() -> BTreeMap<String, Crate> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut crates = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", floor, name, folder, _, ""] = cells.as_slice() else { continue };
        let Some(floor) = Floor::parse(floor) else { continue };
        let row = Crate { floor, folder: folder.trim_matches('`').to_owned() };
        assert!(crates.insert(name.trim_matches('`').to_owned(), row).is_none(), "{name} is there twice");
    }
    assert!(!crates.is_empty(), "ARCHITECTURE.md has no table of floors");
    crates
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The crates of ours that `package` depends on, and whether only its tests do.
fn imports<'a>(package: &'a Value, table: &BTreeMap<String, Crate>) -> Vec<(&'a str, bool)> {
    let all = package["dependencies"].as_array().unwrap().iter();
    let named = all.map(|one| (one["name"].as_str().unwrap(), one["kind"].as_str() == Some("dev")));
    named.filter(|(name, _)| table.contains_key(*name)).collect()
}

#[test]
fn the_table_names_every_crate_once_and_where_it_is() {
    let mut table = table();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let row = table.remove(name);
        let row = row.unwrap_or_else(|| panic!("{name} is missing in the table of ARCHITECTURE.md"));
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = root().join(&row.folder).canonicalize().unwrap();
        assert_eq!(manifest.parent().unwrap().canonicalize().unwrap(), folder, "{name}");
    }
    let gone: Vec<&String> = table.keys().collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names crates that are not there: {gone:?}");
}

#[test]
fn a_crate_imports_only_from_below() {
    let table = table();
    let mut broken = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let own = &table[name].floor;
        for (import, by_tests) in imports(&package, &table) {
            let other = &table[import].floor;
            let allowed = match (own, other) {
                // Tests of a crate may use what is beside the floors, and the crate itself.
                (_, Floor::Beside) => by_tests || own.number() == Some(PROGRAMS),
                (Floor::Beside, _) => by_tests || other.number() < Some(PROVIDERS),
                _ => other < own || (by_tests && import == name),
            };
            let reaches_a_provider = other.number() == Some(PROVIDERS);
            if !allowed || (reaches_a_provider && !by_tests && own.number() != Some(PROGRAMS)) {
                broken.push(format!("{name} ({own:?}) imports {import} ({other:?})"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_simulator_imports_nothing_of_ours() {
    let table = table();
    let packages = packages();
    let sim = packages.iter().find(|package| package["name"] == "cloudmesh-sim").unwrap();
    assert_eq!(imports(sim, &table), []);
}

/// Every Rust file below `folder`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Names of providers where they may stand above floor 4: in help, in examples, and as a file's ending.
const MENTIONS: &[(&str, &str)] = &[
    ("crates/client/src/configuration.rs", "/// The provider: `openstack`, `slurm` …"),
    // A section of the file that belongs to credentials, whoever reads it.
    ("crates/client/src/configuration.rs", "\"credentials\" | \"slurmrestd\""),
    ("crates/operations/home/src/register.rs", "command: \"register cloud kilo --type=openstack"),
    ("crates/operations/home/src/register.rs", "about: \"A Slurm cluster behind a host"),
    ("crates/operations/home/src/register.rs", "command: \"register cluster india --type=slurm"),
    ("crates/operations/batch/src/run.rs", "\".slurm\", \".sbatch\""),
];

#[test]
fn no_floor_above_the_providers_names_one() {
    let table = table();
    let above = table.values().filter(|row| matches!(row.floor.number(), Some(5 | 6)));
    let mut files = Vec::new();
    for row in above {
        sources(&root().join(&row.folder).join("src"), &mut files);
    }
    let mut used = vec![false; MENTIONS.len()];
    let mut broken = Vec::new();
    for file in files {
        let shown = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests may name what they try.
        let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        for (number, line) in code.enumerate() {
            let lower = line.to_ascii_lowercase();
            // `local` is also an ordinary word, and the name of a place that is always there.
            if !lower.contains("openstack") && !lower.contains("slurm") {
                continue;
            }
            match MENTIONS.iter().position(|(file, part)| *file == shown && line.contains(part)) {
                Some(position) => used[position] = true,
                None => broken.push(format!("{shown}:{}: {}", number + 1, line.trim())),
            }
        }
    }
    assert!(broken.is_empty(), "a provider is named above floor 4:\n{}", broken.join("\n"));
    let stale: Vec<_> =
        MENTIONS.iter().zip(used).filter(|(_, used)| !used).map(|(mention, _)| mention).collect();
    assert!(stale.is_empty(), "no longer there: {stale:?}");
}

#[test]
fn a_file_is_named_for_what_it_holds() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    let empty_names = ["util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff"];
    let bad: Vec<&PathBuf> = files
        .iter()
        .filter(|file| {
            file.strip_prefix(root()).unwrap().components().any(|part| {
                let name = part.as_os_str().to_str().unwrap_or_default();
                empty_names.contains(&name.trim_end_matches(".rs"))
            })
        })
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
}
