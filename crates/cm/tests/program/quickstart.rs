//! The tour: from nothing to running machines and a finished job, and back to nothing.

use std::time::{Duration, Instant};

use crate::support::{Home, program};

/// The commands that the tour prints to go on with, as they are to be pasted.
fn printed(output: &str) -> Vec<String> {
    let after = output.split("go on with:").nth(1).unwrap();
    after
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains(" # "))
        .map(|line| line.split(" # ").next().unwrap().trim().to_owned())
        .collect()
}

fn down(home: &Home) {
    let sim = home.settings().join("sim");
    home.line("quickstart --down").ok();
    assert!(!sim.exists(), "state of the simulator is left");
    let registry: Vec<String> = std::fs::read_dir(home.settings().join("processes"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(registry, Vec::<String>::new(), "processes are registered still");
    assert_eq!(
        home.line("register list -o json").ok().items().iter().filter(|place| place["name"] == "sim").count(),
        0
    );
    // The runner of jobs ends by itself once it has nothing to do.
    let until = Instant::now() + Duration::from_secs(20);
    while !home.processes().is_empty() {
        assert!(Instant::now() < until, "processes live on: {:?}", home.processes());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_tour_can_be_taken_twice_and_its_commands_work() {
    let home = Home::new();
    let first = home.line("quickstart").ok();
    assert_eq!(first.stdout.matches("\n$ cm ").count(), first.stdout.matches("\n# ").count(), "{first}");
    let second = home.line("quickstart").ok();
    assert!(second.stdout.contains("they are there from an earlier run"), "{second}");
    let status = home.line("sim status").ok();
    let port = status.json()["address"].as_str().unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&port).is_ok());
    let commands = printed(&second.stdout);
    assert_eq!(commands.len(), 5, "{second}");
    for command in &commands {
        // The test's program is not on PATH, so each command names it.
        assert!(command.contains(&program().display().to_string()), "{command}");
        home.shell(command, command).ok();
    }
    down(&home);
    assert!(std::net::TcpStream::connect(&port).is_err(), "the simulator listens still");
}

#[test]
fn the_tour_names_the_program_as_it_can_be_found() {
    let home = Home::new();
    let folder = home.user().join("bin");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(program(), folder.join("cm")).unwrap();
    let mut command = home.command(&["quickstart", "--no-login"]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.display()));
    // In the usual folder of settings nothing needs to be said about it.
    command.env_remove("CLOUDMESH_HOME");
    let tour = home.run_command(command).ok();
    let commands = printed(&tour.stdout);
    assert!(commands.iter().all(|command| command.starts_with("cm ")), "{commands:?}");
    let mut command = home.command(&["quickstart", "--down"]);
    command.env_remove("CLOUDMESH_HOME");
    home.run_command(command).ok();
}
