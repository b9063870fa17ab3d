//! What cannot be done is refused with one clear message and the documented code, and changes nothing.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Home, Simulated, home_with};

/// Commands that are refused for their input: the line, the code, what the message says.
static REFUSED: &[(&str, i32, &str)] = &[
    ("vm list --cloud=nowhere", 2, "nowhere"),
    ("vm boot x --cloud=nowhere", 2, "nowhere"),
    ("vm boot x --flavor=m9.huge", 2, "m9.huge"),
    ("vm boot x --image=windows-3.1", 2, "windows-3.1"),
    ("vm boot x --key=nokey", 2, "nokey"),
    ("hpc queue --cluster=nowhere", 2, "nowhere"),
    ("hpc run --cluster=nowhere -- echo", 2, "nowhere"),
    ("vm show nobody", 2, "nobody"),
    ("vm delete nobody --yes", 2, "nobody"),
    ("vm stop 'web[1-2]'", 2, "web2"),
    ("vm start --group=nobody", 2, "nobody"),
    ("hpc status --job=12345", 2, "12345"),
    ("hpc output nothing", 2, "nothing"),
    ("hpc delete --job=12345", 2, "12345"),
    ("plan show 12345", 2, "12345"),
    ("plan apply last", 1, "done already"),
    ("undo 12345", 2, "12345"),
    ("key upload nokey", 2, "nokey"),
    ("group remove web web1", 2, "web"),
    ("var get nothing", 2, "nothing"),
    ("default delete nothing", 2, "nothing"),
    ("register remove nowhere", 2, "nowhere"),
    ("register cloud new --type=nothing", 2, "nothing"),
    ("register cloud all --type=openstack", 2, "all"),
    ("register cloud new OS_PASSWORD=secret", 2, "OS_PASSWORD"),
    ("register cloud new NONSENSE=1", 2, "NONSENSE"),
    ("vm boot 'n[1-1000000000]'", 2, "1000000000"),
    ("vm boot 'n[1-99999999999999999999]'", 2, "n[1-99999999999999999999]"),
    ("vm delete 'n[1-1000000000]' --yes", 2, "names"),
    ("group add big 'n[1-1000000000]'", 2, "names"),
    ("vm boot 'n[1-'", 2, "n[1-"),
    ("vm boot \"$(printf 'a\\nb')\"", 2, "a"),
    ("vm boot \"$(printf 'a\\033[2Jb')\"", 2, "a"),
    ("vm boot ''", 2, ""),
    ("vm boot --n=0", 2, "0 machines"),
    ("vm boot --n=100000", 2, "100000 machines"),
    ("vm boot --n=-1", 2, "-1"),
    ("vm boot web1", 1, "web1"),
    ("vm boot 'a,a'", 2, "twice"),
    ("default set zone", 2, "zone"),
    ("default set cloud=nowhere", 2, "nowhere"),
    ("default set \"a=$(printf 'x\\ny')\"", 2, "KEY=VALUE"),
    ("vm list --columns=nothing", 2, "nothing"),
    ("vm list --sort=nothing", 2, "nothing"),
    ("vm list --format=xml", 2, "xml"),
    ("vm list --dryrun", 2, "--dryrun"),
    ("vm boot a --name=b", 2, "exclude each other"),
    ("vm boot 'a[1-3]' --n=2", 2, "do not fit together"),
    ("vm boot a --wait --no-wait", 2, "--no-wait"),
    ("vm boot a --dryrun --save", 2, "--save"),
    ("key add a --ssh --generate", 2, "exclude each other"),
    ("key list --source=db --cloud=sim", 2, "exclude each other"),
    ("key add ../evil --generate", 2, "../evil"),
    ("key add mine --source=nothing.pub", 2, "nothing.pub"),
    ("key add mine --source=empty.sh", 2, "empty.sh"),
    ("hpc run --cluster=local --array=1-3 --n=2 -- echo", 2, "exclude each other"),
    ("hpc run --cluster=local missing.sh", 2, "missing.sh"),
    ("hpc run --cluster=local ./empty.sh", 2, "empty"),
    ("hpc run --cluster=local ./folder", 2, "folder"),
    ("hpc run --cluster=local", 2, "SCRIPT|COMMAND"),
    ("hpc run --cluster=local ''", 2, "empty"),
    ("hpc run --cluster=local -t never -- echo", 2, "never"),
    ("hpc run --cluster=local -N 0 -- echo", 2, "0"),
    ("hpc run --cluster=local --array=5-1 -- echo", 2, "5-1"),
    ("hpc run --cluster=local --env=NOVALUE -- echo", 2, "NOVALUE"),
    ("hpc delete", 2, "which job"),
    ("vm boot a --metadata=novalue", 2, "novalue"),
    ("vm boot a --cloud=sim,sim", 2, "sim,sim"),
    ("vm delete web1", 4, "web1"),
    ("sim fault nonsense", 2, "nonsense"),
    ("version --format=xml", 2, "xml"),
];

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.write("empty.sh", " \n");
    std::fs::create_dir(home.user().join("folder")).unwrap();
    home.line("vm boot web1").ok();
    home.line("vm list --refresh").ok();
    home.line("image list --refresh").ok();
    home.line("flavor list --refresh").ok();
    home.line("key list --cloud=sim --refresh").ok();
    home.line("hpc queue --cluster=local").ok();
    let before = home.picture();
    let mark = simulated.faults.mark();
    for (line, code, says) in REFUSED {
        home.line(line).refused(*code, says);
    }
    assert_eq!(simulated.changes(mark), []);
    let after = home.picture();
    for (name, content) in &after {
        let content = String::from_utf8_lossy(content);
        let earlier = before.get(name).map(|content| String::from_utf8_lossy(content));
        assert_eq!(earlier, Some(content), "{name} was changed");
    }
    assert_eq!(after.len(), before.len());
}

