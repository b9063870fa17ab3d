//! `image show` and `flavor show`, on a simulated cloud.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A folder of settings of its own, with the simulator up; both are gone at the end.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let home = Self(std::env::temp_dir().join(format!("cm-show-{}", std::process::id())));
        assert!(home.run(&["sim", "up"]).status.success());
        home
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cm"))
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.0)
            .env("CLOUDMESH_HOME", self.0.join("cloudmesh"))
            .output()
            .unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["-o", "json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["sim", "down"]);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn one_image_or_flavor_is_shown_by_name_by_id_or_as_the_default() {
    let home = Home::new();
    for noun in ["image", "flavor"] {
        let all = home.json(&[noun, "list", "--cloud=sim"]);
        let first = &all["items"][0];
        let name = first["name"].as_str().unwrap();
        let id = first["native_id"].as_str().unwrap();
        for wanted in [name, id] {
            assert_eq!(home.json(&[noun, "show", wanted, "--refresh"])["items"], serde_json::json!([first]));
        }
        assert!(home.run(&["default", "set", &format!("{noun}={name}"), "--cloud=sim"]).status.success());
        assert_eq!(home.json(&[noun, "show"])["items"], serde_json::json!([first]));
        let missing = home.run(&[noun, "show", "nothing"]);
        assert_eq!(missing.status.code(), Some(2));
        let said = String::from_utf8(missing.stderr).unwrap();
        assert!(said.contains(&format!("no {noun} is called nothing")), "{said}");
    }
}
