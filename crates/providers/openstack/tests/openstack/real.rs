//! The provider against a real OpenStack. Runs where `CLOUDMESH_TEST_OPENSTACK` names a `clouds.yaml` with
//! a cloud `rig` and perhaps `rig-appcred`; `CLOUDMESH_TEST_OPENSTACK_CLIENT` may name the official client.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{User, addresses, create, flavors, images, keys, perform, request, servers, until};
use base64::Engine as _;
use cloudmesh_model::compute::{Reach, Server, ServerStatus};
use cloudmesh_model::{ErrorKind, NativeId, Secret, ThingId, ThingKind};
use cloudmesh_openstack::OpenStack;
use cloudmesh_resource::{Compute, ComputeAction, PlaceDescription, Provider, Surroundings, Thing};

fn places() -> Option<(String, Vec<PlaceDescription>)> {
    let Ok(path) = std::env::var("CLOUDMESH_TEST_OPENSTACK") else {
        println!("CLOUDMESH_TEST_OPENSTACK names no clouds.yaml: nothing is tested");
        return None;
    };
    let mut surroundings = Surroundings::default();
    surroundings.variables.insert("OS_CLIENT_CONFIG_FILE".to_owned(), path.clone());
    let mut places = OpenStack.discover(&surroundings).unwrap();
    places.retain(|place| ["rig", "rig-appcred"].contains(&place.name.as_str()));
    assert!(!places.is_empty(), "{path} has no cloud called rig");
    Some((path, places))
}