#[test]
fn nothing_there_yet_is_said_as_such() {
    let home = Home::new();
    home.line("vm boot").refused(2, "there is no cloud yet");
    home.line("plan apply last").refused(2, "no plan");
    home.line("undo").refused(2, "nothing to undo");
    home.line("vm delete --yes").refused(2, "which virtual machine");
    home.line("hpc output").refused(2, "no job");
}

#[test]
fn an_argument_that_is_not_utf_8_is_refused() {
    let home = Home::new();
    let mut command = home.command(&["vm", "show"]);
    command.arg(std::ffi::OsStr::from_bytes(b"web\xff1"));
    home.run_command(command).refused(2, "not UTF-8");
}

#[test]
fn no_folder_for_settings_is_said_as_such() {
    let home = Home::new();
    let mut command = home.command(&["vm", "list"]);
    command.env_remove("HOME").env_remove("CLOUDMESH_HOME");
    home.run_command(command).refused(2, "neither CLOUDMESH_HOME nor HOME is set");
}

#[test]
fn a_folder_of_settings_that_is_a_file_is_said_as_such() {
    let home = Home::new();
    home.write("file", "");
    for words in [["vm", "list"].as_slice(), &["default", "set", "zone=a"], &["sim", "up"]] {
        let mut command = home.command(words);
        command.env("CLOUDMESH_HOME", home.user().join("file"));
        home.run_command(command).refused_with_any(&[1, 2], "file");
    }
}

/// Permissions bind everybody but root, so this test becomes somebody else where it is root.
#[test]
fn a_folder_of_settings_that_cannot_be_read_is_said_as_such() {
    let home = Home::new();
    let root = rustix::process::geteuid().is_root();
    let setpriv = std::process::Command::new("setpriv").arg("--version").output().is_ok();
    if root && !setpriv {
        eprintln!("left out: run by root, and there is no setpriv");
        return;
    }
    std::fs::set_permissions(home.settings(), std::fs::Permissions::from_mode(0o000)).unwrap();
    for words in [["vm", "list"].as_slice(), &["default", "set", "zone=a"], &["hpc", "run", "--", "date"]] {
        let mut command = home.command(words);
        if root {
            // The program itself may lie where only root reads: a copy does not.
            let copy = std::env::temp_dir().join(format!("cm-unprivileged-{}", std::process::id()));
            std::fs::copy(crate::support::program(), &copy).unwrap();
            command = std::process::Command::new("setpriv");
            home.surround(&mut command);
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&copy).args(words);
            command.current_dir("/");
            let refused = home.run_command(command);
            std::fs::remove_file(copy).unwrap();
            refused.refused_with_any(&[1, 2], "settings");
        } else {
            home.run_command(command).refused_with_any(&[1, 2], "settings");
        }
    }
    std::fs::set_permissions(home.settings(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn malformed_settings_are_told_with_their_line_and_no_secret() {
    let home = Home::new();
    for (text, place) in [
        (
            "cloudmesh:\n  clouds:\n    kilo:\n      credentials:\n        OS_PASSWORD: hunter2\n       bad: [hunter2\n",
            "cloudmesh.yaml:6:",
        ),
        ("cloudmesh:\n  clouds:\n    - kilo: {OS_PASSWORD: hunter2}\n", "cloudmesh.yaml:3:"),
        ("cloudmesh: {clouds: {kilo: {cm_type: openstack, credentials: hunter2}}}\n", "cloudmesh.yaml:1:"),
        ("cloudmesh:\n  active: hunter2\n", "cloudmesh.yaml:2:"),
    ] {
        home.configure(text);
        for line in ["vm list", "register list", "vm boot x", "register cloud new --secrets-on-stdin"] {
            let refused = home.line(line).refused(2, place);
            assert!(!refused.stderr.contains("hunter2"), "{refused}");
            assert_eq!(std::fs::read_to_string(home.settings().join("cloudmesh.yaml")).unwrap(), text);
        }
    }
}

#[test]
fn a_malformed_clouds_yaml_is_told_with_its_line_and_no_secret() {
    let home = Home::new();
    home.write(
        ".config/openstack/clouds.yaml",
        "clouds:\n  kilo:\n    auth:\n      password: hunter2\n     bad: [hunter2\n",
    );
    let refused = home.line("vm list --cloud=kilo");
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
    refused.expect(2).one_message("clouds.yaml cannot be understood at line 5, column 6");
}

#[test]
fn nothing_is_deleted_unasked() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    let mark = simulated.faults.mark();
    let refused = home.run_with(&["vm", "delete", "web1"], "y\n").refused(4, "web1");
    assert!(refused.stderr.contains("--yes"), "{refused}");
    assert_eq!(simulated.changes(mark), []);
}
