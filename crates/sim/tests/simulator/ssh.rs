//! Simulated servers answer on ssh where the computer has an sshd.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::World;
use cloudmesh_sim::{CloudOptions, Options, SshStatus, SshdOption};
use serde_json::json;

async fn world() -> Option<(World, u16, String)> {
    let options = Options {
        clouds: vec![CloudOptions { action_time: Duration::ZERO, ..CloudOptions::named("sim") }],
        ssh: SshdOption::Auto { port: 0 },
        seed: u64::from(std::process::id()),
        ..Options::default()
    };
    let world = World::with(options).await;
    match world.simulator.ssh() {
        SshStatus::Available { port, user, .. } => Some((world, port, user)),
        other => {
            println!("left out: {other:?}");
            world.get("/compute/v2.1/servers").await.expect(200);
            None
        }
    }
}

fn make_key(file: &Path) -> String {
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file).status().unwrap();
    assert!(made.success());
    std::fs::read_to_string(file.with_extension("pub")).unwrap()
}

async fn ssh(key: &Path, port: u16, user: &str, address: &str, command: &str) -> Output {
    let mut ssh = Command::new("ssh");
    ssh.args([
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "IdentitiesOnly=yes",
    ])
    .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"])
    .args(["-p", &port.to_string(), "-i"])
    .arg(key)
    .arg(format!("{user}@{address}"))
    .arg(command)
    .env_remove("SSH_AUTH_SOCK");
    tokio::task::spawn_blocking(move || ssh.output().unwrap()).await.unwrap()
}

async fn boot_with_key(world: &World, name: &str, key: &str, public: &str) -> (String, String) {
    world
        .post("/compute/v2.1/os-keypairs", json!({"keypair": {"name": key, "public_key": public}}))
        .await
        .expect(201);
    let mut body = world.server_body(name).await;
    body["server"]["key_name"] = json!(key);
    let reply = world.post("/compute/v2.1/servers", body).await.expect(202).json();
    let id = reply["server"]["id"].as_str().unwrap().to_owned();
    world.pass(Duration::from_secs(60));
    let server = world.server(&id).await;
    (id, server["addresses"]["private"][0]["addr"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_server_lets_its_own_key_in_and_no_other() {
    let Some((world, port, user)) = world().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (folder.path().join("mine"), folder.path().join("other"));
    let (public, _) = (make_key(&mine), make_key(&other));
    let (id, address) = boot_with_key(&world, "web server 1", "mine", &public).await;
    let output = ssh(&mine, port, &user, &address, "echo $CLOUDMESH_SIMULATED_HOST; id -un; exit 7").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("web server 1\n{user}\n"), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(7));
    let output = ssh(&other, port, &user, &address, "id").await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"));

    let public_network = world.id_of("/network/v2.0/networks", "networks", "public").await;
    let ports = world.get(&format!("/network/v2.0/ports?device_id={id}")).await.json();
    let body =
        json!({"floatingip": {"floating_network_id": public_network, "port_id": ports["ports"][0]["id"]}});
    let made = world.post("/network/v2.0/floatingips", body).await.expect(201).json();
    let floating = made["floatingip"]["floating_ip_address"].as_str().unwrap();
    assert!(ssh(&mine, port, &user, floating, "true").await.status.success());

    world.post(&format!("/compute/v2.1/servers/{id}/action"), json!({"os-stop": null})).await.expect(202);
    assert_eq!(world.server(&id).await["status"], "SHUTOFF");
    for closed in [&address, floating] {
        let mut refused = false;
        for _ in 0..50 {
            refused = tokio::net::TcpStream::connect((closed, port)).await.is_err();
            if refused {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(refused, "{closed} still answers");
    }
    world.simulator.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_server() {
    let Some((world, port, user)) = world().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine");
    let public = make_key(&mine);
    let (id, address) = boot_with_key(&world, "web", "mine", &public).await;
    let file = folder.path().join("pid");
    let command = format!("echo $$ > {}; exec sleep 600", file.display());
    let session = tokio::spawn(async move { ssh(&mine, port, &user, &address, &command).await });
    let mut pid = String::new();
    for _ in 0..200 {
        pid = std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned();
        if !pid.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!pid.is_empty(), "the session never began");
    world.delete(&format!("/compute/v2.1/servers/{id}")).await.expect(204);
    world.get(&format!("/compute/v2.1/servers/{id}")).await.expect(404);
    let ended = tokio::time::timeout(Duration::from_secs(20), session).await;
    assert!(ended.is_ok(), "the session outlives its server");
    for _ in 0..100 {
        if !Path::new(&format!("/proc/{pid}")).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the session's command outlives its server");
}