/// A column of a list as the official client sees it; `None` where there is no client.
fn official(path: &str, cloud: &str, arguments: &[&str], column: &str) -> Option<BTreeSet<String>> {
    let client = std::env::var("CLOUDMESH_TEST_OPENSTACK_CLIENT").ok()?;
    let output = Command::new(client)
        .env("OS_CLIENT_CONFIG_FILE", path)
        .args(["--os-cloud", cloud])
        .args(arguments)
        .args(["-f", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    Some(rows.iter().map(|row| row[column].as_str().unwrap().to_owned()).collect())
}

/// Both clients list `ours` and see the same. Nova needs a moment until all its lists know of a change, and the two
/// lists are not read at one instant: they are read again for a while if they differ.
async fn same<F>(ours: impl Fn() -> F, theirs: impl Fn() -> Option<BTreeSet<String>>)
where
    F: Future<Output = BTreeSet<String>>,
{
    let begun = Instant::now();
    loop {
        let (mine, Some(official)) = (ours().await, theirs()) else { return };
        if mine == official || begun.elapsed() > Duration::from_secs(20) {
            return assert_eq!(mine, official);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn compare(path: &str, name: &str, cloud: &dyn Compute) {
    let native = |server: Server| server.native.unwrap().0;
    same(
        || async { servers(cloud).await.unwrap().into_iter().map(native).collect() },
        || official(path, name, &["server", "list"], "ID"),
    )
    .await;
    same(
        || async { images(cloud).await.unwrap().into_iter().map(|image| image.native.0).collect() },
        || official(path, name, &["image", "list"], "ID"),
    )
    .await;
    same(
        || async { flavors(cloud).await.unwrap().into_iter().map(|flavor| flavor.native.0).collect() },
        || official(path, name, &["flavor", "list"], "ID"),
    )
    .await;
    same(
        || async { keys(cloud).await.unwrap().into_iter().map(|key| key.name).collect() },
        || official(path, name, &["keypair", "list"], "Name"),
    )
    .await;
    same(
        || async { addresses(cloud).await.unwrap().into_iter().map(|address| address.address).collect() },
        || official(path, name, &["floating", "ip", "list"], "Floating IP Address"),
    )
    .await;
}

#[tokio::test]
async fn servers_and_addresses_live_and_die_on_a_real_cloud() {
    let Some((path, places)) = places() else { return };
    for mut place in places {
        place.settings.insert("page_size".to_owned(), "2".to_owned());
        let user = User::default();
        let cloud = user.connect(&place);
        let cloud = &*cloud;
        println!("{}: {:#?}", place.name, cloud.facts().await.unwrap());

        let image = images(cloud).await.unwrap().into_iter().find(|image| image.status == "active").unwrap();
        let mut all_flavors = flavors(cloud).await.unwrap();
        all_flavors.sort_by_key(|flavor| flavor.memory);
        let mut made = Vec::new();
        for number in 1..=3 {
            let id = ThingId::planned();
            let name = format!("cloudmesh-trial-{number}");
            let action = ComputeAction::CreateServer(Box::new(create(&id, &name, &image, &all_flavors[0])));
            let native = perform(cloud, request(&user, action, &[])).await.unwrap().native.unwrap();
            made.push((id, native));
        }
        for number in 1..=3 {
            let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
            blob.extend([number; 32]);
            let public_key =
                format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(blob));
            for _ in 0..2 {
                let action = ComputeAction::UploadKey {
                    key: ThingId::planned(),
                    name: format!("cloudmesh trial {number}"),
                    public_key: public_key.clone(),
                };
                perform(cloud, request(&user, action, &[])).await.unwrap();
            }
        }
        for (id, native) in &made {
            let server = until(cloud, id, native, Some(ServerStatus::Active)).await.unwrap();
            assert_eq!(server.image, image.name);
            assert_eq!(server.flavor, all_flavors[0].name);
            assert_eq!(server.username.as_deref(), Some("ubuntu"));
        }
        compare(&path, &place.name, cloud).await;
        let marks: Vec<_> = made.iter().map(|(id, _)| user.mark(id).unwrap()).collect();
        assert_eq!(cloud.find(ThingKind::Server, &marks).await.unwrap().len(), 3);

        let (id, native) = &made[0];
        for _ in 0..2 {
            let action = ComputeAction::StopServer { server: id.clone() };
            perform(cloud, request(&user, action, &[(id, native)])).await.unwrap();
            until(cloud, id, native, Some(ServerStatus::Stopped)).await;
        }
        for _ in 0..2 {
            let action = ComputeAction::StartServer { server: id.clone() };
            perform(cloud, request(&user, action, &[(id, native)])).await.unwrap();
            until(cloud, id, native, Some(ServerStatus::Active)).await;
        }

        let mut floating = Vec::new();
        for _ in 0..3 {
            let address = ThingId::planned();
            let action = ComputeAction::CreateAddress { address: address.clone(), pool: None };
            let done = perform(cloud, request(&user, action, &[])).await.unwrap();
            floating.push((address, done.native.unwrap()));
        }
        compare(&path, &place.name, cloud).await;
        let (address, address_native) = &floating[0];
        let both = [(id, native), (address, address_native)];
        for _ in 0..2 {
            let action = ComputeAction::AttachAddress { address: address.clone(), server: id.clone() };
            perform(cloud, request(&user, action, &both)).await.unwrap();
        }
        let found = cloud.find(ThingKind::Address, &[user.mark(address).unwrap()]).await.unwrap();
        let Thing::Address(seen) = &found[0].thing else { panic!("not an address") };
        assert_eq!(seen.server.as_ref(), Some(native));
        println!("{seen:?}");
        let mut public = false;
        for _ in 0..50 {
            let seen = cloud.look(ThingKind::Server, &[(id.clone(), native.clone())]).await.unwrap();
            let Some(Thing::Server(server)) = &seen[0].thing else { panic!("gone") };
            public = server.addresses.first().is_some_and(|first| first.reach == Reach::Public);
            if public {
                println!("{server:?}");
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(public, "the floating address does not show with its server");
        for _ in 0..2 {
            let action = ComputeAction::DetachAddress { address: address.clone() };
            perform(cloud, request(&user, action, &both)).await.unwrap();
        }
        for (address, native) in &floating {
            for _ in 0..2 {
                let action = ComputeAction::DeleteAddress { address: address.clone() };
                assert!(perform(cloud, request(&user, action, &[(address, native)])).await.unwrap().gone);
            }
        }
        for number in 1..=3 {
            for _ in 0..2 {
                let name = format!("cloudmesh trial {number}");
                let action = ComputeAction::DeleteKey { key: ThingId::planned(), name };
                assert!(perform(cloud, request(&user, action, &[])).await.unwrap().gone);
            }
        }
        for (id, native) in &made {
            let action = ComputeAction::DeleteServer { server: id.clone() };
            perform(cloud, request(&user, action, &[(id, native)])).await.unwrap();
        }
        for (id, native) in &made {
            until(cloud, id, native, None).await;
        }
        // Nova keeps a deleted server in sight for a moment, and accepts its deletion until then.
        let mut left = made.len();
        for _ in 0..100 {
            let ours =
                |server: &&Server| made.iter().any(|(_, native)| server.native.as_ref() == Some(native));
            left = servers(cloud).await.unwrap().iter().filter(ours).count();
            if left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(left, 0);
        let action = ComputeAction::DeleteServer { server: id.clone() };
        assert!(perform(cloud, request(&user, action, &[(id, native)])).await.unwrap().gone);
        compare(&path, &place.name, cloud).await;
    }
}

#[tokio::test]
async fn refusals_of_a_real_cloud_are_put_into_words() {
    let Some((_, mut places)) = places() else { return };
    let place = places.remove(0);
    let user = User::default();
    let cloud = user.connect(&place);
    let image = &images(&*cloud).await.unwrap()[0];
    let mut flavor = flavors(&*cloud).await.unwrap().remove(0);
    flavor.native = NativeId::from("no-such-flavor");
    let action = ComputeAction::CreateServer(Box::new(create(&ThingId::planned(), "x", image, &flavor)));
    let error = perform(&*cloud, request(&user, action, &[])).await.unwrap_err();
    println!("{error:?}");
    assert_eq!(error.kind(), ErrorKind::BadInput);
    let gone = NativeId::from("6d5d0b5f-0000-4000-8000-000000000000");
    let id = ThingId::planned();
    for action in [
        ComputeAction::StartServer { server: id.clone() },
        ComputeAction::DetachAddress { address: id.clone() },
        ComputeAction::AttachAddress { address: id.clone(), server: id.clone() },
    ] {
        let error = perform(&*cloud, request(&user, action, &[(&id, &gone)])).await.unwrap_err();
        println!("{error:?}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let mut wrong = place.clone();
    wrong.secrets.insert("OS_PASSWORD".to_owned(), Secret::from("wrong"));
    let other = User::default();
    let error = servers(&*other.connect(&wrong)).await.unwrap_err();
    println!("{error:?} {:?}", error.hint_text());
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn a_list_of_a_real_cloud_costs_its_bare_calls() {
    let Some((_, mut places)) = places() else { return };
    let place = places.remove(0);
    let user = User::default();
    servers(&*user.connect(&place)).await.unwrap();
    for _ in 0..3 {
        let begun = Instant::now();
        let count = servers(&*user.connect(&place)).await.unwrap().len();
        println!("{count} servers in {:?}", begun.elapsed());
    }
}

/// Runs the official client for its effect.
fn official_effect(path: &str, cloud: &str, arguments: &[&str]) -> bool {
    let client = std::env::var("CLOUDMESH_TEST_OPENSTACK_CLIENT").unwrap();
    let output = Command::new(client)
        .env("OS_CLIENT_CONFIG_FILE", path)
        .args(["--os-cloud", cloud])
        .args(arguments)
        .output()
        .unwrap();
    println!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[tokio::test]
async fn several_networks_are_named_where_one_must_be_chosen() {
    let Some((path, mut places)) = places() else { return };
    if std::env::var("CLOUDMESH_TEST_OPENSTACK_CLIENT").is_err() {
        println!("CLOUDMESH_TEST_OPENSTACK_CLIENT names no client: nothing is tested");
        return;
    }
    let place = places.remove(0);
    let network = "cloudmesh-trial-net";
    assert!(official_effect(&path, &place.name, &["network", "create", network]));
    let subnet = ["subnet", "create", "--network", network, "--subnet-range", "10.77.0.0/24", network];
    assert!(official_effect(&path, &place.name, &subnet));
    let user = User::default();
    let cloud = user.connect(&place);
    let image = &images(&*cloud).await.unwrap()[0];
    let flavor = &flavors(&*cloud).await.unwrap()[0];
    let action = ComputeAction::CreateServer(Box::new(create(&ThingId::planned(), "x", image, flavor)));
    let outcome = perform(&*cloud, request(&user, action, &[])).await;
    assert!(official_effect(&path, &place.name, &["network", "delete", network]));
    let error = outcome.unwrap_err();
    println!("{error:?}");
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    assert!(error.message().contains(network), "{error}");
}
