//! The file of secrets as other programs and people see it.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use cloudmesh_model::{ErrorKind, Secret, SecretStore};
use cloudmesh_secrets::{FileSecrets, MemorySecrets};

const NOBODY: u32 = 65_534;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home/secrets.json");
    (folder, path)
}

fn value(secrets: &dyn SecretStore, name: &str) -> Option<String> {
    secrets.get(name).unwrap().map(|secret| secret.expose().to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn every_secret_store_keeps_what_it_is_given() {
    let (_folder, path) = folder();
    let stores: [&dyn SecretStore; 2] = [&FileSecrets::new(&path), &MemorySecrets::new()];
    for store in stores {
        assert!(store.get("cloud/kilo/password").unwrap().is_none());
        assert!(store.names("").unwrap().is_empty());
        store.delete("cloud/kilo/password").unwrap();
        store.put("cloud/kilo/password", &Secret::from("one")).unwrap();
        store.put("cloud/kilo/password", &Secret::from("two\n\"ключ\"")).unwrap();
        store.put("cloud/lima/password", &Secret::from("")).unwrap();
        store.put("other", &Secret::from("x")).unwrap();
        assert_eq!(value(store, "cloud/kilo/password").as_deref(), Some("two\n\"ключ\""));
        assert_eq!(value(store, "cloud/lima/password").as_deref(), Some(""));
        assert_eq!(store.names("cloud/").unwrap(), ["cloud/kilo/password", "cloud/lima/password"]);
        store.delete("cloud/kilo/password").unwrap();
        assert_eq!(store.names("").unwrap(), ["cloud/lima/password", "other"]);
    }
}

#[test]
fn file_and_folder_are_the_owners_alone() {
    let (_folder, path) = folder();
    FileSecrets::new(&path).put("name", &Secret::from("value")).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn what_another_process_wrote_is_seen_at_once() {
    let (_folder, path) = folder();
    let (here, there) = (FileSecrets::new(&path), FileSecrets::new(&path));
    for round in 0..100 {
        there.put("name", &Secret::new(format!("{round:04}"))).unwrap();
        assert_eq!(value(&here, "name"), Some(format!("{round:04}")));
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(value(&here, "name"), None);
}

#[test]
fn a_file_at_rest_is_read_again_only_when_it_changed() {
    let (_folder, path) = folder();
    let secrets = FileSecrets::new(&path);
    secrets.put("name", &Secret::from("value")).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(value(&secrets, "name").as_deref(), Some("value"));
    assert_eq!(value(&secrets, "name").as_deref(), Some("value"));
    FileSecrets::new(&path).put("name", &Secret::from("other")).unwrap();
    assert_eq!(value(&secrets, "name").as_deref(), Some("other"));
}

#[test]
fn a_file_that_others_can_read_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    let secrets = FileSecrets::new(&path);
    secrets.put("name", &Secret::from("hunter2")).unwrap();
    let before = fs::read(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o660, 0o644, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let errors = [
            secrets.get("name").unwrap_err(),
            FileSecrets::new(&path).names("").unwrap_err(),
            secrets.put("name", &Secret::from("other")).unwrap_err(),
            secrets.delete("name").unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.message().contains(path.to_str().unwrap()), "{error}");
            assert!(error.hint_text().unwrap().contains("chmod 600"), "{error}");
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    let (_folder, path) = folder();
    let ours = rustix::process::geteuid().is_root();
    let path = if ours {
        FileSecrets::new(&path).put("name", &Secret::from("hunter2")).unwrap();
        chown(&path, Some(NOBODY), None).unwrap();
        path
    } else {
        PathBuf::from("/etc/passwd")
    };
    let error = FileSecrets::new(&path).get("name").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.message().contains("belongs to user"), "{error}");
}

#[test]
fn a_malformed_file_is_refused_without_a_word_of_it() {
    let (_folder, path) = folder();
    FileSecrets::new(&path).put("name", &Secret::from("x")).unwrap();
    for text in [
        "hunter2",
        "",
        "{\"version\":1,\"secrets\":{\"name\":\"hunter2\"",
        "{\"version\":1,\"secrets\":{\"name\":[\"hunter2\"]}}",
        "{\"version\":1,\"secrets\":\"hunter2\"}",
        "{\"version\":1,\"hunter2\":{},\"secrets\":{}}",
        "{\"version\":\"hunter2\",\"secrets\":{}}",
        "{\"version\":9,\"secrets\":\"hunter2\"}",
    ] {
        fs::write(&path, text).unwrap();
        let secrets = FileSecrets::new(&path);
        for error in [secrets.get("name").unwrap_err(), secrets.put("name", &Secret::from("y")).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(!format!("{error:?} {:?}", error.hint_text()).contains("hunter2"), "{error:?}");
            assert!(error.hint_text().is_some());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "what is malformed is kept for repair");
    }
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let (folder, path) = folder();
    let real = folder.path().join("elsewhere.json");
    FileSecrets::new(&real).put("name", &Secret::from("one")).unwrap();
    fs::create_dir(path.parent().unwrap()).unwrap();
    symlink(&real, &path).unwrap();
    FileSecrets::new(&path).put("name", &Secret::from("two")).unwrap();
    assert_eq!(value(&FileSecrets::new(&real), "name").as_deref(), Some("two"));
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn what_a_killed_writer_left_behind_is_taken_away() {
    let (_folder, path) = folder();
    let secrets = FileSecrets::new(&path);
    secrets.put("name", &Secret::from("value")).unwrap();
    let unfinished = path.with_file_name("secrets.json.new");
    fs::write(&unfinished, "{\"version\":1,\"secr").unwrap();
    assert_eq!(value(&secrets, "name").as_deref(), Some("value"));
    secrets.put("other", &Secret::from("value")).unwrap();
    assert!(!unfinished.exists());
    assert_eq!(secrets.names("").unwrap().len(), 2);
}

/// Part of the test below: this program as one of fifty processes.
#[test]
fn as_one_of_many_processes() {
    let (Ok(path), Ok(number)) = (std::env::var("SECRETS_PATH"), std::env::var("SECRETS_NUMBER")) else {
        return;
    };
    let secrets = FileSecrets::new(path);
    for round in 0..4 {
        secrets.put(&format!("process/{number}/{round}"), &Secret::new(format!("{number}-{round}"))).unwrap();
        assert_eq!(value(&secrets, &format!("process/{number}/0")), Some(format!("{number}-0")));
    }
    secrets.delete(&format!("process/{number}/3")).unwrap();
}

#[test]
fn fifty_writers_at_once_lose_nothing() {
    let (_folder, path) = folder();
    let children: Vec<Child> = (0..50)
        .map(|number| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "as_one_of_many_processes"])
                .env("SECRETS_PATH", &path)
                .env("SECRETS_NUMBER", number.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let secrets = FileSecrets::new(&path);
    assert_eq!(secrets.names("process/").unwrap().len(), 150);
    for number in 0..50 {
        for round in 0..3 {
            assert_eq!(
                value(&secrets, &format!("process/{number}/{round}")),
                Some(format!("{number}-{round}"))
            );
        }
    }
}
